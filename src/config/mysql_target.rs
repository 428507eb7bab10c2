//! The file of `move-to-mysql --target`: where the shared database is, and how it is reached (contract, section 14).
//! Only its owner may read it: it says where everything about the clinic's staff can be had.

use std::path::{Path, PathBuf};

use super::env_file::{of_io, read_bytes};
use super::reader::{Document, Section};
use super::{
    ConfigError, ConfigErrors, Doubt, Environment, Expected, Kind, Location, is_secret_name,
};
use crate::secret::Secret;

/// What the group and everybody else may do with a file.
const OF_OTHERS: u32 = 0o077;
/// The longest name of a database.
const NAME_CHARACTERS: usize = 64;

/// A MySQL server, and the two databases on it.
#[derive(Clone, Debug)]
pub struct MysqlTarget {
    /// The way to it.
    pub way: MysqlWay,
    /// Who logs in.
    pub user: String,
    /// With what; none: the server knows the user of the socket.
    pub password: Option<Secret>,
    /// The relay's own database.
    pub own: String,
    /// The staff system's.
    pub shared: String,
    /// The employee, by code or id, who stands for an interviewer who is not known; none: nobody does.
    pub missing_interviewer: Option<String>,
}

/// How a MySQL server is reached: nothing goes over a network in clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MysqlWay {
    /// A socket on this machine.
    Socket(PathBuf),
    /// TLS.
    Tls {
        /// Name or address.
        host: String,
        /// The port.
        port: u16,
        /// Who has signed its certificate; none: the system's store knows.
        ca: Option<PathBuf>,
    },
}

impl MysqlTarget {
    /// Reads the file, and the secret that it names: from `secrets.env` beside it, as the configuration does.
    ///
    /// # Errors
    /// Every mistake, each with its line and key.
    pub fn load(path: &Path, environment: &Environment) -> Result<Self, ConfigErrors> {
        let whole = |kind| ConfigErrors::one(Location::whole(path), kind);
        let (bytes, mode) = read_bytes(path).map_err(|error| whole(of_io(path, &error, true)))?;
        if mode & OF_OTHERS != 0 {
            return Err(whole(Kind::OpenToOthers(path.to_owned())));
        }
        let text = String::from_utf8(bytes).map_err(|_| whole(Kind::Doubtful(Doubt::NotUtf8)))?;
        let (document, read) = parse(&text);
        let mut list: Vec<_> = document
            .into_found()
            .into_iter()
            .map(|found| ConfigError {
                place: Location::line_of(path, found.line, &found.key),
                kind: found.kind,
            })
            .collect();
        let mut password = None;
        if let Some(name) = &read.password {
            let environment = environment.with_file_beside(path, &mut list);
            password = super::secrets::read_secret(&environment, name, &mut list);
            if password.is_none() {
                list.extend(environment.missing(name));
            }
        }
        match (read.way, read.own, read.shared) {
            (Some(way), Some(own), Some(shared)) if list.is_empty() => Ok(Self {
                way,
                user: read.user,
                password,
                own,
                shared,
                missing_interviewer: read.missing_interviewer,
            }),
            _ => Err(ConfigErrors {
                list,
                notes: Vec::new(),
            }),
        }
    }
}

/// What stands in the file.
struct Written {
    way: Option<MysqlWay>,
    user: String,
    password: Option<String>,
    own: Option<String>,
    shared: Option<String>,
    missing_interviewer: Option<String>,
}

fn parse(text: &str) -> (Document<'_>, Written) {
    let (mut document, mut root) = Document::parse(text);
    let way = way(&mut document, &mut root);
    let user = root.parsed(
        &mut document,
        "user",
        "voicedrive_relay".to_owned(),
        Expected::PrintableText,
        |text| is_plain(text).then(|| text.to_owned()),
    );
    let password = root.parsed(
        &mut document,
        "password",
        None,
        Expected::SecretName,
        |name| is_secret_name(name).then(|| Some(name.to_owned())),
    );
    let own = database(
        &mut document,
        &mut root,
        "database",
        Some("voicedrive_relay"),
    );
    let shared = database(&mut document, &mut root, "shared_database", None);
    let missing_interviewer = root.parsed(
        &mut document,
        "missing_interviewer",
        None,
        Expected::Text,
        |text| is_printable(text).then(|| Some(text.to_owned())),
    );
    if own.is_some() && own == shared {
        root.missing(&mut document, "database", Expected::OtherDatabase);
    }
    root.finish(&mut document);
    let written = Written {
        way,
        user,
        password,
        own,
        shared,
        missing_interviewer,
    };
    (document, written)
}

fn way(document: &mut Document<'_>, root: &mut Section<'_>) -> Option<MysqlWay> {
    let file = |text: &str| text.starts_with('/').then(|| Some(PathBuf::from(text)));
    let is_given = root.has("socket");
    let socket = root.parsed(document, "socket", None, Expected::WholePath, file);
    let ca = root.parsed(document, "ca", None, Expected::WholePath, file);
    let port = root.number(document, "port", 3306, &(1..=65535));
    let port = u16::try_from(port).unwrap_or(u16::MAX);
    let host = root.parsed(document, "host", None, Expected::PrintableText, |text| {
        is_plain(text).then(|| Some(text.to_owned()))
    });
    match (socket, host) {
        (Some(socket), None) => Some(MysqlWay::Socket(socket)),
        (None, Some(host)) => Some(MysqlWay::Tls { host, port, ca }),
        (None, None) if is_given => None,
        (Some(_), Some(_)) | (None, None) => {
            root.missing(document, "host", Expected::HostOrSocket);
            None
        }
    }
}

fn database(
    document: &mut Document<'_>,
    root: &mut Section<'_>,
    name: &'static str,
    usual: Option<&str>,
) -> Option<String> {
    if usual.is_none() && !root.has(name) {
        root.missing(document, name, Expected::DatabaseName);
        return None;
    }
    let usual = usual.map(str::to_owned);
    root.parsed(document, name, usual, Expected::DatabaseName, |text| {
        is_database_name(text).then(|| Some(text.to_owned()))
    })
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic())
}

/// Codes of employees may be in any writing.
fn is_printable(text: &str) -> bool {
    !text.trim().is_empty() && !text.chars().any(char::is_control)
}

/// Names that need no care when they are quoted.
fn is_database_name(text: &str) -> bool {
    let is_part = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'$');
    !text.is_empty() && text.len() <= NAME_CHARACTERS && text.bytes().all(is_part)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn load(text: &str, mode: u32) -> Result<MysqlTarget, Vec<(String, Kind)>> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("mysql.toml");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let environment = Environment::from([("MYSQL_PASSWORD", "hush")]);
        MysqlTarget::load(&path, &environment).map_err(|errors| {
            let keyed = errors.list.into_iter().map(|error| {
                let key = match error.place {
                    Location::File { key, .. } => key,
                    _ => String::new(),
                };
                (key, error.kind)
            });
            keyed.collect()
        })
    }

    #[test]
    fn a_socket_or_a_host_with_tls_is_a_way() {
        let target = load("socket = \"/run/s\"\nshared_database = \"staff\"", 0o600).unwrap();
        assert_eq!(target.way, MysqlWay::Socket("/run/s".into()));
        assert_eq!(
            (target.own.as_str(), target.shared.as_str()),
            ("voicedrive_relay", "staff")
        );
        assert!(target.password.is_none() && target.missing_interviewer.is_none());
        let text = "host = \"db\"\nport = 3307\nca = \"/ca.pem\"\nuser = \"u\"\npassword = \"MYSQL_PASSWORD\"\ndatabase = \"r\"\nshared_database = \"s\"\nmissing_interviewer = \"不明\"";
        let target = load(text, 0o400).unwrap();
        assert_eq!(target.missing_interviewer.as_deref(), Some("不明"));
        let (host, ca) = ("db".to_owned(), Some("/ca.pem".into()));
        assert_eq!(
            target.way,
            MysqlWay::Tls {
                host,
                port: 3307,
                ca
            }
        );
        assert_eq!(target.password.unwrap().expose(), "hush");
    }

    #[test]
    fn every_mistake_is_told_with_its_key() {
        let found = load("user = \"a b\"\nwhat = 1\ndatabase = \"x`y\"", 0o600).unwrap_err();
        let mut keys: Vec<&str> = found.iter().map(|(key, _)| key.as_str()).collect();
        keys.sort_unstable();
        assert_eq!(
            keys,
            ["database", "host", "shared_database", "user", "what"]
        );
        let both = "socket = \"/s\"\nhost = \"h\"\nshared_database = \"s\"";
        let found = load(both, 0o600).unwrap_err();
        assert_eq!(found[0].1, Kind::Expected(Expected::HostOrSocket));
        let one = "socket = \"/s\"\ndatabase = \"s\"\nshared_database = \"s\"";
        let found = load(one, 0o600).unwrap_err();
        assert_eq!(found[0].1, Kind::Expected(Expected::OtherDatabase));
        let no_password = "socket = \"/s\"\npassword = \"ABSENT\"\nshared_database = \"s\"";
        let found = load(no_password, 0o600).unwrap_err();
        assert_eq!(found[0].1, Kind::SecretsFileMissing);
    }

    #[test]
    fn a_file_that_others_may_read_is_refused() {
        for mode in [0o640, 0o604, 0o660] {
            let found = load("socket = \"/s\"\nshared_database = \"s\"", mode).unwrap_err();
            assert!(matches!(found[0].1, Kind::OpenToOthers(_)), "{mode:o}");
        }
    }
}
