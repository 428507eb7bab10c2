//! Everything that is said to people, in Japanese and in English: one file a subject, and both languages side
//! by side, so that a sentence without its pair cannot be written. What the sentences are about stands with the
//! nouns, in the other rooms. JSON, its keys, and the log are English.

/// Makes a sentence in the language of the one who reads it.
macro_rules! both {
    ($language:expr, $ja:literal, $en:literal) => {
        match $language {
            $crate::language::Language::Ja => format!($ja),
            $crate::language::Language::En => format!($en),
        }
    };
}

mod expected;
mod failures;
mod files;
mod mistakes;
pub mod system;
