//! Which event a post is.

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
    let envelope = json!({"event": "a", "timestamp": "t", "source": "s", "data": {"b": 1, "a": 2}});
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
