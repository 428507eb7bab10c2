//! What the daemon that runs says of itself.

use std::net::SocketAddr;

use serde::Deserialize;
use serde_json::Value;

use super::CheckResult;
use crate::cli::words::Locale;
use crate::cli::{CliError, Common, client};
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
    pub(super) async fn ask(common: &Common, config: &Config) -> Option<Self> {
        let client = common.client().ok()?;
        match client.get("/control/daemon", &[]).await {
            Ok(told) => serde_json::from_value(told).ok(),
            Err(CliError::OfDaemon { code, message, .. }) if code == "STORAGE_UNAVAILABLE" => {
                Some(Self::waiting(config, message))
            }
            Err(_) => None,
        }
    }

    /// One that cannot start for want of room, and tells nothing but that.
    fn waiting(config: &Config, trouble: String) -> Self {
        Self {
            listen: config.server.plain(),
            tls: config.server.secured(),
            trouble: Some(trouble),
            clock_off: None,
            holds: Vec::new(),
        }
    }

    /// Where it listens, whatever the configuration says by now.
    pub(super) fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.listen.into_iter().chain(self.tls)
    }

    /// Where it listens in plain HTTP.
    pub(super) fn plain(&self) -> Option<SocketAddr> {
        self.listen
    }

    /// Whether it listens at `address`, no wider and no narrower.
    pub(super) fn listens_at(&self, address: SocketAddr) -> bool {
        self.addresses().any(|own| own == address)
    }

    /// Whether it is the one that keeps others from `address`. Who listens everywhere does so there too.
    pub(super) fn occupies(&self, address: SocketAddr) -> bool {
        self.addresses().any(|own| {
            let (ip, other) = (own.ip(), address.ip());
            let same = ip == other || ip.is_unspecified() || other.is_unspecified();
            own.port() == address.port() && same
        })
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
        let known = |own: &str, address: &str| {
            let daemon = Daemon {
                listen: None,
                tls: own.parse().ok(),
                trouble: None,
                clock_off: None,
                holds: Vec::new(),
            };
            let address = address.parse().unwrap();
            (daemon.listens_at(address), daemon.occupies(address))
        };
        assert_eq!(known("127.0.0.1:8480", "127.0.0.1:8480"), (true, true));
        assert_eq!(known("0.0.0.0:8480", "127.0.0.1:8480"), (false, true));
        assert_eq!(known("127.0.0.1:8480", "0.0.0.0:8480"), (false, true));
        assert_eq!(known("127.0.0.1:8480", "127.0.0.1:8481"), (false, false));
        assert_eq!(known("127.0.0.1:8480", "127.0.0.2:8480"), (false, false));
    }
}
