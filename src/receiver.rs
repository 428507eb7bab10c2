//! A stand-in for VoiceDrive: receives webhooks, verifies them as VoiceDrive does, and answers as
//! it is told. The command line runs it for people, the demo and the tests run it for themselves.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::crypto;
use crate::delivery::profile::Profile;
use crate::delivery::signature::sign;
use crate::secret::Secret;
use crate::stable_json;
use crate::timestamp::Timestamp;

/// The most that a timestamp may differ from now, in either direction.
const TOLERANCE: Duration = Duration::from_mins(5);
/// The longest webhook that is read.
const LONGEST_BODY: usize = 80 * 1024 * 1024;

/// How VoiceDrive judges a webhook.
#[derive(Clone, Debug)]
pub struct Verifier {
    /// The profile that is expected.
    pub profile: Profile,
    /// The keys, each of them good; none when nothing is signed.
    pub secrets: Vec<Secret>,
    /// What time it is.
    pub clock: Clock,
}

/// Why VoiceDrive would refuse a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Signature or timestamp are missing.
    HeaderMissing(&'static str),
    /// The timestamp cannot be read.
    BadTimestamp,
    /// The timestamp is too old or too far ahead.
    Stale,
    /// The body is not JSON, or JavaScript would spell it in another way.
    UnstableBody,
    /// The signature is of another key, time or body.
    WrongSignature,
}

/// A webhook that arrived.
#[derive(Clone, Debug)]
pub struct ReceivedWebhook {
    /// When it arrived.
    pub at: Timestamp,
    /// The path and query that it was posted to.
    pub path: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
    /// The event's name, as far as the body says.
    pub event_type: String,
    /// What VoiceDrive would think of it.
    pub verdict: Result<(), Rejection>,
}

impl ReceivedWebhook {
    /// A header as text, empty when it is not there.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        text(&self.headers, name).unwrap_or_default()
    }

    /// The answer that VoiceDrive gives.
    #[must_use]
    pub fn default_answer(&self) -> ScriptedAnswer {
        match self.verdict {
            Ok(()) => ScriptedAnswer::json(StatusCode::OK, r#"{"success":true}"#),
            Err(_) => ScriptedAnswer::json(
                StatusCode::UNAUTHORIZED,
                r#"{"success":false,"error":"Invalid signature"}"#,
            ),
        }
    }
}

/// What is answered to a webhook.
#[derive(Clone, Debug)]
pub enum ScriptedAnswer {
    /// An answer.
    Respond {
        /// The status.
        status: StatusCode,
        /// Headers besides the usual ones.
        headers: Vec<(&'static str, String)>,
        /// The body.
        body: Bytes,
    },
    /// The same, after a while.
    After(Duration, Box<ScriptedAnswer>),
    /// Nothing: the connection is closed.
    Drop,
}

impl ScriptedAnswer {
    /// A JSON answer.
    #[must_use]
    pub fn json(status: StatusCode, body: &'static str) -> Self {
        Self::Respond {
            status,
            headers: Vec::new(),
            body: Bytes::from_static(body.as_bytes()),
        }
    }
}

/// Sees every webhook that arrives, and decides what is answered.
pub type Script = Arc<dyn Fn(&ReceivedWebhook) -> ScriptedAnswer + Send + Sync>;

/// A receiver that listens.
pub struct Receiver {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Receiver {
    /// Listens at `address` (port 0 lets the system choose one) until it is dropped.
    ///
    /// # Errors
    /// When the address cannot be used.
    pub async fn start(address: SocketAddr, judge: Verifier, script: Script) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let judge = Arc::new(judge);
        let task = tokio::spawn(async move {
            // Aborting this task ends the connections with it: they are its children.
            let mut connections = tokio::task::JoinSet::new();
            loop {
                tokio::select! {
                    accepted = listener.accept() => {
                        let Ok((stream, _)) = accepted else { continue };
                        let (judge, script) = (Arc::clone(&judge), Arc::clone(&script));
                        connections.spawn(async move {
                            let service = service_fn(|request| receive(&judge, &script, request));
                            // A dropped connection is what the script asked for.
                            let _ = http1::Builder::new()
                                .timer(TokioTimer::new())
                                .serve_connection(TokioIo::new(stream), service)
                                .await;
                        });
                    }
                    Some(_) = connections.join_next() => {}
                }
            }
        });
        Ok(Self { address, task })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The script wants the connection closed without an answer, or the webhook could not be read.
#[derive(Debug, thiserror::Error)]
#[error("closed without an answer")]
struct Closed;

async fn receive(
    judge: &Verifier,
    script: &Script,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Closed> {
    if request.method() != Method::POST {
        return respond(ScriptedAnswer::json(
            StatusCode::METHOD_NOT_ALLOWED,
            r#"{"success":false,"error":"Webhooks are posted"}"#,
        ))
        .await;
    }
    let path = request.uri().to_string();
    let (head, body) = request.into_parts();
    let body = Limited::new(body, LONGEST_BODY).collect().await;
    let body = body.map_err(|_| Closed)?.to_bytes();
    let at = judge.clock.now();
    let received = ReceivedWebhook {
        at,
        path,
        event_type: event_type(&body),
        verdict: judge.verdict(&head.headers, &body, at),
        headers: head.headers,
        body,
    };
    respond(script(&received)).await
}

async fn respond(answer: ScriptedAnswer) -> Result<Response<Full<Bytes>>, Closed> {
    let mut answer = answer;
    loop {
        match answer {
            ScriptedAnswer::Drop => return Err(Closed),
            ScriptedAnswer::After(wait, then) => {
                tokio::time::sleep(wait).await;
                answer = *then;
            }
            ScriptedAnswer::Respond {
                status,
                headers,
                body,
            } => {
                let mut response = Response::new(Full::new(body));
                *response.status_mut() = status;
                let json = HeaderValue::from_static("application/json");
                response.headers_mut().insert(CONTENT_TYPE, json);
                for (name, value) in headers {
                    let value = HeaderValue::try_from(value).map_err(|_| Closed)?;
                    response
                        .headers_mut()
                        .insert(HeaderName::from_static(name), value);
                }
                return Ok(response);
            }
        }
    }
}

impl Verifier {
    /// What VoiceDrive thinks of a webhook: it signs what JavaScript makes of the body, not the
    /// bytes, and looks at the clock.
    ///
    /// # Errors
    /// The first reason not to take it.
    pub fn verdict(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), Rejection> {
        let mut timestamp = "";
        if let Some((name, format)) = &self.profile.timestamp {
            timestamp = text(headers, name).ok_or(Rejection::HeaderMissing("timestamp"))?;
            let moment = format.read(timestamp).ok_or(Rejection::BadTimestamp)?;
            if now.since(moment).max(moment.since(now)) > TOLERANCE {
                return Err(Rejection::Stale);
            }
        }
        let body = std::str::from_utf8(body).map_err(|_| Rejection::UnstableBody)?;
        let reserialised = stable_json::stabilize(body).map_err(|_| Rejection::UnstableBody)?;
        let Some(form) = &self.profile.signature else {
            return Ok(());
        };
        let given = text(headers, &form.header).ok_or(Rejection::HeaderMissing("signature"))?;
        let id_header = self.profile.id_header.as_deref().unwrap_or("x-request-id");
        let id = text(headers, id_header).unwrap_or_default();
        let good = self.secrets.iter().any(|secret| {
            let expected = sign(form, secret.as_bytes(), id, timestamp, &reserialised);
            // A header can carry a signature of each secret while they are rotated.
            let mut given = given.split(' ');
            given.any(|one| crypto::constant_time_eq(expected.as_bytes(), one.as_bytes()))
        });
        if good {
            Ok(())
        } else {
            Err(Rejection::WrongSignature)
        }
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The event's name, whichever key of an envelope it stands under.
fn event_type(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Envelope {
        #[serde(alias = "eventType", alias = "type")]
        event: String,
    }
    serde_json::from_slice::<Envelope>(body).map_or_else(|_| "-".to_owned(), |e| e.event)
}
