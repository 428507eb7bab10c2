//! What was copied, what differs, and why it was broken off.

use super::findings::of_row;
use super::named;
use crate::language::{Language, Locale};
use crate::move_to_mysql::MoveError;
use crate::move_to_mysql::copy::Copied;
use crate::move_to_mysql::verify::{How, OtherAnswer, TOLD, Verified};
use crate::shared_database::{SharedDatabaseError as Target, Waiting};
use crate::timestamp::Timestamp;
use crate::words::harmless;

/// What rustls says of a server that nobody vouches for, or whose certificate is another's.
const OF_CERTIFICATE: &str = "invalid peer certificate";
/// Values of a statistic that are shown when more of them differ.
const VALUES: usize = 3;

/// Everything is copied.
pub(crate) fn copied(copied: &Copied, moment: Timestamp, locale: Locale) -> Vec<String> {
    let language = locale.language;
    let moment = locale.timezone.written(moment);
    let Copied {
        rows,
        written,
        placed,
        taken_out,
        ..
    } = copied;
    let mut lines = vec![both!(
        language,
        "{moment} 現在のすべて ({rows} 件) をコピーしました。今回書いたもの {written} 件、共有テーブルに入れたもの {placed} 件、共有テーブルから除いたもの {taken_out} 件",
        "Everything as of {moment} is copied, {rows} rows: {written} were written now, {placed} rows were put into the shared tables, {taken_out} were taken out of them"
    )];
    for (table, what, column, rows) in &copied.remarks {
        let (what, rows) = (of_row(what, column, language), named(rows, language));
        lines.push(format!("  {table}: {what}: {rows}"));
    }
    if copied.without_origin.count > 0 {
        let rows = named(&copied.without_origin, language);
        lines.push(both!(
            language,
            "  interviews: 変更前の面談が共有テーブルにないため、つながりを付けていません: {rows}",
            "  interviews: the interview that it was rescheduled from is not in the shared table, so that the link is missing: {rows}"
        ));
    }
    lines.push(both!(
        language,
        "確かめる: move-to-mysql verify",
        "To compare both sides: move-to-mysql verify"
    ));
    lines
}

/// Both sides were compared.
pub(crate) fn verified(verified: &Verified, moment: Timestamp, locale: Locale) -> Vec<String> {
    let language = locale.language;
    let moment = locale.timezone.written(moment);
    let Verified {
        rows,
        placed,
        kept_out,
        ..
    } = verified;
    let compared = verified.statistics.compared;
    let mut lines = vec![both!(
        language,
        "{moment} 現在のリレーと比べました: リレーの記録 {rows} 件、共有テーブルの記録 {placed} 件、統計 {compared} 通り。共有テーブルに入らない記録 {kept_out} 件",
        "Compared with the relay as of {moment}: {rows} rows of the relay, {placed} rows of the shared tables, {compared} statistics; {kept_out} rows stay out of the shared tables"
    )];
    for difference in &verified.differences {
        let (table, key) = (&difference.table, harmless(&difference.key));
        lines.push(match &difference.how {
            How::Missing => both!(
                language,
                "  {table}: {key}: ありません",
                "  {table}: {key}: is missing"
            ),
            How::Extra => both!(
                language,
                "  {table}: {key}: 余分です",
                "  {table}: {key}: should not be there"
            ),
            How::Changed(columns) => {
                let columns = columns.join(", ");
                both!(
                    language,
                    "  {table}: {key}: 値が違います ({columns})",
                    "  {table}: {key}: has other values ({columns})"
                )
            }
        });
    }
    let more = verified.differing.saturating_sub(TOLD as u64);
    if more > 0 {
        lines.push(both!(
            language,
            "  ほかに {more} 件の記録が違います",
            "  and {more} more rows differ"
        ));
    }
    lines.extend(other_answers(&verified.statistics.differing, language));
    lines.push(verdict(verified, language));
    lines
}

/// Statistics that are not the same on both sides, each with what is counted here and there.
fn other_answers(differing: &[OtherAnswer], language: Language) -> Vec<String> {
    let told = differing.iter().take(TOLD).map(|answer| {
        let asked = harmless(&answer.asked);
        let values = answer.values.iter().take(VALUES).map(|value| {
            let name = harmless(&value.name);
            let [here, there] =
                [&value.here, &value.there].map(|side| harmless(side.as_deref().unwrap_or("-")));
            both!(
                language,
                "{name}: リレー {here}、共有データベース {there}",
                "{name}: {here} here, {there} there"
            )
        });
        let mut values: Vec<_> = values.collect();
        if answer.values.len() > VALUES {
            values.push("…".to_owned());
        }
        let values = values.join("; ");
        both!(
            language,
            "  統計が違います: {asked} ({values})",
            "  the statistics differ: {asked} ({values})"
        )
    });
    let mut lines: Vec<_> = told.collect();
    let more = differing.len().saturating_sub(TOLD);
    if more > 0 {
        lines.push(both!(
            language,
            "  ほかに {more} 通りの統計が違います",
            "  and {more} more statistics differ"
        ));
    }
    lines
}

/// What all of it means, and what to do.
fn verdict(verified: &Verified, language: Language) -> String {
    let (differing, not_copied) = (verified.differing, verified.not_copied);
    let statistics = verified.statistics.differing.len();
    if verified.is_good() {
        both!(language, "すべて一致しています", "Everything is the same")
    } else if not_copied > 0 {
        both!(
            language,
            "まだコピーしていない部分が {not_copied} あります。もう一度コピーしてください: move-to-mysql copy",
            "{not_copied} parts are not copied yet; copy again: move-to-mysql copy"
        )
    } else if differing > 0 {
        both!(
            language,
            "一致しない記録が {differing} 件、統計が {statistics} 通りあります。共有データベース側で変更されたものです。リレーの値に戻す: move-to-mysql copy --anew",
            "{differing} rows and {statistics} statistics differ: they were changed in the shared database. To write the relay's values again: move-to-mysql copy --anew"
        )
    } else {
        both!(
            language,
            "記録はすべて一致していますが、統計が {statistics} 通り違います。比べている間に共有データベースが変更されたか、リレーが数えた件数に誤りがあります。もう一度比べ、同じ結果なら件数を直してコピーし直してください: move-to-mysql verify、voicedrive-relay check、move-to-mysql copy",
            "All rows are the same, but {statistics} statistics differ: the shared database was changed meanwhile, or the relay has counted wrongly. Compare again; if they still differ, have the relay count anew and copy again: move-to-mysql verify, voicedrive-relay check, move-to-mysql copy"
        )
    }
}

/// Why it was broken off.
pub(crate) fn failed(error: &MoveError, language: Language) -> String {
    let target = match error {
        MoveError::Source(why) => {
            return both!(
                language,
                "リレーのデータベースのコピーを読めません: {why}",
                "the copy of the relay's database cannot be read: {why}"
            );
        }
        MoveError::Busy => {
            return both!(
                language,
                "別の move-to-mysql が実行中です。終わってから、もう一度実行してください",
                "another move-to-mysql of this relay is under way; run it again when that has ended"
            );
        }
        MoveError::Hindered(count) => {
            return both!(
                language,
                "先に直すことが {count} 件あります。move-to-mysql plan で確かめてください。何も書き込んでいません",
                "{count} things have to be mended first, see move-to-mysql plan; nothing was written"
            );
        }
        MoveError::Target(target) => target,
    };
    match target {
        Target::Unreachable(why) if why.contains(OF_CERTIFICATE) => both!(
            language,
            "MySQL サーバーの証明書を確かめられません: {why}。--target のファイルの「ca」に、証明書を発行した認証局を書いてください。証明書には、「host」に書いた名前が「subjectAltName」として必要です",
            "the certificate of the MySQL server cannot be trusted: {why}. ca in the file of --target has to be who has signed it, and it has to name host as subjectAltName"
        ),
        Target::Unreachable(why) => both!(
            language,
            "MySQL サーバーに接続できません: {why}",
            "the MySQL server cannot be reached: {why}"
        ),
        Target::Lost(why) => both!(
            language,
            "MySQL サーバーとの接続が切れました ({why})。もう一度実行すると続きから始まります",
            "the connection to the MySQL server broke ({why}); run it again, and it goes on from there"
        ),
        Target::Refused { code, said } => {
            let refused = both!(
                language,
                "MySQL サーバーが拒否しました (エラー {code}): {said}",
                "the MySQL server refused (error {code}): {said}"
            );
            refused + &advice(target, language)
        }
        Target::NotStrict => both!(
            language,
            "MySQL サーバーで sql_mode を STRICT_ALL_TABLES にできません。値が黙って切られるため、何も書き込みません",
            "sql_mode cannot be set to STRICT_ALL_TABLES on the MySQL server; values would be cut without a word, so nothing is written"
        ),
        Target::Overtaken => both!(
            language,
            "別の move-to-mysql copy が始まったため、こちらは終わります",
            "another move-to-mysql copy has begun, so this one ends"
        ),
        Target::OtherVersion => both!(
            language,
            "リレー専用のデータベースは別のバージョンのリレーが作ったものです。もう一度コピーすると、作り直されます: move-to-mysql copy",
            "the relay's own database on the server was made by a relay of another version; the next copy makes it anew: move-to-mysql copy"
        ),
        Target::NothingCopied => both!(
            language,
            "まだコピーしていません。先に move-to-mysql copy を実行してください",
            "nothing was copied yet: run move-to-mysql copy first"
        ),
    }
}

/// What to do about a refusal, where that is known.
fn advice(refused: &Target, language: Language) -> String {
    if refused.is_lock_wait() {
        both!(
            language,
            "。ほかの接続が同じ記録を使っています。終わってから、もう一度実行すると続きから始まります",
            ". Another connection holds one of the rows; run it again when that has ended, and it goes on from there"
        )
    } else if refused.is_full() {
        both!(
            language,
            "。MySQL サーバーのディスクがいっぱいです。空きを作ってから、もう一度実行すると続きから始まります",
            ". The MySQL server's disk is full; make room there and run it again, and it goes on from there"
        )
    } else if refused.is_too_long() {
        both!(
            language,
            "。サーバーの max_allowed_packet が短すぎます。必要な長さは move-to-mysql plan が示します",
            ". The server's max_allowed_packet is too short; move-to-mysql plan says how long it has to be"
        )
    } else if refused.is_login() {
        both!(
            language,
            "。--target のファイルに書いたユーザーと、秘密の値 (パスワード) を確かめてください",
            ". See user in the file of --target, and the secret that password names there"
        )
    } else if refused.is_locked_out() {
        both!(
            language,
            "。サーバーの管理者に、このユーザーのロック、パスワードの期限、接続元の制限、接続数の上限を確かめてもらってください",
            ". Whoever looks after the server can see whether this user is locked, the password has expired, or the user may not come from here or not so often"
        )
    } else if refused.is_gone() {
        both!(
            language,
            "。コピー先のデータベースかテーブルが消えています。もう一度コピーすると、リレー専用のものは作り直されます: move-to-mysql copy",
            ". A database or table was taken away there; the next copy makes what is the relay's own anew: move-to-mysql copy"
        )
    } else if refused.is_read_only() {
        both!(
            language,
            "。サーバーが書き込みを受け付けない状態です。書き込めるサーバーか確かめてから、もう一度実行すると続きから始まります",
            ". The server takes no changes now: see that it is the one that does, and run it again, and it goes on from there"
        )
    } else if refused.is_denied() {
        both!(
            language,
            "。このユーザーに権限がありません。足りない権限は move-to-mysql plan が示します",
            ". This user lacks a privilege; move-to-mysql plan says which"
        )
    } else {
        String::new()
    }
}

/// The server has not answered yet.
pub(crate) fn waiting(waiting: &Waiting, language: Language) -> String {
    let seconds = waiting.seconds;
    let state = waiting.state.as_deref().map(harmless);
    let doing = match state {
        Some(state) => both!(
            language,
            "サーバーの状態 (「SHOW PROCESSLIST」): {state}",
            "it says in SHOW PROCESSLIST: {state}"
        ),
        None => both!(
            language,
            "サーバーの状態 (「SHOW PROCESSLIST」) は分かりません",
            "SHOW PROCESSLIST says nothing of it"
        ),
    };
    both!(
        language,
        "MySQL サーバーの応答を {seconds} 秒待っています。{doing}。続くときは、サーバーのディスクの空き (バイナリログの場所も)、ほかの接続、エラーログを確かめてください",
        "The MySQL server has not answered for {seconds} s; {doing}. If it goes on: see the room on the server's disks, also where its binary log is, other connections, and its error log"
    )
}
