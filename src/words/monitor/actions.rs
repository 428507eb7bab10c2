//! What is done about what is, and where.

use crate::language::Language;
use crate::words::monitor::thousands;

phrases! {
    /// What an operator does about it, and where it is seen.
    Actions {
        RecoverMeans: "まず最も古い 1 件だけを送ります。届いたら、残りを古いものから順に送ります。", "The oldest is sent first. When it arrives, the rest follows in order.";
        RecoverBegun: "最も古い 1 件を送って、つながるか確かめています。結果はすぐ下に表示されます。", "The oldest is being sent to see whether VoiceDrive is back. The result appears below.";
        RecoverBegunPartly: "最も古い 1 件を送って、つながるか確かめています。結果はすぐ下に表示されます。送信の一時停止中などで今は送れない送り先の分は、そのままです。", "The oldest is being sent to see whether VoiceDrive is back. The result appears below. What cannot be sent now, because its receiver is on hold or is being tried already, is left as it is.";
        RecoverNothing: "もう送り直すものはありません。", "There is nothing left to send again.";
        RecoverNot: "今は送れません。送信の一時停止中か、すでに確かめているところです。何も変更していません。", "Nothing can be sent now: sending is on hold, or it is being tried already. Nothing was changed.";
        SeeExhausted: "要対応のものを見る", "See what needs action";
        SeeDeliveries: "送信の記録を見る", "See the deliveries";
        SeeMissing: "届いていないものを見る", "See what is missing";
        ResendMissing: "一覧を見て、もう一度送る...", "See the list and send again ...";
        SeeHolds: "一時停止を見る", "See the hold";
        EndHold: "一時停止を終える...", "End the hold ...";
        SeeReconciliation: "突き合わせの画面へ", "To the reconciliation";
        SeeIncidents: "お知らせの画面へ", "To the incidents";
        SeeUnrecorded: "記録のない面談を見る", "See these interviews";
        SeeServer: "サーバーの画面へ", "To the server";
        NoOperator: "操作できる人が、今はだれもログインしていません。サーバーの担当者に依頼してください。", "Nobody who may do this is logged in. Ask whoever looks after the server.";
    }
}

/// The button that sends again what an outage has left.
pub(crate) fn recover(number: u64, language: Language) -> String {
    let number = thousands(number);
    both!(
        language,
        "つながるか確かめて、{number} 件をもう一度送る",
        "See whether VoiceDrive is back, and send {number} again"
    )
}

/// Whom a reader can ask who may only look.
pub(crate) fn operators(names: &[String], language: Language) -> String {
    let names = match language {
        Language::Ja => names
            .iter()
            .map(|name| format!("{name}さん"))
            .collect::<Vec<_>>()
            .join("、"),
        Language::En => names.join(", "),
    };
    both!(
        language,
        "操作できる人 (ログイン中): {names}",
        "Logged in, and may do this: {names}"
    )
}
