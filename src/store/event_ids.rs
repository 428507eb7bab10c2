//! Short ids: the shortest unambiguous prefixes of event ids, for a person to type.

use rusqlite::{Connection, OptionalExtension};

use super::{Store, StoreError};

/// Appended to a prefix, this sorts after every id with that prefix: no character of an id sorts after `f`.
const BEHIND: char = 'g';
/// Characters of an id that say when the event was accepted, to the millisecond: no shorter beginning is
/// given, because an event of the next minute would make it mean two.
const MILLISECOND: usize = "0199e2f3-1a2b".len();

impl Store {
    /// For each id, in the same order, a prefix of it that no other event's id has.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn short_ids(&self, ids: Vec<String>) -> Result<Vec<String>, StoreError> {
        self.read(move |connection| {
            let shorten = |id| shortened(connection, id).map_err(StoreError::from);
            ids.into_iter().map(shorten).collect()
        })
        .await
    }

    /// The ids that begin so, of events that take one of these routes (none: any), in their order, at most `most`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn ids_that_begin(
        &self,
        with: &str,
        routes: Option<Vec<String>>,
        most: usize,
    ) -> Result<Vec<String>, StoreError> {
        let begin = with.to_owned();
        self.read(move |connection| Ok(that_begin(connection, &begin, routes.as_deref(), most)?))
            .await
    }
}

pub(super) fn that_begin(
    connection: &Connection,
    begin: &str,
    routes: Option<&[String]>,
    most: usize,
) -> rusqlite::Result<Vec<String>> {
    let end = format!("{begin}{BEHIND}");
    let mut statement = connection
        .prepare_cached("SELECT id, route FROM events WHERE id >= ?1 AND id < ?2 ORDER BY id")?;
    let found = statement.query_map((begin, end), |row| Ok((row.get(0)?, row.get(1)?)))?;
    let wanted = |found: &rusqlite::Result<(String, String)>| match (found, routes) {
        (Ok((_, route)), Some(routes)) => routes.contains(route),
        (Ok(_), None) | (Err(_), _) => true,
    };
    let wanted = found.filter(wanted).take(most);
    wanted.map(|found| Ok(found?.0)).collect()
}

pub(super) fn shortened(connection: &Connection, mut id: String) -> rusqlite::Result<String> {
    // Ids with a common prefix are neighbours in the index.
    let neighbour = |sql: &str| -> rusqlite::Result<Option<String>> {
        let found = connection
            .prepare_cached(sql)?
            .query_row([&id], |row| row.get(0));
        Ok(found.optional()?.flatten())
    };
    let before = neighbour("SELECT max(id) FROM events WHERE id < ?1")?;
    let after = neighbour("SELECT min(id) FROM events WHERE id > ?1")?;
    let same = [before, after]
        .into_iter()
        .flatten()
        .map(|other| same_length(&id, &other));
    let mut length = same.max().unwrap_or(0).saturating_add(1).max(MILLISECOND);
    // A hyphen at the end would be lost in copying.
    if id.as_bytes().get(length - 1) == Some(&b'-') {
        length += 1;
    }
    id.truncate(length);
    Ok(id)
}

/// How many characters two ids have in common at their beginning.
fn same_length(one: &str, other: &str) -> usize {
    let pairs = one.bytes().zip(other.bytes());
    pairs.take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::{accept_one, database, when};

    #[test]
    fn a_short_id_means_one_event_and_is_no_shorter_than_its_millisecond() {
        let (_directory, connection) = database();
        assert_eq!(shortened(&connection, "0199".to_owned()).unwrap(), "0199");
        let alone = accept_one(&connection, "a", when(1));
        let together: Vec<String> = (0..200)
            .map(|_| accept_one(&connection, "a", when(9)))
            .collect();
        assert_eq!(shortened(&connection, alone.clone()).unwrap(), alone[..13]);
        for id in together {
            let short = shortened(&connection, id.clone()).unwrap();
            assert!(short.len() > 13 && !short.ends_with('-'), "{short}");
            assert_eq!(that_begin(&connection, &short, None, 9).unwrap(), [id]);
        }
        assert_eq!(
            that_begin(&connection, &alone[..13], None, 9).unwrap(),
            [alone]
        );
        assert_eq!(that_begin(&connection, "01", None, 150).unwrap().len(), 150);
        assert_eq!(that_begin(&connection, "f", None, 9).unwrap().len(), 0);
    }
}
