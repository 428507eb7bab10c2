//! The server, and two databases on it for each test.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use mysql_async::prelude::{FromRow, Queryable};
use mysql_async::{Conn, OptsBuilder, SslOpts};
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

static NUMBER: AtomicU32 = AtomicU32::new(0);
/// Whoever changes the server's settings for all connections is alone there.
static TURN: RwLock<()> = RwLock::const_new(());

/// Held as long as a test uses the server.
enum Turn {
    OfMany(#[allow(dead_code, reason = "it is held")] RwLockReadGuard<'static, ()>),
    Alone(#[allow(dead_code, reason = "it is held")] RwLockWriteGuard<'static, ()>),
}

#[allow(
    clippy::disallowed_methods,
    reason = "the script says where the server is"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The staff system's database and the relay's own.
pub struct Databases {
    pub shared: String,
    pub own: String,
    /// The socket of a server of the test's own; none: the server of all tests.
    server: Option<PathBuf>,
    _turn: Turn,
}

impl Databases {
    /// Makes the shared one of a form, with a collation.
    pub async fn make(form: &str, collation: &str) -> Self {
        Self::at_turn(form, collation, Turn::OfMany(TURN.read().await), None).await
    }

    /// The same on a server of the test's own.
    pub async fn on(socket: &Path, form: &str, collation: &str) -> Self {
        let turn = Turn::OfMany(TURN.read().await);
        Self::at_turn(form, collation, turn, Some(socket.to_owned())).await
    }

    /// The same while no other test uses the server.
    pub async fn alone(form: &str, collation: &str) -> Self {
        Self::at_turn(form, collation, Turn::Alone(TURN.write().await), None).await
    }

    async fn at_turn(form: &str, collation: &str, turn: Turn, server: Option<PathBuf>) -> Self {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let id = format!("{}_{number}", std::process::id());
        let databases = Self {
            shared: format!("staff_{id}"),
            own: format!("relay_{id}"),
            server,
            _turn: turn,
        };
        let mut connection = databases.connect().await;
        let shared = &databases.shared;
        let sql = format!("CREATE DATABASE {shared} CHARACTER SET utf8mb4 COLLATE {collation}");
        connection.query_drop(sql).await.unwrap();
        connection
            .query_drop(format!("USE {shared}"))
            .await
            .unwrap();
        for table in form.split(";\n") {
            connection.query_drop(table).await.unwrap();
        }
        databases
    }

    /// Runs statements in the shared database.
    pub async fn run(&self, statements: &[&str]) {
        let mut connection = self.connection().await;
        for sql in statements {
            connection.query_drop(*sql).await.unwrap();
        }
    }

    /// What a statement finds in the shared database.
    pub async fn ask<T: FromRow + Send + 'static>(&self, sql: &str) -> Vec<T> {
        self.connection().await.query(sql).await.unwrap()
    }

    /// A connection that names no database, as an admin has it at a prompt.
    pub async fn connect(&self) -> Conn {
        match &self.server {
            Some(socket) => connect_at(socket).await.unwrap(),
            None => connect().await,
        }
    }

    /// The way to the server, as a target says it.
    pub fn way(&self) -> String {
        match &self.server {
            Some(socket) => format!("socket = \"{}\"", socket.display()),
            None => way(),
        }
    }

    pub async fn connection(&self) -> Conn {
        let mut connection = self.connect().await;
        let sql = format!("USE {}", self.shared);
        connection.query_drop(sql).await.unwrap();
        connection
            .query_drop("SET SESSION time_zone = '+00:00'")
            .await
            .unwrap();
        connection
    }

    /// The file for `--target`, by way of the socket or of TLS.
    pub fn target(&self, directory: &Path, way: &str) -> PathBuf {
        let path = directory.join("mysql.toml");
        let user = variable("MYSQL_TEST_USER").unwrap();
        let mut text = format!(
            "{way}\nuser = \"{user}\"\ndatabase = \"{}\"\nshared_database = \"{}\"\n",
            self.own, self.shared
        );
        if let Some(password) = variable("MYSQL_TEST_PASSWORD") {
            text += "password = \"MYSQL_PASSWORD\"\n";
            let secrets = directory.join("secrets.env");
            fs::write(&secrets, format!("MYSQL_PASSWORD='{password}'\n")).unwrap();
            fs::set_permissions(&secrets, fs::Permissions::from_mode(0o600)).unwrap();
        }
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    /// The same for a user of that name, who may do what the page says.
    pub fn restricted(&self, directory: &Path, way: &str, password: &str) {
        let text = format!(
            "{way}\nuser = \"{}\"\ndatabase = \"{}\"\nshared_database = \"{}\"\n",
            self.own, self.own, self.shared
        );
        fs::write(directory.join("mysql.toml"), text).unwrap();
        let secrets = directory.join("secrets.env");
        fs::write(&secrets, format!("RESTRICTED='{password}'\n")).unwrap();
        fs::set_permissions(&secrets, fs::Permissions::from_mode(0o600)).unwrap();
    }

    pub async fn drop(self) {
        let mut connection = self.connect().await;
        for name in [&self.shared, &self.own] {
            let sql = format!("DROP DATABASE IF EXISTS {name}");
            connection.query_drop(sql).await.unwrap();
        }
    }
}

/// The server's socket; none: it is somewhere else.
pub fn socket() -> Option<PathBuf> {
    variable("MYSQL_TEST_SOCKET").map(PathBuf::from)
}

/// The way to the server, as a target says it: its socket, or else TLS.
pub fn way() -> String {
    match socket() {
        Some(socket) => format!("socket = \"{}\"", socket.display()),
        None => tls(),
    }
}

pub fn tls() -> String {
    let (host, port) = (
        variable("MYSQL_TEST_HOST").unwrap(),
        variable("MYSQL_TEST_PORT"),
    );
    let ca = variable("MYSQL_TEST_CA").map(|ca| format!("ca = \"{ca}\"\n"));
    let (port, ca) = (port.unwrap_or("3306".to_owned()), ca.unwrap_or_default());
    format!("host = \"{host}\"\nport = {port}\n{ca}")
}

/// A connection to the server that listens at a socket, as its administrator.
pub async fn connect_at(socket: &Path) -> mysql_async::Result<Conn> {
    let builder = OptsBuilder::default()
        .user(Some("root"))
        .prefer_socket(false)
        .socket(Some(socket.display().to_string()));
    Conn::new(builder).await
}

pub async fn connect() -> Conn {
    let user =
        variable("MYSQL_TEST_USER").expect("tests/mysql/run starts a server and says where it is");
    let builder = OptsBuilder::default()
        .user(Some(user))
        .pass(variable("MYSQL_TEST_PASSWORD"))
        .prefer_socket(false);
    let builder = if let Some(socket) = socket() {
        builder.socket(Some(socket.display().to_string()))
    } else {
        voicedrive_relay::testing::crypto::install();
        let mut ssl = SslOpts::default();
        if let Some(ca) = variable("MYSQL_TEST_CA") {
            ssl = ssl.with_root_certs(vec![PathBuf::from(ca).into()]);
        }
        builder
            .ip_or_hostname(variable("MYSQL_TEST_HOST").unwrap())
            .tcp_port(variable("MYSQL_TEST_PORT").map_or(3306, |port| port.parse().unwrap()))
            .ssl_opts(Some(ssl))
    };
    Conn::new(builder).await.unwrap()
}
