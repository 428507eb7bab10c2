//! The house rules that a compiler does not see.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::imports::{Uses, circle, is_within, users_of, uses};

pub fn sources() -> Vec<(PathBuf, String)> {
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

pub fn within(path: &Path, room: &str) -> bool {
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

/// What nobody uses is found by the compiler only where nobody outside could use it.
#[test]
fn the_library_shows_its_start_and_what_tests_need_and_nothing_else() {
    let modules = modules();
    let lines = modules[""].lines();
    let public: Vec<&str> = lines.filter(|line| line.starts_with("pub ")).collect();
    assert_eq!(public, ["pub use cli::main;", "pub mod testing;"]);
}

/// `fuzz/` builds it without the rest of the relay.
#[test]
fn the_spelling_of_json_needs_nothing_else() {
    assert_eq!(uses(&modules())["stable_json"], BTreeSet::new());

    // A crate that is missing there would be noticed only where the fuzzer is built.
    let code = modules().remove("stable_json").unwrap();
    let ours = crates(include_str!("../../Cargo.toml"));
    let there = crates(include_str!("../../fuzz/Cargo.toml"));
    let words: BTreeSet<&str> = code
        .split(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | ':'))
        .filter_map(|word| word.split_once("::"))
        .map(|(word, _)| word)
        .collect();
    let used = ours
        .iter()
        .filter(|name| words.contains(name.replace('-', "_").as_str()));
    let used: BTreeSet<String> = used.cloned().collect();
    assert!(
        used.contains("memchr") && used.is_subset(&there),
        "{used:?} are used, {there:?} are built"
    );
}

/// The crates under `[dependencies]`.
fn crates(manifest: &str) -> BTreeSet<String> {
    let lines = manifest
        .lines()
        .skip_while(|line| *line != "[dependencies]")
        .skip(1);
    let lines = lines.take_while(|line| !line.starts_with('['));
    lines
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, _)| name.to_owned())
        .collect()
}

#[test]
fn sql_and_its_connections_stand_in_the_store_only() {
    let words = ["SELECT ", "INSERT INTO", "UPDATE webhook", "DELETE FROM"];
    let mut strangers = strangers("store", &words);
    // That of another server has a place of its own, like the store.
    strangers.retain(|path| !within(path, "shared_database"));
    assert_eq!(strangers, Vec::<PathBuf>::new());
    for (library, room) in [
        ("rusqlite", "store"),
        ("refinery", "store"),
        ("mysql_async", "shared_database"),
    ] {
        let users = users_of(library, &modules());
        let stranger = users.iter().find(|user| !is_within(user, room));
        assert_eq!(stranger, None, "uses {library}");
        assert!(!users.is_empty());
    }
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

/// The files as modules, with their texts; the root is the empty name.
fn modules() -> BTreeMap<String, String> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let module = |path: &Path| {
        let relative = path.strip_prefix(&src).unwrap().with_extension("");
        relative.to_str().unwrap().replace('/', "::")
    };
    let modules = sources().into_iter().map(|(path, text)| {
        let module = module(&path);
        (
            if module == "lib" {
                String::new()
            } else {
                module
            },
            text,
        )
    });
    // What tests need of each room is no part of any.
    let of_tests = ["main", "testing"];
    let modules = modules.filter(|(module, _)| !of_tests.contains(&module.as_str()));
    modules.collect()
}

/// Who uses whom among the files and folders that stand next to each other, by the folder in which they stand; the root
/// of the crate is the empty name. A file is one with the folder of its name: what uses something in the folder uses it,
/// and what it and its folder use of each other counts nowhere.
fn neighbours(uses: &Uses) -> BTreeMap<String, Uses> {
    let mut folders: BTreeMap<String, Uses> = BTreeMap::new();
    for (module, used) in uses.iter().filter(|(module, _)| !module.is_empty()) {
        let from: Vec<&str> = module.split("::").collect();
        for used in used.iter().filter(|used| !used.is_empty()) {
            let to: Vec<&str> = used.split("::").collect();
            let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
            if shared < from.len().min(to.len()) {
                let folder = folders.entry(from[..shared].join("::")).or_default();
                let of_neighbour = folder.entry(from[..=shared].join("::")).or_default();
                of_neighbour.insert(to[..=shared].join("::"));
            }
        }
    }
    folders
}

fn any_circle(modules: &BTreeMap<String, String>) -> Option<String> {
    neighbours(&uses(modules)).values().find_map(circle)
}

#[test]
fn no_neighbours_use_each_other_in_a_circle() {
    assert_eq!(any_circle(&modules()), None);
}

#[test]
fn an_import_that_makes_a_circle_is_seen() {
    let mut modules = modules();
    for (module, import, whole) in [
        ("timestamp", "use crate::{day::{self}};", "timestamp"),
        ("store::outbox", "use super::super::words::size;", "words"),
        // By way of what is in the folder of the other.
        (
            "store::connection",
            "use super::file::OpenError;",
            "store::file",
        ),
        (
            "http::api::openapi::operation",
            "use super::super::endpoints;",
            "http::api::endpoints",
        ),
    ] {
        let before = modules[module].clone();
        let text = format!("{before}\n{import}\n");
        modules.insert(module.to_owned(), text);
        let found = any_circle(&modules).unwrap();
        assert!(found.contains(whole), "{found}");
        modules.insert(module.to_owned(), before);
    }
}

/// What things are, and what is decided about them: they use each other, and no file or network. Of the clock they use
/// the moment that somebody has taken from it.
const NOUNS: &[&str] = &[
    "attempt",
    "audit",
    "cause",
    "chunk",
    "clock",
    "command_line",
    "confirmed_range",
    "content",
    "crypto",
    "day",
    "dismissal",
    "due",
    "event",
    "event_record",
    "export",
    "hold",
    "incident",
    "ingest",
    "interview",
    "interview_stats",
    "known_events",
    "kpi",
    "language",
    "liveness",
    "notification",
    "meters",
    "order",
    "overview",
    "period",
    "person",
    "purge",
    "reconciliation",
    "recovery",
    "repeat",
    "resend",
    "retry",
    "route",
    "secret",
    "send_breakdown",
    "send_stats",
    "session",
    "slot",
    "spelling",
    "stable_json",
    "submission",
    "timestamp",
    "token",
    "trouble",
    "wrong_value",
    "zone",
];

#[test]
fn what_things_are_knows_nothing_of_what_is_done_with_them() {
    let modules = modules();
    let rooms = neighbours(&uses(&modules)).remove("").unwrap();
    for noun in NOUNS {
        assert!(modules.contains_key(*noun), "{noun}");
        let mut used = rooms.get(*noun).into_iter().flatten();
        let other = used.find(|used| !NOUNS.contains(&used.as_str()));
        assert_eq!(other, None, "{noun} uses it");
    }
}

/// What was accepted is handed over: that is all that passes directly between the two.
#[test]
fn what_comes_in_and_what_goes_out_do_not_use_each_other_directly() {
    for (module, used) in uses(&modules()) {
        let mut used = used.iter();
        let stranger = used.find(|used| {
            let of_delivery = is_within(used, "delivery") && *used != "delivery::handoff";
            (is_within(&module, "http") && of_delivery)
                || (is_within(&module, "delivery") && is_within(used, "http"))
        });
        assert_eq!(stranger, None, "{module} uses it");
    }
}

/// The rooms where something is done, and the only ones that use them.
const USED_BY: &[(&str, &[&str])] = &[
    ("cli", &[]),
    ("systemd", &["cli"]),
    ("relay", &["cli", "systemd"]),
    ("http", &["cli", "relay"]),
    ("http::control", &[]),
    (
        "http::api",
        &[
            "http::control",
            "http::interview_file",
            "http::metrics",
            "http::monitor",
            "relay",
        ],
    ),
    ("http::interview_file", &["http::control", "http::monitor"]),
    ("http::metrics", &[]),
    ("http::monitor", &["http::no_room"]),
    ("alerts", &["cli", "http::control", "relay"]),
    ("upkeep", &["alerts", "http", "relay"]),
    (
        "words",
        &["alerts", "cli", "http::control", "http::monitor"],
    ),
    ("move_to_mysql", &["cli", "words"]),
    ("shared_database", &["cli", "move_to_mysql", "words"]),
    ("import", &["cli", "http::monitor", "words"]),
    ("examination", &["cli", "words"]),
    ("channel", &["alerts", "cli", "http::control", "words"]),
    ("receiver", &["cli", "words"]),
    (
        "store",
        &[
            "alerts",
            "cli",
            "delivery",
            "http",
            "move_to_mysql",
            "relay",
            "upkeep",
            "words",
        ],
    ),
    (
        "delivery",
        &[
            "alerts",
            "channel",
            "cli",
            "config",
            "examination",
            "http",
            "receiver",
            "relay",
            "words",
        ],
    ),
    (
        "delivery::handoff",
        &[
            "delivery::dispatcher",
            "delivery::recovery",
            "http",
            "relay",
        ],
    ),
    (
        "config",
        &[
            "alerts",
            "cli",
            "http",
            "logging",
            "relay",
            "reload",
            "shared_database",
            "words",
            "systemd",
        ],
    ),
    ("reload", &["cli", "http", "relay", "systemd"]),
    ("observations", &["alerts", "delivery", "http", "relay"]),
    ("under_way", &["delivery", "http", "relay"]),
    ("logging", &["cli"]),
    ("log_limit", &["http", "observations"]),
    (
        "key_pair",
        &[
            "alerts", "cli", "config", "http", "relay", "upkeep", "words",
        ],
    ),
    (
        "plain_file",
        &[
            "cli",
            "config",
            "key_pair",
            "store",
            "system_error",
            "upkeep",
        ],
    ),
    ("priority", &["cli", "store"]),
    (
        "system_error",
        &["channel", "config", "delivery", "key_pair", "words"],
    ),
    ("system_user", &["cli", "config", "http", "key_pair"]),
];

#[test]
fn who_uses_a_room_is_agreed() {
    let uses = uses(&modules());
    for (known, by) in USED_BY {
        let mut found = BTreeSet::new();
        for (module, used) in uses.iter().filter(|(module, _)| !module.is_empty()) {
            let is_stranger = !is_within(module, known) && !is_within(known, module);
            let uses_it = used.iter().any(|used| is_within(used, known));
            if is_stranger && uses_it {
                let agreed = by.iter().find(|room| is_within(module, room));
                found.insert(*agreed.unwrap_or_else(|| panic!("{module} uses {known}")));
            }
        }
        assert_eq!(found, by.iter().copied().collect(), "who uses {known}");
    }
}

#[test]
fn every_room_is_a_thing_or_has_its_agreed_users() {
    for module in modules().keys().filter(|module| !module.is_empty()) {
        let room = module.split("::").next().unwrap_or(module);
        let is_agreed = USED_BY.iter().any(|(known, _)| *known == room);
        assert!(
            is_agreed != NOUNS.contains(&room),
            "{room} is in one of NOUNS and USED_BY"
        );
    }
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

pub fn is_japanese(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}')
}

/// What the page's policy would stop, and what escapes nothing, stands in no template (contract, section 12.3).
#[test]
fn the_templates_have_no_script_no_style_and_no_address_of_others() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http/monitor/templates");
    let mut templates = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        templates += 1;
        assert!(!text.chars().any(is_japanese), "{}", path.display());
        for forbidden in [
            "|safe",
            "| safe",
            "style=",
            "<style",
            "<script>",
            "http://",
            "https://",
            "javascript:",
            "escape \"none\"",
        ] {
            assert!(!text.contains(forbidden), "{}: {forbidden}", path.display());
        }
        let handler = text.split(" on").skip(1).any(|rest| {
            let name: String = rest.chars().take_while(char::is_ascii_alphabetic).collect();
            !name.is_empty() && rest[name.len()..].starts_with('=')
        });
        assert!(!handler, "{}", path.display());
    }
    assert!(templates > 3, "{templates}");
}

/// What is made up, such as the people of the demo: no sentence, and sent as it stands in both languages.
const SAMPLES: [&str; 5] = [
    "cli/demo",
    "import/template",
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
pub fn texts(code: &str) -> Vec<String> {
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
const ONE_LANGUAGE: [&str; 6] = [
    "answers",
    "system",
    "toml",
    "json",
    "interviews",
    "failure_words",
];

#[test]
fn every_sentence_of_the_room_has_both_languages() {
    let mut sentences = 0;
    for (path, text) in sources() {
        let name = path.file_stem().unwrap().to_str().unwrap();
        // The English of the usage stands with the arguments that it is about.
        let is_usage = within(&path, "words/usage");
        let is_test = name == "tests";
        if !within(&path, "words") || is_usage || is_test || ONE_LANGUAGE.contains(&name) {
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
