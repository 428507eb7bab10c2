//! Forms that receivers want besides the built-in ones: `[profile.NAME]` (contract, section 5).

use super::Expected;
use super::free_header::is_free_header;
use super::reader::{Document, Section};
use crate::delivery::profile::{
    BUILT_IN, Body, Encoding, Key, Profile, SignatureForm, TimestampFormat,
};

/// The built-in profiles, and those that the file adds to them.
pub(super) fn read(document: &mut Document<'_>, root: &mut Section<'_>) -> Vec<Profile> {
    let mut profiles: Vec<Profile> = BUILT_IN
        .iter()
        .filter_map(|name| Profile::built_in(name))
        .collect();
    let sections = root.section(document, "profile").named_tables(document);
    for (name, mut section) in sections {
        let line = section.line();
        if !is_profile_name(&name) || BUILT_IN.contains(&name.as_str()) {
            let key = format!("profile.{name}");
            document.refuse_at(line, &key, Expected::ProfileName);
        }
        profiles.push(read_profile(document, &mut section, name));
        section.finish(document);
    }
    profiles
}

fn read_profile(document: &mut Document<'_>, section: &mut Section<'_>, name: String) -> Profile {
    let header = |text: &str| is_free_header(text).then(|| text.to_owned());
    if !section.has("body") {
        section.missing(document, "body", Expected::ProfileBody);
    }
    let body = section.value(document, "body", Expected::ProfileBody, |value| {
        if value.as_str() == Some("data") {
            return Some(Body::Data);
        }
        let keys: Option<Vec<Key>> = value
            .as_array()?
            .iter()
            .map(|key| Key::from_word(key.get_ref().as_str()?))
            .collect();
        let keys = keys?;
        let once = keys
            .iter()
            .enumerate()
            .all(|(at, key)| !keys[..at].contains(key));
        (once && keys.contains(&Key::Data)).then_some(Body::Envelope(keys))
    });
    let timestamp_header = section.value(
        document,
        "timestamp_header",
        Expected::FreeHeader,
        |value| header(value.as_str()?),
    );
    let has_format = section.has("timestamp_format");
    let format = section.parsed(
        document,
        "timestamp_format",
        TimestampFormat::Iso8601,
        Expected::OneOf(&["iso8601", "unix-ms", "unix-s"]),
        TimestampFormat::from_word,
    );
    if has_format && timestamp_header.is_none() {
        let expected = Expected::GivenWith("timestamp_format");
        section.missing(document, "timestamp_header", expected);
    }
    let signature = read_signature(document, section, timestamp_header.as_deref());
    Profile {
        name,
        body: body.unwrap_or(Body::Data),
        timestamp: timestamp_header.map(|header| (header, format)),
        signature,
        ..Profile::default()
    }
}

fn read_signature(
    document: &mut Document<'_>,
    section: &mut Section<'_>,
    timestamp_header: Option<&str>,
) -> Option<SignatureForm> {
    let has_header = section.has("signature_header");
    let header = section.value(
        document,
        "signature_header",
        Expected::SignatureHeader,
        |value| {
            let name = value.as_str().filter(|name| is_free_header(name))?;
            let differs = timestamp_header.is_none_or(|other| !other.eq_ignore_ascii_case(name));
            differs.then(|| name.to_owned())
        },
    );
    let has_text = section.has("signed_text");
    let text_expected = Expected::SignedText(timestamp_header.is_some());
    let signed_text = section.value(document, "signed_text", text_expected, |value| {
        SignatureForm::template(value.as_str()?, timestamp_header.is_some())
    });
    let encoding = section.parsed(
        document,
        "encoding",
        Encoding::Hex,
        Expected::OneOf(&["hex", "base64"]),
        Encoding::from_word,
    );
    let prefix = section.parsed(
        document,
        "signature_prefix",
        String::new(),
        Expected::PrintableText,
        |text| {
            let fits = text.bytes().all(|b| (b' '..=b'~').contains(&b));
            fits.then(|| text.to_owned())
        },
    );
    if has_header != has_text {
        let (lacking, given) = if has_header {
            ("signed_text", "signature_header")
        } else {
            ("signature_header", "signed_text")
        };
        section.missing(document, lacking, Expected::GivenWith(given));
    }
    Some(SignatureForm {
        header: header?,
        signed_text: signed_text?,
        encoding,
        prefix,
        decodes_whsec: false,
        carries_several: false,
    })
}

fn is_profile_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}
