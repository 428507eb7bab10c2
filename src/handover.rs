//! The way from `http` to `delivery`: an event that was accepted is handed to the dispatcher of its
//! route in memory, so that it need not be looked for and read again on its way out.
//!
//! The store stays the truth. Everything that is handed over stands there too; whatever is not
//! taken over, because too much waits already or because nobody listens, is found there.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{Notify, mpsc, watch};

use crate::store::events::Fresh;
use crate::store::outbox::Due;

/// Events that may wait for one dispatcher; it reads those beyond them from the store.
const WAITING: usize = 128;
/// A larger payload, in bytes, is left in the store until its turn comes: memory stays bounded.
const LARGEST: usize = 16 * 1024;

/// The side of those who accept. Cheap to clone, and as good after a reload as before: a request that began
/// before it hands its event to a dispatcher of after it.
#[derive(Clone, Debug, Default)]
pub struct Handover(Arc<watch::Sender<Desks>>);

/// A way to the dispatcher of each route that something can be sent on.
#[derive(Debug, Default)]
pub struct Desks(BTreeMap<String, Desk>);

#[derive(Debug)]
struct Desk {
    fresh: mpsc::Sender<Due>,
    wake: Arc<Notify>,
}

/// The side of one dispatcher.
#[derive(Debug)]
pub struct Arrivals {
    /// What was accepted just now.
    pub fresh: mpsc::Receiver<Due>,
    /// There may be something in the store that was not handed over.
    pub wake: Arc<Notify>,
}

impl Desks {
    /// Opens the way to the dispatcher of a route.
    pub fn open(&mut self, route: &str) -> Arrivals {
        let (sender, fresh) = mpsc::channel(WAITING);
        let wake = Arc::new(Notify::new());
        let desk = Desk {
            fresh: sender,
            wake: Arc::clone(&wake),
        };
        self.0.insert(route.to_owned(), desk);
        Arrivals { fresh, wake }
    }
}

impl Handover {
    /// Leads to these dispatchers from now on. Those of before have ended, and these have not looked into
    /// the store yet: so they find there what was given to the others and not sent.
    pub fn lead_to(&self, desks: Desks) {
        self.0.send_replace(desks);
    }

    /// Hands an event over, after it was committed. Nobody listens for a route without a URL.
    pub fn give(&self, fresh: Fresh) {
        let desks = self.0.borrow();
        let Some(desk) = desks.0.get(&fresh.route) else {
            return;
        };
        if fresh.due.data.len() > LARGEST || desk.fresh.try_send(fresh.due).is_err() {
            desk.wake.notify_one();
        }
    }

    /// There may be something to send on any route.
    pub fn wake_all(&self) {
        for desk in self.0.borrow().0.values() {
            desk.wake.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timestamp::Timestamp;

    fn fresh(seq: i64, data: String) -> Fresh {
        Fresh {
            route: "a".to_owned(),
            due: Due {
                seq,
                id: seq.to_string(),
                event_type: "a.b".to_owned(),
                event_timestamp: Timestamp::from_unix_ms(0),
                data: data.into(),
                attempt: 1,
            },
        }
    }

    async fn is_woken(arrivals: &Arrivals) -> bool {
        tokio::select! {
            biased;
            () = arrivals.wake.notified() => true,
            () = std::future::ready(()) => false,
        }
    }

    /// A way to a dispatcher of the route `a`.
    fn lead(handover: &Handover) -> Arrivals {
        let mut desks = Desks::default();
        let arrivals = desks.open("a");
        handover.lead_to(desks);
        arrivals
    }

    #[tokio::test]
    async fn a_request_from_before_a_reload_reaches_the_dispatcher_after_it() {
        let handover = Handover::default();
        let under_way = handover.clone();
        drop(lead(&handover));
        under_way.give(fresh(1, "{}".to_owned()));
        let mut arrivals = lead(&handover);
        under_way.give(fresh(2, "{}".to_owned()));
        assert_eq!(arrivals.fresh.try_recv().map(|due| due.seq), Ok(2));
        under_way.wake_all();
        assert!(is_woken(&arrivals).await);
    }

    #[tokio::test]
    async fn what_is_not_handed_over_is_looked_for() {
        let handover = Handover::default();
        let mut arrivals = lead(&handover);
        let full = i64::try_from(WAITING).unwrap();
        for seq in 1..=full {
            handover.give(fresh(seq, "{}".to_owned()));
        }
        assert!(!is_woken(&arrivals).await);
        handover.give(fresh(full + 1, "{}".to_owned()));
        assert!(is_woken(&arrivals).await, "too many wait");
        assert_eq!(arrivals.fresh.recv().await.map(|due| due.seq), Some(1));
        handover.give(fresh(full + 2, "x".repeat(LARGEST + 1)));
        assert!(is_woken(&arrivals).await, "it is too large");
        handover.give(fresh(full + 3, "{}".to_owned()));
        assert!(!is_woken(&arrivals).await);
        assert_eq!(arrivals.fresh.len(), WAITING);
    }
}
