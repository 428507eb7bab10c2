//! Which proofs let a sender in.

use super::*;
use crate::config::Environment;
use hyper::Request;
use hyper::header::HeaderName;

const BODY: &[u8] = "{\"event\":\"a\",\"名\":\"山田\"}".as_bytes();
const NOW: &str = "2025-10-26T14:30:00.000Z";
const NOW_MS: i64 = 1_761_489_000_000;

fn secrets() -> Vec<Secret> {
    let environment = Environment::from([("A", "first"), ("B", "second")]);
    ["A", "B"]
        .into_iter()
        .filter_map(|name| environment.secret(name).unwrap())
        .collect()
}

fn hex(key: &str, text: &str) -> String {
    crypto::hex(&crypto::hmac_sha256(
        key.as_bytes(),
        &[text.as_bytes(), BODY],
    ))
}

/// What the form that decides says; none when no form is present.
fn judged(named: &[(&str, &str)]) -> Option<Result<(), Unproven>> {
    let headers: HeaderMap = named
        .iter()
        .map(|(name, value)| {
            let name: HeaderName = name.parse().unwrap();
            (name, HeaderValue::from_str(value).unwrap())
        })
        .fold(HeaderMap::new(), |mut headers, (name, value)| {
            headers.append(name, value);
            headers
        });
    let form = FORMS.iter().find(|f| headers.contains_key(f.signature))?;
    let now = Timestamp::from_unix_ms(NOW_MS);
    Some(form.verify(&headers, BODY, &secrets(), now))
}

#[test]
fn each_form_is_verified_with_each_secret() {
    for key in ["first", "second"] {
        let at = format!("{NOW}.");
        let ms = NOW_MS.to_string();
        for named in [
            vec![
                ("x-medical-system-signature", hex(key, &at)),
                ("x-medical-system-timestamp", NOW.to_owned()),
            ],
            vec![
                ("x-webhook-signature", hex(key, &ms)),
                ("x-webhook-timestamp", ms.clone()),
            ],
            vec![("x-webhook-secret", hex(key, ""))],
            vec![("x-signature", hex(key, "").to_ascii_uppercase())],
        ] {
            let named: Vec<_> = named.iter().map(|(n, v)| (*n, v.as_str())).collect();
            assert_eq!(judged(&named), Some(Ok(())), "{named:?}");
        }
    }
    // printf '{"event":"a","名":"山田"}' | openssl dgst -sha256 -hmac first
    let known = "d35b780c84dddc5abc3ffc9873bdcf3ad32b4d03795a4a16e1bc5b8a74902c24";
    assert_eq!(hex("first", ""), known);
}

#[test]
fn the_first_form_that_is_present_decides() {
    let (good, at) = (hex("first", ""), format!("{NOW}."));
    let wrong = ("x-medical-system-signature", "00");
    let time = ("x-medical-system-timestamp", NOW);
    let plain = ("x-signature", good.as_str());
    assert_eq!(judged(&[]), None);
    assert_eq!(judged(&[plain, ("x-webhook-timestamp", "1")]), Some(Ok(())));
    assert_eq!(
        judged(&[wrong, time, plain]),
        Some(Err(Unproven::WrongSignature))
    );
    assert_eq!(judged(&[wrong, plain]), Some(Err(Unproven::NoTimestamp)));
    let seed = ("x-medical-system-signature", &*hex("first", &at));
    assert_eq!(judged(&[seed, time, ("x-signature", "")]), Some(Ok(())));
}

#[test]
fn what_is_doubled_swapped_or_of_another_time_is_refused() {
    use Unproven::{BadTimestamp, Stale, Twice, WrongSignature};
    let ms = |at: i64| at.to_string();
    let signed = |at: &str| hex("first", at);
    let check = |signature: &str, time: &str| {
        judged(&[
            ("x-webhook-signature", signature),
            ("x-webhook-timestamp", time),
        ])
        .unwrap()
    };
    let edge = 5 * 60 * 1000;
    for (at, expected) in [
        (NOW_MS - edge, Ok(())),
        (NOW_MS + edge, Ok(())),
        (NOW_MS - edge - 1, Err(Stale)),
        (NOW_MS + edge + 1, Err(Stale)),
    ] {
        assert_eq!(check(&signed(&ms(at)), &ms(at)), expected, "{at}");
    }
    assert_eq!(check(&signed(NOW), NOW), Err(BadTimestamp));
    assert_eq!(check(&signed(""), &ms(NOW_MS)), Err(WrongSignature));
    assert_eq!(
        check(&signed(&ms(NOW_MS)), &ms(NOW_MS + 1)),
        Err(WrongSignature)
    );
    let other = hex("third", &ms(NOW_MS));
    assert_eq!(check(&other, &ms(NOW_MS)), Err(WrongSignature));
    let (good, now) = (signed(&ms(NOW_MS)), ms(NOW_MS));
    let signature = ("x-webhook-signature", good.as_str());
    let time = ("x-webhook-timestamp", now.as_str());
    assert_eq!(judged(&[signature, signature, time]), Some(Err(Twice)));
    assert_eq!(judged(&[signature, time, time]), Some(Err(Twice)));
}

#[test]
fn a_host_is_the_relays_when_no_stranger_could_have_named_it() {
    let public = Url::parse("https://relay.clinic.example").ok();
    for (host, own) in [
        ("localhost", true),
        ("LocalHost:8480", true),
        ("127.0.0.1:8480", true),
        ("[::1]:8480", true),
        ("192.168.1.10", true),
        ("relay.clinic.example", true),
        ("RELAY.clinic.example:443", true),
        ("evil.example", false),
        ("localhost.evil.example", false),
        ("127.0.0.1.evil.example", false),
        ("", false),
        ("a b", false),
    ] {
        let request = Request::builder().uri("/in").header("host", host);
        let head = request.body(()).unwrap().into_parts().0;
        assert_eq!(is_own_host(&head, public.as_ref()), own, "{host}");
    }
    let twice = Request::builder()
        .header("host", "localhost")
        .header("host", "localhost");
    assert!(!is_own_host(&twice.body(()).unwrap().into_parts().0, None));
    let elsewhere = Request::builder()
        .uri("http://evil.example/in")
        .header("host", "localhost");
    let head = elsewhere.body(()).unwrap().into_parts().0;
    assert!(!is_own_host(&head, None));
}
