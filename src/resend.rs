//! The results of a resend, and the events that a bulk resend selects.

use std::collections::BTreeMap;

use crate::timestamp::Timestamp;
use crate::zone::Zone;

/// What a resend found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resend {
    /// No event has this id.
    Unknown,
    /// The event is due now, with a fresh budget.
    Opened,
    /// The same, and a retry is under way at this moment: when it succeeds, nothing more is sent.
    UnderWay,
    /// The event waits for its first attempt anyway.
    Waiting,
    /// The data of its person were erased: there is nothing to send.
    Erased,
    /// More would follow it than is sent without a word; nothing was changed.
    TailTooLong,
}

impl Resend {
    /// Whether the event is sent again.
    #[must_use]
    pub fn is_done(self) -> bool {
        match self {
            Self::Opened | Self::UnderWay | Self::Waiting => true,
            Self::Unknown | Self::Erased | Self::TailTooLong => false,
        }
    }
}

/// What a resend found, and what comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resent {
    /// The event's place in the order of acceptance; none: there is no such event.
    pub seq: Option<i64>,
    /// What it found.
    pub resend: Resend,
    /// How many later events of the same person are sent again after it, or would be.
    pub follows: u64,
}

/// What is sent again after several events that are sent again together, beside themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Following {
    /// How many later events of the same persons.
    pub all: u64,
    /// Of the person with the most of them, so many.
    pub longest: u64,
}

impl Following {
    /// Adds what follows of one more person.
    pub fn add(&mut self, follows: u64) {
        self.all += follows;
        self.longest = self.longest.max(follows);
    }
}

/// An event that a bulk resend selects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its place in the order of acceptance.
    pub seq: i64,
    /// Its id.
    pub id: String,
    /// Its name.
    pub event_type: String,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// The staff id of the person it is about.
    pub staff_id: Option<String>,
    /// The route that was decided at acceptance.
    pub route: String,
}

/// A page of the events that a bulk resend selects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResendPage {
    /// The events, in the order in which they are found.
    pub events: Vec<Candidate>,
    /// The last one, after which the next page begins; none: this was the last page.
    pub next: Option<Candidate>,
    /// How many later events of the same persons are sent again after them, beside those that are selected.
    pub follows: u64,
    /// How many follow the one that most follow.
    pub longest_tail: u64,
}

/// Counts of the events that a bulk resend selects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All of it.
    pub matched: u64,
    /// How many later events of the same persons are sent again after them, beside those that are selected.
    pub follows: u64,
    /// How many follow the one that most follow.
    pub longest_tail: u64,
    /// By the events' names.
    pub by_type: BTreeMap<String, u64>,
    /// By the day of acceptance, such as `2025-10-26`.
    pub by_day: BTreeMap<String, u64>,
}

impl Tally {
    /// Counts an event, whose day is that of the clock of `zone`.
    pub fn add(&mut self, event: &Candidate, zone: Zone) {
        self.matched += 1;
        let day = zone.local(event.accepted_at).date().to_string();
        *self.by_day.entry(day).or_default() += 1;
        *self.by_type.entry(event.event_type.clone()).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_counted_by_name_and_by_the_clinics_day() {
        let mut tally = Tally::default();
        for (event_type, at) in [
            ("a", "2025-10-25T14:59:59.999Z"),
            ("b", "2025-10-25T15:00:00.000Z"),
            ("a", "2025-10-26T14:59:59.999Z"),
        ] {
            let event = Candidate {
                seq: 1,
                id: String::new(),
                event_type: event_type.to_owned(),
                accepted_at: Timestamp::parse(at).unwrap(),
                staff_id: None,
                route: String::new(),
            };
            tally.add(&event, Zone::TOKYO);
        }
        let counted = |counts: &[(&str, u64)]| -> BTreeMap<String, u64> {
            counts
                .iter()
                .map(|(name, n)| ((*name).to_owned(), *n))
                .collect()
        };
        assert_eq!(tally.matched, 3);
        assert_eq!(tally.by_type, counted(&[("a", 2), ("b", 1)]));
        assert_eq!(
            tally.by_day,
            counted(&[("2025-10-25", 1), ("2025-10-26", 2)])
        );
    }
}
