//! Why the certificate of a server is not believed: a closed list, made of what the library says.

use rustls::pki_types::UnixTime;
use rustls::{CertificateError, OtherError};

use crate::cause::Cause;
use crate::timestamp::Timestamp;

/// The most of a name in a certificate that is repeated, in characters.
const LONGEST_NAME: usize = 100;

/// Why a certificate is not believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadCertificate {
    /// It ended on this day.
    Expired(Option<String>),
    /// It begins on this day.
    NotYetValid(Option<String>),
    /// It is for these names.
    OtherName(Vec<String>),
    /// The address in the URL stands in it as a name.
    AddressAsName,
    /// It names no host where that counts.
    NoName,
    /// Its RSA key, or that of one between it and its authority, has only so many bits.
    ShortKey(usize),
    /// It was signed with an algorithm that is not accepted.
    OldSignature,
    /// Who issued it is not in the system's store.
    UnknownIssuer(Option<String>),
    /// It was signed by itself, and is not in the system's store.
    SelfSigned,
    /// It is in the system's store, and cannot be that of a server.
    Authority,
    /// It says what it is for, and that is not a server.
    NotForServers,
    /// One between it and its authority was not allowed to issue it.
    NotAllowedToIssue,
    /// The server has none.
    None,
    /// Something rarer.
    Other(String),
}

impl BadCertificate {
    /// What the library, or the second look of this file, says.
    #[must_use]
    pub fn of(error: &CertificateError) -> Self {
        match error {
            CertificateError::Expired => Self::Expired(None),
            CertificateError::ExpiredContext { not_after, .. } => Self::Expired(day(*not_after)),
            CertificateError::NotValidYet => Self::NotYetValid(None),
            CertificateError::NotValidYetContext { not_before, .. } => {
                Self::NotYetValid(day(*not_before))
            }
            CertificateError::NotValidForName => Self::OtherName(Vec::new()),
            CertificateError::NotValidForNameContext { presented, .. } if presented.is_empty() => {
                Self::NoName
            }
            CertificateError::UnsupportedSignatureAlgorithmContext { .. }
            | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
                Self::OldSignature
            }
            CertificateError::NotValidForNameContext {
                expected,
                presented,
            } if presented
                .iter()
                .any(|name| bare_name(name) == expected.to_str()) =>
            {
                Self::AddressAsName
            }
            CertificateError::NotValidForNameContext { presented, .. } => {
                Self::OtherName(presented.iter().map(|name| bare_name(name)).collect())
            }
            // A bad signature is that of another issuer, or of another key, with a name that is known.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                Self::UnknownIssuer(None)
            }
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
                Self::NotForServers
            }
            CertificateError::Other(OtherError(inner)) => inner
                .downcast_ref::<Self>()
                .cloned()
                .unwrap_or_else(|| Self::of_other(&inner.to_string())),
            other => Self::Other(readable(&other.to_string())),
        }
    }

    /// The library below has a word for what the one above it has none for.
    fn of_other(words: &str) -> Self {
        match words {
            "CaUsedAsEndEntity" => Self::Authority,
            // The first version of X.509, as openssl makes it without a file of extensions, has no room for names.
            "UnsupportedCertVersion" => Self::NoName,
            "EndEntityUsedAsCa"
            | "PathLenConstraintViolated"
            | "NameConstraintViolation"
            | "MaximumPathDepthExceeded" => Self::NotAllowedToIssue,
            other => Self::Other(readable(other)),
        }
    }

    /// The word of the closed list for it.
    #[must_use]
    pub fn cause(&self) -> Cause {
        match self {
            Self::Expired(_) => Cause::CertificateExpired,
            Self::NotYetValid(_) => Cause::CertificateNotYetValid,
            Self::OtherName(_) | Self::AddressAsName => Cause::CertificateName,
            Self::UnknownIssuer(_) => Cause::CertificateIssuer,
            Self::SelfSigned => Cause::CertificateSelfSigned,
            Self::NoName
            | Self::ShortKey(_)
            | Self::OldSignature
            | Self::Authority
            | Self::NotForServers
            | Self::NotAllowedToIssue
            | Self::None
            | Self::Other(_) => Cause::Certificate,
        }
    }
}

impl std::error::Error for BadCertificate {}

fn day(moment: UnixTime) -> Option<String> {
    day_of(i64::try_from(moment.as_secs()).ok()?)
}

/// The day of a moment in seconds since 1970, such as `2026-10-21`.
pub(super) fn day_of(seconds: i64) -> Option<String> {
    let moment = Timestamp::from_unix_ms(seconds.checked_mul(1000)?);
    moment.to_string().get(..10).map(str::to_owned)
}

/// A name of a certificate, which the library writes as `DnsName("a.example")`.
fn bare_name(name: &str) -> String {
    let quoted = name.split('"').nth(1);
    readable(quoted.unwrap_or(name))
}

/// A text out of a certificate, short and on one line.
pub(super) fn readable(text: &str) -> String {
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(clean).take(LONGEST_NAME).collect()
}
