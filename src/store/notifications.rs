//! The queue of messages of each alert channel, and how far each channel has sent them. A channel is identified by
//! its key, which names its destination and does not depend on its place in the configuration.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension};

use super::incident_report::{parsed, report};
use super::relay_time::Now;
use super::writer::Lane;
use super::{Store, StoreError};
use crate::clock::Moment;
use crate::incident::{Report, State};
use crate::notification::Notification;

/// The first message of an incident is sent this long after its beginning, with the count of that moment, so that
/// failures that happen together become one message.
pub(super) const GATHERING: Duration = Duration::from_secs(10);

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

    /// The next message that `channel` has to tell, when it is time to try. What was overtaken (a digest
    /// by a newer message) is passed over. The first one of an incident is told ten seconds after it began, as things
    /// stand then.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn next_notification(
        &self,
        channel: &str,
        moment: Moment,
    ) -> Result<Option<Notification>, StoreError> {
        let (channel, now) = (channel.to_owned(), self.time.now(moment));
        self.read(move |connection| next(connection, &channel, now))
            .await
    }

    /// Remembers that `channel` has told everything up to a message. `objection`: what it had against a part of
    /// it, such as a recipient.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn notification_sent(
        &self,
        channel: &str,
        seq: i64,
        objection: Option<String>,
    ) -> Result<(), StoreError> {
        let channel = channel.to_owned();
        self.write(Lane::Alerts, move |connection| {
            Ok(done(connection, &channel, seq, objection.as_deref())?)
        })
        .await
    }

    /// Remembers that `channel` refuses a message for good: the next one is told.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn notification_set_aside(
        &self,
        channel: &str,
        seq: i64,
        reason: String,
    ) -> Result<(), StoreError> {
        let channel = channel.to_owned();
        self.write(Lane::Alerts, move |connection| {
            Ok(done(connection, &channel, seq, Some(&reason))?)
        })
        .await
    }

    /// Remembers what came of a message that a person sent over `channel` to try it; none: it got through, and then
    /// what there is to tell need not wait.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn channel_tried(
        &self,
        channel: &str,
        objection: Option<String>,
    ) -> Result<(), StoreError> {
        let channel = channel.to_owned();
        self.write(Lane::Alerts, move |connection| {
            begin(connection, &channel)?;
            Ok(tried(connection, &channel, objection.as_deref())?)
        })
        .await
    }

    /// Remembers that `channel` could not tell its next message, and tries again after `wait`.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn notification_failed(
        &self,
        channel: &str,
        error: String,
        wait: Duration,
        moment: Moment,
    ) -> Result<(), StoreError> {
        let channel = channel.to_owned();
        let next_try_ms = self.time.now(moment).axis_after(wait);
        self.write(Lane::Alerts, move |connection| {
            Ok(failed(connection, &channel, &error, next_try_ms)?)
        })
        .await
    }
}

pub(super) fn begin(connection: &Connection, channel: &str) -> rusqlite::Result<()> {
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

/// A channel that was begun.
struct Known {
    name: String,
    /// The last message that it took.
    told: i64,
    /// Up to this message, only what is open is told.
    begun: i64,
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

pub(super) fn keep(connection: &Connection, channels: &[String]) -> Result<(), StoreError> {
    let known = known(connection)?;
    let (known, gone): (Vec<_>, Vec<_>) = known
        .into_iter()
        .partition(|channel| channels.contains(&channel.name));
    let is_new = |name: &&String| known.iter().all(|known| known.name != **name);
    for channel in channels.iter().filter(is_new) {
        let of_kind = gone.iter().filter(|gone| kind(&gone.name) == kind(channel));
        if let Some(told) = of_kind.map(|gone| gone.told).min() {
            begin(connection, channel)?;
            go_back(connection, channel, told)?;
        }
    }
    for channel in &gone {
        forget(connection, &channel.name)?;
    }
    Ok(())
}

/// The channels that `keep` would forget together with what they have not told.
pub(super) fn cut_short(
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
        if !goes_on && !is_replaced && first_untold(connection, channel)?.is_some() {
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

pub(super) fn next(
    connection: &Connection,
    channel: &str,
    now: Now,
) -> Result<Option<Notification>, StoreError> {
    let progress: Option<(Known, u32)> = connection
        .prepare_cached(
            "SELECT told, begun, tries FROM alert_channels
              WHERE name = ?1 AND (next_try_ms IS NULL OR next_try_ms <= ?2)",
        )?
        .query_row((channel, now.axis_ms), |row| {
            let known = Known {
                name: channel.to_owned(),
                told: row.get(0)?,
                begun: row.get(1)?,
            };
            Ok((known, row.get(2)?))
        })
        .optional()?;
    let Some((known, tries)) = progress else {
        return Ok(None);
    };
    let Some(message) = first_untold(connection, &known)? else {
        return Ok(None);
    };
    let report = match message.state {
        State::Opened if now.since(message.told_ms) < GATHERING => return Ok(None),
        State::Opened => report(connection, message.incident, now)?,
        _ => message.written,
    };
    Ok(Some(Notification {
        seq: message.seq,
        state: message.state,
        report,
        tries,
    }))
}

/// The first message that a channel has not told and still has to.
fn first_untold(connection: &Connection, channel: &Known) -> rusqlite::Result<Option<Message>> {
    connection
        .prepare_cached(
            "SELECT m.seq, m.state, m.report, m.incident, i.told_ms
               FROM alert_messages m JOIN incidents i ON i.seq = m.incident
              WHERE m.seq > ?1 AND (m.seq > ?2 OR i.closed_at IS NULL)
                AND NOT (m.state = 'ongoing' AND EXISTS (
                      SELECT 1 FROM alert_messages n WHERE n.incident = m.incident AND n.seq > m.seq))
              ORDER BY m.seq LIMIT 1",
        )?
        .query_row([channel.told, channel.begun], |row| {
            let (state, written): (String, String) = (row.get(1)?, row.get(2)?);
            Ok(Message {
                seq: row.get(0)?,
                state: parsed(&format!("\"{state}\""))?,
                written: parsed(&written)?,
                incident: row.get(3)?,
                told_ms: row.get(4)?,
            })
        })
        .optional()
}

/// A message of an incident, as it was written.
struct Message {
    seq: i64,
    state: State,
    written: Report,
    incident: i64,
    /// When the incident was told last, on the relay's own axis.
    told_ms: i64,
}

pub(super) fn done(
    connection: &Connection,
    channel: &str,
    seq: i64,
    objection: Option<&str>,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE alert_channels
                SET told = ?2, tries = 0, next_try_ms = NULL, last_error = ?3
              WHERE name = ?1",
        )?
        .execute((channel, seq, objection))
        .map(|_| ())
}

fn tried(connection: &Connection, channel: &str, objection: Option<&str>) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE alert_channels
                SET last_error = ?2, next_try_ms = iif(?2 IS NULL, NULL, next_try_ms)
              WHERE name = ?1",
        )?
        .execute((channel, objection))
        .map(|_| ())
}

pub(super) fn failed(
    connection: &Connection,
    channel: &str,
    error: &str,
    next_try_ms: i64,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE alert_channels SET tries = tries + 1, next_try_ms = ?2, last_error = ?3
              WHERE name = ?1",
        )?
        .execute((channel, next_try_ms, error))
        .map(|_| ())
}

/// Channels that cannot be reached, or had something against their last message, with the reason.
pub(super) fn failing_channels(
    connection: &Connection,
) -> Result<Vec<(String, String)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT name, last_error FROM alert_channels WHERE last_error IS NOT NULL ORDER BY name",
    )?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
