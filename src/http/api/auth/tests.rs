//! Who is let in, and everybody who is not.

use std::cell::Cell;

use proptest::prelude::*;
use serde_json::json;

use super::*;

const KEY: &[u8] = b"a-made-up-jwt-secret-of-more-than-32-characters";
const OLD: &[u8] = b"the-made-up-jwt-secret-of-the-year-before-this";
const API: &str = "vd-test-api-key-0123456789abcdef0123456789abcdef";
const NOW: i64 = 1_761_489_000;

fn keys() -> Keys {
    Keys::new(Some(KEY), Some(OLD), [API])
}

/// By a wall clock that is believed.
fn at(now: i64) -> TokenTime {
    TokenTime {
        earliest: now,
        latest: now,
    }
}

fn admit(keys: &Keys, token: &str, now: i64) -> Result<Caller, Unauthorized> {
    keys.admit(Some(&format!("Bearer {token}")), at(now), |_| false)
}

/// What comes of a token that `keys()` see at `NOW`.
fn refusal(token: &str) -> Option<Unauthorized> {
    admit(&keys(), token, NOW).err()
}

/// A JWT made by hand, so that it can be wrong in one place.
fn jwt(header: &Value, claims: &Value, key: &[u8]) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let mac = crypto::hmac_sha256(key, &[signed.as_bytes()]);
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac))
}

fn hs256(claims: &Value) -> String {
    jwt(&json!({"alg": "HS256", "typ": "JWT"}), claims, KEY)
}

fn good() -> Value {
    json!({"iss": RELAY, "aud": RELAY, "sub": "hr", "jti": "j-1", "iat": NOW, "exp": NOW + 60,
           "scope": "stats:read events:write"})
}

/// A JWT that is good but for one claim.
fn with(name: &str, value: Value) -> String {
    let mut claims = good();
    claims[name] = value;
    hs256(&claims)
}

/// A JWT that is good but for a claim that is not there.
fn without(name: &str) -> String {
    let mut claims = good();
    claims.as_object_mut().unwrap().remove(name);
    hs256(&claims)
}

#[test]
fn while_two_clocks_disagree_a_token_is_taken_that_is_good_by_either() {
    const YEAR: i64 = 365 * SECONDS_A_DAY;
    let admit = |token: &str, earliest, latest| {
        let header = format!("Bearer {token}");
        let now = TokenTime { earliest, latest };
        keys().admit(Some(&header), now, |_| false)
    };
    // The wall clock is ahead: nothing has ended by it.
    assert!(admit(&hs256(&good()), NOW, NOW + YEAR).is_ok());
    // After a long pause it is right, and what was issued by it elsewhere has begun.
    let begun = with("nbf", json!(NOW));
    assert!(admit(&begun, NOW - YEAR, NOW).is_ok());
    let refused = admit(&begun, NOW - 2 * YEAR, NOW - YEAR);
    assert_eq!(refused.err(), Some(Unauthorized::NotYet));
}

#[test]
fn a_good_token_says_who_and_what() {
    let caller = admit(&keys(), &hs256(&good()), NOW).unwrap();
    assert_eq!(caller.subject, "hr");
    assert_eq!(caller.jti.as_deref(), Some("j-1"));
    assert_eq!(
        caller.scopes,
        Scopes(vec![Scope::StatsRead, Scope::EventsWrite])
    );
}

#[test]
fn a_token_that_is_remembered_is_held_to_the_same_rules() {
    let keys = keys();
    let token = hs256(&good());
    assert!(admit(&keys, &token, NOW).is_ok());
    assert!(admit(&keys, &token, NOW).is_ok());
    assert_eq!(
        admit(&keys, &token, NOW + 121).err(),
        Some(Unauthorized::Expired)
    );
    let revoked = keys.admit(Some(&format!("Bearer {token}")), at(NOW), |jti| {
        jti == "j-1"
    });
    assert_eq!(revoked.err(), Some(Unauthorized::Revoked));
    // The same but for one character in the middle of the signature.
    let (front, back) = token.split_at(token.len() - 20);
    let other = if back.starts_with('A') { "B" } else { "A" };
    let other = format!("{front}{other}{}", &back[1..]);
    for _ in 0..2 {
        assert_eq!(
            admit(&keys, &other, NOW).err(),
            Some(Unauthorized::BadSignature)
        );
    }
    for n in 0..=2 * TOKENS_SEEN {
        assert!(admit(&keys, &with("sub", json!(n.to_string())), NOW).is_ok());
    }
    assert!(keys.seen.lock().unwrap().len() <= TOKENS_SEEN);
}

#[test]
fn a_header_that_is_no_bearer_token_is_refused() {
    let token = hs256(&good());
    let of = |header: Option<&str>| keys().admit(header, at(NOW), |_| false).err();
    assert_eq!(of(None), Some(Unauthorized::Missing));
    for header in ["", "Bearer", "Bearer ", "Bearer    ", "Basic dTpw", &token] {
        assert_eq!(of(Some(header)), Some(Unauthorized::NotBearer), "{header}");
    }
    for scheme in ["Basic", "Bearer:", "XBearer", " Bearer", "Bearer\t"] {
        let header = format!("{scheme} {token}");
        assert_eq!(of(Some(&header)), Some(Unauthorized::NotBearer), "{header}");
    }
    for scheme in ["Bearer", "bearer", "BEARER", "bEaReR", "Bearer  "] {
        assert_eq!(of(Some(&format!("{scheme} {token}"))), None, "{scheme}");
    }
}

#[test]
fn a_token_has_at_most_8_kib() {
    assert_eq!(
        refusal(&"x".repeat(LONGEST_TOKEN)),
        Some(Unauthorized::Malformed)
    );
    assert_eq!(
        refusal(&"x".repeat(LONGEST_TOKEN + 1)),
        Some(Unauthorized::TooLong)
    );
    let long = with("scope", json!("x".repeat(LONGEST_TOKEN)));
    assert_eq!(refusal(&long), Some(Unauthorized::TooLong));
}

#[test]
fn what_is_no_jwt_is_refused() {
    let token = hs256(&good());
    let (head, rest) = token.split_once('.').unwrap();
    let (claims, signature) = rest.split_once('.').unwrap();
    for malformed in [
        "abc".to_owned(),
        "..".to_owned(),
        format!("{head}.{claims}"),
        format!("{token}."),
        format!("{token}.x"),
        format!(".{token}"),
        format!("{head}=.{claims}.{signature}"),
        format!("{head}.{claims}.{signature}="),
        format!("{head} .{claims}.{signature}"),
        format!("{head}.{claims}.{}é", &signature[..40]),
        jwt(&json!({"typ": "JWT"}), &good(), KEY),
        jwt(&json!({"alg": 256}), &good(), KEY),
        jwt(&json!(["HS256"]), &good(), KEY),
        hs256(&json!([])),
        hs256(&json!("text")),
        with("jti", json!(7)),
        with("jti", json!(["j-1"])),
        with("sub", json!(7)),
        with("scope", json!(["stats:read"])),
        with("nbf", json!("now")),
    ] {
        assert_eq!(
            refusal(&malformed),
            Some(Unauthorized::Malformed),
            "{malformed}"
        );
    }
}

#[test]
fn a_claim_or_an_algorithm_that_stands_there_twice_is_refused() {
    let twice = |header: &str, claims: &str| {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let signed = format!("{}.{}", part(header), part(claims));
        let mac = crypto::hmac_sha256(KEY, &[signed.as_bytes()]);
        refusal(&format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac)))
    };
    let header = r#"{"alg":"HS256"}"#;
    let claims = good().to_string();
    let more = |name: &str| format!(r#"{{"{name}":null,{}"#, &claims[1..]);
    assert_eq!(twice(header, &claims), None);
    for name in ["exp", "jti", "iss", "aud", "scope", "sub"] {
        let refused = twice(header, &more(name));
        assert_eq!(refused, Some(Unauthorized::Malformed), "{name}");
    }
    let refused = twice(r#"{"alg":"HS256","alg":"HS256"}"#, &claims);
    assert_eq!(refused, Some(Unauthorized::Malformed));
}

#[test]
fn only_hs256_is_accepted() {
    let others = [
        "none", "None", "NONE", "", "hs256", "HS256 ", "HS384", "HS512", "RS256", "RS384", "RS512",
        "PS256", "ES256", "ES384", "EdDSA", "HS1", "A128KW",
    ];
    for name in others {
        // The signature is HMAC-SHA256 with the right key: only the header's word is another one.
        let signed = jwt(&json!({"alg": name, "typ": "JWT"}), &good(), KEY);
        assert_eq!(
            refusal(&signed),
            Some(Unauthorized::WrongAlgorithm),
            "{name}"
        );
        let (unsigned, _) = signed.rsplit_once('.').unwrap();
        assert_eq!(
            refusal(&format!("{unsigned}.")),
            Some(Unauthorized::WrongAlgorithm),
            "{name}"
        );
    }
}

#[test]
fn algorithm_and_form_are_refused_whether_there_is_a_key_or_not() {
    let without_key = Keys::new(None, None, [API]);
    let unsigned = jwt(&json!({"alg": "none"}), &good(), KEY);
    assert_eq!(
        admit(&without_key, &unsigned, NOW),
        Err(Unauthorized::WrongAlgorithm)
    );
    assert_eq!(
        admit(&without_key, "abc", NOW),
        Err(Unauthorized::Malformed)
    );
    assert_eq!(
        admit(&without_key, &hs256(&good()), NOW),
        Err(Unauthorized::NoKey)
    );
}

#[test]
fn a_header_that_demands_an_extension_is_refused() {
    let header = json!({"alg": "HS256", "crit": ["exp"], "exp": NOW + 60});
    assert_eq!(
        refusal(&jwt(&header, &good(), KEY)),
        Some(Unauthorized::UnknownExtension)
    );
    let harmless = json!({"alg": "HS256", "kid": "1", "cty": "x", "jku": "https://evil.example/"});
    assert_eq!(refusal(&jwt(&harmless, &good(), KEY)), None);
}

#[test]
fn a_key_in_the_header_is_not_used() {
    let mine = b"a key that the caller made up, 32 characters and more";
    let jwk = json!({"kty": "oct", "k": URL_SAFE_NO_PAD.encode(mine)});
    let header = json!({"alg": "HS256", "jwk": jwk});
    assert_eq!(
        refusal(&jwt(&header, &good(), mine)),
        Some(Unauthorized::BadSignature)
    );
}

#[test]
fn the_present_and_the_previous_key_are_accepted_and_no_other() {
    let header = json!({"alg": "HS256"});
    let token = |key: &[u8]| jwt(&header, &good(), key);
    assert_eq!(refusal(&token(KEY)), None);
    assert_eq!(refusal(&token(OLD)), None);
    for key in [
        &b"another-made-up-jwt-secret-of-more-than-32"[..],
        b"",
        &KEY[1..],
    ] {
        assert_eq!(refusal(&token(key)), Some(Unauthorized::BadSignature));
    }
    let after = Keys::new(Some(KEY), None, []);
    assert_eq!(
        admit(&after, &token(OLD), NOW),
        Err(Unauthorized::BadSignature)
    );
    let only_previous = Keys::new(None, Some(OLD), []);
    assert!(admit(&only_previous, &token(OLD), NOW).is_ok());
    assert_eq!(
        only_previous.issue("s", &[], NOW, 1).err(),
        Some(NoJwtSecret)
    );
}

#[test]
fn what_the_previous_key_signed_is_held_to_the_same_rules() {
    let mut claims = good();
    claims["exp"] = json!(NOW - 61);
    let token = jwt(&json!({"alg": "HS256"}), &claims, OLD);
    assert_eq!(refusal(&token), Some(Unauthorized::Expired));
}

#[test]
fn without_any_secret_nobody_is_let_in() {
    for keys in [
        Keys::new(None, None, []),
        Keys::new(Some(b""), Some(b""), [""]),
    ] {
        let empty = jwt(&json!({"alg": "HS256"}), &good(), b"");
        for token in ["abc", API, &hs256(&good()), &empty] {
            assert_eq!(admit(&keys, token, NOW), Err(Unauthorized::NoKey));
        }
        assert!(keys.issue("s", &[Scope::Admin], NOW, 1).is_err());
    }
}

#[test]
fn a_token_is_good_until_a_minute_after_its_end() {
    let exp = |exp: Value| refusal(&with("exp", exp));
    assert_eq!(exp(json!(NOW - 60)), None);
    assert_eq!(exp(json!(NOW - 61)), Some(Unauthorized::Expired));
    assert_eq!(exp(json!(NOW)), None);
    assert_eq!(exp(json!(0)), Some(Unauthorized::Expired));
    assert_eq!(exp(json!(-1)), Some(Unauthorized::Expired));
    assert_eq!(exp(json!(i64::MIN)), Some(Unauthorized::Expired));
    assert_eq!(exp(json!(-1e300)), Some(Unauthorized::Expired));
    for far in [
        json!(i64::MAX),
        json!(u64::MAX),
        json!(1e300),
        json!(9_999_999_999_999_i64),
    ] {
        assert_eq!(exp(far), None);
    }
    // 1761488939.5 and a minute is half a second ago; 1761488940.5 and a minute is still to come.
    assert_eq!(exp(json!(1_761_488_939.5)), Some(Unauthorized::Expired));
    assert_eq!(exp(json!(1_761_488_940.5)), None);
}

#[test]
fn a_token_without_an_end_is_refused() {
    assert_eq!(refusal(&without("exp")), Some(Unauthorized::NoExpiry));
    for exp in [
        json!("never"),
        json!((NOW + 60).to_string()),
        json!(null),
        json!(true),
    ] {
        assert_eq!(
            refusal(&with("exp", exp.clone())),
            Some(Unauthorized::NoExpiry),
            "{exp}"
        );
    }
    // jsonwebtoken itself gives up on these.
    for exp in [json!([NOW + 60]), json!({"exp": NOW + 60})] {
        assert_eq!(refusal(&with("exp", exp)), Some(Unauthorized::Malformed));
    }
}

#[test]
fn a_token_is_good_from_a_minute_before_its_beginning() {
    let nbf = |nbf: Value| refusal(&with("nbf", nbf));
    assert_eq!(nbf(json!(NOW + 60)), None);
    assert_eq!(nbf(json!(NOW + 61)), Some(Unauthorized::NotYet));
    assert_eq!(nbf(json!(u64::MAX)), Some(Unauthorized::NotYet));
    assert_eq!(nbf(json!(i64::MIN)), None);
    assert_eq!(nbf(json!(null)), None);
}

#[test]
fn the_time_is_the_one_passed_in() {
    let token = hs256(&good());
    for now in [0, NOW, NOW + 120] {
        assert!(admit(&keys(), &token, now).is_ok(), "{now}");
    }
    for now in [NOW + 121, NOW + 1_000_000_000, i64::MAX] {
        assert_eq!(
            admit(&keys(), &token, now),
            Err(Unauthorized::Expired),
            "{now}"
        );
    }
}

#[test]
fn the_issuer_is_the_relay() {
    assert_eq!(refusal(&without("iss")), Some(Unauthorized::WrongIssuer));
    for iss in [
        json!("somebody"),
        json!(""),
        json!(null),
        json!(7),
        json!([RELAY]),
        json!("Voicedrive-Relay"),
    ] {
        assert_eq!(
            refusal(&with("iss", iss.clone())),
            Some(Unauthorized::WrongIssuer),
            "{iss}"
        );
    }
}

#[test]
fn the_audience_is_the_relay_or_a_list_with_it() {
    assert_eq!(refusal(&without("aud")), Some(Unauthorized::WrongAudience));
    for aud in [
        json!("somebody"),
        json!(null),
        json!(7),
        json!([]),
        json!(["somebody"]),
        json!([[RELAY]]),
        json!({RELAY: RELAY}),
    ] {
        assert_eq!(
            refusal(&with("aud", aud.clone())),
            Some(Unauthorized::WrongAudience),
            "{aud}"
        );
    }
    for aud in [json!([RELAY]), json!(["somebody", 7, RELAY])] {
        assert_eq!(refusal(&with("aud", aud.clone())), None, "{aud}");
    }
}

#[test]
fn a_revoked_token_is_refused() {
    let keys = keys();
    let issued = keys.issue("s", &[Scope::Admin], NOW, 1).unwrap();
    let header = format!("bearer {}", issued.token);
    let refused = keys.admit(Some(&header), at(NOW), |jti| jti == issued.jti);
    assert_eq!(refused, Err(Unauthorized::Revoked));
    assert!(
        keys.admit(Some(&header), at(NOW), |jti| jti == "j-1")
            .is_ok()
    );
}

#[test]
fn a_token_without_a_name_cannot_be_revoked() {
    for token in [without("jti"), with("jti", json!(null))] {
        let caller = keys().admit(Some(&format!("Bearer {token}")), at(NOW), |_| true);
        assert_eq!(caller.unwrap().jti, None);
    }
}

#[test]
fn only_good_tokens_are_looked_up_among_the_revoked() {
    let foreign = jwt(
        &json!({"alg": "HS256"}),
        &good(),
        b"somebody-else's-secret-of-32-characters-or-more",
    );
    let unsigned = jwt(&json!({"alg": "none"}), &good(), KEY);
    let expired = with("exp", json!(NOW - 61));
    for (token, asked) in [
        (&foreign, false),
        (&unsigned, false),
        (&expired, false),
        (&API.to_owned(), false),
        (&hs256(&good()), true),
    ] {
        let was_asked = Cell::new(false);
        let _ = keys().admit(Some(&format!("Bearer {token}")), at(NOW), |jti| {
            was_asked.set(true);
            assert_eq!(jti, "j-1");
            false
        });
        assert_eq!(was_asked.get(), asked, "{token}");
    }
}

#[test]
fn the_static_token_reads_statistics_and_nothing_else() {
    let keys = Keys::new(None, None, [API]);
    let caller = admit(&keys, API, NOW).unwrap();
    assert_eq!(caller.subject, "voicedrive-api-token");
    assert_eq!(caller.jti, None);
    for scope in Scope::ALL {
        let held = [Scope::StatsRead, Scope::Reconcile].contains(&scope);
        assert_eq!(caller.scopes.allows(scope), held);
    }
    assert!(keys.issue("s", &[Scope::Admin], NOW, 1).is_err());
}

#[test]
fn the_static_token_is_accepted_only_as_it_is() {
    for token in [
        &API[..API.len() - 1],
        &API[1..],
        &format!("{API}x"),
        &format!("x{API}"),
        &format!("{API}{API}"),
        &format!("{API} {API}"),
        &format!("{API}\t"),
        &API.to_uppercase(),
    ] {
        assert_eq!(refusal(token), Some(Unauthorized::Malformed), "{token}");
    }
}

#[test]
fn a_static_token_that_looks_like_a_jwt_is_a_static_token() {
    let api = jwt(&json!({"alg": "none"}), &good(), KEY);
    let keys = Keys::new(Some(KEY), None, [api.as_str()]);
    assert_eq!(
        admit(&keys, &api, NOW).unwrap().subject,
        "voicedrive-api-token"
    );
}

#[test]
fn an_issued_token_is_good_for_its_days() {
    let keys = Keys::new(Some(KEY), None, []);
    let scopes = [Scope::EventsRead, Scope::InterviewsWrite];
    let issued = keys.issue("山田", &scopes, NOW, 30).unwrap();
    assert_eq!(issued.exp, NOW + 30 * 86_400);
    let caller = admit(&keys, &issued.token, issued.exp + 60).unwrap();
    assert_eq!(caller.subject, "山田");
    assert_eq!(caller.jti.as_ref(), Some(&issued.jti));
    assert_eq!(caller.scopes, Scopes(scopes.to_vec()));
    assert_eq!(
        admit(&keys, &issued.token, issued.exp + 61),
        Err(Unauthorized::Expired)
    );
}

#[test]
fn an_issued_token_has_a_name_of_its_own_and_of_its_time() {
    let keys = keys();
    let name = || keys.issue("s", &[], NOW, 1).unwrap().jti;
    assert_ne!(name(), name());
    let uuid = Uuid::parse_str(&name()).unwrap();
    assert_eq!(uuid.get_version_num(), 7);
    let moment = uuid.get_timestamp().unwrap().to_unix();
    assert_eq!(moment, (u64::try_from(NOW).unwrap(), 0));
}

#[test]
fn no_time_and_no_number_of_days_is_too_much() {
    for now in [i64::MIN, -1, 0, i64::MAX] {
        let issued = keys().issue("s", &[Scope::Admin], now, u32::MAX).unwrap();
        assert!(admit(&keys(), &issued.token, now).is_ok(), "{now}");
    }
}

#[test]
fn scopes_allow_themselves_and_admin_allows_everything() {
    for held in Scope::ALL {
        let scopes = Scopes::read(held.as_str());
        for wanted in Scope::ALL {
            let allowed = held == wanted || held == Scope::Admin;
            assert_eq!(scopes.allows(wanted), allowed, "{held:?} {wanted:?}");
        }
        assert_eq!(Scope::from_word(held.as_str()), Some(held));
    }
}

#[test]
fn unknown_scopes_allow_nothing() {
    for scope in [
        json!("stats:write Admin ADMIN * stats: :read admin,events:read"),
        json!(""),
    ] {
        let caller = admit(&keys(), &with("scope", scope), NOW).unwrap();
        assert!(!Scope::ALL.into_iter().any(|s| caller.scopes.allows(s)));
    }
    let caller = admit(&keys(), &without("scope"), NOW).unwrap();
    assert_eq!(caller.scopes, Scopes(Vec::new()));
    let caller = admit(&keys(), &with("scope", json!("  x  events:read ")), NOW).unwrap();
    assert_eq!(caller.scopes, Scopes(vec![Scope::EventsRead]));
}

#[test]
fn a_refusal_says_nothing_of_the_token() {
    let foreign = jwt(
        &json!({"alg": "HS256"}),
        &json!({"sub": "hush"}),
        b"hush-hush",
    );
    for token in [foreign, "hush".to_owned(), with("iss", json!("hush"))] {
        let refused = refusal(&token).unwrap();
        assert!(!format!("{refused} {refused:?}").contains("hush"));
    }
}

proptest! {
    #[test]
    fn no_garbage_is_let_in(header in ".{0,200}") {
        prop_assert!(keys().admit(Some(&header), at(NOW), |_| false).is_err());
    }

    #[test]
    fn no_garbage_in_the_form_of_a_token_is_let_in(
        token in "[A-Za-z0-9_-]{0,60}(\\.[A-Za-z0-9_-]{0,60}){0,4}",
    ) {
        prop_assert!(refusal(&token).is_some());
    }

    #[test]
    fn a_token_that_was_changed_anywhere_is_not_let_in(
        at in any::<prop::sample::Index>(),
        to in "[A-Za-z0-9_.=-]",
    ) {
        let token = hs256(&good());
        let at = at.index(token.len());
        let changed = format!("{}{to}{}", &token[..at], &token[at + 1..]);
        prop_assert_eq!(refusal(&changed).is_none(), changed == token);
    }

    #[test]
    fn no_signed_claims_of_any_kind_make_it_panic(
        name in "iss|aud|sub|jti|exp|nbf|iat|scope",
        value in "null|true|-?[0-9]{1,30}|[0-9]\\.[0-9]e-?[0-9]{1,3}|\"[a-z ]{0,9}\"|\\[1\\]|\\{\\}",
    ) {
        let mut claims = good();
        claims[name] = serde_json::from_str(&value).unwrap_or_default();
        let _ = refusal(&hs256(&claims));
    }

    #[test]
    fn an_issued_token_says_what_was_asked_for(
        subject in ".{0,191}",
        scopes in prop::sample::subsequence(Scope::ALL.to_vec(), 0..=7),
        days in 0_u32..4000,
    ) {
        let issued = keys().issue(&subject, &scopes, NOW, days).unwrap();
        let caller = admit(&keys(), &issued.token, NOW).unwrap();
        prop_assert_eq!(caller.subject, subject);
        prop_assert_eq!(caller.scopes, Scopes(scopes));
    }
}
