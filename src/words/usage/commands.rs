//! The Japanese words of each command.

/// What is said of a command.
pub(super) struct Command {
    /// The words of the command, without the program's name.
    pub(super) path: &'static str,
    /// What it does.
    pub(super) about: &'static str,
    /// The text below the options. Lines that begin with two blanks are examples, and are not wrapped.
    pub(super) below: &'static str,
}

/// What is said of the command `help`, wherever it stands.
pub(super) const HELP: &str = "コマンドの使い方を表示します";

const fn command(path: &'static str, about: &'static str, below: &'static str) -> Command {
    Command { path, about, below }
}

pub(super) const COMMANDS: &[Command] = &[
    command(
        "",
        "クリニックのイベントを VoiceDrive に届けます。受け付け、保存、署名、送信、再送、集計を行います",
        "",
    ),
    command(
        "serve",
        "リレーを起動します",
        "例:
  sudo systemctl start voicedrive-relay
  voicedrive-relay serve --config config.toml",
    ),
    command(
        "reload",
        "動作中のリレーに設定と秘密の値を読み直させます",
        "例:
  sudo voicedrive-relay reload
  sudo voicedrive-relay reload --drop",
    ),
    command(
        "demo",
        "このコンピューターだけで、見本のイベントを送る様子を見せます",
        "例:
  voicedrive-relay demo
  voicedrive-relay demo --exit",
    ),
    command(
        "check",
        "設定、秘密の値、データ、ポート、送り先、通知先を調べます",
        "例:
  sudo voicedrive-relay check
  voicedrive-relay check --config config.toml --json
root で実行すると、リレーを動かすユーザーの権限で調べます。
終了コード: 0 問題なし (注意だけの場合も含む)、1 問題あり、77 調べる権限がない、78 設定または秘密の値に誤りがある",
    ),
    command(
        "send",
        "イベントを渡します",
        "例:
  voicedrive-relay send employee.created --data employee.json \\
    --staff-id EMP-2025-001
  echo '{\"staffId\":\"EMP-2025-001\"}' | \\
    voicedrive-relay send employee.updated --data - --wait",
    ),
    command("import", "ファイルの内容をまとめて取り込みます", ""),
    command(
        "import interviews",
        "CSV、TSV、JSON、NDJSON のファイルから面談記録を取り込みます。1 件でも誤りがあれば何も取り込みません",
        "例:
  voicedrive-relay import interviews --template > 面談.csv
  voicedrive-relay import interviews 面談.csv --zone Asia/Tokyo --dry-run
  voicedrive-relay import interviews interviews.ndjson --unknown-origin drop
  zcat interviews.tsv.gz | voicedrive-relay import interviews - --zone UTC
列や項目の名前には、API の名前 (employeeId)、データベースの名前 (employee_id)、日本語の名前 (職員ID) のどれでも使えます。日本語の名前は --template で確かめられます。id、employeeId、interviewType、interviewDate は必須です。スタッフシステムの列のうちリレーが使わないものは取り込まず、その名前を表示します。それ以外の知らない列があれば取り込みません。空欄、NULL、\\N は値なしとして扱います。
文字コードは UTF-8、BOM 付きの UTF-16、Shift_JIS を自動で判別します。
すでにある id の記録は、新しい内容に置き換わります。
誤りがある場合は、誤りのある行とその内容をすべて表示します。",
    ),
    command(
        "status",
        "件数の合計、送信待ち、次の送信、最後の送信を表示します",
        "例:
  sudo voicedrive-relay status
  sudo voicedrive-relay status --json
  sudo voicedrive-relay status --exit-code > /dev/null || echo 要確認
終了コード: 0 正常、1 (--exit-code を付けた場合) 対応が必要、69 リレーが応答しない",
    ),
    command(
        "tail",
        "送信の状況を、新しいものを最後にして表示します",
        "例:
  voicedrive-relay tail -f
  voicedrive-relay tail --status exhausted --event-type employee.created
  voicedrive-relay tail --staff-id EMP-2025-001 --since 2025-10-26 --limit 100
最後の行に全体の件数を表示します。表示された ID は show にそのまま指定できます。",
    ),
    command(
        "show",
        "1 件のイベントと、その送信の記録をすべて表示します",
        "例:
  voicedrive-relay show 0199e2f3-1a2b
ID は、tail に表示されるとおり先頭の部分だけでもかまいません。ID 全体は、VoiceDrive に届く X-Request-ID と同じです。",
    ),
    command(
        "stats",
        "送信件数とその結果を、日別、イベント別、送り先別に表示します",
        "例:
  voicedrive-relay stats
  voicedrive-relay stats --month 2025-10 --by type
  voicedrive-relay stats --week 2025-W43
  voicedrive-relay stats --since 2025-10-01 --until 2025-10-15 --by route
  voicedrive-relay stats --period 24h --json
最初に送信した日の件数に数え、結果は現在のものです。日付は設定のタイムゾーンの日付です。成功率は、送信したうち届いたものの割合です。",
    ),
    command(
        "kpi",
        "送信や面談などの 5 つの目標の達成状況を表示します",
        "例:
  voicedrive-relay kpi
  voicedrive-relay kpi --period 7d
  voicedrive-relay kpi --json
送信が 20 件より少ない場合は、送信の目標を判定しません。「届いていないもの」は、届いたはずなのに VoiceDrive にないものに気付くまでの時間です。最初の突き合わせまでは判定できません。",
    ),
    command(
        "export",
        "送信の記録や面談記録をファイルに書き出します",
        "",
    ),
    command(
        "export deliveries",
        "送信の記録を古い順に書き出します。イベントの内容は含みません",
        "例:
  sudo voicedrive-relay export deliveries october.csv --since 2025-10-01 \\
    --until 2025-10-31
  voicedrive-relay export deliveries - --status exhausted --format ndjson
  voicedrive-relay export deliveries person.csv --staff-id EMP-2025-001
ファイルは、すべて書き終えたときにその名前になります。読めるのは所有者だけです。すでにあるファイルは置き換えません。
CSV は、表計算ソフトでそのまま開ける BOM 付きの UTF-8 です。日時は設定のタイムゾーンで書きます。表計算ソフトが式とみなすセルと、書き換えてしまう数字 (0123 など) には、先頭にアポストロフィを付けます。",
    ),
    command(
        "export interviews",
        "面談記録を、最初に受け取った順に書き出します",
        "例:
  sudo voicedrive-relay export interviews interviews.csv
  voicedrive-relay export interviews - --format ndjson | gzip > all.ndjson.gz
列は import interviews と同じで、そのまま取り込めます。CSV では、表計算ソフトが式とみなすセルと、書き換えてしまう数字 (0123 など) の先頭にアポストロフィを付けます。取り込むときに取り除きます。",
    ),
    command(
        "resend",
        "イベントをもう一度送ります。再送の回数も最初から数え直します",
        "例:
  voicedrive-relay resend 0199e2f3-1a2b
  voicedrive-relay resend --dry-run
  voicedrive-relay resend --status exhausted
  voicedrive-relay resend --since 2025-10-03 --until 2025-10-03 \\
    --event-type employee.created
--status を付けない場合は、要対応 (exhausted) のものだけを送ります。ID は、tail に表示されるもの、またはその先頭の部分です。
すでに届いているイベントは、VoiceDrive が ID で見分けます。内容が古いものに戻らないように、同じ職員のあとから届いたイベントも続けて送ります。",
    ),
    command(
        "reconcile",
        "送信したものを、VoiceDrive にあるものと突き合わせます",
        "例:
  voicedrive-relay reconcile webhook_logs.csv
  voicedrive-relay reconcile webhook_logs.csv --resend
  voicedrive-relay reconcile ids.txt --from 2025-10-26 --to 2025-10-27
  voicedrive-relay reconcile old.csv --as-of 2025-10-26T06:00
  voicedrive-relay reconcile --digest --unit hour --from 2025-10-26
ファイルは、1 行に 1 つの ID、requestId という列のある CSV、ID かそのような行が並んだ JSON のどれかです。VoiceDrive の webhook_logs にある
processingStatus と userFound の列も使います。文字コード (UTF-8、Shift_JIS) は自動で見分けます。- は標準入力です。
一覧が作られたあとに送ったものは比べません。次の一覧で比べます。
終了コード: 0 届いていないものはない、1 ある、65 ファイルの内容が分からないか受け付けられない、75 今は受け付けられない (あとでもう一度)",
    ),
    command(
        "recover",
        "VoiceDrive の停止で送れなかったイベントをもう一度送ります",
        "例:
  voicedrive-relay recover --dry-run
  voicedrive-relay recover
  voicedrive-relay recover --route staff
送り先ごとに、まず最も古い 1 件だけを送ってみます。VoiceDrive が回復していれば、残りを古いものから順に送ります。回復していなければ、ほかは送りません。ほかの理由で拒否されたイベントは対象外です。
終了コード: 0 送信する、または送るものがない、1 VoiceDrive がまだ回復していない",
    ),
    command(
        "hold",
        "指定した日時まで送信を一時停止します。受け付けは続きます",
        "例:
  voicedrive-relay hold --until 06:00 \"VoiceDrive のメンテナンス\"
  voicedrive-relay hold --route staff --until \"2025-10-27 06:00\" \"保守作業\"
  voicedrive-relay hold list
  voicedrive-relay hold end
イベントはこれまでどおり受け付けて保存します。送信中のものは最後まで送り、それ以外は送りません。再送の回数も減りません。時間になると自動で終わり、待っていたものから順に送信します。",
    ),
    command(
        "hold end",
        "一時停止を予定より早く終了します",
        "例:
  voicedrive-relay hold end
  voicedrive-relay hold end --route staff
--route を付けない場合は、すべての送り先の一時停止を終了します。送り先を指定した一時停止は終了しません。",
    ),
    command(
        "hold list",
        "一時停止している送り先を表示します",
        "例:
  voicedrive-relay hold list",
    ),
    command("secret", "署名の鍵など、新しい秘密の値を作ります", ""),
    command(
        "secret make",
        "推測できない 64 文字の秘密の値を作って表示します。どこにも保存しません",
        "例: secrets.env に書く行を作る
  echo \"VOICEDRIVE_WEBHOOK_SECRET=$(voicedrive-relay secret make)\"",
    ),
    command(
        "token",
        "API の利用者に渡すトークンの発行、失効、一覧表示を行います",
        "",
    ),
    command(
        "token issue",
        "トークンを発行します。表示は一度だけで、どこにも保存しません",
        "例:
  voicedrive-relay token issue --subject voicedrive \\
    --scope stats:read --days 365",
    ),
    command(
        "token revoke",
        "token list に表示される ID のトークン、または 1 人の利用者のトークンすべてを、完全に失効させます",
        "例:
  voicedrive-relay token revoke 01a21a84-0770-7c1e-9d3e-5f0c4b7a1e22
  voicedrive-relay token revoke --subject leaver",
    ),
    command(
        "token list",
        "発行したトークンの一覧を表示します",
        "例:
  sudo voicedrive-relay token list",
    ),
    command(
        "monitor",
        "ブラウザーの画面を見られる人を管理します",
        "",
    ),
    command(
        "monitor login",
        "画面にログインするためのリンクを表示します。一度だけ、10 分間使えます",
        "例:
  sudo voicedrive-relay monitor login --name 山田 --role operator
  sudo voicedrive-relay monitor login --name 受付の画面 --hours 2160
閲覧 (viewer) は見るだけです。操作 (operator) は、再送、一時停止、回復後の再送、対応不要の指定もでき、その名前で操作の記録に残ります。ログインは 12 時間か、1 時間使わないと終わります。壁の画面などのために、閲覧は 90 日まで延ばせます。",
    ),
    command(
        "monitor sessions",
        "ログインしている人の一覧を表示します",
        "例:
  sudo voicedrive-relay monitor sessions",
    ),
    command(
        "monitor logout",
        "ID か名前を指定して、または全員のログインを終わらせます",
        "例:
  sudo voicedrive-relay monitor logout 5f0c4b7a
  sudo voicedrive-relay monitor logout --name 山田
  sudo voicedrive-relay monitor logout --all",
    ),
    command(
        "alert",
        "お知らせの一覧、通知先のテスト、対応不要の指定を行います",
        "",
    ),
    command(
        "alert test",
        "設定されているすべての通知先に、テスト通知を送ります",
        "例:
  voicedrive-relay alert test
届かない通知先がある場合や、通知先が 1 つもない場合の終了コードは 1 です。",
    ),
    command(
        "alert history",
        "これまでのお知らせを、新しいものを最後にして表示します",
        "例:
  sudo voicedrive-relay alert history
  sudo voicedrive-relay alert history --open",
    ),
    command(
        "alert dismiss",
        "届かなかったもののうち、届ける必要がなくなったものを対応不要にします",
        "例:
  voicedrive-relay alert dismiss 019a2b3c-4d5e-7f60-8a9b-0c1d2e3f4a5b
  voicedrive-relay alert dismiss 0199e2f3-1a2b --reason \"退職済み\"
お知らせの ID を指定すると、そのお知らせは終わり、要対応のイベントが対応不要になります。対応不要のイベントは残りますが、まとめて再送する対象にはなりません。ID を指定すれば、あとから再送できます。",
    ),
    command(
        "audit",
        "だれがいつ何を変更し、だれが内容を見たかを表示します",
        "例:
  sudo voicedrive-relay audit
  sudo voicedrive-relay audit --since 2025-10-01 --until 2025-10-31 --who tanaka
  sudo voicedrive-relay audit --since 2025-10-01 --output audit.csv
ファイルは、名前の末尾により CSV (表計算ソフトで開けます)、JSON、NDJSON のどれかになります。
職員 ID の代わりに、元に戻せない符号を表示します。ある職員の符号は staff show で確かめられます。",
    ),
    command("staff", "1 人の職員について保存している内容の表示と消去を行います", ""),
    command(
        "staff show",
        "1 人の職員について保存しているものをすべて表示します (本人への開示のため)",
        "例:
  sudo voicedrive-relay staff show EMP-2025-001
  sudo voicedrive-relay staff show EMP-2025-001 --json > EMP-2025-001.json
イベントの内容も含むため、見たことが操作の記録に残ります (audit で確かめられます)。",
    ),
    command(
        "staff erase",
        "1 人の職員のイベントの内容、応答、氏名、職員 ID を消去します。件数の集計は変わりません",
        "例:
  sudo voicedrive-relay staff erase EMP-2025-001 --dry-run
  sudo voicedrive-relay staff erase EMP-2025-001 --copies
まだ届いていないイベントがある場合は、届いてから実行するか、--give-up を付けて送信をやめます。元には戻せません。このコマンドを途中で終了しても消去は続きます。リレー自体が途中で止まった場合は、同じコマンドをもう一度実行すると残りを消去します。
以前のバックアップなど、ほかの場所にあるコピーは対象外です。そちらはご自身で削除してください。",
    ),
    command(
        "backup",
        "データベースのコピーを、それだけで使えるファイルとして作ります",
        "例:
  voicedrive-relay backup /mnt/backup/relay-$(date +%F).db
リレーの動作中は、データディレクトリにある relay-backup.db が、そのまま使える最大 1 分前のコピーです。いつでもコピーできます。ほかのサーバーに移すには /etc/voicedrive-relay も必要です。",
    ),
    command(
        "verify",
        "コピーが正常かどうかを調べます",
        "例:
  sudo voicedrive-relay verify /var/lib/voicedrive-relay/relay-backup.db",
    ),
    command(
        "restore",
        "コピーから復元します。先にリレーを停止してください",
        "例:
  sudo systemctl stop voicedrive-relay
  sudo voicedrive-relay restore /mnt/backup/relay-2025-10-26.db
  sudo systemctl start voicedrive-relay
今のデータベースは同じ場所に残します。コピーの中で未送信のイベントは、起動したときに送信されます。
--hold を付けると、一時停止を終了するまで送信しません: sudo voicedrive-relay hold end
コピー後に受け付けたものと、失効したままにするトークンを表示します。",
    ),
    command(
        "move-to-mysql",
        "すべてをスタッフシステムの MySQL データベースへ移します",
        "",
    ),
    command(
        "move-to-mysql plan",
        "入るもの、入らないもの、かかる時間を調べます (何も書き込みません)",
        "例:
  sudo voicedrive-relay move-to-mysql plan \\
    --target /etc/voicedrive-relay/mysql.toml
  sudo voicedrive-relay move-to-mysql plan --target mysql.toml --json
終了コード: 0 コピーできる、1 先に直すことがある、69 サーバーに接続できない、78 ファイルに誤りがある",
    ),
    command(
        "move-to-mysql copy",
        "すべて、または前回から変わったものをコピーします (リレーは動いたまま)",
        "例:
  sudo voicedrive-relay move-to-mysql copy \\
    --target /etc/voicedrive-relay/mysql.toml
いつ中断してもかまいません。もう一度実行すると続きから始まります。コピーした内容はデータディレクトリの relay-moved.db に残り、verify で比べるときに使います。リレー自身のデータベースは読むだけです。
終了コード: 0 コピーした、1 失敗、69 サーバーに接続できない、78 ファイルに誤りがある",
    ),
    command(
        "move-to-mysql verify",
        "両方を 1 件ずつ、統計もすべて比べます",
        "例:
  sudo voicedrive-relay move-to-mysql verify \\
    --target /etc/voicedrive-relay/mysql.toml
最後にコピーした内容と比べます。そのあとに増えたものは比べません。
終了コード: 0 一致、1 違いがある、69 サーバーに接続できない、78 ファイルに誤りがある",
    ),
    command(
        "receiver",
        "VoiceDrive の代役を起動し、届いたものを表示します",
        "例:
  VOICEDRIVE_WEBHOOK_SECRET=... \\
    voicedrive-relay receiver --listen 127.0.0.1:9000
  voicedrive-relay receiver --profile unsigned --fail 2
  sudo voicedrive-relay receiver
sudo を付けた例では、このサーバーのリレーと同じ秘密の値を使います。リレーの delivery.url を http://127.0.0.1:9000/ にし、両方の秘密の値を同じにしてください。",
    ),
    command(
        "receiver-test",
        "ほかのシステムの受信口を試験し、誤りを表示します",
        "例:
  sudo voicedrive-relay receiver-test https://staging.example.com/webhook \\
    --profile voicedrive-employee
  VOICEDRIVE_WEBHOOK_SECRET=... \\
    voicedrive-relay receiver-test http://127.0.0.1:9000/ \\
    --profile voicedrive-compliance
  voicedrive-relay receiver-test http://127.0.0.1:9000/ \\
    --profile voicedrive-staff-system \\
    --event retirement.formal_retirement --data retirement.json
数件の Webhook を送ります。本番ではない受信口に対して実行してください。--event と --data を付けない場合は、架空の職員についてのデータを、プロファイルに対応する VoiceDrive の受信口と同じ形で送ります。--data のファイルの中の {uuid} は Webhook の ID に、{now} は現在の時刻に置き換わります。
判定では、署名の確かめ方が誤っている受信口と、署名は正しく確かめていてデータの形だけが違う受信口を区別します。すべて合格なら終了コードは 0、それ以外は 1 です。",
    ),
];
