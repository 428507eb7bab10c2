//! Comparisons in single cases, and over random lists against sets.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use proptest::prelude::*;

use super::*;
use crate::reconciliation::first_id_at;
use crate::reconciliation::received::{PartnerStatus, in_order};
use crate::reconciliation::{as_of, range, time_of};

/// An id that was made at this millisecond, the n-th of it.
fn id(millisecond: i64, nth: u128) -> Uuid {
    Uuid::from_u128(first_id_at(Timestamp::from_unix_ms(millisecond)).as_u128() + nth)
}

fn received(id: Uuid) -> Received {
    Received {
        id,
        status: None,
        user_found: None,
    }
}

fn delivered(seq: i64, id: Uuid) -> Delivery<'static> {
    Delivery {
        seq,
        id,
        event_type: "employee.updated",
        route: "default",
        status: Status::Delivered,
        attempts: 1,
        first_sent_at: Some(time_of(id)),
        last_attempt_at: Some(time_of(id)),
        http_status: Some(200),
        next_retry_at: None,
        was_missing: false,
        closed: None,
        was_unjudged: false,
    }
}

/// What a list without a range asks.
fn question(mut list: Vec<Received>) -> Question {
    in_order(&mut list);
    let now = Timestamp::from_unix_ms(i64::from(u32::MAX));
    Question {
        routes: vec!["default".to_owned()],
        range: range(None, None, &list).unwrap(),
        as_of: as_of(None, None, &list, now),
        range_was_said: false,
        making_was_said: false,
        received: list,
    }
}

fn compare(question: &Question, deliveries: &[Delivery<'_>]) -> Comparison {
    let mut comparer = Comparer::new(question);
    for delivery in deliveries {
        let cause = || Ok::<_, Infallible>(Some(Cause::TimedOut));
        comparer.add(delivery, cause).unwrap();
    }
    comparer.finish(0)
}

fn ids(missing: &[Missing]) -> BTreeSet<Uuid> {
    missing.iter().map(|missing| missing.id).collect()
}

#[test]
fn what_another_route_has_sent_is_neither_missing_nor_unknown() {
    let other = Delivery {
        route: "other",
        ..delivered(1, id(5, 0))
    };
    let silent = Delivery {
        route: "other",
        ..delivered(2, id(6, 0))
    };
    let question = question(vec![
        received(id(4, 0)),
        received(id(5, 0)),
        received(id(7, 0)),
    ]);
    let found = compare(&question, &[other, silent, delivered(3, id(7, 0))]);
    assert_eq!(found.unknown, [id(4, 0)]);
    assert_eq!((found.missing.len(), found.counts.matched), (0, 1));
    assert_eq!(found.counts.sent, 1);
}

#[test]
fn what_was_delivered_after_the_list_is_not_compared_and_noted_until_it_is() {
    let late = Delivery {
        attempts: 2,
        last_attempt_at: Some(Timestamp::from_unix_ms(99)),
        ..delivered(1, id(5, 0))
    };
    let open = Delivery {
        status: Status::Retrying,
        ..delivered(2, id(6, 0))
    };
    let first = question(vec![received(id(4, 0)), received(id(9, 0))]);
    let found = compare(&first, &[late, open]);
    assert_eq!((found.not_compared, found.missing.len()), (1, 0));
    assert_eq!(found.unjudged, [1, 2]);
    assert_eq!(found.waiting.len(), 1);
    // A later list says something of both.
    let noted = |delivery| Delivery {
        was_unjudged: true,
        ..delivery
    };
    let open = Delivery {
        status: Status::Delivered,
        ..open
    };
    let later = question(vec![
        received(id(4, 0)),
        received(id(6, 0)),
        received(id(100, 0)),
    ]);
    let found = compare(&later, &[noted(late), noted(open)]);
    assert_eq!(ids(&found.missing), BTreeSet::from([id(5, 0)]));
    assert_eq!((found.unjudged.len(), &found.judged[..]), (0, &[1, 2][..]));
}

#[test]
fn of_a_range_that_was_said_what_is_accepted_later_is_not_confirmed() {
    let said = Question {
        range: IdRange {
            from: id(0, 0),
            to: id(1_000, 0),
        },
        as_of: Timestamp::from_unix_ms(600),
        range_was_said: true,
        ..question(vec![received(id(5, 0))])
    };
    assert_eq!(said.compared_to(), id(600, 0));
    let span = question(vec![received(id(5, 7))]);
    assert_eq!(span.compared_to(), id(5, 7));
}

#[test]
fn what_was_missing_is_confirmed_and_what_is_given_up_is_not_named() {
    let was_missing = |delivery| Delivery {
        was_missing: true,
        ..delivery
    };
    let photo = Delivery {
        event_type: "employee.photo.updated",
        ..delivered(4, id(8, 0))
    };
    let nobody = Received {
        user_found: Some(false),
        ..received(id(8, 0))
    };
    let given_up = Delivery {
        closed: Some(Closed::GivenUp),
        ..delivered(3, id(7, 0))
    };
    let question = question(vec![received(id(5, 0)), nobody, received(id(9, 0))]);
    let found = compare(
        &question,
        &[
            was_missing(delivered(1, id(5, 0))),
            was_missing(delivered(2, id(6, 0))),
            given_up,
            was_missing(photo),
        ],
    );
    assert_eq!(found.confirmed, [1]);
    assert_eq!(ids(&found.missing), BTreeSet::from([id(6, 0)]));
    assert_eq!(
        found.found,
        [
            (2, Discrepancy::AnsweredButAbsent),
            (4, Discrepancy::NoEffect)
        ]
    );
    assert_eq!((found.counts.missing, found.counts.no_effect), (1, 1));
}

#[test]
fn what_was_accepted_in_a_range_that_is_over_and_delivered_later_is_judged_by_a_later_list() {
    let midnight = 86_400_000;
    let over_midnight = Delivery {
        last_attempt_at: Some(Timestamp::from_unix_ms(midnight + 200)),
        ..delivered(1, id(midnight - 1, 0))
    };
    let [from, to] = [0, midnight].map(Timestamp::from_unix_ms);
    // A day's list, asked about at midnight or in the morning; or in the morning, and made at midnight.
    for (asked_at, made_at, lost) in [
        (midnight + 300, None, 0),
        (midnight + 6 * 3_600_000, None, 1),
        (midnight + 6 * 3_600_000, Some(to), 0),
    ] {
        let now = Timestamp::from_unix_ms(asked_at);
        let question = Question {
            range: range(Some(from), Some(to), &[]).unwrap(),
            as_of: as_of(Some(to), made_at, &[], now),
            range_was_said: true,
            making_was_said: made_at.is_some(),
            ..question(vec![received(id(5, 0))])
        };
        let found = compare(&question, &[over_midnight]);
        assert_eq!(found.missing.len(), lost, "{asked_at} {made_at:?}");
        assert_eq!(found.not_compared, 1 - lost as u64);
        assert_eq!(found.unjudged.len(), 1 - lost);
    }
}

#[test]
fn a_range_that_goes_on_says_nothing_of_what_was_delivered_just_before_the_call() {
    let hour = 3_600_000;
    let now = Timestamp::from_unix_ms(10 * hour);
    let [from, to] = [0, 12 * hour].map(Timestamp::from_unix_ms);
    for (delivered_at, lost) in [(10 * hour - 300, 0), (10 * hour - 180_000, 1)] {
        let delivery = Delivery {
            last_attempt_at: Some(Timestamp::from_unix_ms(delivered_at)),
            ..delivered(1, id(delivered_at, 0))
        };
        let question = Question {
            range: range(Some(from), Some(to), &[]).unwrap(),
            as_of: as_of(Some(to), None, &[], now),
            range_was_said: true,
            ..question(vec![received(id(5, 0))])
        };
        let found = compare(&question, &[delivery]);
        assert_eq!(found.missing.len(), lost, "{delivered_at}");
    }
}

#[test]
fn a_list_of_which_is_said_when_it_was_made_says_nothing_of_what_came_later() {
    let held_back = Delivery {
        last_attempt_at: Some(Timestamp::from_unix_ms(500)),
        ..delivered(1, id(5, 0))
    };
    let list = question(vec![received(id(4, 0)), received(id(9, 0))]);
    let found = compare(&list, &[held_back]);
    assert_eq!((found.missing.len(), found.not_compared), (1, 0));
    let made = |as_of| Question {
        as_of: Timestamp::from_unix_ms(as_of),
        making_was_said: true,
        ..list.clone()
    };
    let found = compare(&made(499), &[held_back]);
    assert_eq!((found.missing.len(), found.not_compared), (0, 1));
    let found = compare(&made(500), &[held_back]);
    assert_eq!((found.missing.len(), found.not_compared), (1, 0));
}

#[test]
fn what_nothing_can_be_done_about_is_counted_and_not_named() {
    let erased = |delivery| Delivery {
        closed: Some(Closed::Erased),
        ..delivery
    };
    let status = |status, delivery| Delivery { status, ..delivery };
    let deliveries = [
        erased(delivered(1, id(1, 0))),
        erased(status(Status::Exhausted, delivered(2, id(2, 0)))),
        erased(status(Status::Dismissed, delivered(3, id(3, 0)))),
        // It has arrived.
        erased(delivered(4, id(4, 0))),
        status(Status::Dismissed, delivered(5, id(5, 0))),
        status(Status::Dismissed, delivered(6, id(6, 0))),
        Delivery {
            closed: Some(Closed::GivenUp),
            ..delivered(7, id(7, 0))
        },
    ];
    let processed = Received {
        status: Some(PartnerStatus::Success),
        ..received(id(6, 0))
    };
    let ends = [received(id(0, 0)), received(id(9, 0))];
    let list = [&ends[..], &[received(id(4, 0)), processed]].concat();
    let found = compare(&question(list), &deliveries);
    assert_eq!((found.erased, found.given_up), (3, 2));
    assert_eq!((found.missing.len(), found.all_missing.len()), (0, 0));
    assert_eq!((found.counts.matched, found.counts.missing), (1, 0));
}

#[test]
fn at_most_a_thousand_of_a_kind_are_named_and_all_are_counted() {
    let deliveries: Vec<_> = (1..)
        .map(|n| delivered(n, id(n, 0)))
        .take(NAMED + 5)
        .collect();
    let edges = question(vec![received(id(0, 0)), received(id(100_000, 0))]);
    let found = compare(&edges, &deliveries);
    assert_eq!(found.missing.len(), NAMED);
    assert_eq!(found.all_missing.len(), NAMED + 5);
    assert_eq!(found.counts.missing, NAMED as u64 + 5);
    assert!(found.truncated);
}

/// What is drawn for one id: what the relay has of it, and what VoiceDrive says.
type Drawn = (Option<Status>, u32, Option<Option<PartnerStatus>>);

fn drawn() -> impl Strategy<Value = Drawn> {
    let status = prop::option::of(prop::sample::select(vec![
        Status::Accepted,
        Status::Retrying,
        Status::Delivered,
        Status::Delivered,
        Status::Exhausted,
        Status::Dismissed,
    ]));
    let said = prop::option::of(prop::sample::select(vec![
        PartnerStatus::Success,
        PartnerStatus::Failed,
        PartnerStatus::ValidationFailed,
    ]));
    (status, 1_u32..3, prop::option::of(said))
}

proptest! {
    /// Every id is found in exactly one of the kinds, and in the right one.
    #[test]
    fn what_is_missing_extra_or_different_is_found_exactly(all in prop::collection::vec(drawn(), 1..60)) {
        let mut deliveries = Vec::new();
        let mut list = vec![received(id(0, 0)), received(id(1_000, 0))];
        let mut expected: BTreeMap<&str, BTreeSet<Uuid>> = BTreeMap::new();
        expected.entry("unknown").or_default().extend([id(0, 0), id(1_000, 0)]);
        for (n, (status, attempts, said)) in (1..).zip(&all) {
            let id = id(n, 3);
            let failed = matches!(said, Some(Some(PartnerStatus::Failed | PartnerStatus::ValidationFailed)));
            let kind = match (status, said) {
                (None, None) => continue,
                (None, Some(_)) => "unknown",
                (Some(Status::Accepted | Status::Retrying), _) => "waiting",
                (Some(Status::Delivered), Some(_)) if !failed || *attempts > 1 => "matched",
                (Some(Status::Exhausted), Some(Some(PartnerStatus::Success))) => "arrived",
                (Some(Status::Delivered | Status::Exhausted), _) => "missing",
                (Some(Status::Dismissed), _) => "given up",
            };
            expected.entry(kind).or_default().insert(id);
            if let Some(status) = status {
                deliveries.push(Delivery { status: *status, attempts: *attempts, ..delivered(n, id) });
            }
            if let Some(said) = said {
                list.push(Received { status: *said, ..received(id) });
            }
        }
        let found = compare(&question(list), &deliveries);
        let of = |kind: &str| expected.get(kind).cloned().unwrap_or_default();
        prop_assert_eq!(ids(&found.missing), of("missing"));
        prop_assert_eq!(found.all_missing.iter().map(|(_, id)| *id).collect::<BTreeSet<_>>(), of("missing"));
        prop_assert_eq!(found.unknown.iter().copied().collect::<BTreeSet<_>>(), of("unknown"));
        prop_assert_eq!(found.waiting.iter().map(|one| one.id).collect::<BTreeSet<_>>(), of("waiting"));
        prop_assert_eq!(found.arrived.iter().map(|(_, id)| *id).collect::<BTreeSet<_>>(), of("arrived"));
        prop_assert_eq!(found.counts.matched, (of("matched").len() + of("arrived").len()) as u64);
        prop_assert_eq!(found.counts.missing, of("missing").len() as u64);
        prop_assert!(!found.truncated && found.not_compared == 0);
    }
}
