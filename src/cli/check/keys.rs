//! The secrets: a fingerprint of each key, to compare by telephone, and who could call with them.

use super::Finding;
use crate::cli::words::Speech;
use crate::config::{Config, Loaded, Role, Secrets};

pub(super) fn all(speech: Speech, settings: &Loaded) -> Vec<Finding> {
    let notes = settings.notes.iter();
    let notes = notes.map(|note| Finding::notable("secrets", note.told(speech.language)));
    let keys = settings.set.iter();
    let keys = keys.filter(|(_, named)| named.role == Role::Key);
    let keys = keys.map(|(name, named)| {
        let fingerprint = named.secret.fingerprint(speech.language);
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
        (None, Some(_)) => Finding::notable(name, speech.say(
            "RELAY_JWT_SECRET が未設定のため、スタッフシステムはイベントを HTTP で渡せません",
            "RELAY_JWT_SECRET is not set: the staff system cannot hand in events over HTTP",
        ).to_owned()),
        (None, None) => Finding::notable(name, speech.say(
            "RELAY_JWT_SECRET も VOICEDRIVE_API_TOKEN も未設定のため、HTTP では誰も呼び出せません",
            "neither RELAY_JWT_SECRET nor VOICEDRIVE_API_TOKEN is set: nobody can call the API over HTTP",
        ).to_owned()),
    }
}
