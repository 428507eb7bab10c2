//! The Japanese words of each argument, and of the values that it can be given.

/// What is said of an argument.
pub(super) struct Argument {
    /// The commands that have it; none: all.
    pub(super) of: &'static [&'static str],
    pub(super) id: &'static str,
    /// What it takes; empty for one that takes nothing.
    pub(super) takes: &'static str,
    pub(super) help: &'static str,
}

/// What a value of an argument means.
pub(super) struct Value {
    pub(super) argument: &'static str,
    pub(super) name: &'static str,
    pub(super) meaning: &'static str,
}

const fn argument(
    of: &'static [&'static str],
    id: &'static str,
    takes: &'static str,
    help: &'static str,
) -> Argument {
    Argument {
        of,
        id,
        takes,
        help,
    }
}

const fn value(argument: &'static str, name: &'static str, meaning: &'static str) -> Value {
    Value {
        argument,
        name,
        meaning,
    }
}

pub(super) const ARGUMENTS: &[Argument] = &[
    argument(&[], "config", "ファイル", "設定ファイル"),
    argument(&[], "json", "", "プログラム向けに JSON で表示します"),
    argument(&[], "help", "", "使い方を表示します"),
    argument(&[], "version", "", "バージョンを表示します"),
    argument(
        &["reload"],
        "drop",
        "",
        "使用中の URL や秘密の値がなくなってもかまわない場合に付けます。付けないと、そのような読み直しは行いません",
    ),
    argument(
        &["status"],
        "exit_code",
        "",
        "対応が必要な場合に終了コード 1 で終わります (要対応のイベント、終わっていない通知、届かない通知先、作れないバックアップ、満杯のディスク)",
    ),
    argument(
        &["demo"],
        "exit",
        "",
        "一連の動作のあとに終了します。すべて届いた場合の終了コードは 0 です",
    ),
    argument(
        &["send"],
        "event",
        "イベント名",
        "イベントの名前 (例: employee.created)",
    ),
    argument(
        &["send"],
        "data",
        "ファイル",
        "イベントの内容を書いた JSON オブジェクトのファイル。- は標準入力です。省略すると {} を送ります",
    ),
    argument(
        &["send"],
        "staff_id",
        "職員ID",
        "対象の職員。省略すると、内容の staffId または employeeId を使います",
    ),
    argument(
        &["send"],
        "wait",
        "",
        "届く (終了コード 0) か、再送を使い切る (終了コード 1) まで、送信の結果を表示します",
    ),
    argument(
        &["import"],
        "template",
        "ファイル",
        "日本語の見出しと 2 行の見本が入った、記入用の CSV ファイルを出力します。ファイルを指定すると、そのファイルに書き込みます",
    ),
    argument(
        &["import interviews"],
        "template",
        "",
        "日本語の見出しと 2 行の見本が入った、記入用の CSV ファイルを出力します。ファイルを指定すると、そのファイルに書き込みます",
    ),
    argument(
        &["import interviews"],
        "file",
        "ファイル",
        "取り込むファイル。- は標準入力です",
    ),
    argument(
        &["import interviews"],
        "dry_run",
        "",
        "調べるだけで、何も保存しません",
    ),
    argument(
        &["import interviews"],
        "zone",
        "タイムゾーン",
        "タイムゾーンの書かれていない日時をどの地域のものとして読むか (例: Asia/Tokyo、UTC)",
    ),
    argument(
        &["import interviews"],
        "unknown_origin",
        "扱い",
        "rescheduledFromId の記録が見つからない場合の扱い",
    ),
    argument(
        &["import interviews"],
        "format",
        "形式",
        "ファイルの形式。省略すると、ファイル名の末尾 (.csv、.tsv、.json、.ndjson) または内容の先頭から判別します",
    ),
    argument(
        &["import interviews"],
        "encoding",
        "文字コード",
        "ファイルの文字コード。省略すると自動で判別します",
    ),
    argument(
        &["import interviews"],
        "columns",
        "列名",
        "見出しのないファイルの列の名前。コンマで区切ります",
    ),
    argument(
        &["tail"],
        "follow",
        "",
        "終了せず、新しい動きがあるたびに表示します",
    ),
    argument(
        &["tail"],
        "limit",
        "件数",
        "最初に表示する件数 (1 から 1000 まで)。新しいものから数えます",
    ),
    argument(
        &["tail", "resend", "export deliveries"],
        "status",
        "状態",
        "この状態のイベントに限ります",
    ),
    argument(
        &["tail", "resend", "export deliveries"],
        "event_type",
        "イベント名",
        "この名前のイベントに限ります",
    ),
    argument(
        &["tail", "resend", "export deliveries"],
        "staff_id",
        "職員ID",
        "この職員についてのイベントに限ります",
    ),
    argument(
        &["tail", "resend", "export deliveries"],
        "route",
        "経路",
        "この経路で送るイベントに限ります",
    ),
    argument(
        &["tail", "resend", "export deliveries"],
        "since",
        "日時",
        "この日時以降に受け付けたイベントに限ります。2025-10-26 (その日の 0 時から)、\"2025-10-26 14:30\" (設定のタイムゾーン)、2025-10-26T14:30:00+09:00 のどれかの形で指定します",
    ),
    argument(
        &["tail", "resend", "export deliveries"],
        "until",
        "日時",
        "この日時までに受け付けたイベントに限ります。日付だけの場合は、その日の終わりまでです",
    ),
    argument(
        &["show"],
        "id",
        "ID",
        "イベントの ID。先頭の部分だけでもかまいません",
    ),
    argument(&["stats"], "period", "期間", "現在までの期間"),
    argument(
        &["stats"],
        "since",
        "日時",
        "この日時以降に送信したものを数えます。書き方は tail と同じで、日付だけの場合はその日の 0 時からです",
    ),
    argument(
        &["stats"],
        "until",
        "日時",
        "この日時までに送信したものを数えます。日付だけの場合は、その日の終わりまでです",
    ),
    argument(&["stats"], "month", "月", "月 (例: 2025-10)"),
    argument(
        &["stats"],
        "week",
        "週",
        "月曜日から日曜日までの週 (例: 2025-W43)、またはその週の日付",
    ),
    argument(&["stats"], "by", "分け方", "行の分け方"),
    argument(
        &["kpi"],
        "period",
        "期間",
        "送信、再送、面談を数える、現在までの期間",
    ),
    argument(
        &["export deliveries", "export interviews"],
        "file",
        "ファイル",
        "書き込み先。- は標準出力です",
    ),
    argument(
        &["export deliveries", "export interviews"],
        "written_as",
        "形式",
        "ファイルの形式。省略すると、ファイル名の末尾 (.csv、.json、.ndjson) に従います。標準出力では CSV です",
    ),
    argument(&["resend"], "ids", "ID", "イベントの ID"),
    argument(
        &["resend"],
        "dry_run",
        "",
        "イベント別と日別に件数を数えるだけで、何も変更しません",
    ),
    argument(
        &["token issue"],
        "subject",
        "利用者名",
        "トークンを渡す相手の名前",
    ),
    argument(
        &["token issue"],
        "scope",
        "許可",
        "許可する操作の種類。2 つ以上は空白で区切ります",
    ),
    argument(
        &["token issue"],
        "days",
        "日数",
        "有効な日数 (1 から 3650 まで)",
    ),
    argument(&["token revoke"], "jti", "ID", "トークンの ID (jti)"),
    argument(
        &["token revoke"],
        "subject",
        "利用者名",
        "この利用者のトークンをすべて失効させます",
    ),
    argument(
        &["token revoke"],
        "issued_elsewhere",
        "",
        "同じ鍵を使ってほかの場所で発行されたため、ここの一覧にないトークンを失効させます",
    ),
    argument(
        &["alert history"],
        "open",
        "",
        "終わっていない異常に限ります",
    ),
    argument(
        &["alert history"],
        "limit",
        "件数",
        "表示する件数の上限 (1 から 200 まで)",
    ),
    argument(
        &["alert dismiss"],
        "id",
        "ID",
        "alert history に表示される異常の ID、または要対応のイベントの ID",
    ),
    argument(&["alert dismiss"], "reason", "理由", "対応不要とする理由"),
    argument(
        &["backup"],
        "file",
        "ファイル",
        "書き込み先。同じ名前の古いコピーは置き換えます",
    ),
    argument(
        &["verify", "restore"],
        "file",
        "ファイル",
        "コピーのファイル",
    ),
    argument(
        &["restore"],
        "as_it_is",
        "",
        "live/relay.db のコピーからも、同じ場所にある relay.db-wal と合わせて復元します。最後に保存した内容が欠けることがあります",
    ),
    argument(
        &["receiver"],
        "listen",
        "アドレス",
        "待ち受けるアドレスとポート",
    ),
    argument(
        &["receiver"],
        "profile",
        "プロファイル",
        "Webhook の署名の形式",
    ),
    argument(
        &["receiver"],
        "secret",
        "名前",
        "署名に使う秘密の値の名前。値は環境変数から読み、なければ --config のファイルと同じ場所にある secrets.env から読みます",
    ),
    argument(
        &["receiver"],
        "events",
        "イベント名",
        "受け取るイベント (例: employee.*)。それ以外には 400 を返します。省略するとすべて受け取ります",
    ),
    argument(
        &["receiver"],
        "fail",
        "件数",
        "最初のこの件数の Webhook に 503 を返します",
    ),
    argument(
        &["receiver"],
        "status",
        "コード",
        "正しい Webhook にこの HTTP ステータス (200 から 599 まで) を返します",
    ),
    argument(
        &["receiver"],
        "delay",
        "ミリ秒",
        "応答の前に毎回この時間だけ待ちます",
    ),
    argument(&["receiver"], "drop", "", "応答せずに接続を切ります"),
    argument(&["receiver-test"], "url", "URL", "受信口の URL"),
    argument(
        &["receiver-test"],
        "profile",
        "プロファイル",
        "受信口が求める署名と本文の形式",
    ),
    argument(
        &["receiver-test"],
        "secret",
        "名前",
        "署名に使う秘密の値の名前。リレーと同じように、設定ファイルと同じ場所にある secrets.env、systemd から渡された値、環境変数から読みます",
    ),
    argument(
        &["receiver-test"],
        "bearer",
        "名前",
        "Authorization: Bearer で送る秘密の値の名前",
    ),
    argument(
        &["receiver-test"],
        "event",
        "イベント名",
        "送るイベントの名前。省略すると VoiceDrive が知っているイベントを送ります",
    ),
    argument(
        &["receiver-test"],
        "data",
        "ファイル",
        "イベントの内容を書いた JSON オブジェクトのファイル。省略すると VoiceDrive が受け取る内容を送ります",
    ),
];

pub(super) const VALUES: &[Value] = &[
    value("status", "accepted", "送信待ち"),
    value("status", "retrying", "再送待ち"),
    value("status", "delivered", "送信済み"),
    value("status", "exhausted", "要対応 (再送を使い切ったもの)"),
    value(
        "status",
        "dismissed",
        "対応不要 (要対応だったもので、担当者が対応不要としたもの)",
    ),
    value(
        "unknown_origin",
        "keep",
        "誤りとして扱います (何も取り込みません)",
    ),
    value(
        "unknown_origin",
        "drop",
        "rescheduledFromId なしで取り込みます",
    ),
    value(
        "format",
        "csv",
        "見出しの行があり、コンマ、セミコロン、タブのどれかで区切られたもの",
    ),
    value("format", "tsv", "見出しの行があり、タブで区切られたもの"),
    value("format", "json", "記録を並べた 1 つの JSON 配列"),
    value("format", "ndjson", "1 行に 1 件の記録"),
    value("period", "24h", "24 時間"),
    value("period", "7d", "7 日間"),
    value("period", "30d", "30 日間"),
    value("by", "day", "日別"),
    value("by", "type", "イベント別"),
    value("by", "route", "経路別"),
    value("written_as", "csv", "見出しのある、表計算ソフト向けの表"),
    value("written_as", "json", "1 つの JSON 配列"),
    value("written_as", "ndjson", "1 行に 1 件の JSON"),
    value(
        "encoding",
        "utf-8",
        "UTF-8 (BOM はあってもなくてもかまいません)",
    ),
    value(
        "encoding",
        "shift-jis",
        "日本語の表計算ソフトの文字コード (Windows のコードページ 932)",
    ),
];
