//! A copy that is broken off, by whatever, goes on and loses nothing.

use std::io;
use std::process::Stdio;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;

use crate::proxy::{Cut, Proxy};
use crate::relay::{EMPLOYEES, INTERVIEWS, Relay};
use crate::schema::{HAND_WRITTEN, PRISMA};
use crate::server::{Databases, socket};

/// A number that differs from run to run.
fn random(below: u64) -> u64 {
    let bytes = uuid::Uuid::new_v4().into_bytes();
    u64::from_be_bytes(bytes[..8].try_into().unwrap()) % below
}

#[tokio::test]
async fn a_copy_that_is_killed_twenty_times_comes_to_its_end() {
    let databases = Databases::make(HAND_WRITTEN, "utf8mb4_unicode_ci").await;
    databases.run(&[EMPLOYEES]).await;
    let relay = Relay::make(&databases).await;
    relay.deliveries(1, 20_000);
    relay.change(INTERVIEWS).await;
    let mut killed = 0;
    while killed < 20 {
        let mut copy = relay
            .command(&["copy"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        tokio::time::sleep(Duration::from_millis(50 + random(400))).await;
        let ended = copy.try_wait().unwrap();
        copy.kill()
            .or_else(|error| match error.kind() {
                io::ErrorKind::InvalidInput => Ok(()),
                _ => Err(error),
            })
            .unwrap();
        copy.wait().unwrap();
        killed += 1;
        if ended.is_some() {
            // It was quicker: there is something to do again.
            relay
                .change("UPDATE webhook_send_logs SET processing_time = processing_time + 1")
                .await;
        }
    }
    relay.good(&["copy"]);
    let verified = relay.good(&["verify"]);
    assert_eq!(verified["good"], json!(true));
    let logs: Vec<u64> = databases
        .ask("SELECT COUNT(*) FROM webhook_send_logs")
        .await;
    assert_eq!(logs, [20_000]);
    databases.drop().await;
}

#[tokio::test]
async fn of_two_copies_at_once_one_goes_on_and_nothing_is_doubled() {
    let databases = Databases::make(HAND_WRITTEN, "utf8mb4_unicode_ci").await;
    let (relay, other) = (Relay::make(&databases).await, Relay::make(&databases).await);
    relay.deliveries(1, 10_000);
    other.deliveries(1, 10_000);
    let mut under_way = Vec::new();
    for relay in [&relay, &relay, &other] {
        under_way.push(relay.command(&["copy"]).spawn().unwrap());
    }
    let mut good = 0;
    for copy in under_way {
        let ended = copy.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        let knows = ["another move-to-mysql copy has begun", "is under way"];
        let is_refused =
            ended.status.code() == Some(1) && knows.iter().any(|words| said.contains(words));
        assert!(ended.status.success() || is_refused, "{said}");
        good += usize::from(ended.status.success());
    }
    assert!(good < 3, "none was in the way of another");
    relay.good(&["copy"]);
    assert_eq!(relay.good(&["verify"])["good"], json!(true));
    databases.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_cut_in_a_commit_neither_loses_nor_doubles() {
    let Some(server) = socket() else {
        eprintln!("not tested: the server is not on this machine");
        return;
    };
    let databases = Databases::make(PRISMA, "utf8mb4_unicode_ci").await;
    databases.run(&[EMPLOYEES]).await;
    let place = tempfile::tempdir().unwrap();
    let proxy = Proxy::start(place.path(), server, Cut::Commits, 3);
    let way = format!("socket = \"{}\"", proxy.socket.display());
    let relay = Relay::by_way(&databases, &way).await;
    relay.deliveries(1, 20_000);
    relay.change(INTERVIEWS).await;
    let copied = {
        let mut copy = tokio::process::Command::from(relay.command(&["copy"]));
        copy.output().await.unwrap()
    };
    let said = String::from_utf8_lossy(&copied.stderr).into_owned();
    assert!(copied.status.success(), "{said}");
    let [before, after] = [0, 1].map(|at: usize| proxy.cut[at].load(Ordering::Relaxed));
    assert!(
        before >= 5 && after >= 5,
        "cut {before} times before, {after} times after"
    );
    databases.target(relay.directory(), &crate::server::way());
    assert_eq!(relay.good(&["verify"])["good"], json!(true));
    databases.drop().await;
}

/// The server goes away in the middle of whatever is asked, and comes back.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_cut_anywhere_is_made_again_and_the_copy_goes_on() {
    let Some(server) = socket() else {
        eprintln!("not tested: the server is not on this machine");
        return;
    };
    let databases = Databases::make(HAND_WRITTEN, "utf8mb4_unicode_ci").await;
    databases.run(&[EMPLOYEES]).await;
    let place = tempfile::tempdir().unwrap();
    let relay = Relay::make(&databases).await;
    relay.deliveries(1, 20_000);
    relay.change(INTERVIEWS).await;
    // Its tables are made and its chunks are known: now each of them is asked for, and half of them are written.
    relay.good(&["copy"]);
    relay
        .change("UPDATE webhook_send_logs SET processing_time = 7 WHERE id IN (SELECT id FROM events WHERE seq % 20 = 0)")
        .await;
    let proxy = Proxy::start(place.path(), server, Cut::Anything, 173);
    let way = format!("socket = \"{}\"", proxy.socket.display());
    databases.target(relay.directory(), &way);
    let copied = {
        let mut copy = tokio::process::Command::from(relay.command(&["copy"]));
        copy.output().await.unwrap()
    };
    let said = String::from_utf8_lossy(&copied.stderr).into_owned();
    assert!(copied.status.success(), "{said}");
    let cuts: u32 = proxy
        .cut
        .iter()
        .map(|cut| cut.load(Ordering::Relaxed))
        .sum();
    assert!(cuts >= 5, "cut {cuts} times");
    databases.target(relay.directory(), &crate::server::way());
    assert_eq!(relay.good(&["verify"])["good"], json!(true));
    databases.drop().await;
}
