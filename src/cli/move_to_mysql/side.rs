//! What the commands do where the program links MySQL.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde_json::json;
use tokio::sync::mpsc::{self, UnboundedSender};

use super::super::words::Locale;
use super::super::{CliError, Common, print_line};
use super::{Copy, MoveToMysql, Plan, Verify};
use crate::chunk::Unit;
use crate::clock::Clock;
use crate::config::{Config, Environment, MysqlTarget};
use crate::move_to_mysql::copy::Copied;
use crate::move_to_mysql::finding::{Finding, Weight};
use crate::move_to_mysql::verify::{How, TOLD, Verified};
use crate::move_to_mysql::{MoveError, copy, plan, verify};
use crate::shared_database::{SharedDatabase, SharedDatabaseError, Waiting};
use crate::store::CarriedCopy;
use crate::store::file::moved::{Turn, keep_backup, keep_live, moved_file, take_turn};
use crate::store::file::snapshot::SnapshotError;
use crate::store::file::{backup_file, live_file};
use crate::timestamp::Timestamp;
use crate::words::moves;

/// How often the bar is drawn again.
const DRAWN_EVERY: Duration = Duration::from_millis(200);

impl MoveToMysql {
    pub(in super::super) async fn run(
        &self,
        common: &Common,
        environment: &Environment,
    ) -> Result<(), CliError> {
        let target = match self {
            Self::Plan(Plan { target })
            | Self::Copy(Copy { target, .. })
            | Self::Verify(Verify { target }) => target,
        };
        let (waits, mut waiting) = mpsc::unbounded_channel();
        let side = Side {
            common,
            config: common.config()?,
            locale: common.locale(environment),
            target: MysqlTarget::load(target, environment)?,
            bars: MultiProgress::new(),
            waits,
        };
        let mut done = pin!(self.on(&side));
        loop {
            tokio::select! {
                done = &mut done => return done,
                Some(waiting) = waiting.recv() => side.tell_waiting(&waiting),
            }
        }
    }

    async fn on(&self, side: &Side<'_>) -> Result<(), CliError> {
        let mut server = side.connect().await?;
        let done = match self {
            Self::Plan(_) => side.plan(&mut server).await,
            Self::Copy(Copy { anew, .. }) => side.copy(&mut server, *anew).await,
            Self::Verify(_) => {
                let mut both = [server, side.connect().await?];
                let done = side.verify(&mut both).await;
                let [first, second] = both;
                second.close().await;
                server = first;
                done
            }
        };
        server.close().await;
        done
    }
}

/// Who types, what the relay keeps, and where it is to go.
struct Side<'a> {
    common: &'a Common,
    config: Config,
    locale: Locale,
    target: MysqlTarget,
    bars: MultiProgress,
    /// Who hears of it when the server takes long to answer.
    waits: UnboundedSender<Waiting>,
}

impl Side<'_> {
    async fn plan(&self, server: &mut SharedDatabase) -> Result<(), CliError> {
        let directory = &self.config.storage.directory;
        let path = if self.refresh().await? {
            backup_file(directory)
        } else {
            live_file(directory)
        };
        let copy = self.open(&path)?;
        let bar = self.bar(&copy, &[Unit::Events, Unit::Interviews]);
        let stand_in = self.stand_in();
        let found = plan::whole(server, copy, stand_in, &Clock::System, |steps| {
            bar.inc(steps);
        })
        .await;
        bar.finish_and_clear();
        let found = found.map_err(|error| self.failed(&error))?;
        let hinders = found
            .iter()
            .filter(|found| found.weight() == Weight::Hinders)
            .count();
        self.tell_plan(&found, hinders)?;
        match hinders {
            0 => Ok(()),
            _ => Err(CliError::Told(1)),
        }
    }

    fn tell_plan(&self, found: &[Finding], hinders: usize) -> Result<(), CliError> {
        if self.common.json {
            let findings: Vec<_> = found.iter().map(Finding::as_json).collect();
            return print_line(&json!({"findings": findings, "hinders": hinders}).to_string());
        }
        let language = self.locale.language;
        for weight in [Weight::Note, Weight::Rows, Weight::Hinders] {
            let mut of_weight = found
                .iter()
                .filter(|found| found.weight() == weight)
                .peekable();
            if of_weight.peek().is_some() {
                print_line(self.locale.phrase(moves::heading(weight)))?;
            }
            for found in of_weight {
                print_line(&format!("  {}", moves::finding(found, language)))?;
            }
        }
        print_line(self.locale.phrase(moves::result_of_plan(hinders)))
    }

    async fn copy(&self, server: &mut SharedDatabase, anew: bool) -> Result<(), CliError> {
        let directory = &self.config.storage.directory;
        let _turn = self.turn()?;
        let kept = if self.refresh().await? {
            keep_backup(directory)
        } else {
            keep_live(directory)
        };
        let path = kept.map_err(|error| self.of_file(&error))?;
        let (copy, moment) = (self.open(&path)?, self.moment(&path)?);
        let bar = self.bar(&copy, &CarriedCopy::units());
        let stand_in = self.stand_in();
        let copied = copy::run(server, copy, stand_in, anew, &Clock::System, |steps| {
            bar.inc(steps);
        })
        .await;
        bar.finish_and_clear();
        let copied = copied.map_err(|error| self.failed(&error))?;
        self.tell_copy(&copied, moment)
    }

    fn tell_copy(&self, copied: &Copied, moment: Timestamp) -> Result<(), CliError> {
        if self.common.json {
            let remarks = copied.remarks.iter().map(|(table, what, column, rows)| {
                json!({"table": table, "kind": what, "column": column, "count": rows.count, "ids": rows.ids})
            });
            return print_line(
                &json!({
                    "moment": moment,
                    "rows": copied.rows,
                    "written": copied.written,
                    "placed": copied.placed,
                    "takenOut": copied.taken_out,
                    "remarks": remarks.collect::<Vec<_>>(),
                    "withoutOrigin": {"count": copied.without_origin.count, "ids": copied.without_origin.ids},
                })
                .to_string(),
            );
        }
        for line in moves::copied(copied, moment, self.locale) {
            print_line(&line)?;
        }
        Ok(())
    }

    async fn verify(&self, servers: &mut [SharedDatabase; 2]) -> Result<(), CliError> {
        let _turn = self.turn()?;
        let path = moved_file(&self.config.storage.directory);
        if !path.exists() {
            return Err(self.failed(&MoveError::Target(SharedDatabaseError::NothingCopied)));
        }
        let moment = self.moment(&path)?;
        let bar = self.bar(&self.open(&path)?, &CarriedCopy::units());
        let open = || Ok(CarriedCopy::open(&path)?);
        let at = (moment, self.locale.timezone);
        let stand_in = self.stand_in();
        let verified = verify::run(servers, open, at, stand_in, &Clock::System, |steps| {
            bar.inc(steps);
        })
        .await;
        bar.finish_and_clear();
        let verified = verified.map_err(|error| self.failed(&error))?;
        self.tell_verified(&verified, moment)?;
        if verified.is_good() {
            Ok(())
        } else {
            Err(CliError::Told(1))
        }
    }

    fn tell_verified(&self, verified: &Verified, moment: Timestamp) -> Result<(), CliError> {
        if self.common.json {
            let differences = verified.differences.iter().map(|difference| {
                let (how, columns) = match &difference.how {
                    How::Missing => ("missing", Vec::new()),
                    How::Extra => ("extra", Vec::new()),
                    How::Changed(columns) => ("changed", columns.clone()),
                };
                json!({"table": difference.table, "key": difference.key, "how": how, "columns": columns})
            });
            let differing = verified.statistics.differing.iter();
            let values = differing.clone().take(TOLD).flat_map(|answer| {
                let values = answer.values.iter();
                values.map(|value| {
                    json!({"asked": answer.asked, "name": value.name, "here": value.here, "there": value.there})
                })
            });
            return print_line(
                &json!({
                    "moment": moment,
                    "good": verified.is_good(),
                    "rows": verified.rows,
                    "placed": verified.placed,
                    "keptOut": verified.kept_out,
                    "notCopied": verified.not_copied,
                    "differing": verified.differing,
                    "differences": differences.collect::<Vec<_>>(),
                    "statistics": {
                        "compared": verified.statistics.compared,
                        "differing": differing.clone().map(|answer| &answer.asked).collect::<Vec<_>>(),
                        "values": values.collect::<Vec<_>>(),
                    },
                })
                .to_string(),
            );
        }
        for line in moves::verified(verified, moment, self.locale) {
            print_line(&line)?;
        }
        Ok(())
    }

    async fn connect(&self) -> Result<SharedDatabase, CliError> {
        let connected = SharedDatabase::connect(&self.target, self.waits.clone()).await;
        connected.map_err(|error| self.failed(&MoveError::Target(error)))
    }

    /// The server takes long to answer.
    fn tell_waiting(&self, waiting: &Waiting) {
        let told = moves::waiting(waiting, self.locale.language);
        // Without anybody who reads it there is nobody to tell.
        self.bars.suspend(|| writeln!(io::stderr(), "{told}").ok());
    }

    fn stand_in(&self) -> Option<&str> {
        self.target.missing_interviewer.as_deref()
    }

    /// Has the daemon write its backup file now; false: there is no daemon.
    async fn refresh(&self) -> Result<bool, CliError> {
        let answer = self
            .common
            .client()?
            .post("/control/backup", String::new())
            .await;
        match answer {
            Ok(answer) => match answer["error"].as_str() {
                None => Ok(true),
                Some(why) => Err(CliError::Failed(why.to_owned())),
            },
            Err(CliError::Unreachable(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// One command at a time makes the kept copy, or compares with it.
    fn turn(&self) -> Result<Turn, CliError> {
        let directory = &self.config.storage.directory;
        let taken = take_turn(directory).map_err(|source| {
            self.of_file(&SnapshotError::File {
                path: directory.clone(),
                source,
            })
        })?;
        taken.ok_or_else(|| self.failed(&MoveError::Busy))
    }

    fn open(&self, path: &Path) -> Result<CarriedCopy, CliError> {
        CarriedCopy::open(path).map_err(|error| self.failed(&MoveError::Source(error)))
    }

    /// When a copy was written.
    fn moment(&self, path: &Path) -> Result<Timestamp, CliError> {
        let modified = fs::metadata(path).and_then(|file| file.modified());
        let modified = modified.map_err(|source| {
            self.of_file(&SnapshotError::File {
                path: path.to_owned(),
                source,
            })
        })?;
        Ok(Timestamp::of_system(modified))
    }

    /// How far it is; nothing is drawn where nobody watches.
    fn bar(&self, copy: &CarriedCopy, units: &[Unit]) -> ProgressBar {
        if !io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let total = units
            .iter()
            .map(|unit| copy.size(*unit).unwrap_or_default())
            .sum();
        let bar = self.bars.add(ProgressBar::new(total));
        let rows = self.locale.phrase(moves::Moving::Rows);
        let form = format!("{{wide_bar}} {{human_pos}} / {{human_len}} {rows} ({{eta}})");
        if let Ok(style) = ProgressStyle::with_template(&form) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(DRAWN_EVERY);
        bar
    }

    fn failed(&self, error: &MoveError) -> CliError {
        let told = moves::failed(error, self.locale.language);
        match error {
            MoveError::Target(SharedDatabaseError::Unreachable(_)) => CliError::Unreachable(told),
            _ => CliError::Failed(told),
        }
    }

    fn of_file(&self, error: &SnapshotError) -> CliError {
        CliError::Failed(error.describe(self.locale))
    }
}
