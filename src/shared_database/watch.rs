//! Waiting for the server's answer. When it takes long, whoever waits is told what the server says that it is doing: with a
//! full disk, say, it waits for somebody to make room, and says nothing to its client.

use std::pin::pin;
use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, Row};
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::timeout;

use super::SharedDatabaseError as Error;
use super::values::{count, text};

/// The longest that connecting may take.
pub(super) const CONNECTING: Duration = Duration::from_secs(15);
/// The longest that one statement may take. A server that takes longer counts as gone.
const STATEMENT: Duration = Duration::from_mins(10);
/// After so long it is told for the first time that the server does not answer, and so often from then on.
const FIRST_TOLD: Duration = Duration::from_secs(15);
const TOLD_EVERY: Duration = Duration::from_mins(1);

/// A statement that the server has not answered yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// For how long, in seconds.
    pub seconds: u64,
    /// What the server says that it is doing; none: nothing, or it does not even say that.
    pub state: Option<String>,
}

/// Where the statements of a connection go, and who is told when they take long.
pub(super) struct Watch {
    options: Opts,
    /// The server's number of the connection.
    connection: u32,
    told: UnboundedSender<Waiting>,
}

impl Watch {
    pub(super) fn of(connection: &Conn, options: Opts, told: UnboundedSender<Waiting>) -> Self {
        Self {
            options,
            connection: connection.id(),
            told,
        }
    }

    /// The connection was made anew.
    pub(super) fn follow(&mut self, connection: &Conn) {
        self.connection = connection.id();
    }

    /// Waits for an answer.
    pub(super) async fn over<T>(
        &self,
        work: impl Future<Output = mysql_async::Result<T>>,
    ) -> Result<T, Error> {
        let mut work = pin!(within(work));
        tokio::select! {
            biased;
            done = &mut work => done,
            () = self.tell() => work.await,
        }
    }

    /// Tells again and again that nothing has come yet.
    async fn tell(&self) {
        let (mut waited, mut pause) = (Duration::ZERO, FIRST_TOLD);
        loop {
            tokio::time::sleep(pause).await;
            waited += pause;
            pause = TOLD_EVERY;
            let waiting = Waiting {
                seconds: waited.as_secs(),
                state: timeout(CONNECTING, self.state()).await.ok().flatten(),
            };
            if self.told.send(waiting).is_err() {
                return;
            }
        }
    }

    /// What the server says that the connection is doing.
    async fn state(&self) -> Option<String> {
        let mut beside = Conn::new(self.options.clone()).await.ok()?;
        let rows: Vec<Row> = beside.query("SHOW FULL PROCESSLIST").await.ok()?;
        // Whether it works or not, the server notices when the connection is gone.
        let _ = beside.disconnect().await;
        let own = rows
            .iter()
            .find(|row| count(row, ID) == u64::from(self.connection))?;
        Some(text(own, STATE)).filter(|state| !state.is_empty())
    }
}

/// Columns of `SHOW PROCESSLIST`, on every server.
const ID: usize = 0;
const STATE: usize = 6;

/// Waits for an answer, and tells nobody.
pub(super) async fn within<T>(
    work: impl Future<Output = mysql_async::Result<T>>,
) -> Result<T, Error> {
    match timeout(STATEMENT, work).await {
        Ok(done) => Ok(done?),
        Err(_) => Err(Error::Lost("no answer".to_owned())),
    }
}
