//! Everything is carried, once, in chunks whose ends do not move.

use std::collections::BTreeSet;

use super::*;
use crate::store::tests::database;

/// Counted anew from the rows by whoever takes them over, or empty unless a file is being imported.
const DERIVED: [&str; 7] = [
    "import_rows",
    "import_decided",
    "send_counts",
    "queue_counts",
    "interview_counts",
    "delivered_digests",
    "refinery_schema_history",
];

fn copy_of(connection: &Connection) -> CarriedCopy {
    CarriedCopy::open(Path::new(connection.path().unwrap())).unwrap()
}

fn chunks(copy: &CarriedCopy, unit: Unit) -> Vec<Chunk> {
    let tables = copy.tables(unit).unwrap();
    let (mut chunks, mut last) = (Vec::new(), None);
    while let Some(chunk) = copy.next(&tables, last.as_ref()).unwrap() {
        last.clone_from(&chunk.upper);
        chunks.push(chunk);
    }
    chunks
}

#[test]
fn every_table_of_the_schema_is_carried_or_can_be_counted_anew() {
    let (_directory, connection) = database();
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    let mut statement = connection.prepare(sql).unwrap();
    let names = statement
        .query_map([], |row| row.get::<_, String>(0))
        .unwrap();
    let known: BTreeSet<String> = names.map(Result::unwrap).collect();
    let of_events = OF_EVENTS.map(|(name, _)| name);
    let carried = of_events.iter().chain(&ALONE).chain(&["interviews"]);
    let carried: BTreeSet<String> = carried
        .chain(&DERIVED)
        .map(|name| (*name).to_owned())
        .collect();
    assert_eq!(known, carried);
}

const MANY: &str = "
    WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1700)
    INSERT INTO events (seq, id, event_type, event_timestamp, accepted_at, route, data)
      SELECT n, 'id-' || n, 'a.b', '2025-10-26T14:30:00.000Z', '2025-10-26T14:30:00.000Z', 'default', '{}' FROM n;
    INSERT INTO webhook_send_logs (id, event_type, event_timestamp, sent_at, request_id, payload_size, status,
        processing_time, created_at, route)
      SELECT id, event_type, event_timestamp, accepted_at, id, 2, 'success', 1, accepted_at, route FROM events;
    INSERT INTO attempts (event_seq, attempt, started_at, outcome, processing_time)
      SELECT 1701 - seq, 1, accepted_at, 'success', 1 FROM events;
    WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 3000)
    INSERT INTO idempotency_keys (key_hash, position, event_id, created_at)
      SELECT randomblob(32), n % 2, 'id', '2025' FROM n;";

#[test]
fn each_row_is_in_one_chunk_with_what_hangs_on_it() {
    let (_directory, connection) = database();
    connection.execute_batch(MANY).unwrap();
    let copy = copy_of(&connection);
    let all = chunks(&copy, Unit::Events);
    let ends: Vec<_> = all
        .iter()
        .map(|chunk| chunk.upper.clone().unwrap())
        .collect();
    assert_eq!(ends, [500, 1000, 1500, 1700].map(Cell::Integer));
    for chunk in &all {
        let numbers = |at: usize| -> BTreeSet<i64> {
            chunk.rows[at]
                .iter()
                .map(|row| row[0].integer().unwrap())
                .collect()
        };
        assert_eq!(numbers(0), numbers(2));
        assert_eq!(numbers(0), numbers(3));
        assert_eq!(numbers(0).len(), chunk.rows[2].len());
    }
    let keys = chunks(&copy, Unit::Alone("idempotency_keys"));
    assert_eq!(keys.iter().map(Chunk::count).sum::<u64>(), 3000);
    assert!(keys.len() > 1, "{}", keys.len());
}

#[test]
fn a_new_row_moves_the_end_of_no_other_chunk() {
    let (_directory, connection) = database();
    connection.execute_batch(MANY).unwrap();
    let unit = Unit::Alone("idempotency_keys");
    let ends = |copy: &CarriedCopy| -> BTreeSet<Vec<u8>> {
        let chunks = chunks(copy, unit).into_iter();
        chunks.map(|chunk| chunk.upper.unwrap().as_key()).collect()
    };
    let before = ends(&copy_of(&connection));
    let more = "INSERT INTO idempotency_keys (key_hash, position, event_id, created_at) VALUES (randomblob(32), 0, 'x', '2025')";
    connection.execute_batch(more).unwrap();
    let after = ends(&copy_of(&connection));
    assert!(before.symmetric_difference(&after).count() <= 2);
}

#[test]
fn a_chunk_ends_where_its_rows_are_large() {
    let (_directory, connection) = database();
    let large = format!(
        "INSERT INTO events (seq, id, event_type, event_timestamp, accepted_at, route, data)
         SELECT value, value, 'a.b', '2025-10-26T14:30:00.000Z', '2025-10-26T14:30:00.000Z', 'default',
                replace(printf('%{}s', ''), ' ', 'x') FROM json_each('[1,2,3,4,5,6]')",
        BYTES / 2
    );
    connection.execute_batch(&large).unwrap();
    let counts = chunks(&copy_of(&connection), Unit::Events)
        .iter()
        .map(Chunk::steps)
        .collect::<Vec<_>>();
    assert_eq!(counts, [2, 2, 2]);
}

#[test]
fn a_copy_is_of_one_moment() {
    let (_directory, connection) = database();
    connection.execute_batch(MANY).unwrap();
    let copy = copy_of(&connection);
    let count = copy.size(Unit::Events).unwrap();
    connection
        .execute_batch("DELETE FROM attempts; DELETE FROM webhook_send_logs; DELETE FROM events")
        .unwrap();
    assert_eq!(copy.size(Unit::Events).unwrap(), count);
}

#[test]
fn what_hangs_on_the_events_of_a_chunk_is_not_much_more_than_they_are() {
    let (_directory, connection) = database();
    connection.execute_batch(MANY).unwrap();
    let answers = "WITH RECURSIVE n (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM n WHERE n < 12)
        INSERT INTO attempts (event_seq, attempt, started_at, outcome, processing_time, error_message, response_body)
          SELECT seq, n, accepted_at, 'failed', 1, 'HTTP 500', replace(printf('%8192s', ''), ' ', 'x')
            FROM events, n WHERE seq <= 600";
    connection.execute_batch(answers).unwrap();
    let copy = copy_of(&connection);
    let all = chunks(&copy, Unit::Events);
    for chunk in &all {
        let cells = chunk.rows.iter().flatten().flatten();
        let bytes: usize = cells.map(Cell::size).sum();
        assert!(bytes <= BYTES + BYTES_BESIDE, "{bytes}");
    }
    let attempts: usize = all.iter().map(|chunk| chunk.rows[2].len()).sum();
    assert_eq!(attempts, 1700 + 600 * 11);
    assert_eq!(all.iter().map(Chunk::steps).sum::<u64>(), 1700);
    assert!(all.windows(2).all(|two| two[0].upper == two[1].lower));
    // Where nothing hangs on them they are as large as before.
    assert_eq!(all.last().unwrap().lower, Some(Cell::Integer(1500)));
}
