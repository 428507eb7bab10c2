//! Commands in one transaction, and what one of them means for the others.

use super::turn::TURNS_BEFORE_MAINTENANCE;
use super::*;
use crate::trouble::Shortage;

type Asked = oneshot::Receiver<Result<i64, StoreError>>;

/// Keeps a number and says how often it was run; one below zero is kept and then refused.
fn number(number: i64) -> (Box<dyn Command>, Asked) {
    number_in(Lane::Calls, number)
}

fn number_in(lane: Lane, number: i64) -> (Box<dyn Command>, Asked) {
    let runs = AtomicU64::new(0);
    let (sender, receiver) = oneshot::channel();
    let changes = move |connection: &Connection| {
        connection.execute("INSERT INTO numbers VALUES (?1)", [number])?;
        let runs = runs.fetch_add(1, Ordering::Relaxed) + 1;
        if number < 0 {
            return Err(StoreError::Refused("no".to_owned()));
        }
        Ok(runs.cast_signed())
    };
    let command = PendingCommand {
        changes,
        lane,
        result: None,
        sender,
    };
    (Box::new(command), receiver)
}

#[test]
fn who_is_refused_leaves_nothing_and_the_others_are_kept() {
    for (given, kept, runs) in [
        (vec![1, 2], "1,2", vec![Some(1), Some(1)]),
        (vec![-1], "", vec![None]),
        (
            vec![1, -2, 3, -4, 5],
            "1,3,5",
            vec![Some(2), None, Some(1), None, Some(1)],
        ),
    ] {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch("CREATE TABLE numbers (number INTEGER)")
            .unwrap();
        let (commands, asked): (Vec<_>, Vec<_>) = given.into_iter().map(number).unzip();
        let mut lines = lines();
        for command in commands {
            give(&lines.calls, command);
        }
        let first = lines.queue.calls.try_recv().unwrap();
        let mut turn = Turn::new(&mut lines.queue, first, None, Duration::ZERO);
        let mut commands = vec![turn.next().unwrap()];
        run_together(&connection, &mut commands, &mut turn).unwrap();
        execute(&connection, "COMMIT").unwrap();
        for command in commands {
            command.answer(Ok(()));
        }
        let answers = asked.into_iter().map(|mut asked| asked.try_recv().unwrap());
        assert_eq!(answers.map(Result::ok).collect::<Vec<_>>(), runs);
        let sql = "SELECT coalesce(group_concat(number), '') FROM numbers";
        let numbers: String = connection.query_row(sql, [], |row| row.get(0)).unwrap();
        assert_eq!(numbers, kept);
    }
}

#[test]
fn one_that_is_refused_alone_runs_once() {
    let connection = Connection::open_in_memory().unwrap();
    connection
        .execute_batch("CREATE TABLE numbers (number INTEGER)")
        .unwrap();
    let runs = Arc::new(AtomicU64::new(0));
    let (sender, _asked) = oneshot::channel::<Result<(), StoreError>>();
    let counted = Arc::clone(&runs);
    let changes = move |_: &Connection| {
        counted.fetch_add(1, Ordering::Relaxed);
        Err(StoreError::Refused("no".to_owned()))
    };
    let command = PendingCommand {
        changes,
        lane: Lane::Maintenance,
        result: None,
        sender,
    };
    let mut lines = lines();
    let mut turn = Turn::new(
        &mut lines.queue,
        Message::Run(Box::new(command)),
        None,
        Duration::ZERO,
    );
    let mut commands = vec![turn.next().unwrap()];
    run_together(&connection, &mut commands, &mut turn).unwrap();
    execute(&connection, "COMMIT").unwrap();
    assert_eq!(runs.load(Ordering::Relaxed), 1);
}

#[test]
fn a_refusal_says_nothing_about_a_transaction_that_failed() {
    let connection = Connection::open_in_memory().unwrap();
    connection
        .execute_batch("CREATE TABLE numbers (number INTEGER)")
        .unwrap();
    let (mut command, mut asked) = number(-1);
    assert!(!command.run(&connection));
    command.answer(Err(&StoreError::Unavailable(Trouble::DiskFull(
        Shortage::Bytes { needed_mib: None },
    ))));
    let told = asked.try_recv().unwrap().unwrap_err();
    assert!(told.to_string().contains("the disk is full"), "{told}");
}

struct Lines {
    calls: mpsc::Sender<Message>,
    results: mpsc::Sender<Message>,
    maintenance: mpsc::Sender<Message>,
    queue: Queue,
}

fn lines() -> Lines {
    let (calls, waiting_calls) = mpsc::channel(COMMANDS_WAITING);
    let (results, waiting_results) = mpsc::channel(COMMANDS_WAITING);
    let (maintenance, waiting_maintenance) = mpsc::channel(COMMANDS_WAITING);
    Lines {
        calls,
        results,
        maintenance,
        queue: Queue {
            calls: waiting_calls,
            results: waiting_results,
            maintenance: waiting_maintenance,
            passed_over: 0,
        },
    }
}

fn give(line: &mpsc::Sender<Message>, command: Box<dyn Command>) {
    assert!(line.try_send(Message::Run(command)).is_ok());
}

fn in_lane(lane: Lane) -> Box<dyn Command> {
    number_in(lane, 1).0
}

fn lane_of(command: Option<Box<dyn Command>>) -> Option<Lane> {
    command.map(|command| command.lane())
}

#[tokio::test]
async fn maintenance_waits_behind_calls_and_has_its_turn() {
    let mut lines = lines();
    let lane = |next| match next {
        Some(Message::Run(command)) => command.lane(),
        _ => unreachable!("nobody closes"),
    };
    give(&lines.maintenance, in_lane(Lane::Maintenance));
    let mut passed_over = 0;
    loop {
        give(&lines.calls, in_lane(Lane::Calls));
        match lane(lines.queue.next().await) {
            Lane::Calls => passed_over += 1,
            other => break assert_eq!(other, Lane::Maintenance),
        }
    }
    assert_eq!(passed_over, TURNS_BEFORE_MAINTENANCE);
    // A call waits still; with nothing else to do, the others are done at once, maintenance last.
    give(&lines.maintenance, in_lane(Lane::Maintenance));
    give(&lines.results, in_lane(Lane::Results));
    for expected in [Lane::Calls, Lane::Results, Lane::Maintenance] {
        assert_eq!(lane(lines.queue.next().await), expected);
    }
}

#[test]
fn a_call_that_comes_during_results_is_taken_next_and_results_do_not_hold_it_up() {
    const COMMIT: Duration = Duration::from_millis(2);
    let mut lines = lines();
    for _ in 0..6 {
        give(&lines.results, in_lane(Lane::Results));
    }
    let first = lines.queue.results.try_recv().unwrap();
    let mut turn = Turn::new(&mut lines.queue, first, None, COMMIT);
    // No call waits, so results may take as long as they need.
    for _ in 0..2 {
        assert_eq!(lane_of(turn.next()), Some(Lane::Results));
        turn.ran(Lane::Results, COMMIT / 2);
    }
    give(&lines.calls, in_lane(Lane::Calls));
    assert_eq!(lane_of(turn.next()), Some(Lane::Calls));
    turn.ran(Lane::Calls, COMMIT / 2);
    assert_eq!(lane_of(turn.next()), None, "it waits for the commit");
    // In the next transaction they have as much time as the commit takes, or as the calls.
    give(&lines.calls, in_lane(Lane::Calls));
    for (time, taken) in [(COMMIT / 2, 2), (COMMIT * 2, 1)] {
        let first = lines.queue.calls.try_recv().unwrap();
        let mut turn = Turn::new(&mut lines.queue, first, None, COMMIT);
        assert_eq!(lane_of(turn.next()), Some(Lane::Calls));
        turn.ran(Lane::Calls, time);
        for _ in 0..taken {
            assert_eq!(lane_of(turn.next()), Some(Lane::Results));
            turn.ran(Lane::Results, COMMIT.max(time) / taken);
        }
        assert_eq!(lane_of(turn.next()), None);
        give(&lines.calls, in_lane(Lane::Calls));
    }
}

#[test]
fn whatever_was_given_before_a_close_is_taken() {
    let mut lines = lines();
    let (closed, _closed) = oneshot::channel();
    give(&lines.results, in_lane(Lane::Results));
    give(&lines.results, in_lane(Lane::Results));
    assert!(lines.calls.try_send(Message::Close(closed)).is_ok());
    let first = lines.queue.calls.try_recv().unwrap();
    let mut turn = Turn::new(&mut lines.queue, first, None, Duration::ZERO);
    let taken = std::iter::from_fn(|| lane_of(turn.next())).collect::<Vec<_>>();
    assert_eq!(taken, [Lane::Results; 2]);
    assert!(turn.closing.is_some());
}

#[test]
fn maintenance_shares_its_transaction_with_nobody() {
    let mut lines = lines();
    for lane in [Lane::Calls, Lane::Results, Lane::Maintenance] {
        let line = match lane {
            Lane::Calls => &lines.calls,
            Lane::Results => &lines.results,
            _ => &lines.maintenance,
        };
        give(line, in_lane(lane));
        give(line, in_lane(lane));
    }
    let mut turn = |first: Message| {
        let mut turn = Turn::new(&mut lines.queue, first, None, Duration::from_secs(1));
        std::iter::from_fn(|| lane_of(turn.next())).collect::<Vec<_>>()
    };
    let maintenance = Message::Run(in_lane(Lane::Maintenance));
    assert_eq!(turn(maintenance), [Lane::Maintenance]);
    let call = Message::Run(in_lane(Lane::Calls));
    let calls_and_results = [[Lane::Calls; 3].as_slice(), &[Lane::Results; 2]].concat();
    assert_eq!(turn(call), calls_and_results);
}
