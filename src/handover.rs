//! The way from `http` to `delivery`: an event that was accepted is handed to the dispatcher of its
//! route in memory, so that it need not be looked for and read again on its way out.
//!
//! The store stays the truth. Everything that is handed over stands there too; whatever is not
//! taken over, because too much waits already or because nobody listens, is found there.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{Notify, mpsc};

use crate::store::events::Fresh;
use crate::store::outbox::Due;

/// Events that may wait for one dispatcher; it reads those beyond them from the store.
const WAITING: usize = 128;
/// A larger payload, in bytes, is left in the store until its turn comes: memory stays bounded.
const LARGEST: usize = 16 * 1024;

/// The side of those who accept: a dispatcher for each route that something can be sent on.
#[derive(Clone, Debug, Default)]
pub struct Handover(BTreeMap<String, Desk>);

#[derive(Clone, Debug)]
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

impl Handover {
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

    /// Hands an event over, after it was committed. Nobody listens for a route without a URL.
    pub fn give(&self, fresh: Fresh) {
        let Some(desk) = self.0.get(&fresh.route) else {
            return;
        };
        if fresh.due.data.len() > LARGEST || desk.fresh.try_send(fresh.due).is_err() {
            desk.wake.notify_one();
        }
    }

    /// There may be something to send on any route.
    pub fn wake_all(&self) {
        for desk in self.0.values() {
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

    #[tokio::test]
    async fn what_is_not_handed_over_is_looked_for() {
        let mut handover = Handover::default();
        let mut arrivals = handover.open("a");
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
