//! What can be wrong with a field of an interview record. The value is never part of it: it may be a name.

use super::field::Field;

/// Something wrong with one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Which field.
    pub field: Field,
    /// What is wrong with it.
    pub why: Why,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It cannot be the id of a record.
    NotAnId,
    /// It is needed, and it is no text, empty or too long.
    NotAText,
    /// It has a control character, such as a tab.
    ControlCharacter,
    /// It is neither absent nor a text of at most so many characters.
    NeitherNothingNorText(usize),
    /// It is no ISO 8601 date and time.
    NotAMoment,
    /// It is no status.
    NotAStatus,
    /// It is no whole number of minutes up to a day.
    NotMinutes,
    /// A date of a file that is not understood.
    NotADate,
    /// A date of a file without a time of day.
    NoTimeOfDay,
    /// A date of a file without a zone, and none was said for the file.
    NoZone,
    /// A date of a file that the clock of its zone skipped or showed twice.
    ClockChange,
    /// Bytes of a file that are no characters.
    NotCharacters,
    /// It stands in a record of a file more than once.
    Repeated,
    /// A record before this one in the file has the same id: its line, and its number in a JSON array.
    IdRepeated(u64, Option<u64>),
    /// Another record has this id of VoiceDrive.
    SyncIdTaken,
    /// No record has the id that it names.
    OriginUnknown,
    /// The chain of origins comes back to the record.
    OriginLoops,
}

impl FieldError {
    /// The mistake of a field.
    #[must_use]
    pub fn of(field: Field, why: Why) -> Self {
        Self { field, why }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    #[test]
    fn a_sentence_begins_with_the_field_in_both_languages() {
        let mistake = FieldError {
            field: Field::InterviewDate,
            why: Why::NoZone,
        };
        let english = mistake.sentence(Language::En);
        assert!(english.starts_with("interviewDate: must say"), "{english}");
        let japanese = mistake.sentence(Language::Ja);
        assert!(japanese.starts_with("面談日時 (interviewDate): "));
        assert!(japanese.contains("--zone Asia/Tokyo") && !japanese.contains("must"));
    }
}
