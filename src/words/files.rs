//! Why a database, a copy of it, or the directory around it cannot be used, and what to do about it.

use std::fmt;
use std::io::ErrorKind;
use std::path::Path;

use super::system::of_system;
use crate::language::{Language, Speech};
use crate::store::OpenError;
use crate::store::file::restore::RestoreError;
use crate::store::file::snapshot::{Obstacle, SnapshotError};
use crate::store::file::unusable::Odd;
use crate::zone::Zone;

impl OpenError {
    /// What is wrong, where, and what to do.
    #[must_use]
    #[allow(
        clippy::too_many_lines,
        reason = "a list of sentences, one for each that can be wrong"
    )]
    pub fn told(&self, language: Language) -> String {
        let path = self.place();
        let sentence = match self {
            Self::NoCopy(error) => {
                let why = error.happened(language);
                return both!(
                    language,
                    "データベースをこの版の形式に変えていません。先にコピーを作れなかったためです。{why}",
                    "the database was not brought to this version, because no copy of it could be made first: {why}"
                );
            }
            Self::Directory { source, .. } => {
                let why = of_system(source, language);
                both!(
                    language,
                    "{why}。データディレクトリは、リレーを動かすユーザーのものである必要があります",
                    "{why}; the data directory must exist and belong to the user that runs the relay"
                )
            }
            Self::DiskFull { .. } => both!(
                language,
                "ディスクに空きがありません。失われたものはありません。不要なファイルを消すなどして空きを作り、もう一度実行してください",
                "there is no room on its disk. Nothing was lost: make room there, such as by deleting what is not needed, and try again"
            ),
            Self::Locked { holder, .. } => both!(
                language,
                "別の voicedrive-relay (プロセス番号 {holder}) がこのデータディレクトリを使っています。先に停止してください",
                "another voicedrive-relay (process {holder}) works in this data directory; stop it first"
            ),
            Self::Newer { found, known, .. } => both!(
                language,
                "新しい版の voicedrive-relay が書いたデータベースです (形式 {found}、この版が扱えるのは {known} まで)。新しい版を入れるか、この版が書いたコピーを復元してください",
                "the database has schema version {found}, this program knows versions up to {known}; install the newer voicedrive-relay, or restore a copy that this one wrote"
            ),
            Self::OfBefore { .. } => both!(
                language,
                "最初の公開版より前の voicedrive-relay が書いたデータベースで、この版では読めません。何も変更していません。データディレクトリを別の場所に移すか、それを書いた版を使ってください",
                "this database was written by a voicedrive-relay of before the first release, and this program cannot read it. It was left as it is: move the data directory away, or go on with the program that wrote it"
            ),
            Self::Gone { copy, .. } => {
                let left = what_is_left(copy.as_deref(), language);
                both!(
                    language,
                    "データベースがありません。{left}",
                    "the database is gone, and {left}"
                )
            }
            Self::Unusable { why, copy, .. } => {
                format!(
                    "{}{}",
                    why.told(path, language),
                    or_restore(copy.as_deref(), language)
                )
            }
            Self::Busy { .. } => both!(
                language,
                "別のプログラムがデータベースを使っていて開けません。そのプログラム (開いたままの sqlite3 など) を終了してください",
                "another program holds a lock on the database; close it, such as a sqlite3 that was left open"
            ),
            Self::Foreign { .. } => both!(
                language,
                "ほかのプログラムのデータベースです",
                "it is the database of another program"
            ),
            Self::Database { what, .. } => {
                both!(language, "データベースを開けません ({what})", "{what}")
            }
            Self::Damaged { what, copy, .. } => {
                let how = how_to_restore(copy.as_deref(), language);
                both!(
                    language,
                    "データベースが壊れています ({what})。何も変更していません。{how}",
                    "the database is damaged: {what}. It was left as it is. {how}"
                )
            }
            Self::Migration { what, .. } => both!(
                language,
                "データベースをこの版の形式に変えられませんでした。元のままです ({what})",
                "the database could not be brought to this version: {what}"
            ),
        };
        format!("{}: {sentence}", path.display())
    }

    /// What it is about.
    fn place(&self) -> &Path {
        match self {
            Self::Directory { path, .. }
            | Self::DiskFull { path }
            | Self::Locked { path, .. }
            | Self::Newer { path, .. }
            | Self::OfBefore { path }
            | Self::Gone { path, .. }
            | Self::Unusable { path, .. }
            | Self::Busy { path }
            | Self::Foreign { path }
            | Self::Database { path, .. }
            | Self::Damaged { path, .. }
            | Self::Migration { path, .. } => path,
            Self::NoCopy(error) => error.place(),
        }
    }
}

impl Odd {
    fn told(&self, path: &Path, language: Language) -> String {
        match self {
            Self::DeadLink => both!(
                language,
                "このシンボリックリンクの先がありません。リンク先のディスクをマウントするか、リンクを消してください",
                "this symbolic link leads nowhere. Mount the disk that it leads to, or remove the link"
            ),
            Self::Directory => both!(
                language,
                "データベースの場所にディレクトリがあります。別の場所に移してください",
                "a directory stands where the database should be. Move it away"
            ),
            Self::NotPlain => both!(
                language,
                "通常のファイルではありません。別の場所に移してください",
                "this is not an ordinary file. Move it away"
            ),
            Self::NotOurs { directory } => {
                let (directory, path) = (directory.display(), path.display());
                both!(
                    language,
                    "リレーを動かすユーザーには、このファイルを読み書きする権限がありません。次のコマンドで所有者を変えてください: chown --reference={directory} {path}",
                    "the user that runs the relay may not read and write this file. Give it to that user: chown --reference={directory} {path}"
                )
            }
            Self::ReadOnlyDisk => both!(
                language,
                "ディスクが読み取り専用です。書き込めるようにマウントしてください",
                "its disk can only be read. Mount it so that it can be written"
            ),
        }
    }
}

fn how_to_restore(copy: Option<&Path>, language: Language) -> String {
    match copy.map(Path::display) {
        Some(copy) => both!(
            language,
            "最後の正常なコピーを復元してください: voicedrive-relay restore {copy}",
            "Restore the last good copy: voicedrive-relay restore {copy}"
        ),
        None => both!(
            language,
            "復元できるコピーがデータディレクトリにありません。別の場所に保存したコピーを探してください",
            "There is no copy in the data directory to restore: look for one that was kept elsewhere"
        ),
    }
}

fn or_restore(copy: Option<&Path>, language: Language) -> String {
    copy.map(Path::display)
        .map_or_else(String::new, |copy| {
            both!(
                language,
                "。データベースが失われた場合: voicedrive-relay restore {copy}",
                ". If the database is lost: voicedrive-relay restore {copy}"
            )
        })
}

fn what_is_left(copy: Option<&Path>, language: Language) -> String {
    match copy.map(Path::display) {
        Some(copy) => both!(
            language,
            "コピーは残っています。何も変更していません。コピーを使うなら voicedrive-relay restore {copy} を実行してください。ディスクがマウントされていないだけなら、マウントしてください。空のデータベースから始めるなら、{copy} を別の場所に移してください",
            "a copy of it is still there. Nothing was changed: voicedrive-relay restore {copy} puts the copy in its place; if a disk is not mounted, mount it; to begin with an empty database, move {copy} away"
        ),
        None => both!(
            language,
            "書き込み途中の記録だけが残っています。何も変更していません。データベースを元に戻すか、別の場所に保存したコピーを復元してください。空のデータベースから始めるなら、ディレクトリ live を別の場所に移してください",
            "its journal is still there. Nothing was changed: bring the database back, or restore a copy that was kept elsewhere; to begin with an empty one, move the directory `live` away"
        ),
    }
}

impl SnapshotError {
    /// What is wrong, where, and what to do.
    #[must_use]
    pub fn told(&self, speech: Speech) -> String {
        let happened = self.happened(speech.language);
        match self.advice(speech) {
            Some(advice) => both!(speech.language, "{happened}。{advice}", "{happened}; {advice}"),
            None => happened,
        }
    }

    /// What is wrong, and where.
    #[must_use]
    pub fn happened(&self, language: Language) -> String {
        let sentence = match self {
            Self::File { source, .. } => {
                let why = of_system(source, language);
                match source.kind() {
                    ErrorKind::StorageFull | ErrorKind::QuotaExceeded => both!(
                        language,
                        "{why}。そのディスクに空きを作るか、別のディスクのファイルを指定してください。前からあるファイルはそのままです",
                        "{why}; make room on that disk, or name a file on another one. What was there before is as it was"
                    ),
                    _ => why,
                }
            }
            Self::Database { what, .. } => {
                both!(language, "データベースとして扱えません ({what})", "{what}")
            }
            Self::Damaged { what, .. } => {
                both!(language, "壊れています ({what})", "damaged: {what}")
            }
            Self::OfLiveFile { with_log: true, .. } => both!(
                language,
                "live/relay.db のコピーで、relay.db-wal が隣にあります。完全なのは、デーモンの停止中に両方をコピーしたときだけです。コピーすべきファイルは relay-backup.db です",
                "this is a copy of live/relay.db with its relay.db-wal beside it, and whole only when both were copied while the daemon was stopped. The file to copy is relay-backup.db"
            ),
            Self::OfLiveFile { .. } => both!(
                language,
                "live/relay.db のコピーで、relay.db-wal にあった内容が欠けているおそれがあります。コピーすべきファイルは relay-backup.db です",
                "this is a copy of live/relay.db; it may lack what stood in relay.db-wal. The file to copy is relay-backup.db"
            ),
            Self::NotOurs { .. } => both!(
                language,
                "voicedrive-relay のデータベースではありません",
                "not a database of voicedrive-relay"
            ),
            Self::OfBefore { .. } => both!(
                language,
                "最初の公開版より前の voicedrive-relay が書いたもので、この版では読めません",
                "written by a voicedrive-relay of before the first release, which this program cannot read"
            ),
            Self::InTheWay { obstacle, .. } => {
                let obstacle = obstacle.told(language);
                both!(
                    language,
                    "{obstacle}。何も書き込んでいません。新しいファイル名か、以前のコピーを指定してください",
                    "{obstacle}; nothing was written. Name a new file, or an older copy"
                )
            }
            Self::Newer { found, known, .. } => both!(
                language,
                "新しい版の voicedrive-relay が書いたものです (形式 {found}、この版が扱えるのは {known} まで)",
                "written by a newer voicedrive-relay (schema version {found}, this program knows versions up to {known})"
            ),
        };
        format!("{}: {sentence}", self.place().display())
    }

    fn advice(&self, speech: Speech) -> Option<String> {
        let language = speech.language;
        Some(match self {
            Self::Damaged { .. } => both!(
                language,
                "別のコピーを使ってください",
                "use another copy"
            ),
            Self::OfLiveFile { with_log: true, .. } => both!(
                language,
                "停止中にコピーしたものであれば、restore --as-it-is で両方を復元できます",
                "if they were, restore --as-it-is takes both"
            ),
            Self::OfLiveFile {
                written: Some(at), ..
            } => {
                let at = speech.clock(*at);
                both!(
                    language,
                    "ほかに何もなければ restore --as-it-is で復元できますが、{at} より後に受け付けたものは含まれないおそれがあります",
                    "when there is nothing else, restore --as-it-is takes it, and what was kept after {at} may not be in it"
                )
            }
            Self::OfLiveFile { .. } => both!(
                language,
                "relay.db-wal がないと、読める内容がありません",
                "nothing of it can be read without its relay.db-wal"
            ),
            Self::Newer { .. } => both!(
                language,
                "新しい版の voicedrive-relay を入れてください",
                "install the newer voicedrive-relay"
            ),
            Self::OfBefore { .. } => both!(
                language,
                "このコピーを書いた版の voicedrive-relay で使ってください",
                "use it with the voicedrive-relay that wrote it"
            ),
            Self::NotOurs { .. } => both!(
                language,
                "ファイルが正しいか確かめてください",
                "look whether it is the right file"
            ),
            Self::File { source, .. }
                if matches!(
                    source.kind(),
                    ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem
                ) =>
            {
                both!(
                    language,
                    "sudo で実行するか、書き込める場所を指定してください",
                    "use sudo, or name a place where you may write"
                )
            }
            Self::InTheWay { .. } | Self::File { .. } | Self::Database { .. } => return None,
        })
    }

    /// What it is about.
    fn place(&self) -> &Path {
        match self {
            Self::File { path, .. }
            | Self::Database { path, .. }
            | Self::Damaged { path, .. }
            | Self::OfLiveFile { path, .. }
            | Self::NotOurs { path }
            | Self::OfBefore { path }
            | Self::InTheWay { path, .. }
            | Self::Newer { path, .. } => path,
        }
    }
}

impl Obstacle {
    fn told(self, language: Language) -> &'static str {
        let (ja, en) = match self {
            Self::Database => ("データベース本体の場所です", "the database itself lives there"),
            Self::OwnName => (
                "リレー自身が使うファイル名です",
                "the relay keeps a file of its own under this name",
            ),
            Self::NotPlain => ("通常のファイルではありません", "this is not an ordinary file"),
            Self::NoCopy => (
                "リレーのデータベースのコピーではありません",
                "this file is no copy of the relay's database",
            ),
            Self::NoName => ("ファイル名がありません", "this names no file"),
            Self::NoDirectory => ("ディレクトリがありません", "there is no such directory"),
        };
        language.say(ja, en)
    }
}

impl RestoreError {
    /// What is wrong, where, and what to do.
    #[must_use]
    pub fn told(&self, speech: Speech) -> String {
        let language = speech.language;
        match self {
            Self::Copy(error) => error.told(speech),
            Self::Directory(error) => error.told(language),
            Self::Full { directory, needed } => {
                let directory = directory.display();
                both!(
                    language,
                    "{directory}: ディスクに空きがありません。何も変更していません。あと {needed} バイト空けてから (以前の復元で残った live.before-restore-* など)、もう一度実行してください",
                    "{directory}: the disk is full; nothing was changed. Make room there for {needed} bytes more, and restore again"
                )
            }
            Self::Swap { path, source } => {
                let (path, why) = (path.display(), of_system(source, language));
                both!(
                    language,
                    "{path}: {why}。何も変更していません",
                    "{path}: {why}; nothing was changed"
                )
            }
            Self::Database { path, source } => {
                let path = path.display();
                both!(
                    language,
                    "{path}: コピーに書き込めません ({source})。何も変更していません",
                    "{path}: {source}; nothing was changed"
                )
            }
            Self::Unsynced { path, source } => {
                let (path, why) = (path.display(), of_system(source, language));
                both!(
                    language,
                    "{path}: {why}。コピーはデータベースの場所に入りましたが、まだディスクに書き込まれていないおそれがあります。sync を実行してください",
                    "{path}: {why}; the copy is in its place, but may not be on the disk yet: type sync"
                )
            }
        }
    }
}

/// As the log has it: in English.
impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told(Language::En))
    }
}

/// As the log has it: in English, and without the advice for the one who typed a command.
impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.happened(Language::En))
    }
}

/// As the log has it: in English.
impl fmt::Display for RestoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Copy(error) => error.fmt(f),
            other => f.write_str(&other.told(Speech {
                language: Language::En,
                timezone: Zone::UTC,
            })),
        }
    }
}
