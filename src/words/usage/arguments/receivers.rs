//! Arguments of the commands that play a receiver or test one.

use super::{Argument, argument};

pub(super) const ARGUMENTS: &[Argument] = &[
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
