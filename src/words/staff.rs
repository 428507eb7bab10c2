//! What is kept of one person, and what was erased of it.

use serde_json::Value;

use crate::language::Language;
use crate::person::Cleaned;

/// Deliveries that are shown of those that did not arrive.
const SHOWN: usize = 20;

phrases! {
    /// Short texts of `staff`.
    Staff {
        Id: "職員 ID", "staff id";
        Label: "操作の記録での符号", "in the audit";
        Deleted: "削除したコピー", "copies that were deleted";
        Copies: "データディレクトリに残っているほかのコピー (この人のデータを含むことがあります。--copies で削除できます)", "other copies in the data directory, which may have this person's data (--copies deletes them)";
        Elsewhere: "ほかの場所にあるコピー (外付けディスク、別のサーバー、以前のバックアップなど) は対象外です。そちらはご自身で削除してください", "copies elsewhere (other disks, other servers, older backups) are not reached: delete them yourself";
        Clean: "データベースのファイルに残っていないことを確かめました", "nothing of it is left in the files of the database";
        Rewritten: "データベースのファイルを書き直し、残っていないことを確かめました", "the files of the database were written anew, and nothing of it is left in them";
        CleanButNamed: "次に挙げるもののほかには、データベースのファイルに残っていないことを確かめました", "nothing of it is left in the files of the database but what is named here";
        Remembered: "この人の最後のイベントは、同じものの受け取りを見分けるための照合値として残っています (消去で消えます)", "the ingest would know the last events of this person again (an erasure forgets that)";
        EndedHolds: "理由にこの職員 ID がある、終わった送信の一時停止のお知らせ", "incidents of ended holds with this staff id in their reason";
        EndedTokens: "対象者にこの職員 ID がある、失効したトークンと期限の切れたトークン", "revoked and ended tokens with this staff id in their subject";
        InEvents: "本文か VoiceDrive の応答にこの職員 ID がある、ほかの人のイベント", "events of others in which this staff id stands, or in what VoiceDrive said to them";
        InInterviews: "記録の ID、氏名、連携 ID、理由のどれかにこの職員 ID がある、ほかの人の面談記録 (それのない内容で登録し直してください)", "interview records of others with this staff id in their id, name, sync id or reason (hand them in again without it)";
        InHolds: "理由か開始した人の名前にこの職員 ID がある、続いている送信の一時停止 (送り先。一時停止を終えてから、もう一度消去してください)", "holds that last with this staff id in their reason or in who began them, by their routes (end them, and erase once more)";
        InIncidents: "この職員 ID がある、続いているお知らせ (終わってから、もう一度消去してください) と、名前にある、終わったお知らせ (期限が来ると消えます)", "incidents with this staff id: of those that last, erase once more when they are over; those that have it in their name go with time";
        InAudit: "理由、対象、名前のどれかにこの職員 ID がある操作の記録 (日時か日。400 日で消えます)", "audit: actions with this staff id in their reason, their subject or a name, by their times, and readers of payloads, by the day (they go after 400 days)";
        InTokens: "この職員 ID のために発行され、まだ有効なトークン (token revoke で失効させてから、もう一度消去してください) と、ID そのものにある失効済みのもの", "tokens: valid ones with this staff id in their subject (token revoke, and erase once more), and revoked ones that have it in their own id";
        InSessions: "この職員 ID を名前として画面にログインしている人 (monitor logout で終わり、記録も消えます)", "logins to the monitor page with this staff id in their name (monitor logout ends and deletes them)";
        InNames: "この職員 ID がある名前 (イベント、送り先、施設、部署、面談の種別、通知先。集計や設定に使われています)", "names with this staff id, by which is counted or which are configured: events, routes, facilities, departments, kinds of interviews, alert channels";
        LogInUse: "ほかのプログラムがデータベースを読んでいるため、書き込みログ (relay.db-wal) に古い内容が残っていることがあります。sqlite3 などを終了してください。そのあとリレーが残りを消去し、終わるまで check がそのことを知らせます", "another program reads the database, so its log (relay.db-wal) may have something left: end it, such as a sqlite3. The relay does the rest then, and until that is done, `check` says so";
        NoRoom: "ファイルに断片が残っていますが、書き直すための空き容量がありません。ディスクを空けてから、同じコマンドをもう一度実行してください", "something is left in the file, and the disk has too little room to write it anew: make room, and type the same command again";
    }
}

/// What became of the database's files.
pub(crate) fn files(files: Cleaned, is_mentioned: bool, language: Language) -> String {
    let phrase = match files {
        Cleaned::Clean | Cleaned::Rewritten if is_mentioned => Staff::CleanButNamed,
        Cleaned::Clean => Staff::Clean,
        Cleaned::Rewritten => Staff::Rewritten,
        Cleaned::LogInUse => Staff::LogInUse,
        Cleaned::NoRoom => Staff::NoRoom,
    };
    language.phrase(phrase).to_owned()
}

/// How much is kept of a person.
pub(crate) fn kept(events: usize, interviews: usize, held: &Value, language: Language) -> String {
    both!(
        language,
        "イベント {events} 件、面談記録 {interviews} 件 (ほかに、この人が面談者である記録 {held} 件)",
        "events: {events}, interview records: {interviews} (and {held} of others that this person held)"
    )
}

/// The person's data were erased before.
pub(crate) fn was_erased(at: &str, is_half: bool, language: Language) -> String {
    if is_half {
        both!(
            language,
            "{at} に始めた消去が途中で止まっています。staff erase をもう一度実行してください",
            "an erasure that began at {at} was broken off: type staff erase again"
        )
    } else {
        both!(language, "消去済み: {at}", "erased: {at}")
    }
}

/// Where the id stands in what is of others, and is not changed.
pub(crate) fn mentioned(place: Staff, count: u64, language: Language) -> String {
    let place = language.phrase(place);
    both!(
        language,
        "{place}: {count} 件 (変更しません)",
        "{place}: {count} (they are not changed)"
    )
}

/// What was erased, or would be.
pub(crate) fn erased(
    is_counted: bool,
    events: u64,
    interviews: u64,
    held: u64,
    language: Language,
) -> String {
    if is_counted {
        both!(
            language,
            "消去の対象: イベント {events} 件、面談記録 {interviews} 件、面談者としての記載 {held} 件 (何も変更していません)",
            "would be erased: events: {events}, interview records: {interviews}, as interviewer of others: {held}; nothing was changed"
        )
    } else {
        both!(
            language,
            "消去しました: イベント {events} 件、面談記録 {interviews} 件、面談者としての記載 {held} 件",
            "erased: events: {events}, interview records: {interviews}, as interviewer of others: {held}"
        )
    }
}

/// No row has the id, and these files do, or did.
pub(crate) fn found_in(is_counted: bool, language: Language) -> String {
    if is_counted {
        both!(
            language,
            "この職員 ID のイベントや記録は残っていませんが、次のファイルに削除前の内容が残っています (消去すると消します。コピーを消すには --copies を付けます)",
            "no rows have this staff id, and these files still do (an erasure takes it out of them; of the copies only with --copies)"
        )
    } else {
        both!(
            language,
            "この職員 ID のイベントや記録は残っていませんでした。次のファイルに残っていた、削除前の内容を消しました (「残っているほかのコピー」に挙げるものを除きます)",
            "no rows had this staff id. These files had it, and have it no more, but for copies that are listed as still there"
        )
    }
}

/// What will not be sent any more.
pub(crate) fn given_up(count: u64, language: Language) -> String {
    both!(
        language,
        "このうち {count} 件は届いていません。もう送信しません",
        "{count} of them did not arrive, and are not sent any more"
    )
}

/// In how many texts of what is over it was replaced, or would be.
pub(crate) fn texts(is_counted: bool, count: u64, language: Language) -> String {
    if is_counted {
        both!(
            language,
            "終わった一時停止の理由と、失効したトークンの対象者から職員 ID を消す件数: {count} 件",
            "would be taken out of the reasons of ended holds and the subjects of ended tokens: {count}"
        )
    } else {
        both!(
            language,
            "終わった一時停止の理由と、失効したトークンの対象者から職員 ID を消しました: {count} 件",
            "taken out of the reasons of ended holds and the subjects of ended tokens: {count}"
        )
    }
}

/// Where the id stands in the text of what is over: an erasure takes it out.
pub(crate) fn ended(place: Staff, count: u64, language: Language) -> String {
    let place = language.phrase(place);
    both!(
        language,
        "{place}: {count} 件 (消去すると、職員 ID を消します)",
        "{place}: {count} (an erasure takes it out of them)"
    )
}

/// What has to arrive first.
pub(crate) fn still_open(named: &[String], language: Language) -> String {
    let count = named.len();
    let mut list = named[..count.min(SHOWN)].join("\n  ");
    if count > SHOWN {
        list.push_str("\n  ");
        list.push_str(&more(count - SHOWN, language));
    }
    both!(
        language,
        "この人のイベントのうち {count} 件がまだ届いていません。届いてから消去するか、送信をやめて消去する場合は --give-up を付けてください\n  {list}",
        "{count} events of this person did not arrive yet. Let them arrive first, or give them up with --give-up\n  {list}"
    )
}

fn more(left: usize, language: Language) -> String {
    both!(
        language,
        "ほか {left} 件 (--dry-run --json ですべて表示します)",
        "and {left} more (--dry-run --json shows them)"
    )
}

/// The backup file still has the person's data.
pub(crate) fn backup_not_written(why: &str, language: Language) -> String {
    both!(
        language,
        "消去は終わりましたが、relay-backup.db を書き直せませんでした。このファイルには古い内容が残っています。{why}",
        "it was erased, but relay-backup.db could not be written anew and still has the data: {why}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_that_did_not_arrive_the_first_are_named() {
        let named: Vec<String> = (0..145).map(|number| format!("id-{number}")).collect();
        let told = still_open(&named, Language::En);
        assert_eq!(told.lines().count(), 22, "{told}");
        assert!(told.contains("145 events") && told.contains("and 125 more"));
        assert!(told.contains("id-19\n") && !told.contains("id-20"));
        let told = still_open(&named[..20], Language::Ja);
        assert_eq!(told.lines().count(), 21, "{told}");
    }
}
