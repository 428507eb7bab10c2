//! Reading TOML so that every mistake is found in one go, each with its line and key.

use std::ops::RangeInclusive;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A mistake in the file: where, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// From 1.
    pub(super) line: usize,
    /// Dotted, such as `server.listen`; empty for the file itself.
    pub(super) key: String,
    /// What is wrong.
    pub(super) kind: super::Kind,
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
            let line = error.span().map_or(1, |span| document.line(span.start));
            let kind = super::Kind::NotToml(error.message().to_owned());
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

    fn mistake(&mut self, line: usize, key: &str, kind: super::Kind) {
        self.found.push(Found {
            line,
            key: key.to_owned(),
            kind,
        });
    }

    /// Says that a value is not what is accepted.
    pub(super) fn refuse(&mut self, value: &Value<'_>, accepted: impl Into<String>) {
        self.mistake(
            value.line,
            &value.key,
            super::Kind::Expected(accepted.into()),
        );
    }

    /// Says that what stands at a key is not what is accepted.
    pub(super) fn refuse_at(&mut self, line: usize, key: &str, accepted: &str) {
        self.mistake(line, key, super::Kind::Expected(accepted.to_owned()));
    }

    /// The mistakes, in the order of their lines.
    pub(super) fn into_found(mut self) -> Vec<Found> {
        self.found.sort_by_key(|found| found.line);
        self.found
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
                _ => document.refuse(&value, format!("a table, written [{name}]")),
            }
        }
        section
    }

    /// Takes a text and reads it further; `usual` when it is not there or not `accepted`.
    pub(super) fn parsed<T>(
        &mut self,
        document: &mut Document<'_>,
        name: &'static str,
        usual: T,
        accepted: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> T {
        let read = |value: &DeValue<'_>| match value {
            DeValue::String(text) => parse(text),
            _ => None,
        };
        self.read(document, name, accepted, read).unwrap_or(usual)
    }

    /// Takes a whole number within `range`; `usual` when it is not there.
    pub(super) fn number(
        &mut self,
        document: &mut Document<'_>,
        name: &'static str,
        usual: u64,
        range: &RangeInclusive<u64>,
    ) -> u64 {
        let accepted = format!("a whole number from {} to {}", range.start(), range.end());
        self.read(document, name, &accepted, |value| whole(value, range))
            .unwrap_or(usual)
    }

    /// Takes a list, each entry read by `entry`; `usual` when it is not there.
    pub(super) fn list<T>(
        &mut self,
        document: &mut Document<'_>,
        name: &'static str,
        usual: Vec<T>,
        accepted: &str,
        entry: impl Fn(&DeValue<'_>) -> Option<T>,
    ) -> Vec<T> {
        let read = |value: &DeValue<'_>| match value {
            DeValue::Array(items) => items.iter().map(|item| entry(item.get_ref())).collect(),
            _ => None,
        };
        self.read(document, name, accepted, read).unwrap_or(usual)
    }

    /// Ends the reading: whatever is left, nothing is known of.
    pub(super) fn finish(self, document: &mut Document<'_>) {
        for (key, _) in &self.table {
            let line = document.line(key.span().start);
            let kind = super::Kind::Unknown(self.known.join(", "));
            document.mistake(line, &self.dotted(key.get_ref()), kind);
        }
    }

    fn read<T>(
        &mut self,
        document: &mut Document<'_>,
        name: &'static str,
        accepted: &str,
        read: impl FnOnce(&DeValue<'_>) -> Option<T>,
    ) -> Option<T> {
        let value = self.take(document, name)?;
        let result = read(&value.content);
        if result.is_none() {
            document.refuse(&value, accepted);
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
