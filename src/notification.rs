//! The next message of an alert channel.

pub mod advice;
pub mod message;

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
    /// How often the channel has failed in a row.
    pub tries: u32,
}
