//! What is wrong with the payload of an event that a command is given.

use super::json;
use crate::language::Language;
use crate::stable_json::{Reason, Refusal};

/// A payload that is not JSON.
pub(crate) fn not_json(error: &serde_json::Error, language: Language) -> String {
    let (line, column) = (error.line(), error.column());
    let said = json::in_japanese(&error.to_string());
    both!(
        language,
        "内容が JSON として読めません。{said} ({line} 行目、{column} バイト目)",
        "the payload is not JSON: {error}"
    )
}

/// A payload that is JSON, but not an object.
pub(crate) fn no_object(language: Language) -> &'static str {
    language.say(
        "内容は JSON のオブジェクト ({...}) にしてください",
        "the payload must be a JSON object",
    )
}

/// A payload that JavaScript would not read unchanged.
pub(crate) fn unstable(refusal: &Refusal, language: Language) -> String {
    let place = &refusal.pointer;
    let reason = match &refusal.reason {
        Reason::Syntax { offset, .. } => both!(
            language,
            "JSON として読めません ({offset} バイト目)",
            "{refusal}"
        ),
        Reason::TooDeep => both!(
            language,
            "{place} 配列やオブジェクトの重なりが深すぎます",
            "{refusal}"
        ),
        Reason::DuplicateKey => both!(language, "{place} 同じキーが 2 回あります", "{refusal}"),
        Reason::LoneSurrogate => both!(
            language,
            "{place} \\u で書かれた文字が欠けています",
            "{refusal}"
        ),
        Reason::NumberChanges => both!(
            language,
            "{place} JavaScript では正確に扱えない数です。文字列にしてください",
            "{refusal}"
        ),
    };
    reason.trim_start().to_owned()
}
