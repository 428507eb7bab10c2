//! # voicedrive-relay
//!
//! A daemon between a clinic's staff system and VoiceDrive. It accepts events over HTTP, keeps
//! them in one SQLite file, sends them to VoiceDrive as signed webhooks, logs every send, retries
//! what fails, and answers questions about all of that.
//!
//! ## Words
//!
//! An *event* is a fact that the staff system hands in. A *delivery* is the whole effort to bring
//! one event to VoiceDrive; an *attempt* is one HTTP request of it, with an *outcome*: success,
//! failed or timeout. A delivery is *exhausted* when its retries are used up: it waits for a
//! person, who can *resend* it, which begins a new *round* with a fresh budget of retries. A
//! *route* says which events go to which URL, a *profile* how a receiver wants to be addressed. The
//! *ingest* is the door at which the staff system's own senders hand in events as they always did. A
//! *wing* is a part of [`http`] with a table of *endpoints*, a way to know who calls and a way to refuse of its own.
//!
//! ## Rooms, in reading order
//!
//! - What things are, and what is decided about them (no input or output, no clock):
//!   - events: [`event`], [`submission`], [`event_record`], [`content`] and [`repeat`] (what is the same), [`due`], [`attempt`], [`cause`],
//!     [`retry`], [`resend`], [`purge`], [`route`], [`ingest`];
//!   - interviews: [`interview`], [`interview_stats`];
//!   - counts: [`send_stats`], [`period`], [`slot`], [`day`], [`zone`];
//!   - what is told: [`incident`], [`notification`], [`overview`], [`pulse`], [`trouble`], [`language`];
//!   - [`timestamp`], [`token`], [`secret`], [`stable_json`].
//! - What is kept, the only place with SQL: [`store`] and its verbs.
//! - What goes out: [`delivery`].
//! - What comes in: [`http`], with the sockets in [`http::server`], the API in [`http::api`], and what the command line
//!   asks for in `http::control`.
//! - The edges: [`config`], [`clock`], [`crypto`], [`logging`], [`log_limit`], [`systemd`].
//! - How a configuration takes the place of another: [`reload`].
//! - What the daemon does for its own house: [`upkeep`]. What it notices while it works:
//!   [`gauges`]. Whom it tells: [`alerts`].
//! - What is said to people, in both languages: [`words`].
//! - All of it as one daemon: [`relay`]. A stand-in for VoiceDrive: [`receiver`].
//! - What a person types: [`cli`].
//!
//! `main → cli → relay → {http, delivery} → store → what things are`. `http` and `delivery` do not
//! know each other: they share the store and [`delivery::handoff`]. `docs/architecture.md` has the map, and
//! how a verb is added to the store.
//!
//! ## Invariants
//!
//! 1. Nothing is acknowledged before its transaction has committed with `synchronous=FULL`.
//! 2. No transaction is open while a request to the partner is under way.
//! 3. One attempt's result and all that follows from it (attempt row, log row, queue row, what is
//!    left to do, counts, what an admin is told) is one transaction: `Store::record_attempt`.
//! 4. What a crash leaves behind stands in the `outbox` table, is found at the next start and goes
//!    on at once. There is one process, and a lock on the data directory says so.
//! 5. Wire names (camelCase, `X-…`) appear only in `http`, `ingest`, `interview::field`, `delivery` and `receiver`; table
//!    and column names only in `store` and `migrations/`.
//! 6. Whatever waits has a step that tests drive with a clock of their own. Waits are lengths of time: setting the
//!    wall clock moves none of them.
//! 7. Secrets, payloads and personal data never reach a log line or an error.
#![forbid(unsafe_code)]

pub mod alerts;
pub mod attempt;
pub mod cause;
pub mod cli;
pub mod clock;
pub mod config;
pub mod content;
pub mod crypto;
pub mod day;
pub mod delivery;
pub mod due;
pub mod event;
pub mod event_record;
pub mod gauges;
pub mod http;
pub mod incident;
pub mod ingest;
pub mod interview;
pub mod interview_stats;
pub mod language;
pub mod log_limit;
pub mod logging;
pub mod notification;
pub mod overview;
pub mod period;
pub mod plain_file;
pub mod pulse;
pub mod purge;
pub mod receiver;
pub mod relay;
pub mod reload;
pub mod repeat;
pub mod resend;
pub mod retry;
pub mod route;
pub mod secret;
pub mod send_stats;
pub mod slot;
pub mod spelling;
pub mod stable_json;
pub mod store;
pub mod submission;
pub mod systemd;
pub mod timestamp;
pub mod token;
pub mod trouble;
pub mod upkeep;
pub mod words;
pub mod zone;
