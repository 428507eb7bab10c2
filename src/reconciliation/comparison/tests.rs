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
        beginning_was_said: false,
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
    assert_eq!((found.standing.not_compared, found.missing.len()), (1, 0));
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
        beginning_was_said: true,
        ..question(vec![received(id(5, 0))])
    };
    assert_eq!(said.compared_to(), id(600, 0));
    let span = question(vec![received(id(5, 7))]);
    assert_eq!(span.compared_to(), id(5, 7));
    let future = Question {
        as_of: Timestamp::from_unix_ms(5),
        ..question(vec![received(id(5, 7)), received(id(9, 0))])
    };
    assert_eq!(future.compared_to(), id(5, 0));
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
            beginning_was_said: true,
            making_was_said: made_at.is_some(),
            ..question(vec![received(id(5, 0))])
        };
        let found = compare(&question, &[over_midnight]);
        assert_eq!(found.missing.len(), lost, "{asked_at} {made_at:?}");
        assert_eq!(found.standing.not_compared, 1 - lost as u64);
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
            beginning_was_said: true,
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
    assert_eq!((found.missing.len(), found.standing.not_compared), (1, 0));
    let made = |as_of| Question {
        as_of: Timestamp::from_unix_ms(as_of),
        making_was_said: true,
        ..list.clone()
    };
    let found = compare(&made(499), &[held_back]);
    assert_eq!((found.missing.len(), found.standing.not_compared), (0, 1));
    let found = compare(&made(500), &[held_back]);
    assert_eq!((found.missing.len(), found.standing.not_compared), (1, 0));
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
    assert_eq!((found.standing.erased, found.standing.dismissed), (3, 2));
    assert_eq!((found.missing.len(), found.all_missing.len()), (0, 0));
    // What was dismissed and is processed there, both sides have.
    assert_eq!((found.counts.matched, found.counts.missing), (2, 0));
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
#[derive(Clone, Debug)]
struct Drawn {
    kept: Option<Kept>,
    said: Option<(Option<PartnerStatus>, Option<bool>)>,
    is_uuid_7: bool,
}

/// What the relay has of an id.
#[derive(Clone, Debug)]
struct Kept {
    status: Status,
    attempts: u32,
    is_photo: bool,
    is_late: bool,
    route: &'static str,
    closed: Option<Closed>,
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let status = prop::sample::select(vec![
        Status::Accepted,
        Status::Retrying,
        Status::Delivered,
        Status::Delivered,
        Status::Exhausted,
        Status::Dismissed,
    ]);
    let route = prop::sample::select(vec!["default", "default", "default", "other"]);
    let closed = prop::sample::select(vec![
        None,
        None,
        None,
        Some(Closed::GivenUp),
        Some(Closed::Erased),
    ]);
    let rarely = || prop::bool::weighted(0.2);
    let kept = (status, 1_u32..3, rarely(), rarely(), route, closed).prop_map(
        |(status, attempts, is_photo, is_late, route, closed)| Kept {
            status,
            attempts,
            is_photo,
            is_late,
            route,
            closed,
        },
    );
    let word = prop::option::of(prop::sample::select(vec![
        PartnerStatus::Success,
        PartnerStatus::Failed,
        PartnerStatus::ValidationFailed,
    ]));
    let said = prop::option::of((word, prop::option::of(any::<bool>())));
    (prop::option::of(kept), said, prop::bool::weighted(0.9)).prop_map(|(kept, said, is_uuid_7)| {
        Drawn {
            // The relay's own ids say when they were made.
            is_uuid_7: is_uuid_7 || kept.is_some(),
            kept,
            said,
        }
    })
}

/// The number in which an id counts, by the table of contract 4.7; none: neither side has it.
fn kind_of(drawn: &Drawn, is_inside: bool) -> Option<&'static str> {
    use PartnerStatus::{Failed, Success, ValidationFailed};
    let is_given = drawn.said.is_some();
    let given_as = |kind| is_given.then_some(kind);
    if !drawn.is_uuid_7 {
        return given_as("unknown");
    }
    if !is_inside {
        return given_as("ignored");
    }
    let Some(kept) = &drawn.kept else {
        return given_as("unknown");
    };
    if kept.route != "default" {
        return given_as("ignored");
    }
    let (word, user_found) = drawn.said.unwrap_or_default();
    let failed = matches!(word, Some(Failed | ValidationFailed));
    let nobody = user_found == Some(false);
    let kind = match kept.status {
        Status::Accepted | Status::Retrying => return Some("waiting"),
        Status::Delivered if !is_given && kept.is_late => return Some("not compared"),
        Status::Delivered if !is_given => "missing",
        Status::Delivered if kept.attempts > 1 => return Some("matched"),
        Status::Delivered if failed => "missing",
        Status::Delivered if nobody && kept.is_photo => "no effect",
        Status::Delivered => return Some("matched"),
        Status::Exhausted if word == Some(Success) && !nobody => return Some("arrived"),
        Status::Dismissed if word == Some(Success) && !nobody => return Some("matched"),
        Status::Exhausted => "missing",
        Status::Dismissed => "dismissed",
    };
    Some(match kept.closed {
        Some(Closed::Erased) => "erased",
        Some(Closed::GivenUp) if kept.status == Status::Delivered => "dismissed",
        _ => kind,
    })
}

proptest! {
    /// Every id of either side counts in exactly one number, and in the right one, whatever mix of statuses here and of rows
    /// there.
    #[test]
    fn every_id_counts_in_exactly_one_number(
        all in prop::collection::vec(drawn(), 1..60),
        range_ends in 1_i64..70,
    ) {
        let mut deliveries = Vec::new();
        let mut list = Vec::new();
        let mut expected: BTreeMap<&str, BTreeSet<Uuid>> = BTreeMap::new();
        for (n, one) in (1_i64..).zip(&all) {
            let made = id(n, 3);
            let id = if one.is_uuid_7 { made } else { Uuid::from_u128(made.as_u128() ^ (3 << 76)) };
            let is_inside = n <= range_ends;
            if let Some(kind) = kind_of(one, is_inside) {
                expected.entry(kind).or_default().insert(id);
            }
            if let (Some(kept), true) = (&one.kept, is_inside) {
                let last = Timestamp::from_unix_ms(if kept.is_late { 2_000 } else { n });
                deliveries.push(Delivery {
                    status: kept.status,
                    attempts: kept.attempts,
                    event_type: if kept.is_photo { "employee.photo.updated" } else { "employee.updated" },
                    route: kept.route,
                    closed: kept.closed,
                    last_attempt_at: Some(last),
                    ..delivered(n, id)
                });
            }
            if let Some((status, user_found)) = one.said {
                list.push(Received { id, status, user_found });
            }
        }
        // Rows without a time may stand anywhere in the order of ids.
        in_order(&mut list);
        let given = list.len() as u64;
        let range = IdRange { from: id(0, 0), to: id(range_ends, u128::from(u32::MAX)) };
        let asked = Question {
            routes: vec!["default".to_owned()],
            range,
            as_of: Timestamp::from_unix_ms(1_000),
            range_was_said: true,
            beginning_was_said: true,
            making_was_said: false,
            received: list,
        };
        let found = compare(&asked, &deliveries);
        let of = |kind: &str| expected.get(kind).cloned().unwrap_or_default();
        let count = |kind: &str| of(kind).len() as u64;
        let standing = Standing {
            matched: count("matched"),
            arrived: count("arrived"),
            missing: count("missing"),
            no_effect: count("no effect"),
            waiting: count("waiting"),
            not_compared: count("not compared"),
            dismissed: count("dismissed"),
            erased: count("erased"),
            unknown: count("unknown"),
            ignored: count("ignored"),
        };
        prop_assert_eq!(found.standing, standing);
        prop_assert_eq!(ids(&found.missing), of("missing"));
        prop_assert_eq!(found.all_missing.iter().map(|(_, id)| *id).collect::<BTreeSet<_>>(), of("missing"));
        prop_assert_eq!(found.unknown.iter().copied().collect::<BTreeSet<_>>(), of("unknown"));
        prop_assert_eq!(found.waiting.iter().map(|one| one.id).collect::<BTreeSet<_>>(), of("waiting"));
        prop_assert_eq!(found.no_effect.iter().map(|one| one.id).collect::<BTreeSet<_>>(), of("no effect"));
        prop_assert_eq!(found.arrived.iter().map(|(_, id)| *id).collect::<BTreeSet<_>>(), of("arrived"));
        // In the ledger, a list that is compared once more says the same.
        prop_assert_eq!(found.counts.matched, standing.matched + standing.arrived);
        prop_assert_eq!(found.counts.missing, standing.missing);
        prop_assert!(!found.truncated);
        // Both sides add up.
        let here = deliveries.iter().filter(|one| one.route == "default").count() as u64;
        let both = standing.matched + standing.arrived + standing.missing + standing.no_effect + standing.waiting
            + standing.dismissed + standing.erased;
        prop_assert_eq!(both + standing.not_compared, here);
        let without_time = found.unknown.iter().filter(|id| !crate::reconciliation::has_time(id)).count() as u64;
        prop_assert_eq!(found.counts.received + without_time + standing.ignored, given);
    }
}

#[test]
fn a_list_of_before_its_range_says_nothing_of_it() {
    let at = |hours| Timestamp::from_unix_ms(hours * 3_600_000);
    let compares = |from, to, made_at: Option<i64>| {
        let range = (Some(at(from)), Some(at(to)));
        let routes = vec!["default".to_owned()];
        let question = Question::of(routes, range, made_at.map(at), vec![], at(9)).unwrap();
        compare(&question, &[]).has_compared(&question)
    };
    // The future, what has hardly begun, and what came after the list.
    assert!(!compares(10, 11, None));
    assert!(!compares(9, 10, None));
    assert!(!compares(6, 8, Some(6)));
    assert!(!compares(6, 8, Some(5)));
    assert!(compares(6, 8, Some(7)));
    assert!(compares(8, 10, None));
}

#[test]
fn a_list_of_something_else_has_compared_nothing() {
    let foreign = question(vec![received(id(4, 0)), received(id(9, 0))]);
    let other = Delivery {
        route: "other",
        ..delivered(1, id(4, 0))
    };
    assert!(!compare(&foreign, &[]).has_compared(&foreign));
    assert!(!compare(&foreign, &[other]).has_compared(&foreign));
    let open = Delivery {
        status: Status::Accepted,
        ..delivered(2, id(5, 0))
    };
    assert!(!compare(&foreign, &[open]).has_compared(&foreign));
    let missing = compare(&foreign, &[delivered(2, id(5, 0))]);
    assert!(missing.has_compared(&foreign));
    // Whoever says the range says that there is nothing else in it.
    let said = Question {
        range_was_said: true,
        beginning_was_said: true,
        ..foreign
    };
    assert!(compare(&said, &[]).has_compared(&said));
    let of_no_route = Question {
        routes: vec![],
        ..said
    };
    assert!(!compare(&of_no_route, &[]).has_compared(&of_no_route));
}
