//! The connection to a mail server: plain, or with TLS by the rules of everything that goes out. What the
//! server says is read in UTF-8 or, as some Japanese servers speak, in `Shift_JIS`.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use encoding_rs::SHIFT_JIS;
use lettre::transport::smtp::client::AsyncTokioStream;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, ReadBuf};
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::channel::objection::Mail;
use crate::config::{Email, Encryption};
use crate::delivery::failure::{Failure, tls_failure};
use crate::delivery::tls::{self, CertificateRequested};

/// How this machine introduces itself before TLS begins.
const HELLO: &[u8] = b"EHLO [127.0.0.1]\r\n";
/// The longest answer before TLS begins, in bytes.
const LONGEST_ANSWER: usize = 64 * 1024;
/// What the library waits for, and what the server has said before TLS began.
const GREETING: &[u8] = b"220 ready\r\n";
/// The length of an answer's code.
const CODE: usize = 3;

/// What is wrong when the network, or TLS over it, says so.
pub(super) fn of_io(error: &io::Error) -> Mail {
    match tls_failure(error) {
        Some(failure) => Mail::Insecure(failure),
        None if has_ended(error) => Mail::HungUp,
        None => Mail::Unreachable(error.into()),
    }
}

/// Whether the other side has ended the connection.
fn has_ended(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
    )
}

/// A connection to a mail server.
pub(super) struct MailStream {
    wire: Wire,
    /// Said by the server, and not a whole line yet.
    unfinished: Vec<u8>,
    /// Lines that are ready to be read.
    lines: Vec<u8>,
}

enum Wire {
    Plain(TcpStream),
    Secure(Box<TlsStream<TcpStream>>),
}

impl MailStream {
    /// Connects to the server of `email`, and begins TLS as it says.
    pub(super) async fn connect(email: &Email) -> Result<Self, Mail> {
        let found = lookup_host((email.host.as_str(), email.port)).await;
        let found: Vec<_> = found.map_err(|_| Mail::NameNotFound)?.collect();
        let stream = TcpStream::connect(&found[..]).await;
        let stream = stream.map_err(|error| of_io(&error))?;
        Ok(match email.encryption {
            Encryption::None => Self::over(Wire::Plain(stream), &[]),
            Encryption::Tls => Self::over(secure(stream, &email.host).await?, &[]),
            Encryption::StartTls => {
                let stream = agree_on_tls(stream).await?;
                Self::over(secure(stream, &email.host).await?, GREETING)
            }
        })
    }

    fn over(wire: Wire, said: &[u8]) -> Self {
        Self {
            wire,
            unfinished: Vec::new(),
            lines: said.to_vec(),
        }
    }

    /// Makes whole lines of what the server said; at the end, of all of it.
    fn take(&mut self, said: &[u8]) {
        self.unfinished.extend_from_slice(said);
        let end = if said.is_empty() {
            self.unfinished.len()
        } else {
            let last = self.unfinished.iter().rposition(|byte| *byte == b'\n');
            last.map_or(0, |last| last + 1)
        };
        let whole: Vec<u8> = self.unfinished.drain(..end).collect();
        self.lines.extend(whole_lines(&readable(whole)));
    }
}

/// Lines as the library wants them: with CR LF at their ends, and a blank behind the code when nothing else is there,
/// which a server may leave out (RFC 5321, section 4.2).
fn whole_lines(said: &[u8]) -> Vec<u8> {
    let mut lines = Vec::with_capacity(said.len());
    for line in said.split_inclusive(|byte| *byte == b'\n') {
        let Some(text) = line.strip_suffix(b"\n") else {
            lines.extend_from_slice(line);
            continue;
        };
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        lines.extend_from_slice(text);
        if text.len() == CODE && text.iter().all(u8::is_ascii_digit) {
            lines.push(b' ');
        }
        lines.extend_from_slice(b"\r\n");
    }
    lines
}

/// A text in UTF-8, whichever of the two encodings it came in.
fn readable(text: Vec<u8>) -> Vec<u8> {
    match String::from_utf8(text) {
        Ok(text) => text.into_bytes(),
        Err(other) => {
            let (text, _, _) = SHIFT_JIS.decode(other.as_bytes());
            text.into_owned().into_bytes()
        }
    }
}

async fn secure(stream: TcpStream, host: &str) -> Result<Wire, Mail> {
    let asked = CertificateRequested::default();
    let config = Arc::new(tls::client_config(&[], &asked).map_err(Mail::Tls)?);
    let name = ServerName::try_from(host.to_owned());
    let name = name.map_err(|_| Mail::NoName(host.to_owned()))?;
    let stream = TlsConnector::from(config).connect(name, stream).await;
    let stream = stream.map_err(|error| match of_io(&error) {
        Mail::Insecure(Failure::Tls(_)) | Mail::HungUp if asked.is_set() => {
            Mail::Insecure(Failure::WantsCertificate)
        }
        Mail::HungUp => Mail::Insecure(Failure::TlsEnded),
        other => other,
    })?;
    Ok(Wire::Secure(Box::new(stream)))
}

/// Asks the server to begin TLS (RFC 3207).
async fn agree_on_tls(stream: TcpStream) -> Result<TcpStream, Mail> {
    let mut stream = BufReader::new(stream);
    answered(&mut stream, "220").await?;
    stream
        .write_all(HELLO)
        .await
        .map_err(|error| of_io(&error))?;
    let offered = answered(&mut stream, "250").await?;
    if !offered.to_ascii_uppercase().contains("STARTTLS") {
        return Err(Mail::NoStartTls);
    }
    let asked = stream.write_all(b"STARTTLS\r\n").await;
    asked.map_err(|error| of_io(&error))?;
    answered(&mut stream, "220").await?;
    if !stream.buffer().is_empty() {
        // Text before TLS began could have been injected on the way.
        return Err(Mail::WentOn);
    }
    Ok(stream.into_inner())
}

/// The server's answer, which must have this code.
async fn answered(stream: &mut BufReader<TcpStream>, code: &str) -> Result<String, Mail> {
    let mut answer = Vec::new();
    loop {
        let begin = answer.len();
        let read = stream.read_until(b'\n', &mut answer).await;
        let read = read.map_err(|error| of_io(&error))?;
        let is_last = answer.get(begin + 3).is_none_or(|byte| *byte != b'-');
        if read == 0 {
            return Err(Mail::HungUp);
        }
        if is_last || answer.len() > LONGEST_ANSWER {
            break;
        }
    }
    let answer = String::from_utf8_lossy(&readable(answer)).into_owned();
    if answer.starts_with(code) {
        Ok(answer)
    } else {
        Err(Mail::RefusedTls(answer.trim().to_owned()))
    }
}

impl AsyncRead for MailStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.lines.is_empty() {
            let mut bytes = [0; 1024];
            let mut chunk = ReadBuf::new(&mut bytes);
            ready!(match &mut self.wire {
                Wire::Plain(stream) => Pin::new(stream).poll_read(context, &mut chunk),
                Wire::Secure(stream) => Pin::new(stream).poll_read(context, &mut chunk),
            })?;
            self.take(chunk.filled());
            if chunk.filled().is_empty() && self.lines.is_empty() {
                // The library takes an end for an answer that it cannot understand.
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
        }
        let length = self.lines.len().min(buffer.remaining());
        buffer.put_slice(&self.lines[..length]);
        self.lines.drain(..length);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for MailStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.wire {
            Wire::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Wire::Secure(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.wire {
            Wire::Plain(stream) => Pin::new(stream).poll_flush(context),
            Wire::Secure(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.wire {
            Wire::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Wire::Secure(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}

impl AsyncTokioStream for MailStream {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        match &self.wire {
            Wire::Plain(stream) => stream.peer_addr(),
            Wire::Secure(stream) => stream.get_ref().0.peer_addr(),
        }
    }
}

impl fmt::Debug for MailStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailStream")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_servers_become_those_of_the_library() {
        for (said, lines) in [
            ("250\r\n", "250 \r\n"),
            ("250-mx\r\n250\n", "250-mx\r\n250 \r\n"),
            ("250 ok\n", "250 ok\r\n"),
            ("250-\r\n250 8BITMIME\r\n", "250-\r\n250 8BITMIME\r\n"),
            ("25", "25"),
            ("bye\n", "bye\r\n"),
        ] {
            assert_eq!(whole_lines(said.as_bytes()), lines.as_bytes(), "{said}");
        }
    }
}
