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

/// The keyed hash of an interview record of somebody else and of the person who held it.
#[must_use]
pub fn hash_of_interviewer(key: &[u8], record: &str, staff_id: &str) -> KeyedHash {
    let parts = [
        b"interviewer\n",
        record.as_bytes(),
        b"\n",
        staff_id.as_bytes(),
    ];
    crypto::hmac_sha256(key, &parts)
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
    /// Where else the staff id stands, and stays.
    pub notes: Notes,
    /// What is over, and from whose text an erasure takes the staff id.
    pub ended: EndedTexts,
    /// The ingest would know something of the person again.
    pub is_remembered: bool,
    /// When the person's data were erased last.
    pub erased_at: Option<Timestamp>,
    /// Set when that was broken off in the middle.
    pub is_half_erased: bool,
}

impl Person {
    /// Whether nothing is known of the person.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.stands_in_no_row() && self.erased_at.is_none()
    }

    /// Whether no row has the staff id.
    #[must_use]
    pub fn stands_in_no_row(&self) -> bool {
        self.events == 0
            && self.interviews == 0
            && self.held == 0
            && self.mentioned.count == 0
            && self.notes.is_empty()
            && self.ended.count() == 0
            && !self.is_remembered
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

/// Where a staff id stands in what people have written or named, and what is not changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// Interview records of others, by their ids.
    pub interviews: Mentions,
    /// Holds that last, by their routes.
    pub holds: Mentions,
    /// Incidents that last, or whose name has it, by their ids.
    pub incidents: Mentions,
    /// Actions of the audit, by their times, and who read payloads, by the day.
    pub audit: Mentions,
    /// Tokens that are valid, or whose name has it, by their names.
    pub tokens: Mentions,
    /// Who is logged in to the page, by name.
    pub sessions: Mentions,
    /// What is counted by or configured: names of events, routes, facilities, departments, kinds of interviews and alert
    /// channels.
    pub names: Mentions,
}

impl Notes {
    fn is_empty(&self) -> bool {
        let all = [
            &self.interviews,
            &self.holds,
            &self.incidents,
            &self.audit,
            &self.tokens,
            &self.sessions,
            &self.names,
        ];
        all.iter().all(|mentions| mentions.count == 0)
    }
}

/// Texts that people have typed about something else that is over. An erasure takes the staff id out of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndedTexts {
    /// Incidents of holds whose reason has it, by their ids.
    pub holds: Mentions,
    /// Tokens whose subject has it, by their names.
    pub tokens: Mentions,
}

impl EndedTexts {
    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.holds.count + self.tokens.count
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
    /// Incidents of holds and tokens, all over, in whose text the staff id stood.
    pub texts: u64,
}

impl Erased {
    /// Adds what another step has erased.
    pub fn add(&mut self, other: Self) {
        self.events += other.events;
        self.given_up += other.given_up;
        self.interviews += other.interviews;
        self.held += other.held;
        self.texts += other.texts;
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
    /// Whether nothing is left.
    #[must_use]
    pub fn is_clean(self) -> bool {
        matches!(self, Self::Clean | Self::Rewritten)
    }

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

/// Whether a staff id stands in a payload as a whole word: `EMP-1` does not stand in `EMP-10`, but in `EMP-1_small.png`.
/// One of digits alone, such as `10`, does not stand in `2025-10-26`, and one that is a word of JSON, such as `null`, only in
/// its texts.
#[must_use]
pub fn stands_in(staff_id: &str, data: &str) -> bool {
    if ["null", "true", "false"].contains(&staff_id) {
        return stands_in_json(staff_id, data);
    }
    let spelled = Value::from(staff_id).to_string();
    let is_number = staff_id.bytes().all(|byte| byte.is_ascii_digit());
    let is_part = |c: char| c.is_ascii_alphanumeric() || is_number && (c == '-' || c == '_');
    is_word_of(&spelled[1..spelled.len() - 1], data, is_part)
}

/// Whether a staff id stands in a text of this JSON as [`stands_in_text`] says; its keys and numbers are not looked at.
#[must_use]
pub fn stands_in_json(staff_id: &str, json: &str) -> bool {
    serde_json::from_str(json).map_or_else(
        |_| stands_in_text(staff_id, json),
        |value| stands_in_texts_of(staff_id, &value),
    )
}

fn stands_in_texts_of(staff_id: &str, value: &Value) -> bool {
    match value {
        Value::String(text) => stands_in_text(staff_id, text),
        Value::Array(items) => items.iter().any(|one| stands_in_texts_of(staff_id, one)),
        Value::Object(members) => members
            .values()
            .any(|one| stands_in_texts_of(staff_id, one)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Whether a staff id stands in what somebody has written or named, as a whole word: also as a part of a name, such as
/// `int-EMP-1-2`. Who looks at it sees whether somebody else is meant.
#[must_use]
pub fn stands_in_text(staff_id: &str, text: &str) -> bool {
    is_word_of(staff_id, text, |c| c.is_ascii_alphanumeric())
}

/// Every text of at most so many characters that [`stands_in_text`] finds in `text`: what a staff id that is known by its
/// hash alone can be compared with.
pub fn words_in(text: &str, most_characters: usize) -> impl Iterator<Item = &str> {
    let is_part = |c: char| c.is_ascii_alphanumeric();
    let begins = text.char_indices().map(|(at, _)| at);
    let begins = begins.filter(move |at| may_begin(&text[..*at], is_part));
    begins.flat_map(move |begin| {
        let characters = text[begin..].char_indices().take(most_characters);
        let ends = characters.map(move |(at, c)| begin + at + c.len_utf8());
        let ends = ends.filter(move |end| !text[*end..].chars().next().is_some_and(is_part));
        ends.map(move |end| &text[begin..end])
    })
}

fn is_word_of(word: &str, text: &str, is_part: impl Fn(char) -> bool) -> bool {
    !word.is_empty()
        && text.match_indices(word).any(|(at, found)| {
            let after = text[at + found.len()..].chars().next();
            may_begin(&text[..at], &is_part) && !after.is_some_and(&is_part)
        })
}

/// Whether a word may begin behind this text. An escape of JSON or of an address ends in a letter or a digit that is no part
/// of a word.
fn may_begin(before: &str, is_part: impl Fn(char) -> bool) -> bool {
    !before.chars().next_back().is_some_and(is_part) || ends_in_escape(before.as_bytes())
}

fn ends_in_escape(text: &[u8]) -> bool {
    let hex = |code: &[u8]| code.iter().all(u8::is_ascii_hexdigit);
    match text {
        [.., b'\\', b'b' | b'f' | b'n' | b'r' | b't'] => true,
        [.., b'%', a, b] if hex(&[*a, *b]) => true,
        [.., b'\\', b'u', a, b, c, d] => hex(&[*a, *b, *c, *d]),
        _ => false,
    }
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

/// How a text can stand in what is kept: as it is, as JSON has it, and as JSON in ASCII has it, whose digits are of either
/// case.
#[must_use]
pub fn spellings(text: &str) -> Vec<String> {
    let json = Value::from(text).to_string();
    let json = &json[1..json.len() - 1];
    let lower = in_ascii(json, |unit| format!("\\u{unit:04x}"));
    let upper = in_ascii(json, |unit| format!("\\u{unit:04X}"));
    let mut all = vec![text.to_owned(), json.to_owned(), lower, upper];
    all.sort();
    all.dedup();
    all
}

fn in_ascii(text: &str, escaped: impl Fn(u16) -> String) -> String {
    let mut ascii = String::new();
    for unit in text.encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii() => ascii.push(char::from(byte)),
            _ => ascii.push_str(&escaped(unit)),
        }
    }
    ascii
}

#[cfg(test)]
mod tests;
