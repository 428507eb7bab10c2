//! A tunnel through a forward proxy (`CONNECT`), and why there is none.

use std::error::Error;
use std::pin::pin;

use bytes::Bytes;
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderValue, PROXY_AUTHORIZATION, USER_AGENT};
use hyper::http::uri::Authority;
use hyper::upgrade::Upgraded;
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

const HTTPS: u16 = 443;

/// Why there is no tunnel.
#[derive(Debug, thiserror::Error)]
pub(super) enum TunnelError {
    /// The proxy itself is not reached.
    #[error("the proxy is not reached")]
    Unreached(#[source] Box<dyn Error + Send + Sync>),
    /// It was asked, and gave no answer that can be understood.
    #[error("the proxy gave no answer")]
    Unanswered(#[source] hyper::Error),
    /// It answered with this status.
    #[error("the proxy answered with {0}")]
    Answered(StatusCode),
    /// The address has no host.
    #[error("the address has no host")]
    NoHost,
}

impl From<hyper::Error> for TunnelError {
    fn from(error: hyper::Error) -> Self {
        Self::Unanswered(error)
    }
}

/// Asks the proxy at the other end of `stream` for a connection to `to`, with this user and password.
pub(super) async fn open(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    to: &Uri,
    login: Option<HeaderValue>,
    program: HeaderValue,
) -> Result<TokioIo<Upgraded>, TunnelError> {
    let question = question(to, login, program).ok_or(TunnelError::NoHost)?;
    let (mut proxy, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let mut connection = pin!(connection.with_upgrades());
    let mut answered = pin!(async {
        let answer = proxy.send_request(question).await?;
        if !answer.status().is_success() {
            return Err(TunnelError::Answered(answer.status()));
        }
        Ok(hyper::upgrade::on(answer).await?)
    });
    // The library reads and writes only while its connection is asked. That one is at its end when the tunnel is there.
    let opened = tokio::select! {
        biased;
        opened = &mut answered => opened,
        _ = &mut connection => answered.await,
    };
    Ok(TokioIo::new(opened?))
}

fn question(
    to: &Uri,
    login: Option<HeaderValue>,
    program: HeaderValue,
) -> Option<Request<Empty<Bytes>>> {
    let (host, port) = (to.host()?, to.port_u16().unwrap_or(HTTPS));
    let authority = Authority::try_from(format!("{host}:{port}")).ok()?;
    let mut question = Request::new(Empty::new());
    *question.method_mut() = Method::CONNECT;
    let headers = question.headers_mut();
    headers.insert(HOST, HeaderValue::try_from(authority.as_str()).ok()?);
    headers.insert(USER_AGENT, program);
    if let Some(login) = login {
        headers.insert(PROXY_AUTHORIZATION, login);
    }
    *question.uri_mut() = Uri::from(authority);
    Some(question)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    /// What comes of a question to a proxy that says `answer`, and what it was asked.
    async fn asked(
        answer: &[u8],
    ) -> (Result<TokioIo<Upgraded>, TunnelError>, String, DuplexStream) {
        let (mut proxy, stream) = duplex(4096);
        let to = Uri::from_static("https://partner.example/hook?token=1");
        let login = Some(HeaderValue::from_static("Basic eDp5"));
        let program = HeaderValue::from_static("voicedrive-relay/0");
        let answering = async {
            let mut question = vec![0; 4096];
            let read = proxy.read(&mut question).await.unwrap();
            question.truncate(read);
            proxy.write_all(answer).await.unwrap();
            String::from_utf8(question).unwrap()
        };
        let (opened, question) = tokio::join!(open(stream, &to, login, program), answering);
        (opened, question, proxy)
    }

    #[tokio::test]
    async fn what_the_proxy_lets_through_arrives_whole() {
        // The receiver's first bytes come with the answer.
        for head in [
            "HTTP/1.1 200 Connection established\r\n\r\n",
            "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        ] {
            let (opened, question, mut proxy) = asked(format!("{head}hello").as_bytes()).await;
            assert!(question.starts_with("CONNECT partner.example:443 HTTP/1.1\r\n"));
            assert!(
                question.contains("host: partner.example:443\r\n"),
                "{question}"
            );
            assert!(question.contains("proxy-authorization: Basic eDp5\r\n"));
            assert!(!question.contains("token"), "{question}");
            let mut opened = opened.unwrap();
            let mut said = [0; 5];
            opened.read_exact(&mut said).await.unwrap();
            assert_eq!(&said, b"hello");
            opened.write_all(b"and back").await.unwrap();
            let mut heard = [0; 8];
            proxy.read_exact(&mut heard).await.unwrap();
            assert_eq!(&heard, b"and back");
        }
    }

    #[tokio::test]
    async fn what_the_proxy_says_instead_is_told() {
        for status in [403, 407, 502] {
            let answer = format!("HTTP/1.1 {status} No\r\ncontent-length: 2\r\n\r\nno");
            let said = match asked(answer.as_bytes()).await.0 {
                Err(TunnelError::Answered(said)) => Some(said.as_u16()),
                _ => None,
            };
            assert_eq!(said, Some(status));
        }
        let odd = asked(b"220 mail.example ESMTP\r\n").await.0;
        assert!(matches!(odd, Err(TunnelError::Unanswered(_))));
    }
}
