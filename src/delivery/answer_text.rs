//! The body of an answer as a text that can be kept and shown.

use encoding_rs::{DecoderResult, EUC_JP, Encoding, ISO_2022_JP, SHIFT_JIS, UTF_8};
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName};

use crate::attempt::Compressed;

/// The most of an answer's body that is kept, in bytes.
const BODY_KEPT: usize = 8 * 1024;
/// Begins kanji and kana in ISO-2022-JP.
const ESCAPES: [&[u8]; 2] = [b"\x1b$B", b"\x1b$@"];
/// As far as browsers look for the encoding of a page, in bytes.
const DECLARES_WITHIN: usize = 1024;

/// The body as it is kept. Nobody asked for a compressed one; its bytes would be no text.
pub(super) fn kept(body: &[u8], headers: &HeaderMap) -> Option<String> {
    match text(headers, &CONTENT_ENCODING) {
        Some(coding) if !coding.is_empty() && !coding.eq_ignore_ascii_case("identity") => {
            let bytes = body.len();
            Some(Compressed { bytes, coding }.to_string())
        }
        _ => as_text(body, headers),
    }
}

/// At most the first 8 KiB of a body as text, in the encoding that its header declares, else the one that it declares
/// itself, else in the one that it can only be. What is not of that encoding is replaced; a character that the limit cut is
/// left out.
#[must_use]
pub fn as_text(body: &[u8], headers: &HeaderMap) -> Option<String> {
    let kept = &body[..body.len().min(BODY_KEPT)];
    let encoding = declared(headers).or_else(|| declared_inside(body));
    let encoding = encoding.unwrap_or_else(|| undeclared(kept, body.len() == kept.len()));
    let mut decoder = encoding.new_decoder();
    let most = decoder.max_utf8_buffer_length(kept.len())?;
    let mut text = String::with_capacity(most);
    let last = false; // An incomplete character at the end is not replaced then.
    let (_, _, _) = decoder.decode_to_string(kept, &mut text, last);
    (!text.is_empty()).then_some(text)
}

/// The encoding that `Content-Type` names.
fn declared(headers: &HeaderMap) -> Option<&'static Encoding> {
    let kind = text(headers, &CONTENT_TYPE)?;
    let charset = kind.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then_some(value)
    })?;
    Encoding::for_label(charset.trim().trim_matches('"').as_bytes())
}

/// The encoding that a page names in its `<meta>`, or XML in its first line. One that is not ASCII-compatible is ignored:
/// the declaration itself was read as ASCII.
fn declared_inside(body: &[u8]) -> Option<&'static Encoding> {
    let beginning = &body[..body.len().min(DECLARES_WITHIN)];
    let beginning = String::from_utf8_lossy(beginning).to_ascii_lowercase();
    let of_xml = beginning.trim_start().starts_with("<?xml");
    let of_xml = of_xml.then(|| beginning.split_once("?>")?.0.split_once("encoding"));
    let mut of_meta = beginning.split("<meta").skip(1);
    let of_meta = of_meta.find_map(|rest| rest.split_once('>')?.0.split_once("charset"));
    let (_, rest) = of_xml.flatten().or(of_meta)?;
    let value = rest.trim_start().strip_prefix('=')?.trim_start();
    let value = value.trim_start_matches(['"', '\'']);
    let label = value
        .split(['"', '\'', ';', ' ', '/', '\t', '\r', '\n'])
        .next()?;
    Encoding::for_label(label.as_bytes()).filter(|encoding| encoding.is_ascii_compatible())
}

/// The encoding of a body that declares none: UTF-8, unless its bytes are none and are Japanese in another one. `whole`: a
/// character that its end cuts is a mistake.
fn undeclared(body: &[u8], whole: bool) -> &'static Encoding {
    if ESCAPES.iter().any(|escape| has(body, escape)) {
        return ISO_2022_JP;
    }
    let is_utf_8 = match str::from_utf8(body) {
        Ok(_) => true,
        Err(error) => !whole && error.error_len().is_none(),
    };
    if is_utf_8 {
        return UTF_8;
    }
    // Kana and kanji of Shift_JIS have bytes that EUC-JP does not have.
    let mut others = [EUC_JP, SHIFT_JIS].into_iter();
    let other = others.find(|encoding| is_japanese_in(encoding, body, whole));
    other.unwrap_or(UTF_8)
}

fn is_japanese_in(encoding: &'static Encoding, body: &[u8], whole: bool) -> bool {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let most = decoder.max_utf8_buffer_length_without_replacement(body.len());
    let mut text = String::with_capacity(most.unwrap_or_default());
    let (result, _) = decoder.decode_to_string_without_replacement(body, &mut text, whole);
    result == DecoderResult::InputEmpty && has_a_japanese_word(&text)
}

fn has(body: &[u8], what: &[u8]) -> bool {
    body.windows(what.len()).any(|part| part == what)
}

/// Two Japanese letters beside each other. A single one may be a letter with an accent and the one behind it.
fn has_a_japanese_word(text: &str) -> bool {
    let letters: Vec<bool> = text.chars().map(is_japanese).collect();
    letters.windows(2).any(|two| two[0] && two[1])
}

fn is_japanese(letter: char) -> bool {
    matches!(letter, '\u{3041}'..='\u{30fe}' | '\u{4e00}'..='\u{9fff}')
}

/// A header that is a text.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    fn headers(pairs: &[(&HeaderName, &str)]) -> HeaderMap {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| ((*name).clone(), HeaderValue::from_str(value).unwrap()))
            .collect()
    }

    #[test]
    fn a_kept_body_ends_with_a_whole_character() {
        let plain = HeaderMap::new();
        assert_eq!(as_text("あい".as_bytes(), &plain), Some("あい".to_owned()));
        assert_eq!(
            as_text(&"あい".as_bytes()[..5], &plain),
            Some("あ".to_owned())
        );
        assert_eq!(as_text(b"", &plain), None);
        assert_eq!(as_text(b"a\xffb", &plain), Some("a\u{fffd}b".to_owned()));
        let long = "あ".repeat(BODY_KEPT);
        let kept = as_text(long.as_bytes(), &plain).unwrap();
        assert_eq!(kept.len(), BODY_KEPT / 3 * 3);
    }

    #[test]
    fn a_body_is_read_in_the_encoding_that_it_declares() {
        let words = "署名が違います";
        for (kind, label) in [
            ("text/plain; charset=Shift_JIS", "shift_jis"),
            ("text/html;Charset=\"EUC-JP\"; x=y", "euc-jp"),
            ("text/plain; charset=ISO-2022-JP", "iso-2022-jp"),
        ] {
            let encoding = Encoding::for_label(label.as_bytes()).unwrap();
            let (bytes, _, _) = encoding.encode(words);
            let headers = headers(&[(&CONTENT_TYPE, kind)]);
            assert_eq!(as_text(&bytes, &headers).as_deref(), Some(words), "{kind}");
        }
        for kind in [
            "text/plain; charset=klingon",
            "text/plain; charset",
            "charset=utf-16",
        ] {
            let headers = headers(&[(&CONTENT_TYPE, kind)]);
            assert_eq!(as_text(words.as_bytes(), &headers).as_deref(), Some(words));
        }
    }

    #[test]
    fn a_page_is_read_in_the_encoding_that_it_declares_itself() {
        let words = "署名が違います";
        for (begin, label) in [
            (
                "<html><head><meta charset=\"Shift_JIS\"><title>",
                "shift_jis",
            ),
            ("<META CHARSET=x-sjis><p>", "shift_jis"),
            (
                "<meta name=a><meta http-equiv='Content-Type' content='text/html; charset=EUC-JP'>",
                "euc-jp",
            ),
            (
                "<?xml version=\"1.0\" encoding=\"Shift_JIS\"?><p>",
                "shift_jis",
            ),
            ("<meta charset=\"utf-16\">", "utf-8"),
            ("<p charset=\"Shift_JIS\">", "utf-8"),
        ] {
            let page = format!("{begin}{words}");
            let encoding = Encoding::for_label(label.as_bytes()).unwrap();
            let (bytes, _, _) = encoding.encode(&page);
            let html = headers(&[(&CONTENT_TYPE, "text/html")]);
            assert_eq!(as_text(&bytes, &html).as_deref(), Some(page.as_str()));
        }
        // What the header says counts more.
        let page = format!("<meta charset=\"Shift_JIS\">{words}");
        let utf8 = headers(&[(&CONTENT_TYPE, "text/html; charset=utf-8")]);
        assert_eq!(as_text(page.as_bytes(), &utf8), Some(page));
    }

    #[test]
    fn a_body_that_declares_nothing_is_read_in_what_it_can_only_be() {
        let plain = HeaderMap::new();
        for words in [
            "署名が違います",
            "認証失敗",
            "ｴﾗｰ: 認証に失敗しました",
            "{\"error\": \"システムエラー\"}",
        ] {
            for label in ["shift_jis", "euc-jp", "iso-2022-jp", "utf-8"] {
                let encoding = Encoding::for_label(label.as_bytes()).unwrap();
                let (bytes, _, unmappable) = encoding.encode(words);
                // What has no half-width kana has no bytes for them.
                let has_bytes = label != "iso-2022-jp" || !words.starts_with('ｴ');
                if has_bytes && !unmappable {
                    let read = as_text(&bytes, &plain);
                    assert_eq!(read.as_deref(), Some(words), "{label}");
                }
            }
        }
        // The limit cuts a character.
        let long = "名".repeat(BODY_KEPT);
        let (long, _, _) = SHIFT_JIS.encode(&long);
        let cut = [b"!", &long[..]].concat();
        let read = as_text(&cut, &plain).unwrap();
        assert!(read.starts_with("!名名") && read.ends_with('名'), "{read}");
        // Western letters are no Japanese.
        for bytes in [&b"caf\xe9"[..], b"\xe9a", b"f\xfcr \xe9t\xe9"] {
            let read = as_text(bytes, &plain).unwrap();
            assert!(!read.chars().any(is_japanese), "{read}");
        }
    }

    #[test]
    fn a_compressed_body_is_called_one() {
        let gzip = headers(&[(&CONTENT_ENCODING, "gzip")]);
        let told = kept(b"\x1f\x8b\x08", &gzip).unwrap();
        assert_eq!(told, "(3 bytes that are compressed: gzip)");
        let compressed = Compressed::of_kept(&told).unwrap();
        assert_eq!((compressed.bytes, compressed.coding), (3, "gzip"));
        let identity = headers(&[(&CONTENT_ENCODING, "identity")]);
        assert_eq!(kept(b"ok", &identity).as_deref(), Some("ok"));
    }
}
