//! What VoiceDrive does not have, and sending it again: a page that counts and asks, and the press that counts anew.

use std::collections::BTreeSet;

use hyper::StatusCode;
use uuid::Uuid;

use super::error::PageError;
use super::filter::{COUNTED, Filter};
use super::fit::bytes;
use super::form::{self, Form};
use super::frame::{Frame, View};
use super::resend::ResendPage;
use super::standing::Seen;
use super::urgency::Urgency;
use super::{Visit, address, html};
use crate::audit::{Action, Subject};
use crate::event::Status;
use crate::event_record::{EventFilter, EventSummary};
use crate::hold;
use crate::http::api::reconcile;
use crate::http::reply::{ApiError, Reply};
use crate::http::request::Query;
use crate::language::Locale;
use crate::reconciliation::comparison::Discrepancy;
use crate::reconciliation::ledger::{
    ComparisonRecord, FindingCounts, FindingRecord, Findings, FindingsFilter,
};
use crate::reconciliation::{IdRange, time_of};
use crate::words::monitor::causes;
use crate::words::monitor::delivery::Delivery;
use crate::words::monitor::reconciliation::{self, Reconciliation as W};
use crate::words::monitor::resend;
use askama::Template;

/// Findings of a kind that are named.
pub(super) const NAMED: usize = 30;
/// What [`send`] tells the page that it leads to, before its two numbers.
const TOLD_RESENT: &str = "resent-missing-";
/// The parameter with the comparison whose range is meant.
const OF: &str = "of";

/// A delivery in a list.
pub(super) struct FindingRow {
    pub(super) address: String,
    pub(super) sent: String,
    pub(super) event_type: String,
    pub(super) staff_id: Option<(String, String)>,
    pub(super) urgency: Urgency,
    pub(super) why: String,
}

impl FindingRow {
    pub(super) fn bytes(&self) -> usize {
        let person = self.staff_id.iter();
        let person = person.flat_map(|(address, id)| [&**address, id]);
        let texts = [&*self.address, &self.sent, &self.event_type, &self.why];
        170 + bytes(texts.into_iter().chain(person))
    }
}

/// What is missing now.
pub(super) struct MissingNow {
    findings: Findings,
    /// Never delivered: in the range of a comparison it is missing too.
    exhausted: Vec<EventSummary>,
}

impl MissingNow {
    /// On all routes: what was answered as received, and is not there.
    async fn everywhere(visit: &Visit<'_>) -> Result<Self, PageError> {
        let filter = FindingsFilter {
            routes: visit.visible_routes(),
            ..FindingsFilter::default()
        };
        Ok(Self {
            findings: visit.api.store.findings(filter, NAMED).await?,
            exhausted: Vec::new(),
        })
    }

    /// In the range of a comparison, and on its routes.
    ///
    /// # Errors
    /// The store's.
    pub(super) async fn of(
        visit: &Visit<'_>,
        comparison: &[ComparisonRecord],
    ) -> Result<Self, PageError> {
        let api = visit.api;
        let routes = comparison.iter().map(|one| &one.route);
        let routes = routes.filter(|route| visit.may_see(route)).cloned();
        let filter = FindingsFilter {
            range: comparison.first().map(|one| one.range),
            routes: Some(routes.collect()),
        };
        let findings = api.store.findings(filter, NAMED).await?;
        let found: BTreeSet<i64> = findings.missing.iter().copied().collect();
        let mut exhausted = Vec::new();
        for one in comparison {
            let filter = EventFilter {
                status: Some(Status::Exhausted),
                route: Some(one.route.clone()),
                since: Some(time_of(one.range.from)),
                until: Some(time_of(one.range.to)),
                ..EventFilter::default()
            };
            let moment = api.clock.moment();
            let page = api.store.events(filter, None, COUNTED, moment).await?;
            exhausted.extend(page.items);
        }
        exhausted.retain(|event| !found.contains(&event.seq));
        Ok(Self {
            findings,
            exhausted,
        })
    }

    /// How many there are.
    pub(super) fn counts(&self) -> FindingCounts {
        let mut counts = self.findings.counts();
        counts.missing += self.exhausted.len() as u64;
        counts
    }

    /// What can be sent again, in the order of acceptance.
    fn seqs(&self) -> Vec<i64> {
        let exhausted = self.exhausted.iter().map(|event| event.seq);
        let found = self.findings.missing.iter().copied();
        let seqs: BTreeSet<i64> = found.chain(exhausted).collect();
        seqs.into_iter().collect()
    }

    /// The first of them, and of the others.
    pub(super) fn rows(&self, locale: Locale) -> Vec<FindingRow> {
        let mut shown = rows(locale, &self.findings.named);
        let exhausted = self.exhausted.iter().take(NAMED).map(|event| FindingRow {
            address: address::delivery(&event.id),
            sent: locale.to_the_second(event.accepted_at),
            event_type: locale.event_type(&event.event_type),
            staff_id: event.staff_id.as_deref().map(person),
            urgency: Urgency::Act,
            why: event.last_cause.map_or_else(
                || locale.phrase(W::NotDelivered).to_owned(),
                |cause| locale.phrase(causes::why(cause)).to_owned(),
            ),
        });
        shown.extend(exhausted);
        shown
    }
}

/// Findings as rows.
pub(super) fn rows(locale: Locale, findings: &[FindingRecord]) -> Vec<FindingRow> {
    let rows = findings.iter().map(|one| {
        let why = locale.discrepancy(one.discrepancy);
        let (urgency, why) = match one.discrepancy {
            Discrepancy::NoEffect => (Urgency::Look, why),
            _ if one.sent_again => (Urgency::Wait, locale.phrase(W::WaitsForNext)),
            _ => (Urgency::Act, why),
        };
        FindingRow {
            address: address::delivery(&one.id),
            sent: one
                .sent_at
                .map_or_else(String::new, |at| locale.to_the_second(at)),
            event_type: locale.event_type(&one.event_type),
            staff_id: one.staff_id.as_deref().map(person),
            urgency,
            why: why.to_owned(),
        }
    });
    rows.collect()
}

/// What a comparison has found out about a delivery that was answered as received, and that has not ended.
///
/// # Errors
/// The store's.
pub(super) async fn of_delivery(
    visit: &Visit<'_>,
    event: &EventSummary,
) -> Result<Option<FindingRecord>, PageError> {
    let Ok(id) = Uuid::try_parse(&event.id) else {
        return Ok(None);
    };
    if event.status != Status::Delivered {
        return Ok(None);
    }
    let this_alone = FindingsFilter {
        range: Some(IdRange { from: id, to: id }),
        routes: visit.visible_routes(),
    };
    let findings = visit.api.store.findings(this_alone, 1).await?;
    Ok(findings.named.into_iter().next())
}

/// Its state, and what that means.
pub(super) fn state(locale: Locale, found: &FindingRecord) -> (Urgency, String, String) {
    let why = locale.discrepancy(found.discrepancy);
    let (urgency, means) = match found.discrepancy {
        _ if found.sent_again => (Urgency::Wait, Delivery::ExplainedSentAgain),
        Discrepancy::NoEffect => (Urgency::Look, Delivery::ExplainedNoEffect),
        Discrepancy::AnsweredButAbsent | Discrepancy::FailedThere => {
            (Urgency::Act, Delivery::ExplainedMissing)
        }
    };
    (urgency, why.to_owned(), locale.phrase(means).to_owned())
}

/// A person with a link to everything about them.
fn person(staff_id: &str) -> (String, String) {
    let query = Filter::of_person(staff_id).query();
    (
        form::address(address::DELIVERIES, &query),
        staff_id.to_owned(),
    )
}

/// `GET /monitor/reconcile/resend`
///
/// # Errors
/// `Contradicts` when nothing is missing or too much would follow, or the store's.
pub(super) async fn ask(visit: Visit<'_>) -> Result<Reply, PageError> {
    let locale = visit.locale;
    let of = Query::parse(visit.head.uri.query())?.take(OF);
    let seqs = meant(&visit, of.as_deref()).await?.seqs();
    if seqs.is_empty() {
        return Err(refused(&visit, W::ResendNothing));
    }
    let follows = following(&visit, &seqs).await?;
    let matched = seqs.len() as u64;
    let seen = Seen::of(&visit).await?;
    let title = locale.phrase(W::ResendTitle);
    let mut frame = Frame::of(&visit, View::Reconciliation, title, &seen);
    frame.refreshes = false;
    let page = ResendPage {
        action: address::RESEND_MISSING,
        fields: of.iter().map(|id| (OF, id.clone())).collect(),
        needs_reason: true,
        which: Vec::new(),
        told: resend::count(matched, follows, locale.language),
        has_refusals: false,
        causes: Vec::new(),
        matched,
        back: back(of.as_deref()),
        frame: &frame,
    };
    Ok(html(StatusCode::OK, page.render()?))
}

/// `POST /monitor/reconcile/resend`
///
/// # Errors
/// Those of a form, `Contradicts` without a reason, when nothing is missing or too much would follow, or the store's.
pub(super) async fn send(mut visit: Visit<'_>) -> Result<Reply, PageError> {
    let mut form = Form::read(&mut visit).await?;
    let of = form.take(OF);
    let reason = form.take("reason").filter(|reason| hold::is_reason(reason));
    if reason.is_none() {
        return Err(refused(&visit, W::ResendNeedsReason));
    }
    let seqs = meant(&visit, of.as_deref()).await?.seqs();
    if seqs.is_empty() {
        return Err(refused(&visit, W::ResendNothing));
    }
    let follows = following(&visit, &seqs).await?;
    let api = visit.api;
    let action = visit.actor().did(Action::Reconcile, api.clock.now());
    let subject = of.clone().map_or(Subject::None, Subject::Named);
    let action = action.to(subject).because(reason);
    let sent = reconcile::resend(api, &seqs, false, action).await?;
    let told = format!("{TOLD_RESENT}{sent}-{follows}");
    Ok(visit.tell(&back(of.as_deref()), &told))
}

/// What [`send`] has done, when it led to this page.
pub(super) fn done(visit: &Visit<'_>) -> Option<String> {
    let numbers = visit.told()?.strip_prefix(TOLD_RESENT)?;
    let (sent, follows) = numbers.split_once('-')?;
    let (sent, follows) = (sent.parse().ok()?, follows.parse().ok()?);
    Some(reconciliation::resent(sent, follows, visit.locale.language))
}

/// Where the question is asked for what is missing in the range of a comparison.
pub(super) fn question(id: &str) -> String {
    form::address(address::RESEND_MISSING, &format!("{OF}={id}"))
}

/// The comparison with this id, without what the reader may not know of.
///
/// # Errors
/// `NotFound`, or the store's.
pub(super) async fn of_id(visit: &Visit<'_>, id: &str) -> Result<Vec<ComparisonRecord>, PageError> {
    let mut records = visit.api.store.comparison(id).await?;
    records.retain(|record| visit.may_see(&record.route));
    if records.is_empty() {
        return Err(PageError::NotFound);
    }
    Ok(records)
}

async fn meant(visit: &Visit<'_>, of: Option<&str>) -> Result<MissingNow, PageError> {
    match of {
        None => MissingNow::everywhere(visit).await,
        Some(id) => MissingNow::of(visit, &of_id(visit, id).await?).await,
    }
}

async fn following(visit: &Visit<'_>, seqs: &[i64]) -> Result<u64, PageError> {
    let following = reconcile::following(visit.api, seqs).await;
    following.map_err(|error| match error {
        ApiError::Conflict(_) => refused(visit, W::ResendTooMuch),
        error => error.into(),
    })
}

fn refused(visit: &Visit<'_>, why: W) -> PageError {
    PageError::Contradicts(visit.locale.phrase(why).to_owned())
}

fn back(of: Option<&str>) -> String {
    of.map_or_else(|| address::RECONCILE.to_owned(), address::comparison)
}
