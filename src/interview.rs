//! An interview record: what the staff system knows of a 面談.

pub mod field;
pub mod field_error;

use crate::timestamp::Timestamp;

/// The longest id or name, in characters: the width of the shared `MySQL` columns.
pub const MAX_CHARACTERS: usize = 191;
/// The longest interview, in minutes: a day.
pub const MAX_MINUTES: u32 = 1440;
/// The longest record of a file, in bytes of JSON; none comes near it.
pub const ROW_BYTES: usize = 1024 * 1024;
/// Words that stand in the place of an id in paths, and so are none.
pub const RESERVED_IDS: [&str; 2] = ["completion-stats", "batch"];

/// One record (contract, section 4.5).
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::struct_field_names, reason = "the contract says interviewType")]
pub struct Interview {
    /// The staff system's id.
    pub id: String,
    /// The employee's id.
    pub employee_id: String,
    /// The employee's name.
    pub employee_name: Option<String>,
    /// The interviewer's id.
    pub interviewer_id: Option<String>,
    /// Such as `regular` or `support`.
    pub interview_type: String,
    /// When it takes place.
    pub date: Timestamp,
    /// What has become of it.
    pub status: InterviewStatus,
    /// How long it took, in minutes.
    pub duration_minutes: Option<u32>,
    /// Its id at VoiceDrive, when it is known there.
    pub voicedrive_sync_id: Option<String>,
    /// The interview that it was rescheduled from.
    pub rescheduled_from_id: Option<String>,
    /// The facility's id.
    pub facility_id: Option<String>,
    /// The department's id.
    pub department_id: Option<String>,
    /// When it was completed.
    pub completed_at: Option<Timestamp>,
    /// Why it was cancelled, for example.
    pub status_reason: Option<String>,
}

/// What has become of an interview.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InterviewStatus {
    /// It is to take place.
    Scheduled,
    /// It took place.
    Completed,
    /// It was cancelled.
    Cancelled,
    /// Nobody came.
    NoShow,
    /// It was rescheduled: another record takes its place.
    Rescheduled,
}

impl InterviewStatus {
    /// Every status.
    pub const ALL: [Self; 5] = [
        Self::Scheduled,
        Self::Completed,
        Self::Cancelled,
        Self::NoShow,
        Self::Rescheduled,
    ];

    /// The word in tables and in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::NoShow => "no_show",
            Self::Rescheduled => "rescheduled",
        }
    }

    /// The status that `word` names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == word)
    }
}

/// Whether `text` can be an id: 1 to 191 characters, none of them a control character.
#[must_use]
pub fn is_id(text: &str) -> bool {
    !text.is_empty()
        && text.chars().count() <= MAX_CHARACTERS
        && !text.chars().any(char::is_control)
        && !RESERVED_IDS.contains(&text)
}

/// The minutes that a text says: a whole number from 0 to a day's, behind which a point with zeros may stand, as
/// spreadsheets and JSON writers put it there.
#[must_use]
pub fn minutes(text: &str) -> Option<u32> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_whole = !fraction.is_empty() && fraction.bytes().all(|digit| digit == b'0');
    let minutes = whole.parse().ok().filter(|_| is_whole)?;
    (minutes <= MAX_MINUTES).then_some(minutes)
}

/// Percent with one decimal, half up: tenths of a percent as a whole number. 0 when there is no row.
#[must_use]
pub fn tenths_of_percent(part: u64, total: u64) -> u64 {
    (part * 2000 + total).checked_div(total * 2).unwrap_or(0)
}

/// Why a record contradicts what is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InterviewConflict {
    /// Another record has this `voicedriveSyncId`.
    SyncIdTaken,
    /// No record has the id that `rescheduledFromId` names.
    OriginUnknown,
    /// The chain of `rescheduledFromId` would come back to where it began.
    OriginLoops,
}

/// What a put did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PutResult {
    /// There was no such record.
    Created,
    /// There was one, and it was replaced.
    Replaced,
}

/// A record with what the store adds to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterviewRecord {
    /// Its place in the order of first arrival.
    pub seq: i64,
    /// The record.
    pub interview: Interview,
    /// When it first came.
    pub created_at: Timestamp,
    /// When it last came.
    pub updated_at: Timestamp,
}

/// Which records are meant; what is absent matches everything.
#[derive(Clone, Debug, Default)]
pub struct InterviewFilter {
    /// Only those that take place at this moment or later.
    pub from: Option<Timestamp>,
    /// Only those that take place at this moment or earlier.
    pub to: Option<Timestamp>,
    /// Only those with this status.
    pub status: Option<InterviewStatus>,
    /// Only those of this facility.
    pub facility: Option<String>,
    /// Only those of this department.
    pub department: Option<String>,
    /// Only those of this type.
    pub interview_type: Option<String>,
}

/// Where a page begins: after the record with this date and place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InterviewCursor {
    /// When that record takes place.
    pub date: Timestamp,
    /// Its place in the order of first arrival.
    pub seq: i64,
}

/// Records of a file that are named: so many new ones, and as many that change something.
pub const NAMED_CHANGES: usize = 20;

/// What is to become of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportWish {
    /// Nothing: it is only told what would.
    Try,
    /// It is kept.
    Keep,
    /// It is kept when it does what was told before: else what is kept has changed since.
    KeepAs(ImportCounts),
}

/// What a file does, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportCounts {
    /// Records that are new.
    pub created: u64,
    /// Records that replace one that is not the same.
    pub changed: u64,
    /// Records that are kept already, as they are.
    pub unchanged: u64,
    /// See [`ImportResult`].
    pub erased: u64,
    /// See [`ImportResult`].
    pub origins_dropped: u64,
}

/// What a record of a file changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportChange {
    /// What is kept; none: it is new.
    pub before: Option<Interview>,
    /// What takes its place.
    pub after: Interview,
}

/// What became of the rows of a file.
#[derive(Debug, Default)]
pub struct ImportResult {
    /// Records that are new.
    pub created: u64,
    /// Records that replaced an earlier one.
    pub replaced: u64,
    /// Of these, records that are the same as the earlier one.
    pub unchanged: u64,
    /// The first [`NAMED_CHANGES`] of the others.
    pub changes: Vec<ImportChange>,
    /// The first [`NAMED_CHANGES`] of the new ones.
    pub additions: Vec<ImportChange>,
    /// Records of people whose data were erased, or that they held: they were taken without them.
    pub erased: u64,
    /// Records that were taken without a `rescheduledFromId` that names no record.
    pub origins_dropped: u64,
    /// The places of those that contradict another one or what is kept, as they were given, and why.
    pub refused: Vec<(u64, InterviewConflict)>,
    /// The places of those whose id stands in the file before, each with the first place that has it.
    pub repeated: Vec<(u64, u64)>,
}

impl ImportResult {
    /// Whether a record contradicts another one, so that the file cannot be kept.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        !self.refused.is_empty() || !self.repeated.is_empty()
    }

    /// What the file does, in numbers.
    #[must_use]
    pub fn counts(&self) -> ImportCounts {
        ImportCounts {
            created: self.created,
            changed: self.replaced.saturating_sub(self.unchanged),
            unchanged: self.unchanged,
            erased: self.erased,
            origins_dropped: self.origins_dropped,
        }
    }

    /// Counts a record that takes the place of what is kept.
    pub fn count(&mut self, before: Option<Interview>, after: Interview) {
        let list = match &before {
            None => {
                self.created += 1;
                &mut self.additions
            }
            Some(before) => {
                self.replaced += 1;
                if *before == after {
                    self.unchanged += 1;
                    return;
                }
                &mut self.changes
            }
        };
        if list.len() < NAMED_CHANGES {
            list.push(ImportChange { before, after });
        }
    }
}

/// What becomes of a record of a file whose `rescheduledFromId` names no record, neither in the file nor
/// kept before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownOrigin {
    /// It is refused, and with it the file.
    #[default]
    Refuse,
    /// It is taken without its `rescheduledFromId`.
    Drop,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_rounded_half_up() {
        for (part, total, tenths) in [
            (0, 0, 0),
            (108, 120, 900),
            (2, 120, 17),
            (75, 80, 938),
            (33, 40, 825),
            (1, 2000, 1),
            (1, 2001, 0),
            (1, 3, 333),
            (2, 3, 667),
            (7, 7, 1000),
        ] {
            assert_eq!(tenths_of_percent(part, total), tenths, "{part}/{total}");
        }
    }

    #[test]
    fn whole_minutes_may_have_a_point() {
        for (text, read) in [
            ("0", Some(0)),
            ("45", Some(45)),
            ("45.0", Some(45)),
            ("1440.00", Some(1440)),
            ("1441", None),
            ("45.5", None),
            ("45.", None),
            (".0", None),
            ("-1", None),
            ("", None),
            ("45分", None),
        ] {
            assert_eq!(minutes(text), read, "{text}");
        }
    }

    #[test]
    fn some_words_are_no_ids() {
        assert!(is_id("int-2025-001"));
        assert!(is_id(&"面".repeat(191)));
        for bad in ["", "batch", "completion-stats", "a\tb", &"x".repeat(192)] {
            assert!(!is_id(bad), "{bad}");
        }
    }
}
