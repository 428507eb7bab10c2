//! What was delivered in a slot of time, in one number: both sides compute it, and only where they differ the ids are
//! compared (contract, section 4.7).

use uuid::Uuid;

use crate::crypto::Sha256;
use crate::slot::Unit;
use crate::timestamp::Timestamp;

/// SHA-256.
pub type Digest = [u8; 32];

/// What was delivered in one slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotDigest {
    /// Such as `2025-10-26T14`, in UTC.
    pub slot: String,
    /// The first id that can be in it.
    pub from: Uuid,
    /// The first id that is behind it.
    pub to: Uuid,
    /// Events that were delivered.
    pub delivered: u64,
    /// Events that are still to be sent.
    pub open: u64,
    /// Of the delivered ids, sorted, each followed by a newline.
    pub digest: Digest,
}

/// Adds the next id to a digest, in their order.
pub fn add(digest: &mut Sha256, id: &str) {
    digest.update(id.as_bytes());
    digest.update(b"\n");
}

/// The slots that have a part of the range from `from` to `to`, which is not in it: whole ones.
#[must_use]
pub fn slots(unit: Unit, from: Timestamp, to: Timestamp) -> Vec<(String, Timestamp, Timestamp)> {
    let mut slots = Vec::new();
    let mut begin = from;
    while begin < to {
        let name = unit.name_of(begin);
        let Some((first, last)) = unit.named(&name) else {
            break;
        };
        begin = Timestamp::from_unix_ms(last.unix_ms() + 1);
        slots.push((unit.slot_of(first), first, begin));
    }
    slots
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::super::first_id_at;
    use super::*;
    use crate::crypto;

    #[test]
    fn it_is_what_sort_and_sha256sum_give() {
        let mut digest = Sha256::default();
        add(&mut digest, "019a1dd0-9400-7000-8000-000000000000");
        add(&mut digest, "019a1dd0-9400-7000-8000-000000000001");
        // printf '019a…000\n019a…001\n' | LC_ALL=C sort | sha256sum
        let expected = "96b5d63d7b81ae04e07da3ce746383906d9104575791d12ae918a5083851e8cc";
        assert_eq!(crypto::hex(&digest.finish()), expected);
    }

    #[test]
    fn slots_are_whole() {
        let at = |text: &str| Timestamp::parse(text).unwrap();
        let (from, to) = (at("2025-10-26T14:30:00Z"), at("2025-10-26T16:00:00.001Z"));
        let hours: Vec<_> = slots(Unit::Hour, from, to)
            .into_iter()
            .map(|slot| slot.0)
            .collect();
        assert_eq!(hours, ["2025-10-26T14", "2025-10-26T15", "2025-10-26T16"]);
        let days = slots(Unit::Day, from, to);
        let day = (
            "2025-10-26".to_owned(),
            at("2025-10-26T00:00:00Z"),
            at("2025-10-27T00:00:00Z"),
        );
        assert_eq!(days, [day]);
        assert_eq!(slots(Unit::Hour, from, from), []);
    }

    fn of(ids: &BTreeSet<u128>) -> Digest {
        let mut digest = Sha256::default();
        for id in ids {
            add(&mut digest, &Uuid::from_u128(*id).to_string());
        }
        digest.finish()
    }

    proptest! {
        /// What another program computes from the same lines in its own order, after sorting them as text.
        #[test]
        fn it_says_exactly_whether_two_sides_have_the_same(
            ours in prop::collection::vec(any::<u128>(), 0..20),
            more in prop::collection::btree_set(any::<u128>(), 0..3),
        ) {
            let mut lines: Vec<String> = ours.iter().map(|id| format!("{}\n", Uuid::from_u128(*id))).collect();
            lines.sort();
            lines.dedup();
            let ours: BTreeSet<u128> = ours.into_iter().collect();
            prop_assert_eq!(of(&ours), crypto::sha256(&[lines.concat().as_bytes()]));
            let theirs: BTreeSet<u128> = ours.union(&more).copied().collect();
            prop_assert_eq!(of(&theirs) == of(&ours), theirs == ours);
        }

        /// Every id is in one slot, and in no other.
        #[test]
        fn slots_leave_nothing_out_and_have_nothing_twice(
            from in 0_i64..4_000_000_000_000, hours in 1_i64..100, at in 0.0..1.0,
        ) {
            let [from, to] = [from, from + hours * 3_600_000].map(Timestamp::from_unix_ms);
            #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
            let moment = Timestamp::from_unix_ms(from.unix_ms() + ((to.unix_ms() - from.unix_ms()) as f64 * at) as i64);
            let id = first_id_at(moment);
            for unit in [Unit::Day, Unit::Hour] {
                let slots = slots(unit, from, to);
                let having = slots.iter().filter(|(_, first, end)| (first_id_at(*first)..first_id_at(*end)).contains(&id));
                prop_assert_eq!(having.count(), 1);
                prop_assert!(slots.windows(2).all(|pair| pair[0].2 == pair[1].1));
            }
        }
    }
}
