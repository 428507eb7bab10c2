//! Broken HTTP gets the envelope too.
//!
//! What hyper cannot parse never reaches a handler: hyper answers by itself, with a status and no
//! body, and closes. This wraps a connection and replaces such an answer on its way out by one in
//! the contract's shape. Every answer of a handler carries `X-Request-ID`, so one without it is
//! hyper's own.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::StatusCode;
use hyper::rt::{Read, ReadBufCursor, Write};
use uuid::Uuid;

use crate::clock::Clock;
use crate::http::reply;

/// The longest answer that hyper makes by itself has fewer bytes.
const LONGEST_OWN_ANSWER: usize = 256;

/// A connection whose broken requests are answered in the contract's shape.
pub struct Enveloping<C> {
    connection: C,
    clock: Clock,
    /// The replacement that is being written, and how much of it is out.
    replacement: Option<(Vec<u8>, usize)>,
}

impl<C> Enveloping<C> {
    /// Wraps a connection.
    pub fn new(connection: C, clock: Clock) -> Self {
        Self {
            connection,
            clock,
            replacement: None,
        }
    }
}

/// The status of an answer that hyper made by itself; none for an answer of a handler.
fn own_answer(bytes: &[u8]) -> Option<StatusCode> {
    if bytes.len() > LONGEST_OWN_ANSWER || !bytes.ends_with(b"\r\n\r\n") {
        return None;
    }
    let head = std::str::from_utf8(bytes).ok()?.to_ascii_lowercase();
    let status = head.strip_prefix("http/1.1 4")?.get(..2)?;
    let status = StatusCode::from_bytes(format!("4{status}").as_bytes()).ok()?;
    (head.contains("content-length: 0") && !head.contains("x-request-id")).then_some(status)
}

/// The answer in the contract's shape, as it goes over the wire.
fn replacement(status: StatusCode, clock: &Clock) -> Vec<u8> {
    let (code, message) = match status {
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
            ("PAYLOAD_TOO_LARGE", "The request's headers are too large")
        }
        StatusCode::URI_TOO_LONG => ("PAYLOAD_TOO_LARGE", "The request's path is too long"),
        _ => ("INVALID_PARAMETER", "The request is not valid HTTP/1.1"),
    };
    let body = reply::failure_body(code, message, clock.now());
    format!(
        "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-type: application/json\r\n\
         cache-control: no-store\r\nx-request-id: {}\r\ncontent-length: {}\r\n\r\n{body}",
        Uuid::now_v7(),
        body.len(),
    )
    .into_bytes()
}

impl<C: Read + Unpin> Read for Enveloping<C> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().connection).poll_read(context, buffer)
    }
}

impl<C: Write + Unpin> Write for Enveloping<C> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.replacement.is_none() {
            match own_answer(bytes) {
                None => return Pin::new(&mut this.connection).poll_write(context, bytes),
                Some(status) => this.replacement = Some((replacement(status, &this.clock), 0)),
            }
        }
        while let Some((answer, written)) = &mut this.replacement {
            if *written == answer.len() {
                this.replacement = None;
            } else {
                let rest = &answer[*written..];
                *written += ready!(Pin::new(&mut this.connection).poll_write(context, rest))?;
            }
        }
        // hyper's own bytes are dealt with, all of them.
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().connection).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().connection).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timestamp::Timestamp;

    #[test]
    fn only_an_answer_of_hypers_own_is_replaced() {
        let own = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        assert_eq!(own_answer(own).map(|s| s.as_u16()), Some(431));
        for other in [
            &b"HTTP/1.1 404 Not Found\r\nx-request-id: 1\r\ncontent-length: 0\r\n\r\n"[..],
            b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            b"HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\n{}",
            b"{\"success\":false}",
        ] {
            assert_eq!(own_answer(other), None);
        }
    }

    #[test]
    fn the_replacement_is_a_whole_answer() {
        let clock = Clock::by_hand(Timestamp::from_unix_ms(0));
        let wire = String::from_utf8(replacement(StatusCode::BAD_REQUEST, &clock)).unwrap();
        let (head, body) = wire.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 400 Bad Request\r\n"));
        assert!(head.contains(&format!("content-length: {}", body.len())));
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["error"]["code"], "INVALID_PARAMETER");
        assert_eq!(own_answer(wire.as_bytes()), None);
    }
}
