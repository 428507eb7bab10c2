//! Why a document cannot be sent, and at which place of it.

use super::MAX_DEPTH;

/// The longest pointer, in characters. It is made of the document's keys, and their author must not
/// decide how long a message or a log line is.
const MAX_POINTER: usize = 200;

/// Why a document cannot be sent, and where in it the reason stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {reason}", readable(.pointer))]
pub struct Refusal {
    /// The place as a JSON pointer (RFC 6901); empty for the whole document. One of more than 200
    /// characters is cut off and ends in `…`.
    pub pointer: String,
    /// What is wrong there.
    pub reason: Reason,
}

/// What can be wrong with a document. No message repeats a value: values are personal data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The text is not JSON by RFC 8259.
    #[error("not JSON: expected {expected} at byte {offset}")]
    Syntax {
        /// The byte of the text, counted from 0, at which the mistake was found.
        offset: usize,
        /// What had to stand there.
        expected: &'static str,
    },
    /// Arrays and objects are nested too deeply.
    #[error("nested more than {MAX_DEPTH} levels deep")]
    TooDeep,
    /// A key stands twice in one object, of which JavaScript keeps one.
    #[error("this key stands twice in its object")]
    DuplicateKey,
    /// An escape stands for half of a surrogate pair, which cannot be sent as UTF-8.
    #[error("a \\u escape is half of a surrogate pair, which is not a character")]
    LoneSurrogate,
    /// JavaScript makes another number of it.
    #[error("JavaScript cannot keep this number exactly; send it as a string")]
    NumberChanges,
}

impl Refusal {
    /// Whether the document cannot be read at all, as opposed to one that JavaScript would change.
    #[must_use]
    pub fn is_syntax(&self) -> bool {
        matches!(self.reason, Reason::Syntax { .. } | Reason::TooDeep)
    }

    /// The refusal as the array or object around it sees it; `step` is the index, or the key as
    /// JSON.
    pub(super) fn inside(mut self, step: &str) -> Self {
        let step = serde_json::from_str(step).unwrap_or_else(|_| step.to_owned());
        let step = step.replace('~', "~0").replace('/', "~1");
        self.pointer = format!("/{step}{}", self.pointer);
        if let Some((end, _)) = self.pointer.char_indices().nth(MAX_POINTER - 1)
            && self.pointer[end..].chars().nth(1).is_some()
        {
            self.pointer.truncate(end);
            self.pointer.push('…');
        }
        self
    }
}

/// A pointer for a message: control characters in a key must not forge log lines.
fn readable(pointer: &str) -> String {
    match pointer {
        "" => "(the document)".to_owned(),
        _ => pointer.escape_debug().to_string(),
    }
}
