//! The pages for people: each link leads somewhere, and both languages say the same commands.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Those for an admin, which `tests/packaging/documented` types.
const FOR_ADMINS: [&str; 6] = [
    "install",
    "daily",
    "outage",
    "backup",
    "rotation",
    "personal-data",
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
    names.map(|name| format!("docs/{name}")).collect()
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

#[test]
fn a_page_has_the_same_commands_in_both_languages() {
    for page in FOR_ADMINS {
        let [en, ja] = ["", ".ja"].map(|language| read(&format!("docs/{page}{language}.md")));
        let typed = blocks(&en);
        assert!(typed.iter().any(|(kind, _)| *kind == "sh"), "{page}");
        assert_eq!(typed, blocks(&ja), "{page}");
        let headings = |text: &str| text.lines().filter(|l| l.starts_with('#')).count();
        assert_eq!(headings(&en), headings(&ja), "{page}");
        for (kind, lines) in typed {
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
fn every_page_for_an_admin_is_tested_and_is_in_the_package() {
    let script = read("tests/packaging/documented");
    let tested = script.lines().find_map(|line| {
        let (_, pages) = line.split_once("|| set -- ")?;
        Some(pages.split(' ').collect::<Vec<_>>())
    });
    assert_eq!(tested.unwrap(), FOR_ADMINS);
    let manifest = read("Cargo.toml");
    let readme = read("README.md");
    let of_developers = ["docs/architecture.md", "docs/contract.md"].map(ToOwned::to_owned);
    for page in pages().difference(&BTreeSet::from(of_developers)) {
        let packaged = format!("[\"{page}\", \"usr/share/doc/voicedrive-relay/docs/\", \"644\"]");
        assert!(manifest.contains(&packaged), "{page} is not in the package");
        assert!(
            readme.contains(&format!("]({page})")),
            "{page} is not in the README"
        );
    }
}
