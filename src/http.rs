//! What comes in: the HTTP API, on a TCP port for the staff system and VoiceDrive and on the
//! control socket for the command line.
//!
//! A request passes these rooms in this order: `broken` (what is not HTTP), `router` (what is
//! asked for), `rate_limit`, `auth` (who may), `request` (what was sent), the endpoint's own room,
//! `reply` (the envelope). Whoever may not is turned away before a body is read; only `ingest` has to
//! read it first, because what its senders sign is the body.

pub mod api;
mod control;
mod reply;
mod request;
pub mod server;

pub use api::{Api, Health, Routes, moves};
pub use server::serve;
