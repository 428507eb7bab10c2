//! Logging in to the page, and the commands around it.

use crate::language::{Language, Locale};
use crate::session::Role;

phrases! {
    /// Short texts of the login.
    Login {
        Title: "ログイン", "Log in";
        Ask: "コードを入力してください", "Enter your code";
        Explained: "コードは、サーバーの担当者が次のコマンドで発行します。一度だけ、10 分間使えます。パスワードはありません。", "Whoever looks after the server makes the code with this command. It is good once, for 10 minutes. There is no password.";
        Example: "例: K7QM-3XRA-9TZC-E2WD", "such as K7QM-3XRA-9TZC-E2WD";
        Button: "ログインする", "Log in";
        Reading: "ログインしています", "Logging in";
        Over: "ログインしていないか、ログインの期限が切れました。", "You are not logged in, or your login is over.";
        LoggedOut: "ログアウトしました。", "You are logged out.";
        Wrong: "このコードは使えません。誤りがあるか、もう使われたか、10 分を過ぎています。もう一度発行してもらってください。", "This code is not good: it is mistyped, was used already, or is older than 10 minutes. Ask for a new one.";
        Looking: "ログインを確かめています", "Looking at your login";
        Continue: "続ける", "Go on";
        NoSessions: "ログインしている人はいません", "nobody is logged in";
        NobodyThere: "該当するログインはありません", "there is no such login";
        Viewer: "閲覧", "viewer";
        Operator: "操作", "operator";
        NoPublicAddress: "server.public_url が設定されていないため、このリンクはこのサーバー自身からだけ開けます", "server.public_url is not set, so this link opens at this server itself only";
    }
}

/// Too many wrong codes came.
pub(crate) fn wait(seconds: u64, locale: Locale) -> String {
    let span = locale.span_of(seconds.div_ceil(60).max(1) * 60);
    both!(
        locale.language,
        "誤ったコードが続いたため、{span}ほど待ってからもう一度試してください。正しいコードなら今でも使えます。",
        "Too many wrong codes came. Try again in {span}. A right code works at once."
    )
}

/// What a role is called.
pub(crate) fn role(role: Role, language: Language) -> &'static str {
    language.phrase(match role {
        Role::Viewer => Login::Viewer,
        Role::Operator => Login::Operator,
    })
}

/// A login was prepared.
pub(crate) fn issued(
    link: &str,
    code: &str,
    who: (&str, Role),
    until: &str,
    language: Language,
) -> String {
    let (name, role) = (who.0, self::role(who.1, language));
    both!(
        language,
        "{link}\nコード: {code}\n{name} ({role})。{until} までに、一度だけ使えます。ほかの人に見せないでください。",
        "{link}\ncode: {code}\n{name} ({role}); good once, until {until}. Show it to nobody else."
    )
}

/// A session in a line.
pub(crate) fn session(
    id: &str,
    who: (&str, Role),
    (since, until): (&str, &str),
    language: Language,
) -> String {
    let (name, role) = (who.0, self::role(who.1, language));
    both!(
        language,
        "{id}  {name} ({role})  {since} から、最長 {until} まで",
        "{id}  {name} ({role})  since {since}, until {until} at the latest"
    )
}

/// Sessions were ended.
pub(crate) fn ended(number: u64, language: Language) -> String {
    both!(
        language,
        "{number} 件のログインを終わらせました",
        "ended, logins: {number}"
    )
}

/// A session of this role cannot be so long.
pub(crate) fn too_long(longest: u32, language: Language) -> String {
    both!(
        language,
        "--hours は、この権限では {longest} 時間までです",
        "--hours: at most {longest} for this role"
    )
}
