//! A way in which rows of a table refer to rows of a shared one.

/// A foreign key by which rows of a table refer to rows of a shared one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The table that refers, quoted, with its database.
    pub(super) from: String,
    /// Each of its columns with the one that it refers to.
    pub(super) columns: Vec<(String, String)>,
    /// Whether the table refers to itself: some of its rows are the relay's own.
    pub(super) is_itself: bool,
    /// The table, with its database, as a person writes it.
    pub table: String,
    /// The table and the first of its columns, for a person.
    pub said: String,
}
