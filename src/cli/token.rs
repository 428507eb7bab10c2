//! `token`: issues, revokes and lists the tokens with which others call the API.

use clap::Subcommand;
use serde_json::{Value, json};

use super::CliError;
use super::client::Client;
use super::value::whole;
use super::words::{Speech, harmless, text};
use crate::language::Language;

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
        #[arg(long, default_value_t = 365, value_parser = whole::<u32>(0..=u64::from(u32::MAX)))]
        days: u32,
    },
    /// Revoke a token for good, by its id as `token list` shows it, or all of one subject
    #[command(after_help = "Examples:
  voicedrive-relay token revoke 01a21a84-0770-7c1e-9d3e-5f0c4b7a1e22
  voicedrive-relay token revoke --subject leaver")]
    Revoke {
        /// The token's id (jti)
        #[arg(required_unless_present = "subject")]
        jti: Option<String>,
        /// All tokens of this subject
        #[arg(long, conflicts_with = "jti")]
        subject: Option<String>,
        /// The token was issued elsewhere with the same key, so it is in no list here
        #[arg(long, requires = "jti")]
        issued_elsewhere: bool,
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
                    let name = jti.as_deref().or(subject.as_deref()).unwrap_or_default();
                    return Err(CliError::Failed(unknown(client.speech, name)));
                }
                client.print(&answer, |speech| revoked(speech, &answer))
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
                            format!(
                                "{}  {}  [{}]  {}",
                                text(&token["jti"]),
                                harmless(text(&token["subject"])),
                                text(&token["scope"]),
                                standing(speech, token),
                            )
                        })
                        .collect();
                    lines.join("\n")
                })
            }
        }
    }
}

/// Whether a token lets somebody in, and for how long.
fn standing(speech: Speech, token: &Value) -> String {
    if token["revokedAt"].is_string() {
        let at = speech.moment(&token["revokedAt"], "-");
        return format!("{} {at}", speech.say("失効", "revoked"));
    }
    let at = speech.moment(&token["expiresAt"], "-");
    match (token["daysLeft"].as_i64(), speech.language) {
        (Some(..=0), Language::Ja) => format!("期限切れ {at}"),
        (Some(..=0), Language::En) => format!("ended {at}"),
        (Some(days), Language::Ja) => format!("期限 {at} (あと {days} 日)"),
        (Some(days), Language::En) => format!("until {at} ({days} d left)"),
        (None, _) => format!("{} {at}", speech.say("期限", "until")),
    }
}

/// What came of revoking.
fn revoked(speech: Speech, answer: &Value) -> String {
    let Some(jtis) = answer["revoked"].as_array() else {
        let revoked = speech.say("失効させました", "revoked");
        return format!("{}: {revoked}", harmless(text(&answer["jti"])));
    };
    let (count, subject) = (jtis.len(), harmless(text(&answer["subject"])));
    match speech.language {
        Language::Ja if count == 0 => format!("{subject}: すべて失効済みです"),
        Language::En if count == 0 => format!("{subject}: all tokens were revoked already"),
        Language::Ja => format!("{subject}: トークン {count} 件を失効させました"),
        Language::En => format!("{subject}: revoked, tokens: {count}"),
    }
}

/// Nothing was issued here under this name.
fn unknown(speech: Speech, name: &str) -> String {
    let name = harmless(name);
    match speech.language {
        Language::Ja => format!(
            "{name}: ここで発行したトークンの ID でも宛先名でもありません。何も失効させていません。ID は token list で確かめてください。名前を指定してまとめて失効させるには token revoke --subject NAME、同じ鍵でほかの場所で発行したものには --issued-elsewhere を付けてください"
        ),
        Language::En => format!(
            "{name}: no token of this id or subject was issued here; nothing was revoked. See token list for the ids; token revoke --subject NAME revokes all of one subject, and --issued-elsewhere one that was issued elsewhere with the same key"
        ),
    }
}
