//! How a comparison is made: deliveries and received ids side by side, in the order of the ids.

use uuid::Uuid;

use super::{
    Closed, Comparison, Counts, Delivery, Discrepancy, Missing, NAMED, NoEffect, Question, Reason,
    Standing, Waiting,
};
use crate::cause::Cause;
use crate::reconciliation::received::Received;
use crate::reconciliation::{Sent, Verdict, first_id_at, has_time, time_of, verdict};

/// A comparison that goes on: deliveries come one after the other, in the order of their ids.
#[derive(Debug)]
pub struct Comparer<'a> {
    question: &'a Question,
    /// What VoiceDrive has and was not come to yet.
    rest: &'a [Received],
    comparison: Comparison,
}

impl<'a> Comparer<'a> {
    /// Begins.
    #[must_use]
    pub fn new(question: &'a Question) -> Self {
        Self {
            question,
            rest: &question.received,
            comparison: Comparison::default(),
        }
    }

    /// Adds the next delivery of the range. `cause` finds out why the last attempt of a delivery did not succeed.
    ///
    /// # Errors
    /// That of `cause`.
    pub fn add<E>(
        &mut self,
        delivery: &Delivery<'_>,
        cause: impl FnOnce() -> Result<Option<Cause>, E>,
    ) -> Result<(), E> {
        let received = self.next_received(Some(delivery.id));
        let routes = &self.question.routes;
        if !routes.iter().any(|route| route == delivery.route) {
            self.comparison.standing.ignored += u64::from(received.is_some());
            return Ok(());
        }
        let sent = Sent::of(delivery.status, delivery.attempts);
        let found = verdict(sent, delivery.event_type, received);
        let is_too_late =
            found == Verdict::AnsweredButAbsent && self.question.is_too_late(delivery);
        let verdict = delivery.what_is_left(found);
        let comparison = &mut self.comparison;
        match (
            is_too_late || verdict.leaves_open(sent),
            delivery.was_unjudged,
        ) {
            (true, false) => comparison.unjudged.push(delivery.seq),
            (false, true) => comparison.judged.push(delivery.seq),
            _ => {}
        }
        if is_too_late {
            comparison.standing.not_compared += 1;
            return Ok(());
        }
        let reason = match verdict {
            Verdict::AnsweredButAbsent => Some(Reason::AnsweredButAbsent),
            Verdict::FailedThere => Some(Reason::FailedThere),
            Verdict::NeverArrived => Some(Reason::NotDelivered(cause()?)),
            _ => None,
        };
        comparison.count(delivery, received, verdict);
        comparison.keep(delivery, verdict, reason);
        Ok(())
    }

    /// VoiceDrive's row for this id, or the end. Those of the ids before it were never sent.
    fn next_received(&mut self, id: Option<Uuid>) -> Option<&'a Received> {
        while let Some((row, rest)) = self.rest.split_first() {
            if id.is_some_and(|id| row.id > id) {
                return None;
            }
            self.rest = rest;
            if Some(row.id) == id {
                return Some(row);
            }
            let is_inside = self.question.range.has(&row.id);
            if has_time(&row.id) && !is_inside {
                self.comparison.standing.ignored += 1;
                continue;
            }
            self.comparison.counts.received += u64::from(has_time(&row.id));
            let comparison = &mut self.comparison;
            comparison.standing.unknown += 1;
            name(&mut comparison.unknown, row.id, &mut comparison.truncated);
        }
        None
    }

    /// Ends; `behind`: how much was delivered after the end of the list.
    #[must_use]
    pub fn finish(mut self, behind: u64) -> Comparison {
        self.next_received(None);
        self.comparison.standing.not_compared += behind;
        self.comparison
    }
}

impl Comparison {
    /// Whether the comparison says something: a delivery was compared, or none was sent between two moments that somebody named.
    /// A list of which the relay knows nothing, or one of before the range, confirms nothing.
    #[must_use]
    pub fn has_compared(&self, question: &Question) -> bool {
        let Standing {
            matched,
            arrived,
            missing,
            no_effect,
            dismissed,
            erased,
            waiting: _,
            not_compared: _,
            unknown: _,
            ignored: _,
        } = self.standing;
        let compared = matched + arrived + missing + no_effect + dismissed + erased;
        let was_said = question.range_was_said && question.beginning_was_said;
        let is_of_something = was_said && !question.routes.is_empty();
        compared > 0 || is_of_something && !question.is_too_early()
    }

    fn keep(&mut self, delivery: &Delivery<'_>, verdict: Verdict, reason: Option<Reason>) {
        let (seq, id) = (delivery.seq, delivery.id);
        if verdict.is_confirmed() && delivery.was_missing {
            self.confirmed.push(seq);
        }
        if let Some(finding) = Discrepancy::of(verdict) {
            self.found.push((seq, finding));
        }
        if let Some(reason) = reason {
            self.all_missing.push((seq, id));
            let one = || Missing::of(delivery, reason);
            name_with(&mut self.missing, one, &mut self.truncated);
        }
        match verdict {
            Verdict::Arrived => self.arrived.push((seq, id)),
            Verdict::NoEffect => {
                let one = || NoEffect {
                    id,
                    event_type: delivery.event_type.to_owned(),
                    first_sent_at: delivery.first_sent_at,
                };
                name_with(&mut self.no_effect, one, &mut self.truncated);
            }
            Verdict::Waiting => {
                let one = || Waiting {
                    id,
                    event_type: delivery.event_type.to_owned(),
                    status: delivery.status,
                    next_retry_at: delivery.next_retry_at,
                };
                name_with(&mut self.waiting, one, &mut self.truncated);
            }
            _ => {}
        }
    }

    fn count(&mut self, delivery: &Delivery<'_>, received: Option<&Received>, verdict: Verdict) {
        *self.standing.of(verdict) += 1;
        if !self.by_route.contains_key(delivery.route) {
            let none = Counts::default();
            self.by_route.insert(delivery.route.to_owned(), none);
        }
        let of_route = self.by_route.get_mut(delivery.route);
        for counts in of_route.into_iter().chain([&mut self.counts]) {
            counts.sent += u64::from(delivery.attempts > 0);
            counts.received += u64::from(received.is_some());
            counts.matched += u64::from(matches!(verdict, Verdict::Matched | Verdict::Arrived));
            counts.missing += u64::from(verdict.is_missing());
            counts.no_effect += u64::from(verdict == Verdict::NoEffect);
        }
    }
}

impl Standing {
    fn of(&mut self, verdict: Verdict) -> &mut u64 {
        match verdict {
            Verdict::Matched => &mut self.matched,
            Verdict::Arrived => &mut self.arrived,
            Verdict::AnsweredButAbsent | Verdict::FailedThere | Verdict::NeverArrived => {
                &mut self.missing
            }
            Verdict::NoEffect => &mut self.no_effect,
            Verdict::Waiting => &mut self.waiting,
            Verdict::GivenUp => &mut self.dismissed,
            Verdict::Erased => &mut self.erased,
        }
    }
}

fn name<T>(named: &mut Vec<T>, one: T, truncated: &mut bool) {
    name_with(named, || one, truncated);
}

fn name_with<T>(named: &mut Vec<T>, one: impl FnOnce() -> T, truncated: &mut bool) {
    if named.len() < NAMED {
        named.push(one());
    } else {
        *truncated = true;
    }
}

impl Question {
    /// The last id about which the comparison says something: of what is accepted later, nobody has a list. An id of the
    /// future in the list confirms nothing, either.
    #[must_use]
    pub fn compared_to(&self) -> Uuid {
        if self.range_was_said || time_of(self.range.to) > self.as_of {
            self.range.to.min(first_id_at(self.as_of))
        } else {
            self.range.to
        }
    }

    /// Whether the list was made before the range began.
    fn is_too_early(&self) -> bool {
        self.compared_to() <= self.range.from
    }

    /// Whether who made the list cannot have known of a delivery.
    fn is_too_late(&self, delivery: &Delivery<'_>) -> bool {
        let is_later = delivery.last_attempt_at.is_some_and(|at| at > self.as_of);
        // Where only the last event says when the list was made, what arrived at once counts as delivered when it was
        // accepted: events of one moment are sent one after the other.
        let is_exact = self.range_was_said || self.making_was_said || delivery.attempts > 1;
        is_later && is_exact
    }
}

impl Delivery<'_> {
    /// What is left of a verdict that something is missing, when nothing can or needs to be done about it.
    fn what_is_left(&self, found: Verdict) -> Verdict {
        let is_lost = found.is_missing() || matches!(found, Verdict::NoEffect | Verdict::GivenUp);
        match self.closed {
            Some(Closed::Erased) if is_lost => Verdict::Erased,
            Some(Closed::GivenUp) if found.is_found() => Verdict::GivenUp,
            _ => found,
        }
    }
}

impl Missing {
    fn of(delivery: &Delivery<'_>, reason: Reason) -> Self {
        Self {
            seq: delivery.seq,
            id: delivery.id,
            event_type: delivery.event_type.to_owned(),
            first_sent_at: delivery.first_sent_at,
            last_attempt_at: delivery.last_attempt_at,
            attempts: delivery.attempts,
            status: delivery.status,
            http_status: delivery.http_status,
            reason,
        }
    }
}
