//! Errors of the operating system for files and connections.

use std::fmt;
use std::io;

use crate::language::Language;
use crate::system_error::SystemError;

/// The number of the error that the machine as a whole has too many files open (ENFILE).
const ALL_FILES: i32 = 23;

impl SystemError {
    /// The sentence for an error. An error without a Japanese sentence is given with its number (errno), which can be
    /// looked up.
    #[must_use]
    pub fn describe(&self, language: Language) -> String {
        let said = self.said();
        if self.number() == Some(ALL_FILES) {
            return both!(
                language,
                "開けるファイルの数がサーバー全体の上限に達しています。多くのファイルを開いているプログラムを確かめるか、sysctl の fs.file-max を増やしてください",
                "{said}: this is the limit of the whole machine; see which program has so many open, or raise sysctl fs.file-max"
            );
        }
        if self.lacks_file_handles() {
            return both!(
                language,
                "開けるファイルと接続の数が上限に達しています。サービスの LimitNOFILE= か、シェルの ulimit -n を増やしてください",
                "{said}: raise LimitNOFILE= of the service, or ulimit -n in a shell"
            );
        }
        let sentence = self.number().and_then(of_number);
        let sentence = sentence.or_else(|| in_japanese(self.kind()));
        match (language, sentence, self.number()) {
            (Language::En, ..) => self.said().to_owned(),
            _ if !self.is_ordinary() => "通常のファイルではありません".to_owned(),
            (Language::Ja, Some(sentence), _) => sentence.to_owned(),
            (Language::Ja, None, Some(number)) => format!("システムのエラーです (番号 {number})"),
            (Language::Ja, None, None) => "システムのエラーです".to_owned(),
        }
    }
}

/// Errors for which the library has no kind of its own, by their number on Linux.
fn of_number(number: i32) -> Option<&'static str> {
    Some(match number {
        5 => "ディスクなどの装置の読み書きに失敗しました。装置の故障のおそれがあります",
        6 | 19 => "その装置がありません",
        12 => "メモリーが足りません",
        16 => "ほかのプログラムが使用中です",
        22 => "この名前や値は使えません",
        31 => "これ以上リンクを作れません",
        40 => "リンクが輪になっていて、ファイルにたどり着けません",
        105 => "ネットワークの処理に使うメモリーが足りません",
        116 => "ネットワーク上のファイルが見つからなくなりました",
        117 => "ディスクの中身が壊れているおそれがあります",
        _ => return None,
    })
}

/// In English, for the log.
impl fmt::Display for SystemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.describe(Language::En))
    }
}

/// The sentence for an error of the operating system.
#[must_use]
pub fn of_system(error: &io::Error, language: Language) -> String {
    SystemError::from(error).describe(language)
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
        io::ErrorKind::OutOfMemory => "メモリーが足りません",
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
        for (number, advice) in [(23, "fs.file-max"), (24, "LimitNOFILE=")] {
            for language in [Language::Ja, Language::En] {
                let told = told(number, language);
                assert!(told.contains(advice), "{told}");
            }
        }
        assert!(told(5, Language::Ja).contains("故障"));
        let looped = told(40, Language::Ja);
        assert!(!looped.contains("番号") && !looped.is_ascii(), "{looped}");
        assert_eq!(told(95, Language::Ja), "システムのエラーです (番号 95)");
        let odd = of_system(&io::Error::other("odd"), Language::Ja);
        assert_eq!(odd, "システムのエラーです");
    }
}
