//! A URL that parsers take, and that leads elsewhere than whoever wrote it means.

/// A URL with a blank, which parsers take away or encode: it leads elsewhere, or nobody meant it.
pub(super) fn is_spoiled_by_blank(text: &str) -> bool {
    text.trim_start().starts_with("http") && text.contains(char::is_whitespace)
}
