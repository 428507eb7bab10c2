//! A second look where an answer does not say enough. A port that was spoken to in plain HTTP may speak TLS: then the URL
//! should begin with `https://`; servers say so in many ways, and some just end the connection.

use std::time::Duration;

use hyper::{HeaderMap, Method};
use url::Url;

use super::address::Resolver;
use super::client::{Outgoing, Reply};
use super::failure::Failure;
use super::proxy::Proxies;

/// The longest that the question may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// What went wrong with a request of `client` to `url`, with a look at the port where that may tell more. It takes
/// no longer than `at_most`.
pub async fn explained(
    client: &Outgoing,
    url: &Url,
    failure: Failure,
    at_most: Duration,
) -> Failure {
    match failure {
        Failure::NotHttp | Failure::Broken
            if client.is_plain() && speaks_tls(url, at_most).await =>
        {
            Failure::WantsTls
        }
        other => other,
    }
}

/// Whether what listens at the port of `url` begins TLS, whatever is wrong with it then.
pub(super) async fn speaks_tls(url: &Url, at_most: Duration) -> bool {
    let Some(secure) = with_tls(url) else {
        return false;
    };
    let resolver = Resolver::of(&secure, true);
    let Ok(client) = Outgoing::to(&secure, &Proxies::default(), resolver) else {
        return false;
    };
    match head(&client, &secure, at_most).await {
        Ok(_) => true,
        Err(failure) => matches!(
            failure,
            Failure::Certificate(_)
                | Failure::TlsTooOld
                | Failure::NoCommonTls
                | Failure::UnknownHost
                | Failure::Tls(_)
                | Failure::WantsCertificate
                // Only once TLS stands.
                | Failure::NotHttp
                | Failure::HeadTooLong
                | Failure::Broken
                | Failure::Unfinished(_)
        ),
    }
}

async fn head(client: &Outgoing, url: &Url, at_most: Duration) -> Result<Reply, Failure> {
    let limit = PATIENCE.min(at_most);
    let headers = HeaderMap::new();
    client.ask(Method::HEAD, url, headers, "", limit).await
}

/// The root of the same host and port, with TLS.
fn with_tls(url: &Url) -> Option<Url> {
    let port = url.port_or_known_default();
    let mut secure = url.clone();
    secure.set_scheme("https").ok()?;
    secure.set_port(port).ok()?;
    secure.set_path("/");
    secure.set_query(None);
    Some(secure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_port_is_asked_and_nothing_private_is_told() {
        for (plain, secure) in [
            ("http://a.example/hook?token=1", "https://a.example:80/"),
            ("http://127.0.0.1:8443/hook", "https://127.0.0.1:8443/"),
        ] {
            let asked = with_tls(&Url::parse(plain).unwrap()).unwrap();
            assert_eq!(asked.as_str(), secure);
        }
    }
}
