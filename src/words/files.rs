//! Why a database, or the directory around it, cannot be used, and what to do about it.

use std::fmt;
use std::path::{Path, PathBuf};

use super::system::of_system;
use crate::command_line::CommandLine;
use crate::language::Language;
use crate::store::OpenError;
use crate::store::file::Odd;
use crate::trouble::{Bar, Resource};

impl OpenError {
    /// What is wrong, where, and what to do.
    #[must_use]
    #[allow(
        clippy::too_many_lines,
        reason = "a list of sentences, one for each that can be wrong"
    )]
    pub fn describe(&self, language: Language, commands: &CommandLine) -> String {
        let path = self.place();
        let sentence = match self {
            Self::NoCopy(error) => {
                let why = error.happened(language);
                return both!(
                    language,
                    "データベースをこのバージョンの形式に変えていません。先にコピーを作れなかったためです。原因を取り除いてから、もう一度起動してください。{why}",
                    "the database was not brought to this version, because no copy of it could be made first: {why}. Mend that, and start again"
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
                "ディスクに空きがありません (容量は df -h、ファイル数は df -i で確かめられます)。失われたものはありません。不要なファイルを消すなどして空きを作り、もう一度実行してください",
                "there is no room on its disk (df -h shows bytes, df -i files). Nothing was lost: make room there, such as by deleting what is not needed, and try again"
            ),
            Self::Locked { holder, .. } => both!(
                language,
                "別の voicedrive-relay (プロセス番号 {holder}) がこのデータディレクトリを使っています。先に停止してください",
                "another voicedrive-relay (process {holder}) works in this data directory; stop it first"
            ),
            Self::Newer { found, known, .. } => both!(
                language,
                "新しいバージョンの voicedrive-relay が書いたデータベースです (形式 {found}、このバージョンが扱えるのは {known} まで)。新しいバージョンを入れるか、このバージョンが書いたコピーを復元してください",
                "the database has schema version {found}, this program knows versions up to {known}; install the newer voicedrive-relay, or restore a copy that this one wrote"
            ),
            Self::PreRelease { .. } => both!(
                language,
                "最初の公開バージョンより前の voicedrive-relay が書いたデータベースで、このバージョンでは読めません。何も変更していません。データディレクトリを別の場所に移すか、それを書いたバージョンを使ってください",
                "this database was written by a voicedrive-relay of before the first release, and this program cannot read it. It was left as it is: move the data directory away, or go on with the program that wrote it"
            ),
            Self::Gone { copy, left, .. } => gone(copy.as_deref(), left, language, commands),
            Self::Unidentified { why, .. } => {
                let why = why.describe(path, language, commands);
                both!(
                    language,
                    "どのデータベースがこのデータディレクトリのものかを示すファイルですが、使えません。何も変更していません。{why}",
                    "this file says which database belongs in this data directory, and cannot be used. Nothing was changed. {why}"
                )
            }
            Self::Behind { copy, .. } => {
                let (copy, restore) = (copy.display(), restore(copy, commands));
                both!(
                    language,
                    "このデータベースの一部が失われたか、古いデータベースが置かれています。{copy} に、ここにない内容があります。何も変更していません。コピーを使うなら {restore} を実行してください。コピーにある内容なしで続けるなら、{copy} を別の場所に移してください",
                    "a part of this database was lost, or an older one stands in its place: {copy} has what is not in it. Nothing was changed: {restore} puts the copy in its place; to go on without what the copy has, move {copy} away"
                )
            }
            Self::Unusable { why, copy, .. } => {
                format!(
                    "{}{}",
                    why.describe(path, language, commands),
                    or_restore(copy.as_deref(), language, commands)
                )
            }
            Self::OfAnother { known_by, copy, .. } => {
                let (known_by, live) =
                    (known_by.display(), path.parent().unwrap_or(path).display());
                let how = how_to_restore(copy.as_deref(), language, commands);
                both!(
                    language,
                    "このデータディレクトリのものではない、別のリレーのデータベースが置かれています ({known_by} で分かります)。何も変更していません。{how}。これからこのデータベースを使うつもりなら、{live} を別の場所に移し、その中の relay.db を restore --of-another-relay で復元してください",
                    "this is the database of another relay and not that of this data directory, as {known_by} says. Nothing was changed. {how}. If the other one is to be used from now on, move {live} away, and put the relay.db in it in place with `restore --of-another-relay`"
                )
            }
            Self::Busy { .. } => both!(
                language,
                "別のプログラムがデータベースを使っていて開けません。そのプログラム (開いたままの sqlite3 など) を終了してください",
                "another program holds a lock on the database; close it, such as a sqlite3 that was left open"
            ),
            Self::Foreign { copy, .. } => {
                let how = how_to_restore(copy.as_deref(), language, commands);
                both!(
                    language,
                    "ほかのプログラムのデータベースです。何も変更していません。storage.directory が正しければ、このファイルを元の場所に戻してください。{how}",
                    "it is the database of another program, and was left as it is. When storage.directory is right, bring this file back to where it belongs. {how}"
                )
            }
            Self::Exhausted {
                resource: Resource::FileHandles,
                ..
            } => both!(
                language,
                "開けるファイルと接続の数が足りません。サービスの LimitNOFILE= を増やしてください (手動で起動する場合は ulimit -n。64 以上)",
                "so few files and connections may be open that the relay cannot start: raise LimitNOFILE= of the service, or ulimit -n in a shell, to 64 at least"
            ),
            Self::Exhausted {
                resource: Resource::Memory,
                ..
            } => both!(
                language,
                "メモリーが足りないため、起動できません。ほかのプログラムの使用量を確かめてください (free -m)",
                "there is too little memory for a start. See what else uses it (free -m)"
            ),
            Self::Database { what, .. } => {
                both!(
                    language,
                    "データベースを開けません。ディスクの状態 (journalctl -k) と、データディレクトリの権限を確かめてから、もう一度起動してください",
                    "the database cannot be opened: {what}. Look at its disk (journalctl -k) and at who may use the data directory, and start again"
                )
            }
            Self::Damaged { what, copy, .. } => {
                let how = how_to_restore(copy.as_deref(), language, commands);
                both!(
                    language,
                    "データベースが壊れています。何も変更していません。{how}",
                    "the database is damaged: {what}. It was left as it is. {how}"
                )
            }
            Self::MetDamage { mark, copy, .. } => {
                let (how, mark) = (
                    how_to_restore(copy.as_deref(), language, commands),
                    mark.display(),
                );
                both!(
                    language,
                    "動作中に破損が見つかったデータベースで、最近の内容が失われているおそれがあります。何も変更していません。コピーを使わずに残っている内容で続けるなら、sudo rm {mark} を実行してから起動してください。{how}",
                    "while the relay ran, damage was met in this database: its newest part may be lost. It was left as it is. To go on with what is left instead of a copy, run `sudo rm {mark}` before the start. {how}"
                )
            }
            Self::Migration { what, .. } => both!(
                language,
                "データベースをこのバージョンの形式に変えられませんでした。元のままです。前のバージョンの voicedrive-relay に戻して使い、ログとともに開発元に連絡してください",
                "the database could not be brought to this version: {what}. It is as it was: go on with the voicedrive-relay of before, and report this with the log"
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
            | Self::PreRelease { path }
            | Self::Gone { path, .. }
            | Self::Unidentified { path, .. }
            | Self::Behind { path, .. }
            | Self::Unusable { path, .. }
            | Self::OfAnother { path, .. }
            | Self::Busy { path }
            | Self::Foreign { path, .. }
            | Self::Exhausted { path, .. }
            | Self::Database { path, .. }
            | Self::Damaged { path, .. }
            | Self::MetDamage { path, .. }
            | Self::Migration { path, .. } => path,
            Self::NoCopy(error) => error.place(),
        }
    }
}

impl Odd {
    fn describe(&self, path: &Path, language: Language, commands: &CommandLine) -> String {
        match self {
            Self::DeadLink => both!(
                language,
                "このシンボリックリンクの先がありません。リンク先のディスクをマウントするか、リンクを消してください",
                "this symbolic link leads nowhere. Mount the disk that it leads to, or remove the link"
            ),
            Self::Link => both!(
                language,
                "シンボリックリンクは使えません。リンクの代わりに、ファイルそのものをここに置いてください。別のディスクに置くなら、データディレクトリごと移し、設定の storage.directory をその場所にしてください",
                "this is a symbolic link, and the file itself must be here. Put it in the place of the link; to have it on another disk, move the whole data directory there and set storage.directory"
            ),
            Self::LinkedDirectory(target) => {
                let (path, target) = (path.display(), target.display());
                both!(
                    language,
                    "シンボリックリンクで、その先は {target} です。リンク先のデータベースを取り分けられないため、何も変更していません。先にリンクを消し (sudo rm {path})、{target} を {path} に移してください。別のディスクに置くなら、データディレクトリごと移し、設定の storage.directory をその場所にしてください",
                    "this is a symbolic link to {target}, and the database behind it cannot be set aside. Nothing was changed. Put the directory itself here first: sudo rm {path} && sudo mv {target} {path}; to have it on another disk, move the whole data directory there and set storage.directory"
                )
            }
            Self::Directory => both!(
                language,
                "データベースの場所にディレクトリがあります。別の場所に移してください",
                "a directory stands where the database should be. Move it away"
            ),
            Self::NoDirectory => both!(
                language,
                "ここにはディレクトリが必要ですが、ほかのものがあります。別の場所に移してください",
                "a directory should be here, and this is none. Move it away"
            ),
            Self::NotPlain => both!(
                language,
                "通常のファイルではありません。別の場所に移してください",
                "this is not an ordinary file. Move it away"
            ),
            Self::Emptied => both!(
                language,
                "ファイルの中身が消されています。横にある -wal には、まだここに移されていない記録があります。-wal も別の場所に控えてください",
                "something has emptied this file, and the -wal beside it has records that were not moved here yet. Keep the -wal in another place too"
            ),
            Self::LogOfAnother => {
                let restore = restore_any(language, commands);
                both!(
                    language,
                    "横にある -wal は、このファイルのものではありません (このファイルは後から置かれたコピーなど)。何も変更していません。コピーは {restore} で復元してください。このファイルをそのまま使うなら、-wal を別の場所に移してください",
                    "the -wal beside this file is not its own: this file is a copy that was put here later, for example. Nothing was changed. Put a copy in place with {restore}; to go on with this file as it is, move the -wal away"
                )
            }
            Self::JournalOfAnother => both!(
                language,
                "横にある -journal は、このファイルのものではないようです。そのまま起動すると、古い内容がこのファイルに書き込まれます。何も変更していません。-journal を別の場所に移してください。sqlite3 でこのファイルを変更中に途中で終わった場合は、移さずに、もう一度 sqlite3 で開いて変更を元に戻してください",
                "the -journal beside this file does not seem to be its own. A start would write old pages from it into this file. Nothing was changed: move the -journal away; but when a sqlite3 broke off while it changed this very file, open it with sqlite3 once more, which undoes the change"
            ),
            Self::Garbled => {
                let path = path.display();
                both!(
                    language,
                    "中身が空か、リレーの書いたものではありません。live/ のデータベースがこのリレーのものなら、sudo rm {path} で消してから起動してください。relay-backup.db と照らし合わせて作り直されます",
                    "Its content is not what the relay has written. When the database in live is this relay's own, remove this file before the start (sudo rm {path}): it is made anew, and relay-backup.db says whose database it is"
                )
            }
            Self::Closed(why) => {
                let command = why.command(path);
                let why = why.happened(language);
                both!(
                    language,
                    "{why}。次のコマンドで直してください: sudo {command}",
                    "{why}: sudo {command}"
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

impl Bar {
    /// What keeps the relay out.
    pub(super) fn happened(&self, language: Language) -> &'static str {
        let (ja, en) = match self {
            Self::ModeOfFile => (
                "所有者は正しいのですが、ファイルの権限 (モード) のために読み書きできません",
                "its owner is right, but its mode keeps the relay from reading and writing it",
            ),
            Self::ModeOfDirectory => (
                "所有者は正しいのですが、ディレクトリの権限 (モード) のために読み書きできません",
                "its owner is right, but its mode keeps the relay from entering it and writing into it",
            ),
            Self::NotOurs { .. } => (
                "リレーを動かすユーザーには、これを読み書きする権限がありません。所有者を変えてください",
                "the user that runs the relay may not read and write this. Give it to that user",
            ),
            Self::NotOurDirectory { .. } => (
                "データディレクトリがリレーを動かすユーザーのものではなく、読み書きできません。所有者を変えてください",
                "the data directory is not that of the user that runs the relay, who may not use it. Give it to that user",
            ),
            Self::Above => (
                "データディレクトリはこの中にありますが、リレーを動かすユーザーはここを通れません",
                "the data directory is in here, and the user that runs the relay may not pass. Let it through",
            ),
        };
        language.say(ja, en)
    }
}

/// Puts this copy in the place of the database.
fn restore(copy: &Path, commands: &CommandLine) -> String {
    commands.by_admin(&commands.restore(copy))
}

/// The same with a copy that the reader has to find.
fn restore_any(language: Language, commands: &CommandLine) -> String {
    commands.typed(language.say("restore コピー", "restore COPY"))
}

fn how_to_restore(copy: Option<&Path>, language: Language, commands: &CommandLine) -> String {
    match copy.map(|copy| restore(copy, commands)) {
        Some(restore) => both!(
            language,
            "最後の正常なコピーを復元してください: {restore}",
            "Restore the last good copy: {restore}"
        ),
        None => both!(
            language,
            "復元できるコピーがデータディレクトリにありません。別の場所に保存したコピーを探してください",
            "There is no copy in the data directory to restore: look for one that was kept elsewhere"
        ),
    }
}

fn or_restore(copy: Option<&Path>, language: Language, commands: &CommandLine) -> String {
    copy.map_or_else(String::new, |copy| {
        let restore = restore(copy, commands);
        both!(
            language,
            "。データベースが失われた場合: {restore}",
            ". If the database is lost: {restore}"
        )
    })
}

fn gone(
    copy: Option<&Path>,
    left: &[PathBuf],
    language: Language,
    commands: &CommandLine,
) -> String {
    let left: Vec<String> = left.iter().map(|path| path.display().to_string()).collect();
    let left = left.join(language.say("、", " and "));
    if let Some(copy) = copy {
        let (copy, restore) = (copy.display(), restore(copy, commands));
        both!(
            language,
            "データベースがないか、空になっています。コピー {copy} は残っています。何も変更していません。ディスクがマウントされていないだけなら、マウントしてください。コピーを使うなら {restore} を実行してください。空のデータベースから始めるなら、{left} を別の場所に移してください",
            "the database is gone (there is no file, or nothing in it), and a copy of it is still there: {copy}. Nothing was changed: if a disk is not mounted, mount it; {restore} puts the copy in its place; to begin with an empty database, move {left} away"
        )
    } else {
        let restore = restore_any(language, commands);
        both!(
            language,
            "データベースがないか、空になっています。残っているのは {left} だけです。何も変更していません。ディスクがマウントされていないだけなら、マウントしてください。そうでなければ、データベースを元に戻すか、別の場所に保存したコピーを復元してください ({restore})。空のデータベースから始めるなら、{left} を別の場所に移してください",
            "the database is gone (there is no file, or nothing in it), and only this shows that there was one: {left}. Nothing was changed: if a disk is not mounted, mount it; else bring the database back, or restore a copy that was kept elsewhere ({restore}); to begin with an empty one, move {left} away"
        )
    }
}

/// In English, with the commands of the package's relay.
impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.describe(Language::En, &CommandLine::default()))
    }
}
