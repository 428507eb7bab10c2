//! The pair that callers are shown now.

use std::sync::{Arc, PoisonError, RwLock};

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::{Certificate, KeyPairError, ServerKeyPair};

/// The pair in use; another one can take its place while connections come in. Cheap to clone.
#[derive(Clone, Debug)]
pub struct CurrentKeyPair(Arc<RwLock<State>>);

#[derive(Debug)]
struct State {
    pair: ServerKeyPair,
    /// Why what the files have now did not take its place.
    refused: Option<KeyPairError>,
}

impl CurrentKeyPair {
    /// Begins with this one.
    #[must_use]
    pub fn new(pair: ServerKeyPair) -> Self {
        let refused = None;
        Self(Arc::new(RwLock::new(State { pair, refused })))
    }

    /// What the files have now takes its place, or is refused, and then the present one stays. Answers which of the two,
    /// unless it is known already.
    pub fn offer(
        &self,
        read: Result<ServerKeyPair, KeyPairError>,
    ) -> Option<Result<Certificate, KeyPairError>> {
        let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let before = state.refused.take();
        match read {
            Ok(pair) if pair.is(&state.pair) => None,
            Ok(pair) => {
                let about = pair.about.clone();
                state.pair = pair;
                Some(Ok(about))
            }
            Err(error) => {
                let is_new = before.as_ref() != Some(&error);
                state.refused = Some(error.clone());
                is_new.then_some(Err(error))
            }
        }
    }

    /// What the present certificate says.
    #[must_use]
    pub fn about(&self) -> Certificate {
        let state = self.0.read().unwrap_or_else(PoisonError::into_inner);
        state.pair.about.clone()
    }

    /// Why what the files have now is not in use; none: it is.
    #[must_use]
    pub fn refused(&self) -> Option<KeyPairError> {
        let state = self.0.read().unwrap_or_else(PoisonError::into_inner);
        state.refused.clone()
    }
}

impl ResolvesServerCert for CurrentKeyPair {
    /// Whatever host a caller asks for: the relay has one certificate.
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let state = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&state.pair.certified))
    }
}
