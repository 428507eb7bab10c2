//! What the operating system says when a file cannot be read or a connection cannot be made.

use std::error::Error;
use std::fmt;
use std::io;

use crate::language::Language;
use crate::plain_file::NotOrdinary;

/// What the operating system said, as a value that can be kept and compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemError {
    kind: io::ErrorKind,
    /// The system's own number for it.
    number: Option<i32>,
    /// False for a pipe, a socket or a device in the place of a file.
    is_ordinary: bool,
    said: String,
}

impl From<&io::Error> for SystemError {
    fn from(error: &io::Error) -> Self {
        Self {
            kind: error.kind(),
            number: error.raw_os_error(),
            is_ordinary: !error
                .get_ref()
                .is_some_and(<dyn Error + Send + Sync>::is::<NotOrdinary>),
            said: error.to_string(),
        }
    }
}

impl SystemError {
    /// What kind of error it is.
    #[must_use]
    pub fn kind(&self) -> io::ErrorKind {
        self.kind
    }

    /// The error that the system has this English sentence for; none when the sentence is not the system's.
    pub(crate) fn of_sentence(said: &str) -> Option<Self> {
        let (_, number) = said.strip_suffix(')')?.rsplit_once("(os error ")?;
        let error = io::Error::from_raw_os_error(number.parse().ok()?);
        Some(Self::from(&error)).filter(|error| error.said == said)
    }

    /// Its sentence. What has none in Japanese is told by the system's number, by which others can help.
    #[must_use]
    pub fn told(&self, language: Language) -> String {
        match (language, in_japanese(self.kind), self.number) {
            (Language::En, ..) => self.said.clone(),
            _ if !self.is_ordinary => "通常のファイルではありません".to_owned(),
            (Language::Ja, Some(sentence), _) => sentence.to_owned(),
            (Language::Ja, None, Some(number)) => format!("システムのエラーです (番号 {number})"),
            (Language::Ja, None, None) => "システムのエラーです".to_owned(),
        }
    }
}

/// As the log has it: in English.
impl fmt::Display for SystemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told(Language::En))
    }
}

/// The sentence for what the operating system said.
#[must_use]
pub fn of_system(error: &io::Error, language: Language) -> String {
    SystemError::from(error).told(language)
}

fn in_japanese(kind: io::ErrorKind) -> Option<&'static str> {
    Some(match kind {
        io::ErrorKind::NotFound => "ファイルまたはディレクトリがありません",
        io::ErrorKind::PermissionDenied => "権限がありません",
        io::ErrorKind::AlreadyExists => "同じ名前のファイルがすでにあります",
        io::ErrorKind::IsADirectory => "ファイルではなくディレクトリです",
        io::ErrorKind::NotADirectory => "途中の名前がディレクトリではありません",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "ディスクに空きがありません",
        io::ErrorKind::ReadOnlyFilesystem => "ディスクが読み取り専用です",
        io::ErrorKind::FileTooLarge => "ファイルが大きすぎます",
        io::ErrorKind::InvalidFilename => "ファイル名が長すぎるか、使えない名前です",
        io::ErrorKind::CrossesDevices => "別のディスクには移動できません",
        io::ErrorKind::ResourceBusy => "ほかのプログラムが使用中です",
        io::ErrorKind::AddrInUse => "このアドレスとポートはほかのプログラムが使っています",
        io::ErrorKind::AddrNotAvailable => "このサーバーにないアドレスです",
        io::ErrorKind::ConnectionRefused => "接続先が接続を受け付けていません",
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::NotConnected => "接続が途中で切れました",
        io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::NetworkDown => "ネットワークの先に届きません",
        io::ErrorKind::TimedOut => "時間内に応答がありませんでした",
        io::ErrorKind::OutOfMemory => "メモリが足りません",
        io::ErrorKind::UnexpectedEof => "途中で終わっています",
        io::ErrorKind::InvalidData => "UTF-8 の文字ではありません",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_japanese_sentence_has_nothing_of_the_english_one() {
        let told = |number, language| of_system(&io::Error::from_raw_os_error(number), language);
        let said = "No such file or directory (os error 2)";
        assert_eq!(told(2, Language::En), said);
        let japanese = "ファイルまたはディレクトリがありません";
        assert_eq!(told(2, Language::Ja), japanese);
        assert_eq!(told(5, Language::Ja), "システムのエラーです (番号 5)");
        let odd = of_system(&io::Error::other("odd"), Language::Ja);
        assert_eq!(odd, "システムのエラーです");
    }

    #[test]
    fn an_error_is_found_again_by_its_english_sentence() {
        let unreachable = io::Error::from_raw_os_error(101);
        let found = SystemError::of_sentence(&unreachable.to_string()).unwrap();
        assert_eq!(found, SystemError::from(&unreachable));
        for other in ["odd", "odd (os error 101)", "(os error x)"] {
            assert_eq!(SystemError::of_sentence(other), None, "{other}");
        }
    }
}
