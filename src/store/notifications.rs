//! The queue of messages of each alert channel, and how far each channel has sent them.

pub(super) mod channels;
mod late_recipients;

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension};

use super::incident_report::{parsed, report};
use super::relay_time::Now;
use super::writer::Lane;
use super::{Store, StoreError};
use crate::clock::Moment;
use crate::incident::{Report, State};
use crate::notification::{NotYet, Notification};
use channels::begin;

/// The first message of an incident is sent this long after its beginning, with the count of that moment, so that
/// failures that happen together become one message.
pub(super) const GATHERING: Duration = Duration::from_secs(10);

impl Store {
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
    /// it, such as a recipient. Whom it does not reach yet is tried again after `wait`.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn notification_sent(
        &self,
        channel: &str,
        seq: i64,
        objection: Option<String>,
        not_yet: Vec<NotYet>,
        wait: Duration,
        moment: Moment,
    ) -> Result<(), StoreError> {
        let channel = channel.to_owned();
        let now = self.time.now(moment);
        let times = (now, now.axis_after(wait));
        self.write(Lane::Alerts, move |connection| {
            done(connection, &channel, seq, objection.as_deref())?;
            Ok(late_recipients::begin(
                connection, &channel, seq, &not_yet, times,
            )?)
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
            tried(connection, &channel, objection.as_deref())?;
            if objection.is_none() {
                late_recipients::hurry(connection, &channel)?;
            }
            Ok(())
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

/// A channel that was begun, or one of its recipients.
pub(super) struct Known {
    /// The channel's.
    pub(super) name: String,
    /// The last message that it took.
    pub(super) told: i64,
    /// Up to this message, only what is open is told.
    pub(super) begun: i64,
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
    if message.state == State::Opened && now.since(message.told_ms) < GATHERING {
        return Ok(None);
    }
    let next = Notification {
        late: late_recipients::of_channel(connection, channel)?,
        ..notification(connection, message, tries, now)?
    };
    Ok(Some(next))
}

/// A message as it is told at this moment.
pub(super) fn notification(
    connection: &Connection,
    message: Message,
    tries: u32,
    now: Now,
) -> Result<Notification, StoreError> {
    let report = match message.state {
        State::Opened => report(connection, message.incident, now)?,
        State::Ongoing | State::Resolved => message.written,
    };
    Ok(Notification {
        seq: message.seq,
        state: message.state,
        report,
        tries,
        late: Vec::new(),
    })
}

/// The first message that a channel has not told and still has to.
pub(super) fn first_untold(
    connection: &Connection,
    channel: &Known,
) -> rusqlite::Result<Option<Message>> {
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
pub(super) struct Message {
    /// Its place in the order.
    pub(super) seq: i64,
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

/// Channels that cannot be reached, or had something against their last message, with the reason; one with late recipients
/// once more for each of them.
pub(super) fn failing_channels(
    connection: &Connection,
) -> Result<Vec<(String, String)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT name, last_error FROM alert_channels WHERE last_error IS NOT NULL
         UNION ALL SELECT channel, last_error FROM late_recipients
         ORDER BY 1",
    )?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
