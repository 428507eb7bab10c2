//! A channel with its secrets: where and how an admin is notified.

use super::Email;
use crate::crypto;
use crate::delivery::proxy::Proxies;
use crate::secret::Secret;

/// A channel with its secrets.
#[derive(Clone, Debug, PartialEq)]
pub struct Channel {
    /// Its name in messages for people, such as `email 1`.
    pub name: String,
    /// The clinic's or server's name in every subject.
    pub place: String,
    /// Where and how it is told.
    pub way: Way,
}

/// Where something is posted to, or called.
#[derive(Clone, Debug, PartialEq)]
pub struct Hook {
    /// The URL, which is a secret.
    pub url: Secret,
    /// The proxies that it is reached through.
    pub proxies: Proxies,
}

/// How a channel tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Way {
    /// By e-mail.
    Email {
        /// The server and the recipients.
        email: Email,
        /// Of `email.username`.
        password: Option<Secret>,
    },
    /// By a POST in Slack's format.
    Slack(Hook),
    /// By a POST of a card for Teams.
    Teams(Hook),
    /// By a POST of the contract's JSON.
    Webhook(Hook),
}

impl Channel {
    /// The channel for those of its recipients of whom `is_meant` is true; none when there is nobody. A hook has none, and
    /// is told itself.
    #[must_use]
    pub fn only(&self, is_meant: impl Fn(&str) -> bool) -> Option<Self> {
        let mut channel = self.clone();
        if let Way::Email { email, .. } = &mut channel.way {
            email.to.retain(|to| is_meant(&to.email.to_string()));
            if email.to.is_empty() {
                return None;
            }
        }
        Some(channel)
    }

    /// The same for the same way to the same receivers, wherever in the configuration it stands: the kind, a space, and
    /// a digest from which nobody can read where it leads.
    #[must_use]
    pub fn key(&self) -> String {
        let target = match &self.way {
            Way::Email { email, .. } => email.target(),
            Way::Slack(hook) | Way::Teams(hook) | Way::Webhook(hook) => {
                hook.url.expose().to_owned()
            }
        };
        let digest = crypto::sha256(&[target.as_bytes()]);
        format!("{} {}", self.way.kind(), crypto::hex(&digest[..8]))
    }
}

impl Way {
    /// The `kind` of the configuration.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Way::Email { .. } => "email",
            Way::Slack(_) => "slack",
            Way::Teams(_) => "teams",
            Way::Webhook(_) => "webhook",
        }
    }
}
