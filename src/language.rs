//! How texts for people are written: in Japanese or English, with times of their time zone.

use serde::{Deserialize, Serialize};

use crate::timestamp::Timestamp;
use crate::zone::Zone;

/// The language in which people are spoken to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Language {
    /// Japanese.
    Ja,
    /// English.
    En,
}

impl Language {
    /// The language that this word of the configuration names.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        match word {
            "ja" => Some(Self::Ja),
            "en" => Some(Self::En),
            _ => None,
        }
    }

    /// The one that it is not.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Ja => Self::En,
            Self::En => Self::Ja,
        }
    }

    /// The word of the configuration for it.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.say("ja", "en")
    }

    /// The text of this language.
    #[must_use]
    pub fn say<'a>(self, ja: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Ja => ja,
            Self::En => en,
        }
    }
}

/// A text for a reader whose language is not known yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InBoth {
    ja: String,
    en: String,
}

impl InBoth {
    /// What is said in each language.
    #[must_use]
    pub fn of(say: impl Fn(Language) -> String) -> Self {
        Self {
            ja: say(Language::Ja),
            en: say(Language::En),
        }
    }

    /// The text of this language.
    #[must_use]
    pub fn text(&self, language: Language) -> &str {
        language.say(&self.ja, &self.en)
    }
}

/// How a person is spoken to. Each room that speaks to people adds its own words.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Locale {
    /// In which language.
    pub language: Language,
    /// The time zone of the times that are shown.
    pub timezone: Zone,
}

impl Locale {
    /// The text of the person's language.
    #[must_use]
    pub fn say<'a>(self, ja: &'a str, en: &'a str) -> &'a str {
        self.language.say(ja, en)
    }

    /// A moment as the clock on the wall shows it.
    #[must_use]
    pub fn clock(self, moment: Timestamp) -> String {
        let local = self.timezone.local(moment);
        local.strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// The day of a moment, with its year.
    #[must_use]
    pub fn date(self, moment: Timestamp) -> String {
        self.timezone.local(moment).date().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_named_by_its_word_alone() {
        for language in [Language::Ja, Language::En] {
            assert_eq!(Language::named(language.code()), Some(language));
        }
        assert_eq!(Language::named("en-US,en;q=0.9,ja"), None);
    }
}
