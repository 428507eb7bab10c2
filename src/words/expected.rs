//! What a key of the configuration takes, as a sentence.

use crate::config::Expected;
use crate::delivery::address::RefusedAddress;
use crate::language::Language;

impl Expected {
    /// What should stand there.
    #[must_use]
    #[allow(
        clippy::too_many_lines,
        reason = "a list of sentences, one for each that can be expected"
    )]
    pub fn describe(&self, language: Language) -> String {
        match self {
            Self::OneOf(words) => one_of(language, words),
            Self::TrueOrFalse => both!(
                language,
                "true か false にしてください",
                "must be true or false"
            ),
            Self::Whole(least, most) => both!(
                language,
                "{least} から {most} までの整数にしてください",
                "must be a whole number from {least} to {most}"
            ),
            Self::Waits => both!(
                language,
                "秒数 (1 から 604800 までの整数) を 1 個から 10 個まで並べてください (例: [60, 300, 1800])",
                "must be a list of 1 to 10 whole numbers of seconds, each from 1 to 604800"
            ),
            Self::Digests => both!(
                language,
                "分数 (1 から 10080 までの整数) を 1 個から 10 個まで並べてください (例: [15, 60, 240])",
                "must be a list of 1 to 10 whole numbers of minutes, each from 1 to 10080"
            ),
            Self::Days => both!(
                language,
                "日数 (1 から 365 までの整数) を並べてください (例: [21, 7, 1])",
                "must be a list of whole numbers of days, each from 1 to 365"
            ),
            Self::Text => both!(
                language,
                "引用符 (\") で囲んで書いてください",
                "must be a text"
            ),
            Self::PrintableText => both!(
                language,
                "半角の英数字、記号、空白で書いてください",
                "must be a text of printable ASCII characters"
            ),
            Self::Table(name) => both!(
                language,
                "[{name}] の見出しの下に書いてください",
                "must be a table, written [{name}]"
            ),
            Self::Tables(name) => both!(
                language,
                "[[{name}]] の見出しの下に、1 つずつ書いてください",
                "must be a list of tables, each written [[{name}]]"
            ),
            Self::TimeZone => both!(
                language,
                "このサーバーにあるタイムゾーンの名前にしてください (例: \"Asia/Tokyo\"。日本以外のタイムゾーンにはパッケージ tzdata が必要です)",
                "must be the name of a time zone that this server has, such as \"Asia/Tokyo\" (those of other countries are in the package tzdata)"
            ),
            Self::Directory => both!(
                language,
                "ディレクトリのパスにしてください",
                "must be the path of a directory"
            ),
            Self::ShorterPath(socket, most) => {
                let socket = socket.display();
                both!(
                    language,
                    "もっと短いパスにしてください。コマンド用の接続口 (ソケット) が {socket} になり、上限の {most} バイトを超えます",
                    "must be a shorter path: the control socket would be {socket}, and a socket's path has {most} bytes at most"
                )
            }
            Self::Contact => both!(
                language,
                "200 文字以内の 1 行で書いてください (例: \"VoiceDrive サポート 03-0000-0000\")",
                "must be one line of at most 200 characters, such as \"VoiceDrive support, 03-0000-0000\""
            ),
            Self::PlaceName => both!(
                language,
                "改行のない 60 文字以内の名前にしてください",
                "must be a name of up to 60 characters on one line"
            ),
            Self::AddressWithPort => both!(
                language,
                "アドレスとポートにしてください (例: \"127.0.0.1:8480\")",
                "must be an address with a port, such as \"127.0.0.1:8480\""
            ),
            Self::AddressOfItsOwn => both!(
                language,
                "server.listen とは別の、アドレスとポートにしてください (例: \"0.0.0.0:8443\")。server.listen で TLS を使う場合は、この行を消します",
                "must be an address with a port, such as \"0.0.0.0:8443\", and another one than server.listen; without this line server.listen itself speaks TLS"
            ),
            Self::WholePath => both!(
                language,
                "ファイルのパスを / から書いてください (例: \"/etc/voicedrive-relay/tls/fullchain.pem\")",
                "must be the path of a file, beginning with /, such as \"/etc/voicedrive-relay/tls/fullchain.pem\""
            ),
            Self::Networks => both!(
                language,
                "アドレスか範囲を並べてください (例: [\"127.0.0.1\", \"10.0.0.0/8\"])",
                "must be a list of addresses or ranges, such as [\"127.0.0.1\", \"10.0.0.0/8\"]"
            ),
            Self::Origins => both!(
                language,
                "呼び出し元のページのアドレスを、https:// からホスト名 (とポート) まで並べてください (例: [\"https://voicedrive.example.com\"])。* は使えないため、1 つずつ、パスも末尾の / も付けずに書きます",
                "must be a list of whole origins, such as [\"https://voicedrive.example.com\"]: a wildcard matches no page, so each page is named, without a path or a / at its end"
            ),
            Self::PublicUrl => both!(
                language,
                "パスのない URL にしてください (例: \"https://relay.clinic.example\")",
                "must be an address without a path, such as \"https://relay.clinic.example\""
            ),
            Self::SecretName => both!(
                language,
                "secrets.env にある名前 (英大文字、数字、_) を書いてください。秘密の値そのものは書きません",
                "must be the name of a secret: capital letters, digits and _ (never the secret itself)"
            ),
            Self::SecretNames => both!(
                language,
                "secrets.env にある名前 (英大文字、数字、_) を並べてください。秘密の値そのものは書きません",
                "must be a list of names of secrets: capital letters, digits and _ (never the secrets themselves)"
            ),
            Self::ReceiverUrl => both!(
                language,
                "http:// か https:// で始まる URL にしてください。ユーザー名、パスワード、# は含められません",
                "must be a URL that begins with http:// or https://, without user, password and #"
            ),
            Self::UrlPort => both!(
                language,
                "URL のポートは 1 から 65535 までの数にしてください",
                "must have a port from 1 to 65535"
            ),
            Self::UrlWithoutBlank => both!(
                language,
                "URL に空白が含まれています。空白を取り除いてください",
                "must be a URL without a blank"
            ),
            Self::OtherThanItself => both!(
                language,
                "送り先の URL にしてください。これはリレー自身のアドレス (server.listen、server.public_url) で、自分に送ることになります",
                "must be the URL of a receiver: this one is the relay's own (server.listen, server.public_url), which would send to itself"
            ),
            Self::OtherAddress(RefusedAddress::LinkLocal) => both!(
                language,
                "別のアドレスの URL にしてください。リンクローカルアドレス (169.254.0.0/16、fe80::/10) には送信しません",
                "must be the URL of another address: link-local addresses (169.254.0.0/16, fe80::/10) are never called"
            ),
            Self::OtherAddress(RefusedAddress::PlainHttp) => both!(
                language,
                "別のアドレスの URL にしてください。インターネット上のアドレスに http:// では送信しません。https:// にするか、delivery.allow_http = true を設定してください",
                "must be the URL of another address: plain http:// to a public address is refused; use https://, or set delivery.allow_http = true"
            ),
            Self::Events => both!(
                language,
                "イベント名か、.* で終わる名前の前半を並べてください (例: [\"employee.*\"])",
                "must be a list of event names, or of prefixes that end in .*, such as [\"employee.*\"]"
            ),
            Self::RouteName => both!(
                language,
                "改行などのない 1 から 100 文字の名前にしてください。\"default\" は使えません",
                "must be 1 to 100 characters without control characters, and not \"default\""
            ),
            Self::GivenRouteName => both!(
                language,
                "指定してください。ないと [delivery] と同じ \"default\" という名前になります",
                "must be given: without it the route would be called \"default\", like that of [delivery]"
            ),
            Self::OtherRouteName(name) => both!(
                language,
                "前にある送り先と同じ名前 ({name}) です。別の名前にしてください。name がなければ events の最初のものが名前になります",
                "must be another name than that of an earlier route ({name}); without `name` it is the first of `events`"
            ),
            Self::Profile(names) => {
                let names = names.join(", ");
                both!(
                    language,
                    "次のどれかにしてください: {names}",
                    "must be one of {names}"
                )
            }
            Self::ProfileName => both!(
                language,
                "名前は半角の英小文字、数字、- にしてください。組み込みのプロファイルと同じ名前は使えません",
                "must be named with small letters, digits and -, unlike the built-in profiles"
            ),
            Self::ProfileBody => both!(
                language,
                "\"data\" にするか、event (または eventType、type)、timestamp、source、data を並べてください。それぞれ 1 回だけで、data は必要です",
                "must be \"data\", or a list of event (or eventType, or type), timestamp, source, data, each once and data among them"
            ),
            Self::FreeHeader => both!(
                language,
                "ほかで使われないヘッダーの名前にしてください (Host、Content-Type、X-Request-ID などは使えません)",
                "must be the name of a header that no other part of the request uses (not Host, Content-Type, X-Request-ID and the like)"
            ),
            Self::SignatureHeader => both!(
                language,
                "ほかで使われないヘッダーの名前にしてください (Host、Content-Type、X-Request-ID などと、日時のヘッダーは使えません)",
                "must be the name of a header that no other part of the request uses (not Host, Content-Type, X-Request-ID and the like), and not that of the timestamp"
            ),
            Self::FreeHeaders => both!(
                language,
                "リレーもプロファイルも付けないヘッダーを書いてください (例: {{ \"X-Webhook-Version\" = \"1.0\" }})。トークンは bearer で指定します",
                "must be a table of headers that neither the relay nor the profile sets, such as {{ \"X-Webhook-Version\" = \"1.0\" }}; a token is given by `bearer`"
            ),
            Self::HeaderName => both!(
                language,
                "ヘッダーの名前にしてください",
                "must be the name of a header"
            ),
            Self::SignedText(true) => both!(
                language,
                "{{body}} を含む文字列にしてください。{{timestamp}} と {{id}} も使えます (例: \"{{timestamp}}.{{body}}\")",
                "must be a text with {{body}}, and perhaps {{timestamp}} and {{id}}, such as \"{{timestamp}}.{{body}}\""
            ),
            Self::SignedText(false) => both!(
                language,
                "{{body}} を含む文字列にしてください。{{id}} も使えます ({{timestamp}} は timestamp_header があるときだけです)",
                "must be a text with {{body}}, and perhaps {{id}} ({{timestamp}} only with a timestamp_header)"
            ),
            Self::GivenWith(key) => both!(
                language,
                "{key} があるときは必要です",
                "must be given with {key}"
            ),
            Self::Proxy => both!(
                language,
                "ユーザー名、パスワード、パスのない URL (例: \"http://proxy.example:3128\") を書いてください。それらが必要なら、URL を secrets.env に書き、ここにはその名前を書いてください",
                "must be a URL such as \"http://proxy.example:3128\" without user, password and path, or the name of a secret that holds one with them"
            ),
            Self::ProxyUrl => both!(
                language,
                "HTTP プロキシの URL を、パスを付けずに書いてください (例: http://proxy.example:3128)",
                "must be the URL of an HTTP proxy without a path, such as http://proxy.example:3128"
            ),
            Self::DirectHosts => both!(
                language,
                "ホスト名、アドレス、範囲を並べてください (例: [\"mail.clinic.example\", \".clinic.example\", \"10.0.0.0/8\"])",
                "must be a list of hosts, addresses and ranges, such as [\"mail.clinic.example\", \".clinic.example\", \"10.0.0.0/8\"]"
            ),
            Self::IngestPath => both!(
                language,
                "英数字と -._~ から成るパスにしてください (例: \"/in\")。/ だけのものと、/api、/monitor、/metrics、/control の中は使えません",
                "must be a path such as \"/in\", of letters, digits and -._~, which is not / and not inside /api, /monitor, /metrics or /control"
            ),
            Self::PathEnd => both!(
                language,
                "パスの終わりの部分にしてください (例: \"/api/consent/deletion-completed\")",
                "must be the end of a path, such as \"/api/consent/deletion-completed\""
            ),
            Self::PathOrHeader => both!(
                language,
                "path か header のどちらか一方だけを書いてください",
                "must be given, or `header` in its place, and not both"
            ),
            Self::EventName => both!(
                language,
                "イベント名 (a-z、0-9、.、_、- の 1 から 100 文字) にしてください",
                "must be the name of an event: 1 to 100 characters of a-z, 0-9, '.', '_', '-'"
            ),
            Self::Proof => both!(
                language,
                "送信元を確かめる方法がありません。ここに secrets、bearers、open_from のどれかを書くか、RELAY_JWT_SECRET を設定してください",
                "must be given something that proves who sends: `secrets`, `bearers` or `open_from` here, or RELAY_JWT_SECRET"
            ),
            Self::MailAddress => both!(
                language,
                "メールアドレスを半角で書いてください (例: \"admin@clinic.example\"、\"Relay <relay@clinic.example>\")",
                "must be an e-mail address in plain letters, such as \"admin@clinic.example\" or \"Relay <relay@clinic.example>\""
            ),
            Self::MailAddresses => both!(
                language,
                "メールアドレスを半角で並べてください (例: [\"admin@clinic.example\"])",
                "must be a list of e-mail addresses in plain letters, such as [\"admin@clinic.example\"]"
            ),
            Self::MailServer => both!(
                language,
                "メールサーバーの名前かアドレスにしてください",
                "must be the name or address of a mail server"
            ),
            Self::EncryptionForPassword => both!(
                language,
                "パスワードがあるときは \"starttls\" か \"tls\" にしてください。\"none\" では途中で読み取られます",
                "must be \"starttls\" or \"tls\" when there is a password: it would be readable by everybody on the way"
            ),
            Self::BothOfLogin => both!(
                language,
                "username と password (secrets.env にある名前) は、両方書くか、どちらも書かないでください",
                "must be both `username` and `password` (the name of a secret), or neither"
            ),
            #[cfg(feature = "mysql")]
            Self::HostOrSocket => both!(
                language,
                "host (TLS で接続します) か socket のどちらか一方を書いてください",
                "must be given, with TLS, or else `socket`, and not both"
            ),
            #[cfg(feature = "mysql")]
            Self::DatabaseName => both!(
                language,
                "データベースの名前 (半角の英数字と _ - $、64 文字まで) にしてください",
                "must be the name of a database: letters, digits, _ - and $, 64 at most"
            ),
            #[cfg(feature = "mysql")]
            Self::OtherDatabase => both!(
                language,
                "shared_database とは別のデータベースにしてください。リレー専用のデータベースです",
                "must be another database than `shared_database`: it is the relay's own"
            ),
        }
    }
}

fn one_of(language: Language, words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    match (language, quoted.split_last()) {
        (Language::Ja, _) => {
            let words = quoted.join("、");
            format!("{words} のどれかにしてください")
        }
        (Language::En, Some((last, rest))) if !rest.is_empty() => {
            format!("must be {} or {last}", rest.join(", "))
        }
        (Language::En, _) => format!("must be {}", quoted.join("")),
    }
}
