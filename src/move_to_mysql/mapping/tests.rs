//! Rows and what becomes of them, without a server.

use std::collections::BTreeMap;

use super::*;
use crate::chunk::{Column, Kind};
use crate::shared_database::{Limit, ShapeOfColumn};

fn shape(table: SharedTable, limits: &[(&str, Limit)], needed: &[&str]) -> Shape {
    let columns = columns(table).into_iter().map(|name| {
        let limit = limits.iter().find(|(of, _)| *of == name);
        let column = ShapeOfColumn {
            kind: "varchar".to_owned(),
            whole: String::new(),
            limit: limit.map(|(_, limit)| *limit),
            precision: Some(3),
            nullable: !needed.contains(&name),
            ..ShapeOfColumn::default()
        };
        (name.to_owned(), column)
    });
    Shape {
        columns: columns.collect::<BTreeMap<_, _>>(),
        engine: "InnoDB".to_owned(),
        has_key: true,
    }
}

/// A row with these texts; every other column has no value.
fn placed(mapping: &Mapping, unit: Unit, shared: SharedTable, texts: &[(&str, &str)]) -> Placement {
    let names = std::iter::once("seq").chain(columns(shared));
    let columns = names.map(|name| Column {
        name: name.to_owned(),
        kind: Kind::Text,
    });
    let table = Table {
        name: shared.name(),
        columns: columns.collect(),
        key: 1,
    };
    let cells = table
        .columns
        .iter()
        .map(|column| match column.name.as_str() {
            "seq" => Cell::Integer(7),
            name => match texts.iter().find(|(of, _)| *of == name) {
                Some((_, text)) => Cell::Text((*text).into()),
                None => Cell::Null,
            },
        });
    let chunk = Chunk {
        lower: None,
        upper: Some(Cell::Integer(7)),
        rows: vec![vec![cells.collect()]],
    };
    let mut placements = mapping.placements(unit, &[table], &chunk).into_iter();
    placements
        .find(|placement| placement.table == shared)
        .unwrap()
}

fn mapping(shared: SharedTable, limits: &[(&str, Limit)], needed: &[&str]) -> Mapping {
    Mapping {
        shapes: [(shared, shape(shared, limits, needed))].into(),
        employees: Employees {
            by_code: [("EMP-1".to_owned(), "cuid-1".to_owned())].into(),
            ids: ["cuid-1".to_owned(), "cuid-2".to_owned()].into(),
        },
        stand_in: None,
    }
}

fn text<'a>(placement: &'a Placement, column: &str) -> Option<&'a str> {
    let at = placement.columns.iter().position(|name| *name == column)?;
    placement.rows.first()?.cells[at].text()
}

fn said(placement: &Placement) -> Vec<(&str, &str)> {
    let remarks = placement.remarks.iter();
    remarks
        .map(|remark| (remark.what.as_str(), remark.column))
        .collect()
}

#[test]
fn a_moment_is_written_as_datetime_has_it_and_never_before_its_first_year() {
    assert_eq!(
        date_time("2025-10-26T14:30:00.007Z").unwrap(),
        "2025-10-26 14:30:00.007"
    );
    assert_eq!(
        date_time("1000-01-01T00:00:00.000Z").unwrap(),
        "1000-01-01 00:00:00.000"
    );
    assert_eq!(date_time("0999-12-31T23:59:59.999Z"), None);
}

#[test]
fn a_free_text_is_cut_between_characters_and_an_id_never() {
    let limits = [
        ("error_message", Limit::Characters(3)),
        ("staff_id", Limit::Characters(3)),
    ];
    let mapping = mapping(SharedTable::Logs, &limits, &[]);
    let (unit, logs) = (Unit::Events, SharedTable::Logs);
    let cut = placed(
        &mapping,
        unit,
        logs,
        &[("id", "a"), ("error_message", "あいうえ")],
    );
    assert_eq!(text(&cut, "error_message"), Some("あいう"));
    assert_eq!(said(&cut), [(word::CUT, "error_message")]);
    let fits = placed(
        &mapping,
        unit,
        logs,
        &[("id", "a"), ("error_message", "あいう")],
    );
    assert_eq!(said(&fits), []);
    let texts = [
        ("id", "a"),
        ("staff_id", "ABCD"),
        ("error_message", "あいうえ"),
    ];
    let out = placed(&mapping, unit, logs, &texts);
    assert!(out.rows.is_empty());
    assert_eq!(said(&out), [(word::TOO_LONG, "staff_id")]);
}

#[test]
fn an_employee_is_known_by_the_code_or_by_the_id_and_never_invented() {
    let (unit, interviews) = (Unit::Interviews, SharedTable::Interviews);
    let mapping = mapping(interviews, &[], &["interviewer_id"]);
    let of = |employee, interviewer| {
        let texts = [
            ("id", "a"),
            ("employee_id", employee),
            ("interviewer_id", interviewer),
        ];
        placed(&mapping, unit, interviews, &texts)
    };
    let known = of("EMP-1", "cuid-2");
    assert_eq!(text(&known, "employee_id"), Some("cuid-1"));
    assert_eq!(text(&known, "interviewer_id"), Some("cuid-2"));
    assert_eq!(
        said(&of("EMP-9", "EMP-8")),
        [
            (word::NO_EMPLOYEE, "employee_id"),
            (word::NO_EMPLOYEE, "interviewer_id")
        ]
    );
    let without = placed(
        &mapping,
        unit,
        interviews,
        &[("id", "a"), ("employee_id", "EMP-1")],
    );
    assert!(without.rows.is_empty());
    assert_eq!(said(&without), [(word::MISSING, "interviewer_id")]);
}

#[test]
fn whom_the_operator_named_stands_for_an_interviewer_who_is_missing_and_needed_and_for_nobody_else()
{
    let (unit, interviews) = (Unit::Interviews, SharedTable::Interviews);
    let of = |needed: &[&str], texts: &[(&str, &str)]| {
        let mut mapping = mapping(interviews, &[], needed);
        mapping.stand_in = Some("cuid-2".to_owned());
        placed(&mapping, unit, interviews, texts)
    };
    let needed = ["employee_id", "interviewer_id"];
    let texts = [("id", "a"), ("employee_id", "EMP-1")];
    let stands_in = of(&needed, &texts);
    assert_eq!(text(&stands_in, "interviewer_id"), Some("cuid-2"));
    assert_eq!(said(&stands_in), [(word::STANDS_IN, "interviewer_id")]);
    let not_needed = of(&["employee_id"], &texts);
    assert_eq!(text(&not_needed, "interviewer_id"), None);
    assert_eq!(said(&not_needed), []);
    let unknown = of(
        &needed,
        &[
            ("id", "a"),
            ("employee_id", "EMP-1"),
            ("interviewer_id", "EMP-8"),
        ],
    );
    assert_eq!(said(&unknown), [(word::NO_EMPLOYEE, "interviewer_id")]);
    let nobody = of(&needed, &[("id", "a")]);
    assert_eq!(said(&nobody), [(word::MISSING, "employee_id")]);
}

#[test]
fn a_retry_that_is_still_to_be_made_is_never_handed_over() {
    let mapping = mapping(SharedTable::Queue, &[], &[]);
    for (status, goes) in [
        ("pending", false),
        ("processing", false),
        ("completed", true),
        ("failed", true),
    ] {
        let row = placed(
            &mapping,
            Unit::Events,
            SharedTable::Queue,
            &[("id", "a"), ("status", status)],
        );
        assert_eq!(!row.rows.is_empty(), goes, "{status}");
        assert_eq!(said(&row).is_empty(), goes, "{status}");
    }
}

#[test]
fn a_character_that_a_column_cannot_keep_is_replaced_in_free_texts_alone() {
    let (unit, interviews, logs) = (Unit::Interviews, SharedTable::Interviews, SharedTable::Logs);
    let small = |shared: SharedTable| {
        let mut mapping = mapping(shared, &[("error_message", Limit::Characters(4))], &[]);
        for column in mapping
            .shapes
            .get_mut(&shared)
            .unwrap()
            .columns
            .values_mut()
        {
            column.characters = Some("utf8mb3".to_owned());
        }
        mapping
    };
    let texts = [("id", "🍣"), ("employee_id", "EMP-1")];
    let out = placed(&small(interviews), unit, interviews, &texts);
    assert_eq!(said(&out), [(word::NO_CHARACTER, "id")]);
    let texts = [("id", "a"), ("error_message", "あ🍣いうえ")];
    let replaced = placed(&small(logs), Unit::Events, logs, &texts);
    assert_eq!(text(&replaced, "error_message"), Some("あ?いう"));
    assert_eq!(said(&replaced), [(word::REPLACED, "error_message")]);
}

#[test]
fn a_number_that_is_too_large_for_its_column_keeps_the_row_out() {
    let mut mapping = mapping(SharedTable::Logs, &[], &[]);
    let shape = mapping.shapes.get_mut(&SharedTable::Logs).unwrap();
    shape.columns.get_mut("payload_size").unwrap().kind = "smallint".to_owned();
    let shape = &mapping.shapes[&SharedTable::Logs];
    let is_in = |size| {
        let cell = Cell::Integer(size);
        matches!(
            mapping.mapped(&cell, AsItIs, shape, "payload_size"),
            Mapped::Fits(_)
        )
    };
    assert!(is_in(32_767));
    assert!(!is_in(32_768));
}
