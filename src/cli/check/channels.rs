//! Whom the relay tells when a person is needed: whether there is anybody, and whether each mail server is
//! reached. No mail is sent.

use super::Finding;
use crate::alerts::courier::examine;
use crate::alerts::outcome::Outcome;
use crate::cli::words::Speech;
use crate::config::{AlertsOut, Way};

pub(super) async fn all(speech: Speech, alerts: &AlertsOut) -> Vec<Finding> {
    if alerts.channels.is_empty() {
        return vec![Finding::notable("alerts", nobody(speech).to_owned())];
    }
    let mut findings = Vec::new();
    for channel in &alerts.channels {
        let name = format!("alerts {}", channel.name);
        let examined = examine(channel, speech.language).await;
        findings.push(match (&channel.way, examined) {
            (Way::Email { email, .. }, Some(outcome)) => {
                let server = format!("{}:{}", email.host, email.port);
                mail(speech, name, &server, &outcome)
            }
            _ => Finding::good(name, not_tried(speech).to_owned()),
        });
    }
    findings
}

/// The same words stand in `status`.
pub(in crate::cli) fn nobody(speech: Speech) -> &'static str {
    speech.say(
        "通知先がありません。異常が起きても誰にも知らされません。config.toml に [[alerts.channel]] を書いてください",
        "nobody is told when something is wrong; add an [[alerts.channel]] to config.toml",
    )
}

fn not_tried(speech: Speech) -> &'static str {
    speech.say(
        "ここでは送りません。voicedrive-relay alert test で確かめてください",
        "not tried here; `voicedrive-relay alert test` does",
    )
}

/// Whether the mail server of a channel can be reached and takes its recipients.
fn mail(speech: Speech, name: String, server: &str, outcome: &Outcome) -> Finding {
    match outcome.objection() {
        None => {
            let takes = speech.say(
                "メールサーバーは宛先を受け付けます。送信は voicedrive-relay alert test で確かめてください",
                "the mail server takes the recipients; `voicedrive-relay alert test` sends",
            );
            Finding::good(name, format!("{server}: {takes}"))
        }
        Some(objection) => {
            let refuses = speech.say(
                "メールサーバーが受け付けません",
                "the mail server takes no mail for everybody",
            );
            Finding::bad(name, format!("{server}: {refuses}: {objection}"))
        }
    }
}
