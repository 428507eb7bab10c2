//! The view of the state now: what is and what to do, the receivers, the goals, and bars.

use std::time::Duration;

use askama::Template;

use super::Visit;
use super::chart::{BAR, Bar, Chart, HEIGHT};
use super::error::PageError;
use super::frame::{self, Frame, View};
use super::standing::{Seen, Sentence, Urgency};
use crate::day;
use crate::http::reply::Reply;
use crate::incident::Kind;
use crate::kpi::{self, KpiQuestion, Measure};
use crate::language::Locale;
use crate::overview::RouteOverview;
use crate::period::Period;
use crate::route::DEFAULT;
use crate::timestamp::Timestamp;
use crate::words::monitor::Frame as T;
use crate::words::monitor::now::{self, Now as W};
use crate::words::monitor::standing::Standing as S;
use crate::words::monitor::thousands;

const HOUR: Duration = Duration::from_hours(1);
const HOURS: u32 = 24;
const MONTH: Duration = Duration::from_hours(24 * 30);

#[derive(Template)]
#[template(path = "now.html")]
struct NowPage<'a> {
    frame: &'a Frame,
    first: Sentence,
    others: Vec<Sentence>,
    contact: Option<String>,
    receivers: Vec<Receiver>,
    goals: Vec<Goal>,
    of_month: String,
    charts: [(W, W, Chart, &'static str); 2],
}

/// A row of the receivers.
struct Receiver {
    name: String,
    urgency: Urgency,
    state: &'static str,
    delivered: String,
    sends: RouteOverview,
    mean: String,
}

/// A row of the goals.
struct Goal {
    name: W,
    means: W,
    value: String,
    target: String,
    met: Option<bool>,
    details: String,
}

/// `GET /monitor`
///
/// # Errors
/// The store's.
pub(super) async fn show(visit: Visit<'_>) -> Result<Reply, PageError> {
    let (api, locale) = (visit.api, visit.locale);
    let seen = Seen::of(&visit).await?;
    let mut said = seen.sentences(locale, &api.advice).into_iter();
    let Some(first) = said.next() else {
        return Err(PageError::NotFound);
    };
    let needs_partner = first.urgency == Urgency::Act;
    let contact = api.monitor.contact.as_ref().filter(|_| needs_partner);
    let contact =
        contact.map(|contact| crate::words::monitor::standing::contact(contact, locale.language));
    let frame = Frame::of(&visit, View::Now, locale.phrase(W::Title));
    let now = seen.now;
    let days = [now.before(MONTH), now].map(|at| locale.day(at));
    let page = NowPage {
        first,
        others: said.collect(),
        contact,
        receivers: receivers(&visit, &seen),
        goals: goals(&visit, now).await?,
        of_month: now::of_month(&days[0], &days[1], locale.language),
        charts: charts(&visit, now).await?,
        frame: &frame,
    };
    frame::view(&visit, &frame, &page)
}

/// Every route that something is sent on, and those that something waits on.
fn receivers(visit: &Visit<'_>, seen: &Seen) -> Vec<Receiver> {
    let (api, locale) = (visit.api, visit.locale);
    let mut known = seen.routes.clone();
    for route in api.routes.origins.keys() {
        let is_shown = visit.operates() || !api.routes.private.contains(route);
        if is_shown && known.iter().all(|one| one.route != *route) {
            known.push(RouteOverview {
                route: route.clone(),
                ..RouteOverview::default()
            });
        }
    }
    let rows = known.into_iter().map(|route| {
        let (urgency, state) = state(visit, seen, &route);
        let mean = route.sends.mean_successful_ms();
        Receiver {
            name: if route.route == DEFAULT {
                locale.phrase(W::Default).to_owned()
            } else {
                route.route.clone()
            },
            urgency,
            state: locale.phrase(state),
            delivered: route.delivered_at.map_or_else(
                || locale.phrase(W::Never).to_owned(),
                |at| locale.near(at, seen.now),
            ),
            mean: if route.sends.succeeded > 0 {
                format!("{mean} ms")
            } else {
                "-".to_owned()
            },
            sends: route,
        }
    });
    rows.collect()
}

fn state(visit: &Visit<'_>, seen: &Seen, route: &RouteOverview) -> (Urgency, W) {
    let mut incidents = seen.overview.incidents.iter().map(|one| &one.report);
    let away = incidents.any(|report| {
        report.kind == Kind::PartnerAway && report.route() == Some(route.route.as_str())
    });
    let held = seen
        .overview
        .holds
        .iter()
        .any(|hold| hold.holds(&route.route));
    if held {
        (Urgency::Hold, W::Held)
    } else if !visit.api.routes.sends_on(&route.route) {
        (Urgency::Act, W::NoUrl)
    } else if away {
        (Urgency::Look, W::Away)
    } else if route.exhausted > 0 {
        (Urgency::Act, W::Left)
    } else if route.retrying > 0 {
        (Urgency::Wait, W::Resending)
    } else if route.sends.sent == 0 {
        (Urgency::Fine, W::NothingSent)
    } else {
        (Urgency::Fine, W::Delivering)
    }
}

/// The five goals (contract, section 6.5).
async fn goals(visit: &Visit<'_>, now: Timestamp) -> Result<Vec<Goal>, PageError> {
    let (api, locale) = (visit.api, visit.locale);
    let question = KpiQuestion {
        period: Period::Month,
        now,
        compared_routes: api.routes.counted.clone(),
    };
    let counted = api.store.kpi_counts(question).await?;
    let since = api.clock.monotonic().saturating_sub(HOUR);
    let p95 = api.observations.answers_since(since).map(|times| times.p95);
    let (sends, interviews) = (&counted.sends, &counted.interviews);
    let retried = counted.retried.delivered + counted.retried.given_up;
    let part =
        |part: u64, whole: u64| now::part(&thousands(part), &thousands(whole), locale.language);
    let waiting = counted.waiting;
    let mut of_sends = part(sends.succeeded, sends.sent);
    if waiting > 0 {
        let waiting = now::still_waiting(&thousands(waiting), locale.language);
        of_sends = format!("{of_sends}, {waiting}");
    }
    let no_shows = counted.no_show().map_or_else(String::new, |tenths| {
        let rate = decimal(tenths);
        format!(", {}", now::no_shows(&rate, locale.language))
    });
    let goal =
        |(name, means), measure: Measure, unit: &str, (most, none, details): (bool, W, String)| {
            let limit = if most { now::at_most } else { now::at_least };
            Goal {
                name,
                means,
                value: measure.tenths.map_or_else(
                    || locale.phrase(none).to_owned(),
                    |tenths| format!("{} {unit}", decimal(tenths)),
                ),
                target: limit(measure.target, unit, locale.language),
                met: measure.met,
                details: if measure.tenths.is_some() {
                    details
                } else {
                    String::new()
                },
            }
        };
    let hours = locale.phrase(W::Hours);
    Ok(vec![
        goal(
            (W::SendSuccess, W::SendSuccessMeans),
            counted.send_success(),
            "%",
            (false, W::NoneSent, of_sends),
        ),
        goal(
            (W::Interviews, W::InterviewsMeans),
            counted.interview_completion(),
            "%",
            (
                false,
                W::NoInterviews,
                part(interviews.completed, interviews.total) + &no_shows,
            ),
        ),
        goal(
            (W::Gap, W::GapMeans),
            counted.gap_detection(now),
            hours,
            (true, W::NeverCompared, String::new()),
        ),
        goal(
            (W::Response, W::ResponseMeans),
            kpi::api_response(p95),
            "ms",
            (true, W::FewAnswers, String::new()),
        ),
        goal(
            (W::RetrySuccess, W::RetrySuccessMeans),
            counted.retry_success(),
            "%",
            (
                false,
                W::NoRetries,
                part(counted.retried.delivered, retried),
            ),
        ),
    ])
}

/// Tenths as a number.
fn decimal(tenths: u64) -> String {
    format!("{}.{}", thousands(tenths / 10), tenths % 10)
}

/// The bars of 24 hours and of 30 days.
async fn charts(
    visit: &Visit<'_>,
    now: Timestamp,
) -> Result<[(W, W, Chart, &'static str); 2], PageError> {
    let locale = visit.locale;
    let hours = hours(now);
    let names = hours.iter().map(|(from, _)| hour(locale, *from)).collect();
    let of_day = series(visit, names, hours).await?;
    let days = day::days(now.before(MONTH), now, locale.timezone);
    let names = days.iter().map(|(_, from, _)| locale.day(*from)).collect();
    let days = days.into_iter().map(|(_, from, to)| (from, to)).collect();
    let of_month = series(visit, names, days).await?;
    Ok([
        (W::Bars24, W::Hour, of_day, "hours"),
        (W::Bars30, W::Day, of_month, "days"),
    ])
}

async fn series(
    visit: &Visit<'_>,
    names: Vec<String>,
    ranges: Vec<(Timestamp, Timestamp)>,
) -> Result<Chart, PageError> {
    let api = visit.api;
    let hidden = !visit.operates() && !api.routes.private.is_empty();
    let shown = hidden.then(|| {
        let names = api.routes.routing.names();
        let shown = names.filter(|name| !api.routes.private.contains(*name));
        shown.map(str::to_owned).collect()
    });
    let counts = api.store.send_series(ranges, shown).await?;
    let bars = names.into_iter().zip(counts).map(|(name, counts)| Bar {
        name,
        delivered: counts.succeeded,
        missing: counts.sent.saturating_sub(counts.succeeded),
    });
    Ok(Chart::of(bars.collect()))
}

/// The last 24 hours, from whole hour to whole hour, the present one too.
fn hours(now: Timestamp) -> Vec<(Timestamp, Timestamp)> {
    let hour_ms = i64::try_from(HOUR.as_millis()).unwrap_or(i64::MAX);
    let begin = now.unix_ms().div_euclid(hour_ms) * hour_ms;
    let begin = Timestamp::from_unix_ms(begin);
    let ranges = (0..HOURS).rev().map(|back| {
        let from = begin.before(HOUR * back);
        (from, from.after(HOUR).before(Duration::from_millis(1)))
    });
    ranges.collect()
}

fn hour(locale: Locale, from: Timestamp) -> String {
    let local = locale.timezone.local(from);
    local.strftime("%-H:%M").to_string()
}
