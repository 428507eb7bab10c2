//! Whose certificates are believed, and why one is not.
//!
//! The authorities are those of the system's store. One kind of certificate is trusted that the TLS library
//! refuses: a self-signed one of a receiver that an admin has put into that store. The library takes what is
//! in the store for authorities only, and refuses an authority's certificate as that of a server.

mod bad_certificate;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::client::{ResolvesClientCert, WebPkiServerVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, OtherError, RootCertStore,
    SignatureScheme,
};
use rustls_native_certs::ErrorKind;
use x509_parser::prelude::X509Certificate;
use x509_parser::public_key::PublicKey;

use crate::crypto;
use crate::system_error::SystemError;
pub use bad_certificate::BadCertificate;
use bad_certificate::{day_of, readable};

/// The shortest RSA key whose signatures the library takes, in bits.
const SHORTEST_RSA_KEY: usize = 2048;

/// TLS cannot be set up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// The system's store holds no certificate that can be read.
    NoRoots,
    /// The library refuses its own settings.
    Library(String),
}

/// Whether servers have asked for a certificate of this machine, which has none.
#[derive(Clone, Debug, Default)]
pub struct CertificateRequested(Arc<AtomicBool>);

impl CertificateRequested {
    /// Whether one has.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl ResolvesClientCert for CertificateRequested {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.store(true, Ordering::Relaxed);
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

/// TLS as a client, believing the system's store; `protocols` are those that it speaks inside (ALPN). `asked` learns
/// whether a server asks for a certificate.
///
/// # Errors
/// `TlsError` when there is nobody to believe.
pub fn client_config(
    protocols: &[&str],
    asked: &CertificateRequested,
) -> Result<ClientConfig, TlsError> {
    crypto::install();
    let verifier = Verifier::of_the_system()?;
    let mut config = ClientConfig::builder()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_client_cert_resolver(Arc::new(asked.clone()));
    config.alpn_protocols = protocols
        .iter()
        .map(|name| name.as_bytes().to_vec())
        .collect();
    Ok(config)
}

/// Files of the system's store that cannot be read, and what the operating system says of each.
#[must_use]
pub fn unreadable() -> Vec<(PathBuf, SystemError)> {
    let errors = rustls_native_certs::load_native_certs().errors;
    let unreadable = errors.into_iter().filter_map(|error| match error.kind {
        ErrorKind::Io { inner, path } => Some((path, SystemError::from(&inner))),
        _ => None,
    });
    unreadable.collect()
}

/// The library's verifier, with a second look at what it refuses.
#[derive(Debug)]
struct Verifier {
    library: Arc<WebPkiServerVerifier>,
    /// SHA-256 of every certificate in the system's store.
    store: HashSet<[u8; 32]>,
}

impl Verifier {
    fn of_the_system() -> Result<Self, TlsError> {
        Self::believing(rustls_native_certs::load_native_certs().certs)
    }

    fn believing(certificates: Vec<CertificateDer<'static>>) -> Result<Self, TlsError> {
        let store = certificates.iter().map(|c| crypto::sha256(&[c])).collect();
        let mut roots = RootCertStore::empty();
        let (added, _) = roots.add_parsable_certificates(certificates);
        if added == 0 {
            return Err(TlsError::NoRoots);
        }
        let library = WebPkiServerVerifier::builder(Arc::new(roots)).build();
        let library = library.map_err(|error| TlsError::Library(error.to_string()))?;
        Ok(Self { library, store })
    }

    /// A certificate that the library did not believe, and why: believes it when it is in the store, and says
    /// otherwise what is wrong with it.
    fn look_again(
        &self,
        why: BadCertificate,
        certificate: &CertificateDer<'_>,
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), BadCertificate> {
        let refused = || BadCertificate::UnknownIssuer(None);
        let (_, parsed) =
            x509_parser::parse_x509_certificate(certificate).map_err(|_| refused())?;
        let is_unknown = matches!(why, BadCertificate::UnknownIssuer(_));
        if parsed.issuer() != parsed.subject() {
            let issuer = readable(&parsed.issuer().to_string());
            return Err(if is_unknown {
                BadCertificate::UnknownIssuer(Some(issuer))
            } else {
                why
            });
        }
        if !self.store.contains(&crypto::sha256(&[certificate])) {
            return Err(BadCertificate::SelfSigned);
        }
        if !is_unknown && why != BadCertificate::Authority {
            return Err(why);
        }
        is_valid_now(&parsed, now)?;
        ParsedCertificate::try_from(certificate)
            .and_then(|parsed| verify_server_name(&parsed, name))
            .map_err(|error| match error {
                rustls::Error::InvalidCertificate(error) => BadCertificate::of(&error),
                other => BadCertificate::Other(readable(&other.to_string())),
            })
    }
}

fn is_valid_now(certificate: &X509Certificate<'_>, now: UnixTime) -> Result<(), BadCertificate> {
    let validity = certificate.validity();
    let seconds = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    if seconds < validity.not_before.timestamp() {
        let begins = day_of(validity.not_before.timestamp());
        return Err(BadCertificate::NotYetValid(begins));
    }
    if seconds > validity.not_after.timestamp() {
        let ended = day_of(validity.not_after.timestamp());
        return Err(BadCertificate::Expired(ended));
    }
    Ok(())
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        // The library says so only in the handshake, and then as of any bad signature.
        if let Some(bits) = short_key(end_entity) {
            return Err(refused(BadCertificate::ShortKey(bits)));
        }
        let verified = self.library.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        let Err(rustls::Error::InvalidCertificate(why)) = &verified else {
            return verified;
        };
        let why = BadCertificate::of(why);
        // A wrong day or name stays wrong, whoever signed it. One that signed itself has many other faults, by what else
        // the server sends and the store holds.
        if matches!(
            why,
            BadCertificate::Expired(_)
                | BadCertificate::NotYetValid(_)
                | BadCertificate::OtherName(_)
        ) {
            return verified;
        }
        match self.look_again(why, end_entity, server_name, now) {
            Ok(()) => Ok(ServerCertVerified::assertion()),
            // A short key in between shows as an issuer whose signature is not good.
            Err(BadCertificate::UnknownIssuer(issuer)) => {
                let short = intermediates.iter().find_map(short_key);
                let unknown = BadCertificate::UnknownIssuer(issuer);
                Err(refused(short.map_or(unknown, BadCertificate::ShortKey)))
            }
            Err(why) => Err(refused(why)),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.library
            .verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.library
            .verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.library.supported_verify_schemes()
    }
}

fn refused(why: BadCertificate) -> rustls::Error {
    rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(why))))
}

/// The bits of a certificate's RSA key that is too short for the library.
fn short_key(certificate: &CertificateDer<'_>) -> Option<usize> {
    let (_, certificate) = x509_parser::parse_x509_certificate(certificate).ok()?;
    match certificate.public_key().parsed().ok()? {
        PublicKey::RSA(key) => {
            Some(key.key_size()).filter(|bits| (1..SHORTEST_RSA_KEY).contains(bits))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
