//! What an operator does about what is.

phrases! {
    /// What an operator does about it.
    Actions {
        Recover: "つながるか確かめて、もう一度送る", "See whether VoiceDrive is back, and send again";
        RecoverMeans: "まず最も古い 1 件だけを送ります。届いたら、残りを古いものから順に送ります。", "The oldest is sent first. When it arrives, the rest follows in order.";
        RecoverBegun: "最も古い 1 件を送って、つながるか確かめています。届いたら、残りを続けて送ります。", "The oldest is being sent to see whether VoiceDrive is back. When it arrives, the rest follows.";
        RecoverBegunPartly: "最も古い 1 件を送って、つながるか確かめています。届いたら、残りを続けて送ります。送信の一時停止中などで今は送れない送り先の分は、そのままです。", "The oldest is being sent to see whether VoiceDrive is back. When it arrives, the rest follows. What cannot be sent now, because its route is on hold or is being tried already, is left as it is.";
        RecoverNothing: "もう送り直すものはありません。", "There is nothing left to send again.";
        RecoverNot: "今は送れません。送信の一時停止中か、すでに確かめているところです。何も変更していません。", "Nothing can be sent now: sending is on hold, or it is being tried already. Nothing was changed.";
        SeeThem: "詳しく見る", "See them";
        AskOperator: "送り直すには、操作の権限が必要です。", "Sending again needs the role of an operator.";
    }
}
