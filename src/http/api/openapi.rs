//! The API described in `OpenAPI` 3.1 (contract, section 4.3).
//!
//! There is one source for everything that the description says: the shapes come from the types that are read and
//! answered, who may call and what is limited from the table in `endpoints`, the errors from the closed list in `reply`.
//! Only the words are written for it, each beside its handler.
//!
//! The program answers with the description as it is written (`written`), so that it need not carry what makes it; a
//! test compares the two.

mod operation;
pub(super) mod samples;
mod schemas;
pub(super) mod written;

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use super::access::{Access, Endpoint};
use crate::http::reply::ApiError;
use crate::token::Scope;
use crate::trouble::Trouble;
pub(super) use operation::{Operation, moment, paging, parameter, period, query, range, text};
pub(super) use schemas::{Payload, StaffId, reference};

/// The chapters of the description.
const TAGS: [(&str, &str); 9] = [
    ("health", "Whether the relay works"),
    ("statistics", "As the requirement names them"),
    ("voicedrive", "As VoiceDrive's shipped client calls them"),
    ("events", "Handing in, looking up, sending again"),
    ("interviews", "Interview records of the staff system"),
    ("holds", "Routes that a person pauses"),
    ("incidents", "What an admin was told"),
    ("audit", "Who did what"),
    ("staff", "What is kept of one person"),
];

/// The whole description of these endpoints.
#[must_use]
pub(super) fn document(endpoints: Vec<(&Endpoint, Operation)>) -> Value {
    let mut paths = Map::new();
    let mut shapes = Map::new();
    for (endpoint, operation) in endpoints {
        let item = paths.entry(endpoint.path).or_insert_with(|| json!({}));
        item[endpoint.method.as_str().to_ascii_lowercase()] = described(endpoint, &operation);
        shapes.extend(operation.shapes.named());
    }
    shapes.sort_keys();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "voicedrive-relay",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Takes events and interview records from the staff system, sends the events to VoiceDrive as signed webhooks, and answers VoiceDrive's questions. Times are ISO 8601 in UTC with milliseconds. Every answer carries Cache-Control: no-store and X-Request-ID.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "tags": TAGS.map(|(name, description)| json!({"name": name, "description": description})),
        "paths": paths,
        "components": {
            "schemas": shapes,
            "securitySchemes": schemas::security(),
        },
    })
}

fn described(endpoint: &Endpoint, operation: &Operation) -> Value {
    let mut answers = Map::new();
    for answer in &operation.answers {
        answers.insert(answer.status.to_string(), answer.described());
    }
    let of_its_kind = refusals_of_kind(endpoint, operation);
    let refusals = of_its_kind.iter().chain(&operation.refusals);
    for (status, refusals) in by_status(refusals) {
        answers.insert(status.as_str().to_owned(), refused(&refusals));
    }
    let mut described = json!({
        "tags": [operation.tag],
        "operationId": operation.id,
        "summary": operation.summary,
        "responses": answers,
        "security": match endpoint.rules.access {
            Access::Token(scope) => json!([{"bearer": [scope.as_str()]}]),
            Access::Proof => schemas::proofs(),
            Access::Anybody => json!([]),
        },
    });
    if !operation.parameters.is_empty() {
        described["parameters"] = operation.parameters.clone().into();
    }
    if let Some(body) = &operation.body {
        described["requestBody"] = body.clone();
    }
    described
}

/// What an endpoint of this kind can be refused for.
fn refusals_of_kind(endpoint: &Endpoint, operation: &Operation) -> Vec<ApiError> {
    let mut refusals = Vec::new();
    if operation.body.is_some() {
        refusals.push(ApiError::InvalidJson(
            "expected value at line 1 column 1".to_owned(),
        ));
        refusals.push(ApiError::PayloadTooLarge(1_048_576));
        refusals.push(ApiError::UnsupportedMediaType("application/json"));
    }
    if operation.body.is_some() || !operation.parameters.is_empty() {
        refusals.push(ApiError::invalid("limit", "must be a number from 1 to 200"));
    }
    let scope = match endpoint.rules.access {
        Access::Token(scope) => Some(scope),
        Access::Proof => Some(Scope::EventsWrite),
        Access::Anybody => None,
    };
    if let Some(scope) = scope {
        refusals.push(ApiError::Unauthorized);
        refusals.push(ApiError::Forbidden(scope.as_str()));
    }
    if endpoint.rules.limited {
        refusals.push(ApiError::RateLimitExceeded(17));
    }
    if operation.can_fail {
        refusals.push(ApiError::Internal);
        refusals.push(ApiError::StorageUnavailable(Some(Trouble::Locked)));
    }
    refusals
}

/// Those with the same status together.
fn by_status<'a>(
    refusals: impl Iterator<Item = &'a ApiError>,
) -> Vec<(StatusCode, Vec<&'a ApiError>)> {
    let mut groups: Vec<(StatusCode, Vec<&ApiError>)> = Vec::new();
    for refusal in refusals {
        let (status, _) = refusal.status_and_code();
        match groups.iter_mut().find(|(of, _)| *of == status) {
            Some((_, group)) => group.push(refusal),
            None => groups.push((status, vec![refusal])),
        }
    }
    groups.sort_by_key(|(status, _)| *status);
    groups
}

/// The answer of an error: which codes it can have, and how each reads.
fn refused(refusals: &[&ApiError]) -> Value {
    let codes: Vec<&str> = refusals.iter().map(|r| r.status_and_code().1).collect();
    let mut examples = Map::new();
    for refusal in refusals {
        let (_, code) = refusal.status_and_code();
        let value = json!({
            "success": false,
            "error": {"code": code, "message": refusal.to_string()},
            "timestamp": samples::TIME,
        });
        examples.insert(code.to_owned(), json!({"value": value}));
    }
    let mut described = json!({
        "description": codes.join(", "),
        "content": {"application/json": {
            "schema": schemas::error(&codes),
            "examples": examples,
        }},
    });
    let header = refusals.iter().find_map(|refusal| match refusal {
        ApiError::Unauthorized => Some(("WWW-Authenticate", "Always `Bearer`.", "string")),
        ApiError::RateLimitExceeded(_) | ApiError::StorageUnavailable(_) => {
            Some(("Retry-After", "Seconds.", "integer"))
        }
        _ => None,
    });
    if let Some((name, description, of)) = header {
        described["headers"][name] = json!({"description": description, "schema": {"type": of}});
    }
    described
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::http::api::endpoints::{self, document};

    /// The names of the shapes that are referred to.
    fn referred(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(object) => {
                let name = object.get("$ref").and_then(Value::as_str);
                found.extend(name.map(str::to_owned));
                object.values().for_each(|value| referred(value, found));
            }
            Value::Array(array) => array.iter().for_each(|value| referred(value, found)),
            _ => {}
        }
    }

    #[test]
    fn every_shape_that_is_referred_to_is_there() {
        let document = document();
        let mut found = BTreeSet::new();
        referred(&document, &mut found);
        assert!(found.len() > 20, "{found:?}");
        for reference in found {
            let place = reference.trim_start_matches('#');
            assert!(document.pointer(place).is_some(), "{reference}");
        }
    }

    #[test]
    fn no_two_shapes_have_the_same_name() {
        let document = document();
        for (_, operation) in endpoints::described() {
            for (name, shape) in operation.shapes.named() {
                let kept = &document["components"]["schemas"][&name];
                assert_eq!(*kept, shape, "{name}");
            }
        }
    }

    #[test]
    fn no_two_operations_have_the_same_name_and_each_has_a_chapter() {
        let mut names = BTreeSet::new();
        for (endpoint, operation) in endpoints::described() {
            assert!(names.insert(operation.id), "{}", endpoint.path);
            let known = TAGS.iter().any(|(name, _)| *name == operation.tag);
            assert!(known, "{}", endpoint.path);
        }
    }

    #[test]
    fn every_endpoint_of_the_contract_is_described() {
        let document = document();
        for (method, path) in [
            ("GET", "/api/health"),
            ("GET", "/api/integration/webhook-stats"),
            ("GET", "/api/interviews/completion-stats"),
            ("GET", "/api/voicedrive/webhook-stats"),
            ("GET", "/api/voicedrive/interview-completion-stats"),
            ("GET", "/api/integration/kpis"),
            ("POST", "/api/events"),
            ("POST", "/api/events/batch"),
            ("POST", "/in"),
            ("GET", "/api/events"),
            ("GET", "/api/events/{id}"),
            ("POST", "/api/events/{id}/resend"),
            ("POST", "/api/events/resend"),
            ("PUT", "/api/interviews/{id}"),
            ("POST", "/api/interviews/batch"),
            ("GET", "/api/interviews/{id}"),
            ("GET", "/api/interviews"),
            ("DELETE", "/api/interviews/{id}"),
            ("GET", "/api/incidents"),
            ("GET", "/api/openapi.json"),
        ] {
            let operation = &document["paths"][path][method.to_ascii_lowercase()];
            assert!(operation.is_object(), "{method} {path}");
        }
    }
}
