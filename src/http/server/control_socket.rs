//! The control socket, and that it comes back when it was swept away or closed to those who may use it.
//!
//! A cleaner of temporary files, or an `rm`, takes away the socket's name and not the socket: the daemon would
//! go on listening where nobody can find it.

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::{UnixListener, UnixStream};
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::{Listener, Peer};

/// The longest path that a Unix socket may have, in bytes.
pub const LONGEST_PATH: usize = 107;
/// Between two looks at whether the name still leads to the socket.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// Who is in the file's group may open it.
const MODE: u32 = 0o660;

/// Listens under a name of the file system.
pub struct ControlSocket {
    path: PathBuf,
    listener: UnixListener,
    /// Where the name leads as long as nobody has taken it away.
    place: SocketId,
    /// Who may open it as long as nobody has changed that.
    access: Access,
    looks: Interval,
    /// That it cannot be made anew is told once.
    told: bool,
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
        let mut looks = interval(LOOK_AGAIN);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Self {
            path: path.to_owned(),
            listener,
            place,
            access: Access::of(path)?,
            looks,
            told: false,
        })
    }

    fn is_there(&self) -> bool {
        place(&self.path).is_ok_and(|place| place == self.place)
    }

    /// Makes the socket anew when its name is gone or leads somewhere else, and when its owner or mode was changed and
    /// cannot be put back.
    async fn look(&mut self) {
        let is_there = self.is_there();
        if is_there && self.may_be_opened() {
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
                (self.listener, self.place, self.told) = (listener, place, false);
                // With that of the file that is there now nothing is put back before it is changed again.
                self.access = Access::of(&self.path).unwrap_or(self.access);
            }
            Err(error) if !self.told => {
                tracing::error!(%error, %path, "{happened} and cannot be made anew: commands do not reach the daemon; it is tried again");
                self.told = true;
            }
            Err(_) => {}
        }
    }

    /// Whether those may open it who could at the start; if not, it is put back.
    fn may_be_opened(&self) -> bool {
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

    /// Whether the name may be taken: by nobody, or by a socket at which nobody listens any more.
    async fn is_free(&self) -> io::Result<()> {
        let found = fs::symlink_metadata(&self.path);
        let is_other = found.is_ok_and(|file| !file.file_type().is_socket());
        let told = if is_other {
            "the file that is there now is no socket; move it away"
        } else if UnixStream::connect(&self.path).await.is_ok() {
            "another program listens there; end it"
        } else {
            return Ok(());
        };
        Err(io::Error::other(told))
    }
}

impl Listener for ControlSocket {
    type Stream = UnixStream;

    async fn next(&mut self) -> io::Result<(UnixStream, Peer)> {
        loop {
            tokio::select! {
                accepted = self.listener.accept() => {
                    let (stream, _) = accepted?;
                    // The system says it, and not the one who calls.
                    let user = stream.peer_cred()?.uid();
                    return Ok((stream, Peer::User(user)));
                }
                _ = self.looks.tick() => self.look().await,
            }
        }
    }
}

impl Drop for ControlSocket {
    /// Takes the name away, so that a command sees at once that nobody listens.
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
    // What is no socket was put there by somebody, and stays.
    if fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket()) {
        fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(MODE))?;
    Ok((listener, place(path)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn answers(path: &Path, socket: &mut ControlSocket) -> bool {
        let asked = tokio::time::timeout(LOOK_AGAIN * 5, async {
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
        socket.look().await;
        assert_eq!(fs::read(&path).unwrap(), b"somebody's");
        fs::remove_file(&path).unwrap();
        assert!(answers(&path, &mut socket).await);
        // Nobody could open it, or everybody.
        for mode in [0, 0o777] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            socket.look().await;
            assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, MODE);
        }
        drop(socket);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn what_another_program_listens_at_is_left_to_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("control.sock");
        let mut socket = ControlSocket::bind(&path).unwrap();
        let other = ControlSocket::bind(&path).unwrap();
        socket.look().await;
        drop(socket);
        assert!(other.is_there());
    }
}
