//! A million deliveries and a hundred thousand interviews, measured: `tests/mysql/run --big`.

use std::process::Command;
use std::time::Instant;

use serde_json::json;

use crate::relay::{Relay, seeded};
use crate::schema::HAND_WRITTEN;
use crate::seed;
use crate::server::Databases;

/// What the command may have in memory at most, in KiB.
const MEMORY_KIB: u64 = 64 * 1024;

/// Runs a command and answers how long it took, in seconds, and what it had in memory at most, in KiB.
fn measured(relay: &Relay, arguments: &[&str]) -> (f64, u64) {
    let inner = relay.command(arguments);
    let begun = Instant::now();
    let mut command = Command::new("/usr/bin/python3");
    let script = "import resource, subprocess, sys\n\
        code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)\n\
        print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n\
        sys.exit(code)";
    command
        .args(["-c", script])
        .arg(inner.get_program())
        .args(inner.get_args());
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let memory = String::from_utf8(output.stdout)
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    (begun.elapsed().as_secs_f64(), memory)
}

/// How many deliveries: the script may ask for fewer.
#[allow(clippy::disallowed_methods, reason = "the script says how many")]
fn deliveries() -> i64 {
    let asked = std::env::var("MYSQL_TEST_DELIVERIES").ok();
    asked.map_or(1_000_000, |asked| asked.parse().unwrap())
}

#[tokio::test]
#[ignore = "takes minutes"]
async fn a_million_deliveries_in_minutes_at_bounded_memory() {
    let databases = Databases::make(HAND_WRITTEN, "utf8mb4_unicode_ci").await;
    let employees = (0..1000).map(|n| format!("('id-of-{n}', 'EMP-{n}')"));
    let employees = employees.collect::<Vec<_>>().join(",");
    databases
        .run(&[&format!(
            "INSERT INTO employees (id, employeeCode) VALUES {employees}"
        )])
        .await;
    let relay = Relay::make(&databases).await;
    let deliveries = deliveries();
    relay.deliveries(1, deliveries);
    seeded(|| seed::interviews(&relay.database(), deliveries / 10));
    for (arguments, what) in [
        (&["plan"][..], "plan"),
        (&["copy"], "the first copy"),
        (&["copy"], "the next copy"),
        (&["verify"], "verify"),
    ] {
        let (seconds, memory) = measured(&relay, arguments);
        println!("{what}: {seconds:.1} s, {} MiB", memory / 1024);
        assert!(memory < MEMORY_KIB, "{what} had {memory} KiB in memory");
    }
    assert_eq!(relay.good(&["verify"])["good"], json!(true));
    databases.drop().await;
}
