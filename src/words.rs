//! Everything that is said to people, in Japanese and in English: one file a subject, and both languages side
//! by side, so that a sentence without its pair cannot be written. What the sentences are about stands with the
//! nouns, in the other rooms. JSON, its keys, and the log are English. Which Japanese word stands for what is decided in
//! `tests/it/wording.rs`.

/// Makes a sentence in the language of the one who reads it.
macro_rules! both {
    ($language:expr, $ja:literal, $en:literal) => {
        match $language {
            $crate::language::Language::Ja => format!($ja),
            $crate::language::Language::En => format!($en),
        }
    };
}

/// Makes a list of short texts, each in both languages.
macro_rules! phrases {
    ($(#[$about:meta])* $name:ident { $($phrase:ident: $ja:literal, $en:literal;)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum $name {
            $($phrase),+
        }

        impl $crate::words::Phrase for $name {
            fn pair(self) -> (&'static str, &'static str) {
                match self {
                    $(Self::$phrase => ($ja, $en)),+
                }
            }
        }
    };
}

pub(crate) mod alerts;
pub mod answers;
pub(crate) mod audits;
mod causes;
mod certificates;
pub(crate) mod checks;
pub(crate) mod clocks;
pub(crate) mod commands;
pub(crate) mod config_errors;
mod config_notes;
mod copies;
pub(crate) mod daemon;
pub(crate) mod deliveries;
pub(crate) mod demo;
pub(crate) mod events;
pub(crate) mod examinations;
mod expected;
pub(crate) mod exports;
pub(crate) mod failure_words;
mod failures;
mod files;
mod findings;
pub(crate) mod holds;
pub(crate) mod imports;
mod interviews;
mod json;
mod kept;
mod key_pairs;
pub(crate) mod kpis;
pub(crate) mod monitor;
pub(crate) mod moves;
pub(crate) mod objections;
pub(crate) mod payloads;
pub(crate) mod receivers;
pub(crate) mod reconciliations;
pub(crate) mod recoveries;
pub(crate) mod restores;
pub(crate) mod staff;
pub(crate) mod stats;
pub(crate) mod status;
pub mod system;
pub(crate) mod tokens;
mod toml;
mod troubles;
pub mod usage;

use std::fmt::Display;

use crate::language::{Language, Locale};

const MIB: f64 = 1_048_576.0;
const GIB: f64 = 1024.0 * MIB;

/// A size as people read it, the same everywhere: in MiB, from 1 GiB on in GiB.
#[allow(clippy::cast_precision_loss, reason = "one digit is shown")]
pub(crate) fn size(bytes: u64) -> String {
    let bytes = bytes as f64;
    if bytes < GIB {
        format!("{:.1} MiB", bytes / MIB)
    } else {
        format!("{:.1} GiB", bytes / GIB)
    }
}

/// A number of things in English: `1 event`, `2 events`.
pub(crate) fn counted(number: impl Display, thing: &str) -> String {
    let number = number.to_string();
    let s = if number == "1" { "" } else { "s" };
    format!("{number} {thing}{s}")
}

/// Text that somebody else wrote, without the control characters that would play tricks on a
/// terminal.
pub(crate) fn harmless(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// A short text in both languages.
pub(crate) trait Phrase {
    /// In Japanese, and in English.
    fn pair(self) -> (&'static str, &'static str);
}

/// Templates hand over what they name by reference.
impl<P: Phrase + Copy> Phrase for &P {
    fn pair(self) -> (&'static str, &'static str) {
        (*self).pair()
    }
}

impl Language {
    /// The text of this language.
    pub(crate) fn phrase(self, phrase: impl Phrase) -> &'static str {
        let (ja, en) = phrase.pair();
        self.say(ja, en)
    }
}

impl Locale {
    /// The text of the person's language.
    pub(crate) fn phrase(self, phrase: impl Phrase) -> &'static str {
        self.language.phrase(phrase)
    }
}

#[cfg(test)]
mod tests {
    use super::{counted, size};

    #[test]
    fn one_thing_is_not_several() {
        assert_eq!(counted(0, "event"), "0 events");
        assert_eq!(counted(1, "event"), "1 event");
        assert_eq!(counted(serde_json::json!(1), "row"), "1 row");
        assert_eq!(counted(21, "event"), "21 events");
    }

    #[test]
    fn a_size_has_the_unit_that_leaves_something_to_read() {
        let mib = 1 << 20;
        assert_eq!(size(24 * mib), "24.0 MiB");
        assert_eq!(size(1023 * mib), "1023.0 MiB");
        assert_eq!(size(1536 * mib), "1.5 GiB");
    }
}
