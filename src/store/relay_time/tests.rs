//! The relay's time over set clocks and restarts.

use super::*;

const DAY: Duration = Duration::from_hours(24);

fn moment(wall: Duration, monotonic: Duration) -> Moment {
    Moment {
        wall: Timestamp::from_unix_ms(1_761_489_000_000).after(wall),
        monotonic,
    }
}

/// A run that begins after one that ended at a moment.
fn restarted(state: &mut State, end: Moment, begin: Moment) -> State {
    let now = state.look(end);
    let saved = Saved {
        axis_ms: now.axis_ms,
        wall_at: now.wall,
        lived_ms: now.lived_ms(),
        set_back_ms: state.set_back_ms,
        believed_ahead_ms: state.believed_ahead_ms,
        strange_since_ms: state.strange_since_ms,
    };
    State::resumed(Some(saved), begin)
}

fn doubts(state: &mut State, moment: Moment) -> bool {
    state.look(moment);
    state.strange_ms().is_some_and(|further_ms| further_ms > 0)
}

#[test]
fn the_axis_moves_by_the_time_that_passes_and_by_no_step_of_the_clock() {
    let second = Duration::from_secs(1);
    let mut state = State::resumed(None, moment(Duration::ZERO, second));
    let begin = state.look(moment(Duration::ZERO, second));
    assert_eq!(begin.axis_ms, begin.wall.unix_ms());
    let due = begin.axis_after(Duration::from_mins(1));
    for wall in [DAY * 400, Duration::ZERO, DAY] {
        let now = state.look(moment(wall, second * 11));
        assert_eq!(now.until(due), Duration::from_secs(50));
        assert_eq!(now.wall_of(due), now.wall.after(Duration::from_secs(50)));
    }
}

#[test]
fn what_is_written_late_does_not_move_the_axis_back() {
    let (_directory, connection) = crate::store::tests::database();
    let at = |seconds| moment(Duration::from_secs(seconds), Duration::from_secs(seconds));
    let time = RelayTime::resume(&connection, at(0)).unwrap();
    for (written, kept) in [(5, 5), (3, 5), (6, 6)] {
        time.save(&connection, time.now(at(written))).unwrap();
        let next = RelayTime::resume(&connection, at(kept)).unwrap();
        let axis_ms = next.now(at(kept)).axis_ms;
        assert_eq!(axis_ms, at(kept).wall.unix_ms());
        let wall: Timestamp = connection
            .query_row("SELECT wall_at FROM relay_time", [], |row| row.get(0))
            .unwrap();
        assert_eq!(wall, at(kept).wall);
    }
}

#[test]
fn a_clock_that_stands_before_the_end_of_the_earlier_run_is_told_at_the_start() {
    let (_directory, connection) = crate::store::tests::database();
    let at = |wall| moment(wall, Duration::ZERO);
    let set_back = |wall| RelayTime::set_back(&connection, at(wall)).unwrap();
    assert_eq!(set_back(Duration::ZERO), None, "there was no run before");
    let end = Duration::from_mins(10);
    let time = RelayTime::resume(&connection, at(end)).unwrap();
    time.save(&connection, time.now(at(end))).unwrap();
    for (seconds, told) in [(6000, None), (541, None), (540, Some(60)), (0, Some(600))] {
        assert_eq!(set_back(Duration::from_secs(seconds)), told, "{seconds}");
    }
}

#[test]
fn a_planned_moment_does_not_flicker_with_the_clocks_last_digit() {
    let mut state = State::resumed(None, moment(Duration::ZERO, Duration::ZERO));
    let due = state
        .look(moment(Duration::ZERO, Duration::ZERO))
        .axis_after(DAY);
    let shown = |state: &mut State, wall, monotonic| {
        let millis = Duration::from_millis;
        state
            .look(moment(millis(wall), millis(monotonic)))
            .wall_of(due)
    };
    assert_eq!(shown(&mut state, 5000, 5001), shown(&mut state, 9002, 9000));
}

#[test]
fn between_two_runs_the_wall_clock_counts_and_never_backwards() {
    let mut first = State::resumed(None, moment(DAY, Duration::ZERO));
    let end = moment(DAY, Duration::from_secs(10));
    let axis_ms = first.look(end).axis_ms;
    for (wall, passed) in [(DAY * 2, DAY), (Duration::ZERO, Duration::ZERO)] {
        let begin = moment(wall, Duration::from_secs(3));
        let mut next = restarted(&mut first, end, begin);
        assert_eq!(next.look(begin).since(axis_ms), passed);
    }
}

#[test]
fn a_clock_that_leaps_ahead_is_doubted_for_a_day_over_restarts() {
    let mut state = State::resumed(None, moment(Duration::ZERO, Duration::ZERO));
    let wrong = DAY * 400;
    let hour = Duration::from_hours(1);
    assert!(!doubts(&mut state, moment(Duration::ZERO, Duration::ZERO)));
    let leap = moment(wrong, hour);
    assert!(doubts(&mut state, leap));
    let mut next = restarted(&mut state, leap, moment(wrong + hour, hour));
    assert!(doubts(&mut next, moment(wrong + hour * 23, hour * 23)));
    assert!(!doubts(&mut next, moment(wrong + hour * 26, hour * 26)));
    // A restart after two weeks may be one with a wrong clock.
    let mut state = State::resumed(None, moment(Duration::ZERO, Duration::ZERO));
    let later = moment(DAY * 14, Duration::ZERO);
    let mut next = restarted(&mut state, moment(DAY, DAY), later);
    assert!(doubts(&mut next, later));
    assert!(!doubts(&mut next, moment(DAY * 15, DAY)));
}

#[test]
fn a_clock_that_falls_behind_is_strange_for_a_day_over_restarts_and_makes_nothing_old() {
    let (hour, right) = (Duration::from_hours(1), DAY * 9000);
    let mut state = State::resumed(None, moment(right, Duration::ZERO));
    let strange = |state: &mut State, at| {
        state.look(at);
        state.strange_ms()
    };
    assert_eq!(strange(&mut state, moment(right + hour, hour)), None);
    // With a flat battery, and in the next run too.
    let mut next = restarted(&mut state, moment(right + hour, hour), moment(hour, hour));
    let behind = Some(-milliseconds(right));
    assert_eq!(strange(&mut next, moment(hour, hour)), behind);
    assert!(!doubts(&mut next, moment(hour, hour)));
    let mut next = restarted(
        &mut next,
        moment(hour * 2, hour * 2),
        moment(hour * 2, hour),
    );
    assert_eq!(strange(&mut next, moment(hour * 3, hour * 2)), behind);
    // Set right, or left as it is for a day.
    let mut set = next;
    assert_eq!(strange(&mut set, moment(right + hour * 4, hour * 3)), None);
    assert_eq!(strange(&mut next, moment(hour * 27, hour * 26)), None);
}

#[test]
fn a_clock_that_was_set_right_again_is_believed_at_once() {
    let (hour, wrong) = (Duration::from_hours(1), DAY * 400);
    let start = moment(Duration::ZERO, Duration::ZERO);
    // While it runs.
    let mut state = State::resumed(None, start);
    assert!(doubts(&mut state, moment(wrong, hour)));
    assert!(
        doubts(&mut state, moment(DAY * 390, hour * 2)),
        "right it is not"
    );
    assert!(!doubts(&mut state, moment(hour * 3, hour * 3)));
    // While it does not run.
    let mut state = State::resumed(None, start);
    let right = moment(hour * 2, Duration::ZERO);
    let mut next = restarted(&mut state, moment(wrong, hour), right);
    assert!(!doubts(&mut next, right));
    // When it was wrong at the start.
    let mut state = State::resumed(None, start);
    let begin = moment(wrong, Duration::ZERO);
    let mut next = restarted(&mut state, moment(hour, hour), begin);
    assert!(doubts(&mut next, begin));
    assert!(!doubts(&mut next, moment(hour * 2, hour)));
}

#[test]
fn a_machine_without_a_battery_is_believed_when_it_has_asked_a_time_server() {
    let hour = Duration::from_hours(1);
    let start = moment(DAY * 9000, Duration::ZERO);
    let mut state = State::resumed(None, start);
    let evening = moment(DAY * 9000 + hour * 9, hour * 9);
    // Long ago, and some seconds later the next morning.
    let begin = moment(Duration::ZERO, Duration::ZERO);
    let mut next = restarted(&mut state, evening, begin);
    assert!(!doubts(&mut next, begin));
    let second = Duration::from_secs(1);
    assert!(!doubts(&mut next, moment(DAY * 9001, second)));
    // A restart between the two changes nothing.
    let mut next = restarted(&mut state, evening, begin);
    let mut next = restarted(
        &mut next,
        moment(second, second),
        moment(second * 2, second),
    );
    assert!(!doubts(&mut next, moment(DAY * 9001, second * 3)));
}

#[test]
fn what_the_relay_lived_through_is_made_longer_by_no_wrong_clock() {
    let hour = Duration::from_hours(1);
    let begin = moment(DAY * 9000, Duration::ZERO);
    let lived = |state: &mut State, at: Moment| {
        let lived_ms = state.look(at).lived_ms() - begin.wall.unix_ms();
        Duration::from_millis(u64::try_from(lived_ms).unwrap())
    };
    for wrong in [DAY, DAY * 8999, DAY * 13_000] {
        // It starts with a wrong clock, runs on for two days, and is started again with the right one.
        let mut state = State::resumed(None, begin);
        let evening = moment(DAY * 9000 + hour * 9, hour * 9);
        let mut next = restarted(&mut state, evening, moment(wrong, hour));
        let night = moment(wrong + DAY * 2, hour + DAY * 2);
        let second = lived(&mut next, night);
        assert!(second >= DAY * 2 && second <= DAY * 3, "{second:?}");
        let right = moment(DAY * 9003, Duration::ZERO);
        let mut last = restarted(&mut next, night, right);
        let third = lived(&mut last, right);
        assert!(third >= DAY * 2 && third <= DAY * 3 + STRANGE, "{third:?}");
        // Nor does it when it is set right while the relay runs, and goes on.
        let mut set = State::resumed(None, moment(wrong, Duration::ZERO));
        set.look(moment(wrong + hour, hour));
        let set_right = set.look(moment(DAY * 9000 + hour, hour)).lived_ms();
        let goes_on = set.look(moment(DAY * 9010, DAY * 10)).lived_ms();
        assert!(goes_on - set_right <= milliseconds(DAY * 11));
    }
}

#[test]
fn ordinary_pauses_count_as_lived_and_a_jittering_clock_adds_nothing() {
    let hour = Duration::from_hours(1);
    let begin = moment(Duration::ZERO, Duration::ZERO);
    let mut state = State::resumed(None, begin);
    let mut next = restarted(&mut state, moment(hour, hour), moment(DAY * 5, hour));
    assert_eq!(
        next.look(moment(DAY * 5, hour)).lived_ms() - begin.wall.unix_ms(),
        milliseconds(DAY * 5)
    );
    // A machine without a battery begins where it has ended, and asks a time server.
    let end = moment(DAY * 5, hour);
    let mut morning = restarted(&mut next, end, moment(DAY * 5, Duration::ZERO));
    morning.look(moment(DAY * 5, Duration::ZERO));
    let asked = morning.look(moment(DAY * 5 + hour * 14, Duration::ZERO));
    assert_eq!(
        asked.lived_ms() - begin.wall.unix_ms(),
        milliseconds(DAY * 5 + hour * 14)
    );
    let millisecond = Duration::from_millis(1);
    for late in 0..10_000 {
        let wall = DAY * 5 + hour * 14 + millisecond * (late % 2);
        morning.look(moment(wall, Duration::ZERO));
    }
    let after = morning.look(moment(DAY * 5 + hour * 14, Duration::ZERO));
    assert_eq!(after.lived_ms(), asked.lived_ms());
}

#[test]
fn a_clock_that_is_set_to_and_fro_makes_nothing_older_each_time() {
    let (second, hour) = (Duration::from_secs(1), Duration::from_hours(1));
    let lived = |state: &mut State, at: Moment| {
        let begin = moment(DAY * 100, Duration::ZERO).wall.unix_ms();
        state.look(at).lived_ms() - begin
    };
    for wrong in [hour, hour * 9, DAY * 6] {
        // Two programs set the clock of the same machine, and do not agree.
        let mut state = State::resumed(None, moment(DAY * 100, Duration::ZERO));
        for round in 0..50 {
            let passed = second * round * 2;
            state.look(moment(DAY * 100 + wrong + passed, passed));
            state.look(moment(DAY * 100 + passed + second, passed + second));
        }
        let end = moment(DAY * 100 + second * 100, second * 100);
        let once = 100_000 + milliseconds(wrong);
        assert_eq!(lived(&mut state, end), once, "{wrong:?}");
        // Each start reads the clock of the machine in the wrong zone, and asks a time server a minute later.
        for ahead in [true, false] {
            let mut state = State::resumed(None, moment(DAY * 100, Duration::ZERO));
            let mut began = DAY * 100;
            for _ in 0..50 {
                let end = moment(began + hour * 7, hour * 7);
                began += hour * 8;
                let shown = if ahead {
                    began + wrong
                } else {
                    began.saturating_sub(wrong)
                };
                let mut next = restarted(&mut state, end, moment(shown, Duration::ZERO));
                next.look(moment(shown, Duration::ZERO));
                next.look(moment(began, Duration::ZERO));
                state = next;
            }
            let lived = lived(&mut state, moment(began, Duration::ZERO));
            let passed = milliseconds(hour * 400);
            let most = passed + milliseconds(wrong);
            assert!(
                (passed..=most).contains(&lived),
                "{wrong:?} {ahead}: {lived}"
            );
        }
    }
}
