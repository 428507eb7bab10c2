//! The door of the staff system's own senders, as the file says it: `[ingest]` and `[[ingest.name]]`
//! (contract, sections 3 and 4.6).

use std::path::Path;
use std::time::Duration;

use hyper::header::HeaderName;
use ipnet::IpNet;

use super::reader::{Document, Section};
use super::secret_name::is_secret_name;
use super::secrets::{is_token, read_with_previous};
use super::server::network;
use super::{ConfigError, Environment, Expected, Kind, Location};
use crate::event;
use crate::ingest::{NameRule, When};
use crate::secret::Secret;

/// The first segments of the relay's own paths.
const TAKEN_PATHS: [&str; 4] = ["api", "monitor", "metrics", "control"];

/// `[ingest]`
#[derive(Clone, Debug)]
pub struct IngestConfig {
    /// Where events are taken, on this path and on every path below it.
    pub path: String,
    /// The names of the secrets that senders may sign with.
    pub secrets: Vec<String>,
    /// The names of the secrets that senders may show as a bearer token.
    pub bearers: Vec<String>,
    /// Addresses whose requests need no proof.
    pub open_from: Vec<IpNet>,
    /// How long the same content is known again: up to 30 days; zero: not at all.
    pub repeat: Duration,
    /// How events are named whose bodies do not say what they are.
    pub names: Vec<NameRule>,
    /// The line on which it begins.
    pub(super) line: usize,
}

/// The door of the staff system's own senders, with its secrets.
#[derive(Clone, Debug)]
pub struct Ingest {
    /// What the file says.
    pub rules: IngestConfig,
    /// Any of them may have signed.
    pub secrets: Vec<Secret>,
    /// Any of them may be shown as a bearer token.
    pub bearers: Vec<Secret>,
}

/// The section; none when it is not there, and then the door does not exist.
pub(super) fn read(document: &mut Document<'_>, root: &mut Section<'_>) -> Option<IngestConfig> {
    if !root.has("ingest") {
        return None;
    }
    let mut section = root.section(document, "ingest");
    let config = IngestConfig {
        line: section.line(),
        path: section.parsed(
            document,
            "path",
            "/in".to_owned(),
            Expected::IngestPath,
            ingest_path,
        ),
        secrets: read_names(
            document,
            &mut section,
            "secrets",
            &["VOICEDRIVE_WEBHOOK_SECRET"],
        ),
        bearers: read_names(document, &mut section, "bearers", &[]),
        open_from: section.list(
            document,
            "open_from",
            Vec::new(),
            Expected::Networks,
            network,
        ),
        repeat: Duration::from_hours(section.number(document, "repeat_hours", 24, &(0..=720))),
        names: section
            .tables(document, "name")
            .into_iter()
            .filter_map(|name| read_name_rule(document, name))
            .collect(),
    };
    section.finish(document);
    Some(config)
}

fn read_names(
    document: &mut Document<'_>,
    section: &mut Section<'_>,
    key: &'static str,
    default: &[&str],
) -> Vec<String> {
    let default = default.iter().map(|&name| name.to_owned()).collect();
    section.list(document, key, default, Expected::SecretNames, |entry| {
        let name = entry.as_str().filter(|name| is_secret_name(name))?;
        Some(name.to_owned())
    })
}

fn read_name_rule(document: &mut Document<'_>, mut section: Section<'_>) -> Option<NameRule> {
    let (has_path, has_header) = (section.has("path"), section.has("header"));
    if has_path == has_header {
        section.missing(document, "path", Expected::PathOrHeader);
    }
    if !section.has("event") {
        section.missing(document, "event", Expected::EventName);
    }
    let path = section.value(document, "path", Expected::PathEnd, |value| {
        path_end(value.as_str()?)
    });
    let header = section.value(document, "header", Expected::HeaderName, |value| {
        HeaderName::try_from(value.as_str()?).ok()
    });
    let event = section.value(document, "event", Expected::EventName, |value| {
        let name = value.as_str().filter(|name| event::is_event_type(name))?;
        Some(name.to_owned())
    });
    section.finish(document);
    let when = path.map(When::PathEnds).or(header.map(When::Header))?;
    Some(NameRule {
        when,
        event: event?,
    })
}

/// A path for the door. A slash at its end changes nothing, because the door takes every path below it.
fn ingest_path(text: &str) -> Option<String> {
    let path = text.strip_suffix('/').unwrap_or(text);
    let mut segments = path.strip_prefix('/')?.split('/');
    let fits = segments.clone().all(is_plain_segment)
        && segments.next().is_some_and(|s| !TAKEN_PATHS.contains(&s));
    fits.then(|| path.to_owned())
}

/// A segment that means the same with and without decoding, and that no client takes away.
fn is_plain_segment(segment: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    !segment.is_empty() && !matches!(segment, "." | "..") && segment.bytes().all(plain)
}

fn path_end(text: &str) -> Option<String> {
    let end = text.strip_suffix('/').unwrap_or(text);
    let visible = |b: u8| b.is_ascii_graphic() && !b"?#".contains(&b);
    let fits = end.len() > 1 && end.starts_with('/') && end.bytes().all(visible);
    fits.then(|| end.to_owned())
}

impl IngestConfig {
    /// The door with its secrets. A secret that is named and not set is a mistake, and so is a door
    /// that nobody could come through. `jwt`: tokens can be checked; `path` is the file's name.
    pub(super) fn with_secrets(
        &self,
        environment: &Environment,
        jwt: bool,
        path: &Path,
        errors: &mut Vec<ConfigError>,
    ) -> Ingest {
        if !jwt && self.secrets.is_empty() && self.bearers.is_empty() && self.open_from.is_empty() {
            errors.push(self.proves_nothing(path));
        }
        let secrets = read_all(&self.secrets, environment, errors);
        let bearers = read_all(&self.bearers, environment, errors);
        for (name, token) in &bearers {
            if !is_token(token) {
                errors.push(environment.error(name, Kind::NoToken));
            }
        }
        let only_values = |named: Vec<(String, Secret)>| named.into_iter().map(|(_, s)| s);
        Ingest {
            rules: self.clone(),
            secrets: only_values(secrets).collect(),
            bearers: only_values(bearers).collect(),
        }
    }

    fn proves_nothing(&self, path: &Path) -> ConfigError {
        ConfigError {
            place: Location::line_of(path, self.line, "ingest"),
            kind: Kind::Expected(Expected::Proof),
        }
    }
}

/// Every secret in `names`, and its predecessor: a sender may use either.
fn read_all(
    names: &[String],
    environment: &Environment,
    errors: &mut Vec<ConfigError>,
) -> Vec<(String, Secret)> {
    let mut secrets = Vec::new();
    for name in names {
        let found = read_with_previous(environment, name, errors);
        if found.is_empty() {
            errors.extend(environment.missing(name));
        }
        secrets.extend(found);
    }
    secrets
}

#[cfg(test)]
mod tests {
    use super::super::{ConfigErrors, Loaded};
    use super::*;

    const USUAL: [(&str, &str); 1] = [("VOICEDRIVE_WEBHOOK_SECRET", "a-made-up-secret")];

    fn try_read<const N: usize>(
        text: &str,
        variables: [(&str, &str); N],
    ) -> Result<Loaded, ConfigErrors> {
        let environment = Environment::from(variables);
        super::super::read(text, Path::new("config.toml"), &environment)
    }

    fn errors(text: &str) -> String {
        try_read(text, USUAL).unwrap_err().to_string()
    }

    fn door(text: &str) -> Ingest {
        try_read(text, USUAL).unwrap().ingest.unwrap()
    }

    #[test]
    fn without_the_section_there_is_no_door_and_with_it_the_defaults_count() {
        assert!(try_read("", USUAL).unwrap().ingest.is_none());
        let door = door("[ingest]");
        assert_eq!(door.rules.path, "/in");
        assert_eq!(door.rules.repeat, Duration::from_hours(24));
        assert_eq!((door.secrets.len(), door.bearers.len()), (1, 0));
        assert!(door.rules.open_from.is_empty() && door.rules.names.is_empty());
    }

    #[test]
    fn the_usual_secret_has_to_be_set_too() {
        let report = try_read("[ingest]", []).unwrap_err().to_string();
        let expected = "environment variable VOICEDRIVE_WEBHOOK_SECRET: is not set";
        assert!(report.starts_with(expected), "{report}");
    }

    #[test]
    fn secrets_come_with_the_one_before_them() {
        let text = "[ingest]\nsecrets = [\"A\", \"B\"]\nbearers = [\"C\"]";
        let variables = [
            ("A", "a"),
            ("A_PREVIOUS", "old"),
            ("B", "b"),
            ("C", "c"),
            ("C_PREVIOUS", "older"),
        ];
        let door = try_read(text, variables).unwrap().ingest.unwrap();
        let shown = |secrets: &[Secret]| {
            let shown = secrets.iter().map(|secret| secret.expose().to_owned());
            shown.collect::<Vec<_>>()
        };
        assert_eq!(shown(&door.secrets), ["a", "old", "b"]);
        assert_eq!(shown(&door.bearers), ["c", "older"]);
        let alone = [("A", "a"), ("B", "b"), ("C_PREVIOUS", "older")];
        let report = try_read(text, alone).unwrap_err().to_string();
        assert!(
            report.starts_with("environment variable C: is not set"),
            "{report}"
        );
    }

    #[test]
    fn a_door_that_nobody_could_come_through_is_a_mistake() {
        let closed = "language = \"en\"\n[ingest]\nsecrets = []";
        assert!(errors(closed).starts_with("config.toml:2: ingest: must be given something"));
        let jwt = ("RELAY_JWT_SECRET", "a-made-up-secret-of-32-characters");
        assert!(try_read(closed, [jwt]).is_ok());
        assert!(try_read(&format!("{closed}\nopen_from = [\"::1\"]"), []).is_ok());
        let named = format!("{closed}\nbearers = [\"NOT_SET\"]");
        let report = errors(&named);
        assert!(
            report.starts_with("environment variable NOT_SET: is not set"),
            "{report}"
        );
        let blank = try_read(&named, [("NOT_SET", "a b")]).unwrap_err();
        assert!(blank.to_string().contains("NOT_SET: must be a token"));
    }

    #[test]
    fn every_mistake_is_told_with_its_line_and_key() {
        let text = "[ingest]\n\
                    path = \"/api/in\"\n\
                    secrets = [\"hunter2\"]\n\
                    bearers = \"X\"\n\
                    open_from = [\"everywhere\"]\n\
                    repeat_hours = 721\n\
                    colour = \"red\"\n\
                    [[ingest.name]]\n\
                    path = \"no-slash\"\n\
                    event = \"A b\"\n\
                    [[ingest.name]]\n\
                    header = \"X Y\"\n";
        let report = errors(text);
        let lines: Vec<&str> = report.lines().collect();
        for (line, start) in lines.iter().zip([
            "config.toml:2: ingest.path: must be a path",
            "config.toml:3: ingest.secrets: must be a list",
            "config.toml:4: ingest.bearers: must be a list",
            "config.toml:5: ingest.open_from: must be a list",
            "config.toml:6: ingest.repeat_hours: must be a whole number from 0 to 720",
            "config.toml:7: ingest.colour: no such key",
            "config.toml:9: ingest.name.path: must be the end",
            "config.toml:10: ingest.name.event: must be the name",
            "config.toml:11: ingest.name.event: must be the name",
            "config.toml:12: ingest.name.header: must be the name of a header",
        ]) {
            assert!(line.starts_with(start), "{line}\n{start}");
        }
        assert_eq!(lines.len(), 10, "{report}");
        assert!(!report.contains("hunter2"), "{report}");
    }

    #[test]
    fn the_path_lies_outside_of_what_the_relay_answers_on() {
        for (path, kept) in [
            ("/in", Some("/in")),
            ("/in/", Some("/in")),
            ("/a/b", Some("/a/b")),
            ("/apis", Some("/apis")),
            ("/", None),
            ("", None),
            ("//", None),
            ("in", None),
            ("/api", None),
            ("/api/", None),
            ("/monitor/x", None),
            ("/metrics", None),
            ("/control/status", None),
            ("/a//b", None),
            ("/a/../api", None),
            ("/a b", None),
            ("/a%2F", None),
            ("/a?b", None),
        ] {
            assert_eq!(ingest_path(path).as_deref(), kept, "{path}");
        }
    }

    #[test]
    fn a_name_goes_by_the_path_or_by_a_header() {
        let text = "[ingest]\n[[ingest.name]]\npath = \"/x/y/\"\nevent = \"a\"\n\
                    [[ingest.name]]\nheader = \"X-Mine\"\nevent = \"b\"\n";
        let names = door(text).rules.names;
        let by_path = When::PathEnds("/x/y".to_owned());
        let by_header = When::Header(HeaderName::from_static("x-mine"));
        assert_eq!(names.len(), 2);
        assert_eq!((&names[0].when, names[0].event.as_str()), (&by_path, "a"));
        assert_eq!((&names[1].when, names[1].event.as_str()), (&by_header, "b"));
        for both_or_neither in ["", "path = \"/x\"\nheader = \"X-Mine\"\n"] {
            let text = format!("[ingest]\n[[ingest.name]]\n{both_or_neither}event = \"a\"");
            let report = errors(&text);
            assert!(
                report.starts_with("config.toml:2: ingest.name.path: must be given"),
                "{report}"
            );
        }
    }
}
