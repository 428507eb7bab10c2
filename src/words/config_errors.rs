//! What is wrong with configuration and secrets.

use std::fmt;

use crate::config::{ConfigError, ConfigErrors, Doubt, Forbidden, Kind, Location};
use crate::language::Language;
use crate::secret::Fingerprint;
use crate::words::counted;

impl Location {
    /// The place, and what is said of it.
    pub(super) fn with(&self, said: &str, language: Language) -> String {
        format!("{}: {said}", self.describe(language))
    }

    /// As it stands before the colon.
    pub(crate) fn describe(&self, language: Language) -> String {
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
    fn describe(&self, language: Language) -> String {
        let say = |ja: &str, en: &str| language.say(ja, en).to_owned();
        match self {
            Self::Unreadable(why) => {
                let why = why.describe(language);
                both!(language, "読めません。{why}", "cannot be read: {why}")
            }
            Self::LeadsNowhere(target) => {
                let target = target.display();
                both!(
                    language,
                    "リンクですが、その先の {target} がありません。ファイルを置くか、リンクを作り直してください",
                    "is a link to {target}, which is not there; put the file there, or make the link again"
                )
            }
            Self::FileTooLarge => say(
                "大きすぎます (1 MiB まで)。別のファイルではないか確かめてください",
                "is too large (1 MiB at the most); see whether it is another file",
            ),
            Self::Forbidden(forbidden) => forbidden.describe(language),
            Self::NotToml { said, column } => {
                let why = super::toml::in_japanese(said);
                both!(
                    language,
                    "{why} ({column} 文字目)",
                    "not TOML: {said} (column {column})"
                )
            }
            Self::Repeated { name, first } => both!(
                language,
                "{name} は {first} 行目にもあります。1 か所にまとめてください",
                "{name} stands on line {first} already; write it in one place only"
            ),
            Self::WideCharacter { character, column } => {
                let shown = shown(*character, language);
                both!(
                    language,
                    "{column} 文字目に{shown}があります。半角で入力し直してください",
                    "has {shown} at column {column}; type it again as a plain character"
                )
            }
            Self::Unknown(known) => {
                let known = known.join(", ");
                both!(
                    language,
                    "ここにこのキーはありません。使えるのは次のとおりです: {known}",
                    "no such key here; known are {known}"
                )
            }
            Self::Expected(expected) => expected.describe(language),
            Self::SecretMissing => say(
                "設定で使う名前ですが、値がありません。secrets.env に値を書いてください",
                "is not set, and the configuration names it; set it in secrets.env or as a systemd credential",
            ),
            Self::CredentialEmpty => say(
                "設定で使う名前ですが、このファイルは空です。値を書いてください (secrets.env に同じ名前の値があっても使われません)",
                "is empty, and the configuration names it; write the value into this file: one in secrets.env does not count beside it",
            ),
            Self::SecretsFileMissing => say(
                "設定で使う名前ですが、値がありません。config.toml の隣に secrets.env がないため、環境変数を見ています。secrets.env を作り、値を書いてください",
                "is not set, and the configuration names it; there is no secrets.env beside the configuration: make it and set it there, or as a systemd credential",
            ),
            Self::TooShort(least) => both!(
                language,
                "{least} 文字以上にしてください。voicedrive-relay secret make で作れます",
                "must be at least {least} characters long; `voicedrive-relay secret make` makes a good one"
            ),
            Self::NoToken => say(
                "トークンとして使えません。空白のない半角の英数字と記号にしてください",
                "must be a token of printable ASCII characters without blanks",
            ),
            Self::NoApiToken(least) => both!(
                language,
                "{least} 文字以上の、空白のない半角の英数字と記号にしてください (例: vd-production-api-key-...)",
                "must be at least {least} characters long, without blanks, such as vd-production-api-key-..."
            ),
            Self::NoUrl => say(
                "https:// か http:// で始まる URL にしてください",
                "must be a URL that begins with https:// or http://",
            ),
            Self::NotBase64 => say(
                "whsec_ の後が Base64 ではありません。値の全体をもう一度コピーしてください",
                "begins with whsec_, and the rest is not base64; copy the whole value again",
            ),
            Self::Doubtful(doubt) => doubt.describe(language),
            Self::KeyPair(fault) => fault.describe(language),
            #[cfg(feature = "mysql")]
            Self::OpenToOthers(path) => {
                let path = path.display();
                both!(
                    language,
                    "所有者以外も読めます。所有者だけが読めるようにしてください: sudo chmod 600 {path}",
                    "others than its owner may read it; let its owner alone: sudo chmod 600 {path}"
                )
            }
        }
    }
}

impl Forbidden {
    fn describe(&self, language: Language) -> String {
        let (user, file) = (&self.user, self.file.display());
        match &self.closed {
            Some(directory) => {
                let directory = directory.display();
                both!(
                    language,
                    "リレーを動かすユーザー ({user}) には、ディレクトリ {directory} に入る権限がありません。入れるようにしてください: sudo chmod a+x {directory}",
                    "cannot be read: this user may not ({user}), because the directory {directory} is closed to it; let it in: sudo chmod a+x {directory}"
                )
            }
            None if !self.is_secret => both!(
                language,
                "リレーを動かすユーザー ({user}) には読む権限がありません。読めるようにしてください: sudo chmod a+r {file}",
                "cannot be read: this user may not ({user}); let everybody read it, as no secret is in it: sudo chmod a+r {file}"
            ),
            None => both!(
                language,
                "リレーを動かすユーザー ({user}) には読む権限がありません。読めるようにしてください: sudo chown {user} {file} && sudo chmod u+r {file}",
                "cannot be read: this user may not ({user}); let it: sudo chown {user} {file} && sudo chmod u+r {file}"
            ),
        }
    }
}

/// A full-width character, or the number of one that cannot be seen.
fn shown(character: char, language: Language) -> String {
    let number = u32::from(character);
    match character {
        '\u{3000}' => language.say("全角の空白", "a full-width blank").to_owned(),
        _ if is_invisible(character) => both!(
            language,
            "見えない文字 (U+{number:04X}) ",
            "an invisible character (U+{number:04X})"
        ),
        _ => both!(
            language,
            "全角文字「{character}」",
            "the full-width character {character}"
        ),
    }
}

fn is_invisible(character: char) -> bool {
    let without_width = matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}');
    without_width || character.is_whitespace() || character.is_control()
}

impl Doubt {
    fn describe(self, language: Language) -> String {
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
            Self::ReturnsAlone => (
                "行の終わりに古い Mac の形式 (CR だけ) があります。LF の形式で保存してください",
                "has lines that end with CR alone; save the file with LF",
            ),
            Self::WideComment => (
                "全角の「＃」か「；」で始まっています。コメントは半角の # で始めてください",
                "begins with a full-width ＃ or ；; begin a comment with #",
            ),
            Self::WideName => (
                "全角文字か、目に見えない文字が名前に含まれています。半角で入力し直してください",
                "has a full-width or invisible character in the name; type it again in plain letters",
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
                "改行など、目に見えない文字が値に含まれています",
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
            Self::InQuotes => (
                "値が引用符で囲まれています。ここでは引用符も値の一部になります。値だけを書いてください",
                "has quotes around the value, which would belong to it here; write the value alone",
            ),
            Self::WholeLine => (
                "値が「名前=」から始まっています。値だけを書いてください",
                "begins with the name and =; write the value alone",
            ),
            Self::Doubled(_) => ("2 回設定されています", "is set twice"),
        }
    }
}

impl ConfigError {
    /// The mistake in one line.
    #[must_use]
    pub fn describe(&self, language: Language) -> String {
        self.place.with(&self.kind.describe(language), language)
    }
}

impl ConfigErrors {
    /// Every mistake, and then every note, a line each.
    #[must_use]
    pub fn describe(&self, language: Language) -> String {
        let mark = language.say("注意", "note");
        let notes = self.notes.iter();
        let notes = notes.map(|note| format!("{mark}: {}", note.describe(language)));
        let errors = self.list.iter().map(|error| error.describe(language));
        errors.chain(notes).collect::<Vec<_>>().join("\n")
    }
}

impl Fingerprint {
    /// The digits, and the key's length.
    pub(crate) fn describe(&self, language: Language) -> String {
        let Self { digits, characters } = self;
        let counted = counted(characters, "character");
        both!(
            language,
            "{digits}、{characters} 文字",
            "{digits}, {counted}"
        )
    }
}
/// As the log has it: in English.
impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.describe(Language::En))
    }
}

/// As the log has it: in English.
impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.describe(Language::En))
    }
}
