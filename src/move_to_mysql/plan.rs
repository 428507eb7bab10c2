//! What fits, what does not, how long it takes. Nothing is written.

mod rows;

use std::collections::HashMap;

use super::finding::{Finding, Form, Named};
use super::mapping::{self, Employees, Mapping};
use super::source::{self, Pass, Read};
use super::{MoveError, NAMED};
use crate::chunk::Unit;
use crate::clock::Clock;
use crate::shared_database::{
    Condition, Limit, Server, Shape, ShapeOfColumn, SharedDatabase, SharedTable, Unwritten,
};
use crate::store::CarriedCopy;
use crate::timestamp::Timestamp;
use rows::Seen;

/// The table `interviews` has these when it is the staff system's.
const OF_INTERVIEWS: [&str; 2] = ["interview_status", "employee_id"];
/// Seconds by which a clock may be off without a word.
const CLOCK_SECONDS: i64 = 2;
/// Bytes of a statement beside the largest event.
const BESIDE: u64 = 1024 * 1024;
/// Rows a second that are taken for granted where nothing can be tried, and the rows that an event makes, about.
const ROWS_PER_SECOND: u64 = 15_000;
const ROWS_OF_EVENT: u64 = 7;
/// Rows of a trial, and how long it goes on, in milliseconds.
const TRIAL_ROWS: usize = 500;
const TRIAL_MS: u128 = 1000;

/// Rows of each shared table: all, and the relay's.
type Counts = HashMap<SharedTable, (u64, u64)>;

/// What is there, and what was found in it.
#[derive(Default)]
pub struct Structure {
    /// How rows become theirs.
    pub mapping: Mapping,
    /// What was found.
    pub findings: Vec<Finding>,
    counts: Counts,
    /// What the server asks of each row.
    conditions: HashMap<SharedTable, Vec<Condition>>,
}

/// Looks at the server and its tables, and at no rows but those of the employees.
///
/// # Errors
/// When the server does not answer.
pub async fn structure(
    target: &mut SharedDatabase,
    stand_in: Option<&str>,
    clock: &Clock,
) -> Result<Structure, MoveError> {
    let server = target.server().await?;
    let mut there = Structure {
        findings: of_server(&server, target.names(), clock),
        ..Structure::default()
    };
    if !server.has_shared {
        return Ok(there);
    }
    for table in SharedTable::ALL {
        match target.shape(table).await? {
            None => there
                .findings
                .push(match target.named_otherwise(table).await? {
                    Some(name) => Finding::NamedOtherwise(table, name),
                    None => Finding::NoTable(table),
                }),
            Some(shape) if table == SharedTable::Interviews && !is_interviews(&shape) => {
                there.findings.push(Finding::OtherInterviews);
            }
            Some(shape) => {
                there.findings.extend(of_shape(table, &shape));
                let has_status = shape.columns.contains_key("status");
                there.mapping.shapes.insert(table, shape);
                there.look_around(target, table).await?;
                let (all, own) = target.counted(table).await?;
                there.counts.insert(table, (all, own));
                if all > own {
                    there.findings.push(Finding::RowsOfTheirs(table, all - own));
                }
                if table == SharedTable::Queue && has_status {
                    let (count, ids) = target.theirs_to_be_sent(NAMED).await?;
                    if count > 0 {
                        let named = Named { count, ids };
                        there.findings.push(Finding::WaitingOfTheirs(named));
                    }
                }
            }
        }
    }
    there
        .findings
        .insert(1, Finding::Form(form(&there.mapping.shapes)));
    match target.employees().await? {
        Some((by_code, ids)) => there.mapping.employees = Employees { by_code, ids },
        None => there.findings.push(Finding::NoEmployees),
    }
    if let Some(known_as) = stand_in {
        match there.mapping.employees.id_of(known_as) {
            Some(id) => there.mapping.stand_in = Some(id.to_owned()),
            None => there.findings.push(Finding::NoStandIn(known_as.to_owned())),
        }
    }
    Ok(there)
}

impl Structure {
    /// What the server does by itself with the rows of a table, and with those that refer to them.
    async fn look_around(
        &mut self,
        target: &mut SharedDatabase,
        table: SharedTable,
    ) -> Result<(), MoveError> {
        let rules = target.rules(table).await?;
        if !rules.triggers.is_empty() {
            let found = Finding::Triggers(table, rules.triggers);
            self.findings.push(found);
        }
        if !rules.conditions.is_empty() {
            let said = rules
                .conditions
                .iter()
                .map(|condition| condition.said.clone());
            let found = Finding::Conditions(table, said.collect());
            self.findings.push(found);
            self.conditions.insert(table, rules.conditions);
        }
        let references = target.references(table).await?;
        for reference in &references {
            if !target.may_read(reference).await? {
                let found = Finding::NotGranted("SELECT", reference.table.clone());
                self.findings.push(found);
            }
        }
        if !references.is_empty() {
            let said = references.into_iter().map(|reference| reference.said);
            let found = Finding::References(table, said.collect());
            self.findings.push(found);
        }
        Ok(())
    }
}

fn of_server(server: &Server, (own, shared): (&str, &str), clock: &Clock) -> Vec<Finding> {
    let mut findings = vec![Finding::Server(server.version.clone())];
    if !server.has_shared {
        findings.push(Finding::NoDatabase(shared.to_owned()));
    }
    let lacking = server.not_granted.iter();
    findings.extend(lacking.map(|(what, on)| Finding::NotGranted(what, on.clone())));
    if !server.tables_of_others.is_empty() {
        let tables = server.tables_of_others.clone();
        findings.push(Finding::NotOwn(own.to_owned(), tables));
    }
    if server.is_read_only {
        findings.push(Finding::ReadOnly);
    }
    if !server.sql_mode.contains("STRICT_") {
        findings.push(Finding::NotStrict(server.sql_mode.clone()));
    }
    findings.push(Finding::TimeZone(server.time_zone.clone()));
    if let Ok(there) = Timestamp::parse(&server.now) {
        let off = (there.unix_ms() - clock.now().unix_ms()) / 1000;
        if off.abs() >= CLOCK_SECONDS {
            findings.push(Finding::Clock(off));
        }
    }
    findings
}

fn is_interviews(shape: &Shape) -> bool {
    OF_INTERVIEWS
        .iter()
        .all(|name| shape.columns.contains_key(*name))
}

fn form(shapes: &HashMap<SharedTable, Shape>) -> Option<Form> {
    let logs = &shapes.get(&SharedTable::Logs)?.columns;
    let limit = |column: &str| logs.get(column).and_then(|column| column.limit);
    match (limit("event_type"), limit("error_message")) {
        (Some(Limit::Characters(191)), Some(Limit::Characters(191))) => Some(Form::Prisma),
        (Some(Limit::Characters(100)), Some(Limit::Bytes(_))) => Some(Form::HandWritten),
        _ => None,
    }
}

/// Words that a column has to know.
const WORDS: [(SharedTable, &str, &[&str]); 3] = [
    (
        SharedTable::Logs,
        "status",
        &["success", "failed", "timeout"],
    ),
    (SharedTable::Queue, "status", &["completed", "failed"]),
    (
        SharedTable::Interviews,
        "interview_status",
        &[
            "scheduled",
            "completed",
            "cancelled",
            "no_show",
            "rescheduled",
        ],
    ),
];

fn of_shape(table: SharedTable, shape: &Shape) -> Vec<Finding> {
    let mut findings = Vec::new();
    let written = mapping::columns(table);
    let lacks = written
        .iter()
        .filter(|name| !shape.columns.contains_key(**name));
    let lacks: Vec<_> = lacks.copied().collect();
    if !lacks.is_empty() {
        findings.push(Finding::LacksColumns(table, lacks));
    }
    let needs = shape.columns.iter().filter(|(name, column)| {
        let is_given = column.nullable || column.unwritten != Unwritten::Nothing;
        !is_given && !written.contains(&name.as_str())
    });
    let needs: Vec<_> = needs.map(|(_, column)| column.name.clone()).collect();
    if !needs.is_empty() {
        findings.push(Finding::NeedsColumns(table, needs));
    }
    let is_generated = |name: &&&str| {
        let column = shape.columns.get(**name);
        column.is_some_and(|column| column.unwritten == Unwritten::Generated)
    };
    let generated: Vec<_> = written.iter().filter(is_generated).copied().collect();
    if !generated.is_empty() {
        findings.push(Finding::Generated(table, generated));
    }
    for name in &written {
        let column = shape.columns.get(*name);
        if mapping::is_moment(table, name)
            && column.is_some_and(|column| column.precision.is_none_or(|digits| digits < 3))
        {
            findings.push(Finding::Coarse(table, name));
        }
    }
    for name in &written {
        let column = shape.columns.get(*name);
        if let Some(set) = column.and_then(ShapeOfColumn::unknown_characters) {
            findings.push(Finding::CharacterSet(table, name, set.to_owned()));
        }
    }
    for (of, name, words) in WORDS {
        let column = shape
            .columns
            .get(name)
            .filter(|column| column.kind == "enum");
        if let Some(column) = column.filter(|_| of == table) {
            let unknown = words
                .iter()
                .filter(|word| !column.whole.contains(&format!("'{word}'")));
            let unknown: Vec<_> = unknown.copied().collect();
            if !unknown.is_empty() {
                findings.push(Finding::LacksWords(table, name, unknown));
            }
        }
    }
    if !shape.engine.eq_ignore_ascii_case("innodb") {
        findings.push(Finding::Engine(table, shape.engine.clone()));
    }
    if !shape.has_key {
        findings.push(Finding::NoKey(table));
    }
    let collation = shape.columns.get("id").and_then(|id| id.collation.clone());
    if let Some(collation) = collation.filter(|name| !name.ends_with("_bin")) {
        findings.push(Finding::Collation(table, collation));
    }
    findings
}

/// Looks through all rows as well: everything that will have to be said of them.
///
/// # Errors
/// When one of the two sides does not answer.
pub async fn whole(
    target: &mut SharedDatabase,
    copy: CarriedCopy,
    stand_in: Option<&str>,
    clock: &Clock,
    mut progress: impl FnMut(u64),
) -> Result<Vec<Finding>, MoveError> {
    let mut there = structure(target, stand_in, clock).await?;
    let mut findings = std::mem::take(&mut there.findings);
    let (events, interviews) = (copy.size(Unit::Events)?, copy.size(Unit::Interviews)?);
    let (count, ids) = copy.waiting(NAMED)?;
    findings.push(Finding::Amount(events, interviews));
    if count > 0 {
        findings.push(Finding::Waiting(Named { count, ids }));
    }
    let mut seen = Seen::default();
    let (events_unit, interviews_unit) = (Pass::Rows(Unit::Events), Pass::Rows(Unit::Interviews));
    let mut source = source::read(copy, vec![interviews_unit, events_unit]);
    let mut current = None;
    while let Some(read) = source.recv().await {
        match (read?, &current) {
            (Read::Begin(Pass::Rows(unit), tables), _) => current = Some((unit, tables)),
            (Read::Chunk(chunk), Some((unit, tables))) => {
                progress(chunk.steps());
                let placements = there.mapping.placements(*unit, tables, &chunk);
                seen.look_at(target, &there, &placements).await?;
            }
            _ => {}
        }
    }
    let packets = target.server().await?.max_packet;
    if packets < seen.largest * 2 + BESIDE {
        findings.push(Finding::SmallPackets(packets, seen.largest * 2 + BESIDE));
    }
    findings.extend(seen.findings());
    let rows = events * ROWS_OF_EVENT + interviews * 2;
    let speed = trial(target, clock).await?;
    let seconds = rows.div_ceil(speed.unwrap_or(ROWS_PER_SECOND));
    findings.push(Finding::Duration(seconds, speed.is_some()));
    Ok(findings)
}

/// How many rows a second are written there; none: this user may not try.
async fn trial(target: &mut SharedDatabase, clock: &Clock) -> Result<Option<u64>, MoveError> {
    let Some(trial) = target.begin_trial().await else {
        return Ok(None);
    };
    let (begun, mut rows) = (clock.monotonic(), 0);
    loop {
        target.try_rows(&trial, TRIAL_ROWS).await?;
        rows += TRIAL_ROWS as u128;
        let passed = (clock.monotonic().saturating_sub(begun)).as_millis();
        if passed >= TRIAL_MS {
            // Half of the time is for everything that is not an insert.
            let speed = rows * 1000 / passed / 2;
            return Ok(Some(u64::try_from(speed).unwrap_or(u64::MAX).max(1)));
        }
    }
}
