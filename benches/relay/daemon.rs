//! The relay as a process: its configuration and directory, start, stop, kill, and what Linux says
//! about it.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use tempfile::TempDir;

/// The program that is measured. `tests/bench/run` names a copy of what the package ships, because
/// `cargo bench` links it once more with the features that only tests need.
pub fn program() -> PathBuf {
    std::env::var_os("RELAY_BENCH_PROGRAM").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/release/voicedrive-relay"),
        PathBuf::from,
    )
}

/// What webhooks are signed with, and what events at the ingest are signed with.
pub const WEBHOOK_SECRET: &str = "only-for-this-run-too";

/// A directory on the same file system as the others of this run.
pub fn directory() -> TempDir {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("target");
    tempfile::Builder::new()
        .prefix("bench-")
        .tempdir_in(target)
        .unwrap()
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A directory with a configuration, in which daemons live one after another.
pub struct House {
    folder: TempDir,
    port: u16,
    /// What stands at the end of the configuration.
    routes: String,
    /// What stands under `[storage]`, besides the directory.
    storage: String,
}

impl House {
    /// `routes` stands at the end of the configuration.
    pub fn new(routes: &str) -> Self {
        let house = Self {
            folder: directory(),
            port: free_port(),
            routes: routes.to_owned(),
            // Copies are no part of most rows.
            storage: "backup_interval_seconds = 86400\n".to_owned(),
        };
        house.configure("");
        house
    }

    fn configure(&self, url: &str) {
        let data = self.folder.path().join("data");
        let text = format!(
            "language = \"en\"\n[server]\nlisten = \"127.0.0.1:{}\"\n\
             [storage]\ndirectory = \"{}\"\n{}\
             [rate_limit]\nrequests_per_minute = 100000\n[delivery]\nurl = \"{url}\"\n{}",
            self.port,
            data.display(),
            self.storage,
            self.routes
        );
        fs::write(self.config(), text).unwrap();
    }

    /// The next daemon has this under `[storage]`.
    pub fn stores(&mut self, storage: &str) {
        storage.clone_into(&mut self.storage);
        self.configure("");
    }

    /// How long ago the backup file was made.
    pub fn backup_age(&self) -> Duration {
        let copy = self.folder.path().join("data/relay-backup.db");
        let made = fs::metadata(copy).and_then(|file| file.modified()).unwrap();
        made.elapsed().unwrap_or_default()
    }

    /// Gives a running daemon a URL, as an admin does who edits the file and reloads.
    pub fn reload(&self, daemon: &Daemon, url: &str) {
        self.configure(url);
        daemon.signal("-HUP");
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("config.toml")
    }

    pub fn database(&self) -> PathBuf {
        self.folder.path().join("data/live/relay.db")
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    fn command(&self, words: &[&str], url: Option<&str>) -> Command {
        let mut command = Command::new(program());
        command
            .args(words)
            .arg("--config")
            .arg(self.config())
            .env_clear()
            .env(
                "RELAY_JWT_SECRET",
                "only-for-this-run-and-long-enough-for-it",
            )
            .env("VOICEDRIVE_WEBHOOK_SECRET", WEBHOOK_SECRET)
            .stdin(Stdio::null());
        if let Some(url) = url {
            command.env("VOICEDRIVE_WEBHOOK_URL", url);
        }
        command
    }

    /// Starts a daemon and does not wait for it.
    pub fn launch(&self, url: Option<&str>) -> Daemon {
        let mut command = self.command(&["serve"], url);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let (launched, at) = (Instant::now(), SystemTime::now());
        Daemon {
            child: command.spawn().unwrap(),
            launched,
            at,
        }
    }

    /// Starts a daemon and waits until it is ready.
    pub fn start(&self, url: Option<&str>) -> Daemon {
        let mut daemon = self.launch(url);
        let mut lines = BufReader::new(daemon.child.stderr.take().unwrap());
        let mut said = String::new();
        loop {
            let from = said.len();
            let read = lines.read_line(&mut said).unwrap();
            assert!(read > 0, "the relay did not start:\n{said}");
            let line = &said[from..];
            if line.contains("ready ") && line.contains("listen=") {
                break;
            }
        }
        // A pipe that nobody reads would stop the daemon when it is full.
        thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        daemon
    }

    /// Starts a daemon, waits until the copy that every start makes is made, and gives it with a
    /// token.
    pub fn start_calm(&self, url: Option<&str>) -> (Daemon, String) {
        let daemon = self.start(url);
        let token = self.token();
        let copy = self.folder.path().join("data/relay-backup.db");
        let made = |path: &Path| fs::metadata(path).and_then(|m| m.modified()).ok();
        let patience = Instant::now();
        while made(&copy).is_none_or(|time| time < daemon.at) {
            if patience.elapsed() > Duration::from_mins(2) {
                eprintln!("  no copy was made in two minutes; going on");
                break;
            }
            thread::sleep(Duration::from_millis(50));
        }
        thread::sleep(Duration::from_millis(500));
        (daemon, token)
    }

    /// A token that may do everything. The daemon has to be running.
    pub fn token(&self) -> String {
        let words = [
            "token",
            "issue",
            "--subject",
            "bench",
            "--scope",
            "admin",
            "--json",
        ];
        let output = self.command(&words, None).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "no token: {said}");
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        answer["token"].as_str().unwrap().to_owned()
    }

    /// Runs a command to its end; what it prints is thrown away.
    pub fn run(&self, words: &[&str]) {
        let mut command = self.command(words, None);
        let output = command.stdout(Stdio::null()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {said}");
    }

    /// How long it takes from the start of the process to the first 200 of the health check.
    pub fn first_answer(&self, url: Option<&str>) -> Duration {
        let mut daemon = self.launch(url);
        let mut errors = daemon.child.stderr.take().unwrap();
        thread::spawn(move || std::io::copy(&mut errors, &mut std::io::sink()));
        while !self.is_healthy() {
            assert!(
                daemon.launched.elapsed() < Duration::from_mins(1),
                "the relay was not healthy within a minute"
            );
            thread::sleep(Duration::from_micros(500));
        }
        let took = daemon.launched.elapsed();
        daemon.stop();
        took
    }

    fn is_healthy(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(self.address()) else {
            return false;
        };
        let request = format!(
            "GET /api/health HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
            self.address()
        );
        let mut answer = Vec::new();
        stream.write_all(request.as_bytes()).is_ok()
            && stream.read_to_end(&mut answer).is_ok()
            && answer.starts_with(b"HTTP/1.1 200")
    }
}

/// A running relay. It is killed when it is dropped, so that a panic leaves none behind.
pub struct Daemon {
    child: Child,
    /// The moment before the process was made.
    pub launched: Instant,
    at: SystemTime,
}

impl Daemon {
    /// Stops it in order.
    pub fn stop(mut self) {
        self.signal("-TERM");
        let status = self.child.wait().unwrap();
        assert!(status.success(), "the relay stopped with {status}");
    }

    fn signal(&self, which: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([which, &pid]).status().unwrap();
        assert!(sent.success(), "the relay is gone");
    }

    /// Kills it with SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn proc(&self, file: &str) -> PathBuf {
        Path::new("/proc")
            .join(self.child.id().to_string())
            .join(file)
    }

    fn status(&self, key: &str) -> f64 {
        value(&fs::read_to_string(self.proc("status")).unwrap(), key)
    }

    /// Resident memory now, in MiB.
    pub fn memory(&self) -> f64 {
        self.status("VmRSS:") / 1024.0
    }

    /// The most resident memory that it ever had, in MiB.
    pub fn peak(&self) -> f64 {
        self.status("VmHWM:") / 1024.0
    }

    /// Time on a core in nanoseconds and voluntary sleeps, of each thread so far. The scheduler
    /// counts exactly; the ticks of `stat` are too coarse for a thousandth of a core.
    pub fn work(&self) -> HashMap<PathBuf, [f64; 2]> {
        let mut work = HashMap::new();
        for task in fs::read_dir(self.proc("task")).unwrap() {
            let task = task.unwrap().path();
            // A thread may end between the listing and the reading.
            let (Ok(time), Ok(status)) = (
                fs::read_to_string(task.join("schedstat")),
                fs::read_to_string(task.join("status")),
            ) else {
                continue;
            };
            let time = value(&time, "");
            let sleeps = value(&status, "voluntary_ctxt_switches:");
            work.insert(task, [time, sleeps]);
        }
        work
    }

    /// What was worked since then. A thread that ended meanwhile takes its last part with it.
    pub fn work_since(&self, before: &HashMap<PathBuf, [f64; 2]>) -> [f64; 2] {
        let mut sum = [0.0; 2];
        for (task, [time, sleeps]) in self.work() {
            let [time_before, sleeps_before] = before.get(&task).copied().unwrap_or_default();
            sum[0] += time - time_before;
            sum[1] += sleeps - sleeps_before;
        }
        sum
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // After `stop` and `kill` it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The number behind a key at the beginning of a line, in a file of `/proc`.
fn value(text: &str, key: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(key));
    let number = line.unwrap().split_whitespace().next().unwrap();
    number.parse().unwrap()
}
