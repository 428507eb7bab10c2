//! What both sides say together, and which time is compared.

use super::*;

const FIRST: Sent = Sent::Delivered { attempts: 1 };
const LATER: Sent = Sent::Delivered { attempts: 3 };

fn row(status: Option<PartnerStatus>, user_found: Option<bool>) -> Received {
    Received {
        id: Uuid::nil(),
        status,
        user_found,
    }
}

#[test]
fn both_sides_decide_together() {
    use PartnerStatus::{Failed, Success, ValidationFailed};
    let alone = Some(row(None, None));
    let said = |status| Some(row(Some(status), None));
    for (sent, received, expected) in [
        (FIRST, None, Verdict::AnsweredButAbsent),
        (LATER, None, Verdict::AnsweredButAbsent),
        (FIRST, alone, Verdict::Matched),
        (FIRST, said(Success), Verdict::Matched),
        (LATER, alone, Verdict::Matched),
        (LATER, said(Success), Verdict::Matched),
        (LATER, said(Failed), Verdict::Matched),
        (LATER, said(ValidationFailed), Verdict::Matched),
        (FIRST, said(Failed), Verdict::FailedThere),
        (FIRST, said(ValidationFailed), Verdict::FailedThere),
        (Sent::Exhausted, None, Verdict::NeverArrived),
        (Sent::Exhausted, alone, Verdict::NeverArrived),
        (Sent::Exhausted, said(Failed), Verdict::NeverArrived),
        (
            Sent::Exhausted,
            said(ValidationFailed),
            Verdict::NeverArrived,
        ),
        (Sent::Exhausted, said(Success), Verdict::Arrived),
        (Sent::Dismissed, None, Verdict::GivenUp),
        (Sent::Dismissed, alone, Verdict::GivenUp),
        (Sent::Dismissed, said(Failed), Verdict::GivenUp),
        (Sent::Dismissed, said(ValidationFailed), Verdict::GivenUp),
        (Sent::Dismissed, said(Success), Verdict::Matched),
        (Sent::Open, None, Verdict::Waiting),
        (Sent::Open, alone, Verdict::Waiting),
        (Sent::Open, said(Failed), Verdict::Waiting),
        (Sent::Open, said(ValidationFailed), Verdict::Waiting),
        (Sent::Open, said(Success), Verdict::Waiting),
    ] {
        let found = verdict(sent, "employee.updated", received.as_ref());
        assert_eq!(found, expected, "{sent:?} {received:?}");
    }
}

#[test]
fn a_picture_of_nobody_has_no_effect() {
    let nobody = row(Some(PartnerStatus::Success), Some(false));
    let of = |sent, event_type, received| verdict(sent, event_type, Some(&received));
    assert_eq!(
        of(FIRST, "employee.photo.updated", nobody),
        Verdict::NoEffect
    );
    let alone = row(None, Some(false));
    assert_eq!(
        of(FIRST, "employee.photo.updated", alone),
        Verdict::NoEffect
    );
    assert_eq!(of(FIRST, "employee.updated", nobody), Verdict::Matched);
    // VoiceDrive's row stays that of the first attempt.
    assert_eq!(
        of(LATER, "employee.photo.updated", nobody),
        Verdict::Matched
    );
    assert_eq!(
        of(Sent::Exhausted, "employee.photo.updated", nobody),
        Verdict::NeverArrived
    );
    assert_eq!(
        of(Sent::Dismissed, "employee.photo.updated", nobody),
        Verdict::GivenUp
    );
}

fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_unix_ms(milliseconds)
}

fn received(milliseconds: i64) -> Received {
    Received {
        id: first_id_at(at(milliseconds)),
        ..row(None, None)
    }
}

#[test]
fn an_hour_is_a_range_of_ids() {
    let hour = Timestamp::parse("2025-10-26T00:00:00.000Z").unwrap();
    let id = first_id_at(hour);
    assert_eq!(id.to_string(), "019a1dd0-9400-7000-8000-000000000000");
    assert_eq!(time_of(id), hour);
    assert!(has_time(&id));
}

#[test]
fn without_a_range_it_is_the_span_of_the_ids() {
    let list = [received(7_000), received(5_000), received(6_000)];
    let found = range(None, None, &list).unwrap();
    assert_eq!((found.from, found.to), (list[1].id, list[0].id));
    let found = range(Some(at(0)), Some(at(10_000_000)), &list).unwrap();
    assert_eq!(
        (time_of(found.from), time_of(found.to)),
        (at(0), at(10_000_000))
    );
    let other = Received {
        id: Uuid::from_u128(4 << 76),
        ..row(None, None)
    };
    assert_eq!(range(None, None, &[other]), Err(RangeError::NoTime));
    assert!(range(Some(at(0)), Some(at(1)), &[other]).is_ok());
}

#[test]
fn a_list_has_what_was_delivered_until_it_was_made() {
    const HOUR: i64 = 3_600_000;
    let now = at(9 * HOUR);
    let list = [received(7 * HOUR), received(5 * HOUR)];
    let of = |to: Option<i64>, made_at: Option<i64>| {
        as_of(to.map(at), made_at.map(at), &list, now).unix_ms()
    };
    let lately = 9 * HOUR - 120_000;
    for (to, made_at, expected, why) in [
        (None, None, 7 * HOUR, "as old as its last event"),
        (Some(8 * HOUR), None, lately, "a range that is over"),
        (
            Some(lately + 1),
            None,
            lately + 1,
            "until now, more or less",
        ),
        (Some(99 * HOUR), None, lately, "a range that goes on"),
        (Some(6 * HOUR), Some(8 * HOUR), 8 * HOUR, "as was said"),
        (Some(99 * HOUR), Some(8 * HOUR), 8 * HOUR, "as was said"),
        (
            Some(6 * HOUR),
            Some(6 * HOUR),
            7 * HOUR,
            "it has a later one",
        ),
        (None, Some(8 * HOUR), 8 * HOUR, "as was said"),
        (None, Some(99 * HOUR), 9 * HOUR, "by another clock"),
    ] {
        assert_eq!(of(to, made_at), expected, "{to:?} {made_at:?}: {why}");
    }
    let with_future = [received(7 * HOUR), received(99 * HOUR)];
    assert_eq!(as_of(None, None, &with_future, now), at(7 * HOUR));
}

#[test]
fn ranges_that_cannot_be_compared_are_refused() {
    let of = |from, to| range(from, to, &[]).map(drop);
    let days = |days: i64| Some(at(days * 86_400_000));
    assert_eq!(of(None, None), Err(RangeError::Nothing));
    assert_eq!(of(days(0), None), Err(RangeError::Nothing));
    assert_eq!(of(days(2), days(1)), Err(RangeError::Reversed));
    // Nothing lies between a moment and itself, and such a comparison must not confirm anything.
    assert_eq!(of(days(1), days(1)), Err(RangeError::Reversed));
    assert_eq!(of(days(0), days(92)), Ok(()));
    assert_eq!(
        of(days(0), Some(at(92 * 86_400_000 + 1))),
        Err(RangeError::TooLong)
    );
}

#[test]
fn ids_that_are_too_far_apart_are_named() {
    let days = |days: i64| days * 86_400_000;
    let [stray, early, late] = [0, 100, 101].map(|day| received(days(day)).id);
    let list = [late, stray, early].map(|id| Received {
        id,
        ..row(None, None)
    });
    let of = |from: Option<i64>, to: Option<i64>| {
        let [from, to] = [from, to].map(|day| day.map(|day| at(days(day))));
        range(from, to, &list).map(drop)
    };
    let far = |first, last| Err(RangeError::FarApart { first, last });
    assert_eq!(of(None, None), far(Some(stray), Some(late)));
    assert_eq!(of(None, Some(102)), far(Some(stray), None));
    assert_eq!(of(Some(1), None), far(None, Some(late)));
    assert_eq!(of(Some(1), Some(102)), Err(RangeError::TooLong));
    assert_eq!(of(Some(99), None), Ok(()));
    let told = of(None, None).unwrap_err().to_string();
    for part in [
        stray.to_string(),
        time_of(stray).to_string(),
        late.to_string(),
    ] {
        assert!(told.contains(&part), "{told}");
    }
}

#[test]
fn one_end_alone_has_to_fit_the_ids() {
    let list = [received(5_000), received(7_000)];
    let of = |from: Option<i64>, to: Option<i64>| range(from.map(at), to.map(at), &list).map(drop);
    for end in [4_000, 5_000] {
        assert_eq!(of(None, Some(end)), Err(RangeError::EndsBeforeIds));
    }
    assert_eq!(of(None, Some(5_001)), Ok(()));
    assert_eq!(of(Some(7_001), None), Err(RangeError::BeginsAfterIds));
    assert_eq!(of(Some(7_000), None), Ok(()));
}
