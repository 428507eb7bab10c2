//! What changes on the ways out: `[delivery]`, each `[[route]]`, and their proxies.

use super::Changes;
use crate::config::{Loaded, RouteConfig, URL_VARIABLE};
use crate::delivery::proxy::Proxies;
use crate::route::{self, Pattern};

pub(super) fn compare(old: &Loaded, new: &Loaded, changes: &mut Changes) {
    let is_told = |loaded: &Loaded| loaded.set.contains_key(URL_VARIABLE);
    let (before, now) = (&old.config.delivery, &new.config.delivery);
    // Where a secret holds the URL, it is told by its own name.
    if !is_told(old) && !is_told(new) {
        changes.needed("delivery.url", before.url.as_ref(), now.url.as_ref());
    }
    one(before, now, (&old.proxies, &new.proxies), changes);
    let (before, after) = (&old.config.routes, &new.config.routes);
    for now in after {
        let Some(was) = before.iter().find(|route| route.name == now.name) else {
            changes.new.push(title(now));
            continue;
        };
        let key = key(now, "url");
        changes.needed(&key, was.url.as_ref(), now.url.as_ref());
        one(was, now, (old.way_of(was), new.way_of(now)), changes);
        narrowed(was, now, after, changes);
    }
    let names = |routes: &[RouteConfig], others: &[RouteConfig]| {
        let shared = routes.iter().map(|route| route.name.clone());
        let shared = shared.filter(|name| others.iter().any(|other| other.name == *name));
        shared.collect::<Vec<_>>().join(", ")
    };
    // The first that matches takes an event.
    changes.shown_value("[[route]]", &names(before, after), &names(after, before));
    let is_gone = |route: &&RouteConfig| after.iter().all(|other| other.name != route.name);
    for route in before.iter().filter(is_gone) {
        changes.lose(title(route));
    }
}

/// Events that a route sent, and that no route of the file sends any more. That the rest goes by `[delivery]` to another
/// receiver is not the same.
fn narrowed(old: &RouteConfig, new: &RouteConfig, all: &[RouteConfig], changes: &mut Changes) {
    if old.url.is_none() || new.url.is_none() {
        return;
    }
    let goes_on = |pattern: &&Pattern| {
        let mut sending = all.iter().filter(|route| route.url.is_some());
        sending.any(|route| route.events.iter().any(|other| other.covers(pattern)))
    };
    for pattern in old.events.iter().filter(|pattern| !goes_on(pattern)) {
        changes.lose(format!("{}: {pattern}", key(new, "events")));
    }
}

/// Everything but the URL. `out`: the proxies that it uses, before and now.
fn one(old: &RouteConfig, new: &RouteConfig, out: (&Proxies, &Proxies), changes: &mut Changes) {
    let RouteConfig {
        name: _, // it is the same
        events,
        url: _, // compared by the caller
        profile,
        secret,
        bearer,
        headers,
        timeout,
        concurrency,
        max_per_second,
        max_body_bytes,
        order,
        counted_by_voicedrive,
        private,
        proxy,
    } = new;
    let key = |key: &str| self::key(new, key);
    changes.value(&key("events"), &old.events, events);
    changes.value(&key("profile"), &old.profile, profile);
    changes.value(&key("secret"), &old.secret, secret);
    let signs = |route: &RouteConfig| route.profile.signature.is_some().then_some(());
    let tokens = |route: &RouteConfig| route.bearer.clone();
    if old.url.is_some() && new.url.is_some() {
        if signs(old).is_some() && signs(new).is_none() {
            changes.lose(key("signature"));
        }
        changes.needed(&key("bearer"), tokens(old).as_ref(), bearer.as_ref());
    } else {
        // Nothing is sent, and so nothing is lost but the URL.
        changes.optional(&key("bearer"), old.bearer.as_ref(), bearer.as_ref());
    }
    changes.value(&key("headers"), &old.headers, headers);
    changes.value(&key("timeout_seconds"), &old.timeout, timeout);
    changes.value(&key("concurrency"), &old.concurrency, concurrency);
    let (was, is) = (old.max_per_second.as_ref(), max_per_second.as_ref());
    changes.optional(&key("max_per_second"), was, is);
    let (was, is) = (old.max_body_bytes.as_ref(), max_body_bytes.as_ref());
    changes.optional(&key("max_body_bytes"), was, is);
    changes.value(&key("order"), &old.order, order);
    changes.value(
        &key("counted_by_voicedrive"),
        &old.counted_by_voicedrive,
        counted_by_voicedrive,
    );
    changes.value(&key("private"), &old.private, private);
    if old.private && !private {
        changes.shown.push(title(new));
    }
    // Without a proxy of its own it goes the way of `[delivery]`, which is compared by itself.
    if new.name != route::DEFAULT && (old.proxy.is_some() || proxy.is_some()) {
        proxies(&title(new), out.0, out.1, changes);
    }
}

/// The proxies of `[delivery]` or of a route, wherever they are set.
pub(super) fn proxies(title: &str, old: &Proxies, new: &Proxies, changes: &mut Changes) {
    let Proxies {
        https,
        http,
        direct,
    } = new;
    let dot = if title == "delivery" { "." } else { ": " };
    let name = format!("{title}{dot}proxy");
    let had = [&old.https, &old.http];
    let lost = had
        .iter()
        .zip([https, http])
        .any(|(was, is)| was.is_some() && is.is_none());
    if lost {
        changes.lose(name);
    } else if had.iter().all(|was| was.is_none()) {
        let is = https.as_ref().or(http.as_ref());
        changes.optional(&name, None, is);
    } else {
        changes.value(&name, &had, &[https, http]);
    }
    changes.value(&format!("{title}{dot}no_proxy"), &old.direct, direct);
}

impl Loaded {
    /// The proxies that a route uses.
    fn way_of(&self, route: &RouteConfig) -> &Proxies {
        let out = self.out.iter().find(|out| out.name == route.name);
        out.map_or(&self.proxies, |out| &out.proxies)
    }
}

/// How the file calls it.
fn title(route: &RouteConfig) -> String {
    if route.name == route::DEFAULT {
        "delivery".to_owned()
    } else {
        format!("[[route]] {}", route.name)
    }
}

fn key(route: &RouteConfig, key: &str) -> String {
    let title = title(route);
    let dot = if route.name == route::DEFAULT {
        "."
    } else {
        ": "
    };
    format!("{title}{dot}{key}")
}
