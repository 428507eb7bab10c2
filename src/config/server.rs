//! `[server]`: where the API listens, and who may reach it how.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use toml::de::DeValue;
use url::Url;

use super::reader::{Document, Section};
use super::{Expected, Tls, size, tls};
use crate::known_events::KnownEvents;
use crate::route::Pattern;

/// The largest limit of a body that `server.max_body_bytes` can be, in bytes: 64 MiB.
pub const LARGEST_REQUEST: u64 = 64 << 20;

/// `[server]`
#[derive(Clone, Debug)]
pub struct Server {
    /// Where the API listens: in plain HTTP, unless TLS takes its place.
    pub listen: SocketAddr,
    /// TLS; none: a proxy in front does it.
    pub tls: Option<Tls>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Pages that may call from a browser.
    pub cors_allowed_origins: Vec<String>,
    /// The longest body, in bytes.
    pub max_body_bytes: usize,
    /// The names that events may have.
    pub known_events: KnownEvents,
    /// How people and VoiceDrive reach the relay: scheme, host and perhaps a port, no path.
    pub public_url: Option<Url>,
}

pub(super) fn read(document: &mut Document<'_>, root: &mut Section<'_>) -> Server {
    let mut section = root.section(document, "server");
    let listen = section.parsed(
        document,
        "listen",
        SocketAddr::from(([127, 0, 0, 1], 8480)),
        Expected::AddressWithPort,
        |text| text.parse().ok(),
    );
    let server = Server {
        listen,
        tls: tls::read(document, &mut section, listen),
        trusted_proxies: section.list(
            document,
            "trusted_proxies",
            Vec::new(),
            Expected::Networks,
            network,
        ),
        cors_allowed_origins: section.list(
            document,
            "cors_allowed_origins",
            Vec::new(),
            Expected::Origins,
            |entry| entry.as_str().and_then(page_origin),
        ),
        max_body_bytes: size(section.number(
            document,
            "max_body_bytes",
            1_048_576,
            &(1024..=LARGEST_REQUEST),
        )),
        known_events: KnownEvents::new(section.list(
            document,
            "known_events",
            Vec::new(),
            Expected::Events,
            |entry| Pattern::parse(entry.as_str()?),
        )),
        public_url: section.parsed(document, "public_url", None, Expected::PublicUrl, |text| {
            match text {
                "" => Some(None),
                text => origin(text).map(Some),
            }
        }),
    };
    section.finish(document);
    server
}

impl Server {
    /// Where plain HTTP is spoken; none: TLS is spoken there.
    #[must_use]
    pub fn plain(&self) -> Option<SocketAddr> {
        let tls = self.tls.as_ref();
        tls.is_none_or(|tls| tls.listen.is_some())
            .then_some(self.listen)
    }

    /// Where TLS is spoken.
    #[must_use]
    pub fn secured(&self) -> Option<SocketAddr> {
        let tls = self.tls.as_ref()?;
        Some(tls.listen.unwrap_or(self.listen))
    }
}

/// An address, or a range of them.
pub(super) fn network(entry: &DeValue<'_>) -> Option<IpNet> {
    let text = entry.as_str()?;
    let one = |text: &str| text.parse::<IpAddr>().ok().map(IpNet::from);
    text.parse().ok().or_else(|| one(text))
}

/// An origin as browsers write it. `*` can stand in a URL, and in no host that a page comes from.
fn page_origin(text: &str) -> Option<String> {
    let url = origin(text)?;
    let written = url.origin().ascii_serialization();
    (written == text && !text.contains('*')).then_some(written)
}

/// A URL that is scheme, host and perhaps a port.
fn origin(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let bare = Url::parse(&url.origin().ascii_serialization()).ok()?;
    (matches!(url.scheme(), "http" | "https") && url == bare).then_some(url)
}
