//! The house rules that a compiler does not see.

use std::fs;
use std::path::{Path, PathBuf};

fn sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    assert!(found.len() > 30);
    found
}

fn within(path: &Path, room: &str) -> bool {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let relative = path.strip_prefix(src).unwrap().to_str().unwrap();
    relative == format!("{room}.rs") || relative.starts_with(&format!("{room}/"))
}

/// Says which files outside `room` contain one of `words`.
fn strangers(room: &str, words: &[&str]) -> Vec<PathBuf> {
    sources()
        .into_iter()
        .filter(|(path, text)| !within(path, room) && words.iter().any(|word| text.contains(word)))
        .map(|(path, _)| path)
        .collect()
}

#[test]
fn every_file_says_what_it_is_for() {
    for (path, text) in sources() {
        assert!(
            text.starts_with("//!"),
            "{} does not open with //!",
            path.display()
        );
    }
}

#[test]
fn sql_and_its_connections_stand_in_the_store_only() {
    let words = [
        "SELECT ",
        "INSERT INTO",
        "UPDATE webhook",
        "DELETE FROM",
        "rusqlite",
        "&Connection",
        "|connection",
    ];
    assert_eq!(strangers("store", &words), Vec::<PathBuf>::new());
}

/// Beyond the compiler, which lets nobody outside use what is `pub(super)`: no verb takes a closure, so nobody
/// can compose a transaction outside.
#[test]
fn the_stores_verbs_take_nouns_and_no_closures_over_a_connection() {
    for (path, text) in sources() {
        if !within(&path, "store") {
            continue;
        }
        let public = text.split("\n    pub ").skip(1);
        for verb in public.filter_map(|rest| rest.split(['{', ';']).next()) {
            assert!(!verb.contains("Connection"), "{}: {verb}", path.display());
        }
        let public = text.split("\npub ").skip(1);
        for item in public.filter_map(|rest| rest.split(['{', ';']).next()) {
            assert!(!item.contains("Connection"), "{}: {item}", path.display());
        }
    }
}

#[test]
fn the_time_of_day_is_read_in_the_clock_only() {
    let words = ["Utc::now", "Local::now", "SystemTime::now", "Instant::now"];
    assert_eq!(strangers("clock", &words), Vec::<PathBuf>::new());
}

#[test]
fn the_environment_is_read_in_the_configuration_only() {
    assert_eq!(strangers("config", &["env::var"]), Vec::<PathBuf>::new());
}

#[test]
fn what_comes_in_and_what_goes_out_do_not_know_each_other() {
    for (path, text) in sources() {
        // What was accepted is handed over: that is all that passes between the two.
        let others = text.replace("crate::delivery::handoff::Handoff", "");
        assert!(
            !(within(&path, "http") && others.contains("crate::delivery")),
            "{}",
            path.display()
        );
        assert!(
            !(within(&path, "delivery") && text.contains("crate::http")),
            "{}",
            path.display()
        );
        assert!(
            !(within(&path, "store")
                && (text.contains("crate::http") || text.contains("crate::delivery"))),
            "{}",
            path.display()
        );
    }
}
