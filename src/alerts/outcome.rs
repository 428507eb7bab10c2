//! What came of telling a channel something, once.

use std::fmt;

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The channel took it. Of a mail, these recipients do not get it.
    Sent {
        /// Whom the mail server does not take.
        refused: Vec<Refused>,
    },
    /// It was not taken, and may be at another time, or after a person mended something.
    TryLater(String),
    /// The channel will never take this message: the next one may be another matter.
    RefusedForGood(String),
}

impl Outcome {
    /// Taken for everybody.
    pub const SENT: Self = Self::Sent {
        refused: Vec::new(),
    };

    /// Why not everybody got it, in one line; none when everybody did.
    #[must_use]
    pub fn objection(&self) -> Option<String> {
        match self {
            Self::Sent { refused } if refused.is_empty() => None,
            Self::Sent { refused } => {
                let refused: Vec<String> = refused.iter().map(ToString::to_string).collect();
                Some(refused.join("; "))
            }
            Self::TryLater(why) | Self::RefusedForGood(why) => Some(why.clone()),
        }
    }
}

/// A recipient whom the mail server does not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The address.
    pub recipient: String,
    /// What the server says.
    pub reason: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.recipient, self.reason)
    }
}
