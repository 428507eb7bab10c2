//! Finds a failure by its English sentence, which the database has, so that it can be told in the reader's language.

use std::time::Duration;

use crate::delivery::address::RefusedAddress;
use crate::delivery::failure::{Failure, ProxyFault};
use crate::delivery::tls::BadCertificate;
use crate::system_error::SystemError;

/// A placeholder for a text, to find the words around it.
const TEXT: &str = "\u{1}";
/// How an answer ends that came by way of a proxy.
const BY_PROXY: &str = " (by way of the proxy)";
/// How an answer ends that did not come to its end.
const UNFINISHED: &str = "; the rest of the answer did not come in time";
/// How what is wrong on the way to a proxy begins.
const OF_PROXY: &str = "the proxy: ";
/// How the status begins with which a proxy says why there is no connection.
const STATUS_OF_PROXY: &str = " (HTTP ";
/// A placeholder for a number.
const NUMBER: u32 = 987_654_321;

impl Failure {
    /// The failure that this sentence tells; none when no failure is told so, such as in what an older version
    /// has kept.
    pub(crate) fn of_sentence(said: &str) -> Option<Self> {
        if let Some(answered) = said.strip_suffix(BY_PROXY) {
            return Some(Self::ByProxy(Box::new(Self::alone(answered)?)));
        }
        if let Some(said) = said.strip_suffix(UNFINISHED) {
            return Some(Self::Unfinished(Box::new(Self::of_sentence(said)?)));
        }
        let of_proxy = said.strip_prefix(OF_PROXY);
        Self::alone(said).or_else(|| {
            let unreached = ProxyFault::Unreached(Box::new(Self::alone(of_proxy?)?));
            Some(Self::Proxy(unreached))
        })
    }

    fn alone(said: &str) -> Option<Self> {
        let is_told = |failure: &Self| failure.to_string() == said;
        if let Some(code) = said.strip_prefix("HTTP ") {
            let code = code.get(..3)?.parse().ok()?;
            let mut alone = [
                Self::Status(code),
                Self::TooLarge(code),
                Self::LeadsBack(code),
            ]
            .into_iter();
            return alone
                .find(is_told)
                .or_else(|| with_text(said, |location| Self::Moved(code, location)))
                .or_else(|| with_number(said, |ahead| Self::ClockDiffers(code, ahead)))
                .or_else(|| with_number(said, |behind| Self::ClockDiffers(code, -behind)));
        }
        without_more()
            .into_iter()
            .find(is_told)
            .or_else(|| with_number(said, timed_out))
            .or_else(|| with_number(said, silent))
            .or_else(|| of_status_of_proxy(said))
            .or_else(|| with_number(said, short_key))
            .or_else(|| with_text(said, expired))
            .or_else(|| with_text(said, not_yet_valid))
            .or_else(|| with_text(said, other_name))
            .or_else(|| with_text(said, unknown_issuer))
            .or_else(|| with_text(said, |why| Self::Certificate(BadCertificate::Other(why))))
            .or_else(|| with_text(said, Self::Tls))
            .or_else(|| with_text(said, of_system_or_other))
    }
}

/// Every failure that has nothing more to tell.
fn without_more() -> Vec<Failure> {
    let refused = [RefusedAddress::LinkLocal, RefusedAddress::PlainHttp];
    let proxies = [ProxyFault::WantsLogin, ProxyFault::NoProxy];
    let proxies = proxies.map(Failure::Proxy);
    let certificates = [
        BadCertificate::Expired(None),
        BadCertificate::NotYetValid(None),
        BadCertificate::OtherName(Vec::new()),
        BadCertificate::AddressAsName,
        BadCertificate::NoName,
        BadCertificate::OldSignature,
        BadCertificate::UnknownIssuer(None),
        BadCertificate::SelfSigned,
        BadCertificate::Authority,
        BadCertificate::NotForServers,
        BadCertificate::NotAllowedToIssue,
        BadCertificate::None,
    ];
    [
        Failure::NameNotFound,
        Failure::Refused,
        Failure::NotTls,
        Failure::TlsTooOld,
        Failure::NoCommonTls,
        Failure::TlsEnded,
        Failure::UnknownHost,
        Failure::WantsCertificate,
        Failure::Broken,
        Failure::NotHttp,
        Failure::BadHead,
        Failure::HeadTooLong,
        Failure::WantsTls,
    ]
    .into_iter()
    .chain(refused.map(Failure::AddressRefused))
    .chain(proxies)
    .chain(certificates.map(Failure::Certificate))
    .collect()
}

fn timed_out(seconds: i64) -> Failure {
    Failure::TimedOut(Duration::from_secs(seconds.unsigned_abs()))
}

fn silent(seconds: i64) -> Failure {
    let limit = Duration::from_secs(seconds.unsigned_abs());
    Failure::Proxy(ProxyFault::Silent(limit))
}

fn of_status_of_proxy(said: &str) -> Option<Failure> {
    let (_, status) = said.split_once(STATUS_OF_PROXY)?;
    let code = status.get(..3)?.parse().ok()?;
    let faults = [ProxyFault::Refuses(code), ProxyFault::NoWay(code)].map(Failure::Proxy);
    faults.into_iter().find(|fault| fault.to_string() == said)
}

fn short_key(bits: i64) -> Failure {
    let bits = usize::try_from(bits).unwrap_or_default();
    Failure::Certificate(BadCertificate::ShortKey(bits))
}

fn expired(day: String) -> Failure {
    Failure::Certificate(BadCertificate::Expired(Some(day)))
}

fn not_yet_valid(day: String) -> Failure {
    Failure::Certificate(BadCertificate::NotYetValid(Some(day)))
}

/// The names are told as one list, and stay one.
fn other_name(names: String) -> Failure {
    Failure::Certificate(BadCertificate::OtherName(vec![names]))
}

fn unknown_issuer(issuer: String) -> Failure {
    Failure::Certificate(BadCertificate::UnknownIssuer(Some(issuer)))
}

fn of_system_or_other(why: String) -> Failure {
    match SystemError::of_sentence(&why) {
        Some(error) => Failure::System(error),
        None => Failure::Other(why),
    }
}

/// The failure with the text that stands in the sentence.
fn with_text(said: &str, make: impl Fn(String) -> Failure) -> Option<Failure> {
    let pattern = make(TEXT.to_owned()).to_string();
    Some(make(between(said, &pattern, TEXT)?.to_owned()))
}

/// The failure with the whole number that stands in the sentence.
fn with_number(said: &str, make: impl Fn(i64) -> Failure) -> Option<Failure> {
    let pattern = make(NUMBER.into()).to_string();
    let number = between(said, &pattern, &NUMBER.to_string())?;
    Some(make(number.parse().ok()?))
}

fn between<'a>(said: &'a str, pattern: &str, mark: &str) -> Option<&'a str> {
    let (before, after) = pattern.split_once(mark)?;
    said.strip_prefix(before)?.strip_suffix(after)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::io;

    use super::*;
    use crate::language::Language;

    /// How many kinds of failures there are, those of certificates among them.
    const KINDS: usize = 40;

    /// A new kind does not compile before it has its number, and the test demands that it be found again.
    fn number(failure: &Failure) -> usize {
        match failure {
            Failure::Status(_) => 0,
            Failure::Moved(..) => 1,
            Failure::TooLarge(_) => 2,
            Failure::LeadsBack(_) => 3,
            Failure::ClockDiffers(..) => 4,
            Failure::TimedOut(_) => 5,
            Failure::Unfinished(_) => 38,
            Failure::NameNotFound => 6,
            Failure::AddressRefused(_) => 7,
            Failure::Refused => 8,
            Failure::Proxy(_) => 9,
            Failure::NotTls => 10,
            Failure::TlsTooOld => 11,
            Failure::NoCommonTls => 12,
            Failure::WantsCertificate => 13,
            Failure::TlsEnded => 14,
            Failure::Tls(_) => 15,
            Failure::UnknownHost => 39,
            Failure::System(_) => 16,
            Failure::Broken => 17,
            Failure::NotHttp => 18,
            Failure::BadHead => 19,
            Failure::HeadTooLong => 20,
            Failure::ByProxy(_) => 21,
            Failure::WantsTls => 22,
            Failure::Other(_) => 23,
            Failure::Certificate(why) => match why {
                BadCertificate::Expired(_) => 24,
                BadCertificate::NotYetValid(_) => 25,
                BadCertificate::OtherName(_) => 26,
                BadCertificate::AddressAsName => 27,
                BadCertificate::NoName => 28,
                BadCertificate::ShortKey(_) => 29,
                BadCertificate::OldSignature => 30,
                BadCertificate::UnknownIssuer(_) => 31,
                BadCertificate::SelfSigned => 32,
                BadCertificate::Authority => 33,
                BadCertificate::NotForServers => 34,
                BadCertificate::NotAllowedToIssue => 35,
                BadCertificate::None => 36,
                BadCertificate::Other(_) => 37,
            },
        }
    }

    #[test]
    fn every_failure_is_found_again_by_what_is_kept_of_it() {
        let text = || "a".to_owned();
        let day = || Some("2026-01-01".to_owned());
        let mut all = without_more();
        all.extend([
            Failure::Status(503),
            Failure::Status(299),
            Failure::TooLarge(500),
            Failure::LeadsBack(401),
            Failure::Moved(308, "https://b.example/hook".to_owned()),
            Failure::ClockDiffers(401, 600),
            Failure::ClockDiffers(401, -600),
            Failure::TimedOut(Duration::from_secs(5)),
            Failure::Proxy(ProxyFault::Refuses(403)),
            Failure::Proxy(ProxyFault::NoWay(599)),
            Failure::Proxy(ProxyFault::Silent(Duration::from_secs(5))),
            Failure::unfinished(200),
            Failure::Unfinished(Box::new(Failure::ClockDiffers(401, 600))),
            Failure::Certificate(BadCertificate::Expired(day())),
            Failure::Certificate(BadCertificate::NotYetValid(day())),
            Failure::Certificate(BadCertificate::OtherName(vec!["a, b, ...".to_owned()])),
            Failure::Certificate(BadCertificate::UnknownIssuer(Some("Clinic CA".to_owned()))),
            Failure::Certificate(BadCertificate::ShortKey(1024)),
            Failure::Certificate(BadCertificate::Other(text())),
            Failure::ByProxy(Box::new(Failure::Status(502))),
            Failure::Tls(text()),
            Failure::Other(text()),
            Failure::System((&io::Error::from_raw_os_error(101)).into()),
        ]);
        let of_proxy = |failure| Failure::Proxy(ProxyFault::Unreached(Box::new(failure)));
        let numbers: BTreeSet<_> = all.iter().map(number).collect();
        assert_eq!(numbers, (0..KINDS).collect(), "every kind is tried");
        for failure in all {
            let said = failure.to_string();
            assert_eq!(Failure::of_sentence(&said), Some(failure.clone()), "{said}");
            let is_of_answer = matches!(failure, Failure::ByProxy(_) | Failure::Unfinished(_));
            if !is_of_answer && !matches!(failure, Failure::Proxy(_)) {
                let by_proxy = of_proxy(failure);
                let said = by_proxy.to_string();
                assert_eq!(Failure::of_sentence(&said), Some(by_proxy), "{said}");
            }
        }
    }

    #[test]
    fn other_sentences_are_of_no_failure() {
        for said in [
            "",
            "HTTP",
            "HTTP x",
            "HTTP 503: in other words",
            "words of an older version",
        ] {
            assert_eq!(Failure::of_sentence(said), None, "{said}");
        }
    }

    #[test]
    fn only_names_of_others_are_not_japanese() {
        let moved =
            Failure::of_sentence("HTTP 308: Permanent Redirect; it moved to https://b.example/");
        let told = moved.unwrap().describe(Language::Ja);
        assert_eq!(told, "HTTP 308。新しいアドレスは https://b.example/ です");
        for failure in without_more() {
            let told = failure.describe(Language::Ja);
            assert!(
                !told.is_ascii() && !told.contains(&failure.to_string()),
                "{told}"
            );
        }
    }
}
