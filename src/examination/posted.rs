//! One webhook that was posted, and what the receiver answered.

use super::Examination;
use crate::delivery::failure::Failure;

/// What the receiver answered.
pub(crate) struct PostedAnswer {
    pub(crate) status: u16,
    /// The beginning of its body.
    pub(crate) body: String,
}

/// One examination with its answer.
pub(crate) struct Posted {
    pub(crate) examination: Examination,
    pub(crate) answer: Result<PostedAnswer, Failure>,
}

impl Posted {
    pub(crate) fn status(&self) -> Option<u16> {
        self.answer.as_ref().ok().map(|answer| answer.status)
    }

    pub(crate) fn is_taken(&self) -> bool {
        matches!(self.status(), Some(200..300))
    }
}
