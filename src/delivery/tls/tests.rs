//! Certificates that are refused, and why.

use super::*;
use crate::cause::Cause;
use crate::timestamp::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, PublicKeyData, date_time_ymd,
};

/// In the middle of the life of every certificate here but the old and the early one.
fn now() -> UnixTime {
    let moment = Timestamp::parse("2026-10-21T00:00:00.000Z").unwrap();
    UnixTime::since_unix_epoch(std::time::Duration::from_secs(
        moment.unix_seconds().unsigned_abs(),
    ))
}

fn params(host: &str, from: i32, to: i32) -> CertificateParams {
    let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, host);
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(to, 1, 1);
    params
}

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = params("Clinic CA", 2020, 2040);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn issued(
    by: &CertifiedIssuer<'static, KeyPair>,
    params: &CertificateParams,
) -> CertificateDer<'static> {
    let key = KeyPair::generate().unwrap();
    params.signed_by(&key, by).unwrap().der().clone()
}

fn self_signed(mut params: CertificateParams, is_ca: bool) -> CertificateDer<'static> {
    if is_ca {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    let key = KeyPair::generate().unwrap();
    params.self_signed(&key).unwrap().der().clone()
}

fn verdict(
    store: &[CertificateDer<'static>],
    certificate: &CertificateDer<'static>,
) -> Result<(), BadCertificate> {
    verdict_of_chain(store, certificate, &[])
}

fn verdict_of_chain(
    store: &[CertificateDer<'static>],
    certificate: &CertificateDer<'static>,
    more: &[CertificateDer<'static>],
) -> Result<(), BadCertificate> {
    crypto::install();
    let believing = Verifier::believing(store.to_vec()).unwrap();
    let name = ServerName::try_from("partner.example").unwrap();
    let verified = believing.verify_server_cert(certificate, more, &name, &[], now());
    verified.map(|_| ()).map_err(|error| match error {
        rustls::Error::InvalidCertificate(why) => BadCertificate::of(&why),
        other => BadCertificate::Other(other.to_string()),
    })
}

#[test]
fn each_fault_of_a_certificate_has_its_cause() {
    let (known, unknown) = (authority(), authority());
    let store = [known.der().clone()];
    let of = |host, from, to| issued(&known, &params(host, from, to));
    let host = "partner.example";
    assert_eq!(verdict(&store, &of(host, 2025, 2027)), Ok(()));
    let expired = BadCertificate::Expired(Some("2026-01-01".to_owned()));
    assert_eq!(verdict(&store, &of(host, 2025, 2026)), Err(expired));
    let early = BadCertificate::NotYetValid(Some("2027-01-01".to_owned()));
    assert_eq!(verdict(&store, &of(host, 2027, 2028)), Err(early));
    let other = verdict(&store, &of("other.example", 2025, 2027)).unwrap_err();
    assert_eq!(other.cause(), Cause::CertificateName);
    let words = "the certificate is for another host: other.example";
    assert_eq!(other.to_string(), words);
    let mut inner = params(host, 2025, 2027);
    inner.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let inner = verdict(&store, &issued(&known, &inner));
    assert_eq!(inner, Err(BadCertificate::Authority));
    let stranger = issued(&unknown, &params(host, 2025, 2027));
    let stranger = verdict(&store, &stranger).unwrap_err();
    assert_eq!(stranger.cause(), Cause::CertificateIssuer);
    assert!(stranger.to_string().contains("Clinic CA"), "{stranger}");
}

#[test]
fn a_self_signed_certificate_is_believed_when_an_admin_put_it_into_the_store() {
    let host = "partner.example";
    for is_ca in [false, true] {
        let own = self_signed(params(host, 2025, 2027), is_ca);
        let others = [authority().der().clone()];
        assert_eq!(verdict(&others, &own), Err(BadCertificate::SelfSigned));
        assert_eq!(verdict(std::slice::from_ref(&own), &own), Ok(()), "{is_ca}");
        let old = self_signed(params(host, 2024, 2025), is_ca);
        let old = verdict(std::slice::from_ref(&old), &old).unwrap_err();
        assert_eq!(old.cause(), Cause::CertificateExpired);
        let other = self_signed(params("other.example", 2025, 2027), is_ca);
        let other = verdict(std::slice::from_ref(&other), &other).unwrap_err();
        assert_eq!(other.cause(), Cause::CertificateName);
    }
}

#[test]
fn what_signed_itself_is_called_so_whatever_stands_beside_it() {
    let host = "partner.example";
    let mut no_authority = params(host, 2025, 2027);
    no_authority.is_ca = IsCa::ExplicitNoCa;
    let own = self_signed(no_authority.clone(), false);
    let others = [authority().der().clone()];
    assert_eq!(verdict(&others, &own), Err(BadCertificate::SelfSigned));
    // Sent twice, as a file with its chain has it.
    let twice = verdict_of_chain(&others, &own, std::slice::from_ref(&own));
    assert_eq!(twice, Err(BadCertificate::SelfSigned));
    // The store holds another one of the same name, with a key of another kind.
    let key = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let namesake = no_authority.self_signed(&key).unwrap().der().clone();
    assert_eq!(verdict(&[namesake], &own), Err(BadCertificate::SelfSigned));
    let believed = verdict_of_chain(std::slice::from_ref(&own), &own, std::slice::from_ref(&own));
    assert_eq!(believed, Ok(()));
}

/// A key that nobody has, with so few bits.
struct ShortKey(Vec<u8>);

impl ShortKey {
    fn new() -> Self {
        // SEQUENCE { INTEGER of 1024 bits, INTEGER 65537 }
        let begin = [0x30, 0x81, 0x89, 2, 0x81, 0x81, 0];
        let modulus = [0xc1; 128];
        Self([&begin[..], &modulus, &[2, 3, 1, 0, 1]].concat())
    }
}

impl PublicKeyData for ShortKey {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_RSA_SHA256
    }
}

#[test]
fn a_key_that_is_too_short_is_called_so_wherever_it_stands() {
    let (known, inner) = (authority(), authority());
    let store = [known.der().clone()];
    let short = params("partner.example", 2025, 2027);
    let short = short.signed_by(&ShortKey::new(), &known).unwrap();
    let told = verdict(&store, short.der()).unwrap_err();
    assert_eq!(told, BadCertificate::ShortKey(1024));
    assert_eq!(told.cause(), Cause::Certificate);
    // That of an authority in between.
    let mut between = params("Clinic CA", 2025, 2027);
    between.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let between = between.signed_by(&ShortKey::new(), &known).unwrap();
    let leaf = issued(&inner, &params("partner.example", 2025, 2027));
    let told = verdict_of_chain(&store, &leaf, &[between.der().clone()]);
    assert_eq!(told, Err(BadCertificate::ShortKey(1024)));
    let told = verdict(&store, &leaf).unwrap_err();
    assert_eq!(told.cause(), Cause::CertificateIssuer);
}

#[test]
fn a_certificate_that_names_no_host_is_called_so() {
    let known = authority();
    let mut nameless = CertificateParams::new(Vec::<String>::new()).unwrap();
    let common_name = "partner.example";
    nameless
        .distinguished_name
        .push(DnType::CommonName, common_name);
    nameless.not_before = date_time_ymd(2025, 1, 1);
    nameless.not_after = date_time_ymd(2027, 1, 1);
    let told = verdict(&[known.der().clone()], &issued(&known, &nameless));
    assert_eq!(told, Err(BadCertificate::NoName));
    let own = self_signed(nameless, false);
    let told = verdict(std::slice::from_ref(&own), &own);
    assert_eq!(told, Err(BadCertificate::NoName));
    // The first version of X.509 has no place for names.
    let first =
        CertificateError::Other(OtherError(Arc::new(webpki_says("UnsupportedCertVersion"))));
    assert_eq!(BadCertificate::of(&first), BadCertificate::NoName);
}

#[test]
fn an_address_that_stands_as_a_name_is_called_so() {
    let error = CertificateError::NotValidForNameContext {
        expected: ServerName::try_from("10.0.0.1").unwrap(),
        presented: vec!["DnsName(\"10.0.0.1\")".to_owned()],
    };
    assert_eq!(BadCertificate::of(&error), BadCertificate::AddressAsName);
}

#[test]
fn a_certificate_for_something_else_than_servers_is_called_so() {
    let known = authority();
    let store = [known.der().clone()];
    let host = "partner.example";
    let mut for_clients = params(host, 2025, 2027);
    for_clients.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let told = verdict(&store, &issued(&known, &for_clients));
    assert_eq!(told, Err(BadCertificate::NotForServers));
    // Signed by one that is no authority.
    let key = KeyPair::generate().unwrap();
    let between = params("between.example", 2025, 2027);
    let between = CertifiedIssuer::signed_by(between, key, &known).unwrap();
    let leaf = issued(&between, &params(host, 2025, 2027));
    let told = verdict_of_chain(&store, &leaf, &[between.der().clone()]);
    assert_eq!(told, Err(BadCertificate::NotAllowedToIssue));
}

/// An error with these words.
fn webpki_says(words: &str) -> std::io::Error {
    std::io::Error::other(words.to_owned())
}

#[test]
fn nobody_is_believed_without_a_store() {
    crypto::install();
    let empty = Verifier::believing(Vec::new());
    assert!(matches!(empty, Err(TlsError::NoRoots)));
}
