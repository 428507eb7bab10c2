//! Whether a port that was spoken to in plain HTTP speaks TLS: then the URL should begin with `https://`. Servers
//! say so in many ways, and some just end the connection; so the port is asked.

use std::time::Duration;

use reqwest::Url;

use super::client::{Outgoing, guarded};
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
    let unclear = matches!(failure, Failure::NotHttp | Failure::Broken);
    if unclear && client.is_plain() && speaks_tls(url, at_most).await {
        Failure::WantsTls
    } else {
        failure
    }
}

/// Whether what listens at the port of `url` begins TLS, whatever is wrong with it then.
pub(super) async fn speaks_tls(url: &Url, at_most: Duration) -> bool {
    let Some(secure) = with_tls(url) else {
        return false;
    };
    let client = Outgoing::to(&secure, &Proxies::default(), |builder| {
        guarded(builder, &secure, true)
    });
    let Ok(client) = client else { return false };
    let asked = client.head(secure).send();
    match tokio::time::timeout(PATIENCE.min(at_most), asked).await {
        Ok(Ok(_)) => true,
        Ok(Err(error)) => matches!(
            client.failure(&error),
            Failure::Certificate(_)
                | Failure::TlsTooOld
                | Failure::Tls(_)
                | Failure::WantsCertificate
                // Only once TLS stands.
                | Failure::NotHttp
                | Failure::HeadTooLong
                | Failure::Broken
        ),
        Err(_) => false,
    }
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
