//! What the daemon that runs says of itself.

use std::net::SocketAddr;

use serde::Deserialize;
use serde_json::Value;

use super::CheckResult;
use crate::cli::words::Locale;
use crate::cli::{Common, client};
use crate::config::Config;
use crate::words::checks;

/// The daemon that the control socket leads to.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Daemon {
    /// Where its API listens in plain HTTP.
    listen: Option<SocketAddr>,
    /// Where over TLS.
    tls: Option<SocketAddr>,
    /// What keeps it from keeping anything.
    pub(super) trouble: Option<String>,
    /// How far its clock is off, in seconds, when it may be wrong.
    #[serde(rename = "clockOffSeconds")]
    pub(super) clock_off: Option<i64>,
    /// The routes that are on hold.
    #[serde(default)]
    pub(super) holds: Vec<Value>,
}

impl Daemon {
    /// None: there is none, or it may not be asked.
    pub(super) async fn ask(common: &Common) -> Option<Self> {
        let client = common.client().ok()?;
        let told = client.get("/control/daemon", &[]).await.ok()?;
        serde_json::from_value(told).ok()
    }

    /// Whether it is the one that holds `address`. Who listens everywhere listens there too.
    pub(super) fn listens_at(&self, address: SocketAddr) -> bool {
        let is_at = |own: SocketAddr| {
            let (ip, other) = (own.ip(), address.ip());
            let same = ip == other || ip.is_unspecified() || other.is_unspecified();
            own.port() == address.port() && same
        };
        self.listen.into_iter().chain(self.tls).any(is_at)
    }
}

/// The daemon that works in the data directory, as the process `holder`, when nobody can ask it anything.
pub(super) fn silent(
    locale: Locale,
    common: &Common,
    config: &Config,
    holder: Option<&str>,
) -> Option<CheckResult> {
    let socket = client::socket(config, common);
    let told = checks::silent_daemon(&socket, holder?, &common.commands(), locale.language);
    Some(CheckResult::bad("control socket", told))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_daemon_is_known_by_where_it_listens() {
        let listens = |own: &str, address: &str| {
            let daemon = Daemon {
                listen: None,
                tls: own.parse().ok(),
                trouble: None,
                clock_off: None,
                holds: Vec::new(),
            };
            daemon.listens_at(address.parse().unwrap())
        };
        assert!(listens("127.0.0.1:8480", "127.0.0.1:8480"));
        assert!(listens("0.0.0.0:8480", "127.0.0.1:8480"));
        assert!(listens("127.0.0.1:8480", "0.0.0.0:8480"));
        assert!(!listens("127.0.0.1:8480", "127.0.0.1:8481"));
        assert!(!listens("127.0.0.1:8480", "127.0.0.2:8480"));
    }
}
