//! The view of one delivery: what was, what is and what comes, in one line of time; and what an operator does with it.

use askama::Template;
use hyper::StatusCode;

use super::deliveries;
use super::error::PageError;
use super::filter::Filter;
use super::fit::{bytes, fit};
use super::form::{self, Form};
use super::frame::{self, Frame, View};
use super::standing::Seen;
use super::urgency::Urgency;
use super::{Visit, address, html, missing};
use crate::attempt::{AttemptRecord, Outcome};
use crate::audit::{Action, Record};
use crate::cause::Cause;
use crate::dismissal::EventDismissal;
use crate::event::Status;
use crate::event_record::EventDetail;
use crate::hold::{self, Hold};
use crate::http::api::resend::open_one;
use crate::http::reply::Reply;
use crate::language::Locale;
use crate::resend::Resend;
use crate::timestamp::Timestamp;
use crate::words::audits;
use crate::words::harmless;
use crate::words::monitor::Frame as T;
use crate::words::monitor::causes;
use crate::words::monitor::delivery::{self, Delivery as W};
use crate::words::monitor::more;

/// What [`dismiss`] tells the view.
const TOLD_DISMISSED: &str = "dismissed";
/// What [`resend`] tells the view, before the number of those that follow.
const TOLD_RESENT: &str = "resent-";
/// What is shown of a receiver's answer, in characters.
const SHOWN_OF_ANSWER: usize = 400;

/// What the steps may take, and what each attempt and its answer may, in bytes.
const ROOM: usize = 10_000;

#[derive(Template)]
#[template(path = "delivery.html")]
struct DeliveryPage<'a> {
    frame: &'a Frame,
    told: Option<String>,
    event_type: &'a str,
    /// What people call that type.
    shown_type: String,
    id: &'a str,
    staff_id: Option<(String, &'a str)>,
    route: String,
    size: Option<u64>,
    urgency: Urgency,
    state: String,
    explained: String,
    /// Earlier ones than are shown.
    earlier: Option<String>,
    steps: Vec<Step>,
    comes: String,
    /// Each attempt and its answer, for whoever looks after a server.
    technical: Vec<(String, Option<String>)>,
    /// What an operator may do.
    may_resend: bool,
    /// VoiceDrive does not take it: sent again as it is, it ends in the same way.
    is_refused: bool,
    may_dismiss: bool,
}

/// A moment in the life of a delivery.
struct Step {
    at: Timestamp,
    when: String,
    urgency: Urgency,
    text: String,
    detail: Option<String>,
}

impl Step {
    fn bytes(&self) -> usize {
        150 + bytes(
            [&*self.when, &self.text]
                .into_iter()
                .chain(self.detail.as_deref()),
        )
    }
}

/// Keeps the last ones that fit, and answers how many do not.
fn keep_last<T>(rows: &mut Vec<T>, bytes: impl Fn(&T) -> usize) -> usize {
    rows.reverse();
    let left = fit(rows, ROOM, bytes);
    rows.reverse();
    left
}

/// `GET /monitor/deliveries/{id}`
///
/// # Errors
/// `NotFound`, or the store's.
pub(super) async fn show(visit: Visit<'_>) -> Result<Reply, PageError> {
    let (api, locale) = (visit.api, visit.locale);
    let now = api.clock.moment();
    let found = event(&visit).await?;
    let event = &found.summary;
    let seen = Seen::of(&visit).await?;
    let shown_type = locale.event_type(&event.event_type);
    let frame = Frame::of(&visit, View::Deliveries, &shown_type, &seen);
    let finding = missing::of_delivery(&visit, event).await?;
    let (urgency, state, explained) = if let Some(finding) = &finding {
        missing::state(locale, finding)
    } else {
        let (urgency, state) = deliveries::state(locale, &seen, event);
        (urgency, state, explained(&visit, &found))
    };
    let mut actions = api.store.actions_on(&event.id).await?;
    let of_route = api.store.actions_on(&event.route).await?.into_iter();
    actions.extend(of_route.filter(|done| has_sent(done, &found)));
    let mut steps: Vec<Step> = [accepted(&visit, &found)]
        .into_iter()
        .chain(attempts(&visit, &found))
        .chain(actions.iter().map(|one| action(&visit, one)))
        .collect();
    steps.sort_by_key(|step| step.at);
    let earlier = keep_last(&mut steps, Step::bytes) as u64;
    let mut technical = technical(&visit, &found);
    keep_last(&mut technical, |(told, answer)| {
        40 + bytes([&**told].into_iter().chain(answer.as_deref()))
    });
    let comes = comes(&visit, &found, seen.hold_of(&event.route), now.wall);
    let page = DeliveryPage {
        told: done(&visit),
        event_type: &event.event_type,
        shown_type,
        technical,
        earlier: (earlier > 0).then(|| more(earlier, locale.language)),
        id: &event.id,
        staff_id: event.staff_id.as_ref().map(|staff_id| {
            let query = Filter::of_person(staff_id).query();
            (
                form::address(address::DELIVERIES, &query),
                staff_id.as_str(),
            )
        }),
        route: locale.receiver(&event.route),
        size: event.payload_size,
        urgency,
        state,
        explained,
        steps,
        comes,
        is_refused: event.last_cause.is_some_and(Cause::is_refusal),
        may_resend: visit.operates() && event.status != Status::Accepted,
        may_dismiss: visit.operates() && event.status == Status::Exhausted,
        frame: &frame,
    };
    frame::view(&visit, &frame, &page)
}

/// Whether somebody had what an outage has left sent again, and this was among it: it had failed before, and went out after.
fn has_sent(done: &Record, found: &EventDetail) -> bool {
    let is_before = |attempt: &&AttemptRecord| attempt.started_at < done.at;
    let before = found.attempts.iter().take_while(is_before).last();
    let had_failed = before.is_some_and(|attempt| attempt.outcome != Outcome::Success);
    let followed = found.attempts.last().is_some_and(|last| !is_before(&last));
    done.action == Action::Recover && had_failed && followed
}

/// The delivery that the address names, if the reader may know of it.
async fn event(visit: &Visit<'_>) -> Result<EventDetail, PageError> {
    let api = visit.api;
    let found = api.store.event(&visit.id, api.clock.moment()).await?;
    let found = found.filter(|one| visit.may_see(&one.summary.route));
    found.ok_or(PageError::NotFound)
}

/// What an action that led here has done.
fn done(visit: &Visit<'_>) -> Option<String> {
    let language = visit.locale.language;
    match visit.told()? {
        TOLD_DISMISSED => Some(language.phrase(W::WasDismissed).to_owned()),
        told => {
            let follows = told.strip_prefix(TOLD_RESENT)?.parse().ok()?;
            Some(delivery::resent(follows, language))
        }
    }
}

/// What it means, in one or two sentences.
fn explained(visit: &Visit<'_>, found: &EventDetail) -> String {
    let locale = visit.locale;
    let event = &found.summary;
    let why = event.last_cause.map(|cause| match event.status {
        Status::Exhausted if cause.is_outage() => {
            let by_role = [W::AskWhenBack, W::PressWhenBack];
            let next = by_role[usize::from(visit.operates())];
            causes::told_with(cause, locale.phrase(next), locale.language)
        }
        Status::Exhausted => causes::told(cause, locale.language),
        _ => locale.phrase(causes::why(cause)).to_owned(),
    });
    let why = why.unwrap_or_default();
    let attempts = found.attempts.iter().rev();
    let failed = attempts.take_while(|attempt| attempt.outcome != Outcome::Success);
    let tries = failed.count() as u64;
    match event.status {
        Status::Retrying if event.last_cause.is_none() => {
            locale.phrase(W::ExplainedAgain).to_owned()
        }
        Status::Accepted => locale.phrase(W::ExplainedAccepted).to_owned(),
        Status::Retrying => delivery::explained_retrying(&why, locale.language),
        Status::Delivered if found.has_arrived => locale.phrase(W::ExplainedArrived).to_owned(),
        Status::Delivered => locale.phrase(W::ExplainedDelivered).to_owned(),
        Status::Exhausted => delivery::explained_exhausted(tries, &why, locale.language),
        Status::Dismissed => locale.phrase(W::ExplainedDismissed).to_owned(),
    }
}

fn accepted(visit: &Visit<'_>, found: &EventDetail) -> Step {
    let locale = visit.locale;
    let at = found.summary.accepted_at;
    Step {
        at,
        when: locale.to_the_second(at),
        urgency: Urgency::Fine,
        text: locale.phrase(W::Accepted).to_owned(),
        detail: (found.repeats > 0).then(|| delivery::repeats(found.repeats, locale.language)),
    }
}

/// Every attempt; a cause is told where it is another one than before.
fn attempts(visit: &Visit<'_>, found: &EventDetail) -> Vec<Step> {
    let mut before = None;
    let steps = found.attempts.iter().map(|one| {
        let mut step = attempt(visit.locale, one);
        if before.is_some() && before == one.cause {
            step.detail = None;
        }
        before = one.cause;
        step
    });
    steps.collect()
}

fn attempt(locale: Locale, attempt: &AttemptRecord) -> Step {
    Step {
        at: attempt.started_at,
        when: locale.to_the_second(attempt.started_at),
        urgency: match attempt.outcome {
            Outcome::Success => Urgency::Fine,
            Outcome::Failed | Outcome::Timeout => Urgency::Look,
        },
        text: delivery::attempt(attempt, locale.language),
        detail: attempt
            .cause
            .map(|cause| locale.phrase(causes::why(cause)).to_owned()),
    }
}

/// Every attempt as an administrator reads it, and the answer of what did not succeed.
fn technical(visit: &Visit<'_>, found: &EventDetail) -> Vec<(String, Option<String>)> {
    let (api, locale) = (visit.api, visit.locale);
    let settings = api.advice.routes.of(Some(&found.summary.route));
    let told = found.attempts.iter().map(|attempt| {
        let why = attempt.cause;
        let why = why.map(|cause| cause.sentence(&settings, locale.language));
        let answer = attempt.response_body.as_deref();
        let answer = answer.filter(|_| attempt.outcome != Outcome::Success);
        let answer = answer.map(|kept| {
            let whole = locale.answer_body(kept);
            harmless(&whole).chars().take(SHOWN_OF_ANSWER).collect()
        });
        let why = why.unwrap_or_default();
        (delivery::technical(attempt, &why, locale.language), answer)
    });
    told.collect()
}

fn action(visit: &Visit<'_>, done: &Record) -> Step {
    let locale = visit.locale;
    let (language, word) = (locale.language, done.action.as_str());
    Step {
        at: done.at,
        when: locale.to_the_second(done.at),
        urgency: match done.action {
            Action::Dismiss => Urgency::Off,
            Action::Resend | Action::Recover | Action::Reconcile => Urgency::Wait,
            _ => Urgency::Begin,
        },
        text: delivery::action(
            &audits::action(word, language),
            &audits::who(&done.who, language),
            language,
        ),
        detail: done.reason.clone(),
    }
}

/// What comes by itself.
fn comes(visit: &Visit<'_>, found: &EventDetail, hold: Option<&Hold>, now: Timestamp) -> String {
    let locale = visit.locale;
    let event = &found.summary;
    match (event.status, hold, event.next_retry_at) {
        (Status::Accepted | Status::Retrying, Some(hold), _) => {
            let until = hold.until.map(|until| locale.near(until, now));
            delivery::comes_after_hold(until.as_deref(), locale.language)
        }
        (Status::Accepted, None, _) if event.waits_for.is_some() => {
            locale.phrase(W::ComesBehind).to_owned()
        }
        (Status::Accepted, None, _) | (Status::Retrying, None, None) => {
            locale.phrase(W::ComesSoon).to_owned()
        }
        (Status::Retrying, None, Some(at)) => {
            delivery::comes_at(&locale.near(at, now), locale.language)
        }
        (Status::Delivered | Status::Exhausted | Status::Dismissed, ..) => {
            locale.phrase(W::ComesNothing).to_owned()
        }
    }
}

#[derive(Template)]
#[template(path = "too_long.html")]
struct TooLongPage<'a> {
    frame: &'a Frame,
    told: String,
    id: &'a str,
}

/// `POST /monitor/deliveries/{id}/resend`
///
/// # Errors
/// `NotFound`, those of a form, or the store's.
pub(super) async fn resend(mut visit: Visit<'_>) -> Result<Reply, PageError> {
    let mut form = Form::read(&mut visit).await?;
    let only = form.take("only").is_some();
    let found = event(&visit).await?;
    let id = &found.summary.id;
    let resent = open_one(visit.api, id, only, visit.actor()).await?;
    let back = address::delivery(id);
    match resent.resend {
        Resend::Opened | Resend::UnderWay | Resend::Waiting => {
            let follows = resent.follows;
            Ok(visit.tell(&back, &format!("{TOLD_RESENT}{follows}")))
        }
        Resend::Unknown => Err(PageError::NotFound),
        Resend::Erased => Err(PageError::Contradicts(
            visit.locale.phrase(W::IsErased).to_owned(),
        )),
        Resend::TailTooLong => {
            let mut frame = Frame::bare(&visit);
            visit
                .locale
                .phrase(W::SendAgain)
                .clone_into(&mut frame.title);
            let page = TooLongPage {
                told: delivery::too_many_follow(resent.follows, visit.locale.language),
                id,
                frame: &frame,
            };
            Ok(html(StatusCode::CONFLICT, page.render()?))
        }
    }
}

/// `POST /monitor/deliveries/{id}/dismiss`
///
/// # Errors
/// `NotFound`, `Contradicts` without a reason or for what needs nobody, those of a form, or the store's.
pub(super) async fn dismiss(mut visit: Visit<'_>) -> Result<Reply, PageError> {
    let mut form = Form::read(&mut visit).await?;
    let locale = visit.locale;
    let contradicts = |why: W| Err(PageError::Contradicts(locale.phrase(why).to_owned()));
    let Some(reason) = form.take("reason").filter(|reason| hold::is_reason(reason)) else {
        return contradicts(W::NeedsReason);
    };
    let found = event(&visit).await?;
    let (api, id) = (visit.api, &found.summary.id);
    let moment = api.clock.moment();
    let dismissed = api
        .store
        .dismiss_event(id, visit.actor(), Some(reason), moment);
    match dismissed.await? {
        EventDismissal::Done | EventDismissal::Already => {
            tracing::info!(event = %id, "dismissed, as a person asked");
            Ok(visit.tell(&address::delivery(id), TOLD_DISMISSED))
        }
        EventDismissal::Unknown => Err(PageError::NotFound),
        EventDismissal::NotExhausted => contradicts(W::NeedsNobody),
    }
}
