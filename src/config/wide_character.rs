//! Full-width and invisible characters that an input method left where TOML wants others.

/// A full-width or invisible character: it looks like a plain one, or like nothing. Letters such as `é`
/// are somebody's choice.
pub(super) fn is_wide(c: char) -> bool {
    !c.is_ascii() && !('\u{c0}'..='\u{24f}').contains(&c)
}

/// The first full-width or invisible character outside of texts and comments, or in the place of a closing quote: at
/// which character of the line, from 1, and which.
pub(super) fn wide_character(line: &str) -> Option<(usize, char)> {
    let (mut open, mut instead_of_quote) = (None, None);
    let mut characters = (1..).zip(line.chars());
    while let Some((column, c)) = characters.next() {
        match open {
            None if c == '#' => return None,
            None if is_wide(c) => return Some((column, c)),
            None if matches!(c, '"' | '\'') => open = Some(c),
            Some('"') if c == '\\' => {
                characters.next();
            }
            Some(quote) if c == quote => (open, instead_of_quote) = (None, None),
            Some(_) if matches!(c, '“' | '”' | '＂' | '‘' | '’' | '＇') => {
                instead_of_quote = instead_of_quote.or(Some((column, c)));
            }
            _ => {}
        }
    }
    instead_of_quote
}

#[cfg(test)]
mod tests {
    use super::wide_character;

    #[test]
    fn a_wide_character_counts_outside_of_texts_and_where_a_quote_should_close() {
        for (line, found) in [
            ("timeout_seconds = ５", Some((19, '５'))),
            ("\u{3000}url = \"x\"", Some((1, '\u{3000}'))),
            ("url = ”https://x.example/”", Some((7, '”'))),
            ("name = \"医院”", Some((11, '”'))),
            ("name = \"医院\" \u{3000}", Some((13, '\u{3000}'))),
            ("name = \"a\\\"医\" = 1", None),
            ("name = \"“医院”\" = 1", None),
            ("x = # 医院", None),
            ("", None),
        ] {
            assert_eq!(wide_character(line), found, "{line}");
        }
    }
}
