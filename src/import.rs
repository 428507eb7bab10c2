//! Reading a file of interview records: CSV, TSV, JSON or NDJSON.
//!
//! The format of a file is detected first (`source`, `encoding`, `file`, `layout`), then it is read row by row (`table`
//! with its `cells` and `header`, `json`, `ndjson`). `record` converts each row for the daemon, with `dates` and
//! `statuses`. Syntax errors are found here (`problem`), errors of content by the daemon; both are reported together.

mod cells;
pub(crate) mod dates;
pub(crate) mod encoding;
pub(crate) mod file;
pub(crate) mod harmless_cell;
mod header;
pub(crate) mod id_list;
mod json;
mod json_list;
mod layout;
mod ndjson;
pub(crate) mod problem;
mod reading;
mod record;
pub(crate) mod row;
pub(crate) mod source;
mod statuses;
pub(crate) mod table;
pub(crate) mod template;
