//! What an outage has left follows in order: a model of it that knows nothing of how the relay finds it.

use std::collections::BTreeSet;

use super::World;
use crate::attempt::Attempted;
use crate::cause::Cause;
use crate::event::Status;
use crate::recovery::GIVES_UP;

/// What is exhausted because the receiver was away.
#[derive(Default)]
pub(super) struct Following {
    pub(super) automatic: bool,
    /// The receiver does not take anything.
    away: bool,
    /// A person wants it sent.
    pub(super) wanted: bool,
    /// On the time axis, when something was exhausted last.
    exhausted_ms: Option<i64>,
    left: BTreeSet<usize>,
    /// Of that, what goes before anything newer of its person.
    first: BTreeSet<usize>,
}

impl Following {
    /// An attempt begins.
    pub(super) fn begun(&mut self, event: usize) {
        self.gone(event);
    }

    /// Nothing more of it follows.
    pub(super) fn gone(&mut self, event: usize) {
        self.left.remove(&event);
        self.first.remove(&event);
    }

    /// The receiver is there, and everything follows.
    pub(super) fn begins(&mut self) {
        self.first = self.left.clone();
    }
}

impl World<'_> {
    /// An attempt has ended.
    pub(super) fn following_after(&mut self, event: usize, result: &Attempted, status: Status) {
        let seq = self.events[event].seq;
        let is_probe = self.is_probe(seq);
        let is_success = result.cause.is_none();
        let is_back = is_success || (is_probe && matches!(result.http_status, Some(400)));
        let is_outage = result.cause.is_some_and(Cause::is_outage);
        let now = self.now;
        let following = &mut self.following;
        if status == Status::Exhausted && (is_outage || (is_probe && !is_back)) {
            following.left.insert(event);
            if is_outage && !is_probe {
                following.exhausted_ms = Some(now.axis_ms);
            }
        }
        if is_probe && !is_back {
            following.wanted = false;
        }
        if is_outage {
            following.away = true;
            following.first.clear();
        } else if is_back && (is_probe || following.away) {
            following.away = false;
            let lasts = |ms| now.since(ms) <= GIVES_UP;
            let by_itself = following.automatic && following.exhausted_ms.is_some_and(lasts);
            if following.wanted || by_itself {
                following.begins();
            }
            following.wanted = false;
        }
    }

    /// Nothing goes before an older one of its person that follows.
    pub(super) fn examine_following(&self, event: usize) {
        let person = self.events[event].person;
        let mut before = self.following.first.range(..event);
        let overtaken = before.find(|older| self.events[**older].person == person);
        assert_eq!(overtaken, None, "{event} overtakes it: {:#?}", self.events);
    }
}
