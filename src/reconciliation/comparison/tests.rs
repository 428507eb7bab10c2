//! Comparisons in single cases, and over random lists against sets.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use proptest::prelude::*;

use super::*;
use crate::reconciliation::received::{PartnerStatus, in_order};
use crate::reconciliation::{range, time_of};

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
        is_given_up: false,
        was_unjudged: false,
    }
}

/// What a list without a range asks.
fn question(mut list: Vec<Received>) -> Question {
    in_order(&mut list);
    let now = Timestamp::from_unix_ms(i64::from(u32::MAX));
    let (range, as_of) = range(None, None, &list, now).unwrap();
    Question {
        routes: vec!["default".to_owned()],
        range,
        as_of,
        range_was_said: false,
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
        is_given_up: true,
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
        [(2, Finding::AnsweredButAbsent), (4, Finding::NoEffect)]
    );
    assert_eq!((found.counts.missing, found.counts.no_effect), (1, 1));
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
