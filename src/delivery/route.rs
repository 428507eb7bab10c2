//! A route: one way out of the relay, with all that a request on it needs.

use std::time::Duration;

use url::Url;

use super::profile::Profile;
use super::proxy::Proxies;
use crate::order::Order;
use crate::route::BodyLimit;
use crate::secret::Secret;
use crate::timestamp::Timestamp;

/// One way out of the relay.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// What the configuration and the events call it.
    pub name: String,
    /// Where each webhook is posted to.
    pub url: Url,
    /// Plain `http://` may go to public addresses too.
    pub allow_http: bool,
    /// How it is addressed.
    pub profile: Profile,
    /// What it is signed with: the present secret, then the one before it. None for a profile
    /// that does not sign.
    pub secrets: Vec<Secret>,
    /// What is sent as `Authorization: Bearer`.
    pub bearer: Option<Secret>,
    /// Headers besides the profile's.
    pub headers: Vec<(String, String)>,
    /// The longest that a whole attempt may take.
    pub timeout: Duration,
    /// Attempts at a time.
    pub concurrency: usize,
    /// Attempts that begin within a second, at most.
    pub max_per_second: Option<u32>,
    /// The longest body that the receiver takes, in bytes; none: no limit is known.
    pub max_body_bytes: Option<usize>,
    /// In which order deliveries are made.
    pub order: Order,
    /// Whether VoiceDrive counts these deliveries too (contract, section 6.3).
    pub counted_by_voicedrive: bool,
    /// The way out.
    pub proxies: Proxies,
}

impl Route {
    /// Scheme, host and port: what may stand in a log. Path and query may hold a token.
    #[must_use]
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// What its receiver takes; none: no limit is known.
    #[must_use]
    pub fn body_limit(&self) -> Option<BodyLimit> {
        let limit = self.max_body_bytes?;
        let length = |name: &str| {
            let at = Timestamp::from_unix_ms(0);
            self.profile.body(name, at, "").len()
        };
        let around = length("");
        Some(BodyLimit::new(limit, around, length("x") - around))
    }
}
