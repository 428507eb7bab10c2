//! Reads the relay's own certificate and key again once a minute, so that whoever renews them need not tell the relay. A
//! pair that is bad, or only half there yet, is refused, and the one in use stays.

use std::time::Duration;

use tokio::sync::watch;

use crate::key_pair::{CurrentKeyPair, KeyPairFiles};

/// The time between two looks at the files.
const EVERY: Duration = Duration::from_mins(1);

/// Keeps the pair in use that its files have.
pub struct KeyPairWatch {
    files: KeyPairFiles,
    current: CurrentKeyPair,
}

impl KeyPairWatch {
    /// Looks at `files` for `current`.
    #[must_use]
    pub fn new(files: KeyPairFiles, current: CurrentKeyPair) -> Self {
        Self { files, current }
    }

    /// Looks after it until `stop` becomes true.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            self.step().await;
        }
    }

    /// One look.
    pub async fn step(&self) {
        let files = self.files.clone();
        // A disk of the network may take long; the next look asks again.
        let Ok(read) = tokio::task::spawn_blocking(move || files.read()).await else {
            return;
        };
        match self.current.offer(read) {
            Some(Ok(about)) => {
                let names = about.names.join(", ");
                tracing::info!(names, ends = %about.ends, "callers over TLS are shown another certificate now");
            }
            Some(Err(error)) => {
                tracing::warn!(%error, "the relay's own certificate or key is bad; the one before stays in use");
            }
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use rcgen::{CertificateParams, KeyPair};

    use super::*;
    use crate::key_pair::{Fault, Half};

    fn write(files: &KeyPairFiles, host: &str) {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![host.to_owned()]).unwrap();
        let certificate = certificate.self_signed(&key).unwrap();
        fs::write(&files.certificate, certificate.pem()).unwrap();
        fs::write(&files.key, key.serialize_pem()).unwrap();
    }

    #[tokio::test]
    async fn what_the_files_have_is_in_use_after_a_look_unless_it_is_bad() {
        let directory = tempfile::tempdir().unwrap();
        let files = KeyPairFiles {
            certificate: directory.path().join("fullchain.pem"),
            key: directory.path().join("privkey.pem"),
        };
        write(&files, "a.example");
        let current = CurrentKeyPair::new(files.read().unwrap());
        let watch = KeyPairWatch::new(files.clone(), current.clone());
        write(&files, "b.example");
        watch.step().await;
        assert_eq!(current.about().names, ["b.example"]);
        // Half of the next one is there.
        fs::write(&files.key, KeyPair::generate().unwrap().serialize_pem()).unwrap();
        watch.step().await;
        assert_eq!(current.about().names, ["b.example"]);
        let refused = current.refused().unwrap();
        assert_eq!(
            (refused.half, refused.fault),
            (Half::Key, Fault::KeyOfAnother)
        );
        write(&files, "c.example");
        watch.step().await;
        assert_eq!(current.about().names, ["c.example"]);
        assert_eq!(current.refused(), None);
    }
}
