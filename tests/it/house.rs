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

/// Says which files of a room know one of `rooms`, which are rooms of `http`.
fn who_know(room: &str, rooms: &[&str]) -> Vec<PathBuf> {
    let knows = |text: &str| {
        rooms.iter().any(|known| {
            let path = |before: &str| text.contains(&format!("{before}::{known}::"));
            path("crate::http") || path("super")
        })
    };
    let found = sources()
        .into_iter()
        .filter(|(path, text)| within(path, room) && knows(text));
    found.map(|(path, _)| path).collect()
}

#[test]
fn the_wings_of_http_know_each_other_in_one_direction() {
    let nobody = Vec::<PathBuf>::new();
    let wings = ["api", "control", "wing", "reply", "request"];
    assert_eq!(who_know("http/server", &wings), nobody);
    assert_eq!(who_know("http/api", &["control"]), nobody);
    // The search finds what it looks for.
    assert!(!who_know("http/control", &["api"]).is_empty());
}

/// An endpoint's path stands in its wing's table, and nowhere else does the program decide by it.
#[test]
fn the_paths_of_endpoints_stand_in_the_tables_only() {
    let tables = ["http/api/endpoints", "http/control"];
    let mut paths = 0;
    for (path, text) in sources() {
        if !within(&path, "http") || path.ends_with("tests.rs") {
            continue;
        }
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let named = texts(code).into_iter();
        let named = named.filter(|text| text.starts_with("/api/") || text.starts_with("/control/"));
        let named = named.count();
        paths += named;
        let is_table = tables
            .iter()
            .any(|table| path.ends_with(format!("{table}.rs")));
        assert!(named == 0 || is_table, "{}", path.display());
    }
    assert!(paths > 25, "{paths}");
}

#[test]
fn no_file_of_http_is_long() {
    for (path, text) in sources() {
        let lines = text.lines().count();
        if within(&path, "http") && !path.ends_with("tests.rs") {
            assert!(lines <= 400, "{}: {lines}", path.display());
        }
    }
}

fn is_japanese(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}')
}

/// What is made up, such as the people of the demo: no sentence, and sent as it stands in both languages.
const SAMPLES: [&str; 5] = [
    "cli/demo",
    "cli/import/template",
    "cli/receiver_test/examiner",
    "cli/receiver_test/sample",
    "http/api/openapi/samples",
];

#[test]
fn sentences_for_people_stand_in_their_room_only() {
    for (path, text) in sources() {
        let is_sample = SAMPLES.iter().any(|sample| within(&path, sample));
        if within(&path, "words") || is_sample || path.ends_with("tests.rs") {
            continue;
        }
        // Tests may say what they like, and so may comments and the names of files in examples.
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for line in code
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
        {
            let bare = line.replace("面談.csv", "").replace("職員ID", "");
            assert!(!bare.chars().any(is_japanese), "{}: {line}", path.display());
        }
    }
}

/// What stands between quotes, without what stands in comments.
fn texts(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    let lines = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let code = lines
        .collect::<Vec<_>>()
        .join("\n")
        .replace("\\\\", "")
        .replace("\\\"", "");
    for (number, text) in code.replace("'\"'", "").split('"').enumerate() {
        if number % 2 == 1 {
            found.push(text.to_owned());
        }
    }
    found
}

/// The words of others, which are English already, and what people write in Japanese.
const ONE_LANGUAGE: [&str; 6] = ["answers", "system", "toml", "json", "interviews", "folder"];

#[test]
fn every_sentence_of_the_room_has_both_languages() {
    let mut sentences = 0;
    for (path, text) in sources() {
        let name = path.file_stem().unwrap().to_str().unwrap();
        // The English of the usage stands with the arguments that it is about.
        let is_usage = within(&path, "words/usage");
        if !within(&path, "words") || is_usage || ONE_LANGUAGE.contains(&name) {
            continue;
        }
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let texts = texts(code);
        for (at, text) in texts.iter().enumerate() {
            if text.chars().any(is_japanese) {
                sentences += 1;
                let pair = texts.get(at + 1).map_or("", String::as_str);
                let is_english = !pair.is_empty() && !pair.chars().any(is_japanese);
                assert!(is_english, "{}: {text} / {pair}", path.display());
            }
        }
    }
    assert!(sentences > 300, "{sentences}");
}
