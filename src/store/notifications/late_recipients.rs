//! Recipients of a mail channel whom the mail server did not take for now. Each has a place of its own in the queue of
//! messages behind the channel's, until it has caught up or is given up.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension};

use super::{Known, first_untold, notification};
use crate::clock::Moment;
use crate::notification::{LateRecipient, NotYet};
use crate::store::relay_time::Now;
use crate::store::writer::Lane;
use crate::store::{Store, StoreError};

impl Store {
    /// The recipient of `channel` whose turn it is to be tried again, with its next message.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn late_recipient(
        &self,
        channel: &str,
        moment: Moment,
    ) -> Result<Option<LateRecipient>, StoreError> {
        let (channel, now) = (channel.to_owned(), self.time.now(moment));
        self.read(move |connection| due(connection, &channel, now))
            .await
    }

    /// Remembers that a late recipient has got a message, or never will: the next one may follow at once. `objection`:
    /// why it never will.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn late_recipient_told(
        &self,
        channel: &str,
        recipient: String,
        seq: i64,
        objection: Option<String>,
    ) -> Result<(), StoreError> {
        let channel = channel.to_owned();
        self.write(Lane::Alerts, move |connection| {
            told(connection, &channel, &recipient, seq)?;
            Ok(object(connection, &channel, objection.as_deref())?)
        })
        .await
    }

    /// Remembers that a late recipient is not taken yet, and is tried again after `wait`.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn late_recipient_failed(
        &self,
        channel: &str,
        not_yet: NotYet,
        wait: Duration,
        moment: Moment,
    ) -> Result<(), StoreError> {
        let channel = channel.to_owned();
        let next_try_ms = self.time.now(moment).axis_after(wait);
        self.write(Lane::Alerts, move |connection| {
            Ok(failed(connection, &channel, &not_yet, next_try_ms)?)
        })
        .await
    }

    /// Lets a recipient be told with the others again. `objection`: why it is given up.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn late_recipient_over(
        &self,
        channel: &str,
        recipient: String,
        objection: Option<String>,
    ) -> Result<(), StoreError> {
        let channel = channel.to_owned();
        self.write(Lane::Alerts, move |connection| {
            forget(connection, &channel, &recipient)?;
            Ok(object(connection, &channel, objection.as_deref())?)
        })
        .await
    }
}

/// The late recipients of a channel.
pub(super) fn of_channel(connection: &Connection, channel: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare_cached(
        "SELECT recipient FROM late_recipients WHERE channel = ?1 ORDER BY recipient",
    )?;
    statement
        .query_map([channel], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()
}

/// Recipients who did not get the message `seq` with the others.
pub(super) fn begin(
    connection: &Connection,
    channel: &str,
    seq: i64,
    not_yet: &[NotYet],
    (now, next_try_ms): (Now, i64),
) -> rusqlite::Result<()> {
    for NotYet {
        recipient,
        objection,
    } in not_yet
    {
        connection
            .prepare_cached(
                "INSERT INTO late_recipients
                   (channel, recipient, told, since_ms, next_try_ms, last_error)
                 VALUES (?1, ?2, ?3 - 1, ?4, ?5, ?6)
                 ON CONFLICT DO NOTHING",
            )?
            .execute((channel, recipient, seq, now.axis_ms, next_try_ms, objection))?;
    }
    Ok(())
}

/// Lets the late recipients of a channel that is gone wait at the one that takes its place.
pub(super) fn hand_on(connection: &Connection, gone: &str, new: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO late_recipients
             SELECT ?2, recipient, told, since_ms, tries, next_try_ms, last_error
               FROM late_recipients WHERE channel = ?1
             ON CONFLICT DO NOTHING",
        )?
        .execute((gone, new))
        .map(|_| ())
}

/// Lets every late recipient of a channel be tried at once.
pub(super) fn hurry(connection: &Connection, channel: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE late_recipients SET next_try_ms = 0 WHERE channel = ?1")?
        .execute([channel])
        .map(|_| ())
}

fn due(
    connection: &Connection,
    channel: &str,
    now: Now,
) -> Result<Option<LateRecipient>, StoreError> {
    let found = connection
        .prepare_cached(
            "SELECT l.recipient, l.told, c.begun, c.told, l.since_ms, l.tries
               FROM late_recipients l JOIN alert_channels c ON c.name = l.channel
              WHERE l.channel = ?1 AND l.next_try_ms <= ?2
              ORDER BY l.recipient LIMIT 1",
        )?
        .query_row((channel, now.axis_ms), |row| {
            let place = Known {
                name: channel.to_owned(),
                told: row.get(1)?,
                begun: row.get(2)?,
            };
            let told_to_others: i64 = row.get(3)?;
            let (recipient, since, tries): (String, i64, u32) =
                (row.get(0)?, row.get(4)?, row.get(5)?);
            Ok((recipient, place, told_to_others, since, tries))
        })
        .optional()?;
    let Some((recipient, place, told_to_others, since, tries)) = found else {
        return Ok(None);
    };
    let message = first_untold(connection, &place)?.filter(|next| next.seq <= told_to_others);
    let next = message.map(|message| notification(connection, message, tries, now));
    Ok(Some(LateRecipient {
        recipient,
        waiting: now.since(since),
        next: next.transpose()?,
    }))
}

fn told(connection: &Connection, channel: &str, recipient: &str, seq: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE late_recipients SET told = ?3, tries = 0, next_try_ms = 0
              WHERE channel = ?1 AND recipient = ?2",
        )?
        .execute((channel, recipient, seq))
        .map(|_| ())
}

fn failed(
    connection: &Connection,
    channel: &str,
    not_yet: &NotYet,
    next_try_ms: i64,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE late_recipients SET tries = tries + 1, next_try_ms = ?3, last_error = ?4
              WHERE channel = ?1 AND recipient = ?2",
        )?
        .execute((channel, &not_yet.recipient, next_try_ms, &not_yet.objection))
        .map(|_| ())
}

fn forget(connection: &Connection, channel: &str, recipient: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM late_recipients WHERE channel = ?1 AND recipient = ?2")?
        .execute((channel, recipient))
        .map(|_| ())
}

/// Keeps an objection with the channel, until it takes its next message.
fn object(connection: &Connection, channel: &str, objection: Option<&str>) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE alert_channels SET last_error = coalesce(?2, last_error) WHERE name = ?1",
        )?
        .execute((channel, objection))
        .map(|_| ())
}
