//! Whom the relay tells when a person is needed: whether there is anybody, and whether each mail server is
//! reached. No mail is sent.

use super::Finding;
use crate::alerts::courier::examine;
use crate::alerts::outcome::Outcome;
use crate::cli::words::Speech;
use crate::config::{AlertsOut, Way};
use crate::words::checks::Check;

pub(super) async fn all(speech: Speech, alerts: &AlertsOut) -> Vec<Finding> {
    if alerts.channels.is_empty() {
        return vec![Finding::notable("alerts", nobody(speech).to_owned())];
    }
    let mut findings = Vec::new();
    for channel in &alerts.channels {
        let name = format!("alerts {}", channel.name);
        let examined = examine(channel).await;
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
    speech.phrase(Check::Nobody)
}

fn not_tried(speech: Speech) -> &'static str {
    speech.phrase(Check::NotTried)
}

/// Whether the mail server of a channel can be reached and takes its recipients.
fn mail(speech: Speech, name: String, server: &str, outcome: &Outcome) -> Finding {
    match outcome.objection() {
        None => {
            let takes = speech.phrase(Check::TakesRecipients);
            Finding::good(name, format!("{server}: {takes}"))
        }
        Some(objection) => {
            let objection = objection.told(speech.language);
            Finding::bad(name, format!("{server}: {objection}"))
        }
    }
}
