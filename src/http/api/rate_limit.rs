//! Rate limiting by a sliding window, exact to the nanosecond (contract, section 4.2).
//!
//! The table of clients is bounded. When it is full of active clients, new ones share one window for each endpoint, so
//! that a flood of addresses neither grows memory nor evicts a blocked client. The cost: during the flood all new
//! clients together have only one quota.
//!
//! The time is that of a monotonic clock, and is passed in.

use std::collections::VecDeque;
use std::collections::hash_map::{Entry, HashMap};
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::http::server::client::counted_as;

/// Time on a monotonic clock, in nanoseconds: half the size of a `Duration`, and enough for 584 years.
type Moment = u64;

const SECOND: Moment = 1_000_000_000;
/// The span in which requests are counted: one that is exactly this old does not count.
const WINDOW: Moment = 60 * SECOND;
/// The most windows, one for each client and endpoint. Each has 8 bytes for every accepted request: at 100 requests a
/// minute all of them together take at most 5 MiB.
const MOST_WINDOWS: usize = 4096;
/// The interval at which a full table is searched for expired windows. A search visits every window: at each request of
/// a flood it would cost more than the request.
const SWEEP_PAUSE: Moment = SECOND;

/// Too many requests: how long until the next one is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryAfter(u64);

impl RetryAfter {
    /// Whole seconds, rounded up, 1 to 60: the value of the `Retry-After` header.
    #[must_use]
    pub fn seconds(self) -> u64 {
        self.0
    }
}

/// Counts requests by client and endpoint. `E` is the name of an endpoint; each has a shared window that is never
/// removed, so there should be few of them.
pub struct RateLimiter<E> {
    limit: AtomicUsize,
    table: Mutex<Table<E>>,
}

impl<E: Copy + Eq + Hash> RateLimiter<E> {
    /// Accepts at most `limit` requests in any 60 seconds, for each client and endpoint.
    #[must_use]
    pub fn new(limit: u32) -> Self {
        Self::with_room(limit, MOST_WINDOWS)
    }

    fn with_room(limit: u32, most_windows: usize) -> Self {
        Self {
            limit: AtomicUsize::new(count_of(limit)),
            table: Mutex::new(Table {
                windows: HashMap::new(),
                most_windows,
                shared: HashMap::new(),
                swept: 0,
                latest: 0,
            }),
        }
    }

    /// Changes the limit. Requests that were accepted before still count.
    pub fn set_limit(&self, limit: u32) {
        self.limit.store(count_of(limit), Ordering::Relaxed);
    }

    /// Counts a request at `now`, the time since any fixed moment on a monotonic clock. A refused request does not
    /// count, so asking too often does not prolong the wait.
    ///
    /// An IPv6 client counts by its /64, an IPv4 address written as IPv6 as that IPv4 address.
    ///
    /// # Errors
    /// `RetryAfter` when the limit is reached.
    pub fn check(&self, client: IpAddr, endpoint: E, now: Duration) -> Result<(), RetryAfter> {
        let now = Moment::try_from(now.as_nanos()).unwrap_or(Moment::MAX);
        // Nothing panics in the middle of a change, so a poisoned table is still consistent.
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let limit = self.limit.load(Ordering::Relaxed);
        table.check(counted_as(client), endpoint, limit, now)
    }
}

fn count_of(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

struct Table<E> {
    windows: HashMap<(IpAddr, E), Window>,
    most_windows: usize,
    /// Requests of clients that have no window of their own because the table was full.
    shared: HashMap<E, VecDeque<Moment>>,
    /// When expired windows were last removed.
    swept: Moment,
    /// The latest time that was passed in.
    latest: Moment,
}

/// The requests of one client on one endpoint.
struct Window {
    /// When the window was made. Before, the client may have made every request of the shared window, so those count
    /// for it too: otherwise it could make twice as many as allowed.
    opened: Moment,
    /// When its requests were accepted, in order.
    passed: VecDeque<Moment>,
}

impl<E: Copy + Eq + Hash> Table<E> {
    fn check(
        &mut self,
        client: IpAddr,
        endpoint: E,
        limit: usize,
        now: Moment,
    ) -> Result<(), RetryAfter> {
        // Threads may arrive in another order than that in which they read the clock; windows rely on times that never
        // go back.
        let now = self.latest.max(now);
        self.latest = now;
        let key = (client, endpoint);
        let full = self.is_full_for(&key, now);
        let shared = self.shared.entry(endpoint).or_default();
        forget(shared, now);
        let window = match self.windows.entry(key) {
            Entry::Occupied(own) => own.into_mut(),
            Entry::Vacant(_) if full => return count(shared, Earlier::NONE, limit, now),
            Entry::Vacant(place) => place.insert(Window {
                opened: now,
                passed: VecDeque::new(),
            }),
        };
        forget(&mut window.passed, now);
        let earlier = Earlier::until(window.opened, shared);
        count(&mut window.passed, earlier, limit, now)
    }

    /// Whether there is no room for another window. Expired windows are removed first, at most once a second.
    fn is_full_for(&mut self, key: &(IpAddr, E), now: Moment) -> bool {
        if self.windows.len() < self.most_windows || self.windows.contains_key(key) {
            return false;
        }
        if now - self.swept >= SWEEP_PAUSE {
            self.windows
                .retain(|_, window| window.passed.back().is_some_and(|&last| counts(last, now)));
            self.swept = now;
        }
        self.windows.len() >= self.most_windows
    }
}

/// Requests of the shared window that count for a client too.
#[derive(Clone, Copy)]
struct Earlier {
    requests: usize,
    oldest: Option<Moment>,
}

impl Earlier {
    const NONE: Self = Self {
        requests: 0,
        oldest: None,
    };

    fn until(moment: Moment, shared: &VecDeque<Moment>) -> Self {
        let requests = shared.partition_point(|&passed| passed <= moment);
        let oldest = shared.front().copied().filter(|_| requests > 0);
        Self { requests, oldest }
    }
}

/// Accepts and counts a request, unless the limit is reached.
fn count(
    passed: &mut VecDeque<Moment>,
    earlier: Earlier,
    limit: usize,
    now: Moment,
) -> Result<(), RetryAfter> {
    if earlier.requests + passed.len() < limit {
        passed.push_back(now);
        return Ok(());
    }
    // The next one is accepted when the oldest has expired. There is none only when the limit is 0.
    let oldest = earlier.oldest.or(passed.front().copied()).unwrap_or(now);
    let wait = WINDOW.saturating_sub(now - oldest);
    Err(RetryAfter(wait.div_ceil(SECOND).max(1)))
}

/// Removes what has expired.
fn forget(passed: &mut VecDeque<Moment>, now: Moment) {
    while passed.front().is_some_and(|&first| !counts(first, now)) {
        passed.pop_front();
    }
}

fn counts(moment: Moment, now: Moment) -> bool {
    now - moment < WINDOW
}

#[cfg(test)]
mod tests;
