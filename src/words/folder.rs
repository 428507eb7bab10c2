//! What stands in the data directory, in both languages at once: whoever finds it need not be the one who chose one.

/// What stands beside the backup file, for the one who finds it years later.
pub(crate) const README: &str = "\
このフォルダーについて / About this folder

バックアップには 2 つのものが必要です / A backup needs two things:
    relay-backup.db           cp, scp, rsync のどれでも、いつでも / with cp, scp or rsync, at any moment
    /etc/voicedrive-relay     設定と秘密の値 / the configuration with its secrets (secrets.env)
秘密の値がないと、署名も、発行済みのトークンも使えなくなります。secrets.env の所有者は voicedrive-relay、モードは 0600 です。
Without the secrets no signature is right and no token that was issued counts. secrets.env belongs to the
user voicedrive-relay, mode 0600.
live/ の中のファイルはコピーしないでください (書き込みの途中で不完全になることがあります)。
Do not copy the files in live/: such a copy can be incomplete.

戻し方 / To restore a copy:
    systemctl stop voicedrive-relay
    voicedrive-relay verify FILE
    voicedrive-relay restore FILE
    systemctl start voicedrive-relay
restore は、次に送信されるもの、コピーに含まれないもの、元のデータベースの場所と削除の時期を表示します。
restore says what is sent next, what is not in the copy, where the old database lies and when to delete it.

別のサーバーへの移行 / To move to another machine:
    /usr/share/doc/voicedrive-relay/docs/backup.ja.md, backup.md
";
