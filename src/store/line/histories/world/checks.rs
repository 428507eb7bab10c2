//! What must hold in a history.

use super::{Event, PERSONS, Persons, Status, World, count, find};

impl World<'_> {
    /// Looks at what has become of the events; of those that are purged, it is known.
    pub(super) fn look(&mut self) {
        for event in &mut self.events {
            if let Some(found) = find(self.connection, &event.id, self.now).unwrap() {
                event.status = found.summary.status;
            }
        }
    }

    /// What must hold at any moment: while anybody is in a line, one is at the front or the first waits for a moment.
    pub(in super::super) fn examine(&self) {
        let stuck = count(
            self.connection,
            "SELECT count(*) FROM (
               SELECT sum(place = 2) AS fronts,
                      (SELECT f.due_ms FROM outbox f WHERE f.staff_id = o.staff_id AND f.place = 1
                        ORDER BY f.event_seq LIMIT 1) AS first_due
                 FROM outbox o WHERE place >= 1 AND staff_id IS NOT NULL GROUP BY staff_id, route)
              WHERE fronts > 1 OR (fronts = 0 AND first_due IS NULL)",
        );
        assert_eq!(stuck, 0, "a line cannot go on");
    }

    /// What was delivered was applied after everything earlier that was applied, whatever became of that. Nothing is
    /// said of a person of whom somebody wanted a tail left out.
    pub(super) fn examine_order(&self) {
        for (index, later) in self.events.iter().enumerate() {
            let same = |event: &&Event| event.person == later.person;
            if later.status != Status::Delivered || self.events.iter().filter(same).any(|e| e.alone)
            {
                continue;
            }
            let before = self.events[..index].iter();
            for earlier in before.filter(same) {
                assert!(
                    earlier.applied < later.applied,
                    "{earlier:#?} is on top of {later:#?}"
                );
            }
        }
    }

    /// The receiver is in the state of all delivered events applied in order. Nothing is said of a person of whom
    /// it has applied an event that is not delivered now, or of whom somebody wanted a tail left out.
    pub(in super::super) fn compare(&self) {
        let mut expected = Persons::default();
        for (index, event) in self.events.iter().enumerate() {
            if event.status == Status::Delivered {
                expected.apply(index, event.person, event.kind);
            }
        }
        for person in 0..self.first_person + PERSONS {
            let mut of = self.events.iter().filter(|event| event.person == person);
            let unclear = |event: &Event| {
                event.alone || (event.applied.is_some() && event.status != Status::Delivered)
            };
            if !of.any(unclear) {
                let (has, should_have) = (self.persons.of(person), expected.of(person));
                assert_eq!(has, should_have, "of {person}: {:#?}", self.events);
            }
        }
    }

    pub(in super::super) fn undelivered(&self) -> usize {
        let delivered = self.events.iter();
        let delivered = delivered.filter(|event| event.status == Status::Delivered);
        self.events.len() - delivered.count()
    }
}
