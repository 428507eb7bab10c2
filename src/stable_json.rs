//! JSON that survives JavaScript.
//!
//! VoiceDrive does not verify a signature over the bytes that it received, but over
//! `JSON.stringify(JSON.parse(body))`. So whatever is sent must already be in that spelling. What
//! can be brought into it without loss is; what cannot is refused, with the JSON pointer of its
//! place (contract, section 5).

/// Deeper documents are refused: each level costs stack.
const DEEPEST: usize = 128;
/// A pointer is shown up to this many characters.
const LONGEST_POINTER: usize = 200;

/// Why a document was refused, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// RFC 6901; empty for the whole document.
    pub pointer: String,
    /// What is wrong there.
    pub reason: Reason,
}

/// What can be wrong with a document. The words never repeat a value of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Not JSON.
    #[error("not JSON at byte {offset}: {expected} is expected")]
    Syntax {
        /// Where, counted from the document's first byte.
        offset: usize,
        /// What should stand there.
        expected: &'static str,
    },
    /// More than 128 levels.
    #[error("nested more than 128 levels deep")]
    TooDeep,
    /// A key that stands twice in one object: JavaScript would drop one.
    #[error("this key stands twice in its object")]
    DuplicateKey,
    /// Half of a surrogate pair: no UTF-8 can hold it.
    #[error("half of a surrogate pair")]
    LoneSurrogate,
    /// JavaScript would make another number of it.
    #[error("JavaScript cannot keep this number exactly; send it as a string")]
    NumberChanges,
}

impl Refusal {
    /// The document is no acceptable JSON at all, JavaScript or not.
    #[must_use]
    pub fn is_syntax(&self) -> bool {
        matches!(self.reason, Reason::Syntax { .. } | Reason::TooDeep)
    }
}

impl std::error::Error for Refusal {}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.pointer.chars().count() > LONGEST_POINTER {
            let start: String = self.pointer.chars().take(LONGEST_POINTER).collect();
            write!(f, "{start}…: {}", self.reason)
        } else if self.pointer.is_empty() {
            write!(f, "{}", self.reason)
        } else {
            write!(f, "{}: {}", self.pointer, self.reason)
        }
    }
}

/// Brings a JSON document into the spelling that `JSON.stringify(JSON.parse(text))` gives.
///
/// # Errors
/// `Refusal` when that would lose something, or when it is not JSON.
pub fn stabilize(text: &str) -> Result<String, Refusal> {
    let mut reader = Reader {
        text,
        at: 0,
        out: String::with_capacity(text.len()),
    };
    reader.blanks();
    reader.value(0).map_err(Failed::into_refusal)?;
    reader.blanks();
    if reader.at == text.len() {
        Ok(reader.out)
    } else {
        Err(reader.syntax("the end").into_refusal())
    }
}

/// A refusal on its way up: the place is put together from the inside out, so that a good
/// document never pays for it.
struct Failed {
    reason: Reason,
    /// The innermost step first.
    path: Vec<String>,
}

impl Failed {
    fn within(mut self, step: String) -> Self {
        self.path.push(step);
        self
    }

    fn into_refusal(self) -> Refusal {
        let mut pointer = String::new();
        for step in self.path.iter().rev() {
            pointer.push('/');
            pointer.push_str(&step.replace('~', "~0").replace('/', "~1"));
        }
        Refusal {
            pointer,
            reason: self.reason,
        }
    }
}

impl From<Reason> for Failed {
    fn from(reason: Reason) -> Self {
        Self {
            reason,
            path: Vec::new(),
        }
    }
}

/// A member of an object, by its places in the output.
struct Member {
    key: String,
    /// From the key's quote to the value's end.
    from: usize,
    to: usize,
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    out: String,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn syntax(&self, expected: &'static str) -> Failed {
        Failed::from(Reason::Syntax {
            offset: self.at,
            expected,
        })
    }

    fn expect(&mut self, byte: u8, expected: &'static str) -> Result<(), Failed> {
        if self.peek() == Some(byte) {
            self.at += 1;
            Ok(())
        } else {
            Err(self.syntax(expected))
        }
    }

    fn value(&mut self, depth: usize) -> Result<(), Failed> {
        match self.peek() {
            Some(b'{' | b'[') if depth == DEEPEST => Err(Reason::TooDeep.into()),
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => {
                let text = self.string()?;
                self.write_string(&text);
                Ok(())
            }
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.word(),
        }
    }

    fn word(&mut self) -> Result<(), Failed> {
        for word in ["true", "false", "null"] {
            if self.text[self.at..].starts_with(word) {
                self.at += word.len();
                self.out.push_str(word);
                return Ok(());
            }
        }
        Err(self.syntax("a value"))
    }

    fn array(&mut self, depth: usize) -> Result<(), Failed> {
        self.at += 1;
        self.out.push('[');
        self.blanks();
        let mut index = 0_usize;
        while self.peek() != Some(b']') || index > 0 {
            if index > 0 {
                self.out.push(',');
            }
            self.value(depth + 1)
                .map_err(|failed| failed.within(index.to_string()))?;
            self.blanks();
            index += 1;
            if self.peek() == Some(b']') {
                break;
            }
            self.expect(b',', "',' or ']'")?;
            self.blanks();
        }
        self.expect(b']', "']'")?;
        self.out.push(']');
        Ok(())
    }

    fn object(&mut self, depth: usize) -> Result<(), Failed> {
        self.at += 1;
        self.out.push('{');
        let start = self.out.len();
        let mut members: Vec<Member> = Vec::new();
        self.blanks();
        while self.peek() != Some(b'}') || !members.is_empty() {
            if !members.is_empty() {
                self.out.push(',');
            }
            let member = self.member(depth)?;
            members.push(member);
            self.blanks();
            if self.peek() == Some(b'}') {
                break;
            }
            self.expect(b',', "',' or '}'")?;
            self.blanks();
        }
        self.expect(b'}', "'}'")?;
        refuse_duplicates(&members)?;
        self.put_in_order(start, &members);
        self.out.push('}');
        Ok(())
    }

    fn member(&mut self, depth: usize) -> Result<Member, Failed> {
        if self.peek() != Some(b'"') {
            return Err(self.syntax("a key"));
        }
        let from = self.out.len();
        let key = self.string()?;
        self.write_string(&key);
        self.blanks();
        self.expect(b':', "':'")?;
        self.out.push(':');
        self.blanks();
        match self.value(depth + 1) {
            Ok(()) => Ok(Member {
                key,
                from,
                to: self.out.len(),
            }),
            Err(failed) => Err(failed.within(key)),
        }
    }

    /// JavaScript puts keys that are array indexes first, in the order of their numbers.
    fn put_in_order(&mut self, start: usize, members: &[Member]) {
        if members.iter().all(|m| array_index(&m.key).is_none()) {
            return;
        }
        let mut order: Vec<&Member> = members.iter().collect();
        // A stable sort: the other keys keep the order in which they were written.
        order.sort_by_key(|m| array_index(&m.key).map_or(u64::MAX, u64::from));
        let ordered: Vec<&str> = order.iter().map(|m| &self.out[m.from..m.to]).collect();
        let ordered = ordered.join(",");
        self.out.replace_range(start.., &ordered);
    }

    /// Reads a string and answers what it means.
    fn string(&mut self) -> Result<String, Failed> {
        self.at += 1;
        let mut meaning = String::new();
        loop {
            let rest = &self.text[self.at..];
            let plain = rest
                .bytes()
                .position(|b| b == b'"' || b == b'\\' || b < 0x20)
                .unwrap_or(rest.len());
            meaning.push_str(&rest[..plain]);
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(meaning);
                }
                Some(b'\\') => {
                    self.at += 1;
                    meaning.push(self.escape()?);
                }
                _ => return Err(self.syntax("the end of a string")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Failed> {
        let meaning = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(),
            _ => return Err(self.syntax("an escape")),
        };
        self.at += 1;
        Ok(meaning)
    }

    /// Reads `uXXXX`, and the second half of a pair when this is the first.
    fn unicode_escape(&mut self) -> Result<char, Failed> {
        let first = self.code_unit()?;
        if let Some(character) = char::from_u32(first) {
            return Ok(character);
        }
        let is_high = (0xd800..0xdc00).contains(&first);
        if !is_high || !self.text[self.at..].starts_with("\\u") {
            return Err(Reason::LoneSurrogate.into());
        }
        self.at += 1;
        let second = self.code_unit()?;
        if !(0xdc00..0xe000).contains(&second) {
            return Err(Reason::LoneSurrogate.into());
        }
        let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        char::from_u32(code).ok_or_else(|| Reason::LoneSurrogate.into())
    }

    fn code_unit(&mut self) -> Result<u32, Failed> {
        let digits = self.text.get(self.at + 1..self.at + 5);
        let code = digits
            .filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|d| u32::from_str_radix(d, 16).ok());
        let code = code.ok_or_else(|| self.syntax("four hexadecimal digits"))?;
        self.at += 5;
        Ok(code)
    }

    fn write_string(&mut self, meaning: &str) {
        self.out.push('"');
        for character in meaning.chars() {
            match character {
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '\u{8}' => self.out.push_str("\\b"),
                '\u{c}' => self.out.push_str("\\f"),
                '\n' => self.out.push_str("\\n"),
                '\r' => self.out.push_str("\\r"),
                '\t' => self.out.push_str("\\t"),
                control @ '\0'..'\u{20}' => {
                    self.out.push_str(&format!("\\u{:04x}", u32::from(control)));
                }
                plain => self.out.push(plain),
            }
        }
        self.out.push('"');
    }

    fn number(&mut self) -> Result<(), Failed> {
        let from = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        let written = &self.text[from..self.at];
        let value: f64 = written.parse().map_err(|_| self.syntax("a number"))?;
        if !value.is_finite() {
            return Err(Reason::NumberChanges.into());
        }
        // JSON.stringify writes -0 as 0, and a comparison of decimals finds nothing lost.
        let value = if value == 0.0 { 0.0 } else { value };
        let mut buffer = ryu_js::Buffer::new();
        let spelled = buffer.format_finite(value);
        if Decimal::read(written) != Decimal::read(spelled) {
            return Err(Reason::NumberChanges.into());
        }
        self.out.push_str(spelled);
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Failed> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(self.syntax("a digit"));
        }
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        Ok(())
    }
}

/// Sorts the keys instead of comparing each with each: an object may have very many.
fn refuse_duplicates(members: &[Member]) -> Result<(), Failed> {
    let mut keys: Vec<&str> = members.iter().map(|m| m.key.as_str()).collect();
    keys.sort_unstable();
    match keys.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(Failed::from(Reason::DuplicateKey).within(pair[0].to_owned())),
        None => Ok(()),
    }
}

/// The number of a key that ECMAScript takes for an array index: 0 to 2^32 - 2, without leading zeros.
fn array_index(key: &str) -> Option<u32> {
    let canonical =
        key == "0" || (key.bytes().all(|b| b.is_ascii_digit()) && !key.starts_with('0'));
    key.parse().ok().filter(|n| canonical && *n < u32::MAX)
}

/// The exact value of a decimal spelling: sign, digits without zeros at either end, and the power
/// of ten of the last digit. Two spellings mean the same number exactly when these are equal.
#[derive(PartialEq, Eq)]
struct Decimal {
    negative: bool,
    digits: String,
    exponent: i128,
}

impl Decimal {
    fn read(text: &str) -> Option<Self> {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        let digits = all.trim_start_matches('0').trim_end_matches('0');
        if digits.is_empty() {
            // Zero is zero, whatever its sign and exponent.
            return Some(Self {
                negative: false,
                digits: String::new(),
                exponent: 0,
            });
        }
        let trailing = all.len() - all.trim_end_matches('0').len();
        let shift = i128::try_from(trailing).ok()? - i128::try_from(fraction.len()).ok()?;
        // An exponent that does not fit is of no number that JavaScript could keep.
        let exponent = exponent.parse::<i64>().ok()?;
        Some(Self {
            negative,
            digits: digits.to_owned(),
            exponent: i128::from(exponent) + shift,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::Deserialize;

    #[derive(Deserialize)]
    struct Vectors {
        stable: Vec<StableCase>,
        refused: Vec<RefusedCase>,
    }

    #[derive(Deserialize)]
    struct StableCase {
        name: String,
        data: String,
        stable: String,
    }

    #[derive(Deserialize)]
    struct RefusedCase {
        name: String,
        data: String,
        refused_at: String,
    }

    #[test]
    fn every_case_of_the_vectors_is_met() {
        let text = include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/data/vectors/json_stable.json"
        ));
        let vectors: Vectors = serde_json::from_str(text).unwrap();
        assert!(vectors.stable.len() >= 20 && vectors.refused.len() >= 7);
        for case in vectors.stable {
            assert_eq!(stabilize(&case.data), Ok(case.stable), "{}", case.name);
        }
        for case in vectors.refused {
            let refusal = stabilize(&case.data).unwrap_err();
            assert_eq!(refusal.pointer, case.refused_at, "{}", case.name);
            assert!(!refusal.is_syntax(), "{}", case.name);
        }
    }

    #[test]
    fn what_is_not_json_is_refused_as_such() {
        for text in [
            "",
            " ",
            "{",
            "}",
            "[1,]",
            "{\"a\":1,}",
            "{a:1}",
            "01",
            "1.",
            ".5",
            "+1",
            "-",
            "1e",
            "\"",
            "\"\\x\"",
            "\"\\u12\"",
            "\"\\u+123\"",
            "\"\n\"",
            "tru",
            "nul",
            "[1 2]",
            "{\"a\" 1}",
            "\u{feff}{}",
            "{} {}",
            "NaN",
            "[,1]",
            "{,}",
            "'a'",
        ] {
            assert!(stabilize(text).is_err_and(|r| r.is_syntax()), "{text}");
        }
    }

    #[test]
    fn depth_and_exponents_are_bounded() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(stabilize(&nested(DEEPEST)).is_ok());
        assert_eq!(
            stabilize(&nested(DEEPEST + 1)).unwrap_err().reason,
            Reason::TooDeep
        );
        assert!(stabilize(&nested(1_000_000)).is_err());
        assert_eq!(stabilize("0e99999999999999999999"), Ok("0".to_owned()));
        for text in [
            "1e99999999999999999999",
            "1e-99999999999999999999",
            "1e-400",
        ] {
            assert_eq!(
                stabilize(text).unwrap_err().reason,
                Reason::NumberChanges,
                "{text}"
            );
        }
    }

    #[test]
    fn a_pointer_is_escaped_and_a_long_one_is_cut() {
        let refusal = stabilize(r#"{"a/b":{"c~d":[1,1e400]}}"#).unwrap_err();
        assert_eq!(refusal.pointer, "/a~1b/c~0d/1");
        let long = format!("{{\"{}\":1e400}}", "k".repeat(10_000));
        assert!(stabilize(&long).unwrap_err().to_string().len() < 400);
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i32>().prop_map(Into::into),
            (-1e15_f64..1e15).prop_map(Into::into),
            ".{0,12}".prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
                prop::collection::btree_map("[0-9]{0,3}|.{0,6}", inner, 0..6)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_value_changes_and_a_second_time_changes_nothing(document in json()) {
            let stable = stabilize(&document.to_string()).unwrap();
            prop_assert_eq!(stabilize(&stable), Ok(stable.clone()));
            let again: serde_json::Value = serde_json::from_str(&stable).unwrap();
            prop_assert_eq!(as_javascript(&again), as_javascript(&document));
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,60}|[\\[\\]{}\",:0-9eE.+\\\\u-]{0,60}") {
            let _ = stabilize(&text);
        }
    }

    /// JavaScript has one kind of number.
    fn as_javascript(value: &serde_json::Value) -> serde_json::Value {
        match value {
            serde_json::Value::Number(n) => n.as_f64().map_or(0.0, |n| n + 0.0).into(),
            serde_json::Value::Array(items) => items.iter().map(as_javascript).collect(),
            serde_json::Value::Object(map) => map
                .iter()
                .map(|(k, v)| (k.clone(), as_javascript(v)))
                .collect(),
            other => other.clone(),
        }
    }
}
