//! The language and time zone of the person who types a command.

use serde_json::Value;

use crate::config::{Config, Environment};
use crate::language::Language;
pub(super) use crate::language::Locale;

/// The language of a person where no configuration is: that of the configuration's default, unless the
/// environment asks for English. `C` asks for nothing: it is what a server has that nobody has set up.
pub(super) fn language_of(environment: &Environment) -> Language {
    let set = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter();
    let mut set = set.filter_map(|name| environment.var(name));
    match set.find(|locale| !locale.is_empty()) {
        Some(locale) if locale.starts_with("en") => Language::En,
        _ => Config::default().language,
    }
}

/// The text of a JSON string; a dash for everything else.
pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn japanese_is_spoken_where_nobody_asks_for_english() {
        let of = |set: [(&str, &str); 2]| language_of(&Environment::from(set));
        for japanese in [
            [("LANG", "C.UTF-8"), ("LC_ALL", "")],
            [("LANG", "ja_JP.UTF-8"), ("LC_ALL", "")],
            [("LC_ALL", "ja_JP.UTF-8"), ("LANG", "en_US.UTF-8")],
            [("LC_ALL", "C"), ("LANG", "en_US.UTF-8")],
        ] {
            assert_eq!(of(japanese), Language::Ja, "{japanese:?}");
        }
        for english in [
            [("LC_ALL", ""), ("LANG", "en_GB.UTF-8")],
            [("LC_MESSAGES", "en_US.UTF-8"), ("LANG", "ja_JP.UTF-8")],
        ] {
            assert_eq!(of(english), Language::En, "{english:?}");
        }
    }
}
