//! The system lets the relay open no more files: that is told as what it is, nothing counts as damaged, and it goes on by
//! itself.

use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::commands::Daemon;
use crate::losing::{PATIENCE, hand_in, health_until};

/// Sets how many files the daemon may have open.
fn limit(daemon: &Daemon, files: usize) {
    let process = daemon.child.id().unwrap().to_string();
    let limited = Command::new("prlimit")
        .args(["--pid", &process, &format!("--nofile={files}:")])
        .output()
        .unwrap();
    assert!(limited.status.success(), "{limited:?}");
}

fn open_files(daemon: &Daemon) -> usize {
    let process = daemon.child.id().unwrap();
    std::fs::read_dir(format!("/proc/{process}/fd"))
        .unwrap()
        .count()
}

#[tokio::test]
async fn without_file_handles_nothing_is_called_damaged_and_it_goes_on_by_itself() {
    let directory = TempDir::new().unwrap();
    let mut daemon = Daemon::start(directory.path(), "", "").await;
    assert_eq!(hand_in(&daemon.url).await.0, 202);
    let address = daemon.url["http://".len()..].to_owned();
    limit(&daemon, open_files(&daemon));
    let mut waiting = Vec::new();
    for _ in 0..8 {
        waiting.push(TcpStream::connect(&address).await.unwrap());
    }
    let mut lines = Vec::new();
    let reading = async {
        loop {
            let line = daemon.log.next_line().await.unwrap();
            let is_told = line.contains("could not be accepted");
            lines.push(line);
            if is_told {
                break;
            }
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.unwrap();
    let told = lines.last().unwrap();
    assert!(told.contains("LimitNOFILE="), "{told}");
    // Once, though it is tried ten times a second. Others may tell that they lack file handles meanwhile.
    let again = async {
        loop {
            let line = daemon.log.next_line().await.unwrap();
            if line.contains("could not be accepted") {
                return;
            }
        }
    };
    let again = tokio::time::timeout(Duration::from_secs(1), again).await;
    assert!(again.is_err(), "told twice");
    drop(waiting);
    limit(&daemon, 1024);
    assert_eq!(hand_in(&daemon.url).await.0, 202);
    health_until(&daemon.url, |status, _| status == 200).await;
    assert!(!directory.path().join("live/damaged").exists());
    daemon.kill().await;
}
