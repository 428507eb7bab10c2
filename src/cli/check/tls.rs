//! The relay's own certificate: for whom it is, until when, and whether callers will believe it.

use super::CheckResult;
use crate::cli::words::Locale;
use crate::clock::Clock;
use crate::config::Loaded;
use crate::day;
use crate::key_pair::{Certificate, Issuer};
use crate::timestamp::Timestamp;
use crate::words::checks::{self, Check};

/// One that ends within this many days is spoken of.
const DAYS: i64 = 21;

/// Nothing, when a proxy in front speaks TLS.
pub(super) fn all(locale: Locale, settings: &Loaded) -> Vec<CheckResult> {
    let Some(pair) = &settings.pair else {
        return Vec::new();
    };
    let about = &pair.about;
    let mut findings = vec![end(locale, about, Clock::System.now())];
    findings.extend(name_of_the_relay(locale, settings, about));
    if about.issuer == Issuer::NotInTheFile {
        findings.push(notable(locale.phrase(Check::IssuerNotInTheFile)));
    }
    findings
}

fn notable(text: &str) -> CheckResult {
    CheckResult::notable("tls", text.to_owned())
}

/// For whom it is, and when it ends.
fn end(locale: Locale, about: &Certificate, now: Timestamp) -> CheckResult {
    let names = match about.names.join(", ") {
        none if none.is_empty() => locale.phrase(Check::NoNames).to_owned(),
        names => names,
    };
    let days = day::whole_days(now, about.ends);
    let is_early = about.begins.unix_seconds() > now.unix_seconds();
    let told = if is_early {
        checks::own_certificate_begins(&locale.date(about.begins), locale.language)
    } else {
        checks::own_certificate_ends(&locale.date(about.ends), days, locale.language)
    };
    let text = format!("{names}{}{told}", locale.phrase(Check::Stop));
    if is_early || days < 0 || about.names.is_empty() {
        CheckResult::bad("tls", text)
    } else if days < DAYS {
        CheckResult::notable("tls", text)
    } else {
        CheckResult::good("tls", text)
    }
}

/// Whether the certificate is for the host that callers are told of.
fn name_of_the_relay(
    locale: Locale,
    settings: &Loaded,
    about: &Certificate,
) -> Option<CheckResult> {
    let url = settings.config.server.public_url.as_ref()?;
    let host = url.host_str()?.trim_matches(['[', ']']);
    let is_missing = url.scheme() == "https" && !about.names.iter().any(|name| is_for(name, host));
    let text = checks::not_for_public_url(host, locale.language);
    is_missing.then(|| notable(&text))
}

/// Whether a name of a certificate means a host. A wildcard stands for one label.
fn is_for(name: &str, host: &str) -> bool {
    let below = name.strip_prefix("*.");
    let is_below = below.is_some_and(|domain| {
        let parent = host.split_once('.').map(|(_, parent)| parent);
        parent.is_some_and(|parent| parent.eq_ignore_ascii_case(domain))
    });
    is_below || name.eq_ignore_ascii_case(host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::check::CheckState;
    use crate::language::Language;
    use crate::zone::Zone;

    #[test]
    fn a_wildcard_stands_for_one_label() {
        for (name, host, is_meant) in [
            ("relay.clinic.example", "RELAY.clinic.example", true),
            ("*.clinic.example", "relay.clinic.example", true),
            ("*.clinic.example", "a.relay.clinic.example", false),
            ("*.clinic.example", "clinic.example", false),
            ("192.0.2.7", "192.0.2.7", true),
        ] {
            assert_eq!(is_for(name, host), is_meant, "{name} {host}");
        }
    }

    #[test]
    fn the_end_is_told_and_a_near_one_is_noted_and_one_that_is_past_or_to_come_is_bad() {
        let locale = Locale {
            language: Language::En,
            timezone: Zone::TOKYO,
        };
        let moment = |text: &str| Timestamp::parse(text).unwrap();
        let about = Certificate {
            begins: moment("2026-01-01T00:00:00.000Z"),
            ends: moment("2026-04-01T00:00:00.000Z"),
            names: vec!["relay.clinic.example".to_owned()],
            issuer: Issuer::Itself,
        };
        for (now, state, words) in [
            ("2026-03-01T00:00:00.000Z", CheckState::Good, "31 days"),
            ("2026-03-20T00:00:00.000Z", CheckState::Notable, "12 days"),
            (
                "2026-04-01T00:00:01.000Z",
                CheckState::Bad,
                "ended on 2026-04-01",
            ),
            (
                "2025-12-31T00:00:00.000Z",
                CheckState::Bad,
                "from 2026-01-01 on",
            ),
        ] {
            let found = end(locale, &about, moment(now));
            assert!(found.state == state, "{now}: {}", found.text);
            assert!(found.text.contains(words), "{}", found.text);
            assert!(
                found.text.contains("relay.clinic.example"),
                "{}",
                found.text
            );
        }
        let nameless = Certificate {
            names: Vec::new(),
            ..about
        };
        let found = end(locale, &nameless, moment("2026-03-01T00:00:00.000Z"));
        assert!(found.state == CheckState::Bad, "{}", found.text);
    }
}
