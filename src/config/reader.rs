//! Reading TOML so that every mistake is found in one go, each with its line and key.

use std::ops::{Range, RangeInclusive};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::env_file::is_wide;
use super::{Expected, Kind};

/// A mistake in the file: where, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// The line's number, from 1.
    pub(super) line: usize,
    /// Dotted, such as `server.listen`; empty for the file itself.
    pub(super) key: String,
    /// What is wrong.
    pub(super) kind: Kind,
}

/// The whole file, and the mistakes found in it so far.
pub(super) struct Document<'a> {
    text: &'a str,
    found: Vec<Found>,
    /// Lines of which nobody can say what was meant.
    unclear: Vec<Range<usize>>,
}

/// One table of the file. Each key is taken once by its name; what is left is unknown.
pub(super) struct Section<'a> {
    name: String,
    line: usize,
    table: DeTable<'a>,
    known: Vec<&'static str>,
}

/// A value with its place.
pub(super) struct Value<'a> {
    key: String,
    line: usize,
    content: DeValue<'a>,
}

impl<'a> Document<'a> {
    /// Parses a file. What is not TOML is a mistake, and the rest is read all the same.
    pub(super) fn parse(text: &'a str) -> (Self, Section<'a>) {
        let (root, errors) = DeTable::parse_recoverable(text);
        let mut document = Self {
            text,
            found: Vec::new(),
            unclear: Vec::new(),
        };
        for error in errors {
            let start = error.span().map_or(0, |span| span.start);
            let line = document.line(start);
            let kind = match wide_character(document.text_of(line)) {
                Some((column, character)) => Kind::WideCharacter { character, column },
                None => Kind::NotToml {
                    said: error.message().to_owned(),
                    column: document.column(start),
                },
            };
            document.error(line, "", kind);
            document.unclear.push(document.spoiled_by(line));
        }
        let root = Section {
            name: String::new(),
            line: 1,
            table: root.into_inner(),
            known: Vec::new(),
        };
        (document, root)
    }

    fn line(&self, byte: usize) -> usize {
        let before = self.text.as_bytes().iter().take(byte);
        before.filter(|b| **b == b'\n').count() + 1
    }

    /// In characters, from 1.
    fn column(&self, byte: usize) -> usize {
        let before = self.text.get(..byte).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        line.chars().count() + 1
    }

    /// A line, counted from 1, without the mark that some editors begin a file with.
    fn text_of(&self, line: usize) -> &'a str {
        let text = self.text.strip_prefix('\u{feff}').unwrap_or(self.text);
        text.lines().nth(line - 1).unwrap_or_default()
    }

    /// The lines that say nothing when this one is not understood: with a heading, all up to the next one, whose keys
    /// were read as those of another table.
    fn spoiled_by(&self, line: usize) -> Range<usize> {
        let begins_with = |text: &str, marks: &[char]| text.trim_start().starts_with(marks);
        if !begins_with(self.text_of(line), &['[', '［']) {
            return line..line + 1;
        }
        let mut behind = self.text.lines().skip(line);
        let keys = behind.position(|text| begins_with(text, &['[']));
        line..keys.map_or(usize::MAX, |keys| line + keys + 1)
    }

    fn error(&mut self, line: usize, key: &str, kind: Kind) {
        self.found.push(Found {
            line,
            key: key.to_owned(),
            kind,
        });
    }

    /// Says that a value is not what is accepted.
    pub(super) fn refuse(&mut self, value: &Value<'_>, expected: Expected) {
        self.error(value.line, &value.key, Kind::Expected(expected));
    }

    /// Says that what stands at a key is not what is accepted.
    pub(super) fn refuse_at(&mut self, line: usize, key: &str, expected: Expected) {
        self.error(line, key, Kind::Expected(expected));
    }

    /// The mistakes, in the order of their lines.
    pub(super) fn into_found(mut self) -> Vec<Found> {
        let unclear = self.unclear;
        self.found.retain(|found| {
            let of_writing = matches!(
                found.kind,
                Kind::NotToml { .. } | Kind::WideCharacter { .. }
            );
            of_writing || !unclear.iter().any(|lines| lines.contains(&found.line))
        });
        self.found.sort_by_key(|found| found.line);
        self.found.dedup();
        self.found
    }
}

impl Value<'_> {
    /// The value, when it is a text.
    pub(super) fn text(&self) -> Option<&str> {
        self.content.as_str()
    }
}

impl<'a> Section<'a> {
    /// Takes a value out of the section.
    pub(super) fn take(
        &mut self,
        document: &Document<'_>,
        name: &'static str,
    ) -> Option<Value<'a>> {
        self.know(name);
        let (key, value) = self.table.remove_entry(name)?;
        Some(Value {
            line: document.line(key.span().start),
            key: self.dotted(name),
            content: Spanned::into_inner(value),
        })
    }

    /// The line on which the section begins.
    pub(super) fn line(&self) -> usize {
        self.line
    }

    /// Takes a table out of the section; an empty one when it is not there.
    pub(super) fn section(
        &mut self,
        document: &mut Document<'_>,
        name: &'static str,
    ) -> Section<'a> {
        let mut section = Section {
            name: self.dotted(name),
            line: self.line,
            table: DeTable::new(),
            known: Vec::new(),
        };
        if let Some(value) = self.take(document, name) {
            section.line = value.line;
            match value.content {
                DeValue::Table(table) => section.table = table,
                _ => document.refuse(&value, Expected::Table(value.key.clone())),
            }
        }
        section
    }

    /// Takes an array of tables out of the section, such as `[[route]]`.
    pub(super) fn tables(
        &mut self,
        document: &mut Document<'_>,
        name: &'static str,
    ) -> Vec<Section<'a>> {
        let Some(value) = self.take(document, name) else {
            return Vec::new();
        };
        let DeValue::Array(items) = value.content else {
            document.refuse(&value, Expected::Tables(value.key.clone()));
            return Vec::new();
        };
        let mut sections = Vec::new();
        for item in items {
            let line = document.line(item.span().start);
            match item.into_inner() {
                DeValue::Table(table) => sections.push(Section {
                    name: value.key.clone(),
                    line,
                    table,
                    known: Vec::new(),
                }),
                _ => document.refuse_at(line, &value.key, Expected::Tables(value.key.clone())),
            }
        }
        sections
    }

    /// Takes every table that is left, each with its name, such as `[profile.NAME]`.
    pub(super) fn named_tables(
        &mut self,
        document: &mut Document<'_>,
    ) -> Vec<(String, Section<'a>)> {
        let mut sections = Vec::new();
        for (key, value) in std::mem::take(&mut self.table) {
            let line = document.line(key.span().start);
            let dotted = self.dotted(key.get_ref());
            match value.into_inner() {
                DeValue::Table(table) => {
                    let section = Section {
                        name: dotted,
                        line,
                        table,
                        known: Vec::new(),
                    };
                    sections.push((key.into_inner().into_owned(), section));
                }
                _ => document.refuse_at(line, &dotted, Expected::Table(dotted.clone())),
            }
        }
        sections
    }

    /// Takes a table of texts, each read by `entry`; empty when it is not there.
    pub(super) fn texts(
        &mut self,
        document: &mut Document<'_>,
        name: &'static str,
        expected: Expected,
        entry: impl Fn(&str, &str) -> bool,
    ) -> Vec<(String, String)> {
        let read = |value: &DeValue<'_>| match value {
            DeValue::Table(table) => table
                .iter()
                .map(|(key, value)| {
                    let (key, text) = (key.get_ref().as_ref(), value.get_ref().as_str()?);
                    entry(key, text).then(|| (key.to_owned(), text.to_owned()))
                })
                .collect(),
            _ => None,
        };
        self.value(document, name, expected, read)
            .unwrap_or_default()
    }

    fn know(&mut self, name: &'static str) {
        if !self.known.contains(&name) {
            self.known.push(name);
        }
    }

    /// Whether the key is there and not yet taken.
    pub(super) fn has(&mut self, name: &'static str) -> bool {
        self.know(name);
        self.table.contains_key(name)
    }

    /// Takes true or false; `default` when it is not there.
    pub(super) fn flag(
        &mut self,
        document: &mut Document<'_>,
        name: &'static str,
        default: bool,
    ) -> bool {
        let read = |value: &DeValue<'_>| match value {
            DeValue::Boolean(flag) => Some(*flag),
            _ => None,
        };
        self.value(document, name, Expected::TrueOrFalse, read)
            .unwrap_or(default)
    }

    /// Says that a key that is needed is not there.
    pub(super) fn missing(&self, document: &mut Document<'_>, name: &str, expected: Expected) {
        document.refuse_at(self.line, &self.dotted(name), expected);
    }

    /// Takes a text and reads it further; `default` when it is not there or not what is expected.
    pub(super) fn parsed<T>(
        &mut self,
        document: &mut Document<'_>,
        name: &'static str,
        default: T,
        expected: Expected,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> T {
        let read = |value: &DeValue<'_>| match value {
            DeValue::String(text) => parse(text),
            _ => None,
        };
        self.value(document, name, expected, read)
            .unwrap_or(default)
    }

    /// Takes a whole number within `range`; `default` when it is not there.
    pub(super) fn number(
        &mut self,
        document: &mut Document<'_>,
        name: &'static str,
        default: u64,
        range: &RangeInclusive<u64>,
    ) -> u64 {
        let expected = Expected::Whole(*range.start(), *range.end());
        self.value(document, name, expected, |value| whole(value, range))
            .unwrap_or(default)
    }

    /// Takes a list, each entry read by `entry`; `default` when it is not there.
    pub(super) fn list<T>(
        &mut self,
        document: &mut Document<'_>,
        name: &'static str,
        default: Vec<T>,
        expected: Expected,
        entry: impl Fn(&DeValue<'_>) -> Option<T>,
    ) -> Vec<T> {
        let Some(value) = self.take(document, name) else {
            return default;
        };
        let DeValue::Array(items) = &value.content else {
            document.refuse(&value, expected);
            return default;
        };
        let mut read = Vec::new();
        for (number, item) in (1..).zip(items) {
            let Some(item_read) = entry(item.get_ref()) else {
                // Of one entry alone there is no doubt which it is.
                let (line, key) = match items.len() {
                    1 => (value.line, value.key.clone()),
                    _ => (
                        document.line(item.span().start),
                        format!("{}[{number}]", value.key),
                    ),
                };
                document.refuse_at(line, &key, expected);
                return default;
            };
            read.push(item_read);
        }
        read
    }

    /// Ends the section: every key that is left is unknown, and a mistake.
    pub(super) fn finish(self, document: &mut Document<'_>) {
        for (key, _) in &self.table {
            let line = document.line(key.span().start);
            let kind = Kind::Unknown(self.known.clone());
            document.error(line, &self.dotted(key.get_ref()), kind);
        }
    }

    /// Takes a value and reads it; none when it is not there or not what is expected.
    pub(super) fn value<T>(
        &mut self,
        document: &mut Document<'_>,
        name: &'static str,
        expected: Expected,
        read: impl FnOnce(&DeValue<'_>) -> Option<T>,
    ) -> Option<T> {
        let value = self.take(document, name)?;
        let result = read(&value.content);
        if result.is_none() {
            document.refuse(&value, expected);
        }
        result
    }

    fn dotted(&self, name: &str) -> String {
        if self.name.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.name)
        }
    }
}

/// The first full-width or invisible character outside of texts and comments, or in the place of a closing quote: at
/// which character of the line, from 1, and which.
fn wide_character(line: &str) -> Option<(usize, char)> {
    let (mut open, mut instead_of_quote) = (None, None);
    let mut characters = (1..).zip(line.chars());
    while let Some((column, c)) = characters.next() {
        match open {
            None if c == '#' => return None,
            None if is_wide(c) => return Some((column, c)),
            None if matches!(c, '"' | '\'') => open = Some(c),
            Some('"') if c == '\\' => {
                characters.next();
            }
            Some(quote) if c == quote => (open, instead_of_quote) = (None, None),
            Some(_) if matches!(c, '“' | '”' | '＂' | '‘' | '’' | '＇') => {
                instead_of_quote = instead_of_quote.or(Some((column, c)));
            }
            _ => {}
        }
    }
    instead_of_quote
}

/// A whole number within `range`.
pub(super) fn whole(value: &DeValue<'_>, range: &RangeInclusive<u64>) -> Option<u64> {
    match value {
        DeValue::Integer(number) => u64::from_str_radix(number.as_str(), number.radix())
            .ok()
            .filter(|number| range.contains(number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::wide_character;

    #[test]
    fn a_wide_character_counts_outside_of_texts_and_where_a_quote_should_close() {
        for (line, found) in [
            ("timeout_seconds = ５", Some((19, '５'))),
            ("\u{3000}url = \"x\"", Some((1, '\u{3000}'))),
            ("url = ”https://x.example/”", Some((7, '”'))),
            ("name = \"医院”", Some((11, '”'))),
            ("name = \"医院\" \u{3000}", Some((13, '\u{3000}'))),
            ("name = \"a\\\"医\" = 1", None),
            ("name = \"“医院”\" = 1", None),
            ("x = # 医院", None),
            ("", None),
        ] {
            assert_eq!(wide_character(line), found, "{line}");
        }
    }
}
