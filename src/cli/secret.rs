//! `secret`: makes secrets.

use clap::Subcommand;
use serde_json::json;

use super::{CliError, print_line};
use crate::crypto;

#[derive(Subcommand)]
pub(super) enum Secret {
    /// Print a new secret: 64 characters that nobody can guess; it is kept nowhere
    #[command(after_help = "Example: a line for secrets.env
  echo \"VOICEDRIVE_WEBHOOK_SECRET=$(voicedrive-relay secret make)\"")]
    Make,
}

impl Secret {
    pub(super) fn run(&self, json: bool) -> Result<(), CliError> {
        let Self::Make = self;
        let made = crypto::random_32().map_err(|error| CliError::Failed(error.to_string()))?;
        let secret = crypto::hex(&made);
        if json {
            print_line(&json!({"secret": secret}).to_string())
        } else {
            print_line(&secret)
        }
    }
}
