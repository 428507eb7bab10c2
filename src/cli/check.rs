//! `check`: everything that can be known without starting, one line each, and what to do.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde_json::json;

use super::words::Speech;
use super::{CliError, Common, print_line};
use crate::config::{Config, Environment, Language, Secrets};
use crate::delivery::profile::Profile;
use crate::store::{self, Inspection, OpenError};

/// One thing that was looked at.
struct Finding {
    name: &'static str,
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

pub(super) fn run(common: &Common, environment: &Environment) -> Result<(), CliError> {
    let settings = common.load(environment)?;
    let (config, secrets) = (&settings.config, &settings.secrets);
    let speech = Speech {
        language: config.language,
        timezone: config.timezone,
    };
    let path = common.config.display();
    let findings = [
        Finding::good("config", format!("{path}")),
        webhook(speech, config, secrets),
        tokens(speech, secrets),
        directory(speech, &config.storage.directory),
        database(speech, config),
        port(speech, config),
    ];
    for finding in &findings {
        print_line(&finding.line(speech, common.json))?;
    }
    let bad = findings.iter().filter(|f| f.state == State::Bad).count();
    if bad == 0 {
        return Ok(());
    }
    Err(CliError::Failed(match speech.language {
        Language::Ja => format!("{bad} 件の問題があります"),
        Language::En => format!("{bad} of these must be mended"),
    }))
}

impl Finding {
    fn good(name: &'static str, text: String) -> Self {
        Self {
            name,
            state: State::Good,
            text,
        }
    }

    fn notable(name: &'static str, text: String) -> Self {
        Self {
            name,
            state: State::Notable,
            text,
        }
    }

    fn bad(name: &'static str, text: String) -> Self {
        Self {
            name,
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
            State::Good => speech.say("正常", "ok"),
            State::Notable => speech.say("注意", "note"),
            State::Bad => speech.say("異常", "error"),
        };
        format!("{mark:<5} {}: {}", self.name, self.text)
    }
}

fn webhook(speech: Speech, config: &Config, secrets: &Secrets) -> Finding {
    let name = "webhook";
    let Some(url) = &config.delivery.url else {
        return Finding::notable(name, speech.say(
            "URL が未設定です。イベントは受け付けて保存し、送信しません。VOICEDRIVE_WEBHOOK_URL を設定してください",
            "no URL: events are accepted and kept, nothing is sent; set VOICEDRIVE_WEBHOOK_URL",
        ).to_owned());
    };
    let profile = Profile::built_in(&config.delivery.profile);
    let signs = profile.is_some_and(|profile| profile.signature.is_some());
    let signed = match (signs, &secrets.webhook) {
        (true, Some(_)) => speech.say("署名あり", "signed"),
        _ => speech.say("署名なし", "not signed"),
    };
    let origin = url.origin().ascii_serialization();
    Finding::good(
        name,
        format!("{origin}, {}, {signed}", config.delivery.profile),
    )
}

fn tokens(speech: Speech, secrets: &Secrets) -> Finding {
    let name = "tokens";
    match (&secrets.jwt, &secrets.api_token) {
        (Some(_), Some(_)) => Finding::good(name, "JWT, VOICEDRIVE_API_TOKEN".to_owned()),
        (Some(_), None) => Finding::good(name, "JWT".to_owned()),
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

fn directory(speech: Speech, path: &Path) -> Finding {
    let name = "directory";
    let shown = path.display();
    let metadata = match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => metadata,
        Ok(_) => {
            return Finding::bad(
                name,
                format!(
                    "{shown}: {}",
                    speech.say("ディレクトリではありません", "not a directory")
                ),
            );
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Finding::notable(
                name,
                format!(
                    "{shown}: {}",
                    speech.say(
                        "まだありません。起動時に作成します",
                        "not there yet; the daemon makes it",
                    )
                ),
            );
        }
        Err(error) => return Finding::bad(name, format!("{shown}: {error}")),
    };
    // A file that is written and vanishes says more than the permission bits.
    let written =
        tempfile::tempfile_in(path).and_then(|mut file| file.write_all(b"voicedrive-relay"));
    if let Err(error) = written {
        return Finding::bad(
            name,
            format!(
                "{shown}: {error}; {}",
                speech.say(
                    "デーモンのユーザーが書き込めるようにしてください",
                    "the daemon's user must be able to write there",
                )
            ),
        );
    }
    if metadata.mode() & 0o007 != 0 {
        return Finding::notable(
            name,
            format!(
                "{shown}: {}",
                speech.say(
                    "誰でも読めます。chmod 0750 を勧めます",
                    "everybody can look into it; chmod 0750 is advised",
                )
            ),
        );
    }
    Finding::good(name, shown.to_string())
}

fn database(speech: Speech, config: &Config) -> Finding {
    let name = "database";
    match store::inspect(&config.storage.directory) {
        Ok(Inspection::Sound) => Finding::good(name, "quick_check ok".to_owned()),
        Ok(Inspection::Absent) => Finding::notable(
            name,
            speech
                .say(
                    "まだありません。起動時に作成します",
                    "not there yet; the daemon makes it",
                )
                .to_owned(),
        ),
        Ok(Inspection::Damaged(what)) => Finding::bad(
            name,
            format!(
                "{what}; {}",
                speech.say(
                    "壊れています。触らずに、バックアップから復元してください",
                    "damaged: leave it as it is and restore the backup",
                )
            ),
        ),
        Err(error @ OpenError::Locked { .. }) => Finding::notable(name, error.to_string()),
        Err(error) => Finding::bad(name, error.to_string()),
    }
}

fn port(speech: Speech, config: &Config) -> Finding {
    let name = "listen";
    let address = config.server.listen;
    match TcpListener::bind(address) {
        Ok(_) => Finding::good(name, address.to_string()),
        Err(error) => Finding::notable(
            name,
            format!(
                "{address}: {error}; {}",
                speech.say(
                    "デーモンが動いていれば正常です",
                    "that is as it should be while the daemon runs",
                )
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::known_profiles;
    use super::*;

    #[test]
    fn every_known_profile_is_built_in() {
        for profile in known_profiles() {
            let built_in = Profile::built_in(profile.name).expect(profile.name);
            assert_eq!(built_in.signature.is_some(), profile.signs);
        }
        let empty = Config::default();
        assert!(Profile::built_in(&empty.delivery.profile).is_some());
    }
}
