//! `move-to-mysql` against a real server: `tests/mysql/run` starts one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::too_many_lines,
    missing_docs
)]

#[path = "../../benches/relay/seed.rs"]
#[allow(dead_code, clippy::disallowed_methods)]
mod seed;

mod around;
mod big;
mod copying;
mod cutting;
mod documented;
mod histories;
mod kept;
mod losing;
mod odd;
mod own_server;
mod planning;
mod proxy;
mod random;
mod relay;
mod restarts;
mod rights;
mod schema;
mod server;
mod settings;
mod spoiling;
mod verifying;
mod worker;
