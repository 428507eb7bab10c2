//! Counting requests, examples and laws.

use std::net::Ipv6Addr;

use proptest::prelude::*;

use super::*;

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn milliseconds(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn client(n: u32) -> IpAddr {
    IpAddr::from(n.to_be_bytes())
}

fn windows<E>(limiter: &RateLimiter<E>) -> usize {
    limiter.table.lock().unwrap().windows.len()
}

#[test]
fn a_hundred_pass_and_the_next_waits_for_the_first_to_be_a_minute_old() {
    let limiter = RateLimiter::new(100);
    for n in 0..100 {
        assert!(limiter.check(client(1), 'a', seconds(n / 10)).is_ok());
    }
    assert_eq!(
        limiter.check(client(1), 'a', seconds(10)),
        Err(RetryAfter(50))
    );
    assert!(limiter.check(client(2), 'a', seconds(10)).is_ok());
    assert!(limiter.check(client(1), 'b', seconds(10)).is_ok());
    assert_eq!(
        limiter.check(client(1), 'a', milliseconds(59_999)),
        Err(RetryAfter(1))
    );
    for _ in 0..10 {
        assert!(limiter.check(client(1), 'a', seconds(60)).is_ok());
    }
    assert_eq!(
        limiter.check(client(1), 'a', seconds(60)),
        Err(RetryAfter(1))
    );
}

#[test]
fn the_window_is_exact_to_the_nanosecond() {
    let limiter = RateLimiter::new(1);
    let nanosecond = Duration::from_nanos(1);
    let first = milliseconds(999) + Duration::from_nanos(999_999);
    assert!(limiter.check(client(1), 'a', first).is_ok());
    let check = |now| limiter.check(client(1), 'a', now);
    assert_eq!(check(first), Err(RetryAfter(60)));
    assert_eq!(check(first + nanosecond), Err(RetryAfter(60)));
    assert_eq!(check(first + seconds(1)), Err(RetryAfter(59)));
    let almost = seconds(59) + Duration::from_nanos(999_999_999);
    assert_eq!(check(first + almost), Err(RetryAfter(1)));
    assert_eq!(check(first + seconds(60)), Ok(()));
}

#[test]
fn what_was_refused_does_not_count() {
    let limiter = RateLimiter::new(2);
    for now in [0, 1] {
        assert!(limiter.check(client(1), 'a', seconds(now)).is_ok());
    }
    for now in 2..60 {
        assert_eq!(
            limiter.check(client(1), 'a', seconds(now)),
            Err(RetryAfter(60 - now))
        );
    }
    for now in [60, 61] {
        assert!(limiter.check(client(1), 'a', seconds(now)).is_ok());
    }
}

#[test]
fn with_a_limit_of_nothing_nothing_passes() {
    let limiter = RateLimiter::new(0);
    for now in [0, 60, 600] {
        assert_eq!(
            limiter.check(client(1), 'a', seconds(now)),
            Err(RetryAfter(60))
        );
    }
}

#[test]
fn no_moment_is_too_early_or_too_late() {
    let limiter = RateLimiter::new(1);
    assert!(limiter.check(client(1), 'a', Duration::ZERO).is_ok());
    assert!(limiter.check(client(1), 'a', Duration::MAX).is_ok());
    assert_eq!(
        limiter.check(client(1), 'a', Duration::MAX),
        Err(RetryAfter(60))
    );
    assert!(
        limiter.check(client(1), 'a', Duration::ZERO).is_err(),
        "time does not go back"
    );
}

#[test]
fn an_ipv6_network_is_one_client() {
    let limiter = RateLimiter::new(1);
    let check = |address: &str| limiter.check(address.parse().unwrap(), 'a', seconds(1));
    assert!(check("2001:db8::1").is_ok());
    assert!(check("2001:db8::ffff:1").is_err());
    assert!(check("2001:db8:0:0:ffff:ffff:ffff:ffff").is_err());
    assert!(check("2001:db8:0:1::1").is_ok());
    assert!(check("192.0.2.1").is_ok());
    assert!(check("::ffff:192.0.2.1").is_err());
    assert!(check("::ffff:192.0.2.2").is_ok());
    assert!(check("192.0.2.2").is_err());
}

#[test]
fn a_flood_of_addresses_neither_grows_the_table_nor_unblocks_anybody() {
    let limiter = RateLimiter::new(1);
    assert!(limiter.check(client(7), 'a', seconds(0)).is_ok());
    let mut passed = 0;
    for n in 0..100_000_u32 {
        let now = Duration::from_micros(u64::from(n) * 500);
        passed += usize::from(limiter.check(client(1_000_000 + n), 'a', now).is_ok());
    }
    assert_eq!(windows(&limiter), MOST_WINDOWS);
    assert_eq!(passed, MOST_WINDOWS, "its own windows and the shared one");
    assert!(limiter.check(client(7), 'a', milliseconds(59_999)).is_err());
    assert!(
        limiter.check(client(8), 'a', milliseconds(59_999)).is_err(),
        "shares the last window"
    );
    assert!(
        limiter.check(client(8), 'b', milliseconds(59_999)).is_ok(),
        "each endpoint has one"
    );
    assert!(limiter.check(client(8), 'a', seconds(120)).is_ok());
    assert_eq!(windows(&limiter), 1, "what is over was cleared away");
}

#[test]
fn a_flood_through_one_ipv6_network_is_one_client() {
    let limiter = RateLimiter::new(5);
    let network = u128::from("2001:db8::".parse::<Ipv6Addr>().unwrap());
    let passed = (0..10_000_u128)
        .filter(|n| {
            let address = IpAddr::V6(Ipv6Addr::from(network + n * 0x1_0001));
            limiter.check(address, 'a', seconds(1)).is_ok()
        })
        .count();
    assert_eq!((passed, windows(&limiter)), (5, 1));
}

#[test]
fn what_passed_in_the_shared_window_counts_in_the_own_one_too() {
    let limiter = RateLimiter::with_room(3, 1);
    assert!(limiter.check(client(1), 'a', seconds(0)).is_ok());
    for _ in 0..3 {
        assert!(limiter.check(client(2), 'a', seconds(30)).is_ok());
    }
    assert_eq!(
        limiter.check(client(2), 'a', seconds(59)),
        Err(RetryAfter(31))
    );
    // Client 1 is gone, and there is room. That must not give client 2 three more.
    assert_eq!(
        limiter.check(client(2), 'a', seconds(61)),
        Err(RetryAfter(29))
    );
    assert_eq!(windows(&limiter), 1);
    for _ in 0..3 {
        assert!(limiter.check(client(2), 'a', seconds(90)).is_ok());
    }
    assert_eq!(
        limiter.check(client(2), 'a', seconds(90)),
        Err(RetryAfter(60))
    );
}

#[test]
fn the_oldest_request_of_both_windows_says_how_long_to_wait() {
    let limiter = RateLimiter::with_room(3, 1);
    assert!(limiter.check(client(1), 'a', seconds(0)).is_ok());
    for now in [30, 40, 61] {
        assert!(limiter.check(client(2), 'a', seconds(now)).is_ok());
    }
    assert_eq!(
        limiter.check(client(2), 'a', seconds(62)),
        Err(RetryAfter(28))
    );
    assert!(limiter.check(client(2), 'a', seconds(90)).is_ok());
    assert_eq!(
        limiter.check(client(2), 'a', seconds(90)),
        Err(RetryAfter(10))
    );
}

#[test]
fn a_full_table_is_searched_once_a_second_at_most() {
    let limiter = RateLimiter::with_room(1, 1);
    assert!(limiter.check(client(1), 'a', seconds(0)).is_ok());
    assert!(limiter.check(client(2), 'a', milliseconds(59_500)).is_ok());
    let opened = |now| {
        let _ = limiter.check(client(3), 'a', milliseconds(now));
        let table = limiter.table.lock().unwrap();
        table.windows.contains_key(&(client(3), 'a'))
    };
    assert!(!opened(60_499), "searched at 59.5 s");
    assert!(opened(60_500));
}

/// A wait in milliseconds, a client, an endpoint. Most waits are short, and some end exactly where
/// a window does.
fn step() -> impl Strategy<Value = (u64, u32, u8)> {
    let wait = prop_oneof![
        4 => 0_u64..3_000,
        2 => 0_u64..30_000,
        1 => prop::sample::select(vec![0, 59_999, 60_000, 60_001]),
    ];
    (wait, 0_u32..4, 0_u8..2)
}

fn history() -> impl Strategy<Value = Vec<(u64, u32, u8)>> {
    prop::collection::vec(step(), 1..150)
}

/// What passed, in the plainest form: when, who, where.
#[derive(Default)]
struct Model(Vec<(u64, u32, u8)>);

impl Model {
    fn recent(&self, now: u64, who: u32, endpoint: u8) -> Vec<u64> {
        let same = |p: &&(u64, u32, u8)| p.1 == who && p.2 == endpoint && now - p.0 < 60_000;
        self.0.iter().filter(same).map(|p| p.0).collect()
    }
}

proptest! {
    #[test]
    fn it_decides_as_a_plain_count_does(limit in 1_u32..6, history in history()) {
        let limiter = RateLimiter::new(limit);
        let mut model = Model::default();
        let mut now = 0;
        for (wait, who, endpoint) in history {
            now += wait;
            let recent = model.recent(now, who, endpoint);
            let expected = if recent.len() < limit as usize {
                model.0.push((now, who, endpoint));
                Ok(())
            } else {
                Err(RetryAfter((recent[0] + 60_000 - now).div_ceil(1000)))
            };
            prop_assert_eq!(limiter.check(client(who), endpoint, milliseconds(now)), expected);
        }
    }

    #[test]
    fn however_little_room_there_is_nobody_gets_more_than_allowed(
        limit in 1_u32..6,
        room in 0_usize..5,
        history in history(),
    ) {
        let limiter = RateLimiter::with_room(limit, room);
        let mut model = Model::default();
        let mut now = 0;
        for (wait, who, endpoint) in history {
            now += wait;
            let recent = model.recent(now, who, endpoint);
            let answer = limiter.check(client(who), endpoint, milliseconds(now));
            if answer.is_ok() {
                prop_assert!(recent.len() < limit as usize);
                model.0.push((now, who, endpoint));
            } else {
                let all = (0..4).map(|who| model.recent(now, who, endpoint).len()).sum::<usize>();
                prop_assert!(all >= limit as usize, "refused, and nobody asked too often");
            }
            prop_assert!(windows(&limiter) <= room);
        }
        // Who waits as long as a window is, and as long as it takes to notice, gets all of them.
        let later = milliseconds(now + 61_000);
        for _ in 0..limit {
            prop_assert_eq!(limiter.check(client(0), 0, later), Ok(()));
        }
    }

    #[test]
    fn who_waits_as_long_as_told_passes(limit in 1_u32..6, history in history()) {
        let limiter = RateLimiter::new(limit);
        let mut now = 0;
        for (wait, who, endpoint) in history {
            now += wait;
            if let Err(wait) = limiter.check(client(who), endpoint, milliseconds(now)) {
                prop_assert!((1..=60).contains(&wait.seconds()));
                now += wait.seconds() * 1000;
                prop_assert_eq!(limiter.check(client(who), endpoint, milliseconds(now)), Ok(()));
            }
        }
    }

    #[test]
    fn moments_that_come_in_the_wrong_order_let_nobody_through(
        limit in 1_u32..6,
        moments in prop::collection::vec(0_u64..200_000, 1..100),
    ) {
        let limiter = RateLimiter::new(limit);
        let mut passed: Vec<u64> = Vec::new();
        let mut latest = 0;
        for moment in moments {
            latest = latest.max(moment);
            let recent = passed.iter().filter(|&&p| latest - p < 60_000).count();
            let answer = limiter.check(client(1), 'a', milliseconds(moment));
            prop_assert_eq!(answer.is_ok(), recent < limit as usize);
            if answer.is_ok() {
                passed.push(latest);
            }
        }
    }
}
