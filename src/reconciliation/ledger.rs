//! What is kept of comparisons, and what of their findings has not ended.

use std::collections::BTreeMap;

use super::IdRange;
use super::comparison::{Counts, Discrepancy};
use crate::timestamp::Timestamp;

/// One comparison on one of its routes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComparisonRecord {
    /// Its id, which it has on all of its routes.
    pub id: String,
    /// When it was made, the last time.
    pub compared_at: Timestamp,
    /// The route.
    pub route: String,
    /// The ids that were compared.
    pub range: IdRange,
    /// What was counted.
    pub counts: Counts,
}

/// Which findings are meant.
#[derive(Clone, Debug, Default)]
pub struct FindingsFilter {
    /// Only those with these ids.
    pub range: Option<IdRange>,
    /// Only those of these routes; none: of all.
    pub routes: Option<Vec<String>>,
}

impl FindingsFilter {
    /// Whether an event of this route is meant.
    #[must_use]
    pub fn has_route(&self, route: &str) -> bool {
        let is = |one: &String| one == route;
        self.routes.as_ref().is_none_or(|all| all.iter().any(is))
    }
}

/// A delivery that was answered with success, and that the partner does not have, or that had no effect there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingRecord {
    /// The event's place in the order of acceptance.
    pub seq: i64,
    /// Its id.
    pub id: String,
    /// Its name.
    pub event_type: String,
    /// The staff id of the person it is about.
    pub staff_id: Option<String>,
    /// The route that it took.
    pub route: String,
    /// What was found.
    pub discrepancy: Discrepancy,
    /// When it was sent first.
    pub sent_at: Option<Timestamp>,
    /// It was sent after it was last found missing: another comparison will say what came of that.
    pub sent_again: bool,
    /// The data of its person were erased: it cannot be sent again.
    pub is_erased: bool,
}

/// How many there are of a route.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FindingCounts {
    /// Missing, and not sent again yet.
    pub missing: u64,
    /// Missing, and sent again since.
    pub sent_again: u64,
    /// Without effect.
    pub no_effect: u64,
}

/// The findings that have not ended.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// By route.
    pub by_route: BTreeMap<String, FindingCounts>,
    /// The places of those that can be sent again, in the order of acceptance.
    pub missing: Vec<i64>,
    /// The first of them, in the same order; then those that were sent again or had no effect.
    pub named: Vec<FindingRecord>,
}

impl Findings {
    /// All routes together.
    #[must_use]
    pub fn counts(&self) -> FindingCounts {
        let mut all = FindingCounts::default();
        for counts in self.by_route.values() {
            all.missing += counts.missing;
            all.sent_again += counts.sent_again;
            all.no_effect += counts.no_effect;
        }
        all
    }

    /// Adds one, in the order of acceptance; at most `named` of those to be sent again, and as many of the others, are named.
    pub fn add(&mut self, one: FindingRecord, others: &mut Vec<FindingRecord>, named: usize) {
        let of_route = self.by_route.entry(one.route.clone()).or_default();
        let list = if one.discrepancy == Discrepancy::NoEffect {
            of_route.no_effect += 1;
            others
        } else if one.sent_again {
            of_route.sent_again += 1;
            others
        } else {
            of_route.missing += 1;
            self.missing.push(one.seq);
            &mut self.named
        };
        if list.len() < named {
            list.push(one);
        }
    }
}
