//! A relay's data directory, and the commands.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;
use voicedrive_relay::testing::clock::Clock;
use voicedrive_relay::testing::store::Store;
use voicedrive_relay::testing::store::file::live_file;

use crate::seed;
use crate::server::Databases;

/// A relay that is not running.
pub struct Relay {
    directory: TempDir,
    pub target: PathBuf,
}

/// A daemon that ends with its test.
pub struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// What a command said and how it ended.
pub struct Said {
    pub code: Option<i32>,
    pub json: Value,
    pub error: String,
}

impl Relay {
    pub async fn make(databases: &Databases) -> Self {
        Self::by_way(databases, &databases.way()).await
    }

    pub async fn by_way(databases: &Databases, way: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let config = format!(
            "language = \"en\"\n[server]\nlisten = \"127.0.0.1:0\"\n[storage]\ndirectory = \"{}\"\n",
            directory.path().display()
        );
        std::fs::write(directory.path().join("config.toml"), config).unwrap();
        let moment = Clock::System.moment();
        let store = Store::open(directory.path(), moment).unwrap();
        store.close(moment).await;
        let target = databases.target(directory.path(), way);
        Self { directory, target }
    }

    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub fn database(&self) -> PathBuf {
        live_file(self.directory())
    }

    /// Deliveries of the last day, one a second, some of which are exhausted.
    pub fn deliveries(&self, first: i64, last: i64) {
        seeded(|| seed::deliveries(&self.database(), first, last, seed::Age::Day));
    }

    /// Runs statements on the relay's database, and counts its rows anew.
    pub async fn change(&self, statements: &str) {
        let connection = Connection::open(self.database()).unwrap();
        connection.execute_batch(statements).unwrap();
        connection.close().unwrap();
        let moment = Clock::System.moment();
        let store = Store::open(self.directory(), moment).unwrap();
        store.repair_counts().await.unwrap();
        store.close(moment).await;
    }

    /// A command of the relay's.
    pub fn program(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_voicedrive-relay"));
        command
            .arg("--config")
            .arg(self.directory().join("config.toml"))
            .args(arguments)
            .stderr(Stdio::piped())
            .stdout(Stdio::piped());
        command
    }

    /// Starts the daemon, and waits until it answers.
    pub async fn serve(&self) -> Daemon {
        let mut serve = self.program(&["serve"]);
        let daemon = Daemon(serve.stderr(Stdio::null()).spawn().unwrap());
        let answers = async {
            while !self.program(&["status"]).output().unwrap().status.success() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), answers)
            .await
            .unwrap();
        daemon
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.program(&["--json", "move-to-mysql"]);
        command.args(arguments).arg("--target").arg(&self.target);
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Said {
        let Output {
            status,
            stdout,
            stderr,
        } = self.command(arguments).output().unwrap();
        Said {
            code: status.code(),
            json: serde_json::from_slice(&stdout).unwrap_or(Value::Null),
            error: String::from_utf8(stderr).unwrap(),
        }
    }

    /// What a person reads of a command, in a language.
    pub fn read(&self, language: &str, arguments: &[&str]) -> String {
        let config = self.directory().join("config.toml");
        let text = std::fs::read_to_string(&config).unwrap();
        let changed = text.replace("language = \"en\"", &format!("language = \"{language}\""));
        std::fs::write(&config, changed).unwrap();
        let mut command = self.program(&["move-to-mysql"]);
        command.args(arguments).arg("--target").arg(&self.target);
        let said = command.output().unwrap();
        std::fs::write(&config, text).unwrap();
        String::from_utf8([said.stdout, said.stderr].concat()).unwrap()
    }

    /// Has the clinic be somewhere else.
    pub fn in_zone(&self, zone: &str) {
        let path = self.directory().join("config.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("timezone = \"{zone}\"\n{text}")).unwrap();
    }

    /// Adds a line to the file that says where the server is.
    pub fn also(&self, line: &str) {
        let text = std::fs::read_to_string(&self.target).unwrap();
        std::fs::write(&self.target, format!("{text}{line}\n")).unwrap();
    }

    /// Runs a command that has to end well.
    pub fn good(&self, arguments: &[&str]) -> Value {
        let said = self.run(arguments);
        assert_eq!(
            said.code,
            Some(0),
            "{arguments:?}: {} {}",
            said.json,
            said.error
        );
        said.json
    }
}

/// Of which rows of a table a copy has said something that begins with a word.
pub fn remarked(copied: &Value, table: &str, kind: &str) -> Vec<String> {
    let all = copied["remarks"].as_array().unwrap().iter();
    let of_kind = all.filter(|remark| {
        remark["table"] == table && remark["kind"].as_str().unwrap().starts_with(kind)
    });
    let ids = of_kind.flat_map(|remark| remark["ids"].as_array().unwrap());
    ids.map(|id| id.as_str().unwrap().to_owned()).collect()
}

/// Runs what has a runtime of its own.
pub fn seeded(work: impl FnOnce() + Send) {
    std::thread::scope(|scope| scope.spawn(work).join()).unwrap();
}

/// Interviews as the staff system hands them in, with everything that is hard about them.
pub const INTERVIEWS: &str = "
INSERT INTO interviews (id, employee_id, employee_name, interviewer_id, interview_type, interview_date, interview_status,
  duration_minutes, voicedrive_sync_id, rescheduled_from_id, facility_id, department_id, completed_at, created_at, updated_at)
VALUES
 ('INT-1', 'EMP-1', '山田', 'EMP-2', 'regular', '2025-10-26T14:30:00.123Z', 'completed', 30, 'vd-1', NULL, 'F1', 'D1', '2025-10-26T15:00:00.000Z', '2025-10-01T00:00:00.000Z', '2025-10-26T15:00:00.001Z'),
 ('INT-2', 'EMP-2', NULL, 'EMP-1', 'support', '2099-10-27T14:30:00.999Z', 'scheduled', NULL, NULL, 'INT-1', 'F1', 'D2', NULL, '2025-10-01T00:00:00.000Z', '2025-10-26T15:00:00.000Z'),
 ('INT-3', 'id-of-3', NULL, 'EMP-1', 'regular', '2025-10-20T00:00:00.000Z', 'no_show', NULL, 'vd-3', NULL, NULL, 'D1', NULL, '2025-10-01T00:00:00.000Z', '2025-10-26T15:00:00.000Z'),
 ('INT-4', 'NOBODY', NULL, 'EMP-1', 'regular', '2025-10-21T00:00:00.000Z', 'cancelled', NULL, NULL, NULL, 'F2', NULL, NULL, '2025-10-01T00:00:00.000Z', '2025-10-26T15:00:00.000Z'),
 ('INT-5', 'EMP-1', NULL, 'EMP-2', 'regular', '2025-10-22T00:00:00.000Z', 'rescheduled', NULL, NULL, 'INT-4', 'F1', 'D1', NULL, '2025-10-01T00:00:00.000Z', '2025-10-26T15:00:00.000Z');
";
/// Who works there.
pub const EMPLOYEES: &str = "INSERT INTO employees (id, employeeCode) VALUES ('id-of-1', 'EMP-1'), ('id-of-2', 'EMP-2'), ('id-of-3', 'EMP-3')";
