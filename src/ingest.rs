//! What the staff system's own senders post: which event it is, and about which person (contract,
//! section 4.6).
//!
//! A dozen senders use a dozen forms. Some say the event's name in the body, some in a header, some
//! only by the path that they post to. All of them are read here, by one list of rules.

use std::collections::BTreeMap;
use std::sync::Arc;

use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};
use serde_json::value::RawValue;

use crate::event;
use crate::stable_json::{self, Refusal};
use crate::timestamp::Timestamp;

/// A body that has no other keys than these is an envelope around its `data`.
const ENVELOPE: [&str; 5] = ["event", "eventType", "timestamp", "source", "data"];
/// Bodies that do not say what they are, by the end of the path that they are posted to.
const NAMED_BY_PATH: [(&str, &str); 3] = [
    ("/webhook/analytics-notification", "analytics.notification"),
    ("/consent/deletion-completed", "data_deletion.completed"),
    ("/sync/interview-results", "interview.completed"),
];

/// A request, as far as it says which event it brings.
#[derive(Clone, Copy, Debug)]
pub struct Posted<'a> {
    /// The whole path, without the query.
    pub path: &'a str,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body.
    pub body: &'a str,
}

/// `[[ingest.name]]`: names the event of a body that does not say what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameRule {
    /// Which requests are meant.
    pub when: When,
    /// What they bring.
    pub event: String,
}

/// Which requests a [`NameRule`] means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// Those whose path ends like this.
    PathEnds(String),
    /// Those that have this header.
    Header(HeaderName),
}

/// An event that was recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recognised {
    /// Its name.
    pub event_type: String,
    /// The staff id of the person it is about, when that is known.
    pub staff_id: Option<String>,
    /// The payload: a JSON object in the spelling that survives JavaScript.
    pub data: Arc<str>,
    /// When it happened; none means the moment of acceptance.
    pub event_timestamp: Option<Timestamp>,
}

/// Why a body is no event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unrecognised {
    /// Not JSON, or JSON that JavaScript would change.
    #[error(transparent)]
    Json(#[from] Refusal),
    /// JSON of another kind.
    #[error("the body must be a JSON object")]
    NotAnObject,
    /// Nothing names the event.
    #[error("nothing says which event it is")]
    Nameless,
    /// What stands here cannot be the name of an event.
    #[error("{0} is not the name of an event")]
    BadName(&'static str),
}

/// The members of an object, each still as it was written.
type Members<'a> = BTreeMap<String, &'a RawValue>;

/// Recognises the event. `rules` are asked in their order, before the built-in ones.
///
/// # Errors
/// `Unrecognised`.
pub fn recognise(posted: &Posted<'_>, rules: &[NameRule]) -> Result<Recognised, Unrecognised> {
    let stable = stable_json::stabilize(posted.body)?;
    let members: Members<'_> =
        serde_json::from_str(&stable).map_err(|_| Unrecognised::NotAnObject)?;
    let data = data_of(&stable, &members);
    Ok(Recognised {
        event_type: name_of(posted, &members, rules)?,
        staff_id: staff_of(&members),
        event_timestamp: text(&members, "timestamp").and_then(|t| Timestamp::parse(&t).ok()),
        data: data.into(),
    })
}

/// The latest of the ISO 8601 dates and times among the values anywhere in the payload: the same one in
/// whatever order its keys stand. `data` must be in the stable spelling: there a text of digits and signs has
/// no escapes, and no white space follows a key.
#[must_use]
pub fn latest_time(data: &str) -> Option<Timestamp> {
    let mut latest = None;
    let mut rest = data;
    while let Some((_, behind)) = rest.split_once('"') {
        let (text, after) = until_quote(behind);
        let is_key = after.starts_with(':');
        if !is_key && let Some(time) = time_of(text) {
            latest = latest.max(Some(time));
        }
        rest = after;
    }
    latest
}

/// The time that a text says. One without a zone is taken for UTC: it tells events apart, and nobody reads it.
fn time_of(text: &str) -> Option<Timestamp> {
    let is_local = matches!(text.as_bytes(), [b'0'..=b'9', .., b'0'..=b'9'])
        && matches!(text.as_bytes().get(10), Some(b'T' | b't'))
        && !text[11..].contains(['+', '-']);
    if is_local {
        Timestamp::parse(&format!("{text}Z")).ok()
    } else {
        Timestamp::parse(text).ok()
    }
}

/// Splits at the quotation mark that ends a JSON string; neither part has it.
fn until_quote(text: &str) -> (&str, &str) {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        if byte == b'"' && !escaped {
            return (&text[..at], &text[at + 1..]);
        }
        escaped = byte == b'\\' && !escaped;
    }
    (text, "")
}

/// What the receiver is to get: `data` alone, or the whole body when more than an envelope is around
/// it. Whatever a sender says beside `data` must not be lost.
fn data_of<'a>(stable: &'a str, members: &Members<'a>) -> &'a str {
    let only_envelope = members.keys().all(|key| ENVELOPE.contains(&key.as_str()));
    match members.get("data") {
        Some(data) if only_envelope && data.get().starts_with('{') => data.get(),
        _ => stable,
    }
}

/// The event's name: the first rule that finds a text decides, also when that text is no good name.
fn name_of(
    posted: &Posted<'_>,
    members: &Members<'_>,
    rules: &[NameRule],
) -> Result<String, Unrecognised> {
    let in_body = |key: &'static str| text(members, key).map(|name| (key, name));
    let (place, name) = in_body("event")
        .or_else(|| in_body("eventType"))
        .or_else(|| in_header(posted.headers))
        .or_else(|| by_rule(posted, rules).map(|name| ("ingest.name", name.to_owned())))
        .or_else(|| built_in(posted).map(|name| ("(path)", name.to_owned())))
        .or_else(|| in_body("type"))
        .ok_or(Unrecognised::Nameless)?;
    if event::is_event_type(&name) {
        Ok(name)
    } else {
        Err(Unrecognised::BadName(place))
    }
}

fn in_header(headers: &HeaderMap) -> Option<(&'static str, String)> {
    let given = headers.get_all("x-event-type").iter();
    let names: Result<Vec<_>, _> = given.map(HeaderValue::to_str).collect();
    let names = names.ok().filter(|names| !names.is_empty())?;
    // Two of them are one list, which is the name of no event.
    Some(("X-Event-Type", names.join(", ")))
}

fn by_rule<'r>(posted: &Posted<'_>, rules: &'r [NameRule]) -> Option<&'r str> {
    let means = |rule: &&NameRule| match &rule.when {
        When::PathEnds(end) => path_ends(posted, end),
        When::Header(name) => posted.headers.contains_key(name),
    };
    rules.iter().find(means).map(|rule| rule.event.as_str())
}

fn built_in(posted: &Posted<'_>) -> Option<&'static str> {
    let by_path = NAMED_BY_PATH
        .iter()
        .find(|(end, _)| path_ends(posted, end))
        .map(|(_, name)| *name);
    by_path.or_else(|| {
        let has = |name: &str| posted.headers.contains_key(name);
        match (has("x-case-number"), has("x-anonymous-id")) {
            (true, true) => Some("compliance.acknowledged"),
            (true, false) => Some("compliance.status_changed"),
            (false, _) => None,
        }
    })
}

fn path_ends(posted: &Posted<'_>, end: &str) -> bool {
    posted.path.trim_end_matches('/').ends_with(end)
}

/// The staff id of the person it is about: from the body, or from its `data`.
fn staff_of(members: &Members<'_>) -> Option<String> {
    let inner: Members<'_> = members
        .get("data")
        .and_then(|data| serde_json::from_str(data.get()).ok())
        .unwrap_or_default();
    [members, &inner]
        .into_iter()
        .flat_map(|members| ["staffId", "employeeId"].map(|key| members.get(key).copied()))
        .flatten()
        .find_map(event::staff_id)
}

/// A member that is a text.
fn text(members: &Members<'_>, key: &str) -> Option<String> {
    serde_json::from_str(members.get(key)?.get()).ok()
}

#[cfg(test)]
mod tests;
