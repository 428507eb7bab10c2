//! ring, and no other crypto library: what the rest of the program asks of it.
//!
//! Webhooks and JWTs are signed with HMAC-SHA256, tokens and signatures are compared in constant
//! time, and TLS is rustls. All of it runs on ring, so that the binary has one implementation to
//! trust and to keep up to date.

use std::sync::Once;

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, Result};
use jsonwebtoken::{Algorithm, AlgorithmFamily};
use ring::{digest, hmac};
use signature::{Error, Signer, Verifier};
use subtle::ConstantTimeEq;

/// Makes ring the crypto library of TLS and of JWTs in this process. Calling it again changes nothing.
///
/// It must come before the first TLS connection and before the first JWT, because both libraries
/// settle on a provider when they are first used.
pub fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error means that one is installed already, and only this function installs one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let _ = JWT.install_default();
    });
}

/// HMAC-SHA256 over the parts, one after the other, as if they were one message. The key may have
/// any length.
#[must_use]
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    for part in parts {
        context.update(part);
    }
    thirty_two(context.sign().as_ref())
}

/// SHA-256 over the parts, one after the other, as if they were one message.
#[must_use]
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut digest = Sha256::default();
    for part in parts {
        digest.update(part);
    }
    digest.finish()
}

/// SHA-256 of what comes part by part.
#[derive(Clone)]
pub struct Sha256(digest::Context);

impl Default for Sha256 {
    fn default() -> Self {
        Self(digest::Context::new(&digest::SHA256))
    }
}

impl Sha256 {
    /// Adds the next part.
    pub fn update(&mut self, part: &[u8]) {
        self.0.update(part);
    }

    /// The digest of all parts.
    #[must_use]
    pub fn finish(self) -> [u8; 32] {
        thirty_two(self.0.finish().as_ref())
    }
}

/// A fingerprint, by which people compare a key without seeing it: the first eight digits of its SHA-256, in two
/// halves.
#[must_use]
pub fn fingerprint(key: &[u8]) -> String {
    let digits = hex(&sha256(&[key]));
    format!("{}-{}", &digits[..4], &digits[4..8])
}

/// Whether two secrets are equal, in a time that tells neither where they differ nor whether they
/// have the same length.
///
/// Their digests are compared, because those always have one length, and because whoever chooses
/// one of the two cannot choose its digest.
#[must_use]
pub fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    sha256(&[a]).ct_eq(&sha256(&[b])).into()
}

/// The operating system has no random numbers to give.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gives no random numbers")]
pub struct NoRandomness;

/// Bytes from the operating system's secure random source.
///
/// # Errors
/// `NoRandomness`.
pub fn random_32() -> std::result::Result<[u8; 32], NoRandomness> {
    let random = ring::rand::generate(&ring::rand::SystemRandom::new());
    random
        .map(ring::rand::Random::expose)
        .map_err(|_| NoRandomness)
}

/// Lower-case hexadecimal digits, two a byte.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    let halves = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    halves.map(|half| DIGITS[usize::from(half)]).collect()
}

/// What ring made with SHA-256 always has this length.
fn thirty_two(bytes: &[u8]) -> [u8; 32] {
    let mut array = [0; 32];
    array.copy_from_slice(bytes);
    array
}

/// jsonwebtoken with HS256 by ring, and with nothing else: whatever else it is asked for is an
/// error, also where jsonwebtoken's own stand-ins would panic.
static JWT: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| {
        only_hs256(*algorithm, key.family())?;
        Ok(Box::new(Hs256::new(key.as_bytes())))
    },
    verifier_factory: |algorithm, key| {
        only_hs256(*algorithm, key.family())?;
        Ok(Box::new(Hs256::new(key.try_get_as_bytes()?)))
    },
    key_utils: KeyUtils {
        rsa_pub_components_from_private_key: |_| Err(ErrorKind::UnsupportedAlgorithm.into()),
        rsa_pub_components_from_public_key: |_| Err(ErrorKind::UnsupportedAlgorithm.into()),
        ec_pub_components_from_private_key: |_, _| Err(ErrorKind::UnsupportedAlgorithm.into()),
        ed_pub_components_from_private_key: |_, _| Err(ErrorKind::UnsupportedAlgorithm.into()),
        compute_digest: |_, _| Err(ErrorKind::UnsupportedAlgorithm.into()),
    },
};

/// A key of another family is refused too: a public RSA key that is taken for an HMAC secret is
/// the classic way to forge a JWT.
fn only_hs256(algorithm: Algorithm, key: AlgorithmFamily) -> Result<()> {
    if algorithm != Algorithm::HS256 {
        return Err(ErrorKind::InvalidAlgorithm.into());
    }
    if key != AlgorithmFamily::Hmac {
        return Err(ErrorKind::InvalidKeyFormat.into());
    }
    Ok(())
}

/// HS256 with one key. It has no `Debug`: a secret is in it.
struct Hs256(hmac::Key);

impl Hs256 {
    fn new(secret: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }
}

impl Signer<Vec<u8>> for Hs256 {
    fn try_sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, Error> {
        Ok(hmac::sign(&self.0, message).as_ref().to_vec())
    }
}

impl JwtSigner for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl Verifier<Vec<u8>> for Hs256 {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), Error> {
        // Compares in constant time.
        hmac::verify(&self.0, message, signature).map_err(|_| Error::new())
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::crypto::{sign, verify};
    use jsonwebtoken::{DecodingKey, EncodingKey};
    use proptest::prelude::*;

    use super::*;

    const OTHERS: [Algorithm; 11] = [
        Algorithm::HS384,
        Algorithm::HS512,
        Algorithm::ES256,
        Algorithm::ES384,
        Algorithm::RS256,
        Algorithm::RS384,
        Algorithm::RS512,
        Algorithm::PS256,
        Algorithm::PS384,
        Algorithm::PS512,
        Algorithm::EdDSA,
    ];

    #[test]
    fn known_answers() {
        // RFC 4231, test cases 2 and 6 (a key longer than a block); FIPS 180-4's empty message and "abc".
        let mac = hmac_sha256(b"Jefe", &[b"what do ya want ", b"for nothing?"]);
        assert_eq!(
            hex(&mac),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        let message = b"Test Using Larger Than Block-Size Key - Hash Key First";
        assert_eq!(
            hex(&hmac_sha256(&[0xaa; 131], &[message])),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
        assert_eq!(
            hex(&sha256(&[])),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        assert_eq!(
            hex(&sha256(&[b"a", b"", b"bc"])),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(hex(&[0x00, 0x0f, 0xa0, 0xff]), "000fa0ff");
    }

    #[test]
    fn jwts_are_signed_with_hs256() {
        install();
        install();
        // RFC 7515, appendix A.1.
        let key = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
        let message = b"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let signature = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let key = format!("{key}==");
        let signing = EncodingKey::from_urlsafe_base64_secret(&key).unwrap();
        let verifying = DecodingKey::from_secret(signing.as_bytes());
        let hs256 = Algorithm::HS256;
        assert_eq!(sign(message, &signing, hs256).unwrap(), signature);
        assert!(verify(signature, message, &verifying, hs256).unwrap());
        assert!(!verify(signature, b"another message", &verifying, hs256).unwrap());
        assert!(!verify("", message, &verifying, hs256).unwrap());
        assert!(!verify(&signature[..40], message, &verifying, hs256).unwrap());
    }

    #[test]
    fn every_other_algorithm_and_every_other_key_is_an_error() {
        install();
        let (signing, verifying) = (
            EncodingKey::from_secret(b"k"),
            DecodingKey::from_secret(b"k"),
        );
        for other in OTHERS {
            assert!(sign(b"m", &signing, other).is_err(), "{other:?}");
            assert!(
                verify("AAAA", b"m", &verifying, other).is_err(),
                "{other:?}"
            );
        }
        let (signing, verifying) = (
            EncodingKey::from_rsa_der(b"k"),
            DecodingKey::from_rsa_der(b"k"),
        );
        assert!(sign(b"m", &signing, Algorithm::HS256).is_err());
        assert!(verify("AAAA", b"m", &verifying, Algorithm::HS256).is_err());
    }

    #[test]
    fn tls_has_ring_as_its_provider() {
        install();
        assert!(rustls::crypto::CryptoProvider::get_default().is_some());
    }

    proptest! {
        #[test]
        fn equal_is_equal_and_nothing_else_is(
            a in prop::collection::vec(0_u8..3, 0..5),
            b in prop::collection::vec(0_u8..3, 0..5),
        ) {
            prop_assert_eq!(constant_time_eq(&a, &b), a == b);
            prop_assert!(constant_time_eq(&a, &a));
        }

        #[test]
        fn where_a_message_is_cut_into_parts_does_not_matter(
            key in prop::collection::vec(any::<u8>(), 0..100),
            message in prop::collection::vec(any::<u8>(), 0..200),
            cut in any::<prop::sample::Index>(),
        ) {
            let (left, right) = message.split_at(cut.index(message.len() + 1));
            prop_assert_eq!(hmac_sha256(&key, &[left, right]), hmac_sha256(&key, &[&message]));
            prop_assert_eq!(sha256(&[left, right]), sha256(&[&message]));
        }
    }
}
