//! Who is logged in to the monitor page (contract, section 12). Of codes and secrets only their digests are kept.
//!
//! A code is a row without `opened_at`: its `ends_ms` is already the session's, and its `idle_ms` the moment after which
//! it cannot be used any more.

use rusqlite::{Connection, OptionalExtension, Row};

use super::connection::word;
use super::relay_time::Now;
use super::writer::Lane;
use super::{Store, StoreError, audit};
use crate::audit::{Action, Actor, Subject};
use crate::clock::Moment;
use crate::session::{
    CODE_LASTS, Digest, IDLE, NewLogin, Role, Session, Sessions, USUAL_HOURS, id_of,
};

/// A session that is used says so again when so much of its time without use is over: not every request writes.
const KEPT_AFTER: u32 = 10;

impl Store {
    /// Lets somebody log in with the code of this digest, once and for a while.
    ///
    /// # Errors
    /// When the database cannot be written; then the code is good for nothing.
    pub async fn begin_login(
        &self,
        login: NewLogin,
        code: Digest,
        by: Actor,
        moment: Moment,
    ) -> Result<(), StoreError> {
        let (time, now) = (self.time.clone(), self.time.now(moment));
        let entry = by.did(Action::IssueLogin, now.wall);
        let subject = format!("{} ({})", login.name, login.role.as_str());
        let entry = entry.to(Subject::Named(subject));
        self.write(Lane::Calls, move |connection| {
            insert(connection, &login, &code, now)?;
            audit::record(connection, &entry)?;
            // The wait is worth as much as what is known of the time in which it was begun.
            time.save(connection, now)?;
            Ok(())
        })
        .await
    }

    /// Opens the session for which a code was made, and spends the code; none: it is not good, or not any more. `from`
    /// is who logs in, without a name.
    ///
    /// # Errors
    /// When the database cannot be written; then the code is as good as before.
    pub async fn spend_code(
        &self,
        code: Digest,
        secret: Digest,
        from: Actor,
        moment: Moment,
    ) -> Result<Option<Session>, StoreError> {
        let now = self.time.now(moment);
        // Whoever tries codes has nothing written.
        let good = self.read(move |connection| Ok(login_of(connection, &code, now)?));
        if good.await?.is_none() {
            return Ok(None);
        }
        self.write(Lane::Calls, move |connection| {
            let Some(session) = open(connection, &code, &secret, now)? else {
                return Ok(None);
            };
            let who = Actor {
                who: session.name.clone(),
                ..from.clone()
            };
            let entry = who.did(Action::Login, now.wall);
            let subject = Subject::Named(session.role.as_str().to_owned());
            audit::record(connection, &entry.to(subject))?;
            Ok(Some(session))
        })
        .await
    }

    /// The session with this secret; none when there is none, or it is over. `used`: a person uses it at this moment,
    /// and so it goes on.
    ///
    /// # Errors
    /// When the database cannot be read. That the use of one could not be kept is none.
    pub async fn session(
        &self,
        secret: Digest,
        used: bool,
        moment: Moment,
    ) -> Result<Option<Session>, StoreError> {
        let now = self.time.now(moment);
        let found = self.read(move |connection| Ok(find(connection, &secret, now)?));
        let Some(mut row) = found.await? else {
            return Ok(None);
        };
        if used && row.is_to_be_kept(now) {
            let kept = self.write(Lane::Calls, move |connection| {
                Ok::<_, StoreError>(keep(connection, &secret, now)?)
            });
            match kept.await {
                Ok(()) => {
                    let idle_at = now.wall.after(IDLE);
                    row.session.idle_at = idle_at.min(row.session.ends_at);
                }
                Err(error) => {
                    tracing::debug!(%error, "that a session is used could not be kept");
                }
            }
        }
        Ok(Some(row.session))
    }

    /// The sessions that last, the newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn sessions(&self, moment: Moment) -> Result<Vec<Session>, StoreError> {
        let now = self.time.now(moment);
        self.read(move |connection| Ok(lasting(connection, now)?))
            .await
    }

    /// Ends sessions, and answers how many.
    ///
    /// # Errors
    /// When the database cannot be written; then they last.
    pub async fn end_sessions(
        &self,
        which: Sessions,
        by: Actor,
        moment: Moment,
    ) -> Result<u64, StoreError> {
        let now = self.time.now(moment);
        self.write(Lane::Calls, move |connection| {
            let ended = end(connection, &which, now)?;
            if ended > 0 {
                let entry = by.clone().did(Action::EndSession, now.wall);
                let entry = entry.to(subject(&which)).counting(ended);
                audit::record(connection, &entry)?;
            }
            Ok(ended)
        })
        .await
    }

    /// Deletes what is over: sessions, and codes that nobody has used.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn purge_sessions(&self, moment: Moment) -> Result<(), StoreError> {
        let now = self.time.now(moment);
        if !self.read(move |c| Ok(any_over(c, now)?)).await? {
            return Ok(());
        }
        self.write(Lane::Maintenance, move |connection| {
            Ok(purge(connection, now)?)
        })
        .await
    }
}

/// A session with its moments on the time axis.
struct Found {
    session: Session,
    ends_ms: i64,
    idle_ms: i64,
}

impl Found {
    /// Whether it ends without use, and enough of that time is over.
    fn is_to_be_kept(&self, now: Now) -> bool {
        let left = now.until(self.idle_ms);
        self.idle_ms < self.ends_ms && left + IDLE / KEPT_AFTER < IDLE
    }
}

fn subject(which: &Sessions) -> Subject {
    match which {
        Sessions::Own(_) => Subject::None,
        Sessions::Id(name) | Sessions::Named(name) => Subject::Named(name.clone()),
        Sessions::All => Subject::Named("all".to_owned()),
    }
}

fn insert(
    connection: &Connection,
    login: &NewLogin,
    code: &Digest,
    now: Now,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO monitor_sessions (secret_hash, name, role, opened_at, ends_ms, idle_ms)
             VALUES (?1, ?2, ?3, NULL, ?4, ?5)",
        )?
        .execute((
            code,
            &login.name,
            login.role.as_str(),
            now.axis_after(login.lasts),
            now.axis_after(CODE_LASTS),
        ))
        .map(|_| ())
}

/// The login for which a code was made: name, role and end.
fn login_of(
    connection: &Connection,
    code: &Digest,
    now: Now,
) -> rusqlite::Result<Option<(String, Role, i64)>> {
    connection
        .prepare_cached(
            "SELECT name, role, ends_ms FROM monitor_sessions
              WHERE secret_hash = ?1 AND opened_at IS NULL AND idle_ms > ?2",
        )?
        .query_row((code, now.axis_ms), |row| {
            let role = word(1, row.get(1)?, Role::from_word)?;
            Ok((row.get(0)?, role, row.get(2)?))
        })
        .optional()
}

fn open(
    connection: &Connection,
    code: &Digest,
    secret: &Digest,
    now: Now,
) -> rusqlite::Result<Option<Session>> {
    let Some((name, role, ends_ms)) = login_of(connection, code, now)? else {
        return Ok(None);
    };
    let usual = now.axis_after(std::time::Duration::from_hours(USUAL_HOURS.into()));
    let idle_ms = if ends_ms > usual {
        ends_ms
    } else {
        now.axis_after(IDLE).min(ends_ms)
    };
    connection
        .prepare_cached("DELETE FROM monitor_sessions WHERE secret_hash = ?1")?
        .execute([code])?;
    connection
        .prepare_cached(
            "INSERT INTO monitor_sessions (secret_hash, name, role, opened_at, ends_ms, idle_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute((secret, &name, role.as_str(), now.wall, ends_ms, idle_ms))?;
    Ok(find(connection, secret, now)?.map(|found| found.session))
}

/// A macro, because a list of columns is part of each statement's text.
macro_rules! columns {
    () => {
        "SELECT secret_hash, name, role, opened_at, ends_ms, idle_ms FROM monitor_sessions"
    };
}

fn find(connection: &Connection, secret: &Digest, now: Now) -> rusqlite::Result<Option<Found>> {
    connection
        .prepare_cached(concat!(
            columns!(),
            " WHERE secret_hash = ?1 AND opened_at IS NOT NULL AND min(ends_ms, idle_ms) > ?2"
        ))?
        .query_row((secret, now.axis_ms), |row| found(row, now))
        .optional()
}

fn lasting(connection: &Connection, now: Now) -> rusqlite::Result<Vec<Session>> {
    let mut sessions = connection
        .prepare_cached(concat!(
            columns!(),
            " WHERE opened_at IS NOT NULL AND min(ends_ms, idle_ms) > ?1"
        ))?
        .query_map([now.axis_ms], |row| Ok(found(row, now)?.session))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    sessions.sort_by_key(|session| std::cmp::Reverse(session.opened_at));
    Ok(sessions)
}

fn found(row: &Row<'_>, now: Now) -> rusqlite::Result<Found> {
    let (ends_ms, idle_ms) = (row.get(4)?, row.get(5)?);
    Ok(Found {
        session: Session {
            id: id_of(&row.get(0)?),
            name: row.get(1)?,
            role: word(2, row.get(2)?, Role::from_word)?,
            opened_at: row.get(3)?,
            ends_at: now.wall_of(ends_ms),
            idle_at: now.wall_of(idle_ms),
        },
        ends_ms,
        idle_ms,
    })
}

fn keep(connection: &Connection, secret: &Digest, now: Now) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE monitor_sessions SET idle_ms = min(ends_ms, ?2)
              WHERE secret_hash = ?1 AND opened_at IS NOT NULL",
        )?
        .execute((secret, now.axis_after(IDLE)))
        .map(|_| ())
}

fn end(connection: &Connection, which: &Sessions, now: Now) -> rusqlite::Result<u64> {
    let ended = match which {
        Sessions::Own(secret) => connection
            .prepare_cached("DELETE FROM monitor_sessions WHERE secret_hash = ?1")?
            .execute([secret])?,
        Sessions::Id(id) => connection
            .prepare_cached(
                "DELETE FROM monitor_sessions
                  WHERE lower(hex(substr(secret_hash, 1, 4))) = ?1 AND opened_at IS NOT NULL
                    AND min(ends_ms, idle_ms) > ?2",
            )?
            .execute((id, now.axis_ms))?,
        Sessions::Named(name) => connection
            .prepare_cached(
                "DELETE FROM monitor_sessions WHERE name = ?1 AND min(ends_ms, idle_ms) > ?2",
            )?
            .execute((name, now.axis_ms))?,
        Sessions::All => connection
            .prepare_cached("DELETE FROM monitor_sessions WHERE min(ends_ms, idle_ms) > ?1")?
            .execute([now.axis_ms])?,
    };
    Ok(ended as u64)
}

fn any_over(connection: &Connection, now: Now) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM monitor_sessions WHERE min(ends_ms, idle_ms) <= ?1)",
        )?
        .query_row([now.axis_ms], |row| row.get(0))
}

fn purge(connection: &Connection, now: Now) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM monitor_sessions WHERE min(ends_ms, idle_ms) <= ?1")?
        .execute([now.axis_ms])
        .map(|_| ())
}

/// Forgets all of them, in the caller's transaction: in another database sessions may last that were ended here.
pub(super) fn forget(connection: &Connection) -> rusqlite::Result<()> {
    connection
        .execute("DELETE FROM monitor_sessions", [])
        .map(|_| ())
}

#[cfg(test)]
mod tests;
