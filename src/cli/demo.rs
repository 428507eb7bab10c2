//! `demo`: the whole thing on this machine at once, in a temporary directory: an ordinary day, six short stories of
//! what can go wrong, what was counted, and commands to try.

mod sample;
mod staff_system;
mod stand_in;

use std::env;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use uuid::Uuid;

use super::client::Client;
use super::delivery_line::{Line, Table, last_of_each, pad, pad_left};
use super::paint::Paint;
use super::words::{Locale, language_of, text};
use super::{CliError, Common, print_line};
use crate::clock::Clock;
use crate::config::{self, Environment, Loaded};
use crate::delivery::profile::Profile;
use crate::hold::EVERY_ROUTE;
use crate::language::Language;
use crate::receiver::{Receiver, Verifier};
use crate::relay::{self, Relay};
use crate::session::{Role, USUAL_HOURS};
use crate::timestamp::Timestamp;
use crate::words::demo::{self, Show};
use staff_system::StaffSystem;
use stand_in::Log;

/// The show is over after this long, whatever happens.
const LONGEST_SHOW: Duration = Duration::from_mins(1);
/// How often the show looks for what is new.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// Between two events that are handed in, so that a person can watch.
const BETWEEN_EVENTS: Duration = Duration::from_millis(60);
/// One event of so many comes as the staff system's own webhook sender posts it.
const SENT_BY_STAFF_SYSTEM: usize = 3;
/// Sending is on hold for so long.
const HELD: Duration = Duration::from_secs(2);

/// Show the whole thing on this machine: relay, a stand-in VoiceDrive, sample events.
#[derive(Args)]
#[command(after_help = "Examples:
  voicedrive-relay demo
  voicedrive-relay demo --exit")]
pub(super) struct Demo {
    /// End after the show; exit code 0 when everything arrived
    #[arg(long)]
    exit: bool,
}

impl Demo {
    pub(super) async fn run(
        &self,
        common: &Common,
        environment: &Environment,
    ) -> Result<(), CliError> {
        let language = language_of(environment);
        if common.json {
            return Err(CliError::Usage(demo::for_people_alone(Language::En)));
        }
        let directory = tempfile::Builder::new()
            .prefix("voicedrive-relay-demo-")
            .tempdir()
            .map_err(failed(language))?;
        let paint = Paint::on(io::stdout().is_terminal(), environment);
        let table = Table::of_changes(paint);
        let stage = Stage::set(directory.path(), language, table).await?;
        let all_arrived = stage.show().await?;
        if self.exit {
            stage.relay.stop(&[]).await.map_err(failed(language))?;
            return if all_arrived {
                Ok(())
            } else {
                Err(CliError::Failed(language.phrase(Show::NotAll).to_owned()))
            };
        }
        stage.invite().await?;
        tokio::signal::ctrl_c().await.map_err(failed(language))?;
        stage.relay.stop(&[]).await.map_err(failed(language))?;
        Ok(())
    }
}

/// What the show cannot go on with.
fn failed<E: std::error::Error + 'static>(language: Language) -> impl Fn(E) -> CliError {
    move |error| CliError::Failed(demo::failed(&error, language))
}

/// Everything that takes part.
struct Stage {
    relay: Relay,
    /// Kept for as long as the show goes on: it ends when it is dropped.
    _receiver: Receiver,
    /// What the stand-in VoiceDrive has.
    log: Log,
    began: Timestamp,
    client: Client,
    staff_system: StaffSystem,
    locale: Locale,
    table: Table,
    directory: String,
}

impl Stage {
    async fn set(directory: &Path, language: Language, table: Table) -> Result<Self, CliError> {
        let webhook_secret = Uuid::new_v4().to_string();
        let jwt_secret = format!("{}{}", Uuid::new_v4(), Uuid::new_v4());
        let environment = Environment::from([
            ("VOICEDRIVE_WEBHOOK_SECRET", webhook_secret.as_str()),
            ("RELAY_JWT_SECRET", jwt_secret.as_str()),
        ]);
        let profile = Profile::built_in("medical-system")
            .ok_or_else(|| CliError::Failed(language.phrase(Show::NoProfile).to_owned()))?;
        let verifier = Verifier {
            profile: profile.clone(),
            secrets: environment
                .secret("VOICEDRIVE_WEBHOOK_SECRET")?
                .into_iter()
                .collect(),
            clock: Clock::System,
        };
        let any_port = ([127, 0, 0, 1], 0).into();
        let log = Log::default();
        let receiver = Receiver::start(any_port, verifier, stand_in::script(log.clone()))
            .await
            .map_err(failed(language))?;
        let settings = settings(directory, language, &receiver, &environment)?;
        let control_socket = relay::control_socket(directory);
        let relay = Relay::start(&settings, &control_socket, Clock::System)
            .await
            .map_err(failed(language))?;
        let locale = Locale {
            language,
            timezone: settings.config.timezone,
        };
        Ok(Self {
            client: Client::over(&control_socket, locale, settings.commands.clone(), false)?,
            staff_system: StaffSystem::new(&relay, profile, webhook_secret, language)?,
            relay,
            _receiver: receiver,
            log,
            began: Clock::System.now(),
            locale,
            table,
            directory: directory.display().to_string(),
        })
    }

    /// Plays everything, and says whether it came to its end in time.
    async fn show(&self) -> Result<bool, CliError> {
        let in_time = match tokio::time::timeout(LONGEST_SHOW, self.play()).await {
            Ok(result) => result.map(|()| true)?,
            Err(_) => false,
        };
        self.print_table().await?;
        self.print_interviews().await?;
        Ok(in_time)
    }

    async fn play(&self) -> Result<(), CliError> {
        let records = Value::from(sample::interviews());
        let path = "/api/interviews/batch";
        self.client.post(path, records.to_string()).await?;
        let mut handed_in = 0;
        for (words, events) in [
            (Show::Ordinary, sample::events()),
            (Show::Refused, vec![sample::refused()]),
            (Show::Stalled, vec![sample::stalled()]),
            (Show::CutOff, vec![sample::cut_off()]),
            (Show::Lost, vec![sample::lost()]),
        ] {
            print_line(self.locale.language.phrase(words))?;
            handed_in += events.len();
            self.play_events(&events, handed_in).await?;
        }
        self.compare().await?;
        self.play_events(&[], handed_in).await?;
        self.compare().await?;
        self.hold().await?;
        let held = sample::held();
        handed_in += held.len();
        self.play_events(&held, handed_in).await?;
        self.play_outage(handed_in).await
    }

    /// Pauses sending for a moment.
    async fn hold(&self) -> Result<(), CliError> {
        let language = self.locale.language;
        print_line(language.phrase(Show::OnHold))?;
        let until = Clock::System.now().after(HELD);
        let wanted = json!({"until": until, "reason": language.phrase(Show::Reason)});
        let path = format!("/api/holds/{EVERY_ROUTE}");
        self.client.put(&path, wanted.to_string()).await.map(drop)
    }

    /// Outlasts every retry of some events, and then recovers them.
    async fn play_outage(&self, handed_in: usize) -> Result<(), CliError> {
        let language = self.locale.language;
        print_line(language.phrase(Show::Away))?;
        let events = sample::outlasting();
        let are_exhausted = |counts: &Value| counts["exhausted"] == events.len();
        self.play_until(&events, are_exhausted).await?;
        print_line(language.phrase(Show::Back))?;
        self.client.post("/api/recovery", "{}".to_owned()).await?;
        self.play_events(&[], handed_in + events.len()).await
    }

    /// Compares what was sent with what the stand-in VoiceDrive has, and sends again what is missing.
    async fn compare(&self) -> Result<(), CliError> {
        let wanted = json!({
            "from": self.began, "to": Clock::System.now(), "received": self.log.ids(), "resend": true,
        });
        let path = "/api/integration/reconcile";
        let found = self.client.post(path, wanted.to_string()).await?;
        let settings = self.client.settings_of(&found);
        print_line(&self.locale.comparison(&found, &settings, None))
    }

    /// Hands in these events, and shows what becomes of them until so many in all have arrived.
    async fn play_events(&self, events: &[Value], in_all: usize) -> Result<(), CliError> {
        let have_arrived = |counts: &Value| counts["delivered"] == in_all;
        self.play_until(events, have_arrived).await
    }

    /// The same, until the counts of events by their status are as they should.
    async fn play_until(
        &self,
        events: &[Value],
        enough: impl Fn(&Value) -> bool,
    ) -> Result<(), CliError> {
        let mut position = self.client.changes(&Value::Null).await?;
        let handing_in = async {
            for (number, event) in events.iter().enumerate() {
                if number % SENT_BY_STAFF_SYSTEM == 0 {
                    self.staff_system.send(event).await?;
                } else {
                    self.client.post("/api/events", event.to_string()).await?;
                }
                tokio::time::sleep(BETWEEN_EVENTS).await;
            }
            Ok::<_, CliError>(())
        };
        let watching = async {
            loop {
                let status = self.client.get("/control/status", &[]).await?;
                position = self.print_attempted(&position).await?;
                if enough(&status["events"]) {
                    return Ok::<_, CliError>(());
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        tokio::try_join!(handing_in, watching).map(|_| ())
    }

    /// What was sent since `position`, and what became of it. That an event was accepted needs no line.
    async fn print_attempted(&self, position: &Value) -> Result<Value, CliError> {
        let answer = self.client.changes(position).await?;
        for change in last_of_each(&answer) {
            if change["event"]["status"] != "accepted" {
                print_line(&self.table.write(&Line::of_change(self.locale, change)))?;
            }
        }
        Ok(answer)
    }

    async fn print_table(&self) -> Result<(), CliError> {
        let stats = self
            .client
            .get("/api/integration/webhook-stats", &[])
            .await?;
        print_line("")?;
        let language = self.locale.language;
        let [sent, succeeded, failed, timeout, average] = [
            (Show::Sent, 6),
            (Show::Succeeded, 10),
            (Show::Failed, 7),
            (Show::TimedOut, 8),
            (Show::Average, 7),
        ]
        .map(|(heading, to)| pad_left(language.phrase(heading), to));
        let event = pad(language.phrase(Show::Event), 24);
        print_line(&format!(
            "{event} {sent} {succeeded} {failed} {timeout} {average}"
        ))?;
        for (name, counts) in stats["byEventType"].as_object().into_iter().flatten() {
            print_line(&format!(
                "{name:<24} {:>6} {:>10} {:>7} {:>8} {:>7}",
                counts["sent"].to_string(),
                counts["succeeded"].to_string(),
                counts["failed"].to_string(),
                counts["timeout"].to_string(),
                counts["avgProcessingTime"].to_string(),
            ))?;
        }
        let (sent, succeeded, retried) =
            (&stats["sent24h"], &stats["succeeded"], &stats["retried"]);
        print_line(&demo::deliveries(sent, succeeded, retried, language))
    }

    async fn print_interviews(&self) -> Result<(), CliError> {
        let path = "/api/interviews/completion-stats";
        let stats = self.client.get(path, &[]).await?;
        let summary = &stats["summary"];
        let (total, completed) = (&summary["totalScheduled"], &summary["completed"]);
        let (rate, no_show) = (&summary["completionRate"], &summary["noShowRate"]);
        print_line(&demo::interviews(
            total,
            completed,
            rate,
            no_show,
            self.locale.language,
        ))
    }

    /// What a person can try now.
    async fn invite(&self) -> Result<(), CliError> {
        let wanted = json!({
            "subject": "demo",
            "scope": "stats:read events:read events:write",
            "days": 1,
        });
        let issued = self
            .client
            .post("/control/tokens", wanted.to_string())
            .await?;
        let token = text(&issued["token"]);
        let wanted = json!({"name": "demo", "role": Role::Operator.as_str(), "hours": USUAL_HOURS});
        let path = "/control/monitor/logins";
        let login = self.client.post(path, wanted.to_string()).await?;
        let link = text(&login["link"]);
        let url = format!("http://{}", self.relay.address());
        let directory = &self.directory;
        // As it was found, so that it can be typed without an installation.
        let program = env::current_exe().map_err(failed(self.locale.language))?;
        let program = program.display();
        print_line(&format!(
            "\n{}\n{link}\n{}\n{program} --config {directory}/config.toml monitor login --name demo --role operator\n\n\
             {}\n\nURL={url}\nTOKEN={token}\n\
             curl -sH \"Authorization: Bearer $TOKEN\" $URL/api/integration/webhook-stats\n\
             curl -sH \"Authorization: Bearer $TOKEN\" $URL/api/interviews/completion-stats\n\
             curl -sH \"Authorization: Bearer $TOKEN\" \"$URL/api/events?limit=3\"\n\
             curl -sH \"Authorization: Bearer $TOKEN\" -H 'Content-Type: application/json' \\\n     \
             -d '{{\"event\":\"employee.updated\",\"data\":{{\"staffId\":\"EMP-2025-001\",\"department\":\"看護部\"}}}}' $URL/api/events\n\
             {program} --config {directory}/config.toml status\n\
             {program} --config {directory}/config.toml tail -f\n\n{}",
            self.locale.language.phrase(Show::Page),
            self.locale.language.phrase(Show::PageAgain),
            self.locale.language.phrase(Show::ToTry),
            self.locale.language.phrase(Show::Ends),
        ))
    }
}

/// Writes the configuration that a person would write, and reads it back as the daemon does.
fn settings(
    directory: &Path,
    language: Language,
    receiver: &Receiver,
    environment: &Environment,
) -> Result<Loaded, CliError> {
    let text = format!(
        "language = \"{}\"\n\n\
         [server]\nlisten = \"127.0.0.1:0\"\n\n\
         [storage]\ndirectory = {}\n\n\
         [delivery]\nurl = \"http://{}/api/webhooks/medical-system\"\ntimeout_seconds = 1\n\n\
         [retry]\nintervals_seconds = [1, 2, 3]\n\n\
         [ingest]\npath = \"/in\"\n",
        language.say("ja", "en"),
        json!(directory),
        receiver.address(),
    );
    let path = directory.join("config.toml");
    std::fs::write(&path, text).map_err(failed(language))?;
    Ok(config::load(&path, environment)?)
}
