//! The view of deliveries: all that a filter in the address means, in pages.

use askama::Template;

use super::error::PageError;
use super::filter::{COUNTED, Filter};
use super::fit::{bytes, fit};
use super::form;
use super::frame::{self, Frame, View};
use super::standing::Seen;
use super::urgency::Urgency;
use super::{Visit, address, redirect, resend};
use crate::cause::Cause;
use crate::event::Status;
use crate::event_record::{EventFilter, EventSummary};
use crate::http::reply::Reply;
use crate::http::request::Query;
use crate::language::Locale;
use crate::period::Period;
use crate::words::monitor::Frame as T;
use crate::words::monitor::causes;
use crate::words::monitor::deliveries::{self, Deliveries as W};
use crate::words::monitor::thousands;

/// Deliveries of a page, at most.
const PAGE: usize = 50;
/// What the rows may take, and what can be chosen, in bytes.
const ROOM_OF_ROWS: usize = 18_000;
const ROOM_OF_TYPES: usize = 3_000;
const ROOM_OF_ROUTES: usize = 2_000;

#[derive(Template)]
#[template(path = "deliveries.html")]
struct DeliveriesPage<'a> {
    frame: &'a Frame,
    filter: &'a Filter,
    told: Option<String>,
    /// Conditions of the address that nobody knows.
    unknown: Option<String>,
    tabs: Vec<Tab>,
    /// Name in the address, and as it is shown.
    types: Vec<(String, String)>,
    routes: Vec<(String, String)>,
    matched: String,
    /// What the operator may do with all of it.
    resend: Option<(String, String)>,
    /// Some were refused: sending them again comes after asking why.
    has_refusals: bool,
    rows: Vec<Row>,
    next: Option<String>,
}

/// A link to the same filter with another status.
struct Tab {
    name: &'static str,
    address: String,
    is_shown: bool,
    count: Option<String>,
}

/// A delivery in a list.
struct Row {
    address: String,
    accepted: String,
    event_type: String,
    staff_id: Option<(String, String)>,
    route: String,
    urgency: Urgency,
    state: String,
    /// Why it has not arrived.
    why: Option<&'static str>,
    next: &'static str,
}

impl Row {
    fn bytes(&self) -> usize {
        let person = self.staff_id.iter();
        let person = person.flat_map(|(address, id)| [&**address, id]);
        let texts = [
            &*self.address,
            &self.accepted,
            &self.event_type,
            &self.route,
        ];
        180 + bytes(
            texts
                .into_iter()
                .chain([&*self.state, self.next, self.why.unwrap_or_default()])
                .chain(person),
        )
    }
}

/// `GET /monitor/deliveries`
///
/// # Errors
/// The store's.
pub(super) async fn show(visit: Visit<'_>) -> Result<Reply, PageError> {
    let (api, locale) = (visit.api, visit.locale);
    let mut query = Query::parse(visit.head.uri.query())?;
    let before = query.take("cursor").and_then(|text| text.parse().ok());
    let mut told = resend::done(&visit);
    if let Some(id) = query.take("id").filter(|id| !id.trim().is_empty()) {
        match named(&visit, id.trim()).await? {
            Ok(address) => return Ok(redirect(&address)),
            Err(why) => told = Some(locale.phrase(why).to_owned()),
        }
    }
    let filter = Filter::of(query);
    let now = api.clock.moment();
    let events = filter.events(locale.timezone, now.wall, visit.visible_routes());
    if events.is_none() {
        told = Some(locale.phrase(W::NoDay).to_owned());
    }
    let events = events.unwrap_or_else(|| EventFilter {
        routes: visit.visible_routes(),
        ..EventFilter::default()
    });
    let seen = Seen::of(&visit).await?;
    let page = api.store.events(events.clone(), before, PAGE, now).await?;
    let matched = match (page.next, before) {
        (None, None) => page.items.len() as u64,
        _ => api.store.count_events(events, COUNTED).await?,
    };
    let frame = Frame::of(&visit, View::Deliveries, locale.phrase(W::Title), &seen);
    let mut rows: Vec<Row> = page
        .items
        .iter()
        .map(|one| row(&visit, &seen, one))
        .collect();
    let next = match fit(&mut rows, ROOM_OF_ROWS, Row::bytes) {
        0 => page.next,
        _ => page.items.get(rows.len() - 1).map(|last| last.seq),
    };
    let next = next.map(|next| {
        let query = filter.query();
        let separator = if query.is_empty() { "" } else { "&" };
        form::address(
            address::DELIVERIES,
            &format!("{query}{separator}cursor={next}"),
        )
    });
    let may_resend = visit.operates() && matched > 0 && is_sent_again(&filter);
    let resend = may_resend.then(|| {
        let address = form::address(address::RESEND, &filter.query());
        (
            address,
            deliveries::resend_all(matched, COUNTED as u64, locale.language),
        )
    });
    let page = DeliveriesPage {
        told,
        unknown: deliveries::not_understood(&filter.unknown, locale),
        tabs: tabs(&visit, &filter, &seen),
        types: types(&visit, &filter).await?,
        routes: routes(&visit),
        matched: deliveries::matched(matched, COUNTED as u64, locale.language),
        resend,
        has_refusals: page.items.iter().any(is_refused),
        rows,
        next,
        filter: &filter,
        frame: &frame,
    };
    frame::view(&visit, &frame, &page)
}

/// The delivery whose id begins so.
async fn named(visit: &Visit<'_>, begin: &str) -> Result<Result<String, W>, PageError> {
    let begin = begin.to_ascii_lowercase();
    let routes = visit.visible_routes();
    let found = visit.api.store.ids_that_begin(&begin, routes, 2).await?;
    Ok(match &found[..] {
        [id] => Ok(address::delivery(id)),
        [] => Err(W::NoSuchNumber),
        _ => Err(W::SeveralNumbers),
    })
}

fn is_refused(event: &EventSummary) -> bool {
    let cause = event
        .last_cause
        .filter(|_| event.status == Status::Exhausted);
    cause.is_some_and(Cause::is_refusal)
}

/// What was dismissed is sent again one by one, and what waits is sent anyway.
fn is_sent_again(filter: &Filter) -> bool {
    matches!(filter.status, Some(Status::Exhausted | Status::Delivered))
}

fn tabs(visit: &Visit<'_>, filter: &Filter, seen: &Seen) -> Vec<Tab> {
    let tab = |status: Option<Status>, name, count: Option<u64>| Tab {
        name: visit.locale.phrase(name),
        address: form::address(address::DELIVERIES, &filter.with_status(status).query()),
        is_shown: filter.status == status,
        // A number that does not belong to the rest of the filter would lie.
        count: count.filter(|_| filter.is_plain()).map(thousands),
    };
    vec![
        tab(None, W::All, None),
        tab(Some(Status::Exhausted), W::NeedsYou, Some(seen.exhausted())),
        tab(Some(Status::Retrying), W::Retrying, Some(seen.retrying())),
        tab(Some(Status::Accepted), W::Waiting, Some(seen.accepted())),
        tab(
            Some(Status::Delivered),
            W::Delivered,
            Some(seen.delivered()),
        ),
        tab(
            Some(Status::Dismissed),
            W::Dismissed,
            Some(seen.dismissed()),
        ),
    ]
}

/// The types that can be chosen, and the one that the address has: a name alone can tell what is private.
async fn types(visit: &Visit<'_>, filter: &Filter) -> Result<Vec<(String, String)>, PageError> {
    let api = visit.api;
    let mut types = api.store.event_types().await?;
    types.retain(|(name, route)| {
        let today = api.routes.routing.route_of(name);
        visit.may_see(route) && visit.may_see(today)
    });
    let mut names: Vec<String> = types.into_iter().map(|(name, _)| name).collect();
    fit(&mut names, ROOM_OF_TYPES, |name| {
        40 + bytes([&**name, &visit.locale.event_type(name)])
    });
    let chosen = &filter.event_type;
    if !chosen.is_empty() && !names.contains(chosen) {
        names.push(chosen.clone());
    }
    let shown = names.into_iter().map(|name| {
        let shown = visit.locale.event_type(&name);
        (name, shown)
    });
    Ok(shown.collect())
}

/// The routes that can be chosen: name in the address, and as it is shown.
fn routes(visit: &Visit<'_>) -> Vec<(String, String)> {
    let names = visit.api.routes.routing.names();
    let names = names.filter(|name| visit.may_see(name));
    let mut routes: Vec<_> = names
        .map(|name| (name.to_owned(), visit.locale.receiver(name)))
        .collect();
    fit(&mut routes, ROOM_OF_ROUTES, |(name, shown)| {
        40 + bytes([&**name, shown])
    });
    routes
}

fn row(visit: &Visit<'_>, seen: &Seen, event: &EventSummary) -> Row {
    let locale = visit.locale;
    let (urgency, state) = state(locale, seen, event);
    Row {
        address: address::delivery(&event.id),
        accepted: locale.to_the_second(event.accepted_at),
        event_type: locale.event_type(&event.event_type),
        staff_id: event.staff_id.as_ref().map(|staff_id| {
            let query = Filter::of_person(staff_id).query();
            (form::address(address::DELIVERIES, &query), staff_id.clone())
        }),
        route: locale.receiver(&event.route),
        urgency,
        state,
        why: why(locale, event),
        next: locale.phrase(match event.last_cause {
            _ if event.status != Status::Exhausted => W::SeeIt,
            Some(cause) if cause.is_refusal() && causes::is_for_server(cause) => W::AskServer,
            Some(cause) if cause.is_refusal() => W::AskPartner,
            _ if visit.operates() => W::SendAgain,
            _ => W::SeeIt,
        }),
    }
}

/// Why a delivery has not arrived.
fn why(locale: Locale, event: &EventSummary) -> Option<&'static str> {
    match (event.status, event.last_cause) {
        (Status::Exhausted | Status::Retrying, Some(cause)) => {
            Some(locale.phrase(causes::why(cause)))
        }
        (Status::Retrying, None) => Some(locale.phrase(W::Again)),
        _ => None,
    }
}

/// What has become of a delivery, in words.
pub(super) fn state(locale: Locale, seen: &Seen, event: &EventSummary) -> (Urgency, String) {
    let tries = u64::from(event.retry_count) + 1;
    let language = locale.language;
    match event.status {
        Status::Accepted if event.waits_for.is_some() => {
            (Urgency::Wait, locale.phrase(W::Behind).to_owned())
        }
        Status::Accepted => (Urgency::Wait, locale.phrase(W::Waiting).to_owned()),
        Status::Retrying => {
            // During a hold nothing is sent before its end.
            let next = match seen.hold_of(&event.route).map(|hold| hold.until) {
                None => event.next_retry_at,
                Some(None) => None,
                Some(until) => event.next_retry_at.max(until),
            };
            let next = next.map(|at| locale.near(at, seen.now));
            let next = next.as_deref();
            // One without a cause had arrived.
            let told = match event.last_cause {
                Some(_) => deliveries::retrying(tries, next, language),
                None => deliveries::again(next, language),
            };
            (Urgency::Wait, told)
        }
        Status::Delivered => (Urgency::Fine, locale.phrase(W::Delivered).to_owned()),
        Status::Exhausted => (Urgency::Act, deliveries::exhausted(tries, language)),
        Status::Dismissed => (Urgency::Off, locale.phrase(W::Dismissed).to_owned()),
    }
}
