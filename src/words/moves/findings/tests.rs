//! Each finding is a sentence of its own in both languages, with what it is about.

use std::collections::BTreeSet;

use super::*;
use crate::move_to_mysql::finding::Named;

fn rows() -> Named {
    let mut rows = Named::default();
    for number in 0..12 {
        rows.add(&format!("INT-{number}"));
    }
    rows
}

/// What becomes of rows.
fn of_rows() -> impl Iterator<Item = (Finding, Vec<&'static str>)> {
    let whats = [
        "cut",
        "too_long",
        "characters_replaced",
        "no_such_character",
        "too_large",
        "too_early",
        "no_such_employee",
        "missing",
        "stands_in",
        "is_referred_to",
        "refused_1452",
    ];
    whats.into_iter().map(|what| {
        let found = Finding::Rows(
            SharedTable::Interviews,
            what.to_owned(),
            "column".to_owned(),
            rows(),
        );
        (found, vec!["12", "INT-0", "INT-9", "...", "interviews"])
    })
}

/// What is good to know.
fn notes() -> Vec<(Finding, Vec<&'static str>)> {
    let interviews = SharedTable::Interviews;
    let ids = vec!["12", "INT-0", "INT-9", "..."];
    vec![
        (
            Finding::RowsOfTheirs(interviews, 3),
            vec!["interviews", "3"],
        ),
        (
            Finding::Collation(interviews, "utf8mb4_general_ci".to_owned()),
            vec!["utf8mb4_general_ci"],
        ),
        (
            Finding::NotStrict("ANSI".to_owned()),
            vec!["sql_mode", "ANSI"],
        ),
        (
            Finding::TimeZone("+09:00".to_owned()),
            vec!["+09:00", "UTC"],
        ),
        (
            Finding::Triggers(interviews, vec!["t1".to_owned(), "t2".to_owned()]),
            vec!["interviews", "t1, t2", "verify"],
        ),
        (
            Finding::Conditions(interviews, vec!["CHECK a (b < 1)".to_owned()]),
            vec!["interviews", "CHECK a (b < 1)"],
        ),
        (
            Finding::References(interviews, vec!["staff.answers.of".to_owned()]),
            vec!["interviews", "staff.answers.of"],
        ),
        (Finding::Clock(-7), vec!["-7"]),
        (Finding::Waiting(rows()), ids),
        (Finding::Amount(1_000_000, 77), vec!["1000000", "77"]),
        (Finding::Duration(125, true), vec!["3"]),
        (Finding::Duration(125, false), vec!["3"]),
    ]
}

/// One of each, with the texts that a reader has to see.
fn all() -> Vec<(Finding, Vec<&'static str>)> {
    let (logs, queue, interviews) = (
        SharedTable::Logs,
        SharedTable::Queue,
        SharedTable::Interviews,
    );
    let ids = ["12", "INT-0", "INT-9", "..."];
    let with = |more: &[&'static str]| [&ids[..], more].concat();
    let mut all = vec![
        (
            Finding::Server("10.11 MariaDB".to_owned()),
            vec!["10.11 MariaDB"],
        ),
        (Finding::Form(Some(Form::Prisma)), vec!["Prisma", "191"]),
        (Finding::Form(Some(Form::HandWritten)), vec!["SQL"]),
        (Finding::Form(None), vec![]),
        (Finding::NoDatabase("staff".to_owned()), vec!["staff"]),
        (
            Finding::NotGranted("INSERT", "staff.interviews".to_owned()),
            vec!["GRANT INSERT ON staff.interviews"],
        ),
        (
            Finding::NotOwn("relay".to_owned(), vec!["patients".to_owned()]),
            vec!["relay", "patients", "database"],
        ),
        (Finding::NoTable(logs), vec!["webhook_send_logs"]),
        (Finding::NoTable(interviews), vec!["interviews"]),
        (
            Finding::OtherInterviews,
            vec!["interview_status", "employee_id"],
        ),
        (
            Finding::LacksColumns(logs, vec!["sent_at", "status"]),
            vec!["sent_at, status"],
        ),
        (
            Finding::NeedsColumns(logs, vec!["tenant".to_owned()]),
            vec!["tenant"],
        ),
        (
            Finding::Generated(logs, vec!["status"]),
            vec!["status", "GENERATED"],
        ),
        (
            Finding::Engine(interviews, String::new()),
            vec!["interviews", "shared_database"],
        ),
        (
            Finding::Coarse(logs, "sent_at"),
            vec!["webhook_send_logs.sent_at", "DATETIME(3)"],
        ),
        (
            Finding::LacksWords(queue, "status", vec!["failed"]),
            vec!["failed"],
        ),
        (
            Finding::Engine(logs, "MyISAM".to_owned()),
            vec!["MyISAM", "InnoDB"],
        ),
        (
            Finding::SmallPackets(1024, 2048),
            vec!["max_allowed_packet", "1024", "2048"],
        ),
        (Finding::NoEmployees, vec!["employees", "GRANT SELECT"]),
        (
            Finding::NamedOtherwise(logs, "Webhook_Send_Logs".to_owned()),
            vec!["webhook_send_logs", "Webhook_Send_Logs", "RENAME TABLE"],
        ),
        (Finding::NoKey(queue), vec!["webhook_retry_queue", "id"]),
        (
            Finding::NoStandIn("EMP-0".to_owned()),
            vec!["missing_interviewer", "EMP-0"],
        ),
        (Finding::ReadOnly, vec!["read_only"]),
        (
            Finding::WaitingOfTheirs(rows()),
            with(&["webhook_retry_queue"]),
        ),
        (
            Finding::SameIds(interviews, "id", "utf8mb4_unicode_ci".to_owned(), rows()),
            with(&["interviews.id", "utf8mb4_unicode_ci"]),
        ),
        (
            Finding::Theirs(interviews, "voicedrive_sync_id", rows()),
            with(&["interviews", "voicedrive_sync_id"]),
        ),
        (
            Finding::CharacterSet(interviews, "notes", "cp932".to_owned()),
            vec!["interviews.notes", "cp932", "utf8mb4"],
        ),
    ];
    all.extend(notes());
    all.extend(of_rows());
    all
}

#[test]
fn each_finding_says_what_it_is_about_in_both_languages() {
    for language in [Language::En, Language::Ja] {
        let mut said = BTreeSet::new();
        for (found, texts) in all() {
            let sentence = finding(&found, language);
            for text in texts {
                assert!(sentence.contains(text), "{text}: {sentence}");
            }
            let is_japanese = sentence
                .chars()
                .any(|c| ('\u{3040}'..'\u{30ff}').contains(&c));
            assert_eq!(is_japanese, language == Language::Ja, "{sentence}");
            assert!(said.insert(sentence.clone()), "twice: {sentence}");
        }
    }
}

/// The list above has all of them: whoever adds one is stopped here.
#[test]
fn each_kind_has_a_word_of_its_own_for_programs() {
    let kinds: BTreeSet<String> = all()
        .iter()
        .map(|(found, _)| {
            match found {
                Finding::Server(_)
                | Finding::Form(_)
                | Finding::NoDatabase(_)
                | Finding::NotGranted(..)
                | Finding::NotOwn(..)
                | Finding::NoTable(_)
                | Finding::OtherInterviews
                | Finding::NamedOtherwise(..)
                | Finding::NoKey(_)
                | Finding::Triggers(..)
                | Finding::Conditions(..)
                | Finding::References(..)
                | Finding::LacksColumns(..)
                | Finding::NeedsColumns(..)
                | Finding::Generated(..)
                | Finding::Coarse(..)
                | Finding::LacksWords(..)
                | Finding::CharacterSet(..)
                | Finding::Engine(..)
                | Finding::SmallPackets(..)
                | Finding::NoEmployees
                | Finding::NoStandIn(_)
                | Finding::ReadOnly
                | Finding::WaitingOfTheirs(_)
                | Finding::Rows(..)
                | Finding::SameIds(..)
                | Finding::Theirs(..)
                | Finding::RowsOfTheirs(..)
                | Finding::Collation(..)
                | Finding::NotStrict(_)
                | Finding::TimeZone(_)
                | Finding::Clock(_)
                | Finding::Waiting(_)
                | Finding::Amount(..)
                | Finding::Duration(..) => {}
            }
            found.as_json()["kind"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        })
        .collect();
    // 34 kinds beside what becomes of rows, and 11 words for those.
    assert_eq!(kinds.len(), 34 + 11, "{kinds:?}");
}
