//! Alerts as e-mail: plain text in UTF-8, all messages about one incident in one thread.

use std::time::{Duration, SystemTime};

use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MessageBuilder};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use super::words::Words;
use crate::config::{Email, Encryption, Secret};
use crate::timestamp::Timestamp;

/// The longest that the whole conversation with the mail server may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Tells auto-responders not to answer (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// Hands the mail to the server.
///
/// # Errors
/// What the server, or the way to it, objects to.
pub(super) async fn send(
    email: &Email,
    password: Option<&Secret>,
    words: &Words,
    now: Timestamp,
) -> Result<(), String> {
    let mail = compose(email, words, now)?;
    let transport = transport(email, password)?;
    // The library's own limit ends with the connecting: a server that falls silent would keep it.
    match tokio::time::timeout(TIMEOUT, transport.send(mail)).await {
        Ok(sent) => sent.map(|_| ()).map_err(|error| said(&error)),
        Err(_) => Err(format!("the mail server did not answer within {TIMEOUT:?}")),
    }
}

fn transport(
    email: &Email,
    password: Option<&Secret>,
) -> Result<AsyncSmtpTransport<Tokio1Executor>, String> {
    crate::crypto::install();
    let tls = match email.encryption {
        Encryption::None => Tls::None,
        Encryption::StartTls => Tls::Required(parameters(email)?),
        Encryption::Tls => Tls::Wrapper(parameters(email)?),
    };
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&email.host)
        .port(email.port)
        .tls(tls)
        .timeout(Some(TIMEOUT));
    if let Some(password) = password {
        let (name, password) = (email.username.clone(), password.expose().to_owned());
        builder = builder.credentials(Credentials::new(name, password));
    }
    Ok(builder.build())
}

fn parameters(email: &Email) -> Result<TlsParameters, String> {
    TlsParameters::new(email.host.clone()).map_err(|error| said(&error))
}

fn compose(email: &Email, words: &Words, now: Timestamp) -> Result<Message, String> {
    let thread = message_id(&email.from, &words.incident_id, "opened");
    let date = SystemTime::from(now.to_utc());
    let mut builder: MessageBuilder = Message::builder()
        .from(email.from.clone())
        .subject(&words.title)
        .date(date)
        .header(ContentType::TEXT_PLAIN)
        .header(AutoSubmitted);
    for recipient in &email.to {
        builder = builder.to(recipient.clone());
    }
    builder = if words.state == "opened" {
        builder.message_id(Some(thread))
    } else {
        let own = format!("{}.{}", words.state, now.unix_ms());
        let own = message_id(&email.from, &words.incident_id, &own);
        let answer = builder.message_id(Some(own));
        answer.in_reply_to(thread.clone()).references(thread)
    };
    builder
        .body(format!("{}\n", words.text))
        .map_err(|error| said(&error))
}

fn message_id(from: &Mailbox, incident: &str, what: &str) -> String {
    format!("<{incident}.{what}@{}>", from.email.domain())
}

/// The error with its causes, on one line.
fn said(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_words = cause.to_string();
        if !words.contains(&cause_words) {
            words = format!("{words}: {cause_words}");
        }
        source = cause.source();
    }
    words.replace(|c: char| c.is_control(), " ")
}
