//! What goes out: each route has a dispatcher that takes due deliveries, sends them to the partner,
//! and gives the result back to the store.
//!
//! An event that was accepted just now is handed to its [`dispatcher`] in memory ([`handoff`]). Everything
//! else, such as retries, what an earlier run left behind, or what came faster than it could be sent, a
//! dispatcher finds in the store: it looks there when it is woken, when the next retry is due, and now and then
//! anyway, so that a lost wake delays a delivery but never strands it. The [`sender`] makes one attempt
//! and keeps its result; [`partner`] is the request itself.
//!
//! A reload replaces the dispatchers of routes that changed and leaves the others alone; when failed attempts are
//! made again, and from where on an admin is told ([`DeliveryRules`]), is asked for with each result.
//!
//! In which order events go is decided in the store: a dispatcher sends what is due, as much at a time as its route
//! allows, and at most one event of a person is due at a time unless the route keeps no order (`order`).
//!
//! What is not guaranteed: that an event arrives only once. After a crash it is sent again, with the same
//! `X-Request-ID`.

pub mod address;
mod answer;
pub mod answer_text;
pub mod client;
mod connection;
pub mod dispatcher;
pub mod failure;
pub mod handoff;
mod heard;
pub mod partner;
pub mod probe;
pub mod profile;
pub mod proxy;
mod receiver_health;
pub mod recovery;
pub mod route;
pub mod second_look;
pub mod sender;
pub mod signature;
pub mod tls;
mod tunnel;

use tokio::sync::watch;

use crate::clock::Clock;
use crate::command_line::CommandLine;
use crate::incident::Thresholds;
use crate::observations::Observations;
use crate::retry::RetryPolicy;
use crate::store::Store;
use crate::under_way::UnderWay;

/// What the configuration says of every attempt, whatever its route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRules {
    /// When failed attempts are made again.
    pub policy: RetryPolicy,
    /// From where on an admin is told.
    pub thresholds: Thresholds,
    /// What is exhausted because VoiceDrive was away is sent again without a person.
    pub automatic_recovery: bool,
}

/// What every dispatcher works with.
#[derive(Clone)]
pub struct Context {
    /// Where deliveries are kept.
    pub store: Store,
    /// What time it is.
    pub clock: Clock,
    /// The rules that are in force now.
    pub rules: watch::Receiver<DeliveryRules>,
    /// Where it is kept what receivers' clocks say.
    pub observations: Observations,
    /// Whose attempts are under way.
    pub under_way: UnderWay,
    /// How an admin types what the log advises.
    pub commands: CommandLine,
}
