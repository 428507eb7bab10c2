//! The view of comparisons with VoiceDrive: what is missing now, and what was confirmed (contract, section 12.1).

use std::collections::BTreeMap;

use askama::Template;

use super::compare;
use super::error::PageError;
use super::fit::{bytes, fit};
use super::frame::{self, Frame, View};
use super::missing::{self, FindingRow, NAMED};
use super::standing::Seen;
use super::urgency::Urgency;
use super::{Visit, address};
use crate::confirmed_range::ConfirmedRange;
use crate::http::reply::Reply;
use crate::incident::Kind;
use crate::language::Locale;
use crate::reconciliation::ledger::{ComparisonRecord, FindingCounts, FindingsFilter};
use crate::reconciliation::{IdRange, time_of};
use crate::timestamp::Timestamp;
use crate::words::monitor::Frame as T;
use crate::words::monitor::more;
use crate::words::monitor::reconciliation::{self, Reconciliation as W};
use crate::words::monitor::standing::Standing as S;
use crate::words::monitor::thousands;
use uuid::Uuid;

/// Comparisons that are listed: a month, when there is one each day.
const LISTED: usize = 31;
/// What they and what is missing may take, in bytes.
const ROOM_OF_HISTORY: usize = 10_000;
pub(super) const ROOM_OF_FINDINGS: usize = 9_000;
const ROOM_OF_RECEIVERS: usize = 3_000;
const ROOM_OF_CHOICES: usize = 1_500;

#[derive(Template)]
#[template(path = "reconciliation.html")]
struct ReconciliationPage<'a> {
    frame: &'a Frame,
    told: Option<String>,
    said: Said,
    others: Vec<Said>,
    resend: Option<(&'static str, String)>,
    receivers: Vec<Receiver>,
    more_receivers: Option<String>,
    asked: String,
    findings: Vec<FindingRow>,
    left: Option<String>,
    history: Vec<Compared>,
    routes: Vec<(String, String)>,
    at_most: String,
    connect: String,
    operates: bool,
}

/// What is, and what to do.
pub(super) struct Said {
    pub(super) urgency: Urgency,
    pub(super) text: String,
    pub(super) next: Option<&'static str>,
}

/// A receiver in the table.
struct Receiver {
    name: String,
    urgency: Urgency,
    state: String,
    last: String,
    confirmed: String,
}

/// A comparison in the list.
pub(super) struct Compared {
    pub(super) address: String,
    pub(super) when: String,
    pub(super) receiver: String,
    pub(super) range: String,
    pub(super) sent: String,
    pub(super) received: String,
    pub(super) matched: String,
    pub(super) missing: (String, bool),
    pub(super) no_effect: (String, bool),
}

impl Receiver {
    fn bytes(&self) -> usize {
        330 + bytes([&*self.name, &self.state, &self.last, &self.confirmed])
    }
}

impl Compared {
    fn bytes(&self) -> usize {
        440 + 2 * self.address.len() + bytes([&*self.when, &self.receiver, &self.range])
    }
}

/// `GET /monitor/reconcile`
///
/// # Errors
/// The store's.
pub(super) async fn show(visit: Visit<'_>) -> Result<Reply, PageError> {
    let (api, locale) = (visit.api, visit.locale);
    let visible = visit.visible_routes();
    let filter = FindingsFilter {
        routes: visible.clone(),
        ..FindingsFilter::default()
    };
    let findings = api.store.findings(filter, NAMED).await?;
    let history = api.store.comparisons(visible, LISTED).await?;
    let seen = Seen::of(&visit).await?;
    let mut receivers = receivers(&visit, &seen, &findings.by_route).await?;
    let counts = findings.counts();
    let known = Known {
        counts,
        exhausted: exhausted(&visit, &seen, None),
        was_compared: !history.is_empty(),
        is_overdue: has_incident(&seen, Kind::ReconcileOld, None),
    };
    let mut said = sentences(known, visit.operates(), locale).into_iter();
    let Some(first) = said.next() else {
        return Err(PageError::NotFound);
    };
    let may_resend = visit.operates() && counts.missing > 0;
    let all = counts.missing + counts.sent_again + counts.no_effect;
    let mut rows = missing::rows(locale, &findings.named);
    fit(&mut rows, ROOM_OF_FINDINGS, FindingRow::bytes);
    let left = all - rows.len() as u64;
    let history = history.iter().map(|record| compared(locale, record));
    let mut history: Vec<Compared> = history.collect();
    fit(&mut history, ROOM_OF_HISTORY, Compared::bytes);
    let more_receivers = fit(&mut receivers, ROOM_OF_RECEIVERS, Receiver::bytes) as u64;
    let title = locale.phrase(W::Title);
    let frame = Frame::of(&visit, View::Reconciliation, title, &seen);
    let page = ReconciliationPage {
        told: missing::done(&visit),
        said: first,
        others: said.collect(),
        resend: may_resend.then(|| {
            let told = reconciliation::resend(counts.missing, locale.language);
            (address::RESEND_MISSING, told)
        }),
        receivers,
        asked: asked(&visit),
        more_receivers: (more_receivers > 0).then(|| more(more_receivers, locale.language)),
        findings: rows,
        left: (left > 0).then(|| more(left, locale.language)),
        history,
        routes: choices(&visit),
        at_most: compare::at_most(locale),
        connect: reconciliation::connect(&own_url(&visit)),
        operates: visit.operates(),
        frame: &frame,
    };
    frame::view(&visit, &frame, &page)
}

/// What is known of one route, or of all.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Known {
    pub(super) counts: FindingCounts,
    /// What was never delivered, beside the missing ones.
    pub(super) exhausted: u64,
    pub(super) was_compared: bool,
    pub(super) is_overdue: bool,
}

/// What is, the worst first; one sentence at least.
pub(super) fn sentences(known: Known, operates: bool, locale: Locale) -> Vec<Said> {
    let language = locale.language;
    let counts = known.counts;
    let mut said = Vec::new();
    let mut say = |urgency, text: String, next: W| {
        let next = Some(locale.phrase(next));
        said.push(Said {
            urgency,
            text,
            next,
        });
    };
    let phrase = |phrase: W| locale.phrase(phrase).to_owned();
    let by_role = |operator: W, viewer: W| if operates { operator } else { viewer };
    if counts.missing > 0 {
        let next = by_role(W::MissingNext, W::MissingNextViewer);
        let told = reconciliation::missing(counts.missing, language);
        say(Urgency::Act, told, next);
    }
    if known.exhausted > 0 {
        let told = reconciliation::exhausted(known.exhausted, language);
        say(Urgency::Act, told, W::ExhaustedNext);
    }
    if counts.no_effect > 0 {
        let told = reconciliation::no_effect(counts.no_effect, language);
        say(Urgency::Look, told, W::NoEffectNext);
    }
    if known.is_overdue {
        say(Urgency::Look, phrase(W::Overdue), W::OverdueNext);
    }
    // Neither good nor bad is known yet, but somebody has to begin.
    if !known.was_compared {
        let next = by_role(W::NeverNext, W::NeverNextViewer);
        say(Urgency::Look, phrase(W::Never), next);
    }
    if counts.sent_again > 0 {
        let told = reconciliation::sent_again(counts.sent_again, language);
        say(Urgency::Wait, told, W::SentAgainNext);
    }
    if said.is_empty() {
        said.push(Said {
            urgency: Urgency::Fine,
            text: phrase(W::Fine),
            next: None,
        });
    }
    said
}

/// The same of one receiver, in short.
fn state(known: Known, locale: Locale) -> (Urgency, String) {
    let said = sentences(known, true, locale).into_iter().next();
    let (urgency, text) = said.map_or((Urgency::Fine, String::new()), |one| {
        (one.urgency, one.text)
    });
    let is_told_in_short = known.exhausted + known.counts.no_effect == 0;
    let short = match urgency {
        Urgency::Fine => W::FineState,
        Urgency::Look if is_told_in_short && known.is_overdue => W::OverdueState,
        Urgency::Look if is_told_in_short => W::NeverState,
        _ => return (urgency, text),
    };
    (urgency, locale.phrase(short).to_owned())
}

fn has_incident(seen: &Seen, kind: Kind, route: Option<&str>) -> bool {
    let mut reports = seen.overview.incidents.iter().map(|one| &one.report);
    reports.any(|report| report.kind == kind && (route.is_none() || report.route() == route))
}

/// How much was never delivered on the routes that can be compared, or on one of them.
fn exhausted(visit: &Visit<'_>, seen: &Seen, route: Option<&str>) -> u64 {
    let counted = &visit.api.routes.counted;
    let meant = seen
        .routes
        .iter()
        .filter(|one| counted.contains(&one.route) && route.is_none_or(|route| route == one.route));
    meant.map(|one| one.exhausted).sum()
}

/// The routes that can be compared: name in the form, and as it is shown.
fn counted(visit: &Visit<'_>) -> Vec<(String, String)> {
    let counted = visit.api.routes.counted.iter();
    let counted = counted.filter(|route| visit.may_see(route));
    counted
        .map(|route| (route.clone(), visit.locale.receiver(route)))
        .collect()
}

/// Those of them that can be chosen.
fn choices(visit: &Visit<'_>) -> Vec<(String, String)> {
    let mut routes = counted(visit);
    fit(&mut routes, ROOM_OF_CHOICES, |(name, shown)| {
        40 + bytes([&**name, shown])
    });
    routes
}

async fn receivers(
    visit: &Visit<'_>,
    seen: &Seen,
    findings: &BTreeMap<String, FindingCounts>,
) -> Result<Vec<Receiver>, PageError> {
    let locale = visit.locale;
    let routes = counted(visit).into_iter().map(|(route, _)| route);
    let ranges = visit.api.store.confirmed_ranges(routes.collect()).await?;
    let last: BTreeMap<&String, Timestamp> = seen
        .overview
        .comparisons
        .iter()
        .map(|(route, at)| (route, *at))
        .collect();
    let rows = ranges.into_iter().map(|(route, range)| {
        let counts = findings.get(&route).copied().unwrap_or_default();
        let last = last.get(&route).copied();
        let known = Known {
            counts,
            exhausted: exhausted(visit, seen, Some(&route)),
            was_compared: last.is_some(),
            is_overdue: has_incident(seen, Kind::ReconcileOld, Some(&route)),
        };
        let (urgency, state) = state(known, locale);
        let not_yet = || locale.phrase(W::NotYet).to_owned();
        Receiver {
            name: locale.receiver(&route),
            urgency,
            state,
            last: last.map_or_else(not_yet, |at| locale.near(at, seen.now)),
            confirmed: confirmed(locale, &range).unwrap_or_else(not_yet),
        }
    });
    Ok(rows.collect())
}

/// From where to where it was compared; none: not at all.
fn confirmed(locale: Locale, range: &ConfirmedRange) -> Option<String> {
    let moment = |id: &str| Some(time_of(Uuid::try_parse(id).ok()?));
    let (mut parts, mut ends) = (0, None);
    for (from, to) in range.parts() {
        let (from, to) = (moment(from)?, moment(to)?);
        let first = ends.map_or(from, |(first, _)| first);
        ends = Some((first, to));
        parts += 1;
    }
    let (from, to) = ends?;
    let [from, to] = [from, to].map(|at| locale.day_and_time(at));
    let gaps = parts - 1;
    Some(reconciliation::confirmed(&from, &to, gaps, locale.language))
}

/// When VoiceDrive has asked last, for whatever it was.
fn asked(visit: &Visit<'_>) -> String {
    let locale = visit.locale;
    let answered = visit.api.observations.questions().answered;
    answered.map_or_else(
        || locale.phrase(W::NotAsked).to_owned(),
        |question| locale.near(question.at, visit.api.clock.now()),
    )
}

fn own_url(visit: &Visit<'_>) -> String {
    let public = visit.api.public_url.as_ref();
    let url = public.map_or("http://127.0.0.1:8480", |url| url.as_str());
    url.trim_end_matches('/').to_owned()
}

pub(super) fn compared(locale: Locale, record: &ComparisonRecord) -> Compared {
    let counts = record.counts;
    let number = |number: u64| (thousands(number), number > 0);
    Compared {
        address: address::comparison(&record.id),
        when: locale.day_and_time(record.compared_at),
        receiver: locale.receiver(&record.route),
        range: range(locale, record.range),
        sent: thousands(counts.sent),
        received: thousands(counts.received),
        matched: thousands(counts.matched),
        missing: number(counts.missing),
        no_effect: number(counts.no_effect),
    }
}

/// The time of a range of ids.
pub(super) fn range(locale: Locale, range: IdRange) -> String {
    let [from, to] = [range.from, range.to].map(time_of);
    format!("{} - {}", locale.day_and_time(from), locale.near(to, from))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;
    use crate::zone::Zone;

    #[test]
    fn the_worst_is_said_first_and_what_was_sent_again_asks_nobody() {
        use Urgency::{Act, Fine, Look, Wait};
        let locale = Locale {
            language: Language::Ja,
            timezone: Zone::TOKYO,
        };
        let of =
            |[missing, sent_again, no_effect, exhausted]: [u64; 4], was_compared, is_overdue| {
                let counts = FindingCounts {
                    missing,
                    sent_again,
                    no_effect,
                };
                let known = Known {
                    counts,
                    exhausted,
                    was_compared,
                    is_overdue,
                };
                let said = sentences(known, true, locale);
                assert_eq!(state(known, locale).0, said[0].urgency);
                said.into_iter().map(|one| one.urgency).collect::<Vec<_>>()
            };
        assert_eq!(of([2, 1, 1, 1], true, true), [Act, Act, Look, Look, Wait]);
        assert_eq!(of([0, 1, 0, 0], true, false), [Wait]);
        assert_eq!(of([0, 0, 0, 0], true, false), [Fine]);
        assert_eq!(of([0, 0, 0, 0], false, false), [Look]);
        assert_eq!(of([0, 0, 0, 1], true, false), [Act]);
    }
}
