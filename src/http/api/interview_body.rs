//! Reads interview records (contract, section 4.5). An error names the field, in a batch with the record's number. Of a
//! file all errors are reported, elsewhere the first one.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::submission::{documents, not_json};
use crate::event::staff_number;
use crate::http::reply::ApiError;
use crate::http::request::Media;
use crate::interview::field::Field;
use crate::interview::field_error::{FieldError, Why};
use crate::interview::{Interview, InterviewStatus, MAX_CHARACTERS, is_id, minutes};
use crate::language::Language;
use crate::timestamp::Timestamp;

/// The longest reason, in characters.
const MAX_REASON: usize = 1000;

/// A record as it is handed in.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewInterview)]
pub(in crate::http) struct Body {
    /// Needed in a batch; beside a path that says it, the same, null or absent.
    #[schema(value_type = Option<String>, required = false, min_length = 1, max_length = 191, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
    id: Option<Value>,
    /// A whole number is kept as its text.
    #[schema(value_type = String, min_length = 1, max_length = 191, pattern = r"^[^\x00-\x09\x0b-\x1f\x7f-\x9f]*$")]
    employee_id: Option<Value>,
    #[schema(value_type = Option<String>, min_length = 1, max_length = 191, pattern = r"^[^\x00-\x09\x0b-\x1f\x7f-\x9f]*$")]
    employee_name: Option<Value>,
    /// A whole number is kept as its text.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 191, pattern = r"^[^\x00-\x09\x0b-\x1f\x7f-\x9f]*$")]
    interviewer_id: Option<Value>,
    /// Such as `regular` or `support`.
    #[schema(value_type = String, min_length = 1, max_length = 191, pattern = r"^[^\x00-\x09\x0b-\x1f\x7f-\x9f]*$")]
    interview_type: Option<Value>,
    #[schema(value_type = String, format = DateTime)]
    interview_date: Option<Value>,
    /// Without it: scheduled.
    #[schema(value_type = Option<InterviewStatus>)]
    interview_status: Option<Value>,
    #[schema(value_type = Option<u32>, maximum = 1440)]
    duration_minutes: Option<Value>,
    /// No two records have the same.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 191, pattern = r"^[^\x00-\x09\x0b-\x1f\x7f-\x9f]*$")]
    voicedrive_sync_id: Option<Value>,
    /// The record in whose place this one stands: it must exist, or stand earlier in the batch.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 191, pattern = r"^[^\x00-\x09\x0b-\x1f\x7f-\x9f]*$")]
    rescheduled_from_id: Option<Value>,
    #[schema(value_type = Option<String>, min_length = 1, max_length = 191, pattern = r"^[^\x00-\x09\x0b-\x1f\x7f-\x9f]*$")]
    facility_id: Option<Value>,
    #[schema(value_type = Option<String>, min_length = 1, max_length = 191, pattern = r"^[^\x00-\x09\x0b-\x1f\x7f-\x9f]*$")]
    department_id: Option<Value>,
    #[schema(value_type = Option<String>, format = DateTime)]
    completed_at: Option<Value>,
    #[schema(value_type = Option<String>, min_length = 1, max_length = 1000, pattern = r"^[^\x00-\x09\x0b-\x1f\x7f-\x9f]*$")]
    status_reason: Option<Value>,
}

/// Reads the body of a PUT; `id` is that of the path, which the body may repeat.
pub(in crate::http) fn read_one(text: &str, id: &str) -> Result<Interview, ApiError> {
    if !is_id(id) {
        return Err(first(&[FieldError::of(Field::Id, Why::NotAnId)], ""));
    }
    let body = parse(text, "")?;
    if body.id.as_ref().is_some_and(|given| given != id) {
        return Err(ApiError::invalid(
            "id",
            "must be the one of the path, or absent",
        ));
    }
    let id = Some(Value::from(id));
    read(&Body { id, ..body }).map_err(|mistakes| first(&mistakes, ""))
}

/// Reads the records of a batch.
pub(in crate::http) fn read_batch(text: &str, media: Media) -> Result<Vec<Interview>, ApiError> {
    documents(text, media, "interview records")?
        .iter()
        .enumerate()
        .map(|(index, document)| {
            let place = format!("[{index}].");
            let body = parse(document, &place)?;
            read(&body).map_err(|mistakes| first(&mistakes, &place))
        })
        .collect()
}

/// A record of a file.
pub(in crate::http) struct OfFile {
    /// Its id, even an invalid one.
    pub id: Option<String>,
    /// The record; a wrong field has a placeholder, or none where that is possible.
    pub interview: Interview,
    /// Everything that is wrong with it.
    pub mistakes: Vec<FieldError>,
}

/// Reads a record of a file.
pub(in crate::http) fn read_of_file(text: &str) -> Result<OfFile, ApiError> {
    let body = parse(text, "")?;
    let (interview, mistakes) = read_all(&body);
    Ok(OfFile {
        id: body.id.as_ref().and_then(Value::as_str).map(str::to_owned),
        interview,
        mistakes,
    })
}

/// The error of the first mistake; `place` is put before the field's name.
fn first(mistakes: &[FieldError], place: &str) -> ApiError {
    mistakes.first().map_or(ApiError::Internal, |mistake| {
        let field = format!("{place}{}", mistake.field.name());
        ApiError::invalid(field, mistake.why.accepted(Language::En))
    })
}

fn parse(text: &str, place: &str) -> Result<Body, ApiError> {
    // serde would read a struct from an array too.
    let document: &RawValue = serde_json::from_str(text).map_err(|e| not_json(place, &e))?;
    if !document.get().starts_with('{') {
        let at = place.trim_end_matches('.');
        return Err(ApiError::InvalidJson(
            format!("{at} must be a JSON object").trim().to_owned(),
        ));
    }
    serde_json::from_str(document.get()).map_err(|e| not_json(place, &e))
}

fn read(body: &Body) -> Result<Interview, Vec<FieldError>> {
    match read_all(body) {
        (interview, mistakes) if mistakes.is_empty() => Ok(interview),
        (_, mistakes) => Err(mistakes),
    }
}

/// Reads all fields. The mistakes are in the order of the fields.
fn read_all(body: &Body) -> (Interview, Vec<FieldError>) {
    let mut fields = Fields::default();
    let interview = Interview {
        id: fields.id(body.id.as_ref()),
        employee_id: fields.needed(
            Field::EmployeeId,
            staff_id(body.employee_id.as_ref()).as_deref(),
        ),
        employee_name: fields.text(
            Field::EmployeeName,
            body.employee_name.as_ref(),
            MAX_CHARACTERS,
        ),
        interviewer_id: fields.text(
            Field::InterviewerId,
            staff_id(body.interviewer_id.as_ref()).as_deref(),
            MAX_CHARACTERS,
        ),
        interview_type: fields.needed(Field::InterviewType, body.interview_type.as_ref()),
        date: fields.needed_moment(Field::InterviewDate, body.interview_date.as_ref()),
        status: fields.status(body.interview_status.as_ref()),
        duration_minutes: fields.minutes(body.duration_minutes.as_ref()),
        voicedrive_sync_id: fields.text(
            Field::VoicedriveSyncId,
            body.voicedrive_sync_id.as_ref(),
            MAX_CHARACTERS,
        ),
        rescheduled_from_id: fields.text(
            Field::RescheduledFromId,
            body.rescheduled_from_id.as_ref(),
            MAX_CHARACTERS,
        ),
        facility_id: fields.text(Field::FacilityId, body.facility_id.as_ref(), MAX_CHARACTERS),
        department_id: fields.text(
            Field::DepartmentId,
            body.department_id.as_ref(),
            MAX_CHARACTERS,
        ),
        completed_at: fields.moment(Field::CompletedAt, body.completed_at.as_ref()),
        status_reason: fields.text(Field::StatusReason, body.status_reason.as_ref(), MAX_REASON),
    };
    (interview, fields.mistakes)
}

/// Reads field by field. A wrong one is noted and replaced by a placeholder, so that the others are checked too.
#[derive(Default)]
struct Fields {
    mistakes: Vec<FieldError>,
}

impl Fields {
    fn note(&mut self, field: Field, why: Why) {
        self.mistakes.push(FieldError::of(field, why));
    }

    fn id(&mut self, value: Option<&Value>) -> String {
        let id = value.and_then(Value::as_str);
        let id = id.filter(|id| is_id(id)).map(str::to_owned);
        self.or_note(id, Field::Id, Why::NotAnId)
            .unwrap_or_default()
    }

    fn needed(&mut self, field: Field, value: Option<&Value>) -> String {
        self.fitting(field, value, MAX_CHARACTERS, Why::NotAText)
            .unwrap_or_default()
    }

    fn text(&mut self, field: Field, value: Option<&Value>, longest: usize) -> Option<String> {
        let value = something(value)?;
        self.fitting(
            field,
            Some(value),
            longest,
            Why::NeitherNothingNorText(longest),
        )
    }

    fn fitting(
        &mut self,
        field: Field,
        value: Option<&Value>,
        longest: usize,
        otherwise: Why,
    ) -> Option<String> {
        let text = value.and_then(Value::as_str).unwrap_or_default();
        let why = if has_control(text) {
            Why::ControlCharacter
        } else {
            otherwise
        };
        let fits = !text.is_empty() && text.chars().count() <= longest && !has_control(text);
        self.or_note(fits.then(|| text.to_owned()), field, why)
    }

    fn moment(&mut self, field: Field, value: Option<&Value>) -> Option<Timestamp> {
        let text = something(value)?.as_str().unwrap_or_default();
        self.or_note(Timestamp::parse(text).ok(), field, Why::NotAMoment)
    }

    fn needed_moment(&mut self, field: Field, value: Option<&Value>) -> Timestamp {
        let text = something(value).and_then(Value::as_str);
        let moment = text.and_then(|text| Timestamp::parse(text).ok());
        self.or_note(moment, field, Why::NotAMoment)
            .unwrap_or_else(|| Timestamp::from_unix_ms(0))
    }

    fn status(&mut self, value: Option<&Value>) -> InterviewStatus {
        let Some(value) = something(value) else {
            return InterviewStatus::Scheduled;
        };
        let status = value.as_str().and_then(InterviewStatus::from_word);
        self.or_note(status, Field::InterviewStatus, Why::NotAStatus)
            .unwrap_or(InterviewStatus::Scheduled)
    }

    fn minutes(&mut self, value: Option<&Value>) -> Option<u32> {
        let minutes = match something(value)? {
            Value::Number(number) => minutes(&number.to_string()),
            _ => None,
        };
        self.or_note(minutes, Field::DurationMinutes, Why::NotMinutes)
    }

    fn or_note<T>(&mut self, value: Option<T>, field: Field, why: Why) -> Option<T> {
        if value.is_none() {
            self.note(field, why);
        }
        value
    }
}

/// A staff id that is a number is converted to text, as in events.
fn staff_id(value: Option<&Value>) -> Option<Cow<'_, Value>> {
    let value = value?;
    let number = match value {
        Value::Number(number) => staff_number(&number.to_string()),
        _ => None,
    };
    Some(number.map_or(Cow::Borrowed(value), |id| Cow::Owned(Value::from(id))))
}

/// The value; none when it is absent or null.
fn something(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| !value.is_null())
}

/// Whether a text has control characters other than line feeds, which are allowed in reasons.
fn has_control(text: &str) -> bool {
    text.chars().any(|c| c.is_control() && c != '\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_that_is_listed_is_known() {
        for field in Field::ALL.map(Field::name) {
            assert!(
                parse(&format!("{{\"{field}\": null}}"), "").is_ok(),
                "{field}"
            );
        }
        assert!(parse("{\"colour\": null}", "").is_err());
    }

    #[test]
    fn every_mistake_of_a_record_of_a_file_is_told() {
        let text = r#"{"id":"a","employeeId":"","interviewDate":"x","durationMinutes":9999}"#;
        let record = read_of_file(text).unwrap();
        let fields: Vec<_> = record
            .mistakes
            .iter()
            .map(|mistake| mistake.field)
            .collect();
        assert_eq!(record.id.as_deref(), Some("a"));
        assert_eq!(
            fields,
            [
                Field::EmployeeId,
                Field::InterviewType,
                Field::InterviewDate,
                Field::DurationMinutes
            ]
        );
    }

    #[test]
    fn a_number_names_a_member_of_the_staff_by_its_text() {
        let record = |id: &str| {
            let text = format!(
                r#"{{"id":"a","employeeId":{id},"interviewerId":{id},"interviewType":"t","interviewDate":"2025-10-28T10:00+09"}}"#
            );
            let read = read(&parse(&text, "").unwrap());
            read.map(|read| (read.employee_id, read.interviewer_id))
        };
        for (written, id) in [("1001", "1001"), ("1001.0", "1001"), ("0", "0")] {
            let expected = (id.to_owned(), Some(id.to_owned()));
            assert_eq!(record(written), Ok(expected), "{written}");
        }
        for bad in ["-1", "1.5", "1e300", "true", "[1]"] {
            let fields = record(bad).unwrap_err();
            let fields: Vec<_> = fields.iter().map(|mistake| mistake.field).collect();
            assert_eq!(fields, [Field::EmployeeId, Field::InterviewerId], "{bad}");
        }
    }

    #[test]
    fn a_whole_number_of_minutes_may_have_a_point() {
        let record = |minutes: &str| {
            let text = format!(
                r#"{{"id":"a","employeeId":"E","interviewType":"t","interviewDate":"2025-10-28T10:00+09","durationMinutes":{minutes}}}"#
            );
            read(&parse(&text, "").unwrap()).map(|read| read.duration_minutes)
        };
        for (written, read) in [
            ("5", Some(5)),
            ("5.0", Some(5)),
            ("5e0", Some(5)),
            ("null", None),
        ] {
            assert_eq!(record(written), Ok(read), "{written}");
        }
        for bad in ["5.5", "-5.0", "1441.0", "1e300", "\"5\"", "true"] {
            let mistake = FieldError::of(Field::DurationMinutes, Why::NotMinutes);
            assert_eq!(record(bad), Err(vec![mistake]), "{bad}");
        }
    }

    #[test]
    fn a_control_character_is_named_as_what_is_wrong() {
        let body = parse(
            r#"{"id":"a","employeeId":"E\t1","interviewType":"t","facilityId":"x\u0007","statusReason":"a\nb","interviewDate":"2025-10-28T10:00Z"}"#,
            "",
        );
        let (_, mistakes) = read_all(&body.unwrap());
        let expected = [Field::EmployeeId, Field::FacilityId];
        let expected = expected.map(|field| FieldError::of(field, Why::ControlCharacter));
        assert_eq!(mistakes, expected);
    }

    #[test]
    fn a_caller_of_the_api_is_told_the_first_mistake_with_its_place() {
        let told = read_batch(r#"[{"id":"a","employeeId":"E"}]"#, Media::Json).unwrap_err();
        assert_eq!(
            told.to_string(),
            "[0].interviewType: must be a text of 1 to 191 characters"
        );
    }
}
