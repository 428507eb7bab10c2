//! Which events are meant, in a list and in a bulk resend (contract, section 4.4).

use super::Api;
use super::submission::EVENT_ACCEPTED;
use crate::event::{self, Status};
use crate::event_record::EventFilter;
use crate::http::reply::ApiError;
use crate::http::request::{self, Query};
use crate::spelling;

const STATUS_ACCEPTED: &str = "must be accepted, retrying, delivered, exhausted or dismissed";
pub(in crate::http) const FILTERS: &str = "status, eventType, staffId, route, since, until";

/// Takes the filters of events out of a query.
///
/// # Errors
/// As [`meant`].
pub(in crate::http) async fn filter(api: &Api, query: &mut Query) -> Result<EventFilter, ApiError> {
    let filter = EventFilter {
        status: query.take_as("status", STATUS_ACCEPTED, Status::from_word)?,
        event_type: query.take("eventType"),
        staff_id: query.take("staffId"),
        route: query.take("route"),
        routes: None,
        since: query.take_moment("since")?,
        until: query.take_moment("until")?,
    };
    meant(api, filter).await
}

/// Refuses a filter that no event can match. It is a mistake, and its empty answer would look as if all were well.
///
/// # Errors
/// `InvalidParameter` for what no event has, `InvalidDateRange` for a range that ends before it begins, or the
/// store's.
pub(super) async fn meant(api: &Api, filter: EventFilter) -> Result<EventFilter, ApiError> {
    let event_type = filter.event_type.as_deref();
    if event_type.is_some_and(|name| !event::is_event_type(name)) {
        return Err(ApiError::invalid("eventType", EVENT_ACCEPTED));
    }
    let staff_id = filter.staff_id.as_deref();
    if staff_id.is_some_and(|id| !event::is_staff_id(id)) {
        return Err(ApiError::invalid(
            "staffId",
            "must have 1 to 191 characters, and no control characters",
        ));
    }
    request::in_order(("since", filter.since), ("until", filter.until))?;
    if let Some(route) = &filter.route
        && let Some(why) = unknown_route(api, route).await?
    {
        return Err(ApiError::invalid("route", why));
    }
    Ok(filter)
}

/// Why nothing can be said of a route that neither the configuration nor an event has; none: one of them has it.
///
/// # Errors
/// The store's.
pub(super) async fn unknown_route(api: &Api, route: &str) -> Result<Option<String>, ApiError> {
    let routing = &api.routes.routing;
    let of_route = EventFilter {
        route: Some(route.to_owned()),
        ..EventFilter::default()
    };
    if routing.knows(route) || api.store.count_events(of_route, 1).await? > 0 {
        return Ok(None);
    }
    let names: Vec<&str> = routing.names().collect();
    let meant = spelling::nearest(route, names.iter().copied());
    let meant = meant.map_or_else(|| ".".to_owned(), |name| format!("; did you mean {name}?"));
    Ok(Some(format!(
        "no route and no event has this name{meant} The configuration has: {}",
        names.join(", ")
    )))
}

/// What every filter can be refused for.
pub(super) fn accepted_in_no_time() -> ApiError {
    ApiError::InvalidDateRange("since: must not be later than until".to_owned())
}
