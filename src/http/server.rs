//! Sockets, listeners, limits and connections.

mod broken;
pub mod control_socket;
mod linger;
mod places;

use std::any::Any;
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use hyper::body::Incoming;
use hyper::header::{CACHE_CONTROL, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tower::{ServiceBuilder, service_fn};
use tower_http::catch_panic::{CatchPanicLayer, ResponseForPanic};
use tower_http::request_id::{
    MakeRequestId, PropagateRequestIdLayer, RequestId, SetRequestIdLayer,
};
use tower_http::set_header::SetResponseHeaderLayer;
use uuid::Uuid;

use super::api::rate_limit::counted_as;
use super::api::{Api, SendersId, answer};
use super::reply::{ApiError, Reply};
use crate::clock::Clock;
use crate::log_limit::LogLimit;
use broken::Enveloping;
use linger::Lingering;
use places::{Place, Places};

/// Connections at a time; who comes later waits to be accepted.
const CONNECTIONS: usize = 512;
/// The most of them that one peer has; a trusted proxy stands for many.
const OF_ONE_PEER: usize = CONNECTIONS / 2;
/// The longest that the head of a request may take to arrive, and that a connection may be idle.
const HEADER_TIME: Duration = Duration::from_secs(30);
/// The most bytes of a request's head.
const HEADER_BYTES: usize = 16 * 1024;
/// Pause after the operating system refused a connection, for want of file descriptors for example.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// Through which door a request came.
#[derive(Clone, Copy, Debug)]
pub enum Door {
    /// The TCP port, from this address.
    Network(SocketAddr),
    /// The control socket: who may open it is an admin.
    Control,
}

/// Something that connections come from.
pub trait Listener: Send + 'static {
    /// A connection.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Waits for the next connection; the address of a network peer comes with it, and whoever
    /// opens the control socket has none.
    fn next(
        &mut self,
    ) -> impl Future<Output = io::Result<(Self::Stream, Option<SocketAddr>)>> + Send;
}

impl Listener for TcpListener {
    type Stream = TcpStream;

    async fn next(&mut self) -> io::Result<(TcpStream, Option<SocketAddr>)> {
        let (stream, peer) = self.accept().await?;
        // An answer is small and complete: waiting for more to send only delays it.
        stream.set_nodelay(true)?;
        Ok((stream, Some(peer)))
    }
}

/// Serves the API until `stop` becomes true, then lets requests under way finish. On the control
/// socket it serves the command line's own endpoints too. `api` is what each request finds at its
/// beginning: a new configuration is a new one.
pub async fn serve(
    api: watch::Receiver<Arc<Api>>,
    mut listener: impl Listener,
    mut stop: watch::Receiver<bool>,
) {
    let places = Places::new(CONNECTIONS, OF_ONE_PEER);
    let too_many = LogLimit::default();
    let graceful = GracefulShutdown::new();
    loop {
        let next = async {
            let place = places.free().await;
            (place, listener.next().await)
        };
        let (place, accepted) = tokio::select! {
            next = next => next,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        match (place, accepted) {
            (Some(place), Ok((stream, peer))) => {
                let ip = peer.map(|peer| peer.ip());
                let counted = ip.filter(|ip| !is_proxy(&api, *ip)).map(counted_as);
                if let Some(place) = places.take(place, counted) {
                    let door = peer.map_or(Door::Control, Door::Network);
                    connect(&api, stream, door, place, &graceful);
                } else {
                    too_many.add();
                    tell_refused(&api, ip, &too_many);
                }
            }
            (None, _) => break,
            (_, Err(error)) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_AGAIN).await;
            }
        }
    }
    graceful.shutdown().await;
}

/// Whether a peer is a proxy that is trusted to speak for others.
fn is_proxy(api: &watch::Receiver<Arc<Api>>, peer: IpAddr) -> bool {
    let trusted = &api.borrow().trusted_proxies;
    trusted.iter().any(|net| net.contains(&peer.to_canonical()))
}

fn tell_refused(api: &watch::Receiver<Arc<Api>>, peer: Option<IpAddr>, too_many: &LogLimit) {
    let now = api.borrow().clock.monotonic();
    if let (Some(peer), Some(refused)) = (peer, too_many.due(now)) {
        tracing::warn!(%peer, refused, "a peer has {OF_ONE_PEER} connections already and gets no more; a proxy that stands for many belongs in server.trusted_proxies");
    }
}

/// Serves one connection in a task of its own.
fn connect<S>(
    api: &watch::Receiver<Arc<Api>>,
    stream: S,
    door: Door,
    place: Place,
    graceful: &GracefulShutdown,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let clock = api.borrow().clock.clone();
    let handler = {
        let api = api.clone();
        service_fn(move |request: Request<Incoming>| {
            let api = Arc::clone(&api.borrow());
            async move { Ok::<_, Infallible>(answer(&api, door, request).await) }
        })
    };
    let x_request_id = HeaderName::from_static("x-request-id");
    let service = ServiceBuilder::new()
        .map_request(SendersId::note)
        .layer(SetRequestIdLayer::new(x_request_id.clone(), NewRequestId))
        .layer(PropagateRequestIdLayer::new(x_request_id))
        .layer(SetResponseHeaderLayer::overriding(
            CACHE_CONTROL,
            HeaderValue::from_static("no-store"),
        ))
        .layer(CatchPanicLayer::custom(Panicked(clock.clone())))
        .service(handler);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME)
        .max_header_size(HEADER_BYTES)
        .max_buf_size(4 * HEADER_BYTES)
        .serve_connection(
            Enveloping::new(Lingering::new(TokioIo::new(stream)), clock),
            TowerToHyperService::new(service),
        );
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        // Callers hang up and networks break: nothing that anybody has to do something about.
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection ended early");
        }
        drop(place);
    });
}

/// Answers in place of a handler that panicked.
#[derive(Clone)]
struct Panicked(Clock);

impl ResponseForPanic for Panicked {
    type ResponseBody = Full<Bytes>;

    fn response_for_panic(&mut self, _panic: Box<dyn Any + Send>) -> Reply {
        tracing::error!("a request met a mistake of the relay and was ended");
        ApiError::Internal.reply(self.0.now())
    }
}

/// Names requests that their caller did not name.
#[derive(Clone, Copy)]
struct NewRequestId;

impl MakeRequestId for NewRequestId {
    fn make_request_id<B>(&mut self, _request: &Request<B>) -> Option<RequestId> {
        let id = Uuid::now_v7().to_string();
        HeaderValue::from_str(&id).ok().map(RequestId::new)
    }
}
