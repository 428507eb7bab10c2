//! A range of time, cut into whole days, hours or minutes and what is left at its two ends.
//!
//! Counts are kept by the slot, so that a question over a long range adds up a few of them and looks
//! at single rows only at the ends, where the range begins or ends inside a slot.

use crate::timestamp::Timestamp;

/// How long a slot is. Slots are those of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// From midnight to midnight.
    Day,
    /// From a full hour to the next.
    Hour,
    /// From a full minute to the next.
    Minute,
}

impl Unit {
    /// The word that a slot's name begins with.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Hour => "hour",
            Self::Minute => "minute",
        }
    }

    /// The written form of the slot in which `moment` lies, such as `2025-10-26T14` for an hour: the
    /// beginning of every moment in it.
    #[must_use]
    pub fn slot_of(self, moment: Timestamp) -> String {
        let mut text = moment.to_string();
        text.truncate(match self {
            Self::Day => "2025-10-26".len(),
            Self::Hour => "2025-10-26T14".len(),
            Self::Minute => "2025-10-26T14:30".len(),
        });
        text
    }

    /// The first and the last moment of the slot with this written form.
    #[must_use]
    pub fn named(self, slot: &str) -> Option<(Timestamp, Timestamp)> {
        let rest = "0001-01-01T00:00:00.000Z".get(slot.len()..)?;
        let from = Timestamp::parse(&format!("{slot}{rest}")).ok()?;
        let to = Timestamp::from_unix_ms(from.unix_ms() + self.length() - 1);
        Some((from, to))
    }

    /// In milliseconds.
    fn length(self) -> i64 {
        match self {
            Self::Day => 86_400_000,
            Self::Hour => 3_600_000,
            Self::Minute => 60_000,
        }
    }
}

/// A part of a range, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Whole slots of this unit; none: a part of one.
    pub unit: Option<Unit>,
    /// The first moment of it.
    pub from: Timestamp,
    /// The last moment of it.
    pub to: Timestamp,
}

/// Cuts the range from `from` to `to`, both included, into whole slots of `units`, the longest
/// first, and single moments at the ends. The pieces come in order; a range that ends before it
/// begins has none.
#[must_use]
pub fn cut(from: Timestamp, to: Timestamp, units: &[Unit]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    cut_half_open(from.unix_ms(), to.unix_ms() + 1, units, &mut pieces);
    pieces
}

/// The same for milliseconds, of which `end` is the first that does not belong to the range.
fn cut_half_open(start: i64, end: i64, units: &[Unit], pieces: &mut Vec<Piece>) {
    if start >= end {
        return;
    }
    let piece = |unit, start, end: i64| Piece {
        unit,
        from: Timestamp::from_unix_ms(start),
        to: Timestamp::from_unix_ms(end - 1),
    };
    let Some((unit, shorter)) = units.split_first() else {
        return pieces.push(piece(None, start, end));
    };
    let length = unit.length();
    let whole_from = (start + length - 1).div_euclid(length) * length;
    let whole_to = end.div_euclid(length) * length;
    if whole_from < whole_to {
        cut_half_open(start, whole_from, shorter, pieces);
        pieces.push(piece(Some(*unit), whole_from, whole_to));
        cut_half_open(whole_to, end, shorter, pieces);
    } else {
        cut_half_open(start, end, shorter, pieces);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const UNITS: [Unit; 2] = [Unit::Hour, Unit::Minute];

    fn moment(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn a_range_is_whole_slots_and_two_ends() {
        let pieces = cut(
            moment("2025-10-26T11:58:30.000Z"),
            moment("2025-10-26T14:01:00.000Z"),
            &UNITS,
        );
        let shown: Vec<_> = pieces
            .iter()
            .map(|piece| format!("{:?} {}", piece.unit.map(Unit::as_str), piece.from))
            .collect();
        assert_eq!(
            shown,
            [
                "None 2025-10-26T11:58:30.000Z",
                "Some(\"minute\") 2025-10-26T11:59:00.000Z",
                "Some(\"hour\") 2025-10-26T12:00:00.000Z",
                "Some(\"minute\") 2025-10-26T14:00:00.000Z",
                "None 2025-10-26T14:01:00.000Z",
            ]
        );
        assert_eq!(pieces[2].to, moment("2025-10-26T13:59:59.999Z"));
        assert_eq!(Unit::Hour.slot_of(pieces[2].to), "2025-10-26T13");
        assert_eq!(
            Unit::Minute.named("2025-10-26T13:59"),
            Some((moment("2025-10-26T13:59:00.000Z"), pieces[2].to))
        );
        let now = moment("2025-10-26T12:00:00.000Z");
        assert_eq!(
            cut(now.after(std::time::Duration::from_millis(1)), now, &UNITS),
            []
        );
    }

    proptest! {
        #[test]
        fn the_pieces_are_the_range(start in -9_000_000_i64..9_000_000, length in 0_i64..400_000_000) {
            let (from, to) = (Timestamp::from_unix_ms(start), Timestamp::from_unix_ms(start + length));
            let pieces = cut(from, to, &UNITS);
            prop_assert_eq!(pieces[0].from, from);
            prop_assert_eq!(pieces[pieces.len() - 1].to, to);
            for two in pieces.windows(2) {
                prop_assert_eq!(two[0].to.unix_ms() + 1, two[1].from.unix_ms());
            }
            for piece in &pieces {
                let length = piece.unit.map_or(1, Unit::length);
                prop_assert_eq!(piece.from.unix_ms().rem_euclid(length), 0);
                prop_assert_eq!((piece.to.unix_ms() + 1).rem_euclid(length), 0);
                // No end is longer than the slot that it is a part of, on either side.
                if piece.unit.is_none() {
                    prop_assert!(piece.to.unix_ms() - piece.from.unix_ms() < 2 * 60_000);
                }
            }
        }
    }
}
