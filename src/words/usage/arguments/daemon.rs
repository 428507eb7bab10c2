//! Arguments of the commands for the relay itself: its configuration, state, alerts, tokens and copies.

use super::{Argument, argument};

pub(super) const ARGUMENTS: &[Argument] = &[
    argument(
        &["reload"],
        "drop",
        "",
        "使用中の URL、秘密の値、送り先やそこに送る一部のイベント、プロキシ、送信元、受け付けるイベント名、通知先、秘密の値のファイルがなくなってもかまわない場合に付けます。付けないと、そのような読み直しは行いません",
    ),
    argument(
        &["status"],
        "exit_code",
        "",
        "対応が必要な場合に終了コード 1 で終わります (要対応のイベント、続いているお知らせ、通知を届けられない通知先や死活監視、作れないバックアップ、満杯のディスク、誤っているおそれのある時計、手動で終える一時停止)",
    ),
    argument(
        &["demo"],
        "exit",
        "",
        "一連の動作のあとに終了します。すべて届いた場合の終了コードは 0 です",
    ),
    argument(
        &["monitor login"],
        "name",
        "名前",
        "ログインする人の名前。操作の記録にこの名前が残ります",
    ),
    argument(&["monitor login"], "role", "権限", "できること"),
    argument(
        &["monitor login"],
        "hours",
        "時間",
        "ログインの長さ。1 から 12 時間、閲覧は 2160 時間 (90 日) まで",
    ),
    argument(
        &["monitor logout"],
        "session",
        "ID",
        "終わらせるログインの ID",
    ),
    argument(
        &["monitor logout"],
        "name",
        "名前",
        "この名前のログインをすべて終わらせます",
    ),
    argument(
        &["monitor logout"],
        "all",
        "",
        "全員のログインを終わらせます。まだ使われていないリンクも使えなくなります",
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
        "続いているお知らせに限ります",
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
        "alert history に表示されるお知らせの ID、または要対応のイベントの ID",
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
        "hold",
        "",
        "起動しても、hold end で終了するまで何も送信しません (受け付けは続きます)",
    ),
    argument(
        &["restore"],
        "of_another_relay",
        "",
        "今のデータベースにイベントや面談記録があっても、別のリレーのデータベースのコピーで置き換えます",
    ),
    argument(
        &["restore"],
        "as_it_is",
        "",
        "live/relay.db のコピーからも、同じ場所にある relay.db-wal と合わせて復元します。最後に保存した内容が欠けることがあります",
    ),
];
