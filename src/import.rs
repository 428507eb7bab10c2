//! Reading a file of interview records: CSV, TSV, JSON or NDJSON.
//!
//! A file is first recognised (`source`, `encoding`, `file`, `layout`), then read row by row (`table` with its
//! `cells` and `header`, `json`, `ndjson`). `record` makes of each row what the daemon reads, with `dates`
//! and `statuses`. What is wrong with the writing of a row is found here (`problem`), what is wrong with its
//! content by the daemon, and a person is told all of it at once.

mod cells;
pub(crate) mod dates;
pub(crate) mod encoding;
pub(crate) mod file;
mod header;
pub(crate) mod id_list;
mod json;
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
