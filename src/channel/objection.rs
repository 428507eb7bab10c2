//! What a channel had against a message.

use std::time::Duration;

use crate::delivery::client::ClientError;
use crate::delivery::failure::Failure;
use crate::delivery::tls::TlsError;
use crate::system_error::SystemError;

/// Why a channel did not take a message, or not for everybody. Nothing secret is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Objection {
    /// A hook gave no answer within this time.
    NoAnswer(Duration),
    /// The secret that should be the hook's URL is none.
    NoUrl,
    /// Nothing can go out.
    NoClient(ClientError),
    /// The request did not succeed.
    Failed(Failure),
    /// A hook answered with this status.
    Answer(u16),
    /// A hook answered with this status and a word of Slack's.
    AnswerSaid(u16, String),
    /// A hook answered with this status, and its body says that it failed.
    SaysFailure(u16),
    /// What answered with this status is a page for people, and no hook.
    Page(u16),
    /// Teams could not deliver it; the status that it names.
    Teams(Option<u16>),
    /// The message could not be put into the form that the channel wants.
    Unwritable(String),
    /// The mail server's.
    Mail(Mail),
    /// The mail server does not take these recipients.
    Recipients(Vec<RefusedRecipient>),
    /// The mail server does not take this recipient now; the message is sent there again for so long.
    Late(RefusedRecipient, Duration),
}

/// What is wrong with a mail server, or what it said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mail {
    /// It did not answer within this time.
    NoAnswer(Duration),
    /// Its name has no address.
    NameNotFound,
    /// It cannot be reached, or the connection broke off.
    Unreachable(SystemError),
    /// It ended the connection without an answer.
    HungUp,
    /// TLS cannot be set up here.
    Tls(TlsError),
    /// There is no secure connection.
    Insecure(Failure),
    /// It has no STARTTLS.
    NoStartTls,
    /// It went on without TLS, or something on the way did.
    WentOn,
    /// What it said instead of beginning TLS.
    RefusedTls(String),
    /// No certificate can be for its name.
    NoName(String),
    /// It does not take it: its code, and what it said.
    Refused(u16, String),
    /// It has no way to log in that is known here.
    NoLogin,
    /// What it said is no answer of a mail server.
    NotSmtp,
}

/// A recipient whom the mail server does not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedRecipient {
    /// The address.
    pub recipient: String,
    /// What the server says.
    pub reason: Mail,
    /// It may take the recipient at another time.
    pub for_now: bool,
}
