//! `regex-lite` under the name of `regex`.
//!
//! The one regular expression of the program is refinery's, for the names of migrations. The engines and
//! Unicode tables with which `regex` would match it were an eighth of the binary. Of what differs, nothing
//! is used here: `regex-lite` knows the classes of ASCII only, and is slower.

pub use regex_lite::{Error, Regex};

/// The builder of `regex-lite` with the one method that is missing there and that tests call
/// (`jsonschema`).
#[derive(Debug)]
pub struct RegexBuilder(regex_lite::RegexBuilder);

impl RegexBuilder {
    /// Begins with a pattern.
    #[must_use]
    pub fn new(pattern: &str) -> Self {
        Self(regex_lite::RegexBuilder::new(pattern))
    }

    /// Limits the size of the compiled pattern, in bytes.
    pub fn size_limit(&mut self, limit: usize) -> &mut Self {
        self.0.size_limit(limit);
        self
    }

    /// Limits nothing: there is no automaton that could grow.
    pub fn dfa_size_limit(&mut self, _limit: usize) -> &mut Self {
        self
    }

    /// Compiles the pattern.
    ///
    /// # Errors
    /// When it is no regular expression, or too large.
    pub fn build(&self) -> Result<Regex, Error> {
        self.0.build()
    }
}
