//! `GET /api/openapi.json`: the description as it is written in `packaging/generated`.

use hyper::StatusCode;
use miniz_oxide::inflate::decompress_to_vec;
use serde_json::json;

use super::Operation;
use crate::http::reply::{self, ApiError, Reply};
use crate::http::wing::Call;

/// `GET /api/openapi.json`. The document stands alone, without the envelope: tools read it as it is.
///
/// # Errors
/// None: the program was built with it.
pub(in crate::http::api) async fn show(_call: Call<'_>) -> Result<Reply, ApiError> {
    const COMPRESSED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/openapi.json.deflate"));
    let written = decompress_to_vec(COMPRESSED).map_err(|_| ApiError::Internal)?;
    Ok(reply::json(StatusCode::OK, written))
}

/// What the description says of [`show`].
pub(in crate::http::api) fn describe() -> Operation {
    let schema = json!({"type": "object", "required": ["openapi"]});
    Operation::new("health", "openapi", "This document")
        .answer_of(200, "This document", schema, json!({"openapi": "3.1.0"}))
        .never_fails()
}
