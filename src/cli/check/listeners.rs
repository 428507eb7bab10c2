//! Where callers come in: the port of the API, and the door of the staff system's own senders.

use std::collections::BTreeSet;
use std::io;
use std::net::{SocketAddr, TcpListener};

use super::CheckResult;
use super::daemon::Daemon;
use crate::cli::Common;
use crate::cli::words::Locale;
use crate::command_line::CommandLine;
use crate::config::Config;
use crate::words::checks::{self, Check};
use crate::words::system::of_system;

/// Which program has the port.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Holder {
    /// The daemon that the control socket leads to.
    Daemon,
    /// Perhaps the daemon, which runs and answers no command.
    Silent,
    /// Somebody else.
    Another,
    /// Nobody yet, or the daemon with a wider or narrower address: it listens here, where it did when it started.
    Elsewhere(String),
    /// Nobody.
    Nobody,
    /// Only root may listen there.
    Privileged,
    /// It is an address of another machine.
    NotOurs,
    /// It cannot be listened on at all.
    Unusable,
}

/// Whether the daemon listens where it should, or could.
pub(super) fn port(
    locale: Locale,
    common: &Common,
    address: SocketAddr,
    daemon: Option<&Daemon>,
    is_silent: bool,
) -> CheckResult {
    let is_own = daemon.is_some_and(|daemon| daemon.listens_at(address));
    let elsewhere = |daemon: &Daemon| {
        let addresses = daemon.addresses().map(|address| address.to_string());
        Holder::Elsewhere(addresses.collect::<Vec<_>>().join(", "))
    };
    let bound = TcpListener::bind(address).map(|_| ());
    let error = bound.as_ref().err();
    let error = error.map(|error| of_system(error, locale.language));
    let holder = match bound.map_err(|error| error.kind()) {
        _ if is_own => Holder::Daemon,
        Ok(()) if address.port() == 0 => Holder::Nobody,
        Ok(()) => daemon.map_or(Holder::Nobody, elsewhere),
        Err(io::ErrorKind::AddrInUse) if is_silent => Holder::Silent,
        Err(io::ErrorKind::AddrInUse) => {
            let own = daemon.filter(|daemon| daemon.occupies(address));
            own.map_or(Holder::Another, elsewhere)
        }
        Err(io::ErrorKind::PermissionDenied) => Holder::Privileged,
        Err(io::ErrorKind::AddrNotAvailable) => Holder::NotOurs,
        Err(_) => Holder::Unusable,
    };
    let commands = common.commands();
    describe(
        locale,
        &commands,
        address,
        holder,
        &error.unwrap_or_default(),
    )
}

fn describe(
    locale: Locale,
    commands: &CommandLine,
    address: SocketAddr,
    holder: Holder,
    error: &str,
) -> CheckResult {
    let name = "listen";
    match holder {
        Holder::Daemon => CheckResult::good(
            name,
            format!("{address}: {}", locale.phrase(Check::DaemonListens)),
        ),
        Holder::Nobody => CheckResult::good(name, address.to_string()),
        Holder::Elsewhere(own) => {
            let elsewhere = checks::listens_elsewhere(&own, commands, locale.language);
            CheckResult::notable(name, format!("{address}: {elsewhere}"))
        }
        Holder::Silent => CheckResult::notable(
            name,
            format!("{address}: {}", locale.phrase(Check::SilentListens)),
        ),
        Holder::Another => CheckResult::bad(
            name,
            format!("{address}: {}", locale.phrase(Check::AnotherListens)),
        ),
        Holder::Privileged => CheckResult::bad(
            name,
            format!("{address}: {}", locale.phrase(Check::Privileged)),
        ),
        Holder::NotOurs => {
            let told = checks::not_this_machines(&address.ip().to_string(), locale.language);
            CheckResult::bad(name, format!("{address}: {told}"))
        }
        Holder::Unusable => CheckResult::bad(name, format!("{address}: {error}")),
    }
}

/// What is said without encryption to a port that others than this machine reach, unless it is a proxy that they
/// come through: where the daemon listens, and where it will after a restart.
pub(super) fn exposed(
    locale: Locale,
    config: &Config,
    daemon: Option<&Daemon>,
) -> Vec<CheckResult> {
    let server = &config.server;
    let at_present = daemon.and_then(Daemon::plain);
    let all: BTreeSet<_> = server.plain().into_iter().chain(at_present).collect();
    let exposed = all.into_iter().filter(|listen| !is_apart(*listen));
    let exposed = exposed.filter(|_| server.trusted_proxies.is_empty());
    let told = exposed.map(|listen| {
        let text = format!("{listen}: {}", locale.phrase(Check::Exposed));
        CheckResult::notable("listen", text)
    });
    told.collect()
}

/// Whether only this machine reaches an address.
fn is_apart(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

/// The door of the staff system's own senders, when there is one.
pub(super) fn ingest(
    locale: Locale,
    config: &Config,
    daemon: Option<&Daemon>,
) -> Option<CheckResult> {
    let name = "ingest";
    let door = config.ingest.as_ref()?;
    let names = door.secrets.iter().chain(&door.bearers).cloned();
    let open = door.open_from.iter().map(ToString::to_string);
    let open: Vec<String> = open.collect();
    let proofs: Vec<String> = names.chain(open.clone()).collect();
    let about = format!("{} ({})", door.path, proofs.join(", "));
    let server = &config.server;
    let at_present = daemon.into_iter().flat_map(Daemon::addresses);
    let configured = server.plain().into_iter().chain(server.secured());
    let mut addresses = configured.chain(at_present);
    if open.is_empty() || addresses.all(is_apart) {
        return Some(CheckResult::good(name, about));
    }
    let advice = checks::open_from_outside(&open.join(", "), locale.language);
    Some(CheckResult::notable(name, format!("{about}: {advice}")))
}

#[cfg(test)]
mod tests {
    use crate::language::Language;
    use crate::zone::Zone;

    use super::*;

    #[test]
    fn plain_http_to_the_network_is_told_unless_a_proxy_is_named() {
        let locale = Locale {
            language: Language::En,
            timezone: Zone::TOKYO,
        };
        let told = |listen: &str, trusted: &[&str]| {
            let mut config = Config::default();
            config.server.listen = listen.parse().unwrap();
            let trusted = trusted.iter().map(|net| net.parse().unwrap());
            config.server.trusted_proxies = trusted.collect();
            let told = exposed(locale, &config, None).into_iter().next();
            told.map(|finding| finding.text)
        };
        for listen in ["0.0.0.0:8480", "[::]:8480", "192.0.2.7:8480"] {
            let text = told(listen, &[]).unwrap();
            assert!(text.contains("nothing there is encrypted"), "{text}");
            assert_eq!(told(listen, &["192.0.2.8/32"]), None);
        }
        assert_eq!(told("127.0.0.1:8480", &[]), None);
        assert_eq!(told("[::1]:8480", &[]), None);
    }
}
