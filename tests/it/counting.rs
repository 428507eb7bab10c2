//! `GET /api/integration/webhook-stats`, to the millisecond.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Clock, Partner, TestRelay, noon, status};

const PATH: &str = "/api/integration/webhook-stats";

#[tokio::test]
async fn an_empty_relay_answers_the_seeds_keys_with_zeros() {
    let relay = TestRelay::start("").await;
    let answer = relay.get(PATH).await;
    assert_eq!(
        *answer.data(),
        json!({
            "period": "24h", "sent24h": 0, "succeeded": 0, "failed": 0, "timeout": 0, "retried": 0,
            "lastSentAt": null, "byEventType": {},
            "queueStatus": {"pending": 0, "processing": 0, "completed": 0, "failed": 0},
            "retryPolicy": {"maxRetries": 3, "retryIntervals": [60, 300, 1800], "currentRetrying": 0},
        })
    );
    assert_eq!(answer.body["timestamp"].as_str().unwrap().len(), 24);
}

#[tokio::test]
async fn what_was_sent_is_counted_by_its_state_now() {
    let partner = Partner::start(Clock::System).await;
    let more = "[retry]\nintervals_seconds = [3600]";
    let relay = TestRelay::start_with(&partner.url(), more, Clock::System).await;
    for _ in 0..3 {
        let id = relay.accept("employee.created").await;
        relay.wait_for_status(&id, "delivered").await;
    }
    partner.will_answer([status(500)]);
    let failed = relay.accept("interview.completed").await;
    relay.wait_for_status(&failed, "retrying").await;
    let answer = relay.get(PATH).await;
    let data = answer.data();
    assert_eq!(
        (&data["sent24h"], &data["succeeded"], &data["failed"]),
        (&json!(4), &json!(3), &json!(1))
    );
    assert_eq!(data["byEventType"]["interview.completed"]["failed"], 1);
    assert_eq!(data["queueStatus"]["pending"], 1);
    assert!(data["lastSentAt"].is_string());
    let filtered = relay
        .get(&format!("{PATH}?period=7d&eventType=employee.created"))
        .await;
    assert_eq!(filtered.data()["period"], "7d");
    assert_eq!(filtered.data()["sent24h"], 3);
    assert_eq!(filtered.data()["byEventType"].as_object().unwrap().len(), 1);
    assert_eq!(
        filtered.data()["queueStatus"]["pending"],
        1,
        "the whole queue"
    );
}

#[tokio::test]
async fn a_period_ends_to_the_millisecond() {
    let clock = Clock::manual(noon());
    let partner = Partner::start(clock.clone()).await;
    let relay = TestRelay::start_with(&partner.url(), "", clock.clone()).await;
    let id = relay.accept("a").await;
    relay.wait_for_status(&id, "delivered").await;
    let sent = async |period: &str| -> Value {
        relay.get(&format!("{PATH}?period={period}")).await.data()["sent24h"].clone()
    };
    for (period, days) in [("24h", 1), ("7d", 7), ("30d", 30)] {
        clock.set(noon().after(Duration::from_hours(24 * days)));
        assert_eq!(
            sent(period).await,
            1,
            "{period}: the first millisecond belongs to it"
        );
        clock.advance(Duration::from_millis(1));
        assert_eq!(sent(period).await, 0, "{period}: the one before does not");
    }
}

#[tokio::test]
async fn an_unknown_period_is_refused_by_name() {
    let relay = TestRelay::start("").await;
    for query in [
        "period=1y",
        "period=",
        "period=24H",
        "periode=24h",
        "period=24h&period=7d",
    ] {
        let answer = relay.get(&format!("{PATH}?{query}")).await;
        assert_eq!(
            (answer.status, answer.error().0),
            (400, "INVALID_PARAMETER"),
            "{query}"
        );
        assert!(answer.error().1.starts_with("period"), "{query}");
    }
}
