//! Webhooks of the alerts. Their URLs are secrets: no error names them.

use std::time::Duration;

use reqwest::{Client, header::CONTENT_TYPE, redirect};
use serde::Serialize;

use crate::config::Secret;
use crate::delivery::partner::classify;

/// The longest that one call may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Posts `body` as JSON to the URL.
///
/// # Errors
/// Why it was not taken.
pub(super) async fn post(url: &Secret, body: &impl Serialize) -> Result<(), String> {
    let body = serde_json::to_string(body).map_err(|error| error.to_string())?;
    let request = client(url)?.post(url.expose());
    sent(request.header(CONTENT_TYPE, "application/json").body(body)).await
}

/// Calls the URL.
///
/// # Errors
/// Why nobody took the call.
pub(super) async fn call(url: &Secret) -> Result<(), String> {
    sent(client(url)?.get(url.expose())).await
}

async fn sent(request: reqwest::RequestBuilder) -> Result<(), String> {
    let answer = request.send().await.map_err(|error| {
        if error.is_timeout() {
            return format!("no answer within {TIMEOUT:?}");
        }
        classify(&error).to_string()
    })?;
    if answer.status().is_success() {
        Ok(())
    } else {
        Err(format!("HTTP {}", answer.status().as_u16()))
    }
}

fn client(url: &Secret) -> Result<Client, String> {
    crate::crypto::install();
    let mut builder = Client::builder();
    if url.expose().starts_with("http://") {
        // Without encryption, a machine need not have any certificates.
        builder = builder.tls_certs_only([]);
    }
    builder
        .user_agent(concat!("voicedrive-relay/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .no_proxy()
        .timeout(TIMEOUT)
        .build()
        .map_err(|error| classify(&error).to_string())
}
