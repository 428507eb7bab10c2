//! What may happen in a history.

use proptest::prelude::*;

use super::receiver::Kind;
use crate::event::Status;

const HOUR_MS: u64 = 60 * 60 * 1000;
const DAY_MS: u64 = 24 * HOUR_MS;

/// How the receiver answers.
#[derive(Clone, Copy, Debug)]
pub(super) enum Mode {
    Good,
    Status(u16),
    Silent,
    /// It applies what comes, and its answer is lost.
    Lost,
}

/// Something that happens.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Events of these persons are accepted together; the dispatcher is handed what is due, or has to look.
    Accept(Vec<(usize, Kind)>, bool),
    /// The dispatcher looks for what is due.
    Poll,
    /// The dispatcher begins the next attempt that it knows of.
    Begin,
    /// An attempt under way ends.
    End(usize),
    /// The result of an attempt under way cannot be kept; the receiver has applied it, or not.
    PutOff(usize, bool),
    Answers(Mode),
    /// The receiver refuses an event, or takes it again.
    Refuse(usize),
    Resend(usize, bool),
    BulkPage(Option<Status>, bool),
    BulkEnd,
    /// Whoever sends in bulk goes away in the middle.
    BulkAbandon,
    Dismiss(usize),
    Wait(u64),
    /// The relay is killed; the receiver has applied what was under way, or not.
    Kill(bool),
    Purge(u64),
    /// A person pauses the route for so long.
    Hold(u64),
    EndHold,
    /// A person wants what an outage has left sent again.
    Recover,
    /// The relay looks at what outages have left.
    LookAtRecovery,
    /// A reload: recovery is automatic from now on, or not.
    Automatic(bool),
    /// A reload: the route keeps the order from now on, or not.
    Order(bool),
    /// What was sent is compared with what the receiver has.
    Reconcile,
}

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let kind = prop_oneof![
        Just(Kind::Created),
        Just(Kind::Updated),
        Just(Kind::Photo),
        Just(Kind::Retired)
    ];
    let mode = prop_oneof![
        4 => Just(Mode::Good),
        2 => Just(Mode::Status(503)),
        1 => Just(Mode::Status(401)),
        1 => Just(Mode::Status(400)),
        1 => Just(Mode::Silent),
        2 => Just(Mode::Lost),
    ];
    let status = prop_oneof![
        4 => Just(Some(Status::Exhausted)),
        1 => Just(Some(Status::Retrying)),
        1 => Just(Some(Status::Delivered)),
        1 => Just(None),
    ];
    let event = || 0_usize..12;
    let batch = prop::collection::vec((0_usize..3, kind), 1..4);
    let step = prop_oneof![
        6 => (batch, any::<bool>()).prop_map(|(events, handed)| Step::Accept(events, handed)),
        5 => Just(Step::Poll),
        8 => Just(Step::Begin),
        8 => (0_usize..4).prop_map(Step::End),
        1 => (0_usize..4, any::<bool>()).prop_map(|(which, applied)| Step::PutOff(which, applied)),
        2 => mode.prop_map(Step::Answers),
        2 => event().prop_map(Step::Refuse),
        3 => (event(), prop::bool::weighted(0.1)).prop_map(|(event, only)| Step::Resend(event, only)),
        3 => (status, prop::bool::weighted(0.05)).prop_map(|(status, only)| Step::BulkPage(status, only)),
        1 => Just(Step::BulkEnd),
        1 => Just(Step::BulkAbandon),
        1 => event().prop_map(Step::Dismiss),
        4 => prop_oneof![1_u64..100, 1_u64..400_000, 1_u64..2 * HOUR_MS].prop_map(Step::Wait),
        1 => any::<bool>().prop_map(Step::Kill),
        1 => (0..3 * DAY_MS).prop_map(Step::Purge),
        1 => (1_u64..4 * HOUR_MS).prop_map(Step::Hold),
        1 => Just(Step::EndHold),
        2 => Just(Step::Recover),
        3 => Just(Step::LookAtRecovery),
        1 => any::<bool>().prop_map(Step::Automatic),
        1 => prop::bool::weighted(0.8).prop_map(Step::Order),
        1 => Just(Step::Reconcile),
    ];
    prop::collection::vec(step, 1..80)
}
