//! What comparisons with the partner have confirmed (contract, section 4.7), as ranges of event ids.
//!
//! Ids are UUIDs of version 7, so their order as text is the order of acceptance, and a comparison of an hour is a
//! comparison of a range of ids.

/// A range of event ids that was compared, both ends included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComparedRange {
    /// The first id.
    pub from: String,
    /// The last id.
    pub to: String,
}

/// The ranges of a route that were compared, as one: in order, and apart from each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfirmedRange(Vec<(String, String)>);

impl ConfirmedRange {
    /// The union of these ranges.
    #[must_use]
    pub fn of(ranges: impl IntoIterator<Item = ComparedRange>) -> Self {
        let ends = ranges.into_iter().map(|range| (range.from, range.to));
        let mut compared: Vec<_> = ends.filter(|(from, to)| from <= to).collect();
        compared.sort_unstable();
        let mut parts: Vec<(String, String)> = Vec::new();
        for (from, to) in compared {
            match parts.last_mut() {
                Some((_, end)) if from <= *end => {
                    if to > *end {
                        *end = to;
                    }
                }
                _ => parts.push((from, to)),
            }
        }
        Self(parts)
    }

    /// Where it begins; none when nothing was compared.
    #[must_use]
    pub fn first(&self) -> Option<&str> {
        self.0.first().map(|(from, _)| from.as_str())
    }

    /// Its parts, in order: the first and the last id of each.
    pub fn parts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(from, to)| (from.as_str(), to.as_str()))
    }

    /// What lies between its parts and behind the last one, in order: the ids between these two, without them. The last
    /// gap has no end.
    pub fn gaps(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        let begins = self.0.iter().skip(1).map(|(from, _)| Some(from.as_str()));
        let ends = self.0.iter().map(|(_, to)| to.as_str());
        ends.zip(begins.chain([None]))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn range(from: &str, to: &str) -> ComparedRange {
        let [from, to] = [from, to].map(str::to_owned);
        ComparedRange { from, to }
    }

    #[test]
    fn ranges_that_meet_are_one_and_others_leave_a_gap() {
        let confirmed = ConfirmedRange::of([
            range("e", "g"),
            range("a", "c"),
            range("c", "d"),
            range("b", "b"),
        ]);
        assert_eq!(confirmed.first(), Some("a"));
        let gaps: Vec<_> = confirmed.gaps().collect();
        assert_eq!(gaps, [("d", Some("e")), ("g", None)]);
    }

    #[test]
    fn a_range_without_an_id_confirms_nothing() {
        let nothing = ConfirmedRange::of([range("n", "c")]);
        assert_eq!((nothing.first(), nothing.gaps().count()), (None, 0));
    }

    proptest! {
        #[test]
        fn an_id_lies_in_a_gap_exactly_when_no_range_has_it(
            ranges in prop::collection::vec((0_u8..40, 0_u8..40), 0..8),
            id in 0_u8..40,
        ) {
            let text = |number: u8| format!("{number:02}");
            let ranges: Vec<_> = ranges.into_iter().map(|(a, b)| range(&text(a), &text(b))).collect();
            let id = text(id);
            let compared = ranges.iter().any(|range| range.from <= id && id <= range.to);
            let confirmed = ConfirmedRange::of(ranges);
            let is_before = confirmed.first().is_none_or(|first| id.as_str() < first);
            let mut gaps = confirmed.gaps();
            let in_gap = gaps.any(|(after, before)| id.as_str() > after && before.is_none_or(|before| id.as_str() < before));
            prop_assert_eq!(compared, !is_before && !in_gap);
            prop_assert!(!(is_before && in_gap));
        }
    }
}
