//! Errors and notes about configuration and secrets, each with its place. No value
//! of a secret is ever part of it.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::Expected;
use crate::key_pair::Fault;
use crate::system_error::SystemError;
use crate::system_user;

/// Everything that is wrong, in the order of the files, and what was noticed on the way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigErrors {
    /// What must be mended.
    pub list: Vec<ConfigError>,
    /// What need not be, and may be the cause: a name that is spelled wrongly.
    pub notes: Vec<Note>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// Its place.
    pub place: Location,
    /// What is wrong.
    pub kind: Kind,
}

/// One thing that works, and that a person may not have meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Its place.
    pub place: Location,
    /// What a person may not have meant.
    pub kind: NoteKind,
}

/// Where a mistake is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// In a file; the key is empty when the line or the file itself is meant.
    File {
        /// The file.
        path: PathBuf,
        /// From 1; 0 when no line is meant.
        line: usize,
        /// A dotted key, or the name of a secret.
        key: String,
    },
    /// In this variable of the environment.
    Variable(String),
    /// In this file of the credentials directory.
    Credential(PathBuf),
}

/// What a mistake is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The file cannot be read; what the operating system said.
    Unreadable(SystemError),
    /// The file is a link, and what it leads to is not there.
    LeadsNowhere(PathBuf),
    /// The file is larger than any that a person writes.
    FileTooLarge,
    /// This user may not read the file.
    Forbidden(Forbidden),
    /// Not TOML.
    NotToml {
        /// What the parser said, in English.
        said: String,
        /// At which character of the line, from 1.
        column: usize,
    },
    /// A key, or a heading such as `[server]`, that stands on this earlier line already.
    Repeated {
        /// As it is written.
        name: String,
        /// The line, from 1.
        first: usize,
    },
    /// Not TOML, because of a full-width or invisible character.
    WideCharacter {
        /// The character.
        character: char,
        /// At which character of the line it stands, from 1.
        column: usize,
    },
    /// No such key; the ones that are known here.
    Unknown(Vec<&'static str>),
    /// Something else is accepted.
    Expected(Expected),
    /// A secret that is needed is missing.
    SecretMissing,
    /// A secret that the configuration names stands in a credential, and that is empty.
    CredentialEmpty,
    /// A secret that is needed is missing, and so is the file for secrets.
    SecretsFileMissing,
    /// A secret has fewer bytes than this.
    TooShort(usize),
    /// A secret is no token: blanks, or characters that a header cannot have.
    NoToken,
    /// The static token has fewer characters than this, or is no token.
    NoApiToken(usize),
    /// A secret that should be a URL is none. Its value is not shown.
    NoUrl,
    /// A secret begins with `whsec_`, and the rest is not the base64 of a key.
    NotBase64,
    /// A line, or a value, that leaves doubt about what is meant.
    Doubtful(Doubt),
    /// A file of the relay's own certificate and key.
    KeyPair(Fault),
    /// Others than its owner may read the file.
    #[cfg(feature = "mysql")]
    OpenToOthers(PathBuf),
}

/// Who may not read a file, and what keeps it from them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forbidden {
    /// The user's name.
    pub user: String,
    /// The file.
    pub file: PathBuf,
    /// The first directory on the way to it that the user may not enter.
    pub closed: Option<PathBuf>,
    /// It holds secrets, which nobody else is to read.
    pub is_secret: bool,
}

impl Forbidden {
    /// What keeps the user of this process from reading `file`.
    pub(super) fn at(file: &Path, is_secret: bool) -> Self {
        let mut directories: Vec<&Path> = file.ancestors().skip(1).collect();
        directories.reverse();
        let is_closed = |directory: &&Path| {
            let inside = fs::metadata(directory.join("."));
            inside.is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
        };
        let closed = directories.into_iter().find(is_closed);
        Self {
            user: system_user::own_name(),
            file: file.to_owned(),
            closed: closed.map(Path::to_owned),
            is_secret,
        }
    }
}

/// Why a line or value can be understood in more than one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// It is not UTF-8.
    NotUtf8,
    /// The whole file is UTF-16.
    Utf16,
    /// Its lines end with a return alone.
    ReturnsAlone,
    /// A comment begins with a full-width `＃` or `；`.
    WideComment,
    /// A full-width or invisible character is in the name.
    WideName,
    /// It is not `NAME=value`.
    NoAssignment,
    /// It has a full-width `＝`.
    WideEquals,
    /// What stands before `=` is no name.
    NoName,
    /// A full-width or invisible character is in the value.
    Wide,
    /// A control character is in the value.
    Control,
    /// A blank is in a value without quotes.
    Blank,
    /// A `#` is in a value without quotes.
    Hash,
    /// A backslash is in a value without quotes.
    Backslash,
    /// A quote has no partner, or something stands behind it.
    Quotes,
    /// Quotes stand around a value where nothing takes them away.
    InQuotes,
    /// A value begins with its own name and `=`.
    WholeLine,
    /// The name was set before, on this line.
    Doubled(usize),
}

/// What a note is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoteKind {
    /// Nothing reads this name; the known name that is most like it.
    UnknownName(Option<String>),
    /// The name belongs in the environment of the service, and is not read from a file.
    BelongsElsewhere,
    /// The secret has so many characters only.
    Short(usize),
    /// A blank stands before or behind it.
    Edged,
    /// It has blanks only.
    OnlyBlanks,
    /// A full-width or invisible character is in it.
    Wide,
    /// A variable of the environment that does not count, because there is a file.
    Overridden,
    /// A line that does not count, because there is a credential.
    Covered,
    /// Everybody on this machine may read the file. It belongs to another user than the daemon's, which is in this group.
    OpenToAll(Option<String>),
    /// The file belongs to this user, who is neither the daemon's nor root.
    OfAnother(String),
    /// A `_PREVIOUS` secret is set without its present one, which has this name.
    Alone(String),
    /// Another secret, with this name, has the same value.
    SameValue(String),
    /// It signs tokens, and is the same as this other secret, which others know.
    TokenKeyIsKnown(String),
    /// It is written as a variable or command of a shell, which nothing replaces here.
    Unreplaced,
    /// It is what a template says in the place of a secret, or one character again and again.
    Placeholder,
    /// It begins as a comment does, where comments mean nothing.
    Comment,
    /// There is no file for secrets, and these variables of the environment count.
    NoFile(Vec<String>),
    /// It begins with the name of this other secret and `=`.
    BeginsWithName(String),
}

impl NoteKind {
    /// Everybody may read this file.
    pub(super) fn open_to_all(file: &Path) -> Self {
        let owner = fs::metadata(file).map(|metadata| metadata.uid());
        Self::OpenToAll(owner.ok().and_then(system_user::group_to_read_by))
    }

    /// Somebody owns this file, and can change it, who is neither the user of this process nor root.
    pub(super) fn of_another(file: &Path) -> Option<Self> {
        let owner = fs::metadata(file).ok()?.uid();
        system_user::is_another(owner).then(|| Self::OfAnother(system_user::name_of(owner)))
    }
}

impl Location {
    /// A whole file.
    pub(super) fn whole(path: &Path) -> Self {
        Self::line_of(path, 0, "")
    }

    /// A line of a file.
    pub(super) fn line_of(path: &Path, line: usize, key: &str) -> Self {
        Self::File {
            path: path.to_owned(),
            line,
            key: key.to_owned(),
        }
    }
}

impl ConfigErrors {
    /// One mistake alone.
    #[must_use]
    pub fn one(place: Location, kind: Kind) -> Self {
        Self {
            list: vec![ConfigError { place, kind }],
            notes: Vec::new(),
        }
    }
}

impl std::error::Error for ConfigErrors {}
