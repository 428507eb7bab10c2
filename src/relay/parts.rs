//! The parts of the daemon that run beside its listeners, each by its name: a new configuration replaces those that
//! it changes and leaves the others alone.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::oneshot::error::TryRecvError;
use tokio::sync::{oneshot, watch};
use tokio::task::{JoinError, JoinSet};

use crate::alerts::AlertConfig;
use crate::config::Channel;
use crate::delivery::recovery::RecoveryRules;
use crate::delivery::route::Route;
use crate::key_pair::KeyPairFiles;
use crate::language::Locale;
use crate::liveness::Liveness;
use crate::notification::advice::AdviceContext;
use crate::upkeep::retention::RetentionPeriods;

/// What a part was made for: one that is made for the same goes on.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Purpose {
    /// Sends on a route.
    Route(Box<Route>),
    /// Goes on with what an outage left behind.
    Recovery(Box<RecoveryRules>),
    /// Tells an alert channel, with advice for this relay.
    Channel(Box<Channel>, Locale, AdviceContext),
    /// Looks whether a person is needed.
    Alerts(Box<AlertConfig>, Vec<Route>),
    /// Makes the backup file this often.
    Backup(Duration),
    /// Deletes what is older.
    Retention(RetentionPeriods),
    /// Holds room on the disk back.
    Reserve,
    /// Keeps what time it is when the clock was set.
    Timekeeper,
    /// Tells when a hold has ended.
    Holds,
    /// Looks whether the database's file is there.
    Place,
    /// Looks through the database.
    Soundness,
    /// Reads the relay's own certificate again.
    KeyPair(KeyPairFiles),
}

impl Purpose {
    /// No two parts that run at a time have the same name.
    fn name(&self) -> String {
        match self {
            Self::Route(route) => format!("route {}", route.name),
            Self::Recovery(_) => "recovery".to_owned(),
            Self::Channel(channel, ..) => format!("channel {}", channel.key()),
            Self::Alerts(..) => "alerts".to_owned(),
            Self::Backup(_) => "backup".to_owned(),
            Self::Retention(_) => "retention".to_owned(),
            Self::Reserve => "reserve".to_owned(),
            Self::Timekeeper => "timekeeper".to_owned(),
            Self::Holds => "holds".to_owned(),
            Self::Place => "place".to_owned(),
            Self::Soundness => "soundness".to_owned(),
            Self::KeyPair(_) => "key_pair".to_owned(),
        }
    }

    /// How long the part may take to end.
    fn stop_time(&self) -> Duration {
        match self {
            Self::Route(route) => route.timeout,
            _ => Duration::ZERO,
        }
    }
}

/// The parts that run.
#[derive(Default)]
pub(super) struct Parts {
    running: BTreeMap<String, Part>,
    /// Parts that were told to end and have no successor, until they have ended.
    leaving: BTreeMap<String, oneshot::Receiver<()>>,
    /// Answers which part has ended.
    tasks: JoinSet<u64>,
    /// Parts that were told to end.
    ending: Vec<u64>,
    next_number: u64,
}

struct Part {
    number: u64,
    purpose: Purpose,
    liveness: Option<Liveness>,
    stop: watch::Sender<bool>,
    /// Closed when the part has ended.
    ended: oneshot::Receiver<()>,
}

impl Parts {
    /// Whether a part runs that was made for the same.
    pub(super) fn has(&self, purpose: &Purpose) -> bool {
        let running = self.running.get(&purpose.name());
        running.is_some_and(|part| part.purpose == *purpose)
    }

    /// Says whether the part with this purpose moves, when it is one that says so.
    pub(super) fn liveness(&self, purpose: &Purpose) -> Option<Liveness> {
        self.running.get(&purpose.name())?.liveness.clone()
    }

    /// Runs `work` from now on. One of the same name is told to end, and `work` begins when it has: nothing is
    /// done by both.
    pub(super) fn start<F>(
        &mut self,
        purpose: Purpose,
        liveness: Option<Liveness>,
        work: impl FnOnce(watch::Receiver<bool>) -> F,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let name = purpose.name();
        let before = self.end(&name).or_else(|| self.leaving.remove(&name));
        let (stop, stopped) = watch::channel(false);
        let (running, ended) = oneshot::channel::<()>();
        let (number, work) = (self.next_number, work(stopped));
        self.next_number += 1;
        self.tasks.spawn(async move {
            // Closed when this task ends, in whatever way.
            let _running = running;
            if let Some(before) = before {
                let _ = before.await;
            }
            work.await;
            number
        });
        let part = Part {
            number,
            purpose,
            liveness,
            stop,
            ended,
        };
        self.running.insert(name, part);
    }

    /// Tells every part to end that was made for something else than one of `wanted`.
    pub(super) fn keep_only(&mut self, wanted: &[Purpose]) {
        let names: Vec<String> = wanted.iter().map(Purpose::name).collect();
        let unwanted: Vec<String> = self.running.keys().cloned().collect();
        for name in unwanted.into_iter().filter(|name| !names.contains(name)) {
            if let Some(ended) = self.end(&name) {
                self.leaving.insert(name, ended);
            }
        }
        let runs = |ended: &mut oneshot::Receiver<()>| ended.try_recv() == Err(TryRecvError::Empty);
        self.leaving.retain(|_, ended| runs(ended));
    }

    /// Tells the part with this name to end; who waits for that gets the way to know.
    fn end(&mut self, name: &str) -> Option<oneshot::Receiver<()>> {
        let part = self.running.remove(name)?;
        // The part holds the other end as long as it runs.
        let _ = part.stop.send(true);
        self.ending.push(part.number);
        Some(part.ended)
    }

    /// Tells the part with this purpose to end and waits for that.
    pub(super) async fn stop_one(&mut self, purpose: &Purpose) {
        if let Some(ended) = self.end(&purpose.name()) {
            // Nothing is ever sent: the part has ended.
            let _ = ended.await;
        }
    }

    /// How long all of them may take to end.
    pub(super) fn stop_time(&self) -> Duration {
        let times = self.running.values().map(|part| part.purpose.stop_time());
        times.max().unwrap_or_default()
    }

    /// Answers when a part has ended that was not told to.
    pub(super) async fn wait_for_failure(&mut self) {
        loop {
            match self.tasks.join_next().await {
                Some(ended) if self.was_told(&ended) => {}
                Some(_) => return,
                None => std::future::pending().await,
            }
        }
    }

    fn was_told(&mut self, ended: &Result<u64, JoinError>) -> bool {
        let Ok(number) = ended else { return false };
        let place = self.ending.iter().position(|ending| ending == number);
        place.map(|place| self.ending.swap_remove(place)).is_some()
    }

    /// Tells all of them to end and waits for that; those that take longer than `at_most` are cut off.
    pub(super) async fn stop(&mut self, at_most: Duration) {
        self.keep_only(&[]);
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(at_most, ended).await.is_err() {
            tracing::warn!("attempts under way were cut off: they took too long");
            self.tasks.shutdown().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs until it is told to stop and `go` is dropped.
    async fn work(
        mut stop: watch::Receiver<bool>,
        go: oneshot::Receiver<()>,
        began: oneshot::Sender<()>,
    ) {
        let _ = began.send(());
        let _ = stop.wait_for(|stop| *stop).await;
        let _ = go.await;
    }

    fn retention(days: u64) -> Purpose {
        Purpose::Retention(RetentionPeriods {
            days,
            ingested: Duration::ZERO,
        })
    }

    #[tokio::test]
    async fn a_part_begins_when_the_one_before_has_ended_and_nobody_waits_for_that() {
        let mut parts = Parts::default();
        let (held, go) = oneshot::channel();
        let (began, first_began) = oneshot::channel();
        parts.start(retention(1), None, |stop| work(stop, go, began));
        first_began.await.unwrap();
        assert!(parts.has(&retention(1)));
        assert!(!parts.has(&retention(2)));
        let (done, go) = oneshot::channel();
        let (began, mut second_began) = oneshot::channel();
        parts.start(retention(2), None, |stop| work(stop, go, began));
        assert!(parts.has(&retention(2)));
        tokio::task::yield_now().await;
        assert!(second_began.try_recv().is_err(), "the first has not ended");
        drop(held);
        second_began.await.unwrap();
        // One that comes back after it was taken out waits too.
        parts.keep_only(&[]);
        let (held, go) = oneshot::channel();
        let (began, mut third_began) = oneshot::channel();
        parts.start(retention(3), None, |stop| work(stop, go, began));
        tokio::task::yield_now().await;
        assert!(third_began.try_recv().is_err(), "the second has not ended");
        drop(done);
        third_began.await.unwrap();
        // That those have ended is no breakdown, and that the third does is one.
        drop(held);
        let _ = parts.running["retention"].stop.send(true);
        parts.wait_for_failure().await;
    }
}
