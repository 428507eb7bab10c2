//! Which endpoint a method and a path mean, and what a caller needs for it (contract, section 4.3).

use std::borrow::Cow;

use hyper::Method;
use percent_encoding::percent_decode_str;

use crate::http::reply::ApiError;
use crate::token::Scope;

/// Everything that can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// `POST /api/events`
    AcceptEvent,
    /// `POST /api/events/batch`
    AcceptBatch,
    /// `GET /api/events`
    ListEvents,
    /// `GET /api/events/{id}`
    ShowEvent(String),
    /// `POST /api/events/{id}/resend`
    ResendEvent(String),
    /// `POST /api/events/resend`
    ResendMany,
    /// `PUT /api/interviews/{id}`
    PutInterview(String),
    /// `POST /api/interviews/batch`
    PutInterviews,
    /// `GET /api/interviews/{id}`
    ShowInterview(String),
    /// `GET /api/interviews`
    ListInterviews,
    /// `DELETE /api/interviews/{id}`
    DeleteInterview(String),
    /// `GET /api/incidents`
    ListIncidents,
    /// `GET /api/integration/webhook-stats`
    WebhookStats,
    /// `GET /api/voicedrive/webhook-stats`
    VoicedriveWebhookStats,
    /// `GET /api/interviews/completion-stats`
    CompletionStats,
    /// `GET /api/voicedrive/interview-completion-stats`
    VoicedriveCompletionStats,
    /// `POST` to the path of `[ingest]`, and to any path below it
    Ingest,
    /// `GET /api/health`
    Health,
    /// `GET /api/openapi.json`
    OpenApi,
    /// `GET /control/status`, for the command line only
    ControlStatus,
    /// `GET /control/events`, for the command line only
    ControlEvents,
    /// `GET /control/events/ids`, for the command line only
    ControlEventIds,
    /// `GET /control/changes`, for the command line only
    ControlChanges,
    /// `POST /control/interviews/import`, for the command line only
    ImportInterviews,
    /// `POST /control/backup`, for the command line only
    RefreshBackup,
    /// `POST /control/recount`, for the command line only
    Recount,
    /// `POST /control/reload`, for the command line only
    Reload,
    /// `POST /control/incidents/{id}/dismiss`, for the command line only
    DismissIncident(String),
    /// `POST /control/alerts/test`, for the command line only
    TestAlerts,
    /// `GET /control/tokens`, for the command line only
    ListTokens,
    /// `POST /control/tokens`, for the command line only
    IssueToken,
    /// `POST /control/tokens/revoke`, for the command line only
    RevokeToken,
}

/// What a caller needs for an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// A token with this scope.
    Token(Scope),
    /// One of the proofs that the staff system's senders bring; the endpoint itself looks at them,
    /// because most of them are signatures of the body.
    Proof,
    /// The control socket.
    Control,
    /// Nothing.
    Anybody,
}

impl Endpoint {
    /// What a caller needs.
    #[must_use]
    pub fn access(&self) -> Access {
        match self {
            Self::AcceptEvent | Self::AcceptBatch | Self::ResendEvent(_) | Self::ResendMany => {
                Access::Token(Scope::EventsWrite)
            }
            Self::ListEvents | Self::ShowEvent(_) | Self::ListIncidents => {
                Access::Token(Scope::EventsRead)
            }
            Self::PutInterview(_) | Self::PutInterviews | Self::DeleteInterview(_) => {
                Access::Token(Scope::InterviewsWrite)
            }
            Self::ShowInterview(_) | Self::ListInterviews => Access::Token(Scope::InterviewsRead),
            Self::WebhookStats
            | Self::VoicedriveWebhookStats
            | Self::CompletionStats
            | Self::VoicedriveCompletionStats => Access::Token(Scope::StatsRead),
            Self::Ingest => Access::Proof,
            Self::Health | Self::OpenApi => Access::Anybody,
            Self::ControlStatus
            | Self::ControlEvents
            | Self::ControlEventIds
            | Self::ControlChanges
            | Self::ImportInterviews
            | Self::RefreshBackup
            | Self::Recount
            | Self::Reload
            | Self::DismissIncident(_)
            | Self::TestAlerts
            | Self::ListTokens
            | Self::IssueToken
            | Self::RevokeToken => Access::Control,
        }
    }

    /// Whether the rate limit counts it (contract, section 4.2), and under which name.
    #[must_use]
    pub fn rate_limited(&self) -> Option<&'static str> {
        match self {
            Self::WebhookStats => Some("webhook-stats"),
            Self::CompletionStats => Some("completion-stats"),
            Self::VoicedriveCompletionStats => Some("voicedrive-completion-stats"),
            Self::VoicedriveWebhookStats => Some("voicedrive-webhook-stats"),
            _ => None,
        }
    }
}

/// Finds the endpoint. `ingest` is the path of `[ingest]`, when there is one.
///
/// # Errors
/// `NotFound` for an unknown path, `MethodNotAllowed` for a known one with another method.
pub fn route(method: &Method, path: &str, ingest: Option<&str>) -> Result<Endpoint, ApiError> {
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let get = |endpoint| Only("GET, HEAD", &[Method::GET, Method::HEAD], endpoint);
    let post = |endpoint| Only("POST", &[Method::POST], endpoint);
    let found = match segments.as_slice() {
        ["api", "events"] if *method == Method::POST => post(Endpoint::AcceptEvent),
        ["api", "events"] => Only(
            "GET, HEAD, POST",
            &[Method::GET, Method::HEAD],
            Endpoint::ListEvents,
        ),
        ["api", "events", "batch"] => post(Endpoint::AcceptBatch),
        ["api", "events", "resend"] => post(Endpoint::ResendMany),
        ["api", "events", id] if !id.is_empty() => get(Endpoint::ShowEvent((*id).to_owned())),
        ["api", "events", id, "resend"] if !id.is_empty() => {
            post(Endpoint::ResendEvent((*id).to_owned()))
        }
        ["api", "interviews"] => get(Endpoint::ListInterviews),
        ["api", "interviews", "batch"] => post(Endpoint::PutInterviews),
        ["api", "interviews", "completion-stats"] => get(Endpoint::CompletionStats),
        ["api", "interviews", id] if !id.is_empty() => interview(method, decoded(id)?),
        ["api", "incidents"] => get(Endpoint::ListIncidents),
        ["api", "integration", "webhook-stats"] => get(Endpoint::WebhookStats),
        ["api", "voicedrive", "webhook-stats"] => get(Endpoint::VoicedriveWebhookStats),
        ["api", "voicedrive", "interview-completion-stats"] => {
            get(Endpoint::VoicedriveCompletionStats)
        }
        ["api", "openapi.json"] => get(Endpoint::OpenApi),
        ["api", "health"] => get(Endpoint::Health),
        ["control", "status"] => get(Endpoint::ControlStatus),
        ["control", "events"] => get(Endpoint::ControlEvents),
        ["control", "events", "ids"] => get(Endpoint::ControlEventIds),
        ["control", "changes"] => get(Endpoint::ControlChanges),
        ["control", "interviews", "import"] => post(Endpoint::ImportInterviews),
        ["control", "backup"] => post(Endpoint::RefreshBackup),
        ["control", "recount"] => post(Endpoint::Recount),
        ["control", "incidents", id, "dismiss"] if !id.is_empty() => {
            post(Endpoint::DismissIncident((*id).to_owned()))
        }
        ["control", "alerts", "test"] => post(Endpoint::TestAlerts),
        ["control", "reload"] => post(Endpoint::Reload),
        ["control", "tokens"] if *method == Method::POST => post(Endpoint::IssueToken),
        ["control", "tokens"] => get(Endpoint::ListTokens),
        ["control", "tokens", "revoke"] => post(Endpoint::RevokeToken),
        _ if ingest.is_some_and(|door| is_at_or_below(path, door)) => post(Endpoint::Ingest),
        _ => return Err(ApiError::NotFound("Nothing has this path".to_owned())),
    };
    let Only(allowed, methods, endpoint) = found;
    if methods.contains(method) {
        Ok(endpoint)
    } else {
        Err(ApiError::MethodNotAllowed(allowed))
    }
}

fn is_at_or_below(path: &str, door: &str) -> bool {
    let below = path.strip_prefix(door);
    below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What a method does with the interview record that has this id.
fn interview(method: &Method, id: String) -> Only {
    const METHODS: [Method; 4] = [Method::GET, Method::HEAD, Method::PUT, Method::DELETE];
    let endpoint = match *method {
        Method::PUT => Endpoint::PutInterview(id),
        Method::DELETE => Endpoint::DeleteInterview(id),
        _ => Endpoint::ShowInterview(id),
    };
    Only("GET, HEAD, PUT, DELETE", &METHODS, endpoint)
}

/// An id as it was before it became part of a path.
fn decoded(segment: &str) -> Result<String, ApiError> {
    let id = percent_decode_str(segment).decode_utf8();
    id.map(Cow::into_owned)
        .map_err(|_| ApiError::NotFound("The path is not UTF-8".to_owned()))
}

/// An endpoint, the methods that reach it, and what `Allow` says of its path.
struct Only(&'static str, &'static [Method], Endpoint);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_methods_find_their_endpoint() {
        let found = |method, path| route(&method, path, None).ok();
        assert_eq!(
            found(Method::POST, "/api/events"),
            Some(Endpoint::AcceptEvent)
        );
        assert_eq!(
            found(Method::GET, "/api/events"),
            Some(Endpoint::ListEvents)
        );
        assert_eq!(
            found(Method::POST, "/api/events/resend"),
            Some(Endpoint::ResendMany)
        );
        assert_eq!(
            found(Method::GET, "/api/events/abc"),
            Some(Endpoint::ShowEvent("abc".to_owned()))
        );
        assert_eq!(
            found(Method::POST, "/api/events/abc/resend"),
            Some(Endpoint::ResendEvent("abc".to_owned()))
        );
        assert_eq!(
            found(Method::HEAD, "/api/integration/webhook-stats"),
            Some(Endpoint::WebhookStats)
        );
    }

    #[test]
    fn other_methods_are_told_what_is_allowed_and_other_paths_are_not_found() {
        for (method, path, allowed) in [
            (Method::DELETE, "/api/events", "GET, HEAD, POST"),
            (Method::GET, "/api/events/batch", "POST"),
            (Method::PUT, "/api/events/abc", "GET, HEAD"),
            (Method::POST, "/api/integration/webhook-stats", "GET, HEAD"),
        ] {
            let refused = route(&method, path, None);
            assert!(
                matches!(refused, Err(ApiError::MethodNotAllowed(a)) if a == allowed),
                "{method} {path}: {refused:?}"
            );
        }
        for path in [
            "/",
            "/api",
            "/api/",
            "/api/events/",
            "/api/events//resend",
            "/x",
            "*",
        ] {
            assert!(
                matches!(route(&Method::GET, path, None), Err(ApiError::NotFound(_))),
                "{path}"
            );
        }
    }

    #[test]
    fn the_door_of_the_senders_is_a_path_and_all_below_it() {
        let at = |method, path| route(&method, path, Some("/a/in"));
        for path in ["/a/in", "/a/in/", "/a/in/api/webhook/x", "/a/in//"] {
            let found = at(Method::POST, path).ok();
            assert_eq!(found, Some(Endpoint::Ingest), "{path}");
            let refused = at(Method::GET, path);
            assert!(
                matches!(refused, Err(ApiError::MethodNotAllowed("POST"))),
                "{path}: {refused:?}"
            );
        }
        for path in ["/a", "/a/inn", "/in", "/a/in.x"] {
            let refused = at(Method::POST, path);
            assert!(matches!(refused, Err(ApiError::NotFound(_))), "{path}");
        }
    }
}
