//! The order of one person's events on one route (contract, section 5.1): who waits for whom, and what is sent
//! again after what.
//!
//! What is still to be sent for one person on one route stands in a line, in the order of acceptance. At most
//! one of it is at the front: only that one may be under way. Who waits for a retry stays in the line, and
//! those after it wait as well. What is wrong with an event alone puts it beside the line until its retry is
//! due; then it takes its place again.
//!
//! When an event succeeds after a later one was attempted, the receiver has old data. So the later ones that were
//! delivered are sent again after it: its tail. A tail ends before the next one in the line, which takes over the rest.
//! When an answer was lost, nobody knows whether the attempt was a success, so the tail follows when there will be no
//! other attempt.

/// The longest tail of an event that a person sends again without saying that it may be left out.
pub const LONGEST_TAIL: u64 = 200;
/// The most of a tail that is opened at once; the last of it owes the rest.
pub const TAIL_AT_ONCE: usize = 200;

/// Whether a route keeps the order of acceptance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// For the events of each person.
    #[default]
    Staff,
    /// Not at all.
    None,
}

impl Order {
    /// Every order.
    pub const ALL: [Self; 2] = [Self::Staff, Self::None];

    /// The word in the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Staff => "staff",
            Self::None => "none",
        }
    }

    /// The order that `word` names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|order| order.as_str() == word)
    }
}

/// The position of an undelivered delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Beside the line, until its retry is due: it holds up no one.
    Beside,
    /// In the line: those after it wait for it.
    InLine,
    /// At the front of the line: it is under way, or may be at any moment. So is whatever stands in no line.
    Front,
}

impl Place {
    /// Where a failed attempt leaves its delivery, by the status of the answer: what is wrong with one event
    /// alone holds up no one, and whatever may be an outage does.
    #[must_use]
    pub fn after_failure(http_status: Option<u16>) -> Self {
        match http_status {
            Some(400 | 413 | 422) => Self::Beside,
            _ => Self::InLine,
        }
    }

    /// The number in the table.
    #[must_use]
    pub fn number(self) -> i64 {
        match self {
            Self::Beside => 0,
            Self::InLine => 1,
            Self::Front => 2,
        }
    }

    /// The place that has this number.
    #[must_use]
    pub fn from_number(number: i64) -> Option<Self> {
        let all = [Self::Beside, Self::InLine, Self::Front];
        all.into_iter().find(|place| place.number() == number)
    }
}

/// What stands in a line that a delivery wants to go into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ahead {
    /// Another one is at the front, and may be under way.
    pub front: bool,
    /// An earlier one is to be sent, or waits for a retry.
    pub earlier: bool,
}

impl Ahead {
    /// Whether nobody has to be waited for.
    #[must_use]
    pub fn is_nobody(self) -> bool {
        !self.front && !self.earlier
    }
}

/// What becomes of a delivery's tail when its attempt ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// It has none: nothing later was attempted.
    None,
    /// A person wants it left out.
    LeftOut,
    /// It follows a success.
    AfterSuccess,
    /// It follows in any case: an earlier one that succeeded has left it to this one, or the receiver may have
    /// applied this one and its answer was lost.
    Inherited,
}

impl Tail {
    /// Whether it is to be opened now that an attempt has ended, after which its delivery is in the line no more.
    #[must_use]
    pub fn follows(self, delivered: bool) -> bool {
        match self {
            Self::None | Self::LeftOut => false,
            Self::AfterSuccess => delivered,
            Self::Inherited => true,
        }
    }

    /// The same when an earlier one leaves the rest of its own tail to this delivery.
    #[must_use]
    pub fn inherited(self) -> Self {
        match self {
            Self::None => Self::None,
            Self::LeftOut | Self::AfterSuccess | Self::Inherited => Self::Inherited,
        }
    }

    /// The same when the receiver may have applied the event though no success is known.
    #[must_use]
    pub fn in_doubt(self) -> Self {
        match self {
            Self::AfterSuccess => Self::Inherited,
            Self::None | Self::LeftOut | Self::Inherited => self,
        }
    }

    /// The same when the delivery steps out of the line, and later ones go on. What it owed was opened then.
    #[must_use]
    pub fn beside(self) -> Self {
        match self {
            Self::LeftOut => Self::LeftOut,
            Self::None | Self::AfterSuccess | Self::Inherited => Self::AfterSuccess,
        }
    }

    /// The tail of an event that a person sends again. `before`: that of its delivery, when it is still to be
    /// sent in the same line; `only`: the person wants it left out.
    #[must_use]
    pub fn of_resend(before: Option<Self>, only: bool) -> Self {
        match before {
            Some(kept @ (Self::None | Self::Inherited)) => kept,
            _ if only => Self::LeftOut,
            _ => Self::AfterSuccess,
        }
    }

    /// The number in the table.
    #[must_use]
    pub fn number(self) -> i64 {
        match self {
            Self::None => 0,
            Self::LeftOut => 1,
            Self::AfterSuccess => 2,
            Self::Inherited => 3,
        }
    }

    /// The tail that has this number.
    #[must_use]
    pub fn from_number(number: i64) -> Option<Self> {
        let all = [
            Self::None,
            Self::LeftOut,
            Self::AfterSuccess,
            Self::Inherited,
        ];
        all.into_iter().find(|tail| tail.number() == number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_one_event_holds_up_no_one_and_what_may_be_an_outage_does() {
        for alone in [400, 413, 422] {
            assert_eq!(Place::after_failure(Some(alone)), Place::Beside, "{alone}");
        }
        for outage in [301, 401, 403, 404, 405, 407, 408, 409, 410, 429, 500, 503] {
            assert_eq!(
                Place::after_failure(Some(outage)),
                Place::InLine,
                "{outage}"
            );
        }
        assert_eq!(Place::after_failure(None), Place::InLine);
    }

    #[test]
    fn an_owed_tail_follows_in_any_case_and_one_that_is_left_out_does_not() {
        for (tail, of_failure, of_success) in [
            (Tail::None, false, false),
            (Tail::LeftOut, false, false),
            (Tail::AfterSuccess, false, true),
            (Tail::Inherited, true, true),
        ] {
            assert_eq!(tail.follows(false), of_failure, "{tail:?}");
            assert_eq!(tail.follows(true), of_success, "{tail:?}");
        }
        assert_eq!(
            Tail::LeftOut.inherited(),
            Tail::Inherited,
            "another one wants it"
        );
        assert_eq!(
            Tail::None.inherited(),
            Tail::None,
            "nothing is there to follow"
        );
        assert_eq!(Tail::AfterSuccess.in_doubt(), Tail::Inherited);
        assert_eq!(
            Tail::LeftOut.in_doubt(),
            Tail::LeftOut,
            "a person wants it so"
        );
        assert_eq!(Tail::None.in_doubt(), Tail::None);
        assert_eq!(
            Tail::of_resend(Some(Tail::Inherited), true),
            Tail::Inherited
        );
        assert_eq!(
            Tail::of_resend(Some(Tail::AfterSuccess), true),
            Tail::LeftOut
        );
        assert_eq!(
            Tail::of_resend(Some(Tail::LeftOut), false),
            Tail::AfterSuccess
        );
        assert_eq!(Tail::of_resend(None, false), Tail::AfterSuccess);
    }

    #[test]
    fn words_and_numbers_name_what_they_are_of() {
        for order in Order::ALL {
            assert_eq!(Order::from_word(order.as_str()), Some(order));
        }
        for place in [Place::Beside, Place::InLine, Place::Front] {
            assert_eq!(Place::from_number(place.number()), Some(place));
        }
        for tail in [
            Tail::None,
            Tail::LeftOut,
            Tail::AfterSuccess,
            Tail::Inherited,
        ] {
            assert_eq!(Tail::from_number(tail.number()), Some(tail));
        }
        assert_eq!(Place::from_number(3), None);
        assert_eq!(Tail::from_number(4), None);
    }
}
