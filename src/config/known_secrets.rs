//! The names that secrets have: which of them may stand in `secrets.env`, which are set, and what is to be
//! noted about them.

use std::collections::BTreeMap;
use std::path::Path;

use super::env_file::{begins_with_name, may_be_shown};
use super::secret_name::is_secret_name;
use super::secrets::{previous_of, successor_of};
use super::wide_character::is_wide;
use super::{Config, Environment, Loaded, Location, Note, NoteKind, ProxyConfig, URL_VARIABLE};
use crate::secret::Secret;
use crate::spelling;

/// A key that is shorter than this gets a note, in characters.
const SHORT: usize = 16;
/// What the file does not set, although it may look as if it did: the process has it from systemd. In
/// capital letters; the proxies are spelled in small ones too.
const ELSEWHERE: [&str; 10] = [
    "ALL_PROXY",
    "CREDENTIALS_DIRECTORY",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "LOG_LEVEL",
    "NO_PROXY",
    "RUST_BACKTRACE",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TZ",
];
/// These have stricter length checks of their own, so there is no note of 16 characters.
const STRICTER: [&str; 2] = ["VOICEDRIVE_API_TOKEN", TOKEN_KEY];
/// It signs the tokens of those who call.
const TOKEN_KEY: &str = "RELAY_JWT_SECRET";

/// What a secret is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It signs, or it is shown as a token.
    Key,
    /// A person chose it, and it may be short.
    Password,
    /// An address.
    Url,
}

/// A secret that is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretEntry {
    /// The secret.
    pub secret: Secret,
    /// What it is for.
    pub role: Role,
    /// Where it stands.
    pub place: Location,
}

/// Every name that a secrets file may hold (contract, section 2).
pub(super) fn names(config: &Config) -> BTreeMap<String, Role> {
    let mut names = BTreeMap::new();
    let mut add = |name: &str, role| {
        for name in [name.to_owned(), previous_of(name)] {
            names.entry(name).or_insert(role);
        }
    };
    add(URL_VARIABLE, Role::Url);
    add("VOICEDRIVE_WEBHOOK_SECRET", Role::Key);
    add("VOICEDRIVE_API_TOKEN", Role::Key);
    add("RELAY_JWT_SECRET", Role::Key);
    for route in config.routes.iter().chain([&config.delivery]) {
        add(&route.secret, Role::Key);
        if let Some(name) = &route.bearer {
            add(name, Role::Key);
        }
        if let Some(name) = route.proxy.as_ref().and_then(ProxyConfig::secret_name) {
            add(name, Role::Url);
        }
    }
    if let Some(door) = &config.ingest {
        for name in door.secrets.iter().chain(&door.bearers) {
            add(name, Role::Key);
        }
    }
    for (name, role) in config.alerts.secret_names() {
        add(name, role);
    }
    names
}

/// The secrets that are set.
pub(super) fn set(
    names: &BTreeMap<String, Role>,
    environment: &Environment,
) -> BTreeMap<String, SecretEntry> {
    let found = names.iter().filter_map(|(name, &role)| {
        // What cannot be read, or not be understood, is a mistake already.
        if environment.is_in_doubt(name) {
            return None;
        }
        let secret = environment.secret(name).ok()??;
        let place = environment.place(name);
        let found = SecretEntry {
            secret,
            role,
            place,
        };
        Some((name.clone(), found))
    });
    found.collect()
}

impl Loaded {
    /// The names of the secrets that are set and do not stand in `secrets.env`: whoever reads that file does not see them.
    #[must_use]
    pub fn secrets_outside(&self) -> Vec<String> {
        let outside = self.set.iter();
        let outside = outside.filter(|(_, named)| !matches!(named.place, Location::File { .. }));
        outside.map(|(name, _)| name.clone()).collect()
    }
}

/// Everything to note. `whole`: the configuration was understood, so that all names are known.
pub(super) fn notes(
    names: &BTreeMap<String, Role>,
    set: &BTreeMap<String, SecretEntry>,
    environment: &Environment,
    whole: bool,
) -> Vec<Note> {
    let mut notes = of_file(names, environment, whole);
    let short = set.iter().filter(|(name, named)| {
        let name = successor_of(name).unwrap_or(name);
        named.role == Role::Key && !STRICTER.contains(&name)
    });
    notes.extend(short.filter_map(|(_, named)| {
        let length = named.secret.expose().chars().count();
        let place = named.place.clone();
        let kind = NoteKind::Short(length);
        (length < SHORT).then_some(Note { place, kind })
    }));
    notes.extend(set.values().flat_map(of_value));
    notes.extend(
        set.iter()
            .filter_map(|(name, named)| begun_by_another(name, named, names)),
    );
    notes.extend(set.values().filter_map(unreplaced));
    notes.extend(set.values().filter_map(placeholder));
    notes.extend(set.values().filter_map(comment));
    // Whoever has other mistakes to mend is told of these first.
    notes.extend(no_file(set, environment).filter(|_| whole));
    notes.extend(equal(set));
    notes.extend(alone(names, set, environment));
    notes
}

/// Secrets before others that are not set themselves. Of one that cannot be read, a mistake says so.
fn alone(
    names: &BTreeMap<String, Role>,
    set: &BTreeMap<String, SecretEntry>,
    environment: &Environment,
) -> impl Iterator<Item = Note> {
    set.iter().filter_map(|(name, named)| {
        let present = successor_of(name).filter(|present| names.contains_key(*present))?;
        let is_there = set.contains_key(present) || environment.is_in_doubt(present);
        (!is_there).then(|| Note {
            place: named.place.clone(),
            kind: NoteKind::Alone(present.to_owned()),
        })
    })
}

/// A value that begins with the name of another secret, as a line does that was pasted behind a name.
fn begun_by_another(
    name: &str,
    named: &SecretEntry,
    known: &BTreeMap<String, Role>,
) -> Option<Note> {
    let value = named.secret.expose();
    let other = known.keys().find(|other| begins_with_name(value, other))?;
    let kind = NoteKind::BeginsWithName(other.clone());
    let place = named.place.clone();
    (other != name).then_some(Note { place, kind })
}

/// What stands around something that another program or a person replaces. Neither this program nor systemd does.
const PLACEHOLDERS: [(&str, &str); 5] = [
    ("$(", ")"),
    ("{{", "}}"),
    ("%", "%"),
    ("<", ">"),
    ("`", "`"),
];

fn unreplaced(named: &SecretEntry) -> Option<Note> {
    let value = named.secret.expose();
    let inside = |(begin, end)| value.strip_prefix(begin)?.strip_suffix(end);
    let is_variable = |name: &str| is_secret_name(name) && name.contains('_');
    // A part of it counts too, as in `vd-${NAME}`.
    let looks_so = value.contains("${")
        || PLACEHOLDERS.into_iter().find_map(inside).is_some()
        || value.strip_prefix('$').is_some_and(is_variable);
    let (place, kind) = (named.place.clone(), NoteKind::Unreplaced);
    looks_so.then_some(Note { place, kind })
}

/// What templates and pages have where a secret belongs, in small letters and without what separates words.
const SAMPLES: [&str; 18] = [
    "changeit",
    "changeme",
    "changethis",
    "dummy",
    "example",
    "examplesecret",
    "password",
    "placeholder",
    "replaceme",
    "replacethis",
    "samplesecret",
    "secret",
    "secrethere",
    "supersecret",
    "tobedefined",
    "todo",
    "token",
    "webhooksecret",
];

fn placeholder(named: &SecretEntry) -> Option<Note> {
    let letters = named.secret.expose().chars();
    let plain: String = letters.filter(char::is_ascii_alphanumeric).collect();
    let plain = plain.to_ascii_lowercase();
    let word = plain.trim_end_matches(|c: char| c.is_ascii_digit());
    let first = named.secret.expose().chars().next()?;
    let is_one_character = named.secret.expose().chars().all(|c| c == first);
    let is_invitation = ["your", "insert", "enter", "put"]
        .iter()
        .any(|verb| word.starts_with(verb))
        && ["here", "secret", "key", "token", "password"]
            .iter()
            .any(|end| word.ends_with(end));
    let is_sample = SAMPLES.iter().any(|sample| {
        // Some fill it up by repeating it.
        !word.is_empty() && word.replace(sample, "").is_empty()
    });
    let is_meant = named.role != Role::Url && (is_one_character || is_invitation || is_sample);
    let (place, kind) = (named.place.clone(), NoteKind::Placeholder);
    is_meant.then_some(Note { place, kind })
}

/// In `secrets.env` a `#` at the beginning is a mistake, or in quotes.
fn comment(named: &SecretEntry) -> Option<Note> {
    let begins = named.secret.expose().trim_start().starts_with(['#', ';']);
    let is_file = matches!(named.place, Location::File { .. });
    let (place, kind) = (named.place.clone(), NoteKind::Comment);
    (begins && !is_file).then_some(Note { place, kind })
}

/// That the file is not there is meant where credentials take its place.
fn no_file(set: &BTreeMap<String, SecretEntry>, environment: &Environment) -> Option<Note> {
    let path = environment.absent_file()?;
    if !environment.credentials().is_empty() {
        return None;
    }
    let place = Location::whole(path);
    let kind = NoteKind::NoFile(set.keys().cloned().collect());
    Some(Note { place, kind })
}

/// Secrets with the same value. The addresses of two channels may be equal.
fn equal(set: &BTreeMap<String, SecretEntry>) -> Vec<Note> {
    let is_secret = |named: &SecretEntry| named.role != Role::Url;
    let secrets: Vec<_> = set.iter().filter(|(_, named)| is_secret(named)).collect();
    let mut notes = Vec::new();
    for (before, (name, named)) in secrets.iter().enumerate() {
        let same = secrets[..before].iter();
        let same = same.filter(|(_, other)| other.secret == named.secret);
        notes.extend(same.map(|(other, at)| of_equal((name, named), (other, at))));
    }
    notes
}

/// Whoever knows the key of the tokens has every right. The one before it is nobody else's.
fn of_equal(one: (&str, &SecretEntry), other: (&str, &SecretEntry)) -> Note {
    let signs = |name: &str| successor_of(name).unwrap_or(name) == TOKEN_KEY;
    let ((name, named), (other, at)) = (one, other);
    let (place, kind) = match (signs(name), signs(other)) {
        (true, false) => (&named.place, NoteKind::TokenKeyIsKnown(other.to_owned())),
        (false, true) => (&at.place, NoteKind::TokenKeyIsKnown(name.to_owned())),
        _ => (&named.place, NoteKind::SameValue(other.to_owned())),
    };
    let place = place.clone();
    Note { place, kind }
}

/// What is in a value and perhaps was not meant. Quotes in `secrets.env` say that a blank inside is meant; one at the
/// edge is copied along, and not seen.
fn of_value(named: &SecretEntry) -> Vec<Note> {
    let value = named.secret.expose();
    let bare = value.trim();
    let kinds = [
        (bare.is_empty(), NoteKind::OnlyBlanks),
        (!bare.is_empty() && bare != value, NoteKind::Edged),
        (value.chars().any(is_wide), NoteKind::Wide),
    ];
    let found = kinds.into_iter().filter(|(holds, _)| *holds);
    let place = &named.place;
    found
        .map(|(_, kind)| Note {
            place: place.clone(),
            kind,
        })
        .collect()
}

fn of_file(names: &BTreeMap<String, Role>, environment: &Environment, whole: bool) -> Vec<Note> {
    let Some(file) = environment.file() else {
        return Vec::new();
    };
    let mut notes = Vec::new();
    if file.open_to_all {
        notes.push(Note {
            place: Location::whole(&file.path),
            kind: NoteKind::open_to_all(&file.path),
        });
    }
    let place = Location::whole(&file.path);
    notes.extend(NoteKind::of_another(&file.path).map(|kind| Note { place, kind }));
    let mut lines: Vec<_> = file.entries.iter().collect();
    lines.sort_by_key(|(_, entry)| entry.line);
    for (name, entry) in lines {
        let kind = if names.contains_key(name) {
            let covered = !entry.value.is_empty() && environment.credential(name).is_some();
            covered.then_some(NoteKind::Covered)
        } else {
            of_unknown(name, names, whole)
        };
        let is_like_one = matches!(kind, Some(NoteKind::UnknownName(Some(_))));
        let key = if is_like_one || may_be_shown(name) {
            name
        } else {
            ""
        };
        let place = Location::line_of(&file.path, entry.line, key);
        notes.extend(kind.map(|kind| Note { place, kind }));
    }
    let overridden = names.keys();
    let overridden = overridden.filter(|name| environment.var(name).is_some());
    notes.extend(overridden.map(|name| Note {
        place: Location::Variable(name.clone()),
        kind: NoteKind::Overridden,
    }));
    notes
}

/// Credentials that nothing reads by their name, nor as one of the files that `is_used` by their path.
pub(super) fn unread_credentials(
    names: &BTreeMap<String, Role>,
    environment: &Environment,
    whole: bool,
    is_used: impl Fn(&Path) -> bool,
) -> Vec<Note> {
    let credentials = environment.credentials().into_iter();
    let others = credentials.filter(|path| !is_used(path));
    let notes = others.filter_map(|path| {
        let name = path.file_name()?.to_str()?;
        let is_known = names.contains_key(name);
        let kind = (!is_known).then(|| of_unknown(name, names, whole))??;
        let place = Location::Credential(path);
        Some(Note { place, kind })
    });
    notes.collect()
}

fn of_unknown(name: &str, names: &BTreeMap<String, Role>, whole: bool) -> Option<NoteKind> {
    if ELSEWHERE.contains(&name.to_ascii_uppercase().as_str()) {
        return Some(NoteKind::BelongsElsewhere);
    }
    match spelling::nearest(name, names.keys().map(String::as_str)) {
        Some(known) => Some(NoteKind::UnknownName(Some(known.to_owned()))),
        None => whole.then_some(NoteKind::UnknownName(None)),
    }
}

#[cfg(test)]
mod tests;
