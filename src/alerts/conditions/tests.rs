//! Each condition at its limit and beyond it.

use super::*;

fn now() -> Timestamp {
    Timestamp::from_unix_ms(1_761_489_000_000)
}

/// A healthy daemon: no condition holds.
fn well() -> Observed {
    Observed {
        routes: vec![route((1000, 995), 50, Duration::from_mins(5))],
        failed_logins: 10,
        statistics: Some(AnswerTimes {
            p95: Duration::from_millis(300),
            error_percent: 5,
        }),
        backup_at: Some(now().before(Duration::from_hours(24))),
        backup_failed: false,
        running_for: Duration::from_hours(100),
        trouble: Some(Trouble::Locked),
        disk: Some((1024 * MIB, 10 * 1024 * MIB)),
        database: 1024 * MIB,
        own_certificate_ends: Some(now().after(Duration::from_hours(24 * 22))),
        clock_off: None,
        receivers: vec![(
            "default".to_owned(),
            ReceiverState {
                clock_ahead: Some(-60),
                certificate_ends: Some(now().after(Duration::from_hours(24 * 22))),
            },
        )],
        tokens: vec![token(31)],
        confirmed_until: vec![("default".to_owned(), now().before(Duration::from_hours(26)))],
    }
}

fn route(sends: (u64, u64), waiting: u64, overdue: Duration) -> RouteVitals {
    RouteVitals {
        route: "default".to_owned(),
        sends,
        waiting,
        overdue,
        absence: None,
    }
}

fn token(days_left: u32) -> LiveToken {
    let day = Duration::from_hours(24);
    LiveToken {
        jti: "jti".to_owned(),
        scope: "stats:read".to_owned(),
        issued_at: now(),
        expires_at: now().after(day * days_left),
        is_told: false,
    }
}

fn found(observed: &Observed) -> Vec<Kind> {
    let found = holding(observed, &Thresholds::default(), now());
    found.into_iter().map(|found| found.kind).collect()
}

#[test]
fn at_its_limit_no_condition_holds() {
    assert_eq!(found(&well()), []);
    let nothing_yet = Observed {
        disk: None,
        ..Observed::default()
    };
    assert_eq!(found(&nothing_yet), []);
}

#[test]
fn beyond_its_limit_each_condition_holds_alone() {
    let receiver = |receiver| vec![("default".to_owned(), receiver)];
    let late = Duration::from_secs(301);
    for (observed, kind) in [
        (
            Observed {
                routes: vec![route((1000, 989), 0, Duration::ZERO)],
                ..well()
            },
            Kind::SuccessRateLow,
        ),
        (
            Observed {
                routes: vec![route((0, 0), 51, Duration::ZERO)],
                ..well()
            },
            Kind::QueueLong,
        ),
        (
            Observed {
                routes: vec![route((0, 0), 1, late)],
                ..well()
            },
            Kind::QueueLong,
        ),
        (
            Observed {
                failed_logins: 11,
                ..well()
            },
            Kind::LoginsFailing,
        ),
        (
            Observed {
                statistics: Some(AnswerTimes {
                    p95: Duration::from_millis(301),
                    error_percent: 0,
                }),
                ..well()
            },
            Kind::StatisticsSlow,
        ),
        (
            Observed {
                statistics: Some(AnswerTimes {
                    p95: Duration::ZERO,
                    error_percent: 6,
                }),
                ..well()
            },
            Kind::StatisticsSlow,
        ),
        (
            Observed {
                backup_failed: true,
                ..well()
            },
            Kind::BackupOld,
        ),
        (
            Observed {
                backup_at: None,
                ..well()
            },
            Kind::BackupOld,
        ),
        (
            Observed {
                backup_at: Some(now().before(Duration::from_hours(25))),
                ..well()
            },
            Kind::BackupOld,
        ),
        (
            Observed {
                trouble: Some(Trouble::Gone { rescued: None }),
                ..well()
            },
            Kind::DatabaseDamaged,
        ),
        (
            Observed {
                trouble: Some(Trouble::ImportRefused("constraint failed".to_owned())),
                ..well()
            },
            Kind::DatabaseDamaged,
        ),
        (
            Observed {
                disk: Some((1023 * MIB, 5000 * MIB)),
                ..well()
            },
            Kind::DiskLow,
        ),
        (
            Observed {
                disk: Some((2000 * MIB, 20_001 * MIB)),
                ..well()
            },
            Kind::DiskLow,
        ),
        (
            Observed {
                database: 1025 * MIB,
                ..well()
            },
            Kind::DiskLow,
        ),
        (
            Observed {
                receivers: receiver(ReceiverState {
                    clock_ahead: Some(61),
                    certificate_ends: None,
                }),
                ..well()
            },
            Kind::ClockOff,
        ),
        (
            Observed {
                receivers: receiver(ReceiverState {
                    clock_ahead: None,
                    certificate_ends: Some(now().after(Duration::from_hours(24 * 21))),
                }),
                ..well()
            },
            Kind::CertificateExpiring,
        ),
        (
            Observed {
                own_certificate_ends: Some(now().after(Duration::from_hours(24 * 21))),
                ..well()
            },
            Kind::CertificateExpiring,
        ),
        (
            Observed {
                clock_off: Some(-8 * 86_400),
                ..well()
            },
            Kind::ClockOff,
        ),
        (
            Observed {
                confirmed_until: vec![
                    ("default".to_owned(), now()),
                    (
                        "other".to_owned(),
                        now().before(Duration::from_mins(26 * 60 + 1)),
                    ),
                ],
                ..well()
            },
            Kind::ReconcileOld,
        ),
        (
            Observed {
                tokens: vec![token(31), token(30)],
                ..well()
            },
            Kind::TokenEnding,
        ),
    ] {
        assert_eq!(found(&observed), [kind], "{observed:?}");
    }
}

#[test]
fn few_sends_say_nothing_about_the_rate() {
    let few = Observed {
        routes: vec![route((19, 0), 0, Duration::ZERO)],
        ..well()
    };
    assert_eq!(found(&few), []);
    let enough = Observed {
        routes: vec![route((20, 0), 0, Duration::ZERO)],
        ..well()
    };
    assert_eq!(found(&enough), [Kind::SuccessRateLow]);
}

#[test]
fn what_fails_because_a_partner_is_away_is_part_of_that_and_of_nothing_else() {
    let limits = Thresholds::default();
    let bad = |absence| RouteVitals {
        absence,
        ..route((100, 0), 500, Duration::from_hours(1))
    };
    let good = route((1000, 1000), 10, Duration::ZERO);
    let both = [Kind::SuccessRateLow, Kind::QueueLong];
    let while_new = Duration::from_mins(limits.away_minutes) + CLEAR_FOR;
    for (absence, told) in [
        (None, true),
        (Some(Absence::Told), false),
        (Some(Absence::Suspected(Duration::ZERO)), false),
        (Some(Absence::Suspected(while_new)), true),
    ] {
        let observed = Observed {
            routes: vec![good.clone(), bad(absence)],
            ..well()
        };
        let expected = |is: bool| if is { both.to_vec() } else { Vec::new() };
        assert_eq!(found(&observed), expected(told), "{absence:?}");
        assert_eq!(
            undecided(&observed, &limits),
            expected(!told),
            "{absence:?}"
        );
    }
    // What is wrong on another route is told, and nothing is left open.
    let observed = Observed {
        routes: vec![bad(None), bad(Some(Absence::Told))],
        ..well()
    };
    assert_eq!(found(&observed), both);
    assert_eq!(undecided(&observed, &limits), []);
}
