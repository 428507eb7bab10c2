//! Reading TOML so that every mistake is found in one go, each with its line and key.

mod repeated;
mod section;

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::wide_character::wide_character;
use super::{Doubt, Expected, Kind};
use repeated::repeated;
pub(super) use section::{Section, whole};

/// A mistake in the file: where, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FileError {
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
    found: Vec<FileError>,
    /// Lines of which nobody can say what was meant.
    unclear: Vec<Range<usize>>,
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
        let mut document = Self {
            text,
            found: Vec::new(),
            unclear: Vec::new(),
        };
        // It would be one line, with a mistake at each of its ends.
        let returns_alone = text.contains('\r') && !text.contains('\n');
        if returns_alone && text.trim_end().contains('\r') {
            document.error(1, "", Kind::Doubtful(Doubt::ReturnsAlone));
            return (document, Section::new(String::new(), 1, DeTable::new()));
        }
        let (root, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            let start = error.span().map_or(0, |span| span.start);
            let line = document.line(start);
            let kind = document.mistake(error.message(), line, start);
            document.error(line, "", kind);
            document.unclear.push(document.spoiled_by(line));
        }
        let root = Section::new(String::new(), 1, root.into_inner());
        (document, root)
    }

    /// What is wrong on this line, where the parser says this of the character that begins at a byte of the file.
    fn mistake(&self, said: &str, line: usize, byte: usize) -> Kind {
        if let Some((column, character)) = wide_character(self.text_of(line)) {
            return Kind::WideCharacter { character, column };
        }
        let repeated = said
            .contains("duplicate key")
            .then(|| repeated(self.text, line));
        match repeated.flatten() {
            Some((name, first)) => Kind::Repeated {
                name: name.to_owned(),
                first,
            },
            None => Kind::NotToml {
                said: said.to_owned(),
                column: self.column(byte),
            },
        }
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
        self.found.push(FileError {
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
    pub(super) fn into_found(mut self) -> Vec<FileError> {
        let unclear = self.unclear;
        self.found.retain(|found| {
            let of_writing = match found.kind {
                Kind::NotToml { .. } | Kind::WideCharacter { .. } => true,
                // Below a heading that stands twice, so does everything.
                Kind::Repeated { .. } => {
                    let spoils = |lines: &Range<usize>| {
                        lines.start < found.line && lines.contains(&found.line)
                    };
                    return !unclear.iter().any(spoils);
                }
                _ => false,
            };
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
