//! What a 2xx of a hook says in its body. Some answer 200 to whatever comes, and that it failed in the body; a portal or
//! a page where one logs in answers 200 to everything.
//!
//! The rule: a body is read as JSON, whether it is JSON, XML, pairs or a text. It says failure when
//! - all of it is a no (`false`, `0`), or a text that says failure: in English by its first word, in Japanese by a word of
//!   failure anywhere; a word of which the text says that there is none (`error: 0`, エラーなし) is no word of failure;
//! - or a field of it says so by the kind of its name, below. A field inside of another counts like one outside, unless the
//!   outer one says yes; then only a plain no does.
//!
//! What is none of that counts as taken, and so does a text that repeats the message: it says what the message says.

mod reading;

use serde_json::{Map, Value};

use crate::words::failure_words::{
    BAD, BAD_JAPANESE, BETWEEN, CODES, DENIALS, FAULT_CODES, FAULTS, GOOD, MESSAGES, STATUSES,
    YES_OR_NO,
};

/// What a body that should be that of a success says instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Contradiction {
    /// That it failed.
    Failed,
    /// It is a page for people, such as one where one logs in.
    Page,
}

/// What `body` says against the success of its status; none: nothing. `sent`: a line of the message, by which a text that
/// repeats the message is known.
pub(super) fn contradiction(body: &str, sent: Option<&str>) -> Option<Contradiction> {
    let body = body.trim_start_matches('\u{feff}').trim();
    if is_page(body) {
        return Some(Contradiction::Page);
    }
    let failed = Judge { sent }.says_failure(&reading::read(body));
    failed.then_some(Contradiction::Failed)
}

fn is_page(body: &str) -> bool {
    let small = body.to_ascii_lowercase();
    small.starts_with('<')
        && ["<html", "<!doctype html"]
            .iter()
            .any(|tag| small.contains(tag))
}

struct Judge<'a> {
    sent: Option<&'a str>,
}

impl Judge<'_> {
    fn says_failure(&self, answer: &Value) -> bool {
        match answer {
            Value::Object(answer) => self.of_object(answer),
            Value::Array(answers) => answers
                .iter()
                .any(|one| one.is_object() && self.says_failure(one)),
            answer => self.is_no(answer),
        }
    }

    fn of_object(&self, answer: &Map<String, Value>) -> bool {
        let find = |names: &[&str], holds: &dyn Fn(&Value) -> bool| {
            answer
                .iter()
                .any(|(name, value)| is_one_of(name, names) && holds(value))
        };
        let is_denied = find(YES_OR_NO, &|value| self.is_no(value))
            || find(FAULTS, &is_something)
            || find(FAULT_CODES, &is_fault_code)
            || find(STATUSES, &|value| self.is_bad_status(value));
        let is_told = find(YES_OR_NO, &is_yes) || find(STATUSES, &is_yes);
        let sounds_bad = find(CODES, &is_bad_code) || find(MESSAGES, &|v| self.is_bad_message(v));
        let mut inside = answer
            .values()
            .filter(|one| one.is_object() || one.is_array());
        is_denied
            || (!is_told && sounds_bad)
            || inside.any(|one| {
                if is_told {
                    has_plain_no(one)
                } else {
                    self.says_failure(one)
                }
            })
    }

    fn is_no(&self, value: &Value) -> bool {
        is_plain_no(value) || value.as_str().is_some_and(|text| self.is_failure(text))
    }

    fn is_bad_status(&self, value: &Value) -> bool {
        match number(value) {
            Some(status) => (400..600).contains(&status),
            None => !is_yes(value) && self.is_bad_message(value),
        }
    }

    fn is_bad_message(&self, value: &Value) -> bool {
        value.as_str().is_some_and(|text| self.is_failure(text))
    }

    /// Whether a text says failure, and not what was sent.
    fn is_failure(&self, text: &str) -> bool {
        let repeats = self.sent.is_some_and(|sent| text.contains(sent));
        !repeats && (begins_with_failure(text) || has_failure(text))
    }
}

fn is_one_of(name: &str, names: &[&str]) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Whether a field for yes or no says no, however deep.
fn has_plain_no(answer: &Value) -> bool {
    match answer {
        Value::Object(answer) => answer.iter().any(|(name, value)| {
            (is_one_of(name, YES_OR_NO) && is_plain_no(value)) || has_plain_no(value)
        }),
        Value::Array(answers) => answers.iter().any(has_plain_no),
        _ => false,
    }
}

fn is_plain_no(value: &Value) -> bool {
    match value {
        Value::Bool(yes) => !yes,
        Value::Number(_) => number(value) == Some(0),
        Value::String(text) => {
            let is_no = |no: &&str| text.trim().eq_ignore_ascii_case(no);
            ["false", "no", "0"].iter().any(is_no)
        }
        _ => false,
    }
}

fn is_yes(value: &Value) -> bool {
    *value == Value::Bool(true) || word(value).is_some_and(|word| GOOD.contains(&word.as_str()))
}

fn is_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(there) => *there,
        Value::Number(_) => number(value) != Some(0),
        Value::String(text) => {
            !text.trim().is_empty() && !is_yes(value) && !is_plain_no(value) && !is_denial(text)
        }
        Value::Array(list) => list.iter().any(is_something),
        Value::Object(map) => map.values().any(is_something),
    }
}

fn is_fault_code(value: &Value) -> bool {
    match number(value) {
        Some(code) => code != 0,
        None => is_something(value),
    }
}

/// Zero, and what HTTP calls a success, are good. A word has to be one of failure, or have one in it.
fn is_bad_code(value: &Value) -> bool {
    match number(value) {
        Some(code) => code != 0 && !(200..300).contains(&code),
        None => word(value).is_some_and(|word| {
            let mut parts = word.split(|c: char| !c.is_alphanumeric());
            !GOOD.contains(&word.as_str()) && parts.any(|part| BAD.contains(&part))
        }),
    }
}

/// A whole number, perhaps written as a text.
fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn word(value: &Value) -> Option<String> {
    value.as_str().map(|text| text.trim().to_ascii_lowercase())
}

/// Whether the first word of a text is one of failure.
fn begins_with_failure(text: &str) -> bool {
    let is_end = |c: char| !c.is_alphanumeric();
    let text = text.trim_start_matches(is_end);
    let (first, rest) = text.split_at(text.find(is_end).unwrap_or(text.len()));
    BAD.contains(&first.to_ascii_lowercase().as_str()) && !is_denial(rest)
}

/// Whether a word of failure stands in a Japanese text.
fn has_failure(text: &str) -> bool {
    BAD_JAPANESE.iter().any(|word| {
        let mut found = text.match_indices(word);
        found.any(|(at, _)| !is_denial(&text[at + word.len()..]))
    })
}

/// Whether what follows a word of failure says that there is none.
fn is_denial(rest: &str) -> bool {
    let mut rest = rest;
    while let Some(shorter) = BETWEEN.iter().find_map(|word| rest.strip_prefix(word)) {
        rest = shorter;
    }
    let digits = rest
        .split(|c: char| !c.is_ascii_digit())
        .next()
        .unwrap_or("");
    if !digits.is_empty() {
        return digits.chars().all(|digit| digit == '0');
    }
    let small = rest.to_ascii_lowercase();
    DENIALS.iter().any(|denial| {
        let after = small.strip_prefix(denial);
        after.is_some_and(|after| !denial.is_ascii() || !after.contains(char::is_alphanumeric))
    })
}

#[cfg(test)]
mod tests;
