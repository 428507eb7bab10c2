//! The relay's own time axis, on which waits are kept, and whether the wall clock can be trusted.
//!
//! A wait is a length of time. While the relay runs, the monotonic clock moves the axis; between two runs the
//! wall clock says how much time has passed. Setting the wall clock while the relay runs moves nothing that
//! waits, and a clock that was set back while it did not run makes nobody wait longer.
//!
//! How old the relay is counts what it surely lived through, so that no wrong clock makes anything old: the time in which it
//! ran, and pauses up to a week. By how much the clock was set back counts for no pause after that: a clock that is set
//! to and fro, or wrong at every start, makes nothing older each time. The time of a longer pause may be that of a wrong
//! clock: whatever is kept stays that much longer.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension};

use super::writer::Lane;
use super::{Store, StoreError};
use crate::clock::Moment;
use crate::timestamp::Timestamp;

/// The drift between the two clocks, in milliseconds, that does not change how a planned moment is shown.
const DRIFT_MS: i64 = 1000;
/// A wall clock that is this far from where the time that passed would have brought it may be wrong: after a start
/// with a flat battery, for example.
const STRANGE: Duration = Duration::from_hours(24 * 7);
/// A wall clock that stands this far before the end of an earlier run was set, and did not just drift.
const SET_BACK: Duration = Duration::from_mins(1);
/// A wall clock that is doubted is believed after it has run on for this long.
const BELIEVED_AFTER: Duration = Duration::from_hours(24);

/// One moment by the wall clock and on the time axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Now {
    /// By the wall clock.
    pub(super) wall: Timestamp,
    /// On the axis.
    pub(super) axis_ms: i64,
    /// By how much the axis is ahead of the wall clock.
    ahead_ms: i64,
    /// How much of the axis was not surely lived through; negative: more was than the axis has.
    unlived_ms: i64,
}

impl Now {
    /// How old the relay is: the wall clock of the first start, and what it lived through since then.
    pub(super) fn lived_ms(self) -> i64 {
        self.axis_ms.saturating_sub(self.unlived_ms)
    }

    /// What the wall clock shows at a moment on the axis, as it is set now.
    pub(super) fn wall_of(self, axis_ms: i64) -> Timestamp {
        Timestamp::from_unix_ms(axis_ms.saturating_sub(self.ahead_ms))
    }

    /// The moment on the axis at which the wall clock shows this, as it is set now: [`Now::wall_of`] says the same moment
    /// again, whatever the clocks have drifted.
    pub(super) fn axis_of(self, wall: Timestamp) -> i64 {
        wall.unix_ms().saturating_add(self.ahead_ms)
    }

    /// The moment `span` later, on the axis.
    pub(super) fn axis_after(self, span: Duration) -> i64 {
        self.axis_ms.saturating_add(milliseconds(span))
    }

    /// The moment `span` earlier, on the axis.
    pub(super) fn axis_before(self, span: Duration) -> i64 {
        self.axis_ms.saturating_sub(milliseconds(span))
    }

    /// How long after now a moment on the axis is; zero when it has passed.
    pub(super) fn until(self, axis_ms: i64) -> Duration {
        Duration::from_millis(u64::try_from(axis_ms.saturating_sub(self.axis_ms)).unwrap_or(0))
    }

    /// How long a moment on the axis has passed; zero when it is still to come.
    pub(super) fn since(self, axis_ms: i64) -> Duration {
        Duration::from_millis(u64::try_from(self.axis_ms.saturating_sub(axis_ms)).unwrap_or(0))
    }

    /// A moment at which the axis is not ahead of the wall clock.
    #[cfg(test)]
    pub(super) fn at(wall: Timestamp) -> Self {
        Self::of(wall, wall.unix_ms())
    }

    #[cfg(test)]
    pub(super) fn of(wall: Timestamp, axis_ms: i64) -> Self {
        Self {
            wall,
            axis_ms,
            ahead_ms: axis_ms - wall.unix_ms(),
            unlived_ms: 0,
        }
    }
}

/// The axis of an open database. Cheap to clone.
#[derive(Clone)]
pub(super) struct RelayTime(Arc<Mutex<State>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::struct_field_names, reason = "the unit belongs to each name")]
struct State {
    /// Where the axis was when the monotonic clock showed zero.
    base_ms: i64,
    /// See [`Now::ahead_ms`].
    ahead_ms: i64,
    /// The same for the wall clock that is believed.
    believed_ahead_ms: i64,
    /// See [`Now::unlived_ms`].
    unlived_ms: i64,
    /// By how much the wall clock was set back: so much of the pauses that it shows later has been counted before.
    set_back_ms: i64,
    /// Since when, on the axis, the wall clock has disagreed with the trusted one.
    strange_since_ms: Option<i64>,
    /// Steps of the wall clock that were noticed, and how many of them had been when the axis was kept last.
    steps: u64,
    kept_steps: u64,
}

/// What an earlier run has kept.
struct Saved {
    axis_ms: i64,
    wall_at: Timestamp,
    lived_ms: i64,
    set_back_ms: i64,
    believed_ahead_ms: i64,
    strange_since_ms: Option<i64>,
}

impl RelayTime {
    /// Goes on where an earlier run has stopped.
    pub(super) fn resume(connection: &Connection, moment: Moment) -> rusqlite::Result<Self> {
        let saved = connection
            .prepare_cached(
                "SELECT axis_ms, wall_at, lived_ms, set_back_ms, believed_ahead_ms, strange_since_ms
                   FROM relay_time",
            )?
            .query_row([], |row| {
                Ok(Saved {
                    axis_ms: row.get(0)?,
                    wall_at: row.get(1)?,
                    lived_ms: row.get(2)?,
                    set_back_ms: row.get(3)?,
                    believed_ahead_ms: row.get(4)?,
                    strange_since_ms: row.get(5)?,
                })
            })
            .optional()?;
        Ok(Self(Arc::new(Mutex::new(State::resumed(saved, moment)))))
    }

    /// By how many seconds the wall clock is behind where an earlier run has left it, when that is worth a line.
    pub(super) fn set_back(
        connection: &Connection,
        moment: Moment,
    ) -> rusqlite::Result<Option<u64>> {
        let left = connection
            .query_row("SELECT wall_at FROM relay_time", [], |row| row.get(0))
            .optional()?;
        let behind = left.map(|left: Timestamp| left.since(moment.wall));
        Ok(behind
            .filter(|behind| *behind >= SET_BACK)
            .map(|behind| behind.as_secs()))
    }

    /// What it is now.
    pub(super) fn now(&self, moment: Moment) -> Now {
        self.lock().look(moment)
    }

    /// Keeps where the axis is, in the caller's transaction. What happened earlier and is written later moves it back no
    /// more: of two copies, the later one is further.
    pub(super) fn save(&self, connection: &Connection, now: Now) -> rusqlite::Result<()> {
        let state = *self.lock();
        connection
            .prepare_cached(
                "INSERT INTO relay_time
                   (id, axis_ms, wall_at, lived_ms, set_back_ms, believed_ahead_ms, strange_since_ms)
                 VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (id) DO UPDATE SET axis_ms = excluded.axis_ms, wall_at = excluded.wall_at,
                    lived_ms = excluded.lived_ms, set_back_ms = excluded.set_back_ms,
                    believed_ahead_ms = excluded.believed_ahead_ms, strange_since_ms = excluded.strange_since_ms
                  WHERE excluded.axis_ms >= relay_time.axis_ms",
            )?
            .execute((
                now.axis_ms,
                now.wall,
                now.lived_ms(),
                state.set_back_ms,
                state.believed_ahead_ms,
                state.strange_since_ms,
            ))
            .map(|_| ())
    }

    /// See [`Store::clock_off`].
    pub(super) fn clock_off(&self, moment: Moment) -> Option<i64> {
        self.now(moment);
        self.lock().strange_ms().map(|further_ms| further_ms / 1000)
    }

    /// See [`Store::believed_time`].
    fn believed(&self, moment: Moment) -> Timestamp {
        let now = self.now(moment);
        let state = self.lock();
        let by_axis = now.axis_ms.saturating_sub(state.believed_ahead_ms);
        let strange = state.strange_ms();
        strange.map_or(now.wall, |_| Timestamp::from_unix_ms(by_axis))
    }

    /// The number of steps that were noticed, when one of them was not kept yet.
    fn unkept_steps(&self) -> Option<u64> {
        let state = self.lock();
        (state.steps != state.kept_steps).then_some(state.steps)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic under this lock cannot leave the value half changed, so a poisoned lock is used as it is.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn resumed(saved: Option<Saved>, moment: Moment) -> Self {
        let wall_ms = moment.wall.unix_ms();
        let saved = saved.unwrap_or(Saved {
            axis_ms: wall_ms,
            wall_at: moment.wall,
            lived_ms: wall_ms,
            set_back_ms: 0,
            believed_ahead_ms: 0,
            strange_since_ms: None,
        });
        let gap_ms = wall_ms.saturating_sub(saved.wall_at.unix_ms()).max(0);
        let axis_ms = saved.axis_ms.saturating_add(gap_ms);
        // A short pause between two runs is believed. After a long one the clock may be wrong, and the axis stays.
        let strange = gap_ms > milliseconds(STRANGE);
        let doubted_ms = if strange { gap_ms } else { 0 };
        let mut state = Self {
            base_ms: axis_ms.saturating_sub(milliseconds(moment.monotonic)),
            ahead_ms: axis_ms.saturating_sub(wall_ms),
            believed_ahead_ms: saved.believed_ahead_ms.saturating_add(doubted_ms),
            unlived_ms: saved
                .axis_ms
                .saturating_sub(saved.lived_ms)
                .saturating_add(doubted_ms),
            set_back_ms: saved.set_back_ms,
            strange_since_ms: saved.strange_since_ms.filter(|_| !strange),
            steps: 0,
            kept_steps: 0,
        };
        let pause_ms = gap_ms - doubted_ms;
        let shown_ms = state.not_set_back(pause_ms);
        state.unlived_ms = state.unlived_ms.saturating_add(pause_ms - shown_ms);
        state
    }

    /// What is left of a pause that the wall clock shows, without what it was set back by.
    fn not_set_back(&mut self, pause_ms: i64) -> i64 {
        let counted_ms = pause_ms.min(self.set_back_ms);
        self.set_back_ms -= counted_ms;
        pause_ms - counted_ms
    }

    fn look(&mut self, moment: Moment) -> Now {
        let axis_ms = self.base_ms.saturating_add(milliseconds(moment.monotonic));
        let ahead_ms = axis_ms.saturating_sub(moment.wall.unix_ms());
        let step_ms = self.ahead_ms.saturating_sub(ahead_ms);
        if step_ms.saturating_abs() >= DRIFT_MS {
            self.ahead_ms = ahead_ms;
            self.steps += 1;
            if step_ms.saturating_abs() > milliseconds(STRANGE) {
                self.strange_since_ms = None;
            }
        }
        self.judge(axis_ms, ahead_ms);
        Now {
            wall: moment.wall,
            axis_ms,
            ahead_ms: self.ahead_ms,
            unlived_ms: self.unlived_ms,
        }
    }

    /// Believes the wall clock when it is near the one that was believed, or was far from it for long enough.
    fn judge(&mut self, axis_ms: i64, ahead_ms: i64) {
        let further_ms = self.further_ms(ahead_ms);
        if further_ms.saturating_abs() < DRIFT_MS {
            self.strange_since_ms = None;
            return;
        }
        let strange = further_ms.saturating_abs() > milliseconds(STRANGE);
        if !strange {
            // The clock was set right after a pause that it had not shown, such as of a machine without a battery; or it was
            // set back.
            let shown_ms = self.not_set_back(further_ms.max(0));
            self.unlived_ms = self.unlived_ms.saturating_sub(shown_ms);
            self.set_back_ms = self.set_back_ms.saturating_add((-further_ms).max(0));
        }
        let since_ms = *self.strange_since_ms.get_or_insert(axis_ms);
        if !strange || axis_ms.saturating_sub(since_ms) >= milliseconds(BELIEVED_AFTER) {
            self.believed_ahead_ms = ahead_ms;
            self.strange_since_ms = None;
        }
    }

    /// By how much a wall clock is further than the one that is believed.
    fn further_ms(&self, ahead_ms: i64) -> i64 {
        self.believed_ahead_ms.saturating_sub(ahead_ms)
    }

    /// By how much the wall clock is further than the one that is believed, when it may be wrong; negative: behind it.
    fn strange_ms(&self) -> Option<i64> {
        let further_ms = self.further_ms(self.ahead_ms);
        (further_ms.saturating_abs() > milliseconds(STRANGE)).then_some(further_ms)
    }
}

pub(super) fn milliseconds(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

impl Store {
    /// Finds out whether the database can be written, by keeping what time it is. It is no change that a
    /// backup would be made for.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn probe(&self, moment: Moment) -> Result<(), StoreError> {
        self.keep_time(Lane::Probe, moment).await
    }

    /// Keeps what time it is.
    pub(super) async fn keep_time(&self, lane: Lane, moment: Moment) -> Result<(), StoreError> {
        let (time, now) = (self.time.clone(), self.time.now(moment));
        let keep = move |connection: &Connection| Ok(time.save(connection, now)?);
        self.write(lane, keep).await
    }

    /// Keeps where the time axis is when the wall clock was set since that was kept last: else a start after a crash
    /// would take the step for time that has passed.
    ///
    /// # Errors
    /// When the database cannot be written; it is to be tried again.
    pub async fn keep_step(&self, moment: Moment) -> Result<(), StoreError> {
        self.time.now(moment);
        let Some(steps) = self.time.unkept_steps() else {
            return Ok(());
        };
        self.probe(moment).await?;
        self.time.lock().kept_steps = steps;
        Ok(())
    }

    /// Whether the wall clock is so far ahead of what passed since it was last believed that it may be wrong:
    /// nothing must be deleted by it. It is believed after a day, over restarts too, or when it is set right again.
    #[must_use]
    pub fn doubts_the_clock(&self, moment: Moment) -> bool {
        self.clock_off(moment).is_some_and(|seconds| seconds > 0)
    }

    /// The time of day by the clock that is believed: the wall clock, or while that may be wrong, what passed since it was
    /// last believed.
    #[must_use]
    pub fn believed_time(&self, moment: Moment) -> Timestamp {
        self.time.believed(moment)
    }

    /// The earlier one of the wall clock and the believed time: what is over by this is over for certain.
    #[must_use]
    pub fn earliest_time(&self, moment: Moment) -> Timestamp {
        self.believed_time(moment).min(moment.wall)
    }

    /// By how many seconds the wall clock is ahead of what passed since it was last believed, or, negative, behind it,
    /// when that is so much that it may be wrong.
    #[must_use]
    pub fn clock_off(&self, moment: Moment) -> Option<i64> {
        self.time.clock_off(moment)
    }
}

#[cfg(test)]
mod tests;
