//! What the daemon that runs says of itself.

use std::net::SocketAddr;

use serde::Deserialize;
use serde_json::Value;

use crate::cli::Common;

/// The daemon that the control socket leads to.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Daemon {
    /// Where its API listens.
    listen: SocketAddr,
    /// What keeps it from keeping anything.
    pub(super) trouble: Option<String>,
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
        let (own, other) = (self.listen.ip(), address.ip());
        let same = own == other || own.is_unspecified() || other.is_unspecified();
        self.listen.port() == address.port() && same
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_daemon_is_known_by_where_it_listens() {
        let listens = |own: &str, address: &str| {
            let daemon = Daemon {
                listen: own.parse().unwrap(),
                trouble: None,
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
