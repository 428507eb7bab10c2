//! The daemon, as the command line talks to it: the API over the control socket.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::{Body, Method, RequestBuilder};
use serde_json::Value;

use super::words::Speech;
use super::{CliError, print_line};
use crate::config::Config;
use crate::relay;

/// Where the package's daemon has its control socket.
const PACKAGED_SOCKET: &str = "/run/voicedrive-relay/control.sock";
/// The longest that the daemon may take to answer a question.
const TIMEOUT: Duration = Duration::from_mins(2);
/// The longest that it may take to do something: a copy of a large database, a resend in bulk or a file that is handed
/// in take their time.
const LONG_TIMEOUT: Duration = Duration::from_hours(1);

/// The length of a whole id, in characters.
const WHOLE_ID: usize = "0199e2f3-1a2b-7c4d-8e5f-0123456789ab".len();

/// A way to the daemon, and how its answers are shown.
pub(super) struct Client {
    http: reqwest::Client,
    socket: PathBuf,
    pub(super) speech: Speech,
    pub(super) json: bool,
}

impl Client {
    pub(super) fn new(config: &Config, packaged: bool, json: bool) -> Result<Self, CliError> {
        let packaged_socket = Path::new(PACKAGED_SOCKET);
        let socket = if packaged && packaged_socket.exists() {
            packaged_socket.to_owned()
        } else {
            relay::control_socket(&config.storage.directory)
        };
        let speech = Speech {
            language: config.language,
            timezone: config.timezone,
        };
        Self::over(&socket, speech, json)
    }

    /// A way to the daemon behind `socket`.
    pub(super) fn over(socket: &Path, speech: Speech, json: bool) -> Result<Self, CliError> {
        crate::crypto::install();
        let http = reqwest::Client::builder()
            .unix_socket(socket)
            // Nothing is encrypted here, and a machine need not have any certificates.
            .tls_certs_only([])
            .timeout(TIMEOUT)
            .build()
            .map_err(|error| CliError::Failed(error.to_string()))?;
        Ok(Self {
            http,
            socket: socket.to_owned(),
            speech,
            json,
        })
    }

    /// Asks for `path` and answers its `data`.
    pub(super) async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, CliError> {
        let mut serializer = form_urlencoded::Serializer::new(String::new());
        let query = serializer.extend_pairs(query).finish();
        self.call(self.request(Method::GET, &format!("{path}?{query}")))
            .await
    }

    /// Posts a JSON text to `path` and answers its `data`.
    pub(super) async fn post(&self, path: &str, body: String) -> Result<Value, CliError> {
        let request = self.request(Method::POST, path);
        self.call(
            request
                .timeout(LONG_TIMEOUT)
                .header("content-type", "application/json")
                .body(body),
        )
        .await
    }

    /// Posts a stream of NDJSON to `path` and answers its `data`.
    pub(super) async fn upload(&self, path: &str, body: Body) -> Result<Value, CliError> {
        let request = self.request(Method::POST, path);
        let request = request.header("content-type", "application/x-ndjson");
        self.call(request.timeout(LONG_TIMEOUT).body(body)).await
    }

    /// The id that begins so, as a person types it; a whole id is not asked for.
    pub(super) async fn full_id(&self, typed: &str) -> Result<String, CliError> {
        let begin = path_segment(typed)?.to_ascii_lowercase();
        if begin.len() == WHOLE_ID {
            return Ok(begin);
        }
        let query = [("begin", begin.as_str())];
        let answer = self.get("/control/events/ids", &query).await?;
        let ids = answer["ids"].as_array().map_or(&[][..], Vec::as_slice);
        let ids: Vec<&str> = ids.iter().filter_map(Value::as_str).collect();
        match ids[..] {
            [id] => Ok(id.to_owned()),
            [] => Err(CliError::refused(
                "NOT_FOUND",
                format!(
                    "{typed}: {}",
                    self.speech.say(
                        "この ID で始まるイベントはありません。職員のイベントは tail --staff-id で探せます",
                        "no event's id begins so; tail --staff-id finds the events of a member of the staff",
                    )
                ),
            )),
            _ => Err(CliError::refused(
                "AMBIGUOUS",
                format!(
                    "{typed}: {} {}",
                    self.speech.say(
                        "この ID で始まるイベントが複数あります。もっと長く指定してください:",
                        "several ids begin so; type more of the one that is meant:",
                    ),
                    ids.join(", ")
                ),
            )),
        }
    }

    /// Tells what went wrong with one of several things.
    pub(super) fn tell(&self, error: &CliError) -> Result<(), CliError> {
        let told = error.told(self.speech.language, self.json);
        if let Some(told) = told {
            writeln!(io::stderr(), "{told}")?;
        }
        Ok(())
    }

    /// One event with everything.
    pub(super) async fn event(&self, id: &str) -> Result<Value, CliError> {
        self.get(&format!("/api/events/{}", path_segment(id)?), &[])
            .await
    }

    /// What happened since `position`, an earlier answer of this; the present when that is null.
    pub(super) async fn changes(&self, position: &Value) -> Result<Value, CliError> {
        let after = |name: &str| position[name].as_i64().map(|n| n.to_string());
        match (after("afterEvent"), after("afterAttempt")) {
            (Some(event), Some(attempt)) => {
                let query = [("afterEvent", event.as_str()), ("afterAttempt", &attempt)];
                self.get("/control/changes", &query).await
            }
            _ => self.get("/control/changes", &[]).await,
        }
    }

    /// Prints an answer for a program, or lets `for_people` print it.
    pub(super) fn print(
        &self,
        answer: &Value,
        for_people: impl FnOnce(Speech) -> String,
    ) -> Result<(), CliError> {
        if self.json {
            print_line(&answer.to_string())
        } else {
            print_line(&for_people(self.speech))
        }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        // The host is never looked up: the socket stands for it.
        self.http.request(method, format!("http://relay{path}"))
    }

    /// Asks for `path` and answers everything, an error of the daemon too.
    pub(super) async fn whole_answer(&self, path: &str) -> Result<Value, CliError> {
        self.answer_to(self.request(Method::GET, path)).await
    }

    async fn answer_to(&self, request: RequestBuilder) -> Result<Value, CliError> {
        let response = request
            .send()
            .await
            .map_err(|error| self.unreachable(&error))?;
        let answer = response
            .bytes()
            .await
            .map_err(|error| self.unreachable(&error))?;
        serde_json::from_slice(&answer)
            .map_err(|error| CliError::Failed(format!("the daemon's answer is not JSON: {error}")))
    }

    async fn call(&self, request: RequestBuilder) -> Result<Value, CliError> {
        let mut answer = self.answer_to(request).await?;
        if answer["success"] == Value::Bool(true) {
            return Ok(answer["data"].take());
        }
        let error = &answer["error"];
        let message = error["message"].as_str().unwrap_or("the daemon refused");
        Err(match error["code"].as_str() {
            Some(code) => CliError::refused(code, message),
            None => CliError::Failed(message.to_owned()),
        })
    }

    fn unreachable(&self, error: &reqwest::Error) -> CliError {
        let socket = self.socket.display();
        if error.is_timeout() {
            // It is there: nobody must do its work beside it.
            return CliError::Failed(match self.speech.language {
                crate::language::Language::Ja => format!(
                    "{socket}: デーモンは動いていますが、時間内に応答しませんでした。依頼した処理は続いている可能性があります。"
                ),
                crate::language::Language::En => format!(
                    "{socket}: the daemon is there and did not answer in time; what it was asked to do may be done all the same."
                ),
            });
        }
        CliError::Unreachable(match self.speech.language {
            crate::language::Language::Ja => format!(
                "{socket}: デーモンに接続できません。動いているか (systemctl status voicedrive-relay)、グループ voicedrive-relay に入っているか (sudo) を確かめてください。"
            ),
            crate::language::Language::En => format!(
                "{socket}: the daemon cannot be reached. See whether it runs (systemctl status voicedrive-relay), and whether you are in the group voicedrive-relay (or use sudo)."
            ),
        })
    }
}

/// An id that can stand in a path.
pub(super) fn path_segment(id: &str) -> Result<&str, CliError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !id.is_empty() && id.chars().all(fits) {
        Ok(id)
    } else {
        Err(CliError::Usage(format!(
            "`{}` is not an id",
            super::words::harmless(id)
        )))
    }
}
