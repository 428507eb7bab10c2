//! Which route an event takes, and which bodies a route can never deliver. `delivery/route` has the way out itself.

pub mod settings;

use std::fmt;

use crate::event::is_event_type;

/// The route of every event that no other route takes.
pub const DEFAULT: &str = "default";
/// The longest name of a route, in characters.
pub const MAX_NAME_CHARACTERS: usize = 100;
/// What a relay answers to a webhook of its own.
pub const LEADS_BACK: &str = "this URL leads from the relay back to itself; correct the route";

/// The longest body that a receiver takes, and how long a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyLimit {
    /// In bytes.
    limit: usize,
    /// Bytes of a body without the event's name and data. Every time of an event is written in as many.
    around: usize,
    /// How often the event's name stands in a body.
    names: usize,
}

/// A body that its receiver can never take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TooLarge {
    /// The route.
    pub route: String,
    /// What would be sent.
    pub bytes: usize,
    /// What the receiver takes.
    pub limit: usize,
}

impl BodyLimit {
    /// A limit in bytes, for bodies that have `around` bytes without the event's name and data, and the name in
    /// `names` places.
    #[must_use]
    pub fn new(limit: usize, around: usize, names: usize) -> Self {
        Self {
            limit,
            around,
            names,
        }
    }

    /// Whether the body of an event fits.
    ///
    /// # Errors
    /// `TooLarge`, with both sizes.
    pub fn check(&self, route: &str, event_type: &str, data: &str) -> Result<(), TooLarge> {
        let bytes = self.around + self.names * event_type.len() + data.len();
        if bytes <= self.limit {
            return Ok(());
        }
        Err(TooLarge {
            route: route.to_owned(),
            bytes,
            limit: self.limit,
        })
    }
}

/// Which events a route takes: an exact name, or every name with a prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// `employee.created`
    Exact(String),
    /// `employee.*`: every name that begins with `employee.`
    Prefix(String),
}

impl Pattern {
    /// Reads an event's name, or a prefix that ends in `.*`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.strip_suffix('*') {
            Some(prefix) => {
                let fits = prefix.ends_with('.') && prefix.len() > 1 && is_event_type(prefix);
                fits.then(|| Self::Prefix(prefix.to_owned()))
            }
            None => is_event_type(text).then(|| Self::Exact(text.to_owned())),
        }
    }

    /// Whether it takes every event that `other` takes.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::Exact(name)) => self.takes(name),
            (Self::Prefix(prefix), Self::Prefix(narrower)) => narrower.starts_with(prefix.as_str()),
            (Self::Exact(_), Self::Prefix(_)) => false,
        }
    }

    /// Whether it takes the event with this name.
    #[must_use]
    pub fn takes(&self, event_type: &str) -> bool {
        match self {
            Self::Exact(name) => name == event_type,
            Self::Prefix(prefix) => event_type.starts_with(prefix.as_str()),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(name) => f.write_str(name),
            Self::Prefix(prefix) => write!(f, "{prefix}*"),
        }
    }
}

/// The routes by name, in the order in which they are asked (contract, section 3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Routing(Vec<(String, Vec<Pattern>)>);

impl Routing {
    /// The routes besides the default one, each with what it takes.
    #[must_use]
    pub fn new(routes: Vec<(String, Vec<Pattern>)>) -> Self {
        Self(routes)
    }

    /// The route that an event takes: the first that matches, else the default one.
    #[must_use]
    pub fn route_of(&self, event_type: &str) -> &str {
        let takes = |patterns: &[Pattern]| patterns.iter().any(|p| p.takes(event_type));
        let found = self.0.iter().find(|(_, patterns)| takes(patterns));
        found.map_or(DEFAULT, |(name, _)| name)
    }

    /// The route that an event takes when it is sent again: the one that was decided when it was accepted, or the
    /// one that it would take today when that is gone.
    #[must_use]
    pub fn of_resend<'a>(&'a self, accepted_for: &'a str, event_type: &str) -> &'a str {
        if self.knows(accepted_for) {
            accepted_for
        } else {
            self.route_of(event_type)
        }
    }

    /// Whether there is a route with this name.
    #[must_use]
    pub fn knows(&self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }

    /// The names of all routes.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let own = self.0.iter().map(|(name, _)| name.as_str());
        own.chain([DEFAULT])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_match_wins_and_the_rest_goes_the_default_way() {
        let patterns = |texts: &[&str]| texts.iter().map(|t| Pattern::parse(t).unwrap()).collect();
        let routing = Routing::new(vec![
            ("a".to_owned(), patterns(&["employee.retired", "survey.*"])),
            ("b".to_owned(), patterns(&["employee.*"])),
        ]);
        for (event, route) in [
            ("employee.retired", "a"),
            ("survey.x", "a"),
            ("survey.x.y", "a"),
            ("survey", DEFAULT),
            ("employee.created", "b"),
            ("employees.created", DEFAULT),
        ] {
            assert_eq!(routing.route_of(event), route, "{event}");
        }
        assert!(routing.knows("a") && routing.knows(DEFAULT) && !routing.knows("c"));
    }

    #[test]
    fn a_pattern_is_a_name_or_a_prefix() {
        for bad in [
            "",
            "*",
            ".*",
            "employee*",
            "employee.*.x",
            "Employee.*",
            "**",
            "a b",
        ] {
            assert_eq!(Pattern::parse(bad), None, "{bad}");
        }
    }
}
