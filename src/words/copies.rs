//! Why a copy of the database cannot be made, used or restored, and what to do about it.

use std::fmt;
use std::io::ErrorKind;
use std::path::Path;

use super::system::of_system;
use crate::command_line::CommandLine;
use crate::language::{Language, Locale};
use crate::store::OpenError;
use crate::store::file::is_full;
use crate::store::file::restore::RestoreError;
use crate::store::file::snapshot::{Obstacle, SnapshotError};
use crate::system_error::SystemError;
use crate::zone::Zone;

impl SnapshotError {
    /// What is wrong, where, and what to do.
    #[must_use]
    pub fn describe(&self, locale: Locale) -> String {
        let happened = self.happened(locale.language);
        match self.advice(locale) {
            Some(advice) => both!(
                locale.language,
                "{happened}。{advice}",
                "{happened}; {advice}"
            ),
            None => happened,
        }
    }

    /// What is wrong, and where.
    #[must_use]
    pub fn happened(&self, language: Language) -> String {
        let sentence = match self {
            Self::File { source, .. } => {
                let why = of_system(source, language);
                if is_full(source) {
                    both!(
                        language,
                        "{why}。そのディスクに空きを作るか (容量は df -h、ファイル数は df -i で確かめられます)、別のディスクのファイルを指定してください。前からあるファイルはそのままです",
                        "{why}; make room on that disk (df -h shows bytes, df -i files), or name a file on another one. What was there before is as it was"
                    )
                } else {
                    why
                }
            }
            Self::Database { what, .. } => {
                both!(language, "データベースとして扱えません", "{what}")
            }
            Self::Damaged { what, .. } => {
                both!(language, "壊れています", "damaged: {what}")
            }
            Self::Source { trouble, .. } => trouble.happened(language),
            Self::Unfinished { journal, .. } => {
                let journal = journal.display();
                both!(
                    language,
                    "{journal} があるため読めません。リレーを起動すると、途中の変更が元に戻るか、このファイルが取り分けられます",
                    "it cannot be read because of {journal}: a start of the relay undoes what was begun, or moves that file aside"
                )
            }
            Self::Stale { other, .. } => {
                let other = other.display();
                both!(
                    language,
                    "{other} にある内容が含まれていないため、使えません",
                    "it lacks what {other} has, and is of no use"
                )
            }
            Self::OfLiveFile { with_log: true, .. } => both!(
                language,
                "live/relay.db のコピーで、relay.db-wal が隣にあります。完全なのは、リレーの停止中に両方をコピーしたときだけです。コピーすべきファイルは relay-backup.db です",
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
            Self::PreRelease { .. } => both!(
                language,
                "最初の公開バージョンより前の voicedrive-relay が書いたもので、このバージョンでは読めません",
                "written by a voicedrive-relay of before the first release, which this program cannot read"
            ),
            Self::NotPlain { .. } => both!(
                language,
                "通常のファイルではないため、コピーで置き換えられません。別の場所に移してください。ほかのディスクにコピーを作るには backup ファイル名 を使ってください",
                "this is not an ordinary file, and no copy can take its place. Move it away; `backup FILE` makes a copy on another disk"
            ),
            Self::InTheWay { obstacle, .. } => {
                let obstacle = obstacle.describe(language);
                both!(
                    language,
                    "{obstacle}。何も書き込んでいません。新しいファイル名か、以前のコピーを指定してください",
                    "{obstacle}; nothing was written. Name a new file, or an older copy"
                )
            }
            Self::Newer { found, known, .. } => both!(
                language,
                "新しいバージョンの voicedrive-relay が書いたものです (形式 {found}、このバージョンが扱えるのは {known} まで)",
                "written by a newer voicedrive-relay (schema version {found}, this program knows versions up to {known})"
            ),
        };
        format!("{}: {sentence}", self.place().display())
    }

    fn advice(&self, locale: Locale) -> Option<String> {
        let language = locale.language;
        Some(match self {
            Self::Damaged { .. } => {
                both!(language, "別のコピーを使ってください", "use another copy")
            }
            Self::OfLiveFile { with_log: true, .. } => both!(
                language,
                "停止中にコピーしたものであれば、restore --as-it-is で両方を復元できます",
                "if they were, restore --as-it-is takes both"
            ),
            Self::OfLiveFile {
                written: Some(at), ..
            } => {
                let at = locale.clock(*at);
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
                "新しいバージョンの voicedrive-relay を入れてください",
                "install the newer voicedrive-relay"
            ),
            Self::PreRelease { .. } => both!(
                language,
                "このコピーを書いたバージョンの voicedrive-relay で使ってください",
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
            // What to do about that is said with it.
            Self::File { source, .. }
                if is_full(source) || SystemError::from(source).lacks_file_handles() =>
            {
                return None;
            }
            Self::File { .. } => both!(
                language,
                "ファイル名とその場所を確かめるか、別のファイルを指定してください",
                "look whether this is the right path and may be used, or name another file"
            ),
            Self::Database { .. } => both!(
                language,
                "ディスクの状態とファイルの権限を確かめ、それでも使えなければ別のコピーを使ってください",
                "look at its disk and at who may use it; if it stays so, use another copy"
            ),
            Self::Source { trouble, .. } => trouble.advice(language).to_owned(),
            Self::Stale { other, .. } => {
                let other = other.display();
                both!(language, "{other} を使ってください", "use {other}")
            }
            Self::InTheWay { .. } | Self::NotPlain { .. } | Self::Unfinished { .. } => return None,
        })
    }

    /// What it is about.
    pub(super) fn place(&self) -> &Path {
        match self {
            Self::File { path, .. }
            | Self::Database { path, .. }
            | Self::Damaged { path, .. }
            | Self::Source { path, .. }
            | Self::Unfinished { path, .. }
            | Self::Stale { path, .. }
            | Self::OfLiveFile { path, .. }
            | Self::NotOurs { path }
            | Self::PreRelease { path }
            | Self::InTheWay { path, .. }
            | Self::NotPlain { path }
            | Self::Newer { path, .. } => path,
        }
    }
}

impl Obstacle {
    fn describe(self, language: Language) -> &'static str {
        let (ja, en) = match self {
            Self::Database => (
                "データベース本体の場所です",
                "the database itself lives there",
            ),
            Self::OwnName => (
                "リレー自身が使うファイル名です",
                "the relay keeps a file of its own under this name",
            ),
            Self::NotPlain => (
                "通常のファイルではありません",
                "this is not an ordinary file",
            ),
            Self::NoCopy => (
                "リレーのデータベースのコピーではありません",
                "this file is no copy of the relay's database",
            ),
            Self::Unfinished => (
                "途中で終わった backup が残したファイルのようです。不要なら削除してください",
                "a backup that was broken off seems to have left this file; when nobody needs it, delete it",
            ),
            Self::UnderWay => (
                "別のコピーをそこに書き込んでいる途中です。終わるまで待ってください",
                "another copy is being written there; wait until it is done",
            ),
            Self::Live => (
                "リレーが使う (または使っていた) データベースそのものか、そのファイルをコピーしたものです",
                "this is the database that a relay works with, or a file that was copied from one",
            ),
            Self::Later => (
                "今のデータベースにない内容を持つコピーです",
                "this copy has what the present database has not",
            ),
            Self::OfAnother => (
                "別のリレーのデータベースのコピーです",
                "this is a copy of another relay's database",
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
    pub fn describe(&self, locale: Locale, commands: &CommandLine) -> String {
        let language = locale.language;
        if let Some(path) = self.forbidden() {
            let path = path.display();
            return both!(
                language,
                "{path}: 権限がありません。何も変更していません。sudo で実行してください",
                "{path}: you may not change this, and nothing was changed; use sudo"
            );
        }
        match self {
            Self::Copy(error) => error.describe(locale),
            Self::Directory(error) => error.describe(language, commands),
            Self::Full { directory, needed } => {
                let directory = directory.display();
                both!(
                    language,
                    "{directory}: ディスクに空きがありません。何も変更していません。あと {needed} バイト空けてから (以前の復元で残った live.before-restore-* など)、もう一度実行してください",
                    "{directory}: the disk is full; nothing was changed. Make room there for {needed} bytes more, and restore again"
                )
            }
            Self::OfAnother { path } => {
                let path = path.display();
                both!(
                    language,
                    "{path}: 別のリレーのデータベースのコピーです。何も変更していません。このコピーで今のデータベースを置き換えてよければ、--of-another-relay を付けてもう一度実行してください",
                    "{path}: this is a copy of another relay's database; nothing was changed. If it is to take the place of the present one, restore it with --of-another-relay"
                )
            }
            Self::Swap { path, source } => {
                let (path, why) = (path.display(), of_system(source, language));
                both!(
                    language,
                    "{path}: {why}。何も変更していません。データディレクトリに書き込めるかを確かめてから、もう一度実行してください",
                    "{path}: {why}; nothing was changed. Look whether the data directory may be written, and restore again"
                )
            }
            Self::Database { path, source } => {
                let (path, why) = (path.display(), source.describe(language, commands));
                both!(
                    language,
                    "{path}: コピーに書き込めないため、何も変更していません。{why}",
                    "{path}: the copy cannot be written, and nothing was changed: {why}"
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

impl RestoreError {
    /// What the person may not touch.
    fn forbidden(&self) -> Option<&Path> {
        match self {
            Self::Directory(OpenError::Directory { path, source })
            | Self::Swap { path, source }
                if source.kind() == ErrorKind::PermissionDenied =>
            {
                Some(path)
            }
            _ => None,
        }
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
            other => {
                let locale = Locale {
                    language: Language::En,
                    timezone: Zone::UTC,
                };
                f.write_str(&other.describe(locale, &CommandLine::default()))
            }
        }
    }
}

#[cfg(test)]
mod tests;
