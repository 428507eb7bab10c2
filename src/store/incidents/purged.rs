//! An incident whose deliveries are purged counts them as before, and says at its end what was never settled.

use super::tests::{at, attempt_all, look, messages, open};
use super::*;
use crate::kpi::{FINDINGS_KEPT, GapDetection, KpiQuestion};
use crate::language::{Language, Locale};
use crate::notification::advice::AdviceContext;
use crate::period::Period;
use crate::reconciliation::comparison::Discrepancy;
use crate::store::dismissals::dismiss_event;
use crate::store::events::accept;
use crate::store::tests::{database, purge_old, submission};
use crate::store::{kpis, milestones, missing_deliveries};
use crate::zone::Zone;

const DAY: u64 = 24 * 60 * 60;

/// Delivers or exhausts so many events, and says their ids in the order of acceptance.
fn attempted(connection: &Connection, events: usize, status: u16) -> Vec<String> {
    for _ in 0..events {
        accept(connection, &[submission("a.b", None)], at(0)).unwrap();
    }
    let ids = attempt_all(connection, Some(status), at(1));
    milestones::leave(connection, at(2)).unwrap();
    ids
}

fn seq_of(connection: &Connection, id: &str) -> i64 {
    connection
        .query_row("SELECT seq FROM events WHERE id = ?1", [id], |row| {
            row.get(0)
        })
        .unwrap()
}

fn note(connection: &Connection, id: &str, finding: Discrepancy, now: Now) {
    missing_deliveries::note(connection, seq_of(connection, id), finding, 1, now).unwrap();
}

fn purge(connection: &Connection, now: Now) {
    purge_old(connection, std::time::Duration::from_secs(90 * DAY), now);
}

fn gap(connection: &Connection, now: Now) -> GapDetection {
    let question = KpiQuestion {
        period: Period::Month,
        now: now.wall,
        routes: None,
        compared_routes: vec!["default".to_owned()],
    };
    kpis::count(connection, &question).unwrap().gap
}

/// The title and the first sentence of the last message.
fn told(connection: &Connection) -> String {
    let (over, _) = list(connection, Some(false), None, 1, at(0)).unwrap();
    let locale = Locale {
        language: Language::En,
        timezone: Zone::TOKYO,
    };
    let message = locale.message(State::Resolved, &over[0].report, &AdviceContext::default());
    let first = message.text.lines().next().unwrap();
    format!("{} / {first}", message.title)
}

#[test]
fn a_loss_that_is_purged_ends_as_never_confirmed() {
    let (_directory, connection) = database();
    let [confirmed, dismissed, lost, other] = attempted(&connection, 4, 200).try_into().unwrap();
    for id in [&confirmed, &dismissed, &lost, &other] {
        note(&connection, id, Discrepancy::AnsweredButAbsent, at(DAY));
    }
    missing_deliveries::confirm(&connection, seq_of(&connection, &confirmed), at(2 * DAY)).unwrap();
    dismiss_event(&connection, &dismissed, at(2 * DAY)).unwrap();
    look(&connection, None, at(3 * DAY));
    assert_eq!(open(&connection)[0].report.open(), 2);

    purge(&connection, at(91 * DAY));
    assert_eq!(open(&connection)[0].report.open(), 0);
    look(&connection, None, at(91 * DAY));
    assert_eq!(open(&connection), []);
    let report = list(&connection, Some(false), None, 1, at(0)).unwrap().0[0]
        .report
        .clone();
    let counts = (
        report.count,
        report.delivered,
        report.dismissed,
        report.purged,
    );
    assert_eq!(counts, (4, 1, 1, 2));
    let told_last = *messages(&connection).last().unwrap();
    assert_eq!(told_last, (Kind::DeliveriesMissing, State::Resolved, 4));
    let told = told(&connection);
    assert!(told.contains("has ended unsettled /"), "{told}");
    assert!(
        told.contains("Never confirmed") && told.ends_with(": 2."),
        "{told}"
    );
}

#[test]
fn a_loss_that_is_purged_stays_in_the_goal_for_thirty_days() {
    let (_directory, connection) = database();
    let [confirmed, lost, without_effect] = attempted(&connection, 3, 200).try_into().unwrap();
    connection
        .execute(
            "INSERT INTO reconciliations (id, compared_at, route, from_id, to_id, sent, received, matched, missing,
                                          no_effect)
             VALUES ('a', ?1, 'default', '0', '~', 3, 0, 0, 2, 1)",
            [at(89 * DAY).wall],
        )
        .unwrap();
    for id in [&confirmed, &lost] {
        note(&connection, id, Discrepancy::FailedThere, at(89 * DAY));
    }
    note(
        &connection,
        &without_effect,
        Discrepancy::NoEffect,
        at(89 * DAY),
    );
    missing_deliveries::confirm(&connection, seq_of(&connection, &confirmed), at(89 * DAY))
        .unwrap();
    let before = gap(&connection, at(90 * DAY));
    assert_eq!(before.unconfirmed_since, Some(at(1).wall));
    assert_eq!((before.compared, before.never_confirmed), (true, 0));

    let purged_at = 91 * DAY;
    purge(&connection, at(purged_at));
    assert_eq!(seqs(&connection), 0);
    let after = gap(&connection, at(purged_at));
    let expected = GapDetection {
        uncompared: 0,
        never_confirmed: 1,
        ..before
    };
    assert_eq!(after, expected);

    let kept = FINDINGS_KEPT.as_secs();
    purge(&connection, at(purged_at + kept));
    assert_eq!(gap(&connection, at(purged_at + kept)).never_confirmed, 1);
    purge(&connection, at(purged_at + kept + 1));
    let over = gap(&connection, at(purged_at + kept + 1));
    assert_eq!((over.unconfirmed_since, over.never_confirmed), (None, 0));
}

fn seqs(connection: &Connection) -> u64 {
    connection
        .query_row("SELECT count(*) FROM events", [], |row| row.get(0))
        .unwrap()
}

#[test]
fn what_was_given_up_and_is_purged_ends_as_never_delivered() {
    let (_directory, connection) = database();
    attempted(&connection, 3, 500);
    purge(&connection, at(91 * DAY));
    look(&connection, None, at(91 * DAY));
    let over = list(&connection, Some(false), None, 9, at(0)).unwrap().0;
    assert_eq!(over.len(), 1);
    assert_eq!((over[0].report.count, over[0].report.purged), (3, 3));
    let told = told(&connection);
    assert!(told.contains("Never delivered"), "{told}");
}
