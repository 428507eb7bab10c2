//! What single steps take: signing, spelling JSON, counting. `cargo bench --bench micro`

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    // The clock that is read here only says which period the statistics are asked for.
    clippy::disallowed_methods,
    missing_docs
)]

#[path = "relay/seed.rs"]
#[allow(dead_code, reason = "retries are measured with the whole relay only")]
mod seed;

use std::path::Path;

use divan::{Bencher, black_box};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use voicedrive_relay::testing::clock::Clock;
use voicedrive_relay::testing::delivery::profile::{BUILT_IN, Profile};
use voicedrive_relay::testing::delivery::signature;
use voicedrive_relay::testing::interview_stats::InterviewRange;
use voicedrive_relay::testing::send_stats::SendFilter;
use voicedrive_relay::testing::stable_json;
use voicedrive_relay::testing::store::Store;
use voicedrive_relay::testing::store::file::live_file;
use voicedrive_relay::testing::timestamp::Timestamp;

fn main() {
    // `cargo test --all-targets` runs this too.
    if std::env::args().any(|argument| argument == "--bench") {
        divan::main();
    } else {
        println!("nothing is measured here: cargo bench --bench micro does that");
    }
}

fn payload(bytes: usize) -> String {
    let front = r#"{"staffId":"EMP-2025-001","fullName":"山田 太郎","hours":37.5,"pad":""#;
    format!("{front}{}\"}}", "x".repeat(bytes - front.len()))
}

/// Body and headers of one attempt, with 700 bytes of data.
#[divan::bench(args = BUILT_IN)]
fn sign(bencher: Bencher<'_, '_>, profile: &str) {
    let profile = Profile::built_in(profile).unwrap();
    let (data, at) = (payload(700), Timestamp::from_unix_ms(1_761_489_000_000));
    let secret: &[u8] = b"a-made-up-secret-of-more-than-32-characters";
    bencher.bench(|| {
        let body = profile.body("employee.updated", at, black_box(&data));
        let id = "0199f1d0-0000-7000-8000-000000000001";
        signature::headers(&profile, &[secret], id, at, &body)
    });
}

#[divan::bench(args = [100, 700, 10_000, 1_000_000])]
fn spell_json(bencher: Bencher<'_, '_>, bytes: usize) {
    let data = payload(bytes);
    bencher
        .counter(divan::counter::BytesCount::new(data.len()))
        .bench(|| stable_json::stabilize(black_box(&data)));
}

/// A database that is filled once, and asked from a runtime as the daemon does it.
struct Filled {
    _directory: TempDir,
    store: Store,
    runtime: Runtime,
}

fn filled(fill: impl FnOnce(&Path)) -> Filled {
    let directory = tempfile::tempdir().unwrap();
    let runtime = Runtime::new().unwrap();
    let now = Clock::System.moment();
    let open = || Store::open(directory.path(), now).unwrap();
    runtime.block_on(open().close(now));
    fill(&live_file(directory.path()));
    Filled {
        store: open(),
        runtime,
        _directory: directory,
    }
}

/// The sends of the last day, of so many deliveries.
#[divan::bench(args = [1_000, 100_000])]
fn count_sends(bencher: Bencher<'_, '_>, deliveries: i64) {
    let filled = filled(|database| seed::deliveries(database, 1, deliveries, seed::Age::Month));
    let now = Clock::System.now();
    let from = now.before(std::time::Duration::from_hours(24));
    bencher.bench_local(|| {
        let counted = filled.store.send_statistics(SendFilter::period(from, now));
        filled.runtime.block_on(counted).unwrap()
    });
}

/// The interviews from a month ago on, of so many over two years.
#[divan::bench(args = [1_000, 100_000])]
fn count_interviews(bencher: Bencher<'_, '_>, interviews: i64) {
    let filled = filled(|database| seed::interviews(database, interviews));
    let range = InterviewRange {
        from: Clock::System
            .now()
            .before(std::time::Duration::from_hours(30 * 24)),
        to: None,
        facility: None,
        department: None,
        interview_type: None,
    };
    bencher.bench_local(|| {
        let range = range.clone();
        let counted = filled.store.interview_statistics(range, 10);
        filled.runtime.block_on(counted).unwrap()
    });
}
