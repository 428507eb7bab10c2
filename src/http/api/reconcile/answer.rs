//! What a comparison, and digests, look like in JSON (contract, section 4.7).

use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::crypto;
use crate::event::Status;
use crate::http::api::openapi::samples;
use crate::reconciliation::comparison::{
    Comparison, Missing, NAMED, NoEffect, Question, Standing, Waiting,
};
use crate::reconciliation::digest::SlotDigest;
use crate::timestamp::Timestamp;

/// What both sides have, and what is missing.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Comparison)]
pub(super) struct ComparisonAnswer<'a> {
    /// The route; none when several were compared together.
    #[schema(required)]
    route: Option<&'a str>,
    /// The routes, when there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    routes: Option<&'a [String]>,
    /// The first id of the range.
    #[schema(value_type = String)]
    from_id: Uuid,
    /// The last id of the range.
    #[schema(value_type = String)]
    to_id: Uuid,
    /// What was delivered later is not compared.
    as_of: Timestamp,
    /// Events of the range of which at least one attempt was made.
    sent: u64,
    /// Ids of the list that are in the range.
    received: u64,
    /// How many are on both sides; what has `arrived` is not among them.
    matched: u64,
    missing: Vec<MissingAnswer<'a>>,
    no_effect: Vec<NoEffectAnswer<'a>>,
    waiting: Vec<WaitingAnswer<'a>>,
    /// They counted as exhausted, and only the answer was lost.
    #[schema(value_type = Vec<String>)]
    arrived: Vec<Uuid>,
    /// The relay has sent nothing with these ids.
    #[schema(value_type = Vec<String>)]
    unknown: &'a [Uuid],
    /// How many were delivered that the list cannot say anything about; they are not among `sent`.
    not_compared: u64,
    /// How many VoiceDrive does not have, and were dismissed: they are not among the missing.
    dismissed: u64,
    /// How many VoiceDrive does not have, and cannot be sent again, because the data of their persons were erased.
    erased: u64,
    /// Ids of the list that are outside of the range, or of another route.
    ignored: u64,
    counts: CountsAnswer,
    /// When what is missing is sent again: how much.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    resent: Option<ResentMissing>,
    /// At most 1000 of each kind are named, and there are more.
    truncated: bool,
    /// Null when nothing was compared, and so nothing recorded: the relay knows nothing of the list, or that is older than
    /// the range.
    #[schema(required)]
    reconciliation_id: Option<&'a str>,
}

/// How much there is of each kind, also where not everything is named. Each id of the list, and each delivery of the range,
/// counts in exactly one of these numbers.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ComparisonCounts)]
struct CountsAnswer {
    matched: u64,
    missing: u64,
    no_effect: u64,
    waiting: u64,
    arrived: u64,
    not_compared: u64,
    dismissed: u64,
    erased: u64,
    unknown: u64,
    ignored: u64,
}

impl From<Standing> for CountsAnswer {
    fn from(standing: Standing) -> Self {
        let Standing {
            matched,
            missing,
            no_effect,
            waiting,
            arrived,
            not_compared,
            dismissed,
            erased,
            unknown,
            ignored,
        } = standing;
        Self {
            matched,
            missing,
            no_effect,
            waiting,
            arrived,
            not_compared,
            dismissed,
            erased,
            unknown,
            ignored,
        }
    }
}

/// What is sent again.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[schema(as = ResentMissing)]
pub(super) struct ResentMissing {
    /// How many of the missing.
    pub(super) events: u64,
    /// How many later events of the same persons are sent again after them, so that old data does not come back.
    pub(super) follows: u64,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MissingDelivery)]
struct MissingAnswer<'a> {
    #[schema(value_type = String)]
    request_id: Uuid,
    event_type: &'a str,
    #[schema(required)]
    first_sent_at: Option<Timestamp>,
    #[schema(required)]
    last_attempt_at: Option<Timestamp>,
    attempts: u32,
    #[schema(value_type = Status)]
    status: &'static str,
    #[schema(required)]
    http_status_code: Option<u16>,
    /// `answered_but_absent`, `failed_there`, or the cause of the last attempt.
    reason: &'static str,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DeliveryWithoutEffect)]
struct NoEffectAnswer<'a> {
    #[schema(value_type = String)]
    request_id: Uuid,
    event_type: &'a str,
    #[schema(required)]
    first_sent_at: Option<Timestamp>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WaitingDelivery)]
struct WaitingAnswer<'a> {
    #[schema(value_type = String)]
    request_id: Uuid,
    event_type: &'a str,
    #[schema(value_type = Status)]
    status: &'static str,
    #[schema(required)]
    next_retry_at: Option<Timestamp>,
}

impl<'a> ComparisonAnswer<'a> {
    pub(super) fn of(
        question: &'a Question,
        found: &'a Comparison,
        id: Option<&'a str>,
        resent: Option<ResentMissing>,
    ) -> Self {
        let (route, routes) = match question.routes.as_slice() {
            [route] => (Some(route.as_str()), None),
            routes => (None, Some(routes)),
        };
        let arrived = found.arrived.iter().map(|(_, id)| *id);
        Self {
            route,
            routes,
            from_id: question.range.from,
            to_id: question.range.to,
            as_of: question.as_of,
            sent: found.counts.sent,
            received: found.counts.received,
            matched: found.standing.matched,
            missing: found.missing.iter().map(MissingAnswer::of).collect(),
            no_effect: found.no_effect.iter().map(NoEffectAnswer::of).collect(),
            waiting: found.waiting.iter().map(WaitingAnswer::of).collect(),
            arrived: arrived.take(NAMED).collect(),
            unknown: &found.unknown,
            not_compared: found.standing.not_compared,
            dismissed: found.standing.dismissed,
            erased: found.standing.erased,
            ignored: found.standing.ignored,
            counts: found.standing.into(),
            resent,
            truncated: found.truncated || found.arrived.len() > NAMED,
            reconciliation_id: id,
        }
    }
}

impl<'a> MissingAnswer<'a> {
    fn of(missing: &'a Missing) -> Self {
        Self {
            request_id: missing.id,
            event_type: &missing.event_type,
            first_sent_at: missing.first_sent_at,
            last_attempt_at: missing.last_attempt_at,
            attempts: missing.attempts,
            status: missing.status.as_str(),
            http_status_code: missing.http_status,
            reason: missing.reason.as_str(),
        }
    }
}

impl<'a> NoEffectAnswer<'a> {
    fn of(one: &'a NoEffect) -> Self {
        Self {
            request_id: one.id,
            event_type: &one.event_type,
            first_sent_at: one.first_sent_at,
        }
    }
}

impl<'a> WaitingAnswer<'a> {
    fn of(one: &'a Waiting) -> Self {
        Self {
            request_id: one.id,
            event_type: &one.event_type,
            status: one.status.as_str(),
            next_retry_at: one.next_retry_at,
        }
    }
}

/// What was delivered, slot by slot.
#[derive(Serialize, ToSchema)]
#[schema(as = DeliveredDigests)]
pub(super) struct DigestsAnswer {
    items: Vec<SlotAnswer>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DeliveredDigest)]
struct SlotAnswer {
    /// A day or an hour of UTC.
    slot: String,
    /// The first id of the slot.
    #[schema(value_type = String)]
    from_id: Uuid,
    /// The first id behind the slot.
    #[schema(value_type = String)]
    to_id: Uuid,
    delivered: u64,
    open: u64,
    /// SHA-256 of the delivered ids, sorted, each followed by a newline.
    digest: String,
}

impl DigestsAnswer {
    pub(super) fn of(slots: &[SlotDigest]) -> Self {
        let items = slots.iter().map(|slot| SlotAnswer {
            slot: slot.slot.clone(),
            from_id: slot.from,
            to_id: slot.to,
            delivered: slot.delivered,
            open: slot.open,
            digest: crypto::hex(&slot.digest),
        });
        Self {
            items: items.collect(),
        }
    }
}

/// A comparison for the description.
pub(super) fn sample() -> Value {
    json!({
        "route": "default", "fromId": "019a1dd0-9400-7000-8000-000000000000",
        "toId": "019a22f6-f000-7000-8000-000000000000", "asOf": samples::TIME,
        "sent": 150, "received": 149, "matched": 149,
        "missing": [{
            "requestId": samples::ID, "eventType": "employee.created",
            "firstSentAt": "2025-10-26T14:30:00.120Z", "lastAttemptAt": "2025-10-26T14:30:00.120Z",
            "attempts": 1, "status": "delivered", "httpStatusCode": 200, "reason": "answered_but_absent",
        }],
        "noEffect": [], "waiting": [], "arrived": [], "unknown": [], "notCompared": 0, "dismissed": 0, "erased": 0,
        "ignored": 0, "counts": {
            "matched": 149, "missing": 1, "noEffect": 0, "waiting": 0, "arrived": 0, "notCompared": 0, "dismissed": 0,
            "erased": 0, "unknown": 0, "ignored": 0,
        },
        "truncated": false, "reconciliationId": "019a2160-0000-7c1e-8c1d-0d2f6e1b7a55",
    })
}
