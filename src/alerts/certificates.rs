//! Looks at the receivers' certificates and clocks now and then. A receiver that does not answer takes its time, so
//! nothing else waits for this.

use std::time::Duration;

use tokio::sync::watch;

use crate::clock::Clock;
use crate::delivery::probe::probe;
use crate::delivery::route::Route;
use crate::observations::Observations;

/// The time between two checks.
const EVERY: Duration = Duration::from_hours(12);

/// Looks at what receivers show without being sent anything.
#[derive(Clone)]
pub struct Certificates {
    routes: Vec<Route>,
    clock: Clock,
    observations: Observations,
}

impl Certificates {
    /// Looks at the receivers of `routes`; what it sees is kept in `observations`.
    #[must_use]
    pub fn new(routes: Vec<Route>, clock: Clock, observations: Observations) -> Self {
        Self {
            routes,
            clock,
            observations,
        }
    }

    /// Looks until `stop` becomes true.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                () = self.step() => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }

    /// One look at all of them.
    pub async fn step(&self) {
        for route in &self.routes {
            if route.url.scheme() != "https" {
                continue;
            }
            // One that cannot be reached is told about by its deliveries.
            let Ok(Ok(seen)) = probe(route, &self.clock).await else {
                continue;
            };
            if let Some(ends) = seen.certificate_ends {
                self.observations.certificate_seen(&route.name, ends);
            }
            if let Some(ahead) = seen.clock_ahead {
                self.observations.clock_seen(&route.name, ahead);
            }
        }
    }
}
