//! Which deliveries a list shows: what stands in its address, and so in every link to it.

use chrono::NaiveDate;

use super::visit::RELOAD;
use crate::day;
use crate::event::Status;
use crate::event_record::EventFilter;
use crate::http::request::Query;
use crate::period::Period;
use crate::timestamp::Timestamp;
use crate::zone::Zone;

/// Matches are counted up to this number.
pub(super) const COUNTED: usize = 1000;

/// Which deliveries are meant, as a form says it. What is not understood is left out, and said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filter {
    pub(super) status: Option<Status>,
    pub(super) event_type: String,
    pub(super) staff_id: String,
    pub(super) route: String,
    /// The span that ends now; the days come before it.
    pub(super) period: Option<Period>,
    /// The first and the last day, as they are typed.
    pub(super) first: String,
    pub(super) last: String,
    /// Conditions that nobody knows, which are not used.
    pub(super) unknown: Vec<String>,
}

impl Filter {
    /// Takes it out of a query or a form, of which `take` gives the fields.
    pub(super) fn read(mut take: impl FnMut(&str) -> Option<String>) -> Self {
        let mut text = |name: &str| take(name).map_or_else(String::new, |t| t.trim().to_owned());
        let (status, period) = (text("status"), text("period"));
        let (known_status, known_period) = (Status::from_word(&status), Period::from_word(&period));
        let words = [
            ("status", status, known_status.is_some()),
            ("period", period, known_period.is_some()),
        ];
        let unknown = words
            .into_iter()
            .filter(|(_, word, known)| !word.is_empty() && !known);
        Self {
            unknown: unknown
                .map(|(name, word, _)| format!("{name}={word}"))
                .collect(),
            status: known_status,
            event_type: text("eventType"),
            staff_id: text("staffId"),
            route: text("route"),
            period: known_period,
            first: text("first"),
            last: text("last"),
        }
    }

    /// The same of a query, of which everything else was taken.
    pub(super) fn of(mut query: Query) -> Self {
        let mut filter = Self::read(|name| query.take(name));
        query.take(RELOAD);
        filter.unknown.extend(query.left());
        filter
    }

    /// The same with this status.
    pub(super) fn with_status(&self, status: Option<Status>) -> Self {
        Self {
            status,
            ..self.clone()
        }
    }

    /// Everything about one person.
    pub(super) fn of_person(staff_id: &str) -> Self {
        Self {
            staff_id: staff_id.to_owned(),
            ..Self::default()
        }
    }

    /// Whether it has nothing but a status.
    pub(super) fn is_plain(&self) -> bool {
        self.with_status(None) == Self::default()
    }

    /// The fields that are set, by their names.
    pub(super) fn fields(&self) -> Vec<(&'static str, &str)> {
        let fields = [
            ("status", self.status.map_or("", Status::as_str)),
            ("eventType", &self.event_type),
            ("staffId", &self.staff_id),
            ("route", &self.route),
            ("period", self.period.map_or("", Period::as_str)),
            ("first", &self.first),
            ("last", &self.last),
        ];
        fields
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .collect()
    }

    /// As a query.
    pub(super) fn query(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.fields()).finish()
    }

    /// The events that it means, of these routes only if there are any; `None`: a day is none.
    pub(super) fn events(
        &self,
        zone: Zone,
        now: Timestamp,
        routes: Option<Vec<String>>,
    ) -> Option<EventFilter> {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let day = |text: &str, moment: fn(NaiveDate, Zone) -> Option<Timestamp>| match text {
            "" => Some(None),
            text => text
                .parse()
                .ok()
                .and_then(|day| moment(day, zone))
                .map(Some),
        };
        let (first, last) = (day(&self.first, day::start)?, day(&self.last, day::end)?);
        let of_period = self.period.map(|period| period.start(now));
        Some(EventFilter {
            status: self.status,
            event_type: given(&self.event_type),
            staff_id: given(&self.staff_id),
            route: given(&self.route),
            routes,
            since: first.or(of_period.filter(|_| last.is_none())),
            until: last,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Filter {
        Filter::of(Query::parse(Some(query)).unwrap())
    }

    #[test]
    fn what_stands_in_an_address_stands_in_its_links() {
        let text = "status=exhausted&eventType=a.b&staffId=E%261&route=r&period=7d&first=2025-10-26&last=2025-10-27";
        assert_eq!(read(text).query(), text);
        let without = read(text).with_status(None).query();
        assert!(
            without.starts_with("eventType=a.b&staffId=E%261"),
            "{without}"
        );
        assert!(read("status=exhausted").is_plain() && !read("route=r").is_plain());
        let unknown = read("status=nonsense&x=y&period=99d&reload=1");
        assert_eq!(unknown.unknown, ["status=nonsense", "period=99d", "x"]);
        assert_eq!((unknown.query().as_str(), unknown.is_plain()), ("", false));
    }

    #[test]
    fn days_are_those_of_the_clinic_and_come_before_a_period() {
        let now = Timestamp::parse("2025-10-27T12:00:00.000Z").unwrap();
        let range = |query: &str| {
            let found = read(query).events(Zone::TOKYO, now, None)?;
            Some([found.since, found.until].map(|at| at.map(|at| at.to_string())))
        };
        let at = |text: &str| Some(text.to_owned());
        assert_eq!(
            range("first=2025-10-26&last=2025-10-26&period=24h"),
            Some([
                at("2025-10-25T15:00:00.000Z"),
                at("2025-10-26T14:59:59.999Z")
            ])
        );
        assert_eq!(
            range("period=24h"),
            Some([at("2025-10-26T12:00:00.000Z"), None])
        );
        assert_eq!(
            range("last=2025-10-26&period=24h"),
            Some([None, at("2025-10-26T14:59:59.999Z")])
        );
        assert_eq!(range("first=yesterday"), None);
    }
}
