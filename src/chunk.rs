//! Rows of tables, a limited number at a time, on their way from one database to another. A chunk has everything that
//! stands between two keys, so that it can be compared, written and written again as a whole.

use crate::crypto::Sha256;

/// A value of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// None.
    Null,
    /// A whole number.
    Integer(i64),
    /// Text, byte for byte.
    Text(Vec<u8>),
    /// Bytes that are no text.
    Bytes(Vec<u8>),
}

impl Cell {
    /// The text, when it is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(bytes) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    /// The number, when it is one.
    #[must_use]
    pub fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// How many bytes it takes, about.
    #[must_use]
    pub fn size(&self) -> usize {
        match self {
            Self::Null | Self::Integer(_) => 8,
            Self::Text(bytes) | Self::Bytes(bytes) => bytes.len(),
        }
    }

    /// As a key: the order of these bytes is that of the values.
    #[must_use]
    pub fn as_key(&self) -> Vec<u8> {
        match self {
            Self::Null => Vec::new(),
            Self::Integer(number) => key_of(*number).to_vec(),
            Self::Text(bytes) | Self::Bytes(bytes) => bytes.clone(),
        }
    }

    /// Adds it to a digest, so that different values make different ones.
    pub fn feed(&self, digest: &mut Sha256) {
        let (kind, bytes): (u8, &[u8]) = match self {
            Self::Null => (0, &[]),
            Self::Integer(number) => return feed(digest, 1, &number.to_be_bytes()),
            Self::Text(bytes) => (2, bytes),
            Self::Bytes(bytes) => (3, bytes),
        };
        feed(digest, kind, bytes);
    }
}

fn feed(digest: &mut Sha256, kind: u8, bytes: &[u8]) {
    digest.update(&[kind]);
    digest.update(&(bytes.len() as u64).to_be_bytes());
    digest.update(bytes);
}

/// A number as a key.
#[must_use]
pub fn key_of(number: i64) -> [u8; 8] {
    // Negative numbers come first.
    (number.cast_unsigned() ^ (1 << 63)).to_be_bytes()
}

/// The number of a key.
#[must_use]
pub fn number_of(key: &[u8]) -> i64 {
    let bytes = key.try_into().unwrap_or_default();
    (u64::from_be_bytes(bytes) ^ (1 << 63)).cast_signed()
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Whole numbers.
    Integer,
    /// Text.
    Text,
    /// Bytes.
    Bytes,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
}

/// A table as it is carried over: the key is its first columns, and chunks go by the first of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Its columns.
    pub columns: Vec<Column>,
    /// How many of them are the key.
    pub key: usize,
}

impl Table {
    /// The value of a column in one of its rows.
    #[must_use]
    pub fn cell<'a>(&self, row: &'a [Cell], column: &str) -> &'a Cell {
        let at = self.columns.iter().position(|known| known.name == column);
        at.and_then(|at| row.get(at)).unwrap_or(&Cell::Null)
    }
}

/// Tables whose rows go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    /// Events, their deliveries, and all that hangs on them, by the order of acceptance.
    Events,
    /// Interview records, by the order in which they came.
    Interviews,
    /// One table by itself.
    Alone(&'static str),
}

impl Unit {
    /// The word under which it is kept how far it has come.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Events => "(events)",
            Self::Interviews => "(interviews)",
            Self::Alone(table) => table,
        }
    }
}

/// Everything of a unit behind one key up to another.
#[derive(Clone, Debug)]
pub struct Chunk {
    /// The key behind which it begins; none: at the beginning.
    pub lower: Option<Cell>,
    /// The last key that belongs to it; none: everything to the end does.
    pub upper: Option<Cell>,
    /// The rows of each table of the unit, in its order; empty ones too.
    pub rows: Vec<Vec<Vec<Cell>>>,
}

impl Chunk {
    /// How many rows it has.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.rows.iter().map(|rows| rows.len() as u64).sum()
    }

    /// How many rows of the table by which the unit goes.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.rows.first().map_or(0, |rows| rows.len() as u64)
    }

    /// Adds all of it to a digest.
    pub fn feed(&self, digest: &mut Sha256) {
        for rows in &self.rows {
            digest.update(&(rows.len() as u64).to_be_bytes());
            for cell in rows.iter().flatten() {
                cell.feed(digest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(cells: &[Cell]) -> [u8; 32] {
        let mut digest = Sha256::default();
        for cell in cells {
            cell.feed(&mut digest);
        }
        digest.finish()
    }

    #[test]
    fn different_values_have_different_digests() {
        let text = |text: &str| Cell::Text(text.into());
        let all = [
            digest(&[Cell::Null]),
            digest(&[text("")]),
            digest(&[Cell::Bytes(Vec::new())]),
            digest(&[text("ab"), text("c")]),
            digest(&[text("a"), text("bc")]),
            digest(&[Cell::Integer(0)]),
            digest(&[Cell::Integer(0), Cell::Null]),
        ];
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
    }

    #[test]
    fn keys_have_the_order_of_their_values() {
        let numbers = [i64::MIN, -2, -1, 0, 1, 255, 256, i64::MAX];
        assert!(numbers.map(key_of).is_sorted());
        assert_eq!(numbers.map(|number| number_of(&key_of(number))), numbers);
    }
}
