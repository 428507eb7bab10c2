//! # voicedrive-relay
//!
//! A daemon between a clinic's staff system and VoiceDrive. It accepts events over HTTP, keeps
//! them in one SQLite file, sends them to VoiceDrive as signed webhooks, logs every send, retries
//! what fails, and answers questions about all of that.
//!
//! `docs/architecture.md` has the map, how data passes through the rooms, and where a change is made;
//! `docs/contract.md` what is promised ("section N" in a comment is one of its sections).
//!
//! ## Words
//!
//! What is handed in:
//! - *event*: a fact that the staff system hands in, with a name such as `employee.created` and a payload.
//! - *submission*: an event on its way in, with its route and perhaps an idempotency key. It becomes an event when it
//!   is committed.
//! - *content*: what makes two payloads equal: the same JSON, whatever the order of keys or the spelling of numbers.
//! - *stable JSON*: JSON that JavaScript parses and writes again without changing a byte.
//! - *ingest*: the endpoint for the staff system's own senders, which post as they always did.
//! - *repeat*: a post to the ingest that is an event handed in before. It is counted and answered, not kept again.
//! - *interview*: a record of a 面談. It is kept and counted, and never sent.
//!
//! What is sent:
//! - *delivery*: the whole effort to bring one event to VoiceDrive.
//! - *attempt*: one HTTP request of a delivery.
//! - *outcome*: how an attempt ended: success, failed or timeout.
//! - *failure* and *cause*: the technical reason of an attempt that did not succeed, and the most likely reason that a
//!   person is told. Both are closed lists.
//! - *due*: a delivery whose next attempt may begin.
//! - *exhausted*: a delivery whose retries are used up. It waits for a person.
//! - *resend*: a person opens a delivery again.
//! - *round*: the first attempt and its retries. A resend begins another one with a fresh budget of retries.
//! - *route*: which events go to which receiver, and how. An event keeps the name of its route.
//! - *profile*: the form that a receiver wants: body, headers, and the text that is signed.
//! - *partner*: whoever is at the end of a route, in practice VoiceDrive. *receiver*: its endpoint, and the stand-in
//!   for it that the tests, the demo and `receiver` run.
//! - *dispatcher*: the loop that sends on one route. *sender*: makes one attempt and has its result kept.
//! - *handoff*: the way in memory from accepting to the dispatcher.
//! - *outbox*: the table of deliveries that are still to be made.
//!
//! What is counted:
//! - *slot*: a whole hour, day or month of UTC for which counts are kept.
//! - *period*, *range*: the time that statistics are asked for. They are added up from slots and from the rows at its ends.
//! - *recount*: comparing the kept counts with the rows.
//!
//! What an admin is told:
//! - *condition*: something that an admin has to know of while it holds.
//! - *incident*: one condition from its beginning to its end, however many deliveries it counts.
//! - *notification*: one message of an incident: it began, it lasts (a *digest*), or it is over.
//! - *channel*: where notifications go. *notifier*: sends them to one channel, in order.
//! - *objection*: why a channel did not take a message.
//! - *dismissed*: an admin said that the deliveries of an incident need nothing any more.
//! - *heartbeat*: the URL that is called while everything works (a dead man's switch).
//! - *observations*: what parts saw, kept in memory, from which conditions are judged.
//! - *overview*: everything that is known of the daemon at one moment.
//!
//! The file:
//! - *verb*: a method of the store. It is one transaction, and takes and gives nouns of the program.
//! - *lane*: how urgent a write is: calls, results, maintenance.
//! - *copy*: a complete database in one file, such as `relay-backup.db`.
//! - *rescue*: the copy `relay-rescued-TIME.db` that is made when the database's file is gone or damaged.
//! - *mark*: the file that says that the database was closed in order.
//! - *reserve*: up to 16 MiB of disk that are given up when the disk is full, so that results can still be kept.
//! - *trouble*: what keeps the database from being used.
//! - *axis*: the relay's own time, on which waits are kept. The monotonic clock moves it, never a set wall clock.
//!
//! The daemon:
//! - *part*: a loop of the daemon that a reload can replace: a dispatcher, a notifier, a task of *upkeep* (maintenance).
//! - *liveness*: whether a part still moves. It announces when it will have moved again at the latest; one that is
//!   overdue hangs.
//! - *wing*: a part of [`http`] with a table of endpoints, a way to know who calls, and a way to refuse.
//! - *control socket*: the Unix socket of the command line. Whoever may open it is an admin.
//! - *scope*: what a token allows.
//!
//! ## Rooms, in reading order
//!
//! - What things are, and what is decided about them (no input or output, no clock):
//!   - events: [`event`], [`submission`], [`event_record`], [`content`] and [`repeat`] (what is the same), [`due`], [`attempt`], [`cause`],
//!     [`retry`], [`resend`], [`purge`], [`route`], [`ingest`];
//!   - interviews: [`interview`], [`interview_stats`];
//!   - counts: [`send_stats`], [`period`], [`slot`], [`day`], [`zone`];
//!   - what is told: [`incident`], [`notification`], [`overview`], [`trouble`], [`language`];
//!   - what a person types: [`spelling`], `wrong_value`;
//!   - [`timestamp`], [`token`], [`secret`] and [`crypto`], [`stable_json`].
//! - What is kept, the only place with SQL: [`store`] and its verbs.
//! - What goes out: [`delivery`].
//! - What comes in: [`http`], with the sockets in [`http::server`], the API in [`http::api`], and what the command line
//!   asks for in `http::control`.
//! - The edges: [`config`], [`clock`], [`logging`], [`log_limit`], [`plain_file`], [`system_error`], [`systemd`].
//! - How a configuration takes the place of another: [`reload`].
//! - Maintenance: [`upkeep`]. What is observed and shared in memory: [`observations`], [`liveness`]. Who is told: [`alerts`],
//!   and what came of it: [`channel`].
//! - What is said to people, in both languages: [`words`].
//! - What commands work with: `import` reads a file of interview records, `examination` judges a receiver,
//!   [`receiver`] stands in for VoiceDrive.
//! - All of it as one daemon: [`relay`].
//! - What a person types: [`cli`].
//!
//! `main → cli → relay → {http, delivery, alerts, upkeep} → store → what things are`. `http` and `delivery` do not
//! know each other: they share the store and [`delivery::handoff`].
//!
//! ## Invariants
//!
//! What holds each of them, a type or a test, is in `docs/architecture.md`.
//!
//! 1. Nothing is acknowledged before its transaction has committed with `synchronous=FULL`.
//! 2. No transaction is open while a request to the partner is under way.
//! 3. One attempt's result and all that follows from it (attempt row, log row, queue row, what is
//!    left to do, counts, what an admin is told) is one transaction: `Store::record_attempt`.
//! 4. What a crash leaves behind stands in the `outbox` table, is found at the next start and goes
//!    on at once. There is one process, and a lock on the data directory says so.
//! 5. SQL, and with it the names of tables and columns, is written in `store` and `migrations/` only.
//! 6. Whatever waits has a step that tests drive with a clock of their own. Waits are lengths of time: setting the
//!    wall clock moves none of them.
//! 7. Secrets, payloads and personal data never reach a log line or an error.
//! 8. What is sent is stable JSON, and the bytes of an event's body are the same for every attempt.
#![forbid(unsafe_code)]

pub mod alerts;
pub mod attempt;
pub mod cause;
pub mod channel;
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
mod examination;
pub mod http;
mod import;
pub mod incident;
pub mod ingest;
pub mod interview;
pub mod interview_stats;
pub mod language;
pub mod liveness;
pub mod log_limit;
pub mod logging;
pub mod notification;
pub mod observations;
pub mod overview;
pub mod period;
pub mod plain_file;
pub mod purge;
pub mod receiver;
pub mod reconciliation;
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
pub mod system_error;
pub mod systemd;
pub mod timestamp;
pub mod token;
pub mod trouble;
pub mod upkeep;
pub mod words;
mod wrong_value;
pub mod zone;
