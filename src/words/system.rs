//! What the operating system says when a file cannot be read or a connection cannot be made.

use std::fmt;
use std::io;

use crate::language::Language;

/// What the operating system said, as a value that can be kept and compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemError {
    kind: io::ErrorKind,
    said: String,
}

impl From<&io::Error> for SystemError {
    fn from(error: &io::Error) -> Self {
        Self {
            kind: error.kind(),
            said: error.to_string(),
        }
    }
}

impl SystemError {
    /// Its sentence; in Japanese with the system's own words behind it, by which others can help.
    #[must_use]
    pub fn told(&self, language: Language) -> String {
        match language {
            Language::Ja => format!("{} ({})", in_japanese(self.kind), self.said),
            Language::En => self.said.clone(),
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

fn in_japanese(kind: io::ErrorKind) -> &'static str {
    match kind {
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
        io::ErrorKind::ConnectionRefused => "接続先が受け付けていません",
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::NotConnected => "接続が途中で切れました",
        io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::NetworkDown => "ネットワークの先に届きません",
        io::ErrorKind::TimedOut => "時間内に応答がありませんでした",
        io::ErrorKind::OutOfMemory => "メモリーが足りません",
        io::ErrorKind::UnexpectedEof => "途中で終わっています",
        io::ErrorKind::InvalidData => "UTF-8 の文字ではありません",
        _ => "システムのエラーです",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_words_stand_behind_a_sentence_in_japanese() {
        let error = io::Error::from_raw_os_error(rustix::io::Errno::NOENT.raw_os_error());
        let told = of_system(&error, Language::Ja);
        let said = "No such file or directory (os error 2)";
        assert_eq!(
            told,
            format!("ファイルまたはディレクトリがありません ({said})")
        );
        assert_eq!(of_system(&error, Language::En), said);
        let odd = of_system(&io::Error::other("odd"), Language::Ja);
        assert_eq!(odd, "システムのエラーです (odd)");
    }
}
