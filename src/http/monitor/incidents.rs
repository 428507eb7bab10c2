//! The view of what was told: what is not over, and what was.

use askama::Template;

use super::error::PageError;
use super::filter::Filter;
use super::fit::{bytes, fit};
use super::form::{self, Form};
use super::frame::{self, Frame, View};
use super::standing::Seen;
use super::urgency::{self, Urgency};
use super::{Visit, address};
use crate::dismissal::IncidentDismissal;
use crate::event::Status;
use crate::hold;
use crate::http::reply::Reply;
use crate::http::request::Query;
use crate::incident::{Incident, Kind, State};
use crate::words::monitor::Frame as T;
use crate::words::monitor::delivery::Delivery;
use crate::words::monitor::incidents::{self, Incidents as W};
use crate::words::monitor::more;
use crate::words::monitor::standing::Standing as S;
use crate::words::objections;

/// Incidents of a page.
const PAGE: u32 = 20;
/// What [`dismiss`] tells the view.
const TOLD_DISMISSED: &str = "dismissed";
/// The most that are open, and what they may take, in bytes.
const OPEN: u32 = 50;
const ROOM: usize = 12_000;

#[derive(Template)]
#[template(path = "incidents.html")]
struct IncidentsPage<'a> {
    frame: &'a Frame,
    told: Option<&'static str>,
    has_channels: bool,
    failing: Vec<(String, String)>,
    open: Vec<Row>,
    more: Option<String>,
    closed: Vec<Row>,
    next: Option<String>,
    /// A link, as in a message, asks for one of them alone.
    is_one: bool,
    operates: bool,
}

/// An incident.
struct Row {
    id: String,
    urgency: Urgency,
    name: &'static str,
    /// How much somebody is needed, when its name does not say that.
    badge: Option<&'static str>,
    /// The receiver that it concerns; none: it concerns all of them, or none.
    receiver: Option<String>,
    when: String,
    what: String,
    /// What to do; nothing when it is over.
    next: Option<String>,
    technical: Option<String>,
    deliveries: Option<String>,
    /// The button that dismisses what it counts.
    dismiss: Option<String>,
}

impl Row {
    fn bytes(&self) -> usize {
        let more = [
            &self.receiver,
            &self.next,
            &self.technical,
            &self.deliveries,
        ];
        let more = more.into_iter().flatten().map(String::as_str);
        let form = if self.dismiss.is_some() { 900 } else { 0 };
        700 + form + bytes([&*self.when, &self.what, self.name].into_iter().chain(more))
    }
}

/// `GET /monitor/incidents`
///
/// # Errors
/// The store's.
pub(super) async fn show(visit: Visit<'_>) -> Result<Reply, PageError> {
    let (api, locale) = (visit.api, visit.locale);
    let mut query = Query::parse(visit.head.uri.query())?;
    let before = query.take("cursor").and_then(|text| text.parse().ok());
    let told = visit.told().filter(|told| *told == TOLD_DISMISSED);
    let moment = api.clock.moment();
    let asked = query.take("id");
    let (open, closed, next) = if let Some(id) = &asked {
        (named(&visit, id).await?, Vec::new(), None)
    } else {
        let open = api.store.incidents(Some(true), None, OPEN, moment);
        let (mut open, _) = open.await?;
        open.sort_by_key(|incident| urgency::of(incident.report.kind).0);
        let closed = api.store.incidents(Some(false), before, PAGE, moment);
        let (closed, next) = closed.await?;
        (open, closed, next)
    };
    let seen = Seen::of(&visit).await?;
    let frame = Frame::of(&visit, View::Incidents, locale.phrase(W::Title), &seen);
    let rows = |incidents: Vec<Incident>| -> Vec<Row> {
        let shown = incidents.into_iter().filter(|incident| {
            let route = incident.report.route();
            route.is_none_or(|route| visit.may_see(route))
        });
        shown
            .map(|incident| row(&visit, &seen, &incident))
            .collect()
    };
    let mut open = rows(open);
    let left = fit(&mut open, ROOM, Row::bytes) as u64;
    let heartbeat = api.observations.heartbeat_objection().map(|kept| {
        let error = objections::of_kept(&kept, locale.language);
        ("alerts.heartbeat_url".to_owned(), error)
    });
    let failing = api.channels.iter().filter_map(|channel| {
        let failing = &seen.overview.failing_channels;
        let error = objections::of_channel(failing, &channel.key(), locale.language)?;
        Some((channel.name.clone(), error))
    });
    let page = IncidentsPage {
        told: told.map(|_| locale.phrase(W::WasDismissed)),
        has_channels: !api.channels.is_empty(),
        failing: failing.chain(heartbeat).collect(),
        open,
        more: (left > 0).then(|| more(left, locale.language)),
        closed: rows(closed),
        next: next.map(|next| form::address(address::INCIDENTS, &format!("cursor={next}"))),
        is_one: asked.is_some(),
        operates: visit.operates(),
        frame: &frame,
    };
    frame::view(&visit, &frame, &page)
}

/// The incident that a link names, if the reader may know of it.
async fn named(visit: &Visit<'_>, id: &str) -> Result<Vec<Incident>, PageError> {
    let api = visit.api;
    let found = api.store.incident(id, api.clock.moment()).await?;
    let found = found.filter(|incident| {
        let route = incident.report.route();
        route.is_none_or(|route| visit.may_see(route))
    });
    found.map(|found| vec![found]).ok_or(PageError::NotFound)
}

fn row(visit: &Visit<'_>, seen: &Seen, incident: &Incident) -> Row {
    let (api, locale) = (visit.api, visit.locale);
    let report = &incident.report;
    let language = locale.language;
    let lasted = locale.span_of(report.at.since(report.opened_at).as_secs());
    let from = locale.day_and_time(report.opened_at);
    let state = incident
        .closed_at
        .map_or(State::Ongoing, |_| State::Resolved);
    let exhausted = report.kind == Kind::DeliveriesExhausted && state == State::Ongoing;
    let filter = Filter {
        route: report.subject.clone(),
        ..Filter::default().with_status(Some(Status::Exhausted))
    };
    let (urgency, badge) = if incident.closed_at.is_some() {
        (Urgency::Fine, locale.phrase(W::IsEnded))
    } else {
        let (_, urgency) = urgency::of(report.kind);
        (urgency, locale.phrase(urgency.word()))
    };
    let name = locale.notice(report.kind);
    Row {
        id: report.id.clone(),
        urgency,
        badge: Some(badge).filter(|badge| !name.starts_with(badge)),
        receiver: report.route().map(|route| locale.receivers(route)),
        name,
        when: match incident.closed_at {
            None => incidents::since(&from, &lasted, language),
            Some(at) => {
                let to = locale.near(at, report.opened_at);
                incidents::from_to(&from, &to, &lasted, language)
            }
        },
        what: seen.what(state, report, locale),
        next: (state == State::Ongoing).then(|| locale.todo(report, visit.operates())),
        technical: (state == State::Ongoing)
            .then(|| seen.technical(report, locale, &api.advice))
            .flatten(),
        deliveries: match report.kind {
            Kind::DeliveriesMissing | Kind::ReconcileOld => Some(address::RECONCILE.to_owned()),
            _ => exhausted.then(|| form::address(address::DELIVERIES, &filter.query())),
        },
        dismiss: (report.kind.counts_deliveries() && state == State::Ongoing)
            .then(|| incidents::dismiss(report.open(), language)),
    }
}

/// `POST /monitor/incidents/{id}/dismiss`
///
/// # Errors
/// `Contradicts` without a reason or for what is over, those of a form, or the store's.
pub(super) async fn dismiss(mut visit: Visit<'_>) -> Result<Reply, PageError> {
    let mut form = Form::read(&mut visit).await?;
    let (api, locale) = (visit.api, visit.locale);
    let Some(reason) = form.take("reason").filter(|reason| hold::is_reason(reason)) else {
        let told = locale.phrase(Delivery::NeedsReason).to_owned();
        return Err(PageError::Contradicts(told));
    };
    let moment = api.clock.moment();
    let id = &visit.id;
    let dismissed = api
        .store
        .dismiss_incident(id, visit.actor(), Some(reason), moment);
    let why = match dismissed.await? {
        IncidentDismissal::Done => {
            tracing::info!(incident = %id, "dismissed, as a person asked");
            return Ok(visit.tell(address::INCIDENTS, TOLD_DISMISSED));
        }
        IncidentDismissal::Unknown => W::IsOver,
        IncidentDismissal::EndsByItself => W::EndsByItself,
    };
    Err(PageError::Contradicts(locale.phrase(why).to_owned()))
}
