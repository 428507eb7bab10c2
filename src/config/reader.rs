//! Reading TOML so that every mistake is found in one go, each with its line and key.

use std::ops::RangeInclusive;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

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
        };
        for error in errors {
            let start = error.span().map_or(0, |span| span.start);
            let line = document.line(start);
            let kind = Kind::NotToml {
                said: error.message().to_owned(),
                column: document.column(start),
            };
            document.mistake(line, "", kind);
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

    fn mistake(&mut self, line: usize, key: &str, kind: Kind) {
        self.found.push(Found {
            line,
            key: key.to_owned(),
            kind,
        });
    }

    /// Says that a value is not what is accepted.
    pub(super) fn refuse(&mut self, value: &Value<'_>, expected: Expected) {
        self.mistake(value.line, &value.key, Kind::Expected(expected));
    }

    /// Says that what stands at a key is not what is accepted.
    pub(super) fn refuse_at(&mut self, line: usize, key: &str, expected: Expected) {
        self.mistake(line, key, Kind::Expected(expected));
    }

    /// The mistakes, in the order of their lines.
    pub(super) fn into_found(mut self) -> Vec<Found> {
        self.found.sort_by_key(|found| found.line);
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
        self.known.push(name);
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
                _ => document.refuse(&value, Expected::Table(name.to_owned())),
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
            document.refuse(&value, Expected::Tables(name.to_owned()));
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
                _ => document.refuse_at(line, &value.key, Expected::Tables(name.to_owned())),
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

    /// Whether the key is there and not yet taken.
    pub(super) fn has(&self, name: &str) -> bool {
        self.table.contains_key(name)
    }

    /// Takes true or false; `usual` when it is not there.
    pub(super) fn flag(
        &mut self,
        document: &mut Document<'_>,
        name: &'static str,
        usual: bool,
    ) -> bool {
        let read = |value: &DeValue<'_>| match value {
            DeValue::Boolean(flag) => Some(*flag),
            _ => None,
        };
        self.value(document, name, Expected::TrueOrFalse, read)
            .unwrap_or(usual)
    }

    /// Says that a key that is needed is not there.
    pub(super) fn lacks(&self, document: &mut Document<'_>, name: &str, expected: Expected) {
        document.refuse_at(self.line, &self.dotted(name), expected);
    }

    /// Takes a text and reads it further; `usual` when it is not there or not what is expected.
    pub(super) fn parsed<T>(
        &mut self,
        document: &mut Document<'_>,
        name: &'static str,
        usual: T,
        expected: Expected,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> T {
        let read = |value: &DeValue<'_>| match value {
            DeValue::String(text) => parse(text),
            _ => None,
        };
        self.value(document, name, expected, read).unwrap_or(usual)
    }

    /// Takes a whole number within `range`; `usual` when it is not there.
    pub(super) fn number(
        &mut self,
        document: &mut Document<'_>,
        name: &'static str,
        usual: u64,
        range: &RangeInclusive<u64>,
    ) -> u64 {
        let expected = Expected::Whole(*range.start(), *range.end());
        self.value(document, name, expected, |value| whole(value, range))
            .unwrap_or(usual)
    }

    /// Takes a list, each entry read by `entry`; `usual` when it is not there.
    pub(super) fn list<T>(
        &mut self,
        document: &mut Document<'_>,
        name: &'static str,
        usual: Vec<T>,
        expected: Expected,
        entry: impl Fn(&DeValue<'_>) -> Option<T>,
    ) -> Vec<T> {
        let read = |value: &DeValue<'_>| match value {
            DeValue::Array(items) => items.iter().map(|item| entry(item.get_ref())).collect(),
            _ => None,
        };
        self.value(document, name, expected, read).unwrap_or(usual)
    }

    /// Ends the section: every key that is left is unknown, and a mistake.
    pub(super) fn finish(self, document: &mut Document<'_>) {
        for (key, _) in &self.table {
            let line = document.line(key.span().start);
            let kind = Kind::Unknown(self.known.clone());
            document.mistake(line, &self.dotted(key.get_ref()), kind);
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

/// A whole number within `range`.
pub(super) fn whole(value: &DeValue<'_>, range: &RangeInclusive<u64>) -> Option<u64> {
    match value {
        DeValue::Integer(number) => u64::from_str_radix(number.as_str(), number.radix())
            .ok()
            .filter(|number| range.contains(number)),
        _ => None,
    }
}
