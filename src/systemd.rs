//! What systemd is told: when the daemon is ready, how it is going, and that it still moves. Outside
//! of systemd nothing of this does anything.

use std::fmt::Display;
use std::io::{self, ErrorKind};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::command_line::CommandLine;
use crate::config::Environment;
use crate::language::Language;
use crate::relay::Relay;
use crate::reload::ReloadRefused;
use crate::trouble::Trouble;

/// Between two words about how it is going.
const EVERY: Duration = Duration::from_secs(10);
/// The longest that an answer may take of which systemd is told that the daemon moves.
const LONGEST_ANSWER: Duration = Duration::from_secs(5);
/// How much more time is asked for while the start or the stop takes long, and how often.
const MORE_TIME: (u32, Duration) = (60_000_000, Duration::from_secs(10));
/// No more time is asked for when a stop has taken so long: attempts, a copy under way and the last copy are done by then.
const LONGEST_STOP: Duration = Duration::from_mins(20);
/// Before systemd is told again what it had no room for and has to know.
const AGAIN: Duration = Duration::from_millis(100);

/// The service manager that started the daemon, if any did.
#[derive(Clone)]
pub struct Systemd {
    socket: Option<SocketAddr>,
}

impl Systemd {
    /// The one that a variable of the environment names.
    #[must_use]
    pub fn of(environment: &Environment) -> Self {
        let socket = environment.var("NOTIFY_SOCKET");
        let socket = socket.and_then(|socket| {
            let address = match socket.strip_prefix('@') {
                Some(name) => SocketAddr::from_abstract_name(name),
                None => SocketAddr::from_pathname(socket),
            };
            address
                .inspect_err(|error| tracing::debug!(%error, "systemd has no address"))
                .ok()
        });
        Self { socket }
    }

    /// A reload was refused, and why: `systemctl status` shows it until one is done.
    pub fn reload_refused(&self, why: &ReloadRefused) {
        self.tell(&[NotifyState::Status(&refusal(why))]);
    }

    /// The start has failed, and why: `systemctl status` shows it.
    pub fn failed(&self, error: &impl Display) {
        let text = format!("not started: {}", one_line(error));
        self.tell(&[NotifyState::Status(&text)]);
    }

    /// Asks for more time as long as the start takes, for a migration or a long look through the
    /// database; until what this answers is aborted.
    #[must_use]
    pub fn starting(&self) -> JoinHandle<()> {
        let this = self.clone();
        tokio::spawn(async move {
            let (microseconds, every) = MORE_TIME;
            loop {
                this.tell(&[
                    NotifyState::ExtendTimeoutUsec(microseconds),
                    // For a start that was told to be ready while it waited for room.
                    NotifyState::Watchdog,
                    NotifyState::Status("starting: opening the database"),
                ]);
                tokio::time::sleep(every).await;
            }
        })
    }

    /// The start waits until `why` is over, and requests are answered with it: it is ready as one is whose disk is full,
    /// so that nobody waits for it. What keeps it may become something else, which is told at once. Until what this answers
    /// is aborted.
    #[must_use]
    pub fn waiting(
        &self,
        mut why: watch::Receiver<Trouble>,
        commands: CommandLine,
    ) -> JoinHandle<()> {
        self.ready();
        let this = self.clone();
        tokio::spawn(async move {
            loop {
                let told = why.borrow_and_update().describe(Language::En, &commands);
                let status = format!("the start waits: {}", one_line(&told));
                this.tell(&[NotifyState::Status(&status), NotifyState::Watchdog]);
                tokio::select! {
                    () = tokio::time::sleep(between_words()) => {}
                    Ok(()) = why.changed() => {}
                }
            }
        })
    }

    /// Requests are answered from now on.
    pub fn ready(&self) {
        let this = self.clone();
        tokio::spawn(async move {
            while let Err(error) = this.send(&[NotifyState::Ready]) {
                if error.kind() != ErrorKind::WouldBlock {
                    tracing::warn!(%error, "systemd could not be told that the relay is ready");
                    break;
                }
                tokio::time::sleep(AGAIN).await;
            }
        });
    }

    /// The end has begun. Asks for more time as long as it takes, for attempts under way and the last copy, and at most so
    /// long that a stop which hangs is ended; until what this answers is aborted.
    #[must_use]
    pub fn stopping(&self) -> JoinHandle<()> {
        self.tell(&[
            NotifyState::Stopping,
            NotifyState::Status("stopping: attempts under way may finish, and a last copy is made"),
        ]);
        let this = self.clone();
        tokio::spawn(async move {
            let (microseconds, every) = MORE_TIME;
            let mut left = LONGEST_STOP;
            while !left.is_zero() {
                this.tell(&[
                    NotifyState::ExtendTimeoutUsec(microseconds),
                    NotifyState::Watchdog,
                ]);
                tokio::time::sleep(every).await;
                left = left.saturating_sub(every);
            }
        })
    }

    /// Tells how it is going, and that the daemon moves, as long as it does: until what this answers is
    /// aborted. None outside of systemd. It is asked from inside: a door that others crowd says nothing about the daemon.
    #[must_use]
    pub fn keep_telling(&self, relay: &Relay) -> Option<JoinHandle<()>> {
        self.socket.as_ref()?;
        let this = self.clone();
        let watchdog = sd_notify::watchdog_enabled();
        let observer = relay.observer();
        let reloads = relay.reloads();
        Some(tokio::spawn(async move {
            loop {
                // Reading the activity waits behind other reads, and says nothing about whether the daemon moves.
                let (activity, moves) = tokio::join!(
                    tokio::time::timeout(LONGEST_ANSWER, observer.activity()),
                    tokio::time::timeout(LONGEST_ANSWER, observer.moves()),
                );
                let going = activity.ok().flatten().map(|(waiting, last)| {
                    let last = last.map_or_else(|| "none".to_owned(), |at| at.to_string());
                    format!("{waiting} deliveries waiting; last attempt {last}")
                });
                let trouble = observer.trouble();
                let trouble = trouble.map(|trouble| trouble.happened(Language::En));
                let refused = reloads.refused().as_ref().map(refusal);
                let status = status([refused, trouble, going]);
                if !status.is_empty() {
                    this.tell(&[NotifyState::Status(&status)]);
                }
                if moves.unwrap_or(false) {
                    this.tell(&[NotifyState::Watchdog]);
                } else if watchdog.is_some() {
                    tracing::error!(
                        "the daemon does not answer itself or does not send; systemd will restart it"
                    );
                }
                tokio::time::sleep(between_words()).await;
            }
        }))
    }

    fn tell(&self, states: &[NotifyState<'_>]) {
        if let Err(error) = self.send(states) {
            tracing::debug!(%error, "systemd could not be told");
        }
    }

    /// Sends without waiting: the daemon goes on beside a systemd that reads nothing. `sd_notify::notify` would wait, and a
    /// thread of the runtime with it.
    fn send(&self, states: &[NotifyState<'_>]) -> io::Result<()> {
        let Some(address) = &self.socket else {
            return Ok(());
        };
        let lines: Vec<_> = states.iter().map(NotifyState::to_string).collect();
        let own = UnixDatagram::unbound()?;
        own.set_nonblocking(true)?;
        own.send_to_addr(lines.join("\n").as_bytes(), address)
            .map(|_| ())
    }
}

/// The time between two words, of which the watchdog must not miss one.
fn between_words() -> Duration {
    sd_notify::watchdog_enabled().map_or(EVERY, |limit| EVERY.min(limit / 3))
}

fn refusal(why: &impl Display) -> String {
    format!("a reload was refused: {}", one_line(why))
}

/// Why the last reload was refused, what is wrong with the database, and how it is going, as far as there is any of it.
fn status(parts: [Option<String>; 3]) -> String {
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    parts.join(" | ")
}

/// The first of several lines, and how many more there are: a status has one line.
fn one_line(text: &impl Display) -> String {
    let text = text.to_string();
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    match lines.count() {
        0 => first.to_owned(),
        more => format!("{first} (and {more} more; see voicedrive-relay check)"),
    }
}

#[cfg(test)]
mod tests {
    use tokio::net;

    use super::*;
    use crate::trouble::Shortage;

    /// What something may take that is waited for.
    const DEADLINE: Duration = Duration::from_mins(1);

    #[tokio::test]
    async fn a_start_that_waits_is_told_with_what_keeps_it_now() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let socket = net::UnixDatagram::bind(&path).unwrap();
        let systemd = Systemd {
            socket: Some(SocketAddr::from_pathname(&path).unwrap()),
        };
        let (trouble, why) = watch::channel(Trouble::DiskFull(Shortage::Inodes));
        let telling = systemd.waiting(why, CommandLine::default());
        let told = async |wanted: &str| {
            let mut message = [0; 1024];
            loop {
                let length = socket.recv(&mut message).await.unwrap();
                if String::from_utf8_lossy(&message[..length]).contains(wanted) {
                    return;
                }
            }
        };
        for (now, wanted) in [
            (
                None,
                "STATUS=the start waits: the disk can hold no more files",
            ),
            (
                Some(Trouble::DiskFailed("input/output error".to_owned())),
                "STATUS=the start waits: the disk failed (input/output error)",
            ),
        ] {
            if let Some(now) = now {
                trouble.send_replace(now);
            }
            tokio::time::timeout(DEADLINE, told(wanted)).await.unwrap();
        }
        telling.abort();
    }

    #[test]
    fn what_is_wrong_stands_in_the_status_before_how_it_is_going() {
        let going = || Some("going".to_owned());
        assert_eq!(status([None, None, going()]), "going");
        let told = "a reload was refused: secrets.env:1: no (and 1 more; see voicedrive-relay check) | going";
        let refused = Some(refusal(&"secrets.env:1: no\nmore"));
        assert_eq!(status([refused, None, going()]), told);
        // Who cannot read how it is going is told why.
        let failed = Some("the disk failed".to_owned());
        assert_eq!(status([None, failed, None]), "the disk failed");
    }
}
