//! A bulk resend whose caller goes away.

use std::collections::HashSet;

use std::time::Duration;

use super::*;
use crate::attempt::Outcome;
use crate::audit::Action;
use crate::incident::Thresholds;
use crate::store::tests::{at, attempted, moment, policy, somebody, submission};

#[tokio::test]
async fn whoever_breaks_it_off_lets_go_what_is_held() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), moment()).unwrap();
    let of_one = vec![submission("a.b", None); 2];
    store.accept_events(of_one, moment()).await.unwrap();
    let due = async || {
        let later = moment().after(Duration::from_secs(1));
        let due = store.due_deliveries("default", HashSet::new(), 9, later);
        due.await.unwrap().due
    };
    for _ in 0..2 {
        for due in due().await {
            let (taken, limits) = (attempted(Outcome::Success, at(0), 1), Thresholds::default());
            let kept = store.record_attempt(due.into(), taken.into(), policy(), limits, false);
            kept.await.unwrap();
        }
    }
    let (all, routing) = (EventFilter::default(), Routing::default());
    let page = store.resend_candidates(&all, &routing, None).await.unwrap();
    assert_eq!(page.events.len(), 2);
    let rules = BulkRules {
        policy: policy(),
        routing,
        only: false,
    };
    let entry = somebody().did(Action::Resend, at(0));
    let mut bulk = store.bulk_resend(rules, entry, moment());
    bulk.open(page.events[..1].to_vec(), moment())
        .await
        .unwrap();
    assert_eq!(due().await, [], "the other one may come");
    drop(bulk);
    let goes = async {
        while due().await.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), goes)
        .await
        .expect("it is let go");
}
