//! What VoiceDrive's monitor page and whoever watches the server ask for.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::commands::Daemon;
use crate::harness::{API_TOKEN, ApiAnswer, Clock, Partner, TestRelay, client, noon, status};

const STATS: &str = "/api/voicedrive/webhook-stats";
const PAGE: &str = "https://voicedrive.example.com";

/// As VoiceDrive's shipped client calls.
async fn as_voicedrive(relay: &TestRelay, path: &str) -> ApiAnswer {
    let bearer = format!("Bearer {API_TOKEN}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("x-voicedrive-system-id", "voicedrive-v100"),
        ("content-type", "application/json"),
    ];
    relay.call(Method::GET, path, &headers, "").await
}

#[tokio::test]
async fn voicedrives_client_gets_its_own_shape_with_timeouts_among_the_failed() {
    let partner = Partner::start(Clock::System).await;
    let more = "timeout_seconds = 1\n[retry]\nintervals_seconds = [3600]";
    let relay = TestRelay::start_with(&partner.url(), more, Clock::System).await;
    let stall = voicedrive_relay::testing::receiver::ScriptedAnswer::After(
        Duration::from_hours(1),
        Box::new(status(200)),
    );
    partner.will_answer([status(500), stall]);
    for expected in ["retrying", "retrying", "delivered"] {
        let id = relay.accept("employee.created").await;
        relay.wait_for_status(&id, expected).await;
    }
    let answer = as_voicedrive(&relay, STATS).await;
    let data = answer.data();
    assert_eq!(
        (
            &data["sent24h"],
            &data["succeeded"],
            &data["failed"],
            &data["retried"]
        ),
        (&json!(3), &json!(1), &json!(2), &json!(0))
    );
    assert_eq!(
        data["queueStatus"],
        json!({"pending": 2, "processing": 0, "failed": 0})
    );
    assert_eq!(
        data["retryPolicy"],
        json!({"maxRetries": 1, "retryIntervals": [3600], "currentRetrying": 0})
    );
    let of_type = &data["byEventType"]["employee.created"];
    assert_eq!(
        (&of_type["sent"], &of_type["succeeded"], &of_type["failed"]),
        (&json!(3), &json!(1), &json!(2))
    );
    assert!(of_type["avgResponseTime"].is_u64());
}

#[tokio::test]
async fn a_range_is_counted_to_the_millisecond_and_a_bad_one_is_refused_by_name() {
    let clock = Clock::manual(noon());
    let partner = Partner::start(clock.clone()).await;
    let relay = TestRelay::start_with(&partner.url(), "", clock.clone()).await;
    let id = relay.accept("a").await;
    relay.wait_for_status(&id, "delivered").await;
    let sent = async |query: &str| -> Value {
        as_voicedrive(&relay, &format!("{STATS}?{query}"))
            .await
            .data()["sent24h"]
            .clone()
    };
    assert_eq!(sent("").await, 1);
    assert_eq!(sent("startDate=2025-10-26T12:00:00.000Z").await, 1);
    assert_eq!(
        sent("startDate=2025-10-26T11:00:00Z&endDate=2025-10-26T21:00:00%2B09:00").await,
        1
    );
    // The offset's plus was not escaped, and arrives as a blank.
    for start in ["21:00:00+09:00", "21:00+09", "21:00:00.000+0900"] {
        assert_eq!(
            sent(&format!("startDate=2025-10-26T{start}")).await,
            1,
            "{start}"
        );
    }
    assert_eq!(sent("endDate=2025-10-26T11:59:59.999Z").await, 0);
    for (query, name) in [
        ("startDate=yesterday", "startDate"),
        ("endDate=2025-10-32", "endDate"),
        ("startDate=2025-10-26T12:00:00", "startDate"),
        (
            "startDate=2025-10-27T00:00:00Z&endDate=2025-10-26T00:00:00Z",
            "startDate",
        ),
        (
            "startDate=2025-10-27T00:00:00Z",
            "startDate: must not be later than 2025-10-26T12",
        ),
    ] {
        let answer = as_voicedrive(&relay, &format!("{STATS}?{query}")).await;
        assert_eq!(
            (answer.status, answer.error().0),
            (400, "INVALID_DATE_RANGE"),
            "{query}"
        );
        assert!(
            answer.error().1.starts_with(name),
            "{query}: {}",
            answer.error().1
        );
    }
    clock.advance(Duration::from_millis(24 * 3_600_000 + 1));
    assert_eq!(sent("").await, 0);
}

#[tokio::test]
async fn a_configured_page_may_call_and_others_are_told_nothing() {
    let more = format!("[server]\ncors_allowed_origins = [\"{PAGE}\"]");
    let relay = TestRelay::start_with("", &more, Clock::System).await;
    let preflight = async |origin: &str| {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "GET"),
            (
                "access-control-request-headers",
                "authorization,x-voicedrive-system-id",
            ),
        ];
        relay.call(Method::OPTIONS, STATS, &headers, "").await
    };
    let allowed = preflight(PAGE).await;
    assert_eq!(allowed.status, 204);
    assert_eq!(allowed.header("access-control-allow-origin"), PAGE);
    for header in [
        "Authorization",
        "Content-Type",
        "Idempotency-Key",
        "X-VoiceDrive-System-ID",
    ] {
        assert!(
            allowed
                .header("access-control-allow-headers")
                .contains(header),
            "{header}"
        );
    }
    let refused = preflight("https://elsewhere.example.com").await;
    assert_eq!(refused.status, 405);
    assert!(
        refused
            .headers
            .keys()
            .all(|name| !name.as_str().starts_with("access-control"))
    );
    for (origin, may) in [(PAGE, PAGE), ("https://elsewhere.example.com", "")] {
        let answer = relay
            .call(Method::GET, STATS, &[("origin", origin)], "")
            .await;
        assert_eq!(answer.status, 401, "a page needs a token like everybody");
        assert_eq!(answer.header("access-control-allow-origin"), may);
        let exposed = answer.header("access-control-expose-headers");
        assert_eq!(exposed.contains("Retry-After"), !may.is_empty());
        assert_eq!(answer.header("vary"), "Origin", "for caches");
    }
    // A cache must not give a page the answer that somebody without one got.
    let health = relay.call(Method::GET, "/api/health", &[], "").await;
    assert_eq!(health.header("vary"), "Origin");
    for answer in [allowed, refused] {
        assert_eq!(answer.header("vary"), "Origin");
    }
    let relay = TestRelay::start("").await;
    let health = relay.call(Method::GET, "/api/health", &[], "").await;
    assert_eq!(
        health.header("vary"),
        "",
        "no page may call: all answers are the same"
    );
}

#[tokio::test]
async fn the_log_says_once_which_page_was_refused() {
    let directory = TempDir::new().unwrap();
    let more = format!("[server]\ncors_allowed_origins = [\"{PAGE}\"]");
    let mut daemon = Daemon::start(directory.path(), "", &more).await;
    let client = client();
    let own = daemon.url.clone();
    for origin in [
        PAGE,
        &own,
        "https://a.example",
        "https://a.example",
        "https://b.example",
    ] {
        let request = client.get(format!("{}/api/health", daemon.url));
        request.header("origin", origin).send().await.unwrap();
    }
    daemon.signal("-TERM");
    let mut refused = Vec::new();
    while let Some(line) = daemon.log.next_line().await {
        if let Some((_, origin)) = line.split_once("origin=") {
            assert!(line.contains("server.cors_allowed_origins"), "{line}");
            refused.push(origin.to_owned());
        }
    }
    assert_eq!(refused, ["https://a.example", "https://b.example"]);
}

#[tokio::test]
async fn health_is_asked_without_a_token_and_as_often_as_one_likes() {
    let partner = Partner::start(Clock::System).await;
    let relay = TestRelay::start(&partner.url()).await;
    for _ in 0..300 {
        let answer = relay.call(Method::GET, "/api/health", &[], "").await;
        assert_eq!(
            (answer.status, &answer.data()["status"]),
            (200, &json!("ok"))
        );
    }
    let kept = TestRelay::start("").await;
    let answer = kept.call(Method::GET, "/api/health", &[], "").await;
    assert_eq!(answer.data()["delivery"], "no URL");
}

#[tokio::test]
async fn health_says_when_sending_has_stalled() {
    let clock = Clock::manual(noon());
    let partner = Partner::start(clock.clone()).await;
    let relay = TestRelay::start_with(&partner.url(), "", clock.clone()).await;
    let id = relay.accept("a").await;
    relay.wait_for_status(&id, "delivered").await;
    assert_eq!(relay.get("/api/health").await.status, 200);
    // By this clock, the dispatcher has not come back for an hour.
    clock.advance(Duration::from_hours(1));
    let answer = relay.get("/api/health").await;
    assert_eq!((answer.status, answer.error().0), (503, "DELIVERY_STALLED"));
    let id = relay.accept("a").await;
    relay.wait_for_status(&id, "delivered").await;
    assert_eq!(relay.get("/api/health").await.status, 200, "it moves again");
}

const INTERVIEWS: &str = "/api/voicedrive/interview-completion-stats";

#[tokio::test]
async fn with_no_interview_every_number_is_a_number() {
    let relay = TestRelay::start("").await;
    let answer = as_voicedrive(&relay, INTERVIEWS).await;
    assert_eq!(
        *answer.data(),
        json!({"totalScheduled": 0, "actuallyCompleted": 0, "completionRate": 0.0, "noShowRate": 0.0,
               "rescheduledCount": 0, "avgDuration": 0.0, "byInterviewType": {},
               "recentCompletions": [], "pendingInterviews": [], "missedInterviews": []})
    );
}

#[tokio::test]
async fn today_is_the_clinics_day_and_interviews_are_named_as_the_page_wants_them() {
    // 21 hours in Tokyo.
    let clock = Clock::manual(noon());
    let relay = TestRelay::start_with("", "", clock).await;
    let record = |id: &str, date: &str, status: &str, minutes: Value| {
        json!({"id": id, "employeeId": format!("EMP-{id}"), "employeeName": "山田 太郎",
               "interviewType": "regular", "interviewDate": date, "interviewStatus": status,
               "durationMinutes": minutes, "statusReason": if status == "cancelled" { json!("発熱") } else { Value::Null }})
    };
    let batch = json!([
        record("before", "2025-10-25T14:59:59.999Z", "completed", json!(10)),
        record("first", "2025-10-25T15:00:00.000Z", "completed", json!(45)),
        record("second", "2025-10-26T09:00:00Z", "completed", json!(50)),
        record("untimed", "2025-10-26T09:30:00Z", "completed", Value::Null),
        record("late", "2025-10-26T11:59:00Z", "scheduled", Value::Null),
        record("coming", "2025-10-26T13:00:00Z", "scheduled", Value::Null),
        record("nobody", "2025-10-26T10:00:00Z", "no_show", Value::Null),
        record("ill", "2025-10-26T14:59:59.999Z", "cancelled", Value::Null),
        record("after", "2025-10-26T15:00:00.000Z", "completed", json!(10)),
    ]);
    assert_eq!(
        relay
            .post("/api/interviews/batch", batch.to_string())
            .await
            .status,
        200
    );
    // Only what was said is named, and not the end that is today's by default.
    let early = format!("{INTERVIEWS}?endDate=2025-10-24");
    let refused = as_voicedrive(&relay, &early).await;
    let (code, message) = refused.error();
    assert_eq!(code, "INVALID_DATE_RANGE");
    assert!(
        message.starts_with("endDate: ") && !message.contains("startDate"),
        "{message}"
    );
    let answer = as_voicedrive(&relay, INTERVIEWS).await;
    let data = answer.data();
    assert_eq!(
        (&data["totalScheduled"], &data["actuallyCompleted"]),
        (&json!(7), &json!(3))
    );
    assert_eq!(
        (&data["completionRate"], &data["noShowRate"]),
        (&json!(42.9), &json!(14.3))
    );
    assert_eq!(data["avgDuration"], 47.5);
    assert_eq!(
        data["byInterviewType"]["regular"],
        json!({"scheduled": 7, "completed": 3, "completionRate": 42.9, "avgDuration": 47.5})
    );
    let ids = |name: &str| -> Vec<&str> {
        let named = data[name].as_array().unwrap().iter();
        named.map(|i| i["interviewId"].as_str().unwrap()).collect()
    };
    assert_eq!(ids("recentCompletions"), ["untimed", "second", "first"]);
    assert_eq!(ids("pendingInterviews"), ["late", "coming"]);
    assert_eq!(ids("missedInterviews"), ["ill", "nobody"]);
    assert_eq!(
        data["recentCompletions"][0],
        json!({"interviewId": "untimed", "staffId": "EMP-untimed", "staffName": "山田 太郎",
               "interviewType": "regular", "scheduledAt": "2025-10-26T09:30:00.000Z", "status": "completed",
               "completedAt": "2025-10-26T09:30:00.000Z", "duration": 0})
    );
    assert_eq!(data["pendingInterviews"][0]["isPastDue"], true);
    assert_eq!(data["pendingInterviews"][1]["isPastDue"], false);
    assert_eq!(data["missedInterviews"][0]["reason"], "発熱");
    let all = as_voicedrive(
        &relay,
        &format!("{INTERVIEWS}?startDate=2025-10-25T00:00:00Z&endDate=2025-10-27T00:00:00Z"),
    )
    .await;
    assert_eq!(all.data()["totalScheduled"], 9);
    let bad = as_voicedrive(&relay, &format!("{INTERVIEWS}?endDate=today")).await;
    assert_eq!(bad.error().0, "INVALID_DATE_RANGE");
    assert!(bad.error().1.starts_with("endDate"), "{}", bad.error().1);
}
