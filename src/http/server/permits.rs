//! Room for connections: so many at a time, and no single peer takes more than a part of it. Who opens hundreds
//! of connections and asks nothing locks out nobody but itself.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// All the permits of a door.
pub(super) struct Permits {
    free: Arc<Semaphore>,
    /// The most of them that one peer has.
    share: usize,
    taken: Arc<Taken>,
}

/// How many permits each peer has; one that has none is not in it.
#[derive(Default)]
struct Taken(Mutex<HashMap<IpAddr, usize>>);

/// Room for one connection. It is given back when this is dropped.
pub(super) struct Permit {
    _held: OwnedSemaphorePermit,
    /// Whose it is; none: it belongs to nobody's share.
    peer: Option<IpAddr>,
    taken: Arc<Taken>,
}

impl Permits {
    pub(super) fn new(all: usize, share: usize) -> Self {
        Self {
            free: Arc::new(Semaphore::new(all)),
            share,
            taken: Arc::default(),
        }
    }

    /// Waits until there is room for one more. None: never, which does not happen.
    pub(super) async fn free(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.free).acquire_owned().await.ok()
    }

    /// Gives the free place to `peer`; to none, as to one who stands for many others, without counting. None:
    /// this peer has its share already.
    pub(super) fn take(
        &self,
        permit: OwnedSemaphorePermit,
        peer: Option<IpAddr>,
    ) -> Option<Permit> {
        if let Some(peer) = peer {
            let mut taken = self.taken.lock();
            let has = taken.entry(peer).or_default();
            if *has >= self.share {
                return None;
            }
            *has += 1;
        }
        Some(Permit {
            _held: permit,
            peer,
            taken: Arc::clone(&self.taken),
        })
    }
}

impl Taken {
    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        // Nothing that is done under the lock can leave it half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let Some(peer) = self.peer else { return };
        let mut taken = self.taken.lock();
        if let Some(has) = taken.get_mut(&peer) {
            *has -= 1;
            if *has == 0 {
                taken.remove(&peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_peer_has_its_share_and_others_have_the_rest() {
        let permits = Permits::new(5, 2);
        let take = async |peer: Option<&str>| {
            let permit = permits.free().await.unwrap();
            permits.take(permit, peer.map(|peer| peer.parse().unwrap()))
        };
        let first = take(Some("10.0.0.1")).await;
        let second = take(Some("10.0.0.1")).await;
        assert!(first.is_some() && second.is_some());
        assert!(take(Some("10.0.0.1")).await.is_none());
        let others = [
            take(Some("10.0.0.2")).await,
            take(None).await,
            take(None).await,
        ];
        assert!(others.iter().all(Option::is_some));
        assert_eq!(permits.free.available_permits(), 0);
        drop(first);
        assert!(take(Some("10.0.0.1")).await.is_some());
        drop((second, others));
        assert_eq!(permits.free.available_permits(), 5);
        assert!(permits.taken.lock().is_empty(), "nobody is remembered");
    }
}
