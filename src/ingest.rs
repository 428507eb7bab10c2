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
mod tests {
    use super::*;
    use hyper::header::HeaderValue;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn headers(named: &[(&'static str, &'static str)]) -> HeaderMap {
        named
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    fn recognised(
        path: &str,
        named: &[(&'static str, &'static str)],
        body: &Value,
    ) -> Result<Recognised, Unrecognised> {
        let posted = Posted {
            path,
            headers: &headers(named),
            body: &body.to_string(),
        };
        recognise(&posted, &rules())
    }

    fn rules() -> [NameRule; 2] {
        [
            NameRule {
                when: When::PathEnds("/mine".to_owned()),
                event: "mine.came".to_owned(),
            },
            NameRule {
                when: When::Header(HeaderName::from_static("x-mine")),
                event: "mine.by_header".to_owned(),
            },
        ]
    }

    fn name(path: &str, named: &[(&'static str, &'static str)], body: &Value) -> String {
        recognised(path, named, body).unwrap().event_type
    }

    #[test]
    fn the_first_rule_that_finds_a_text_names_the_event() {
        let typed = ("x-event-type", "from.header");
        let all = json!({"event": "a", "eventType": "b", "type": "c"});
        assert_eq!(name("/in/mine", &[typed], &all), "a");
        let body = json!({"event": null, "eventType": "b", "type": "c"});
        assert_eq!(name("/in/mine", &[typed], &body), "b");
        let body = json!({"event": 7, "eventType": ["b"], "type": "c"});
        assert_eq!(name("/in/mine", &[typed], &body), "from.header");
        assert_eq!(name("/in/mine", &[("x-mine", "1")], &body), "mine.came");
        assert_eq!(name("/in/mine/", &[], &body), "mine.came");
        assert_eq!(name("/in", &[("x-mine", "1")], &body), "mine.by_header");
        assert_eq!(
            name("/in/x/sync/interview-results", &[], &body),
            "interview.completed"
        );
        let case = ("x-case-number", "1");
        assert_eq!(name("/in", &[case], &body), "compliance.status_changed");
        assert_eq!(
            name("/in", &[case, ("x-anonymous-id", "")], &body),
            "compliance.acknowledged"
        );
        assert_eq!(name("/in", &[], &body), "c");
        let nameless = recognised("/in", &[], &json!({"type": {}}));
        assert_eq!(nameless, Err(Unrecognised::Nameless));
    }

    #[test]
    fn a_text_that_is_no_good_name_is_not_passed_over() {
        for (body, place) in [
            (json!({"event": "Employee Created", "type": "c"}), "event"),
            (json!({"event": "", "eventType": "b"}), "event"),
            (json!({"eventType": "従業員"}), "eventType"),
            (json!({"type": "x".repeat(101)}), "type"),
        ] {
            let refused = recognised("/in", &[], &body);
            assert_eq!(refused, Err(Unrecognised::BadName(place)), "{body}");
        }
        let two = [("x-event-type", "a"), ("x-event-type", "b")];
        for named in [
            &[("x-event-type", "A b")][..],
            &[("x-event-type", "")],
            &two,
        ] {
            let refused = recognised("/in", named, &json!({"type": "c"}));
            assert_eq!(refused, Err(Unrecognised::BadName("X-Event-Type")));
        }
    }

    #[test]
    fn an_envelope_is_taken_off_and_anything_more_is_kept_whole() {
        let data = |body: Value| recognised("/in", &[], &body).unwrap().data.to_string();
        let envelope =
            json!({"event": "a", "timestamp": "t", "source": "s", "data": {"b": 1, "a": 2}});
        assert_eq!(data(envelope), r#"{"b":1,"a":2}"#);
        for whole in [
            json!({"event": "a", "data": {"b": 1}, "priority": "high"}),
            json!({"event": "a", "data": [1]}),
            json!({"event": "a", "data": null}),
            json!({"type": "a", "data": {"b": 1}}),
            json!({"event": "a"}),
        ] {
            assert_eq!(data(whole.clone()), whole.to_string());
        }
    }

    #[test]
    fn the_data_is_in_the_stable_spelling_or_refused() {
        let read = |body: &str| {
            let posted = Posted {
                path: "/in",
                headers: &HeaderMap::new(),
                body,
            };
            recognise(&posted, &[])
        };
        let spelled = read(r#" {"event":"a", "data": {"n": 1.0, "s": "\u3042"}} "#).unwrap();
        assert_eq!(&*spelled.data, r#"{"n":1,"s":"あ"}"#);
        for bad in [
            r#"{"event":"a","data":{"n":12345678901234567890}}"#,
            r#"{"event":"a","data":{"n":1,"n":2}}"#,
            r#"{"event":"a","event":"b"}"#,
            "{",
            "",
        ] {
            assert!(matches!(read(bad), Err(Unrecognised::Json(_))), "{bad}");
        }
        for other in ["[]", "\"a\"", "1", "null"] {
            assert_eq!(read(other), Err(Unrecognised::NotAnObject), "{other}");
        }
    }

    #[test]
    fn whom_it_is_about() {
        let staff = |mut body: Value| {
            body["event"] = json!("a");
            recognised("/in", &[], &body).unwrap().staff_id
        };
        let id = |text: &str| Some(text.to_owned());
        assert_eq!(
            staff(json!({"staffId": "A", "data": {"staffId": "B"}})),
            id("A")
        );
        assert_eq!(
            staff(json!({"data": {"staffId": "B", "employeeId": "C"}})),
            id("B")
        );
        assert_eq!(staff(json!({"data": {"employeeId": "C"}})), id("C"));
        assert_eq!(staff(json!({"employeeId": "C", "x": 1})), id("C"));
        assert_eq!(staff(json!({"staffId": 1234})), id("1234"));
        assert_eq!(staff(json!({"staffId": 12.0})), id("12"));
        // What cannot be an id is as good as none.
        for bad in [
            json!(""),
            json!(null),
            json!([]),
            json!(true),
            json!("x".repeat(192)),
        ] {
            assert_eq!(staff(json!({"staffId": bad})), None, "{bad}");
            let next = json!({"staffId": bad, "data": {"staffId": "B"}});
            assert_eq!(staff(next), id("B"), "{bad}");
        }
    }

    #[test]
    fn when_it_happened() {
        let when = |timestamp: Value| {
            let body = json!({"event": "a", "timestamp": timestamp});
            recognised("/in", &[], &body).unwrap().event_timestamp
        };
        let moment = Timestamp::parse("2025-10-26T14:30:00.000Z").ok();
        assert_eq!(when(json!("2025-10-26T23:30:00+09:00")), moment);
        for other in [
            json!(1_761_489_000_000_i64),
            json!("2025-10-26"),
            json!(null),
        ] {
            assert_eq!(when(other), None);
        }
    }

    #[test]
    fn the_latest_time_anywhere_in_the_data_is_found() {
        let two = [
            r#"{"a":"2025-10-26T14:30:00Z","b":"2025-10-26T15:30:00Z"}"#,
            r#"{"b":"2025-10-26T15:30:00Z","a":"2025-10-26T23:30:00+09:00"}"#,
        ];
        let latest = Timestamp::parse("2025-10-26T15:30:00Z").ok();
        assert_eq!(two.map(latest_time), [latest, latest]);
        for (data, holds) in [
            (r#"{"at":"2025-10-26T14:30:00.000Z"}"#, true),
            (r#"{"a":{"b":[{"at":"2025-10-26T23:30:00+09:00"}]}}"#, true),
            (r#"{"a":["2025-10-26T14:30:00Z"]}"#, true),
            (r#"{"a":["2025-10-26T14:30+09"]}"#, true),
            (r#"{"a":["2025-10-26T14:30"]}"#, true),
            (r#"{"a":["2025-10-26T14:30:00.123456"]}"#, true),
            (r#"{"a":["2025-10-26T14"]}"#, false),
            (r#"{"a":"\"","at":"2025-10-26T14:30:00Z"}"#, true),
            (r#"{"a":"\\","at":"2025-10-26T14:30:00Z"}"#, true),
            // A key says no time, a date is not one moment, and a number can be anything.
            (r#"{"2025-10-26T14:30:00Z":1}"#, false),
            (r#"{"at":"2025-10-26"}"#, false),
            (r#"{"at":1761489000000}"#, false),
            (r#"{"at":"on 2025-10-26T14:30:00Z"}"#, false),
            (r#"{"at":"\"2025-10-26T14:30:00Z\""}"#, false),
            ("{}", false),
        ] {
            assert_eq!(latest_time(data).is_some(), holds, "{data}");
        }
    }

    /// Texts that may be times, and texts that the search could stumble over.
    fn texts() -> impl Strategy<Value = String> {
        prop_oneof![
            Just("2025-10-26T14:30:00.000Z".to_owned()),
            Just("2025-10-26T23:30+09:00".to_owned()),
            Just("2025-10-26T23:30:00+0900".to_owned()),
            Just("2025-10-26".to_owned()),
            Just("2025-10-26T14:30:00".to_owned()),
            "[\"\\\\:{}a-z0-9]{0,6}",
            ".{0,8}",
        ]
    }

    fn documents() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            texts().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            Just(Value::Null),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(texts(), inner, 0..4)
                    .prop_map(|members| members.into_iter().collect()),
            ]
        })
    }

    fn latest_in(value: &Value) -> Option<Timestamp> {
        match value {
            Value::String(text) => time_of(text),
            Value::Array(items) => items.iter().filter_map(latest_in).max(),
            Value::Object(members) => members.values().filter_map(latest_in).max(),
            _ => None,
        }
    }

    proptest! {
        #[test]
        fn the_search_for_a_time_finds_what_a_walk_finds(document in documents()) {
            let stable = stable_json::stabilize(&document.to_string()).unwrap();
            prop_assert_eq!(latest_time(&stable), latest_in(&document));
        }

        #[test]
        fn what_is_kept_is_part_of_what_came_and_stable(
            data in documents(), more in prop::option::of(texts()),
        ) {
            let mut body = json!({"event": "a.b", "data": data});
            if let Some(more) = more {
                body["priority"] = more.into();
            }
            let read = recognised("/in", &[], &body).unwrap();
            prop_assert_eq!(&stable_json::stabilize(&read.data).unwrap(), &*read.data);
            let kept: Value = serde_json::from_str(&read.data).unwrap();
            prop_assert!(kept == body || kept == body["data"]);
            prop_assert!(kept.is_object());
        }

        #[test]
        fn no_body_makes_it_panic(body in ".{0,60}", path in ".{0,20}") {
            let posted = Posted { path: &path, headers: &HeaderMap::new(), body: &body };
            let _ = recognise(&posted, &rules());
        }
    }
}
