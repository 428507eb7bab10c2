//! `check`: everything that can be known without starting, one line each, and what to do.

mod channels;
mod daemon;
mod door;
mod eyes;
mod keys;
mod routes;
mod storage;

use std::borrow::Cow;

use serde_json::json;

pub(super) use channels::nobody as nobody_is_told;
use daemon::Daemon;

use super::words::Speech;
use super::{CliError, Common, print_line};
use crate::config::{Environment, Loaded, Mistakes};
use crate::words::checks::{self, Check};

/// One thing that was looked at.
struct Finding {
    name: Cow<'static, str>,
    state: State,
    text: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Good,
    /// Works, and a person may want to know.
    Notable,
    Bad,
}

pub(super) async fn run(common: &Common, environment: &Environment) -> Result<(), CliError> {
    let speech = common.speech(environment);
    eyes::look(speech, common, environment)?;
    let settings = match common.load(environment) {
        Err(CliError::Config(mistakes)) if common.json => {
            print_all(speech, true, &of_mistakes(speech, &mistakes))?;
            return Err(mistakes.into());
        }
        loaded => loaded?,
    };
    let findings = look(speech, common, &settings).await;
    print_all(speech, common.json, &findings)?;
    let bad = findings.iter().filter(|f| f.state == State::Bad).count();
    if bad == 0 {
        return Ok(());
    }
    Err(CliError::Failed(checks::to_be_mended(bad, speech.language)))
}

async fn look(speech: Speech, common: &Common, settings: &Loaded) -> Vec<Finding> {
    let config = &settings.config;
    let path = common.config.display().to_string();
    let daemon = Daemon::ask(common).await;
    let mut findings = vec![Finding::good("config", path)];
    findings.extend(keys::all(speech, common, settings));
    findings.extend(storage::all(speech, common, config, daemon.as_ref()).await);
    findings.push(door::port(speech, config, daemon.as_ref()));
    findings.extend(door::exposed(speech, config));
    findings.extend(door::ingest(speech, config));
    findings.extend(routes::all(speech, common, settings).await);
    findings.extend(channels::all(speech, common, settings).await);
    findings
}

/// Mistakes for a program; a person reads them on standard error.
fn of_mistakes(speech: Speech, mistakes: &Mistakes) -> Vec<Finding> {
    let list = mistakes.list.iter();
    let list = list.map(|mistake| Finding::bad("config", mistake.told(speech.language)));
    let notes = mistakes.notes.iter();
    let notes = notes.map(|note| Finding::notable("secrets", note.told(speech.language)));
    list.chain(notes).collect()
}

fn print_all(speech: Speech, json: bool, findings: &[Finding]) -> Result<(), CliError> {
    findings
        .iter()
        .try_for_each(|finding| print_line(&finding.line(speech, json)))
}

impl Finding {
    fn good(name: impl Into<Cow<'static, str>>, text: String) -> Self {
        Self {
            name: name.into(),
            state: State::Good,
            text,
        }
    }

    fn notable(name: impl Into<Cow<'static, str>>, text: String) -> Self {
        Self {
            name: name.into(),
            state: State::Notable,
            text,
        }
    }

    fn bad(name: impl Into<Cow<'static, str>>, text: String) -> Self {
        Self {
            name: name.into(),
            state: State::Bad,
            text,
        }
    }

    fn line(&self, speech: Speech, json: bool) -> String {
        if json {
            let state = match self.state {
                State::Good => "ok",
                State::Notable => "notice",
                State::Bad => "error",
            };
            return json!({"check": self.name, "state": state, "text": self.text}).to_string();
        }
        let mark = match self.state {
            State::Good => speech.phrase(Check::Good),
            State::Notable => speech.phrase(Check::Note),
            State::Bad => speech.phrase(Check::Bad),
        };
        let name = checks::name(&self.name, speech.language);
        format!("{mark:<5} {name}: {}", self.text)
    }
}
