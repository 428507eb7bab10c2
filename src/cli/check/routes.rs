//! Where events go: whether each receiver's server is reached, and whether events wait for a route that is
//! not configured any more. Nothing is posted, so path and signature are not checked.

use std::collections::{BTreeMap, BTreeSet};

use super::CheckResult;
use crate::cli::Common;
use crate::cli::words::Locale;
use crate::clock::Clock;
use crate::config::{Config, Loaded, RouteConfig};
use crate::day;
use crate::delivery::failure::Failure;
use crate::delivery::probe::{self, Probe};
use crate::delivery::proxy::Proxies;
use crate::delivery::route::Route;
use crate::delivery::tls;
use crate::order::Order;
use crate::route::Pattern;
use crate::route::settings::Settings;
use crate::store::file::inspect;
use crate::timestamp::Timestamp;
use crate::words::checks::{self, Check};

/// A certificate that ends within this many days is spoken of.
const CERTIFICATE_DAYS: i64 = 21;

pub(super) async fn all(locale: Locale, common: &Common, settings: &Loaded) -> Vec<CheckResult> {
    let mut findings = vec![waiting(locale, common, &settings.config)];
    if settings.config.delivery.url.is_none() {
        findings.push(no_url(locale));
    }
    findings.extend(without_url(locale, &settings.config));
    findings.extend(same_url(locale, &settings.out));
    findings.extend(unlisted(locale, &settings.config));
    findings.extend(behind_others(locale, &settings.config));
    findings.extend(proxies(locale, &settings.proxies).await);
    findings.extend(store_of_certificates(locale));
    for route in &settings.out {
        let send = common.typed(&trial(&settings.config, route));
        let named = settings.config.route_settings().of(Some(&route.name));
        findings.extend(reach(locale, &send, route, &named).await);
        findings.extend(unused_previous(locale, &settings.config, route));
    }
    findings
}

fn no_url(locale: Locale) -> CheckResult {
    CheckResult::notable("route default", locale.phrase(Check::NoUrl).to_owned())
}

/// The routes on which nothing is sent, because nobody has said where to.
fn without_url(locale: Locale, config: &Config) -> impl Iterator<Item = CheckResult> {
    let routes = config.routes.iter().filter(|route| route.url.is_none());
    routes.map(move |route| {
        let name = format!("route {}", route.name);
        CheckResult::notable(name, locale.phrase(Check::NoUrlOfRoute).to_owned())
    })
}

/// What routes and the ingest speak of, and is refused because nobody has listed it.
fn unlisted(locale: Locale, config: &Config) -> Option<CheckResult> {
    let known = &config.server.known_events;
    let of_routes = config.routes.iter().flat_map(|route| &route.events);
    let of_routes = of_routes.filter(|pattern| !known.meets(pattern));
    let of_ingest = config.ingest.iter().flat_map(|ingest| &ingest.names);
    let of_ingest = of_ingest.filter(|rule| known.check(&rule.event).is_err());
    let names = of_routes.map(ToString::to_string);
    let names: BTreeSet<String> = names
        .chain(of_ingest.map(|rule| rule.event.clone()))
        .collect();
    let names: Vec<String> = names.into_iter().collect();
    (!names.is_empty()).then(|| {
        let told = checks::unlisted(&names.join(", "), locale.language);
        CheckResult::notable("events", told)
    })
}

/// Routes that stand behind others which take some of their events, or all of them.
fn behind_others(locale: Locale, config: &Config) -> Vec<CheckResult> {
    let routes = config.routes.iter().enumerate();
    let findings = routes.filter_map(|(place, route)| {
        let earlier = &config.routes[..place];
        let taken = route.events.iter().filter_map(|pattern| {
            let takes = |other: &&RouteConfig| other.events.iter().any(|own| own.covers(pattern));
            let by = earlier.iter().find(takes)?;
            Some(checks::taken_before(
                &pattern.to_string(),
                &by.name,
                locale.language,
            ))
        });
        let taken: Vec<String> = taken.collect();
        let stop = locale.phrase(Check::Stop);
        let name = format!("route {}", route.name);
        (!taken.is_empty()).then(|| CheckResult::notable(name, taken.join(stop)))
    });
    findings.collect()
}

/// Routes that keep an order, and lead where another one leads too.
fn same_url(locale: Locale, routes: &[Route]) -> Vec<CheckResult> {
    let mut by_url: BTreeMap<&str, Vec<&Route>> = BTreeMap::new();
    for route in routes {
        by_url.entry(route.url.as_str()).or_default().push(route);
    }
    let shared = by_url.into_values().filter(|routes| {
        routes.len() > 1 && routes.iter().any(|route| route.order == Order::Staff)
    });
    shared
        .map(|routes| {
            let names: Vec<&str> = routes.iter().map(|route| route.name.as_str()).collect();
            let told = checks::same_url(&names.join(", "), locale.language);
            CheckResult::notable("routes", told)
        })
        .collect()
}

/// Events that wait for a route which the configuration does not have any more.
fn waiting(locale: Locale, common: &Common, config: &Config) -> CheckResult {
    let name = "routes";
    let routing = config.routing();
    // What is wrong with the database has a line of its own.
    let waiting = inspect::waiting(&config.storage.directory).unwrap_or_default();
    let lost: Vec<_> = waiting
        .into_iter()
        .filter(|(route, _)| !routing.knows(route))
        .collect();
    let Some((first, _)) = lost.first() else {
        let names = config.routes.iter().map(|route| route.name.as_str());
        let names: Vec<&str> = names.chain(["default"]).collect();
        return CheckResult::good(name, names.join(", "));
    };
    let resend = common.typed(&format!("resend --status retrying --route '{first}'"));
    let advice = checks::lost_route(&resend, locale.language);
    let shown: Vec<String> = lost
        .iter()
        .map(|(route, events)| format!("{route} ({events})"))
        .collect();
    CheckResult::bad(name, format!("{}: {advice}", shown.join(", ")))
}

/// Files of the system's store of certificates that the daemon cannot read.
fn store_of_certificates(locale: Locale) -> Vec<CheckResult> {
    let unreadable = tls::unreadable().into_iter();
    let told = unreadable.map(|(path, why)| {
        let why = why.describe(locale.language);
        let text = checks::unreadable_certificates(path.display(), &why, locale.language);
        CheckResult::notable("certificates", text)
    });
    told.collect()
}

/// The proxies on the way out, when there are any, and whether each is reached.
async fn proxies(locale: Locale, proxies: &Proxies) -> Option<CheckResult> {
    let all = proxies.all();
    let shown: Vec<String> = all.iter().map(ToString::to_string).collect();
    let direct = proxies.direct.iter().map(ToString::to_string);
    let direct: Vec<String> = ["localhost".to_owned()].into_iter().chain(direct).collect();
    let label = locale.phrase(Check::Directly);
    let of_the_unit = if all.iter().any(|proxy| proxy.is_of_the_environment()) {
        locale.phrase(Check::OfTheUnit)
    } else {
        ""
    };
    let text = format!(
        "{}; {label}: {}{of_the_unit}",
        shown.join(", "),
        direct.join(", ")
    );
    let mut unreached = Vec::new();
    for proxy in &all {
        let why = match probe::reach_proxy(proxy).await {
            Ok(Ok(())) => continue,
            Ok(Err(failure)) => failure.describe(locale.language),
            Err(error) => error.describe(locale.language),
        };
        unreached.push(format!("{proxy}: {why}"));
    }
    if all.is_empty() {
        return None;
    }
    if unreached.is_empty() {
        return Some(CheckResult::good("proxy", text));
    }
    let stop = locale.phrase(Check::Stop);
    let text = format!("{text}{stop}{}", unreached.join(", "));
    Some(CheckResult::bad("proxy", text))
}

/// The command that sends something on a route: an event that takes it, by its own name.
fn trial(config: &Config, route: &Route) -> String {
    let routing = config.routing();
    let own = config.routes.iter().filter(|own| own.name == route.name);
    let known = &config.server.known_events;
    let patterns = own.flat_map(|own| &own.events).chain(known.patterns());
    let names = patterns.map(|pattern| match pattern {
        Pattern::Exact(name) => name.clone(),
        Pattern::Prefix(prefix) => format!("{prefix}test"),
    });
    let mut names = ["test.ping".to_owned()].into_iter().chain(names);
    match names.find(|name| routing.route_of(name) == route.name && known.check(name).is_ok()) {
        Some(name) => format!("send {name} --wait"),
        // Other routes come before it for all of its names.
        None => "send test.ping --wait".to_owned(),
    }
}

/// Whether the receiver of a route can be reached, and what its answer tells.
async fn reach(locale: Locale, send: &str, route: &Route, named: &Settings) -> Vec<CheckResult> {
    let clock = Clock::System;
    let name = format!("route {}", route.name);
    let signed = if route.profile.signature.is_some() {
        locale.phrase(Check::Signed)
    } else {
        locale.phrase(Check::NotSigned)
    };
    let way = route.proxies.of(&route.url);
    let way = way.map(|proxy| format!(" {} {proxy}", locale.phrase(Check::ByTheProxy)));
    let (origin, way) = (route.origin(), way.unwrap_or_default());
    let about = format!("{origin}{way}, {}, {signed}", route.profile);
    let probed = probe::probe(route, &clock).await;
    let probe = match probed {
        Ok(Err(failure)) => {
            let told = format!("{about}: {}", with_advice(locale, &failure, named));
            // Whoever answered does not say whether a webhook would get through.
            return vec![match failure {
                Failure::ByProxy(_) => CheckResult::notable(name, told),
                _ => CheckResult::bad(name, told),
            }];
        }
        Ok(Ok(probe)) => match doubtful(&probe) {
            Some(failure) => {
                let told = with_advice(locale, &failure, named);
                return vec![CheckResult::notable(name, format!("{about}: {told}"))];
            }
            None => probe,
        },
        Err(error) => {
            let told = error.describe(locale.language);
            return vec![CheckResult::bad(name, format!("{about}: {told}"))];
        }
    };
    let took = probe.took.as_millis();
    let reached = checks::reached(took, send, locale.language);
    let mut findings = vec![CheckResult::good(
        name.clone(),
        format!("{about}: {reached}"),
    )];
    findings.extend(
        probe
            .clock_ahead
            .and_then(|ahead| clocks(locale, &name, ahead)),
    );
    findings.extend(
        probe
            .certificate_ends
            .map(|ends| certificate(locale, &name, ends, clock.now())),
    );
    findings
}

/// What an answer says against sending there, although it is not one to a webhook: somebody on the way does not reach the
/// receiver, or it is elsewhere now, as when the URL should begin with `https://`.
fn doubtful(probe: &Probe) -> Option<Failure> {
    match (probe.status, &probe.moved_to) {
        (status, Some(location)) => Some(Failure::Moved(status, location.clone())),
        (status @ (502..=504 | 511), None) => Some(Failure::Status(status)),
        _ => None,
    }
}

/// What happened, and what to do about it.
fn with_advice(locale: Locale, failure: &Failure, named: &Settings) -> String {
    let told = failure.describe(locale.language);
    let advice = failure.cause().sentence(named, locale.language);
    format!("{told}{}{advice}", locale.phrase(Check::Stop))
}

/// Notes a previous secret that signs nothing, because the receiver is sent one signature only.
fn unused_previous(locale: Locale, config: &Config, route: &Route) -> Option<CheckResult> {
    let signature = route.profile.signature.as_ref()?;
    if signature.carries_several || route.secrets.len() < 2 {
        return None;
    }
    let mut routes = config.routes.iter().chain([&config.delivery]);
    let secret = &routes.find(|of| of.name == route.name)?.secret;
    let previous = format!("{secret}_PREVIOUS");
    let text = checks::unused_previous(&previous, &route.profile.name, locale.language);
    Some(CheckResult::notable(format!("route {}", route.name), text))
}

/// A difference between the clocks, when it is one to speak of.
fn clocks(locale: Locale, name: &str, ahead: i64) -> Option<CheckResult> {
    let text = checks::clock_off(ahead, locale.language);
    match ahead.abs() {
        0..60 => None,
        60..300 => Some(CheckResult::notable(name.to_owned(), text)),
        _ => Some(CheckResult::bad(name.to_owned(), text)),
    }
}

fn certificate(locale: Locale, name: &str, ends: Timestamp, now: Timestamp) -> CheckResult {
    let days = day::whole_days(now, ends);
    let text = checks::certificate_ends(&locale.date(ends), days, locale.language);
    let name = name.to_owned();
    if days < CERTIFICATE_DAYS {
        CheckResult::notable(name, text)
    } else {
        CheckResult::good(name, text)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{self, Environment};

    #[test]
    fn a_route_is_tried_with_an_event_that_takes_it() {
        let text = "[[route]]\nname = \"staff\"\nevents = [\"employee.*\"]\nurl = \"https://a.example/\"\n\
                    [[route]]\nname = \"rooms\"\nevents = [\"employee.b\", \"room.made\"]\nurl = \"https://b.example/\"";
        let secrets = [
            ("VOICEDRIVE_WEBHOOK_URL", "https://c.example/"),
            ("VOICEDRIVE_WEBHOOK_SECRET", "a-made-up-secret"),
        ];
        let environment = Environment::from(secrets);
        let settings = config::read(text, Path::new("config.toml"), &environment).unwrap();
        let tried = |name: &str| {
            let route = settings.out.iter().find(|route| route.name == name);
            trial(&settings.config, route.unwrap())
        };
        assert_eq!(tried("default"), "send test.ping --wait");
        assert_eq!(tried("staff"), "send employee.test --wait");
        assert_eq!(tried("rooms"), "send room.made --wait");
    }
}
