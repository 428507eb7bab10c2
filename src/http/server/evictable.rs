//! A connection that can be evicted when its permit is needed. After that it reads as if its peer had closed it; a
//! request under way is still answered, and its answer is still written.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::rt::{Read, ReadBufCursor, Write};
use tokio::sync::oneshot;

use super::permits::Permit;

/// A connection that can be evicted.
pub(super) struct Evictable<C> {
    connection: C,
    permit: Arc<Permit>,
    /// Resolves when it is evicted; none after that.
    evicted: Option<oneshot::Receiver<()>>,
}

impl<C> Evictable<C> {
    pub(super) fn new(connection: C, permit: Arc<Permit>, evicted: oneshot::Receiver<()>) -> Self {
        Self {
            connection,
            permit,
            evicted: Some(evicted),
        }
    }

    fn is_evicted(&mut self, context: &mut Context<'_>) -> bool {
        if let Some(evicted) = &mut self.evicted
            && Pin::new(evicted).poll(context).is_ready()
        {
            self.evicted = None;
        }
        self.evicted.is_none()
    }
}

impl<C: Read + Unpin> Read for Evictable<C> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.is_evicted(context) && this.permit.is_idle() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut this.connection).poll_read(context, buffer)
    }
}

impl<C: Write + Unpin> Write for Evictable<C> {
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
        Pin::new(&mut self.get_mut().connection).poll_shutdown(context)
    }
}
