//! Which alert channels there are. A channel is identified by its key, which names its destination and does not depend
//! on its place in the configuration.

use rusqlite::Connection;

use super::{Known, first_untold, late_recipients};
use crate::store::writer::Lane;
use crate::store::{Store, StoreError};

impl Store {
    /// Begins to tell `channel`, unless it was begun before: with what is open, and nothing that is over.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn begin_channel(&self, channel: &str) -> Result<(), StoreError> {
        let channel = channel.to_owned();
        self.write(Lane::Alerts, move |connection| {
            Ok(begin(connection, &channel)?)
        })
        .await
    }

    /// Drops the read position of removed channels. A new channel inherits that of a removed one of its kind, because it
    /// may be the same one with a corrected address; it is also told what is open.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn keep_channels(&self, channels: Vec<String>) -> Result<(), StoreError> {
        let known = self.read(known).await?;
        if known.iter().all(|channel| channels.contains(&channel.name)) {
            return Ok(());
        }
        self.write(Lane::Alerts, move |connection| keep(connection, &channels))
            .await
    }

    /// Which channels that are none of these have something to tell that nobody would tell in their place.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn channels_cut_short(
        &self,
        channels: Vec<String>,
    ) -> Result<Vec<String>, StoreError> {
        self.read(move |connection| cut_short(connection, &channels))
            .await
    }
}

pub(in crate::store) fn begin(connection: &Connection, channel: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO alert_channels (name, told, begun)
             SELECT ?1, coalesce(
               (SELECT min(m.seq) - 1 FROM alert_messages m JOIN incidents i ON i.seq = m.incident
                 WHERE i.closed_at IS NULL),
               (SELECT max(seq) FROM alert_messages), 0),
               coalesce((SELECT max(seq) FROM alert_messages), 0)
             WHERE NOT EXISTS (SELECT 1 FROM alert_channels WHERE name = ?1)",
        )?
        .execute([channel])
        .map(|_| ())
}

fn known(connection: &Connection) -> Result<Vec<Known>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT name, told, begun FROM alert_channels ORDER BY name")?;
    let known = statement.query_map([], |row| {
        Ok(Known {
            name: row.get(0)?,
            told: row.get(1)?,
            begun: row.get(2)?,
        })
    })?;
    Ok(known.collect::<rusqlite::Result<_>>()?)
}

pub(in crate::store) fn keep(
    connection: &Connection,
    channels: &[String],
) -> Result<(), StoreError> {
    let known = known(connection)?;
    let (known, gone): (Vec<_>, Vec<_>) = known
        .into_iter()
        .partition(|channel| channels.contains(&channel.name));
    let is_new = |name: &&String| known.iter().all(|known| known.name != **name);
    for channel in channels.iter().filter(is_new) {
        let of_kind = gone.iter().filter(|gone| kind(&gone.name) == kind(channel));
        if let Some(told) = of_kind.clone().map(|gone| gone.told).min() {
            begin(connection, channel)?;
            go_back(connection, channel, told)?;
        }
        for gone in of_kind {
            late_recipients::hand_on(connection, &gone.name, channel)?;
        }
    }
    for channel in &gone {
        forget(connection, &channel.name)?;
    }
    Ok(())
}

/// The channels that `keep` would forget together with what they have not told.
pub(in crate::store) fn cut_short(
    connection: &Connection,
    channels: &[String],
) -> Result<Vec<String>, StoreError> {
    let known = known(connection)?;
    let is_known = |name: &String| known.iter().any(|known| known.name == *name);
    let new: Vec<_> = channels.iter().filter(|name| !is_known(name)).collect();
    let mut found = Vec::new();
    for channel in &known {
        let goes_on = channels.contains(&channel.name);
        let is_replaced = new.iter().any(|new| kind(new) == kind(&channel.name));
        let has_untold = first_untold(connection, channel)?.is_some()
            || !late_recipients::of_channel(connection, &channel.name)?.is_empty();
        if !goes_on && !is_replaced && has_untold {
            found.push(channel.name.clone());
        }
    }
    Ok(found)
}

/// The kind of a channel, with which its key begins.
fn kind(key: &str) -> Option<&str> {
    key.split(' ').next()
}

/// Lets a channel tell everything after the message `told`, besides what is open.
fn go_back(connection: &Connection, channel: &str, told: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE alert_channels SET told = min(told, ?2), begun = ?2 WHERE name = ?1",
        )?
        .execute((channel, told))
        .map(|_| ())
}

fn forget(connection: &Connection, channel: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM alert_channels WHERE name = ?1")?
        .execute([channel])
        .map(|_| ())
}
