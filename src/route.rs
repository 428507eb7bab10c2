//! Where events go: a URL, and how its receiver wants to be addressed.

use std::time::Duration;

use reqwest::Url;

use crate::config::Secret;
use crate::delivery::profile::Profile;

/// The route of every event that no other route takes.
pub const DEFAULT: &str = "default";

/// One way out of the relay.
#[derive(Clone, Debug)]
pub struct Route {
    /// What the configuration and the events call it.
    pub name: String,
    /// Where each webhook is posted to.
    pub url: Url,
    /// How it is addressed.
    pub profile: Profile,
    /// What it is signed with; none for a profile that does not sign.
    pub secret: Option<Secret>,
    /// The longest that a whole attempt may take.
    pub timeout: Duration,
    /// Attempts at a time.
    pub concurrency: usize,
}

impl Route {
    /// Scheme, host and port: what may stand in a log. Path and query may hold a token.
    #[must_use]
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }
}
