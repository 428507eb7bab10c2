//! The next message of an alert channel.

pub mod advice;
pub mod message;

use std::time::Duration;

use crate::incident::{Report, State};

/// One message that a channel has not sent yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// Its place in the order.
    pub seq: i64,
    /// Whether its incident began, lasts or is over.
    pub state: State,
    /// The facts of the incident at the moment of the message.
    pub report: Report,
    /// How often whoever is told has failed in a row.
    pub tries: u32,
    /// Recipients who are late: they get it after what they lack.
    pub late: Vec<String>,
}

/// A recipient of a mail channel who has not got what the others have: the mail server did not take the address then.
/// What the others have got is offered again, in order, until the recipient has it too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LateRecipient {
    /// The address.
    pub recipient: String,
    /// How long the mail server has not taken the address.
    pub waiting: Duration,
    /// What comes next; none: the recipient has everything that the others have.
    pub next: Option<Notification>,
}

/// A recipient whom a message does not reach yet, and why, as the objection is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotYet {
    /// The address.
    pub recipient: String,
    /// The kept objection.
    pub objection: String,
}
