//! What comes in: the HTTP API on a TCP port, for the staff system and VoiceDrive, and the control socket, for the
//! command line.
//!
//! `server` has the sockets and knows nothing of what is asked. Behind it stand the wings, each with its own table of
//! endpoints, its own way to know who calls and its own way to refuse: `api` and `control`. A request passes these
//! rooms: `server` (connection, limits, its id), the wing's table (what is asked for), its admission (who may),
//! `request` (what was sent), the handler, `reply` (the envelope). Whoever may not call is turned away before a body is
//! read; only `ingest` has to read it first, because its senders sign the body.

pub mod api;
mod control;
mod reply;
mod request;
pub mod server;
mod wing;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use tokio::net::TcpListener;
use tokio::sync::watch;

use api::ApiWing;
pub use api::{Api, Health, Routes, moves};
use control::ControlWing;
use reply::ApiError;
use server::control_socket::ControlSocket;
use server::{App, Reply};
use wing::{Call, Wing};

/// Serves what the network reaches until `stop` becomes true, then lets requests under way finish. `api` is what each
/// request finds at its beginning: a new configuration is a new one.
pub async fn serve_network(
    api: watch::Receiver<Arc<Api>>,
    listener: TcpListener,
    stop: watch::Receiver<bool>,
) {
    server::serve(Wings::new(api, vec![]), listener, stop).await;
}

/// Serves the command line in the same way: its own endpoints, and the API.
pub async fn serve_control(
    api: watch::Receiver<Arc<Api>>,
    listener: ControlSocket,
    stop: watch::Receiver<bool>,
) {
    let wings = Wings::new(api, vec![Box::new(ControlWing::default())]);
    server::serve(wings, listener, stop).await;
}

/// The wings that the connections of a listener reach.
struct Wings {
    current: watch::Receiver<Arc<Api>>,
    /// They are asked first, in this order, whether a path is theirs.
    first: Vec<Box<dyn Wing>>,
    /// It answers what belongs to none of them.
    api: ApiWing,
}

impl Wings {
    fn new(current: watch::Receiver<Arc<Api>>, first: Vec<Box<dyn Wing>>) -> Arc<Self> {
        Arc::new(Self {
            current,
            first,
            api: ApiWing::default(),
        })
    }
}

impl App for Wings {
    async fn answer(&self, peer: Option<IpAddr>, request: Request<Incoming>) -> Reply {
        let api = Arc::clone(&self.current.borrow());
        let call = Call {
            api: &api,
            peer,
            id: String::new(),
            request,
        };
        let wing = self.first.iter().find(|wing| wing.has(&call));
        wing.map_or(&self.api as &dyn Wing, |wing| &**wing)
            .answer(call)
            .await
    }

    fn panicked(&self) -> Reply {
        ApiError::Internal.reply(self.current.borrow().clock.now())
    }

    fn is_proxy(&self, peer: IpAddr) -> bool {
        self.current.borrow().is_proxy(peer)
    }

    fn monotonic(&self) -> Duration {
        self.current.borrow().clock.monotonic()
    }
}
