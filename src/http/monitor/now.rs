//! The view of the state now: what is and what to do, the receivers, the goals, and bars.

use std::cmp::Reverse;
use std::time::Duration;

use askama::Template;

use super::chart::{Bar, Chart, HEIGHT};
use super::error::PageError;
use super::filter::Filter;
use super::fit::{bytes, fit};
use super::frame::{self, Frame, View};
use super::interviews::TabLink;
use super::standing::{Seen, Sentence};
use super::urgency::Urgency;
use super::{Visit, address, recover, today};
use crate::day;
use crate::http::reply::Reply;
use crate::incident::Kind;
use crate::interview_stats::InterviewCounts;
use crate::kpi::{self, KpiCounts, KpiQuestion, Measure};
use crate::language::Locale;
use crate::overview::RouteOverview;
use crate::period::Period;
use crate::send_stats::SendCounts;
use crate::session::Role;
use crate::timestamp::Timestamp;
use crate::words::kpis;
use crate::words::monitor::Frame as T;
use crate::words::monitor::actions::{self, Actions as A};
use crate::words::monitor::now::{self, Now as W};
use crate::words::monitor::standing::Standing as S;
use crate::words::monitor::{more, thousands};

/// What all other sentences and all receivers may take, in bytes.
const ROOM_OF_OTHERS: usize = 7_000;
const ROOM_OF_RECEIVERS: usize = 9_000;
/// People of whom a viewer is told that they may do something, at most.
const NAMED: usize = 3;
const HOUR: Duration = Duration::from_hours(1);
const HOURS: u32 = 24;
const MONTH: Duration = Duration::from_hours(24 * 30);

#[derive(Template)]
#[template(path = "now.html")]
struct NowPage<'a> {
    frame: &'a Frame,
    first: Sentence,
    others: Vec<Sentence>,
    /// More than fit are to do.
    more_to_do: Option<String>,
    contact: Option<String>,
    told: Option<&'static str>,
    /// Whom a reader can ask who may only look.
    whom: Option<String>,
    receivers: Vec<Receiver>,
    more_receivers: Option<String>,
    goals: Vec<Goal>,
    of_month: String,
    /// The interviews of today by their status; none: there are no interviews at all.
    today: Option<Vec<TabLink>>,
    charts: [(W, W, Chart, &'static str); 2],
}

/// A row of the receivers.
struct Receiver {
    name: String,
    /// Its deliveries, as a query.
    query: String,
    urgency: Urgency,
    state: &'static str,
    delivered: String,
    sends: RouteOverview,
    /// Of those of the last 24 hours, those that have arrived and are not sent again.
    arrived: u64,
    mean: String,
}

/// A row of the goals.
struct Goal {
    name: W,
    /// The view that has more of it.
    door: Option<&'static str>,
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
    let of_role = usize::from(visit.operates());
    let numbers = visit.shared.numbers[of_role].get(&visit, numbers(&visit));
    let numbers = numbers.await?;
    let mut said = seen.sentences(locale, &api.advice).into_iter();
    let Some(first) = said.next() else {
        return Err(PageError::NotFound);
    };
    let contact = api.monitor.contact.as_ref();
    let contact = contact.filter(|_| first.is_about_sending());
    let contact =
        contact.map(|contact| crate::words::monitor::standing::contact(contact, locale.language));
    let frame = Frame::of(&visit, View::Now, locale.phrase(W::Title), &seen);
    let now = seen.now;
    let mut others: Vec<Sentence> = said.collect();
    let mut receivers = receivers(&visit, &seen);
    let more_to_do = fit(&mut others, ROOM_OF_OTHERS, Sentence::bytes);
    let more_receivers = fit(&mut receivers, ROOM_OF_RECEIVERS, Receiver::bytes);
    let left = |number: usize| (number > 0).then(|| more(number as u64, locale.language));
    let days = [now.before(MONTH), now].map(|at| locale.day(at));
    let done = visit.told().and_then(recover::done);
    let today = today::links(locale, &numbers.today);
    let has_interviews = numbers.kpis.interviews.total > 0 || !today.is_empty();
    let page = NowPage {
        told: done.map(|done| locale.phrase(done)),
        whom: whom(&visit, &first).await?,
        first,
        others,
        more_to_do: left(more_to_do),
        contact,
        receivers,
        more_receivers: left(more_receivers),
        goals: goals(&visit, &numbers.kpis, now),
        of_month: now::of_month(&days[0], &days[1], locale.language),
        today: has_interviews.then_some(today),
        charts: charts(locale, &numbers),
        frame: &frame,
    };
    frame::view(&visit, &frame, &page)
}

/// Who could do what is to be done, for a reader who may only look.
async fn whom(visit: &Visit<'_>, first: &Sentence) -> Result<Option<String>, PageError> {
    if visit.operates() || !first.is_about_sending() {
        return Ok(None);
    }
    let (api, locale) = (visit.api, visit.locale);
    let sessions = api.store.sessions(api.clock.moment()).await?.into_iter();
    let operators = sessions.filter(|session| session.role == Role::Operator);
    let mut names: Vec<String> = operators.map(|session| session.name).collect();
    names.sort_unstable();
    names.dedup();
    names.truncate(NAMED);
    Ok(Some(if names.is_empty() {
        locale.phrase(A::NoOperator).to_owned()
    } else {
        actions::operators(&names, locale.language)
    }))
}

impl Receiver {
    fn bytes(&self) -> usize {
        1050 + bytes([&*self.name, self.state, &self.delivered]) + 5 * bytes([&*self.query])
    }
}

/// Every route that something is sent on, and those that something was sent or waits on; the worst first.
fn receivers(visit: &Visit<'_>, seen: &Seen) -> Vec<Receiver> {
    let locale = visit.locale;
    let shown = seen.routes.iter().filter(|route| {
        let waits = route.accepted + route.retrying + route.exhausted > 0;
        waits || route.sends.sent > 0 || visit.api.routes.sends_on(&route.route)
    });
    let rows = shown.cloned().map(|route| {
        let (urgency, state) = state(visit, seen, &route);
        let mean = route.sends.mean_successful_ms();
        let of_route = Filter {
            route: route.route.clone(),
            ..Filter::default()
        };
        Receiver {
            name: locale.receiver(&route.route),
            query: of_route.query(),
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
            arrived: route.sends.succeeded.saturating_sub(route.resent.of_day),
            sends: route,
        }
    });
    let mut rows: Vec<Receiver> = rows.collect();
    rows.sort_by_key(|row| Reverse(row.urgency));
    rows
}

fn state(visit: &Visit<'_>, seen: &Seen, route: &RouteOverview) -> (Urgency, W) {
    let has = |kind| seen.has(kind, &route.route);
    if seen.is_held(&route.route) {
        (Urgency::Hold, W::Held)
    } else if !visit.api.routes.sends_on(&route.route) {
        (Urgency::Act, W::NoUrl)
    } else if has(Kind::PartnerAway) {
        (Urgency::Look, W::Away)
    } else if route.exhausted > 0 {
        (Urgency::Act, W::Left)
    } else if has(Kind::DeliveriesMissing) {
        (Urgency::Act, W::NotThere)
    } else if route.retrying > 0 {
        (Urgency::Wait, W::Resending)
    } else if route.sends.sent == 0 {
        (Urgency::Begin, W::NothingSent)
    } else {
        (Urgency::Fine, W::Delivering)
    }
}

/// The five goals (contract, section 6.5).
fn goals(visit: &Visit<'_>, counted: &KpiCounts, now: Timestamp) -> Vec<Goal> {
    let (api, locale) = (visit.api, visit.locale);
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
                door: match name {
                    W::Interviews => Some(address::INTERVIEWS),
                    W::Gap => Some(address::RECONCILE),
                    _ => None,
                },
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
    let lost = counted.gap.never_confirmed;
    let lost = (lost > 0).then(|| kpis::never_confirmed(thousands(lost), locale.language));
    vec![
        goal(
            (W::SendSuccess, W::SendSuccessMeans),
            counted.send_success_unless_waiting(),
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
            (true, W::NeverCompared, lost.unwrap_or_default()),
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
    ]
}

/// Tenths as a number.
fn decimal(tenths: u64) -> String {
    format!("{}.{}", thousands(tenths / 10), tenths % 10)
}

/// The bars of 24 hours and of 30 days.
fn charts(locale: Locale, numbers: &Numbers) -> [(W, W, Chart, &'static str); 2] {
    let chart = |counts: &[(Timestamp, SendCounts)], name: &dyn Fn(Timestamp) -> String| {
        let bars = counts.iter().map(|(from, counts)| Bar {
            name: name(*from),
            delivered: counts.succeeded,
            missing: counts.sent.saturating_sub(counts.succeeded),
        });
        Chart::of(bars.collect())
    };
    let of_day = chart(&numbers.hours, &|from| locale.hour(from));
    let of_month = chart(&numbers.days, &|from| locale.day(from));
    [
        (W::Bars24, W::Hour, of_day, "hours"),
        (W::Bars30, W::Day, of_month, "days"),
    ]
}

/// What is counted for goals and bars.
pub(super) struct Numbers {
    kpis: KpiCounts,
    /// The interviews of today, and those of them whose time is over.
    today: [InterviewCounts; 2],
    /// By the beginning of each hour.
    hours: Vec<(Timestamp, SendCounts)>,
    /// By the beginning of each day.
    days: Vec<(Timestamp, SendCounts)>,
}

async fn numbers(visit: &Visit<'_>) -> Result<Numbers, PageError> {
    let api = visit.api;
    let now = api.clock.now();
    let visible = visit.visible_routes();
    let compared = api.routes.counted.iter();
    let compared = compared.filter(|route| visit.may_see(route));
    let question = KpiQuestion {
        period: Period::Month,
        now,
        compared_routes: compared.cloned().collect(),
        routes: visible.clone(),
    };
    let days = day::days(now.before(MONTH), now, visit.locale.timezone);
    let days = days.into_iter().map(|(_, from, to)| (from, to)).collect();
    Ok(Numbers {
        kpis: api.store.kpi_counts(question).await?,
        today: today::counts(visit, now).await?,
        hours: series(visit, hours(now), visible.clone()).await?,
        days: series(visit, days, visible).await?,
    })
}

async fn series(
    visit: &Visit<'_>,
    ranges: Vec<(Timestamp, Timestamp)>,
    routes: Option<Vec<String>>,
) -> Result<Vec<(Timestamp, SendCounts)>, PageError> {
    let begins: Vec<Timestamp> = ranges.iter().map(|(from, _)| *from).collect();
    let counts = visit.api.store.send_series(ranges, routes).await?;
    Ok(begins.into_iter().zip(counts).collect())
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
