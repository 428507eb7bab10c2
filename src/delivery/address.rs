//! Which addresses are never called. A clinic's network is private, so private addresses are allowed;
//! but the link-local addresses at which cloud machines get their secrets are not, and
//! nothing goes over the internet in plain text unless the admin said so.
//!
//! A lookup at a name server that does not answer blocks a thread for longer than an attempt lasts. So each
//! client looks a name up once at a time, and attempts that need it meanwhile share the answer.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::vec;

use hyper_util::client::legacy::connect::dns::Name;
use tokio::sync::watch;
use tower::Service;
use url::Url;

/// Why an address is not called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusedAddress {
    /// It is link-local, where the metadata of cloud machines live.
    LinkLocal,
    /// It is public, and the URL says `http://`.
    PlainHttp,
}

impl std::error::Error for RefusedAddress {}

/// The host has no address that may be called.
#[derive(Debug)]
pub enum ResolveError {
    /// The name has no address at all.
    NotFound,
    /// It has only addresses that are refused.
    Refused(RefusedAddress),
}

impl std::error::Error for ResolveError {}

/// Says whether an address may be called. `plain_allowed`: the URL is `https://`, or the admin
/// allows `http://` everywhere.
///
/// # Errors
/// `RefusedAddress`: why the address must not be called.
pub fn may_call(address: IpAddr, plain_allowed: bool) -> Result<(), RefusedAddress> {
    let address = address.to_canonical();
    if is_link_local(address) {
        Err(RefusedAddress::LinkLocal)
    } else if plain_allowed || is_private(address) {
        Ok(())
    } else {
        Err(RefusedAddress::PlainHttp)
    }
}

/// The same for a URL whose host is an address; a name is looked at when it is resolved.
///
/// # Errors
/// `RefusedAddress`: why the address must not be called.
pub fn may_post_to(url: &Url, allow_http: bool) -> Result<(), RefusedAddress> {
    let host = url.host_str().unwrap_or_default();
    let literal = host.trim_matches(['[', ']']).parse::<IpAddr>();
    literal.map_or(Ok(()), |address| {
        may_call(address, plain_allowed(url, allow_http))
    })
}

fn plain_allowed(url: &Url, allow_http: bool) -> bool {
    allow_http || url.scheme() == "https"
}

fn is_link_local(address: IpAddr) -> bool {
    // Amazon's metadata in IPv6 has an address of a private range.
    const METADATA: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
    match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local() || v6 == METADATA,
    }
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [first, second, ..] = v4.octets();
            let shared = first == 100 && (64..128).contains(&second);
            v4.is_private() || v4.is_loopback() || v4 == Ipv4Addr::UNSPECIFIED || shared
        }
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_loopback() || v6.is_unspecified(),
    }
}

/// Resolves names with the system's resolver, and keeps the addresses that may be called.
#[derive(Clone, Debug)]
pub struct Resolver {
    /// None: every address may be called.
    plain_allowed: Option<bool>,
    lookups: Lookups,
}

impl Resolver {
    /// A resolver for the host of `url`.
    #[must_use]
    pub fn of(url: &Url, allow_http: bool) -> Self {
        Self {
            plain_allowed: Some(plain_allowed(url, allow_http)),
            lookups: Lookups::by(ask_system),
        }
    }

    /// A resolver for a host whose addresses an admin answers for.
    #[must_use]
    pub fn of_any() -> Self {
        Self {
            plain_allowed: None,
            lookups: Lookups::by(ask_system),
        }
    }
}

impl Resolver {
    async fn resolve(self, name: Name) -> Result<vec::IntoIter<SocketAddr>, ResolveError> {
        let found = self.lookups.find(name.as_str()).await;
        let found = found.ok_or(ResolveError::NotFound)?;
        let mut refused = None;
        let mut callable = Vec::with_capacity(found.len());
        for address in found {
            let judged = self
                .plain_allowed
                .map(|plain| may_call(address.ip(), plain));
            match judged.unwrap_or(Ok(())) {
                Ok(()) => callable.push(address),
                Err(why) => refused = Some(why),
            }
        }
        match refused {
            Some(why) if callable.is_empty() => Err(ResolveError::Refused(why)),
            _ if callable.is_empty() => Err(ResolveError::NotFound),
            _ => Ok(callable.into_iter()),
        }
    }
}

/// As the HTTP library asks for addresses.
impl Service<Name> for Resolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = ResolveError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, ResolveError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ResolveError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        Box::pin(self.clone().resolve(name))
    }
}

/// Asks for the addresses of a name, and waits for the answer; none: it has none.
type Ask = fn(&str) -> Option<Vec<SocketAddr>>;

fn ask_system(name: &str) -> Option<Vec<SocketAddr>> {
    Some((name, 0).to_socket_addrs().ok()?.collect())
}

/// What is being looked up, each name once at a time.
#[derive(Clone, Debug)]
struct Lookups {
    ask: Ask,
    under_way: Arc<Mutex<HashMap<String, Lookup>>>,
}

/// Where the answer will be; the inner none: the name has no address.
type Lookup = watch::Receiver<Option<Option<Vec<SocketAddr>>>>;

impl Lookups {
    fn by(ask: Ask) -> Self {
        Self {
            ask,
            under_way: Arc::default(),
        }
    }

    /// The addresses of a name; none: it has none.
    async fn find(&self, name: &str) -> Option<Vec<SocketAddr>> {
        let mut answer = self.begin(name);
        let found = answer.wait_for(Option::is_some).await.ok()?;
        found.clone().flatten()
    }

    /// The lookup that is under way, or a new one. It goes on though nobody waits for it any more.
    fn begin(&self, name: &str) -> Lookup {
        // Nothing that is done under the lock can leave it half done.
        let mut under_way = self
            .under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let waits = |answer: &&Lookup| answer.has_changed().is_ok() && answer.borrow().is_none();
        if let Some(answer) = under_way.get(name).filter(waits) {
            return answer.clone();
        }
        let (sender, answer) = watch::channel(None);
        let (ask, asked) = (self.ask, name.to_owned());
        tokio::task::spawn_blocking(move || {
            // Who asked may have gone away.
            let _ = sender.send(Some(ask(&asked)));
        });
        under_way.insert(name.to_owned(), answer.clone());
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_called_and_metadata_never() {
        use RefusedAddress::{LinkLocal, PlainHttp};
        for (url, with_https, with_http) in [
            ("127.0.0.1", Ok(()), Ok(())),
            ("10.1.2.3", Ok(()), Ok(())),
            ("172.31.0.1", Ok(()), Ok(())),
            ("192.168.0.9", Ok(()), Ok(())),
            ("100.64.0.1", Ok(()), Ok(())),
            ("[::1]", Ok(()), Ok(())),
            ("[fd12::1]", Ok(()), Ok(())),
            ("172.32.0.1", Ok(()), Err(PlainHttp)),
            ("8.8.8.8", Ok(()), Err(PlainHttp)),
            ("[2001:db8::1]", Ok(()), Err(PlainHttp)),
            ("169.254.169.254", Err(LinkLocal), Err(LinkLocal)),
            ("[fe80::1]", Err(LinkLocal), Err(LinkLocal)),
            ("[::ffff:169.254.169.254]", Err(LinkLocal), Err(LinkLocal)),
            ("[fd00:ec2::254]", Err(LinkLocal), Err(LinkLocal)),
            ("0xa9.0xfe.0xa9.0xfe", Err(LinkLocal), Err(LinkLocal)),
            ("voicedrive.example.com", Ok(()), Ok(())),
        ] {
            let of = |scheme| Url::parse(&format!("{scheme}://{url}/x")).unwrap();
            assert_eq!(may_post_to(&of("https"), false), with_https, "{url}");
            assert_eq!(may_post_to(&of("http"), false), with_http, "{url}");
            let allowed = if with_https.is_err() {
                with_https
            } else {
                Ok(())
            };
            assert_eq!(may_post_to(&of("http"), true), allowed, "{url}");
        }
    }

    #[tokio::test]
    async fn a_name_is_judged_by_its_addresses() {
        let url = Url::parse("http://localhost/").unwrap();
        let resolver = Resolver::of(&url, false);
        let found = resolver.clone().resolve("localhost".parse().unwrap()).await;
        assert!(found.is_ok_and(|mut addresses| addresses.next().is_some()));
        let nowhere = resolver.resolve("nowhere.invalid".parse().unwrap()).await;
        assert!(matches!(nowhere, Err(ResolveError::NotFound)));
    }

    /// Asked by one test alone: a name server that does not answer until it is told to.
    static HANGS: Mutex<bool> = Mutex::new(true);
    static ASKED: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

    #[allow(clippy::unnecessary_wraps)]
    fn ask_hanging(_: &str) -> Option<Vec<SocketAddr>> {
        ASKED.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        while *HANGS.lock().unwrap() {
            std::thread::yield_now();
        }
        Some(vec![([10, 0, 0, 1], 0).into()])
    }

    #[tokio::test]
    async fn a_name_server_that_hangs_holds_one_thread_and_not_one_for_each_attempt() {
        let lookups = Lookups::by(ask_hanging);
        for _ in 0..50 {
            // As an attempt does it whose time is over.
            let given_up = tokio::time::timeout(std::time::Duration::ZERO, lookups.find("a"));
            assert!(given_up.await.is_err());
        }
        let waiting = {
            let lookups = lookups.clone();
            tokio::spawn(async move { lookups.find("a").await })
        };
        tokio::task::yield_now().await;
        *HANGS.lock().unwrap() = false;
        assert_eq!(waiting.await.unwrap().unwrap().len(), 1);
        assert_eq!(ASKED.load(std::sync::atomic::Ordering::SeqCst), 1);
        // What was found is not kept: the next one asks anew.
        assert!(lookups.find("a").await.is_some());
        assert_eq!(ASKED.load(std::sync::atomic::Ordering::SeqCst), 2);
    }
}
