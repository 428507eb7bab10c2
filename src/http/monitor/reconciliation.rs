//! The view of comparisons with VoiceDrive: what is missing now, what was confirmed, and a file to compare
//! (contract, sections 4.7 and 12.1).

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::Arc;

use askama::Template;
use chrono::NaiveDate;
use tokio::task::spawn_blocking;

use super::beside::Beside;
use super::error::PageError;
use super::frame::{self, Frame, View};
use super::missing::{self, FindingRow, NAMED};
use super::standing::Seen;
use super::upload::{Upload, UploadError};
use super::urgency::Urgency;
use super::{Visit, address};
use crate::confirmed_range::ConfirmedRange;
use crate::day;
use crate::http::api::reconcile;
use crate::http::reply::{ApiError, Reply};
use crate::import::id_list;
use crate::incident::Kind;
use crate::language::Locale;
use crate::reconciliation::comparison::Question;
use crate::reconciliation::ledger::{ComparisonRecord, FindingCounts, FindingsFilter};
use crate::reconciliation::received::Received;
use crate::reconciliation::{IdRange, time_of};
use crate::timestamp::Timestamp;
use crate::words::monitor::Frame as T;
use crate::words::monitor::reconciliation::{self, Reconciliation as W};
use crate::words::monitor::standing::Standing as S;
use crate::words::monitor::thousands;
use crate::words::monitor::upload;
use uuid::Uuid;

/// The longest file, in bytes: as long as the command takes it.
const LONGEST: u64 = 64 * 1024 * 1024;
const MIB: u64 = 1024 * 1024;
/// Comparisons that are listed: a month, when there is one each day.
const LISTED: usize = 31;

#[derive(Template)]
#[template(path = "reconciliation.html")]
struct ReconciliationPage<'a> {
    frame: &'a Frame,
    told: Option<String>,
    said: Said,
    others: Vec<Said>,
    resend: Option<(&'static str, String)>,
    receivers: Vec<Receiver>,
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
    let receivers = receivers(&visit, &seen, &findings.by_route).await?;
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
    let left = all - findings.named.len() as u64;
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
        findings: missing::rows(locale, &findings.named),
        left: (left > 0).then(|| reconciliation::more(left, locale.language)),
        history: history
            .iter()
            .map(|record| compared(locale, record))
            .collect(),
        routes: counted(&visit),
        at_most: upload::at_most(LONGEST / MIB, locale.language),
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

/// `POST /monitor/reconcile`
///
/// # Errors
/// `Upload` for a file that is no list, `Contradicts` for a range that is none, or the store's; nothing was changed then.
pub(super) async fn compare(mut visit: Visit<'_>) -> Result<Reply, PageError> {
    let api = visit.api;
    // The list was made before it began to come.
    let began = api.clock.now();
    let refused = |error| PageError::Upload(error, address::RECONCILE);
    let mut upload = Upload::read(&mut visit, LONGEST).await.map_err(refused)?;
    let asked = Asked::of(&visit, &mut upload)?;
    let Upload { file, name, .. } = upload;
    let list = received(&visit, file, &name).await?;
    let question = Question::of(asked.routes, asked.range, asked.made_at, list, began);
    let question = question.map_err(|error| {
        let told = visit.locale.range_error(error).to_owned();
        refused(UploadError::NotUnderstood(told))
    })?;
    let question = Arc::new(question);
    let moment = api.clock.moment();
    let found = reconcile::look(api, &question, moment).await?;
    let id = reconcile::keep(api, &question, &found, moment).await?;
    let beside = Beside::of(name, &found);
    visit.shared.compared.put(&id, moment.monotonic, beside);
    Ok(super::redirect(&address::comparison(&id)))
}

/// What the form says beside the file.
struct Asked {
    routes: Vec<String>,
    range: (Option<Timestamp>, Option<Timestamp>),
    made_at: Option<Timestamp>,
}

impl Asked {
    fn of(visit: &Visit<'_>, upload: &mut Upload) -> Result<Self, PageError> {
        let locale = visit.locale;
        let zone = locale.timezone;
        let refused = |why: W| PageError::Contradicts(locale.phrase(why).to_owned());
        let counted = &visit.api.routes.counted;
        let routes = match upload.take("route") {
            None => counted.clone(),
            Some(route) if counted.contains(&route) => vec![route],
            Some(_) => return Err(refused(W::NoRoute)),
        };
        let mut day =
            |name: &str, moment: fn(NaiveDate, crate::zone::Zone) -> Option<Timestamp>| {
                let text = upload.take(name);
                let read = text.map(|text| moment(text.parse().ok()?, zone).ok_or(()).ok());
                read.map(|day| day.ok_or_else(|| refused(W::WrongDay)))
                    .transpose()
            };
        let first = day("first", day::start)?;
        let last = day("last", day::end)?;
        // Up to the beginning of the next day.
        let last = last.map(|last| last.after(std::time::Duration::from_millis(1)));
        let made_at = upload.take("made").map(|text| {
            let shown = text.parse().ok()?;
            zone.moment(shown)
        });
        let made_at = made_at
            .map(|at| at.ok_or_else(|| refused(W::WrongMoment)))
            .transpose()?;
        Ok(Self {
            routes,
            range: (first, last),
            made_at,
        })
    }
}

async fn received(visit: &Visit<'_>, file: File, name: &str) -> Result<Vec<Received>, PageError> {
    let read = spawn_blocking(move || id_list::read_open(file)).await;
    let read = read.map_err(|_| ApiError::Internal)?;
    let language = visit.locale.language;
    read.map_err(|why| {
        let told = upload::not_understood(name, &why.describe(language), language);
        PageError::Upload(UploadError::NotUnderstood(told), address::RECONCILE)
    })
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
