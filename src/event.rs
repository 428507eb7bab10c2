//! An event: a fact that the staff system hands in, and what has become of it.

use std::sync::Arc;

use serde_json::value::RawValue;

use crate::content::{self, Digest};
use crate::crypto;
use crate::stable_json;
use crate::timestamp::Timestamp;

/// The longest name of an event, in characters (contract, section 4.4).
pub const MAX_TYPE_CHARACTERS: usize = 100;
/// The longest staff id, in characters: the width of the shared `MySQL` column.
pub const MAX_STAFF_ID_CHARACTERS: usize = 191;
/// The largest number that is a staff id: larger ones are not whole in JavaScript.
const MAX_STAFF_NUMBER: u64 = (1 << 53) - 1;

/// An event that passed the door and is not yet kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// Its name, such as `employee.created`.
    pub event_type: String,
    /// The payload: a JSON object in the spelling that survives JavaScript.
    pub data: Arc<str>,
    /// The staff id of the person it is about, when that is known.
    pub staff_id: Option<String>,
    /// When it happened; none means the moment of acceptance.
    pub event_timestamp: Option<Timestamp>,
}

impl NewEvent {
    /// What makes two submissions under one idempotency key the same (contract, section 4.4):
    /// everything that the sender said, and `batch_size`, because a batch that grew is another batch.
    #[must_use]
    pub fn content_digest(&self, batch_size: usize) -> Digest {
        let timestamp = self
            .event_timestamp
            .map_or_else(String::new, |t| t.to_string());
        let size = batch_size.to_string();
        // A line feed cannot stand in these parts but the last one.
        crypto::sha256(&[
            self.event_type.as_bytes(),
            b"\n",
            size.as_bytes(),
            b"\n",
            timestamp.as_bytes(),
            b"\n",
            &content::digest(&self.data),
            if self.staff_id.is_some() { b"+" } else { b"-" },
            self.staff_id.as_deref().unwrap_or_default().as_bytes(),
        ])
    }
}

/// Whether `name` can name an event: 1 to 100 characters of `[a-z0-9._-]`.
#[must_use]
pub fn is_event_type(name: &str) -> bool {
    (1..=MAX_TYPE_CHARACTERS).contains(&name.len())
        && name
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'))
}

/// The staff id that a number of a JSON document is: a whole one from 0 as its text.
#[must_use]
pub fn staff_number(written: &str) -> Option<String> {
    let number: u64 = stable_json::stabilize(written).ok()?.parse().ok()?;
    (number <= MAX_STAFF_NUMBER).then(|| number.to_string())
}

/// Whether `id` can name a member of the staff: 1 to 191 characters, none of them a control
/// character, and not blanks alone.
#[must_use]
pub fn is_staff_id(id: &str) -> bool {
    !id.trim().is_empty()
        && id.chars().count() <= MAX_STAFF_ID_CHARACTERS
        && !id.chars().any(char::is_control)
}

/// The staff id that a value of a JSON document is: a text that can name a member of the staff, or a whole number
/// from 0 as its text.
#[must_use]
pub fn staff_id(value: &RawValue) -> Option<String> {
    let written = value.get();
    let id = if written.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
        staff_number(written)?
    } else {
        serde_json::from_str(written).ok()?
    };
    is_staff_id(&id).then_some(id)
}

/// What has become of an event (contract, section 4.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Kept, and not sent yet.
    Accepted,
    /// Sent at least once, and to be sent again.
    Retrying,
    /// The partner has it.
    Delivered,
    /// Its retries are used up: it waits for a person.
    Exhausted,
    /// It was exhausted, and a person said that nothing more is to be done.
    Dismissed,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 5] = [
        Self::Accepted,
        Self::Retrying,
        Self::Delivered,
        Self::Exhausted,
        Self::Dismissed,
    ];

    /// Those of events that can be sent again in bulk: what was dismissed is sent by its id alone.
    pub const IN_BULK: [Self; 4] = [
        Self::Accepted,
        Self::Retrying,
        Self::Delivered,
        Self::Exhausted,
    ];

    /// The word in JSON and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Retrying => "retrying",
            Self::Delivered => "delivered",
            Self::Exhausted => "exhausted",
            Self::Dismissed => "dismissed",
        }
    }

    /// The status that `word` names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> NewEvent {
        NewEvent {
            event_type: "employee.created".to_owned(),
            data: r#"{"staffId":"EMP-1"}"#.into(),
            staff_id: Some("EMP-1".to_owned()),
            event_timestamp: None,
        }
    }

    #[test]
    fn names_of_events() {
        for good in ["a", "employee.created", "a_b-c.9", &"x".repeat(100)] {
            assert!(is_event_type(good), "{good}");
        }
        for bad in [
            "",
            "Employee.created",
            "a b",
            "従業員",
            "a/b",
            &"x".repeat(101),
        ] {
            assert!(!is_event_type(bad), "{bad}");
        }
    }

    #[test]
    fn staff_ids_are_counted_in_characters() {
        assert!(is_staff_id(&"職".repeat(191)));
        assert!(!is_staff_id(&"職".repeat(192)));
        assert!(!is_staff_id(""));
        assert!(!is_staff_id(" \u{3000}"));
        assert!(!is_staff_id("EMP\n1"));
    }

    #[test]
    fn a_number_is_a_staff_id_as_its_text() {
        let read = |json: &str| staff_id(serde_json::from_str(json).unwrap());
        for (json, id) in [
            ("\"EMP-1\"", Some("EMP-1")),
            ("\"\\u8077\"", Some("職")),
            ("1234", Some("1234")),
            ("12.0", Some("12")),
            ("9007199254740991", Some("9007199254740991")),
            ("9007199254740992", None),
            ("-1", None),
            ("1.5", None),
            ("\"12.0\"", Some("12.0")),
            ("12345678901234567890", None),
            ("\"\"", None),
            ("true", None),
            ("null", None),
            ("[1]", None),
            ("{}", None),
        ] {
            assert_eq!(read(json).as_deref(), id, "{json}");
        }
    }

    #[test]
    fn whatever_the_sender_said_is_part_of_the_digest() {
        let digest = event().content_digest(1);
        assert_eq!(digest, event().content_digest(1));
        assert_ne!(digest, event().content_digest(2));
        let mut others = [event(), event(), event(), event()];
        others[0].event_type.push('x');
        others[1].data = "{}".into();
        others[2].staff_id = None;
        others[3].event_timestamp = Some(Timestamp::from_unix_ms(0));
        for other in others {
            assert_ne!(digest, other.content_digest(1));
        }
    }
}
