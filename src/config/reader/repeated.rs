//! Keys and headings that stand twice in a file, and where they stood before.

/// What stands on this line, from 1, and stood on an earlier one: as it is written, and the earlier line. None when that
/// cannot be seen, as with keys that are written in other ways.
pub(super) fn repeated(text: &str, line: usize) -> Option<(&str, usize)> {
    let before = line.checked_sub(1)?;
    let lines: Vec<&str> = text.lines().take(line).collect();
    let (this, above) = (lines.get(before)?, &lines[..before]);
    if let Some(name) = heading(this) {
        let first = above.iter().position(|text| heading(text) == Some(name))?;
        return Some((name, first + 1));
    }
    let name = key(this)?;
    let of_table = |begin: usize| {
        let table = above[begin..]
            .iter()
            .take_while(|text| !heading_begins(text));
        let found = table.enumerate().find(|(_, text)| key(text) == Some(name));
        found.map(|(at, _)| (name, begin + at + 1))
    };
    let Some(own) = above.iter().rposition(|text| heading_begins(text)) else {
        return of_table(0);
    };
    // Where the heading itself stands twice, the first one's keys count too.
    let same = |text: &&str| heading(text).is_some() && heading(text) == heading(above[own]);
    let first = above.iter().position(same);
    of_table(own + 1).or_else(|| of_table(first? + 1))
}

/// Such as `[server]`.
fn heading(line: &str) -> Option<&str> {
    let line = line.trim_start_matches('\u{feff}').trim();
    let end = line.rfind(']').filter(|_| heading_begins(line))?;
    Some(&line[..=end])
}

fn heading_begins(line: &str) -> bool {
    line.trim_start_matches('\u{feff}')
        .trim_start()
        .starts_with('[')
}

fn key(line: &str) -> Option<&str> {
    let (key, _) = line.split_once('=')?;
    Some(key.trim_start_matches('\u{feff}').trim())
}

#[cfg(test)]
mod tests {
    use super::repeated;

    #[test]
    fn the_line_before_it_is_found_in_its_own_table() {
        let text = "url = 1\n[a]\nurl = 1\n[b] # b\nurl = 1\n name=2\nurl =3\n[b]\nname = 4\n";
        assert_eq!(repeated(text, 7), Some(("url", 5)));
        assert_eq!(repeated(text, 8), Some(("[b]", 4)));
        // Its heading stands twice too.
        assert_eq!(repeated(text, 9), Some(("name", 6)));
        for line in [0, 1, 3, 5, 99] {
            assert_eq!(repeated(text, line), None, "{line}");
        }
    }
}
