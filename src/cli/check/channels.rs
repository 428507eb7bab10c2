//! The alert channels: whether there is one, whether each channel's server is
//! reached, and whether its last message got through. Nothing is sent.

use std::collections::BTreeMap;

use super::CheckResult;
use crate::alerts::notifier::{examine, reach};
use crate::channel::objection::Objection;
use crate::channel::outcome::ChannelOutcome;
use crate::cli::Common;
use crate::cli::words::Locale;
use crate::config::{Channel, Hook, Loaded, Way};
use crate::delivery::failure::Failure;
use crate::store::file::inspect;
use crate::words::checks::{self, Check};
use crate::words::objections::of_channel;

pub(super) async fn all(locale: Locale, common: &Common, settings: &Loaded) -> Vec<CheckResult> {
    let mut findings = channels(locale, common, settings).await;
    if let Some(hook) = &settings.alerts.heartbeat {
        findings.push(heartbeat(locale, hook).await);
    }
    findings
}

/// Whether the server of the dead man's switch is reached. It is not called: that would say that all is well.
async fn heartbeat(locale: Locale, hook: &Hook) -> CheckResult {
    let name = "alerts heartbeat_url";
    match reach(hook).await.objection() {
        None => CheckResult::good(name, locale.phrase(Check::HeartbeatReached).to_owned()),
        Some(objection) => {
            let why = objection.describe(locale.language);
            let what = locale.phrase(Check::HookNotReached);
            let told = format!("{what}: {why}");
            if is_unclear(&objection) {
                CheckResult::notable(name, told)
            } else {
                CheckResult::bad(name, told)
            }
        }
    }
}

/// A proxy, or the server behind it, answered something that may mean that the server is not reached.
fn is_unclear(objection: &Objection) -> bool {
    matches!(objection, Objection::Failed(Failure::ByProxy(_)))
}

async fn channels(locale: Locale, common: &Common, settings: &Loaded) -> Vec<CheckResult> {
    let channels = &settings.alerts.channels;
    if channels.is_empty() {
        return vec![CheckResult::notable("alerts", nobody(locale).to_owned())];
    }
    // What is wrong with the database has a line of its own.
    let failing = inspect::failing_channels(&settings.config.storage.directory);
    let failing = failing.unwrap_or_default();
    let test = common.typed("alert test");
    let mut findings = Vec::new();
    for channel in channels {
        let key = channel.key();
        let last = of_channel(&failing, &key, locale.language);
        let examined = examine(channel).await;
        findings.push(describe(locale, &test, channel, &examined, last.as_deref()));
    }
    findings.extend(told_more_than_once(locale, channels));
    findings
}

/// Recipients who stand in more than one channel.
fn told_more_than_once(locale: Locale, channels: &[Channel]) -> Vec<CheckResult> {
    let mut named: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for channel in channels {
        if let Way::Email { email, .. } = &channel.way {
            for to in &email.to {
                let address = to.email.to_string().to_ascii_lowercase();
                named.entry(address).or_default().push(&channel.name);
            }
        }
    }
    let named = named.into_iter().filter(|(_, channels)| channels.len() > 1);
    named
        .map(|(recipient, channels)| {
            let channels = channels.join(", ");
            let told = checks::told_more_than_once(&recipient, &channels, locale.language);
            CheckResult::notable("alerts", told)
        })
        .collect()
}

/// The same words stand in `status`.
pub(in crate::cli) fn nobody(locale: Locale) -> &'static str {
    locale.phrase(Check::Nobody)
}

/// What an examination found; `last` is why the last message did not get through, and `test` the command that sends
/// one.
fn describe(
    locale: Locale,
    test: &str,
    channel: &Channel,
    examined: &ChannelOutcome,
    last: Option<&str>,
) -> CheckResult {
    let language = locale.language;
    let (server, refused) = match &channel.way {
        Way::Email { email, .. } => {
            let server = format!("{}:{}: ", email.host, email.port);
            (server.clone(), server)
        }
        // The address of a hook is a secret.
        _ => (
            String::new(),
            format!("{}: ", locale.phrase(Check::HookNotReached)),
        ),
    };
    let name = format!("alerts {}", channel.name);
    match (examined.objection(), last, &channel.way) {
        (Some(objection), last, _) => {
            let told = format!("{refused}{}", objection.describe(language));
            if last.is_none() && is_unclear(&objection) {
                CheckResult::notable(name, told)
            } else {
                CheckResult::bad(name, told)
            }
        }
        (None, Some(last), _) => {
            let last = checks::last_message_failed(last, test, language);
            CheckResult::bad(name, format!("{server}{last}"))
        }
        (None, None, Way::Email { .. }) => {
            let takes = checks::takes_recipients(test, language);
            CheckResult::good(name, format!("{server}{takes}"))
        }
        (None, None, _) => CheckResult::good(name, checks::hook_reached(test, language)),
    }
}
