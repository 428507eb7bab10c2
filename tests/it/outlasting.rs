//! The daemon goes on when something around it goes away, is crowded or hangs.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use reqwest::Method;
use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::{TcpListener, TcpSocket, TcpStream, UnixDatagram};
use tokio::process::{Child, ChildStderr, Command};
use voicedrive_relay::testing::relay::{Relay, StartError, control_socket};

use crate::commands::{Daemon, program};
use crate::harness::{
    Bench, Clock, TestRelay, binary, client, configuration, control_client, eventually, settings,
    status,
};
use crate::losing::{hand_in, health_until};

/// The longest that a test waits for something that must happen.
const PATIENCE: Duration = Duration::from_secs(30);

async fn within<T>(what: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(PATIENCE, what).await;
    waited.unwrap_or_else(|_| panic!("it takes too long"))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test]
async fn the_control_socket_comes_back_when_it_was_swept_away() {
    let relay = TestRelay::start("").await;
    let socket = control_socket(relay.directory.path());
    fs::remove_file(&socket).unwrap();
    eventually("the socket is there again", || socket.exists()).await;
    let client = control_client(relay.directory.path());
    let answer = within(client.get("http://relay/control/status").send()).await;
    assert_eq!(answer.unwrap().status(), 200);
    let directory = relay.stop().await;
    assert!(!control_socket(directory.path()).exists());
}

#[tokio::test]
async fn a_path_too_long_for_the_socket_is_a_mistake_before_anything_is_opened() {
    let parent = TempDir::new().unwrap();
    let directory = parent.path().join("x".repeat(100));
    let config = parent.path().join("config.toml");
    let written = format!("[storage]\ndirectory = {}\n", json!(directory));
    fs::write(&config, written).unwrap();
    let run = async |command: &str| {
        let mut program = program();
        program.arg(command).arg("--config").arg(&config);
        program.output().await.unwrap()
    };
    let served = within(run("serve")).await;
    let told = text(&served.stderr);
    assert_eq!(served.status.code(), Some(78), "{told}");
    assert!(
        told.contains("storage.directory") && told.contains("107"),
        "{told}"
    );
    assert!(!directory.exists(), "nothing was opened");
    let checked = within(run("check")).await;
    assert_ne!(checked.status.code(), Some(0));
    assert!(text(&checked.stdout).contains("107"));
}

#[tokio::test]
async fn a_peer_that_opens_connections_and_asks_nothing_locks_out_nobody() {
    let directory = TempDir::new().unwrap();
    let mut daemon = Daemon::start(directory.path(), "", "").await;
    let address: std::net::SocketAddr = daemon.url["http://".len()..].parse().unwrap();
    let mut idle = Vec::new();
    for _ in 0..512 {
        idle.push(TcpStream::connect(address).await.unwrap());
    }
    // Somebody else on this machine, and who comes from the same address, such as a probe by way of the same proxy.
    for from in ["127.0.0.2:0", "127.0.0.1:0"] {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(from.parse().unwrap()).unwrap();
        let mut other = socket.connect(address).await.unwrap();
        let request = b"GET /api/health HTTP/1.1\r\nhost: relay\r\nconnection: close\r\n\r\n";
        other.write_all(request).await.unwrap();
        let mut answer = String::new();
        within(other.read_to_string(&mut answer)).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{from}: {answer}");
    }
    // The oldest left for it; the newest have their places still, and may ask.
    assert_eq!(within(idle[0].read(&mut [0; 1])).await.unwrap_or(0), 0);
    let last = idle.last_mut().unwrap();
    last.write_all(b"GET /api/health HTTP/1.1\r\nhost: relay\r\n\r\n")
        .await
        .unwrap();
    let mut begin = [0; 12];
    within(last.read_exact(&mut begin)).await.unwrap();
    assert_eq!(&begin, b"HTTP/1.1 200");
    let line = loop {
        let line = within(daemon.log.next_line()).await.unwrap();
        if line.contains("connections already") {
            break line;
        }
    };
    assert!(line.contains("127.0.0.1"), "{line}");
    daemon.kill().await;
}

/// Waits until the service manager is told this.
async fn told_to_systemd(socket: &UnixDatagram, wanted: &str) {
    let mut message = [0; 1024];
    loop {
        let length = within(socket.recv(&mut message)).await.unwrap();
        if text(&message[..length]).lines().any(|line| line == wanted) {
            return;
        }
    }
}

#[tokio::test]
async fn systemd_is_told_that_the_daemon_moves_however_crowded_its_address_is() {
    let directory = TempDir::new().unwrap();
    let config = directory.path().join("config.toml");
    fs::write(&config, configuration(directory.path(), "", "")).unwrap();
    let path = directory.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    let mut program = program();
    program
        .env("NOTIFY_SOCKET", &path)
        .env("WATCHDOG_USEC", "900000");
    let daemon = Daemon::launch(program, &config).await;
    told_to_systemd(&socket, "READY=1").await;
    told_to_systemd(&socket, "WATCHDOG=1").await;
    let address: std::net::SocketAddr = daemon.url["http://".len()..].parse().unwrap();
    let mut idle = Vec::new();
    for _ in 0..600 {
        idle.push(TcpStream::connect(address).await.unwrap());
    }
    for _ in 0..3 {
        told_to_systemd(&socket, "WATCHDOG=1").await;
    }
    daemon.signal("-TERM");
    told_to_systemd(&socket, "STOPPING=1").await;
    drop(idle);
    daemon.stop().await;
}

/// Fills what the service manager has not read yet, so that it takes nothing more.
fn fill(notify: &Path) {
    let own = std::os::unix::net::UnixDatagram::unbound().unwrap();
    own.set_nonblocking(true).unwrap();
    let refused = loop {
        if let Err(error) = own.send_to(b"X=1", notify) {
            break error;
        }
    };
    assert_eq!(refused.kind(), ErrorKind::WouldBlock);
}

#[tokio::test]
async fn a_service_manager_that_reads_nothing_holds_up_nothing() {
    let directory = TempDir::new().unwrap();
    let config = directory.path().join("config.toml");
    fs::write(&config, configuration(directory.path(), "", "")).unwrap();
    let path = directory.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    fill(&path);
    let mut program = program();
    program
        .env("NOTIFY_SOCKET", &path)
        .env("WATCHDOG_USEC", "30000");
    let daemon = within(Daemon::launch(program, &config)).await;
    told_to_systemd(&socket, "READY=1").await;
    fill(&path);
    let health = client().get(format!("{}/api/health", daemon.url)).send();
    assert_eq!(within(health).await.unwrap().status(), 200);
    within(daemon.stop()).await;
}

/// The program as it starts where so many files may be open.
fn with_few_files(files: u64) -> Command {
    let mut shell = Command::new("/bin/sh");
    let limited = format!("ulimit -n {files}; exec \"$0\" \"$@\"");
    let secrets = program();
    shell
        .args(["-c", &limited])
        .arg(binary())
        .kill_on_drop(true);
    shell.env_clear().envs(
        secrets
            .as_std()
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    shell
}

#[tokio::test]
async fn callers_cannot_take_all_the_files_that_may_be_open() {
    let directory = TempDir::new().unwrap();
    let config = directory.path().join("config.toml");
    fs::write(&config, configuration(directory.path(), "", "")).unwrap();
    let daemon = Daemon::launch(with_few_files(64), &config).await;
    let told = daemon.log_before_ready.join("\n");
    assert!(
        told.contains("may open few files") && told.contains("LimitNOFILE="),
        "{told}"
    );
    let address: std::net::SocketAddr = daemon.url["http://".len()..].parse().unwrap();
    let mut idle = Vec::new();
    for _ in 0..100 {
        idle.push(TcpStream::connect(address).await.unwrap());
    }
    daemon.json(&["send", "a.b"]).await;
    daemon.json(&["status"]).await;
    let answer = crate::harness::client().get(format!("{}/api/health", daemon.url));
    assert_eq!(within(answer.send()).await.unwrap().status(), 200);
    daemon.stop().await;
}

#[tokio::test]
async fn a_start_with_too_few_files_says_so() {
    let directory = TempDir::new().unwrap();
    let config = directory.path().join("config.toml");
    fs::write(&config, configuration(directory.path(), "", "")).unwrap();
    for files in [8, 16] {
        let mut start = with_few_files(files);
        start.args(["serve", "--config"]).arg(&config);
        let ended = within(start.output()).await.unwrap();
        let told = text(&ended.stderr);
        assert_eq!(ended.status.code(), Some(1), "{files}: {told}");
        assert!(told.contains("LimitNOFILE="), "{files}: {told}");
        assert!(!told.contains("panicked"), "{files}: {told}");
    }
    // Nothing was left that would keep the next one from starting.
    Daemon::launch(program(), &config).await.stop().await;
}

#[tokio::test]
async fn few_files_are_not_blamed_for_what_has_another_cause() {
    let parent = TempDir::new().unwrap();
    // SQLite opens no path of more than 512 bytes, however many files there may be.
    let part = "x".repeat(200);
    let directory = parent.path().join(&part).join(&part).join(&part);
    let config = parent.path().join("config.toml");
    fs::write(&config, configuration(&directory, "", "")).unwrap();
    let mut start = with_few_files(48);
    start
        .env("RUNTIME_DIRECTORY", parent.path())
        .args(["serve", "--config"])
        .arg(&config);
    let ended = within(start.output()).await.unwrap();
    let told = text(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{told}");
    assert!(told.contains("unable to open database file"), "{told}");
    assert!(!told.contains("LimitNOFILE="), "{told}");
}

#[tokio::test]
async fn who_is_turned_away_fills_no_log() {
    let directory = TempDir::new().unwrap();
    let mut daemon = Daemon::start(directory.path(), "", "").await;
    let client = crate::harness::client();
    for _ in 0..200 {
        let answer = client.get(format!("{}/api/events", daemon.url)).send();
        assert_eq!(answer.await.unwrap().status(), 401);
    }
    daemon.signal("-TERM");
    let mut lines = 0;
    while let Some(line) = within(daemon.log.next_line()).await {
        lines += usize::from(line.contains("turned away"));
    }
    // One, and one more when this took longer than a minute.
    assert!((1..=2).contains(&lines), "{lines} lines");
}

#[tokio::test]
async fn a_start_that_fails_closes_the_database_in_order() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let directory = TempDir::new().unwrap();
    let mut settings = settings(directory.path(), "", "");
    settings.config.server.listen = taken.local_addr().unwrap();
    let socket = control_socket(directory.path());
    let started = Relay::start(&settings, &socket, Clock::System).await;
    assert!(matches!(started.err(), Some(StartError::Listen { .. })));
    let live = directory.path().join("live");
    assert!(live.join("relay.db").exists());
    assert!(!live.join("relay.db-wal").exists(), "it was not closed");
    assert!(!socket.exists());
}

#[tokio::test]
async fn a_start_over_somebody_elses_file_fails_and_leaves_it() {
    let directory = TempDir::new().unwrap();
    let socket = control_socket(directory.path());
    fs::write(&socket, "somebody's").unwrap();
    let settings = settings(directory.path(), "", "");
    let started = Relay::start(&settings, &socket, Clock::System).await;
    assert!(matches!(started.err(), Some(StartError::Control { .. })));
    assert_eq!(fs::read(&socket).unwrap(), b"somebody's");
}

/// As a name server does it that hangs: the threads that ask it do not come back.
#[test]
fn statistics_and_lists_are_answered_while_a_name_server_hangs() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(1)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let relay = TestRelay::start("").await;
        let (answer, question) = std::sync::mpsc::channel::<()>();
        let (began, has_begun) = tokio::sync::oneshot::channel();
        let lookup = tokio::task::spawn_blocking(move || {
            let _ = began.send(());
            let _ = question.recv();
        });
        within(has_begun).await.unwrap();
        for path in [
            "/api/integration/webhook-stats?period=24h",
            "/api/interviews/completion-stats?period=today",
            "/api/events",
            "/api/health",
        ] {
            let asked = within(relay.get(path)).await;
            assert!(asked.status < 500, "{path}: {:?}", asked.body);
        }
        let id = within(relay.accept("a.b")).await;
        within(relay.get(&format!("/api/events/{id}"))).await;
        drop(answer);
        lookup.await.unwrap();
        within(relay.stop()).await;
    });
}

#[tokio::test]
async fn a_result_that_the_database_refuses_is_put_off_and_a_resend_reaches_it() {
    let mut bench = Bench::new(&[60], Duration::from_secs(5)).await;
    let database = Connection::open(bench.directory().join("live/relay.db")).unwrap();
    let refuse = |name: &str| {
        let sql = format!(
            "CREATE TRIGGER no BEFORE INSERT ON {name} BEGIN SELECT RAISE(ABORT, 'on purpose'); END"
        );
        database.execute_batch(&sql).unwrap();
    };
    let allow = || database.execute_batch("DROP TRIGGER no").unwrap();
    // A first attempt, and one that has a row in the retry queue.
    let fresh = bench.accept("a.b").await;
    refuse("attempts");
    assert_eq!(bench.dispatcher.step().await, 1);
    allow();
    let failed = bench.accept("c.d").await;
    bench.partner.will_answer([status(503)]);
    assert_eq!(bench.dispatcher.step().await, 1);
    refuse("attempts");
    bench.clock.advance(Duration::from_mins(1));
    assert_eq!(bench.dispatcher.step().await, 1);
    allow();
    bench.clock.advance(Duration::from_hours(1));
    assert_eq!(bench.dispatcher.step().await, 0, "it would go on for ever");
    for id in [&fresh, &failed] {
        bench.resend(id).await;
        assert_eq!(bench.dispatcher.step().await, 1);
        let event = bench.store.event(id, bench.clock.moment()).await;
        let summary = event.unwrap().unwrap().summary;
        assert_eq!(summary.status.as_str(), "delivered");
    }
    // Without anybody it is tried again in a day.
    let third = bench.accept("e.f").await;
    refuse("attempts");
    assert_eq!(bench.dispatcher.step().await, 1);
    allow();
    bench.clock.advance(Duration::from_hours(24));
    assert_eq!(bench.dispatcher.step().await, 1, "{third}");
}

#[tokio::test]
async fn the_rate_limit_counts_over_a_reload() {
    let mut relay = TestRelay::start("").await;
    let path = "/api/integration/webhook-stats";
    for _ in 0..100 {
        assert_eq!(relay.call(Method::GET, path, &[], "").await.status, 401);
    }
    relay.reload("", "").await;
    assert_eq!(relay.call(Method::GET, path, &[], "").await.status, 429);
}

#[tokio::test]
async fn a_channel_that_was_taken_out_fails_no_more() {
    let partner = crate::harness::Partner::start(Clock::System).await;
    partner.always_answers(Some(status(401)));
    let channel = "[[alerts.channel]]\nkind = \"email\"\nfrom = \"a@clinic.example\"\n\
                   to = [\"b@clinic.example\"]\nhost = \"127.0.0.1\"\nport = 9\n";
    let clock = Clock::System;
    let mut relay = TestRelay::start_with(&partner.url(), channel, clock).await;
    relay.accept("a.b").await;
    let client = control_client(relay.directory.path());
    let failing = async || {
        let answer = client.get("http://relay/control/status").send().await;
        let answer: Value = serde_json::from_str(&answer.unwrap().text().await.unwrap()).unwrap();
        answer["data"]["alerts"]["failing"].clone()
    };
    let told = within(async {
        loop {
            let failing = failing().await;
            if failing != json!([]) {
                return failing;
            }
        }
    });
    assert_eq!(told.await[0]["channel"], "email 1");
    relay.reload(&partner.url(), "").await;
    assert_eq!(failing().await, json!([]));
    let database = relay.directory.path().join("live/relay.db");
    let database = Connection::open(database).unwrap();
    let kept: i64 = database
        .query_row("SELECT count(*) FROM alert_channels", [], |row| row.get(0))
        .unwrap();
    assert_eq!(kept, 0);
}

/// Starts a daemon and answers its log, whether it gets ready or not.
fn spawned(config: &std::path::Path) -> (Child, Lines<BufReader<ChildStderr>>) {
    let mut program = program();
    program.args(["serve", "--config"]).arg(config);
    let mut child = program.stderr(Stdio::piped()).spawn().unwrap();
    let log = BufReader::new(child.stderr.take().unwrap()).lines();
    (child, log)
}

async fn logged(log: &mut Lines<BufReader<ChildStderr>>, word: &str) -> String {
    let reading = async {
        loop {
            let line = log.next_line().await.unwrap().unwrap();
            if line.contains(word) {
                return line;
            }
        }
    };
    within(reading).await
}

#[tokio::test]
async fn a_start_that_waits_for_another_program_says_so() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    let config = daemon.config.clone();
    daemon.stop().await;
    let database = directory.path().join("live/relay.db");
    let reader = Connection::open(&database).unwrap();
    reader
        .execute_batch("BEGIN; SELECT count(*) FROM events;")
        .unwrap();
    let (_child, mut log) = spawned(&config);
    let line = logged(&mut log, "another program").await;
    assert!(line.contains("60 seconds"), "{line}");
    assert!(
        line.contains(&format!("fuser -v {}", database.display())),
        "{line}"
    );
    reader.execute_batch("COMMIT").unwrap();
    logged(&mut log, "ready").await;
}

#[tokio::test]
async fn another_file_in_the_control_sockets_place_is_told_as_one() {
    let directory = TempDir::new().unwrap();
    let mut daemon = Daemon::start(directory.path(), "", "").await;
    let socket = control_socket(directory.path());
    fs::remove_file(&socket).unwrap();
    fs::write(&socket, "somebody's").unwrap();
    let mut told = String::new();
    while !told.contains("control socket") {
        told = within(daemon.log.next_line()).await.unwrap();
    }
    assert!(told.contains("replaced by another file"), "{told}");
    assert!(told.contains("no socket"), "{told}");
    daemon.kill().await;
}

#[tokio::test]
async fn a_program_that_listens_and_says_nothing_is_not_waited_for_long() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    let socket = control_socket(directory.path());
    // In one step: the relay makes its socket anew when it is gone.
    let beside = directory.path().join("other.sock");
    let _other = std::os::unix::net::UnixListener::bind(&beside).unwrap();
    fs::rename(&beside, &socket).unwrap();
    let (status, backup) = tokio::join!(
        within(daemon.run(&["status"])),
        within(daemon.run(&["backup", "/nowhere-to-be-found.db"])),
    );
    for output in [status, backup] {
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains("another program uses this socket"), "{told}");
    }
    daemon.kill().await;
}

/// Whether this user may mount something in a place of its own.
fn may_mount() -> bool {
    let mut tried = std::process::Command::new("unshare");
    tried.args(["--map-root-user", "--mount", "true"]);
    tried.output().is_ok_and(|output| output.status.success())
}

#[tokio::test]
async fn a_start_without_room_for_the_reserve_refuses_until_there_is_as_much_as_it_says() {
    if !may_mount() {
        eprintln!("not tried: this user may not mount a small disk");
        return;
    }
    let directory = TempDir::new().unwrap();
    let data = directory.path().join("data");
    fs::create_dir(&data).unwrap();
    let config = directory.path().join("config.toml");
    fs::write(&config, configuration(&data, "", "")).unwrap();
    // A disk of 20 MiB of which 4 are free.
    let script = r#"mount -t tmpfs -o size=20m none "$1" && head -c 16777216 /dev/zero >"$1/filling" && exec "$2" serve --config "$3""#;
    let mut program = tokio::process::Command::new("unshare");
    program.args(["--map-root-user", "--mount", "sh", "-c", script, "sh"]);
    program.args([data.as_path(), &binary(), &config]);
    for (name, value) in crate::commands::program().as_std().get_envs() {
        program.env(name, value.unwrap_or_default());
    }
    program.kill_on_drop(true);
    let mut child = program.stderr(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    let full = logged(&mut log, "the disk is full").await;
    assert!(full.contains("at least 5 MiB must be free"), "{full}");
    let ready = logged(&mut log, "ready").await;
    let (_, address) = ready.split_once("listen=").unwrap();
    let url = format!("http://{}", address.split(' ').next().unwrap());
    assert_eq!(hand_in(&url).await.0, 503);
    let told = health_until(&url, |status, _| status == 503).await;
    assert!(told.contains("at least 5 MiB must be free"), "{told}");
    let seen_by_it = format!("/proc/{}/root{}", child.id().unwrap(), data.display());
    fs::remove_file(format!("{seen_by_it}/filling")).unwrap();
    logged(&mut log, "room on the disk again").await;
    assert_eq!(hand_in(&url).await.0, 202);
}
