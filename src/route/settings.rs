//! What the configuration calls the settings of a route: where an admin is sent when something is wrong with it.

use std::collections::BTreeMap;

use super::DEFAULT;

/// The names of one route's settings. No value stands in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The route.
    pub route: String,
    /// By what its receiver knows who sends.
    pub proof: Proof,
    /// It has a `proxy` of its own, and does not go the way of `[delivery]`.
    pub own_proxy: bool,
}

/// By what a receiver knows who sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// By a signature, and perhaps by a token: the names of their secrets.
    Signature {
        /// What signs.
        secret: String,
        /// What is sent beside it.
        bearer: Option<String>,
    },
    /// By a token alone: the name of its secret.
    Bearer(String),
    /// By nothing.
    Nothing,
    /// The configuration does not have the route any more.
    Unknown,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            route: DEFAULT.to_owned(),
            proof: Proof::Unknown,
            own_proxy: false,
        }
    }
}

/// The settings of every route of a configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllSettings(BTreeMap<String, Settings>);

impl AllSettings {
    /// Those of the route with this name, also of one that the configuration does not have any more; none: what
    /// concerns no route, and so the default one.
    #[must_use]
    pub fn of(&self, route: Option<&str>) -> Settings {
        let route = route.unwrap_or(DEFAULT);
        let known = self.0.get(route).cloned();
        known.unwrap_or_else(|| Settings {
            route: route.to_owned(),
            ..Settings::default()
        })
    }
}

impl FromIterator<Settings> for AllSettings {
    fn from_iter<I: IntoIterator<Item = Settings>>(all: I) -> Self {
        let named = all.into_iter().map(|one| (one.route.clone(), one));
        Self(named.collect())
    }
}
