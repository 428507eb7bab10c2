//! The spelling of JSON that survives JavaScript.
//!
//! VoiceDrive does not verify a signature over the bytes that it received, but over `JSON.stringify(JSON.parse(body))`:
//! a body that JavaScript spells otherwise is refused as forged, although it was signed correctly. So
//! `JSON.stringify(JSON.parse(body)) === body` has to hold for every body that is sent. White space, escapes, `1.0`,
//! `-0` and the order of integer-like keys are normalised without loss. What would be lost is refused when it is handed
//! in, with the JSON pointer of the place.

use memchr::memchr2;
use serde::de::IgnoredAny;
use serde_json::Value;

/// How deep arrays and objects may be nested: the parser recurses, and so do others after it.
const MAX_DEPTH: usize = 128;
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
    fn inside(mut self, step: &str) -> Self {
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

/// Normalises one JSON document into the spelling that ECMAScript's
/// `JSON.stringify(JSON.parse(text))` gives, or says what would be lost, and where.
///
/// # Errors
/// The first problem of the document; a key that stands twice is found at the end of its object.
/// Text that is not JSON is called that even when a value that would change stands before the
/// mistake.
pub fn stabilize(text: &str) -> Result<String, Refusal> {
    write(text, false).map_err(|refusal| write(text, true).err().unwrap_or(refusal))
}

/// One pass over the document. With `lenient` it lets pass what JavaScript would change, so that a
/// mistake in the grammar further on is found.
fn write(text: &str, lenient: bool) -> Result<String, Refusal> {
    let mut writer = Writer {
        text,
        at: 0,
        depth: 0,
        lenient,
        out: String::with_capacity(text.len()),
        members: Vec::new(),
    };
    writer.value()?;
    match writer.token() {
        None => Ok(writer.out),
        Some(_) => Err(writer.expected("the end of the document")),
    }
}

/// A member of an object: where it, its key and its end stand in the output.
struct Member {
    start: usize,
    key_end: usize,
    end: usize,
    /// The number that an integer-like key stands for; `u32::MAX`, which is none, for other keys.
    rank: u32,
}

impl Member {
    /// The key as JSON, in the stable spelling. A key has only one, so equal keys are equal here.
    fn key<'o>(&self, out: &'o str) -> &'o str {
        &out[self.start..self.key_end]
    }
}

/// Reads the text and writes the stable spelling as it goes.
struct Writer<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
    lenient: bool,
    out: String,
    /// The members so far of all objects that are open, those of the innermost last. One list for
    /// all, because an allocation for each object would be felt.
    members: Vec<Member>,
}

impl Writer<'_> {
    fn value(&mut self) -> Result<(), Refusal> {
        match self.token() {
            Some(b'{') => self.object(),
            Some(b'[') => self.items(b']', |writer, index| {
                writer.value().map_err(|e| e.inside(&index.to_string()))
            }),
            Some(b'"') => self.string(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            _ => Err(self.expected("a value")),
        }
    }

    /// What stands between two brackets, and the brackets.
    fn items(
        &mut self,
        close: u8,
        item: fn(&mut Self, usize) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        if self.depth == MAX_DEPTH {
            return Err(refusal(Reason::TooDeep));
        }
        self.depth += 1;
        self.copy(1);
        if self.token() != Some(close) {
            item(self, 0)?;
            for index in 1.. {
                if self.token() != Some(b',') {
                    break;
                }
                self.copy(1);
                item(self, index)?;
            }
        }
        if self.token() != Some(close) {
            return Err(self.expected("a comma or the closing bracket"));
        }
        self.depth -= 1;
        self.copy(1);
        Ok(())
    }

    fn object(&mut self) -> Result<(), Refusal> {
        let first = self.members.len();
        self.items(b'}', |writer, _| writer.member())?;
        self.order_members(first)?;
        self.members.truncate(first);
        Ok(())
    }

    fn member(&mut self) -> Result<(), Refusal> {
        if self.token() != Some(b'"') {
            return Err(self.expected("a key in quotation marks"));
        }
        let start = self.out.len();
        self.string()?;
        let key_end = self.out.len();
        if self.token() != Some(b':') {
            return Err(self.expected("a colon"));
        }
        self.copy(1);
        let value = self.value();
        let (end, key) = (self.out.len(), &self.out[start..key_end]);
        value.map_err(|refusal| refusal.inside(key))?;
        let rank = rank(key);
        self.members.push(Member {
            start,
            key_end,
            end,
            rank,
        });
        Ok(())
    }

    /// Finds keys that stand twice, by sorting, and then puts the members into JavaScript's order:
    /// integer-like keys by their number, after them the others as they came.
    fn order_members(&mut self, first: usize) -> Result<(), Refusal> {
        let members = &mut self.members[first..];
        members.sort_unstable_by_key(|member| (member.key(&self.out), member.start));
        let pairs = members.windows(2).map(|pair| (&pair[0], &pair[1]));
        let same = pairs.filter(|(one, other)| one.key(&self.out) == other.key(&self.out));
        if let Some((_, second)) = same.min_by_key(|(_, second)| second.start) {
            let key = second.key(&self.out);
            return self
                .unstable(Reason::DuplicateKey)
                .map_err(|e| e.inside(key));
        }
        members.sort_unstable_by_key(|member| (member.rank, member.start));
        if members.is_sorted_by_key(|member| member.start) {
            return Ok(());
        }
        let start = members.iter().map(|member| member.start).min().unwrap_or(0);
        let unordered = self.out.split_off(start);
        for member in members {
            self.out
                .push_str(&unordered[member.start - start..member.end - start]);
            self.out.push(',');
        }
        self.out.pop();
        self.out.push('}');
        Ok(())
    }

    fn string(&mut self) -> Result<(), Refusal> {
        let start = self.at;
        let mut escaped = false;
        self.at += 1;
        loop {
            let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
            let end = memchr2(b'"', b'\\', rest).unwrap_or(rest.len());
            if let Some(control) = rest[..end].iter().position(|byte| *byte < b' ') {
                self.at += control;
                return Err(self.expected("an escape for a control character"));
            }
            self.at += end;
            match self.text.as_bytes().get(self.at) {
                Some(b'"') => break,
                Some(_) => {
                    escaped = true;
                    self.at += 2;
                }
                None => return Err(self.expected("a closing quotation mark")),
            }
        }
        self.at += 1;
        let source = &self.text[start..self.at];
        if !escaped {
            self.out.push_str(source);
            return Ok(());
        }
        // serde_json escapes just what JSON.stringify escapes, and in the same way, so the few
        // strings that need it are left to it.
        match serde_json::from_str::<String>(source) {
            Ok(decoded) => self.out.push_str(&Value::from(decoded).to_string()),
            Err(_) if is_json(source) => self.unstable(Reason::LoneSurrogate)?,
            Err(_) => {
                self.at = start;
                return Err(self.expected("a string with valid escapes"));
            }
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), Refusal> {
        let rest = &self.text[self.at..];
        let end = rest.find(|c| !matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E'));
        let source = &rest[..end.unwrap_or(rest.len())];
        // Most numbers are short integers, which are spelled in one way only.
        let short = source.len() <= 15 && source.bytes().all(|b| b.is_ascii_digit());
        if short && !source.starts_with('0') {
            self.out.push_str(source);
        } else if !is_json(source) {
            return Err(self.expected("a number as JSON spells it"));
        } else if let Some(spelling) = in_javascript(source, &mut ryu_js::Buffer::new()) {
            self.out.push_str(spelling);
        } else {
            self.unstable(Reason::NumberChanges)?;
        }
        self.at += source.len();
        Ok(())
    }

    fn word(&mut self, word: &'static str) -> Result<(), Refusal> {
        if !self.text[self.at..].starts_with(word) {
            return Err(self.expected(word));
        }
        self.copy(word.len());
        Ok(())
    }

    fn copy(&mut self, length: usize) {
        let end = self.at + length;
        self.out.push_str(&self.text[self.at..end]);
        self.at = end;
    }

    /// The next byte that is not white space; what was skipped is not written.
    fn token(&mut self) -> Option<u8> {
        let rest = &self.text.as_bytes()[self.at..];
        let skipped = rest
            .iter()
            .position(|b| !matches!(b, b' ' | b'\t' | b'\n' | b'\r'));
        self.at += skipped.unwrap_or(rest.len());
        self.text.as_bytes().get(self.at).copied()
    }

    fn expected(&self, expected: &'static str) -> Refusal {
        let offset = self.at.min(self.text.len());
        refusal(Reason::Syntax { offset, expected })
    }

    fn unstable(&self, reason: Reason) -> Result<(), Refusal> {
        if self.lenient {
            Ok(())
        } else {
            Err(refusal(reason))
        }
    }
}

fn refusal(reason: Reason) -> Refusal {
    let pointer = String::new();
    Refusal { pointer, reason }
}

/// Whether the text is JSON; what its escapes and numbers stand for is not looked at.
fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// The number that an integer-like key, given as JSON, stands for. ECMAScript counts as such only
/// the canonical spellings of 0 to 2^32 - 2; any other key gets 2^32 - 1 and so comes behind.
fn rank(key: &str) -> u32 {
    let digits = key.trim_matches('"');
    let canonical = digits == "0" || digits.starts_with(|c| matches!(c, '1'..='9'));
    canonical
        .then(|| digits.parse().ok())
        .flatten()
        .unwrap_or(u32::MAX)
}

/// The number as JavaScript spells it, if that is the same number and not only one close to it.
fn in_javascript<'b>(source: &str, buffer: &'b mut ryu_js::Buffer) -> Option<&'b str> {
    let exact = decimal(source)?;
    let (negative, significand, exponent) = exact;
    // Not `source` itself: the standard library gives up on very long exponents, even where as many
    // zeros make up for them.
    let sign = if negative { "-" } else { "" };
    let double: f64 = format!("{sign}{significand}e{exponent}").parse().ok()?;
    let spelling = buffer.format(double);
    (double.is_finite() && decimal(spelling)? == exact).then_some(spelling)
}

/// The exact value of a number's spelling, as sign, significand without zeros at its end, and
/// power of ten. None if the significand is longer than any that JavaScript writes.
fn decimal(spelling: &str) -> Option<(bool, u64, i64)> {
    let (coefficient, power) = spelling.split_once(['e', 'E']).unwrap_or((spelling, "0"));
    let (whole, fraction) = coefficient.split_once('.').unwrap_or((coefficient, ""));
    // How many digits the next digit other than zero adds: itself, and the zeros before it.
    let mut shift = 1_u32;
    let mut significand = 0_u64;
    let digits = whole.bytes().chain(fraction.bytes());
    for digit in digits.filter(u8::is_ascii_digit) {
        if digit != b'0' {
            significand = significand.checked_mul(10_u64.checked_pow(shift)?)?;
            significand = significand.checked_add(u64::from(digit - b'0'))?;
            shift = 1;
        } else if significand > 0 {
            shift = shift.checked_add(1)?;
        }
    }
    if significand == 0 {
        return Some((false, 0, 0));
    }
    let point = i64::from(shift - 1) - i64::try_from(fraction.len()).ok()?;
    let exponent = power.parse::<i64>().ok()?.checked_add(point)?;
    Some((spelling.starts_with('-'), significand, exponent))
}

#[cfg(test)]
mod tests;
