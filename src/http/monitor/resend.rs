//! Sending many again: a page that counts and asks, and the press that counts anew.

use askama::Template;

use super::error::PageError;
use super::filter::{COUNTED, Filter};
use super::form::{self, Form};
use super::frame::{Frame, View};
use super::standing::Seen;
use super::{Visit, address, html};
use crate::cause::Cause;
use crate::event::Status;
use crate::event_record::EventFilter;
use crate::http::api::resend::{BulkRequest, open_bulk};
use crate::http::reply::Reply;
use crate::http::request::Query;
use crate::language::Locale;
use crate::words::monitor::Frame as T;
use crate::words::monitor::causes;
use crate::words::monitor::resend::{self, Bulk as W};
use hyper::StatusCode;

/// What [`send`] tells the list, before its three numbers.
const TOLD_RESENT: &str = "resent-all-";
/// Delivered ones that are sent again by one press: whoever presses waits until all of them are counted twice.
const MOST_DELIVERED: usize = 10_000;
/// Causes that the page names.
const CAUSES: usize = 6;

#[derive(Template)]
#[template(path = "resend.html")]
pub(super) struct ResendPage<'a> {
    pub(super) frame: &'a Frame,
    /// Where the press goes, and what it carries.
    pub(super) action: &'static str,
    pub(super) fields: Vec<(&'static str, String)>,
    pub(super) needs_reason: bool,
    pub(super) which: Vec<(String, String)>,
    pub(super) told: String,
    pub(super) causes: Vec<(String, String)>,
    pub(super) has_refusals: bool,
    pub(super) matched: u64,
    pub(super) back: String,
}

/// `GET /monitor/resend`
///
/// # Errors
/// `Contradicts` when nothing matches, or the store's.
pub(super) async fn ask(visit: Visit<'_>) -> Result<Reply, PageError> {
    let (api, locale) = (visit.api, visit.locale);
    let filter = Filter::of(&mut Query::parse(visit.head.uri.query())?);
    let events = meant(&visit, &filter).await?;
    let asked = BulkRequest {
        filter: events.clone(),
        only: false,
        dry_run: true,
    };
    let tally = open_bulk(api, &asked, visit.actor(), None).await?;
    if tally.matched == 0 {
        return Err(PageError::Contradicts(locale.phrase(W::Nothing).to_owned()));
    }
    let causes = api.store.failure_causes(events, COUNTED).await?;
    let seen = Seen::of(&visit).await?;
    let mut frame = Frame::of(&visit, View::Deliveries, locale.phrase(W::Title), &seen);
    frame.refreshes = false;
    let fields = filter.fields().into_iter();
    let page = ResendPage {
        action: address::RESEND,
        fields: fields
            .map(|(name, value)| (name, value.to_owned()))
            .collect(),
        needs_reason: false,
        which: which(locale, &filter),
        told: resend::count(tally.matched, tally.follows, locale.language),
        has_refusals: causes
            .iter()
            .any(|(cause, _)| cause.is_some_and(Cause::is_refusal)),
        causes: named(locale, causes),
        matched: tally.matched,
        back: form::address(address::DELIVERIES, &filter.query()),
        frame: &frame,
    };
    Ok(html(StatusCode::OK, page.render()?))
}

/// `POST /monitor/resend`
///
/// # Errors
/// Those of a form, `Contradicts` when nothing matches, or the store's.
pub(super) async fn send(mut visit: Visit<'_>) -> Result<Reply, PageError> {
    let mut form = Form::read(&mut visit).await?;
    let filter = Filter::read(|name| form.take(name));
    let counted: u64 = form
        .take("counted")
        .and_then(|n| n.parse().ok())
        .unwrap_or(0);
    let reason = form.take("reason");
    let reason = reason.filter(|reason| crate::hold::is_reason(reason));
    let asked = BulkRequest {
        filter: meant(&visit, &filter).await?,
        only: false,
        dry_run: false,
    };
    let tally = open_bulk(visit.api, &asked, visit.actor(), reason).await?;
    let (sent, follows) = (tally.matched, tally.follows);
    let fewer = counted.saturating_sub(sent);
    let told = format!("{TOLD_RESENT}{sent}-{fewer}-{follows}");
    Ok(visit.tell(address::DELIVERIES, &told))
}

/// What [`send`] has done, when it led to the list.
pub(super) fn done(visit: &Visit<'_>) -> Option<String> {
    let mut numbers = visit.told()?.strip_prefix(TOLD_RESENT)?.split('-');
    let mut number = || numbers.next()?.parse::<u64>().ok();
    let (sent, fewer, follows) = (number()?, number()?, number()?);
    if sent == 0 {
        return Some(visit.locale.phrase(W::Nothing).to_owned());
    }
    Some(resend::done(sent, fewer, follows, visit.locale.language))
}

/// The events that are sent again, of a status that a person chose.
async fn meant(visit: &Visit<'_>, filter: &Filter) -> Result<EventFilter, PageError> {
    let locale = visit.locale;
    if !matches!(filter.status, Some(Status::Exhausted | Status::Delivered)) {
        let told = locale.phrase(W::NeedsStatus).to_owned();
        return Err(PageError::Contradicts(told));
    }
    let now = visit.api.clock.now();
    let events = filter.events(locale.timezone, now, visit.visible_routes());
    let events = events.ok_or_else(|| {
        let told = locale.phrase(crate::words::monitor::deliveries::Deliveries::NoDay);
        PageError::Contradicts(told.to_owned())
    })?;
    if filter.status == Some(Status::Delivered) {
        let most = MOST_DELIVERED as u64;
        let counted = visit
            .api
            .store
            .count_events(events.clone(), MOST_DELIVERED + 1);
        if counted.await? > most {
            let told = resend::too_many(most, locale.language);
            return Err(PageError::Contradicts(told));
        }
    }
    Ok(events)
}

/// The filter, for a person to read.
fn which(locale: Locale, filter: &Filter) -> Vec<(String, String)> {
    use crate::words::monitor::deliveries::Deliveries as D;
    let status = filter.status.map_or("", Status::as_str);
    let period = filter.period.map(|period| locale.period(period));
    let route = (!filter.route.is_empty()).then(|| locale.receiver(&filter.route));
    let rows = [
        (D::State, locale.status(status).to_owned()),
        (D::Type, locale.event_type(&filter.event_type)),
        (D::StaffId, filter.staff_id.clone()),
        (D::Route, route.unwrap_or_default()),
        (D::Period, period.unwrap_or_default()),
        (D::First, filter.first.clone()),
        (D::Last, filter.last.clone()),
    ];
    let given = rows.into_iter().filter(|(_, value)| !value.is_empty());
    given
        .map(|(name, value)| (locale.phrase(name).to_owned(), value))
        .collect()
}

fn named(locale: Locale, causes: Vec<(Option<Cause>, u64)>) -> Vec<(String, String)> {
    let named = causes.into_iter().take(CAUSES).map(|(cause, number)| {
        let told = cause.map(|cause| locale.phrase(causes::why(cause)).to_owned());
        (
            resend::of_cause(number, locale.language),
            told.unwrap_or_else(|| locale.phrase(W::NoCause).to_owned()),
        )
    });
    named.collect()
}
