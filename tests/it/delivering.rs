//! Sending and retrying, with a partner that fails in every way, on a clock that the test sets.

use std::collections::HashSet;
use std::time::Duration;

use hyper::StatusCode;
use hyper::body::Bytes;
use serde_json::json;
use voicedrive_relay::testing::attempt::Outcome;
use voicedrive_relay::testing::event::{NewEvent, Status};
use voicedrive_relay::testing::event_record::EventDetail;
use voicedrive_relay::testing::receiver::{ReceivedWebhook, ScriptedAnswer};
use voicedrive_relay::testing::retry::RetryPolicy;
use voicedrive_relay::testing::route::Routing;
use voicedrive_relay::testing::send_stats::QueueCounts;
use voicedrive_relay::testing::submission::{Accepted, Submission};

use crate::harness::{Bench, Clock, Partner, TestRelay, noon, somebody, status};

const SEEDS: [u64; 3] = [60, 300, 1800];
const PATIENT: Duration = Duration::from_secs(30);
const HURRIED: Duration = Duration::from_millis(200);

impl Bench {
    pub async fn accept(&self, event_type: &str) -> String {
        self.accept_one(event_type).await.id
    }

    /// Keeps an event; nobody is told that there is something to send.
    pub async fn accept_one(&self, event_type: &str) -> Accepted {
        let data = r#"{"staffId":"EMP-1","fullName":"山田 太郎"}"#;
        self.keep(event_type, data).await
    }

    /// The same for an event with this payload.
    pub async fn accept_data(&self, data: &str) -> Accepted {
        self.keep("a.b", data).await
    }

    async fn keep(&self, event_type: &str, data: &str) -> Accepted {
        let submission = Submission {
            event: NewEvent {
                event_type: event_type.to_owned(),
                data: data.into(),
                staff_id: None,
                event_timestamp: None,
            },
            route: "default".to_owned(),
            idempotency: None,
            memory: None,
        };
        let accepted = self
            .store
            .accept_events(vec![submission], self.clock.moment());
        accepted.await.unwrap().remove(0)
    }

    async fn event(&self, id: &str) -> EventDetail {
        let found = self.store.event(id, self.clock.moment()).await;
        found.unwrap().unwrap()
    }

    async fn queue(&self) -> QueueCounts {
        let overview = self.store.overview(self.clock.moment()).await;
        overview.unwrap().queue
    }

    /// Lets this much time pass, then sends what is due; answers the number of attempts.
    async fn after(&mut self, seconds: u64) -> usize {
        self.clock.advance(Duration::from_secs(seconds));
        self.dispatcher.step().await
    }

    pub async fn resend(&self, id: &str) {
        let policy = RetryPolicy::new(SEEDS.map(Duration::from_secs).to_vec());
        let (routing, moment) = (Routing::default(), self.clock.moment());
        let resent = self
            .store
            .resend_event(id, policy, routing, false, somebody(), moment);
        resent.await.unwrap();
    }
}

#[tokio::test]
async fn a_partner_that_fails_twice_gets_three_equal_requests_with_fresh_timestamps() {
    let mut bench = Bench::new(&SEEDS, PATIENT).await;
    bench.partner.will_answer([status(503), status(503)]);
    let id = bench.accept("employee.created").await;
    assert_eq!(bench.after(0).await, 1);
    assert_eq!(
        bench.after(59).await,
        0,
        "the first retry is due after 60 s"
    );
    assert_eq!(bench.after(1).await, 1);
    assert_eq!(bench.after(299).await, 0, "the second one after 300 s");
    assert_eq!(bench.after(1).await, 1);
    let received = bench.partner.received();
    assert_eq!(received.len(), 3);
    for (number, webhook) in received.iter().enumerate() {
        assert_eq!(webhook.verdict, Ok(()));
        assert_eq!(webhook.header("x-request-id"), id);
        assert_eq!(
            webhook.header("x-webhook-attempt"),
            (number + 1).to_string()
        );
        assert_eq!(webhook.header("content-type"), "application/json");
        assert_eq!(
            webhook.header("x-medical-system-source"),
            "staff-medical-system"
        );
        assert_eq!(webhook.body, received[0].body);
    }
    let times: Vec<_> = received
        .iter()
        .map(|w| w.header("x-medical-system-timestamp"))
        .collect();
    assert_eq!(
        times,
        [
            "2025-10-26T12:00:00.000Z",
            "2025-10-26T12:01:00.000Z",
            "2025-10-26T12:06:00.000Z"
        ]
    );
    let event = bench.event(&id).await;
    assert_eq!(event.summary.status, Status::Delivered);
    assert_eq!(event.summary.retry_count, 2);
    assert_eq!(event.attempts.len(), 3);
    assert_eq!(
        bench.queue().await,
        QueueCounts {
            completed: 1,
            ..QueueCounts::default()
        }
    );
}

#[tokio::test]
async fn a_partner_that_always_fails_gets_four_attempts_and_a_resend_four_more() {
    let mut bench = Bench::new(&SEEDS, PATIENT).await;
    bench.partner.always_answers(Some(status(500)));
    let id = bench.accept("employee.created").await;
    let mut attempts = bench.after(0).await;
    for wait in SEEDS {
        attempts += bench.after(wait).await;
    }
    attempts += bench.after(1_000_000).await;
    assert_eq!(attempts, 4);
    let event = bench.event(&id).await;
    assert_eq!(event.summary.status, Status::Exhausted);
    assert_eq!(event.summary.next_retry_at, None);
    assert_eq!(
        event.attempts[3].error.as_deref(),
        Some("HTTP 500: Internal Server Error")
    );
    assert_eq!(
        bench.queue().await,
        QueueCounts {
            failed: 1,
            ..QueueCounts::default()
        }
    );

    bench.resend(&id).await;
    assert_eq!(bench.after(0).await, 1);
    assert_eq!(bench.event(&id).await.summary.status, Status::Retrying);
    bench.partner.always_answers(None);
    assert_eq!(bench.after(60).await, 1);
    let event = bench.event(&id).await;
    assert_eq!(event.summary.status, Status::Delivered);
    assert_eq!(event.attempts.len(), 6);
    assert_eq!(bench.partner.received()[5].header("x-request-id"), id);
    assert_eq!(
        bench.queue().await,
        QueueCounts {
            completed: 1,
            ..QueueCounts::default()
        }
    );
}

#[tokio::test]
async fn every_way_to_fail_has_its_outcome_and_its_words() {
    let mut bench = Bench::new(&[1], HURRIED).await;
    let redirect = ScriptedAnswer::Respond {
        status: StatusCode::FOUND,
        headers: vec![("location", bench.partner.url())],
        body: Bytes::new(),
    };
    let moved = format!("HTTP 302: Found; it moved to {}", bench.partner.url());
    let too_large = ScriptedAnswer::json(
        StatusCode::INTERNAL_SERVER_ERROR,
        "PayloadTooLargeError: request entity too large",
    );
    let stall = ScriptedAnswer::After(Duration::from_hours(1), Box::new(status(200)));
    for (answer, outcome, code, words) in [
        (
            status(404),
            Outcome::Failed,
            Some(404),
            "HTTP 404: Not Found",
        ),
        (redirect, Outcome::Failed, Some(302), moved.as_str()),
        (
            too_large,
            Outcome::Failed,
            Some(500),
            "HTTP 500: Internal Server Error; its answer says that the body was too large",
        ),
        (
            ScriptedAnswer::Drop,
            Outcome::Failed,
            None,
            "the connection ended before there was an answer",
        ),
        (
            stall,
            Outcome::Timeout,
            None,
            "no complete answer within 200ms",
        ),
    ] {
        bench.partner.will_answer([answer]);
        let id = bench.accept("a").await;
        assert_eq!(
            bench.after(0).await,
            1,
            "{words}: no redirect is followed, nothing is sent twice"
        );
        let attempt = bench.event(&id).await.attempts.remove(0);
        assert_eq!((attempt.outcome, attempt.http_status), (outcome, code));
        assert_eq!(attempt.error.as_deref(), Some(words));
        assert_eq!(bench.after(1).await, 1);
    }
    for code in [200, 201, 202, 204, 299] {
        bench.partner.will_answer([status(code)]);
        let id = bench.accept("a").await;
        bench.after(0).await;
        assert_eq!(
            bench.event(&id).await.summary.status,
            Status::Delivered,
            "{code}"
        );
    }
}

#[tokio::test]
async fn nobody_listening_and_an_unknown_name_are_told_apart() {
    for (url, words) in [
        ("http://127.0.0.1:1/", "the connection was refused"),
        (
            "http://no-such-host.invalid/",
            "the host name could not be resolved",
        ),
    ] {
        let relay =
            TestRelay::start_with(url, "[retry]\nintervals_seconds = [3600]", Clock::System).await;
        let id = relay.accept("a").await;
        let event = relay.wait_for_status(&id, "retrying").await;
        assert_eq!(event["attempts"][0]["errorMessage"], words);
        assert_eq!(event["attempts"][0]["outcome"], "failed");
        relay.stop().await;
    }
}

#[tokio::test]
async fn a_huge_answer_is_neither_read_nor_kept_whole() {
    let mut bench = Bench::new(&[1], PATIENT).await;
    let huge = Bytes::from("応".repeat(4 * 1024 * 1024));
    bench.partner.will_answer([ScriptedAnswer::Respond {
        status: StatusCode::OK,
        headers: Vec::new(),
        body: huge,
    }]);
    let id = bench.accept("a").await;
    bench.after(0).await;
    let kept = bench
        .event(&id)
        .await
        .attempts
        .remove(0)
        .response_body
        .unwrap();
    assert!(kept.len() <= 8 * 1024 && kept.len() > 8 * 1024 - 4);
    assert!(kept.chars().all(|c| c == '応'));
}

#[tokio::test]
async fn retry_after_lengthens_a_wait_and_never_shortens_it() {
    let mut bench = Bench::new(&[10], PATIENT).await;
    let asks = |code: u16, seconds: &str| ScriptedAnswer::Respond {
        status: StatusCode::from_u16(code).unwrap(),
        headers: vec![("retry-after", seconds.to_owned())],
        body: Bytes::new(),
    };
    for (answer, wait) in [
        (asks(429, "40"), 40),
        (asks(503, "4"), 10),
        (asks(500, "40"), 10),
        (asks(429, "999999"), 3600),
    ] {
        bench.partner.will_answer([answer]);
        bench.accept("a").await;
        assert_eq!(bench.after(0).await, 1);
        assert_eq!(bench.after(wait - 1).await, 0, "{wait}");
        assert_eq!(bench.after(1).await, 1, "{wait}");
    }
}

#[tokio::test]
async fn a_retry_under_way_is_processing_and_goes_on_after_a_stop() {
    let partner = Partner::start(Clock::System).await;
    let more = "timeout_seconds = 1\n[retry]\nintervals_seconds = [1, 1]";
    let relay = TestRelay::start_with(&partner.url(), more, Clock::System).await;
    let stall = ScriptedAnswer::After(Duration::from_hours(1), Box::new(status(200)));
    partner.will_answer([status(503), stall]);
    let id = relay.accept("a").await;
    partner.wait_until(|all| all.len() == 2).await;
    let stats = relay.get("/api/integration/webhook-stats").await;
    assert_eq!(stats.data()["queueStatus"]["processing"], 1);
    assert_eq!(stats.data()["retryPolicy"]["currentRetrying"], 1);
    let directory = relay.stop().await;
    let relay = TestRelay::start_in(directory, &partner.url(), more, Clock::System).await;
    let event = relay.wait_for_status(&id, "delivered").await;
    let stats = relay.get("/api/integration/webhook-stats").await;
    assert_eq!(
        stats.data()["queueStatus"]["processing"],
        0,
        "nothing is stuck"
    );
    assert_eq!(event["attempts"].as_array().unwrap().len(), 3);
    let all = partner.received();
    assert!(
        all.iter()
            .all(|w| w.header("x-request-id") == id && w.verdict.is_ok())
    );
}

#[tokio::test]
async fn a_resend_during_a_first_attempt_says_that_it_is_under_way() {
    let partner = Partner::start(Clock::System).await;
    let relay = TestRelay::start_with(&partner.url(), "timeout_seconds = 60", Clock::System).await;
    partner.will_answer([ScriptedAnswer::After(
        Duration::from_hours(1),
        Box::new(status(200)),
    )]);
    let id = relay.accept("a").await;
    partner.wait_until(|all| all.len() == 1).await;
    let path = format!("/api/events/{id}/resend");
    let resent = relay.post(&path, "").await;
    let resent = resent.data();
    assert_eq!(
        (&resent["attemptUnderWay"], &resent["status"]),
        (&json!(true), &json!("accepted"))
    );
}

#[tokio::test]
async fn no_more_than_concurrency_attempts_are_under_way_at_once() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static UNDER_WAY: AtomicUsize = AtomicUsize::new(0);
    static MOST: AtomicUsize = AtomicUsize::new(0);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                use tokio::io::{AsyncReadExt, AsyncWriteExt};
                let mut buffer = vec![0; 65536];
                while stream.read(&mut buffer).await.is_ok_and(|n| n > 0) {
                    let now = UNDER_WAY.fetch_add(1, Ordering::SeqCst) + 1;
                    MOST.fetch_max(now, Ordering::SeqCst);
                    for _ in 0..50 {
                        tokio::task::yield_now().await;
                    }
                    UNDER_WAY.fetch_sub(1, Ordering::SeqCst);
                    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
                    if stream.write_all(answer).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    let relay = TestRelay::start_with(
        &format!("http://{address}/"),
        "concurrency = 3",
        Clock::System,
    )
    .await;
    let batch: Vec<_> = (0..200)
        .map(|_| serde_json::json!({"event": "a", "data": {}}))
        .collect();
    let answer = relay
        .post("/api/events/batch", serde_json::to_string(&batch).unwrap())
        .await;
    for event in answer.data()["events"].as_array().unwrap() {
        relay
            .wait_for_status(event["id"].as_str().unwrap(), "delivered")
            .await;
    }
    assert!((1..=3).contains(&MOST.load(Ordering::SeqCst)));
}

#[tokio::test]
async fn a_bulk_resend_counts_first_and_then_sends_what_it_counted() {
    let partner = Partner::start(Clock::System).await;
    partner.always_answers(Some(status(500)));
    let relay = TestRelay::start_with(
        &partner.url(),
        "[retry]\nintervals_seconds = [1]",
        Clock::System,
    )
    .await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(relay.accept("employee.created").await);
    }
    ids.push(relay.accept("employee.updated").await);
    for id in &ids {
        relay.wait_for_status(id, "exhausted").await;
    }
    partner.always_answers(None);
    let wanted = r#"{"status":"exhausted","eventType":"employee.created","dryRun":true}"#;
    let counted = relay.post("/api/events/resend", wanted).await;
    assert_eq!(
        (counted.status, counted.data()["matched"].as_u64()),
        (200, Some(3))
    );
    let listed = relay.get("/api/events?status=exhausted").await;
    assert_eq!(listed.data()["items"].as_array().unwrap().len(), 4);
    let wanted = r#"{"status":"exhausted","eventType":"employee.created"}"#;
    let sent = relay.post("/api/events/resend", wanted).await;
    assert_eq!(
        (sent.status, sent.data()["matched"].as_u64()),
        (202, Some(3))
    );
    for id in &ids[..3] {
        relay.wait_for_status(id, "delivered").await;
    }
    relay.wait_for_status(&ids[3], "exhausted").await;
    for body in [
        "{}",
        r#"{"dryRun":true}"#,
        r#"{"status":"lost"}"#,
        r#"{"since":"x"}"#,
        r#"{"colour":1}"#,
        r#"{"dryRun":"yes","status":"exhausted"}"#,
    ] {
        let answer = relay.post("/api/events/resend", body).await;
        assert_eq!(
            (answer.status, answer.error().0),
            (400, "INVALID_PARAMETER"),
            "{body}"
        );
    }
    assert_eq!(
        relay.post("/api/events/nobody/resend", "").await.status,
        404
    );
}

#[tokio::test]
async fn what_is_handed_over_and_what_is_found_in_the_store_is_sent_once() {
    const BATCHES: usize = 6;
    const IN_ONE: usize = 200;
    let partner = Partner::start(Clock::System).await;
    let relay = TestRelay::start(&partner.url()).await;
    // Each batch alone is more than can be handed over at once.
    let batch = format!("[{}]", [r#"{"event":"a.b","data":{}}"#; IN_ONE].join(","));
    let all = || relay.post("/api/events/batch", batch.clone());
    let answers = tokio::join!(all(), all(), all(), all(), all(), all());
    let answers: [_; BATCHES] = answers.into();
    let mut ids = HashSet::new();
    for answer in &answers {
        assert_eq!(answer.status, 202, "{:?}", answer.body);
        for event in answer.data()["events"].as_array().unwrap() {
            ids.insert(event["id"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(ids.len(), BATCHES * IN_ONE);
    partner
        .wait_until(|received| received.len() >= BATCHES * IN_ONE)
        .await;
    relay.stop().await;
    let received = partner.received();
    let sent: HashSet<_> = received
        .iter()
        .map(|webhook| webhook.header("x-request-id").to_owned())
        .collect();
    assert_eq!(sent, ids);
    assert_eq!(received.len(), ids.len(), "none was sent twice");
}

#[tokio::test]
async fn a_retry_does_not_wait_for_a_pause_between_new_events() {
    const ROUNDS: usize = 40;
    const IN_ONE: usize = 50;
    let clock = Clock::manual(noon());
    let partner = Partner::start(clock.clone()).await;
    let relay = TestRelay::start_with(&partner.url(), "", clock.clone()).await;
    partner.will_answer([status(503)]);
    let id = relay.accept("a.b").await;
    relay.wait_for_status(&id, "retrying").await;
    clock.advance(Duration::from_mins(1));
    // Enough are on their way to leave no pause, and few enough to be handed over, all of them: nothing
    // else makes the dispatcher look into the store.
    let batch = format!("[{}]", [r#"{"event":"c.d","data":{}}"#; IN_ONE].join(","));
    for round in 0..ROUNDS {
        let answer = relay.post("/api/events/batch", batch.clone()).await;
        assert_eq!(answer.status, 202, "{:?}", answer.body);
        partner
            .wait_until(|received| received.len() > round * IN_ONE)
            .await;
        let received = partner.received();
        let of_it = |webhook: &&ReceivedWebhook| webhook.header("x-request-id") == id;
        if received.iter().filter(of_it).count() == 2 {
            return;
        }
    }
    panic!(
        "a retry that was due waited for {} new events",
        ROUNDS * IN_ONE
    );
}
