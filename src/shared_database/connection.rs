//! One connection to the server, and its settings. It is never shared and never put back: one that broke is thrown away.

use std::collections::HashMap;
use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, OptsBuilder, Params, Row, SslOpts, Value};
use rustls::RootCertStore;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::timeout;

use super::values::quoted;
use super::watch::{CONNECTING, Watch, within};
use super::{Reference, SharedDatabaseError as Error, SharedTable, Waiting};
use crate::config::{MysqlTarget, MysqlWay};
use crate::crypto;
use crate::secret::Secret;

/// How often a transaction is tried again.
pub(super) const TRIES: u32 = 10;
/// How often a server that has gone away is looked for, about two minutes in all: one that is started anew, perhaps after
/// a crash, is back by then.
pub(super) const RECONNECTS: u32 = 30;
/// The first pause before that; each is twice as long as the one before, up to the other.
pub(super) const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));
/// Prepared statements that a connection keeps.
const STATEMENTS_KEPT: usize = 128;
/// The longest statement in bytes, where the server takes as much.
const STATEMENT_BYTES: usize = 2 * 1024 * 1024;
/// Whatever the server's own settings are: rows are refused and not cut, times are UTC, a transaction locks what it
/// writes and no gaps, and may write, a pause does not end the connection, and no question is answered in part.
const SETTINGS: [&str; 8] = [
    "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO'",
    "SET SESSION time_zone = '+00:00'",
    "SET NAMES utf8mb4",
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    "SET SESSION TRANSACTION READ WRITE",
    "SET SESSION wait_timeout = 28800, autocommit = 1, completion_type = 0, foreign_key_checks = 1",
    "SET SESSION sql_select_limit = 18446744073709551615, sql_big_selects = 1, sql_safe_updates = 0",
    // The first is MariaDB's name for it, the other MySQL's; each takes the other one for a comment.
    "SET SESSION sql_auto_is_null = 0 /*M! , max_statement_time = 0 */ /*!50708 , max_execution_time = 0 */",
];

/// A server whose log has the statements themselves refuses changes under READ COMMITTED.
const WITH_LOG_OF_STATEMENTS: &str = "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ";

/// A connection to the server with both databases.
pub struct SharedDatabase {
    pub(super) connection: Conn,
    options: Opts,
    /// The relay's own database, quoted.
    pub(super) own: String,
    /// The staff system's, quoted.
    pub(super) shared: String,
    /// Their names.
    pub(super) names: (String, String),
    /// The longest statement that is sent, in bytes, unless one row is longer.
    pub(super) statement_bytes: usize,
    /// What the last transaction of this copy has left as the mark that it was made.
    pub(super) token: Option<[u8; 16]>,
    /// Whether a transaction has begun: it ends with the connection, and nothing of it can be asked on another one.
    pub(super) in_transaction: bool,
    /// By what rows of others go with rows of a shared table, where that was looked for.
    pub(super) references: HashMap<SharedTable, Vec<Reference>>,
    pub(super) watch: Watch,
}

impl SharedDatabase {
    /// Connects. `told`: who hears of it when the server takes long to answer.
    ///
    /// # Errors
    /// `SharedDatabaseError`
    pub async fn connect(
        target: &MysqlTarget,
        told: UnboundedSender<Waiting>,
    ) -> Result<Self, Error> {
        crypto::install();
        let options = options(target);
        let (connection, statement_bytes) = open(&options).await?;
        Ok(Self {
            watch: Watch::of(&connection, options.clone(), told),
            connection,
            statement_bytes,
            options,
            own: quoted(&target.own),
            shared: quoted(&target.shared),
            names: (target.own.clone(), target.shared.clone()),
            token: None,
            in_transaction: false,
            references: HashMap::new(),
        })
    }

    /// Connects once more, after the connection broke.
    pub(super) async fn connect_again(&mut self) -> Result<(), Error> {
        (self.connection, self.statement_bytes) = open(&self.options).await?;
        self.watch.follow(&self.connection);
        Ok(())
    }

    /// The names of the relay's own database and of the staff system's.
    #[must_use]
    pub fn names(&self) -> (&str, &str) {
        (&self.names.0, &self.names.1)
    }

    /// Ends the connection.
    pub async fn close(self) {
        // The server notices by itself when nobody says goodbye.
        let _ = timeout(CONNECTING, self.connection.disconnect()).await;
    }

    /// Runs a statement and answers how many rows it changed.
    pub(super) async fn run(&mut self, sql: &str, values: Vec<Value>) -> Result<u64, Error> {
        let Self {
            connection, watch, ..
        } = self;
        if values.is_empty() {
            watch.over(connection.query_drop(sql)).await?;
        } else {
            let values = Params::Positional(values);
            watch.over(connection.exec_drop(sql, values)).await?;
        }
        Ok(connection.affected_rows())
    }

    /// Runs a query.
    pub(super) async fn rows(&mut self, sql: &str, values: Vec<Value>) -> Result<Vec<Row>, Error> {
        let values = if values.is_empty() {
            Params::Empty
        } else {
            Params::Positional(values)
        };
        self.watch.over(self.connection.exec(sql, values)).await
    }

    /// Runs a query. Where the server goes away and the query stands in no transaction, it is asked again on a new
    /// connection, with patience.
    pub(super) async fn patiently(
        &mut self,
        sql: &str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, Error> {
        let (mut found, mut pause) = (self.rows(sql, values.clone()).await, PAUSES.0);
        for _ in 0..RECONNECTS {
            let is_for_again = |error: &Error| error.is_lost() || error.is_for_again();
            if self.in_transaction || !found.as_ref().is_err_and(is_for_again) {
                break;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSES.1);
            found = match self.connect_again().await {
                Ok(()) => self.rows(sql, values.clone()).await,
                Err(error) => Err(error),
            };
        }
        found
    }
}

/// Connects, and answers how long a statement may be as well.
async fn open(options: &Opts) -> Result<(Conn, usize), Error> {
    let opened = timeout(CONNECTING, Conn::new(options.clone())).await;
    let mut connection = match opened {
        Ok(Ok(connection)) => connection,
        Ok(Err(error)) => {
            return Err(match Error::of(&error) {
                Error::Lost(why) => Error::Unreachable(why),
                other => other,
            });
        }
        Err(_) => return Err(Error::Unreachable("no answer".to_owned())),
    };
    // Some servers do not have the second one.
    let sql = "SHOW VARIABLES WHERE variable_name IN ('log_bin', 'binlog_format') AND value IN ('ON', 'STATEMENT')";
    let log: Vec<(String, String)> = within(connection.query(sql)).await?;
    if log.len() == 2 {
        within(connection.query_drop(WITH_LOG_OF_STATEMENTS)).await?;
    }
    let sql = "SELECT @@SESSION.sql_mode, @@SESSION.max_allowed_packet";
    let settings: Option<(String, u64)> = within(connection.query_first(sql)).await?;
    match settings {
        Some((mode, packet)) if mode.contains("STRICT_ALL_TABLES") => {
            // Names, lengths and the places of values come on top of the values.
            let half = usize::try_from(packet / 2).unwrap_or(usize::MAX);
            Ok((connection, half.min(STATEMENT_BYTES)))
        }
        _ => Err(Error::NotStrict),
    }
}

fn options(target: &MysqlTarget) -> Opts {
    let builder = OptsBuilder::default()
        .user(Some(&target.user))
        .pass(target.password.as_ref().map(Secret::expose))
        .stmt_cache_size(STATEMENTS_KEPT)
        // Otherwise it would leave TLS for the socket that the server names.
        .prefer_socket(false)
        .setup(SETTINGS.to_vec());
    match &target.way {
        MysqlWay::Socket(path) => builder.socket(Some(path.display().to_string())),
        MysqlWay::Tls { host, port, ca } => {
            let roots = match ca {
                Some(path) => vec![path.clone().into()],
                None => of_the_system().into_iter().map(Into::into).collect(),
            };
            let ssl = SslOpts::default()
                .with_disable_built_in_roots(true)
                .with_root_certs(roots);
            builder
                .ip_or_hostname(host)
                .tcp_port(*port)
                .tcp_keepalive(Some(Duration::from_secs(30)))
                .ssl_opts(Some(ssl))
        }
    }
    .into()
}

/// The certificates of the system's store that can be understood.
fn of_the_system() -> Vec<Vec<u8>> {
    let certificates = rustls_native_certs::load_native_certs().certs.into_iter();
    let is_good = |certificate: &rustls::pki_types::CertificateDer<'static>| {
        RootCertStore::empty().add(certificate.clone()).is_ok()
    };
    let good = certificates.filter(is_good);
    good.map(|certificate| certificate.to_vec()).collect()
}
