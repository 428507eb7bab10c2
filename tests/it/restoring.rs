//! Copies, however they were made, take the place of the database, and the person reads what follows from that.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::backup::Backup;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::commands::{Daemon, program};
use crate::harness::{Clock, Partner, client, configuration};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A data directory, with files of a person's beside it, and the commands that need no daemon.
struct Place {
    directory: TempDir,
    elsewhere: TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self {
            directory: TempDir::new().unwrap(),
            elsewhere: TempDir::new().unwrap(),
        };
        place.configure("");
        place
    }

    fn configure(&self, url: &str) {
        let text = configuration(self.directory.path(), url, "");
        fs::write(self.directory.path().join("config.toml"), text).unwrap();
    }

    fn live(&self) -> PathBuf {
        self.directory.path().join("live/relay.db")
    }

    /// A file of a person's, as an argument.
    fn file(&self, name: &str) -> String {
        let path = self.elsewhere.path().join(name);
        path.to_str().unwrap().to_owned()
    }

    async fn daemon(&self, url: &str) -> Daemon {
        Daemon::start(self.directory.path(), url, "").await
    }

    async fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let mut command = program();
        command.args(arguments).arg("--config");
        command.arg(self.directory.path().join("config.toml"));
        let output = command.output().await.unwrap();
        let code = output.status.code().unwrap();
        (code, text(&output.stdout), text(&output.stderr))
    }

    async fn restore(&self, arguments: &[&str]) -> Value {
        let arguments = [&["restore", "--json"], arguments].concat();
        let (code, told, error) = self.run(&arguments).await;
        assert_eq!(code, 0, "{error}");
        serde_json::from_str(&told).unwrap()
    }

    /// No restore has left anything but a live directory, and those that are kept aside.
    fn is_tidy(&self) {
        let names = fs::read_dir(self.directory.path()).unwrap().flatten();
        for name in names.map(|entry| entry.file_name().into_string().unwrap()) {
            assert!(!name.contains("restoring"), "{name}");
        }
    }
}

async fn stop(mut daemon: Daemon) {
    daemon.signal("-TERM");
    assert_eq!(daemon.child.wait().await.unwrap().code(), Some(0));
}

/// As `.backup` of `sqlite3` makes a copy.
fn copy_with_sqlite(from: &Path, to: &str) {
    let source = Connection::open(from).unwrap();
    let mut copy = Connection::open(to).unwrap();
    let backup = Backup::new(&source, &mut copy).unwrap();
    let pause = std::time::Duration::ZERO;
    backup.run_to_completion(100, pause, None).unwrap();
}

fn says_write_ahead(file: &str) -> bool {
    fs::read(file).unwrap()[18] == 2
}

#[tokio::test]
async fn a_copy_made_by_sqlite_itself_can_be_restored() {
    let place = Place::new();
    let daemon = place.daemon("").await;
    let (copy, vacuumed) = (place.file("copy.db"), place.file("vacuumed.db"));
    // The second goes over the first, as every night.
    for _ in 0..2 {
        daemon.json(&["send", "a.b"]).await;
        copy_with_sqlite(&place.live(), &copy);
        assert!(says_write_ahead(&copy));
        assert_eq!(place.run(&["verify", &copy]).await.0, 0);
    }
    let live = Connection::open(place.live()).unwrap();
    live.execute("VACUUM INTO ?1", [&vacuumed]).unwrap();
    drop(live);
    daemon.json(&["send", "after.the.copy"]).await;
    stop(daemon).await;
    for copy in [copy, vacuumed] {
        assert_eq!(place.restore(&[&copy]).await["events"], 2, "{copy}");
        let daemon = place.daemon("").await;
        assert_eq!(daemon.json(&["status"]).await["events"]["accepted"], 2);
        stop(daemon).await;
    }
    // A database that came of such a copy is a live one like any other.
    let daemon = place.daemon("").await;
    let raw = place.file("raw.db");
    fs::copy(place.live(), &raw).unwrap();
    assert_eq!(place.run(&["verify", &raw]).await.0, 1);
    stop(daemon).await;
}

#[tokio::test]
async fn the_file_of_a_daemon_that_was_stopped_is_a_whole_copy() {
    let place = Place::new();
    let daemon = place.daemon("").await;
    daemon.json(&["send", "a.b"]).await;
    stop(daemon).await;
    let copy = place.file("cold.db");
    fs::copy(place.live(), &copy).unwrap();
    assert!(!says_write_ahead(&copy));
    assert_eq!(place.restore(&[&copy]).await["events"], 1);
    let daemon = place.daemon("").await;
    assert!(says_write_ahead(place.live().to_str().unwrap()));
    daemon.json(&["send", "c.d"]).await;
    stop(daemon).await;
}

/// An admin who looks at the database is no reason to wait at a stop; then it is left as by a crash.
#[tokio::test]
async fn a_stop_does_not_wait_for_somebody_who_reads_the_database() {
    let place = Place::new();
    let daemon = place.daemon("").await;
    daemon.json(&["send", "a.b"]).await;
    let reader = Connection::open(place.live()).unwrap();
    reader
        .execute_batch("BEGIN; SELECT count(*) FROM events;")
        .unwrap();
    stop(daemon).await;
    drop(reader);
    let daemon = place.daemon("").await;
    assert_eq!(daemon.json(&["status"]).await["events"]["accepted"], 1);
    stop(daemon).await;
}

#[tokio::test]
async fn a_copy_of_the_live_file_is_taken_as_it_is_only_when_somebody_says_so() {
    let place = Place::new();
    let daemon = place.daemon("").await;
    daemon.json(&["send", "a.b"]).await;
    let empty = place.file("empty.db");
    fs::copy(place.live(), &empty).unwrap();
    stop(daemon).await;
    let daemon = place.daemon("").await;
    daemon.json(&["send", "in.the.log"]).await;
    let (alone, both) = (place.file("alone.db"), place.file("both.db"));
    fs::copy(place.live(), &alone).unwrap();
    daemon.kill().await;
    // Until the first stop or the first 32 MiB, all of it is in the log.
    let (code, _, error) = place.run(&["restore", "--as-it-is", &empty]).await;
    assert_eq!(code, 1, "{error}");
    assert!(error.contains("nothing of it can be read"), "{error}");
    fs::copy(place.live(), &both).unwrap();
    fs::copy(place.live().with_extension("db-wal"), format!("{both}-wal")).unwrap();
    for (copy, events, said) in [
        (alone, 1, "may not be in it"),
        (both, 2, "while the daemon was stopped"),
    ] {
        for command in ["verify", "restore"] {
            let (code, _, error) = place.run(&[command, &copy]).await;
            assert_eq!(code, 1, "{error}");
            assert!(error.contains("copy of live/relay.db"), "{error}");
            assert!(error.contains("restore --as-it-is"), "{error}");
            assert!(error.contains(said), "{error}");
        }
        let answer = place.restore(&["--as-it-is", &copy]).await;
        assert_eq!(answer["events"], events, "{copy}");
        assert_eq!(answer["asItIs"], true);
    }
    let daemon = place.daemon("").await;
    assert_eq!(daemon.json(&["status"]).await["events"]["accepted"], 2);
    stop(daemon).await;
}

#[tokio::test]
async fn a_restore_that_fails_leaves_everything_as_it_was() {
    let place = Place::new();
    let daemon = place.daemon("").await;
    for _ in 0..20 {
        daemon.json(&["send", "a.b"]).await;
    }
    stop(daemon).await;
    let daemon = place.daemon("").await;
    // Only when it is laid out can be seen that it is damaged.
    let torn = place.file("torn.db");
    let mut bytes = fs::read(place.live()).unwrap();
    let last_page = bytes.len() - 4096;
    bytes[last_page..].fill(0xff);
    fs::write(&torn, bytes).unwrap();
    stop(daemon).await;
    let before = fs::read(place.live()).unwrap();
    let (code, _, error) = place.run(&["restore", "--as-it-is", &torn]).await;
    assert_eq!(code, 1, "{error}");
    assert!(
        error.contains(&torn) && error.contains("damaged"),
        "{error}"
    );
    place.is_tidy();
    assert_eq!(fs::read(place.live()).unwrap(), before);
}

#[tokio::test]
async fn a_plain_copy_of_an_older_live_file_is_called_of_before() {
    let place = Place::new();
    let old = place.elsewhere.path().join("old-live.db");
    let connection = Connection::open(&old).unwrap();
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL;
             CREATE TABLE refinery_schema_history (version INT4 PRIMARY KEY, name VARCHAR(255),
                 applied_on VARCHAR(255), checksum VARCHAR(255));
             INSERT INTO refinery_schema_history VALUES (9, 'checks_without_lists', '', '1');
             CREATE TABLE events (seq INTEGER PRIMARY KEY);
             PRAGMA wal_checkpoint(TRUNCATE);
             INSERT INTO events VALUES (1);",
        )
        .unwrap();
    let (alone, both) = (place.file("alone.db"), place.file("both.db"));
    for copy in [&alone, &both] {
        fs::copy(&old, copy).unwrap();
    }
    fs::copy(place.file("old-live.db-wal"), format!("{both}-wal")).unwrap();
    for arguments in [
        &["verify", alone.as_str()][..],
        &["restore", &alone],
        &["restore", "--as-it-is", &alone],
        &["verify", &both],
        &["restore", "--as-it-is", &both],
    ] {
        let (code, _, error) = place.run(arguments).await;
        assert_eq!(code, 78, "{arguments:?}: {error}");
        assert!(error.contains("before the first release"), "{error}");
    }
}

/// Issues a token and answers its id and the token.
async fn issue(daemon: &Daemon, subject: &str) -> (String, String) {
    let scope = ["--scope", "events:read"];
    let arguments = [&["token", "issue", "--subject", subject][..], &scope].concat();
    let issued = daemon.json(&arguments).await;
    let of = |key: &str| issued[key].as_str().unwrap().to_owned();
    (of("jti"), of("token"))
}

async fn answer_to(daemon: &Daemon, token: &str) -> u16 {
    let request = client()
        .get(format!("{}/api/events", daemon.url))
        .bearer_auth(token);
    request.send().await.unwrap().status().as_u16()
}

/// Waits until so many are delivered.
async fn delivered(daemon: &Daemon, events: u64) {
    let are_delivered = |status: &Value| status["events"]["delivered"] == events;
    daemon.until(&["status"], are_delivered).await;
}

#[tokio::test]
async fn a_restore_says_what_follows_and_keeps_what_was_revoked() {
    let place = Place::new();
    let partner = Partner::start(Clock::System).await;
    let daemon = place.daemon("").await;
    let (leaver, gone) = issue(&daemon, "leaver").await;
    let (_, stays) = issue(&daemon, "staff-system").await;
    for _ in 0..3 {
        daemon.json(&["send", "before.the.copy"]).await;
    }
    let copy = place.file("copy.db");
    daemon.json(&["backup", &copy]).await;
    daemon.json(&["token", "revoke", &leaver]).await;
    let (_, later) = issue(&daemon, "came.later").await;
    stop(daemon).await;
    let daemon = place.daemon(&partner.url()).await;
    delivered(&daemon, 3).await;
    daemon.json(&["send", "after.the.copy"]).await;
    delivered(&daemon, 4).await;
    let records = place.file("records.ndjson");
    let record = json!({
        "id": "i-1", "employeeId": "EMP-1", "interviewType": "regular",
        "interviewDate": "2025-10-28T10:00:00+09:00", "interviewStatus": "scheduled",
    });
    fs::write(&records, record.to_string()).unwrap();
    daemon.json(&["import", "interviews", &records]).await;
    stop(daemon).await;
    let daemon = place.daemon("").await;
    daemon.json(&["send", "not.delivered"]).await;
    stop(daemon).await;

    let answer = place.restore(&[&copy]).await;
    assert_eq!(
        (&answer["events"], &answer["waiting"]),
        (&json!(3), &json!(3))
    );
    let before = &answer["before"];
    assert_eq!(before["sentAgain"], 3);
    let events = &before["eventsNotInCopy"];
    assert_eq!(
        (&events["count"], &events["delivered"]),
        (&json!(2), &json!(1))
    );
    assert!(
        events["since"].as_str() < events["until"].as_str(),
        "{events}"
    );
    assert!(events["since"].as_str() > answer["newestEventAt"].as_str());
    assert_eq!(before["interviewsNotInCopy"]["count"], 1);
    let revoked = before["stayRevoked"].as_array().unwrap();
    assert_eq!(revoked.len(), 1);
    assert_eq!(
        (&revoked[0]["jti"], &revoked[0]["subject"]),
        (&json!(leaver), &json!("leaver"))
    );
    let daemon = place.daemon("").await;
    assert_eq!(answer_to(&daemon, &gone).await, 401);
    assert_eq!(answer_to(&daemon, &stays).await, 200);
    assert_eq!(answer_to(&daemon, &later).await, 200);
    // It can be revoked, because it is known here still.
    daemon
        .json(&["token", "revoke", "--subject", "came.later"])
        .await;
    assert_eq!(answer_to(&daemon, &later).await, 401);
    stop(daemon).await;

    // Back to what was there, in words, and once more to the copy in the other language.
    let aside = answer["keptAside"].as_str().unwrap();
    let (code, told, error) = place.run(&["restore", &format!("{aside}/relay.db")]).await;
    assert_eq!(code, 0, "{error}");
    for said in [
        "sent at the start (retries when they are due): 1\n",
        "nothing was accepted after",
        "stay revoked: 1",
        "delete it: sudo rm -r ",
    ] {
        assert!(told.contains(said), "{said}: {told}");
    }
    let config = place.directory.path().join("config.toml");
    let japanese = fs::read_to_string(&config)
        .unwrap()
        .replace("language = \"en\"", "language = \"ja\"");
    fs::write(&config, japanese).unwrap();
    let (code, told, error) = place.run(&["restore", &copy]).await;
    assert_eq!(code, 0, "{error}");
    for said in [
        "3 件を送信します",
        "うち 3 件は送信済み",
        "2 件のイベント",
        "送信済み 1 件",
        "面談記録 1 件",
        "失効させたトークン 2 件",
        "sudo rm -r ",
    ] {
        assert!(told.contains(said), "{said}: {told}");
    }
}

/// Hands in an event, and answers its id.
async fn send_of_one_person(daemon: &Daemon) -> String {
    let arguments = ["send", "employee.updated", "--staff-id", "EMP-1"];
    let sent = daemon.json(&arguments).await;
    sent["id"].as_str().unwrap().to_owned()
}

/// VoiceDrive may know what came after an old copy: a person looks first, and then lets everything go.
#[tokio::test]
async fn after_a_restore_with_a_hold_nothing_is_sent_until_somebody_ends_it() {
    let place = Place::new();
    let partner = Partner::start(Clock::System).await;
    let daemon = place.daemon("").await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(send_of_one_person(&daemon).await);
    }
    let copy = place.file("copy.db");
    daemon.json(&["backup", &copy]).await;
    stop(daemon).await;
    let (code, told, error) = place.run(&["restore", "--hold", &copy]).await;
    assert_eq!(code, 0, "{error}");
    for said in [
        "nothing is sent after the start until somebody ends the hold",
        "voicedrive-relay hold end",
        "sent when the hold has ended (retries when they are due): 3",
    ] {
        assert!(told.contains(said), "{said}: {told}");
    }
    // What was restored last counts, and nothing of an earlier restore.
    assert_eq!(place.restore(&[&copy]).await["held"], false);
    assert_eq!(place.restore(&["--hold", &copy]).await["held"], true);
    for _ in 0..2 {
        let daemon = place.daemon(&partner.url()).await;
        ids.push(send_of_one_person(&daemon).await);
        let holds = daemon.json(&["hold", "list"]).await;
        let hold = &holds["items"][0];
        assert_eq!(
            (&hold["route"], &hold["until"], &hold["reason"]),
            (&json!("*"), &Value::Null, &json!("restored from a copy"))
        );
        assert_eq!(daemon.json(&["status"]).await["holds"], holds["items"]);
        let output = daemon.run(&["status", "--exit-code"]).await;
        assert_eq!(output.status.code(), Some(1));
        let told = text(&output.stdout);
        assert!(
            told.contains("every route: until somebody ends the hold, restored from a copy"),
            "{told}"
        );
        let shown = daemon.run(&["show", &ids[0]]).await;
        let told = text(&shown.stdout);
        assert!(told.contains("until somebody ends the hold"), "{told}");
        // A restart ends nothing.
        stop(daemon).await;
    }
    let daemon = place.daemon(&partner.url()).await;
    assert!(partner.received().is_empty());
    daemon.json(&["hold", "end"]).await;
    delivered(&daemon, 5).await;
    let received = partner.received();
    let received: Vec<_> = received
        .iter()
        .map(|one| one.header("x-request-id"))
        .collect();
    assert_eq!(received, ids);
    let history = text(&daemon.run(&["alert", "history"]).await.stdout);
    let ended = "The hold was ended. Nothing waits.";
    assert!(history.contains(ended), "{history}");
    let audit = daemon.json(&["audit"]).await;
    let done = audit["items"].as_array().unwrap();
    let of = |action: &str| done.iter().find(|one| one["action"] == action).unwrap();
    assert_eq!(of("hold")["reason"], "restored from a copy");
    assert_eq!(of("hold")["at"], of("restore")["at"]);
    let ended = of("end_hold")["at"].as_str().unwrap().to_owned();
    for id in &ids {
        let event = daemon.json(&["show", id]).await;
        let first = event["attempts"][0]["startedAt"].as_str().unwrap();
        assert!(first >= ended.as_str(), "{event}");
    }
    stop(daemon).await;
}

#[tokio::test]
async fn what_cannot_be_compared_is_said() {
    let place = Place::new();
    let daemon = place.daemon("").await;
    daemon.json(&["send", "a.b"]).await;
    let copy = place.file("copy.db");
    daemon.json(&["backup", &copy]).await;
    stop(daemon).await;
    let damage = || fs::write(place.live(), [0xff; 8192]).unwrap();
    damage();
    let backup = place.directory.path().join("relay-backup.db");
    fs::remove_file(&backup).unwrap();
    let answer = place.restore(&[&copy]).await;
    assert!(answer["before"]["error"].is_string(), "{answer}");
    damage();
    let (code, told, error) = place.run(&["restore", &copy]).await;
    assert_eq!(code, 0, "{error}");
    assert!(
        told.contains("the previous database cannot be read"),
        "{told}"
    );
    assert!(told.contains("revoke again"), "{told}");
    // Without one there is nothing to say of it.
    fs::remove_dir_all(place.live().parent().unwrap()).unwrap();
    let answer = place.restore(&[&copy]).await;
    assert!(
        answer["before"].is_null() && answer["keptAside"].is_null(),
        "{answer}"
    );
}

#[tokio::test]
async fn a_copy_goes_over_nothing_but_a_copy_under_whatever_name() {
    let place = Place::new();
    let daemon = place.daemon("").await;
    daemon.json(&["send", "a.b"]).await;
    let other = place.file("places.sqlite");
    let database = Connection::open(&other).unwrap();
    database.execute_batch("CREATE TABLE a (b)").unwrap();
    drop(database);
    let hard = place.file("hard.db");
    fs::hard_link(place.live(), &hard).unwrap();
    let pipe = place.file("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let important = place.file("important");
    fs::write(&important, "the office's").unwrap();
    for link in ["link.db", "beside.db.new"] {
        std::os::unix::fs::symlink(&important, place.file(link)).unwrap();
    }
    let own = |name: &str| {
        place
            .directory
            .path()
            .join(name)
            .to_str()
            .unwrap()
            .to_owned()
    };
    daemon.json(&["backup", &own("relay-backup.db")]).await;
    let way_back = own("relay-before-migration-1.db");
    fs::copy(own("relay-backup.db"), &way_back).unwrap();
    let rescued = own("relay-rescued-2025-10-26T143000000Z.db");
    fs::copy(own("relay-backup.db"), &rescued).unwrap();
    let before: Vec<_> = [&other, &way_back, &rescued]
        .map(|file| fs::read(file).unwrap())
        .into();
    for target in [
        &other,
        &hard,
        &pipe,
        &place.file("link.db"),
        &place.file("beside.db"),
        &place.file("nowhere/copy.db"),
        &place.file("nowhere/"),
        &place.elsewhere.path().to_str().unwrap().to_owned(),
        &way_back,
        &rescued,
        &own("live.restoring"),
        &own("relay-backup.db.new"),
        &String::new(),
    ] {
        let (code, told, error) = place.run(&["backup", target]).await;
        assert_ne!(code, 0, "{target}: {told}");
        assert!(
            error.contains("nothing was written") || code == 2,
            "{error}"
        );
    }
    let after: Vec<_> = [&other, &way_back, &rescued]
        .map(|file| fs::read(file).unwrap())
        .into();
    assert!(before == after);
    assert_eq!(fs::read(&important).unwrap(), b"the office's");
    assert!(
        fs::symlink_metadata(place.file("link.db"))
            .unwrap()
            .is_symlink()
    );
    assert!(!Path::new(&place.file("beside.db")).exists());
    // The daemon's own file, an empty one as `mktemp` makes it, and a new one.
    fs::write(place.file("empty.db"), "").unwrap();
    for target in [
        &own("relay-backup.db"),
        &place.file("empty.db"),
        &place.file("new.db"),
    ] {
        let answer = daemon.json(&["backup", target]).await;
        assert_eq!(answer["events"], 1, "{target}");
    }
    // When the daemon cannot make its own file, somebody else can still have a copy.
    fs::create_dir(own("relay-backup.db.new")).unwrap();
    daemon.json(&["send", "c.d"]).await;
    let (code, _, error) = place.run(&["backup", &own("relay-backup.db")]).await;
    assert_eq!(code, 1, "{error}");
    assert!(error.contains("relay-backup.db.new"), "{error}");
    let answer = daemon.json(&["backup", &place.file("new.db")]).await;
    assert_eq!(answer["events"], 2);
    // Of what the daemon has open, and not of what lies in the database's place.
    let aside = own("aside.db");
    fs::rename(place.live(), &aside).unwrap();
    fs::copy(place.file("empty.db"), place.live()).unwrap();
    let answer = daemon.json(&["backup", &place.file("new.db")]).await;
    assert_eq!(answer["events"], 2);
    fs::rename(&aside, place.live()).unwrap();
    daemon.kill().await;
    // Without a daemon the database itself is read; nobody says whether the daemon's own file is written at this moment.
    let (code, _, error) = place.run(&["backup", &own("relay-backup.db")]).await;
    assert_eq!(code, 69, "{error}");
    assert!(error.contains("the daemon itself keeps"), "{error}");
    let (code, told, error) = place.run(&["backup", &place.file("new.db")]).await;
    assert_eq!(code, 0, "{error}");
    assert!(told.contains("2 events"), "{told}");
}

/// What was acknowledged after the copy may be lost with the database, and that is never denied.
#[tokio::test]
async fn what_was_lost_with_the_database_is_not_denied() {
    let place = Place::new();
    let backup = place.directory.path().join("relay-backup.db");
    let backup = backup.to_str().unwrap();
    let log = place.directory.path().join("live/relay.db-wal");
    let losses: [&dyn Fn(); 3] = [
        &|| fs::remove_dir_all(place.live().parent().unwrap()).unwrap(),
        &|| fs::remove_file(place.live()).unwrap(),
        &|| fs::remove_file(&log).unwrap(),
    ];
    for lose in losses {
        let daemon = place.daemon("").await;
        daemon.json(&["send", "a.b"]).await;
        daemon.json(&["backup", backup]).await;
        daemon.json(&["send", "a.b"]).await;
        daemon.kill().await;
        lose();
        let (code, told, error) = place.run(&["restore", backup]).await;
        assert_eq!(code, 0, "{error}");
        assert!(told.contains("hand in everything since"), "{told}");
        assert!(!told.contains("nothing was accepted"), "{told}");
    }
}

#[tokio::test]
async fn a_copy_of_what_an_older_one_has_not_is_not_written_over() {
    let place = Place::new();
    let daemon = place.daemon("").await;
    let (older, newer) = (place.file("older.db"), place.file("newer.db"));
    daemon.json(&["backup", &older]).await;
    daemon.json(&["send", "a.b"]).await;
    daemon.json(&["backup", &newer]).await;
    stop(daemon).await;
    place.restore(&[&older]).await;
    let daemon = place.daemon("").await;
    let (code, _, error) = place.run(&["backup", &newer]).await;
    assert_eq!(code, 1, "{error}");
    daemon.json(&["backup", &older]).await;
    stop(daemon).await;
}

/// The daemon's backup file knows nearly as much as a database that cannot be read any more.
#[tokio::test]
async fn an_older_copy_is_compared_with_the_backup_file_when_the_database_is_damaged() {
    let place = Place::new();
    let daemon = place.daemon("").await;
    let (leaver, gone) = issue(&daemon, "leaver").await;
    let copy = place.file("copy.db");
    daemon.json(&["backup", &copy]).await;
    daemon.json(&["send", "a.b"]).await;
    daemon.json(&["token", "revoke", &leaver]).await;
    stop(daemon).await;
    let backup = place.directory.path().join("relay-backup.db");
    fs::write(place.live(), [0xff; 8192]).unwrap();
    let answer = place.restore(&[&copy]).await;
    let before = &answer["before"];
    assert!(before["error"].is_string(), "{answer}");
    assert_eq!(before["eventsNotInCopy"]["count"], 1);
    assert_eq!(before["stayRevoked"][0]["jti"], json!(leaver));
    // What is restored says nothing of itself.
    fs::write(place.live(), [0xff; 8192]).unwrap();
    let itself = place.restore(&[backup.to_str().unwrap()]).await;
    assert!(itself["before"]["eventsNotInCopy"].is_null(), "{itself}");
    let daemon = place.daemon("").await;
    assert_eq!(answer_to(&daemon, &gone).await, 401);
    stop(daemon).await;
}

#[tokio::test]
async fn where_nothing_may_be_written_another_place_is_advised() {
    let place = Place::new();
    let daemon = place.daemon("").await;
    // Nobody, not even root, makes a file there.
    let output = daemon.run(&["backup", "/sys/copy.db"]).await;
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("/sys/copy.db"), "{told}");
    assert!(told.contains("name a place where you may write"), "{told}");
    stop(daemon).await;
}
