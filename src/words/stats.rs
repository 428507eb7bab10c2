//! The table of what was sent.

phrases! {
    /// Headings of the table. The columns have to fit beside a name within 80.
    Stats {
        Day: "日付", "day";
        Type: "イベント", "event";
        Route: "送り先", "route";
        Sent: "送信", "sent";
        Succeeded: "成功", "success";
        Failed: "失敗", "failed";
        TimedOut: "時間切れ", "timeout";
        Retried: "再送", "retried";
        Rate: "成功率%", "% success";
        Milliseconds: "平均ms", "ms";
        Total: "合計", "total";
        Nothing: "送信はありません", "nothing was sent";
    }
}
