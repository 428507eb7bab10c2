//! Sending again what an outage left behind, once VoiceDrive is back (contract, section 5.3).

use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::Api;
use super::holds::{known_route, no_such_route};
use super::openapi::{Operation, samples};
use crate::audit::Actor;
use crate::http::reply::{ApiError, Reply, success};
use crate::http::request;
use crate::http::wing::Call;
use crate::language::Language;
use crate::recovery::{Hindrance, LeftBehind, ProbeResult};
use crate::words::recoveries;

/// `POST /api/recovery`
///
/// # Errors
/// `InvalidJson`, `InvalidParameter`, `NotFound` for a route that the configuration does not have, `Conflict` when
/// nothing can be sent now on any route that has something to send, or the store's.
pub(super) async fn recover(call: Call<'_>) -> Result<Reply, ApiError> {
    let Call {
        api,
        actor,
        request,
        ..
    } = call;
    request::media(request.headers(), false)?;
    let text = request::text(request, api.max_body_bytes).await?;
    let RecoveryBody { route, dry_run } = request::fields(&text)?;
    let recovered = recover_routes(api, named(api, route)?, dry_run, &actor).await?;
    let status = if dry_run {
        StatusCode::OK
    } else {
        StatusCode::ACCEPTED
    };
    success(status, &recovered, api.clock.now())
}

/// Counts what an outage has left on these routes and, unless it is a dry run, begins to send it. Answers the routes that
/// have something, and of which nothing can be sent now.
///
/// # Errors
/// `Conflict` when nothing can be sent now on any of them, or the store's.
pub(in crate::http) async fn recover_routes(
    api: &Api,
    names: Vec<String>,
    dry_run: bool,
    by: &Actor,
) -> Result<RecoveryAnswer, ApiError> {
    let mut routes = Vec::new();
    let mut left_out = Vec::new();
    for route in names {
        let Some(LeftBehind { exhausted, oldest }) = api.store.left_behind(&route).await? else {
            continue;
        };
        if !dry_run {
            match begin(api, &route, by.clone()).await? {
                Ok(true) => {}
                Ok(false) => continue,
                Err(reason) => {
                    left_out.push(LeftOutAnswer { route, reason });
                    continue;
                }
            }
        }
        routes.push(RouteAnswer {
            route,
            exhausted,
            probe: oldest,
        });
    }
    // A route that cannot be recovered does not stop the others.
    if routes.is_empty() && !left_out.is_empty() {
        let reasons = left_out.iter().map(LeftOutAnswer::describe);
        return Err(ApiError::Conflict(reasons.collect::<Vec<_>>().join("; ")));
    }
    Ok(RecoveryAnswer { routes, left_out })
}

/// What the description says of [`recover`].
pub(super) fn describe() -> Operation {
    let some = json!({
        "routes": [{"route": "default", "exhausted": 120, "probe": samples::ID}],
        "leftOut": [{"route": "staff", "reason": "on_hold"}],
    });
    let conflict = |reason| {
        let route = "default".to_owned();
        ApiError::Conflict(LeftOutAnswer { route, reason }.describe())
    };
    Operation::new(
        "events",
        "recover",
        "Send again what was exhausted because VoiceDrive was away: the oldest first, and the rest when it shows that VoiceDrive is back",
    )
    .json_body::<RecoveryBody>(&json!({"dryRun": true}))
    .answer::<RecoveryAnswer>(200, "Counted; nothing was changed", &some)
    .answer::<RecoveryAnswer>(202, "The oldest of each route will be sent", &some)
    .also_refused([
        no_such_route("default"),
        conflict(Hindrance::UnderWay),
        conflict(Hindrance::OnHold),
        conflict(Hindrance::NoUrl),
    ])
}

/// The route that is asked for, or all of them.
fn named(api: &Api, route: Option<String>) -> Result<Vec<String>, ApiError> {
    match route {
        None => Ok(api.routes.routing.names().map(str::to_owned).collect()),
        Some(route) => known_route(api, &route).map(|()| vec![route]),
    }
}

/// Begins to recover a route; false: there is nothing to send any more.
async fn begin(api: &Api, route: &str, by: Actor) -> Result<Result<bool, Hindrance>, ApiError> {
    if !api.routes.sends_on(route) {
        return Ok(Err(Hindrance::NoUrl));
    }
    let (policy, routing) = (api.retry.clone(), api.routes.routing.clone());
    let moment = api.clock.moment();
    let probed = api
        .store
        .probe_route(route, Some(by), policy, routing, moment);
    Ok(match probed.await? {
        ProbeResult::Begun => {
            api.routes.handoff.wake_all();
            tracing::info!(%route, "an exhausted event is sent once, to see whether VoiceDrive is back, as a person asked");
            Ok(true)
        }
        ProbeResult::Nothing => Ok(false),
        ProbeResult::UnderWay => Err(Hindrance::UnderWay),
        ProbeResult::OnHold => Err(Hindrance::OnHold),
    })
}

/// What is to be recovered.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewRecovery)]
pub(super) struct RecoveryBody {
    /// Only this route; otherwise every route.
    route: Option<String>,
    /// Count, and change nothing.
    #[serde(default)]
    dry_run: bool,
}

/// What is sent again.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Recovery)]
pub(in crate::http) struct RecoveryAnswer {
    /// The routes that have something to send again.
    pub(in crate::http) routes: Vec<RouteAnswer>,
    /// Those on which nothing can be sent now although they have something, and why. A dry run does not look for that.
    pub(in crate::http) left_out: Vec<LeftOutAnswer>,
}

/// A route that is left out.
#[derive(Serialize, ToSchema)]
#[schema(as = RouteLeftOut)]
pub(in crate::http) struct LeftOutAnswer {
    pub(in crate::http) route: String,
    /// `under_way`, `on_hold` or `no_url`.
    #[schema(value_type = String)]
    pub(in crate::http) reason: Hindrance,
}

impl LeftOutAnswer {
    fn describe(&self) -> String {
        recoveries::left_out(&self.route, self.reason, Language::En)
    }
}

/// What is sent again on one route.
#[derive(Serialize, ToSchema)]
#[schema(as = RouteRecovery)]
pub(in crate::http) struct RouteAnswer {
    route: String,
    /// Deliveries that are exhausted because VoiceDrive was away.
    pub(in crate::http) exhausted: u64,
    /// The id of the oldest of them, which is sent first.
    probe: String,
}
