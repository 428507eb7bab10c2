//! What is answered while a start waits for room on the disk: SQLite cannot open the database without any.

use hyper::Request;
use hyper::body::Incoming;
use hyper::header::ACCEPT;
use tokio::sync::watch;

use super::monitor;
use super::reply::ApiError;
use super::server::{Peer, Reply};
use super::wing::asked_language;
use crate::clock::Clock;
use crate::command_line::CommandLine;
use crate::language::Language;
use crate::trouble::Trouble;

/// Answers everything with what is wrong and what to do.
pub struct NoRoom {
    /// What is wrong now.
    pub trouble: watch::Receiver<Trouble>,
    /// How an admin types what helps.
    pub commands: CommandLine,
    /// How an admin at the control socket is spoken to who asks for nothing else.
    pub language: Language,
    /// What time it is.
    pub clock: Clock,
}

impl NoRoom {
    pub(super) fn answer(&self, peer: Peer, request: &Request<Incoming>) -> Reply {
        match peer {
            Peer::User(_) => {
                let asked = asked_language(request.headers());
                self.refuse(asked.unwrap_or(self.language))
            }
            Peer::Network(_) | Peer::Secured(_) if is_for_people(request) => {
                monitor::while_waiting(self.language, &self.told(self.language))
            }
            Peer::Network(_) | Peer::Secured(_) => self.refuse(Language::En),
        }
    }

    pub(super) fn refuse(&self, language: Language) -> Reply {
        ApiError::DatabaseInTrouble(self.told(language)).reply(self.clock.now())
    }

    fn told(&self, language: Language) -> String {
        self.trouble.borrow().describe(language, &self.commands)
    }
}

/// Whether a person looks at the answer.
fn is_for_people<B>(request: &Request<B>) -> bool {
    let accepted = request.headers().get(ACCEPT);
    let accepted = accepted.and_then(|accepted| accepted.to_str().ok());
    let path = request.uri().path();
    path == "/monitor"
        || path.starts_with("/monitor/")
        || accepted.is_some_and(|accepted| accepted.contains("text/html"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_known_by_the_page_or_by_their_browser() {
        for (path, accept, is_so) in [
            ("/monitor", "*/*", true),
            ("/monitor/login", "", true),
            ("/", "text/html,application/xhtml+xml", true),
            ("/api/health", "*/*", false),
            ("/monitoring", "application/json", false),
        ] {
            let request = Request::builder().uri(path).header(ACCEPT, accept);
            let request = request.body(()).unwrap();
            assert_eq!(is_for_people(&request), is_so, "{path} {accept}");
        }
    }
}
