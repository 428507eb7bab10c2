//! The words of the description: what each operation is for, what it takes, and an example.

use hyper::Method;
use serde_json::{Value, json};

use super::super::reply::ApiError;
use super::parameter;
use super::schemas::{reference, success};

/// The moment of every example.
pub(super) const EXAMPLE_TIME: &str = "2025-10-26T15:00:00.000Z";
/// Where the staff system's senders post, when `ingest.path` says nothing else.
pub(super) const INGEST_PATH: &str = "/in";
const EXAMPLE_ID: &str = "019a2159-2f6b-7c1e-8c1d-0d2f6e1b7a55";

/// The chapters of the description.
pub(super) const TAGS: [(&str, &str); 6] = [
    ("health", "Whether the relay works"),
    ("statistics", "As the requirement names them"),
    ("voicedrive", "As VoiceDrive's shipped client calls them"),
    ("events", "Handing in, looking up, sending again"),
    ("interviews", "Interview records of the staff system"),
    ("incidents", "What an admin was told"),
];

/// One method of one path.
pub(super) struct Operation {
    pub(super) tag: &'static str,
    pub(super) id: &'static str,
    pub(super) method: Method,
    pub(super) path: &'static str,
    pub(super) summary: &'static str,
    pub(super) parameters: Vec<Value>,
    pub(super) body: Option<Value>,
    pub(super) answers: Vec<Answer>,
    refusals: fn() -> Vec<ApiError>,
}

/// An answer of a success.
pub(super) struct Answer {
    pub(super) status: u16,
    description: &'static str,
    /// Schema and example; none for an answer without a body.
    content: Option<(Value, Value)>,
}

impl Answer {
    /// An answer inside the envelope.
    fn new(status: u16, description: &'static str, shape: &str, data: &Value) -> Self {
        let schema = success(&reference(shape));
        let example = json!({"success": true, "data": data, "timestamp": EXAMPLE_TIME});
        Self {
            status,
            description,
            content: Some((schema, example)),
        }
    }

    pub(super) fn described(&self) -> Value {
        let mut described = json!({"description": self.description});
        if let Some((schema, example)) = &self.content {
            described["content"]["application/json"] =
                json!({"schema": schema, "example": example});
        }
        described
    }
}

impl Operation {
    fn new(
        (tag, id): (&'static str, &'static str),
        method: Method,
        path: &'static str,
        summary: &'static str,
    ) -> Self {
        Self {
            tag,
            id,
            method,
            path,
            summary,
            parameters: Vec::new(),
            body: None,
            answers: Vec::new(),
            refusals: Vec::new,
        }
    }

    fn parameters(self, parameters: impl IntoIterator<Item = Value>) -> Self {
        Self {
            parameters: self.parameters.into_iter().chain(parameters).collect(),
            ..self
        }
    }

    fn path_id(self, description: &str) -> Self {
        let schema = json!({"type": "string", "minLength": 1, "maxLength": 191});
        self.parameters([parameter("path", "id", description, &schema)])
    }

    fn answer(mut self, answer: Answer) -> Self {
        self.answers.push(answer);
        self
    }

    fn json_body(self, shape: &str, example: &Value) -> Self {
        let json = json!({"schema": reference(shape), "example": example});
        Self {
            body: Some(json!({"required": true, "content": {"application/json": json}})),
            ..self
        }
    }

    /// A JSON array, or one document a line.
    fn batch_body(self, shape: &str, example: &Value) -> Self {
        let array = json!({
            "type": "array", "items": reference(shape), "minItems": 1, "maxItems": 1000,
        });
        let lines = json!({
            "type": "string",
            "description": format!("One {shape} a line, 1 to 1000 of them"),
        });
        let content = json!({
            "application/json": {"schema": array, "example": [example]},
            "application/x-ndjson": {"schema": lines, "example": format!("{example}\n")},
        });
        Self {
            body: Some(json!({"required": true, "content": content})),
            ..self
        }
    }

    /// What it can be refused for besides what follows from its kind.
    fn also_refused(self, refusals: fn() -> Vec<ApiError>) -> Self {
        Self { refusals, ..self }
    }

    pub(super) fn refusals(&self) -> Vec<ApiError> {
        (self.refusals)()
    }
}

fn query(name: &str, description: &str, schema: &Value) -> Value {
    parameter("query", name, description, schema)
}

fn text(name: &str, description: &str) -> Value {
    query(name, description, &json!({"type": "string"}))
}

fn moment(name: &str, description: &str) -> Value {
    let schema = json!({"type": "string", "format": "date-time"});
    query(name, description, &schema)
}

/// The two parameters of every list; `cursor` is the pattern of the second.
fn paging(cursor: &str) -> [Value; 2] {
    let limit = json!({"type": "integer", "minimum": 1, "maximum": 200, "default": 50});
    [
        query("limit", "How many items a page has", &limit),
        query(
            "cursor",
            "The nextCursor of the page before",
            &json!({"type": "string", "pattern": cursor}),
        ),
    ]
}

fn range() -> [Value; 2] {
    [
        date("startDate", "The first moment that counts"),
        date("endDate", "The last moment that counts"),
    ]
}

/// A moment, or a day where the clinic is.
fn date(name: &str, description: &str) -> Value {
    let schema = json!({"type": "string", "anyOf": [{"format": "date-time"}, {"format": "date"}]});
    query(name, description, &schema)
}

fn period(usual: &str) -> Value {
    let schema = json!({"allOf": [reference("Period")], "default": usual});
    query("period", "The span that is counted; it ends now", &schema)
}

fn no_event() -> Vec<ApiError> {
    vec![ApiError::NotFound("No event has this id".to_owned())]
}

fn no_record() -> Vec<ApiError> {
    vec![ApiError::NotFound(
        "No interview record has this id".to_owned(),
    )]
}

fn bad_range() -> Vec<ApiError> {
    let message = "startDate: must not be later than endDate".to_owned();
    vec![ApiError::InvalidDateRange(message)]
}

fn accepted_in_no_time() -> Vec<ApiError> {
    let message = "since: must not be later than until".to_owned();
    vec![ApiError::InvalidDateRange(message)]
}

fn held_in_no_time() -> Vec<ApiError> {
    let message = "from: must not be later than to".to_owned();
    vec![ApiError::InvalidDateRange(message)]
}

fn bad_event() -> Vec<ApiError> {
    vec![
        ApiError::UnstableJson(
            "data: /amount: 12345678901234567890 would become 12345678901234567000".to_owned(),
        ),
        ApiError::IdempotencyConflict(
            "This Idempotency-Key was used before with other content".to_owned(),
        ),
    ]
}

fn taken() -> Vec<ApiError> {
    vec![ApiError::Conflict(
        "voicedriveSyncId: another record has this id of VoiceDrive".to_owned(),
    )]
}

/// Everything that can be asked for over the network.
pub(super) fn operations() -> Vec<Operation> {
    [
        health(),
        statistics(),
        voicedrive(),
        handing_in(),
        ingesting(),
        looking_up(),
        interviews(),
        incidents(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn health() -> Vec<Operation> {
    let works = json!({"status": "ok", "version": "0.1.0", "startedAt": EXAMPLE_TIME,
                       "backupAt": EXAMPLE_TIME, "database": "ok", "delivery": "ok"});
    let document = Answer {
        status: 200,
        description: "This document",
        content: Some((
            json!({"type": "object", "required": ["openapi"]}),
            json!({"openapi": "3.1.0"}),
        )),
    };
    vec![
        Operation::new(
            ("health", "health"),
            Method::GET,
            "/api/health",
            "Whether events can be kept, and whether what is kept moves",
        )
        .answer(Answer::new(200, "The relay works", "Health", &works))
        .also_refused(|| vec![ApiError::DeliveryStalled]),
        Operation::new(
            ("health", "openapi"),
            Method::GET,
            "/api/openapi.json",
            "This document",
        )
        .answer(document),
    ]
}

fn statistics() -> Vec<Operation> {
    let sends = json!({
        "period": "24h", "sent24h": 245, "succeeded": 240, "failed": 3, "timeout": 2, "retried": 5,
        "lastSentAt": "2025-10-26T14:58:30.000Z",
        "byEventType": {"employee.created": {
            "sent": 245, "succeeded": 240, "failed": 3, "timeout": 2, "avgProcessingTime": 145,
        }},
        "queueStatus": {"pending": 3, "processing": 1, "completed": 237, "failed": 2},
        "retryPolicy": {"maxRetries": 3, "retryIntervals": [60, 300, 1800], "currentRetrying": 1},
    });
    let interviews = json!({
        "period": "7d",
        "summary": {
            "totalScheduled": 50, "completed": 45, "scheduled": 2, "cancelled": 1, "noShow": 2,
            "rescheduled": 0, "completionRate": 90.0, "noShowRate": 4.0, "avgDurationMinutes": 42,
        },
        "byType": {"regular": {
            "total": 50, "completed": 45, "scheduled": 2, "cancelled": 1, "noShow": 2,
            "rescheduled": 0, "completionRate": 90.0,
        }},
        "voicedrive": {"syncedCount": 48, "syncRate": 96.0, "unsyncedCount": 2},
        "rescheduling": {"total": 0, "recent": [{
            "interviewId": "int-2", "originalId": "int-1", "newDate": "2025-10-30T01:00:00.000Z",
        }]},
    });
    vec![
        Operation::new(
            ("statistics", "webhookStats"),
            Method::GET,
            "/api/integration/webhook-stats",
            "How many events were sent, and what became of them",
        )
        .parameters([period("24h"), text("eventType", "Only events of this name")])
        .answer(Answer::new(
            200,
            "One consistent snapshot",
            "WebhookStats",
            &sends,
        )),
        Operation::new(
            ("statistics", "completionStats"),
            Method::GET,
            "/api/interviews/completion-stats",
            "How many interviews were completed; coming ones belong to every period",
        )
        .parameters([
            period("7d"),
            text("facility", "Only interviews of this facility"),
            text("department", "Only interviews of this department"),
        ])
        .answer(Answer::new(
            200,
            "One consistent snapshot",
            "CompletionStats",
            &interviews,
        )),
    ]
}

fn voicedrive() -> Vec<Operation> {
    let sends = json!({
        "sent24h": 245, "succeeded": 240, "failed": 5, "retried": 5, "lastSentAt": null,
        "byEventType": {"employee.created": {
            "sent": 245, "succeeded": 240, "failed": 5, "avgResponseTime": 145,
        }},
        "queueStatus": {"pending": 3, "processing": 1, "failed": 2},
        "retryPolicy": {"maxRetries": 3, "retryIntervals": [60, 300, 1800], "currentRetrying": 1},
    });
    let named = |more: Value| {
        let mut named = json!({
            "interviewId": "int-1", "staffId": "EMP-2025-001", "staffName": "山田 太郎",
            "interviewType": "regular", "scheduledAt": "2025-10-26T01:00:00.000Z",
        });
        for (key, value) in more.as_object().into_iter().flatten() {
            named[key] = value.clone();
        }
        named
    };
    let interviews = json!({
        "totalScheduled": 50, "actuallyCompleted": 45, "completionRate": 90.0, "noShowRate": 4.0,
        "rescheduledCount": 0, "avgDuration": 42.5,
        "byInterviewType": {"regular": {
            "scheduled": 50, "completed": 45, "completionRate": 90.0, "avgDuration": 42.5,
        }},
        "recentCompletions": [named(json!({
            "status": "completed", "completedAt": "2025-10-26T01:45:00.000Z", "duration": 45,
        }))],
        "pendingInterviews": [named(json!({"status": "scheduled", "isPastDue": true}))],
        "missedInterviews": [named(json!({"status": "no_show", "reason": ""}))],
    });
    vec![
        Operation::new(
            ("voicedrive", "voicedriveWebhookStats"),
            Method::GET,
            "/api/voicedrive/webhook-stats",
            "The sends of a range, timeouts counted as failed; without one: the last 24 hours",
        )
        .parameters(range())
        .parameters([text("eventType", "Only events of this name")])
        .answer(Answer::new(
            200,
            "One consistent snapshot",
            "VoicedriveWebhookStats",
            &sends,
        ))
        .also_refused(bad_range),
        Operation::new(
            ("voicedrive", "voicedriveCompletionStats"),
            Method::GET,
            "/api/voicedrive/interview-completion-stats",
            "The interviews of a range; without one: today, by the clinic's clock",
        )
        .parameters(range())
        .parameters([text("interviewType", "Only interviews of this type")])
        .answer(Answer::new(
            200,
            "One consistent snapshot",
            "VoicedriveCompletionStats",
            &interviews,
        ))
        .also_refused(bad_range),
    ]
}

fn event_example() -> Value {
    json!({
        "id": EXAMPLE_ID, "requestId": EXAMPLE_ID, "event": "employee.created",
        "staffId": "EMP-2025-001", "eventTimestamp": "2025-10-26T14:29:59.120Z",
        "acceptedAt": "2025-10-26T14:30:00.000Z", "status": "retrying", "route": "default",
        "payloadSize": 312, "retryCount": 0, "nextRetryAt": "2025-10-26T14:31:05.001Z",
    })
}

fn new_event() -> Value {
    json!({
        "event": "employee.created",
        "data": {"staffId": "EMP-2025-001", "fullName": "山田 太郎"},
        "eventTimestamp": "2025-10-26T14:29:59.120Z",
    })
}

fn handing_in() -> Vec<Operation> {
    let new = new_event();
    let accepted = |duplicate: bool| {
        json!({"id": EXAMPLE_ID, "requestId": EXAMPLE_ID, "status": "accepted",
               "duplicate": duplicate})
    };
    let batch = json!({"accepted": 1, "events": [
        {"id": EXAMPLE_ID, "requestId": EXAMPLE_ID, "duplicate": false},
    ]});
    let key = parameter(
        "header",
        "Idempotency-Key",
        "The same key with the same content is the same event, also after 90 days",
        &json!({"type": "string", "pattern": "^[ -~]{1,191}$"}),
    );
    vec![
        Operation::new(
            ("events", "acceptEvent"),
            Method::POST,
            "/api/events",
            "Hand in an event; 202 is given only after it is committed to the disk",
        )
        .parameters([key.clone()])
        .json_body("NewEvent", &new)
        .answer(Answer::new(
            200,
            "It was handed in before",
            "Accepted",
            &accepted(true),
        ))
        .answer(Answer::new(
            202,
            "It is kept, and will be sent",
            "Accepted",
            &accepted(false),
        ))
        .also_refused(bad_event),
        Operation::new(
            ("events", "acceptEvents"),
            Method::POST,
            "/api/events/batch",
            "Hand in up to 1000 events, all or none",
        )
        .parameters([key])
        .batch_body("NewEvent", &new)
        .answer(Answer::new(202, "All are kept", "AcceptedBatch", &batch))
        .also_refused(bad_event),
    ]
}

fn ingesting() -> Vec<Operation> {
    let body = json!({"required": true, "content": {"application/json": {
        "schema": {
            "type": "object",
            "description": "The name of the event stands in `event`, `eventType`, the header X-Event-Type or `type`, or follows from the path. What is sent on is `data` when no other key than event, eventType, timestamp, source and data is there, else the whole body.",
        },
        "example": {
            "event": "employee.created", "timestamp": EXAMPLE_TIME, "source": "medical-system",
            "data": {"staffId": "EMP-2025-001", "fullName": "山田 太郎"},
        },
    }}});
    let kept = json!({
        "success": true, "message": "accepted", "messageId": EXAMPLE_ID, "receivedAt": EXAMPLE_TIME,
        "data": {"id": EXAMPLE_ID, "requestId": EXAMPLE_ID, "status": "accepted", "duplicate": false},
        "timestamp": EXAMPLE_TIME,
    });
    let operation = Operation::new(
        ("events", "ingest"),
        Method::POST,
        INGEST_PATH,
        "Hand in an event as the staff system's own senders do; `ingest.path` may be another one, and every path below it is the same",
    )
    .answer(Answer {
        status: 200,
        description: "It is committed to the disk, now or before, and will be sent",
        content: Some((reference("Ingested"), kept)),
    })
    .also_refused(|| {
        vec![
            ApiError::UnstableJson(
                "/data/amount: JavaScript cannot keep this number exactly; send it as a string"
                    .to_owned(),
            ),
            ApiError::NotFound("Nothing has this path".to_owned()),
        ]
    });
    vec![Operation {
        body: Some(body),
        ..operation
    }]
}

fn looking_up() -> Vec<Operation> {
    let mut whole = event_example();
    whole["data"] = new_event()["data"].clone();
    whole["attempts"] = json!([{
        "attempt": 1, "startedAt": "2025-10-26T14:30:00.010Z", "outcome": "timeout",
        "httpStatusCode": null, "processingTime": 5001,
        "errorMessage": "no answer within 5 s", "cause": "timed_out", "responseBody": null,
    }]);
    let page = json!({"items": [event_example()], "nextCursor": null});
    let resent = json!({"id": EXAMPLE_ID, "requestId": EXAMPLE_ID, "status": "retrying",
        "attemptUnderWay": false});
    vec![
        Operation::new(
            ("events", "listEvents"),
            Method::GET,
            "/api/events",
            "Events, the newest first",
        )
        .parameters([
            query(
                "status",
                "Only events with this status",
                &reference("EventStatus"),
            ),
            text("eventType", "Only events of this name"),
            text("staffId", "Only events about this member of the staff"),
            text("route", "Only events that take this route"),
            moment("since", "Only events accepted at this moment or later"),
            moment("until", "Only events accepted at this moment or earlier"),
        ])
        .parameters(paging("^[1-9][0-9]{0,17}$"))
        .answer(Answer::new(200, "A page", "EventPage", &page))
        .also_refused(accepted_in_no_time),
        Operation::new(
            ("events", "showEvent"),
            Method::GET,
            "/api/events/{id}",
            "One event with its payload and every attempt",
        )
        .path_id("The event's id; it is the X-Request-ID of its webhooks")
        .answer(Answer::new(200, "The event", "Event", &whole))
        .also_refused(no_event),
        Operation::new(
            ("events", "resendEvent"),
            Method::POST,
            "/api/events/{id}/resend",
            "Send an event again, with a fresh budget of retries and the same X-Request-ID",
        )
        .path_id("The event's id")
        .answer(Answer::new(202, "It will be sent", "Resent", &resent))
        .also_refused(no_event),
        Operation::new(
            ("events", "resendEvents"),
            Method::POST,
            "/api/events/resend",
            "Send again what the filters match",
        )
        .json_body(
            "BulkResend",
            &json!({"status": "exhausted", "dryRun": true}),
        )
        .answer(Answer::new(
            200,
            "Counted; nothing was changed",
            "ResentMany",
            &json!({"dryRun": true, "matched": 12}),
        ))
        .answer(Answer::new(
            202,
            "They will be sent",
            "ResentMany",
            &json!({"dryRun": false, "matched": 12}),
        ))
        .also_refused(accepted_in_no_time),
    ]
}

fn interviews() -> Vec<Operation> {
    let fields = json!({
        "employeeId": "EMP-2025-001", "employeeName": "山田 太郎", "interviewerId": "EMP-2001-007",
        "interviewType": "regular", "interviewDate": "2025-10-28T10:00:00.000Z",
        "interviewStatus": "completed", "durationMinutes": 45, "voicedriveSyncId": "vd-123",
        "rescheduledFromId": null, "facilityId": "facility-a", "departmentId": "ward-3",
        "completedAt": null, "statusReason": null,
    });
    let mut with_id = fields.clone();
    with_id["id"] = json!("int-2025-001");
    let mut kept = with_id.clone();
    kept["createdAt"] = json!(EXAMPLE_TIME);
    kept["updatedAt"] = json!(EXAMPLE_TIME);
    let page = json!({"items": [kept.clone()], "nextCursor": null});
    let id = "The staff system's id";
    vec![
        Operation::new(
            ("interviews", "putInterview"),
            Method::PUT,
            "/api/interviews/{id}",
            "Create or replace a record",
        )
        .path_id(id)
        .json_body("NewInterview", &fields)
        .answer(Answer::new(200, "Replaced", "Interview", &kept.clone()))
        .answer(Answer::new(201, "Created", "Interview", &kept.clone()))
        .also_refused(taken),
        Operation::new(
            ("interviews", "putInterviews"),
            Method::POST,
            "/api/interviews/batch",
            "Create or replace up to 1000 records, all or none",
        )
        .batch_body("NewInterview", &with_id)
        .answer(Answer::new(
            200,
            "All are kept",
            "KeptBatch",
            &json!({"accepted": 2, "created": 1, "replaced": 1}),
        ))
        .also_refused(taken),
        Operation::new(
            ("interviews", "listInterviews"),
            Method::GET,
            "/api/interviews",
            "Records, the latest date first",
        )
        .parameters([
            moment("from", "Only those that take place at this moment or later"),
            moment("to", "Only those that take place at this moment or earlier"),
            query(
                "status",
                "Only those with this status",
                &reference("InterviewStatus"),
            ),
            text("facility", "Only those of this facility"),
            text("department", "Only those of this department"),
        ])
        .parameters(paging("^-?[0-9]{1,14}-[0-9]{1,18}$"))
        .answer(Answer::new(200, "A page", "InterviewPage", &page))
        .also_refused(held_in_no_time),
        Operation::new(
            ("interviews", "showInterview"),
            Method::GET,
            "/api/interviews/{id}",
            "One record",
        )
        .path_id(id)
        .answer(Answer::new(200, "The record", "Interview", &kept))
        .also_refused(no_record),
        Operation::new(
            ("interviews", "deleteInterview"),
            Method::DELETE,
            "/api/interviews/{id}",
            "Delete a record",
        )
        .path_id(id)
        .answer(Answer {
            status: 204,
            description: "Deleted",
            content: None,
        })
        .also_refused(|| {
            let mut refusals = no_record();
            refusals.push(ApiError::Conflict(
                "Another record was rescheduled from this one; delete or change that one first"
                    .to_owned(),
            ));
            refusals
        }),
    ]
}

fn incidents() -> Vec<Operation> {
    let incident = json!({
        "kind": "deliveries_exhausted", "state": "ongoing", "incidentId": EXAMPLE_ID,
        "openedAt": "2025-10-26T14:30:00.000Z", "title": "voicedrive-relay: events that cannot be sent: goes on",
        "text": "1 event did not arrive although every retry was made (HTTP 503); 1 of them are not settled.",
        "count": 1, "oldestEventId": EXAMPLE_ID,
        "actions": ["voicedrive-relay resend --status exhausted"],
        "closedAt": null, "subject": "default", "delivered": 0, "dismissed": 0,
    });
    let page = json!({"items": [incident], "nextCursor": null});
    let states = json!({"type": "string", "enum": ["ongoing", "resolved"]});
    vec![
        Operation::new(
            ("incidents", "listIncidents"),
            Method::GET,
            "/api/incidents",
            "What an admin was told, the newest first",
        )
        .parameters([query(
            "state",
            "Only those that last, or only those that are over",
            &states,
        )])
        .parameters(paging("^[1-9][0-9]{0,17}$"))
        .answer(Answer::new(200, "A page", "IncidentPage", &page)),
    ]
}
