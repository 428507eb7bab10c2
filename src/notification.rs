//! What one alert channel has to tell next.

pub mod message;

use crate::incident::{Report, State};

/// One message that a channel has not sent yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// Its place in the order.
    pub seq: i64,
    /// What it says of its incident.
    pub state: State,
    /// What it says.
    pub report: Report,
    /// How often the channel has failed in a row.
    pub tries: u32,
}
