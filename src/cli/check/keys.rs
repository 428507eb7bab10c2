//! The secrets: a fingerprint of each key, to compare by telephone, and who could call with them.

use super::CheckResult;
use crate::cli::Common;
use crate::cli::words::Locale;
use crate::clock::Clock;
use crate::config::{Config, Loaded, Role, Secrets};
use crate::crypto;
use crate::store::file::inspect;
use crate::words::checks::{self, Check};

pub(super) fn all(locale: Locale, settings: &Loaded) -> Vec<CheckResult> {
    let notes = settings.notes.iter();
    let notes = notes.map(|note| CheckResult::notable("secrets", note.describe(locale.language)));
    let keys = settings.set.iter();
    let keys = keys.filter(|(_, named)| named.role == Role::Key);
    let keys = keys.map(|(name, named)| {
        let fingerprint = named.secret.fingerprint().describe(locale.language);
        CheckResult::good(format!("key {name}"), fingerprint)
    });
    notes.chain(keys).collect()
}

/// Who could call with them.
pub(super) fn callers(locale: Locale, common: &Common, settings: &Loaded) -> Vec<CheckResult> {
    let tokens = tokens(locale, &settings.config, &settings.secrets);
    let of_another_key = of_another_key(locale, common, settings);
    [tokens].into_iter().chain(of_another_key).collect()
}

/// Tokens that are kept as good, and that none of the present keys has signed, as after a database was brought to
/// another machine without its secrets.
fn of_another_key(locale: Locale, common: &Common, settings: &Loaded) -> Option<CheckResult> {
    let secrets = &settings.secrets;
    let keys = secrets.jwt.iter().chain(&secrets.jwt_previous);
    let keys: Vec<String> = keys
        .map(|key| crypto::fingerprint(key.as_bytes()))
        .collect();
    let now = Clock::System.now();
    // What is wrong with the database has a line of its own.
    let tokens = inspect::tokens(&settings.config.storage.directory).unwrap_or_default();
    let lost = tokens.iter().filter(|token| {
        let is_good = token.days_left(now).is_some_and(|days| days > 0);
        is_good && token.key.as_ref().is_some_and(|key| !keys.contains(key))
    });
    let count = lost.count();
    let command = common.typed("token list");
    let text = checks::tokens_of_another_key(count, &command, locale.language);
    (count > 0).then(|| CheckResult::notable("tokens", text))
}

fn tokens(locale: Locale, config: &Config, secrets: &Secrets) -> CheckResult {
    let name = "tokens";
    match (&secrets.jwt, &secrets.api_token) {
        (Some(_), Some(_)) => CheckResult::good(name, "JWT, VOICEDRIVE_API_TOKEN".to_owned()),
        (Some(_), None) => CheckResult::good(name, "JWT".to_owned()),
        (None, Some(_)) if config.ingest.is_some() => {
            CheckResult::good(name, "VOICEDRIVE_API_TOKEN".to_owned())
        }
        (None, Some(_)) => CheckResult::notable(name, locale.phrase(Check::NoJwtSecret).to_owned()),
        (None, None) if config.ingest.is_some() => {
            CheckResult::notable(name, locale.phrase(Check::OnlySenders).to_owned())
        }
        (None, None) => CheckResult::notable(name, locale.phrase(Check::NoTokenAtAll).to_owned()),
    }
}
