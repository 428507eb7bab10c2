//! The id of a request, which its answer repeats: the one that the caller gave, or a new one.

use hyper::header::HeaderValue;
use hyper::http::request::Parts;
use hyper::{HeaderMap, Request};
use tower_http::request_id::{MakeRequestId, RequestId};
use uuid::{NoContext, Timestamp, Uuid};

/// The longest id that is accepted from a caller, in bytes.
const ID_BYTES: usize = 191;

/// The header of an id.
pub(super) const HEADER: &str = "x-request-id";

/// Makes ids for requests that have none.
#[derive(Clone, Copy)]
pub(super) struct NewRequestId;

impl MakeRequestId for NewRequestId {
    fn make_request_id<B>(&mut self, _request: &Request<B>) -> Option<RequestId> {
        // Without a counter, for which the system would be asked for random bytes once more.
        let id = Uuid::new_v7(Timestamp::now(NoContext)).to_string();
        HeaderValue::from_str(&id).ok().map(RequestId::new)
    }
}

/// The `X-Request-ID` that the caller gave. The next layer gives every request one, so it is noted before that.
#[derive(Clone, Debug)]
pub struct GivenId(String);

impl GivenId {
    /// Notes the caller's id. An invalid one is removed, so that the request gets a new one.
    pub fn note<B>(mut request: Request<B>) -> Request<B> {
        match Self::read(request.headers()) {
            Some(id) => {
                request.extensions_mut().insert(id);
            }
            None => {
                request.headers_mut().remove(HEADER);
            }
        }
        request
    }

    /// The caller's id if it is valid: given once, at most 191 printable ASCII characters.
    fn read(headers: &HeaderMap) -> Option<Self> {
        let mut given = headers.get_all(HEADER).iter();
        let (Some(id), None) = (given.next(), given.next()) else {
            return None;
        };
        let id = id.to_str().ok()?;
        (1..=ID_BYTES)
            .contains(&id.len())
            .then(|| Self(id.to_owned()))
    }

    /// The caller's id, as [`GivenId::note`] has noted it.
    pub fn noted_in(head: &Parts) -> Option<String> {
        let Self(id) = head.extensions.get()?;
        Some(id.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(ids: &[&'static str]) -> Option<String> {
        let mut request = Request::builder();
        for id in ids {
            request = request.header("x-request-id", *id);
        }
        let request = GivenId::note(request.body(()).unwrap());
        GivenId::noted_in(&request.into_parts().0)
    }

    #[test]
    fn the_senders_own_id_is_noted_when_it_is_one() {
        assert_eq!(noted(&["abc"]).as_deref(), Some("abc"));
        assert_eq!(noted(&[]), None);
        assert_eq!(noted(&[""]), None);
        assert_eq!(noted(&["a", "b"]), None);
        let long: &'static str = "x".repeat(192).leak();
        assert_eq!(noted(&[long]), None);
        assert_eq!(noted(&["番号"]), None);
    }
}
