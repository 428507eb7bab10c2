//! Alerts as e-mail: plain text in UTF-8, all messages about one incident in one thread.

use std::time::{Duration, SystemTime};

use lettre::address::Envelope;
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue, MIME_VERSION_1_0, To};
use lettre::message::{Mailbox, Mailboxes, MessageBuilder};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail as MailFrom, Rcpt, Rset};
use lettre::transport::smtp::extension::{ClientId, MailParameter};

use super::mail_stream::{MailStream, of_io};
use crate::channel::objection::{Mail, Objection, RefusedRecipient};
use crate::channel::outcome::ChannelOutcome;
use crate::config::Email;
use crate::notification::message::Message;
use crate::secret::Secret;
use crate::timestamp::Timestamp;

/// The longest that the whole conversation with the mail server may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The longest that a server may take to say goodbye.
const FAREWELL: Duration = Duration::from_secs(2);

/// What came of handing over a mail.
enum HandedOver {
    /// Taken or not, for whoever it was.
    Decided(ChannelOutcome),
    /// The server takes several recipients, and refuses the mail to all of them together, which may be because of one.
    NotTogether {
        /// Whom it does not take at all.
        refused: Vec<RefusedRecipient>,
        why: Error,
    },
}

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

/// Hands the mail to the server, for every recipient whom the server takes.
pub(super) async fn send(
    email: &Email,
    password: Option<&Secret>,
    words: &Message,
    now: Timestamp,
) -> ChannelOutcome {
    let sending = async {
        let mut server = connect(email, password).await?;
        let handed_over = hand_over(&mut server, email, words, now).await;
        Ok((server, handed_over))
    };
    let (mut server, handed_over) = match in_time(sending).await {
        Ok(talked) => talked,
        Err(outcome) => return outcome,
    };
    let outcome = match handed_over {
        HandedOver::Decided(outcome) => outcome,
        HandedOver::NotTogether { refused, why } => {
            one_by_one(&mut server, email, words, refused, &why, now).await
        }
    };
    part(server).await;
    outcome
}

/// Asks the server which recipients it takes, without a mail.
pub(super) async fn examine(email: &Email, password: Option<&Secret>) -> ChannelOutcome {
    let examining = async {
        let mut server = connect(email, password).await?;
        let refused = offer(&mut server, email).await?;
        Ok((server, ChannelOutcome::Sent { refused }))
    };
    match in_time(examining).await {
        Ok((server, outcome)) => {
            part(server).await;
            outcome
        }
        Err(outcome) => outcome,
    }
}

/// What came of a conversation. The library's own limit ends with the connecting: a server that falls
/// silent would keep it.
async fn in_time<T>(
    talking: impl Future<Output = Result<T, ChannelOutcome>>,
) -> Result<T, ChannelOutcome> {
    let talked = tokio::time::timeout(TIMEOUT, talking).await;
    let silent = Objection::Mail(Mail::NoAnswer(TIMEOUT));
    talked.unwrap_or(Err(ChannelOutcome::TryLater(silent)))
}

/// Says goodbye. A mail is handed over or not, whatever comes of this.
async fn part(mut server: AsyncSmtpConnection) {
    let _ = tokio::time::timeout(FAREWELL, server.abort()).await;
}

/// A server that is ready to take a mail. Whatever is wrong until then is not wrong with a message.
async fn connect(
    email: &Email,
    password: Option<&Secret>,
) -> Result<AsyncSmtpConnection, ChannelOutcome> {
    let stream = MailStream::connect(email).await;
    let stream = stream.map_err(|mail| ChannelOutcome::TryLater(Objection::Mail(mail)))?;
    let later = |error: Error| ChannelOutcome::TryLater(Objection::Mail(said(&error)));
    let hello = ClientId::default();
    let talking = AsyncSmtpConnection::connect_with_transport(Box::new(stream), &hello);
    let mut connection = talking.await.map_err(later)?;
    if let Some(password) = password {
        let (name, password) = (email.username.clone(), password.expose().to_owned());
        let credentials = Credentials::new(name, password);
        let login = connection.auth(DEFAULT_MECHANISMS, &credentials);
        login.await.map_err(later)?;
    }
    Ok(connection)
}

/// Names sender and recipients, one by one, and says whom the server does not take.
async fn offer(
    server: &mut AsyncSmtpConnection,
    email: &Email,
) -> Result<Vec<RefusedRecipient>, ChannelOutcome> {
    let from = MailFrom::new(Some(email.from.email.clone()), options(email));
    let answer = server.command(from).await;
    answer.map_err(|error| refusal(&error))?;
    let mut refused = Vec::new();
    for recipient in &email.to {
        let named = Rcpt::new(recipient.email.clone(), Vec::new());
        let Err(error) = server.command(named).await else {
            continue;
        };
        // With 421 it ends the conversation, whatever it was asked.
        if matches!(error.status().map(u16::from), None | Some(421)) {
            return Err(refusal(&error));
        }
        refused.push(refused_recipient(recipient, &error));
    }
    if refused.len() < email.to.len() {
        return Ok(refused);
    }
    let for_now = refused.iter().any(|one| one.for_now);
    let why = Objection::Recipients(refused);
    Err(if for_now {
        ChannelOutcome::TryLater(why)
    } else {
        ChannelOutcome::RefusedForGood(why)
    })
}

fn refused_recipient(recipient: &Mailbox, error: &Error) -> RefusedRecipient {
    RefusedRecipient {
        recipient: recipient.email.to_string(),
        reason: said(error),
        for_now: !is_for_good(error),
    }
}

/// An address that is not ASCII travels only where the server says so.
fn options(email: &Email) -> Vec<MailParameter> {
    let mut addresses = email.to.iter().chain([&email.from]);
    let is_ascii = |mailbox: &Mailbox| mailbox.email.to_string().is_ascii();
    if addresses.all(is_ascii) {
        Vec::new()
    } else {
        vec![MailParameter::SmtpUtfEight]
    }
}

async fn hand_over(
    server: &mut AsyncSmtpConnection,
    email: &Email,
    words: &Message,
    now: Timestamp,
) -> HandedOver {
    let refused = match offer(server, email).await {
        Ok(refused) => refused,
        Err(outcome) => return HandedOver::Decided(outcome),
    };
    let text = words.text_without(&refused);
    let mail = match compose(email, words, &text, now) {
        Ok(mail) => mail,
        Err(why) => {
            let why = Objection::Unwritable(why);
            return HandedOver::Decided(ChannelOutcome::RefusedForGood(why));
        }
    };
    let several = email.to.len() - refused.len() > 1;
    match transmit(server, &mail).await {
        Ok(()) => HandedOver::Decided(ChannelOutcome::Sent { refused }),
        Err(why) if several && why.status().is_some() => HandedOver::NotTogether { refused, why },
        Err(why) => HandedOver::Decided(refusal(&why)),
    }
}

async fn transmit(server: &mut AsyncSmtpConnection, mail: &lettre::Message) -> Result<(), Error> {
    server.command(Data).await?;
    server.message(&mail.formatted()).await.map(|_| ())
}

/// Sends each recipient a mail, after the server refused one for all of them because of `why`.
async fn one_by_one(
    server: &mut AsyncSmtpConnection,
    email: &Email,
    words: &Message,
    mut refused: Vec<RefusedRecipient>,
    why: &Error,
    now: Timestamp,
) -> ChannelOutcome {
    let text = words.text_by_itself(&said(why).describe(words.language));
    let is_refused = |to: &Mailbox| {
        let address = to.email.to_string();
        refused.iter().any(|one| one.recipient == address)
    };
    let offered: Vec<_> = email.to.iter().filter(|to| !is_refused(to)).collect();
    let mut anybody = false;
    for recipient in offered {
        let alone = Email {
            to: vec![recipient.clone()],
            ..email.clone()
        };
        let mail = match compose(&alone, words, &text, now) {
            Ok(mail) => mail,
            Err(why) => return ChannelOutcome::RefusedForGood(Objection::Unwritable(why)),
        };
        // Each has the time of a whole mail: how it ended for the others is known, and must not be lost.
        match tokio::time::timeout(TIMEOUT, transmit_alone(server, &alone, &mail)).await {
            Ok(Ok(())) => anybody = true,
            Ok(Err(error)) => refused.push(refused_recipient(recipient, &error)),
            Err(_) => refused.push(RefusedRecipient {
                recipient: recipient.email.to_string(),
                reason: Mail::NoAnswer(TIMEOUT),
                for_now: true,
            }),
        }
    }
    if anybody {
        ChannelOutcome::Sent { refused }
    } else {
        refusal(why)
    }
}

async fn transmit_alone(
    server: &mut AsyncSmtpConnection,
    alone: &Email,
    mail: &lettre::Message,
) -> Result<(), Error> {
    server.command(Rset).await?;
    let from = MailFrom::new(Some(alone.from.email.clone()), options(alone));
    server.command(from).await?;
    for recipient in &alone.to {
        let named = Rcpt::new(recipient.email.clone(), Vec::new());
        server.command(named).await?;
    }
    transmit(server, mail).await
}

/// What an answer to a mail means.
fn refusal(error: &Error) -> ChannelOutcome {
    let why = Objection::Mail(said(error));
    if is_for_good(error) {
        ChannelOutcome::RefusedForGood(why)
    } else {
        ChannelOutcome::TryLater(why)
    }
}

/// Whether trying again is of no use. A server that wants a login or encryption speaks about the configuration.
fn is_for_good(error: &Error) -> bool {
    let status = error.status().map(u16::from);
    let about_login = matches!(status, Some(530 | 534 | 535 | 538));
    error.is_permanent() && !about_login
}

fn compose(
    email: &Email,
    words: &Message,
    text: &str,
    now: Timestamp,
) -> Result<lettre::Message, String> {
    let thread = message_id(&email.from, &words.incident_id, "opened");
    let date = SystemTime::from(now.to_utc());
    let mut builder: MessageBuilder = lettre::Message::builder()
        .from(email.from.clone())
        .subject(&words.title)
        .date(date)
        .header(MIME_VERSION_1_0)
        .header(ContentType::TEXT_PLAIN)
        .header(AutoSubmitted);
    // All at once, and the envelope besides: the library does not find an address in quotes again in a
    // header that it has written.
    builder = builder.header(To::from(Mailboxes::from(email.to.clone())));
    let to = email.to.iter().map(|mailbox| mailbox.email.clone());
    let envelope = Envelope::new(Some(email.from.email.clone()), to.collect());
    builder = builder.envelope(envelope.map_err(|error| with_causes(&error))?);
    builder = if words.state == "opened" {
        builder.message_id(Some(thread))
    } else {
        let own = format!("{}.{}", words.state, now.unix_ms());
        let own = message_id(&email.from, &words.incident_id, &own);
        let answer = builder.message_id(Some(own));
        answer.in_reply_to(thread.clone()).references(thread)
    };
    builder
        .body(format!("{text}\n"))
        .map_err(|error| with_causes(&error))
}

fn message_id(from: &Mailbox, incident: &str, what: &str) -> String {
    format!("<{incident}.{what}@{}>", from.email.domain())
}

/// What the library says of the server.
fn said(error: &Error) -> Mail {
    let below = std::error::Error::source(error);
    if let Some(code) = error.status() {
        let answer = below.map(ToString::to_string).unwrap_or_default();
        return Mail::Refused(code.into(), on_one_line(&answer));
    }
    // The library uses this word for nothing but the ways to log in, as far as it is used here.
    if error.is_client() {
        return Mail::NoLogin;
    }
    match below.and_then(|below| below.downcast_ref()) {
        Some(io) => of_io(io),
        None => Mail::NotSmtp,
    }
}

/// The error with its causes, on one line.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_words = cause.to_string();
        if !words.contains(&cause_words) {
            words = format!("{words}: {cause_words}");
        }
        source = cause.source();
    }
    on_one_line(&words)
}

fn on_one_line(text: &str) -> String {
    text.replace(|c: char| c.is_control(), " ")
}
