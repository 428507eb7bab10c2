//! What the operating system said, as a value that can be kept and compared.

use std::io;

use rustix::io::Errno;

use crate::plain_file::NotOrdinary;

/// An error of the operating system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemError {
    kind: io::ErrorKind,
    /// The system's own number for it.
    number: Option<i32>,
    /// False for a pipe, a socket or a device in the place of a file.
    is_ordinary: bool,
    said: String,
}

impl From<&io::Error> for SystemError {
    fn from(error: &io::Error) -> Self {
        Self {
            kind: error.kind(),
            number: error.raw_os_error(),
            is_ordinary: !matches!(error.get_ref(), Some(source) if source.is::<NotOrdinary>()),
            said: error.to_string(),
        }
    }
}

impl SystemError {
    /// What kind of error it is.
    #[must_use]
    pub fn kind(&self) -> io::ErrorKind {
        self.kind
    }

    /// The error that the system has this English sentence for; none when the sentence is not the system's.
    pub(crate) fn of_sentence(said: &str) -> Option<Self> {
        let (_, number) = said.strip_suffix(')')?.rsplit_once("(os error ")?;
        let error = io::Error::from_raw_os_error(number.parse().ok()?);
        Some(Self::from(&error)).filter(|error| error.said == said)
    }

    /// The system's own number for it.
    #[must_use]
    pub fn number(&self) -> Option<i32> {
        self.number
    }

    /// Whether the process, or all of them together, may open no more files and connections.
    #[must_use]
    pub fn lacks_file_handles(&self) -> bool {
        let codes = [Errno::MFILE, Errno::NFILE].map(Errno::raw_os_error);
        self.number.is_some_and(|number| codes.contains(&number))
    }

    /// False for a pipe, a socket or a device in the place of a file.
    #[must_use]
    pub fn is_ordinary(&self) -> bool {
        self.is_ordinary
    }

    /// Its sentence in English.
    #[must_use]
    pub fn said(&self) -> &str {
        &self.said
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_found_again_by_its_english_sentence() {
        let unreachable = io::Error::from_raw_os_error(101);
        let found = SystemError::of_sentence(&unreachable.to_string()).unwrap();
        assert_eq!(found, SystemError::from(&unreachable));
        for other in ["odd", "odd (os error 101)", "(os error x)"] {
            assert_eq!(SystemError::of_sentence(other), None, "{other}");
        }
    }
}
