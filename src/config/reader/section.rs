//! One table of the file, whose keys are read one by one.

use std::ops::RangeInclusive;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::super::{Expected, Kind};
use super::{Document, Value};

/// An unknown key of this length or more, without `_`, may be a secret that was pasted in its place.
const PERHAPS_A_SECRET: usize = 24;

/// One table of the file. Each key is taken once by its name; what is left is unknown.
pub(in crate::config) struct Section<'a> {
    name: String,
    line: usize,
    table: DeTable<'a>,
    known: Vec<&'static str>,
}

impl<'a> Section<'a> {
    pub(super) fn new(name: String, line: usize, table: DeTable<'a>) -> Self {
        Self {
            name,
            line,
            table,
            known: Vec::new(),
        }
    }

    /// Takes a value out of the section.
    pub(in crate::config) fn take(
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
    pub(in crate::config) fn line(&self) -> usize {
        self.line
    }

    /// Takes a table out of the section; an empty one when it is not there.
    pub(in crate::config) fn section(
        &mut self,
        document: &mut Document<'_>,
        name: &'static str,
    ) -> Section<'a> {
        let mut section = Section::new(self.dotted(name), self.line, DeTable::new());
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
    pub(in crate::config) fn tables(
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
                DeValue::Table(table) => {
                    sections.push(Section::new(value.key.clone(), line, table));
                }
                _ => document.refuse_at(line, &value.key, Expected::Tables(value.key.clone())),
            }
        }
        sections
    }

    /// Takes every table that is left, each with its name, such as `[profile.NAME]`.
    pub(in crate::config) fn named_tables(
        &mut self,
        document: &mut Document<'_>,
    ) -> Vec<(String, Section<'a>)> {
        let mut sections = Vec::new();
        for (key, value) in std::mem::take(&mut self.table) {
            let line = document.line(key.span().start);
            let dotted = self.dotted(key.get_ref());
            match value.into_inner() {
                DeValue::Table(table) => {
                    let section = Section::new(dotted, line, table);
                    sections.push((key.into_inner().into_owned(), section));
                }
                _ => document.refuse_at(line, &dotted, Expected::Table(dotted.clone())),
            }
        }
        sections
    }

    /// Takes a table of texts, each read by `entry`; empty when it is not there.
    pub(in crate::config) fn texts(
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
    pub(in crate::config) fn has(&mut self, name: &'static str) -> bool {
        self.know(name);
        self.table.contains_key(name)
    }

    /// Whether the key is there, with a list that has nothing in it.
    pub(in crate::config) fn is_empty_list(&self, name: &str) -> bool {
        let value = self.table.get(name).map(Spanned::get_ref);
        matches!(value, Some(DeValue::Array(items)) if items.is_empty())
    }

    /// Takes true or false; `default` when it is not there.
    pub(in crate::config) fn flag(
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
    pub(in crate::config) fn missing(
        &self,
        document: &mut Document<'_>,
        name: &str,
        expected: Expected,
    ) {
        document.refuse_at(self.line, &self.dotted(name), expected);
    }

    /// Takes a text and reads it further; `default` when it is not there or not what is expected.
    pub(in crate::config) fn parsed<T>(
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
    pub(in crate::config) fn number(
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
    pub(in crate::config) fn list<T>(
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
    pub(in crate::config) fn finish(self, document: &mut Document<'_>) {
        for (key, _) in &self.table {
            let line = document.line(key.span().start);
            let kind = Kind::Unknown(self.known.clone());
            let shown = if key.get_ref().len() < PERHAPS_A_SECRET || key.get_ref().contains('_') {
                key.get_ref()
            } else {
                "..."
            };
            document.error(line, &self.dotted(shown), kind);
        }
    }

    /// Takes a value and reads it; none when it is not there or not what is expected.
    pub(in crate::config) fn value<T>(
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
pub(in crate::config) fn whole(value: &DeValue<'_>, range: &RangeInclusive<u64>) -> Option<u64> {
    match value {
        DeValue::Integer(number) => u64::from_str_radix(number.as_str(), number.radix())
            .ok()
            .filter(|number| range.contains(number)),
        _ => None,
    }
}
