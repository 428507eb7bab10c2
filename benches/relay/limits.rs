//! What this machine can do at all: SQLite without a relay, and the sink without a relay.

use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::daemon;
use crate::driver::{self, Until};
use crate::sink::Sink;
use crate::wire;

/// The limits of one run.
pub struct Limits {
    /// Commits of a single row of 700 bytes a second, WAL and FULL.
    pub commits: f64,
    /// Rows a second in transactions of ten, and of a hundred.
    pub tens: f64,
    pub hundreds: f64,
    /// Requests that the sink answers a second, 64 connections.
    pub sink: f64,
}

impl Limits {
    pub async fn measure(sink: &Sink) -> Self {
        eprintln!("limits of this machine");
        let folder = daemon::directory();
        let connection = Connection::open(folder.path().join("limit.db")).unwrap();
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
                 CREATE TABLE rows (seq INTEGER PRIMARY KEY, data TEXT NOT NULL) STRICT;",
            )
            .unwrap();
        let commits = rows_per_second(&connection, 1, Duration::from_secs(2));
        let tens = rows_per_second(&connection, 10, Duration::from_secs(1));
        let hundreds = rows_per_second(&connection, 100, Duration::from_secs(1));
        let request = wire::post(&sink.address(), "/fast", "none", &wire::event("a", 1));
        let time = Until::Passed(Duration::from_secs(2));
        let alone = driver::load(&sink.address(), &[request], 64, time).await;
        Self {
            commits,
            tens,
            hundreds,
            sink: alone.per_second(),
        }
    }

    /// What one commit takes, in milliseconds.
    pub fn commit_ms(&self) -> f64 {
        1000.0 / self.commits
    }

    pub fn print(&self) {
        println!(
            "SQLite (WAL, FULL, 700-byte rows): {:.0} single-row commits/s, {:.0} rows/s in tens, \
             {:.0} rows/s in hundreds; the sink alone: {:.0} requests/s\n",
            self.commits, self.tens, self.hundreds, self.sink
        );
    }

    pub fn json(&self) -> Value {
        json!({
            "sqliteCommitsPerSecond": self.commits,
            "sqliteRowsPerSecondInTens": self.tens,
            "sqliteRowsPerSecondInHundreds": self.hundreds,
            "sinkRequestsPerSecond": self.sink,
        })
    }
}

fn rows_per_second(connection: &Connection, in_one: u32, time: Duration) -> f64 {
    let data = "x".repeat(700);
    let mut insert = connection
        .prepare("INSERT INTO rows (data) VALUES (?1)")
        .unwrap();
    let (began, mut rows) = (Instant::now(), 0);
    while began.elapsed() < time {
        // A single row is committed by itself, without the cost of two more statements.
        if in_one > 1 {
            connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        }
        for _ in 0..in_one {
            insert.execute([&data]).unwrap();
        }
        if in_one > 1 {
            connection.execute_batch("COMMIT").unwrap();
        }
        rows += in_one;
    }
    f64::from(rows) / began.elapsed().as_secs_f64()
}
