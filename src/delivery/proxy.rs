//! The way out through a forward proxy: which address is reached through which proxy, and which directly.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use url::{Host, Url};

/// The proxies for all that goes out one way. Without one, everything is reached directly.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Proxies {
    /// For `https://` addresses.
    pub https: Option<Proxy>,
    /// For `http://` addresses.
    pub http: Option<Proxy>,
    /// What is reached directly all the same. This machine always is.
    pub direct: Vec<Direct>,
}

/// A forward proxy. User and password may stand in its URL, so it is only shown by its origin.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    url: Url,
    origin: ProxySource,
    set_by: String,
}

/// Who set a proxy.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum ProxySource {
    /// The configuration, or a secret that it names.
    Configuration,
    /// The environment of this process.
    Environment,
}

impl Proxy {
    /// The proxy at `url`; `set_by` says where it was set, such as `delivery.proxy` or `HTTPS_PROXY`.
    #[must_use]
    pub fn new(url: Url, origin: ProxySource, set_by: &str) -> Self {
        Self {
            url,
            origin,
            set_by: set_by.to_owned(),
        }
    }

    /// Whether a variable such as `HTTPS_PROXY` names it.
    #[must_use]
    pub fn is_of_the_environment(&self) -> bool {
        self.origin == ProxySource::Environment
    }

    /// Its URL, perhaps with user and password, for the one who connects to it.
    #[must_use]
    pub fn expose(&self) -> &Url {
        &self.url
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = self.url.origin().ascii_serialization();
        write!(f, "{origin} ({})", self.set_by)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self})")
    }
}

/// What is reached without the proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Direct {
    /// Everything: `*`.
    Everything,
    /// An address, or a range of them.
    Range(IpNet),
    /// A host and all hosts below it, perhaps at one port only.
    Host(String, Option<u16>),
}

impl Proxies {
    /// The proxy through which `url` is reached; none: directly.
    #[must_use]
    pub fn of(&self, url: &Url) -> Option<&Proxy> {
        let proxy = if url.scheme() == "https" {
            self.https.as_ref()
        } else {
            self.http.as_ref()
        };
        let host = url.host()?;
        let direct = is_this_machine(&host) || self.direct.iter().any(|d| d.covers(&host, url));
        proxy.filter(|_| !direct)
    }

    /// Every proxy, each once.
    #[must_use]
    pub fn all(&self) -> Vec<&Proxy> {
        let mut all: Vec<&Proxy> = self.https.iter().collect();
        let differs = |proxy: &&Proxy| all.iter().all(|other| other != proxy);
        let http = self.http.as_ref().filter(differs);
        all.extend(http);
        all
    }
}

impl Direct {
    /// Reads a host, an address, a range, or `*`. A host may begin with a dot or `*.`, and end with a port.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text == "*" {
            return Some(Self::Everything);
        }
        let bare = text.trim_start_matches('[').trim_end_matches(']');
        if let Some(range) = range(bare) {
            return Some(Self::Range(range));
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().ok()?)),
            None => (text, None),
        };
        let host = host.trim_start_matches("*.").trim_start_matches('.');
        let host = Host::parse(host).ok()?;
        match host {
            Host::Domain(name) => Some(Self::Host(without_last_dot(&name).to_owned(), port)),
            Host::Ipv4(address) => Some(Self::Range(IpAddr::from(address).into())),
            Host::Ipv6(address) => Some(Self::Range(IpAddr::from(address).into())),
        }
    }

    fn covers(&self, host: &Host<&str>, url: &Url) -> bool {
        match (self, host) {
            (Self::Everything, _) => true,
            (Self::Range(range), Host::Ipv4(address)) => range.contains(&IpAddr::from(*address)),
            (Self::Range(range), Host::Ipv6(address)) => range.contains(&IpAddr::from(*address)),
            (Self::Host(name, port), Host::Domain(host)) => {
                let host = without_last_dot(host);
                let below = host.strip_suffix(name.as_str());
                let fits = below.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
                fits && (port.is_none() || *port == url.port_or_known_default())
            }
            _ => false,
        }
    }
}

impl fmt::Display for Direct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => f.write_str("*"),
            Self::Range(range) => range.fmt(f),
            Self::Host(name, Some(port)) => write!(f, "{name}:{port}"),
            Self::Host(name, None) => f.write_str(name),
        }
    }
}

fn range(text: &str) -> Option<IpNet> {
    let address = |text: &str| text.parse::<IpAddr>().ok().map(IpNet::from);
    text.parse().ok().or_else(|| address(text))
}

fn is_this_machine(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => {
            let name = without_last_dot(name);
            name == "localhost" || name.ends_with(".localhost")
        }
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => IpAddr::from(*address).to_canonical().is_loopback(),
    }
}

fn without_last_dot(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(direct: &[&str]) -> Proxies {
        let url = Url::parse("http://u:p@proxy.example:3128").unwrap();
        let proxy = Proxy::new(url, ProxySource::Configuration, "delivery.proxy");
        Proxies {
            https: Some(proxy.clone()),
            http: Some(proxy),
            direct: direct.iter().map(|d| Direct::parse(d).unwrap()).collect(),
        }
    }

    #[test]
    fn this_machine_and_what_is_named_are_reached_directly() {
        let some = proxies(&[
            "example.org",
            ".clinic.example",
            "10.0.0.0/8",
            "a.example:8443",
        ]);
        for (url, through_proxy) in [
            ("https://voicedrive.example.com/hook", true),
            ("http://voicedrive.example.com/hook", true),
            ("https://example.org/", false),
            ("https://www.example.org./", false),
            ("https://notexample.org/", true),
            ("https://mail.clinic.example/", false),
            ("https://10.1.2.3/", false),
            ("https://11.1.2.3/", true),
            ("https://a.example:8443/", false),
            ("https://a.example/", true),
            ("http://localhost:1/", false),
            ("http://127.0.0.9/", false),
            ("http://[::1]/", false),
            ("http://[::ffff:127.0.0.1]/", false),
        ] {
            let url = Url::parse(url).unwrap();
            assert_eq!(some.of(&url).is_some(), through_proxy, "{url}");
        }
        let none = proxies(&["*"]);
        assert!(
            none.of(&Url::parse("https://a.example/").unwrap())
                .is_none()
        );
    }

    #[test]
    fn a_proxy_is_shown_without_its_password() {
        let some = proxies(&[]);
        let all = some.all();
        assert_eq!(all.len(), 1);
        assert_eq!(
            all[0].to_string(),
            "http://proxy.example:3128 (delivery.proxy)"
        );
        assert!(!format!("{some:?}").contains("u:p"));
    }

    #[test]
    fn what_is_no_host_is_not_read() {
        for bad in ["", "a b", "a:b", "http://a.example"] {
            assert_eq!(Direct::parse(bad), None, "{bad}");
        }
        assert_eq!(
            Direct::parse("[fd00::1]").unwrap().to_string(),
            "fd00::1/128"
        );
    }
}
