//! A MariaDB of the test's own, which it may stop, kill and start again.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::server::{connect_at, socket};

/// The longest that it may take until it answers, or is gone.
const ENDS_WITHIN: Duration = Duration::from_mins(2);

/// It ends with its test.
pub struct OwnServer {
    place: TempDir,
    options: Vec<String>,
    running: Option<Child>,
}

/// How it is stopped.
#[derive(Clone, Copy, Debug)]
pub enum Stop {
    InOrder,
    Killed,
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        if let Some(mut running) = self.running.take() {
            running.kill().unwrap();
            running.wait().unwrap();
        }
    }
}

impl OwnServer {
    /// Starts one with more options. None: the tests are about a server that is somewhere else.
    pub async fn start(options: &[&str]) -> Option<Self> {
        if socket().is_none() {
            eprintln!("not tested: the server is not on this machine");
            return None;
        }
        let place = tempfile::tempdir().unwrap();
        let mut options: Vec<_> = options.iter().map(|option| (*option).to_owned()).collect();
        // As root it wants to know as whom it works.
        if is_root() {
            options.push("--user=root".to_owned());
        }
        let made = Command::new("mariadb-install-db")
            .arg("--no-defaults")
            .arg(format!("--datadir={}", place.path().join("data").display()))
            // A server deletes what other servers have there when it starts.
            .arg(format!("--tmpdir={}", place.path().display()))
            .args(["--auth-root-authentication-method=normal", "--skip-test-db"])
            .args(options.iter().filter(|option| option.starts_with("--user")))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&made.stderr).into_owned();
        assert!(made.status.success(), "{said}");
        let mut server = Self {
            place,
            options,
            running: None,
        };
        server.start_again().await;
        Some(server)
    }

    pub fn socket(&self) -> PathBuf {
        self.place.path().join("socket")
    }

    pub async fn start_again(&mut self) {
        let in_place = |name: &str| self.place.path().join(name).display().to_string();
        let log = std::fs::File::create(self.place.path().join("log")).unwrap();
        let running = Command::new("mariadbd")
            .arg("--no-defaults")
            .arg(format!("--datadir={}", in_place("data")))
            .arg(format!("--socket={}", in_place("socket")))
            .arg(format!("--pid-file={}", in_place("pid")))
            .arg(format!("--tmpdir={}", self.place.path().display()))
            .arg(format!("--log-bin={}", in_place("changes")))
            .args([
                "--skip-networking",
                "--server-id=1",
                "--innodb-buffer-pool-size=64M",
            ])
            .args(&self.options)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.running = Some(running);
        let socket = self.socket();
        let answers = async {
            while connect_at(&socket).await.is_err() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let came = tokio::time::timeout(ENDS_WITHIN, answers).await;
        let log = std::fs::read_to_string(in_place("log"));
        assert!(came.is_ok(), "{log:?}");
    }

    pub async fn stop(&mut self, how: Stop) {
        let mut running = self.running.take().unwrap();
        match how {
            Stop::Killed => running.kill().unwrap(),
            Stop::InOrder => {
                let number = running.id().to_string();
                let told = Command::new("kill").args(["-TERM", &number]).status();
                assert!(told.unwrap().success());
            }
        }
        let gone = async {
            while running.try_wait().unwrap().is_none() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(ENDS_WITHIN, gone).await.unwrap();
    }
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").unwrap().uid() == 0
}
