//! What follows what is sent again, against what then is sent.

use super::*;
use crate::attempt::Outcome;
use crate::audit::Action;
use crate::clock::Moment;
use crate::incident::Thresholds;
use crate::store::tests::{at, attempted, moment, policy, somebody, submission};
use crate::store::{BulkRules, Store};
use std::collections::HashSet;
use std::time::Duration;

async fn accepted(store: &Store, staff_id: Option<&str>) -> i64 {
    let mut one = submission("employee.updated", None);
    one.event.staff_id = staff_id.map(str::to_owned);
    let accepted = store.accept_events(vec![one], moment()).await.unwrap();
    let id = accepted[0].id.clone();
    store
        .event(&id, moment())
        .await
        .unwrap()
        .unwrap()
        .summary
        .seq
}

/// Delivers what is due until nothing is; the events, in the order of their attempts.
async fn deliver_all(store: &Store, moment: Moment) -> Vec<i64> {
    let mut sent = Vec::new();
    loop {
        let due = store.due_deliveries("default", HashSet::new(), 9, moment);
        let due = due.await.unwrap().due;
        if due.is_empty() {
            return sent;
        }
        for due in due {
            sent.push(due.seq);
            let success = attempted(Outcome::Success, at(0), 1);
            let kept = store.record_attempt(
                due.into(),
                success.into(),
                policy(),
                Thresholds::default(),
                false,
            );
            kept.await.unwrap();
        }
    }
}

#[tokio::test]
async fn as_many_follow_as_are_told() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), moment()).unwrap();
    let mut all = Vec::new();
    for staff_id in [
        Some("a"),
        Some("b"),
        None,
        Some("a"),
        Some("a"),
        Some("b"),
        Some("a"),
    ] {
        all.push(accepted(&store, staff_id).await);
        deliver_all(&store, moment()).await;
    }
    let routing = Routing::default();
    let missing = [all[4], all[0], all[1], all[2]];
    let following = store.following(&missing, &routing).await.unwrap();
    // Of a, what lies between its two and behind them; of b, one.
    assert_eq!(following, Following { all: 3, longest: 2 });
    let nothing = store.following(&[all[6], all[2]], &routing).await.unwrap();
    assert_eq!(nothing, Following::default());

    let candidates = store.resendable(missing.to_vec()).await.unwrap();
    let rules = BulkRules {
        policy: policy(),
        routing,
        only: false,
    };
    let entry = somebody().did(Action::Reconcile, at(0));
    let mut bulk = store.bulk_resend(rules, entry, moment());
    bulk.open(candidates, moment()).await.unwrap();
    bulk.finish(moment()).await.unwrap();
    let sent = deliver_all(&store, moment().after(Duration::from_secs(1))).await;
    assert_eq!(sent.len(), missing.len() + 3, "{sent:?}");
}
