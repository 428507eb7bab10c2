//! The cases that both teams agreed for the integration, played as they were written down:
//! VoiceDrive's client against a relay that has sent and kept what the agreement says.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use voicedrive_relay::testing::receiver::ScriptedAnswer;

use crate::harness::{API_TOKEN, ApiAnswer, Clock, Partner, TestRelay, noon, status};

/// As VoiceDrive's shipped client asks.
async fn ask(relay: &TestRelay, path: &str, key: &str) -> ApiAnswer {
    let bearer = format!("Bearer {key}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("x-voicedrive-system-id", "voicedrive-v100"),
        ("content-type", "application/json"),
    ];
    relay.call(Method::GET, path, &headers, "").await
}

#[tokio::test]
async fn a_hundred_sends_are_counted_exactly_in_both_shapes() {
    let partner = Partner::start(Clock::System).await;
    let stall = || ScriptedAnswer::After(Duration::from_hours(1), Box::new(status(200)));
    // 95 that succeed, 3 that fail, 2 that take too long; what fails waits for its retry.
    partner.will_answer([status(500), status(500), status(500), stall(), stall()]);
    let relay = TestRelay::start_with(&partner.url(), "timeout_seconds = 1", Clock::System).await;
    let events: Vec<_> = (0..100)
        .map(|n| {
            let name = ["employee.created", "employee.updated"][n % 2];
            json!({"event": name, "data": {"staffId": format!("EMP-{n}")}})
        })
        .collect();
    let batch = relay
        .post("/api/events/batch", json!(events).to_string())
        .await;
    assert_eq!(
        (batch.status, &batch.data()["accepted"]),
        (202, &json!(100))
    );
    relay
        .get_until("/api/events?status=accepted", |found| {
            found["items"] == json!([])
        })
        .await;
    let counted = ask(
        &relay,
        "/api/integration/webhook-stats?period=24h",
        API_TOKEN,
    )
    .await;
    let stats = counted.data();
    assert_eq!(stats["sent24h"], 100);
    assert_eq!(stats["succeeded"], 95);
    assert_eq!(stats["failed"], 3);
    assert_eq!(stats["timeout"], 2);
    assert_eq!(stats["byEventType"]["employee.created"]["sent"], 50);
    assert_eq!(stats["byEventType"]["employee.updated"]["sent"], 50);
    assert_eq!(stats["queueStatus"]["pending"], 5);
    assert_eq!(
        stats["retryPolicy"],
        json!({"maxRetries": 3, "retryIntervals": [60, 300, 1800], "currentRetrying": 0})
    );
    let counted = ask(&relay, "/api/voicedrive/webhook-stats", API_TOKEN).await;
    let stats = counted.data();
    assert_eq!(
        (&stats["succeeded"], &stats["failed"]),
        (&json!(95), &json!(5))
    );
    let one = ask(
        &relay,
        "/api/integration/webhook-stats?eventType=employee.created",
        API_TOKEN,
    )
    .await;
    assert_eq!(one.data()["sent24h"], 50);
}

#[tokio::test]
async fn fifty_interviews_are_counted_exactly_in_both_shapes() {
    let relay = TestRelay::start_with("", "", Clock::manual(noon())).await;
    // 45 completed, 2 to come, 1 cancelled, 2 where nobody came.
    let what_became = |n: usize| match n {
        0..45 => "completed",
        45..47 => "scheduled",
        47 => "cancelled",
        _ => "no_show",
    };
    let records: Vec<_> = (0..50)
        .map(|n| {
            let kind = ["regular", "support"][n % 2];
            json!({"id": format!("int-{n}"), "employeeId": format!("EMP-{n}"),
                   "interviewType": kind,
                   "interviewDate": "2025-10-26T01:00:00.000Z",
                   "interviewStatus": what_became(n), "durationMinutes": 40})
        })
        .collect();
    let kept = relay
        .post("/api/interviews/batch", json!(records).to_string())
        .await;
    assert_eq!(kept.status, 200);
    let counted = ask(
        &relay,
        "/api/interviews/completion-stats?period=7d",
        API_TOKEN,
    )
    .await;
    assert_eq!(
        counted.data()["summary"],
        json!({"totalScheduled": 50, "completed": 45, "scheduled": 2, "cancelled": 1, "noShow": 2,
               "rescheduled": 0, "completionRate": 90.0, "noShowRate": 4.0,
               "avgDurationMinutes": 40})
    );
    let by_type = &counted.data()["byType"];
    assert_eq!(
        (&by_type["regular"]["total"], &by_type["support"]["total"]),
        (&json!(25), &json!(25))
    );
    let counted = ask(
        &relay,
        "/api/voicedrive/interview-completion-stats",
        API_TOKEN,
    )
    .await;
    let stats = counted.data();
    assert_eq!(stats["totalScheduled"], 50);
    assert_eq!(
        (&stats["completionRate"], &stats["noShowRate"]),
        (&json!(90.0), &json!(4.0))
    );
    assert_eq!(stats["byInterviewType"]["regular"]["scheduled"], 25);
}

#[tokio::test]
async fn a_wrong_key_is_refused_and_health_needs_none() {
    let relay = TestRelay::start("").await;
    for path in [
        "/api/integration/webhook-stats",
        "/api/interviews/completion-stats",
        "/api/voicedrive/webhook-stats",
        "/api/voicedrive/interview-completion-stats",
    ] {
        let refused = ask(
            &relay,
            path,
            "vd-test-api-key-ffffffffffffffffffffffffffffffff",
        )
        .await;
        assert_eq!(
            (refused.status, refused.error().0),
            (401, "UNAUTHORIZED"),
            "{path}"
        );
        assert_eq!(refused.header("www-authenticate"), "Bearer");
        assert_eq!(ask(&relay, path, API_TOKEN).await.status, 200, "{path}");
    }
    let health = relay.call(Method::GET, "/api/health", &[], "").await;
    assert_eq!(
        (health.status, &health.data()["status"]),
        (200, &json!("ok"))
    );
}

#[tokio::test]
async fn the_hundred_and_first_request_of_a_minute_is_refused() {
    let relay = TestRelay::start_with("", "", Clock::manual(noon())).await;
    for _ in 0..100 {
        assert_eq!(
            ask(&relay, "/api/voicedrive/webhook-stats", API_TOKEN)
                .await
                .status,
            200
        );
    }
    let refused = ask(&relay, "/api/voicedrive/webhook-stats", API_TOKEN).await;
    assert_eq!(
        (refused.status, refused.error().0),
        (429, "RATE_LIMIT_EXCEEDED")
    );
    assert_eq!(refused.header("retry-after"), "60");
    // The other endpoint has a count of its own: VoiceDrive's page asks both, every five seconds.
    let other = "/api/voicedrive/interview-completion-stats";
    assert_eq!(ask(&relay, other, API_TOKEN).await.status, 200);
}
