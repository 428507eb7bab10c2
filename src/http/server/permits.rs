//! Room for connections: so many at a time, and no single peer takes more than a part of it. When there is no room left,
//! a connection without a request under way leaves, the one that is idle for longest first. So whoever opens hundreds of
//! connections and asks nothing locks out nobody: not even a probe that comes from the same address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, oneshot};

/// A connection that was told to leave may have an answer that its peer does not read; then another one has to.
const LEAVES_WITHIN: Duration = Duration::from_secs(1);

/// All the permits of a door.
pub(super) struct Permits {
    free: Arc<Semaphore>,
    /// The most of them that one peer has.
    share: usize,
    room: Arc<Room>,
}

/// Who is in.
#[derive(Default)]
struct Room {
    state: Mutex<State>,
    /// A connection became idle.
    idle: Notify,
}

#[derive(Default)]
struct State {
    /// How many each peer has; one that has none is not in it.
    taken: HashMap<IpAddr, usize>,
    connections: HashMap<u64, Connection>,
    /// The number that is given next: to a connection, or to the moment at which one became idle.
    next: u64,
}

struct Connection {
    /// Whose it is; none: it belongs to nobody's share.
    peer: Option<IpAddr>,
    /// When it became idle; none: a request is under way.
    idle_since: Option<u64>,
    /// Tells it to leave; none: it was told.
    leave: Option<oneshot::Sender<()>>,
}

/// Room for one connection. It is given back when this is dropped.
pub(super) struct Permit {
    _held: OwnedSemaphorePermit,
    number: u64,
    room: Arc<Room>,
}

/// Who was let in.
pub(super) struct Admitted {
    pub(super) permit: Permit,
    /// Hears that the connection has to leave.
    pub(super) told: oneshot::Receiver<()>,
    /// Another connection of the same peer leaves for this one.
    pub(super) another_leaves: bool,
}

/// A request is under way as long as this is kept: its connection does not have to leave.
pub(super) struct UnderWay(Arc<Permit>);

impl Permits {
    pub(super) fn new(all: usize, share: usize) -> Self {
        Self {
            free: Arc::new(Semaphore::new(all)),
            share,
            room: Arc::default(),
        }
    }

    /// Waits until there is room for one more, and has an idle connection leave for that. None: never, which does not
    /// happen.
    pub(super) async fn free(&self) -> Option<OwnedSemaphorePermit> {
        loop {
            let mut idle = pin!(self.room.idle.notified());
            // Before the look, so that none is missed that becomes idle meanwhile.
            idle.as_mut().enable();
            if let Ok(permit) = Arc::clone(&self.free).try_acquire_owned() {
                return Some(permit);
            }
            let leaves = self.room.lock().let_one_leave(|_| true);
            let free = Arc::clone(&self.free).acquire_owned();
            tokio::select! {
                permit = free => return permit.ok(),
                () = idle, if !leaves => {}
                () = tokio::time::sleep(LEAVES_WITHIN), if leaves => {}
            }
        }
    }

    /// Gives the free place to `peer`; to none, as to one who stands for many others, without counting. None: this
    /// peer has its share already, with a request under way on each.
    pub(super) fn take(
        &self,
        permit: OwnedSemaphorePermit,
        peer: Option<IpAddr>,
    ) -> Option<Admitted> {
        let mut state = self.room.lock();
        let mut another_leaves = false;
        if let Some(peer) = peer {
            let has = state.taken.get(&peer).copied().unwrap_or_default();
            if has >= self.share {
                another_leaves = state.let_one_leave(|of| of == Some(peer));
                if !another_leaves {
                    return None;
                }
            }
            *state.taken.entry(peer).or_default() += 1;
        }
        let (leave, told) = oneshot::channel();
        let number = state.number();
        let connection = Connection {
            peer,
            idle_since: Some(number),
            leave: Some(leave),
        };
        state.connections.insert(number, connection);
        let permit = Permit {
            _held: permit,
            number,
            room: Arc::clone(&self.room),
        };
        Some(Admitted {
            permit,
            told,
            another_leaves,
        })
    }
}

impl Room {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that is done under the lock can leave it half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Tells the connection to leave that is idle for longest, among those of such peers. It does not count any more.
    /// False: none is idle.
    fn let_one_leave(&mut self, is_asked: impl Fn(Option<IpAddr>) -> bool) -> bool {
        let here = self.connections.values_mut();
        let idle = here.filter(|one| one.leave.is_some() && is_asked(one.peer));
        let longest = idle.filter_map(|one| Some((one.idle_since?, one)));
        let Some((_, connection)) = longest.min_by_key(|(since, _)| *since) else {
            return false;
        };
        if let Some(leave) = connection.leave.take() {
            // One that has just ended has left already.
            let _ = leave.send(());
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
        if let Some(connection) = self.room.lock().connections.get_mut(&self.number) {
            connection.idle_since = None;
        }
        UnderWay(Arc::clone(self))
    }

    /// Whether no request is under way.
    pub(super) fn is_idle(&self) -> bool {
        let state = self.room.lock();
        let connection = state.connections.get(&self.number);
        connection.is_none_or(|connection| connection.idle_since.is_some())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let Self(permit) = self;
        let mut state = permit.room.lock();
        let now = state.number();
        if let Some(connection) = state.connections.get_mut(&permit.number) {
            connection.idle_since = Some(now);
        }
        drop(state);
        permit.room.idle.notify_waiters();
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.room.lock();
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
        taken.map(|taken| (Arc::new(taken.permit), taken.told))
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
        let state = permits.room.lock();
        assert!(state.taken.is_empty(), "nobody is remembered");
        assert!(state.connections.is_empty());
    }

    #[tokio::test]
    async fn who_is_idle_for_longest_leaves_for_the_next_of_its_peer() {
        let permits = Permits::new(9, 2);
        let (busy, mut busy_told) = take(&permits, Some("10.0.0.1")).await.unwrap();
        let (_idle, mut idle_told) = take(&permits, Some("10.0.0.1")).await.unwrap();
        let (_other, mut other_told) = take(&permits, Some("10.0.0.2")).await.unwrap();
        let under_way = busy.begin();
        let (_third, mut third_told) = take(&permits, Some("10.0.0.1")).await.unwrap();
        assert_eq!(idle_told.try_recv(), Ok(()));
        assert!(busy_told.try_recv().is_err() && other_told.try_recv().is_err());
        // Since now, and the third since before.
        drop(under_way);
        assert!(busy.is_idle());
        assert!(take(&permits, Some("10.0.0.1")).await.is_some());
        assert_eq!(third_told.try_recv(), Ok(()));
        assert!(busy_told.try_recv().is_err());
    }

    #[tokio::test]
    async fn when_all_is_taken_an_idle_one_leaves_and_a_request_under_way_does_not() {
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
