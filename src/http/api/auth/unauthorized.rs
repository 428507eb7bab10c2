//! Why a caller is not authenticated.

/// Why a caller was refused: for the log only, the answer is always the same (contract, section 4, status 401). It
/// contains nothing of the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unauthorized {
    /// There is no authorization header that can be read.
    #[error("no authorization header")]
    Missing,
    /// There is more than one: a proxy before the relay may have used another one.
    #[error("more than one authorization header")]
    Twice,
    /// It is not `Bearer` and a token.
    #[error("not a bearer token")]
    NotBearer,
    /// More than 8 KiB.
    #[error("the token is too long")]
    TooLong,
    /// Neither the static token nor a JWT whose header and claims can be read.
    #[error("neither the static token nor a JWT that can be read")]
    Malformed,
    /// A JWT with another algorithm than HS256, `none` among them.
    #[error("the token's algorithm is not HS256")]
    WrongAlgorithm,
    /// The JWT's header demands (`crit`) something that the relay does not know.
    #[error("the token demands an extension")]
    UnknownExtension,
    /// There is no secret to check a JWT with, or no static token either.
    #[error("no key is configured")]
    NoKey,
    /// Signed with another key, or changed since.
    #[error("the token's signature is wrong")]
    BadSignature,
    /// `iss` is missing or another one.
    #[error("the token was issued by somebody else")]
    WrongIssuer,
    /// `aud` is missing, or the relay is not in it.
    #[error("the token is meant for somebody else")]
    WrongAudience,
    /// `exp` is missing or no number.
    #[error("the token has no expiry time")]
    NoExpiry,
    /// `exp` is more than 60 seconds ago.
    #[error("the token has expired")]
    Expired,
    /// `nbf` is more than 60 seconds ahead.
    #[error("the token is not valid yet")]
    NotYet,
    /// Its `jti` was revoked.
    #[error("the token was revoked")]
    Revoked,
}
