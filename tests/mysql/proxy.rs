//! A way to the server that breaks: when a transaction is committed, before the server hears of it or before anybody
//! hears that it has done it, or whatever is said.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

/// The text of the statement, and what stands before it in its packet.
const COMMIT: &[u8] = b"\x03COMMIT";

/// Where it breaks.
#[derive(Clone, Copy)]
pub enum Cut {
    Commits,
    Anything,
}

pub struct Proxy {
    pub socket: PathBuf,
    /// How often it was cut before the server heard of it, and after.
    pub cut: Arc<[AtomicU32; 2]>,
}

impl Proxy {
    /// Cuts at each `every`th commit, or thing that is said, in turn before and after.
    pub fn start(directory: &Path, server: PathBuf, what: Cut, every: u32) -> Self {
        let socket = directory.join("proxy");
        let listener = UnixListener::bind(&socket).unwrap();
        let (cut, commits) = (
            Arc::new([AtomicU32::new(0), AtomicU32::new(0)]),
            Arc::new(AtomicU32::new(0)),
        );
        let counted = Arc::clone(&cut);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = UnixStream::connect(&server).await.unwrap();
                let (counted, commits) = (Arc::clone(&counted), Arc::clone(&commits));
                tokio::spawn(pass(client, server, (what, every), counted, commits));
            }
        });
        Self { socket, cut }
    }
}

async fn pass(
    client: UnixStream,
    server: UnixStream,
    (what, every): (Cut, u32),
    cut: Arc<[AtomicU32; 2]>,
    commits: Arc<AtomicU32>,
) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let back = tokio::spawn(async move {
        let _ = tokio::io::copy(&mut from_server, &mut to_client).await;
    });
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from_client.read(&mut buffer).await {
        let sent = &buffer[..read];
        if matches!(what, Cut::Anything) || sent.ends_with(COMMIT) {
            let number = commits.fetch_add(1, Ordering::Relaxed) + 1;
            if number.is_multiple_of(every) {
                let after = (number / every % 2) as usize;
                cut[after].fetch_add(1, Ordering::Relaxed);
                back.abort();
                let _ = back.await;
                if after == 1 {
                    to_server.write_all(sent).await.unwrap();
                }
                return;
            }
        }
        if to_server.write_all(sent).await.is_err() {
            break;
        }
    }
    back.abort();
}
