//! What was heard of an answer, for those that the HTTP library cannot make sense of or that do not end in time. An event
//! whose answer says 2xx was taken, however malformed the rest is: sent again, it would arrive twice.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use hyper::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The most that is kept of an answer, in bytes: the lines with its statuses.
const KEPT: usize = 4096;
/// How requests begin.
const METHODS: [&[u8]; 3] = [b"POST ", b"GET ", b"HEAD "];

/// The beginning of the answer to the request that is under way on a connection; none: nothing is under way.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard(Arc<Mutex<Option<Vec<u8>>>>);

impl Heard {
    /// The status that the answer begins with, when as much of it has come.
    pub(super) fn status(&self) -> Option<StatusCode> {
        final_status(self.lock().as_deref()?)
    }

    /// The library has understood the head of the answer. When nothing was heard yet, the next request has begun on the
    /// connection, and its answer is still to come.
    pub(super) fn end(&self) {
        let mut heard = self.lock();
        if heard.as_ref().is_some_and(|heard| !heard.is_empty()) {
            *heard = None;
        }
    }

    fn written(&self, bytes: &[u8]) {
        if METHODS.iter().any(|method| bytes.starts_with(method)) {
            *self.lock() = Some(Vec::new());
        }
    }

    fn read(&self, bytes: &[u8]) {
        if let Some(heard) = &mut *self.lock() {
            let room = KEPT.saturating_sub(heard.len()).min(bytes.len());
            heard.extend_from_slice(&bytes[..room]);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<u8>>> {
        // Nothing that is done under the lock can leave it half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stream on which somebody listens, and what else is known of it.
pub(super) struct Overheard<S, A> {
    pub(super) stream: S,
    pub(super) heard: Heard,
    pub(super) about: A,
}

impl<S: AsyncRead + Unpin, A: Unpin> AsyncRead for Overheard<S, A> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.heard.read(&buffer.filled()[before..]);
        polled
    }
}

impl<S: AsyncWrite + Unpin, A: Unpin> AsyncWrite for Overheard<S, A> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.heard.written(bytes);
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// The status of an answer, behind those that only say that it is still to come.
fn final_status(mut answer: &[u8]) -> Option<StatusCode> {
    loop {
        let status = status_line(answer)?;
        if !status.is_informational() {
            return Some(status);
        }
        let blank_line = |part: &[u8]| part == b"\r\n\r\n";
        let end = answer.windows(4).position(blank_line)?;
        answer = &answer[end + 4..];
    }
}

fn status_line(answer: &[u8]) -> Option<StatusCode> {
    let answer = answer.trim_ascii_start();
    let (protocol, rest) = answer.split_at_checked(5)?;
    if !protocol.eq_ignore_ascii_case(b"HTTP/") {
        return None;
    }
    let blank = rest.iter().position(u8::is_ascii_whitespace)?;
    let (version, rest) = rest.split_at(blank);
    let is_version = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
    let (digits, rest) = rest.trim_ascii_start().split_at_checked(3)?;
    let is_longer = rest.first().is_some_and(u8::is_ascii_digit);
    // What speaks another version is no receiver of webhooks.
    if !version.starts_with(b"1.") || !version.iter().all(is_version) || is_longer {
        return None;
    }
    StatusCode::from_bytes(digits).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[test]
    fn a_status_line_counts_however_it_is_written() {
        for (answer, status) in [
            (&b"HTTP/1.1 200 OK\r\n"[..], Some(200)),
            (b"HTTP/1.1 200", Some(200)),
            (b"\r\n  http/1.0  204\tdone", Some(204)),
            (b"HTTP/1.2 201\r\n", Some(201)),
            (b"HTTP/2 201\r\n", None),
            (b"HTTP/1.1 503OK", Some(503)),
            (
                b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 Taken\r\n",
                Some(202),
            ),
            (b"HTTP/1.1 100 Continue\r\n\r\n", None),
            (b"HTTP/1.1 100 Continue\r\nHTTP/1.1 200", None),
            (b"HTTP/1.1 20", None),
            (b"HTTP/1.1 2000 OK", None),
            (b"HTTP/1.1\r\n", None),
            (b"HTTP/ 200 OK", None),
            (b"HTTP/x 200 OK", None),
            (b"ICY 200 OK", None),
            (b"SSH-2.0-x 200", None),
            (b"", None),
        ] {
            let found = final_status(answer).map(|status| status.as_u16());
            assert_eq!(found, status, "{}", String::from_utf8_lossy(answer));
        }
    }

    #[tokio::test]
    async fn only_the_answer_to_the_request_under_way_is_heard() {
        let (mut partner, stream) = tokio::io::duplex(1024);
        let heard = Heard::default();
        let mut overheard = Overheard {
            stream,
            heard: heard.clone(),
            about: (),
        };
        let mut said = [0; 15];
        partner.write_all(b"HTTP/1.1 200 OK").await.unwrap();
        overheard.read_exact(&mut said).await.unwrap();
        assert_eq!(heard.status(), None);
        overheard.write_all(b"POST / HTTP/1.1\r\n").await.unwrap();
        assert_eq!(heard.status(), None);
        partner.write_all(b"HTTP/1.1 201 OK").await.unwrap();
        overheard.read_exact(&mut said).await.unwrap();
        overheard.write_all(b"the body").await.unwrap();
        assert_eq!(heard.status(), Some(StatusCode::CREATED));
        heard.end();
        assert_eq!(heard.status(), None);
    }
}
