//! Connections over TLS 1.2 and 1.3 (contract, section 12.5).
//!
//! The handshake is made when the first request is read. So it belongs to what a connection may take until its first
//! head has arrived: it holds up nobody who comes later, and one that goes no further counts as an idle connection,
//! with the same deadline, the same share of its peer and the same eviction.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::server::TlsStream;
use tokio_rustls::{Accept, TlsAcceptor};

use super::{Listener, Peer, Stream};
use crate::crypto;
use crate::key_pair::CurrentKeyPair;

/// The protocol inside.
const PROTOCOL: &[u8] = b"http/1.1";

/// Accepts connections that have to speak TLS.
pub struct TlsListener {
    plain: TcpListener,
    acceptor: TlsAcceptor,
}

impl TlsListener {
    /// Shows every caller the pair of that moment.
    #[must_use]
    pub fn new(plain: TcpListener, pair: CurrentKeyPair) -> Self {
        crypto::install();
        let mut config = ServerConfig::builder()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(pair));
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        Self {
            plain,
            acceptor: Arc::new(config).into(),
        }
    }
}

impl Listener for TlsListener {
    async fn next(&mut self) -> io::Result<(Box<dyn Stream>, Peer)> {
        let (stream, ip) = super::accept(&self.plain).await?;
        let handshake = TlsConnection::Handshake(Box::new(self.acceptor.accept(stream)));
        Ok((Box::new(handshake), Peer::Secured(ip)))
    }
}

/// A connection, from its first byte on.
pub enum TlsConnection {
    /// Caller and relay agree on keys.
    Handshake(Box<Accept<TcpStream>>),
    /// They have.
    Open(Box<TlsStream<TcpStream>>),
    /// They have not.
    Refused,
}

impl TlsConnection {
    /// The open connection, as soon as it is one.
    fn poll_open(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<Pin<&mut TlsStream<TcpStream>>>> {
        if let Self::Handshake(handshake) = self {
            *self = match ready!(Pin::new(&mut **handshake).poll(context)) {
                Ok(stream) => Self::Open(Box::new(stream)),
                Err(error) => {
                    *self = Self::Refused;
                    return Poll::Ready(Err(error));
                }
            };
        }
        match self {
            Self::Open(stream) => Poll::Ready(Ok(Pin::new(&mut **stream))),
            _ => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }
}

impl AsyncRead for TlsConnection {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.get_mut().poll_open(context))?.poll_read(context, buffer)
    }
}

impl AsyncWrite for TlsConnection {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.get_mut().poll_open(context))?.poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Open(stream) => Pin::new(&mut **stream).poll_flush(context),
            // Nothing was written before there were keys.
            _ => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Open(stream) => Pin::new(&mut **stream).poll_shutdown(context),
            Self::Handshake(handshake) => match handshake.get_mut() {
                Some(stream) => Pin::new(stream).poll_shutdown(context),
                None => Poll::Ready(Ok(())),
            },
            Self::Refused => Poll::Ready(Ok(())),
        }
    }
}
