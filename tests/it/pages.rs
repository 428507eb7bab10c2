//! The pages for people: each link leads somewhere, and both languages say the same commands.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Those for an admin, which `tests/packaging/documented` types.
const FOR_ADMINS: [&str; 7] = [
    "install",
    "daily",
    "outage",
    "backup",
    "rotation",
    "personal-data",
    "tls",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap()
}

/// Every page in docs/, by its path from the root.
fn pages() -> BTreeSet<String> {
    let entries = fs::read_dir(root().join("docs")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let pages = names.filter(|name| name.strip_suffix(".md").is_some());
    pages.map(|name| format!("docs/{name}")).collect()
}

/// The anchor of each heading, as GitHub makes it.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter_map(|line| {
        let heading = line.trim_start_matches('#').strip_prefix(' ')?;
        (line.starts_with('#')).then_some(heading)
    });
    headings
        .map(|heading| {
            let kept = heading.to_lowercase().replace(' ', "-");
            kept.chars()
                .filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
                .collect()
        })
        .collect()
}

#[test]
fn every_link_of_the_documents_leads_to_a_file_and_to_a_heading_of_it() {
    for document in pages().into_iter().chain(["README.md".to_owned()]) {
        let text = read(&document);
        let targets = text.split("](").skip(1);
        for target in targets.filter_map(|rest| rest.split(')').next()) {
            if target.contains("://") {
                continue;
            }
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let from = root().join(&document);
            let file = match file {
                "" => from.clone(),
                file => from.parent().unwrap().join(file),
            };
            assert!(file.exists(), "{document}: {target}");
            let leads = heading.is_empty()
                || anchors(&fs::read_to_string(&file).unwrap()).contains(heading);
            assert!(leads, "{document}: {target}");
        }
    }
}

/// The fenced blocks of a page: their kind, and their lines.
fn blocks(text: &str) -> Vec<(&str, Vec<&str>)> {
    let mut blocks: Vec<(&str, Vec<&str>)> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if let Some(kind) = line.strip_prefix("```") {
            inside = !inside;
            if inside {
                blocks.push((kind, Vec::new()));
            }
        } else if inside {
            blocks.last_mut().unwrap().1.push(line);
        }
    }
    assert!(!inside, "a block does not end");
    blocks
}

/// What is typed of a block of commands. The reason of a hold is in the language of the page.
fn typed(text: &str) -> Vec<(&str, Vec<&str>)> {
    let mut typed = blocks(text);
    for line in typed.iter_mut().flat_map(|(_, lines)| lines) {
        if line.contains(" hold --until ") {
            *line = line.split(" \"").next().unwrap();
        }
    }
    typed
}

/// What an example says, without its comments.
fn examples(text: &str) -> Vec<(&str, Vec<&str>)> {
    let examples = blocks(text).into_iter().map(|(kind, lines)| {
        let lines = lines.into_iter().filter(|line| !line.starts_with('#'));
        let bare = lines.map(|line| line.split("  #").next().unwrap().trim_end());
        (kind, bare.collect())
    });
    examples.collect()
}

#[test]
fn a_page_has_the_same_commands_in_both_languages() {
    for page in FOR_ADMINS {
        let [en, ja] = ["", ".ja"].map(|language| read(&format!("docs/{page}{language}.md")));
        let of_en = typed(&en);
        assert!(of_en.iter().any(|(kind, _)| *kind == "sh"), "{page}");
        assert_eq!(of_en, typed(&ja), "{page}");
        let headings = |text: &str| text.lines().filter(|l| l.starts_with('#')).count();
        assert_eq!(headings(&en), headings(&ja), "{page}");
        for (kind, lines) in of_en {
            // What is not fenced with one of these would be typed by nobody who tests the page.
            assert!(
                matches!(kind, "sh" | "ini" | "toml"),
                "{page}: {kind} {lines:?}"
            );
        }
        for text in [&en, &ja] {
            let indented = text.lines().find(|line| line.starts_with("    "));
            assert_eq!(indented, None, "{page}: a command that no test types");
        }
    }
}

/// Whoever doubts the statistics asks the server with what the program itself asks.
#[test]
fn the_page_about_mysql_gives_the_statements_of_the_program() {
    for page in ["docs/mysql.md", "docs/mysql.ja.md"] {
        let text = read(page);
        for statement in [
            "sends",
            "queue",
            "interviews",
            "rescheduled",
            "interview_lists",
            "kept_deliveries",
            "kept_interviews",
        ] {
            let asked = read(&format!("src/shared_database/statistics/{statement}.sql"));
            assert!(text.contains(asked.trim()), "{page}: {statement}");
        }
    }
    let [en, ja] = ["docs/mysql.md", "docs/mysql.ja.md"].map(read);
    assert_eq!(examples(&en), examples(&ja));
}

#[test]
fn what_a_page_says_to_write_follows_the_editor_that_was_opened() {
    for page in FOR_ADMINS {
        let text = read(&format!("docs/{page}.md"));
        let mut opened = false;
        for (kind, lines) in blocks(&text) {
            if kind == "sh" {
                let editors = lines.iter().filter(|line| line.contains("nano ")).count();
                assert!(!opened, "{page}: nothing is written before {lines:?}");
                opened = lines.last().unwrap().contains("nano ");
                assert_eq!(editors, usize::from(opened), "{page}: {lines:?}");
            } else {
                assert!(opened, "{page}: {lines:?}");
                opened = false;
            }
        }
        assert!(!opened, "{page}");
    }
}

#[test]
fn every_page_for_an_admin_is_tested() {
    let script = read("tests/packaging/documented");
    let tested = script.lines().find_map(|line| {
        let (_, pages) = line.split_once("|| set -- ")?;
        Some(pages.split(' ').collect::<Vec<_>>())
    });
    assert_eq!(tested.unwrap(), FOR_ADMINS);
}

#[test]
fn every_page_is_in_the_list_of_pages_and_in_the_package() {
    let manifest = read("Cargo.toml");
    let packaged = "[\"docs/*.md\", \"usr/share/doc/voicedrive-relay/docs/\", \"644\"]";
    assert!(manifest.contains(packaged));
    let list = read("docs/README.md");
    for page in pages() {
        let (_, name) = page.split_once('/').unwrap();
        let listed = list.contains(&format!("]({name})")) || name == "README.md";
        assert!(listed, "{page} is not in docs/README.md");
    }
    assert!(read("README.md").contains("](docs/README.md)"));
}

/// A palette is enough for a picture of a page.
#[test]
fn pictures_are_small_shown_and_in_the_package() {
    let packaged =
        "[\"docs/pictures/*.png\", \"usr/share/doc/voicedrive-relay/docs/pictures/\", \"644\"]";
    assert!(read("Cargo.toml").contains(packaged));
    let shown: String = pages().iter().map(|page| read(page)).collect();
    let pictures = fs::read_dir(root().join("docs/pictures")).unwrap();
    let mut all = 0;
    for picture in pictures {
        let picture = picture.unwrap();
        let name = picture.file_name().into_string().unwrap();
        assert!(shown.contains(&format!("](pictures/{name})")), "{name}");
        assert!(picture.metadata().unwrap().len() < 60_000, "{name}");
        all += 1;
    }
    assert!((1..=8).contains(&all), "{all}");
}

/// Every key of the packaged configuration, dotted, with its value there: the default, or an example.
fn keys_of_the_configuration() -> Vec<(String, String)> {
    let text = read("packaging/config.toml");
    let mut section = String::new();
    let mut keys = Vec::new();
    for line in text.lines() {
        let line = line.strip_prefix('#').unwrap_or(line);
        if let Some(rest) = line.strip_prefix('[') {
            let name = rest.trim_start_matches('[').split(']').next().unwrap();
            section = format!("{name}.");
        }
        let Some((key, value)) = line.split_once(" = ") else {
            continue;
        };
        let is_key = key
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b == b'_' || b.is_ascii_digit());
        if is_key {
            let value = value.split("  ").next().unwrap();
            keys.push((format!("{section}{key}"), value.to_owned()));
        }
    }
    assert!(keys.len() > 50);
    keys
}

#[test]
fn every_key_of_the_configuration_is_explained_with_its_default_in_both_languages() {
    // What the packaged file shows of these is an example, because the default is to leave them out.
    let examples = [
        "delivery.max_per_second",
        "delivery.max_body_bytes",
        "delivery.counted_by_voicedrive",
        "server.tls.listen",
        "server.tls.certificate",
        "server.tls.key",
    ];
    let in_lists = ["alerts.channel.", "route.", "ingest.name."];
    for page in ["docs/configuration.md", "docs/configuration.ja.md"] {
        let text = read(page);
        for (key, value) in keys_of_the_configuration() {
            let row = text
                .lines()
                .find(|line| line.starts_with(&format!("| `{key}` |")));
            let row = row.unwrap_or_else(|| panic!("{page}: {key}"));
            let is_example = examples.contains(&key.as_str())
                || in_lists.iter().any(|list| key.starts_with(list));
            let default = format!("| `{value}` |");
            assert!(
                is_example || row.contains(&default),
                "{page}: {key} = {value}"
            );
        }
    }
}

#[test]
fn the_pages_about_the_configuration_have_the_same_examples() {
    let [en, ja] = ["", ".ja"].map(|language| read(&format!("docs/configuration{language}.md")));
    let [en, ja] = [&en, &ja].map(|text| examples(text));
    assert_eq!(en, ja);
    assert!(en.len() > 5);
    let rows = |page: &str| {
        read(page)
            .lines()
            .filter(|line| line.starts_with('|'))
            .count()
    };
    assert_eq!(
        rows("docs/configuration.md"),
        rows("docs/configuration.ja.md")
    );
}
