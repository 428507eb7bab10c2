//! Interview records: what is kept, what is refused, and with which words.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{ApiAnswer, Clock, TestRelay, token};
use voicedrive_relay::testing::token::Scope;

async fn call(relay: &TestRelay, method: Method, path: &str, body: &str) -> ApiAnswer {
    let bearer = format!(
        "Bearer {}",
        token(
            &[Scope::InterviewsRead, Scope::InterviewsWrite],
            relay.clock.now()
        )
    );
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    relay.call(method, path, &headers, body.to_owned()).await
}

async fn put(relay: &TestRelay, id: &str, record: &Value) -> ApiAnswer {
    call(
        relay,
        Method::PUT,
        &format!("/api/interviews/{id}"),
        &record.to_string(),
    )
    .await
}

fn record() -> Value {
    json!({"employeeId": "EMP-2025-001", "employeeName": "山田 太郎", "interviewerId": "EMP-2001-007",
           "interviewType": "regular", "interviewDate": "2025-10-28T19:00:00+09:00",
           "interviewStatus": "completed", "durationMinutes": 45, "voicedriveSyncId": "vd-123",
           "rescheduledFromId": null, "facilityId": "facility-a", "departmentId": "ward-3",
           "completedAt": "2025-10-28T10:45:00Z", "statusReason": null})
}

fn with(name: &str, value: Value) -> Value {
    let mut record = record();
    record[name] = value;
    record
}

#[tokio::test]
async fn a_record_is_created_replaced_read_and_deleted() {
    let relay = TestRelay::start("").await;
    let created = put(&relay, "int-2025-001", &record()).await;
    assert_eq!(created.status, 201, "{:?}", created.body);
    assert_eq!(created.data()["interviewDate"], "2025-10-28T10:00:00.000Z");
    assert_eq!(created.data()["id"], "int-2025-001");
    let minimal = json!({"employeeId": "E", "interviewType": "support", "interviewDate": "2025-10-28T10:00:00Z"});
    let replaced = put(&relay, "int-2025-001", &minimal).await;
    assert_eq!(replaced.status, 200);
    assert_eq!(replaced.data()["interviewStatus"], "scheduled");
    assert_eq!(
        replaced.data()["voicedriveSyncId"],
        Value::Null,
        "replaced, not merged"
    );
    let path = "/api/interviews/int-2025-001";
    assert_eq!(
        call(&relay, Method::GET, path, "").await.data(),
        replaced.data()
    );
    let deleted = call(&relay, Method::DELETE, path, "").await;
    assert_eq!(
        (deleted.status, &deleted.body),
        (204, &Value::String(String::new()))
    );
    assert_eq!(call(&relay, Method::GET, path, "").await.status, 404);
    assert_eq!(call(&relay, Method::DELETE, path, "").await.status, 404);
    let japanese = put(&relay, "%E9%9D%A2%E8%AB%87-1", &minimal).await;
    assert_eq!(japanese.data()["id"], "面談-1");
}

#[tokio::test]
async fn each_violation_names_its_field_and_changes_nothing() {
    let relay = TestRelay::start("").await;
    for (name, value) in [
        ("employeeId", Value::Null),
        ("employeeId", json!("")),
        ("employeeId", json!("x".repeat(192))),
        ("employeeId", json!(-7)),
        ("employeeId", json!(7.5)),
        ("interviewType", Value::Null),
        ("interviewDate", Value::Null),
        ("interviewDate", json!("2025-10-28")),
        ("interviewDate", json!("2025-10-28T10:00:00")),
        ("interviewDate", json!(1_761_489_000)),
        ("interviewStatus", json!("done")),
        ("durationMinutes", json!(-1)),
        ("durationMinutes", json!(1441)),
        ("durationMinutes", json!(4.5)),
        ("durationMinutes", json!("45")),
        ("voicedriveSyncId", json!("")),
        ("rescheduledFromId", json!("nobody")),
        ("rescheduledFromId", json!("int-1")),
        ("facilityId", json!(["a"])),
        ("completedAt", json!("later")),
        ("statusReason", json!("x".repeat(1001))),
        ("id", json!("another")),
    ] {
        let answer = put(&relay, "int-1", &with(name, value.clone())).await;
        assert_eq!(
            (answer.status, answer.error().0),
            (400, "INVALID_PARAMETER"),
            "{name}: {value}"
        );
        assert!(answer.error().1.starts_with(name), "{}", answer.error().1);
    }
    let unknown = put(&relay, "int-1", &with("colour", json!("red"))).await;
    assert_eq!(unknown.error().0, "INVALID_JSON");
    assert!(
        unknown.error().1.contains("colour"),
        "{}",
        unknown.error().1
    );
    for body in ["", "[]", "7", "{", "null"] {
        assert_eq!(
            call(&relay, Method::PUT, "/api/interviews/int-1", body)
                .await
                .status,
            400,
            "{body}"
        );
    }
    assert_eq!(put(&relay, "completion-stats", &record()).await.status, 405);
    assert_eq!(
        call(&relay, Method::GET, "/api/interviews", "")
            .await
            .data()["items"],
        json!([])
    );
}

#[tokio::test]
async fn sync_ids_are_unique_and_chains_have_no_loop() {
    let relay = TestRelay::start("").await;
    put(&relay, "a", &record()).await;
    let taken = put(&relay, "b", &record()).await;
    assert_eq!((taken.status, taken.error().0), (409, "CONFLICT"));
    assert!(taken.error().1.starts_with("voicedriveSyncId"));
    let from = |origin: &str, sync: &str| {
        let mut record = with("rescheduledFromId", json!(origin));
        record["voicedriveSyncId"] = json!(sync);
        record
    };
    assert_eq!(put(&relay, "b", &from("a", "vd-b")).await.status, 201);
    assert_eq!(put(&relay, "c", &from("b", "vd-c")).await.status, 201);
    let looped = put(&relay, "a", &from("c", "vd-123")).await;
    assert_eq!(looped.error().0, "INVALID_PARAMETER");
    assert!(looped.error().1.starts_with("rescheduledFromId"));
    let named = call(&relay, Method::DELETE, "/api/interviews/a", "").await;
    assert_eq!((named.status, named.error().0), (409, "CONFLICT"));
    assert_eq!(
        put(&relay, "c", &from("b", "vd-c")).await.status,
        200,
        "the same again is no loop"
    );
}

#[tokio::test]
async fn a_batch_is_all_or_none_and_names_the_record() {
    let relay = TestRelay::start("").await;
    let one = |id: &str, origin: Option<&str>| {
        json!({"id": id, "employeeId": "E", "interviewType": "regular",
               "interviewDate": "2025-10-28T10:00:00Z", "rescheduledFromId": origin})
    };
    let batch = json!([one("a", None), one("b", Some("a"))]).to_string();
    let answer = call(&relay, Method::POST, "/api/interviews/batch", &batch).await;
    assert_eq!(
        *answer.data(),
        json!({"accepted": 2, "created": 2, "replaced": 0})
    );
    let bad = json!([one("c", None), one("d", Some("e")), one("e", None)]).to_string();
    let refused = call(&relay, Method::POST, "/api/interviews/batch", &bad).await;
    assert!(
        refused.error().1.starts_with("[1].rescheduledFromId"),
        "{}",
        refused.error().1
    );
    for id in [Value::Null, json!(""), json!("batch"), json!(5)] {
        let mut record = one("x", None);
        record["id"] = id;
        let refused = call(
            &relay,
            Method::POST,
            "/api/interviews/batch",
            &json!([record]).to_string(),
        )
        .await;
        assert!(
            refused.error().1.starts_with("[0].id"),
            "{}",
            refused.error().1
        );
    }
    let listed = call(&relay, Method::GET, "/api/interviews", "").await;
    assert_eq!(listed.data()["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_batch_is_judged_by_what_it_leaves_behind() {
    let relay = TestRelay::start("").await;
    let one = |id: &str, sync: Option<&str>, origin: Option<&str>| {
        json!({"id": id, "employeeId": "E", "interviewType": "regular",
               "interviewDate": "2025-10-28T10:00+09", "voicedriveSyncId": sync,
               "rescheduledFromId": origin, "durationMinutes": 5.0})
    };
    let batch = async |records: Value| {
        let records = records.to_string();
        call(&relay, Method::POST, "/api/interviews/batch", &records).await
    };
    let first = json!([one("a", Some("1"), None), one("b", Some("2"), Some("a"))]);
    assert_eq!(batch(first).await.status, 200);
    // Ids of VoiceDrive are exchanged, and the order of the two is turned.
    let exchanged = json!([one("a", Some("2"), Some("b")), one("b", Some("1"), None)]);
    let answer = batch(exchanged).await;
    assert_eq!(
        *answer.data(),
        json!({"accepted": 2, "created": 0, "replaced": 2})
    );
    // One is handed on to a record that stands before its holder.
    let handed = json!([one("c", Some("1"), None), one("b", None, None)]);
    assert_eq!(batch(handed).await.status, 200);
    let b = call(&relay, Method::GET, "/api/interviews/b", "").await;
    assert_eq!(b.data()["voicedriveSyncId"], Value::Null);
    assert_eq!(b.data()["durationMinutes"], 5);
    assert_eq!(b.data()["interviewDate"], "2025-10-28T01:00:00.000Z");
    let taken = batch(json!([one("d", None, None), one("e", Some("1"), None)])).await;
    assert_eq!((taken.status, taken.error().0), (409, "CONFLICT"));
    assert!(taken.error().1.starts_with("[1].voicedriveSyncId"));
}

#[tokio::test]
async fn lists_are_filtered_and_every_page_is_new() {
    let relay = TestRelay::start_with("", "", Clock::System).await;
    let records: Vec<Value> = (0..7)
        .map(|n| {
            json!({"id": format!("i{n}"), "employeeId": "E", "interviewType": "regular",
                   "interviewDate": format!("2025-10-2{}T10:00:00Z", n / 2),
                   "facilityId": if n < 3 { "a" } else { "b" }})
        })
        .collect();
    let batch = serde_json::to_string(&records).unwrap();
    assert_eq!(
        call(&relay, Method::POST, "/api/interviews/batch", &batch)
            .await
            .status,
        200
    );
    let mut seen = Vec::new();
    let mut path = "/api/interviews?limit=3".to_owned();
    loop {
        let page = call(&relay, Method::GET, &path, "").await;
        let items = page.data()["items"].as_array().unwrap();
        seen.extend(items.iter().map(|i| i["id"].as_str().unwrap().to_owned()));
        match page.data()["nextCursor"].as_str() {
            Some(cursor) => path = format!("/api/interviews?limit=3&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(seen, ["i6", "i5", "i4", "i3", "i2", "i1", "i0"]);
    let count = async |query: &str| {
        let page = call(&relay, Method::GET, &format!("/api/interviews?{query}"), "").await;
        page.data()["items"].as_array().unwrap().len()
    };
    assert_eq!(count("facility=a").await, 3);
    assert_eq!(
        count("from=2025-10-21T10:00:00Z&to=2025-10-22T10:00:00Z").await,
        4
    );
    assert_eq!(count("status=completed").await, 0);
    for query in ["status=done", "from=x", "limit=0", "cursor=x", "ward=1"] {
        let answer = call(&relay, Method::GET, &format!("/api/interviews?{query}"), "").await;
        assert_eq!(
            (answer.status, answer.error().0),
            (400, "INVALID_PARAMETER"),
            "{query}"
        );
    }
}

#[tokio::test]
async fn completion_is_counted_in_the_seeds_shape() {
    let clock = Clock::manual(crate::harness::noon());
    let relay = TestRelay::start_with("", "", clock).await;
    let path = "/api/interviews/completion-stats";
    let empty = relay.get(path).await;
    assert_eq!(
        *empty.data(),
        json!({
            "period": "7d",
            "summary": {"totalScheduled": 0, "completed": 0, "scheduled": 0, "cancelled": 0, "noShow": 0,
                        "rescheduled": 0, "completionRate": 0.0, "noShowRate": 0.0, "avgDurationMinutes": 0},
            "byType": {},
            "voicedrive": {"syncedCount": 0, "syncRate": 0.0, "unsyncedCount": 0},
            "rescheduling": {"total": 0, "recent": []},
        })
    );
    // The fifty interviews that both teams agreed on, and one from before the period.
    let mut records = vec![
        json!({"id": "old", "employeeId": "E", "interviewType": "regular", "interviewDate": "2025-10-19T11:59:59.999Z"}),
    ];
    for n in 0..50 {
        let status = match n {
            0..45 => "completed",
            45..47 => "scheduled",
            47 => "cancelled",
            _ => "no_show",
        };
        records.push(json!({
            "id": format!("i{n}"), "employeeId": "E", "interviewStatus": status,
            "interviewType": if n % 2 == 0 { "regular" } else { "support" },
            // The first lies on the first millisecond of the period, the last is still to come.
            "interviewDate": if n == 0 { "2025-10-19T12:00:00.000Z" } else { "2025-11-26T12:00:00Z" },
            "durationMinutes": if n < 45 { json!(44 + n % 2) } else { Value::Null },
            "voicedriveSyncId": if n < 48 { json!(format!("vd-{n}")) } else { Value::Null },
            "rescheduledFromId": if n == 7 { json!("i6") } else { Value::Null },
            "facilityId": if n < 10 { "a" } else { "b" }, "departmentId": "ward-3",
        }));
    }
    let batch = serde_json::to_string(&records).unwrap();
    assert_eq!(
        call(&relay, Method::POST, "/api/interviews/batch", &batch)
            .await
            .status,
        200
    );
    let answer = relay.get(path).await;
    let data = answer.data();
    assert_eq!(
        data["summary"],
        json!({"totalScheduled": 50, "completed": 45, "scheduled": 2, "cancelled": 1, "noShow": 2,
               "rescheduled": 0, "completionRate": 90.0, "noShowRate": 4.0, "avgDurationMinutes": 44})
    );
    assert_eq!(
        data["voicedrive"],
        json!({"syncedCount": 48, "syncRate": 96.0, "unsyncedCount": 2})
    );
    assert_eq!(
        data["byType"]["regular"],
        json!({"total": 25, "completed": 23, "scheduled": 1, "cancelled": 0, "noShow": 1,
               "rescheduled": 0, "completionRate": 92.0})
    );
    assert_eq!(
        data["rescheduling"]["recent"],
        json!([{"interviewId": "i7", "originalId": "i6", "newDate": "2025-11-26T12:00:00.000Z"}])
    );
    let total = async |query: &str| {
        let answer = relay.get(&format!("{path}?{query}")).await;
        answer.data()["summary"]["totalScheduled"].clone()
    };
    assert_eq!(total("period=30d").await, 51);
    assert_eq!(total("period=24h").await, 49);
    assert_eq!(total("facility=a&department=ward-3").await, 10);
    assert_eq!(total("department=ward-4").await, 0);
    let refused = relay.get(&format!("{path}?period=1y")).await;
    assert_eq!(
        (refused.status, refused.error().0),
        (400, "INVALID_PARAMETER")
    );
}
