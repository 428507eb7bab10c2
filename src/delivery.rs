//! What goes out: each route has a dispatcher that takes what is due, lets the partner have it,
//! and gives the result back to the store.
//!
//! An event that was accepted just now is handed to its dispatcher in memory. Everything else, such as
//! retries, what an earlier run left behind, or what came faster than it could be sent, a dispatcher
//! finds in the store: it looks there when it is woken, when the next retry is due, and now and then
//! all the same, because a wake that was lost or a wall clock that jumped must not leave anything lying.
//!
//! What is not guaranteed: that an event arrives only once (after a crash it is sent again, with
//! the same `X-Request-ID`), and that events arrive in the order in which they were accepted.

pub mod address;
mod answer;
pub mod client;
pub mod failure;
pub mod partner;
pub mod probe;
pub mod profile;
pub mod proxy;
pub mod signature;
pub mod tls;

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{self, Interval, MissedTickBehavior};

use crate::attempt::{Attempted, Outcome};
use crate::clock::{Clock, JumpWatch};
use crate::event::Status;
use crate::gauges::Gauges;
use crate::handover::Arrivals;
use crate::incident::Thresholds;
use crate::pulse::Pulse;
use crate::retry::RetryPolicy;
use crate::route::Route;
use crate::store::incidents::after_attempt;
use crate::store::outbox::{self, Due, Found};
use crate::store::settle::{Settled, settle};
use crate::store::{Store, StoreError};
use crate::timestamp::Timestamp;
use partner::Partner;

/// Deliveries that one look into the store takes at the most.
const TAKEN_AT_ONCE: usize = 128;
/// Results that may wait for their commit. When the disk is full they pile up to this number, and
/// then nothing more is sent.
const UNSETTLED: usize = 256;
/// A dispatcher that nobody wakes looks for itself after this long.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// A dispatcher that is back this much later than it promised hangs.
const LATE: Duration = Duration::from_secs(30);
/// How long a result that could not be written waits before it is tried again.
const WRITE_AGAIN: Duration = Duration::from_secs(1);

/// Sends what is due on one route.
pub struct Dispatcher {
    sender: Arc<Sender>,
    slots: Arc<Semaphore>,
    /// Ticks when the next attempt may begin; none: at once.
    pace: Option<Interval>,
    arrivals: Arrivals,
    pulse: Pulse,
    /// Notices when the wall clock is set; none: this dispatcher has not looked yet.
    watch: Option<JumpWatch>,
    /// Taken from the store and not yet given back, started or not.
    in_hand: HashSet<i64>,
    /// Taken, and waiting for a slot.
    ready: VecDeque<Due>,
    under_way: JoinSet<(i64, Option<Delivered>)>,
    /// The store may hold more that is due.
    look: bool,
    /// The last event, in the order of acceptance, that was found in the store.
    found_up_to: i64,
    /// When it last looked, by the monotonic clock.
    looked_at: Duration,
    /// When the next delivery that is not due yet will be.
    next_due: Option<Timestamp>,
    /// The last attempt of this route did not succeed: what is told when it begins and when it
    /// ends need not be told for every event between.
    failing: bool,
}

/// An attempt whose result is kept.
struct Delivered {
    settled: Settled,
    error: Option<String>,
}

/// What every attempt of a route needs.
struct Sender {
    route: Route,
    partner: Partner,
    store: Store,
    policy: RetryPolicy,
    thresholds: Thresholds,
    gauges: Gauges,
    clock: Clock,
}

/// What every dispatcher works with.
#[derive(Clone)]
pub struct Means {
    /// Where deliveries are kept.
    pub store: Store,
    /// What time it is.
    pub clock: Clock,
    /// When failed attempts are made again.
    pub policy: RetryPolicy,
    /// From where on an admin is told.
    pub thresholds: Thresholds,
    /// Where it is kept what receivers' clocks say.
    pub gauges: Gauges,
}

impl Dispatcher {
    /// A dispatcher for `route`, to which what was just accepted comes by `arrivals`.
    ///
    /// # Errors
    /// When the route's client cannot be set up.
    pub fn new(
        route: Route,
        means: Means,
        arrivals: Arrivals,
    ) -> Result<Self, partner::SetupError> {
        let Means {
            store,
            clock,
            policy,
            thresholds,
            gauges,
        } = means;
        let slots = Arc::new(Semaphore::new(route.concurrency));
        let partner = Partner::new(&route, clock.clone())?;
        let pace = route.max_per_second.map(|most| {
            let mut pace = time::interval(Duration::from_secs(1) / most.max(1));
            // What was not sent in a quiet time is not made up for by a burst.
            pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
            pace
        });
        let pulse = Pulse::default();
        // Whoever asks before the first step sees a dispatcher that is about to begin.
        pulse.promise(clock.monotonic() + LATE);
        Ok(Self {
            sender: Arc::new(Sender {
                route,
                partner,
                store,
                policy,
                thresholds,
                gauges,
                clock,
            }),
            slots,
            pace,
            arrivals,
            pulse,
            watch: None,
            in_hand: HashSet::new(),
            ready: VecDeque::new(),
            under_way: JoinSet::new(),
            look: true,
            found_up_to: 0,
            looked_at: Duration::ZERO,
            next_due: None,
            failing: false,
        })
    }

    /// Says whether this dispatcher moves.
    #[must_use]
    pub fn pulse(&self) -> Pulse {
        self.pulse.clone()
    }

    /// Sends what is due until `stop` becomes true; then lets the attempts under way finish, for
    /// at most the route's timeout, and spends none of those that did not.
    ///
    /// # Panics
    /// When an attempt panicked: the daemon has to be started anew then.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let wake = Arc::clone(&self.arrivals.wake);
        loop {
            #[cfg(feature = "test-hooks")]
            hang_if_asked().await;
            // A timer of no time needs a moment too, and under load another event comes before it.
            self.look |= self.idle_time().is_zero();
            self.take_due().await;
            let idle_time = self.idle_time();
            // While attempts are under way, the first of them to end is what it waits for.
            let longest = idle_time.max(self.sender.route.timeout) + LATE;
            self.pulse.promise(self.sender.clock.monotonic() + longest);
            tokio::select! {
                slot = next_slot(&self.slots, &mut self.pace), if !self.ready.is_empty() => {
                    if let Some(slot) = slot {
                        self.start_next(slot);
                    }
                }
                Some(due) = self.arrivals.fresh.recv(), if self.has_room() => self.take_over(due),
                Some(done) = self.under_way.join_next() => self.finish(done),
                () = wake.notified() => self.look = true,
                () = time::sleep(idle_time), if self.ready.is_empty() => self.look = true,
                _ = stop.wait_for(|stop| *stop) => break,
            }
        }
        self.stop().await;
    }

    /// Takes what is due now, sends all of it, and says how many attempts that were. This is the
    /// whole loop for one who sets the clock by hand.
    ///
    /// # Panics
    /// When an attempt panicked.
    pub async fn step(&mut self) -> usize {
        let mut attempts = 0;
        self.look = true;
        loop {
            self.take_due().await;
            if self.ready.is_empty() && self.under_way.is_empty() {
                return attempts;
            }
            while !self.ready.is_empty() {
                if let Some(slot) = next_slot(&self.slots, &mut self.pace).await {
                    self.start_next(slot);
                }
            }
            while let Some(done) = self.under_way.join_next().await {
                self.finish(done);
                attempts += 1;
            }
        }
    }

    /// There is room for more than what was taken.
    fn has_room(&self) -> bool {
        self.ready.is_empty() && self.under_way.len() < UNSETTLED
    }

    /// Takes an event that was handed over. One that a look has passed came from the store already,
    /// or will: a look that left something behind is followed by another.
    fn take_over(&mut self, due: Due) {
        if due.seq > self.found_up_to {
            self.in_hand.insert(due.seq);
            self.ready.push_back(due);
        }
    }

    /// Looks into the store when there is reason to, and room for what it holds.
    async fn take_due(&mut self) {
        if !self.look || !self.has_room() {
            return;
        }
        self.looked_at = self.sender.clock.monotonic();
        self.mind_the_clock().await;
        let (name, now) = (self.sender.route.name.clone(), self.sender.clock.now());
        let in_hand = self.in_hand.clone();
        let read = self
            .sender
            .store
            .read(move |connection| {
                let found = outbox::due(connection, &name, now, &in_hand, TAKEN_AT_ONCE)?;
                Ok((found, outbox::next_due(connection, &name, now)?))
            })
            .await;
        match read {
            Ok((Found { due, more }, next_due)) => {
                self.look = more;
                self.next_due = next_due;
                for due in due {
                    self.found_up_to = self.found_up_to.max(due.seq);
                    self.in_hand.insert(due.seq);
                    self.ready.push_back(due);
                }
            }
            Err(error) => {
                tracing::error!(%error, route = %self.sender.route.name, "what is due cannot be read; it will be tried again");
                self.look = false;
                self.next_due = Some(now.after(WRITE_AGAIN));
            }
        }
    }

    /// A wall clock that is set, or was wrong before the start, neither makes every retry due at
    /// once nor keeps any waiting for years.
    async fn mind_the_clock(&mut self) {
        let (sender, route) = (&self.sender, self.sender.route.name.clone());
        let written: Result<(), StoreError> = match &mut self.watch {
            None => {
                self.watch = Some(JumpWatch::new(&sender.clock));
                let latest = sender.clock.now().after(sender.policy.longest_wait());
                let written = sender.store.write(move |connection| {
                    outbox::not_later(connection, &route, latest).map_err(StoreError::from)
                });
                written.await
            }
            Some(watch) => {
                let Some(jump) = watch.look(&sender.clock) else {
                    return;
                };
                tracing::warn!(seconds = jump / 1000, %route, "the clock was set; what waits to be sent again waits as long as before");
                let written = sender.store.write(move |connection| {
                    outbox::shift(connection, &route, jump).map_err(StoreError::from)
                });
                written.await
            }
        };
        if let Err(error) = written {
            tracing::warn!(%error, "times of retries could not be brought in line with the clock");
        }
    }

    fn start_next(&mut self, slot: OwnedSemaphorePermit) {
        if let Some(due) = self.ready.pop_front() {
            let sender = Arc::clone(&self.sender);
            self.under_way
                .spawn(async move { (due.seq, sender.deliver(due, slot).await) });
        }
    }

    fn finish(&mut self, done: Result<(i64, Option<Delivered>), JoinError>) {
        let (seq, delivered) = match done {
            Ok(done) => done,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // Cancelled: only a stop does that.
                Err(_) => return,
            },
        };
        self.in_hand.remove(&seq);
        let Some(Delivered { settled, error }) = delivered else {
            self.look = true;
            return;
        };
        if let Some(at) = settled.next_retry_at {
            self.next_due = Some(self.next_due.map_or(at, |next| next.min(at)));
        }
        self.tell_change(settled.status, error.as_deref());
    }

    /// One line when a route begins to fail and one when it works again.
    fn tell_change(&mut self, status: Status, error: Option<&str>) {
        let route = &self.sender.route;
        match (status, self.failing) {
            (Status::Delivered, true) => {
                tracing::info!(route = %route.name, origin = %route.origin(), "VoiceDrive accepts events again");
                self.failing = false;
            }
            (Status::Retrying | Status::Exhausted, false) => {
                tracing::warn!(route = %route.name, origin = %route.origin(), error, "VoiceDrive does not accept events; they are kept and sent again later. `voicedrive-relay tail` shows each attempt");
                self.failing = true;
            }
            _ => {}
        }
    }

    fn idle_time(&self) -> Duration {
        let clock = &self.sender.clock;
        let look_again = (self.looked_at + LOOK_AGAIN).saturating_sub(clock.monotonic());
        self.next_due
            .map_or(look_again, |due| due.since(clock.now()).min(look_again))
    }

    async fn stop(mut self) {
        let sender = Arc::clone(&self.sender);
        let finish = async {
            while let Some(done) = self.under_way.join_next().await {
                self.finish(done);
            }
        };
        if time::timeout(sender.route.timeout, finish).await.is_err() {
            tracing::info!(
                route = %sender.route.name,
                attempts = self.under_way.len(),
                "attempts under way were given up; they are made again after the start"
            );
            self.under_way.shutdown().await;
        }
        let now = sender.clock.now();
        let recovered = sender
            .store
            .write(move |connection| outbox::recover(connection, now).map_err(StoreError::from))
            .await;
        if let Err(error) = recovered {
            tracing::warn!(%error, "retries under way could not be marked as pending; the next start does it");
        }
    }
}

/// Hangs for ever when this file is there, which is gone after a restart: so a test of the package sees
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

impl Sender {
    /// Makes one attempt and keeps its result. None: the attempt was not made, and nothing was spent.
    async fn deliver(self: &Arc<Self>, due: Due, slot: OwnedSemaphorePermit) -> Option<Delivered> {
        if due.attempt > 1 && !self.announce_retry(&due).await {
            return None;
        }
        let attempted = Arc::new(self.partner.attempt(&self.route, &due).await);
        // The partner is free for the next one while this result waits for its commit.
        drop(slot);
        if let Some(ahead) = attempted.clock_ahead {
            self.gauges.clock_seen(&self.route.name, ahead);
        }
        let due = Arc::new(due);
        let settled = self.keep(&due, &attempted).await?;
        tell(&due, &attempted, settled);
        Some(Delivered {
            settled,
            error: attempted.error.clone(),
        })
    }

    async fn announce_retry(&self, due: &Due) -> bool {
        let (id, now) = (due.id.clone(), self.clock.now());
        let announced: Result<(), StoreError> = self
            .store
            .write(move |connection| {
                outbox::mark_processing(connection, &id, now).map_err(StoreError::from)
            })
            .await;
        if announced.is_err() {
            // A result could not be kept either; better not to make one.
            time::sleep(WRITE_AGAIN).await;
        }
        announced.is_ok()
    }

    /// Keeps the result, however long the disk takes to have room for it. None: the store closed.
    async fn keep(self: &Arc<Self>, due: &Arc<Due>, attempted: &Arc<Attempted>) -> Option<Settled> {
        loop {
            let (sender, due) = (Arc::clone(self), Arc::clone(due));
            let attempted = Arc::clone(attempted);
            let kept: Result<_, StoreError> = self
                .store
                .write(move |connection| {
                    let settled = settle(connection, &due, &attempted, &sender.policy)?;
                    let (status, thresholds) = (settled.status, &sender.thresholds);
                    after_attempt(connection, &due, &attempted, status, thresholds)?;
                    Ok(settled)
                })
                .await;
            match kept {
                Ok(settled) => return Some(settled),
                Err(StoreError::Closing) => return None,
                Err(StoreError::Unavailable(_)) => {}
                Err(error @ StoreError::Refused(_)) => {
                    tracing::error!(%error, "the result of an attempt was refused; it will be tried again");
                }
            }
            time::sleep(WRITE_AGAIN).await;
        }
    }
}

/// What the journal says about one attempt. Payload and answer never stand there.
fn tell(due: &Due, attempted: &Attempted, settled: Settled) {
    let (event, kind) = (&due.id, &due.event_type);
    let error = attempted.error.as_deref().unwrap_or_default();
    let outcome = attempted.outcome.as_str();
    match (settled.status, attempted.outcome) {
        (Status::Exhausted, _) => tracing::error!(
            %event, %kind, attempts = settled.attempts, last_error = error,
            "VoiceDrive did not get this event and it is not tried any more. A person is needed: find out why (`voicedrive-relay show {event}`), then send it again (`voicedrive-relay resend {event}`)"
        ),
        (_, Outcome::Success) => {
            tracing::debug!(%event, %kind, attempt = due.attempt, took_ms = attempted.processing_ms, "delivered");
        }
        _ => {
            tracing::debug!(%event, %kind, attempt = due.attempt, outcome, error, "will be sent again");
        }
    }
}
