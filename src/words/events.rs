//! The labels of `show`.

phrases! {
    /// The labels before the colons.
    Page {
        None: "なし", "none";
        Event: "イベント", "event";
        Staff: "職員", "staff";
        Happened: "発生", "happened";
        Accepted: "受付", "accepted";
        Status: "状態", "status";
        Route: "送り先", "route";
        NextRetry: "次の再送", "next retry";
        WaitsFor: "先に送るもの", "waits for";
        Repeats: "同じ内容の再受信", "handed in again";
        Why: "送信済みの理由", "why delivered";
        Arrived: "突き合わせで VoiceDrive の一覧にあると分かりました (応答だけが失われていました)", "VoiceDrive's list had it in a reconciliation: only the answer was lost";
        Data: "内容", "data";
        Answer: "応答:", "answer:";
    }
}
