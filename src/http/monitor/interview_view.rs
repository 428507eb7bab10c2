//! Which interviews are shown and counted: what stands in the view's address.

use std::time::Duration;

use chrono::NaiveDate;

use super::visit::RELOAD;
use super::{address, form};
use crate::day;
use crate::http::request::Query;
use crate::interview::{InterviewFilter, InterviewStatus};
use crate::interview_stats::InterviewRange;
use crate::period::Period;
use crate::timestamp::Timestamp;
use crate::zone::Zone;

/// The word of a day that is not over, and of what waits for its record.
const TODAY: &str = "today";
const PAST_DUE: &str = "past_due";

/// The time that is looked at, when no days are given. As in the statistics, it goes on beyond now, but for today.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Span {
    Today,
    Week,
    #[default]
    Month,
}

impl Span {
    fn from_word(word: &str) -> Option<Self> {
        let all = [Self::Today, Self::Week, Self::Month];
        all.into_iter().find(|span| span.as_str() == word)
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Today => TODAY,
            Self::Week => Period::Week.as_str(),
            Self::Month => Period::Month.as_str(),
        }
    }
}

/// Which of them are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Tab {
    #[default]
    All,
    /// Planned, and their time is over.
    PastDue,
    Of(InterviewStatus),
}

impl Tab {
    fn from_word(word: &str) -> Option<Self> {
        match word {
            PAST_DUE => Some(Self::PastDue),
            word => InterviewStatus::from_word(word).map(Self::Of),
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::All => "",
            Self::PastDue => PAST_DUE,
            Self::Of(status) => status.as_str(),
        }
    }
}

/// What is looked at. What is not understood is left out, and said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct InterviewView {
    pub(super) span: Span,
    pub(super) tab: Tab,
    pub(super) facility: String,
    pub(super) department: String,
    pub(super) interview_type: String,
    pub(super) first: String,
    pub(super) last: String,
    /// Conditions that nobody knows, which are not used.
    pub(super) unknown: Vec<String>,
}

impl InterviewView {
    /// Takes it out of a query, of which everything else was taken.
    pub(super) fn of(mut query: Query) -> Self {
        let mut text = |name: &str| {
            query
                .take(name)
                .map_or_else(String::new, |t| t.trim().to_owned())
        };
        let (period, status) = (text("period"), text("status"));
        let (span, tab) = (Span::from_word(&period), Tab::from_word(&status));
        let words = [
            ("period", period, span.is_some()),
            ("status", status, tab.is_some()),
        ];
        let unknown = words
            .into_iter()
            .filter(|(_, word, known)| !word.is_empty() && !known);
        let unknown: Vec<String> = unknown
            .map(|(name, word, _)| format!("{name}={word}"))
            .collect();
        let mut view = Self {
            span: span.unwrap_or_default(),
            tab: tab.unwrap_or_default(),
            facility: text("facility"),
            department: text("department"),
            interview_type: text("type"),
            first: text("first"),
            last: text("last"),
            unknown,
        };
        query.take(RELOAD);
        view.unknown.extend(query.left());
        view
    }

    /// The same with others listed.
    pub(super) fn with(&self, tab: Tab) -> Self {
        Self {
            tab,
            ..self.clone()
        }
    }

    /// Whether nothing is left out but by the usual span.
    pub(super) fn is_plain(&self) -> bool {
        self.with(Tab::All) == Self::default()
    }

    /// The word of its status, to be carried by a form.
    pub(super) fn status(&self) -> &'static str {
        self.tab.as_str()
    }

    /// As a query.
    pub(super) fn query(&self) -> String {
        let period = match self.span {
            Span::Month => "",
            span => span.as_str(),
        };
        let fields = [
            ("period", period),
            ("status", self.tab.as_str()),
            ("facility", &self.facility),
            ("department", &self.department),
            ("type", &self.interview_type),
            ("first", &self.first),
            ("last", &self.last),
        ];
        let given = fields.into_iter().filter(|(_, value)| !value.is_empty());
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(given).finish()
    }

    /// Those of today.
    pub(super) fn of_today() -> Self {
        Self {
            span: Span::Today,
            ..Self::default()
        }
    }

    /// Those of the last month whose day is over, and that have no record of what came of them; none: the zone does not
    /// know today.
    pub(super) fn unrecorded(zone: Zone, now: Timestamp) -> Option<Self> {
        let (today, _) = day::today(now, zone)?;
        let [first, last] = [now.before(month()), today.before(Duration::from_millis(1))];
        let day = |at| zone.local(at).date().to_string();
        Some(Self {
            tab: Tab::PastDue,
            first: day(first),
            last: day(last),
            ..Self::default()
        })
    }

    /// Where it is shown.
    pub(super) fn address(&self) -> String {
        form::address(address::INTERVIEWS, &self.query())
    }

    /// Whether its days are days.
    pub(super) fn is_understood(&self, zone: Zone) -> bool {
        let is_day = |text: &str| text.is_empty() || moment(text, zone, day::end).is_some();
        is_day(&self.first) && is_day(&self.last)
    }

    fn span(&self, zone: Zone, now: Timestamp) -> (Timestamp, Option<Timestamp>) {
        let first = moment(&self.first, zone, day::start);
        let last = moment(&self.last, zone, day::end);
        match (first, last) {
            (Some(first), last) => (first, last),
            (None, Some(last)) => (last.before(month()), Some(last)),
            (None, None) => match self.span {
                Span::Today => {
                    let today = day::today(now, zone);
                    today.map_or((now, Some(now)), |(from, to)| (from, Some(to)))
                }
                Span::Week => (Period::Week.start(now), None),
                Span::Month => (Period::Month.start(now), None),
            },
        }
    }

    /// What is counted.
    pub(super) fn range(&self, zone: Zone, now: Timestamp) -> InterviewRange {
        let (from, to) = self.span(zone, now);
        InterviewRange {
            from,
            to,
            facility: given(&self.facility),
            department: given(&self.department),
            interview_type: given(&self.interview_type),
        }
    }

    /// Those that are listed.
    pub(super) fn records(&self, zone: Zone, now: Timestamp) -> InterviewFilter {
        let mut range = self.range(zone, now);
        let (status, to) = match self.tab {
            Tab::All => (None, range.to),
            // What is planned and whose time is over waits for its record.
            Tab::Of(InterviewStatus::Scheduled) => {
                range.from = range.from.max(now);
                (Some(InterviewStatus::Scheduled), range.to)
            }
            Tab::Of(status) => (Some(status), range.to),
            Tab::PastDue => {
                let before = now.before(Duration::from_millis(1));
                let to = range.to.map_or(before, |to| to.min(before));
                (Some(InterviewStatus::Scheduled), Some(to))
            }
        };
        InterviewFilter {
            from: Some(range.from),
            to,
            status,
            facility: range.facility,
            department: range.department,
            interview_type: range.interview_type,
        }
    }
}

/// Those of a range whose time is over; none: it has not begun.
pub(super) fn past(range: InterviewRange, now: Timestamp) -> Option<InterviewRange> {
    let before = now.before(Duration::from_millis(1));
    let to = range.to.map_or(before, |to| to.min(before));
    (range.from <= to).then_some(InterviewRange {
        to: Some(to),
        ..range
    })
}

fn month() -> Duration {
    Duration::from_hours(30 * 24)
}

fn given(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn moment(
    text: &str,
    zone: Zone,
    moment: fn(NaiveDate, Zone) -> Option<Timestamp>,
) -> Option<Timestamp> {
    moment(text.parse().ok()?, zone)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> InterviewView {
        InterviewView::of(Query::parse(Some(query)).unwrap())
    }

    #[test]
    fn what_stands_in_the_address_stands_in_its_links() {
        let text = "period=today&status=past_due&facility=f&department=d&type=%E5%AE%9A%E6%9C%9F&first=2025-10-26&last=2025-10-27";
        assert_eq!(read(text).query(), text);
        let unknown = read("period=30d&status=nonsense&x=y");
        assert_eq!(unknown.query(), "");
        assert_eq!(unknown.unknown, ["status=nonsense", "x"]);
        assert!(read("status=no_show").is_plain() && !read("period=7d").is_plain());
        assert!(!read("first=yesterday").is_understood(Zone::TOKYO));
    }

    #[test]
    fn a_count_and_its_list_are_of_the_same_time() {
        let now = Timestamp::parse("2025-10-27T03:00:00.000Z").unwrap();
        let range = |query: &str| {
            let range = read(query).range(Zone::TOKYO, now);
            (range.from.to_string(), range.to.map(|to| to.to_string()))
        };
        let at = |text: &str| text.to_owned();
        assert_eq!(range(""), (at("2025-09-27T03:00:00.000Z"), None));
        assert_eq!(
            range("period=today"),
            (
                at("2025-10-26T15:00:00.000Z"),
                Some(at("2025-10-27T14:59:59.999Z"))
            )
        );
        assert_eq!(
            range("first=2025-10-01&last=2025-10-01"),
            (
                at("2025-09-30T15:00:00.000Z"),
                Some(at("2025-10-01T14:59:59.999Z"))
            )
        );
        for query in ["", "period=today", "first=2025-10-01&last=2025-10-01"] {
            let view = read(query).with(Tab::PastDue);
            let over = past(view.range(Zone::TOKYO, now), now).unwrap();
            let listed = view.records(Zone::TOKYO, now);
            assert_eq!((Some(over.from), over.to), (listed.from, listed.to));
        }
        // Each that is planned is in one of two lists.
        let planned = InterviewStatus::Scheduled;
        let listed = read("").with(Tab::Of(planned)).records(Zone::TOKYO, now);
        assert_eq!((listed.from, listed.to), (Some(now), None));
        let unrecorded = InterviewView::unrecorded(Zone::TOKYO, now).unwrap();
        assert_eq!(
            unrecorded.query(),
            "status=past_due&first=2025-09-27&last=2025-10-26"
        );
        let to_come = read("first=2025-11-01");
        assert!(past(to_come.range(Zone::TOKYO, now), now).is_none());
    }
}
