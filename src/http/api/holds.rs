//! Routes that a person pauses (contract, section 5.2).

use std::borrow::Cow;

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Response, StatusCode};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::Api;
use super::openapi::{Operation, samples};
use crate::hold::{self, EVERY_ROUTE, Hold, HoldResult, NewHold};
use crate::http::reply::{ApiError, Reply, success};
use crate::http::request;
use crate::http::wing::Call;
use crate::timestamp::Timestamp;

const ROUTE: &str = "The route's name, percent-encoded; * for every route";

/// `GET /api/holds`
///
/// # Errors
/// The store's.
pub(super) async fn list(call: Call<'_>) -> Result<Reply, ApiError> {
    let moment = call.api.clock.moment();
    let holds = call.api.store.holds(moment).await?;
    let items = holds.iter().map(HoldAnswer::of).collect();
    success(StatusCode::OK, &ListAnswer { items }, moment.wall)
}

/// What the description says of [`list`].
pub(super) fn describe_list() -> Operation {
    let some = json!({"items": [sample()]});
    Operation::new("holds", "listHolds", "The routes that are on hold").answer::<ListAnswer<'_>>(
        200,
        "All of them",
        &some,
    )
}

/// `PUT /api/holds/{route}`
///
/// # Errors
/// `InvalidJson`, `InvalidParameter`, `NotFound` for a route that the configuration does not have, or the store's.
pub(super) async fn put(call: Call<'_>) -> Result<Reply, ApiError> {
    let Call {
        api,
        id,
        actor,
        request,
        ..
    } = call;
    let route = decoded(&id)?;
    if route != EVERY_ROUTE {
        known_route(api, &route)?;
    }
    request::media(request.headers(), false)?;
    let text = request::text(request, api.max_body_bytes).await?;
    let moment = api.clock.moment();
    let HoldBody { until, reason } = request::fields(&text)?;
    let until = Timestamp::parse(&until);
    let until = until.map_err(|error| ApiError::invalid("until", error.to_string()))?;
    let lasts = hold::lasts(moment.wall, until);
    let lasts = lasts.map_err(|why| ApiError::invalid("until", why.to_string()))?;
    if !hold::is_reason(&reason) {
        return Err(no_reason());
    }
    let answer = HoldAnswer {
        route: &route,
        until: Some(until),
        begun_at: moment.wall,
        reason: &reason,
        who: &actor.who,
    };
    let wanted = NewHold {
        route: route.clone(),
        lasts: Some(lasts),
        reason: reason.clone(),
        by: actor.clone(),
    };
    let status = match api.store.hold(wanted, moment).await? {
        HoldResult::Begun => StatusCode::CREATED,
        HoldResult::Replaced => StatusCode::OK,
    };
    tracing::info!(%route, %until, "nothing is sent until then: a person has put it on hold");
    success(status, &answer, moment.wall)
}

/// What the description says of [`put`].
pub(super) fn describe_put() -> Operation {
    let wanted = json!({"until": "2025-10-26T21:00:00.000Z", "reason": samples::REASON});
    Operation::new(
        "holds",
        "putHold",
        "Pause a route until a moment that is at most 72 hours away",
    )
    .path_part("route", ROUTE)
    .json_body::<HoldBody>(&wanted)
    .answer::<HoldAnswer<'_>>(200, "It took the place of the one before", &sample())
    .answer::<HoldAnswer<'_>>(201, "It began", &sample())
    .also_refused([no_reason(), no_such_route("default")])
}

/// `DELETE /api/holds/{route}`
///
/// # Errors
/// `NotFound`, or the store's.
pub(super) async fn delete(call: Call<'_>) -> Result<Reply, ApiError> {
    let Call { api, id, actor, .. } = call;
    let route = decoded(&id)?;
    let ended = api.store.end_hold(&route, actor, api.clock.moment());
    if !ended.await? {
        return Err(no_such_hold(&route));
    }
    tracing::info!(%route, "the hold is over: a person has ended it");
    let mut reply = Response::new(Full::new(Bytes::new()));
    *reply.status_mut() = StatusCode::NO_CONTENT;
    Ok(reply)
}

/// What the description says of [`delete`].
pub(super) fn describe_delete() -> Operation {
    Operation::new("holds", "endHold", "End a hold before its time")
        .path_part("route", ROUTE)
        .answer_without_body(204, "It is over")
        .also_refused([no_such_hold("default")])
}

/// Refuses a name that no route of the configuration has.
pub(super) fn known_route(api: &Api, route: &str) -> Result<(), ApiError> {
    if api.routes.routing.knows(route) {
        return Ok(());
    }
    let names: Vec<&str> = api.routes.routing.names().collect();
    Err(no_such_route(&names.join(", ")))
}

fn decoded(segment: &str) -> Result<String, ApiError> {
    let route = percent_decode_str(segment).decode_utf8();
    route
        .map(Cow::into_owned)
        .map_err(|_| ApiError::NotFound("The path is not UTF-8".to_owned()))
}

pub(super) fn no_such_route(names: &str) -> ApiError {
    ApiError::NotFound(format!(
        "No route has this name. The configuration has: {names}"
    ))
}

fn no_such_hold(route: &str) -> ApiError {
    let what = if route == EVERY_ROUTE {
        "There is no hold of every route; a single one may have its own"
    } else {
        "This route has no hold of its own"
    };
    ApiError::NotFound(what.to_owned())
}

fn no_reason() -> ApiError {
    let most = hold::MAX_REASON_CHARACTERS;
    ApiError::invalid("reason", format!("must say why, in 1 to {most} characters"))
}

fn sample() -> Value {
    json!({
        "route": "*", "until": "2025-10-26T21:00:00.000Z", "begunAt": samples::TIME,
        "reason": samples::REASON, "who": "tanaka",
    })
}

/// The hold to begin.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewHold)]
pub(super) struct HoldBody {
    /// When it ends, at most 72 hours away.
    #[schema(format = DateTime)]
    until: String,
    /// Why.
    #[schema(min_length = 1, max_length = 200)]
    reason: String,
}

/// A route that is on hold.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Hold)]
pub(in crate::http) struct HoldAnswer<'a> {
    /// Its name; `*` for every route.
    route: &'a str,
    /// When it ends; null after a restore with `--hold`: when a person ends it.
    #[schema(required)]
    until: Option<Timestamp>,
    begun_at: Timestamp,
    reason: &'a str,
    /// Who began the hold.
    who: &'a str,
}

/// The routes that are on hold.
#[derive(Serialize, ToSchema)]
#[schema(as = HoldList)]
pub(super) struct ListAnswer<'a> {
    items: Vec<HoldAnswer<'a>>,
}

impl<'a> HoldAnswer<'a> {
    pub(in crate::http) fn of(hold: &'a Hold) -> Self {
        Self {
            route: &hold.route,
            until: hold.until,
            begun_at: hold.begun_at,
            reason: &hold.reason,
            who: &hold.who,
        }
    }
}
