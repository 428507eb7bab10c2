//! The little of HTTP/1.1 that the driver and the sink share: where a head ends, and how long its
//! body is.

use voicedrive_relay::testing::crypto::{hex, hmac_sha256};

/// A head that is complete.
pub struct Head {
    /// Bytes of the head, with the empty line.
    pub length: usize,
    /// Bytes of the body behind it.
    pub body: usize,
}

const LENGTH: &[u8] = b"content-length:";

/// Finds the first complete head of `bytes`. It looks at line ends only, because it runs for every
/// request on the cores that are being measured.
pub fn head(bytes: &[u8]) -> Option<Head> {
    let mut body = 0;
    let mut line = 0;
    let mut at = 0;
    while at + 1 < bytes.len() {
        if bytes[at] != b'\r' {
            at += 1;
            continue;
        }
        if line == at {
            return Some(Head {
                length: at + 2,
                body,
            });
        }
        if let Some(value) = after_name(&bytes[line..at]) {
            body = number(value);
        }
        at += 2;
        line = at;
    }
    None
}

fn after_name(line: &[u8]) -> Option<&[u8]> {
    let name = line.get(..LENGTH.len())?;
    name.eq_ignore_ascii_case(LENGTH)
        .then(|| &line[LENGTH.len()..])
}

fn number(digits: &[u8]) -> usize {
    let digits = digits.iter().filter(|b| b.is_ascii_digit());
    digits.fold(0, |n, b| n * 10 + usize::from(b - b'0'))
}

/// The request that hands in one event, as bytes.
pub fn post(address: &str, path: &str, token: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// An event as the staff system's webhook sender posts it to the ingest (contract 4.6), as bytes. Each
/// number makes another event, so that none is a repeat; every second one says in its data when it happened. The
/// body has 700 bytes.
pub fn signed(address: &str, secret: &str, now: &str, number: u64) -> Vec<u8> {
    let happened = match number % 2 {
        0 => String::new(),
        _ => format!(
            r#""updatedAt":"2025-10-26T14:{:02}:{:02}.{:03}Z","#,
            number / 60_000 % 60,
            number / 1000 % 60,
            number % 1000
        ),
    };
    let front = format!(
        r#"{{"event":"employee.updated","timestamp":"{now}","source":"medical-system","data":{{"staffId":"EMP-{number:08}",{happened}"pad":""#
    );
    let pad = 700 - front.len() - 3;
    let body = format!(r#"{front}{number:x>pad$}"}}}}"#);
    let signature = hmac_sha256(secret.as_bytes(), &[now.as_bytes(), b".", body.as_bytes()]);
    format!(
        "POST /in HTTP/1.1\r\nhost: {address}\r\nx-medical-system-signature: {}\r\n\
         x-medical-system-timestamp: {now}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        hex(&signature),
        body.len()
    )
    .into_bytes()
}

/// A request that asks for something, as bytes.
pub fn get(address: &str, path: &str, token: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\r\n")
        .into_bytes()
}

/// The body of an event of this type about this person. The whole of it has 700 bytes.
pub fn event(event_type: &str, person: usize) -> String {
    let front = format!(r#"{{"event":"{event_type}","data":{{"staffId":"EMP-{person:08}","pad":""#);
    let pad = 700 - front.len() - 3;
    format!(r#"{front}{}"}}}}"#, "x".repeat(pad))
}
