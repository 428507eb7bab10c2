//! `move-to-mysql`: everything into the staff system's shared database (contract, section 14). The package
//! `voicedrive-relay-mysql` has it; the other one says so.

#[cfg(feature = "mysql")]
mod side;

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Subcommand)]
pub(super) enum MoveToMysql {
    /// Say what fits, what does not, and how long it takes; nothing is written
    #[command(after_help = "Examples:
  sudo voicedrive-relay move-to-mysql plan \\
    --target /etc/voicedrive-relay/mysql.toml
  sudo voicedrive-relay move-to-mysql plan --target mysql.toml --json
Exit codes: 0 it can be copied, 1 something has to be mended first, 69 the server cannot be reached,
78 the file is wrong")]
    Plan(Plan),
    /// Copy everything, or what changed since the last time; the relay goes on working
    #[command(after_help = "Examples:
  sudo voicedrive-relay move-to-mysql copy \\
    --target /etc/voicedrive-relay/mysql.toml
It may be broken off at any moment: the next one goes on. What was copied is kept in relay-moved.db in the data
directory, so that verify can compare the two. The relay's own database is only read.
Exit codes: 0 copied, 1 failed, 69 the server cannot be reached, 78 the file is wrong")]
    Copy(Copy),
    /// Compare both sides row by row, and all statistics
    #[command(after_help = "Examples:
  sudo voicedrive-relay move-to-mysql verify \\
    --target /etc/voicedrive-relay/mysql.toml
It compares with what was copied last, and not with what came since.
Exit codes: 0 both are the same, 1 something differs, 69 the server cannot be reached, 78 the file is wrong")]
    Verify(Verify),
}

#[derive(Args)]
pub(super) struct Plan {
    /// The file that says where the server is; only its owner may read it
    #[arg(long, value_name = "FILE")]
    target: PathBuf,
}

#[derive(Args)]
pub(super) struct Copy {
    /// The file that says where the server is; only its owner may read it
    #[arg(long, value_name = "FILE")]
    target: PathBuf,
    /// Write everything again, also what was copied already
    #[arg(long)]
    anew: bool,
}

#[derive(Args)]
pub(super) struct Verify {
    /// The file that says where the server is; only its owner may read it
    #[arg(long, value_name = "FILE")]
    target: PathBuf,
}

#[cfg(not(feature = "mysql"))]
impl MoveToMysql {
    /// This program links nothing of MySQL.
    #[expect(clippy::unused_self, reason = "the other package needs it")]
    pub(super) fn run(
        &self,
        common: &super::Common,
        environment: &crate::config::Environment,
    ) -> Result<(), super::CliError> {
        let language = common.locale(environment).language;
        let told = crate::words::moves::in_the_other_package(language);
        Err(super::CliError::Failed(told))
    }
}
