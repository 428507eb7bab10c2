//! The view of interview records: the numbers of contract sections 6.2 and 6.4, each a door to its records.

use askama::Template;

use super::error::PageError;
use super::fit::{bytes, fit};
use super::form;
use super::frame::{self, Frame, View};
use super::interview_view::{self, InterviewView, Span, Tab};
use super::preview;
use super::reconciliation::Said;
use super::standing::Seen;
use super::urgency::Urgency;
use super::{Visit, address};
use crate::http::reply::Reply;
use crate::http::request::Query;
use crate::interview::{Interview, InterviewCursor, InterviewStatus, tenths_of_percent};
use crate::interview_stats::{InterviewCounts, InterviewStats};
use crate::kpi::INTERVIEWS_HELD;
use crate::language::Locale;
use crate::timestamp::Timestamp;
use crate::words::monitor::Frame as T;
use crate::words::monitor::deliveries::not_understood;
use crate::words::monitor::interviews::{self, Interviews as W};
use crate::words::monitor::now;
use crate::words::monitor::standing::Standing as S;
use crate::words::monitor::thousands;
use crate::zone::Zone;

/// Records of a page, at most.
const PAGE: usize = 30;
/// What they may take, what the types may, and what each list of suggestions may, in bytes.
const ROOM_OF_ROWS: usize = 12_000;
const ROOM_OF_TYPES: usize = 4_000;
const ROOM_OF_NAMES: usize = 1_000;
/// Types that are shown.
const TYPES: usize = 12;
/// Facilities and departments that are suggested.
const NAMES: u32 = 40;
/// At most so many tenths of a percent may find nobody.
const NO_SHOWS: u64 = 50;

#[derive(Template)]
#[template(path = "interviews.html")]
struct InterviewsPage<'a> {
    frame: &'a Frame,
    told: Option<String>,
    /// Conditions of the address that nobody knows.
    unknown: Option<String>,
    said: Said,
    filter: &'a InterviewView,
    numbers: Vec<Number>,
    types: Vec<TypeRow>,
    /// What fields of the filter suggest.
    names: [(&'static str, Vec<String>); 3],
    tabs: Vec<TabLink>,
    rows: Vec<Row>,
    next: Option<String>,
    at_most: String,
    zones: Vec<(&'static str, String)>,
    operates: bool,
}

/// One of the numbers.
struct Number {
    name: W,
    value: String,
    /// How much somebody should look, where there is a goal.
    urgency: Option<Urgency>,
    details: String,
    address: Option<String>,
}

/// The interviews of a type.
struct TypeRow {
    name: String,
    address: String,
    total: String,
    completed: String,
    rate: String,
}

/// A link to the same filter with another status.
pub(super) struct TabLink {
    pub(super) name: &'static str,
    pub(super) address: String,
    is_shown: bool,
    pub(super) count: u64,
}

/// A record in the list.
struct Row {
    date: String,
    name: String,
    employee_id: String,
    interview_type: String,
    urgency: Urgency,
    state: &'static str,
    place: String,
    reason: String,
}

impl Row {
    fn bytes(&self) -> usize {
        let texts = [
            &*self.date,
            &self.name,
            &self.employee_id,
            &self.interview_type,
        ];
        let more = [self.state, &*self.place, &self.reason];
        170 + bytes(texts.into_iter().chain(more))
    }
}

impl TypeRow {
    fn bytes(&self) -> usize {
        250 + bytes([&*self.name, &self.address])
    }
}

/// `GET /monitor/interviews`
///
/// # Errors
/// The store's.
pub(super) async fn show(visit: Visit<'_>) -> Result<Reply, PageError> {
    let (api, locale) = (visit.api, visit.locale);
    let mut query = Query::parse(visit.head.uri.query())?;
    let mut told = preview::done(&visit);
    let after = query.take("cursor").as_deref().and_then(read_cursor);
    let mut filter = InterviewView::of(query);
    let unknown = not_understood(&filter.unknown, locale);
    let now = api.clock.now();
    if !filter.is_understood(locale.timezone) {
        filter = InterviewView::default();
        told = Some(locale.phrase(W::NoDay).to_owned());
    }
    let range = filter.range(locale.timezone, now);
    let (counted, _) = api.store.interview_statistics(range.clone(), 0).await?;
    let past = match interview_view::past(range, now) {
        Some(past) => api.store.interview_statistics(past, 0).await?.0,
        None => InterviewStats::default(),
    };
    let wanted = filter.records(locale.timezone, now);
    let (records, next) = api.store.interviews(wanted, after, PAGE).await?;
    let mut rows: Vec<Row> = records
        .iter()
        .map(|one| row(locale, &one.interview, now))
        .collect();
    let next = match fit(&mut rows, ROOM_OF_ROWS, Row::bytes) {
        0 => next,
        _ => records.get(rows.len() - 1).map(|last| InterviewCursor {
            date: last.interview.date,
            seq: last.seq,
        }),
    };
    let places = api.store.interview_places(NAMES).await?;
    let mut types = types(locale, &counted, &filter);
    fit(&mut types, ROOM_OF_TYPES, TypeRow::bytes);
    let seen = Seen::of(&visit).await?;
    let title = locale.phrase(W::Title);
    let frame = Frame::of(&visit, View::Interviews, title, &seen);
    let page = InterviewsPage {
        told,
        unknown,
        said: said(locale, &counted.total, &past.total, &filter),
        numbers: numbers(locale, &counted.total, &past.total, &filter),
        names: [
            ("facilities", places.facilities),
            ("departments", places.departments),
            ("types", counted.by_type.keys().cloned().collect()),
        ]
        .map(|(list, mut names)| {
            fit(&mut names, ROOM_OF_NAMES, |name| 25 + bytes([&**name]));
            (list, names)
        }),
        types,
        tabs: tabs(locale, &counted.total, &past.total, &filter),
        rows,
        next: next.map(|next| {
            let cursor = format!("cursor={}-{}", next.date.unix_ms(), next.seq);
            let query = filter.query();
            let separator = if query.is_empty() { "" } else { "&" };
            form::address(address::INTERVIEWS, &format!("{query}{separator}{cursor}"))
        }),
        at_most: preview::at_most(locale),
        zones: zones(locale),
        operates: visit.operates(),
        filter: &filter,
        frame: &frame,
    };
    frame::view(&visit, &frame, &page)
}

fn read_cursor(text: &str) -> Option<InterviewCursor> {
    let (date, seq) = text.split_once('-')?;
    Some(InterviewCursor {
        date: Timestamp::from_unix_ms(date.parse().ok()?),
        seq: seq.parse().ok()?,
    })
}

/// The zones that times of a file can be of, the clinic's first: name in the form, and as it is shown.
fn zones(locale: Locale) -> Vec<(&'static str, String)> {
    let own = locale.timezone;
    let mut zones = vec![own];
    zones.extend(Zone::named("UTC").filter(|utc| *utc != own));
    let shown = |zone: Zone| match zone.name() {
        "UTC" => locale.phrase(W::ZoneUtc).to_owned(),
        _ if zone == Zone::TOKYO => locale.phrase(W::ZoneJapan).to_owned(),
        name => name.to_owned(),
    };
    zones
        .into_iter()
        .map(|zone| (zone.name(), shown(zone)))
        .collect()
}

fn said(
    locale: Locale,
    counted: &InterviewCounts,
    past: &InterviewCounts,
    filter: &InterviewView,
) -> Said {
    let of = |urgency, text: String, next: Option<W>| Said {
        urgency,
        text,
        next: next.map(|next| locale.phrase(next)),
    };
    if past.scheduled > 0 {
        let told = interviews::past_due(past.scheduled, locale.language);
        return of(Urgency::Look, told, Some(W::PastDueNext));
    }
    if counted.total == 0 {
        let (urgency, next) = if filter.is_plain() {
            (Urgency::Begin, Some(W::EmptyNext))
        } else {
            (Urgency::Fine, None)
        };
        return of(urgency, locale.phrase(W::Empty).to_owned(), next);
    }
    of(Urgency::Fine, locale.phrase(W::Fine).to_owned(), None)
}

/// Percent with one decimal; a dash where there is nothing to count.
fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "-".to_owned();
    }
    let tenths = tenths_of_percent(part, whole);
    format!("{}.{} %", tenths / 10, tenths % 10)
}

fn numbers(
    locale: Locale,
    counted: &InterviewCounts,
    past: &InterviewCounts,
    filter: &InterviewView,
) -> Vec<Number> {
    let language = locale.language;
    let share = |part: u64, whole: u64| match whole {
        0 => String::new(),
        whole => now::part(&thousands(part), &thousands(whole), language),
    };
    let with_goal = |share: String, goal: String| {
        if share.is_empty() {
            goal
        } else {
            format!("{share}, {goal}")
        }
    };
    let judged = |is_met: bool| {
        let judged = if is_met { Urgency::Fine } else { Urgency::Look };
        (counted.total > 0).then_some(judged)
    };
    let is_empty = counted.total == 0;
    let door = |status| (!is_empty).then(|| filter.with(Tab::Of(status)).address());
    let no_show = tenths_of_percent(counted.no_show, counted.total);
    let held = tenths_of_percent(counted.completed, counted.total);
    let took_place = past.completed + past.no_show + past.scheduled;
    let goal_held = now::at_least(INTERVIEWS_HELD, "%", language);
    let goal_no_show = now::at_most(NO_SHOWS / 10, "%", language);
    vec![
        Number {
            name: W::Rate,
            value: percent(counted.completed, counted.total),
            urgency: judged(held >= INTERVIEWS_HELD * 10),
            details: with_goal(share(counted.completed, counted.total), goal_held),
            address: door(InterviewStatus::Completed),
        },
        Number {
            name: W::PastRate,
            value: percent(past.completed, took_place),
            urgency: None,
            details: share(past.completed, took_place),
            address: None,
        },
        Number {
            name: W::NoShowRate,
            value: percent(counted.no_show, counted.total),
            urgency: judged(no_show <= NO_SHOWS),
            details: with_goal(share(counted.no_show, counted.total), goal_no_show),
            address: door(InterviewStatus::NoShow),
        },
        Number {
            name: W::Mean,
            value: match counted.timed {
                0 => "-".to_owned(),
                _ => interviews::minutes(counted.mean_minutes(1), language),
            },
            urgency: None,
            details: String::new(),
            address: None,
        },
        Number {
            name: W::Synced,
            value: percent(counted.synced, counted.total),
            urgency: None,
            details: share(counted.synced, counted.total),
            address: None,
        },
    ]
}

fn types(locale: Locale, counted: &InterviewStats, filter: &InterviewView) -> Vec<TypeRow> {
    let rows = counted.by_type.iter().take(TYPES).map(|(name, counts)| {
        let of_type = InterviewView {
            interview_type: name.clone(),
            ..filter.with(Tab::All)
        };
        TypeRow {
            name: name.clone(),
            address: of_type.address(),
            total: interviews::matched(counts.total, locale.language),
            completed: interviews::matched(counts.completed, locale.language),
            rate: percent(counts.completed, counts.total),
        }
    });
    rows.collect()
}

/// All of them, and those of each status.
pub(super) fn tabs(
    locale: Locale,
    counted: &InterviewCounts,
    past: &InterviewCounts,
    filter: &InterviewView,
) -> Vec<TabLink> {
    use InterviewStatus::{Cancelled, Completed, NoShow, Rescheduled, Scheduled};
    let to_come = counted.scheduled.saturating_sub(past.scheduled);
    let tabs = [
        (Tab::All, W::All, counted.total),
        (Tab::PastDue, W::PastDue, past.scheduled),
        (Tab::Of(Scheduled), W::ToCome, to_come),
        (Tab::Of(Completed), W::Completed, counted.completed),
        (Tab::Of(NoShow), W::NoShow, counted.no_show),
        (Tab::Of(Cancelled), W::Cancelled, counted.cancelled),
        (Tab::Of(Rescheduled), W::Rescheduled, counted.rescheduled),
    ];
    let links = tabs.map(|(tab, name, count)| TabLink {
        name: locale.phrase(name),
        address: filter.with(tab).address(),
        is_shown: filter.tab == tab,
        count,
    });
    links.into()
}

fn row(locale: Locale, interview: &Interview, now: Timestamp) -> Row {
    use InterviewStatus::{Cancelled, Completed, NoShow, Rescheduled, Scheduled};
    let (urgency, state) = match interview.status {
        Scheduled if interview.date < now => (Urgency::Look, locale.phrase(W::PastDue)),
        status => {
            let urgency = match status {
                Scheduled => Urgency::Begin,
                Completed => Urgency::Fine,
                Cancelled | Rescheduled => Urgency::Off,
                NoShow => Urgency::Look,
            };
            (urgency, locale.interview_status(status))
        }
    };
    let place = [&interview.facility_id, &interview.department_id];
    let place: Vec<&str> = place.into_iter().flatten().map(String::as_str).collect();
    Row {
        date: locale.day_and_time(interview.date),
        name: interview.employee_name.clone().unwrap_or_default(),
        employee_id: interview.employee_id.clone(),
        interview_type: interview.interview_type.clone(),
        urgency,
        state,
        place: place.join(" / "),
        reason: interview.status_reason.clone().unwrap_or_default(),
    }
}
