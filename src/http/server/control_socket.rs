//! The control socket. It is made again when its file was deleted or replaced, and its owner and mode are restored.
//!
//! Deleting the file of a Unix socket, as a cleaner of temporary files does, does not close the socket: the daemon
//! would listen where nobody can connect.

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::{UnixListener, UnixStream};
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::{Listener, Peer, Stream};

/// The longest path that a Unix socket may have, in bytes.
pub const LONGEST_PATH: usize = 107;
/// The interval at which the file is checked.
const CHECK_INTERVAL: Duration = Duration::from_secs(2);
/// Why a socket cannot be where something else is.
const NO_SOCKET: &str = "the file that is there now is no socket; move it away";
/// Owner and group may connect.
const MODE: u32 = 0o660;

/// Listens under a name of the file system.
pub struct ControlSocket {
    path: PathBuf,
    listener: UnixListener,
    /// The socket that is at the path unless somebody has replaced it.
    place: SocketId,
    /// Owner, group and mode unless somebody has changed them.
    access: Access,
    checks: Interval,
    /// Whether it was logged that the socket cannot be made again: once is enough.
    logged: bool,
}

/// Device and inode of a file.
type SocketId = (u64, u64);

/// Owner, group and mode of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Access {
    owner: u32,
    group: u32,
    mode: u32,
}

impl Access {
    fn of(path: &Path) -> io::Result<Self> {
        let found = fs::symlink_metadata(path)?;
        Ok(Self {
            owner: found.uid(),
            group: found.gid(),
            mode: found.mode() & 0o7777,
        })
    }

    fn put_back(self, path: &Path) -> io::Result<()> {
        chown(path, Some(self.owner), Some(self.group))?;
        fs::set_permissions(path, fs::Permissions::from_mode(self.mode))
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { owner, group, mode } = self;
        write!(f, "owner {owner}, group {group}, mode {mode:04o}")
    }
}

/// Whether a socket can have this path.
#[must_use]
pub fn is_too_long(path: &Path) -> bool {
    path.as_os_str().len() > LONGEST_PATH
}

impl ControlSocket {
    /// Makes the socket, in place of one that a crash left behind: the lock on the data directory is held
    /// already, so nobody else listens there.
    ///
    /// # Errors
    /// What the operating system said.
    pub fn bind(path: &Path) -> io::Result<Self> {
        let (listener, place) = bind(path)?;
        let mut checks = interval(CHECK_INTERVAL);
        checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Self {
            path: path.to_owned(),
            listener,
            place,
            access: Access::of(path)?,
            checks,
            logged: false,
        })
    }

    fn is_there(&self) -> bool {
        place(&self.path).is_ok_and(|place| place == self.place)
    }

    /// Makes the socket again when its file is gone or another one, or when its owner or mode was changed and cannot
    /// be restored.
    async fn check(&mut self) {
        let is_there = self.is_there();
        if is_there && self.access_is_right() {
            return;
        }
        let is_free = if is_there {
            Ok(())
        } else {
            self.is_free().await
        };
        let path = self.path.display();
        let happened = match fs::symlink_metadata(&self.path) {
            Ok(_) if is_there => "the owner or the mode of the control socket was changed",
            Ok(_) => "the control socket was replaced by another file",
            Err(_) => "the control socket was deleted",
        };
        match is_free.and_then(|()| bind(&self.path)) {
            Ok((listener, place)) => {
                tracing::warn!(%path, "{happened}, and was made anew; see what does that there");
                (self.listener, self.place, self.logged) = (listener, place, false);
                // If this fails, the former owner and mode stay the ones to restore.
                self.access = Access::of(&self.path).unwrap_or(self.access);
            }
            Err(error) if !self.logged => {
                tracing::error!(%error, %path, "{happened} and cannot be made anew: commands do not reach the daemon; it is tried again");
                self.logged = true;
            }
            Err(_) => {}
        }
    }

    /// Whether owner, group and mode are those of the start. If not, they are restored if possible.
    fn access_is_right(&self) -> bool {
        let now = Access::of(&self.path);
        if now.as_ref().is_ok_and(|now| *now == self.access) {
            return true;
        }
        let is_back = self.access.put_back(&self.path).is_ok();
        if is_back {
            let path = self.path.display();
            let found = now.map_or_else(|error| error.to_string(), |now| now.to_string());
            tracing::warn!(%path, found, "the owner or the mode of the control socket was changed, and was put back; see what does that there");
        }
        is_back
    }

    /// Whether the path is free: nothing is there, or a socket on which nobody listens.
    async fn is_free(&self) -> io::Result<()> {
        let found = fs::symlink_metadata(&self.path);
        let is_other = found.is_ok_and(|file| !file.file_type().is_socket());
        let why = if is_other {
            NO_SOCKET
        } else if UnixStream::connect(&self.path).await.is_ok() {
            "another program listens there; end it"
        } else {
            return Ok(());
        };
        Err(io::Error::other(why))
    }
}

impl Listener for ControlSocket {
    async fn next(&mut self) -> io::Result<(Box<dyn Stream>, Peer)> {
        loop {
            tokio::select! {
                accepted = self.listener.accept() => {
                    let (stream, _) = accepted?;
                    // The operating system reports it, not the caller.
                    let user = stream.peer_cred()?.uid();
                    return Ok((Box::new(stream), Peer::User(user)));
                }
                _ = self.checks.tick() => self.check().await,
            }
        }
    }
}

impl Drop for ControlSocket {
    /// Deletes the file, so that a command sees at once that nobody listens.
    fn drop(&mut self) {
        if self.is_there() {
            // The next start would replace it as well.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn place(path: &Path) -> io::Result<SocketId> {
    let metadata = fs::symlink_metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

fn bind(path: &Path) -> io::Result<(UnixListener, SocketId)> {
    match fs::symlink_metadata(path) {
        Ok(file) if file.file_type().is_socket() => fs::remove_file(path)?,
        // It belongs to somebody else, and stays.
        Ok(_) => return Err(io::Error::other(NO_SOCKET)),
        Err(_) => {}
    }
    let listener = UnixListener::bind(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(MODE))?;
    Ok((listener, place(path)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn answers(path: &Path, socket: &mut ControlSocket) -> bool {
        let asked = tokio::time::timeout(CHECK_INTERVAL * 5, async {
            tokio::select! {
                next = socket.next() => next.is_ok(),
                () = found(path) => unreachable!("it goes on for ever"),
            }
        });
        asked.await.unwrap_or(false)
    }

    /// Opens the socket as soon as it can be found, and waits.
    async fn found(path: &Path) {
        loop {
            if let Ok(_stream) = UnixStream::connect(path).await {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    #[tokio::test]
    async fn a_socket_that_was_swept_away_comes_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("control.sock");
        let mut socket = ControlSocket::bind(&path).unwrap();
        assert!(answers(&path, &mut socket).await);
        fs::remove_file(&path).unwrap();
        assert!(answers(&path, &mut socket).await, "deleted");
        let mode = fs::metadata(&path).unwrap().mode();
        assert_eq!(mode & 0o777, MODE);
        // Somebody's file in its place is not deleted; when it goes, the socket comes back.
        fs::remove_file(&path).unwrap();
        fs::write(&path, "somebody's").unwrap();
        socket.check().await;
        assert_eq!(fs::read(&path).unwrap(), b"somebody's");
        fs::remove_file(&path).unwrap();
        assert!(answers(&path, &mut socket).await);
        // Nobody could open it, or everybody.
        for mode in [0, 0o777] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            socket.check().await;
            assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, MODE);
        }
        drop(socket);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn what_is_no_socket_is_named_and_left() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("control.sock");
        fs::create_dir(&path).unwrap();
        let error = ControlSocket::bind(&path).err().unwrap().to_string();
        assert_eq!(error, NO_SOCKET);
        assert!(path.is_dir());
    }

    #[tokio::test]
    async fn what_another_program_listens_at_is_left_to_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("control.sock");
        let mut socket = ControlSocket::bind(&path).unwrap();
        let other = ControlSocket::bind(&path).unwrap();
        socket.check().await;
        drop(socket);
        assert!(other.is_there());
    }
}
