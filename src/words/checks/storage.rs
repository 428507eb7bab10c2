//! What `check` finds of the data directory and its files.

use std::fmt::Display;
use std::path::Path;

use crate::language::Language;
use crate::store::file::Leftover;
use crate::words::counted;

/// A rollback journal beside a database that nobody has open.
pub(crate) fn unfinished(journal: &Path, language: Language) -> String {
    let journal = journal.display();
    both!(
        language,
        "{journal} があるため、まだ確かめられません。停電などで途中で終わった書き込みの跡なら、次の起動で元に戻ります。だれかが置いたファイルなら、別の場所に移してください",
        "{journal} is beside it, so it cannot be looked at yet: if a crash broke off a change, the next start undoes it; if somebody put this file there, move it away"
    )
}

/// The same when it is not the database's own.
pub(crate) fn stray_journal(journal: &Path, language: Language) -> String {
    let journal = journal.display();
    both!(
        language,
        "{journal} はリレーのファイルではなく、これがあると確かめられません。だれが置いたのかを確かめてください。リレーは使わずに、動いている間か次の起動のときに relay.db-journal-set-aside-番号 という名前に変えます",
        "{journal} is no file of the relay, and keeps others from looking at the database. See who put it there; the relay uses nothing of it, and while it runs, or at its next start, moves it to relay.db-journal-set-aside-NUMBER"
    )
}

/// A copy outside of the data directory that has more than the database.
pub(crate) fn left_elsewhere(copy: &Path, restore: &str, language: Language) -> String {
    let copy = copy.display();
    both!(
        language,
        "{copy} に、データベースにない内容があります。停止するときに、データディレクトリに保存できなかったため、ここに残したコピーです。次の起動でデータディレクトリに移します。今すぐ復元するなら、リレーを停止してから実行してください: {restore}",
        "{copy} has what the database has not: a stop left it there, because the data directory took no copy. The next start moves it into the data directory. To take it now, stop the relay first: {restore}"
    )
}

/// What nobody uses any more.
pub(crate) fn left_behind(what: Leftover, path: &Path, language: Language) -> String {
    let path = path.display();
    match what {
        Leftover::OfRestore => both!(
            language,
            "{path} は途中で終わった復元の残りで、今のデータベースは使っていません。個人情報が含まれます。数日問題がなければ削除してください: sudo rm -r {path}",
            "{path} was left by a restore that was broken off; the present database does not use it. It holds personal data: when nothing is missed for some days, delete it: sudo rm -r {path}"
        ),
        Leftover::Former { later } => {
            let (ja, en) = later.map_or_else(Default::default, |later| {
                (format!(" {later} 件"), format!(" ({later} events)"))
            });
            both!(
                language,
                "{path} は復元前のデータベースです。コピーに置き換わった直後に復元が途中で終わりました。コピーより後に受け付けたもの{ja}はここにしかないため、消さずに、入れ直してください。次の起動で live.before-restore-日時 という名前になります",
                "{path} is the database of before a restore, which was broken off just after the copy had taken its place. What was accepted after the copy{en} is in it alone: keep it, and hand that in again. The next start names it live.before-restore-TIME"
            )
        }
        Leftover::OfAnotherRelay => both!(
            language,
            "{path} は別のリレー、または復元の前のデータベースのコピーです。relay-backup.db の場所にあったため取り分けたもので、使われていません。個人情報が含まれます。不要であれば削除してください: sudo rm {path}",
            "{path} is a copy of another relay's database, or of the one that was here before a restore. It stood in the place of relay-backup.db and was moved aside; nothing uses it. It holds personal data: when it is of no use to anybody, delete it: sudo rm {path}"
        ),
        Leftover::Journal => both!(
            language,
            "{path} はリレーのものではない書き込み途中の記録で、取り分けたまま使われていません。個人情報が含まれるおそれがあります。不要であれば削除してください: sudo rm {path}",
            "{path} is a rollback journal that was not the relay's. It was moved aside and nothing uses it. It may hold personal data: when it is of no use to anybody, delete it: sudo rm {path}"
        ),
    }
}

/// No socket can have such a path.
pub(crate) fn path_too_long(path: &Path, bytes: usize, most: usize, language: Language) -> String {
    let path = path.display();
    both!(
        language,
        "{path}: パスが {bytes} バイトあります。{most} バイト以下になるように storage.directory を短くしてください",
        "{path}: the path has {bytes} bytes, and a socket's may have {most}; choose a shorter storage.directory"
    )
}

/// An erasure that has to be done again.
pub(crate) fn erasure_broken_off(begun: &str, language: Language) -> String {
    both!(
        language,
        "{begun} に始めた個人データの消去が途中で止まっています。同じ職員 ID で staff erase をもう一度実行してください",
        "an erasure of a person's data that began at {begun} was broken off: type staff erase with the same staff id again"
    )
}

/// Counts that were wrong, and are right now.
pub(crate) fn counted_anew(differ: u64, language: Language) -> String {
    let counts = counted(differ, "count");
    both!(
        language,
        "{differ} 件の集計が記録と異なっていたため、数え直しました",
        "not as the rows are: {counts}; made anew now"
    )
}

/// Counts that are wrong, and why they are not corrected.
pub(crate) fn counts_differ(differ: u64, error: &str, language: Language) -> String {
    let counts = counted(differ, "count");
    both!(
        language,
        "{differ} 件の集計が記録と異なります。リレーを起動してからもう一度 check を実行すると数え直します ({error})",
        "not as the rows are: {counts}; start the daemon and run check again, which makes them anew ({error})"
    )
}

/// A data directory that is not there, and that the daemon cannot make.
pub(crate) fn cannot_be_made(
    path: impl Display,
    parent: impl Display,
    why: &str,
    language: Language,
) -> String {
    both!(
        language,
        "{path}: まだなく、起動時にも作成できません ({parent}: {why})。ディレクトリを作り、リレーを動かすユーザーが書き込めるようにしてください",
        "{path}: not there, and the daemon cannot make it ({parent}: {why}); make it, and let the daemon's user write there"
    )
}

/// A relative data directory: it depends on the directory in which the relay is started.
pub(crate) fn relative(path: impl Display, language: Language) -> String {
    both!(
        language,
        "{path}: storage.directory が相対パスです。起動した場所によって別のディレクトリになります。/ で始まるパスにしてください",
        "{path}: storage.directory is relative, and leads elsewhere from wherever the daemon is started; write a path that begins with /"
    )
}

/// A data directory that is not the relay's alone.
pub(crate) fn open_to_all(path: impl Display, language: Language) -> String {
    both!(
        language,
        "{path}: だれでも読めます。次のコマンドを勧めます: sudo chmod 0750 {path}",
        "{path}: everybody can look into it; this is advised: sudo chmod 0750 {path}"
    )
}

/// Something in the place of the reserve that is no ordinary file.
pub(crate) fn no_reserve(path: &Path, language: Language) -> String {
    let path = path.display();
    both!(
        language,
        "{path}: 通常のファイルではないため、ディスクがいっぱいになったときに送信結果を記録するための空きを確保できません。別の場所に移してください",
        "{path}: this is not an ordinary file, so no room can be held back here for the results of deliveries on a full disk; move it away"
    )
}

/// Something in the control socket's place that is no socket.
pub(crate) fn no_socket(path: &Path, language: Language) -> String {
    let path = path.display();
    both!(
        language,
        "{path}: コマンド用の接続口 (ソケット) の場所に、ほかのものがあります。別の場所に移してください",
        "{path}: this is no socket, and the relay needs its own here; move it away"
    )
}
