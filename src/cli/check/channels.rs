//! The alert channels: whether there is one, whether each channel's server is
//! reached, and whether its last message got through. Nothing is sent.

use super::Finding;
use crate::alerts::courier::{examine, reach};
use crate::channel::outcome::Outcome;
use crate::cli::Common;
use crate::cli::words::Speech;
use crate::config::{Channel, Hook, Loaded, Way};
use crate::store::file::inspect;
use crate::words::checks::{self, Check};
use crate::words::objections::of_kept;

pub(super) async fn all(speech: Speech, common: &Common, settings: &Loaded) -> Vec<Finding> {
    let mut findings = channels(speech, common, settings).await;
    if let Some(hook) = &settings.alerts.heartbeat {
        findings.push(heartbeat(speech, hook).await);
    }
    findings
}

/// Whether the server of the dead man's switch is reached. It is not called: that would say that all is well.
async fn heartbeat(speech: Speech, hook: &Hook) -> Finding {
    let name = "alerts heartbeat_url";
    match reach(hook).await.objection() {
        None => Finding::good(name, speech.phrase(Check::HeartbeatReached).to_owned()),
        Some(objection) => {
            let why = objection.told(speech.language);
            let what = speech.phrase(Check::HookNotReached);
            Finding::bad(name, format!("{what}: {why}"))
        }
    }
}

async fn channels(speech: Speech, common: &Common, settings: &Loaded) -> Vec<Finding> {
    let channels = &settings.alerts.channels;
    if channels.is_empty() {
        return vec![Finding::notable("alerts", nobody(speech).to_owned())];
    }
    // What is wrong with the database has a line of its own.
    let failing = inspect::failing_channels(&settings.config.storage.directory);
    let failing = failing.unwrap_or_default();
    let test = common.typed("alert test");
    let mut findings = Vec::new();
    for channel in channels {
        let key = channel.key();
        let last = failing.iter().find(|(of, _)| *of == key);
        let last = last.map(|(_, error)| of_kept(error, speech.language));
        let examined = examine(channel).await;
        findings.push(told(speech, &test, channel, &examined, last.as_deref()));
    }
    findings
}

/// The same words stand in `status`.
pub(in crate::cli) fn nobody(speech: Speech) -> &'static str {
    speech.phrase(Check::Nobody)
}

/// What an examination found; `last` is why the last message did not get through, and `test` the command that sends
/// one.
fn told(
    speech: Speech,
    test: &str,
    channel: &Channel,
    examined: &Outcome,
    last: Option<&str>,
) -> Finding {
    let language = speech.language;
    let (server, refused) = match &channel.way {
        Way::Email { email, .. } => {
            let server = format!("{}:{}: ", email.host, email.port);
            (server.clone(), server)
        }
        // The address of a hook is a secret.
        _ => (
            String::new(),
            format!("{}: ", speech.phrase(Check::HookNotReached)),
        ),
    };
    let name = format!("alerts {}", channel.name);
    match (examined.objection(), last, &channel.way) {
        (Some(objection), _, _) => {
            let objection = objection.told(language);
            Finding::bad(name, format!("{refused}{objection}"))
        }
        (None, Some(last), _) => {
            let last = checks::last_message_failed(last, test, language);
            Finding::bad(name, format!("{server}{last}"))
        }
        (None, None, Way::Email { .. }) => {
            let takes = checks::takes_recipients(test, language);
            Finding::good(name, format!("{server}{takes}"))
        }
        (None, None, _) => Finding::good(name, checks::hook_reached(test, language)),
    }
}
