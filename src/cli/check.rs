//! `check`: everything that can be known without starting, one line each, and what to do.

mod channels;
mod clock;
mod daemon;
mod keys;
mod listeners;
mod routes;
mod run_as;
mod storage;
mod tls;

use std::borrow::Cow;
use std::io::{self, IsTerminal};
use std::path::PathBuf;

use serde_json::json;

pub(super) use channels::nobody as nobody_is_told;
use daemon::Daemon;

use super::paint::{Color, Paint};
use super::refuges::refuges;
use super::words::Locale;
use super::{CliError, Common, print_line};
use crate::config::{ConfigError, ConfigErrors, Environment, Kind, Loaded, URL_VARIABLE};
use crate::store::file::holder;
use crate::words::checks::{self, Check};

/// One thing that was looked at.
struct CheckResult {
    name: Cow<'static, str>,
    state: CheckState,
    text: String,
}

/// How the findings are written.
#[derive(Clone, Copy)]
enum Written {
    Json,
    /// For people.
    Lines(Paint),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum CheckState {
    Good,
    /// Works, and a person may want to know.
    Notable,
    Bad,
}

pub(super) async fn run(common: &Common, environment: &Environment) -> Result<(), CliError> {
    let locale = common.locale(environment);
    let written = if common.json {
        Written::Json
    } else {
        Written::Lines(Paint::on(io::stdout().is_terminal(), environment))
    };
    run_as::ensure_user(locale, common, environment)?;
    let environment = &common.beside_daemon(environment);
    let hidden = common.hidden_secrets(environment).await;
    let loaded = common.load(environment);
    let told = (!hidden.is_empty()).then(|| checks::hidden_secrets(&hidden, locale.language));
    if let Some(told) = &told
        && is_guesswork(&hidden, &loaded)
    {
        return Err(CliError::NotAllowed(checks::nothing_checked(
            told,
            locale.language,
        )));
    }
    let settings = match loaded {
        Err(CliError::Config(mistakes)) if common.json => {
            print_all(locale, written, &of_mistakes(locale, &mistakes))?;
            return Err(mistakes.into());
        }
        loaded => loaded?,
    };
    let refuges = refuges(common, environment);
    let findings = look(locale, common, &settings, &refuges, told).await;
    print_all(locale, written, &findings)?;
    let bad = findings
        .iter()
        .filter(|f| f.state == CheckState::Bad)
        .count();
    if bad == 0 {
        return Ok(());
    }
    Err(CliError::Failed(checks::to_be_mended(bad, locale.language)))
}

/// Whether nothing can be said without the secrets that only the daemon sees: where to it sends, or nothing is wrong but
/// that secrets are not set.
fn is_guesswork(hidden: &[String], loaded: &Result<Loaded, CliError>) -> bool {
    let lacks = |mistake: &ConfigError| {
        let kinds = [Kind::SecretMissing, Kind::SecretsFileMissing];
        kinds.contains(&mistake.kind)
    };
    match loaded {
        Ok(_) => hidden.iter().any(|name| name == URL_VARIABLE),
        Err(CliError::Config(mistakes)) => mistakes.list.iter().all(lacks),
        Err(_) => false,
    }
}

/// `hidden`: what is said of secrets that only the daemon sees.
async fn look(
    locale: Locale,
    common: &Common,
    settings: &Loaded,
    refuges: &[PathBuf],
    hidden: Option<String>,
) -> Vec<CheckResult> {
    let config = &settings.config;
    let path = common.config.display().to_string();
    let daemon = Daemon::ask(common, config).await;
    let silent = daemon.is_none().then(|| holder(&config.storage.directory));
    let silent = silent.flatten();
    let mut findings = vec![CheckResult::good("config", path)];
    findings.extend(keys::all(locale, settings));
    match hidden {
        Some(told) => findings.push(CheckResult::notable("secrets", told)),
        None => findings.extend(keys::callers(locale, common, settings)),
    }
    findings.extend(storage::all(locale, common, config, refuges, daemon.as_ref()).await);
    findings.extend(clock::own(locale, config, daemon.as_ref()));
    findings.extend(daemon::silent(locale, common, config, silent.as_deref()));
    let server = &config.server;
    for address in server.plain().into_iter().chain(server.secured()) {
        let is_silent = silent.is_some();
        findings.push(listeners::port(
            locale,
            common,
            address,
            daemon.as_ref(),
            is_silent,
        ));
    }
    findings.extend(tls::all(locale, settings));
    findings.extend(listeners::exposed(locale, config, daemon.as_ref()));
    findings.extend(listeners::ingest(locale, config, daemon.as_ref()));
    findings.extend(routes::all(locale, common, settings).await);
    findings.extend(daemon.iter().flat_map(|daemon| on_hold(locale, daemon)));
    findings.extend(channels::all(locale, common, settings).await);
    findings
}

/// The routes on which nothing is sent at present, because a person wants it so.
fn on_hold(locale: Locale, daemon: &Daemon) -> impl Iterator<Item = CheckResult> {
    let holds = daemon.holds.iter();
    holds.map(move |hold| CheckResult::notable("hold", super::hold::line(locale, hold)))
}

/// Mistakes for a program; a person reads them on standard error.
fn of_mistakes(locale: Locale, mistakes: &ConfigErrors) -> Vec<CheckResult> {
    let list = mistakes.list.iter();
    let list = list.map(|mistake| CheckResult::bad("config", mistake.describe(locale.language)));
    let notes = mistakes.notes.iter();
    let notes = notes.map(|note| CheckResult::notable("secrets", note.describe(locale.language)));
    list.chain(notes).collect()
}

fn print_all(locale: Locale, written: Written, findings: &[CheckResult]) -> Result<(), CliError> {
    findings
        .iter()
        .try_for_each(|finding| print_line(&finding.line(locale, written)))
}

impl CheckResult {
    fn good(name: impl Into<Cow<'static, str>>, text: String) -> Self {
        Self {
            name: name.into(),
            state: CheckState::Good,
            text,
        }
    }

    fn notable(name: impl Into<Cow<'static, str>>, text: String) -> Self {
        Self {
            name: name.into(),
            state: CheckState::Notable,
            text,
        }
    }

    fn bad(name: impl Into<Cow<'static, str>>, text: String) -> Self {
        Self {
            name: name.into(),
            state: CheckState::Bad,
            text,
        }
    }

    fn line(&self, locale: Locale, written: Written) -> String {
        let Written::Lines(paint) = written else {
            let state = match self.state {
                CheckState::Good => "ok",
                CheckState::Notable => "notice",
                CheckState::Bad => "error",
            };
            return json!({"check": self.name, "state": state, "text": self.text}).to_string();
        };
        let (mark, color) = match self.state {
            CheckState::Good => (Check::Good, Color::Green),
            CheckState::Notable => (Check::Note, Color::Yellow),
            CheckState::Bad => (Check::Bad, Color::Red),
        };
        let mark = paint.paint(&format!("{:<5}", locale.phrase(mark)), Some(color));
        let name = checks::name(&self.name, locale.language);
        format!("{mark} {name}: {}", self.text)
    }
}
