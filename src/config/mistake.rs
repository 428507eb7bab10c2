//! What is wrong with configuration and secrets, and what is only worth a word: where it stands, and how
//! a person is told. No value of a secret is ever part of it.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::language::Language;

/// Everything that is wrong, in the order of the files, and what was noticed on the way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mistakes {
    /// What must be mended.
    pub list: Vec<Mistake>,
    /// What need not be, and may be the cause: a name that is spelled wrongly.
    pub notes: Vec<Note>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where.
    pub place: Place,
    /// What.
    pub kind: Kind,
}

/// One thing that works, and that a person may not have meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Where.
    pub place: Place,
    /// What.
    pub kind: NoteKind,
}

/// Where a mistake is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
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
    Unreadable(String),
    /// This user may not read the file.
    Forbidden,
    /// Not TOML; what the parser said.
    NotToml(String),
    /// No such key; the ones that are known here.
    Unknown(String),
    /// Something else is accepted.
    Expected(String),
    /// A secret that is needed is missing.
    SecretMissing,
    /// A secret has fewer bytes than this.
    TooShort(usize),
    /// A secret is no token: blanks, or characters that a header cannot have.
    NoToken,
    /// The static token has fewer characters than this, or is no token.
    NoApiToken(usize),
    /// A secret that should be a URL is none. What it says instead is nobody's business.
    NoUrl,
    /// A line, or a value, that leaves doubt about what is meant.
    Doubtful(Doubt),
}

/// Why it is in doubt what is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// It is not UTF-8.
    NotUtf8,
    /// The whole file is UTF-16.
    Utf16,
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
    /// A variable of the environment that does not count, because there is a file.
    Overridden,
    /// A line that does not count, because there is a credential.
    Covered,
    /// Everybody on this machine may read the file.
    OpenToAll,
}

impl Place {
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

    fn told(&self, language: Language) -> String {
        match self {
            Self::File { path, line, key } => {
                let mut place = path.display().to_string();
                if *line > 0 {
                    place = format!("{place}:{line}");
                }
                if !key.is_empty() {
                    place = format!("{place}: {key}");
                }
                place
            }
            Self::Credential(path) => path.display().to_string(),
            Self::Variable(name) => {
                format!(
                    "{} {name}",
                    language.say("環境変数", "environment variable")
                )
            }
        }
    }
}

impl Kind {
    fn told(&self, language: Language) -> String {
        let say = |ja: &str, en: &str| language.say(ja, en).to_owned();
        match self {
            Self::Unreadable(why) => format!("{}: {why}", say("読めません", "cannot be read")),
            Self::Forbidden => say(
                "このユーザーには読む権限がありません。デーモンのユーザーが読めるようにしてください (例: sudo chown voicedrive-relay ファイル)",
                "cannot be read: this user may not; let the daemon's user read it (such as sudo chown voicedrive-relay FILE)",
            ),
            Self::NotToml(why) => format!("{}: {why}", say("TOML ではありません", "not TOML")),
            Self::Unknown(known) => format!(
                "{} {known}",
                say(
                    "ここにこのキーはありません。使えるのは次のとおりです:",
                    "no such key here; known are"
                )
            ),
            Self::Expected(accepted) => format!("must be {accepted}"),
            Self::SecretMissing => say(
                "設定で使う名前ですが、値がありません。secrets.env に書くか、systemd の credential で渡してください",
                "is not set, and the configuration names it; set it in secrets.env or as a systemd credential",
            ),
            Self::TooShort(least) => match language {
                Language::Ja => format!(
                    "{least} バイト以上にしてください。voicedrive-relay secret make で作れます"
                ),
                Language::En => format!(
                    "must be at least {least} bytes long; `voicedrive-relay secret make` makes a good one"
                ),
            },
            Self::NoToken => say(
                "トークンではありません。空白のない半角の ASCII 文字にしてください",
                "must be a token of printable ASCII characters without blanks",
            ),
            Self::NoApiToken(least) => match language {
                Language::Ja => format!(
                    "{least} 文字以上の、空白のない半角文字にしてください (例: vd-production-api-key-...)"
                ),
                Language::En => format!(
                    "must be at least {least} characters long, without blanks, such as vd-production-api-key-..."
                ),
            },
            Self::NoUrl => say(
                "https:// か http:// で始まる URL にしてください",
                "must be a URL that begins with https:// or http://",
            ),
            Self::Doubtful(doubt) => doubt.told(language),
        }
    }
}

impl Doubt {
    fn told(self, language: Language) -> String {
        if let Self::Doubled(line) = self {
            return match language {
                Language::Ja => {
                    format!("{line} 行目でも設定されています。どちらかを消してください")
                }
                Language::En => format!("is set on line {line} already; delete one of the two"),
            };
        }
        let (ja, en) = self.words();
        language.say(ja, en).to_owned()
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::NotUtf8 => (
                "UTF-8 ではありません。UTF-8 で保存してください",
                "is not UTF-8; save the file as UTF-8",
            ),
            Self::Utf16 => (
                "UTF-16 で保存されています。UTF-8 で保存してください",
                "is UTF-16; save the file as UTF-8",
            ),
            Self::NoAssignment => (
                "名前=値 の行でも、# で始まるコメントでもありません",
                "must be a line NAME=value, or a comment that begins with #",
            ),
            Self::WideEquals => (
                "全角の「＝」があります。半角の = にしてください",
                "has a full-width ＝; write =",
            ),
            Self::NoName => (
                "= の前が名前ではありません。名前は英字で始まり、英数字と _ から成ります",
                "what stands before = is no name: letters, digits and _, a letter first",
            ),
            Self::Wide => (
                "全角文字か、目に見えない文字が値に含まれています。半角で入力し直してください",
                "has a full-width or invisible character in the value; type it again in plain letters",
            ),
            Self::Control => (
                "改行などの制御文字が値に含まれています",
                "has a control character in the value, such as a line end",
            ),
            Self::Blank => (
                "値に空白があります。値の一部なら全体を ' で囲み、コメントなら別の行に書いてください",
                "has a blank in the value; put the value in '...' when it belongs to it, and comments on lines of their own",
            ),
            Self::Hash => (
                "値に # があります。値の一部なら全体を ' で囲み、コメントなら別の行に書いてください",
                "has a # in the value; put the value in '...' when it belongs to it, and comments on lines of their own",
            ),
            Self::Backslash => (
                "値に \\ があります。値の一部なら全体を ' で囲んでください",
                "has a \\ in the value; put the value in '...' when it belongs to it",
            ),
            Self::Quotes => (
                "引用符が閉じていないか、閉じた後に文字があります",
                "has a quote without its partner, or something behind the closing quote",
            ),
            Self::Doubled(_) => ("2 回設定されています", "is set twice"),
        }
    }
}

impl NoteKind {
    fn told(&self, language: Language) -> String {
        let (ja, en) = match self {
            Self::UnknownName(Some(meant)) => {
                return match language {
                    Language::Ja => format!("使われない名前です。{meant} ではありませんか"),
                    Language::En => {
                        format!("nothing reads this name; did you mean {meant}?")
                    }
                };
            }
            Self::Short(length) => {
                return match language {
                    Language::Ja => format!(
                        "{length} 文字しかありません。16 文字以上を勧めます (voicedrive-relay secret make)"
                    ),
                    Language::En => format!(
                        "has only {length} characters; 16 or more are advised (voicedrive-relay secret make)"
                    ),
                };
            }
            Self::UnknownName(None) => (
                "使われない名前です。config.toml のどのキーもこの名前を指していません",
                "nothing reads this name: no key of config.toml has it",
            ),
            Self::BelongsElsewhere => (
                "このファイルからは読まれません。systemctl edit voicedrive-relay で [Service] の Environment= に書いてください",
                "is not read from this file; set it with Environment= under [Service] (systemctl edit voicedrive-relay)",
            ),
            Self::Overridden => (
                "secrets.env があるため、この環境変数は使われません",
                "does not count, because there is a secrets.env",
            ),
            Self::Covered => (
                "同じ名前の credential があるため、この行は使われません",
                "does not count, because there is a credential of this name",
            ),
            Self::OpenToAll => (
                "このサーバーの誰でも読めます。chmod 600 を勧めます",
                "everybody on this machine can read it; chmod 600 is advised",
            ),
        };
        language.say(ja, en).to_owned()
    }
}

impl Mistake {
    /// The mistake in one line.
    #[must_use]
    pub fn told(&self, language: Language) -> String {
        format!(
            "{}: {}",
            self.place.told(language),
            self.kind.told(language)
        )
    }
}

impl Note {
    /// The note in one line.
    #[must_use]
    pub fn told(&self, language: Language) -> String {
        format!(
            "{}: {}",
            self.place.told(language),
            self.kind.told(language)
        )
    }
}

impl Mistakes {
    /// One mistake alone.
    #[must_use]
    pub fn one(place: Place, kind: Kind) -> Self {
        Self {
            list: vec![Mistake { place, kind }],
            notes: Vec::new(),
        }
    }

    /// Every mistake, and then every note, a line each.
    #[must_use]
    pub fn told(&self, language: Language) -> String {
        let mark = language.say("注意", "note");
        let notes = self.notes.iter();
        let notes = notes.map(|note| format!("{mark}: {}", note.told(language)));
        let mistakes = self.list.iter().map(|mistake| mistake.told(language));
        mistakes.chain(notes).collect::<Vec<_>>().join("\n")
    }
}

impl std::error::Error for Mistakes {}

/// As the log has it: in English.
impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told(Language::En))
    }
}

/// As the log has it: in English.
impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told(Language::En))
    }
}
