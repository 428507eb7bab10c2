//! The page for people: how long its views take over many deliveries, and what open ones cost.

use std::time::{Duration, Instant};

use serde_json::{Map, json};
use tokio::task::JoinSet;

use crate::daemon::House;
use crate::driver::{Connection, Until, percentile};
use crate::rows::{Bench, block_on, load};
use crate::seed::{self, Age};
use crate::table::Goal::AtMost;
use crate::table::Row;
use crate::wire::post;

pub const VIEWS: &str = "page over 1,000,000 deliveries: slowest view, p99";
pub const FIRST: &str = "page over 1,000,000 deliveries: first view after a start, slowest";
pub const UNCHANGED: &str = "page unchanged (304): slowest view, p99";
pub const OPEN: &str = "50 open pages: accept p50, times without";

/// Views that somebody opens, and what filters of the list are the dearest.
const PATHS: [&str; 10] = [
    "/monitor",
    "/monitor/deliveries",
    "/monitor/deliveries?status=exhausted",
    "/monitor/deliveries?status=delivered&period=30d",
    "/monitor/deliveries?eventType=employee.updated_3",
    "/monitor/deliveries?status=exhausted&staffId=P-7",
    "/monitor/reconcile",
    "/monitor/interviews",
    "/monitor/incidents",
    "/monitor/server",
];
const SAMPLES: usize = 200;
/// Each open page asks so often.
const EVERY: Duration = Duration::from_secs(10);
const PAGES: u32 = 50;

pub fn page(bench: &mut Bench) {
    let house = House::new("");
    house.start_calm(None).0.stop();
    let stored = bench.size(1_000_000).cast_signed();
    // With everything that a view reads: events, people and attempts too.
    seed::deliveries(&house.database(), 1, stored, Age::Quarter);
    seed::interviews(&house.database(), stored / 5);
    let (daemon, token) = house.start_calm(None);
    let cookie = block_on(log_in(&house));
    let (mut views, mut unchanged, mut detail) = (0.0_f64, 0.0_f64, Map::new());
    for path in PATHS {
        let [whole, same] = block_on(asked(&house, path, &cookie, &token));
        let [whole, same] = [whole, same].map(|times| percentile(&times, 0.99));
        (views, unchanged) = (views.max(whole), unchanged.max(same));
        detail.insert(
            path.to_owned(),
            json!({"p99Ms": whole, "unchangedP99Ms": same}),
        );
    }
    let row = Row::new(VIEWS, views, " ms", AtMost(50.0)).with(detail.into());
    bench.rows.push(row);
    daemon.stop();
    let first = first_views(&house, &cookie);
    let slowest = first.iter().map(|(_, ms)| *ms).fold(0.0, f64::max);
    let detail = first
        .iter()
        .map(|(path, ms)| ((*path).to_owned(), json!(ms)));
    let detail: Map<_, _> = detail.collect();
    let row = Row::new(FIRST, slowest, " ms", AtMost(50.0)).with(detail.into());
    bench.rows.push(row);
    let (daemon, token) = house.start_calm(None);
    bench
        .rows
        .push(Row::new(UNCHANGED, unchanged, " ms", AtMost(5.0)));
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let until = Until::Passed(bench.seconds(10));
        alone.push(percentile(&load(&house, &token, 1, until).times, 0.5));
        let open = block_on(open_pages(&house, &cookie));
        beside.push(percentile(&load(&house, &token, 1, until).times, 0.5));
        drop(open);
    }
    daemon.stop();
    let best = |times: &[f64]| times.iter().copied().fold(f64::INFINITY, f64::min);
    let row = Row::new(OPEN, best(&beside) / best(&alone), "×", AtMost(1.05)).with(json!({
        "aloneP50Ms": alone,
        "besideP50Ms": beside,
    }));
    bench.rows.push(row);
}

/// What each view takes as the first one after a start, in milliseconds. A login outlives the starts.
fn first_views(house: &House, cookie: &str) -> Vec<(&'static str, f64)> {
    let views = PATHS.into_iter().map(|path| {
        let (daemon, _) = house.start_calm(None);
        let took = block_on(async {
            let mut connection = Connection::open(&house.address()).await;
            answered(&mut connection, &get(house, path, cookie, ""), 200).await
        });
        daemon.stop();
        (path, took.as_secs_f64() * 1000.0)
    });
    views.collect()
}

/// The cookie of somebody who has used a code.
async fn log_in(house: &House) -> String {
    let address = house.address();
    let body = format!("code={}", house.login_code());
    let request = format!(
        "POST /monitor/login HTTP/1.1\r\nhost: {address}\r\norigin: http://{address}\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut connection = Connection::open(&address).await;
    assert_eq!(connection.call(request.as_bytes()).await, 303, "no login");
    let cookie = connection.header("set-cookie").unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

fn get(house: &House, path: &str, cookie: &str, more: &str) -> Vec<u8> {
    let address = house.address();
    format!(
        "GET {path} HTTP/1.1\r\nhost: {address}\r\ncookie: {cookie}\r\nsec-fetch-site: same-origin\r\n{more}\r\n"
    )
    .into_bytes()
}

/// What whole answers took, each after something was written, and those that say that nothing has changed; sorted.
async fn asked(house: &House, path: &str, cookie: &str, token: &str) -> [Vec<Duration>; 2] {
    let mut connection = Connection::open(&house.address()).await;
    let event = r#"{"event":"employee.updated","data":{"staffId":"P-1"}}"#;
    let event = post(&house.address(), "/api/events", token, event);
    let whole = get(house, path, cookie, "");
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..SAMPLES {
        assert_eq!(connection.call(&event).await, 202);
        times[0].push(answered(&mut connection, &whole, 200).await);
    }
    let tag = connection.header("etag").unwrap();
    let same = format!("if-none-match: {tag}\r\nx-refresh: 1\r\n");
    let same = get(house, path, cookie, &same);
    for _ in 0..SAMPLES {
        times[1].push(answered(&mut connection, &same, 304).await);
    }
    for times in &mut times {
        times.sort_unstable();
    }
    times
}

/// What an answer with this status took.
async fn answered(connection: &mut Connection, request: &[u8], status: u16) -> Duration {
    let began = Instant::now();
    assert_eq!(connection.call(request).await, status);
    began.elapsed()
}

/// Pages that ask by themselves, one after the other, until this is dropped.
async fn open_pages(house: &House, cookie: &str) -> JoinSet<()> {
    let mut pages = JoinSet::new();
    let request = get(house, "/monitor", cookie, "x-refresh: 1\r\n");
    for number in 0..PAGES {
        let mut connection = Connection::open(&house.address()).await;
        let request = request.clone();
        pages.spawn(async move {
            tokio::time::sleep(EVERY / PAGES * number).await;
            loop {
                assert_eq!(connection.call(&request).await, 200);
                tokio::time::sleep(EVERY).await;
            }
        });
    }
    pages
}
