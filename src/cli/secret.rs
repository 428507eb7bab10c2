//! `secret`: makes secrets.

use clap::Subcommand;
use serde_json::json;

use super::{CliError, print_line};
use crate::crypto;
use crate::language::Language;
use crate::words::commands;

#[derive(Subcommand)]
pub(super) enum Secret {
    /// Print a new secret: 64 characters that nobody can guess; it is kept nowhere
    #[command(after_help = "Example: a line for secrets.env
  echo \"VOICEDRIVE_WEBHOOK_SECRET=$(voicedrive-relay secret make)\"")]
    Make,
}

impl Secret {
    pub(super) fn run(&self, language: Language, json: bool) -> Result<(), CliError> {
        let Self::Make = self;
        let made = crypto::random_32();
        let made =
            made.map_err(|error| CliError::Failed(commands::no_randomness(&error, language)))?;
        let secret = crypto::hex(&made);
        if json {
            print_line(&json!({"secret": secret}).to_string())
        } else {
            print_line(&secret)
        }
    }
}
