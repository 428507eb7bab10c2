//! When a dispatcher reads the outbox, and how fast it sends.

use std::pin::Pin;
use std::task::{self, Poll};

use super::super::{DeliveryRules, handoff};
use super::*;
use crate::command_line::CommandLine;
use crate::delivery::profile::Profile;
use crate::delivery::proxy::Proxies;
use crate::incident::Thresholds;
use crate::observations::Observations;
use crate::order::Order;
use crate::retry::RetryPolicy;
use crate::timestamp::Timestamp;
use crate::under_way::UnderWay;

fn dispatcher(directory: &std::path::Path) -> Dispatcher {
    let clock = Clock::manual(Timestamp::from_unix_ms(1_761_489_000_000));
    let (_, rules) = watch::channel(DeliveryRules {
        policy: RetryPolicy::new(Vec::new()),
        thresholds: Thresholds::default(),
        automatic_recovery: false,
    });
    let route = Route {
        name: "default".to_owned(),
        url: "http://127.0.0.1:9/".parse().unwrap(),
        allow_http: false,
        profile: Profile::built_in("unsigned").unwrap(),
        secrets: Vec::new(),
        bearer: None,
        headers: Vec::new(),
        timeout: Duration::from_secs(5),
        concurrency: 8,
        max_per_second: None,
        max_body_bytes: None,
        order: Order::Staff,
        counted_by_voicedrive: true,
        proxies: Proxies::default(),
    };
    let context = Context {
        store: Store::open(directory, clock.moment()).unwrap(),
        clock,
        rules,
        observations: Observations::default(),
        under_way: UnderWay::default(),
        commands: CommandLine::default(),
    };
    Dispatcher::new(route, context, handoff::mailbox().1).unwrap()
}

/// Counts how often a future is asked whether it goes on.
struct Counted<F>(Pin<Box<F>>, Arc<std::sync::atomic::AtomicUsize>);

impl<F: Future> Future for Counted<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut task::Context<'_>) -> Poll<F::Output> {
        self.1.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.0.as_mut().poll(context)
    }
}

#[tokio::test]
async fn a_dispatcher_that_is_full_waits_and_does_not_spin() {
    let directory = tempfile::tempdir().unwrap();
    let mut full = dispatcher(directory.path());
    // As while a disk is full: no result can be kept, and the last look is long ago.
    for seq in 0..UNRECORDED {
        let seq = i64::try_from(seq).unwrap();
        full.running
            .spawn(async move { (seq, std::future::pending().await) });
    }
    full.clock.advance(POLL_AGAIN * 2);
    let polls = Arc::default();
    let (_stop, stopped) = watch::channel(false);
    let running = Counted(Box::pin(full.run(stopped)), Arc::clone(&polls));
    let ended = time::timeout(Duration::from_millis(200), running).await;
    assert!(ended.is_err());
    let polls = polls.load(std::sync::atomic::Ordering::Relaxed);
    assert!(polls < 20, "{polls} times within 0.2 s");
}

#[tokio::test]
async fn an_event_older_than_what_was_found_is_looked_for_and_not_sent_twice() {
    let directory = tempfile::tempdir().unwrap();
    let mut dispatcher = dispatcher(directory.path());
    let due = |seq| DueDelivery {
        seq,
        id: seq.to_string(),
        route: "default".into(),
        event_type: "a.b".to_owned(),
        event_timestamp: Timestamp::from_unix_ms(0),
        data: "{}".into(),
        due_ms: 0,
        attempt: 1,
        in_turn: true,
    };
    dispatcher.should_poll = false;
    dispatcher.held = false;
    dispatcher.polled_up_to = 5;
    dispatcher.take(due(5));
    dispatcher.receive(due(5));
    assert!(!dispatcher.should_poll, "it is in flight");
    dispatcher.receive(due(3));
    assert!(dispatcher.should_poll, "the store has to say");
    dispatcher.receive(due(6));
    assert_eq!(dispatcher.queued.len(), 2);
}
