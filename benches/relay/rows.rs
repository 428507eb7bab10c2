//! The rows that the project has promised to reach, in the order of the table.

use std::fs;
use std::process::Command;
use std::sync::LazyLock;
use std::thread;
use std::time::Duration;

use serde_json::{Map, json};
use tokio::runtime::Runtime;

use crate::beside;
use crate::daemon::{self, House, WEBHOOK_SECRET};
use crate::driver::{self, Connection, Load, Until, percentile};
use crate::limits::Limits;
use crate::page;
use crate::seed::{self, Age};
use crate::sink::Sink;
use crate::table::Goal::{AtLeast, AtMost, Told};
use crate::table::Row;
use crate::wire;

/// Connections of the throughput rows.
pub const MANY: usize = 64;
const EVENT: &str = "employee.updated";
/// So many that none has two events on the way at the same time.
const PERSONS: usize = 20_000;

const ACCEPTED: &str = "accepted/s, 64 connections, delivery off";
const INGESTED: &str = "/in, signed, 64 connections: share of accepted/s";
const DELIVERED: &str = "accepted and delivered, events/s, 64 connections";
const IN_ORDER: &str = "one person: accepted and delivered in order, events/s";
const BACKLOG: &str = "backlog drained, events/s";
const WAITING: &str = "memory, 100,000 events waiting";
const ONE: &str = "one connection: accept p50";
const IDLE_P50: &str = "idle: POST to arrival p50";
const IDLE_P99: &str = "idle: POST to arrival p99";
const KILLED: &str = "kill -9: exec to first arrival, worst of 5";
const START_EMPTY: &str = "start: exec to first 200, empty";
const START_FULL: &str = "start: exec to first 200, 1,000,000 deliveries";
const MEMORY: &str = "memory, idle";
const PEAK: &str = "memory, peak of the load rows";
const CPU: &str = "idle CPU, percent of a core";
const WAKEUPS: &str = "idle wakeups/s, all threads";
const STATISTICS: [&str; 3] = [
    "statistics p99, 10,000 deliveries",
    "statistics p99, 1,000,000 deliveries",
    "statistics p99, 10,000,000 deliveries",
];
const DISK: &str = "disk for a delivered 700-byte event";
const SLOW: &str = "slow receiver: another route's p50, times idle";
const RETRIES_MEMORY: &str = "memory peak, 1,000,000 retries due at once";
const RETRIES_ACCEPT: &str = "1,000,000 retries due: accept p99, times usual";
const PURGING: &str = "1,000,000 old deliveries purged: accept p99, times usual";
const RESEND: &str = "resend of 100,000 in one incident, times 10,000";
const DRAINING: &str = "100,000 of an incident draining: accept p99, times usual";
const BINARY: &str = "the binary, stripped";

type Group = (&'static [&'static str], fn(&mut Bench));

/// What is measured together. The peak of the load rows is a row of its own, at the end.
const GROUPS: &[Group] = &[
    (&[ACCEPTED, INGESTED], accepted),
    (&[DELIVERED], delivered),
    (&[IN_ORDER], in_order),
    (&[BACKLOG, WAITING], backlog),
    (&[ONE], one_connection),
    (&[IDLE_P50, IDLE_P99], idle_delivery),
    (&[KILLED], killed),
    (&[START_EMPTY, START_FULL], start),
    (&[MEMORY, CPU, WAKEUPS], idle),
    (&STATISTICS, statistics),
    (
        &[page::VIEWS, page::FIRST, page::UNCHANGED, page::OPEN],
        page::page,
    ),
    (&[DISK], disk),
    (&[SLOW], slow_receiver),
    (&[RETRIES_MEMORY, RETRIES_ACCEPT], retries),
    (&[PURGING], purging),
    (&[RESEND, DRAINING], incident),
    (
        &[
            beside::DIGESTS,
            beside::IDS,
            beside::COMPARING,
            beside::EXPORTING,
            beside::ERASING,
        ],
        beside::large_database,
    ),
    (&[BINARY], binary),
];

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
});

/// Drives the load on this thread: the cores belong to the relay.
pub fn block_on<F: Future>(future: F) -> F::Output {
    RUNTIME.block_on(future)
}

/// A run: what is known, and the rows so far.
pub struct Bench {
    pub sink: Sink,
    pub limits: Limits,
    /// By how much the sizes are divided.
    pub divisor: u64,
    pub only: Option<String>,
    pub rows: Vec<Row>,
    /// The most memory of any daemon under load, in MiB; zero when there was none.
    pub peak: f64,
}

impl Bench {
    pub fn run(&mut self) {
        for (names, group) in GROUPS {
            let wanted: Vec<_> = names.iter().filter(|name| self.wants(name)).collect();
            if wanted.is_empty() {
                continue;
            }
            eprintln!("{}", names[0]);
            let before = self.rows.len();
            // One row that cannot be measured does not take the minutes of the others with it.
            let work = std::panic::AssertUnwindSafe(|| group(self));
            if std::panic::catch_unwind(work).is_err() {
                self.rows.truncate(before);
                for name in *names {
                    self.rows.push(Row::new(name, f64::NAN, "", AtMost(0.0)));
                }
            }
            self.sink.unwatch();
        }
        if self.peak > 0.0 {
            self.rows
                .push(Row::new(PEAK, self.peak, " MiB", AtMost(64.0)));
        }
        let rows = std::mem::take(&mut self.rows);
        self.rows = rows
            .into_iter()
            .filter(|row| self.wants(row.name))
            .collect();
    }

    pub fn wants(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|word| name.contains(word))
    }

    pub fn size(&self, full: u64) -> u64 {
        full / self.divisor
    }

    pub fn seconds(&self, full: u64) -> Duration {
        Duration::from_secs(if self.divisor > 1 {
            full.div_ceil(2)
        } else {
            full
        })
    }

    fn fast(&self) -> String {
        self.sink.url("/fast")
    }

    /// A row in events a second, with its share of SQLite's single-row commits.
    fn rate(&mut self, name: &'static str, rate: f64, goal: f64, ratio: f64) -> &mut Row {
        let row = Row::new(name, rate, "/s", AtLeast(goal))
            .in_limits(rate / self.limits.commits, AtLeast(ratio));
        self.rows.push(row);
        self.rows.last_mut().unwrap()
    }

    pub fn saw_peak(&mut self, peak: f64) {
        self.peak = self.peak.max(peak);
    }
}

/// Events about as many persons, each of which waits for no other.
fn posts(house: &House, token: &str, event_type: &str, persons: usize) -> Vec<Vec<u8>> {
    let event = |person| wire::event(event_type, person);
    let post = |person| wire::post(&house.address(), "/api/events", token, &event(person));
    (0..persons).map(post).collect()
}

pub fn load(house: &House, token: &str, connections: usize, until: Until) -> Load {
    load_about(house, token, PERSONS, connections, until)
}

fn load_about(
    house: &House,
    token: &str,
    persons: usize,
    connections: usize,
    until: Until,
) -> Load {
    let requests = posts(house, token, EVENT, persons);
    let load = block_on(driver::load(
        &house.address(),
        &requests,
        connections,
        until,
    ));
    assert!(load.good > 0, "nothing was accepted");
    load
}

fn accepted(bench: &mut Bench) {
    let house = House::new("");
    let (daemon, token) = house.start_calm(None);
    let load = load(&house, &token, MANY, Until::Passed(bench.seconds(5)));
    bench.saw_peak(daemon.peak());
    let peak = daemon.peak();
    daemon.stop();
    bench
        .rate(ACCEPTED, load.per_second(), 20_000.0, 3.0)
        .detail = json!({
        "events": load.good,
        "refused": load.refused,
        "p50Ms": percentile(&load.times, 0.5),
        "p99Ms": percentile(&load.times, 0.99),
        "peakMiB": peak,
    });
    ingested(bench, load.per_second());
}

/// Events at the ingest, each with a signature and content of its own.
fn ingested(bench: &mut Bench, accepted: f64) {
    let events = bench.size(100_000);
    let house = House::new("[ingest]\n");
    let (daemon, _) = house.start_calm(None);
    let now = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    let address = house.address();
    let request = |number| wire::signed(&address, WEBHOOK_SECRET, &now, number);
    let requests: Vec<_> = (0..events).map(request).collect();
    let load = block_on(driver::load(&address, &requests, MANY, Until::Done(events)));
    bench.saw_peak(daemon.peak());
    daemon.stop();
    let share = load.per_second() / accepted;
    let row = Row::new(INGESTED, share, "", AtLeast(0.7)).with(json!({
        "events": load.good,
        "refused": load.refused,
        "perSecond": load.per_second(),
        "p50Ms": percentile(&load.times, 0.5),
        "p99Ms": percentile(&load.times, 0.99),
    }));
    bench.rows.push(row);
}

fn delivered(bench: &mut Bench) {
    let house = House::new("");
    let (daemon, token) = house.start_calm(Some(&bench.fast()));
    bench.sink.reset();
    let load = load(&house, &token, MANY, Until::Passed(bench.seconds(5)));
    let arrived = bench.sink.count();
    block_on(bench.sink.wait_for(load.good));
    let took = bench.sink.last() - load.began;
    bench.saw_peak(daemon.peak());
    let peak = daemon.peak();
    daemon.stop();
    let rate = load.good as f64 / took.as_secs_f64();
    bench.rate(DELIVERED, rate, 10_000.0, 1.5).detail = json!({
        "events": load.good,
        "refused": load.refused,
        "acceptedPerSecond": load.per_second(),
        "arrivedWhenAcceptingEnded": arrived,
        "acceptP50Ms": percentile(&load.times, 0.5),
        "acceptP99Ms": percentile(&load.times, 0.99),
        "peakMiB": peak,
    });
}

/// All events are about one person: one is sent after the other, however many connections hand them in.
fn in_order(bench: &mut Bench) {
    let events = bench.size(10_000);
    let house = House::new("");
    let (daemon, token) = house.start_calm(Some(&bench.fast()));
    bench.sink.reset();
    let load = load_about(&house, &token, 1, MANY, Until::Done(events));
    block_on(bench.sink.wait_for(load.good));
    let took = bench.sink.last() - bench.sink.first();
    bench.saw_peak(daemon.peak());
    daemon.stop();
    let (sent, overtaken) = seed::order_of_attempts(&house.database());
    assert_eq!((sent, overtaken), (load.good, 0), "sent, and out of order");
    let rate = load.good as f64 / took.as_secs_f64();
    let row = Row::new(IN_ORDER, rate, "/s", AtLeast(800.0)).with(json!({
        "events": load.good,
        "acceptedPerSecond": load.per_second(),
    }));
    bench.rows.push(row);
}

fn backlog(bench: &mut Bench) {
    let events = bench.size(100_000);
    let house = House::new("");
    let (daemon, token) = house.start_calm(None);
    let load = load(&house, &token, MANY, Until::Done(events));
    thread::sleep(Duration::from_secs(1));
    let waiting = daemon.memory();
    bench.saw_peak(daemon.peak());
    daemon.stop();
    bench.sink.reset();
    let daemon = house.start(Some(&bench.fast()));
    block_on(bench.sink.wait_for(events));
    let took = bench.sink.last() - bench.sink.first();
    let started = bench.sink.first() - daemon.launched;
    bench.saw_peak(daemon.peak());
    let peak = daemon.peak();
    daemon.stop();
    bench
        .rate(BACKLOG, events as f64 / took.as_secs_f64(), 20_000.0, 3.0)
        .detail = json!({
        "events": events,
        "execToFirstArrivalMs": started.as_secs_f64() * 1000.0,
        "peakMiB": peak,
    });
    let detail = json!({"events": load.good});
    let row = Row::new(WAITING, waiting, " MiB", AtMost(64.0)).with(detail);
    bench.rows.push(row);
}

fn one_connection(bench: &mut Bench) {
    let house = House::new("");
    let (daemon, token) = house.start_calm(None);
    let load = load(&house, &token, 1, Until::Passed(bench.seconds(5)));
    bench.saw_peak(daemon.peak());
    daemon.stop();
    let p50 = percentile(&load.times, 0.5);
    let row = Row::new(ONE, p50, " ms", AtMost(0.35))
        .in_limits(p50 / bench.limits.commit_ms(), AtMost(2.5))
        .with(json!({
            "events": load.good,
            "p99Ms": percentile(&load.times, 0.99),
        }));
    bench.rows.push(row);
}

/// POST to arrival, one event at a time with a small pause; sorted.
async fn arrivals(sink: &Sink, house: &House, token: &str, samples: usize) -> Vec<Duration> {
    const WARMING: usize = 20;
    let requests = posts(house, token, EVENT, samples + WARMING);
    let mut connection = Connection::open(&house.address()).await;
    let mut told = sink.watch();
    let mut times = Vec::new();
    for (sample, request) in requests.iter().enumerate() {
        let began = std::time::Instant::now();
        let status = connection.call(request).await;
        assert!(status < 300, "an event was refused with {status}");
        let arrived = tokio::time::timeout(Duration::from_secs(30), told.recv());
        let arrived = arrived.await.expect("an event did not arrive").unwrap();
        if sample >= WARMING {
            times.push(arrived.saturating_duration_since(began));
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    times.sort_unstable();
    times
}

fn idle_delivery(bench: &mut Bench) {
    let house = House::new("");
    let (daemon, token) = house.start_calm(Some(&bench.fast()));
    let times = block_on(arrivals(&bench.sink, &house, &token, 300));
    bench.saw_peak(daemon.peak());
    daemon.stop();
    let [p50, p99] = [0.5, 0.99].map(|share| percentile(&times, share));
    bench.rows.push(Row::new(IDLE_P50, p50, " ms", AtMost(0.8)));
    bench.rows.push(Row::new(IDLE_P99, p99, " ms", AtMost(2.0)));
}

fn killed(bench: &mut Bench) {
    const ROUNDS: usize = 5;
    const EVENTS: u64 = 20;
    let house = House::new("");
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        bench.sink.reset();
        let daemon = house.start(Some(&bench.sink.url("/hold")));
        let token = house.token();
        load(&house, &token, 1, Until::Done(EVENTS));
        block_on(async {
            while bench.sink.elsewhere() == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        });
        daemon.kill();
        bench.sink.reset();
        let daemon = house.start(Some(&bench.fast()));
        block_on(bench.sink.wait_for(EVENTS));
        times.push(bench.sink.first() - daemon.launched);
        daemon.stop();
    }
    times.sort_unstable();
    let worst = percentile(&times, 1.0);
    let detail = json!({"medianMs": percentile(&times, 0.5)});
    let row = Row::new(KILLED, worst, " ms", AtMost(200.0)).with(detail);
    bench.rows.push(row);
}

fn start(bench: &mut Bench) {
    let house = House::new("");
    let url = bench.fast();
    for (name, goal, stored) in [
        (START_EMPTY, 30.0, 0),
        (START_FULL, 100.0, bench.size(1_000_000)),
    ] {
        if !bench.wants(name) {
            continue;
        }
        // The schema is the daemon's own work, and so is the copy that the first start makes.
        house.start_calm(Some(&url)).0.stop();
        if stored > 0 {
            seed::deliveries(&house.database(), 1, stored.cast_signed(), Age::Day);
            house.start_calm(Some(&url)).0.stop();
        }
        let mut times: Vec<_> = (0..5).map(|_| house.first_answer(Some(&url))).collect();
        times.sort_unstable();
        let detail = json!({"deliveries": stored, "worstMs": percentile(&times, 1.0)});
        let row = Row::new(name, percentile(&times, 0.5), " ms", AtMost(goal)).with(detail);
        bench.rows.push(row);
    }
}

fn idle(bench: &mut Bench) {
    let house = House::new("");
    // The first start of a database makes its schema; those of a clinic's server do not.
    house.start_calm(Some(&bench.fast())).0.stop();
    let (daemon, _) = house.start_calm(Some(&bench.fast()));
    // Threads that only the start needed end after ten seconds.
    thread::sleep(Duration::from_secs(12));
    let memory = daemon.memory();
    let span = bench.seconds(20);
    let before = daemon.work();
    thread::sleep(span);
    let [nanoseconds, sleeps] = daemon.work_since(&before);
    let detail = json!({"afterIdlingMiB": daemon.memory(), "peakMiB": daemon.peak()});
    daemon.stop();
    let cpu = nanoseconds / 1e9 / span.as_secs_f64() * 100.0;
    let wakeups = sleeps / span.as_secs_f64();
    let memory = Row::new(MEMORY, memory, " MiB", AtMost(12.0)).with(detail);
    bench.rows.push(memory);
    bench.rows.push(Row::new(CPU, cpu, " %", AtMost(0.1)));
    bench.rows.push(Row::new(WAKEUPS, wakeups, "/s", Told));
}

fn statistics(bench: &mut Bench) {
    const ASKED: [&str; 4] = [
        "/api/integration/webhook-stats?period=30d",
        "/api/voicedrive/webhook-stats?startDate=2000-01-01T00:00:00Z",
        "/api/interviews/completion-stats",
        "/api/voicedrive/interview-completion-stats",
    ];
    const GOALS: [f64; 3] = [2.0, 3.0, 20.0];
    // A hundredth more, because some of them lie outside of the period.
    let sizes = [10_000, 1_000_000, 10_000_000].map(|full| bench.size(full) * 101 / 100);
    let house = House::new("");
    house.start_calm(None).0.stop();
    seed::interviews(&house.database(), bench.size(1_000_000).cast_signed());
    let mut stored = 0;
    for ((name, goal), size) in STATISTICS.into_iter().zip(GOALS).zip(sizes) {
        if !bench.wants(name) {
            continue;
        }
        let (first, last) = (stored + 1, size.cast_signed());
        seed::deliveries(&house.database(), first, last, Age::Month);
        stored = last;
        let (daemon, token) = house.start_calm(None);
        let (mut worst, mut detail) = (0.0_f64, Map::new());
        let times = block_on(asked(&house, ASKED, &token));
        daemon.stop();
        for (path, times) in ASKED.into_iter().zip(times) {
            let p99 = percentile(&times, 0.99);
            worst = worst.max(p99);
            let numbers = json!({"p50Ms": percentile(&times, 0.5), "p99Ms": p99});
            detail.insert(path.to_owned(), numbers);
        }
        let row = Row::new(name, worst, " ms", AtMost(goal)).with(detail.into());
        bench.rows.push(row);
    }
}

/// What 200 answers to each question took, sorted. They are asked in rounds over a whole minute, because
/// it depends on the minute of asking how many rows lie outside of the hours that are counted already.
async fn asked<const N: usize>(house: &House, paths: [&str; N], token: &str) -> [Vec<Duration>; N] {
    const ROUNDS: u32 = 20;
    const IN_ROUND: usize = 10;
    // The first after a pause finds cold caches, and connections to the database that are not open yet.
    const WARMING: usize = 2;
    let mut connection = Connection::open(&house.address()).await;
    let mut times = [const { Vec::new() }; N];
    for _ in 0..ROUNDS {
        for (path, times) in paths.into_iter().zip(&mut times) {
            let request = wire::get(&house.address(), path, token);
            for sample in 0..WARMING + IN_ROUND {
                let began = std::time::Instant::now();
                let status = connection.call(&request).await;
                assert_eq!(status, 200, "{path}");
                if sample >= WARMING {
                    times.push(began.elapsed());
                }
            }
        }
        tokio::time::sleep(Duration::from_mins(1) / ROUNDS).await;
    }
    for times in &mut times {
        times.sort_unstable();
    }
    times
}

fn disk(bench: &mut Bench) {
    const AT_ONCE: u64 = 1000;
    let events = bench.size(100_000);
    let house = House::new("");
    let (daemon, token) = house.start_calm(Some(&bench.fast()));
    bench.sink.reset();
    // In portions, each of them delivered before the next: a backlog would leave its own pages.
    for portion in 1..=events / AT_ONCE {
        load(&house, &token, 4, Until::Done(AT_ONCE));
        block_on(bench.sink.wait_for(portion * AT_ONCE));
    }
    // The last results are committed after their arrival.
    thread::sleep(Duration::from_millis(500));
    daemon.stop();
    let bytes = fs::metadata(house.database()).unwrap().len();
    let row = Row::new(DISK, bytes as f64 / events as f64, " B", AtMost(1600.0))
        .with(json!({"events": events, "bytes": bytes}));
    bench.rows.push(row);
}

fn slow_receiver(bench: &mut Bench) {
    let route = format!(
        "[[route]]\nevents = [\"slow.*\"]\nurl = \"{}\"\n",
        bench.sink.url("/slow")
    );
    let house = House::new(&route);
    let (daemon, token) = house.start_calm(Some(&bench.fast()));
    let usual = block_on(arrivals(&bench.sink, &house, &token, 300));
    bench.sink.reset();
    let slow = posts(&house, &token, "slow.updated", PERSONS);
    let events = Until::Done(bench.size(2_000));
    block_on(async {
        driver::load(&house.address(), &slow, 8, events).await;
        while bench.sink.elsewhere() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    let meanwhile = block_on(arrivals(&bench.sink, &house, &token, 300));
    let stalled = bench.sink.elsewhere();
    // The attempts that are under way would hold up a stop in order.
    daemon.kill();
    let [usual, meanwhile] = [usual, meanwhile].map(|times| percentile(&times, 0.5));
    let row = Row::new(SLOW, meanwhile / usual, "×", AtMost(2.0)).with(json!({
        "idleP50Ms": usual,
        "meanwhileP50Ms": meanwhile,
        "attemptsOfTheSlowRoute": stalled,
    }));
    bench.rows.push(row);
}

fn retries(bench: &mut Bench) {
    let mut measured = Vec::new();
    for due in [0, bench.size(1_000_000)] {
        let house = House::new("");
        if due > 0 {
            house.start_calm(None).0.stop();
            seed::retries(&house.database(), due.cast_signed());
        }
        // The URL comes by a reload, so that the copy of the start is no part of this.
        let (daemon, token) = house.start_calm(None);
        bench.sink.reset();
        house.reload(&daemon, &bench.fast());
        if due > 0 {
            block_on(bench.sink.wait_for(1));
        } else {
            thread::sleep(Duration::from_millis(500));
        }
        let load = load(&house, &token, 1, Until::Passed(bench.seconds(10)));
        let arrived = bench.sink.count();
        measured.push((
            daemon.peak(),
            percentile(&load.times, 0.99),
            percentile(&load.times, 0.5),
            arrived,
        ));
        daemon.kill();
    }
    let [(_, usual, usual_p50, _), (peak, p99, p50, arrived)] = measured[..] else {
        unreachable!()
    };
    bench
        .rows
        .push(Row::new(RETRIES_MEMORY, peak, " MiB", AtMost(64.0)));
    let row = Row::new(RETRIES_ACCEPT, p99 / usual, "×", AtMost(3.0)).with(json!({
        "usualP50Ms": usual_p50,
        "usualP99Ms": usual,
        "p50Ms": p50,
        "p99Ms": p99,
        "arrivedMeanwhile": arrived,
    }));
    bench.rows.push(row);
}

/// A steady stream while what is old is purged, with the backup interval as it is shipped.
fn purging(bench: &mut Bench) {
    let mut house = House::new("");
    house.start_calm(None).0.stop();
    let old = bench.size(1_000_000).cast_signed();
    seed::deliveries(&house.database(), 1, old, Age::Year);
    let mut measured = Vec::new();
    for days in [3650, 1] {
        house.stores(&format!("retention_days = {days}\n"));
        let (daemon, token) = house.start_calm(None);
        let load = load(&house, &token, 1, Until::Passed(bench.seconds(20)));
        measured.push((
            percentile(&load.times, 0.99),
            percentile(&load.times, 0.5),
            house.backup_age(),
        ));
        daemon.stop();
    }
    let [(usual, usual_p50, _), (p99, p50, backup_age)] = measured[..] else {
        unreachable!()
    };
    let row = Row::new(PURGING, p99 / usual, "×", AtMost(2.0)).with(json!({
        "usualP50Ms": usual_p50,
        "usualP99Ms": usual,
        "p50Ms": p50,
        "p99Ms": p99,
        "backupAgeSeconds": backup_age.as_secs_f64(),
    }));
    bench.rows.push(row);
}

/// The way back after an outage: everything that was exhausted is sent again.
fn incident(bench: &mut Bench) {
    let mut resent = Vec::new();
    let (mut usual, mut draining) = (Vec::new(), Vec::new());
    for exhausted in [bench.size(10_000), bench.size(100_000)] {
        let house = House::new("");
        house.start_calm(None).0.stop();
        seed::exhausted(&house.database(), exhausted.cast_signed());
        let (daemon, token) = house.start_calm(None);
        usual = load(&house, &token, 1, Until::Passed(bench.seconds(5))).times;
        let all = r#"{"status":"exhausted"}"#;
        let request = wire::post(&house.address(), "/api/events/resend", &token, all);
        let began = std::time::Instant::now();
        let status = block_on(async {
            let mut connection = Connection::open(&house.address()).await;
            connection.call(&request).await
        });
        assert_eq!(status, 202, "the resend was refused");
        resent.push(began.elapsed());
        bench.sink.reset();
        house.reload(&daemon, &bench.fast());
        block_on(bench.sink.wait_for(1));
        draining = load(&house, &token, 1, Until::Passed(bench.seconds(5))).times;
        block_on(bench.sink.wait_for(exhausted));
        daemon.stop();
    }
    let [few, many] = resent[..] else {
        unreachable!()
    };
    let times = many.as_secs_f64() / few.as_secs_f64();
    let row = Row::new(RESEND, times, "×", AtMost(10.0)).with(json!({
        "fewSeconds": few.as_secs_f64(),
        "manySeconds": many.as_secs_f64(),
    }));
    bench.rows.push(row);
    let [usual_p99, p99] = [&usual, &draining].map(|times| percentile(times, 0.99));
    let row = Row::new(DRAINING, p99 / usual_p99, "×", AtMost(3.0)).with(json!({
        "usualP50Ms": percentile(&usual, 0.5),
        "usualP99Ms": usual_p99,
        "p50Ms": percentile(&draining, 0.5),
        "p99Ms": p99,
        "accepted": draining.len(),
    }));
    bench.rows.push(row);
}

fn binary(bench: &mut Bench) {
    let folder = daemon::directory();
    let copy = folder.path().join("voicedrive-relay");
    fs::copy(daemon::program(), &copy).unwrap();
    let stripped = Command::new("strip").arg(&copy).status();
    let stripped = stripped.is_ok_and(|status| status.success());
    let bytes = fs::metadata(&copy).unwrap().len();
    let row = Row::new(BINARY, bytes as f64 / 1024.0 / 1024.0, " MiB", AtMost(12.0))
        .with(json!({"bytes": bytes, "stripped": stripped}));
    bench.rows.push(row);
}
