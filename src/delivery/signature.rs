//! Signing a request the way its profile says, and the headers that come of it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::profile::{Encoding, Profile, SignatureForm, TemplatePart};
use crate::crypto;
use crate::timestamp::Timestamp;

/// The headers that `profile` adds to an attempt: fixed ones, id, timestamp and signature.
///
/// `secrets` are the present one and the one before it; a profile whose header can carry several
/// signatures signs with each of them, the others with the present one.
#[must_use]
pub fn headers(
    profile: &Profile,
    secrets: &[&[u8]],
    request_id: &str,
    attempt_at: Timestamp,
    body: &str,
) -> Vec<(String, String)> {
    let mut headers = profile.fixed_headers.clone();
    if let Some(name) = &profile.id_header {
        headers.push((name.clone(), request_id.to_owned()));
    }
    let mut timestamp = String::new();
    if let Some((name, format)) = &profile.timestamp {
        timestamp = format.spell(attempt_at);
        headers.push((name.clone(), timestamp.clone()));
    }
    if let Some(form) = &profile.signature {
        let several = if form.carries_several {
            secrets.len()
        } else {
            1
        };
        let signatures: Vec<String> = secrets
            .iter()
            .take(several)
            .map(|secret| sign(form, secret, request_id, &timestamp, body))
            .collect();
        headers.push((form.header.clone(), signatures.join(" ")));
    }
    headers
}

/// The signature header's value.
#[must_use]
pub fn sign(
    form: &SignatureForm,
    secret: &[u8],
    request_id: &str,
    timestamp: &str,
    body: &str,
) -> String {
    let parts: Vec<&[u8]> = form
        .signed_text
        .iter()
        .map(|piece| match piece {
            TemplatePart::Id => request_id.as_bytes(),
            TemplatePart::Timestamp => timestamp.as_bytes(),
            TemplatePart::Body => body.as_bytes(),
            TemplatePart::Literal(text) => text.as_bytes(),
        })
        .collect();
    let decoded = form.decodes_whsec.then(|| decode_whsec(secret)).flatten();
    let mac = crypto::hmac_sha256(decoded.as_deref().unwrap_or(secret), &parts);
    let spelled = match form.encoding {
        Encoding::Hex => crypto::hex(&mac),
        Encoding::Base64 => STANDARD.encode(mac),
    };
    format!("{}{spelled}", form.prefix)
}

/// Whether a secret can be a key: one that begins with `whsec_`, where that says something, has a key behind it.
#[must_use]
pub fn is_key(form: &SignatureForm, secret: &[u8]) -> bool {
    let says_base64 = form.decodes_whsec && secret.starts_with(WHSEC);
    !says_base64 || decode_whsec(secret).is_some_and(|key| !key.is_empty())
}

/// What a secret begins with whose rest is the base64 of the key.
const WHSEC: &[u8] = b"whsec_";

/// The key inside a secret of the form `whsec_` and base64; none when it has another form.
fn decode_whsec(secret: &[u8]) -> Option<Vec<u8>> {
    STANDARD.decode(secret.strip_prefix(WHSEC)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize)]
    struct Vectors {
        cases: Vec<Case>,
    }

    #[derive(Deserialize)]
    struct Case {
        profile: String,
        secret: String,
        event: String,
        event_timestamp: String,
        request_id: String,
        attempt_at_unix_ms: i64,
        data: Box<serde_json::value::RawValue>,
        body: String,
        timestamp_header: String,
        signature_header: String,
    }

    #[test]
    fn every_case_of_the_vectors_is_met() {
        let text = include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/data/vectors/signatures.json"
        ));
        let vectors: Vectors = serde_json::from_str(text).unwrap();
        assert!(vectors.cases.len() >= 10);
        for case in vectors.cases {
            let profile = Profile::built_in(&case.profile).unwrap();
            let data = crate::stable_json::stabilize(case.data.get()).unwrap();
            let happened = Timestamp::parse(&case.event_timestamp).unwrap();
            let body = profile.body(&case.event, happened, &data);
            assert_eq!(body, case.body, "{}", case.profile);
            let headers = headers(
                &profile,
                &[case.secret.as_bytes()],
                &case.request_id,
                Timestamp::from_unix_ms(case.attempt_at_unix_ms),
                &body,
            );
            let header = |name: &str| {
                let found = headers.iter().find(|(n, _)| n == name);
                found.map(|(_, value)| value.as_str())
            };
            let (timestamp, _) = profile.timestamp.as_ref().unwrap();
            let signature = profile.signature.as_ref().unwrap();
            assert_eq!(header(timestamp), Some(case.timestamp_header.as_str()));
            assert_eq!(
                header(&signature.header),
                Some(case.signature_header.as_str()),
                "{}",
                case.profile
            );
        }
    }
}
