//! Where callers come in: the port of the API, and the door of the staff system's own senders.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::time::Duration;

use serde_json::Value;

use super::Finding;
use crate::cli::Common;
use crate::cli::words::Speech;
use crate::config::Config;
use crate::words::checks::{self, Check};
use crate::words::system::of_system;

/// The longest that the program on the port may take to answer.
const LONGEST_ANSWER: Duration = Duration::from_secs(5);
/// Where the daemon says how it is, on the port and on the control socket.
const HEALTH: &str = "/api/health";

/// Which program has the port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holder {
    /// The daemon that the control socket leads to.
    Daemon,
    /// Somebody else.
    Another,
    /// Nobody, and the daemon runs: it listens where it did when it started.
    NobodyYet,
    /// Nobody.
    Nobody,
    /// Only root may listen there.
    Privileged,
    /// It cannot be listened on at all.
    Unusable,
}

/// Whether the daemon listens where it should, or could.
pub(super) async fn port(speech: Speech, common: &Common, config: &Config) -> Finding {
    let address = config.server.listen;
    let bound = TcpListener::bind(address).map(|_| ());
    let error = bound.as_ref().err();
    let error = error.map(|error| of_system(error, speech.language));
    let holder = match bound.map_err(|error| error.kind()) {
        Ok(()) if address.port() != 0 && daemon(common).await.is_some() => Holder::NobodyYet,
        Ok(()) => Holder::Nobody,
        Err(io::ErrorKind::AddrInUse) => holder(common, address).await,
        Err(io::ErrorKind::PermissionDenied) => Holder::Privileged,
        Err(_) => Holder::Unusable,
    };
    told(speech, address, holder, &error.unwrap_or_default())
}

fn told(speech: Speech, address: SocketAddr, holder: Holder, error: &str) -> Finding {
    let name = "listen";
    match holder {
        Holder::Daemon => Finding::good(
            name,
            format!("{address}: {}", speech.phrase(Check::DaemonListens)),
        ),
        Holder::Nobody => Finding::good(name, address.to_string()),
        Holder::NobodyYet => Finding::notable(
            name,
            format!("{address}: {}", speech.phrase(Check::ListensElsewhere)),
        ),
        Holder::Another => Finding::bad(
            name,
            format!("{address}: {}", speech.phrase(Check::AnotherListens)),
        ),
        Holder::Privileged => Finding::bad(
            name,
            format!("{address}: {}", speech.phrase(Check::Privileged)),
        ),
        Holder::Unusable => Finding::bad(name, format!("{address}: {error}")),
    }
}

/// Who listens on a port that is taken: the daemon, when what answers there was started at the same
/// millisecond as what answers at the control socket.
async fn holder(common: &Common, address: SocketAddr) -> Holder {
    let Some(daemon) = daemon(common).await else {
        return Holder::Another;
    };
    match listener(address).await {
        Some(listener) if listener == daemon => Holder::Daemon,
        _ => Holder::Another,
    }
}

/// What the daemon at the control socket says of itself; none when there is none.
async fn daemon(common: &Common) -> Option<Value> {
    let client = common.client().ok()?;
    identity(&client.whole_answer(HEALTH).await.ok()?)
}

async fn listener(mut address: SocketAddr) -> Option<Value> {
    // Who listens everywhere listens here too.
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    crate::crypto::install();
    let client = reqwest::Client::builder()
        .no_proxy()
        // Nothing is encrypted here, and a machine need not have any certificates.
        .tls_certs_only([])
        .timeout(LONGEST_ANSWER)
        .build()
        .ok()?;
    let answer = client
        .get(format!("http://{address}{HEALTH}"))
        .send()
        .await
        .ok()?;
    identity(&serde_json::from_slice(&answer.bytes().await.ok()?).ok()?)
}

/// When the one who answers was started; one that is not well says only what it lacks.
fn identity(answer: &Value) -> Option<Value> {
    let started = &answer["data"]["startedAt"];
    let code = &answer["error"]["code"];
    [started, code]
        .into_iter()
        .find(|value| value.is_string())
        .cloned()
}

/// What is said without encryption to a port that others than this machine reach, unless it is a proxy that they
/// come through.
pub(super) fn exposed(speech: Speech, config: &Config) -> Option<Finding> {
    let server = &config.server;
    let is_apart = server.listen.ip().to_canonical().is_loopback();
    let text = format!("{}: {}", server.listen, speech.phrase(Check::Exposed));
    (!is_apart && server.trusted_proxies.is_empty()).then(|| Finding::notable("listen", text))
}

/// The door of the staff system's own senders, when there is one.
pub(super) fn ingest(speech: Speech, config: &Config) -> Option<Finding> {
    let name = "ingest";
    let door = config.ingest.as_ref()?;
    let names = door.secrets.iter().chain(&door.bearers).cloned();
    let open = door.open_from.iter().map(ToString::to_string);
    let open: Vec<String> = open.collect();
    let proofs: Vec<String> = names.chain(open.clone()).collect();
    let about = format!("{} ({})", door.path, proofs.join(", "));
    if open.is_empty() || config.server.listen.ip().to_canonical().is_loopback() {
        return Some(Finding::good(name, about));
    }
    let advice = checks::open_from_outside(&open.join(", "), speech.language);
    Some(Finding::notable(name, format!("{about}: {advice}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::language::Language;
    use crate::zone::Zone;

    use super::*;

    #[test]
    fn plain_http_to_the_network_is_told_unless_a_proxy_is_named() {
        let speech = Speech {
            language: Language::En,
            timezone: Zone::TOKYO,
        };
        let told = |listen: &str, trusted: &[&str]| {
            let mut config = Config::default();
            config.server.listen = listen.parse().unwrap();
            let trusted = trusted.iter().map(|net| net.parse().unwrap());
            config.server.trusted_proxies = trusted.collect();
            exposed(speech, &config).map(|finding| finding.text)
        };
        for listen in ["0.0.0.0:8480", "[::]:8480", "192.0.2.7:8480"] {
            let text = told(listen, &[]).unwrap();
            assert!(text.contains("nothing there is encrypted"), "{text}");
            assert_eq!(told(listen, &["192.0.2.8/32"]), None);
        }
        assert_eq!(told("127.0.0.1:8480", &[]), None);
        assert_eq!(told("[::1]:8480", &[]), None);
    }

    #[test]
    fn two_answers_of_one_daemon_are_known_to_be_of_one() {
        let well = json!({"success": true, "data": {"startedAt": "2025-10-26T12:00:00.123Z"}});
        let full = json!({"success": false, "error": {"code": "STORAGE_UNAVAILABLE"}});
        assert_eq!(identity(&well), identity(&well));
        assert_eq!(identity(&full), Some(json!("STORAGE_UNAVAILABLE")));
        assert_ne!(identity(&well), identity(&full));
        assert_eq!(identity(&json!({"nginx": true})), None);
    }
}
