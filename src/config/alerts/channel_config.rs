//! `[[alerts.channel]]`, as the file describes it.

use lettre::message::Mailbox;

use super::super::Expected;
use super::super::reader::{Document, Section};
use super::read_secret_name;

/// What stands in the part before the @ besides letters and digits (RFC 5321).
const ATOM: &str = ".!#$%&'*+-/=?^_`{|}~";

/// One `[[alerts.channel]]`, as the file describes it.
#[derive(Clone, Debug)]
pub enum ChannelConfig {
    /// E-mail by SMTP.
    Email {
        /// Everything but the password.
        email: Email,
        /// The name of the secret that holds the password.
        password: Option<String>,
    },
    /// An incoming webhook in Slack's format; the name of the secret that holds its URL.
    Slack(String),
    /// A workflow of Teams that takes a card; the name of the secret that holds its URL.
    Teams(String),
    /// A webhook that takes JSON; the name of the secret that holds its URL.
    Webhook(String),
}

/// A mail server, and whom it tells.
#[derive(Clone, Debug, PartialEq)]
pub struct Email {
    /// The sender.
    pub from: Mailbox,
    /// The recipients, at least one.
    pub to: Vec<Mailbox>,
    /// The mail server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub encryption: Encryption,
    /// Who logs in; empty: nobody does.
    pub username: String,
}

/// How the connection to a mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// Not at all: only for a server on this machine.
    None,
    /// By TLS that begins inside the connection, and never without it.
    StartTls,
    /// By TLS from the beginning.
    Tls,
}

impl Email {
    /// Where it is taken, and to whom.
    pub(super) fn target(&self) -> String {
        let mut to: Vec<String> = self.to.iter().map(ToString::to_string).collect();
        to.sort();
        format!("{}:{} {}", self.host, self.port, to.join(", "))
    }
}

pub(super) fn read(document: &mut Document<'_>, mut section: Section<'_>) -> Option<ChannelConfig> {
    const KINDS: &[&str] = &["email", "slack", "teams", "webhook"];
    if !section.has("kind") {
        section.missing(document, "kind", Expected::OneOf(KINDS));
    }
    let kind = section.parsed(
        document,
        "kind",
        String::new(),
        Expected::OneOf(KINDS),
        |text| KINDS.contains(&text).then(|| text.to_owned()),
    );
    let channel = match kind.as_str() {
        "email" => read_email(document, &mut section),
        "slack" | "teams" | "webhook" => {
            if !section.has("url") {
                section.missing(document, "url", Expected::SecretName);
            }
            let url = read_secret_name(document, &mut section, "url");
            url.map(|url| match kind.as_str() {
                "slack" => ChannelConfig::Slack(url),
                "teams" => ChannelConfig::Teams(url),
                _ => ChannelConfig::Webhook(url),
            })
        }
        // Told already; what else stands there cannot be judged.
        _ => return None,
    };
    section.finish(document);
    channel
}

fn read_email(document: &mut Document<'_>, section: &mut Section<'_>) -> Option<ChannelConfig> {
    for (key, expected) in [
        ("from", Expected::MailAddress),
        ("to", Expected::MailAddresses),
    ] {
        if !section.has(key) {
            section.missing(document, key, expected);
        }
    }
    let line = section.line();
    let from = section.parsed(document, "from", None, Expected::MailAddress, |text| {
        text.parse().ok().filter(is_plain).map(Some)
    });
    let names_nobody = section.is_empty_list("to");
    let to = section.list(
        document,
        "to",
        Vec::new(),
        Expected::MailAddresses,
        |entry| mailbox(entry.as_str()?),
    );
    let to = each_once(to);
    if names_nobody {
        document.refuse_at(line, "alerts.channel.to", Expected::MailAddresses);
    }
    let host = section.parsed(
        document,
        "host",
        "127.0.0.1".to_owned(),
        Expected::MailServer,
        |text| (!text.is_empty() && !text.contains(char::is_whitespace)).then(|| text.to_owned()),
    );
    let port = section.number(document, "port", 25, &(1..=65_535));
    let encryption = section.parsed(
        document,
        "encryption",
        Encryption::None,
        Expected::OneOf(&["none", "starttls", "tls"]),
        |text| match text {
            "none" => Some(Encryption::None),
            "starttls" => Some(Encryption::StartTls),
            "tls" => Some(Encryption::Tls),
            _ => None,
        },
    );
    let username = section.parsed(
        document,
        "username",
        String::new(),
        Expected::Text,
        |text| Some(text.to_owned()),
    );
    let password = read_secret_name(document, section, "password");
    if password.is_some() && encryption == Encryption::None {
        let expected = Expected::EncryptionForPassword;
        document.refuse_at(line, "alerts.channel.encryption", expected);
    }
    if password.is_some() == username.is_empty() {
        document.refuse_at(line, "alerts.channel.username", Expected::BothOfLogin);
    }
    Some(ChannelConfig::Email {
        email: Email {
            from: from?,
            to,
            host,
            port: u16::try_from(port).unwrap_or(25),
            encryption,
            username,
        },
        password,
    })
}

/// Whoever is named twice gets one mail. Of an address, only the host may be written in either case.
fn each_once(all: Vec<Mailbox>) -> Vec<Mailbox> {
    let address = |mailbox: &Mailbox| {
        let (user, host) = (mailbox.email.user(), mailbox.email.domain());
        (user.to_owned(), host.to_ascii_lowercase())
    };
    let mut once: Vec<Mailbox> = Vec::new();
    for mailbox in all {
        if once.iter().all(|known| address(known) != address(&mailbox)) {
            once.push(mailbox);
        }
    }
    once
}

/// Most mail servers take no other letters in an address, and an input method leaves full-width ones that look alike. The
/// name beside it may have any.
fn is_plain(mailbox: &Mailbox) -> bool {
    let address: &str = mailbox.email.as_ref();
    address.is_ascii()
}

/// An e-mail address, perhaps with a name. Addresses of Japanese telephones may have two dots, or a dot
/// before the @, which RFC 5321 wants in quotes: such a part is quoted here.
fn mailbox(text: &str) -> Option<Mailbox> {
    if let Ok(mailbox) = text.parse() {
        return Some(mailbox).filter(is_plain);
    }
    let (name, address) = match text.trim().strip_suffix('>') {
        Some(rest) => rest.rsplit_once('<')?,
        None => ("", text.trim()),
    };
    let (user, domain) = address.rsplit_once('@')?;
    let is_telephone = !user.is_empty()
        && user
            .chars()
            .all(|c| ATOM.contains(c) || c.is_ascii_alphanumeric());
    let address = is_telephone.then(|| format!("\"{user}\"@{domain}"))?;
    let name = name.trim().trim_matches('"');
    let name = (!name.is_empty()).then(|| name.to_owned());
    Some(Mailbox::new(name, address.parse().ok()?))
}
