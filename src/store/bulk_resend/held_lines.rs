//! The lines that a bulk resend holds until all of a person's events are open.

use std::collections::BTreeMap;
use std::time::Duration;

use rusqlite::Connection;

use super::super::line::{self, QueueState};
use super::super::relay_time::Now;
use crate::order::Place;
use crate::resend::Candidate;

/// How long the first event of a person is held at most.
pub(super) const HELD: Duration = Duration::from_mins(5);

/// A person and a route.
pub(super) type Key = (String, String);

/// The lines that a bulk resend holds: the first event that was opened, and until when it is held.
#[derive(Clone, Debug, Default)]
pub(in crate::store) struct Holds(pub(super) BTreeMap<Key, (i64, i64)>);

impl Holds {
    /// Those of the persons of these events. What is held of others does not matter for them, however many they are.
    pub(super) fn of_persons_of(&self, events: &[Candidate]) -> Self {
        let persons = events.iter().filter_map(|event| event.staff_id.as_ref());
        let held = persons.flat_map(|staff_id| {
            let first = (staff_id.clone(), String::new());
            self.0
                .range(first..)
                .take_while(move |((held, _), _)| held == staff_id)
        });
        Self(held.map(|(key, hold)| (key.clone(), *hold)).collect())
    }

    /// Takes over what became of some of them.
    pub(super) fn replace(&mut self, before: &Self, now: Self) {
        for key in before.0.keys() {
            self.0.remove(key);
        }
        self.0.extend(now.0);
    }
}

/// The event that holds a line, when it still does.
pub(super) fn holder(
    connection: &Connection,
    (staff_id, route): &Key,
    (seq, until_ms): (i64, i64),
) -> rusqlite::Result<Option<QueueState>> {
    let holds = |found: &QueueState| {
        found.place == Place::InLine
            && found.due_ms == Some(until_ms)
            && found.staff_id.as_ref() == Some(staff_id)
            && found.route == *route
    };
    Ok(line::queue_state(connection, seq)?.filter(holds))
}

/// Lets go what a bulk resend held that a crash has broken off: none outlives its process.
pub(in crate::store) fn release_interrupted(
    connection: &Connection,
    now: Now,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE outbox SET due_ms = ?1
              WHERE route IN (SELECT route FROM queue_counts) AND due_ms > ?1 AND due_ms <= ?2
                AND place = 1 AND attempts_in_round = 0",
        )?
        .execute((now.axis_ms, now.axis_after(HELD)))
        .map(|_| ())
}

/// Lets everything that is held go.
#[cfg(test)]
pub(in crate::store) fn let_all_go(
    connection: &Connection,
    holds: &Holds,
    now: Now,
) -> rusqlite::Result<()> {
    let mut holds = holds.0.iter();
    holds.try_for_each(|(key, hold)| release(connection, key, *hold, now))
}

/// Lets the event that holds a line go, when it still does.
pub(super) fn release(
    connection: &Connection,
    key: &Key,
    hold: (i64, i64),
    now: Now,
) -> rusqlite::Result<()> {
    let (seq, _) = hold;
    let Some(found) = holder(connection, key, hold)? else {
        return Ok(());
    };
    let (place, due_ms) = line::entrance(connection, found.line(), seq, now)?;
    line::place(connection, seq, place, due_ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::at;

    fn key(staff_id: &str, route: &str) -> Key {
        (staff_id.to_owned(), route.to_owned())
    }

    #[test]
    fn a_page_knows_what_is_held_of_its_persons_and_changes_only_that() {
        let mut holds = Holds::default();
        for (staff_id, route, first) in
            [("A", "x", 1), ("B", "x", 2), ("B", "y", 3), ("BB", "x", 4)]
        {
            holds.0.insert(key(staff_id, route), (first, 9));
        }
        let event = Candidate {
            seq: 7,
            id: "id".to_owned(),
            event_type: "a.b".to_owned(),
            accepted_at: at(0),
            staff_id: Some("B".to_owned()),
            route: "x".to_owned(),
        };
        let before = holds.of_persons_of(&[event.clone(), event]);
        let keys: Vec<_> = before.0.keys().cloned().collect();
        assert_eq!(keys, [key("B", "x"), key("B", "y")]);

        let mut now = before.clone();
        now.0.remove(&key("B", "x"));
        now.0.insert(key("B", "z"), (8, 9));
        holds.replace(&before, now);
        let keys: Vec<_> = holds.0.into_keys().collect();
        assert_eq!(
            keys,
            [key("A", "x"), key("B", "y"), key("B", "z"), key("BB", "x")]
        );
    }
}
