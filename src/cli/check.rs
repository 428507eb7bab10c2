//! `check`: everything that can be known without starting, one line each, and what to do.

use std::borrow::Cow;
use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde_json::json;

use super::words::Speech;
use super::{CliError, Common, print_line};
use crate::alerts::courier::examine;
use crate::alerts::outcome::Outcome;
use crate::clock::Clock;
use crate::config::{Config, Environment, Secrets};
use crate::delivery::probe;
use crate::delivery::proxy::Proxies;
use crate::language::Language;
use crate::route::Route;
use crate::store::{self, Inspection, OpenError};
use crate::timestamp::Timestamp;

/// A certificate that ends within this many days is spoken of.
const CERTIFICATE_DAYS: u64 = 21;

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
    let settings = common.load(environment)?;
    let (config, secrets) = (&settings.config, &settings.secrets);
    let speech = Speech {
        language: config.language,
        timezone: config.timezone,
    };
    let path = common.config.display();
    let mut findings = vec![
        Finding::good("config", format!("{path}")),
        tokens(speech, config, secrets),
        directory(speech, &config.storage.directory),
        database(speech, config),
        counts(speech, common, config).await,
        port(speech, config),
        waiting(speech, config),
    ];
    if config.delivery.url.is_none() {
        findings.push(no_url(speech));
    }
    findings.extend(ingest(speech, config));
    findings.extend(proxies(speech, &settings.proxies));
    for channel in &settings.alerts.channels {
        let examined = examine(channel, speech.language).await;
        findings.extend(examined.map(|outcome| mail_server(&channel.name, &outcome)));
    }
    for route in &settings.out {
        findings.extend(reach(speech, route).await?);
    }
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
            State::Good => speech.say("正常", "ok"),
            State::Notable => speech.say("注意", "note"),
            State::Bad => speech.say("異常", "error"),
        };
        format!("{mark:<5} {}: {}", self.name, self.text)
    }
}

fn no_url(speech: Speech) -> Finding {
    Finding::notable("route default", speech.say(
        "URL が未設定です。イベントは受け付けて保存し、送信しません。VOICEDRIVE_WEBHOOK_URL を設定してください",
        "no URL: events are accepted and kept, nothing is sent; set VOICEDRIVE_WEBHOOK_URL",
    ).to_owned())
}

/// The door of the staff system's own senders, when there is one.
fn ingest(speech: Speech, config: &Config) -> Option<Finding> {
    let name = "ingest";
    let door = config.ingest.as_ref()?;
    let names = door.secrets.iter().chain(&door.bearers).cloned();
    let open = door.open_from.iter().map(ToString::to_string);
    let open: Vec<String> = open.collect();
    let proofs: Vec<String> = names.chain(open.clone()).collect();
    let about = format!("{} ({})", door.path, proofs.join(", "));
    if open.is_empty() || config.server.listen.ip().to_canonical().is_loopback() {
        return Some(Finding::good(name, about));
    }
    let advice = match speech.language {
        Language::Ja => format!(
            "{} からは署名なしで誰でもイベントを渡せます。server.listen はこのサーバーの外からも届きます。open_from を減らすか、server.listen を 127.0.0.1 にしてください",
            open.join(", ")
        ),
        Language::En => format!(
            "whoever can use an address of {} can hand in events without any proof, and server.listen can be reached from outside this server; take what is not needed out of open_from, or listen on 127.0.0.1",
            open.join(", ")
        ),
    };
    Some(Finding::notable(name, format!("{about}: {advice}")))
}

/// The proxies on the way out, when there are any.
fn proxies(speech: Speech, proxies: &Proxies) -> Option<Finding> {
    let all = proxies.all();
    let shown: Vec<String> = all.iter().map(ToString::to_string).collect();
    let direct = proxies.direct.iter().map(ToString::to_string);
    let direct: Vec<String> = ["localhost".to_owned()].into_iter().chain(direct).collect();
    let label = speech.say("直接つなぐ宛先", "reached directly");
    let of_the_unit = if all.iter().any(|proxy| proxy.is_of_the_environment()) {
        speech.say(
            " (この環境変数は、サービスには systemctl edit で設定した場合だけ届きます。delivery.proxy を勧めます)",
            " (the service has these variables only when its unit sets them; delivery.proxy is advised)",
        )
    } else {
        ""
    };
    let text = format!(
        "{}; {label}: {}{of_the_unit}",
        shown.join(", "),
        direct.join(", ")
    );
    (!all.is_empty()).then(|| Finding::good("proxy", text))
}

/// Whether the mail server of a channel takes its recipients.
fn mail_server(name: &str, outcome: &Outcome) -> Finding {
    let name = format!("alerts {name}");
    match outcome.objection() {
        None => Finding::good(name, "SMTP ok".to_owned()),
        Some(objection) => Finding::bad(name, objection),
    }
}

/// Events that wait for a route which the configuration does not have any more.
fn waiting(speech: Speech, config: &Config) -> Finding {
    let name = "routes";
    let routing = config.routing();
    // What is wrong with the database has a line of its own.
    let waiting = store::waiting(&config.storage.directory).unwrap_or_default();
    let lost: Vec<String> = waiting
        .into_iter()
        .filter(|(route, _)| !routing.knows(route))
        .map(|(route, events)| format!("{route} ({events})"))
        .collect();
    if lost.is_empty() {
        let names = config.routes.iter().map(|route| route.name.as_str());
        let names: Vec<&str> = names.chain(["default"]).collect();
        return Finding::good(name, names.join(", "));
    }
    Finding::bad(
        name,
        format!(
            "{}: {}",
            lost.join(", "),
            speech.say(
                "設定にない経路を待っているイベントがあります。経路を設定に戻すか、voicedrive-relay resend で別の経路から送ってください",
                "events wait for a route that the configuration does not have; bring it back, or send them another way with `voicedrive-relay resend`",
            )
        ),
    )
}

/// Whether the receiver of a route can be reached, and what its answer tells.
async fn reach(speech: Speech, route: &Route) -> Result<Vec<Finding>, CliError> {
    let clock = Clock::System;
    let name = format!("route {}", route.name);
    let signed = if route.profile.signature.is_some() {
        speech.say("署名あり", "signed")
    } else {
        speech.say("署名なし", "not signed")
    };
    let way = route.proxies.of(&route.url);
    let way = way.map(|proxy| format!(" {} {proxy}", speech.say("プロキシ", "by the proxy")));
    let (origin, way) = (route.origin(), way.unwrap_or_default());
    let about = format!("{origin}{way}, {}, {signed}", route.profile);
    let probed = probe::probe(route, &clock).await;
    let probed = probed.map_err(|error| CliError::Failed(error.to_string()))?;
    let probe = match probed {
        Ok(probe) => probe,
        Err(failure) => {
            let advice = failure.cause().sentence(speech.language);
            return Ok(vec![Finding::bad(
                name,
                format!("{about}: {failure}; {advice}"),
            )]);
        }
    };
    let took = probe.took.as_millis();
    let reached = speech.say("到達できます", "can be reached");
    let mut findings = vec![Finding::good(
        name.clone(),
        format!("{about}: {reached} ({took} ms)"),
    )];
    findings.extend(
        probe
            .clock_ahead
            .and_then(|ahead| clocks(speech, &name, ahead)),
    );
    findings.extend(
        probe
            .certificate_ends
            .map(|ends| certificate(speech, &name, ends, clock.now())),
    );
    Ok(findings)
}

/// A difference between the clocks, when it is one to speak of.
fn clocks(speech: Speech, name: &str, ahead: i64) -> Option<Finding> {
    let text = match speech.language {
        Language::Ja => format!(
            "このサーバーの時計は相手より {} 秒{}います。VoiceDrive は 5 分以上ずれた署名を 401 で拒否します。timedatectl で時計を合わせてください",
            ahead.abs(),
            if ahead > 0 { "遅れて" } else { "進んで" },
        ),
        Language::En => format!(
            "this server's clock is {} s {} the receiver's; VoiceDrive answers 401 to signatures more than 5 minutes off; set the clock (timedatectl)",
            ahead.abs(),
            if ahead > 0 { "behind" } else { "ahead of" },
        ),
    };
    match ahead.abs() {
        0..60 => None,
        60..300 => Some(Finding::notable(name.to_owned(), text)),
        _ => Some(Finding::bad(name.to_owned(), text)),
    }
}

fn certificate(speech: Speech, name: &str, ends: Timestamp, now: Timestamp) -> Finding {
    let days = ends.since(now).as_secs() / 86_400;
    let text = match speech.language {
        Language::Ja => format!("証明書は {} まで (あと {days} 日)", &ends.to_string()[..10]),
        Language::En => format!(
            "the certificate ends {} (in {days} days)",
            &ends.to_string()[..10]
        ),
    };
    let name = name.to_owned();
    if days < CERTIFICATE_DAYS {
        Finding::notable(name, text)
    } else {
        Finding::good(name, text)
    }
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

/// Whether what the statistics are added up from agrees with the rows. When it does not, the daemon
/// counts anew.
async fn counts(speech: Speech, common: &Common, config: &Config) -> Finding {
    let name = "counts";
    let differ = match store::count_differences(&config.storage.directory) {
        Ok(0) => {
            return Finding::good(
                name,
                speech
                    .say("一致しています", "agree with the rows")
                    .to_owned(),
            );
        }
        Ok(differ) => differ,
        Err(error) => return Finding::bad(name, error.to_string()),
    };
    let repaired = async {
        let client = common.client()?;
        client.post("/control/recount", String::new()).await
    };
    match repaired.await {
        Ok(_) => Finding::notable(
            name,
            match speech.language {
                Language::Ja => {
                    format!("{differ} 件の集計が記録と異なっていたため、数え直しました")
                }
                Language::En => {
                    format!("{differ} counts differed from the rows; they were made anew")
                }
            },
        ),
        Err(error) => Finding::bad(
            name,
            match speech.language {
                Language::Ja => format!(
                    "{differ} 件の集計が記録と異なります。デーモンを起動してからもう一度 check を実行すると数え直します ({error})"
                ),
                Language::En => format!(
                    "{differ} counts differ from the rows; start the daemon and run check again, which makes them anew ({error})"
                ),
            },
        ),
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
