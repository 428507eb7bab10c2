//! What a reload would change: which secrets are new, which have another value,
//! which are gone, and whether something is lost that a person may not have meant to lose.

use super::named::names;
use super::{Loaded, URL_VARIABLE};

/// By name, never by value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Set now, and not before.
    pub new: Vec<String>,
    /// Another value.
    pub changed: Vec<String>,
    /// Not set any more.
    pub gone: Vec<String>,
    /// The lost ones without which webhooks are no longer sent or callers no longer admitted.
    pub lost: Vec<String>,
}

impl Loaded {
    /// What changes when this takes the place of `old`.
    #[must_use]
    pub fn changes_since(&self, old: &Self) -> Changes {
        let mut changes = Changes::default();
        for (name, named) in &self.set {
            match old.set.get(name) {
                None => changes.new.push(name.clone()),
                Some(before) if before.secret != named.secret => changes.changed.push(name.clone()),
                Some(_) => {}
            }
        }
        let gone = old.set.keys().filter(|name| !self.set.contains_key(*name));
        changes.gone = gone.cloned().collect();
        // What the configuration does not name any more was given up there.
        let named = names(&self.config);
        let is_lost = |name: &&String| named.contains_key(*name) && !may_go(name);
        let lost = changes.gone.iter().filter(is_lost);
        changes.lost = lost.filter(|name| *name != URL_VARIABLE).cloned().collect();
        changes.lost.extend(self.lost_url(old));
        changes.lost.extend(self.lost_routes(old));
        changes
    }

    /// The default route's URL, when it was there and is not, or when an older one would show from under
    /// it in `config.toml`.
    fn lost_url(&self, old: &Self) -> Option<String> {
        let before = old.config.delivery.url.as_ref()?;
        let after = self.config.delivery.url.as_ref();
        let was_variable =
            old.set.contains_key(URL_VARIABLE) && !self.set.contains_key(URL_VARIABLE);
        if was_variable && after != Some(before) {
            return Some(URL_VARIABLE.to_owned());
        }
        after.is_none().then(|| "delivery.url".to_owned())
    }

    /// The routes that are gone, or have no URL any more: what waits for one is sent nowhere.
    fn lost_routes(&self, old: &Self) -> Vec<String> {
        let mut lost = Vec::new();
        for before in &old.config.routes {
            let mut routes = self.config.routes.iter();
            match routes.find(|route| route.name == before.name) {
                None => lost.push(format!("[[route]] {}", before.name)),
                Some(now) if now.url.is_none() && before.url.is_some() => {
                    lost.push(format!("[[route]] {}: url", before.name));
                }
                Some(_) => {}
            }
        }
        lost
    }
}

/// Without it fewer can enter, and nothing stops being sent.
fn may_go(name: &str) -> bool {
    name == "VOICEDRIVE_API_TOKEN" || name.ends_with("_PREVIOUS")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::{Environment, read};
    use super::*;

    const JWT: (&str, &str) = ("RELAY_JWT_SECRET", "a-made-up-secret-of-32-characters");
    const URL: (&str, &str) = ("VOICEDRIVE_WEBHOOK_URL", "https://a.example/");
    const KEY: (&str, &str) = ("VOICEDRIVE_WEBHOOK_SECRET", "a-made-up-secret");
    const OLD_KEY: (&str, &str) = ("VOICEDRIVE_WEBHOOK_SECRET_PREVIOUS", "an-older-secret");
    const TOKEN: (&str, &str) = ("VOICEDRIVE_API_TOKEN", "vd-test-api-key-0123456789");

    fn loaded<const N: usize>(text: &str, secrets: [(&str, &str); N]) -> Loaded {
        read(text, Path::new("config.toml"), &Environment::from(secrets)).unwrap()
    }

    fn lost(old: &Loaded, new: &Loaded) -> Vec<String> {
        new.changes_since(old).lost
    }

    #[test]
    fn every_change_has_its_name() {
        let old = loaded("", [JWT, URL, KEY, OLD_KEY]);
        let other = ("VOICEDRIVE_WEBHOOK_SECRET", "another-secret");
        let new = loaded("", [JWT, URL, other, TOKEN]);
        let changes = new.changes_since(&old);
        assert_eq!(changes.new, ["VOICEDRIVE_API_TOKEN"]);
        assert_eq!(changes.changed, ["VOICEDRIVE_WEBHOOK_SECRET"]);
        assert_eq!(changes.gone, ["VOICEDRIVE_WEBHOOK_SECRET_PREVIOUS"]);
        assert!(changes.lost.is_empty());
        assert_eq!(new.changes_since(&new), Changes::default());
    }

    #[test]
    fn what_stops_something_is_lost_and_what_only_lets_fewer_in_is_not() {
        let old = loaded("", [JWT, URL, KEY, OLD_KEY, TOKEN]);
        assert!(lost(&old, &loaded("", [JWT, URL, KEY])).is_empty());
        assert_eq!(lost(&old, &loaded("", [URL, KEY])), ["RELAY_JWT_SECRET"]);
        let nothing = [
            "RELAY_JWT_SECRET",
            "VOICEDRIVE_WEBHOOK_SECRET",
            "VOICEDRIVE_WEBHOOK_URL",
        ];
        assert_eq!(lost(&old, &loaded("", [])), nothing);
        assert!(lost(&loaded("", []), &old).is_empty());
    }

    #[test]
    fn a_url_may_move_into_the_configuration_and_an_older_one_may_not_show_from_under_it() {
        let old = loaded("", [URL, KEY]);
        let moved = loaded("[delivery]\nurl = \"https://a.example/\"", [KEY]);
        assert!(lost(&old, &moved).is_empty());
        let older = loaded("[delivery]\nurl = \"https://old.example/\"", [KEY]);
        assert_eq!(lost(&old, &older), ["VOICEDRIVE_WEBHOOK_URL"]);
        assert_eq!(lost(&moved, &loaded("", [KEY])), ["delivery.url"]);
        // Another one in its place is meant.
        assert!(lost(&moved, &older).is_empty());
    }

    #[test]
    fn a_route_that_is_gone_is_lost_and_its_secret_was_given_up_with_it() {
        let route = "[[route]]\nname = \"a\"\nevents = [\"a.*\"]\nurl = \"https://a.example/\"\nsecret = \"OTHER_SECRET\"";
        let old = loaded(route, [("OTHER_SECRET", "a-made-up-secret")]);
        let changes = loaded("", []).changes_since(&old);
        assert_eq!(changes.gone, ["OTHER_SECRET"]);
        assert_eq!(changes.lost, ["[[route]] a"]);
        let moved = route.replace("a.example", "b.example");
        let moved = loaded(&moved, [("OTHER_SECRET", "a-made-up-secret")]);
        assert!(lost(&old, &moved).is_empty());
        let closed = route.replace("https://a.example/", "");
        let closed = loaded(&closed, [("OTHER_SECRET", "a-made-up-secret")]);
        assert_eq!(lost(&old, &closed), ["[[route]] a: url"]);
        assert!(lost(&closed, &old).is_empty());
    }
}
