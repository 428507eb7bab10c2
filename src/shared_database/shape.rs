//! What a shared table is like, as far as rows depend on it.

use std::collections::BTreeMap;

/// How much of a text a column takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// So many characters.
    Characters(u64),
    /// So many bytes.
    Bytes(u64),
}

impl Limit {
    /// The beginning of a text that fits, ending between two characters; none: all of it does.
    #[must_use]
    pub fn cut(self, text: &str) -> Option<&str> {
        let end = match self {
            Self::Characters(most) => {
                let most = usize::try_from(most).unwrap_or(usize::MAX);
                text.char_indices().nth(most).map(|(at, _)| at)?
            }
            Self::Bytes(most) => {
                let most = usize::try_from(most).unwrap_or(usize::MAX);
                if text.len() <= most {
                    return None;
                }
                text.floor_char_boundary(most)
            }
        };
        Some(&text[..end])
    }
}

/// What a column has where nothing is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unwritten {
    /// Nothing.
    #[default]
    Nothing,
    /// A value that was laid down for it.
    ByDefault,
    /// What the server makes of other columns; it takes no other value.
    Generated,
}

/// A column of a shared table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShapeOfColumn {
    /// Its name as it is written there.
    pub name: String,
    /// Its type, such as `varchar`.
    pub kind: String,
    /// What the type says in full, such as `enum('success','failed')`.
    pub whole: String,
    /// How much text it takes.
    pub limit: Option<Limit>,
    /// Digits behind the second, of a moment.
    pub precision: Option<u64>,
    /// Whether it may have no value.
    pub nullable: bool,
    /// What it has where nothing is written.
    pub unwritten: Unwritten,
    /// Which texts are one for the server.
    pub collation: Option<String>,
    /// In which character set it keeps text.
    pub characters: Option<String>,
    /// Whether no two rows may have the same value.
    pub is_unique: bool,
}

impl ShapeOfColumn {
    /// Whether it can keep a character.
    #[must_use]
    pub fn takes(&self, character: char) -> bool {
        match self.characters.as_deref() {
            Some("utf8mb3" | "utf8" | "ucs2") => character <= '\u{FFFF}',
            Some("ascii") => character.is_ascii(),
            _ => true,
        }
    }

    /// A character set of which it is not known here what it keeps; text in it may be refused.
    #[must_use]
    pub fn unknown_characters(&self) -> Option<&str> {
        let is_text = [
            "char",
            "varchar",
            "tinytext",
            "text",
            "mediumtext",
            "longtext",
        ];
        let set = self.characters.as_deref()?;
        let is_known = set.starts_with("utf") || ["ucs2", "ascii", "gb18030"].contains(&set);
        (is_text.contains(&self.kind.as_str()) && !is_known).then_some(set)
    }

    /// The largest whole number that it keeps; none: any that the relay has.
    #[must_use]
    pub fn largest(&self) -> Option<i64> {
        let bits = match self.kind.as_str() {
            "tinyint" => 8,
            "smallint" => 16,
            "mediumint" => 24,
            "int" => 32,
            _ => return None,
        };
        let is_unsigned = self.whole.contains("unsigned");
        Some((1 << (bits - i32::from(!is_unsigned))) - 1)
    }
}

/// A shared table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// Its columns, by their names in small letters: for the server, capitals make no difference.
    pub columns: BTreeMap<String, ShapeOfColumn>,
    /// The engine that keeps it.
    pub engine: String,
    /// Whether a row is found by its id without reading all of them.
    pub has_key: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(Limit::Characters(2).cut("あいう"), Some("あい"));
        assert_eq!(Limit::Characters(3).cut("あいう"), None);
        assert_eq!(Limit::Bytes(7).cut("あいう"), Some("あい"));
        assert_eq!(Limit::Bytes(9).cut("あいう"), None);
        assert_eq!(Limit::Bytes(2).cut("あいう"), Some(""));
    }

    #[test]
    fn a_number_fits_or_does_not() {
        let largest = |kind: &str, whole: &str| {
            let column = ShapeOfColumn {
                kind: kind.to_owned(),
                whole: whole.to_owned(),
                ..ShapeOfColumn::default()
            };
            column.largest()
        };
        assert_eq!(largest("tinyint", "tinyint(4)"), Some(127));
        assert_eq!(largest("smallint", "smallint(5) unsigned"), Some(65535));
        assert_eq!(largest("int", "int(11)"), Some(2_147_483_647));
        assert_eq!(largest("bigint", "bigint(20)"), None);
    }

    #[test]
    fn a_character_set_keeps_all_some_or_it_is_not_known_which() {
        let column = |set: &str, kind: &str| ShapeOfColumn {
            kind: kind.to_owned(),
            characters: Some(set.to_owned()),
            ..ShapeOfColumn::default()
        };
        for (set, takes) in [
            ("utf8mb4", [true, true, true]),
            ("utf8mb3", [true, true, false]),
            ("ascii", [true, false, false]),
        ] {
            let column = column(set, "varchar");
            assert_eq!(['a', 'あ', '🍣'].map(|c| column.takes(c)), takes, "{set}");
            assert_eq!(column.unknown_characters(), None);
        }
        assert_eq!(column("cp932", "text").unknown_characters(), Some("cp932"));
        // Words of enumerations are plain letters.
        assert_eq!(column("cp932", "enum").unknown_characters(), None);
    }
}
