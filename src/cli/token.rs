//! `token`: issues, revokes and lists the tokens with which others call the API.

use clap::Subcommand;
use serde_json::json;

use super::CliError;
use super::client::{Client, path_segment};
use super::words::{harmless, text};

#[derive(Subcommand)]
pub(super) enum Token {
    /// Issue a token; it is shown once and kept nowhere
    #[command(after_help = "Example:
  voicedrive-relay token issue --subject voicedrive --scope stats:read --days 365
Scopes: stats:read, events:write, events:read, interviews:write, interviews:read, admin")]
    Issue {
        /// For whom
        #[arg(long)]
        subject: String,
        /// What it allows: one or more scopes, separated by blanks
        #[arg(long)]
        scope: String,
        /// For how many days
        #[arg(long, default_value_t = 365)]
        days: u32,
    },
    /// Revoke a token for good, by its jti as `token list` shows it
    Revoke {
        /// The token's name
        jti: String,
    },
    /// List the tokens that were issued
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
            Self::Revoke { jti } => {
                let path = format!("/control/tokens/{}/revoke", path_segment(jti)?);
                let answer = client.post(&path, String::new()).await?;
                client.print(&answer, |speech| {
                    let revoked = speech.say("失効させました", "revoked");
                    if answer["issuedHere"] == true {
                        format!("{jti}: {revoked}")
                    } else {
                        let unknown =
                            speech.say("ここで発行した記録はありません", "it was not issued here");
                        format!("{jti}: {revoked} ({unknown})")
                    }
                })
            }
            Self::List => {
                let answer = client.get("/control/tokens", &[]).await?;
                client.print(&answer, |speech| {
                    let tokens = answer["items"].as_array().map_or(&[][..], Vec::as_slice);
                    if tokens.is_empty() {
                        return speech.say("トークンはありません", "no tokens").to_owned();
                    }
                    let lines: Vec<String> = tokens
                        .iter()
                        .map(|token| {
                            let state = if token["revokedAt"].is_string() {
                                let at = speech.moment(&token["revokedAt"], "-");
                                format!("{} {at}", speech.say("失効", "revoked"))
                            } else {
                                let at = speech.moment(&token["expiresAt"], "-");
                                format!("{} {at}", speech.say("期限", "until"))
                            };
                            format!(
                                "{}  {}  [{}]  {state}",
                                text(&token["jti"]),
                                harmless(text(&token["subject"])),
                                text(&token["scope"]),
                            )
                        })
                        .collect();
                    lines.join("\n")
                })
            }
        }
    }
}
