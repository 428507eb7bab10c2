//! Delivers an answer that is sent before its request was read completely.
//!
//! A body that is too large is refused at its head, and then the connection is closed. Closing a socket
//! with unread bytes makes Linux send a reset, and on a reset the caller's machine discards an answer that
//! has arrived already: the caller sees a broken pipe instead of the reason. So the sending half is closed first, and
//! what the caller still sends is discarded until it stops.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};
use tokio::time::{Sleep, sleep};

/// A caller that sends nothing for this time has read the answer.
const SILENCE: Duration = Duration::from_millis(300);
/// After this time the connection is closed even if the caller still sends.
const LONGEST: Duration = Duration::from_secs(10);
const CHUNK_BYTES: usize = 16 * 1024;

/// A connection whose shutdown waits until the caller has stopped sending.
pub struct Lingering<C> {
    connection: C,
    /// Since when it is closed for writing; none before that.
    closing: Option<Closing>,
}

struct Closing {
    longest: Pin<Box<Sleep>>,
    silence: Pin<Box<Sleep>>,
}

impl<C> Lingering<C> {
    /// Wraps a connection.
    pub fn new(connection: C) -> Self {
        Self {
            connection,
            closing: None,
        }
    }
}

impl<C: Read + Unpin> Read for Lingering<C> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().connection).poll_read(context, buffer)
    }
}

impl<C: Read + Write + Unpin> Write for Lingering<C> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().connection).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().connection).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.closing.is_none() {
            ready!(Pin::new(&mut this.connection).poll_shutdown(context))?;
        }
        let closing = this.closing.get_or_insert_with(|| Closing {
            longest: Box::pin(sleep(LONGEST)),
            silence: Box::pin(sleep(SILENCE)),
        });
        let mut room = [MaybeUninit::uninit(); CHUNK_BYTES];
        while closing.longest.as_mut().poll(context).is_pending() {
            let mut chunk = ReadBuf::uninit(&mut room);
            match Pin::new(&mut this.connection).poll_read(context, chunk.unfilled()) {
                Poll::Ready(Ok(())) if !chunk.filled().is_empty() => {
                    closing.silence.set(sleep(SILENCE));
                }
                // The caller has closed the connection too, or disappeared.
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending => return closing.silence.as_mut().poll(context).map(Ok),
            }
        }
        Poll::Ready(Ok(()))
    }
}
