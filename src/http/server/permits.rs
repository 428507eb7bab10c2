//! Limits the number of connections, in all and for each peer. When the limit is reached, the connection that has
//! been idle for longest is evicted; one with a request under way never is. So a client that opens hundreds of
//! connections without a request cannot lock out others, not even a health check from its own address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, oneshot};

/// An evicted connection that has not closed after this time may have a peer that does not read its answer: another
/// one is evicted.
const EVICTION_TIME: Duration = Duration::from_secs(1);

/// In the place of a time: a request is under way.
const UNDER_WAY: u64 = 0;

/// The permits of one listener.
pub(super) struct Permits {
    free: Arc<Semaphore>,
    /// The most permits of one peer.
    share: usize,
    pool: Arc<Pool>,
}

/// The connections that are open.
#[derive(Default)]
struct Pool {
    state: Mutex<State>,
    /// Counts connections, and the moments at which one became idle.
    last: AtomicU64,
    /// A connection became idle.
    idle: Notify,
}

#[derive(Default)]
struct State {
    /// The number of connections of each peer that has any.
    taken: HashMap<IpAddr, usize>,
    connections: HashMap<u64, Connection>,
}

struct Connection {
    /// Its peer; none when it does not count for a peer.
    peer: Option<IpAddr>,
    idle_since: IdleSince,
    /// Evicts it; none when that was done.
    evict: Option<oneshot::Sender<()>>,
}

/// When a connection became idle, or [`UNDER_WAY`]. Every request changes it, so that needs no lock.
type IdleSince = Arc<AtomicU64>;

/// A permit for one connection. Dropping it gives it back.
pub(super) struct Permit {
    _held: OwnedSemaphorePermit,
    number: u64,
    idle_since: IdleSince,
    pool: Arc<Pool>,
}

/// A connection that may stay open.
pub(super) struct Admitted {
    pub(super) permit: Permit,
    /// Resolves when the connection is evicted.
    pub(super) evicted: oneshot::Receiver<()>,
    /// Another connection of the same peer was evicted for this one.
    pub(super) another_evicted: bool,
}

/// A request under way. While this is kept, its connection is not evicted.
pub(super) struct UnderWay(Arc<Permit>);

impl Permits {
    pub(super) fn new(all: usize, share: usize) -> Self {
        Self {
            free: Arc::new(Semaphore::new(all)),
            share,
            pool: Arc::default(),
        }
    }

    /// Waits for a free permit, and evicts an idle connection when there is none. None if the semaphore was closed,
    /// which does not happen.
    pub(super) async fn free(&self) -> Option<OwnedSemaphorePermit> {
        loop {
            let mut idle = pin!(self.pool.idle.notified());
            // Enabled before the search, so that a connection that becomes idle meanwhile is not missed.
            idle.as_mut().enable();
            if let Ok(permit) = Arc::clone(&self.free).try_acquire_owned() {
                return Some(permit);
            }
            let evicted_one = self.pool.lock().evict_idle(|_| true);
            let free = Arc::clone(&self.free).acquire_owned();
            tokio::select! {
                permit = free => return permit.ok(),
                () = idle, if !evicted_one => {}
                () = tokio::time::sleep(EVICTION_TIME), if evicted_one => {}
            }
        }
    }

    /// Gives the permit to a connection of `peer`; without a peer, as for a proxy that stands for many clients, it
    /// counts for nobody. None when the peer has its share already, with a request under way on each.
    pub(super) fn take(
        &self,
        permit: OwnedSemaphorePermit,
        peer: Option<IpAddr>,
    ) -> Option<Admitted> {
        let mut state = self.pool.lock();
        let mut another_evicted = false;
        if let Some(peer) = peer {
            let has = state.taken.get(&peer).copied().unwrap_or_default();
            if has >= self.share {
                another_evicted = state.evict_idle(|of| of == Some(peer));
                if !another_evicted {
                    return None;
                }
            }
            *state.taken.entry(peer).or_default() += 1;
        }
        let (evict, evicted) = oneshot::channel();
        let number = self.pool.next();
        let idle_since = Arc::new(AtomicU64::new(number));
        let connection = Connection {
            peer,
            idle_since: Arc::clone(&idle_since),
            evict: Some(evict),
        };
        state.connections.insert(number, connection);
        let permit = Permit {
            _held: permit,
            number,
            idle_since,
            pool: Arc::clone(&self.pool),
        };
        Some(Admitted {
            permit,
            evicted,
            another_evicted,
        })
    }
}

impl Pool {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics in the middle of a change, so a poisoned state is still consistent.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> u64 {
        self.last.fetch_add(1, Ordering::Relaxed) + 1
    }
}

impl State {
    /// Evicts the connection that has been idle for longest among those of the given peers; it no longer counts.
    /// False when none is idle.
    fn evict_idle(&mut self, may_be_evicted: impl Fn(Option<IpAddr>) -> bool) -> bool {
        let here = self.connections.values_mut();
        let idle = here.filter(|one| one.evict.is_some() && may_be_evicted(one.peer));
        let idle = idle.map(|one| (one.idle_since.load(Ordering::Relaxed), one));
        let idle = idle.filter(|(since, _)| *since != UNDER_WAY);
        let Some((_, connection)) = idle.min_by_key(|(since, _)| *since) else {
            return false;
        };
        if let Some(evict) = connection.evict.take() {
            // The receiver is gone when the connection has just closed.
            let _ = evict.send(());
        }
        let peer = connection.peer.take();
        self.give_back(peer);
        true
    }

    fn give_back(&mut self, peer: Option<IpAddr>) {
        let Some(peer) = peer else { return };
        if let Some(has) = self.taken.get_mut(&peer) {
            *has -= 1;
            if *has == 0 {
                self.taken.remove(&peer);
            }
        }
    }
}

impl Permit {
    /// A request begins.
    pub(super) fn begin(self: &Arc<Self>) -> UnderWay {
        self.idle_since.store(UNDER_WAY, Ordering::Relaxed);
        UnderWay(Arc::clone(self))
    }

    /// Whether no request is under way.
    pub(super) fn is_idle(&self) -> bool {
        self.idle_since.load(Ordering::Relaxed) != UNDER_WAY
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let Self(permit) = self;
        let now = permit.pool.next();
        permit.idle_since.store(now, Ordering::Relaxed);
        permit.pool.idle.notify_waiters();
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.pool.lock();
        if let Some(connection) = state.connections.remove(&self.number) {
            state.give_back(connection.peer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Taken = Option<(Arc<Permit>, oneshot::Receiver<()>)>;

    async fn take(permits: &Permits, peer: Option<&str>) -> Taken {
        let free = permits.free().await.unwrap();
        let taken = permits.take(free, peer.map(|peer| peer.parse().unwrap()));
        taken.map(|taken| (Arc::new(taken.permit), taken.evicted))
    }

    #[tokio::test]
    async fn a_peer_has_its_share_and_others_have_the_rest() {
        let permits = Permits::new(5, 2);
        let (first, _told) = take(&permits, Some("10.0.0.1")).await.unwrap();
        let (second, _told) = take(&permits, Some("10.0.0.1")).await.unwrap();
        let under_way = (first.begin(), second.begin());
        assert!(take(&permits, Some("10.0.0.1")).await.is_none());
        let others = [
            take(&permits, Some("10.0.0.2")).await,
            take(&permits, None).await,
            take(&permits, None).await,
        ];
        assert!(others.iter().all(Option::is_some));
        assert_eq!(permits.free.available_permits(), 0);
        drop((under_way.0, first));
        let third = take(&permits, Some("10.0.0.1")).await;
        assert!(third.is_some());
        drop((under_way.1, second, third, others));
        assert_eq!(permits.free.available_permits(), 5);
        let state = permits.pool.lock();
        assert!(state.taken.is_empty(), "nobody is remembered");
        assert!(state.connections.is_empty());
    }

    #[tokio::test]
    async fn the_connection_idle_for_longest_is_evicted_for_the_next_of_its_peer() {
        let permits = Permits::new(9, 2);
        let (busy, mut busy_evicted) = take(&permits, Some("10.0.0.1")).await.unwrap();
        let (_idle, mut idle_evicted) = take(&permits, Some("10.0.0.1")).await.unwrap();
        let (_other, mut other_evicted) = take(&permits, Some("10.0.0.2")).await.unwrap();
        let under_way = busy.begin();
        let (_third, mut third_evicted) = take(&permits, Some("10.0.0.1")).await.unwrap();
        assert_eq!(idle_evicted.try_recv(), Ok(()));
        assert!(busy_evicted.try_recv().is_err() && other_evicted.try_recv().is_err());
        // The first became idle again just now, so the third has been idle for longer.
        drop(under_way);
        assert!(busy.is_idle());
        assert!(take(&permits, Some("10.0.0.1")).await.is_some());
        assert_eq!(third_evicted.try_recv(), Ok(()));
        assert!(busy_evicted.try_recv().is_err());
    }

    #[tokio::test]
    async fn at_the_limit_an_idle_connection_is_evicted_and_a_request_under_way_is_not() {
        let permits = Permits::new(2, 2);
        let (first, first_told) = take(&permits, None).await.unwrap();
        let (second, mut second_told) = take(&permits, Some("10.0.0.2")).await.unwrap();
        let requests = (first.begin(), second.begin());
        let mut waiting = pin!(permits.free());
        tokio::select! {
            biased;
            _ = &mut waiting => unreachable!("all are under way"),
            () = tokio::task::yield_now() => {}
        }
        drop(requests.0);
        let leaving = async {
            first_told.await.unwrap();
            drop(first);
        };
        let in_time = tokio::time::timeout(Duration::from_secs(30), async {
            tokio::join!(waiting, leaving).0
        });
        assert!(in_time.await.unwrap().is_some());
        assert!(second_told.try_recv().is_err());
    }
}
