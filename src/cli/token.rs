//! `token`: issues, revokes and lists the tokens with which others call the API.

use clap::{ArgGroup, Subcommand};
use serde_json::{Value, json};

use super::CliError;
use super::client::Client;
use super::fold::folded;
use super::value;
use super::words::{Locale, text};
use crate::token::{LONGEST_DAYS, SUBJECT_CHARACTERS, USUAL_DAYS};
use crate::words::commands::Command;
use crate::words::harmless;
use crate::words::tokens;

/// What a token is named by.
const WHICH: &str = "which";

#[derive(Subcommand)]
pub(super) enum Token {
    /// Issue a token; it is shown once and kept nowhere
    #[command(after_help = "Example:
  voicedrive-relay token issue --subject voicedrive \\
    --scope stats:read --days 365")]
    Issue {
        /// For whom
        #[arg(long, value_parser = value::text(SUBJECT_CHARACTERS))]
        subject: String,
        /// What it allows: one or more scopes, separated by blanks
        #[arg(long, value_parser = value::Scopes)]
        scope: String,
        /// For how many days, from 1 to 3650
        #[arg(long, default_value_t = USUAL_DAYS, allow_negative_numbers = true,
              value_parser = value::whole::<u32>(1..=u64::from(LONGEST_DAYS)))]
        days: u32,
    },
    /// Revoke a token for good, by its id as `token list` shows it, or all of one subject
    #[command(group = ArgGroup::new(WHICH).required(true), after_help = "Examples:
  voicedrive-relay token revoke 01a21a84-0770-7c1e-9d3e-5f0c4b7a1e22
  voicedrive-relay token revoke --subject leaver")]
    Revoke {
        /// The token's id (jti)
        #[arg(group = WHICH, value_parser = value::text(SUBJECT_CHARACTERS))]
        jti: Option<String>,
        /// All tokens of this subject
        #[arg(long, group = WHICH, value_parser = value::text(SUBJECT_CHARACTERS))]
        subject: Option<String>,
        /// The token was issued elsewhere with the same key, so it is in no list here
        #[arg(long, requires = "jti")]
        issued_elsewhere: bool,
    },
    /// List the tokens that were issued
    #[command(after_help = "Example:
  sudo voicedrive-relay token list")]
    List,
}

impl Token {
    pub(super) async fn run(&self, client: &Client) -> Result<(), CliError> {
        match self {
            Self::Issue {
                subject,
                scope,
                days,
            } => {
                let body = json!({"subject": subject, "scope": scope, "days": days});
                let answer = client.post("/control/tokens", body.to_string()).await?;
                client.print(&answer, |_| text(&answer["token"]).to_owned())
            }
            Self::Revoke {
                jti,
                subject,
                issued_elsewhere,
            } => {
                let body = json!({
                    "jti": jti,
                    "subject": subject,
                    "issuedElsewhere": issued_elsewhere,
                });
                let answer = client
                    .post("/control/tokens/revoke", body.to_string())
                    .await?;
                if answer["known"] == false {
                    let language = client.locale.language;
                    let of_subject = answer["ofSubject"].as_u64().unwrap_or_default();
                    return Err(CliError::Failed(match subject {
                        Some(subject) => tokens::unknown_subject(language, subject),
                        None => tokens::unknown_id(
                            language,
                            jti.as_deref().unwrap_or_default(),
                            of_subject,
                            answer["spelled"].as_str(),
                        ),
                    }));
                }
                client.print(&answer, |locale| revoked(locale, &answer))
            }
            Self::List => {
                let answer = client.get("/control/tokens", &[]).await?;
                client.print(&answer, |locale| {
                    let tokens = answer["items"].as_array().map_or(&[][..], Vec::as_slice);
                    if tokens.is_empty() {
                        return locale.phrase(Command::NoTokens).to_owned();
                    }
                    let lines: Vec<String> = tokens
                        .iter()
                        .map(|token| {
                            folded(&[
                                text(&token["jti"]).to_owned(),
                                harmless(text(&token["subject"])),
                                standing(locale, token),
                                format!("[{}]", text(&token["scope"])),
                            ])
                        })
                        .collect();
                    lines.join("\n")
                })
            }
        }
    }
}

/// Whether a token lets somebody in, and for how long.
fn standing(locale: Locale, token: &Value) -> String {
    if token["revokedAt"].is_string() {
        let at = locale.moment(&token["revokedAt"], "-");
        return format!("{} {at}", locale.phrase(Command::RevokedSince));
    }
    let at = locale.moment(&token["expiresAt"], "-");
    if token["ofAnotherKey"] == true {
        return tokens::of_another_key(locale.language, &at);
    }
    match token["daysLeft"].as_i64() {
        Some(days) => tokens::days_left(locale.language, &at, days),
        None => format!("{} {at}", locale.phrase(Command::Until)),
    }
}

/// What came of revoking.
fn revoked(locale: Locale, answer: &Value) -> String {
    let Some(jtis) = answer["revoked"].as_array() else {
        let revoked = locale.phrase(Command::Revoked);
        return format!("{}: {revoked}", harmless(text(&answer["jti"])));
    };
    let subject = harmless(text(&answer["subject"]));
    tokens::all_revoked(locale.language, &subject, jtis.len())
}
