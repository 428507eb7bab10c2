//! The table of the API: every endpoint with who may call it, whether the rate limit counts it, what answers and what
//! the description says of it (contract, section 4.3).

use hyper::Method;
use serde_json::Value;

use super::access::{Access, Endpoint, EndpointRules};
use super::openapi::{self, Operation, written};
use super::{
    Api, audit, dismissals, events, health, holds, incidents, ingest, interview_stats, interviews,
    kpis, reconcile, recovery, resend, staff, stats, voicedrive, voicedrive_interviews,
};
use crate::token::Scope;

/// Makes the table. The descriptions are a separate table, so that the program does not contain the code that builds
/// them.
macro_rules! endpoints {
    ($($method:ident $path:expr, $access:expr, $limited:expr, $handler:path, $described:path;)+) => {
        pub(super) const ENDPOINTS: &[Endpoint] = &[$(
            Endpoint {
                method: Method::$method,
                path: $path,
                rules: EndpointRules { access: $access, limited: $limited },
                handler: |call| Box::pin($handler(call)),
            }
        ),+];

        /// What the description says of each endpoint.
        pub(super) fn described() -> Vec<(&'static Endpoint, Operation)> {
            ENDPOINTS.iter().zip([$($described()),+]).collect()
        }
    };
}

use Access::{Anybody, Proof, Token};
use Scope::{
    Admin, EventsRead, EventsWrite, InterviewsRead, InterviewsWrite, Reconcile, StatsRead,
};

const LIMITED: bool = true;
const UNLIMITED: bool = false;

#[rustfmt::skip]
endpoints! {
    GET    "/api/health",       Anybody, UNLIMITED, health::show,  health::describe;
    GET    "/api/openapi.json", Anybody, UNLIMITED, written::show, written::describe;

    GET    "/api/integration/webhook-stats",    Token(StatsRead), LIMITED, stats::webhook_stats, stats::describe;
    GET    "/api/interviews/completion-stats",  Token(StatsRead), LIMITED, interview_stats::completion_stats, interview_stats::describe;
    GET    "/api/voicedrive/webhook-stats",     Token(StatsRead), LIMITED, voicedrive::webhook_stats, voicedrive::describe;
    GET    "/api/voicedrive/interview-completion-stats", Token(StatsRead), LIMITED, voicedrive_interviews::completion_stats, voicedrive_interviews::describe;
    GET    "/api/integration/kpis",             Token(StatsRead), UNLIMITED, kpis::show, kpis::describe;

    POST   "/api/events",             Token(EventsWrite), UNLIMITED, events::accept_one,   events::describe_accept_one;
    POST   "/api/events/batch",       Token(EventsWrite), UNLIMITED, events::accept_batch, events::describe_accept_batch;
    POST   ingest::PATH,              Proof,              UNLIMITED, ingest::accept,       ingest::describe;
    GET    "/api/events",             Token(EventsRead),  UNLIMITED, events::list,         events::describe_list;
    GET    "/api/events/{id}",        Token(EventsRead),  UNLIMITED, events::show,         events::describe_show;
    POST   "/api/events/{id}/resend", Token(EventsWrite), UNLIMITED, resend::one,          resend::describe_one;
    POST   "/api/events/resend",      Token(EventsWrite), UNLIMITED, resend::many,         resend::describe_many;
    POST   "/api/events/{id}/dismiss", Token(EventsWrite), UNLIMITED, dismissals::event,   dismissals::describe_event;

    POST   "/api/recovery",           Token(EventsWrite), UNLIMITED, recovery::recover,    recovery::describe;

    PUT    "/api/interviews/{id}",  Token(InterviewsWrite), UNLIMITED, interviews::put_one,   interviews::describe_put_one;
    POST   "/api/interviews/batch", Token(InterviewsWrite), UNLIMITED, interviews::put_batch, interviews::describe_put_batch;
    GET    "/api/interviews",       Token(InterviewsRead),  UNLIMITED, interviews::list,      interviews::describe_list;
    GET    "/api/interviews/{id}",  Token(InterviewsRead),  UNLIMITED, interviews::show,      interviews::describe_show;
    DELETE "/api/interviews/{id}",  Token(InterviewsWrite), UNLIMITED, interviews::delete,    interviews::describe_delete;

    POST   "/api/integration/reconcile", Token(Reconcile), UNLIMITED, reconcile::compare, reconcile::describe_compare;
    GET    "/api/integration/reconcile", Token(Reconcile), UNLIMITED, reconcile::digests, reconcile::describe_digests;

    GET    "/api/holds",      Token(EventsRead),  UNLIMITED, holds::list,   holds::describe_list;
    PUT    "/api/holds/{route}", Token(EventsWrite), UNLIMITED, holds::put,    holds::describe_put;
    DELETE "/api/holds/{route}", Token(EventsWrite), UNLIMITED, holds::delete, holds::describe_delete;

    GET    "/api/incidents", Token(EventsRead), UNLIMITED, incidents::list, incidents::describe;
    POST   "/api/incidents/{id}/dismiss", Token(EventsWrite), UNLIMITED, dismissals::incident, dismissals::describe_incident;
    GET    "/api/audit",     Token(Admin),      UNLIMITED, audit::list,     audit::describe;

    GET    "/api/staff/{staffId}",  Token(Admin), UNLIMITED, staff::show,  staff::describe_show;
    POST   "/api/staff/{staffId}/erase", Token(Admin), UNLIMITED, staff::erase, staff::describe_erase;
}

/// The whole description of the API, from its sources.
#[must_use]
pub fn document() -> Value {
    openapi::document(described())
}

/// The path in the table to which a request's path belongs; none when there is no such endpoint. The staff system's
/// senders post to the configured path, and to any path below it.
pub(super) fn path_in_table<'p>(api: &Api, path: &'p str) -> Option<&'p str> {
    let configured = api.ingest.as_ref();
    standing_for(path, configured.map(|door| door.rules.path.as_str()))
}

fn standing_for<'p>(path: &'p str, ingest: Option<&str>) -> Option<&'p str> {
    if ingest.is_some_and(|door| is_at_or_below(path, door)) {
        return Some(ingest::PATH);
    }
    (path != ingest::PATH).then_some(path)
}

fn is_at_or_below(path: &str, door: &str) -> bool {
    let below = path.strip_prefix(door);
    below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::wing::{NotRouted, Table};

    fn found(method: &Method, path: &str, ingest: Option<&str>) -> Result<&'static str, NotRouted> {
        let path = standing_for(path, ingest).ok_or(NotRouted::NoSuchPath)?;
        let (endpoint, _) = Table::new(ENDPOINTS).find(method, path)?;
        Ok(endpoint.path)
    }

    #[test]
    fn every_endpoint_is_reached_by_its_method_and_path() {
        for endpoint in ENDPOINTS {
            let found = found(&endpoint.method, endpoint.path, Some(ingest::PATH));
            assert_eq!(found, Ok(endpoint.path), "{}", endpoint.method);
        }
    }

    #[test]
    fn the_words_that_are_no_id_have_endpoints_of_their_own() {
        for path in [
            "/api/events/batch",
            "/api/events/resend",
            "/api/interviews/batch",
        ] {
            assert_eq!(found(&Method::POST, path, None), Ok(path));
        }
        let path = "/api/interviews/completion-stats";
        assert_eq!(found(&Method::GET, path, None), Ok(path));
    }

    #[test]
    fn the_four_statistics_are_what_the_rate_limit_counts() {
        for Endpoint { path, rules, .. } in ENDPOINTS {
            let is_counted = rules.access == Token(StatsRead) && !path.ends_with("/kpis");
            assert_eq!(rules.limited, is_counted, "{path}");
        }
    }

    #[test]
    fn the_door_of_the_senders_is_a_path_and_all_below_it() {
        let at = |method, path| found(&method, path, Some("/a/in"));
        for path in ["/a/in", "/a/in/", "/a/in/api/webhook/x", "/a/in//"] {
            assert_eq!(at(Method::POST, path), Ok(ingest::PATH), "{path}");
            let refused = Err(NotRouted::OtherMethods("POST".to_owned()));
            assert_eq!(at(Method::GET, path), refused, "{path}");
        }
        for path in ["/a", "/a/inn", "/in", "/a/in.x"] {
            assert_eq!(at(Method::POST, path), Err(NotRouted::NoSuchPath), "{path}");
        }
        let closed = found(&Method::POST, ingest::PATH, None);
        assert_eq!(closed, Err(NotRouted::NoSuchPath));
    }
}
