//! One entry of a list that has more to tell than a line holds: what does not fit goes on below, indented.

use super::delivery_line::{COLUMNS, width};

const GAP: &str = "  ";
const INDENT: &str = "    ";

/// The parts beside each other, as many as fit; one that is too long by itself is broken between its words.
pub(super) fn folded(parts: &[String]) -> String {
    let mut lines = vec![String::new()];
    for part in parts.iter().filter(|part| !part.is_empty()) {
        let alone = width(INDENT) + width(part) <= COLUMNS;
        let pieces = if alone {
            vec![part.as_str()]
        } else {
            part.split(' ').collect()
        };
        for (before, piece) in pieces.into_iter().enumerate() {
            let gap = if before == 0 { GAP } else { " " };
            put(&mut lines, gap, piece);
        }
    }
    lines.join("\n")
}

fn put(lines: &mut Vec<String>, gap: &str, piece: &str) {
    let Some(line) = lines.last_mut() else { return };
    if line.is_empty() {
        line.push_str(piece);
    } else if width(line) + width(gap) + width(piece) <= COLUMNS {
        line.extend([gap, piece]);
    } else {
        lines.push(format!("{INDENT}{piece}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_wider_than_a_terminal() {
        let parts = |texts: &[&str]| {
            texts
                .iter()
                .map(|text| (*text).to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(folded(&parts(&["a", "b"])), "a  b");
        let id = "01a21a84-0770-7c1e-9d3e-5f0c4b7a1e22";
        let scopes = "[stats:read reconcile events:read events:write interviews:read interviews:write admin]";
        let told = folded(&parts(&[
            id,
            "スタッフシステム",
            "期限 2027-11-27 09:59:50",
            scopes,
        ]));
        assert!(told.lines().all(|line| width(line) <= COLUMNS), "{told}");
        assert!(told.starts_with(id));
        assert_eq!(told.split_whitespace().count(), 12);
        assert!(told.lines().skip(1).all(|line| line.starts_with(INDENT)));
    }
}
