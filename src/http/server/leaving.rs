//! A connection that leaves when its place is needed: from then on nothing more is read from it, as if its peer had
//! closed it. An answer that is on its way is still written, and a request that is under way is still answered.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::rt::{Read, ReadBufCursor, Write};
use tokio::sync::oneshot;

use super::permits::Permit;

/// A connection that may be told to leave.
pub(super) struct Leaving<C> {
    connection: C,
    permit: Arc<Permit>,
    /// Hears that it has to leave; none: it has heard that.
    told: Option<oneshot::Receiver<()>>,
}

impl<C> Leaving<C> {
    pub(super) fn new(connection: C, permit: Arc<Permit>, told: oneshot::Receiver<()>) -> Self {
        Self {
            connection,
            permit,
            told: Some(told),
        }
    }

    fn has_to_leave(&mut self, context: &mut Context<'_>) -> bool {
        if let Some(told) = &mut self.told
            && Pin::new(told).poll(context).is_ready()
        {
            self.told = None;
        }
        self.told.is_none()
    }
}

impl<C: Read + Unpin> Read for Leaving<C> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.has_to_leave(context) && this.permit.is_idle() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut this.connection).poll_read(context, buffer)
    }
}

impl<C: Write + Unpin> Write for Leaving<C> {
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
