//! The daemon, as the command line talks to it: the API over the control socket.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Body, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use super::words::Locale;
use super::{CliError, Common, print_line};
use crate::command_line::CommandLine;
use crate::config::Config;
use crate::http::{NEXT_PART, PART_STATE, STATED_NAME};
use crate::language::Language;
use crate::relay;
use crate::route::settings::{AllSettings, Settings};
use crate::words::answers::Subject;
use crate::words::harmless;
use crate::words::{commands, daemon};

/// Where the package's daemon has its control socket.
const PACKAGED_SOCKET: &str = "/run/voicedrive-relay/control.sock";
/// The longest that the daemon may take to begin its answer to a question. One that takes longer hangs, or is another
/// program that listens there.
const FIRST_WORD: Duration = Duration::from_secs(10);
/// The longest that it may take for all of the answer.
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
    /// Who types, as far as the command can state it.
    operator: Option<String>,
    pub(super) locale: Locale,
    pub(super) commands: CommandLine,
    pub(super) json: bool,
    /// The routes as the configuration has them.
    routes: AllSettings,
}

impl Client {
    pub(super) fn new(config: &Config, common: &Common) -> Result<Self, CliError> {
        let socket = socket(config, common);
        let client = Self::over(
            &socket,
            common.speech_of(config),
            common.commands(),
            common.json,
        )?;
        Ok(Self {
            operator: common.operator.clone(),
            routes: config.route_settings(),
            ..client
        })
    }

    /// A way to the daemon behind `socket`.
    pub(super) fn over(
        socket: &Path,
        locale: Locale,
        commands: CommandLine,
        json: bool,
    ) -> Result<Self, CliError> {
        crate::crypto::install();
        let http = reqwest::Client::builder()
            .unix_socket(socket)
            // Nothing is encrypted here, and a machine need not have any certificates.
            .tls_certs_only([])
            .timeout(TIMEOUT)
            .build()
            .map_err(|error| CliError::Failed(commands::broke_off(&error, locale.language)))?;
        Ok(Self {
            http,
            socket: socket.to_owned(),
            operator: None,
            locale,
            commands,
            json,
            routes: AllSettings::default(),
        })
    }

    /// Asks for `path` and answers its `data`.
    pub(super) async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, CliError> {
        let mut serializer = form_urlencoded::Serializer::new(String::new());
        let query = serializer.extend_pairs(query).finish();
        let request = self.request(Method::GET, &format!("{path}?{query}"));
        self.call(request, FIRST_WORD).await
    }

    /// Posts a JSON text to `path` and answers its `data`.
    pub(super) async fn post(&self, path: &str, body: String) -> Result<Value, CliError> {
        let request = self.request(Method::POST, path);
        let request = request.header("content-type", "application/json");
        self.have_done(request.body(body)).await
    }

    /// Puts a JSON text at `path` and answers its `data`.
    pub(super) async fn put(&self, path: &str, body: String) -> Result<Value, CliError> {
        let request = self.request(Method::PUT, path);
        let request = request.header("content-type", "application/json");
        self.call(request.body(body), FIRST_WORD).await
    }

    /// Deletes what has this path.
    pub(super) async fn delete(&self, path: &str) -> Result<(), CliError> {
        let request = self.request(Method::DELETE, path);
        self.call(request, FIRST_WORD).await.map(drop)
    }

    /// The part of the open database that begins with page `from`, of this state: its bytes, its state, and where the
    /// next one begins. None: the database is in another state by now.
    pub(super) async fn part(
        &self,
        from: u32,
        state: Option<i64>,
    ) -> Result<Option<(Bytes, i64, Option<u32>)>, CliError> {
        let state = state.map_or_else(String::new, |state| format!("&state={state}"));
        let path = format!("/control/backup/part?from={from}{state}");
        let request = self.request(Method::GET, &path).timeout(TIMEOUT);
        let response = self.first_word(request, TIMEOUT).await?;
        let number = |name: &str| response.headers().get(name)?.to_str().ok()?.parse().ok();
        let (state, next) = (number(PART_STATE), number(NEXT_PART));
        let status = response.status();
        let body = response.bytes().await;
        let body = body.map_err(|error| self.unreachable(&error))?;
        match (status, state) {
            (StatusCode::OK, Some(state)) => {
                let next = next.and_then(|next| u32::try_from(next).ok());
                Ok(Some((body, state, next)))
            }
            (StatusCode::CONFLICT, _) => Ok(None),
            _ => {
                let answer = serde_json::from_slice(&body).unwrap_or_default();
                Err(self.refusal(&answer, Subject::of_path("/control/backup")))
            }
        }
    }

    /// Posts a stream of NDJSON to `path` and answers its `data`.
    pub(super) async fn upload(&self, path: &str, body: Body) -> Result<Value, CliError> {
        let request = self.request(Method::POST, path);
        let request = request.header("content-type", "application/x-ndjson");
        self.have_done(request.body(body)).await
    }

    /// Has something done that may take long, by a daemon that answers what it is asked in between.
    async fn have_done(&self, request: RequestBuilder) -> Result<Value, CliError> {
        let question = self.request(Method::GET, "/api/health");
        self.first_word(question, FIRST_WORD).await?;
        self.call(request.timeout(LONG_TIMEOUT), LONG_TIMEOUT).await
    }

    /// The id that begins so, as a person types it; a whole id is not asked for.
    pub(super) async fn full_id(&self, typed: &str) -> Result<String, CliError> {
        let language = self.locale.language;
        let begin = path_segment(typed, language)?.to_ascii_lowercase();
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
                commands::unknown_id(typed, language),
            )),
            _ => Err(CliError::refused(
                "AMBIGUOUS",
                commands::ambiguous_id(typed, &ids.join(", "), language),
            )),
        }
    }

    /// Tells what went wrong with one of several things.
    pub(super) fn tell(&self, error: &CliError) -> Result<(), CliError> {
        let told = error.describe(self.locale.language, &self.commands, self.json);
        if let Some(told) = told {
            writeln!(io::stderr(), "{told}")?;
        }
        Ok(())
    }

    /// By what an admin finds the settings of an event's route.
    pub(super) fn settings_of(&self, event: &Value) -> Settings {
        self.routes.of(event["route"].as_str())
    }

    /// One event with everything.
    pub(super) async fn event(&self, id: &str) -> Result<Value, CliError> {
        self.get(
            &format!("/api/events/{}", path_segment(id, self.locale.language)?),
            &[],
        )
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
        for_people: impl FnOnce(Locale) -> String,
    ) -> Result<(), CliError> {
        if self.json {
            print_line(&answer.to_string())
        } else {
            print_line(&for_people(self.locale))
        }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        // The host is never looked up: the socket stands for it.
        let request = self.http.request(method, format!("http://relay{path}"));
        let request = request.header("accept-language", self.locale.language.code());
        match &self.operator {
            Some(name) => {
                let name = utf8_percent_encode(name, NON_ALPHANUMERIC);
                request.header(STATED_NAME, name.to_string())
            }
            None => request,
        }
    }

    /// The head of an answer, which has to come within `patience`.
    async fn first_word(
        &self,
        request: RequestBuilder,
        patience: Duration,
    ) -> Result<Response, CliError> {
        let answered = tokio::time::timeout(patience, request.send()).await;
        answered
            .map_err(|_| {
                let seconds = patience.as_secs();
                let language = self.locale.language;
                CliError::Failed(daemon::nobody_speaks(
                    &self.socket,
                    seconds,
                    &self.commands,
                    language,
                ))
            })?
            .map_err(|error| self.unreachable(&error))
    }

    async fn answer_to(
        &self,
        request: RequestBuilder,
        patience: Duration,
    ) -> Result<Value, CliError> {
        let language = self.locale.language;
        let response = self.first_word(request, patience).await?;
        if response.status() == StatusCode::NO_CONTENT {
            return Ok(json!({"success": true, "data": null}));
        }
        let answer = response
            .bytes()
            .await
            .map_err(|error| self.unreachable(&error))?;
        serde_json::from_slice(&answer)
            .map_err(|error| CliError::Failed(daemon::answer_is_not_json(&error, language)))
    }

    async fn call(&self, request: RequestBuilder, patience: Duration) -> Result<Value, CliError> {
        let request = request.build();
        let request = request.map_err(|error| self.unreachable(&error))?;
        let subject = Subject::of_path(request.url().path());
        let request = RequestBuilder::from_parts(self.http.clone(), request);
        let mut answer = self.answer_to(request, patience).await?;
        if answer["success"] == Value::Bool(true) {
            return Ok(answer["data"].take());
        }
        Err(self.refusal(&answer, subject))
    }

    fn refusal(&self, answer: &Value, subject: Subject) -> CliError {
        let error = &answer["error"];
        match (error["code"].as_str(), error["message"].as_str()) {
            (Some(code), Some(message)) => CliError::OfDaemon {
                code: code.to_owned(),
                message: message.to_owned(),
                subject,
            },
            _ => CliError::Failed(daemon::refused(self.locale.language)),
        }
    }

    fn unreachable(&self, error: &reqwest::Error) -> CliError {
        let language = self.locale.language;
        if error.is_timeout() {
            CliError::Failed(daemon::no_answer_in_time(&self.socket, language))
        } else if !error.is_connect() && !error.is_builder() {
            // It had begun to ask: the daemon may have been ended in the middle of it.
            CliError::Failed(daemon::cut_off(&self.socket, language))
        } else {
            CliError::Unreachable(daemon::unreachable(&self.socket, &self.commands, language))
        }
    }
}

/// Where the daemon of this configuration listens.
pub(super) fn socket(config: &Config, common: &Common) -> PathBuf {
    let packaged_socket = Path::new(PACKAGED_SOCKET);
    if common.is_packaged() && packaged_socket.exists() {
        packaged_socket.to_owned()
    } else {
        relay::control_socket(&config.storage.directory)
    }
}

/// An id that can stand in a path.
pub(super) fn path_segment(id: &str, language: Language) -> Result<&str, CliError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if (1..=WHOLE_ID).contains(&id.len()) && id.chars().all(fits) {
        Ok(id)
    } else {
        let typed: String = harmless(id).chars().take(WHOLE_ID).collect();
        Err(CliError::Usage(commands::no_id(&typed, language)))
    }
}
