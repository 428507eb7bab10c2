//! The staff system's own webhook sender: it signs an event, and posts it to the address in its settings. It does not know
//! that a relay answers there.

use hyper::StatusCode;
use serde_json::Value;
use uuid::Uuid;

use super::failed;
use crate::cli::CliError;
use crate::cli::words::text;
use crate::clock::Clock;
use crate::crypto;
use crate::delivery::profile::Profile;
use crate::delivery::signature;
use crate::language::Language;
use crate::relay::Relay;
use crate::words::demo;

pub(super) struct StaffSystem {
    http: reqwest::Client,
    url: String,
    profile: Profile,
    secret: String,
    language: Language,
}

impl StaffSystem {
    pub(super) fn new(
        relay: &Relay,
        profile: Profile,
        secret: String,
        language: Language,
    ) -> Result<Self, CliError> {
        crypto::install();
        // Nothing is encrypted on this machine, and it need not have any certificates.
        let http = reqwest::Client::builder().tls_certs_only([]).build();
        Ok(Self {
            http: http.map_err(failed(language))?,
            url: format!("http://{}/in", relay.address()),
            profile,
            secret,
            language,
        })
    }

    pub(super) async fn send(&self, event: &Value) -> Result<(), CliError> {
        let language = self.language;
        let now = Clock::System.now();
        let id = Uuid::new_v4().to_string();
        let data = event["data"].to_string();
        let body = self.profile.body(text(&event["event"]), now, &data);
        let secrets = [self.secret.as_bytes()];
        let mut request = self.http.post(&self.url);
        for (name, value) in signature::headers(&self.profile, &secrets, &id, now, &body) {
            request = request.header(name, value);
        }
        let request = request.header("content-type", "application/json");
        let answer = request.header("x-request-id", id).body(body).send().await;
        match answer.map_err(failed(language))?.status() {
            StatusCode::OK => Ok(()),
            other => Err(CliError::Failed(demo::answered_at_the_door(
                other, language,
            ))),
        }
    }
}
