//! The ids of revoked tokens, in memory because every request is checked against them.

use std::collections::HashSet;
use std::sync::{PoisonError, RwLock};

/// The `jti`s of revoked tokens. The store has the same set.
pub type Revoked = RwLock<HashSet<String>>;

/// Whether `jti` was revoked.
pub fn contains(revoked: &Revoked, jti: &str) -> bool {
    revoked
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .contains(jti)
}

/// Adds `jti` to the revoked ones.
pub fn insert(revoked: &Revoked, jti: &str) {
    revoked
        .write()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(jti.to_owned());
}
