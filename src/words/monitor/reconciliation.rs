//! The view of comparisons with VoiceDrive, and the page of one of them.

use crate::language::{Language, Locale};
use crate::reconciliation::comparison::Discrepancy;
use crate::reconciliation::{RangeError, time_of};
use crate::words::monitor::thousands;
use uuid::Uuid;

phrases! {
    /// Short texts of both pages.
    Reconciliation {
        Title: "突き合わせ", "Reconciliation";
        ResultTitle: "突き合わせの結果", "What a comparison found";
        About: "VoiceDrive が受け取ったものの一覧と、こちらが送ったものを、番号で比べます。「届いた」と応答があったのに VoiceDrive にないものは、これでしか見つかりません。", "What VoiceDrive says it has is compared with what was sent, by number (X-Request-ID). Nothing else finds what was answered as received, and is not there.";
        Receivers: "送り先ごとの状態", "Receivers";
        Receiver: "送り先", "Receiver";
        State: "状態", "State";
        LastCompared: "最後の突き合わせ", "Last compared";
        Confirmed: "確認済みの範囲", "Confirmed";
        NotYet: "まだありません", "not yet";
        LastAsked: "VoiceDrive からの最後の問い合わせ", "VoiceDrive last asked";
        NotAsked: "起動してからまだありません", "not since the relay started";
        NeverState: "まだ突き合わせていません", "never compared";
        FineState: "届いていないものはありません", "nothing is missing";
        OverdueState: "しばらく突き合わせていません", "not compared for a while";
        Never: "まだ一度も突き合わせていません。", "Nothing was compared yet.";
        NeverNext: "VoiceDrive の担当者に下の「つなぎ方」を送り、毎日の突き合わせを依頼してください。届くまでは、一覧のファイルをここで比べられます。", "Send \"How VoiceDrive connects\" below to whoever looks after VoiceDrive, and ask for a comparison each day. Until then, compare a file here.";
        NeverNextViewer: "VoiceDrive の担当者に下の「つなぎ方」を送り、毎日の突き合わせを依頼してください。", "Send \"How VoiceDrive connects\" below to whoever looks after VoiceDrive, and ask for a comparison each day.";
        Fine: "突き合わせた範囲に、届いていないものはありません。対応は必要ありません。", "Nothing is missing of what was compared. Nothing needs to be done.";
        Overdue: "しばらく突き合わせていない送り先があります。", "A receiver was not compared for a while.";
        OverdueNext: "VoiceDrive の担当者に、毎日の突き合わせが止まっていないか確かめてください。", "Ask whoever looks after VoiceDrive whether the daily comparison has stopped.";
        ExhaustedNext: "「送信の記録」の「要対応」で原因を確かめてください。", "See why under \"Deliveries\", \"Action needed\".";
        MissingNext: "下の一覧を確かめて、もう一度送ってください。", "Look at the list below, and send them again.";
        MissingNextViewer: "操作できる人に、もう一度送るよう依頼してください。", "Ask an operator to send them again.";
        SentAgainNext: "対応は不要です。次の突き合わせで、届いたかどうかを確かめます。", "Nothing needs to be done. The next comparison says whether they have arrived.";
        NoEffectNext: "その職員の登録をもう一度送ってから、これを送り直してください。", "Send the employee.created of that person again, and then these.";
        MissingTitle: "届いていないもの", "Missing";
        SentAt: "送信した時刻", "Sent";
        Type: "種類", "Type";
        StaffId: "職員 ID", "Staff id";
        Why: "理由", "Why";
        Next: "次にすること", "What to do";
        SeeIt: "詳しく", "See it";
        Absent: "「届いた」と応答がありましたが、VoiceDrive の記録にありません", "it was answered as received, and VoiceDrive has no record of it";
        FailedThere: "「届いた」と応答がありましたが、VoiceDrive では失敗と記録されています", "it was answered as received, and VoiceDrive's record says that it failed";
        NoEffect: "VoiceDrive にその職員がいないため、反映されていません", "VoiceDrive does not know the person, so it had no effect";
        NotDelivered: "送信できていません", "it was never delivered";
        WaitsForNext: "もう一度送りました。次の突き合わせを待っています", "sent again; waits for the next comparison";
        History: "これまでの突き合わせ", "Comparisons";
        NoHistory: "まだありません。", "None yet.";
        When: "時刻", "When";
        Range: "期間", "Range";
        Sent: "送信", "Sent";
        Listed: "VoiceDrive の一覧", "In VoiceDrive's list";
        Matched: "一致", "Matched";
        Missing: "届いていない", "Missing";
        WithoutEffect: "反映なし", "Without effect";
        Upload: "一覧のファイルを比べる", "Compare a file";
        UploadMeans: "VoiceDrive の記録 (webhook_logs) から書き出した CSV か JSON、または番号が 1 行に 1 つ並んだファイルを選びます。何度比べても、二重にはなりません。", "Choose VoiceDrive's records (webhook_logs) as CSV or JSON, or a file with one number a line. It can be compared any number of times.";
        UploadFile: "VoiceDrive が受け取ったものの一覧 (CSV など)", "What VoiceDrive says it has (CSV or the like)";
        More: "送り先や期間を指定する", "Receiver and range";
        Counted: "VoiceDrive が数えるすべて", "All that VoiceDrive counts";
        First: "最初の日", "First day";
        Last: "最後の日", "Last day";
        RangeMeans: "指定しないときは、一覧の最初の番号から最後の番号までを比べます。VoiceDrive に何もない期間を比べるには、両方を指定してください。", "Without them, everything from the first to the last number of the file is compared. To compare a time of which VoiceDrive has nothing, give both.";
        MadeAt: "一覧を書き出した時刻", "When the list was made";
        MadeAtMeans: "これより後に送ったものは、次の一覧で比べます。", "What was delivered later is compared with the next list.";
        Compare: "比べる", "Compare";
        AskOperator: "ファイルを比べるには、操作の権限が必要です。", "Comparing a file needs the role of an operator.";
        Connect: "VoiceDrive の担当者へ: つなぎ方", "How VoiceDrive connects";
        ConnectMeans: "1 日 1 回、前日に受け取った番号の一覧を次のアドレスに送ってください。応答に、届いていないものの番号と理由があります。詳しくは docs/connect.ja.md にあります。", "Once a day, send the numbers received on the day before to this address. The answer names what is missing, and why. docs/connect.md has all of it.";
        WrongDay: "日付は 2025-10-26 の形で、最初の日が最後の日より後にならないように入力してください。何も変更していません。", "A day looks like 2025-10-26, and the first must not be after the last. Nothing was changed.";
        WrongMoment: "一覧を書き出した時刻を、2025-10-26T06:00 の形で入力してください。何も変更していません。", "When the list was made looks like 2025-10-26T06:00. Nothing was changed.";
        NoRoute: "この送り先はありません。何も変更していません。", "There is no such receiver. Nothing was changed.";
        EmptyList: "番号が 1 つもありません。VoiceDrive に何もない期間を比べるには、最初の日と最後の日を指定してください。", "There is no number in it. To compare a time of which VoiceDrive has nothing, give the first and the last day.";
        NoTimes: "一覧の番号からは、いつ送ったものか分かりません。最初の日と最後の日を指定してください。何も変更していません。", "The numbers do not say when they were sent. Give the first and the last day. Nothing was changed.";
        OutsideOfList: "指定した日に、一覧の番号が入っていません。最初の日と最後の日の両方を指定してください。何も変更していません。", "The numbers of the list are not of these days. Give both the first and the last day. Nothing was changed.";
        NotCompared: "何も比べていません。一覧の番号はどれもこのリレーが送ったものではなくその期間に送ったものもないか、一覧が期間の始まりより前に書き出されています。ファイルと日付を確かめてください。", "Nothing was compared: the relay has sent none of these numbers and nothing else in their time, or the list is older than the first day. See whether it is the right file, and the right days.";
        TooLong: "1 回に比べられるのは 92 日までです。何も変更していません。", "One comparison covers at most 92 days. Nothing was changed.";
        ArrivedTitle: "応答だけが失われ、届いていたもの (送信済みにしました)", "Arrived; only the answer was lost (they count as delivered now)";
        WaitingTitle: "まだ送信待ちのもの", "Still to be sent";
        UnknownTitle: "VoiceDrive の一覧にあり、こちらからは送っていないもの", "In VoiceDrive's list, and never sent by this relay";
        ListFile: "ファイル", "File";
        ResendTitle: "届いていないものをもう一度送る", "Send what is missing again";
        ResendNothing: "届いていないものは、もうありません。何も送っていません。", "Nothing is missing any more. Nothing was sent.";
        ResendNeedsReason: "理由を入力してください。何も送っていません。", "Say why. Nothing was sent.";
        ResendTooMuch: "同じ職員の、あとから届いたものが多すぎるため、まとめては送れません。何も送っていません。サーバーの担当者に依頼してください (reconcile --resend --only)。", "Too many later ones of one person would follow. Nothing was sent. Ask whoever looks after the server (reconcile --resend --only).";
        ToView: "突き合わせの画面へ", "To the reconciliation";
    }
}

/// So many are missing.
pub(crate) fn missing(number: u64, language: Language) -> String {
    let number = thousands(number);
    both!(
        language,
        "VoiceDrive に届いていないものが {number} 件あります。",
        "Missing at VoiceDrive: {number}."
    )
}

/// So many were never delivered.
pub(crate) fn exhausted(number: u64, language: Language) -> String {
    let number = thousands(number);
    both!(
        language,
        "送信できていないものが {number} 件あります。",
        "Never delivered: {number}."
    )
}

/// So many were missing and sent again.
pub(crate) fn sent_again(number: u64, language: Language) -> String {
    let number = thousands(number);
    both!(
        language,
        "届いていなかった {number} 件を、もう一度送りました。",
        "Was missing, and was sent again: {number}."
    )
}

/// So many had no effect.
pub(crate) fn no_effect(number: u64, language: Language) -> String {
    let number = thousands(number);
    both!(
        language,
        "VoiceDrive にその職員がいないため、反映されていないものが {number} 件あります。",
        "Without effect, because VoiceDrive does not know the person: {number}."
    )
}

/// Leads to the question before they are sent again.
pub(crate) fn resend(number: u64, language: Language) -> String {
    let number = thousands(number);
    both!(
        language,
        "{number} 件をもう一度送る...",
        "Send {number} again ..."
    )
}

/// They are sent again, and so many later ones after them.
pub(crate) fn resent(number: u64, follows: u64, language: Language) -> String {
    let (number, more) = (thousands(number), thousands(follows));
    if follows == 0 {
        return both!(
            language,
            "{number} 件をもう一度送ります。次の突き合わせで、届いたかどうかを確かめます。",
            "{number} are sent again. The next comparison says whether they have arrived."
        );
    }
    both!(
        language,
        "{number} 件と、同じ職員の、あとから届いた {more} 件をもう一度送ります。次の突き合わせで、届いたかどうかを確かめます。",
        "{number} are sent again, and after them {more} later ones of the same persons. The next comparison says whether they have arrived."
    )
}

/// What was delivered after the list was made.
pub(crate) fn not_compared(number: u64, language: Language) -> String {
    let number = thousands(number);
    both!(
        language,
        "一覧より後に届いた {number} 件は、比べていません。次の一覧で比べます。",
        "Not compared, because they were delivered after the list: {number}. The next list has them."
    )
}

/// What VoiceDrive does not have, and nothing is to be done about.
pub(crate) fn settled(dismissed: u64, erased: u64, language: Language) -> Option<String> {
    let [given_up, gone] = [dismissed, erased].map(thousands);
    match (dismissed, erased) {
        (0, 0) => None,
        (_, 0) => Some(both!(
            language,
            "VoiceDrive にないが、対応不要とされているもの: {given_up} 件",
            "Missing at VoiceDrive, and dismissed: {given_up}"
        )),
        (0, _) => Some(both!(
            language,
            "VoiceDrive にないが、その職員のデータを消去したため、もう送れないもの: {gone} 件",
            "Missing at VoiceDrive, and not to be sent, because the data of their persons were erased: {gone}"
        )),
        _ => Some(both!(
            language,
            "VoiceDrive にないが、対応不要とされているもの: {given_up} 件、データを消去したため、もう送れないもの: {gone} 件",
            "Missing at VoiceDrive: {given_up} dismissed, and {gone} not to be sent, because the data of their persons were erased"
        )),
    }
}

/// A comparison found so much then.
pub(crate) fn found_then(number: u64, language: Language) -> String {
    let number = thousands(number);
    both!(
        language,
        "このときは {number} 件が届いていませんでした。今は、届いていないものはありません。",
        "Missing then: {number}. Now nothing of this range is."
    )
}

/// Confirmed with so many gaps between.
pub(crate) fn confirmed(from: &str, to: &str, gaps: u64, language: Language) -> String {
    match gaps {
        0 => format!("{from} - {to}"),
        gaps => both!(
            language,
            "{from} - {to} (途中に {gaps} か所、突き合わせていない期間があります)",
            "{from} - {to} (with {gaps} gaps between)"
        ),
    }
}

/// How VoiceDrive asks: what to type there.
pub(crate) fn connect(url: &str) -> String {
    format!(
        "mysql -N -e \"select requestId from webhook_logs where ...\" > ids.txt\ncurl --fail --data-binary @ids.txt \\\n  -H 'Content-Type: text/plain' -H \"Authorization: Bearer $TOKEN\" \\\n  '{url}/api/integration/reconcile?from=2025-10-26T00:00:00Z&to=2025-10-27T00:00:00Z'"
    )
}

impl Locale {
    /// Why a delivery counts as missing.
    pub(crate) fn discrepancy(self, found: Discrepancy) -> &'static str {
        self.phrase(match found {
            Discrepancy::AnsweredButAbsent => Reconciliation::Absent,
            Discrepancy::FailedThere => Reconciliation::FailedThere,
            Discrepancy::NoEffect => Reconciliation::NoEffect,
        })
    }

    /// Why a range cannot be compared.
    pub(crate) fn range_error(self, error: RangeError) -> String {
        let told = self.phrase(match error {
            RangeError::Nothing => Reconciliation::EmptyList,
            RangeError::NoTime => Reconciliation::NoTimes,
            RangeError::EndsBeforeIds | RangeError::BeginsAfterIds => Reconciliation::OutsideOfList,
            RangeError::Reversed => Reconciliation::WrongDay,
            RangeError::TooLong => Reconciliation::TooLong,
            RangeError::FarApart { first, last } => return self.far_apart(first, last),
        });
        told.to_owned()
    }

    /// That ids of a list make its range too long.
    fn far_apart(self, first: Option<Uuid>, last: Option<Uuid>) -> String {
        let ids = [first, last].into_iter().flatten();
        let ids = ids.map(|id| format!("{id} ({})", self.day_of_year(time_of(id))));
        let ids = ids.collect::<Vec<_>>().join(self.say("、", ", "));
        both!(
            self.language,
            "番号 {ids} を入れると 92 日より長くなります。1 回に比べられるのは 92 日までです。一覧から除くか、最初の日と最後の日の両方を指定してください。何も変更していません。",
            "With the numbers {ids} it is more than the 92 days that one comparison covers. Leave out what does not belong, or give both the first and the last day. Nothing was changed."
        )
    }
}
