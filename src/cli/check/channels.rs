//! Whom the relay tells when a person is needed: whether there is anybody, and whether each mail server is
//! reached. No mail is sent.

use std::error::Error;
use std::time::Duration;

use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, Tokio1Executor};

use super::Finding;
use crate::cli::words::Speech;
use crate::config::{AlertsOut, Email, Encryption, Secret, Way};

/// The longest that a mail server may take to greet.
const TIMEOUT: Duration = Duration::from_secs(10);

pub(super) async fn all(speech: Speech, alerts: &AlertsOut) -> Vec<Finding> {
    if alerts.channels.is_empty() {
        return vec![Finding::notable("alerts", nobody(speech).to_owned())];
    }
    let mut findings = Vec::new();
    for channel in &alerts.channels {
        let name = format!("alerts {}", channel.name);
        findings.push(match &channel.way {
            Way::Email { email, password } => mail(speech, name, email, password.as_ref()).await,
            Way::Slack(_) | Way::Webhook(_) => Finding::good(name, not_tried(speech).to_owned()),
        });
    }
    findings
}

/// The same words stand in `status`.
pub(in crate::cli) fn nobody(speech: Speech) -> &'static str {
    speech.say(
        "通知先がありません。異常が起きても誰にも知らされません。config.toml に [[alerts.channel]] を書いてください",
        "nobody is told when something is wrong; add an [[alerts.channel]] to config.toml",
    )
}

fn not_tried(speech: Speech) -> &'static str {
    speech.say(
        "ここでは送りません。voicedrive-relay alert test で確かめてください",
        "not tried here; `voicedrive-relay alert test` does",
    )
}

async fn mail(speech: Speech, name: String, email: &Email, password: Option<&Secret>) -> Finding {
    let server = format!("{}:{}", email.host, email.port);
    let Err(why) = greet(email, password).await else {
        let reached = speech.say(
            "メールサーバーに接続できます。送信は voicedrive-relay alert test で確かめてください",
            "the mail server can be reached; `voicedrive-relay alert test` sends",
        );
        return Finding::good(name, format!("{server}: {reached}"));
    };
    let failed = speech.say(
        "メールサーバーに接続できません",
        "the mail server cannot be reached",
    );
    Finding::bad(name, format!("{server}: {failed}: {why}"))
}

/// Says hello to the mail server, encrypted and logged in as the channel is.
async fn greet(email: &Email, password: Option<&Secret>) -> Result<(), String> {
    let transport = transport(email, password).map_err(|error| one_line(&error))?;
    match tokio::time::timeout(TIMEOUT, transport.test_connection()).await {
        Ok(Ok(true)) => Ok(()),
        Ok(Ok(false)) => Err("it does not answer as a mail server".to_owned()),
        Ok(Err(error)) => Err(one_line(&error)),
        Err(_) => Err(format!("no answer within {TIMEOUT:?}")),
    }
}

fn transport(
    email: &Email,
    password: Option<&Secret>,
) -> Result<AsyncSmtpTransport<Tokio1Executor>, lettre::transport::smtp::Error> {
    crate::crypto::install();
    let parameters = || TlsParameters::new(email.host.clone());
    let tls = match email.encryption {
        Encryption::None => Tls::None,
        Encryption::StartTls => Tls::Required(parameters()?),
        Encryption::Tls => Tls::Wrapper(parameters()?),
    };
    let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&email.host);
    let builder = builder.port(email.port).tls(tls).timeout(Some(TIMEOUT));
    Ok(match password {
        Some(password) => builder.credentials(Credentials::new(
            email.username.clone(),
            password.expose().to_owned(),
        )),
        None => builder,
    }
    .build())
}

/// The error with its causes, on one line.
fn one_line(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    let mut words: Vec<String> = causes.map(ToString::to_string).collect();
    words.dedup_by(|later, earlier| earlier.contains(later.as_str()));
    words.join(": ").replace(char::is_control, " ")
}
