//! The relay's own certificate and its key, a pair in two files of PEM: what callers over TLS know it by (contract,
//! section 12.5). No key is ever part of an error, or of what a pair says of itself.

mod current;

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::X509Certificate;

use crate::plain_file;
use crate::system_error::SystemError;
use crate::system_user;
use crate::timestamp::Timestamp;
pub use current::CurrentKeyPair;

/// The longest file that is read, in bytes. A chain has a few KiB.
const LONGEST: u64 = 1 << 20;

/// Where a pair stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPairFiles {
    /// The certificate, and behind it those between it and its authority.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

impl KeyPairFiles {
    /// Whether the file at `path` is one of them.
    #[must_use]
    pub fn has(&self, path: &Path) -> bool {
        self.certificate == path || self.key == path
    }
}

/// A certificate with its key.
#[derive(Clone)]
pub struct ServerKeyPair {
    certified: Arc<CertifiedKey>,
    /// What is said of the certificate.
    pub about: Certificate,
}

/// What a certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// From when on it is valid.
    pub begins: Timestamp,
    /// When it ends.
    pub ends: Timestamp,
    /// The hosts and addresses that it is for.
    pub names: Vec<String>,
    /// Who issued it.
    pub issuer: Issuer,
}

/// Who issued a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Issuer {
    /// It has signed itself.
    Itself,
    /// Somebody whose certificate stands behind it.
    InTheFile,
    /// Somebody whose certificate is not in the file.
    NotInTheFile,
}

/// One of the two files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// The certificate's.
    Certificate,
    /// The key's.
    Key,
}

/// Why a pair cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPairError {
    /// The file that is wrong.
    pub path: PathBuf,
    /// Which of the two it is.
    pub half: Half,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with a file of the pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It cannot be read.
    Unreadable(SystemError),
    /// This user may not read it.
    Forbidden(String),
    /// There is no certificate in it.
    NoCertificate,
    /// What stands there as a certificate is none.
    NotACertificate,
    /// There is no private key in it.
    NoKey,
    /// The key has a password.
    LockedKey,
    /// The key is of a kind, or a length, that is not used.
    UnusableKey,
    /// The key is another certificate's.
    KeyOfAnother,
}

impl KeyPairFiles {
    /// Reads the pair.
    ///
    /// # Errors
    /// `KeyPairError`
    pub fn read(&self) -> Result<ServerKeyPair, KeyPairError> {
        let of_certificate = |fault| self.error(Half::Certificate, fault);
        let of_key = |fault| self.error(Half::Key, fault);
        let chain = read_file(&self.certificate).map_err(of_certificate)?;
        let chain = certificates(&chain).map_err(of_certificate)?;
        let about = describe(&chain).ok_or(of_certificate(Fault::NotACertificate))?;
        let key = read_file(&self.key).map_err(of_key)?;
        let key = private_key(&key).map_err(of_key)?;
        let certified = CertifiedKey::from_der(chain, key, &ring::default_provider());
        let certified = certified.map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => of_key(Fault::KeyOfAnother),
            rustls::Error::InvalidCertificate(_) => of_certificate(Fault::NotACertificate),
            _ => of_key(Fault::UnusableKey),
        })?;
        Ok(ServerKeyPair {
            certified: Arc::new(certified),
            about,
        })
    }

    /// The certificate's, and the key's.
    #[must_use]
    pub fn both(self) -> [PathBuf; 2] {
        [self.certificate, self.key]
    }

    fn error(&self, half: Half, fault: Fault) -> KeyPairError {
        let path = match half {
            Half::Certificate => &self.certificate,
            Half::Key => &self.key,
        };
        KeyPairError {
            path: path.clone(),
            half,
            fault,
        }
    }
}

impl ServerKeyPair {
    /// Whether both are the same. A certificate has one key.
    fn is(&self, other: &Self) -> bool {
        self.certified.cert == other.certified.cert
    }
}

/// Whether everybody on this machine may read a file; one that is not there is read by nobody.
#[must_use]
pub fn is_open_to_all(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.mode() & 0o007 != 0)
}

impl fmt::Debug for ServerKeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ServerKeyPair").field(&self.about).finish()
    }
}

fn read_file(path: &Path) -> Result<Vec<u8>, Fault> {
    let read = || {
        plain_file::ordinary(path)?;
        let mut bytes = Vec::new();
        File::open(path)?.take(LONGEST).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read().map_err(|error: io::Error| match error.kind() {
        io::ErrorKind::PermissionDenied => Fault::Forbidden(system_user::own_name()),
        _ => Fault::Unreadable(SystemError::from(&error)),
    })
}

fn certificates(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    match found {
        Ok(found) if found.is_empty() => Err(Fault::NoCertificate),
        Ok(found) => Ok(found),
        Err(_) => Err(Fault::NotACertificate),
    }
}

fn private_key(text: &[u8]) -> Result<PrivateKeyDer<'static>, Fault> {
    // Both ways to write it have the word: the heading of PKCS #8, and a line under the older ones.
    let is_locked = text.windows(9).any(|word| word == b"ENCRYPTED");
    PrivateKeyDer::from_pem_slice(text).map_err(|_| {
        if is_locked {
            Fault::LockedKey
        } else {
            Fault::NoKey
        }
    })
}

/// What the first certificate of a chain says; none when it is none.
fn describe(chain: &[CertificateDer<'_>]) -> Option<Certificate> {
    let (_, first) = x509_parser::parse_x509_certificate(chain.first()?).ok()?;
    let moment = |seconds: i64| Some(Timestamp::from_unix_ms(seconds.checked_mul(1000)?));
    let issuer = if first.issuer() == first.subject() {
        Issuer::Itself
    } else if chain.len() > 1 {
        Issuer::InTheFile
    } else {
        Issuer::NotInTheFile
    };
    Some(Certificate {
        begins: moment(first.validity().not_before.timestamp())?,
        ends: moment(first.validity().not_after.timestamp())?,
        names: names(&first),
        issuer,
    })
}

/// The hosts and addresses of a certificate. Its common name does not count.
fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(names)) = certificate.subject_alternative_name() else {
        return Vec::new();
    };
    let names = names.value.general_names.iter();
    names
        .filter_map(|name| match name {
            GeneralName::DNSName(host) => Some((*host).to_owned()),
            GeneralName::IPAddress(bytes) => address(bytes),
            _ => None,
        })
        .collect()
}

fn address(bytes: &[u8]) -> Option<String> {
    let v4 = || <[u8; 4]>::try_from(bytes).map(|four| Ipv4Addr::from(four).to_string());
    let v6 = || <[u8; 16]>::try_from(bytes).map(|sixteen| Ipv6Addr::from(sixteen).to_string());
    v4().or_else(|_| v6()).ok()
}

#[cfg(test)]
mod tests;
