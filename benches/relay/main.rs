//! Measures the limits of this machine and then everything that the project has promised to reach,
//! with a load over real sockets against a relay in a process of its own.
//!
//!     tests/bench/run                          everything, about a quarter of an hour
//!     tests/bench/run --quick                  a tenth of the sizes
//!     tests/bench/run --only statistics        the rows whose name has this word
//!
//! The numbers go to `target/bench.json` too. The exit code is 1 when a goal was not reached.
//!
//! Rooms, in reading order: [`wire`], [`driver`] and [`sink`] are the two ends of the load,
//! [`daemon`] is what stands between them, [`seed`] fills its database; [`limits`], [`rows`] and [`beside`] are
//! what is measured, [`table`] is how it is told.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    // The clock that is read here is what is measured.
    clippy::disallowed_methods,
    missing_docs
)]

mod beside;
mod daemon;
mod driver;
mod limits;
mod rows;
mod seed;
mod sink;
mod table;
mod wire;

use std::path::Path;
use std::process::ExitCode;

use serde_json::json;

use limits::Limits;
use rows::Bench;
use sink::Sink;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |word: &str| arguments.iter().any(|argument| argument == word);
    // `cargo test --all-targets` runs this too; the load has no place among tests.
    if !has("--bench") {
        println!("nothing is measured here: tests/bench/run does that");
        return ExitCode::SUCCESS;
    }
    let only = arguments.iter().position(|argument| argument == "--only");
    let only = only.map(|at| arguments.get(at + 1).expect("--only WORD").clone());
    assert!(
        daemon::program().exists(),
        "{}: build it first; tests/bench/run does",
        daemon::program().display()
    );
    let quick = has("--quick");
    let sink = Sink::start();
    let limits = rows::block_on(Limits::measure(&sink));
    let mut bench = Bench {
        sink,
        limits,
        divisor: if quick { 10 } else { 1 },
        only,
        rows: Vec::new(),
        peak: 0.0,
    };
    bench.run();
    tell(&bench, quick)
}

fn tell(bench: &Bench, quick: bool) -> ExitCode {
    println!();
    bench.limits.print();
    if quick {
        println!("a quick run: sizes are a tenth of what the names say\n");
    }
    println!("{}", table::heading());
    for row in &bench.rows {
        println!("{}", row.line());
    }
    let rows: Vec<_> = bench.rows.iter().map(table::Row::json).collect();
    let all = json!({"quick": quick, "limits": bench.limits.json(), "rows": rows});
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench.json");
    std::fs::write(&file, format!("{all:#}\n")).unwrap();
    println!("\nwritten to {}", file.display());
    let under = bench.rows.iter().filter(|row| !row.reached()).count();
    if bench.rows.is_empty() {
        println!("no row has that word in its name");
        return ExitCode::FAILURE;
    }
    if under > 0 {
        println!("{under} of {} rows are under their goal", bench.rows.len());
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
