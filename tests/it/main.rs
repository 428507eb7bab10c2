//! The real thing over real sockets: one binary for all integration tests.
//!
//! `harness` starts relays and partners; every other room is named after what it asks of them.
//! Nothing here sleeps to see something happen: tests wait for the event itself, or set the clock.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::too_many_lines,
    missing_docs
)]

mod accepting;
mod advising;
mod agreed;
mod alerting;
mod auditing;
mod belonging;
mod blaming;
mod clocks;
mod commands;
mod completing;
mod counting;
mod crash;
mod delivering;
mod described;
mod dismissing;
mod doing;
mod encrypting;
mod ending_tokens;
mod erasing;
mod examining;
mod exhausted;
mod handling;
mod harness;
mod helping;
mod holding;
mod house;
mod importing;
mod imports;
mod ingesting;
mod interviews;
mod javascript;
mod keeping;
mod lean;
mod leftovers;
mod letting_in;
mod looking;
mod losing;
mod mailing;
mod measuring;
mod monitor_page;
mod monitoring;
mod odd_partners;
mod ordering;
mod outlasting;
mod packaged;
mod pages;
mod questions;
mod reconciling;
mod recovering;
mod refusing;
mod replacing;
mod reporting;
mod restoring;
mod returning;
mod revoking;
mod routing;
mod saving;
mod secrets;
mod securing;
mod shutting_out;
mod speaking;
mod spoiling;
mod tunneling;
mod typing;
mod wording;
