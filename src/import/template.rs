//! The file for an office to fill in: a Japanese header and two sample rows.

use std::io::{self, Write};

use crate::interview::field::Field;

/// By this a spreadsheet knows that the file is UTF-8.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The first interview was rescheduled as the second.
const ROWS: [[&str; 14]; 2] = [
    [
        "例-001",
        "EMP-2025-001",
        "山田 太郎",
        "EMP-2001-007",
        "定期面談",
        "2025-10-28T10:00:00+09:00",
        "日程変更",
        "",
        "",
        "",
        "facility-a",
        "ward-3",
        "",
        "本人の希望",
    ],
    [
        "例-002",
        "EMP-2025-001",
        "山田 太郎",
        "EMP-2001-007",
        "定期面談",
        "2025-11-04T14:00:00+09:00",
        "実施済み",
        "45",
        "",
        "例-001",
        "facility-a",
        "ward-3",
        "2025-11-04T14:45:00+09:00",
        "",
    ],
];

/// Writes the file as a spreadsheet does: with CRLF and a byte order mark.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn write(mut out: impl Write) -> io::Result<()> {
    let header = Field::ALL.map(Field::japanese);
    write!(out, "{BYTE_ORDER_MARK}{}\r\n", header.join(","))?;
    for row in ROWS {
        write!(out, "{}\r\n", row.join(","))?;
    }
    out.flush()
}
