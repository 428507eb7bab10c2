//! The person who types a command, and texts that somebody else wrote.

use serde_json::Value;

use crate::config::Environment;
use crate::language::Language;
pub(super) use crate::language::Speech;

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
pub(crate) fn harmless(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
