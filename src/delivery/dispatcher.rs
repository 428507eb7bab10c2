//! Takes what is due on one route and has it sent: what was accepted just now from its inbox, everything else
//! from the store.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{self, Interval, MissedTickBehavior};

use super::Context;
use super::handoff::Inbox;
use super::partner::SetupError;
use super::receiver_health::{News, ReceiverHealth};
use super::sender::{Sender, Sent};
use crate::clock::Clock;
use crate::delivery::route::Route;
use crate::due::DueDelivery;
use crate::event::Status;
use crate::liveness::Liveness;
use crate::store::Store;

/// Deliveries that one look into the store takes at the most.
const TAKEN_AT_ONCE: usize = 128;
/// Results that may wait for their commit. When the disk is full they pile up to this number, and
/// then nothing more is sent.
const UNRECORDED: usize = 256;
/// A dispatcher that nobody wakes looks for itself after this long.
const POLL_AGAIN: Duration = Duration::from_secs(30);
/// A dispatcher that is this much later than it announced counts as hanging.
const LATE: Duration = Duration::from_secs(30);
/// How long a look into the store that failed waits before it is tried again.
const READ_AGAIN: Duration = Duration::from_secs(1);

/// Sends what is due on one route. Moments are monotonic.
pub struct Dispatcher {
    sender: Arc<Sender>,
    store: Store,
    clock: Clock,
    slots: Arc<Semaphore>,
    /// Ticks when the next attempt may begin; none: at once.
    pace: Option<Interval>,
    inbox: Inbox,
    liveness: Liveness,
    /// Taken and not yet recorded, started or not; and those whose results the database refuses.
    in_flight: HashSet<i64>,
    /// Taken, and waiting for a slot.
    queued: VecDeque<DueDelivery>,
    running: JoinSet<(i64, Sent)>,
    /// The store may hold more that is due.
    should_poll: bool,
    /// The last event, in the order of acceptance, that was found in the store.
    polled_up_to: i64,
    polled_at: Duration,
    /// When the next delivery that is not due yet will be.
    next_due: Option<Duration>,
    /// The route is on hold, or the store has still to say whether it is: what is handed over is left to the store.
    held: bool,
    /// What an outage has left follows: the store has to say of each one whether it is its turn.
    follows: bool,
    /// Changes when a hold begins or ends, or a recovery begins.
    turns: watch::Receiver<()>,
    /// Whether the route works, which is logged when it changes and not for every event.
    receiver_health: ReceiverHealth,
}

impl Dispatcher {
    /// A dispatcher for `route`, to which what was just accepted comes by `inbox`.
    ///
    /// # Errors
    /// When the route's client cannot be set up.
    pub fn new(route: Route, context: Context, inbox: Inbox) -> Result<Self, SetupError> {
        let (store, clock) = (context.store.clone(), context.clock.clone());
        let turns = store.turn_changes();
        let slots = Arc::new(Semaphore::new(route.concurrency));
        let pace = route.max_per_second.map(|most| {
            let mut pace = time::interval(Duration::from_secs(1) / most.max(1));
            // A quiet time does not allow a burst afterwards.
            pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
            pace
        });
        let liveness = Liveness::default();
        // Until the first step, the dispatcher counts as moving.
        liveness.set_deadline(clock.monotonic() + LATE);
        Ok(Self {
            sender: Arc::new(Sender::new(route, context)?),
            store,
            clock,
            slots,
            pace,
            inbox,
            liveness,
            in_flight: HashSet::new(),
            queued: VecDeque::new(),
            running: JoinSet::new(),
            should_poll: true,
            polled_up_to: 0,
            polled_at: Duration::ZERO,
            next_due: None,
            held: true,
            follows: false,
            turns,
            receiver_health: ReceiverHealth::default(),
        })
    }

    /// Says whether this dispatcher moves.
    #[must_use]
    pub fn liveness(&self) -> Liveness {
        self.liveness.clone()
    }

    /// Sends what is due until `stop` becomes true; then lets the attempts under way finish, for
    /// at most the route's timeout, and spends none of those that did not.
    ///
    /// # Panics
    /// When an attempt panicked: the daemon has to be started anew then.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let wake = Arc::clone(&self.inbox.wake);
        loop {
            #[cfg(feature = "test-hooks")]
            hang_if_asked().await;
            // A timer of no time needs a moment too, and under load another event comes before it.
            self.should_poll |= self.idle_time().is_zero();
            self.poll_store().await;
            self.tell_news();
            let idle_time = self.idle_time();
            // While attempts are under way, the first of them to end is what it waits for.
            let longest = idle_time.max(self.sender.route().timeout) + LATE;
            self.liveness.set_deadline(self.clock.monotonic() + longest);
            tokio::select! {
                slot = next_slot(&self.slots, &mut self.pace), if !self.queued.is_empty() => {
                    if let Some(slot) = slot {
                        self.start_next(slot);
                    }
                }
                Some(due) = self.inbox.new.recv(), if self.has_room() => self.receive(due),
                Some(done) = self.running.join_next() => self.finish(done),
                () = wake.notified() => self.should_poll = true,
                Ok(()) = self.turns.changed() => self.put_back(),
                () = time::sleep(idle_time), if self.has_room() => self.should_poll = true,
                _ = stop.wait_for(|stop| *stop) => break,
            }
        }
        self.stop().await;
    }

    /// Takes what is due now, sends all of it, and answers how many attempts were made. This is the
    /// whole loop for tests that set the clock by hand.
    ///
    /// # Panics
    /// When an attempt panicked.
    pub async fn step(&mut self) -> usize {
        let mut attempts = 0;
        self.should_poll = true;
        loop {
            while self.has_room()
                && let Ok(due) = self.inbox.new.try_recv()
            {
                self.receive(due);
            }
            self.poll_store().await;
            if self.queued.is_empty() && self.running.is_empty() {
                return attempts;
            }
            while !self.queued.is_empty() {
                if let Some(slot) = next_slot(&self.slots, &mut self.pace).await {
                    self.start_next(slot);
                }
            }
            while let Some(done) = self.running.join_next().await {
                self.finish(done);
                attempts += 1;
            }
        }
    }

    /// There is room for more than what was taken.
    fn has_room(&self) -> bool {
        self.queued.is_empty() && self.running.len() < UNRECORDED
    }

    /// Takes a delivery that was handed over. One that is older than the last one read from the store may have been read
    /// there and sent already; then the store is asked.
    fn receive(&mut self, mut due: DueDelivery) {
        if self.held {
            return;
        }
        due.in_turn &= !self.follows;
        if due.seq > self.polled_up_to {
            self.take(due);
        } else if !self.in_flight.contains(&due.seq) {
            self.should_poll = true;
        }
    }

    fn take(&mut self, due: DueDelivery) {
        self.in_flight.insert(due.seq);
        self.queued.push_back(due);
    }

    /// Leaves what was taken and not begun to the store again, which says what is on hold now, and whose turn it is.
    fn put_back(&mut self) {
        self.turns.mark_unchanged();
        for due in self.queued.drain(..) {
            self.in_flight.remove(&due.seq);
        }
        self.held = true;
        self.should_poll = true;
    }

    /// Polls the store when there is a reason to, and room for what it holds.
    async fn poll_store(&mut self) {
        if !self.should_poll || !self.has_room() {
            return;
        }
        let moment = self.clock.moment();
        self.polled_at = moment.monotonic;
        let (route, in_flight) = (&self.sender.route().name, self.in_flight.clone());
        let found = self
            .store
            .due_deliveries(route, in_flight, TAKEN_AT_ONCE, moment)
            .await;
        match found {
            Ok(found) => {
                self.should_poll = found.more;
                self.held = found.held;
                self.follows = found.follows;
                self.next_due = found.next_in.map(|wait| moment.monotonic + wait);
                for due in found.due {
                    self.polled_up_to = self.polled_up_to.max(due.seq);
                    self.take(due);
                }
            }
            Err(error) => {
                tracing::error!(%error, %route, "what is due cannot be read; it will be tried again");
                self.should_poll = false;
                self.next_due = Some(moment.monotonic + READ_AGAIN);
            }
        }
    }

    fn start_next(&mut self, slot: OwnedSemaphorePermit) {
        if self.turns.has_changed().unwrap_or(false) {
            return self.put_back();
        }
        if let Some(due) = self.queued.pop_front() {
            let sender = Arc::clone(&self.sender);
            self.running
                .spawn(async move { (due.seq, sender.send(due, slot).await) });
        }
    }

    fn finish(&mut self, done: Result<(i64, Sent), JoinError>) {
        let (seq, sent) = match done {
            Ok(done) => done,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // Cancelled: only a stop does that.
                Err(_) => return,
            },
        };
        match sent {
            Sent::Recorded { result, error } => {
                self.in_flight.remove(&seq);
                if let Some(retry) = result.retry {
                    let at = retry.monotonic;
                    self.next_due = Some(self.next_due.map_or(at, |next| next.min(at)));
                }
                if let Some(next) = result.next {
                    self.receive(next);
                }
                let failure =
                    (result.status != Status::Delivered).then(|| error.unwrap_or_default());
                self.receiver_health.ended(failure.as_deref());
                self.tell_news();
            }
            Sent::Unrecorded => {
                self.in_flight.remove(&seq);
                self.should_poll = true;
            }
            // It stays in flight: else it would be found, and sent, again and again.
            Sent::Refused => {}
        }
    }

    /// One line when the route begins to fail and one when it works again.
    fn tell_news(&mut self) {
        let Some(News { failure, changes }) = self.receiver_health.news(self.clock.monotonic())
        else {
            return;
        };
        let route = self.sender.route();
        let (name, origin) = (&route.name, route.origin());
        match failure {
            None => {
                tracing::info!(route = %name, %origin, changes, "VoiceDrive accepts events again");
            }
            Some(error) => {
                let tail = self.sender.commands().typed("tail");
                tracing::warn!(route = %name, %origin, error, changes, "events do not arrive; they are kept and sent again later. `{tail}` shows each attempt");
            }
        }
    }

    /// How long until the store has to be polled again.
    fn idle_time(&self) -> Duration {
        let poll_again = self.polled_at + POLL_AGAIN;
        let next = self.next_due.map_or(poll_again, |due| due.min(poll_again));
        next.saturating_sub(self.clock.monotonic())
    }

    async fn stop(mut self) {
        let sender = Arc::clone(&self.sender);
        let route = sender.route();
        let finish = async {
            while let Some(done) = self.running.join_next().await {
                self.finish(done);
            }
        };
        if time::timeout(route.timeout, finish).await.is_err() {
            tracing::info!(
                route = %route.name,
                attempts = self.running.len(),
                "attempts under way were given up; they are made again after the start"
            );
            self.running.shutdown().await;
        }
        let moment = self.clock.moment();
        if let Err(error) = self.store.release_retries(&route.name, moment).await {
            tracing::warn!(%error, "retries under way could not be marked as pending; the next start does it");
        }
    }
}

/// Hangs for ever when this file is there, until it is deleted and the relay restarted: so a test of the package sees
/// what a real systemd makes of a loop that hangs.
#[cfg(feature = "test-hooks")]
async fn hang_if_asked() {
    if std::path::Path::new("/run/voicedrive-relay/hang").exists() {
        std::future::pending().await
    }
}

/// Waits until an attempt may begin: for a slot, and for the route's pace. None: the semaphore was
/// closed, which never happens.
async fn next_slot(
    slots: &Arc<Semaphore>,
    pace: &mut Option<Interval>,
) -> Option<OwnedSemaphorePermit> {
    let slot = Arc::clone(slots).acquire_owned().await.ok()?;
    if let Some(pace) = pace {
        pace.tick().await;
    }
    Some(slot)
}

#[cfg(test)]
mod tests;
