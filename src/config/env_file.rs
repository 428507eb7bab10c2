//! The file `secrets.env`, read as systemd reads such files as long as the meaning is clear. An ambiguous line
//! is a mistake with its number, because a secret that was misread makes wrong signatures.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::secret_name::is_secret_name;
use super::wide_character::is_wide;
use super::{ConfigError, Doubt, Forbidden, Kind, Location};
use crate::plain_file::ordinary;

/// The most that such a file may have, in bytes. Nobody writes as much by hand.
const MOST: u64 = 1024 * 1024;
/// A name of this length or more, without `_`, may be a secret that was pasted alone on its line.
const PERHAPS_A_SECRET: usize = 16;

/// What the file says.
pub(super) struct EnvFile {
    pub(super) path: PathBuf,
    /// By name; a name that is set to nothing is among them.
    pub(super) entries: BTreeMap<String, Entry>,
    /// Names whose lines are mistakes: nobody can say that they are not set.
    spoiled: BTreeSet<String>,
    /// Nothing of the file could be read.
    unread: bool,
    pub(super) open_to_all: bool,
}

/// A line `NAME=value`.
pub(super) struct Entry {
    /// The line's number, from 1.
    pub(super) line: usize,
    pub(super) value: String,
}

/// What is wrong with a line, and the name on it as far as there is one.
struct Fault<'a> {
    name: Option<&'a str>,
    doubt: Doubt,
}

/// The name that a line seems to set, however it is written.
fn meant_name(line: &[u8]) -> Option<String> {
    let line = String::from_utf8_lossy(line);
    let before = line.split(['=', '＝', ':', '：']).next()?;
    let plain: String = before.chars().filter_map(plain).collect();
    let word = plain.split_whitespace().next_back()?;
    let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    is_name(word).then(|| word.to_owned())
}

/// The character of ASCII that looks like this one; none: it looks like nothing.
fn plain(c: char) -> Option<char> {
    match c {
        '！'..='～' => char::from_u32(u32::from(c) - FULL_WIDTH),
        c if c.is_whitespace() => Some(' '),
        c => c.is_ascii().then_some(c),
    }
}

/// By how much the full-width characters stand behind those of ASCII.
const FULL_WIDTH: u32 = '！' as u32 - '!' as u32;

impl EnvFile {
    /// Reads the file; none when there is no such file. Mistakes are added to those found already.
    pub(super) fn read(path: &Path, errors: &mut Vec<ConfigError>) -> Option<Self> {
        let kind = match read_bytes(path) {
            Ok((bytes, mode)) => {
                let mut file = Self::parse(path, &bytes, errors);
                file.open_to_all = mode & 0o007 != 0;
                return Some(file);
            }
            Err(error) if is_absent(path, &error) => return None,
            Err(error) => of_io(path, &error, true),
        };
        let place = Location::whole(path);
        errors.push(ConfigError { place, kind });
        Some(Self::unread(path))
    }

    /// Whether it is not known what the file says about a name.
    pub(super) fn is_spoiled(&self, name: &str) -> bool {
        self.unread || self.spoiled.contains(name)
    }

    fn unread(path: &Path) -> Self {
        Self {
            unread: true,
            ..Self::empty(path)
        }
    }

    fn empty(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            entries: BTreeMap::new(),
            spoiled: BTreeSet::new(),
            unread: false,
            open_to_all: false,
        }
    }

    fn parse(path: &Path, bytes: &[u8], errors: &mut Vec<ConfigError>) -> Self {
        if let Some(doubt) = of_whole(bytes) {
            let place = Location::line_of(path, 1, "");
            let kind = Kind::Doubtful(doubt);
            errors.push(ConfigError { place, kind });
            return Self::unread(path);
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut file = Self::empty(path);
        let mut seen = BTreeMap::new();
        for (before, line) in bytes.split(|b| *b == b'\n').enumerate() {
            let number = before + 1;
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if let Err(fault) = file.take_line(number, line, &mut seen) {
                let name = fault.name.map(str::to_owned);
                file.spoiled.extend(name.or_else(|| meant_name(line)));
                let key = fault.name.filter(|name| may_be_shown(name));
                let key = key.unwrap_or_default();
                errors.push(ConfigError {
                    place: Location::line_of(path, number, key),
                    kind: Kind::Doubtful(fault.doubt),
                });
            }
        }
        file
    }

    /// `seen`: on which line each name was set first.
    fn take_line<'a>(
        &mut self,
        line: usize,
        bytes: &'a [u8],
        seen: &mut BTreeMap<&'a str, usize>,
    ) -> Result<(), Fault<'a>> {
        let assigned = match std::str::from_utf8(bytes) {
            Ok(text) => assignment(text),
            Err(_) => Err(not_utf8(bytes)),
        };
        let name = match &assigned {
            Ok(assigned) => assigned.as_ref().map(|(name, _)| *name),
            Err(fault) => fault.name,
        };
        if let Some(name) = name {
            let first = *seen.entry(name).or_insert(line);
            if first != line {
                let doubt = Doubt::Doubled(first);
                let name = Some(name);
                return Err(Fault { name, doubt });
            }
        }
        if let Some((name, value)) = assigned? {
            if begins_with_name(&value, name) {
                let name = Some(name);
                let doubt = Doubt::WholeLine;
                return Err(Fault { name, doubt });
            }
            self.entries.insert(name.to_owned(), Entry { line, value });
        }
        Ok(())
    }
}

/// What is wrong with the file as a whole, so that none of its lines can be read.
fn of_whole(bytes: &[u8]) -> Option<Doubt> {
    let begins = |mark: &[u8]| bytes.starts_with(mark);
    // Without a mark it shows by the empty half of the first letter, and of each line end.
    let half_is_empty = matches!(bytes, [0, _, ..] | [_, 0, ..])
        && bytes.iter().filter(|byte| **byte == 0).nth(1).is_some();
    if begins(b"\xff\xfe") || begins(b"\xfe\xff") || half_is_empty {
        return Some(Doubt::Utf16);
    }
    let only_returns = bytes.contains(&b'\r') && !bytes.contains(&b'\n');
    let several_lines = bytes.trim_ascii_end().contains(&b'\r');
    (only_returns && several_lines).then_some(Doubt::ReturnsAlone)
}

/// What the operating system said of a file, as a mistake. `is_secret`: nobody else is to read it.
pub(super) fn of_io(path: &Path, error: &io::Error, is_secret: bool) -> Kind {
    let link = fs::read_link(path).ok();
    match error.kind() {
        io::ErrorKind::NotFound if link.is_some() => Kind::LeadsNowhere(link.unwrap_or_default()),
        io::ErrorKind::PermissionDenied => Kind::Forbidden(Forbidden::at(path, is_secret)),
        io::ErrorKind::FileTooLarge => Kind::FileTooLarge,
        _ => Kind::Unreadable(error.into()),
    }
}

/// The first line that is not UTF-8, from 1.
pub(super) fn first_bad_line(bytes: &[u8], valid_up_to: usize) -> usize {
    let valid = bytes.iter().take(valid_up_to);
    valid.filter(|b| **b == b'\n').count() + 1
}

/// Whether a name can stand in a message. One that looks like a key that was pasted alone cannot.
pub(super) fn may_be_shown(name: &str) -> bool {
    is_secret_name(name) && (name.contains('_') || name.len() < PERHAPS_A_SECRET)
}

/// A whole file, and who may read it. A pipe is refused: reading it might never end.
pub(super) fn read_bytes(path: &Path) -> io::Result<(Vec<u8>, u32)> {
    let metadata = ordinary(path)?;
    let mut bytes = Vec::new();
    let length = File::open(path)?.take(MOST + 1).read_to_end(&mut bytes)?;
    if length as u64 > MOST {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok((bytes, metadata.permissions().mode()))
}

/// A link that leads nowhere is there, and was meant to lead somewhere.
fn is_absent(path: &Path, error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound && fs::symlink_metadata(path).is_err()
}

/// A comment that is not UTF-8 is a mistake too: an editor that spoils the comments spoils the values.
fn not_utf8(bytes: &[u8]) -> Fault<'_> {
    let before = bytes.split(|b| *b == b'=').next().unwrap_or_default();
    let name = std::str::from_utf8(before).ok().map(bare_name);
    let name = name.filter(|name| is_name(name));
    let doubt = Doubt::NotUtf8;
    Fault { name, doubt }
}

/// The name and the value on a line; none for an empty line and for a comment.
fn assignment(line: &str) -> Result<Option<(&str, String)>, Fault<'_>> {
    let text = line.trim();
    let fault = |doubt| Fault { name: None, doubt };
    if text.is_empty() || text.starts_with(['#', ';']) {
        // What stands behind it may be another line.
        if text.contains('\r') {
            return Err(fault(Doubt::ReturnsAlone));
        }
        return Ok(None);
    }
    if text.starts_with(['＃', '；']) {
        return Err(fault(Doubt::WideComment));
    }
    let Some((name, value)) = line.split_once('=') else {
        let wide = text.contains('＝');
        let doubt = if wide {
            Doubt::WideEquals
        } else {
            Doubt::NoAssignment
        };
        return Err(fault(doubt));
    };
    let name = bare_name(name);
    if name.contains('＝') {
        return Err(fault(Doubt::WideEquals));
    }
    if name.chars().any(is_wide) {
        return Err(fault(Doubt::WideName));
    }
    if !is_name(name) {
        return Err(fault(Doubt::NoName));
    }
    let read = value_of(value.trim_matches(BLANKS));
    let read = read.map_err(|doubt| Fault {
        name: Some(name),
        doubt,
    })?;
    Ok(Some((name, read)))
}

/// What systemd takes away around names and values.
const BLANKS: [char; 2] = [' ', '\t'];

/// The name without blanks around it and without `export`, with which a shell can read the file too.
fn bare_name(text: &str) -> &str {
    let text = text.trim_matches(BLANKS);
    let exported = text.strip_prefix("export");
    let exported = exported.filter(|rest| rest.starts_with(BLANKS));
    exported.map_or(text, |rest| rest.trim_start_matches(BLANKS))
}

/// Whether a value begins with the name again, as a line does that was pasted behind it.
pub(super) fn begins_with_name(value: &str, name: &str) -> bool {
    let before = value.split_once('=').map(|(before, _)| bare_name(before));
    before == Some(name)
}

fn is_name(text: &str) -> bool {
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    starts && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn value_of(text: &str) -> Result<String, Doubt> {
    let value = match text.chars().next() {
        Some('\'') => in_single_quotes(&text[1..])?,
        Some('"') => in_double_quotes(&text[1..])?,
        _ => without_quotes(text)?,
    };
    if value.chars().any(is_wide) {
        return Err(Doubt::Wide);
    }
    if value.chars().any(char::is_control) {
        return Err(Doubt::Control);
    }
    Ok(value)
}

fn without_quotes(text: &str) -> Result<String, Doubt> {
    let has = |c: char| text.contains(c);
    // A comment behind the value has both: the # says more.
    let doubts = [
        (has('#'), Doubt::Hash),
        (BLANKS.into_iter().any(has), Doubt::Blank),
        (has('\\'), Doubt::Backslash),
        (text.ends_with(['"', '\'']), Doubt::Quotes),
    ];
    match doubts.into_iter().find(|(holds, _)| *holds) {
        Some((_, doubt)) => Err(doubt),
        None => Ok(text.to_owned()),
    }
}

/// `text` begins behind the quote. Whatever stands between two of them is meant as it stands.
fn in_single_quotes(text: &str) -> Result<String, Doubt> {
    match text.split_once('\'') {
        Some((value, "")) => Ok(value.to_owned()),
        _ => Err(Doubt::Quotes),
    }
}

/// `text` begins behind the quote. A backslash goes away before the four characters that it protects in a
/// shell, and stays before every other one.
fn in_double_quotes(text: &str) -> Result<String, Doubt> {
    let mut value = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '"' if rest.as_str().is_empty() => return Ok(value),
            '"' => return Err(Doubt::Quotes),
            '\\' => match rest.next() {
                Some(c @ ('"' | '\\' | '`' | '$')) => value.push(c),
                Some(c) => value.extend(['\\', c]),
                None => return Err(Doubt::Quotes),
            },
            c => value.push(c),
        }
    }
    Err(Doubt::Quotes)
}

#[cfg(test)]
mod tests;
