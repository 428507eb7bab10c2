//! What the package shows of the program is what the program is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

#[path = "../../examples/pages.rs"]
#[allow(dead_code)]
mod pages;

#[test]
fn the_pages_that_are_packaged_are_those_of_the_program() {
    let written = tempfile::tempdir().unwrap();
    pages::write_all(written.path()).unwrap();
    let packaged = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/generated");
    let again = "write them again: cargo run --example pages -- packaging/generated";
    assert_eq!(files(&packaged), files(written.path()), "{again}");
    for name in files(&packaged) {
        assert!(
            fs::read(packaged.join(&name)).unwrap()
                == fs::read(written.path().join(&name)).unwrap(),
            "{} is not up to date; {again}",
            name.display()
        );
    }
}

/// The files of a directory and of those in it.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let name = PathBuf::from(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            let below = files(&entry.path()).into_iter();
            found.extend(below.map(|file| name.join(file)));
        } else {
            found.push(name);
        }
    }
    found.sort();
    found
}

#[test]
fn zsh_waits_for_no_word_before_a_command_that_may_stand_in_its_place() {
    let packaged = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/generated");
    let script = fs::read_to_string(packaged.join("_voicedrive-relay")).unwrap();
    let (_, hold) = script.split_once("\n(hold)\n").unwrap();
    let (options, commands) = hold.split_once("case $state in").unwrap();
    assert!(options.contains("_hold_commands"), "{options}");
    assert!(!options.contains("':reason"), "{options}");
    let (chosen, _) = commands.split_once("(end)").unwrap();
    assert!(chosen.contains("case $line[1] in"), "{chosen}");
    assert!(commands.contains("'--route=[The hold of this route"));
    // Of other commands that take a word, it is still asked for.
    assert!(script.contains("':event -- "));
}

#[test]
fn a_page_of_the_manual_says_what_options_take_and_whose_page_it_is() {
    let packaged = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/generated");
    let page = |name: &str| {
        let file = packaged.join(format!("voicedrive-relay-{name}.1"));
        fs::read_to_string(file).unwrap().replace("\\-", "-")
    };
    let tail = page("tail");
    for words in [
        ".TH voicedrive-relay-tail 1 \"\" \"voicedrive-relay ",
        "[\\fB--config\\fR \\fIPATH\\fR]",
        "[\\fB-n\\fR|\\fB--limit\\fR \\fIN\\fR]",
        "[\\fB-f\\fR|\\fB--follow\\fR]",
        "exhausted",
        ".SH EXAMPLES",
    ] {
        assert!(tail.contains(words), "{words}: {tail}");
    }
    assert!(!tail.contains(".br\n\n"), "{tail}");
    let show = page("show");
    assert!(show.contains("\\fBvoicedrive-relay show\\fR"), "{show}");
    assert!(show.contains(" \\fIID\\fR\n"), "{show}");
    assert!(page("resend").contains("[\\fIID\\fR ...]"));
}

#[test]
fn the_manual_is_there_in_japanese_too() {
    let packaged = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/generated");
    let is_page = |file: &PathBuf| {
        let kind = file.extension().and_then(|kind| kind.to_str());
        matches!(kind, Some("1" | "5"))
    };
    let in_english = fs::read_dir(&packaged).unwrap();
    let in_english = in_english.map(|entry| PathBuf::from(entry.unwrap().file_name()));
    let mut in_english: Vec<PathBuf> = in_english.filter(is_page).collect();
    in_english.sort();
    assert_eq!(in_english, files(&packaged.join("ja")));
    for name in &in_english {
        let english = fs::read_to_string(packaged.join(name)).unwrap();
        let page = fs::read_to_string(packaged.join("ja").join(name)).unwrap();
        let headings = |page: &str| page.matches("\n.SH ").count();
        assert_eq!(headings(&page), headings(&english), "{}", name.display());
        let is_japanese = |line: &str| line.chars().any(|c| c >= '\u{3040}');
        for line in page.lines().filter(|line| line.starts_with(".SH ")) {
            assert!(is_japanese(line), "{}: {line}", name.display());
        }
        let mut about = page.lines().skip_while(|line| *line != ".SH 名前");
        assert!(about.nth(1).is_some_and(is_japanese), "{}", name.display());
        // Names of columns and files are Japanese in English sentences too.
        let mut other = english
            .lines()
            .filter(|line| !line.contains("面談.csv") && !line.contains("職員ID"));
        let other = other.find(|line| is_japanese(line));
        assert_eq!(other, None, "{}", name.display());
    }
    let manifest = fs::read_to_string(packaged.join("../../Cargo.toml")).unwrap();
    for (section, directory) in [(1, "man1"), (5, "man5")] {
        let installed =
            format!("\"packaging/generated/ja/*.{section}\", \"usr/share/man/ja/{directory}/\"");
        assert!(manifest.contains(&installed), "{installed}");
    }
}

/// What groff complains about in the page, when it is installed here.
fn complaints(page: &Path) -> Option<String> {
    let groff = Command::new("groff")
        .args(["-man", "-Tutf8", "-Kutf8", "-ww", "-z"])
        .arg(page)
        .output();
    Some(String::from_utf8(groff.ok()?.stderr).unwrap())
}

#[test]
fn every_page_of_the_manual_is_shown_without_a_complaint() {
    let packaged = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/generated");
    let pages = files(&packaged).into_iter();
    for page in pages.filter(|page| {
        page.extension()
            .is_some_and(|kind| kind == "1" || kind == "5")
    }) {
        let complaints = complaints(&packaged.join(&page)).unwrap_or_default();
        assert_eq!(complaints, "", "{}", page.display());
    }
}
