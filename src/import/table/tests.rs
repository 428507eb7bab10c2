//! Files with a header and rows.

use super::*;
use crate::language::Language;

const HEADER: &str = "id,employeeId,employeeName,interviewType,interviewDate,durationMinutes";

fn rows_with(text: &str, columns: Option<&str>) -> Result<(Vec<Row>, Reading), HeaderFault> {
    let layout = Layout::detect(text.as_bytes(), false).unwrap();
    let mut reading = Reading::default();
    let table = Table::open(text.as_bytes(), layout, columns, &mut reading.notes).unwrap()?;
    let mut rows = Vec::new();
    table
        .read_rows(&mut reading, &mut |row| {
            rows.push(row);
            Ok(())
        })
        .unwrap();
    Ok((rows, reading))
}

fn rows(text: &str) -> Vec<Row> {
    rows_with(text, None).unwrap().0
}

fn fields(row: &Row) -> String {
    Value::Object(row.content.as_ref().unwrap().fields().clone()).to_string()
}

fn problem(row: &Row) -> &Problem {
    row.content.as_ref().unwrap_err()
}

const RECORD: &str =
    r#"{"id":"a","employeeId":"E","interviewType":"t","interviewDate":"2025-10-28T01:00:00.000Z"}"#;

#[test]
fn commas_semicolons_tabs_and_a_separator_line_are_recognised() {
    let header = "id,employee_id,interview_type,interview_date";
    let row = "a,E,t,2025-10-28T01:00:00Z";
    for separator in [",", ";", "\t"] {
        let text = format!("{header}\n{row}\n").replace(',', separator);
        assert_eq!(fields(&rows(&text)[0]), RECORD, "{separator:?}");
    }
    let text = format!("sep=;\n{header}\n{row}\n").replace(',', ";");
    let rows = rows(&text);
    assert_eq!((rows[0].place.line, fields(&rows[0]).as_str()), (3, RECORD));
}

#[test]
fn empty_columns_at_the_right_are_nothing() {
    let header = "id,employeeId,interviewType,interviewDate";
    for (first, rest) in [(",,", ",,"), ("", ",,"), (",,", ",,,")] {
        let text = format!("{header}{first}\na,E,t,2025-10-28T01:00:00Z{rest}\n");
        assert_eq!(fields(&rows(&text)[0]), RECORD);
    }
    let text = format!("{header},\na,E,t,2025-10-28T01:00:00Z,x\n{header},y\n");
    let rows = rows(&text);
    assert_eq!(problem(&rows[0]), &Problem::UnderNoName(5));
}

#[test]
fn a_row_that_does_not_fit_the_header_is_told() {
    let rows = rows(&format!("{HEADER}\n,,,,,\n\na,b\na,b,c,d,e,1,x\na,\"b\n"));
    let told: Vec<_> = rows
        .iter()
        .map(|row| (row.place.line, problem(row)))
        .collect();
    assert_eq!(
        told,
        [
            (4, &Problem::Cells(2, 6)),
            (5, &Problem::Cells(7, 6)),
            (6, &Problem::QuoteNeverClosed)
        ]
    );
}

#[test]
fn two_stray_quotes_swallow_no_row() {
    let header = "id,employeeId,interviewType,interviewDate,statusReason";
    let row = |id: &str, reason: &str| format!("{id},E,t,2025/10/28 10:00,{reason}\n");
    for (text, swallows) in [
        (row("a", "\"x") + &row("b", "y") + &row("c", "z\""), true),
        (row("a", "\"x") + &row("b", "y\""), true),
        (
            row("a", "x").replace(",E", ",\"E") + &row("b", "y").replace("E,", "E\","),
            true,
        ),
        (row("\"a", "x") + &row("b\"", "y"), true),
        (
            row("a", "\"one\ntwo, three, four, five, six\n\"") + &row("b", ""),
            false,
        ),
        (row("a", "\"moved from\n2025/10/28 10:00\""), false),
    ] {
        let rows = rows(&format!("{header}\n{text}"));
        let told = matches!(rows[0].content, Err(Problem::RowInCell));
        assert_eq!(told, swallows, "{text}");
    }
}

#[test]
fn everything_that_is_wrong_with_a_header_is_told_at_once() {
    let text = "\nid,ID,employeeId,colour,taste\na,b,c,d,e\n";
    let fault = rows_with(text, None).unwrap_err();
    assert_eq!(fault.line, 2);
    let told = fault.describe(Language::En);
    for word in [
        "colour, taste",
        "twice: ID",
        "no column interviewType, interviewDate",
    ] {
        assert!(told.contains(word), "{told}");
    }
    let told = fault.describe(Language::Ja);
    assert!(
        told.contains("種別、面談日時") && told.contains("使える列は"),
        "{told}"
    );
    let no_header = rows_with("int-1,EMP-1,山田\n", None).unwrap_err();
    let told = no_header.describe(Language::En);
    assert!(
        told.contains("--columns") && !told.contains("山田"),
        "{told}"
    );
    for text in ["id,\"employeeId\n", "", "\n\n"] {
        assert!(rows_with(text, None).is_err(), "{text:?}");
    }
}

#[test]
fn unused_columns_are_named_once() {
    let text = "id,employee_id,interview_type,interview_date,duration,notes\na,E,t,2025-10-28T01:00:00Z,30,x\n";
    let (rows, reading) = rows_with(text, None).unwrap();
    assert_eq!(fields(&rows[0]), RECORD);
    assert_eq!(reading.notes.unused, ["duration", "notes"]);
}

#[test]
fn a_file_without_a_header_is_read_with_the_columns_that_are_said() {
    let text = "\"a\",\"E\",\"t\",\"2025-10-28T01:00:00Z\",\\N,\"say \\\"x\\\"\"\n";
    let columns = "id, employee_id, interview_type, interview_date, facility_id, notes";
    let (rows, _) = rows_with(text, Some(columns)).unwrap();
    assert_eq!((rows[0].place.line, fields(&rows[0]).as_str()), (1, RECORD));
}

#[test]
fn a_backslash_that_mysql_may_have_written_is_noted() {
    let header = "id\temployeeId\tinterviewType\tinterviewDate\tstatusReason";
    let row = |reason: &str| format!("a\tE\tt\t2025-10-28T01:00:00Z\t{reason}\n");
    for (text, noted) in [
        (row("x") + &row("two\\nlines") + &row("a\\tb"), Some(3)),
        (row("a\\\\b"), Some(2)),
        (row("C:\\Users"), None),
        (row("NULL") + &row("two\\nlines"), None),
    ] {
        let (_, reading) = rows_with(&format!("{header}\n{text}"), None).unwrap();
        assert_eq!(
            reading.notes.backslash,
            noted.map(RowLocation::line),
            "{text}"
        );
    }
    let commas = format!("{header}\n{}", row("two\\nlines")).replace('\t', ",");
    assert_eq!(rows_with(&commas, None).unwrap().1.notes.backslash, None);
}

#[test]
fn a_backslash_escapes_in_what_mysql_has_written_only() {
    for (text, escapes, quotes) in [
        ("a,b\nx,\\N\n", true, true),
        ("a\tb\nx\t\\N\n", true, true),
        ("a\tb\nNULL\tx\n", true, false),
        ("a\tb\nx\ty\n", false, true),
        ("a,b\nx,NULL\n", false, true),
        ("a,b\nx,\\Nx\n", false, true),
    ] {
        let dialect = Layout::detect(text.as_bytes(), false).unwrap().dialect;
        assert_eq!(
            (dialect.escapes, dialect.quotes),
            (escapes, quotes),
            "{text}"
        );
    }
}
