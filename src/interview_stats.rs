//! Counts of interviews (contract, sections 6.2 and 6.4), and what a record changes in them.

use std::collections::BTreeMap;

use crate::interview::{Interview, InterviewStatus};
use crate::timestamp::Timestamp;

/// Which interviews are counted.
#[derive(Clone, Debug)]
pub struct InterviewRange {
    /// Those that take place at this moment or later.
    pub from: Timestamp,
    /// And at this moment or earlier; none: coming ones too, however far ahead.
    pub to: Option<Timestamp>,
    /// And at this facility only.
    pub facility: Option<String>,
    /// And of this department only.
    pub department: Option<String>,
    /// And of this type only.
    pub interview_type: Option<String>,
}

impl InterviewRange {
    /// The last moment that belongs to it.
    #[must_use]
    pub fn last(&self) -> Timestamp {
        self.to.unwrap_or(Timestamp::from_unix_ms(i64::MAX))
    }
}

/// Where interviews take place: names that can be asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InterviewPlaces {
    /// In the order of their names, as the next ones.
    pub facilities: Vec<String>,
    /// Of all facilities.
    pub departments: Vec<String>,
}

/// The interviews of one type, or all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InterviewCounts {
    /// All of them.
    pub total: u64,
    /// Those with status `completed`.
    pub completed: u64,
    /// Those with status `scheduled`.
    pub scheduled: u64,
    /// Those with status `cancelled`.
    pub cancelled: u64,
    /// Those with status `no_show`.
    pub no_show: u64,
    /// Those with status `rescheduled`.
    pub rescheduled: u64,
    /// Those with an id at VoiceDrive.
    pub synced: u64,
    /// Completed ones whose duration is known.
    pub timed: u64,
    /// The sum of their durations, in minutes.
    pub minutes: u64,
}

impl InterviewCounts {
    /// The mean duration in units of `1 / parts` minutes, rounded half up; 0 when none is known.
    #[must_use]
    pub fn mean_minutes(&self, parts: u64) -> u64 {
        (self.minutes * parts * 2 + self.timed)
            .checked_div(self.timed * 2)
            .unwrap_or(0)
    }
}

impl From<InterviewChange> for InterviewCounts {
    /// The counts that changes add up to. Nothing falls below zero, as in [`crate::send_stats::SendCounts`].
    fn from(sum: InterviewChange) -> Self {
        let count = |sum: i64| u64::try_from(sum).unwrap_or(0);
        let mut counts = Self {
            total: 0,
            completed: count(sum.completed),
            scheduled: count(sum.scheduled),
            cancelled: count(sum.cancelled),
            no_show: count(sum.no_show),
            rescheduled: count(sum.rescheduled),
            synced: count(sum.synced),
            timed: count(sum.timed),
            minutes: count(sum.minutes),
        };
        counts.total = counts.completed
            + counts.scheduled
            + counts.cancelled
            + counts.no_show
            + counts.rescheduled;
        counts
    }
}

/// What one interview, or many, change in the counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InterviewChange {
    /// See [`InterviewCounts`], like the fields after it.
    pub scheduled: i64,
    /// With status `completed`.
    pub completed: i64,
    /// With status `cancelled`.
    pub cancelled: i64,
    /// With status `no_show`.
    pub no_show: i64,
    /// With status `rescheduled`.
    pub rescheduled: i64,
    /// With an id at VoiceDrive.
    pub synced: i64,
    /// Completed, with a duration.
    pub timed: i64,
    /// The sum of their durations, in minutes.
    pub minutes: i64,
}

impl InterviewChange {
    /// The changes that an interview makes in the counts.
    #[must_use]
    pub fn of(interview: &Interview) -> Self {
        let is = |status| i64::from(interview.status == status);
        let completed = interview.status == InterviewStatus::Completed;
        let minutes = interview.duration_minutes.filter(|_| completed);
        Self {
            scheduled: is(InterviewStatus::Scheduled),
            completed: is(InterviewStatus::Completed),
            cancelled: is(InterviewStatus::Cancelled),
            no_show: is(InterviewStatus::NoShow),
            rescheduled: is(InterviewStatus::Rescheduled),
            synced: i64::from(interview.voicedrive_sync_id.is_some()),
            timed: i64::from(minutes.is_some()),
            minutes: i64::from(minutes.unwrap_or(0)),
        }
    }

    /// Adds other changes, or with a `sign` of -1 takes them away.
    pub fn add(&mut self, other: &Self, sign: i64) {
        self.scheduled += sign * other.scheduled;
        self.completed += sign * other.completed;
        self.cancelled += sign * other.cancelled;
        self.no_show += sign * other.no_show;
        self.rescheduled += sign * other.rescheduled;
        self.synced += sign * other.synced;
        self.timed += sign * other.timed;
        self.minutes += sign * other.minutes;
    }

    /// How many interviews more or less there are.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.scheduled + self.completed + self.cancelled + self.no_show + self.rescheduled
    }
}

/// One consistent picture of the interviews of a range.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InterviewStats {
    /// All types together.
    pub total: InterviewCounts,
    /// Each type.
    pub by_type: BTreeMap<String, InterviewCounts>,
}

/// An interview that was rescheduled from another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rescheduled {
    /// Its id.
    pub id: String,
    /// The other one's.
    pub origin: String,
    /// When it takes place.
    pub date: Timestamp,
}

/// What VoiceDrive's page shows of a range: counts, and some of the interviews by name.
#[derive(Clone, Debug, Default)]
pub struct InterviewReport {
    /// All of the range.
    pub counted: InterviewStats,
    /// The latest that were completed.
    pub completed: Vec<Interview>,
    /// The earliest that are still to come, or were not settled.
    pub pending: Vec<Interview>,
    /// The latest that were missed or cancelled.
    pub missed: Vec<Interview>,
}

/// How many interviews of each list an [`InterviewReport`] names.
#[derive(Clone, Copy, Debug)]
pub struct ReportLimits {
    /// Of the completed.
    pub completed: u32,
    /// Of each of the other two.
    pub others: u32,
}

impl ReportLimits {
    /// What VoiceDrive's page shows.
    pub const OF_THE_PAGE: Self = Self {
        completed: 5,
        others: 50,
    };
}

/// How many of the newest rescheduled interviews are named beside the counts.
pub const RECENTLY_RESCHEDULED: u32 = 10;
