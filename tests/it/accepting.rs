//! Handing in events: what is kept, what is refused, and with which words.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::harness::TestRelay;

const JSON: (&str, &str) = ("content-type", "application/json");
const NDJSON: (&str, &str) = ("content-type", "application/x-ndjson");

async fn count(relay: &TestRelay) -> usize {
    let page = relay.get("/api/events?limit=200").await;
    page.data()["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn an_accepted_event_can_be_looked_up_as_it_was_handed_in() {
    let relay = TestRelay::start("").await;
    let body = r#"{"event":"employee.created","eventTimestamp":"2025-10-26T23:29:59.120+09:00",
                   "data":{"staffId":"EMP-2025-001","fullName":"\u5c71\u7530 太郎","score":1.0}}"#;
    let answer = relay.post("/api/events", body).await;
    assert_eq!(answer.status, 202);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(!answer.header("x-request-id").is_empty());
    assert_eq!(answer.data()["status"], "accepted");
    assert_eq!(answer.data()["duplicate"], false);
    let id = answer.data()["id"].as_str().unwrap();
    let event = relay.get(&format!("/api/events/{id}")).await;
    let event = event.data();
    assert_eq!(event["requestId"], answer.data()["requestId"]);
    assert_eq!(event["event"], "employee.created");
    assert_eq!(event["staffId"], "EMP-2025-001");
    assert_eq!(event["eventTimestamp"], "2025-10-26T14:29:59.120Z");
    assert_eq!(event["status"], "accepted");
    assert_eq!(event["route"], "default");
    assert_eq!(event["retryCount"], 0);
    assert_eq!(event["nextRetryAt"], Value::Null);
    assert_eq!(event["attempts"], json!([]));
    assert_eq!(
        event["data"].to_string(),
        r#"{"staffId":"EMP-2025-001","fullName":"山田 太郎","score":1}"#
    );
}

#[tokio::test]
async fn the_staff_id_is_taken_from_the_data_when_it_is_not_given() {
    let relay = TestRelay::start("").await;
    for (body, staff_id) in [
        (
            r#"{"event":"a","data":{"staffId":"S","employeeId":"E"},"staffId":"G"}"#,
            json!("G"),
        ),
        (
            r#"{"event":"a","data":{"staffId":"S","employeeId":"E"}}"#,
            json!("S"),
        ),
        (r#"{"event":"a","data":{"employeeId":"E"}}"#, json!("E")),
        (r#"{"event":"a","data":{"staffId":7}}"#, json!("7")),
        (r#"{"event":"a","data":{"employeeId":7.0}}"#, json!("7")),
        (r#"{"event":"a","data":{},"staffId":12.0}"#, json!("12")),
        (
            r#"{"event":"a","data":{"staffId":"","employeeId":8}}"#,
            json!("8"),
        ),
        (r#"{"event":"a","data":{"staffId":true}}"#, Value::Null),
        (r#"{"event":"a","data":{},"staffId":null}"#, Value::Null),
    ] {
        let answer = relay.post("/api/events", body).await;
        let id = answer.data()["id"].as_str().unwrap().to_owned();
        let event = relay.get(&format!("/api/events/{id}")).await;
        assert_eq!(event.data()["staffId"], staff_id, "{body}");
    }
}

#[tokio::test]
async fn the_time_of_an_event_is_taken_in_every_form_of_iso_8601() {
    let relay = TestRelay::start("").await;
    for written in [
        "2025-10-28T10:00:00.000+09:00",
        "2025-10-28T10:00+09:00",
        "2025-10-28T01:00Z",
        "2025-10-28T10:00:00+09",
        "2025-10-28T10:00:00+0900",
    ] {
        let body = json!({"event": "a", "data": {}, "eventTimestamp": written});
        let answer = relay.post("/api/events", body.to_string()).await;
        let id = answer.data()["id"].as_str().unwrap().to_owned();
        let event = relay.get(&format!("/api/events/{id}")).await;
        let kept = &event.data()["eventTimestamp"];
        assert_eq!(kept, "2025-10-28T01:00:00.000Z", "{written}");
    }
}

#[tokio::test]
async fn a_compressed_body_is_called_one() {
    let relay = TestRelay::start("").await;
    let json = ("content-type", "application/json");
    for path in [
        "/api/events",
        "/api/events/batch",
        "/api/interviews/batch",
        "/api/events/resend",
    ] {
        let gzip = [json, ("content-encoding", "gzip")];
        let refused = relay.post_with(path, &gzip, vec![0x1f, 0x8b, 8]).await;
        assert_eq!(
            (refused.status, refused.error().0),
            (415, "UNSUPPORTED_MEDIA_TYPE"),
            "{path}"
        );
        assert!(refused.error().1.starts_with("Content-Encoding"), "{path}");
        assert_eq!(refused.header("accept-encoding"), "identity", "{path}");
    }
    let plain = [json, ("content-encoding", "identity")];
    let taken = relay
        .post_with("/api/events", &plain, r#"{"event":"a","data":{}}"#)
        .await;
    assert_eq!(taken.status, 202);
}

#[tokio::test]
async fn bad_input_is_refused_by_name_and_changes_nothing() {
    let relay = TestRelay::start("").await;
    let long = "x".repeat(101);
    let deep = format!(
        "{{\"event\":\"a\",\"data\":{}{}}}",
        "{\"a\":".repeat(200),
        "}".repeat(200)
    );
    let cases: Vec<(String, u16, &str, &str)> = [
        ("", "INVALID_JSON", ""),
        ("{", "INVALID_JSON", "line 1"),
        ("[]", "INVALID_JSON", "object"),
        ("7", "INVALID_JSON", "object"),
        (r#"{"data":{}}"#, "INVALID_PARAMETER", "event"),
        (r#"{"event":5,"data":{}}"#, "INVALID_PARAMETER", "event"),
        (r#"{"event":"","data":{}}"#, "INVALID_PARAMETER", "event"),
        (
            r#"{"event":"Employee","data":{}}"#,
            "INVALID_PARAMETER",
            "event",
        ),
        (
            r#"{"event":"従業員","data":{}}"#,
            "INVALID_PARAMETER",
            "event",
        ),
        (r#"{"event":"a"}"#, "INVALID_PARAMETER", "data"),
        (r#"{"event":"a","data":null}"#, "INVALID_PARAMETER", "data"),
        (r#"{"event":"a","data":[1]}"#, "INVALID_PARAMETER", "data"),
        (r#"{"event":"a","data":"x"}"#, "INVALID_PARAMETER", "data"),
        (
            r#"{"event":"a","data":{},"staffId":[5]}"#,
            "INVALID_PARAMETER",
            "staffId",
        ),
        (
            r#"{"event":"a","data":{},"staffId":""}"#,
            "INVALID_PARAMETER",
            "staffId",
        ),
        (
            r#"{"event":"a","data":{},"staffId":12345678901234567890}"#,
            "INVALID_PARAMETER",
            "staffId",
        ),
        (
            r#"{"event":"a","data":{},"eventTimestamp":"yesterday"}"#,
            "INVALID_PARAMETER",
            "eventTimestamp",
        ),
        (
            r#"{"event":"a","data":{},"eventTimestamp":"2025-10-26T14:30:00"}"#,
            "INVALID_PARAMETER",
            "eventTimestamp",
        ),
        (
            r#"{"event":"a","data":{},"eventTimestamp":1761489000}"#,
            "INVALID_PARAMETER",
            "eventTimestamp",
        ),
        (
            r#"{"event":"a","data":{},"colour":"red"}"#,
            "INVALID_JSON",
            "colour",
        ),
        (
            r#"{"event":"a","event":"b","data":{}}"#,
            "INVALID_JSON",
            "event",
        ),
        (
            r#"{"event":"a","data":{"id":12345678901234567890}}"#,
            "UNSTABLE_JSON",
            "/id",
        ),
        (
            r#"{"event":"a","data":{"b":{"c":1,"c":2}}}"#,
            "UNSTABLE_JSON",
            "/b/c",
        ),
        (
            r#"{"event":"a","data":{"a":"\ud800"}}"#,
            "UNSTABLE_JSON",
            "/a",
        ),
        (r#"{"event":"a","data":{"a":01}}"#, "INVALID_JSON", ""),
        (
            &format!(r#"{{"event":"{long}","data":{{}}}}"#),
            "INVALID_PARAMETER",
            "event",
        ),
        (&deep, "INVALID_JSON", ""),
    ]
    .into_iter()
    .map(|(body, code, word)| (body.to_owned(), 400, code, word))
    .collect();
    for (body, status, code, word) in cases {
        let answer = relay.post("/api/events", body.clone()).await;
        let (found, message) = answer.error();
        assert_eq!((answer.status, found), (status, code), "{body}: {message}");
        assert!(message.contains(word), "{body}: {message}");
    }
    let answer = relay.post("/api/events", vec![b'{', 0xff, b'}']).await;
    assert_eq!(answer.error().0, "INVALID_JSON");
    for media in [
        "text/plain",
        "application/x-ndjson",
        "application/x-www-form-urlencoded",
    ] {
        let answer = relay
            .post_with(
                "/api/events",
                &[("content-type", media)],
                r#"{"event":"a","data":{}}"#,
            )
            .await;
        assert_eq!(
            (answer.status, answer.error().0),
            (415, "UNSUPPORTED_MEDIA_TYPE")
        );
    }
    assert_eq!(count(&relay).await, 0);
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_whether_it_says_its_length_or_not() {
    let relay = TestRelay::start_with(
        "",
        "[server]\nmax_body_bytes = 2048",
        crate::harness::Clock::System,
    )
    .await;
    let fits = format!(r#"{{"event":"a","data":{{"x":"{}"}}}}"#, "y".repeat(1900));
    assert_eq!(relay.post("/api/events", fits).await.status, 202);
    let over = format!(r#"{{"event":"a","data":{{"x":"{}"}}}}"#, "y".repeat(2100));
    let announced = relay.post("/api/events", over.clone()).await;
    assert_eq!(
        (announced.status, announced.error().0),
        (413, "PAYLOAD_TOO_LARGE")
    );
    assert_eq!(count(&relay).await, 1);
}

#[tokio::test]
async fn a_mistyped_name_is_refused_when_the_names_are_listed() {
    let listed = r#"[server]
known_events = ["employee.created", "survey.*"]
[ingest]
open_from = ["127.0.0.1"]"#;
    let relay = TestRelay::start_with("", listed, crate::harness::Clock::System).await;
    let event = |name: &str| json!({"event": name, "data": {}});
    for name in ["employee.created", "survey.answered"] {
        let answer = relay.post("/api/events", event(name).to_string()).await;
        assert_eq!(answer.status, 202, "{name}");
    }
    let accepted = "must be one of server.known_events in the relay's configuration";
    let meant = format!("{accepted}; did you mean employee.created?");
    for (name, told) in [("employe.created", &*meant), ("photo.changed", accepted)] {
        let batch = json!([event("survey.answered"), event(name)]);
        for (path, body, field) in [
            ("/api/events", event(name), "event"),
            ("/api/events/batch", batch, "[1].event"),
            ("/in/hr", event(name), "event"),
        ] {
            let answer = relay.post(path, body.to_string()).await;
            assert_eq!(answer.status, 400, "{path}");
            let told = format!("{field}: {told}");
            assert_eq!(answer.error(), ("INVALID_PARAMETER", &*told), "{path}");
        }
    }
    assert_eq!(count(&relay).await, 2);
}

#[tokio::test]
async fn a_key_gives_the_same_answer_again_and_other_content_a_conflict() {
    let relay = TestRelay::start("").await;
    let key = ("idempotency-key", "hr-2025-10-26-000123");
    let body = r#"{"event":"a","data":{"n":1}}"#;
    let first = relay.post_with("/api/events", &[JSON, key], body).await;
    let same = r#"{ "data": {"n": 1.0}, "event": "a" }"#;
    let again = relay.post_with("/api/events", &[JSON, key], same).await;
    assert_eq!((first.status, again.status), (202, 200));
    assert_eq!(first.data()["id"], again.data()["id"]);
    assert_eq!(again.data()["duplicate"], true);
    let other = relay
        .post_with(
            "/api/events",
            &[JSON, key],
            r#"{"event":"a","data":{"n":2}}"#,
        )
        .await;
    assert_eq!(
        (other.status, other.error().0),
        (409, "IDEMPOTENCY_CONFLICT")
    );
    for bad in ["", &"k".repeat(192)] {
        let answer = relay
            .post_with("/api/events", &[JSON, ("idempotency-key", bad)], body)
            .await;
        assert_eq!(answer.error().0, "INVALID_PARAMETER");
        assert!(answer.error().1.contains("Idempotency-Key"));
    }
    for path in ["/api/events", "/api/events/batch"] {
        // Also when both are the same: whoever adds one may not know of the other.
        for second in [key, ("idempotency-key", "another"), ("idempotency-key", "")] {
            let answer = relay.post_with(path, &[JSON, key, second], body).await;
            assert_eq!(
                (answer.status, answer.error().0),
                (400, "INVALID_PARAMETER")
            );
            let said = answer.error().1;
            assert_eq!(said, "Idempotency-Key: given twice, once is accepted");
        }
    }
    assert_eq!(count(&relay).await, 1);
}

#[tokio::test]
async fn many_with_one_key_at_the_same_time_are_one_event() {
    let relay = TestRelay::start("").await;
    let body = r#"{"event":"a","data":{}}"#;
    let headers = [JSON, ("idempotency-key", "once")];
    let posts = (0..20).map(|_| relay.post_with("/api/events", &headers, body));
    let mut answers = Vec::new();
    let mut set = futures_in_order(posts).await;
    answers.append(&mut set);
    let ids: std::collections::HashSet<_> =
        answers.iter().map(|a| a.data()["id"].to_string()).collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(answers.iter().filter(|a| a.status == 202).count(), 1);
    assert_eq!(count(&relay).await, 1);
}

/// Runs all of them at once and answers their results in order.
async fn futures_in_order<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut pinned: Vec<_> = futures.into_iter().map(Box::pin).collect();
    let mut results: Vec<Option<F::Output>> = pinned.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, result) in pinned.iter_mut().zip(&mut results) {
            if result.is_none()
                && let std::task::Poll::Ready(output) = future.as_mut().poll(context)
            {
                *result = Some(output);
            }
        }
        if results.iter().all(Option::is_some) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    results.into_iter().flatten().collect()
}

#[tokio::test]
async fn a_batch_is_all_or_none_and_answers_in_its_order() {
    let relay = TestRelay::start("").await;
    let array = r#"[{"event":"a","data":{"n":1}},{"event":"b","data":{"n":2}}]"#;
    let lines = "{\"event\":\"c\",\"data\":{}}\n\n{\"event\":\"d\",\"data\":{}}\r\n";
    let first = relay.post("/api/events/batch", array).await;
    let second = relay.post_with("/api/events/batch", &[NDJSON], lines).await;
    assert_eq!((first.status, second.status), (202, 202));
    assert_eq!(first.data()["accepted"], 2);
    let page = relay.get("/api/events").await;
    let types: Vec<_> = page.data()["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["event"].as_str().unwrap())
        .collect();
    assert_eq!(types, ["d", "c", "b", "a"]);
    let ids: Vec<_> = first.data()["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| &e["id"])
        .collect();
    assert_eq!(ids[1], &page.data()["items"][2]["id"]);

    let refused = relay
        .post(
            "/api/events/batch",
            r#"[{"event":"e","data":{}},{"event":"F","data":{}}]"#,
        )
        .await;
    assert_eq!(refused.error().0, "INVALID_PARAMETER");
    assert!(
        refused.error().1.contains("[1].event"),
        "{}",
        refused.error().1
    );
    let broken = relay
        .post_with(
            "/api/events/batch",
            &[NDJSON],
            "{\"event\":\"e\",\"data\":{}}\n{oops",
        )
        .await;
    assert_eq!(broken.error().0, "INVALID_JSON");
    assert!(broken.error().1.contains("[1]"), "{}", broken.error().1);
    let many = r#" [{"event":"e","data":{}}]"#;
    let misled = relay.post("/api/events", many).await;
    assert!(misled.error().1.contains("/api/events/batch"));
    for body in ["[]", "{}", "", "[1]"] {
        assert_eq!(
            relay.post("/api/events/batch", body).await.status,
            400,
            "{body}"
        );
    }
    let mut many = String::new();
    for _ in 0..1001 {
        writeln!(many, "{{\"event\":\"a\",\"data\":{{}}}}").unwrap();
    }
    assert_eq!(
        relay
            .post_with("/api/events/batch", &[NDJSON], many.clone())
            .await
            .status,
        400
    );
    assert_eq!(count(&relay).await, 4);
    let thousand = many.lines().take(1000).collect::<Vec<_>>().join(
        "
",
    );
    assert_eq!(
        relay
            .post_with("/api/events/batch", &[NDJSON], thousand)
            .await
            .data()["accepted"],
        1000
    );
}

#[tokio::test]
async fn a_batch_under_a_key_is_recognised_event_by_event() {
    let relay = TestRelay::start("").await;
    let headers = [JSON, ("idempotency-key", "batch-7")];
    let body = r#"[{"event":"a","data":{"n":1}},{"event":"b","data":{"n":2}}]"#;
    let first = relay.post_with("/api/events/batch", &headers, body).await;
    let again = relay.post_with("/api/events/batch", &headers, body).await;
    let ids = |answer: &crate::harness::ApiAnswer| -> Vec<Value> {
        let events = answer.data()["events"].as_array().unwrap();
        events.iter().map(|e| e["id"].clone()).collect()
    };
    assert_eq!(ids(&first), ids(&again));
    assert_eq!(again.data()["events"][1]["duplicate"], true);
    let grown =
        r#"[{"event":"a","data":{"n":1}},{"event":"b","data":{"n":2}},{"event":"c","data":{}}]"#;
    let conflict = relay.post_with("/api/events/batch", &headers, grown).await;
    assert_eq!(conflict.status, 409);
    assert_eq!(count(&relay).await, 2);
}

#[tokio::test]
async fn lists_are_filtered_and_paged() {
    let relay = TestRelay::start("").await;
    for n in 0..5 {
        let event = if n % 2 == 0 { "even" } else { "odd" };
        relay.accept_of("EMP-1", event).await;
    }
    let page = relay.get("/api/events?limit=2").await;
    let next = page.data()["nextCursor"].as_str().unwrap().to_owned();
    let second = relay
        .get(&format!("/api/events?limit=2&cursor={next}"))
        .await;
    assert_eq!(second.data()["items"].as_array().unwrap().len(), 2);
    let filtered = relay
        .get("/api/events?eventType=odd&status=accepted&staffId=EMP-1")
        .await;
    assert_eq!(filtered.data()["items"].as_array().unwrap().len(), 2);
    assert_eq!(filtered.data()["nextCursor"], Value::Null);
    let future = relay.get("/api/events?since=2999-01-01T00:00:00Z").await;
    assert_eq!(future.data()["items"], json!([]));
    for (query, name) in [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=x", "limit"),
        ("status=lost", "status"),
        ("since=yesterday", "since"),
        ("until=2025-10-26", "until"),
        ("cursor=abc", "cursor"),
        ("evenType=a", "evenType"),
        ("status=accepted&status=delivered", "status"),
        ("route=elsewhere", "route"),
        (
            "route=defalt",
            "route: no route and no event has this name; did you mean default?",
        ),
        ("route=", "route"),
        ("eventType=", "eventType"),
        ("eventType=even.*", "eventType"),
        ("staffId=", "staffId"),
        ("staffId=a%0Ab", "staffId"),
    ] {
        let answer = relay.get(&format!("/api/events?{query}")).await;
        assert_eq!(
            (answer.status, answer.error().0),
            (400, "INVALID_PARAMETER"),
            "{query}"
        );
        assert!(
            answer.error().1.starts_with(name),
            "{query}: {}",
            answer.error().1
        );
    }
    // A name that no event has yet is no mistake.
    let none = relay
        .get("/api/events?eventType=never.seen&route=default")
        .await;
    assert_eq!(none.data()["items"], json!([]));
    let (later, earlier) = ("2025-10-27T00:00:00Z", "2025-10-26T23:59:59.999Z");
    for path in [
        format!("/api/events?since={later}&until={earlier}"),
        format!("/api/interviews?from={later}&to={earlier}"),
    ] {
        let answer = relay.get(&path).await;
        assert_eq!(
            (answer.status, answer.error().0),
            (400, "INVALID_DATE_RANGE")
        );
        assert!(
            answer.error().1.contains("must not be later than"),
            "{path}"
        );
    }
    let range = format!("/api/events?since={later}&until={later}");
    assert_eq!(relay.get(&range).await.status, 200);
    for (filter, code) in [
        (json!({"route": "elsewhere"}), "INVALID_PARAMETER"),
        (json!({"eventType": "Even"}), "INVALID_PARAMETER"),
        (json!({"staffId": ""}), "INVALID_PARAMETER"),
        (
            json!({"since": later, "until": earlier}),
            "INVALID_DATE_RANGE",
        ),
    ] {
        let answer = relay.post("/api/events/resend", filter.to_string()).await;
        assert_eq!((answer.status, answer.error().0), (400, code), "{filter}");
    }
    let unknown = relay.get("/api/events/nobody").await;
    assert_eq!((unknown.status, unknown.error().0), (404, "NOT_FOUND"));
}

#[tokio::test]
async fn without_a_url_events_are_kept_and_sent_when_there_is_one() {
    let partner = crate::harness::Partner::start(crate::harness::Clock::System).await;
    let relay = TestRelay::start("").await;
    let id = relay.accept("employee.created").await;
    let directory = relay.stop().await;
    let relay =
        TestRelay::start_in(directory, &partner.url(), "", crate::harness::Clock::System).await;
    let received = partner.wait_until(|all| !all.is_empty()).await;
    assert_eq!(received[0].header("x-request-id"), id);
    relay.wait_for_status(&id, "delivered").await;
}

#[tokio::test]
async fn a_key_that_named_one_event_names_no_batch_and_the_same_json_is_the_same() {
    let relay = TestRelay::start("").await;
    let headers = [JSON, ("idempotency-key", "one-key")];
    let one = r#"{"event":"a.b","data":{"staffId":"E","n":1,"m":{"x":1,"y":2}}}"#;
    let first = relay.post_with("/api/events", &headers, one).await;
    assert_eq!(first.status, 202);
    let other_order = r#"{"data":{"m":{"y":2.0,"x":1},"n":1e0,"staffId":"E"},"event":"a.b"}"#;
    let again = relay.post_with("/api/events", &headers, other_order).await;
    assert_eq!(
        (again.status, &again.data()["id"]),
        (200, &first.data()["id"])
    );
    let batch = format!("[{one},{one}]");
    let conflict = relay.post_with("/api/events/batch", &headers, batch).await;
    assert_eq!(conflict.error().0, "IDEMPOTENCY_CONFLICT");
    let other = r#"{"event":"a.b","data":{"staffId":"E","n":2,"m":{"x":1,"y":2}}}"#;
    let conflict = relay.post_with("/api/events", &headers, other).await;
    assert_eq!(conflict.error().0, "IDEMPOTENCY_CONFLICT");
}
