//! Hands an event that was just accepted to the dispatcher of its route in memory, so that it need not be
//! looked for and read again on its way out.
//!
//! The store stays the truth. Everything that is handed over stands there too; whatever is not
//! received, because too much waits already or because nobody listens, is found there.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::{Notify, mpsc};

use crate::due::DueDelivery;

/// Events that may wait for one dispatcher; it reads those beyond them from the store.
const WAITING: usize = 128;
/// A larger payload, in bytes, is left in the store until its turn comes: memory stays bounded.
const LARGEST: usize = 16 * 1024;

/// The sending side. Cheap to clone, and valid across a reload: a request that started
/// before the reload hands its event to the dispatcher that was created by it.
#[derive(Clone, Debug, Default)]
pub struct Handoff(Arc<RwLock<BTreeMap<String, Mailbox>>>);

/// The sending end for one dispatcher.
#[derive(Debug)]
pub struct Mailbox {
    new: mpsc::Sender<DueDelivery>,
    wake: Arc<Notify>,
}

/// The receiving end, which one dispatcher owns.
#[derive(Debug)]
pub struct Inbox {
    /// What was accepted just now.
    pub new: mpsc::Receiver<DueDelivery>,
    /// Signals that the store may hold events that were not handed over.
    pub wake: Arc<Notify>,
}

/// Creates both ends of a way to a dispatcher.
#[must_use]
pub fn mailbox() -> (Mailbox, Inbox) {
    let (sender, new) = mpsc::channel(WAITING);
    let wake = Arc::new(Notify::new());
    let mailbox = Mailbox {
        new: sender,
        wake: Arc::clone(&wake),
    };
    (mailbox, Inbox { new, wake })
}

impl Handoff {
    /// From now on hands the events of a route to another dispatcher. What the previous one was given and did not send is
    /// in the store, where the new one looks first.
    pub fn install(&self, route: &str, mailbox: Mailbox) {
        let mut mailboxes = self.0.write().unwrap_or_else(PoisonError::into_inner);
        mailboxes.insert(route.to_owned(), mailbox);
    }

    /// Removes the ways to all dispatchers but those of these routes.
    pub fn keep_only<'a>(&self, routes: impl Iterator<Item = &'a str>) {
        let routes: Vec<&str> = routes.collect();
        let mut mailboxes = self.0.write().unwrap_or_else(PoisonError::into_inner);
        mailboxes.retain(|route, _| routes.contains(&route.as_str()));
    }

    /// Hands an event over, after it was committed. Nobody listens for a route without a URL.
    pub fn give(&self, due: DueDelivery) {
        let mailboxes = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let Some(mailbox) = mailboxes.get(due.route.as_ref()) else {
            return;
        };
        if due.data.len() > LARGEST || mailbox.new.try_send(due).is_err() {
            mailbox.wake.notify_one();
        }
    }

    /// There may be something to send on any route.
    pub fn wake_all(&self) {
        let mailboxes = self.0.read().unwrap_or_else(PoisonError::into_inner);
        for mailbox in mailboxes.values() {
            mailbox.wake.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timestamp::Timestamp;

    fn due(seq: i64, data: String) -> DueDelivery {
        DueDelivery {
            seq,
            id: seq.to_string(),
            route: "a".into(),
            event_type: "a.b".to_owned(),
            event_timestamp: Timestamp::from_unix_ms(0),
            data: data.into(),
            due_ms: 0,
            attempt: 1,
            in_turn: true,
        }
    }

    async fn is_woken(inbox: &Inbox) -> bool {
        tokio::select! {
            biased;
            () = inbox.wake.notified() => true,
            () = std::future::ready(()) => false,
        }
    }

    /// Leads to a new dispatcher of the route `a`.
    fn open(handoff: &Handoff) -> Inbox {
        let (mailbox, inbox) = mailbox();
        handoff.install("a", mailbox);
        inbox
    }

    #[tokio::test]
    async fn a_request_that_began_before_a_reload_reaches_the_dispatcher_after_it() {
        let handoff = Handoff::default();
        let under_way = handoff.clone();
        drop(open(&handoff));
        under_way.give(due(1, "{}".to_owned()));
        let mut inbox = open(&handoff);
        under_way.give(due(2, "{}".to_owned()));
        assert_eq!(inbox.new.try_recv().map(|due| due.seq), Ok(2));
        under_way.wake_all();
        assert!(is_woken(&inbox).await);
    }

    #[tokio::test]
    async fn what_is_not_handed_over_is_looked_for() {
        let handoff = Handoff::default();
        let mut inbox = open(&handoff);
        let full = i64::try_from(WAITING).unwrap();
        for seq in 1..=full {
            handoff.give(due(seq, "{}".to_owned()));
        }
        assert!(!is_woken(&inbox).await);
        handoff.give(due(full + 1, "{}".to_owned()));
        assert!(is_woken(&inbox).await, "too many wait");
        assert_eq!(inbox.new.recv().await.map(|due| due.seq), Some(1));
        handoff.give(due(full + 2, "x".repeat(LARGEST + 1)));
        assert!(is_woken(&inbox).await, "it is too large");
        handoff.give(due(full + 3, "{}".to_owned()));
        assert!(!is_woken(&inbox).await);
        assert_eq!(inbox.new.len(), WAITING);
    }
}
