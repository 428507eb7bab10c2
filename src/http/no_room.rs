//! What is answered while a start waits for room on the disk: SQLite cannot open the database without any.

use hyper::Request;
use hyper::body::Incoming;

use super::reply::ApiError;
use super::server::{Peer, Reply};
use super::wing::asked_language;
use crate::clock::Clock;
use crate::command_line::CommandLine;
use crate::language::Language;
use crate::trouble::Trouble;

/// Answers everything with what is wrong and what to do.
pub struct NoRoom {
    /// What is wrong.
    pub trouble: Trouble,
    /// How an admin types what helps.
    pub commands: CommandLine,
    /// How an admin at the control socket is spoken to who asks for nothing else.
    pub language: Language,
    /// What time it is.
    pub clock: Clock,
}

impl NoRoom {
    pub(super) fn answer(&self, peer: Peer, request: &Request<Incoming>) -> Reply {
        let language = match peer {
            Peer::User(_) => asked_language(request.headers()).unwrap_or(self.language),
            Peer::Network(_) | Peer::Secured(_) => Language::En,
        };
        self.refuse(language)
    }

    pub(super) fn refuse(&self, language: Language) -> Reply {
        let told = self.trouble.describe(language, &self.commands);
        ApiError::DatabaseInTrouble(told).reply(self.clock.now())
    }
}
