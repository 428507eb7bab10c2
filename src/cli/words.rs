//! The words in which commands speak to a person, Japanese or English.

use serde_json::Value;

use crate::cause::Cause;
use crate::config::Environment;
use crate::language::Language;
pub(super) use crate::language::Speech;
use crate::timestamp::Timestamp;

impl Speech {
    /// A moment as the clock on the wall shows it; `absent` when there is none.
    pub(super) fn moment(self, value: &Value, absent: &str) -> String {
        let moment = value.as_str().and_then(|text| Timestamp::parse(text).ok());
        moment.map_or_else(|| absent.to_owned(), |moment| self.clock(moment))
    }

    /// A status of an event.
    pub(super) fn status(self, word: &str) -> &str {
        match word {
            "accepted" => self.say("送信待ち", "accepted"),
            "retrying" => self.say("再送待ち", "retrying"),
            "delivered" => self.say("送信済み", "delivered"),
            "exhausted" => self.say("要対応", "exhausted"),
            other => other,
        }
    }

    /// One attempt in one line, with what to do about it.
    pub(super) fn attempt(self, attempt: &Value) -> String {
        let number = &attempt["attempt"];
        let took = &attempt["processingTime"];
        let result = match (
            attempt["outcome"].as_str(),
            attempt["errorMessage"].as_str(),
        ) {
            (Some("success"), _) => format!(
                "{} HTTP {}",
                self.say("成功", "success"),
                attempt["httpStatusCode"]
            ),
            (Some("timeout"), Some(error)) => {
                format!("{}: {error}", self.say("時間切れ", "timeout"))
            }
            (_, Some(error)) => format!("{}: {error}", self.say("失敗", "failed")),
            _ => self.say("失敗", "failed").to_owned(),
        };
        let cause = attempt["cause"].as_str().and_then(Cause::from_word);
        let why = cause.map(|cause| format!(" – {}", cause.sentence(self.language)));
        let why = why.unwrap_or_default();
        match self.language {
            Language::Ja => format!("{number}回目 {result} ({took} ms){why}"),
            Language::En => format!("attempt {number}: {result} ({took} ms){why}"),
        }
    }
}

/// The language of a person who has no configuration.
pub(super) fn language_of(environment: &Environment) -> Language {
    let japanese = environment
        .var("LANG")
        .is_some_and(|lang| lang.starts_with("ja"));
    if japanese { Language::Ja } else { Language::En }
}

/// The text of a JSON string; a dash for everything else.
pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("-")
}

/// Text that somebody else wrote, without the control characters that would play tricks on a
/// terminal.
pub(super) fn harmless(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
