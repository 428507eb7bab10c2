//! The receiver of the histories: it keeps persons, and applies what comes last.

use std::collections::BTreeMap;

/// What an event means to the receiver.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Created,
    Updated,
    Photo,
    Retired,
}

/// A person as the receiver keeps it: by the events that made it so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Person {
    name: usize,
    photo: Option<usize>,
}

/// What the receiver has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Persons(BTreeMap<usize, Person>);

impl Persons {
    /// Applies what comes, whatever came before. What is about nobody is answered 200, and forgotten.
    pub(super) fn apply(&mut self, event: usize, person: usize, kind: Kind) {
        match kind {
            Kind::Created => {
                let new = Person {
                    name: event,
                    photo: None,
                };
                self.0.insert(person, new);
            }
            Kind::Retired => {
                self.0.remove(&person);
            }
            Kind::Updated | Kind::Photo => {
                if let Some(known) = self.0.get_mut(&person) {
                    match kind {
                        Kind::Photo => known.photo = Some(event),
                        _ => known.name = event,
                    }
                }
            }
        }
    }

    pub(super) fn of(&self, person: usize) -> Option<Person> {
        self.0.get(&person).copied()
    }
}
