//! Style sheet, script and icon. Their names change with what is in them, so browsers keep them for good.

use std::sync::LazyLock;

use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};

use super::Visit;
use super::error::PageError;
use crate::crypto;
use crate::http::reply::Reply;

/// A file of the page.
struct Asset {
    /// Its name, with the beginning of its digest.
    name: String,
    media: &'static str,
    content: &'static str,
}

static ASSETS: LazyLock<[Asset; 3]> = LazyLock::new(|| {
    let files = [
        (
            "css",
            "text/css; charset=utf-8",
            include_str!("assets/page.css"),
        ),
        (
            "js",
            "text/javascript; charset=utf-8",
            include_str!("assets/page.js"),
        ),
        ("svg", "image/svg+xml", include_str!("assets/icon.svg")),
    ];
    files.map(|(ending, media, content)| {
        let digest = crypto::hex(&crypto::sha256(&[content.as_bytes()])[..6]);
        Asset {
            name: format!("{digest}.{ending}"),
            media,
            content,
        }
    })
});

/// The name of the file with this ending.
pub(super) fn name(ending: &str) -> &'static str {
    let mut assets = ASSETS.iter();
    assets
        .find(|asset| asset.name.ends_with(ending))
        .map_or("", |asset| &asset.name)
}

/// `GET /monitor/assets/{id}`
///
/// # Errors
/// `NotFound`
pub(super) fn show(visit: &Visit<'_>) -> Result<Reply, PageError> {
    let mut assets = ASSETS.iter();
    let asset = assets.find(|asset| asset.name == visit.id);
    let asset = asset.ok_or(PageError::NotFound)?;
    let mut reply = Reply::new(asset.content.into());
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.media));
    let for_good = HeaderValue::from_static("public, max-age=31536000, immutable");
    headers.insert(CACHE_CONTROL, for_good);
    Ok(reply)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_has_its_name_and_none_is_large() {
        for (ending, most) in [(".css", 12_000), (".js", 6_000), (".svg", 1_000)] {
            let asset = ASSETS.iter().find(|asset| asset.name == name(ending));
            assert!(asset.unwrap().content.len() <= most, "{ending}");
        }
        let script = ASSETS.iter().find(|asset| asset.name == name(".js"));
        assert!(script.unwrap().content.lines().count() <= 150);
    }
}
