//! What is kept for how long. The time is passed in, and stands still during a purge.

use std::sync::Arc;

use tempfile::TempDir;

use super::*;
use crate::audit::{Actor, AuditFilter, PayloadReads};
use crate::hold::NewHold;
use crate::reconciliation::comparison::Question;
use crate::retry::RetryPolicy;
use crate::route::{DEFAULT, Routing};
use crate::store::BulkRules;
use crate::timestamp::Timestamp;

struct Kept {
    _directory: TempDir,
    store: Store,
    clock: Clock,
    retention: Retention,
}

impl Kept {
    fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = Clock::manual(Timestamp::from_unix_ms(1_761_489_000_000));
        let store = Store::open(directory.path(), clock.moment()).unwrap();
        let kept = RetentionPeriods {
            days: 90,
            ingested: Duration::from_hours(24),
        };
        Self {
            retention: Retention::new(store.clone(), clock.clone(), kept),
            _directory: directory,
            store,
            clock,
        }
    }

    /// Lets so many days pass, and purges.
    async fn pass(&mut self, days: u64) {
        self.clock.advance(Duration::from_hours(24 * days));
        self.retention.step().await;
    }

    /// Somebody pauses sending, goes on, and looks at a payload.
    async fn act(&self) {
        let by = || Actor::user("somebody", None);
        let hold = NewHold {
            route: DEFAULT.to_owned(),
            lasts: None,
            reason: "maintenance".to_owned(),
            by: by(),
        };
        let moment = self.clock.moment();
        self.store.hold(hold, moment).await.unwrap();
        self.store.end_hold(DEFAULT, by(), moment).await.unwrap();
        let reads = PayloadReads {
            day: "2025-10-26".to_owned(),
            who: "somebody".to_owned(),
            events: 1,
        };
        self.store.count_payload_reads(reads).await.unwrap();
    }

    /// Compares the hour before, in which nothing was sent.
    async fn compare(&self) {
        let moment = self.clock.moment();
        let range = (
            Some(moment.wall.before(Duration::from_hours(1))),
            Some(moment.wall),
        );
        let routes = vec![DEFAULT.to_owned()];
        let question = Question::of(routes, range, None, Vec::new(), moment.wall).unwrap();
        let question = Arc::new(question);
        let found = self.store.compare(Arc::clone(&question), moment).await;
        let rules = BulkRules {
            policy: RetryPolicy::new(Vec::new()),
            routing: Routing::default(),
            only: false,
        };
        let found = Arc::new(found.unwrap());
        let keeping = self
            .store
            .keep_comparison(question, found, 1, rules, moment);
        keeping.await.unwrap();
    }

    /// How many actions, readers of payloads and comparisons are kept.
    async fn counts(&self) -> (usize, usize, usize) {
        let (actions, _) = self
            .store
            .audit(AuditFilter::default(), None, 10)
            .await
            .unwrap();
        let days = (String::new(), "9".to_owned());
        let reads = self.store.payload_reads(days, None).await.unwrap();
        let comparisons = self.store.comparisons(None, 10).await.unwrap();
        (actions.len(), reads.len(), comparisons.len())
    }
}

#[tokio::test]
async fn what_was_done_is_kept_for_400_days_and_of_old_comparisons_the_last() {
    let mut kept = Kept::start();
    kept.act().await;
    kept.compare().await;
    kept.clock.advance(Duration::from_hours(2));
    kept.compare().await;
    assert_eq!(kept.counts().await, (2, 1, 2));
    for (days, expected) in [
        (0, (2, 1, 2)),
        (89, (2, 1, 2)),
        (2, (2, 1, 1)),
        (308, (2, 1, 1)),
        (2, (0, 0, 1)),
        (1000, (0, 0, 1)),
    ] {
        kept.pass(days).await;
        assert_eq!(kept.counts().await, expected, "{days} days later");
    }
    kept.store.close(kept.clock.moment()).await;
}
