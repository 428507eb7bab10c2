//! What the table says of an endpoint besides its path: who may call it, and whether the rate limit counts it.

use crate::http::reply::ApiError;
use crate::http::wing;
use crate::token::Scope;

/// What a caller needs for an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// A token with this scope.
    Token(Scope),
    /// One of the proofs that the staff system's senders bring; the endpoint itself looks at them, because most of
    /// them are signatures of the body.
    Proof,
    /// Nothing.
    Anybody,
}

/// What has to hold before an endpoint's handler is called.
#[derive(Clone, Copy, Debug)]
pub(super) struct EndpointRules {
    pub(super) access: Access,
    /// Whether the rate limit counts it (contract, section 4.2).
    pub(super) limited: bool,
}

pub(super) type Endpoint = wing::Endpoint<EndpointRules, wing::Handler<ApiError>>;
