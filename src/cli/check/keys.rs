//! The secrets: a fingerprint of each key, to compare by telephone, and who could call with them.

use super::Finding;
use crate::cli::words::Speech;
use crate::config::{Config, Loaded, Role, Secrets};
use crate::words::checks::Check;

pub(super) fn all(speech: Speech, settings: &Loaded) -> Vec<Finding> {
    let notes = settings.notes.iter();
    let notes = notes.map(|note| Finding::notable("secrets", note.told(speech.language)));
    let keys = settings.set.iter();
    let keys = keys.filter(|(_, named)| named.role == Role::Key);
    let keys = keys.map(|(name, named)| {
        let fingerprint = named.secret.fingerprint().told(speech.language);
        Finding::good(format!("key {name}"), fingerprint)
    });
    let tokens = tokens(speech, &settings.config, &settings.secrets);
    notes.chain(keys).chain([tokens]).collect()
}

fn tokens(speech: Speech, config: &Config, secrets: &Secrets) -> Finding {
    let name = "tokens";
    match (&secrets.jwt, &secrets.api_token) {
        (Some(_), Some(_)) => Finding::good(name, "JWT, VOICEDRIVE_API_TOKEN".to_owned()),
        (Some(_), None) => Finding::good(name, "JWT".to_owned()),
        (None, Some(_)) if config.ingest.is_some() => {
            Finding::good(name, "VOICEDRIVE_API_TOKEN".to_owned())
        }
        (None, Some(_)) => Finding::notable(name, speech.phrase(Check::NoJwtSecret).to_owned()),
        (None, None) => Finding::notable(name, speech.phrase(Check::NoTokenAtAll).to_owned()),
    }
}
