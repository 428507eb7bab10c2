//! `receiver-test`: examines somebody else's receiver and says what it gets wrong.
//!
//! Each examination posts one webhook that a receiver must take or refuse, and looks at the answer.
//! Whoever builds a receiver can use it without us: all that it needs is a URL, the name of a profile,
//! and the secret. What all answers together mean is the verdict: a receiver that refuses the data of
//! a good webhook can verify signatures as it should.

mod examiner;
mod sample;

use std::path::Path;

use clap::Args;
use serde_json::{Value, json};
use url::Url;

use super::words::Locale;
use super::{CliError, Common, demand_secret_name, print_line, value};
use crate::config::{Environment, LARGEST_REQUEST};
use crate::delivery::failure::Failure;
use crate::delivery::profile::{BUILT_IN, Profile};
use crate::examination::posted::{Posted, PostedAnswer};
use crate::examination::verdict::Diagnosis;
use crate::examination::{CaseResult, Examination};
use crate::language::Language;
use crate::plain_file::text_at;
use crate::secret::Secret;
use crate::stable_json;
use crate::words::examinations::{self, Examined};
use crate::words::harmless;
use crate::words::system::of_system;
use crate::words::{checks, commands, payloads};
use examiner::{Examiner, Setup};

/// Examine somebody else's receiver.
#[derive(Args)]
#[command(after_help = "Examples:
  sudo voicedrive-relay receiver-test https://staging.example.com/webhook \\
    --profile voicedrive-employee
  VOICEDRIVE_WEBHOOK_SECRET=... \\
    voicedrive-relay receiver-test http://127.0.0.1:9000/ \\
    --profile voicedrive-compliance
  voicedrive-relay receiver-test http://127.0.0.1:9000/ \\
    --profile voicedrive-staff-system \\
    --event retirement.formal_retirement --data retirement.json
It posts a handful of webhooks: use a receiver that is not in production. Without --event and --data they \
are about a made-up person, in the form that VoiceDrive's receiver of that profile takes. In a file of \
--data, {uuid} becomes the id of the webhook and {now} the time.
The verdict separates a receiver that verifies wrongly from one that verifies as it should and wants \
other data. Exit code 0 when the receiver passes everything, 1 otherwise.")]
pub(super) struct ReceiverTest {
    /// Where the receiver listens
    #[arg(value_parser = value::url)]
    url: Url,
    /// How it wants to be addressed
    #[arg(long, value_parser = BUILT_IN)]
    profile: String,
    /// The name of the secret that signs; it is read as `serve` reads it, from secrets.env beside
    /// the configuration, a systemd credential or the environment
    #[arg(long, value_name = "NAME", default_value = "VOICEDRIVE_WEBHOOK_SECRET")]
    secret: String,
    /// The name of a secret that is sent as `Authorization: Bearer`
    #[arg(long, value_name = "NAME")]
    bearer: Option<String>,
    /// The event that is posted; without it one that `VoiceDrive` knows
    #[arg(long, value_name = "NAME", value_parser = value::event)]
    event: Option<String>,
    /// A file with the payload, a JSON object; without it one that `VoiceDrive` takes
    #[arg(long, value_name = "FILE")]
    data: Option<String>,
}

impl ReceiverTest {
    pub(super) async fn run(
        &self,
        common: &Common,
        environment: &Environment,
    ) -> Result<(), CliError> {
        let locale = common.locale(environment);
        let environment = &common.beside_daemon(environment);
        let hidden = common.hidden_secrets(environment).await;
        let secrets = SecretsOf::beside(&common.config, environment, hidden)?;
        let setup = self.setup(&secrets, locale.language)?;
        let examiner = Examiner::new(setup, locale.language)?;
        let posted = examiner.examine().await;
        let verdict = Diagnosis::of(&posted);
        let mut failed = Vec::new();
        for one in &posted {
            let outcome = verdict.outcome(one);
            if outcome == CaseResult::Fail {
                failed.push(one.examination);
            }
            print_line(&describe(one, outcome, locale, common.json))?;
        }
        let verdict = verdict.after(&failed);
        print_line(&concluded(verdict, &posted, locale, common.json))?;
        match verdict {
            Diagnosis::Right | Diagnosis::NothingToVerify => Ok(()),
            // Nothing is known of a receiver that was not reached.
            Diagnosis::Unreachable => Err(CliError::Failed(summary(0, locale))),
            _ => Err(CliError::Failed(summary(failed.len(), locale))),
        }
    }

    fn setup(&self, secrets: &SecretsOf<'_>, language: Language) -> Result<Setup, CliError> {
        let unknown = || CliError::Usage(commands::unknown_profile(&self.profile, language));
        let profile = Profile::built_in(&self.profile).ok_or_else(unknown)?;
        let secret = match &profile.signature {
            Some(_) => Some(secrets.read("--secret", &self.secret, language)?),
            None => None,
        };
        let bearer = match &self.bearer {
            Some(name) => Some(secrets.read("--bearer", name, language)?),
            None => None,
        };
        let sample = sample::of(&self.profile);
        let event = self.event.clone();
        Ok(Setup {
            url: self.url.clone(),
            profile,
            secret,
            bearer,
            event: event.unwrap_or_else(|| sample.event.to_owned()),
            data: match &self.data {
                Some(path) => read_data(path, language)?,
                None => sample.data.to_owned(),
            },
        })
    }
}

/// Where the secrets come from.
struct SecretsOf<'a> {
    /// Before the file was read.
    typed: &'a Environment,
    environment: Environment,
    config: &'a Path,
    /// Those that the daemon has and that are not seen from here.
    hidden: Vec<String>,
}

impl<'a> SecretsOf<'a> {
    /// As the daemon with this configuration reads them.
    fn beside(
        config: &'a Path,
        environment: &'a Environment,
        hidden: Vec<String>,
    ) -> Result<Self, CliError> {
        Ok(Self {
            typed: environment,
            environment: environment.with_secrets_beside(config)?,
            config,
            hidden,
        })
    }

    /// The secret whose name is the value of this option.
    fn read(&self, option: &str, name: &str, language: Language) -> Result<Secret, CliError> {
        demand_secret_name(option, name, language)?;
        let file = self.config.with_file_name("secrets.env");
        let file = file.display();
        let secret = self.environment.secret(name)?;
        let typed = self.typed.var(name);
        if typed.is_some() && typed != secret.as_ref().map(Secret::expose) {
            eprintln!("{}", commands::file_counts(name, &file, language));
        }
        secret.ok_or_else(|| {
            if self.hidden.iter().any(|hidden| hidden == name) {
                let told = checks::hidden_secrets(&[name.to_owned()], language);
                CliError::NotAllowed(checks::nothing_checked(&told, language))
            } else {
                CliError::Usage(commands::secret_is_nowhere(name, &file, language))
            }
        })
    }
}

/// The payload in the spelling that survives JavaScript, as the relay would send it.
fn read_data(path: &str, language: Language) -> Result<String, CliError> {
    let failed = |why: &str| CliError::Failed(format!("{path}: {why}"));
    let read = text_at(Path::new(path), LARGEST_REQUEST);
    let text = read.map_err(|error| failed(&of_system(&error, language)))?;
    let data = stable_json::stabilize(&text)
        .map_err(|refusal| failed(&payloads::unstable(&refusal, language)))?;
    if data.starts_with('{') {
        Ok(data)
    } else {
        Err(failed(payloads::no_object(language)))
    }
}

/// What stands at the end when the receiver did not pass everything.
fn summary(failed: usize, locale: Locale) -> String {
    examinations::summary(failed, locale.language)
}

/// One examination in one line.
fn describe(posted: &Posted, outcome: CaseResult, locale: Locale, json: bool) -> String {
    let Posted {
        examination,
        answer,
    } = posted;
    let name = examination.name(locale);
    let expected = examination.expected(locale);
    let got = got(answer, locale.language);
    // Who gives no answer is told nothing of signatures.
    let failed = outcome == CaseResult::Fail && answer.is_ok();
    let advice = failed.then(|| examination.advice(locale));
    if json {
        return json!({"test": name, "passed": outcome == CaseResult::Pass, "result": outcome.word(),
                      "expected": expected, "answer": got, "said": said(answer), "advice": advice})
        .to_string();
    }
    let line = format!("{}  {name}: {got}", outcome.label(locale));
    match advice {
        Some(advice) => examinations::failed(&line, expected, advice, locale.language),
        None => line,
    }
}

fn got(answer: &Result<PostedAnswer, Failure>, language: Language) -> String {
    match answer {
        Ok(answer) => format!("HTTP {}", answer.status),
        Err(failure) => failure.describe(language),
    }
}

/// The beginning of the answer's body, where the receiver says why.
fn said(answer: &Result<PostedAnswer, Failure>) -> Option<String> {
    let text = harmless(answer.as_ref().ok()?.body.trim());
    (!text.is_empty()).then_some(text)
}

/// The verdict, and what the receiver said of the good webhook when it did not take it.
fn concluded(verdict: Diagnosis, posted: &[Posted], locale: Locale, json: bool) -> String {
    let good = posted
        .iter()
        .find(|one| one.examination == Examination::Good && !one.is_taken());
    let said = good.and_then(|good| said(&good.answer));
    let sentence = verdict.sentence(locale);
    if json {
        let said = said.map_or(Value::Null, Value::from);
        return json!({"verdict": verdict.word(), "text": sentence, "said": said}).to_string();
    }
    let head = locale.phrase(Examined::Verdict);
    match said {
        Some(said) => {
            let label = locale.phrase(Examined::ReceiverSaid);
            format!("{head}: {sentence}\n{label}: {said}")
        }
        None => format!("{head}: {sentence}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_payload_is_read_as_the_relay_would_send_it_or_refused_with_the_reason() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data.json");
        let path = path.to_str().unwrap();
        let read = |text: &str| {
            fs::write(path, text).unwrap();
            read_data(path, Language::En).map_err(|error| error.to_string())
        };
        assert_eq!(read("{ \"a\": 1.0 }\n").unwrap(), r#"{"a":1}"#);
        for (text, reason) in [
            ("[1]", "must be a JSON object"),
            ("{\"a\":", "data.json: "),
            ("{\"a\":12345678901234567890}", "data.json: "),
        ] {
            let told = read(text).unwrap_err();
            assert!(told.contains(reason), "{told}");
        }
        let told = read_data("/nowhere/data.json", Language::En)
            .unwrap_err()
            .to_string();
        assert!(told.starts_with("/nowhere/data.json: "), "{told}");
    }
}
