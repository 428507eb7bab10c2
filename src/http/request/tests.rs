//! What of a request is accepted, and how the rest is refused.

use super::*;

#[test]
fn a_body_claims_one_type() {
    let claimed = |types: &[&'static str]| {
        let types = types
            .iter()
            .map(|media| (CONTENT_TYPE, HeaderValue::from_static(media)));
        let mut headers = HeaderMap::new();
        types.for_each(|(name, value)| {
            headers.append(name, value);
        });
        media(&headers, false).is_ok()
    };
    assert!(claimed(&["application/json"]));
    assert!(claimed(&["Application/JSON; charset=utf-8"]));
    for types in [
        &[][..],
        &["text/plain"],
        &["application/json", "text/plain"],
        &["application/json"; 2],
    ] {
        assert!(!claimed(types), "{types:?}");
    }
}

#[test]
fn a_request_names_one_host() {
    let passes = |version, hosts: &[&str]| {
        let request = Request::builder().version(version);
        let request = hosts
            .iter()
            .fold(request, |request, host| request.header("host", *host));
        one_host(&request.body(()).unwrap()).is_ok()
    };
    for host in [
        "relay",
        "relay.example:8480",
        "[::1]:8480",
        "10.0.0.1",
        "a_b",
        "",
    ] {
        assert!(passes(Version::HTTP_11, &[host]), "{host}");
        assert!(!passes(Version::HTTP_11, &[host, host]), "{host}");
        assert!(!passes(Version::HTTP_10, &[host, host]), "{host}");
    }
    for host in ["a b", "a/b", "http://a"] {
        assert!(!passes(Version::HTTP_11, &[host]), "{host}");
    }
    assert!(!passes(Version::HTTP_11, &[]));
    assert!(passes(Version::HTTP_10, &[]));
}

#[test]
fn a_body_has_to_claim_to_be_json() {
    let claims = |text: &'static str, with_ndjson| {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(text));
        media(&headers, with_ndjson).ok()
    };
    assert_eq!(claims("application/json", false), Some(Media::Json));
    assert_eq!(
        claims("Application/JSON; charset=utf-8", false),
        Some(Media::Json)
    );
    assert_eq!(claims("application/x-ndjson", true), Some(Media::Ndjson));
    assert_eq!(claims("application/x-ndjson", false), None);
    assert_eq!(claims("text/plain", true), None);
    assert!(media(&HeaderMap::new(), true).is_err());
}

#[test]
fn a_body_that_is_compressed_is_called_so() {
    let refused = |coding: Option<&'static str>| {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(coding) = coding {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
        }
        media(&headers, false).err().map(|error| error.to_string())
    };
    for plain in [None, Some("identity"), Some("Identity")] {
        assert_eq!(refused(plain), None, "{plain:?}");
    }
    for coding in ["gzip", "br", "identity, gzip", "aws-chunked", ""] {
        let told = refused(Some(coding)).unwrap();
        assert!(told.contains("Content-Encoding"), "{coding}: {told}");
    }
}

#[test]
fn a_plus_that_was_not_escaped_is_a_plus_in_a_moment_only() {
    let asked = "at=2025-10-01T00:00:00+09:00&short=2025-10-01T00:00+09&escaped=2025-10-01T00:00:00%2B09:00&eventType=a+b";
    let mut query = Query::parse(Some(asked)).unwrap();
    let midnight = Timestamp::parse("2025-09-30T15:00:00Z").ok();
    for name in ["at", "short", "escaped"] {
        assert_eq!(query.take_moment(name).unwrap(), midnight, "{name}");
    }
    assert_eq!(query.take("eventType").as_deref(), Some("a b"));
    for text in [
        "2025-10-01 00:00:00Z",
        " 2025-10-01T00:00:00Z",
        "2025-10-01T00:00:00Z ",
    ] {
        assert_eq!(moment(text), Err(NotATimestamp), "{text}");
    }
}

#[test]
fn a_query_is_read_once_and_whole() {
    let mut query = Query::parse(Some("period=7d&eventType=a%20b")).unwrap();
    assert_eq!(query.take("period").as_deref(), Some("7d"));
    assert_eq!(query.take("eventType").as_deref(), Some("a b"));
    assert!(query.finish("").is_ok());
    assert!(Query::parse(Some("a=1&a=2")).is_err());
    assert!(Query::parse(Some("a=1")).unwrap().finish("b").is_err());
}

#[test]
fn a_whole_number_of_a_query_may_have_a_point() {
    for (text, number) in [
        ("5", Some(5)),
        ("5.0", Some(5)),
        ("5.00", Some(5)),
        ("5.", None),
        ("5.5", None),
        ("x", None),
        ("", None),
    ] {
        assert_eq!(whole::<u32>(text), number, "{text}");
    }
}

#[test]
fn a_byte_order_mark_is_named() {
    assert!(without_mark("{}".to_owned()).is_ok());
    let refused = without_mark("\u{feff}{}".to_owned()).unwrap_err();
    assert!(refused.to_string().contains("byte order mark"));
}

#[test]
fn an_array_is_no_object_whatever_it_could_stand_for() {
    #[derive(serde::Deserialize)]
    #[serde(default)]
    struct Wanted {
        dry_run: bool,
    }

    impl Default for Wanted {
        fn default() -> Self {
            Self { dry_run: true }
        }
    }

    assert!(!fields::<Wanted>(r#"{"dry_run": false}"#).unwrap().dry_run);
    for array in ["[]", " [false]", "[[]]"] {
        let refused = fields::<Wanted>(array).map(drop).unwrap_err();
        assert!(
            matches!(refused, ApiError::InvalidParameter { .. }),
            "{array}"
        );
    }
}
