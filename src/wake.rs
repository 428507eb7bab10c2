//! The wakes that `http` and `delivery` share: who accepts an event rouses the dispatcher of its
//! route at once, instead of letting it find the event by itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::Notify;

/// A wake for each route that something can be sent on.
#[derive(Clone, Debug, Default)]
pub struct Wakes(BTreeMap<String, Arc<Notify>>);

impl Wakes {
    /// The wake of a route; a new one for a name that is new.
    pub fn of(&mut self, route: &str) -> Arc<Notify> {
        Arc::clone(self.0.entry(route.to_owned()).or_default())
    }

    /// There is something to send on this route. Nobody listens for a route without a URL.
    pub fn wake(&self, route: &str) {
        if let Some(wake) = self.0.get(route) {
            wake.notify_one();
        }
    }

    /// There may be something to send on any route.
    pub fn wake_all(&self) {
        for wake in self.0.values() {
            wake.notify_one();
        }
    }
}
