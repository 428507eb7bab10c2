//! The listeners of the daemon: where it listens, and what is behind.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::StartError;
use crate::config::Loaded;
use crate::http::server::control_socket::ControlSocket;
use crate::http::server::tls::TlsListener;
use crate::http::{self, Api, Door, Listeners, NoRoom};
use crate::key_pair::CurrentKeyPair;
use crate::store::file::is_full;

/// Listeners that nobody is let in by yet.
pub(super) struct Bound {
    plain: Option<TcpListener>,
    secured: Option<(TcpListener, CurrentKeyPair)>,
    /// None: a start waits for room, and there is none even for it.
    control: Option<ControlSocket>,
}

impl Bound {
    /// Takes the addresses of a configuration.
    ///
    /// # Errors
    /// `Listen` or `Control`
    pub(super) async fn of(settings: &Loaded, control_socket: &Path) -> Result<Self, StartError> {
        let control = || ControlSocket::bind(control_socket).map(Some);
        Self::with(settings, control_socket, control).await
    }

    /// The same for a start on a disk without room. The control socket takes an inode, and a directory that may not be made
    /// yet: then there is none.
    ///
    /// # Errors
    /// `Listen` or `Control`
    pub(super) async fn without_room(
        settings: &Loaded,
        control_socket: &Path,
    ) -> Result<Self, StartError> {
        let control = || match ControlSocket::bind(control_socket) {
            Err(error) if is_full(&error) || error.kind() == io::ErrorKind::NotFound => Ok(None),
            bound => bound.map(Some),
        };
        Self::with(settings, control_socket, control).await
    }

    async fn with(
        settings: &Loaded,
        control_socket: &Path,
        control: impl FnOnce() -> io::Result<Option<ControlSocket>>,
    ) -> Result<Self, StartError> {
        let server = &settings.config.server;
        let plain = match server.plain() {
            Some(address) => Some(bind(address, "server.listen").await?),
            None => None,
        };
        let secured = match (server.secured(), &settings.pair) {
            (Some(address), Some(pair)) => {
                let key = if plain.is_some() {
                    "server.tls.listen"
                } else {
                    "server.listen"
                };
                let pair = CurrentKeyPair::new(pair.clone());
                Some((bind(address, key).await?, pair))
            }
            _ => None,
        };
        let control = control().map_err(|source| StartError::Control {
            path: control_socket.to_owned(),
            source,
        })?;
        Ok(Self {
            plain,
            secured,
            control,
        })
    }

    /// Where they are.
    pub(super) fn listeners(&self) -> Listeners {
        let plain = self.plain.as_ref();
        let secured = self.secured.as_ref();
        Listeners {
            plain: plain.and_then(|listener| listener.local_addr().ok()),
            secured: secured
                .and_then(|(listener, pair)| Some((listener.local_addr().ok()?, pair.clone()))),
        }
    }

    /// Lets callers in until `stop` becomes true.
    pub(super) fn open(
        self,
        api: &watch::Receiver<Arc<Api>>,
        stop: &watch::Receiver<bool>,
    ) -> JoinSet<()> {
        http::server::tell_few_connections();
        self.serve(http::network(api.clone()), http::control(api.clone()), stop)
    }

    /// Tells everybody until `stop` becomes true that a start waits for room on the disk.
    pub(super) fn refuse(self, start: NoRoom, stop: &watch::Receiver<bool>) -> JoinSet<()> {
        let door = Door::Shut(Arc::new(start));
        self.serve(door.clone(), door, stop)
    }

    fn serve(self, network: Door, control: Door, stop: &watch::Receiver<bool>) -> JoinSet<()> {
        let mut listeners = JoinSet::new();
        if let Some(listener) = self.plain {
            listeners.spawn(http::serve(network.clone(), listener, stop.clone()));
        }
        if let Some((listener, pair)) = self.secured {
            let listener = TlsListener::new(listener, pair);
            listeners.spawn(http::serve(network, listener, stop.clone()));
        }
        if let Some(socket) = self.control {
            listeners.spawn(http::serve(control, socket, stop.clone()));
        }
        listeners
    }
}

async fn bind(address: SocketAddr, key: &'static str) -> Result<TcpListener, StartError> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|source| StartError::Listen {
        address,
        key,
        source,
    })
}
