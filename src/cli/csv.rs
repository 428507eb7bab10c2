//! A table as a file that a spreadsheet opens.

/// What such a file begins with: without it a Japanese spreadsheet takes UTF-8 for `Shift_JIS`.
pub(super) const MARK: &str = "\u{feff}";

/// A row, with its end.
pub(super) fn row<'a>(cells: impl IntoIterator<Item = &'a str>) -> String {
    let cells: Vec<String> = cells.into_iter().map(cell).collect();
    format!("{}\r\n", cells.join(","))
}

/// A cell. What a spreadsheet would take for a formula begins with an apostrophe.
fn cell(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if is_formula {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    if text.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_formulas_are_harmless() {
        let written = row(["a", "b,c", "say \"no\"", "=1+1", "@x", ""]);
        assert_eq!(written, "a,\"b,c\",\"say \"\"no\"\"\",'=1+1,'@x,\r\n");
    }
}
