//! When results of attempts were lost: the relay was killed, or a result could not be kept. The receiver may have applied
//! what was under way then, and no attempt tells of it.

use rusqlite::Connection;

/// Notes that results are lost at this moment, and forgets the moments of which no event is left.
pub(super) fn note(connection: &Connection) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO interruptions (after_attempt, last_event)
             VALUES (coalesce((SELECT max(seq) FROM attempts), 0), coalesce((SELECT max(seq) FROM events), 0))
             ON CONFLICT DO UPDATE SET last_event = excluded.last_event",
        )?
        .execute([])?;
    connection
        .prepare_cached(
            "DELETE FROM interruptions
              WHERE last_event < coalesce((SELECT min(seq) FROM events), 0)",
        )?
        .execute([])
        .map(|_| ())
}

/// SQL for the first place in the order of results at which an event may have been applied; NULL: it was not attempted. An
/// attempt whose result was lost is made again, so an event had one at an interruption only when attempts follow there.
pub(super) fn first_application(event_seq: &str) -> String {
    format!(
        "min((SELECT min(a.seq) FROM attempts a WHERE a.event_seq = {event_seq}),
             coalesce((SELECT after_attempt + 0.5 FROM interruptions
                        WHERE last_event >= {event_seq}
                          AND after_attempt < (SELECT max(a.seq) FROM attempts a WHERE a.event_seq = {event_seq})
                        ORDER BY after_attempt LIMIT 1), 9e18))"
    )
}
