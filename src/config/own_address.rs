//! Whether a webhook would come back to the relay that sends it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use url::{Host, Url};

use super::Server;

/// The address is only compared, so any port will do.
const DISCARD: u16 = 9;

/// What this machine calls itself.
pub(super) fn host_name() -> String {
    let system = rustix::system::uname();
    system.nodename().to_string_lossy().into_owned()
}

/// Whether `url` is the relay's own address. Of names only `localhost` and the machine's own are known;
/// what comes back under another one is turned away when it arrives.
pub(super) fn is_own_address(url: &Url, server: &Server) -> bool {
    let is_public = |own: &Url| own.origin() == url.origin();
    let is_at = |listen: SocketAddr| {
        url.port_or_known_default() == Some(listen.port())
            && url.host().is_some_and(|host| is_own(&host, listen.ip()))
    };
    let listens = [server.plain(), server.secured()];
    server.public_url.as_ref().is_some_and(is_public) || listens.into_iter().flatten().any(is_at)
}

/// Whether a relay that listens at `listen` can be reached as `host`.
fn is_own(host: &Host<&str>, listen: IpAddr) -> bool {
    let listen = listen.to_canonical();
    let on_loopback = listen.is_loopback() || listen.is_unspecified();
    let address = match host {
        Host::Domain(name) => {
            return on_loopback
                && (is_loopback_name(name) || name.eq_ignore_ascii_case(&host_name()));
        }
        Host::Ipv4(address) => IpAddr::V4(*address),
        Host::Ipv6(address) => IpAddr::V6(*address).to_canonical(),
    };
    // A connection to 0.0.0.0 reaches this machine.
    let means_loopback = address.is_loopback() || address.is_unspecified();
    address == listen
        || on_loopback && means_loopback
        || listen.is_unspecified() && is_of_this_machine(address)
}

fn is_loopback_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name == "localhost" || name.ends_with(".localhost")
}

/// A connection to an address of this machine comes from that same address. A datagram socket is
/// only asked which source address it would use: nothing is sent.
fn is_of_this_machine(address: IpAddr) -> bool {
    let any: IpAddr = if address.is_ipv4() {
        Ipv4Addr::UNSPECIFIED.into()
    } else {
        Ipv6Addr::UNSPECIFIED.into()
    };
    let from = UdpSocket::bind((any, 0)).and_then(|socket| {
        socket.connect((address, DISCARD))?;
        socket.local_addr()
    });
    from.is_ok_and(|from| from.ip() == address)
}

#[cfg(test)]
mod tests {
    use super::super::{Config, Tls};
    use super::*;
    use crate::key_pair::KeyPairFiles;

    fn leads(url: &str, listen: &str) -> bool {
        let mut server = Config::default().server;
        server.listen = listen.parse().unwrap();
        server.public_url = Url::parse("https://relay.clinic.example").ok();
        is_own_address(&Url::parse(url).unwrap(), &server)
    }

    #[test]
    fn the_relays_own_address_in_every_spelling() {
        for url in [
            "http://127.0.0.1:8480/in",
            "http://127.1:8480/",
            "http://0x7f000001:8480/",
            "http://localhost:8480/api/events",
            "http://LOCALHOST.:8480/",
            "http://relay.localhost:8480/",
            "http://[::1]:8480/",
            "http://[::ffff:127.0.0.1]:8480/",
            "http://0.0.0.0:8480/",
            "http://[::]:8480/",
            "https://localhost:8480/",
            "https://relay.clinic.example/in",
        ] {
            for listen in ["127.0.0.1:8480", "0.0.0.0:8480", "[::]:8480", "[::1]:8480"] {
                assert!(leads(url, listen), "{url} {listen}");
            }
        }
        assert!(leads("http://192.0.2.7:8480/", "192.0.2.7:8480"));
        assert!(leads("http://localhost/", "127.0.0.1:80"));
        assert!(leads("https://localhost/", "127.0.0.1:443"));
    }

    #[test]
    fn the_address_of_tls_is_the_relays_own_too() {
        let mut server = Config::default().server;
        server.tls = Some(Tls {
            listen: Some(([0, 0, 0, 0], 8443).into()),
            files: KeyPairFiles {
                certificate: "/fullchain.pem".into(),
                key: "/privkey.pem".into(),
            },
        });
        for url in ["https://127.0.0.1:8443/in", "http://127.0.0.1:8480/in"] {
            assert!(is_own_address(&Url::parse(url).unwrap(), &server), "{url}");
        }
        let other = Url::parse("https://127.0.0.1:8444/in").unwrap();
        assert!(!is_own_address(&other, &server));
    }

    #[test]
    fn the_machines_own_name_is_known() {
        let url = format!("http://{}:8480/in", host_name());
        assert!(leads(&url, "127.0.0.1:8480"), "{url}");
        assert!(leads(&url, "0.0.0.0:8480"), "{url}");
        assert!(!leads(&url, "192.0.2.7:8480"), "{url}");
    }

    #[test]
    fn an_address_of_this_machine_is_known() {
        assert!(is_of_this_machine(Ipv4Addr::LOCALHOST.into()));
        assert!(!is_of_this_machine(Ipv4Addr::new(192, 0, 2, 8).into()));
    }

    #[test]
    fn other_ports_and_other_machines_are_not_the_relay() {
        for (url, listen) in [
            ("http://127.0.0.1:8481/in", "127.0.0.1:8480"),
            ("http://127.0.0.1:3000/in", "0.0.0.0:8480"),
            ("http://192.0.2.8:8480/", "192.0.2.7:8480"),
            ("http://192.0.2.8:8480/", "0.0.0.0:8480"),
            ("http://127.0.0.1:8480/", "192.0.2.7:8480"),
            ("http://voicedrive.example.com:8480/", "0.0.0.0:8480"),
            ("https://voicedrive.example.com/", "127.0.0.1:8480"),
            ("http://relay.clinic.example/", "127.0.0.1:8480"),
        ] {
            assert!(!leads(url, listen), "{url} {listen}");
        }
    }
}
