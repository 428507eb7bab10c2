//! One JSON record a line.

use std::io::{self, BufRead};

use super::json;
use super::reading::{Reading, RowSink};
use super::row::RowLocation;

/// Passes every line that is not blank to `sink`.
///
/// # Errors
/// When the file cannot be read, or the error of `sink`.
pub(super) fn read_rows(
    mut text: impl BufRead,
    reading: &mut Reading,
    sink: &mut RowSink<'_>,
) -> io::Result<()> {
    let mut line = String::new();
    for number in 1.. {
        line.clear();
        if text.read_line(&mut line)? == 0 {
            break;
        }
        let record = line.trim();
        if !record.is_empty() {
            sink(json::parse_row(record, RowLocation::line(number), reading))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_record_has_its_line() {
        let text = "{\"id\":\"a\"}\n\n  {\"id\": \"b\"} \r\n{\"id\":\n[1]\n";
        let mut rows = Vec::new();
        read_rows(text.as_bytes(), &mut Reading::default(), &mut |row| {
            rows.push((row.place, row.content.is_ok()));
            Ok(())
        })
        .unwrap();
        let expected = [(1, true), (3, true), (4, false), (5, false)];
        assert_eq!(
            rows,
            expected.map(|(line, good)| (RowLocation::line(line), good))
        );
    }
}
