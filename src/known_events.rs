//! The names that events may have, when the configuration lists them: a mistyped one is refused when it is handed in, and
//! does not go the default way.

use std::fmt;

use crate::route::Pattern;
use crate::spelling;

/// The names that are taken; without any, every name is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownEvents(Vec<Pattern>);

/// Nobody has listed this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownEvent {
    /// What was perhaps meant.
    nearest: Option<String>,
}

impl KnownEvents {
    /// Names, and prefixes of names.
    #[must_use]
    pub fn new(listed: Vec<Pattern>) -> Self {
        Self(listed)
    }

    /// Whether an event may have this name.
    ///
    /// # Errors
    /// `UnknownEvent`
    pub fn check(&self, event_type: &str) -> Result<(), UnknownEvent> {
        if self.0.is_empty() || self.0.iter().any(|known| known.takes(event_type)) {
            return Ok(());
        }
        let nearest = self.nearest(event_type);
        Err(UnknownEvent { nearest })
    }

    /// Whether it has names of events that `pattern` takes.
    #[must_use]
    pub fn meets(&self, pattern: &Pattern) -> bool {
        let meets = |known: &Pattern| known.covers(pattern) || pattern.covers(known);
        self.0.is_empty() || self.0.iter().any(meets)
    }

    /// Whether it takes every name that `pattern` takes.
    #[must_use]
    pub fn has_all_of(&self, pattern: &Pattern) -> bool {
        self.0.is_empty() || self.0.iter().any(|known| known.covers(pattern))
    }

    /// Those that are listed, prefixes too.
    pub fn patterns(&self) -> &[Pattern] {
        &self.0
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|known| match known {
            Pattern::Exact(name) => Some(name.as_str()),
            Pattern::Prefix(_) => None,
        })
    }

    fn nearest(&self, event_type: &str) -> Option<String> {
        let name = spelling::nearest(event_type, self.names()).map(str::to_owned);
        name.or_else(|| {
            let mut known = self.0.iter();
            let known = known.find(|known| match known {
                Pattern::Exact(_) => false,
                Pattern::Prefix(prefix) => begins_nearly(event_type, prefix),
            });
            known.map(ToString::to_string)
        })
    }
}

/// Whether the name begins with as many words as the prefix has, and these are nearly the same.
fn begins_nearly(event_type: &str, prefix: &str) -> bool {
    let words = prefix.matches('.').count();
    let begin: String = event_type.split_inclusive('.').take(words).collect();
    spelling::nearest(&begin, [prefix]).is_some()
}

impl fmt::Display for UnknownEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("must be one of server.known_events in the relay's configuration")?;
        match &self.nearest {
            Some(nearest) => write!(f, "; did you mean {nearest}?"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(listed: &[&str]) -> KnownEvents {
        let listed = listed.iter().map(|text| Pattern::parse(text).unwrap());
        KnownEvents::new(listed.collect())
    }

    #[test]
    fn a_name_that_is_not_listed_is_refused_with_the_nearest() {
        let events = known(&["employee.created", "employee.updated", "survey.*"]);
        for name in ["employee.created", "survey.answered", "survey.a.b"] {
            assert_eq!(events.check(name), Ok(()), "{name}");
        }
        for (name, nearest) in [
            ("employe.created", Some("employee.created")),
            ("employee.updatd", Some("employee.updated")),
            ("survay.answered", Some("survey.*")),
            ("survey", Some("survey.*")),
            ("employee.retired", None),
            ("photo.changed", None),
        ] {
            let nearest = nearest.map(str::to_owned);
            assert_eq!(events.check(name), Err(UnknownEvent { nearest }), "{name}");
        }
        assert_eq!(known(&[]).check("employe.created"), Ok(()));
    }

    #[test]
    fn what_a_route_takes_is_met_by_a_name_or_a_prefix() {
        let events = known(&["employee.created", "survey.*"]);
        let meets = |text: &str| events.meets(&Pattern::parse(text).unwrap());
        for text in ["employee.*", "employee.created", "survey.a", "survey.a.*"] {
            assert!(meets(text), "{text}");
        }
        for text in ["employe.*", "employee.retired", "photo.*"] {
            assert!(!meets(text), "{text}");
        }
        assert!(known(&[]).meets(&Pattern::parse("photo.*").unwrap()));
    }
}
