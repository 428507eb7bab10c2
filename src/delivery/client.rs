//! The one HTTP client of all that goes out: webhooks, probes, and the hooks of the alerts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::{Client, ClientBuilder, Proxy, RequestBuilder, Url, redirect};

use super::address::Resolver;
use super::failure::{self, Failure, ProxyFault, ProxyTls, Way};
use super::proxy::{self, Proxies};
use super::tls::{self, CertificateRequested, TlsError};

/// A connection that was idle for longer is not used again. Many receivers (Node.js by default)
/// close theirs after five seconds, and a request that meets the closing fails for no good reason.
const IDLE_CONNECTION: Duration = Duration::from_secs(4);
/// Headers of an answer that are read, at the most. Each costs memory while an answer is read.
const MOST_HEADERS: usize = 256;

/// A client cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// There is nobody whose certificates could be believed.
    Tls(#[from] TlsError),
    /// The library refuses its settings.
    Library(String),
}

/// A client that calls one address and nobody else.
#[derive(Clone, Debug)]
pub struct Outgoing {
    client: Client,
    way: Way,
    proxy: Option<proxy::Proxy>,
    asked: CertificateRequested,
    /// Somebody took what was sent without a certificate of this machine.
    taken: Arc<AtomicBool>,
}

impl Outgoing {
    /// A client for `url`, by `proxies`; `adjust` sets what this kind of request wants besides.
    ///
    /// # Errors
    /// `ClientError` when TLS cannot be set up.
    pub fn to(
        url: &Url,
        proxies: &Proxies,
        adjust: impl FnOnce(ClientBuilder) -> ClientBuilder,
    ) -> Result<Self, ClientError> {
        crate::crypto::install();
        let proxy = proxies.of(url);
        let library = |error: reqwest::Error| ClientError::Library(failure::innermost(&error));
        let secure = url.scheme() == "https";
        let mut builder = lenient(Client::builder())
            .user_agent(concat!("voicedrive-relay/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .http1_only()
            .no_proxy()
            .dns_resolver(Resolver::of_any())
            .pool_idle_timeout(IDLE_CONNECTION);
        let proxy_tls = proxy.map(|proxy| match proxy.expose().scheme() {
            "https" => ProxyTls::Begins,
            _ => ProxyTls::None,
        });
        let asked = CertificateRequested::default();
        builder = if secure || proxy_tls == Some(ProxyTls::Begins) {
            builder.tls_backend_preconfigured(tls::client_config(&["http/1.1"], &asked)?)
        } else {
            // Without encryption, a machine need not have any certificates.
            builder.tls_certs_only([])
        };
        if let Some(proxy) = proxy {
            builder = builder.proxy(Proxy::all(proxy.expose().clone()).map_err(library)?);
        }
        Ok(Self {
            client: adjust(builder).build().map_err(library)?,
            way: Way {
                secure,
                proxy: proxy_tls,
            },
            proxy: proxy.cloned(),
            asked,
            taken: Arc::default(),
        })
    }

    /// Begins a POST.
    pub fn post(&self, url: Url) -> RequestBuilder {
        self.client.post(url)
    }

    /// Begins a GET.
    pub fn get(&self, url: Url) -> RequestBuilder {
        self.client.get(url)
    }

    /// Begins a HEAD.
    pub fn head(&self, url: Url) -> RequestBuilder {
        self.client.head(url)
    }

    /// Why a request of this client did not succeed.
    #[must_use]
    pub fn failure(&self, error: &reqwest::Error) -> Failure {
        match failure::classify(error, self.way) {
            // A server may end the connection without a word when it wanted a certificate; or the word is lost with it.
            Failure::Broken | Failure::TlsEnded | Failure::Tls(_) if self.was_asked() => {
                Failure::WantsCertificate
            }
            other => other,
        }
    }

    /// Remembers that a request was taken: whoever asks for a certificate all the same does not need it.
    pub(super) fn was_taken(&self) {
        self.taken.store(true, Ordering::Relaxed);
    }

    /// Whether the server asked for a certificate of this machine, and may insist on it.
    pub(super) fn was_asked(&self) -> bool {
        self.way.secure && self.asked.is_set() && !self.taken.load(Ordering::Relaxed)
    }

    /// Recognises an answer that came from a proxy: 407, also of a proxy that nobody configured, or over plain HTTP the
    /// statuses with which proxies refuse a destination or do not reach it. None: it is no such answer.
    #[must_use]
    pub fn answer_of_proxy(&self, answered: &Failure) -> Option<Failure> {
        let by_proxy = self.way.proxy.is_some();
        match answered {
            Failure::Status(407) if by_proxy => Some(Failure::Proxy(ProxyFault::WantsLogin)),
            Failure::Status(407) => Some(Failure::Status(407)),
            Failure::Moved(..) | Failure::Status(300..=399 | 403 | 502..=504)
                if by_proxy && !self.way.secure =>
            {
                Some(Failure::ByProxy(Box::new(answered.clone())))
            }
            _ => None,
        }
    }

    /// The proxy that it goes by.
    pub(super) fn proxy(&self) -> Option<&proxy::Proxy> {
        self.proxy.as_ref()
    }

    /// Whether requests arrive as plain HTTP at the one whom `url` names.
    pub(super) fn is_plain(&self) -> bool {
        !self.way.secure && self.way.proxy.is_none()
    }
}

/// Accepts answers with old or malformed headers: only the status counts, and an answer that
/// cannot be read means that the event is sent twice.
fn lenient(builder: ClientBuilder) -> ClientBuilder {
    builder
        .http1_allow_obsolete_multiline_headers_in_responses(true)
        .http1_allow_spaces_after_header_name_in_responses(true)
        .http1_ignore_invalid_headers_in_responses(true)
        .http1_max_headers(MOST_HEADERS)
}

/// What a client to a receiver of webhooks looks up: addresses that may be called.
pub fn guarded(builder: ClientBuilder, url: &Url, allow_http: bool) -> ClientBuilder {
    builder.dns_resolver(Resolver::of(url, allow_http))
}
