//! Why a page is not shown.

use super::upload::UploadError;
use crate::http::reply::ApiError;
use crate::http::wing::NotRouted;
use crate::store::StoreError;

/// Why a page is not shown.
#[derive(Debug, thiserror::Error)]
pub(super) enum PageError {
    /// The request was meant for another host.
    #[error("the host is none of the relay's")]
    WrongHost,
    /// Others could read along.
    #[error("plain http")]
    PlainHttp,
    /// Something was to be changed, and none of the relay's pages asked for it.
    #[error("the request does not come from the page")]
    Forged,
    /// A cookie may be there that the browser did not send.
    #[error("the browser was led here from elsewhere")]
    AskAgain,
    /// Nobody is logged in.
    #[error("nobody is logged in")]
    LoggedOut,
    /// The role does not allow it.
    #[error("the role does not allow it")]
    NotAllowed,
    /// The code is not good.
    #[error("wrong code")]
    WrongCode,
    /// It is not good either, and it is one too many; after so many seconds another one is taken.
    #[error("too many wrong codes")]
    TooManyCodes(u64),
    /// What is asked for contradicts what is kept, as this says in the reader's language. Nothing was changed.
    #[error("{0}")]
    Contradicts(String),
    /// A file was not taken; this is the address to go back to.
    #[error("{0}")]
    Upload(UploadError, &'static str),
    /// There is no such page.
    #[error("no such page")]
    NotFound,
    /// There is, for other methods.
    #[error("the page takes {0}")]
    OtherMethods(String),
    /// What any answer of the relay can meet.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// A page could not be written.
    #[error("a page could not be written: {0}")]
    Template(#[from] askama::Error),
}

impl From<NotRouted> for PageError {
    fn from(error: NotRouted) -> Self {
        match error {
            NotRouted::NoSuchPath => Self::NotFound,
            NotRouted::OtherMethods(allowed) => Self::OtherMethods(allowed),
        }
    }
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        Self::Api(error.into())
    }
}
