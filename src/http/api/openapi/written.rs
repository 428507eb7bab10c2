//! `GET /api/openapi.json`: the description as it is written in `packaging/generated`.

use hyper::StatusCode;
use serde_json::json;

use super::Operation;
use crate::http::reply::{self, ApiError, Reply};
use crate::http::wing::Call;

/// `GET /api/openapi.json`. The document stands alone, without the envelope: tools read it as it is.
///
/// # Errors
/// None.
pub(in crate::http::api) async fn show(_call: Call<'_>) -> Result<Reply, ApiError> {
    const WRITTEN: &str = include_str!("../../../../packaging/generated/openapi.json");
    Ok(reply::json(StatusCode::OK, WRITTEN))
}

/// What the description says of [`show`].
pub(in crate::http::api) fn describe() -> Operation {
    let schema = json!({"type": "object", "required": ["openapi"]});
    Operation::new("health", "openapi", "This document")
        .answer_of(200, "This document", schema, json!({"openapi": "3.1.0"}))
        .never_fails()
}
