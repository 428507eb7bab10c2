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
//! - *room*: a module: a file with the folder of its name. *noun*: a module that says what something is, and does
//!   nothing with a file, the network or a clock.
//!
//! What is handed in:
//! - *event*: a fact that the staff system hands in, with a name such as `employee.created` and a payload.
//! - *submission*: an event on its way in, with its route and perhaps an idempotency key. It becomes an event when it
//!   is committed.
//! - *content*: what makes two payloads equal: the same JSON, whatever the order of keys or the spelling of numbers.
//! - *stable JSON*: JSON that JavaScript parses and writes again without changing a byte.
//! - *ingest*: the endpoint for the staff system's own senders, which post as they always did.
//! - *repeat*: a post to the ingest that is an event handed in before. It is counted and answered, not kept again.
//!   *memory*: what is remembered of an event to recognise one. *family*: the events that it is ordered among for that.
//! - *interview*: a record of a 面談. It is kept and counted, and never sent.
//! - *decided*: of a file of interviews that is imported: from that commit on all of it counts as kept, whatever breaks off.
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
//! - *recovery*: what was exhausted because VoiceDrive was away is sent again when it is back. A *probe* is the oldest
//!   of it, sent once to see that.
//! - *line*: the deliveries of one person on one route, which are made one after the other. *tail*: what was delivered
//!   after an event in its line, and is made again after it, so that old data does not come back.
//! - *place*: where a delivery of a line stands: *in line*; at the *front*, where it may be under way; or *beside* the
//!   line until its retry is due, because its failure says nothing about the others.
//! - *reconciliation*: comparing what was sent with what the partner says it has, by id. *missing*: delivered, and not
//!   there. *verdict*: what it says about one event.
//! - *hold*: a person pauses a route until a given moment. Accepting goes on, and nothing is sent.
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
//! - *period*, *range*: the time that statistics are asked for. They are added up from slots and from the rows at its
//!   ends.
//! - *recount*: comparing the kept counts with the rows.
//! - *breakdown*: the counts of a range in rows, by day, type or route.
//! - *KPI*, *measure*: one of the five goals of the two teams, and its value with its target.
//! - *confirmed range*: the events that were compared with what the partner says it has, by their ids.
//!
//! What an admin is told:
//! - *condition*: something that an admin has to know of while it holds.
//! - *finding*: the numbers behind a condition, or behind anything else that was looked for and found.
//! - *incident*: one condition from its beginning to its end, however many deliveries it counts.
//! - *away*: the partner of a route whose attempts have failed for long as in an outage. What is exhausted, waits or
//!   fails on that route is part of that incident.
//! - *notification*: one message of an incident: it began, it lasts (a *digest*), or it is over.
//! - *channel*: where notifications go. *notifier*: sends them to one channel, in order.
//! - *objection*: why a channel did not take a message.
//! - *dismissed*: a delivery that was exhausted, and of which a person said that nothing more is to be done.
//! - *heartbeat*: the URL that is called while everything works (a dead man's switch).
//! - *observations*: what parts saw, kept in memory, from which conditions are judged.
//! - *meters*: what is counted in memory since the start, for `/metrics`.
//! - *overview*: everything that is known of the daemon at one moment.
//!
//! Who did what, and about whom:
//! - *action*: what a person or a token changed, kept in the *audit*. *actor*: the one who did it.
//! - *keyed hash*: what stands for a staff id where the id must not: it can be compared, and not read back.
//! - *erased*: of a person's events and interview records, everything that says whose they are is gone.
//!
//! The file:
//! - *verb*: a method of the store. It is one transaction, and takes and gives nouns of the program.
//! - *lane*: how urgent a write is: calls, results, maintenance.
//! - *copy*: a complete database in one file, such as `relay-backup.db`.
//! - *rescue*: the copy `relay-rescued-TIME.db` that is made when the database's file is gone or damaged.
//! - *mark*: the file that says that the database was closed in order.
//! - *reserve*: up to 16 MiB of disk that are given up when the disk is full, so that results can still be kept.
//! - *trouble*: what keeps the database from being used.
//! - *set aside*: renamed and not used any more, so that a person can look at it; nothing of it is deleted.
//! - *axis*: the relay's own time, on which waits are kept. The monotonic clock moves it, never a set wall clock.
//!
//! The shared database (with the feature `mysql`):
//! - *unit*: tables whose rows are carried over together. *chunk*: everything of a unit between two keys.
//! - *own database*, *shared database*: the relay's on the staff system's server, and the staff system's.
//! - *placed*: a row of the relay's that was put into a table of the staff system's. *remark*: why one was not, or
//!   was cut.
//!
//! The daemon:
//! - *part*: a loop of the daemon that a reload can replace: a dispatcher, a notifier, a task of *upkeep*
//!   (maintenance).
//! - *liveness*: whether a part still moves. It announces when it will have moved again at the latest; one that is
//!   overdue hangs.
//! - *wing*: a part of [`http`] with a table of endpoints, a way to know who calls, and a way to refuse.
//! - *key pair*: the relay's own certificate and its key, when it speaks TLS itself.
//! - *control socket*: the Unix socket of the command line. Whoever may open it is an admin.
//! - *scope*: what a token allows.
//! - *permit*: one of the limited number of connections. An idle connection is *evicted* to make room for another.
//! - *note*: something in the configuration that works, and that a person may not have meant. *doubt*: why a line or
//!   value can be understood in more than one way; it is an error.
//! - *session*: somebody is logged in to the monitor page. It begins with a *code*, which a person at the server makes.
//!   *role*: what that somebody may do.
//!
//! ## Rooms, in reading order
//!
//! - What things are, and what is decided about them (no input or output, no clock):
//!   - events: [`event`], [`submission`], [`event_record`], [`content`] and [`repeat`] (what is the same), [`due`],
//!     [`attempt`], [`cause`], [`export`], [`retry`], [`resend`], [`dismissal`], [`hold`], [`recovery`],
//!     [`reconciliation`], [`order`], [`purge`], [`route`], [`known_events`], [`ingest`];
//!   - interviews: [`interview`], [`interview_stats`];
//!   - counts: [`send_stats`], [`period`], [`slot`], [`day`], [`zone`], [`send_breakdown`], [`kpi`],
//!     [`confirmed_range`];
//!   - what is told: [`incident`], [`notification`], [`overview`], [`trouble`], [`language`], [`command_line`];
//!   - who did what, and whose data are kept: [`audit`], [`person`], [`session`];
//!   - what a person types: [`spelling`], `wrong_value`;
//!   - [`timestamp`], [`token`], [`secret`] and [`crypto`], [`stable_json`].
//! - What is kept, the only place with SQL: [`store`] and its verbs.
//! - What goes out: [`delivery`].
//! - What comes in: [`http`], with the sockets in [`http::server`], the API in [`http::api`], what the command line
//!   asks for in `http::control`, and the page for people in `http::monitor`.
//! - The edges: [`config`], [`clock`], [`logging`], [`log_limit`], [`key_pair`], [`plain_file`], [`priority`], [`system_error`],
//!   [`system_user`].
//! - How a configuration takes the place of another: [`reload`].
//! - Maintenance: [`upkeep`]. What is observed and shared in memory: [`observations`], [`meters`], [`liveness`]. Who is
//!   told: [`alerts`], and what came of it: [`channel`].
//! - What is said to people, in both languages: [`words`].
//! - What carries everything into another database: `move_to_mysql`, with `chunk` (what is carried) and
//!   `shared_database` (the other side); `store::carried` is this side of it.
//! - What commands work with: `import` reads a file of interview records, `examination` judges a receiver,
//!   [`receiver`] stands in for VoiceDrive.
//! - All of it as one daemon: [`relay`]. What the service manager is told of it: [`systemd`].
//! - What a person types: [`cli`].
//!
//! `main → cli → relay → {http, delivery, alerts, upkeep} → store → what things are`. `http` and `delivery` do not
//! use each other directly: they share the store and [`delivery::handoff`].
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
// Its readers are its own: `cargo doc --document-private-items`.
#![allow(rustdoc::private_intra_doc_links)]

mod alerts;
mod attempt;
mod audit;
mod cause;
mod channel;
#[cfg(feature = "mysql")]
mod chunk;
mod cli;
mod clock;
mod command_line;
mod config;
mod confirmed_range;
mod content;
mod crypto;
mod day;
mod delivery;
mod dismissal;
mod due;
mod event;
mod event_record;
mod examination;
mod export;
mod hold;
mod http;
mod import;
mod incident;
mod ingest;
mod interview;
mod interview_stats;
mod key_pair;
mod known_events;
mod kpi;
mod language;
mod liveness;
mod log_limit;
mod logging;
mod meters;
#[cfg(feature = "mysql")]
mod move_to_mysql;
mod notification;
mod observations;
mod order;
mod overview;
mod period;
mod person;
mod plain_file;
mod priority;
mod purge;
mod receiver;
mod reconciliation;
mod recovery;
mod relay;
mod reload;
mod repeat;
mod resend;
mod retry;
mod route;
mod secret;
mod send_breakdown;
mod send_stats;
mod session;
#[cfg(feature = "mysql")]
mod shared_database;
mod slot;
mod spelling;
mod stable_json;
mod store;
mod submission;
mod system_error;
mod system_user;
mod systemd;
mod timestamp;
mod token;
mod trouble;
mod under_way;
mod upkeep;
mod words;
mod wrong_value;
mod zone;

pub use cli::main;
#[doc(hidden)]
pub mod testing;
