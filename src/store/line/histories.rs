//! Random histories against a receiver that applies what comes last: whatever happened, when nothing is left to be
//! sent, it is in the state of all delivered events applied in the order of acceptance. It may have applied more, whose
//! answers were lost: then nothing of that is on top of what was delivered later.
//!
//! Another thing that may happen is another `Step`, and what it does is in `World::take`.

#![allow(clippy::panic)]

mod receiver;
mod steps;
mod world;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use self::steps::steps;
use self::world::World;
use crate::store::tests::ordered_database;

/// Histories; `PROPTEST_CASES` asks for more.
const CASES: u32 = 2000;

#[test]
fn a_receiver_that_applies_what_comes_last_is_in_the_state_of_all_delivered_events_in_order() {
    let (_directory, connection) = ordered_database();
    let mut config = ProptestConfig::default();
    config.cases = config.cases.max(CASES);
    let ran = TestRunner::new(config).run(&steps(), |history| {
        let transaction = connection.unchecked_transaction().unwrap();
        let mut world = World::new(&transaction);
        for step in history {
            world.take(step);
            world.examine();
        }
        world.drain();
        world.compare();
        world.reconcile();
        world.drain();
        world.compare();
        world.mend();
        world.drain();
        world.compare();
        assert_eq!(world.undelivered(), 0, "everything was taken in the end");
        transaction.rollback().unwrap();
        Ok(())
    });
    ran.unwrap_or_else(|failed| panic!("{failed}"));
}
