//! What is made up for the examples of the description.

use serde_json::{Value, json};

/// The moment of every example.
pub(in super::super) const TIME: &str = "2025-10-26T15:00:00.000Z";
/// The id of an event, or of an incident.
pub(in super::super) const ID: &str = "019a2159-2f6b-7c1e-8c1d-0d2f6e1b7a55";
/// The id of an interview record.
pub(in super::super) const INTERVIEW_ID: &str = "int-2025-001";
/// Why sending is paused.
pub(in super::super) const REASON: &str = "VoiceDrive の入れ替え";
/// Somebody.
pub(in super::super) const NAME: &str = "山田 太郎";

/// An event as it is handed in.
pub(in super::super) fn new_event() -> Value {
    json!({
        "event": "employee.created",
        "data": {"staffId": "EMP-2025-001", "fullName": NAME},
        "eventTimestamp": "2025-10-26T14:29:59.120Z",
    })
}

/// An event as it is listed.
pub(in super::super) fn event() -> Value {
    json!({
        "id": ID, "requestId": ID, "event": "employee.created",
        "staffId": "EMP-2025-001", "eventTimestamp": "2025-10-26T14:29:59.120Z",
        "acceptedAt": "2025-10-26T14:30:00.000Z", "status": "retrying", "route": "default",
        "payloadSize": 312, "retryCount": 0, "nextRetryAt": "2025-10-26T14:31:05.001Z",
    })
}

/// An interview record as it is handed in, without its id.
pub(in super::super) fn interview() -> Value {
    json!({
        "employeeId": "EMP-2025-001", "employeeName": NAME, "interviewerId": "EMP-2001-007",
        "interviewType": "regular", "interviewDate": "2025-10-28T10:00:00.000Z",
        "interviewStatus": "completed", "durationMinutes": 45, "voicedriveSyncId": "vd-123",
        "rescheduledFromId": null, "facilityId": "facility-a", "departmentId": "ward-3",
        "completedAt": null, "statusReason": null,
    })
}
