//! Forms and addresses: what a page sends, and where links lead.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::Visit;
use super::error::PageError;
use crate::http::request;

/// The longest form, in bytes: a few words and a filter.
const LONGEST: usize = 16 * 1024;

/// The fields of a form.
pub(super) struct Form(BTreeMap<String, String>);

impl Form {
    /// Reads the form that was posted.
    ///
    /// # Errors
    /// Those of a body that is too long or breaks off.
    pub(super) async fn read(visit: &mut Visit<'_>) -> Result<Self, PageError> {
        let bytes = match visit.body.take() {
            Some(body) => request::bytes(body, LONGEST).await?,
            None => Bytes::new(),
        };
        let fields = form_urlencoded::parse(&bytes);
        Ok(Self(fields.into_owned().collect()))
    }

    /// What stands in a field, without blanks around it; none when it is empty.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let text = self.0.remove(name)?;
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }
}

/// Whether a query has a parameter.
pub(super) fn has(query: &str, name: &str) -> bool {
    form_urlencoded::parse(query.as_bytes()).any(|(key, _)| key == name)
}

/// A query without one of its parameters.
pub(super) fn without(query: &str, name: &str) -> String {
    let pairs = form_urlencoded::parse(query.as_bytes());
    let pairs = pairs.filter(|(key, _)| key != name);
    let mut kept = form_urlencoded::Serializer::new(String::new());
    kept.extend_pairs(pairs).finish()
}

/// A path with a query, if there is one.
pub(super) fn address(path: &str, query: &str) -> String {
    if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{query}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_left_out_and_the_others_stay() {
        assert_eq!(without("a=1&lang=en&b=%26", "lang"), "a=1&b=%26");
        assert_eq!(without("lang=en", "lang"), "");
        assert!(has("a=1&reload=1", "reload") && !has("a=reload&xreload=1", "reload"));
        assert_eq!(address("/x", ""), "/x");
        assert_eq!(address("/x", "a=1"), "/x?a=1");
    }
}
