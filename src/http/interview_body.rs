//! Reading interview records (contract, section 4.5): what is wrong with a field is told by its
//! name, in a batch with the record's number.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::reply::ApiError;
use super::request::Media;
use super::submission::{documents, not_json};
use crate::interview::{Interview, InterviewStatus, MAX_CHARACTERS, MAX_MINUTES, is_id};
use crate::timestamp::Timestamp;

/// The longest reason, in characters.
const MAX_REASON: usize = 1000;
const ID_ACCEPTED: &str =
    "must be a text of 1 to 191 characters, and neither completion-stats nor batch";

/// The fields of a record, as JSON and the header of a CSV file name them.
pub const FIELDS: [&str; 14] = [
    "id",
    "employeeId",
    "employeeName",
    "interviewerId",
    "interviewType",
    "interviewDate",
    "interviewStatus",
    "durationMinutes",
    "voicedriveSyncId",
    "rescheduledFromId",
    "facilityId",
    "departmentId",
    "completedAt",
    "statusReason",
];

/// A record as it is handed in.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewInterview)]
pub(super) struct Body {
    /// Needed in a batch; beside a path that says it, the same or absent.
    #[schema(value_type = String, required = false, min_length = 1, max_length = 191, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
    id: Option<Value>,
    #[schema(value_type = String, min_length = 1, max_length = 191, pattern = r"^[^\x00-\x09\x0b-\x1f\x7f-\x9f]*$")]
    employee_id: Option<Value>,
    #[schema(value_type = Option<String>, min_length = 1, max_length = 191, pattern = r"^[^\x00-\x09\x0b-\x1f\x7f-\x9f]*$")]
    employee_name: Option<Value>,
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

/// Reads the body of a put; the path has said the id, and the body may repeat it.
pub(super) fn read_one(text: &str, id: &str) -> Result<Interview, ApiError> {
    if !is_id(id) {
        return Err(ApiError::invalid("id", ID_ACCEPTED));
    }
    let body = parse(text, "")?;
    if body.id.as_ref().is_some_and(|given| given != id) {
        return Err(ApiError::invalid(
            "id",
            "must be the one of the path, or absent",
        ));
    }
    read(&body, id.to_owned(), "")
}

/// Reads the records of a batch.
pub(super) fn read_batch(text: &str, media: Media) -> Result<Vec<Interview>, ApiError> {
    documents(text, media, "interview records")?
        .iter()
        .enumerate()
        .map(|(index, document)| read_with_id(document, &format!("[{index}].")))
        .collect()
}

/// Reads a record that carries its own id; `place` stands before a field's name in an error.
pub(super) fn read_with_id(text: &str, place: &str) -> Result<Interview, ApiError> {
    let body = parse(text, place)?;
    let id = body.id.as_ref().and_then(Value::as_str);
    match id.filter(|id| is_id(id)) {
        Some(id) => read(&body, id.to_owned(), place),
        None => Err(ApiError::invalid(format!("{place}id"), ID_ACCEPTED)),
    }
}

fn parse(text: &str, place: &str) -> Result<Body, ApiError> {
    // A struct can be read from an array as well, and nobody means that.
    let document: &RawValue = serde_json::from_str(text).map_err(|e| not_json(place, &e))?;
    if !document.get().starts_with('{') {
        let at = place.trim_end_matches('.');
        return Err(ApiError::InvalidJson(
            format!("{at} must be a JSON object").trim().to_owned(),
        ));
    }
    serde_json::from_str(document.get()).map_err(|e| not_json(place, &e))
}

fn read(body: &Body, id: String, place: &str) -> Result<Interview, ApiError> {
    let field = |name: &'static str, value: &'_ Option<Value>| Field {
        name: format!("{place}{name}"),
        value: value.clone().unwrap_or_default(),
    };
    Ok(Interview {
        id,
        employee_id: field("employeeId", &body.employee_id).required()?,
        employee_name: field("employeeName", &body.employee_name).text(MAX_CHARACTERS)?,
        interviewer_id: field("interviewerId", &body.interviewer_id).text(MAX_CHARACTERS)?,
        interview_type: field("interviewType", &body.interview_type).required()?,
        date: field("interviewDate", &body.interview_date)
            .moment()?
            .ok_or_else(|| {
                let accepted = crate::timestamp::NotATimestamp.to_string();
                ApiError::invalid(format!("{place}interviewDate"), accepted)
            })?,
        status: field("interviewStatus", &body.interview_status).status()?,
        duration_minutes: field("durationMinutes", &body.duration_minutes).minutes()?,
        voicedrive_sync_id: field("voicedriveSyncId", &body.voicedrive_sync_id)
            .text(MAX_CHARACTERS)?,
        rescheduled_from_id: field("rescheduledFromId", &body.rescheduled_from_id)
            .text(MAX_CHARACTERS)?,
        facility_id: field("facilityId", &body.facility_id).text(MAX_CHARACTERS)?,
        department_id: field("departmentId", &body.department_id).text(MAX_CHARACTERS)?,
        completed_at: field("completedAt", &body.completed_at).moment()?,
        status_reason: field("statusReason", &body.status_reason).text(MAX_REASON)?,
    })
}

/// One field of a record: its name with its place, and its value (null when absent).
struct Field {
    name: String,
    value: Value,
}

impl Field {
    fn refuse<T>(self, accepted: impl Into<String>) -> Result<T, ApiError> {
        Err(ApiError::invalid(self.name, accepted))
    }

    fn required(self) -> Result<String, ApiError> {
        match &self.value {
            Value::String(text) if fits(text, MAX_CHARACTERS) => Ok(text.clone()),
            _ => self.refuse(format!(
                "must be a text of 1 to {MAX_CHARACTERS} characters"
            )),
        }
    }

    fn text(self, longest: usize) -> Result<Option<String>, ApiError> {
        match &self.value {
            Value::Null => Ok(None),
            Value::String(text) if fits(text, longest) => Ok(Some(text.clone())),
            _ => self.refuse(format!(
                "must be null or a text of 1 to {longest} characters"
            )),
        }
    }

    fn moment(self) -> Result<Option<Timestamp>, ApiError> {
        let text = match &self.value {
            Value::Null => return Ok(None),
            Value::String(text) => text.as_str(),
            _ => "",
        };
        match Timestamp::parse(text) {
            Ok(moment) => Ok(Some(moment)),
            Err(error) => self.refuse(error.to_string()),
        }
    }

    fn status(self) -> Result<InterviewStatus, ApiError> {
        let word = match &self.value {
            Value::Null => return Ok(InterviewStatus::Scheduled),
            value => value.as_str().unwrap_or_default(),
        };
        let words = InterviewStatus::ALL.map(InterviewStatus::as_str).join(", ");
        match InterviewStatus::from_word(word) {
            Some(status) => Ok(status),
            None => self.refuse(format!("must be one of {words}")),
        }
    }

    fn minutes(self) -> Result<Option<u32>, ApiError> {
        if self.value.is_null() {
            return Ok(None);
        }
        let minutes = self.value.as_u64().and_then(|n| u32::try_from(n).ok());
        match minutes.filter(|minutes| *minutes <= MAX_MINUTES) {
            Some(minutes) => Ok(Some(minutes)),
            None => self.refuse(format!("must be a whole number from 0 to {MAX_MINUTES}")),
        }
    }
}

/// A line feed may stand in a reason; other control characters stand nowhere.
fn fits(text: &str, longest: usize) -> bool {
    !text.is_empty()
        && text.chars().count() <= longest
        && !text.chars().any(|c| c.is_control() && c != '\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_that_is_listed_is_known() {
        for field in FIELDS {
            assert!(
                parse(&format!("{{\"{field}\": null}}"), "").is_ok(),
                "{field}"
            );
        }
        assert!(parse("{\"colour\": null}", "").is_err());
    }
}
