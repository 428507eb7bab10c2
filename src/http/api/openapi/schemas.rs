//! The shapes of what is read and answered, taken from the types themselves.

use std::borrow::Cow;

use serde_json::{Value, json};
use utoipa::openapi::schema::{
    AdditionalProperties, ObjectBuilder, Schema, SchemaFormat, SchemaType, Type,
};
use utoipa::openapi::{KnownFormat, RefOr};
use utoipa::{PartialSchema, ToSchema};

use crate::attempt::Outcome;
use crate::audit::{Action, Via};
use crate::event::Status;
use crate::interview::InterviewStatus;
use crate::period::Period;
use crate::person::Cleaned;
use crate::timestamp::Timestamp;

/// Named shapes, each with everything that it is made of.
#[derive(Default)]
pub(super) struct Shapes(Vec<(String, RefOr<Schema>)>);

impl Shapes {
    /// Adds a type that is read or answered.
    pub(super) fn add<T: ToSchema>(&mut self) {
        self.0.push((T::name().into_owned(), T::schema()));
        T::schemas(&mut self.0);
    }

    /// Each shape with its name; one that is added twice comes twice.
    pub(super) fn named(self) -> impl Iterator<Item = (String, Value)> {
        let shapes = self.0.into_iter();
        shapes.map(|(name, schema)| (name, json!(schema)))
    }
}

/// The headers of the staff system's senders that carry a signature, and what is signed.
const SIGNATURES: [(&str, &str, &str); 4] = [
    (
        "signature-medical-system",
        "X-Medical-System-Signature",
        "Hex HMAC-SHA256 of `{timestamp}.{body}`, with X-Medical-System-Timestamp (ISO 8601, within 5 minutes)",
    ),
    (
        "signature-webhook",
        "X-Webhook-Signature",
        "Hex HMAC-SHA256 of `{timestamp}{body}`, with X-Webhook-Timestamp (Unix milliseconds, within 5 minutes)",
    ),
    (
        "signature-webhook-secret",
        "X-Webhook-Secret",
        "Hex HMAC-SHA256 of `{body}`",
    ),
    (
        "signature-plain",
        "X-Signature",
        "Hex HMAC-SHA256 of `{body}`",
    ),
];

/// Every way to say who calls.
pub(super) fn security() -> Value {
    let mut schemes = json!({"bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "A JWT (HS256; exp, iss and aud voicedrive-relay, scope) as `voicedrive-relay token issue` makes it; on the statistics endpoints VOICEDRIVE_API_TOKEN as well.",
    }});
    for (scheme, header, description) in SIGNATURES {
        schemes[scheme] = json!({
            "type": "apiKey", "in": "header", "name": header, "description": description,
        });
    }
    schemes
}

/// What the staff system's senders may prove themselves with; nothing at all where `open_from` says so.
pub(super) fn proofs() -> Value {
    let signatures = SIGNATURES.map(|(scheme, ..)| json!({scheme: []}));
    let others = [json!({"bearer": ["events:write"]}), json!({})];
    signatures.into_iter().chain(others).collect()
}

/// The envelope of an error that has one of these codes.
pub(super) fn error(codes: &[&str]) -> Value {
    json!({
        "type": "object",
        "required": ["success", "error", "timestamp"],
        "properties": {
            "success": {"const": false},
            "error": {
                "type": "object",
                "required": ["code", "message"],
                "properties": {
                    "code": {"enum": codes},
                    "message": {
                        "type": "string",
                        "description": "Names the field or parameter, and what is accepted.",
                    },
                },
            },
            "timestamp": reference::<Timestamp>(),
        },
    })
}

/// The envelope of a success with this content.
pub(super) fn success(data: &Value) -> Value {
    json!({
        "type": "object",
        "required": ["success", "data", "timestamp"],
        "properties": {
            "success": {"const": true},
            "data": data,
            "timestamp": reference::<Timestamp>(),
        },
    })
}

/// A named shape, where it is used.
pub(in super::super) fn reference<T: ToSchema>() -> Value {
    json!({"$ref": format!("#/components/schemas/{}", T::name())})
}

fn words<const N: usize>(description: &str, words: [&'static str; N]) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description))
        .enum_values(Some(words))
        .into()
}

/// The payload of an event.
pub(in super::super) struct Payload;

impl PartialSchema for Payload {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Object)
            .description(Some("The payload: an object with any members. No number in it may change its value in JavaScript, no key may stand twice, and no character may be half of one: else the event is refused with `UNSTABLE_JSON`."))
            // Without it, code that is generated from the description has no member to set.
            .additional_properties(Some(AdditionalProperties::FreeForm(true)))
            .into()
    }
}

impl ToSchema for Payload {}

/// The staff id of an event that is handed in.
pub(in super::super) struct StaffId;

impl PartialSchema for StaffId {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::from_iter([Type::String, Type::Integer]))
            .description(Some("Whom it is about; a number is kept as its text. Without it: what `data` says in `staffId` or `employeeId`."))
            .minimum(Some(0_usize))
            .maximum(Some(9_007_199_254_740_991_usize))
            .min_length(Some(1))
            .max_length(Some(191))
            .pattern(Some(r"^[^\x00-\x1f\x7f-\x9f]*$"))
            .into()
    }
}

impl ToSchema for StaffId {}

impl PartialSchema for Timestamp {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .pattern(Some(r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$"))
            .description(Some("A moment in UTC, always 24 characters"))
            .examples(["2025-10-26T14:30:00.000Z"])
            .into()
    }
}

impl ToSchema for Timestamp {}

impl PartialSchema for Status {
    fn schema() -> RefOr<Schema> {
        words(
            "accepted: not sent yet; retrying: sent, and to be sent again; delivered; exhausted: waits for a person; dismissed: was exhausted, and a person said that nothing more is to be done",
            Self::ALL.map(Self::as_str),
        )
    }
}

impl ToSchema for Status {
    fn name() -> Cow<'static, str> {
        "EventStatus".into()
    }
}

impl PartialSchema for Outcome {
    fn schema() -> RefOr<Schema> {
        words("How an attempt ended", Self::ALL.map(Self::as_str))
    }
}

impl ToSchema for Outcome {}

impl PartialSchema for InterviewStatus {
    fn schema() -> RefOr<Schema> {
        words("What has become of it", Self::ALL.map(Self::as_str))
    }
}

impl ToSchema for InterviewStatus {}

impl PartialSchema for Action {
    fn schema() -> RefOr<Schema> {
        words("What somebody did", Self::ALL.map(Self::as_str))
    }
}

impl ToSchema for Action {
    fn name() -> Cow<'static, str> {
        "ActionKind".into()
    }
}

impl PartialSchema for Cleaned {
    fn schema() -> RefOr<Schema> {
        words(
            "clean: nothing is left in the database's files; rewritten: they were written anew; log_in_use: somebody reads the log, which may have something left; no_room: something is left, and the disk is too full to write them anew",
            Self::ALL.map(Self::as_str),
        )
    }
}

impl ToSchema for Cleaned {
    fn name() -> Cow<'static, str> {
        "ErasedFiles".into()
    }
}

impl PartialSchema for Via {
    fn schema() -> RefOr<Schema> {
        words("By which way somebody did it", Self::ALL.map(Self::as_str))
    }
}

impl ToSchema for Via {}

impl PartialSchema for Period {
    fn schema() -> RefOr<Schema> {
        words("A span that ends now", Self::ALL.map(Self::as_str))
    }
}

impl ToSchema for Period {}
