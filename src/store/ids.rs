//! Ids of events and incidents. They sort by the time at which they were given.

use std::sync::{Mutex, PoisonError};

use uuid::{NoContext, Timestamp as UuidTime, Uuid};

use crate::timestamp::Timestamp;

/// Where a UUID of version 7 has its milliseconds, and behind them twelve random bits that count here.
const MILLISECONDS: u32 = 80;
const COUNT: u32 = 64;
const LARGEST_COUNT: u128 = 0xfff;

/// The id that was given last.
static LAST: Mutex<Uuid> = Mutex::new(Uuid::nil());

/// A UUID of version 7: it sorts by time, and within a millisecond by the order in which ids were given, so an index
/// of them grows at its end.
pub(super) fn new_id(now: Timestamp) -> String {
    let milliseconds = u64::try_from(now.unix_ms()).unwrap_or(0);
    let nanoseconds = u32::try_from(milliseconds % 1000).unwrap_or(0) * 1_000_000;
    let moment = UuidTime::from_unix(NoContext, milliseconds / 1000, nanoseconds);
    let random = Uuid::new_v7(moment);
    // Nothing that is done under the lock can leave it half done.
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    *last = following(*last, random);
    last.to_string()
}

/// The id to give after `last`. The first of a millisecond has a count in the lower half, and each one after it the next
/// count (RFC 9562, section 6.2, method 1); the other 62 bits stay random. Beyond the largest count, order is given up.
fn following(last: Uuid, random: Uuid) -> Uuid {
    let (before, new) = (last.as_u128(), random.as_u128());
    let count = if before >> MILLISECONDS == new >> MILLISECONDS {
        ((before >> COUNT) & LARGEST_COUNT) + 1
    } else {
        (new >> COUNT) & (LARGEST_COUNT / 2)
    };
    if count > LARGEST_COUNT {
        return random;
    }
    Uuid::from_u128((new & !(LARGEST_COUNT << COUNT)) | (count << COUNT))
}

/// The beginning of every id that is given at this moment or later: ids before it are smaller.
pub(super) fn first_id_at(moment: Timestamp) -> String {
    let milliseconds = u64::try_from(moment.unix_ms()).unwrap_or(0);
    format!("{:08x}-{:04x}", milliseconds >> 16, milliseconds & 0xffff)
}

/// The moment in which an id was given, or the beginning of one as [`first_id_at`] has it; none for what is neither.
pub(super) fn moment_of_id(id: &str) -> Option<Timestamp> {
    let (high, low) = (id.get(..8)?, id.get(9..13)?);
    let number = |text| i64::from_str_radix(text, 16).ok();
    Some(Timestamp::from_unix_ms(number(high)? << 16 | number(low)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_says_when_it_was_given() {
        let now = Timestamp::from_unix_ms(1_761_489_012_345);
        assert_eq!(moment_of_id(&new_id(now)), Some(now));
        assert_eq!(moment_of_id(&first_id_at(now)), Some(now));
        assert_eq!(moment_of_id("nothing"), None);
        assert_eq!(moment_of_id("not an id at all"), None);
    }

    #[test]
    fn ids_of_one_millisecond_sort_as_they_were_given() {
        let at = |milliseconds: u128, count: u128, random: u128| {
            let version_and_variant = 0x7000_8000_0000_0000_0000;
            let counted = (count << COUNT) | random;
            Uuid::from_u128((milliseconds << MILLISECONDS) | version_and_variant | counted)
        };
        let mut last = following(Uuid::nil(), at(2, 0x923, 9));
        assert_eq!(last, at(2, 0x123, 9), "there is room for others");
        for (count, random) in [(0x124, 7), (0x125, 3), (0x126, 5)] {
            last = following(last, at(2, 0xabc, random));
            assert_eq!(last, at(2, count, random));
        }
        assert_eq!(following(last, at(3, 1, 1)), at(3, 1, 1));
        let earlier = following(last, at(1, 1, 1));
        assert_eq!(earlier, at(1, 1, 1), "the clock was set back");
        let random = following(at(2, LARGEST_COUNT, 4), at(2, 8, 4));
        assert_eq!(random, at(2, 8, 4), "version and variant stay");
    }
}
