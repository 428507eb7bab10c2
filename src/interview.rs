//! An interview record: what the staff system knows of a 面談.

use crate::timestamp::Timestamp;

/// The longest id or name, in characters: the width of the shared `MySQL` columns.
pub const MAX_CHARACTERS: usize = 191;
/// The longest interview, in minutes: a day.
pub const MAX_MINUTES: u32 = 1440;
/// Words that stand in the place of an id in paths, and so are none.
pub const RESERVED_IDS: [&str; 2] = ["completion-stats", "batch"];

/// One record (contract, section 4.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interview {
    /// The staff system's id.
    pub id: String,
    /// Who was interviewed.
    pub employee_id: String,
    /// Their name.
    pub employee_name: Option<String>,
    /// Who interviewed.
    pub interviewer_id: Option<String>,
    /// Such as `regular` or `support`.
    pub interview_type: String,
    /// When it takes place.
    pub date: Timestamp,
    /// What has become of it.
    pub status: InterviewStatus,
    /// How long it took.
    pub duration_minutes: Option<u32>,
    /// Its id at VoiceDrive, when it is known there.
    pub voicedrive_sync_id: Option<String>,
    /// The interview in whose place it stands.
    pub rescheduled_from_id: Option<String>,
    /// Where.
    pub facility_id: Option<String>,
    /// Of which department.
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
    /// Another one stands in its place.
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

/// What becomes of a record of a file whose `rescheduledFromId` names a record that exists nowhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownOrigin {
    /// The record is refused, and with it the whole file.
    #[default]
    Refuse,
    /// The record is kept without its origin.
    Drop,
}

/// Whether `text` can be an id: 1 to 191 characters, none of them a control character.
#[must_use]
pub fn is_id(text: &str) -> bool {
    !text.is_empty()
        && text.chars().count() <= MAX_CHARACTERS
        && !text.chars().any(char::is_control)
        && !RESERVED_IDS.contains(&text)
}

/// Percent with one decimal, half up: tenths of a percent as a whole number. 0 when there is no row.
#[must_use]
pub fn tenths_of_percent(part: u64, total: u64) -> u64 {
    (part * 2000 + total).checked_div(total * 2).unwrap_or(0)
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
    fn some_words_are_no_ids() {
        assert!(is_id("int-2025-001"));
        assert!(is_id(&"面".repeat(191)));
        for bad in ["", "batch", "completion-stats", "a\tb", &"x".repeat(192)] {
            assert!(!is_id(bad), "{bad}");
        }
    }
}
