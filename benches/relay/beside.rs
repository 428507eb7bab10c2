//! What a person or the partner asks of a large database, and what it does to those who hand in events meanwhile.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::daemon::House;
use crate::driver::{Connection, Load, Until, percentile};
use crate::rows::{Bench, MANY, block_on, load};
use crate::seed::{self, Age};
use crate::table::Goal::AtMost;
use crate::table::Row;
use crate::wire;

pub const DIGESTS: &str = "1,000,000 deliveries of 90 days compared in three calls";
pub const IDS: &str = "100,000 ids compared";
pub const COMPARING: &str = "reconciling beside full load: accept p99, times usual";
pub const EXPORTING: &str = "exporting beside full load: accept p99, times usual";
pub const ERASING: &str = "erasing beside full load: accept p99, times usual";

const PATH: &str = "/api/integration/reconcile";

pub fn large_database(bench: &mut Bench) {
    let house = House::new("");
    house.start_calm(None).0.stop();
    let deliveries = bench.size(1_000_000).cast_signed();
    seed::deliveries(&house.database(), 1, deliveries, Age::Quarter);
    let (daemon, token) = house.start_calm(None);
    let list = bench.size(100_000).cast_signed();
    let ids = seed::some_ids(&house.database(), list);
    compare(bench, &house, &token, &ids);
    let body = json!({"received": ids}).to_string();
    let list = wire::post(&house.address(), PATH, &token, &body);
    beside(bench, &house, &token, COMPARING, |_| {
        block_on_thread(async {
            assert_eq!(
                Connection::open(&house.address()).await.call(&list).await,
                200
            );
        });
    });
    beside(bench, &house, &token, EXPORTING, |_| {
        house.run(&["export", "deliveries", "-"]);
    });
    beside(bench, &house, &token, ERASING, |number| {
        let person = seed::person(number);
        house.run(&["staff", "erase", &person, "--give-up"]);
    });
    bench.saw_peak(daemon.peak());
    daemon.stop();
}

/// The three calls of a partner that compares a quarter, after the days were digested once; and a long list.
fn compare(bench: &mut Bench, house: &House, token: &str, ids: &[String]) {
    let (days, day, hour) = (90, 30, 12);
    let now = chrono::Utc::now();
    let midnight = now.date_naive().and_hms_opt(0, 0, 0).unwrap().and_utc();
    let at = |days: i64, hours: i64| {
        let moment = midnight - chrono::Duration::days(days) + chrono::Duration::hours(hours);
        moment.format("%Y-%m-%dT%H:%M:%SZ").to_string()
    };
    let get = |from: &str, to: &str, unit: &str| {
        let path = format!("{PATH}?from={from}&to={to}&unit={unit}");
        wire::get(&house.address(), &path, token)
    };
    let of_days = get(&at(days, 0), &at(0, 0), "day");
    let of_hours = get(&at(day, 0), &at(day, 24), "hour");
    let of_ids = json!({"from": at(day, hour), "to": at(day, hour + 1), "received": []});
    let of_ids = wire::post(&house.address(), PATH, token, &of_ids.to_string());
    let all = json!({"received": ids}).to_string();
    let all = wire::post(&house.address(), PATH, token, &all);
    block_on(async {
        let mut connection = Connection::open(&house.address()).await;
        let mut took = async |request: &[u8]| {
            let began = Instant::now();
            assert_eq!(connection.call(request).await, 200);
            began.elapsed().as_secs_f64() * 1000.0
        };
        let digesting = took(&of_days).await;
        let calls = [
            took(&of_days).await,
            took(&of_hours).await,
            took(&of_ids).await,
        ];
        let row = Row::new(DIGESTS, calls.iter().sum(), " ms", AtMost(200.0)).with(json!({
            "days": calls[0], "hours": calls[1], "ids": calls[2], "daysTheFirstTime": digesting,
        }));
        bench.rows.push(row);
        let first = took(&all).await;
        let again = took(&all).await;
        let row = Row::new(IDS, first.max(again), " ms", AtMost(1000.0))
            .with(json!({"ids": ids.len(), "first": first, "again": again}));
        bench.rows.push(row);
    });
}

/// The worse of one and of many connections: what accepting takes while `work` is done over and over, as a multiple of what
/// it takes without. `work` is told how often it was done.
fn beside(
    bench: &mut Bench,
    house: &House,
    token: &str,
    name: &'static str,
    work: impl Fn(u64) + Sync,
) {
    if !bench.wants(name) {
        return;
    }
    let span = Until::Passed(bench.seconds(10));
    let (mut worst, mut detail) = (0.0_f64, json!({}));
    let (ended, done) = (AtomicBool::new(false), AtomicU64::new(0));
    for connections in [1, MANY] {
        let usual = load(house, token, connections, span);
        ended.store(false, Ordering::Relaxed);
        let before = done.load(Ordering::Relaxed);
        let meanwhile = thread::scope(|scope| {
            scope.spawn(|| {
                while !ended.load(Ordering::Relaxed) {
                    work(done.load(Ordering::Relaxed));
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
            // It has begun.
            thread::sleep(Duration::from_millis(200));
            let mut all = load(house, token, connections, span);
            // At least one of them from its beginning to its end.
            while done.load(Ordering::Relaxed) == before {
                all = joined(all, load(house, token, connections, span));
            }
            ended.store(true, Ordering::Relaxed);
            all
        });
        let [usual_p99, p99] = [&usual, &meanwhile].map(|load| percentile(&load.times, 0.99));
        worst = worst.max(p99 / usual_p99);
        detail[format!("{connections} connections")] = json!({
            "usualP99Ms": usual_p99,
            "p99Ms": p99,
            "usualP50Ms": percentile(&usual.times, 0.5),
            "p50Ms": percentile(&meanwhile.times, 0.5),
            "longestMs": percentile(&meanwhile.times, 1.0),
            "seconds": meanwhile.took.as_secs_f64(),
            "done": done.load(Ordering::Relaxed) - before,
        });
    }
    let row = Row::new(name, worst, "×", AtMost(3.0)).with(detail);
    bench.rows.push(row);
}

fn joined(first: Load, then: Load) -> Load {
    let mut times = [first.times, then.times].concat();
    times.sort_unstable();
    Load {
        began: first.began,
        took: first.took + then.took,
        good: first.good + then.good,
        refused: first.refused + then.refused,
        times,
    }
}

fn block_on_thread<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(future)
}
