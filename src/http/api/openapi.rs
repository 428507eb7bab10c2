//! `GET /api/openapi.json`: the API described in `OpenAPI` 3.1 (contract, section 4.3).
//!
//! There is one source for everything that the description says: the shapes come from the types
//! that are read and answered, who may call and what is limited from the router, the errors from
//! the closed list in `reply`. Only the words are written here, in `operations`.
//!
//! The program answers with the description as it is written in `packaging/generated`, so that it need
//! not carry what makes it; a test compares the two.

mod operations;
mod schemas;

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use super::router::{self, Access, Endpoint};
use crate::http::reply::{self, ApiError, Reply};
use crate::token::Scope;
use operations::{Operation, operations};
pub(super) use schemas::{Payload, StaffId};

/// `GET /api/openapi.json`. The document stands alone, without the envelope: tools read it as it is.
#[must_use]
pub fn show() -> Reply {
    const WRITTEN: &str = include_str!("../../../packaging/generated/openapi.json");
    reply::json(StatusCode::OK, WRITTEN)
}

/// The whole description, from its sources.
#[must_use]
pub fn document() -> Value {
    let mut paths = Map::new();
    for operation in operations() {
        let item = paths.entry(operation.path).or_insert_with(|| json!({}));
        item[operation.method.as_str().to_ascii_lowercase()] = described(&operation);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "voicedrive-relay",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Takes events and interview records from the staff system, sends the events to VoiceDrive as signed webhooks, and answers VoiceDrive's questions. Times are ISO 8601 in UTC with milliseconds. Every answer carries Cache-Control: no-store and X-Request-ID.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "tags": operations::TAGS
            .map(|(name, description)| json!({"name": name, "description": description})),
        "paths": paths,
        "components": {
            "schemas": schemas::all(),
            "securitySchemes": schemas::security(),
        },
    })
}

fn described(operation: &Operation) -> Value {
    let mut answers = Map::new();
    for answer in &operation.answers {
        answers.insert(answer.status.to_string(), answer.described());
    }
    for (status, refusals) in by_status(operation) {
        answers.insert(status.as_str().to_owned(), refused(&refusals));
    }
    let mut described = json!({
        "tags": [operation.tag],
        "operationId": operation.id,
        "summary": operation.summary,
        "responses": answers,
        "security": match endpoint(operation).access() {
            Access::Token(scope) => json!([{"bearer": [scope.as_str()]}]),
            Access::Proof => schemas::proofs(),
            Access::Anybody | Access::Control => json!([]),
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

/// What the router makes of the operation's method and path.
fn endpoint(operation: &Operation) -> Endpoint {
    // A description without its endpoint is found by a test; here it would be a public one.
    let ingest = Some(operations::INGEST_PATH);
    router::route(&operation.method, operation.path, ingest).unwrap_or(Endpoint::Health)
}

/// Everything that the operation can be refused for.
fn refusals(operation: &Operation) -> Vec<ApiError> {
    let endpoint = endpoint(operation);
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
    let scope = match endpoint.access() {
        Access::Token(scope) => Some(scope),
        Access::Proof => Some(Scope::EventsWrite),
        Access::Anybody | Access::Control => None,
    };
    if let Some(scope) = scope {
        refusals.push(ApiError::Unauthorized);
        refusals.push(ApiError::Forbidden(scope.as_str()));
    }
    if endpoint.rate_limited().is_some() {
        refusals.push(ApiError::RateLimitExceeded(17));
    }
    if endpoint != Endpoint::OpenApi {
        refusals.push(ApiError::Internal);
        refusals.push(ApiError::StorageUnavailable);
    }
    refusals.extend(operation.refusals());
    refusals
}

/// The refusals of an operation, those with the same status together.
fn by_status(operation: &Operation) -> Vec<(StatusCode, Vec<ApiError>)> {
    let mut groups: Vec<(StatusCode, Vec<ApiError>)> = Vec::new();
    for refusal in refusals(operation) {
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
fn refused(refusals: &[ApiError]) -> Value {
    let codes: Vec<&str> = refusals.iter().map(|r| r.status_and_code().1).collect();
    let mut examples = Map::new();
    for refusal in refusals {
        let (_, code) = refusal.status_and_code();
        let value = json!({
            "success": false,
            "error": {"code": code, "message": refusal.to_string()},
            "timestamp": operations::EXAMPLE_TIME,
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
        ApiError::RateLimitExceeded(_) | ApiError::StorageUnavailable => {
            Some(("Retry-After", "Seconds.", "integer"))
        }
        _ => None,
    });
    if let Some((name, description, of)) = header {
        described["headers"][name] = json!({"description": description, "schema": {"type": of}});
    }
    described
}

/// A query or path parameter; one in a path is needed.
fn parameter(place: &str, name: &str, description: &str, schema: &Value) -> Value {
    json!({
        "name": name,
        "in": place,
        "required": place == "path",
        "description": description,
        "schema": schema,
    })
}

/// The methods and paths that the description has.
#[cfg(test)]
fn described_paths() -> Vec<(hyper::Method, &'static str)> {
    let of = |operation: Operation| (operation.method, operation.path);
    operations().into_iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_its_endpoint() {
        for (method, path) in described_paths() {
            let endpoint = router::route(&method, path, Some(operations::INGEST_PATH));
            assert!(endpoint.is_ok(), "{method} {path}: {endpoint:?}");
            assert_ne!(endpoint.unwrap().access(), Access::Control, "{path}");
        }
    }

    #[test]
    fn every_endpoint_of_the_contract_is_described() {
        let described = described_paths();
        for (method, path) in [
            ("GET", "/api/health"),
            ("GET", "/api/integration/webhook-stats"),
            ("GET", "/api/interviews/completion-stats"),
            ("GET", "/api/voicedrive/webhook-stats"),
            ("GET", "/api/voicedrive/interview-completion-stats"),
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
            let found = described.iter().any(|(m, p)| m == method && *p == path);
            assert!(found, "{method} {path}");
        }
    }
}
