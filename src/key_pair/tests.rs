//! Good pairs, and each way in which one is bad.

use std::os::unix::fs::PermissionsExt;

use rcgen::{CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use tempfile::TempDir;

use super::*;

struct Made {
    certificate: String,
    key: String,
}

fn params(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2027, 2, 14);
    params
}

fn self_signed() -> Made {
    let key = KeyPair::generate().unwrap();
    let certificate = params(&["relay.clinic.example", "192.0.2.7", "2001:db8::7"]);
    Made {
        certificate: certificate.self_signed(&key).unwrap().pem(),
        key: key.serialize_pem(),
    }
}

fn read(certificate: &str, key: &str) -> Result<ServerKeyPair, KeyPairError> {
    let directory = TempDir::new().unwrap();
    let files = KeyPairFiles {
        certificate: directory.path().join("fullchain.pem"),
        key: directory.path().join("privkey.pem"),
    };
    fs::write(&files.certificate, certificate).unwrap();
    fs::write(&files.key, key).unwrap();
    files.read()
}

fn fault(certificate: &str, key: &str) -> (Half, Fault) {
    let error = read(certificate, key).unwrap_err();
    (error.half, error.fault)
}

#[test]
fn a_pair_says_for_whom_it_is_and_until_when() {
    let made = self_signed();
    let about = read(&made.certificate, &made.key).unwrap().about;
    assert_eq!(
        about.names,
        ["relay.clinic.example", "192.0.2.7", "2001:db8::7"]
    );
    assert_eq!(about.begins.to_string(), "2026-01-01T00:00:00.000Z");
    assert_eq!(about.ends.to_string(), "2027-02-14T00:00:00.000Z");
    assert_eq!(about.issuer, Issuer::Itself);
}

#[test]
fn whether_the_issuer_is_in_the_file_is_known() {
    let mut authority = params(&[]);
    authority
        .distinguished_name
        .push(rcgen::DnType::CommonName, "Clinic CA");
    authority.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = params(&["a.example"]).signed_by(&key, &authority).unwrap();
    let alone = certificate.pem();
    let whole = alone.clone() + &authority.pem();
    let issuer = |text: &str| read(text, &key.serialize_pem()).unwrap().about.issuer;
    assert_eq!(issuer(&alone), Issuer::NotInTheFile);
    assert_eq!(issuer(&whole), Issuer::InTheFile);
}

#[test]
fn each_fault_is_told_of_its_file() {
    let (made, other) = (self_signed(), self_signed());
    let Made { certificate, key } = &made;
    let garbled = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let locked =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let odd = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    for (certificate, key, half, expected) in [
        ("", key.as_str(), Half::Certificate, Fault::NoCertificate),
        (key, key, Half::Certificate, Fault::NoCertificate),
        (garbled, key, Half::Certificate, Fault::NotACertificate),
        (certificate, "", Half::Key, Fault::NoKey),
        (certificate, certificate, Half::Key, Fault::NoKey),
        (certificate, locked, Half::Key, Fault::LockedKey),
        (certificate, odd, Half::Key, Fault::UnusableKey),
        (certificate, &other.key, Half::Key, Fault::KeyOfAnother),
    ] {
        assert_eq!(fault(certificate, key), (half, expected));
    }
}

#[test]
fn a_file_that_is_not_there_and_one_that_never_ends_are_told() {
    let files = KeyPairFiles {
        certificate: "/nonexistent/fullchain.pem".into(),
        key: "/dev/zero".into(),
    };
    let error = files.read().unwrap_err();
    assert_eq!(error.path, files.certificate);
    assert!(matches!(error.fault, Fault::Unreadable(_)), "{error:?}");
    let endless = KeyPairFiles {
        certificate: "/dev/zero".into(),
        ..files
    };
    let fault = endless.read().unwrap_err().fault;
    assert!(matches!(fault, Fault::Unreadable(why) if !why.is_ordinary()));
}

#[test]
fn a_new_pair_takes_its_place_and_a_bad_one_does_not_and_each_is_told_once() {
    let [first, second] =
        [self_signed(), self_signed()].map(|made| read(&made.certificate, &made.key));
    let (first, second) = (first.unwrap(), second.unwrap());
    let bad = read("", "").unwrap_err();
    let current = CurrentKeyPair::new(first.clone());
    assert_eq!(current.offer(Ok(first.clone())), None);
    assert_eq!(current.offer(Err(bad.clone())), Some(Err(bad.clone())));
    assert_eq!(current.offer(Err(bad.clone())), None);
    assert_eq!(current.refused(), Some(bad));
    assert_eq!(current.about(), first.about);
    // The files have again what is in use.
    assert_eq!(current.offer(Ok(first)), None);
    assert_eq!(current.refused(), None);
    let about = second.about.clone();
    assert_eq!(current.offer(Ok(second)), Some(Ok(about)));
}

#[test]
fn a_key_that_others_may_read_is_open() {
    let directory = TempDir::new().unwrap();
    let key = directory.path().join("privkey.pem");
    assert!(!is_open_to_all(&key));
    fs::write(&key, "").unwrap();
    for (mode, open) in [(0o600, false), (0o640, false), (0o644, true)] {
        fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(is_open_to_all(&key), open, "{mode:o}");
    }
}

#[test]
fn nothing_of_the_key_is_shown() {
    let made = self_signed();
    let shown = format!("{:?}", read(&made.certificate, &made.key).unwrap());
    assert!(!shown.contains("key"), "{shown}");
}
