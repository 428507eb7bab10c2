//! What `check` finds.

pub(crate) mod storage;

use std::fmt::Display;
use std::path::Path;

use crate::command_line::CommandLine;
use crate::language::Language;
use crate::words::{Phrase, counted};

phrases! {
    /// Short texts of a check.
    Check {
        NoDirectory: "ディレクトリではありません", "not a directory";
        NotThereYet: "まだありません。起動時に作成します", "not there yet; the daemon makes it";
        Stop: "。", "; ";
        MustBeWritable: "リレーを動かすユーザーが書き込めるようにしてください", "the daemon's user must be able to write there";
        Sound: "壊れていません", "quick_check ok";
        CountsAgree: "一致しています", "agree with the rows";
        Nobody: "通知先がありません。異常が起きてもだれにも知らされません。config.toml に [[alerts.channel]] を書いてください", "nobody is told when something is wrong; add an [[alerts.channel]] to config.toml";
        HookNotReached: "サーバーに到達できません", "its server cannot be reached";
        HeartbeatReached: "サーバーには到達できます。URL のパスはここでは確かめていません", "its server can be reached; the path of the URL is not tried here";
        NoJwtSecret: "RELAY_JWT_SECRET が未設定のため、スタッフシステムはイベントを HTTP で渡せません", "RELAY_JWT_SECRET is not set: the staff system cannot hand in events over HTTP";
        NoTokenAtAll: "RELAY_JWT_SECRET も VOICEDRIVE_API_TOKEN も未設定のため、HTTP ではだれも利用できません", "neither RELAY_JWT_SECRET nor VOICEDRIVE_API_TOKEN is set: nobody can call the API over HTTP";
        OnlySenders: "RELAY_JWT_SECRET も VOICEDRIVE_API_TOKEN も未設定のため、HTTP で利用できるのは [ingest] の送信元だけです。統計の問い合わせには応じられません", "neither RELAY_JWT_SECRET nor VOICEDRIVE_API_TOKEN is set: over HTTP only the senders of [ingest] come in, and nobody can ask for the statistics";
        NoUrlOfRoute: "URL が未設定です。イベントは受け付けて保存し、送信しません。config.toml の [[route]] の url を設定してください", "no URL: events are accepted and kept, nothing is sent; set `url` of this [[route]] in config.toml";
        NoUrl: "URL が未設定です。イベントは受け付けて保存し、送信しません。VOICEDRIVE_WEBHOOK_URL を設定してください", "no URL: events are accepted and kept, nothing is sent; set VOICEDRIVE_WEBHOOK_URL";
        Directly: "直接つなぐ宛先", "reached directly";
        OfTheUnit: " (この環境変数は、サービスには systemctl edit で設定した場合だけ届きます。delivery.proxy を勧めます)", " (the service has these variables only when its unit sets them; delivery.proxy is advised)";
        Signed: "署名あり", "signed";
        NotSigned: "署名なし", "not signed";
        ByTheProxy: "プロキシ", "by the proxy";
        DaemonListens: "リレーが待ち受けています", "the daemon listens here";
        SilentListens: "使われています。動いているリレーがコマンドに応答しないため、それがリレーかどうかは確かめられません", "in use; whether by the relay is not known, because the one that runs answers no command";
        AnotherListens: "ほかのプログラムが使っています。config.toml のアドレスを変えるか、そのプログラムを止めてください (sudo ss -ltnp で分かります)", "another program listens here; change the address in config.toml, or end that program (sudo ss -ltnp shows which)";
        Privileged: "リレーを動かすユーザーはこのポートを使えません (1024 未満は root のみ)。8480 などにして、前にプロキシを置いてください", "the daemon's user may not listen here (ports below 1024 are root's); use one such as 8480, with a proxy in front";
        Exposed: "server.listen はこのサーバーの外からも届き、暗号化されていません。トークンと職員のデータが読まれるおそれがあります。127.0.0.1 で待ち受け、前に nginx か Caddy を置いてください。別のサーバーのプロキシを使う場合は、server.trusted_proxies にそのアドレスを書いてください", "whoever reaches this server's network reaches this address, and nothing there is encrypted: tokens and the staff's data can be read on the way. Listen on 127.0.0.1 with nginx or Caddy in front; when the proxy is another server, put its address into server.trusted_proxies";
        NoNames: "証明書の「サブジェクトの別名」(SAN) にホスト名がありません", "the certificate names no host (subjectAltName)";
        IssuerNotInTheFile: "証明書が 1 枚だけで、発行元の証明書がありません。発行元を知らない相手は接続をやめます。中間証明書も入ったファイル (fullchain.pem など) を指定してください。院内の認証局が直接発行したものなら、このままで構いません", "there is one certificate alone, without that of its issuer: callers who do not know the issuer turn away. Name a file that has the certificates in between too, such as fullchain.pem; one that the clinic's own authority has signed itself can stay as it is";
        Good: "正常", "ok";
        Note: "注意", "note";
        Bad: "異常", "error";
    }
}

phrases! {
    /// The subjects of the checks.
    Looked {
        Config: "設定", "config";
        Secrets: "秘密の値", "secrets";
        Key: "鍵", "key";
        Tokens: "トークン", "tokens";
        Directory: "データディレクトリ", "directory";
        Database: "データベース", "database";
        Counts: "集計", "counts";
        Clock: "時計", "clock";
        ControlSocket: "コマンド用の接続口", "control socket";
        Listen: "待ち受け", "listen";
        Tls: "TLS", "tls";
        Ingest: "入口", "ingest";
        Proxy: "プロキシ", "proxy";
        Certificates: "証明書", "certificates";
        Routes: "送り先", "routes";
        Route: "送り先", "route";
        Events: "イベント", "events";
        Hold: "一時停止", "hold";
        Alerts: "通知先", "alerts";
    }
}

impl Looked {
    const ALL: [Self; 19] = [
        Self::Config,
        Self::Secrets,
        Self::Key,
        Self::Tokens,
        Self::Directory,
        Self::Database,
        Self::Counts,
        Self::Clock,
        Self::ControlSocket,
        Self::Listen,
        Self::Tls,
        Self::Ingest,
        Self::Proxy,
        Self::Certificates,
        Self::Routes,
        Self::Route,
        Self::Events,
        Self::Hold,
        Self::Alerts,
    ];
}

/// What was looked at, as a person calls it; programs know it by `name`, and which one it is stands behind that.
pub(crate) fn name(name: &str, language: Language) -> String {
    let found = Looked::ALL.into_iter().find_map(|looked| {
        let which = name.strip_prefix(looked.pair().1)?;
        let whole = which.is_empty() || which.starts_with(' ');
        whole.then(|| format!("{}{which}", language.phrase(looked)))
    });
    found.unwrap_or_else(|| name.to_owned())
}

/// When the relay's own certificate ends, or has ended.
pub(crate) fn own_certificate_ends(day: &str, days: i64, language: Language) -> String {
    if days < 0 {
        return both!(
            language,
            "証明書の期限は {day} に切れています",
            "the certificate ended on {day}"
        );
    }
    let left = counted(days, "day");
    both!(
        language,
        "証明書は {day} まで有効です (あと {days} 日)",
        "the certificate is valid until {day} ({left})"
    )
}

/// From when on the relay's own certificate is valid.
pub(crate) fn own_certificate_begins(day: &str, language: Language) -> String {
    both!(
        language,
        "証明書は {day} から有効です。サーバーの時計も確かめてください",
        "the certificate is valid from {day} on; look at this server's clock too"
    )
}

/// The relay's own certificate is for other hosts than the one of `server.public_url`.
pub(crate) fn not_for_public_url(host: &str, language: Language) -> String {
    both!(
        language,
        "証明書に server.public_url のホスト {host} がありません。前のプロキシが TLS を受け持つのでなければ、相手は接続をやめます",
        "the certificate is not for {host}, the host of server.public_url: unless a proxy in front speaks TLS for it, callers turn away"
    )
}

/// How many findings are bad.
pub(crate) fn to_be_mended(bad: usize, language: Language) -> String {
    both!(
        language,
        "{bad} 件の問題があります",
        "{bad} of these must be mended"
    )
}

/// The daemon runs, and its address is still the one of its start.
pub(crate) fn listens_elsewhere(own: &str, commands: &CommandLine, language: Language) -> String {
    let restart = commands.service("systemctl restart");
    let restart = restart.map_or_else(String::new, |restart| {
        format!(" ({})", commands.by_admin(&restart))
    });
    both!(
        language,
        "動いているリレーは {own} で待ち受けています。再起動すると変わります{restart}",
        "the daemon listens at {own}; a restart changes that{restart}"
    )
}

/// A relay has the data directory, and cannot be asked.
pub(crate) fn silent_daemon(
    socket: &Path,
    process: &str,
    commands: &CommandLine,
    language: Language,
) -> String {
    let socket = socket.display();
    let restart = commands.service("systemctl restart");
    let restart = restart.map_or_else(String::new, |restart| {
        format!(" ({})", commands.by_admin(&restart))
    });
    both!(
        language,
        "リレーは動いていますが (プロセス番号 {process})、{socket} でコマンドに応答しません。接続口のファイルが消された場合は数秒で作り直されます。変わらなければ再起動してください{restart}",
        "the relay runs (process {process}), and answers no command at {socket}. A socket that was removed is made again within seconds; when that does not help, restart it{restart}"
    )
}

/// The user of the command may not read the daemon's files.
pub(crate) fn may_not_look(path: impl Display, check: &str, language: Language) -> String {
    both!(
        language,
        "{path}: このユーザーには見る権限がないため、何も確かめていません。{check} を実行してください",
        "{path}: you may not look at this, so nothing was checked; run {check}"
    )
}

/// The daemon has secrets with these names that the command does not see.
pub(crate) fn hidden_secrets(names: &[String], language: Language) -> String {
    let names = names.join(", ");
    both!(
        language,
        "{names}: 動いているリレーには systemd か環境変数から渡されていますが、このコマンドからは見えません。同じ環境変数 (systemd から渡す場合は CREDENTIALS_DIRECTORY) を付けて実行してください",
        "{names}: the daemon has this from systemd or from its environment, and this command cannot see it; run it with the same variables (with the credentials of systemd: CREDENTIALS_DIRECTORY)"
    )
}

/// The same when it is all that can be said.
pub(crate) fn nothing_checked(why: &str, language: Language) -> String {
    both!(
        language,
        "{why} (何も確かめていません)",
        "{why} (nothing was checked)"
    )
}

/// A file of the system's store of certificates that the daemon's user cannot read.
pub(crate) fn unreadable_certificates(path: impl Display, why: &str, language: Language) -> String {
    both!(
        language,
        "{path}: {why}。この中の認証局は信用されません。リレーを動かすユーザーが読めるようにしてください (sudo chmod a+r {path})",
        "{path}: {why}; no authority in it is believed: let the daemon's user read it (sudo chmod a+r {path})"
    )
}

/// A receiver's server answers, after so many milliseconds; `send` is the command that posts to it.
pub(crate) fn reached(took: u128, send: &str, language: Language) -> String {
    both!(
        language,
        "サーバーには到達できます ({took} ms)。URL のパスと署名はここでは確かめていません ({send} で確かめられます)",
        "the server can be reached ({took} ms); its path and the signature are not tried here ({send} tries them)"
    )
}

/// A mail server takes everybody; `test` is the command that sends a mail.
pub(crate) fn takes_recipients(test: &str, language: Language) -> String {
    both!(
        language,
        "メールサーバーは宛先を受け付けます。送信は {test} で確かめてください",
        "the mail server takes the recipients; `{test}` sends"
    )
}

/// The server of a hook answers; `test` is the command that posts a message.
pub(crate) fn hook_reached(test: &str, language: Language) -> String {
    both!(
        language,
        "サーバーには到達できます。URL のパスと投稿はここでは確かめていません ({test} で確かめられます)",
        "its server can be reached; the path of the URL is not tried here, and nothing is posted (`{test}` does)"
    )
}

/// The last message of a channel did not get through, for the reason `why`.
pub(crate) fn last_message_failed(why: &str, test: &str, language: Language) -> String {
    both!(
        language,
        "最後の通知を届けられませんでした ({why})。直したあと、{test} で確かめてください",
        "its last message did not get through ({why}); when it is mended, `{test}` shows it"
    )
}

/// Events wait for a route that is gone; `resend` is the command that sends them another way.
pub(crate) fn lost_route(resend: &str, language: Language) -> String {
    both!(
        language,
        "設定にない送り先を待っているイベントがあります。送り先を設定に戻すか、{resend} で別の送り先に送ってください (一度も送信していないものは --status accepted)",
        "events wait for a route that the configuration does not have; bring it back, or send them another way with `{resend}` (what was never tried: --status accepted)"
    )
}

/// Two routes lead to one URL.
pub(crate) fn same_url(names: &str, language: Language) -> String {
    both!(
        language,
        "{names} は同じ URL に送ります。同じ職員のイベントでも、[[route]] が違えば順番は守られません。1 つの [[route]] にまとめることを勧めます",
        "{names} lead to one URL: between two routes there is no order, even for the events of one person; one route for both keeps it"
    )
}

/// The previous secret `name` is set for a route whose profile has room for one signature only.
pub(crate) fn unused_previous(name: &str, profile: &str, language: Language) -> String {
    both!(
        language,
        "{name} は送信には使われません。{profile} の署名は 1 つだけで、現在の鍵で作ります。送り先が新しい鍵に替わるまで、送信は 401 で拒否されます",
        "{name} has no effect on what is sent: {profile} carries one signature, which the present secret makes. Until the receiver has the new secret, it answers 401"
    )
}

/// Tokens that are signed with another key, and not accepted.
pub(crate) fn tokens_of_another_key(count: usize, list: &str, language: Language) -> String {
    both!(
        language,
        "{count} 件のトークンは、今の RELAY_JWT_SECRET とは別の鍵で署名されています。それを使う相手は 401 で拒否されます。secrets.env も元のものに戻すか、発行し直してください ({list} で分かります)",
        "tokens that were signed with another RELAY_JWT_SECRET than the present one: {count}. Whoever shows one is refused with 401; bring the secrets.env of then back, or issue them anew ({list} shows which)"
    )
}

/// A difference between the clocks; `ahead`: of the receiver's, in seconds.
pub(crate) fn clock_off(ahead: i64, language: Language) -> String {
    let (ja, en) = if ahead > 0 {
        ("遅れて", "behind")
    } else {
        ("進んで", "ahead of")
    };
    let off = ahead.abs();
    both!(
        language,
        "このサーバーの時計は相手より {off} 秒{ja}います。VoiceDrive は 5 分以上ずれた署名を 401 で拒否します。timedatectl で時計を合わせてください",
        "this server's clock is {off} s {en} the receiver's; VoiceDrive answers 401 to signatures more than 5 minutes off; set the clock (timedatectl)"
    )
}

/// The last day of a certificate.
pub(crate) fn certificate_ends(day: &str, days: i64, language: Language) -> String {
    let in_days = counted(days, "day");
    both!(
        language,
        "証明書は {day} まで (あと {days} 日)",
        "the certificate ends {day} (in {in_days})"
    )
}

/// Names of events that are spoken of, and refused when they are handed in.
pub(crate) fn unlisted(names: &str, language: Language) -> String {
    both!(
        language,
        "server.known_events にないため、受け付けないイベントがあります: {names}。使うものは server.known_events に加えてください",
        "these are not in server.known_events, so they are refused: {names}. Add those that are used"
    )
}

/// Events of a route that another one takes before it.
pub(crate) fn taken_before(events: &str, by: &str, language: Language) -> String {
    both!(
        language,
        "{events} は、先に書かれている送り先 {by} に送られます。この送り先に送るには、[[route]] を {by} より前に書いてください",
        "{events} goes to {by}, which stands before it in config.toml; write this [[route]] before that one if it is meant"
    )
}

/// A recipient of more than one e-mail channel.
pub(crate) fn told_more_than_once(recipient: &str, channels: &str, language: Language) -> String {
    both!(
        language,
        "{recipient} は複数の通知先 ({channels}) にあり、同じお知らせが重ねて届きます",
        "{recipient} is in more than one channel ({channels}) and gets each message as often"
    )
}

/// An address to listen on that this machine does not have.
pub(crate) fn not_this_machines(address: &str, language: Language) -> String {
    both!(
        language,
        "このサーバーには {address} というアドレスがありません。config.toml の server.listen を確かめてください (サーバーのアドレスは「ip address」というコマンドで分かります)",
        "this server does not have the address {address}; look at server.listen in config.toml (`ip address` shows those that it has)"
    )
}

/// An ingest that accepts events without proof and can be reached from other machines.
pub(crate) fn open_from_outside(networks: &str, language: Language) -> String {
    both!(
        language,
        "{networks} からは署名なしでだれでもイベントを渡せます。server.listen はこのサーバーの外からも届きます。open_from を減らすか、server.listen を 127.0.0.1 にしてください",
        "whoever can use an address of {networks} can hand in events without any proof, and server.listen can be reached from outside this server; take what is not needed out of open_from, or listen on 127.0.0.1"
    )
}
