//! How a receiver wants to be addressed: which body, which headers, which text is signed.
//!
//! A profile is data. The ones that VoiceDrive's receivers need stand in one table here
//! (contract, section 5); nothing else in the program knows a profile by its name.

use std::fmt;

use crate::timestamp::Timestamp;

/// One way to address a receiver. The default one posts the data itself, unsigned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// What the configuration calls it.
    pub name: String,
    /// What the body is made of.
    pub body: Body,
    /// Headers that are the same for every request.
    pub fixed_headers: Vec<(String, String)>,
    /// The header that carries the request id besides `X-Request-ID`.
    pub id_header: Option<String>,
    /// The header that carries the attempt's time, and its form.
    pub timestamp: Option<(String, TimestampFormat)>,
    /// How the request is signed; none for receivers that take a bearer token.
    pub signature: Option<SignatureForm>,
}

/// What a body is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Body {
    /// An object with these keys, in this order.
    Envelope(Vec<Key>),
    /// The event's data itself.
    #[default]
    Data,
}

/// A key of an envelope; its name says what stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// The event's name, under `event`.
    Event,
    /// The event's name, under `eventType`.
    EventType,
    /// The event's name, under `type`.
    Type,
    /// When the event happened, under `timestamp`.
    Timestamp,
    /// `medical-system`, under `source`.
    Source,
    /// The payload, under `data`.
    Data,
}

/// How a timestamp header spells the attempt's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimestampFormat {
    /// `2025-10-26T14:30:00.123Z`.
    Iso8601,
    /// Milliseconds since the Unix epoch.
    UnixMs,
    /// Seconds since the Unix epoch.
    UnixS,
}

/// Where a signature stands, and what it signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureForm {
    /// The header that carries it.
    pub header: String,
    /// The text that is signed, in pieces.
    pub signed_text: Vec<TemplatePart>,
    /// How its bytes are spelled.
    pub encoding: Encoding,
    /// What stands before it, such as `v1,`.
    pub prefix: String,
    /// A secret `whsec_…` is the base64 of the key.
    pub decodes_whsec: bool,
    /// While a secret is rotated, the header carries a signature of each, separated by blanks.
    pub carries_several: bool,
}

/// A piece of the text that is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplatePart {
    /// The request id.
    Id,
    /// The timestamp header's value.
    Timestamp,
    /// The body.
    Body,
    /// This text.
    Literal(String),
}

/// How the bytes of a signature are spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Lower-case hexadecimal digits.
    Hex,
    /// Standard base64 with padding.
    Base64,
}

/// Every built-in profile by name.
pub const BUILT_IN: [&str; 8] = [
    "medical-system",
    "voicedrive-employee",
    "voicedrive-whistleblowing",
    "voicedrive-compliance",
    "voicedrive-staff-system",
    "voicedrive-notification",
    "standard-webhooks",
    "unsigned",
];

impl Profile {
    /// The longest body that VoiceDrive's receiver of this profile takes, in bytes (contract, section 3); none: no
    /// limit is known.
    #[must_use]
    pub fn max_body_bytes(&self) -> Option<usize> {
        let limited = [
            "voicedrive-employee",
            "voicedrive-whistleblowing",
            "voicedrive-compliance",
        ];
        limited.contains(&self.name.as_str()).then_some(102_400)
    }

    /// The built-in profile with this name.
    #[must_use]
    pub fn built_in(name: &str) -> Option<Self> {
        use Key::{Data, Event, EventType, Source, Timestamp, Type};
        use TimestampFormat::{Iso8601, UnixMs, UnixS};
        let seeds_body = Body::Envelope(vec![Event, Timestamp, Source, Data]);
        let profile = match name {
            "medical-system" => Self {
                fixed_headers: vec![(
                    "X-Medical-System-Source".to_owned(),
                    "staff-medical-system".to_owned(),
                )],
                ..Self::signed(
                    seeds_body,
                    ("X-Medical-System-Timestamp", Iso8601),
                    ("X-Medical-System-Signature", "{timestamp}.{body}"),
                )
            },
            "voicedrive-employee" => Self::signed(
                Body::Envelope(vec![EventType, Timestamp, Data]),
                ("X-Webhook-Timestamp", UnixMs),
                ("X-Webhook-Signature", "{timestamp}{body}"),
            ),
            "voicedrive-whistleblowing" => Self::signed(
                Body::Data,
                ("X-Webhook-Timestamp", Iso8601),
                ("X-Medical-System-Signature", "{timestamp}.{body}"),
            ),
            "voicedrive-compliance" => Self::signed(
                Body::Data,
                ("X-Webhook-Timestamp", Iso8601),
                ("X-Webhook-Signature", "{body}"),
            ),
            "voicedrive-staff-system" => Self::signed(
                Body::Envelope(vec![Event, Data]),
                ("X-VoiceDrive-Timestamp", Iso8601),
                ("X-VoiceDrive-Signature", "{body}{timestamp}"),
            ),
            "voicedrive-notification" => Self::signed(
                Body::Data,
                ("X-Timestamp", Iso8601),
                ("X-Signature", "{body}{timestamp}"),
            ),
            "standard-webhooks" => Self {
                id_header: Some("webhook-id".to_owned()),
                signature: Some(SignatureForm {
                    header: "webhook-signature".to_owned(),
                    signed_text: pieces("{id}.{timestamp}.{body}"),
                    encoding: Encoding::Base64,
                    prefix: "v1,".to_owned(),
                    decodes_whsec: true,
                    carries_several: true,
                }),
                ..Self::signed(
                    Body::Envelope(vec![Type, Timestamp, Data]),
                    ("webhook-timestamp", UnixS),
                    ("webhook-signature", ""),
                )
            },
            "unsigned" => Self {
                timestamp: None,
                signature: None,
                ..Self::signed(seeds_body, ("", Iso8601), ("", ""))
            },
            _ => return None,
        };
        Some(Self {
            name: name.to_owned(),
            ..profile
        })
    }

    /// The common form: one timestamp header, one signature in hexadecimal digits.
    fn signed(body: Body, timestamp: (&str, TimestampFormat), signature: (&str, &str)) -> Self {
        Self {
            name: String::new(),
            body,
            fixed_headers: Vec::new(),
            id_header: None,
            timestamp: Some((timestamp.0.to_owned(), timestamp.1)),
            signature: Some(SignatureForm {
                header: signature.0.to_owned(),
                signed_text: pieces(signature.1),
                encoding: Encoding::Hex,
                prefix: String::new(),
                decodes_whsec: false,
                carries_several: false,
            }),
        }
    }

    /// The headers that it sets.
    pub fn headers(&self) -> impl Iterator<Item = &str> {
        let fixed = self.fixed_headers.iter().map(|(name, _)| name);
        let timestamp = self.timestamp.iter().map(|(name, _)| name);
        let signature = self.signature.iter().map(|form| &form.header);
        let all = fixed.chain(&self.id_header).chain(timestamp);
        all.chain(signature).map(String::as_str)
    }

    /// The body for an event, the same bytes for every attempt. `data` is in the spelling that
    /// survives JavaScript, and so is the whole then.
    #[must_use]
    pub fn body(&self, event_type: &str, event_timestamp: Timestamp, data: &str) -> String {
        let keys = match &self.body {
            Body::Data => return data.to_owned(),
            Body::Envelope(keys) => keys,
        };
        let mut body = String::with_capacity(data.len() + 160);
        for (index, key) in keys.iter().enumerate() {
            body.push(if index == 0 { '{' } else { ',' });
            // No value but the data can hold a character that JSON escapes.
            match key {
                Key::Data => body.extend(["\"data\":", data]),
                Key::Source => body.push_str("\"source\":\"medical-system\""),
                Key::Timestamp => {
                    body.extend(["\"timestamp\":\"", &event_timestamp.to_string(), "\""]);
                }
                Key::Event => body.extend(["\"event\":\"", event_type, "\""]),
                Key::EventType => body.extend(["\"eventType\":\"", event_type, "\""]),
                Key::Type => body.extend(["\"type\":\"", event_type, "\""]),
            }
        }
        body.push('}');
        body
    }
}

impl Key {
    /// The key that `word` names: its own name in the body.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "event" => Some(Self::Event),
            "eventType" => Some(Self::EventType),
            "type" => Some(Self::Type),
            "timestamp" => Some(Self::Timestamp),
            "source" => Some(Self::Source),
            "data" => Some(Self::Data),
            _ => None,
        }
    }
}

impl Encoding {
    /// The encoding that `word` names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "hex" => Some(Self::Hex),
            "base64" => Some(Self::Base64),
            _ => None,
        }
    }
}

impl SignatureForm {
    /// Reads the text that is signed, such as `{timestamp}.{body}`; none when it does not cover
    /// the body, or has something in braces that nothing is known of.
    #[must_use]
    pub fn template(text: &str, has_timestamp: bool) -> Option<Vec<TemplatePart>> {
        let pieces = pieces(text);
        let fits = |piece: &TemplatePart| match piece {
            TemplatePart::Literal(text) => !text.contains(['{', '}']),
            TemplatePart::Timestamp => has_timestamp,
            TemplatePart::Id | TemplatePart::Body => true,
        };
        (pieces.contains(&TemplatePart::Body) && pieces.iter().all(fits)).then_some(pieces)
    }
}

impl TimestampFormat {
    /// The format that `word` names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "iso8601" => Some(Self::Iso8601),
            "unix-ms" => Some(Self::UnixMs),
            "unix-s" => Some(Self::UnixS),
            _ => None,
        }
    }

    /// Spells a moment in this format.
    #[must_use]
    pub fn spell(self, moment: Timestamp) -> String {
        match self {
            Self::Iso8601 => moment.to_string(),
            Self::UnixMs => moment.unix_ms().to_string(),
            Self::UnixS => moment.unix_seconds().to_string(),
        }
    }

    /// Reads what a header spells in this format.
    #[must_use]
    pub fn read(self, text: &str) -> Option<Timestamp> {
        match self {
            Self::Iso8601 => Timestamp::parse(text).ok(),
            Self::UnixMs => text.parse().ok().map(Timestamp::from_unix_ms),
            Self::UnixS => text
                .parse::<i64>()
                .ok()
                .and_then(|s| s.checked_mul(1000))
                .map(Timestamp::from_unix_ms),
        }
    }
}

/// Cuts `{timestamp}.{body}` into its pieces. A name in braces that nothing is known of stays as
/// it is written.
fn pieces(template: &str) -> Vec<TemplatePart> {
    let known = [
        ("{id}", TemplatePart::Id),
        ("{timestamp}", TemplatePart::Timestamp),
        ("{body}", TemplatePart::Body),
    ];
    let mut pieces = Vec::new();
    let mut rest = template;
    while !rest.is_empty() {
        if let Some((name, piece)) = known.iter().find(|(name, _)| rest.starts_with(name)) {
            pieces.push(piece.clone());
            rest = &rest[name.len()..];
        } else {
            let end = rest[1..].find('{').map_or(rest.len(), |at| at + 1);
            pieces.push(TemplatePart::Literal(rest[..end].to_owned()));
            rest = &rest[end..];
        }
    }
    pieces
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests;
