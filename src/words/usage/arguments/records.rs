//! Arguments of the commands for what is stored about people: interview records, erasing, the audit.

use super::{Argument, argument};

pub(super) const ARGUMENTS: &[Argument] = &[
    argument(
        &["staff show", "staff erase"],
        "staff_id",
        "職員ID",
        "職員 ID",
    ),
    argument(
        &["staff erase"],
        "dry_run",
        "",
        "件数だけを表示し、何も変更しません",
    ),
    argument(
        &["staff erase"],
        "give_up",
        "",
        "まだ届いていないイベントの送信をやめて消去します",
    ),
    argument(
        &["staff erase"],
        "copies",
        "",
        "データディレクトリに残っている、復元や更新の前のデータベースのコピーも、まるごと削除します",
    ),
    argument(
        &["audit"],
        "since",
        "日時",
        "この日時以降の操作に限ります。2025-10-26 (その日の 0 時から)、\"2025-10-26 14:30\" (設定のタイムゾーン)、2025-10-26T14:30:00+09:00 のどれかの形で指定します",
    ),
    argument(
        &["audit"],
        "until",
        "日時",
        "この日時までの操作に限ります。日付だけの場合は、その日の終わりまでです",
    ),
    argument(
        &["audit"],
        "who",
        "名前",
        "この人が行った操作と、この人の名前で行われた操作に限ります",
    ),
    argument(
        &["audit"],
        "limit",
        "件数",
        "表示する件数の上限。新しいものから数えます。省略すると 50 件で、ファイルにはすべてを書き出します",
    ),
    argument(
        &["audit"],
        "output",
        "ファイル",
        "書き込み先。ファイル名の末尾は .csv、.json、.ndjson のどれかにします",
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
        &[
            "move-to-mysql plan",
            "move-to-mysql copy",
            "move-to-mysql verify",
        ],
        "target",
        "ファイル",
        "サーバーの場所を書いたファイル。所有者だけが読めるようにしてください",
    ),
    argument(
        &["move-to-mysql copy"],
        "anew",
        "",
        "すでにコピーしたものも含めて、すべて書き直します",
    ),
];
