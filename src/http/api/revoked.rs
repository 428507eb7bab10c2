//! The names of revoked tokens, in memory: they are asked for with every request.

use std::collections::HashSet;
use std::sync::{PoisonError, RwLock};

/// The revoked tokens' `jti`s. The store holds the same set, for good.
pub type Revoked = RwLock<HashSet<String>>;

/// Whether `jti` was revoked.
pub fn contains(revoked: &Revoked, jti: &str) -> bool {
    revoked
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .contains(jti)
}

/// From now on, `jti` is revoked.
pub fn insert(revoked: &Revoked, jti: &str) {
    revoked
        .write()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(jti.to_owned());
}
