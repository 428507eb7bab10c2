//! Converts the values of a row into a record for the daemon.

use serde_json::{Map, Value};

use super::problem::Wrong;
use super::{dates, statuses};
use crate::interview::field::Field;
use crate::interview::field_error::{FieldError, Why};
use crate::interview::minutes;
use crate::zone::Zone;

/// What the decoder puts in place of invalid bytes.
const REPLACEMENT: char = '\u{fffd}';
/// The lengths of a cuid and of a cuid2, in characters.
const CUID_LENGTHS: [usize; 2] = [24, 25];

/// The fields that were read, and what is wrong with the others.
#[derive(Debug, Default)]
pub(crate) struct Record {
    fields: Map<String, Value>,
    mistakes: Vec<Wrong>,
    seen: Vec<Field>,
}

impl Record {
    pub(super) fn fields(&self) -> &Map<String, Value> {
        &self.fields
    }

    pub(super) fn mistakes(&self) -> &[Wrong] {
        &self.mistakes
    }

    /// Sets a field. Times without an offset are in `zone`.
    pub(super) fn set(&mut self, field: Field, value: Value, zone: Option<Zone>) {
        if self.seen.contains(&field) {
            self.note(field, Why::Repeated);
            return;
        }
        self.seen.push(field);
        match value {
            Value::Null => {}
            Value::String(text) => self.put_text(field, &text, zone),
            other => self.keep(field, other),
        }
    }

    /// Adds the error for an unknown name.
    pub(super) fn refuse(&mut self, name: &str) {
        self.mistakes.push(Wrong::Unknown(name.to_owned()));
    }

    fn put_text(&mut self, field: Field, text: &str, zone: Option<Zone>) {
        if text.is_empty() {
            return;
        }
        if text.contains(REPLACEMENT) {
            return self.note(field, Why::NotCharacters);
        }
        // Of a date, a word or a number, the blanks around it are no part.
        let trimmed = text.trim();
        match field {
            Field::InterviewDate
            | Field::CompletedAt
            | Field::InterviewStatus
            | Field::DurationMinutes
                if trimmed.is_empty() => {}
            Field::InterviewDate | Field::CompletedAt => match dates::parse(trimmed, zone) {
                Ok(moment) => self.keep(field, Value::from(moment.to_string())),
                Err(why) => self.note(field, why.into()),
            },
            Field::InterviewStatus => match statuses::parse(trimmed) {
                Some(status) => self.keep(field, Value::from(status.as_str())),
                None => self.note(field, Why::NotAStatus),
            },
            Field::DurationMinutes => match minutes(trimmed) {
                Some(minutes) => self.keep(field, Value::from(minutes)),
                None => self.note(field, Why::NotMinutes),
            },
            _ => self.keep(field, Value::from(text)),
        }
    }

    fn keep(&mut self, field: Field, value: Value) {
        self.fields.insert(field.name().to_owned(), value);
    }

    fn note(&mut self, field: Field, why: Why) {
        self.mistakes.push(Wrong::Field(FieldError::of(field, why)));
    }

    /// Whether the employee id looks like a key of the staff system's database (a cuid), which
    /// VoiceDrive does not know.
    pub(super) fn has_database_key(&self) -> bool {
        let id = self.fields.get(Field::EmployeeId.name());
        id.and_then(Value::as_str).is_some_and(is_cuid)
    }
}

fn is_cuid(id: &str) -> bool {
    CUID_LENGTHS.contains(&id.len())
        && id.starts_with(|c: char| c.is_ascii_lowercase())
        && id.contains(|c: char| c.is_ascii_digit())
        && id
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;
    use serde_json::json;

    fn record(values: &[(Field, Value)]) -> Record {
        let mut record = Record::default();
        for (field, value) in values {
            record.set(*field, value.clone(), Some(Zone::TOKYO));
        }
        record
    }

    #[test]
    fn values_are_written_as_the_daemon_reads_them() {
        let record = record(&[
            // A text of JSON is what it says.
            (Field::Id, json!(" int-1 ")),
            // JSON has a null of its own.
            (Field::EmployeeName, json!("NULL")),
            (Field::FacilityId, json!("")),
            (Field::DepartmentId, json!(null)),
            (Field::InterviewDate, json!("2025/10/28 10:00")),
            (Field::InterviewStatus, json!("NO_SHOW")),
            (Field::DurationMinutes, json!(" 45.0 ")),
        ]);
        assert_eq!(record.mistakes(), []);
        assert_eq!(
            Value::Object(record.fields),
            json!({"id": " int-1 ", "employeeName": "NULL", "interviewDate": "2025-10-28T01:00:00.000Z",
                   "interviewStatus": "no_show", "durationMinutes": 45})
        );
    }

    #[test]
    fn everything_that_is_not_understood_is_noted() {
        let mut record = record(&[
            (Field::InterviewDate, json!("2025/10/28")),
            (Field::InterviewStatus, json!("done")),
            (Field::DurationMinutes, json!("45分")),
            (Field::EmployeeName, json!("\u{fffd}")),
            (Field::Id, json!("a")),
            (Field::Id, json!("b")),
        ]);
        record.refuse("colour");
        let noted = [
            (Field::InterviewDate, Why::NoTimeOfDay),
            (Field::InterviewStatus, Why::NotAStatus),
            (Field::DurationMinutes, Why::NotMinutes),
            (Field::EmployeeName, Why::NotCharacters),
            (Field::Id, Why::Repeated),
        ];
        let noted = noted.map(|(field, why)| Wrong::Field(FieldError::of(field, why)));
        let (unknown, known) = record.mistakes().split_last().unwrap();
        assert_eq!(known, noted);
        assert_eq!(unknown.field(), "colour");
        let told = unknown.describe(Language::En);
        assert!(told.starts_with("`colour` is no field"));
    }

    #[test]
    fn a_key_of_the_database_is_recognised() {
        for (id, key) in [
            ("cmh7z4q5k0001v8l2abcd1234", true),
            ("tz4a98xxat96iws9zmbrgj3a", true),
            ("EMP-2025-001", false),
            ("administrativedepartment", false),
            ("CMH7Z4Q5K0001V8L2ABCD1234", false),
        ] {
            let record = record(&[(Field::EmployeeId, json!(id))]);
            assert_eq!(record.has_database_key(), key, "{id}");
        }
    }
}
