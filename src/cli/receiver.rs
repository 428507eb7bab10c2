//! `receiver`: the stand-in VoiceDrive on its own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use clap::Args;
use hyper::StatusCode;
use serde_json::json;

use super::words::Locale;
use super::{CliError, Common, print_line, value};
use crate::clock::Clock;
use crate::config::Environment;
use crate::delivery::profile::{BUILT_IN, Profile};
use crate::receiver::{self, ReceivedWebhook, Script, ScriptedAnswer, Verifier};
use crate::route::Pattern;
use crate::words::system::of_system;
use crate::words::{commands, receivers};

/// The most webhooks that can be told to fail.
const MOST_FAILURES: u64 = 1_000_000;
/// The longest delay of an answer, in milliseconds: an hour.
const LONGEST_DELAY_MS: u64 = 3_600_000;

/// Run the stand-in VoiceDrive on its own.
#[derive(Args)]
#[command(after_help = "Examples:
  VOICEDRIVE_WEBHOOK_SECRET=... \\
    voicedrive-relay receiver --listen 127.0.0.1:9000
  voicedrive-relay receiver --profile unsigned --fail 2
  sudo voicedrive-relay receiver
The last one has the secret of the relay on this machine. Set the relay's delivery.url to http://127.0.0.1:9000/ and both secrets to the same value.")]
pub(super) struct Receiver {
    /// Where to listen
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9000", value_parser = value::address)]
    listen: SocketAddr,
    /// How the webhooks are signed
    #[arg(long, default_value = "medical-system", value_parser = BUILT_IN)]
    profile: String,
    /// The name of the secret: a variable of the environment, else what secrets.env beside --config says
    #[arg(long, value_name = "NAME", default_value = "VOICEDRIVE_WEBHOOK_SECRET")]
    secret: String,
    /// The events that it knows, such as employee.*; others get 400; without it: all of them
    #[arg(long = "event", value_name = "PATTERN", value_parser = value::events)]
    events: Vec<Pattern>,
    /// Answer the first N webhooks with 503
    #[arg(long, value_name = "N", default_value_t = 0, allow_negative_numbers = true,
          value_parser = value::whole::<u64>(0..=MOST_FAILURES))]
    fail: u64,
    /// Answer every good webhook with this status, from 200 to 599
    #[arg(long, value_name = "CODE", allow_negative_numbers = true, value_parser = value::http_status)]
    status: Option<StatusCode>,
    /// Wait this many milliseconds before each answer
    #[arg(long, value_name = "MS", default_value_t = 0, allow_negative_numbers = true,
          value_parser = value::whole::<u64>(0..=LONGEST_DELAY_MS))]
    delay: u64,
    /// Close the connection instead of answering
    #[arg(long)]
    drop: bool,
}

impl Receiver {
    pub(super) async fn run(
        &self,
        common: &Common,
        environment: &Environment,
    ) -> Result<(), CliError> {
        let locale = common.locale(environment);
        let language = locale.language;
        let unknown = || CliError::Usage(commands::unknown_profile(&self.profile, language));
        let profile = Profile::built_in(&self.profile).ok_or_else(unknown)?;
        let json = common.json;
        let secrets = match &profile.signature {
            Some(_) => common.secrets_of_partner(environment, &self.secret)?,
            None => Vec::new(),
        };
        for (name, secret) in &secrets {
            eprintln!("{name}: {}", secret.fingerprint().describe(language));
        }
        let secrets = secrets.into_iter().map(|(_, secret)| secret).collect();
        let judge = Verifier {
            profile,
            secrets,
            clock: Clock::System,
        };
        let receiver = receiver::Receiver::start(self.listen, judge, self.script(locale, json))
            .await
            .map_err(|error| {
                CliError::Failed(commands::file_failed(self.listen, &error, language))
            })?;
        eprintln!("{}", receivers::listening(receiver.address(), language));
        let ended = tokio::signal::ctrl_c().await;
        ended.map_err(|error| CliError::Failed(of_system(&error, language)))
    }

    /// Prints each webhook, then answers as the options say.
    fn script(&self, locale: Locale, json: bool) -> Script {
        let status = self.status;
        let (fail, delay, drop) = (self.fail, Duration::from_millis(self.delay), self.drop);
        let events = self.events.clone();
        let seen = AtomicU64::new(0);
        Arc::new(move |received: &ReceivedWebhook| {
            let number = seen.fetch_add(1, Ordering::Relaxed);
            // The reader of the output may have gone; webhooks are answered all the same.
            let _ = print_line(&line(received, locale, json));
            let answer = if drop {
                ScriptedAnswer::Drop
            } else if number < fail {
                ScriptedAnswer::json(
                    StatusCode::SERVICE_UNAVAILABLE,
                    r#"{"success":false,"error":"told to fail"}"#,
                )
            } else {
                // A body that is the data itself does not say which event it is.
                let known = events.is_empty()
                    || received.event_type == "-"
                    || events.iter().any(|event| event.takes(&received.event_type));
                match status {
                    _ if received.verdict.is_ok() && !known => ScriptedAnswer::json(
                        StatusCode::BAD_REQUEST,
                        r#"{"success":false,"error":"Unknown event type"}"#,
                    ),
                    Some(status) if received.verdict.is_ok() => ScriptedAnswer::json(status, "{}"),
                    _ => received.default_answer(),
                }
            };
            ScriptedAnswer::After(delay, Box::new(answer))
        })
    }
}

/// One webhook in one line.
fn line(received: &ReceivedWebhook, locale: Locale, json: bool) -> String {
    let verdict = received.verdict;
    let (id, attempt) = (
        received.header("x-request-id"),
        received.header("x-webhook-attempt"),
    );
    if json {
        return json!({
            "at": received.at,
            "path": received.path,
            "event": received.event_type,
            "requestId": id,
            "attempt": attempt.parse::<u32>().ok(),
            "bytes": received.body.len(),
            "verified": verdict.is_ok(),
            "problem": verdict.err().map(|r| r.to_string()),
            "body": String::from_utf8_lossy(&received.body),
        })
        .to_string();
    }
    let judged = receivers::judged(attempt, received.body.len(), verdict, locale.language);
    let at = locale.clock(received.at);
    format!("{at}  {}  {id}  {judged}", received.event_type)
}
