//! A person whom events and interview records are about: how one is named where the staff id must not stand, and what
//! is kept of one.

use serde_json::Value;

use crate::crypto;
use crate::event::Status;
use crate::timestamp::Timestamp;

/// What stands for an id of which nothing else may be kept: with the key alone, it can be compared and not read back.
pub type KeyedHash = [u8; 32];

/// Digits of a keyed hash that people see: enough to tell a clinic's people apart.
const DIGITS: usize = 12;

/// The keyed hash of a staff id.
#[must_use]
pub fn hash_of_staff(key: &[u8], staff_id: &str) -> KeyedHash {
    crypto::hmac_sha256(key, &[b"staff\n", staff_id.as_bytes()])
}

/// What the audit shows in the place of a staff id, such as `#3f9a21c70b4e`.
#[must_use]
pub fn label(hash: &KeyedHash) -> String {
    let digits = crypto::hex(hash);
    format!("#{}", &digits[..DIGITS])
}

/// The keyed hash of the id of an interview record.
#[must_use]
pub fn hash_of_record(key: &[u8], id: &str) -> KeyedHash {
    crypto::hmac_sha256(key, &[b"interview\n", id.as_bytes()])
}

/// What stands in an erased interview record in the place of whose it is, and in an erased attempt in the place of
/// what the partner said.
pub const ERASED: &str = "erased";

/// What is kept of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// What the audit shows in the place of the staff id.
    pub label: String,
    /// Events about the person.
    pub events: u64,
    /// Interview records of the person.
    pub interviews: u64,
    /// Interview records of others that the person held.
    pub held: u64,
    /// Events that did not arrive, and are still to be sent or wait for somebody who decides.
    pub open: Vec<OpenDelivery>,
    /// Events of others in which the staff id stands, and how many there are.
    pub mentioned: Mentions,
    /// Where else the staff id stands.
    pub notes: Notes,
    /// When the person's data were erased last.
    pub erased_at: Option<Timestamp>,
    /// Set when that was broken off in the middle.
    pub is_half_erased: bool,
}

impl Person {
    /// Whether nothing is known of the person.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.events == 0
            && self.interviews == 0
            && self.held == 0
            && self.mentioned.count == 0
            && self.notes.is_empty()
            && self.erased_at.is_none()
    }
}

/// A delivery that has not ended well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenDelivery {
    /// The event's id.
    pub id: String,
    /// Its name.
    pub event_type: String,
    /// Accepted, retrying or exhausted.
    pub status: Status,
}

/// What people have written about something else, and in which a staff id stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// Interview records of others, by their ids.
    pub interviews: Mentions,
    /// Holds, by their routes.
    pub holds: Mentions,
    /// Actions of the audit, by their times.
    pub audit: Mentions,
}

impl Notes {
    fn is_empty(&self) -> bool {
        let all = [&self.interviews, &self.holds, &self.audit];
        all.iter().all(|mentions| mentions.count == 0)
    }
}

/// Rows in which a staff id stands though they are not about that person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mentions {
    /// How many.
    pub count: u64,
    /// Their ids, the first [`Mentions::NAMED`] of them.
    pub ids: Vec<String>,
}

impl Mentions {
    /// So many of them are named.
    pub const NAMED: usize = 1000;

    /// One more.
    pub fn add(&mut self, id: String) {
        self.count += 1;
        if self.ids.len() < Self::NAMED {
            self.ids.push(id);
        }
    }
}

/// What was erased.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// Events.
    pub events: u64,
    /// Of them, those that were given up.
    pub given_up: u64,
    /// Interview records of the person.
    pub interviews: u64,
    /// Interview records of others, from which the person's id was taken.
    pub held: u64,
}

impl Erased {
    /// Adds what another step has erased.
    pub fn add(&mut self, other: Self) {
        self.events += other.events;
        self.given_up += other.given_up;
        self.interviews += other.interviews;
        self.held += other.held;
    }
}

/// What became of the database's files after an erasure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cleaned {
    /// Nothing is left in them.
    Clean,
    /// Something was left in them, and they were written anew.
    Rewritten,
    /// Somebody reads the write-ahead log, which may have something left until it is overwritten.
    LogInUse,
    /// Something is left, and the disk has too little room to write the database anew.
    NoRoom,
}

impl Cleaned {
    /// The word in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Rewritten => "rewritten",
            Self::LogInUse => "log_in_use",
            Self::NoRoom => "no_room",
        }
    }

    /// Every outcome.
    pub const ALL: [Self; 4] = [Self::Clean, Self::Rewritten, Self::LogInUse, Self::NoRoom];

    /// The outcome that `word` names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }
}

/// Whether a staff id stands in a payload as a whole word: `EMP-1` does not stand in `EMP-10`.
#[must_use]
pub fn stands_in(staff_id: &str, data: &str) -> bool {
    let spelled = Value::from(staff_id).to_string();
    stands_in_text(&spelled[1..spelled.len() - 1], data)
}

/// Whether a staff id stands in what somebody has written, as a whole word.
#[must_use]
pub fn stands_in_text(staff_id: &str, text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    !staff_id.is_empty()
        && text.match_indices(staff_id).any(|(at, found)| {
            let before = text[..at].chars().next_back();
            let after = text[at + found.len()..].chars().next();
            !before.is_some_and(is_part) && !after.is_some_and(is_part)
        })
}

/// The texts of a payload that are names: those behind a key that says so.
#[must_use]
pub fn names_in(data: &str) -> Vec<String> {
    let mut names = Vec::new();
    if let Ok(value) = serde_json::from_str(data) {
        collect_names(&value, false, &mut names);
    }
    names
}

fn collect_names(value: &Value, is_name: bool, names: &mut Vec<String>) {
    match value {
        Value::String(text) if is_name && !text.is_empty() => names.push(text.clone()),
        Value::Array(items) => {
            for item in items {
                collect_names(item, is_name, names);
            }
        }
        Value::Object(members) => {
            for (key, item) in members {
                let says_so = key.to_ascii_lowercase().contains("name");
                collect_names(item, says_so, names);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_stands_in_a_payload_as_a_whole_word() {
        for (data, stands) in [
            (r#"{"staffId":"EMP-1"}"#, true),
            (r#"{"text":"(EMP-1 との面談)"}"#, true),
            (r#"{"staffId":"EMP-10"}"#, false),
            (r#"{"staffId":"X-EMP-1"}"#, false),
            // Japanese has no blanks between words.
            (r#"{"text":"職員EMP-1の都合"}"#, true),
            (r#"{"list":["EMP-10","EMP-1"]}"#, true),
            ("{}", false),
        ] {
            assert_eq!(stands_in("EMP-1", data), stands, "{data}");
        }
        assert!(stands_in("a\"b", r#"{"staffId":"a\"b"}"#));
        assert!(!stands_in("", "{}"));
    }

    #[test]
    fn names_are_what_stands_behind_a_name() {
        let data = r#"{"fullName":"山田 太郎","dept":{"name":"外科","id":"x"},"nameKana":["ヤマダ"],"staffId":"E"}"#;
        assert_eq!(names_in(data), ["山田 太郎", "外科", "ヤマダ"]);
        assert_eq!(names_in("no JSON"), Vec::<String>::new());
    }

    #[test]
    fn a_label_shows_neither_the_id_nor_the_same_for_another_key() {
        let label = |key: &[u8], id: &str| label(&hash_of_staff(key, id));
        assert_eq!(label(b"key", "EMP-1"), label(b"key", "EMP-1"));
        assert_ne!(label(b"key", "EMP-1"), label(b"key", "EMP-2"));
        assert_ne!(label(b"key", "EMP-1"), label(b"another", "EMP-1"));
        assert_eq!(label(b"key", "EMP-1").len(), DIGITS + 1);
    }
}
