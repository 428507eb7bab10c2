//! Who may look at the monitor page: roles, codes to log in with, and how long a session lasts (contract, section 12).

use std::time::Duration;

use crate::crypto::{self, NoRandomness};
use crate::timestamp::Timestamp;

/// How long a code can be used.
pub const CODE_LASTS: Duration = Duration::from_mins(10);
/// How long a session lasts when nobody says otherwise, and the longest of an operator, in hours.
pub const USUAL_HOURS: u32 = 12;
/// The longest session of a viewer, such as a screen on a wall, in hours: 90 days.
pub const LONGEST_HOURS: u32 = 24 * 90;
/// A session of the usual length ends when nobody uses it for so long.
pub const IDLE: Duration = Duration::from_hours(1);
/// The longest name, in characters.
pub const NAME_CHARACTERS: usize = 60;

/// The letters and digits of a code: Crockford's 32, in which none looks like another.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Letters of a code: 80 bits.
const CODE_LETTERS: usize = 16;
/// Letters of a code that stand together.
const GROUP: usize = 4;

/// What somebody may do on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Looks.
    Viewer,
    /// Also sends again, holds, recovers and dismisses.
    Operator,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 2] = [Self::Viewer, Self::Operator];

    /// The word in the table and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
        }
    }

    /// The role that `word` names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }

    /// The longest session that it can have, in hours.
    #[must_use]
    pub fn longest_hours(self) -> u32 {
        match self {
            Self::Viewer => LONGEST_HOURS,
            Self::Operator => USUAL_HOURS,
        }
    }
}

/// A login that somebody at the server has prepared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLogin {
    /// Whose.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// How long they stay logged in, from now on.
    pub lasts: Duration,
}

/// Somebody who is logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// By what the command line names it: the beginning of what is kept of its secret.
    pub id: String,
    /// Whose.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Since when.
    pub opened_at: Timestamp,
    /// Until when at the latest.
    pub ends_at: Timestamp,
    /// When it ends if nobody uses it any more.
    pub idle_at: Timestamp,
}

/// The sessions that are to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sessions {
    /// The one with this secret.
    Own(Digest),
    /// Those with this id.
    Id(String),
    /// Those of this name.
    Named(String),
    /// All of them, and codes that nobody has used yet.
    All,
}

/// What is kept of a secret: its SHA-256.
pub type Digest = [u8; 32];

/// A code to log in with. It has no `Debug`: whoever knows it can log in.
#[derive(Clone, PartialEq, Eq)]
pub struct Code([u8; CODE_LETTERS]);

impl Code {
    /// One that nobody can guess.
    ///
    /// # Errors
    /// `NoRandomness`
    pub fn random() -> Result<Self, NoRandomness> {
        let random = crypto::random_32()?;
        let mut letters = [0; CODE_LETTERS];
        for (letter, byte) in letters.iter_mut().zip(random) {
            *letter = LETTERS[usize::from(byte % 32)];
        }
        Ok(Self(letters))
    }

    /// Reads what a person types or a link brings: small letters, blanks and hyphens do not matter, and letters that are
    /// no part of a code stand for the digits that they look like.
    #[must_use]
    pub fn read(typed: &str) -> Option<Self> {
        let meant = |letter: char| match letter.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        };
        let letters = typed.chars().filter(|c| !c.is_whitespace() && *c != '-');
        let letters = letters.map(|letter| {
            let meant = u8::try_from(meant(letter)).ok()?;
            LETTERS.contains(&meant).then_some(meant)
        });
        let letters: Option<Vec<u8>> = letters.collect();
        letters?.try_into().ok().map(Self)
    }

    /// As it is shown: `K7QM-3XRA-9TZC-E2WD`.
    #[must_use]
    pub fn shown(&self) -> String {
        let groups = self.0.chunks(GROUP);
        let groups = groups.map(|group| String::from_utf8_lossy(group).into_owned());
        groups.collect::<Vec<_>>().join("-")
    }

    /// What is kept of it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        crypto::sha256(&[&self.0])
    }
}

/// What a browser shows to be known again, in a cookie. It has no `Debug`: whoever knows it is logged in.
#[derive(Clone)]
pub struct SessionSecret(String);

impl SessionSecret {
    /// One that nobody can guess.
    ///
    /// # Errors
    /// `NoRandomness`
    pub fn random() -> Result<Self, NoRandomness> {
        crypto::random_32().map(|random| Self(crypto::hex(&random)))
    }

    /// What a browser has shown.
    #[must_use]
    pub fn shown(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// For the cookie alone.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        crypto::sha256(&[self.0.as_bytes()])
    }
}

/// The id of the session of which this is kept.
#[must_use]
pub fn id_of(digest: &Digest) -> String {
    crypto::hex(&digest[..4])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_however_a_person_types_it() {
        let code = Code::random().unwrap();
        let shown = code.shown();
        assert_eq!(shown.len(), 19, "{shown}");
        for typed in [
            shown.clone(),
            shown.to_lowercase(),
            shown.replace('-', ""),
            format!(" {} ", shown.replace('-', " ")),
            shown.replace('0', "O").replace('1', "l"),
        ] {
            assert!(Code::read(&typed) == Some(code.clone()), "{typed}");
        }
        for typed in [
            "",
            "K7QM-3XRA-9TZC",
            &format!("{shown}A"),
            "K7QM-3XRA-9TZC-E2WU",
            "合言葉",
        ] {
            assert!(Code::read(typed).is_none(), "{typed}");
        }
        assert!(Code::random().unwrap() != code);
    }

    #[test]
    fn words_mean_what_they_are_said_for() {
        for role in Role::ALL {
            assert_eq!(Role::from_word(role.as_str()), Some(role));
        }
        assert_eq!(Role::from_word("admin"), None);
        assert!(Role::Viewer < Role::Operator);
    }
}
