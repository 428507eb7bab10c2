//! What came of telling a channel something, once.

use super::objection::{Objection, RefusedRecipient};

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChannelOutcome {
    /// The channel took it. Of a mail, these recipients do not get it.
    Sent {
        /// Whom the mail server does not take.
        refused: Vec<RefusedRecipient>,
    },
    /// It was not taken, and may be at another time, or after a person mended something.
    TryLater(Objection),
    /// The channel will never take this message: the next one may be another matter.
    RefusedForGood(Objection),
}

impl ChannelOutcome {
    /// Taken for everybody.
    pub const SENT: Self = Self::Sent {
        refused: Vec::new(),
    };

    /// Why not everybody got it; none when everybody did.
    #[must_use]
    pub fn objection(&self) -> Option<Objection> {
        match self {
            Self::Sent { refused } if refused.is_empty() => None,
            Self::Sent { refused } => Some(Objection::Recipients(refused.clone())),
            Self::TryLater(why) | Self::RefusedForGood(why) => Some(why.clone()),
        }
    }
}
