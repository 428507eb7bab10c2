//! The counts of a range in rows: by day, by event type or by route (contract, section 8).

use crate::send_stats::SendCounts;
use crate::timestamp::Timestamp;
use crate::zone::Zone;

/// What makes a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The day of the first send, where the clinic is.
    Day,
    /// The name of the event.
    Type,
    /// The route that the last attempt took.
    Route,
}

impl By {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::Day, Self::Type, Self::Route];

    /// The word of the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Type => "type",
            Self::Route => "route",
        }
    }

    /// What `word` names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|by| by.as_str() == word)
    }
}

/// Which counts are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakdownQuestion {
    /// Deliveries whose first send lies at this moment or later.
    pub from: Timestamp,
    /// And at this moment or earlier.
    pub to: Timestamp,
    /// What makes a row.
    pub by: By,
    /// Where a day is a day.
    pub zone: Zone,
    /// Days that are still to come have no row.
    pub now: Timestamp,
}

/// The counts of a range, all of it at one moment: the rows add up to the total.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SendBreakdown {
    /// By name, in the order of names. Each day has a row, from the first that anything is kept of; a type or route has
    /// one when anything was sent.
    pub rows: Vec<(String, SendCounts)>,
    /// All of the range.
    pub total: SendCounts,
}
