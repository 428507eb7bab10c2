//! Cells of an exported CSV that a spreadsheet, or the import, would take for something else than the text that they are.
//! Such a cell begins with an apostrophe, which the import takes away.

use std::borrow::Cow;

/// The signs with which a formula begins, and their full-width forms, which a Japanese spreadsheet reads as the same.
const SIGNS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
/// Words that stand for nothing in a cell, as databases write them.
const NOTHING: [&str; 2] = ["NULL", "\\N"];
/// A number with more digits is written in powers of ten.
const MOST_DIGITS: usize = 11;

/// The text, with an apostrophe before it when a spreadsheet would take it for a formula, or for a number or a date that
/// it writes in another way (`0123` becomes 123), or when it is a word that stands for nothing, or has blanks at an end,
/// which the import drops from other cells. One that has apostrophes there already gets another one, so that taking one
/// away always gives the text.
pub(crate) fn written(text: &str) -> Cow<'_, str> {
    if is_mistaken(text) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The text of a cell that was [`written`], or of any other one without the blanks at its ends; none: it stands for nothing.
pub(crate) fn read(cell: &str) -> Option<&str> {
    let text = cell.trim();
    let written = unwritten(cell).or_else(|| unwritten(text));
    written.or_else(|| (!is_nothing(text)).then_some(text))
}

/// The text behind the apostrophe of a cell that needed one.
fn unwritten(cell: &str) -> Option<&str> {
    cell.strip_prefix('\'').filter(|text| is_mistaken(text))
}

/// Whether a cell is empty, or has a word of a database that stands for nothing.
pub(super) fn is_nothing(cell: &str) -> bool {
    let text = cell.trim();
    text.is_empty() || NOTHING.contains(&text)
}

fn is_mistaken(text: &str) -> bool {
    let bare = text.trim_start_matches('\'');
    let begins = bare.trim_start();
    bare != bare.trim()
        || begins.starts_with(SIGNS)
        || is_altered(bare.trim())
        || NOTHING.contains(&bare.trim())
}

/// Whether it is a number, or a date or a time of day (`3-2` is the second of March), that a spreadsheet writes in another
/// way. A Japanese one reads full-width digits as the same.
fn is_altered(text: &str) -> bool {
    let narrow: String = text.chars().map(half_width).collect();
    if is_digits(&narrow) {
        let is_wide = narrow != text;
        return is_wide
            || narrow.len() > MOST_DIGITS
            || (narrow.len() > 1 && narrow.starts_with('0'));
    }
    let power = narrow.split_once(['e', 'E']);
    let is_power = power.is_some_and(|(digits, power)| {
        is_digits(digits) && is_digits(power.trim_start_matches(['+', '-']))
    });
    let fraction = narrow.split_once('.');
    let is_fraction = fraction.is_some_and(|(whole, part)| is_digits(&format!("{whole}{part}")));
    is_power
        || is_fraction
        || is_digits_between(&narrow, &[','])
        || is_short_digits_between(&narrow, &['-', '/'])
        || is_short_digits_between(&narrow, &[':'])
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_digits_between(text: &str, signs: &[char]) -> bool {
    text.contains(signs) && text.split(signs).all(is_digits)
}

/// Two or three numbers of one or two digits; one may be a year.
fn is_short_digits_between(text: &str, signs: &[char]) -> bool {
    let lengths = || text.split(signs).map(str::len);
    is_digits_between(text, signs)
        && lengths().count() <= 3
        && lengths().all(|length| length <= 4)
        && lengths().filter(|length| *length > 2).count() <= 1
}

/// The form of a sign that programs read: `３` is 3.
fn half_width(sign: char) -> char {
    const FULL_WIDTH: std::ops::RangeInclusive<char> = '！'..='～';
    let narrow = u32::from(sign).wrapping_sub(0xfee0);
    char::from_u32(narrow)
        .filter(|_| FULL_WIDTH.contains(&sign))
        .unwrap_or(sign)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_spreadsheet_would_change_gets_an_apostrophe() {
        for text in [
            "=1+1",
            "+81",
            "-2",
            "@a",
            "\t=1",
            "\r",
            "\n",
            "  =1",
            "＝1",
            "＋1",
            "－",
            "＠",
            "'=1",
            "''\t",
            "0123",
            "00",
            "123456789012",
            "12e5",
            "1E10",
            "1E+10",
            "1.50",
            ".5",
            "1,000",
            "3-2",
            "10/3",
            "2025-10",
            "2025-10-26",
            "8:30",
            "12:00:00",
            "１２",
            "３－２",
            "'0123",
            "NULL",
            "\\N",
            "'NULL",
            " a",
            "a ",
            "\u{3000}山田",
            " ",
        ] {
            assert_eq!(written(text), format!("'{text}"), "{text:?}");
        }
        for text in [
            "",
            "a=1",
            "EMP-2025-001",
            "山田 太郎",
            "'a",
            "127.0.0.1",
            "03-1234-5678",
            "1-2-3-4",
            "a-1",
            "3-",
            ".",
            "0",
            "123",
            "12345678901",
            "e5",
            "0a",
            "5e",
            "第１病棟",
            "null",
            "NULLs",
        ] {
            assert_eq!(written(text), text);
        }
    }

    #[test]
    fn blanks_around_a_cell_of_somebody_else_are_dropped() {
        for (cell, text) in [
            (" a ", Some("a")),
            ("\u{3000}a", Some("a")),
            (" '=1", Some("=1")),
            (" ", None),
            (" NULL ", None),
        ] {
            assert_eq!(read(cell), text, "{cell:?}");
        }
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_as_it_was(text in "'{0,2}(NULL|\\\\N|['=+@\t\r\n\u{3000} a01e＝１.,:/-]{0,14})") {
            let cell = written(&text);
            prop_assert_eq!(read(&cell), (!text.is_empty()).then_some(text.as_str()));
            prop_assert!(!cell.trim_start().starts_with(SIGNS));
        }
    }
}
