//! Why the database cannot be used, and what an admin has to do.

use crate::command_line::CommandLine;
use crate::language::Language;
use crate::store::StoreError;
use crate::trouble::{Resource, Shortage, Trouble};

impl Trouble {
    /// What happened, in a sentence.
    #[must_use]
    pub fn happened(&self, language: Language) -> String {
        match (self, language) {
            (Self::DiskFull(Shortage::Bytes { needed_mib: Some(mib) }), _) => both!(
                language,
                "ディスクが満杯です (再開には少なくとも {mib} MiB の空きが必要です)",
                "the disk is full: at least {mib} MiB must be free"
            ),
            (Self::DiskFull(Shortage::Bytes { needed_mib: None }), _) => language
                .say("ディスクが満杯です", "the disk is full")
                .to_owned(),
            (Self::DiskFull(Shortage::Inodes), _) => language
                .say(
                    "ディスクに、これ以上ファイルを作れません (容量は残っていますが、ファイル数が上限に達しました)",
                    "the disk can hold no more files: it has free bytes, and all its inodes are in use (see df -i)",
                )
                .to_owned(),
            (Self::DiskFull(Shortage::Quota), _) => language
                .say(
                    "リレーを動かすユーザーに割り当てられたディスク容量 (クォータ) を使い切りました",
                    "the disk quota of the relay's user is used up, whatever is free on the disk (see quota -s)",
                )
                .to_owned(),
            (Self::Locked, _) => language
                .say(
                    "別のプログラムがデータベースをロックしています",
                    "another program holds a lock on the database",
                )
                .to_owned(),
            (Self::Damaged { what, .. }, _) => both!(
                language,
                "データベースが壊れています。新しいイベントは受け付けられません",
                "the database is damaged ({what}). Nothing new is accepted"
            ),
            (Self::Overwritten { .. }, _) => language
                .say(
                    "使用中のデータベースのファイルが切り詰められたか、別のファイルで上書きされました。新しいイベントは受け付けられません",
                    "something has cut off the database's file while it was in use, or has copied another file over it. Nothing new is accepted",
                )
                .to_owned(),
            (Self::Gone { rescued: None }, _) => language
                .say(
                    "データベースのファイルが元の場所にありません (削除・移動・置き換え、またはディスクのマウント解除)。新しいイベントは受け付けられません",
                    "the database's file is not in its place any more: it was deleted, moved or replaced, or its disk is not mounted. Nothing new is accepted",
                )
                .to_owned(),
            (Self::Gone { rescued: Some(path) }, Language::Ja) => format!(
                "データベースのファイルが元の場所にありません (削除・移動・置き換え、またはディスクのマウント解除)。新しいイベントは受け付けられません。受け付け済みのものはすべて {} に保存しました",
                path.display()
            ),
            (Self::Gone { rescued: Some(path) }, Language::En) => format!(
                "the database's file is not in its place any more: it was deleted, moved or replaced, or its disk is not mounted. Nothing new is accepted; everything that was accepted was copied to {}",
                path.display()
            ),
            (Self::Unmounted { directory }, _) => {
                let directory = directory.display();
                both!(
                    language,
                    "データディレクトリ {directory} が、起動を始めたときのものではありません (ディスクのマウント解除、または移動・置き換え)。新しいイベントは受け付けられません",
                    "{directory} is not the data directory any more with which the start began: its disk was unmounted, or it was moved or replaced. Nothing new is accepted"
                )
            }
            (Self::Closed { path, why }, _) => {
                let (path, why) = (path.display(), why.happened(language));
                both!(
                    language,
                    "{path}: {why}。データベースは残っていますが、リレーから見えなくなったため、新しいイベントは受け付けられません",
                    "{path}: {why}. The database is still there, and the relay may not look at it any more: nothing new is accepted"
                )
            }
            (Self::ReadOnlyDisk, _) => language
                .say(
                    "ディスクが読み取り専用になっています",
                    "the disk can only be read",
                )
                .to_owned(),
            (Self::DiskFailed(what), _) => both!(
                language,
                "ディスクの読み書きに失敗しました",
                "the disk failed ({what})"
            ),
            (Self::Exhausted(Resource::FileHandles), _) => language
                .say(
                    "開いているファイルと接続の数が上限に達しています",
                    "too many files and connections are open, and the system lets the relay open no more",
                )
                .to_owned(),
            (Self::Exhausted(Resource::Memory), _) => language
                .say("メモリーが足りません", "there is not enough memory")
                .to_owned(),
            (Self::ImportRefused(what), _) => both!(
                language,
                "取り込みを決めた面談記録を、データベースに最後まで書き込めません。書き終わるまで、面談記録は変更できません。イベントの受け付けと送信は続いています",
                "the database refuses to write an import of interview records to its end ({what}). Until it is written no interview record changes; events are accepted and sent as always"
            ),
            (Self::Unusable(what), _) => both!(
                language,
                "データベースに書き込めません",
                "the database cannot be written ({what})"
            ),
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn advice(&self, language: Language) -> &'static str {
        let (ja, en) = match self {
            Self::DiskFull(Shortage::Inodes) => (
                "新しいイベントは受け付けられません。不要なファイルを消すか (小さなファイルが大量にある場所を探してください)、別のディスクに移してください。作れるようになると自動で再開します",
                "nothing new is accepted until there are some: look for a place with a great many small files, and delete what is not needed; it goes on by itself",
            ),
            Self::DiskFull(Shortage::Quota) => (
                "新しいイベントは受け付けられません。クォータを増やすか、不要なファイルを消してください。空きができると自動で再開します",
                "nothing new is accepted until there is room: raise the quota, or delete what is not needed; it goes on by itself",
            ),
            Self::Unmounted { .. } => (
                "何も失われていません。ディスクをマウントし直すか、ディレクトリを元に戻すと、自動で再開します。別のデータディレクトリで始める場合は、リレーを再起動してください",
                "nothing was lost: mount the disk again or bring the directory back, and it goes on by itself. When another data directory is meant, restart the relay",
            ),
            Self::Closed { .. } => (
                "何も失われていません。次のコマンドで直すと、自動で再開します",
                "nothing was lost, and it goes on by itself after this",
            ),
            Self::ReadOnlyDisk => (
                "書き込めるようになるまで、何も保存できません。ディスクの異常が原因のことが多いため、journalctl -k でカーネルの記録を確かめ、書き込めるようにマウントし直してください。その前に、次のコマンドで別のディスクに控えを作ってください (保存先は変えてください。動作中のリレーから直接コピーします)",
                "nothing can be kept until it can be written. Linux does that after an error of the disk: see journalctl -k, and mount it so that it can be written. Before that, have the running relay write a copy to another disk; name one of yours",
            ),
            Self::DiskFailed(_) => (
                "ディスクが故障しかけているおそれがあります。journalctl -k でカーネルの記録を確かめ、次のコマンドで別のディスクに控えを作ってください (保存先は変えてください。動作中のリレーから直接コピーします)",
                "it may be about to break: see journalctl -k, and have the running relay write a copy to another disk; name one of yours",
            ),
            Self::DiskFull(Shortage::Bytes { .. }) => (
                "新しいイベントは受け付けられません。不要なファイルを消して空きを作ってください。空きができると自動で再開します",
                "nothing new is accepted until there is room; delete what is not needed, and it goes on by itself",
            ),
            Self::Locked => (
                "そのプログラム (開いたままの sqlite3 など) を終了してください。それまで何も保存できません",
                "close it, such as a sqlite3 that was left open; nothing can be kept until then",
            ),
            Self::Damaged { copy: Some(_), .. } | Self::Overwritten { copy: Some(_) } => (
                "リレーを停止し、最後の正常なコピーを復元してください",
                "stop the relay and restore the last good copy",
            ),
            Self::Damaged { copy: None, .. } | Self::Overwritten { copy: None } => (
                "復元できるコピーがデータディレクトリにありません。ファイルには触らずに、別の場所に保存したコピーを探してください",
                "there is no copy in the data directory to restore: leave the file as it is, and look for a copy that was kept elsewhere",
            ),
            Self::Gone { rescued: None } => (
                "受け付け済みのものは動いているリレーだけが持っているので、停止しないでください。ファイルを元の場所に戻すか、データディレクトリに書き込めるようにしてください。どちらもできなければ、次のコマンドで別のディスクにコピーしてください (保存先は変えてください)",
                "only the running relay has what was accepted: do not stop it. Bring the file back, or make the data directory writable with room for a copy; or have the relay write one to another disk, and name one of yours",
            ),
            Self::Gone { rescued: Some(_) } => (
                "ファイルを元の場所に戻すか、リレーを停止してこのコピーを復元してください",
                "bring the file back, or stop the relay and restore that copy",
            ),
            Self::Exhausted(Resource::FileHandles) => (
                "どれかが閉じると自動で再開します。繰り返す場合は、何が開いているかを確かめ (ls -l /proc/プロセス番号/fd)、サービスの LimitNOFILE= を増やしてください",
                "it goes on by itself when some are closed. If it comes again, see what is open (ls -l /proc/PROCESS/fd), and raise LimitNOFILE= of the service",
            ),
            Self::Exhausted(Resource::Memory) => (
                "空きができると自動で再開します。ほかのプログラムの使用量を確かめてください (free -m)",
                "it goes on by itself when there is some. See what else uses it (free -m)",
            ),
            Self::ImportRefused(_) => (
                "1 分ごとに自動で再試行しています。データベースをほかのプログラム (sqlite3 など) で変更した場合は、元に戻してください。心当たりがなければ、backup でコピーを取り、ログとともに開発元に連絡してください",
                "it is tried again every minute. When the database was changed with another program, such as sqlite3, undo that; otherwise make a copy (`backup`) and report it with the log, since it is a mistake of the program",
            ),
            Self::Unusable(_) => (
                "ディスクと、データディレクトリの権限を確かめてください",
                "look at the disk and at the permissions of the data directory",
            ),
        };
        language.say(ja, en)
    }

    /// All of it in one line.
    #[must_use]
    pub fn describe(&self, language: Language, commands: &CommandLine) -> String {
        let (happened, advice) = (self.happened(language), self.advice(language));
        let whole = self.commands(commands);
        let whole = whole.iter().map(|command| commands.by_admin(command));
        let commands: Vec<String> = whole.collect();
        let commands = commands.join("; ");
        match (language, commands.is_empty()) {
            (Language::Ja, true) => format!("{happened}。{advice}"),
            (Language::En, true) => format!("{happened}; {advice}"),
            (Language::Ja, false) => format!("{happened}。{advice}: {commands}"),
            (Language::En, false) => format!("{happened}; {advice}: {commands}"),
        }
    }
}

impl StoreError {
    /// Why something could not be read or written.
    #[must_use]
    pub fn describe(&self, language: Language, commands: &CommandLine) -> String {
        match self {
            Self::Unavailable(trouble) => trouble.describe(language, commands),
            Self::Closing => both!(
                language,
                "データベースを閉じているところです",
                "the database is closing"
            ),
            Self::Refused(what) => both!(
                language,
                "データベースを処理できませんでした。ログとともに開発元に連絡してください",
                "the database refused: {what}. This is a mistake of the program: report it with the log"
            ),
        }
    }
}
