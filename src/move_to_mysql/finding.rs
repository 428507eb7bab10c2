//! What the plan has found out: each thing that an admin has to know before anything is written.

use serde_json::{Value, json};

use crate::shared_database::SharedTable;

/// Ids of rows, of which only the first are named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// How many there are.
    pub count: u64,
    /// The first of them.
    pub ids: Vec<String>,
}

impl Named {
    /// Counts one more, and names it while there are few.
    pub fn add(&mut self, id: &str) {
        if self.count < u64::from(super::NAMED) {
            self.ids.push(id.to_owned());
        }
        self.count += 1;
    }
}

/// In which form the staff system's tables are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As Prisma makes them of the models: every text has 191 characters.
    Prisma,
    /// As the file that was written by hand makes them.
    HandWritten,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Which server it is.
    Server(String),
    /// In which form its tables are; none: in neither of the known ones.
    Form(Option<Form>),
    /// The staff system's database is not there, or not for this user.
    NoDatabase(String),
    /// A privilege that this user lacks, and on what.
    NotGranted(&'static str, String),
    /// What was to be the relay's own database has tables of others: its name, and theirs.
    NotOwn(String, Vec<String>),
    /// A shared table is not there.
    NoTable(SharedTable),
    /// A shared table is not there, but one whose name is written with other capitals, which are others for this server.
    NamedOtherwise(SharedTable, String),
    /// A shared table has no key that begins with the id: each row would be looked for among all of them.
    NoKey(SharedTable),
    /// The table `interviews` is not the staff system's.
    OtherInterviews,
    /// Columns that a shared table lacks.
    LacksColumns(SharedTable, Vec<&'static str>),
    /// Columns that need a value which the relay does not have.
    NeedsColumns(SharedTable, Vec<String>),
    /// Columns whose values the server makes itself.
    Generated(SharedTable, Vec<&'static str>),
    /// A column that has no milliseconds.
    Coarse(SharedTable, &'static str),
    /// A column that does not know some of the words.
    LacksWords(SharedTable, &'static str, Vec<&'static str>),
    /// A column whose character set may not keep every text.
    CharacterSet(SharedTable, &'static str, String),
    /// A table of an engine without transactions.
    Engine(SharedTable, String),
    /// The server takes shorter statements than the largest event needs: it takes, it needs.
    SmallPackets(u64, u64),
    /// There is no table of employees.
    NoEmployees,
    /// The employee who was to stand for missing interviewers is none of theirs.
    NoStandIn(String),
    /// The server takes no changes.
    ReadOnly,
    /// Retries of the staff system's own that its worker has still to make.
    WaitingOfTheirs(Named),
    /// What becomes of rows: a word of the mapping, and the column.
    Rows(SharedTable, String, String, Named),
    /// Ids that are one for the server: pairs, in this column and collation.
    SameIds(SharedTable, &'static str, String, Named),
    /// Values of a column that rows of the staff system's have already, or one that is the same for the server.
    Theirs(SharedTable, &'static str, Named),
    /// Triggers that run for each row that is written.
    Triggers(SharedTable, Vec<String>),
    /// What the server asks of each row.
    Conditions(SharedTable, Vec<String>),
    /// By what rows refer to those of a shared table: the server may delete or change them with a row of the relay's.
    References(SharedTable, Vec<String>),
    /// Rows of the staff system's own.
    RowsOfTheirs(SharedTable, u64),
    /// A collation that makes some texts one.
    Collation(SharedTable, String),
    /// Other connections cut what is too long without a word.
    NotStrict(String),
    /// The time zone of other connections.
    TimeZone(String),
    /// Seconds by which its clock is off.
    Clock(i64),
    /// Deliveries that are still to be made.
    Waiting(Named),
    /// What there is to copy: events and interviews.
    Amount(u64, u64),
    /// Seconds that it takes, and whether that was measured there.
    Duration(u64, bool),
}

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Good to know.
    Note,
    /// Rows stay out of the shared tables, or are changed on the way.
    Rows,
    /// It has to be mended before anything is copied.
    Hinders,
}

impl Weight {
    /// The word for programs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Rows => "rows",
            Self::Hinders => "hinders",
        }
    }
}

impl Finding {
    /// How much it matters.
    #[must_use]
    pub fn weight(&self) -> Weight {
        match self {
            Self::NoDatabase(_)
            | Self::NotGranted(..)
            | Self::NotOwn(..)
            | Self::LacksColumns(..)
            | Self::NeedsColumns(..)
            | Self::Generated(..)
            | Self::Coarse(..)
            | Self::LacksWords(..)
            | Self::CharacterSet(..)
            | Self::Engine(..)
            | Self::SmallPackets(..)
            | Self::NoStandIn(_)
            | Self::ReadOnly
            | Self::NamedOtherwise(..)
            | Self::NoKey(_)
            | Self::NoTable(SharedTable::Logs | SharedTable::Queue) => Weight::Hinders,
            Self::NoTable(SharedTable::Interviews)
            | Self::OtherInterviews
            | Self::NoEmployees
            | Self::Rows(..)
            | Self::SameIds(..)
            | Self::Theirs(..)
            | Self::Waiting(_) => Weight::Rows,
            Self::Server(_)
            | Self::Form(_)
            | Self::RowsOfTheirs(..)
            | Self::WaitingOfTheirs(_)
            | Self::Triggers(..)
            | Self::Conditions(..)
            | Self::References(..)
            | Self::Collation(..)
            | Self::NotStrict(_)
            | Self::TimeZone(_)
            | Self::Clock(_)
            | Self::Amount(..)
            | Self::Duration(..) => Weight::Note,
        }
    }

    /// For programs.
    #[must_use]
    pub fn as_json(&self) -> Value {
        let named = |named: &Named| (named.count, named.ids.clone());
        let mut found = match self {
            Self::Server(version) => json!({"kind": "server", "version": version}),
            Self::Form(form) => {
                let form = form.map(|form| match form {
                    Form::Prisma => "prisma",
                    Form::HandWritten => "hand-written",
                });
                json!({"kind": "form", "form": form})
            }
            Self::NoDatabase(name) => json!({"kind": "no_database", "database": name}),
            Self::NotGranted(what, on) => {
                json!({"kind": "not_granted", "privilege": what, "on": on})
            }
            Self::NotOwn(name, tables) => {
                json!({"kind": "not_own", "database": name, "tables": tables})
            }
            Self::NoTable(table) => json!({"kind": "no_table", "table": table.name()}),
            Self::NamedOtherwise(table, name) => {
                json!({"kind": "named_otherwise", "table": table.name(), "name": name})
            }
            Self::NoKey(table) => json!({"kind": "no_key", "table": table.name()}),
            Self::Triggers(table, triggers) => {
                json!({"kind": "triggers", "table": table.name(), "triggers": triggers})
            }
            Self::Conditions(table, conditions) => {
                json!({"kind": "conditions", "table": table.name(), "conditions": conditions})
            }
            Self::References(table, references) => {
                json!({"kind": "references", "table": table.name(), "references": references})
            }
            Self::OtherInterviews => json!({"kind": "other_interviews", "table": "interviews"}),
            Self::LacksColumns(table, columns) => {
                json!({"kind": "lacks_columns", "table": table.name(), "columns": columns})
            }
            Self::NeedsColumns(table, columns) => {
                json!({"kind": "needs_columns", "table": table.name(), "columns": columns})
            }
            Self::Generated(table, columns) => {
                json!({"kind": "generated_columns", "table": table.name(), "columns": columns})
            }
            Self::Coarse(table, column) => {
                json!({"kind": "no_milliseconds", "table": table.name(), "column": column})
            }
            Self::LacksWords(table, column, words) => {
                json!({"kind": "lacks_words", "table": table.name(), "column": column, "words": words})
            }
            Self::CharacterSet(table, column, set) => {
                json!({"kind": "character_set", "table": table.name(), "column": column, "characterSet": set})
            }
            Self::Engine(table, engine) => {
                json!({"kind": "engine", "table": table.name(), "engine": engine})
            }
            Self::SmallPackets(takes, needs) => {
                json!({"kind": "max_allowed_packet", "bytes": takes, "needed": needs})
            }
            Self::NoEmployees => json!({"kind": "no_employees"}),
            Self::NoStandIn(known_as) => {
                json!({"kind": "no_missing_interviewer", "employee": known_as})
            }
            Self::ReadOnly => json!({"kind": "read_only"}),
            Self::WaitingOfTheirs(rows) => {
                let (count, ids) = named(rows);
                json!({"kind": "waiting_of_theirs", "table": SharedTable::Queue.name(), "count": count, "ids": ids})
            }
            Self::Rows(table, what, column, rows) => {
                let (count, ids) = named(rows);
                json!({"kind": what, "table": table.name(), "column": column, "count": count, "ids": ids})
            }
            Self::SameIds(table, column, collation, rows) => {
                let (count, ids) = named(rows);
                json!({"kind": "same_ids", "table": table.name(), "column": column,
                    "collation": collation, "count": count, "ids": ids})
            }
            Self::Theirs(table, column, rows) => {
                let (count, ids) = named(rows);
                json!({"kind": "ids_are_theirs", "table": table.name(), "column": column, "count": count, "ids": ids})
            }
            Self::RowsOfTheirs(table, count) => {
                json!({"kind": "rows_of_theirs", "table": table.name(), "count": count})
            }
            Self::Collation(table, collation) => {
                json!({"kind": "collation", "table": table.name(), "collation": collation})
            }
            Self::NotStrict(mode) => json!({"kind": "not_strict", "sqlMode": mode}),
            Self::TimeZone(zone) => json!({"kind": "time_zone", "timeZone": zone}),
            Self::Clock(seconds) => json!({"kind": "clock", "seconds": seconds}),
            Self::Waiting(rows) => {
                let (count, ids) = named(rows);
                json!({"kind": "waiting", "count": count, "ids": ids})
            }
            Self::Amount(events, interviews) => {
                json!({"kind": "amount", "events": events, "interviews": interviews})
            }
            Self::Duration(seconds, measured) => {
                json!({"kind": "duration", "seconds": seconds, "measured": measured})
            }
        };
        found["weight"] = self.weight().as_str().into();
        found
    }
}
