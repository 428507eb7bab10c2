//! Ids of events and incidents. They sort by the time at which they were given.

use uuid::{NoContext, Timestamp as UuidTime, Uuid};

use crate::timestamp::Timestamp;

/// A UUID of version 7: it sorts by time, so the index only grows at its end. Within a millisecond it is random, so that
/// few of its digits tell it from the others.
pub(super) fn new_id(now: Timestamp) -> String {
    let milliseconds = u64::try_from(now.unix_ms()).unwrap_or(0);
    let nanoseconds = u32::try_from(milliseconds % 1000).unwrap_or(0) * 1_000_000;
    let moment = UuidTime::from_unix(NoContext, milliseconds / 1000, nanoseconds);
    Uuid::new_v7(moment).to_string()
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
}
