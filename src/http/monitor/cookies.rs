//! The cookies of the page: who is logged in, the reader's language, and what an action has done.

use hyper::HeaderMap;
use hyper::header::{COOKIE, HeaderValue};

use crate::language::Language;
use crate::session::SessionSecret;

/// The parameter, and the cookie, of the reader's language.
pub(super) const LANGUAGE: &str = "lang";

/// The cookie of what an action has done: nobody else's link can make the page tell something.
pub(super) const TOLD: &str = "told";
/// How long that is kept at most, in seconds.
const A_MINUTE: u64 = 60;
/// How long the language is remembered, in seconds: a year.
const A_YEAR: u64 = 365 * 86_400;

/// The name of the session's cookie. Over https it is one that browsers take from this origin alone.
pub(super) fn session(https: bool) -> &'static str {
    if https { "__Host-monitor" } else { "monitor" }
}

/// The value of a cookie.
pub(super) fn read<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let lines = headers.get_all(COOKIE).iter();
    let cookies = lines.filter_map(|line| line.to_str().ok());
    let mut cookies = cookies.flat_map(|line| line.split(';'));
    cookies.find_map(|cookie| cookie.trim().strip_prefix(name)?.strip_prefix('='))
}

/// Sets the session's cookie; `seconds`: how long the browser keeps it, else until it is closed.
pub(super) fn begin(secret: &SessionSecret, seconds: Option<u64>, https: bool) -> HeaderValue {
    written(session(https), secret.expose(), seconds, https)
}

/// Takes the session's cookie away.
pub(super) fn end(https: bool) -> HeaderValue {
    written(session(https), "", Some(0), https)
}

/// What an action tells the page that it leads to; `None` takes it away, when it was told.
pub(super) fn told(what: Option<&str>, https: bool) -> HeaderValue {
    let seconds = what.map_or(0, |_| A_MINUTE);
    written(TOLD, what.unwrap_or_default(), Some(seconds), https)
}

/// Remembers the reader's language.
pub(super) fn language(language: Language, https: bool) -> HeaderValue {
    written(LANGUAGE, language.code(), Some(A_YEAR), https)
}

fn written(name: &str, value: &str, seconds: Option<u64>, https: bool) -> HeaderValue {
    let age = seconds.map_or_else(String::new, |seconds| format!("; Max-Age={seconds}"));
    let place = if https { "/; Secure" } else { "/monitor" };
    let cookie = format!("{name}={value}; HttpOnly; SameSite=Strict; Path={place}{age}");
    // Names, words of the program and hexadecimal digits.
    HeaderValue::try_from(cookie).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        headers.append(
            COOKIE,
            HeaderValue::from_static("xmonitor=1; monitor=2;lang=en"),
        );
        headers.append(COOKIE, HeaderValue::from_static("__Host-monitor=3"));
        for (name, value) in [
            ("monitor", Some("2")),
            ("lang", Some("en")),
            ("__Host-monitor", Some("3")),
            ("monito", None),
        ] {
            assert_eq!(read(&headers, name), value, "{name}");
        }
    }

    #[test]
    fn a_cookie_follows_the_way_by_which_it_is_asked_for() {
        let secret = SessionSecret::shown("s");
        let plain = "monitor=s; HttpOnly; SameSite=Strict; Path=/monitor";
        assert_eq!(begin(&secret, None, false), plain);
        let secure = "__Host-monitor=s; HttpOnly; SameSite=Strict; Path=/; Secure; Max-Age=60";
        assert_eq!(begin(&secret, Some(60), true), secure);
        let gone = "monitor=; HttpOnly; SameSite=Strict; Path=/monitor; Max-Age=0";
        assert_eq!(end(false), gone);
    }
}
