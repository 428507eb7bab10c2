//! What the comparison of a file has found beside what is kept of it: for the one who sent the file, and for a while.

use uuid::Uuid;

use super::address;
use super::missing::NAMED;
use crate::language::Locale;
use crate::reconciliation::comparison::Comparison;
use crate::words::monitor::more;
use crate::words::monitor::reconciliation::{self, Reconciliation as W};

/// Ids of a kind.
pub(super) struct Listed {
    pub(super) title: &'static str,
    /// Each with its address, when the relay knows it.
    pub(super) ids: Vec<(String, Option<String>)>,
    pub(super) left: Option<String>,
}

/// What the comparison of a file has found beside what is kept of it.
pub(super) struct Beside {
    pub(super) file: String,
    arrived: (Vec<Uuid>, u64),
    waiting: (Vec<Uuid>, u64),
    unknown: (Vec<Uuid>, u64),
    not_compared: u64,
    dismissed: u64,
    erased: u64,
}

impl Beside {
    /// Of the file with this name.
    pub(super) fn of(file: String, found: &Comparison) -> Self {
        let first = |ids: &mut dyn Iterator<Item = Uuid>, all: u64| {
            (ids.take(NAMED).collect::<Vec<_>>(), all)
        };
        let waiting = found.waiting.iter().map(|one| one.id);
        let arrived = found.arrived.iter().map(|(_, id)| *id);
        let unknown = found.unknown.iter().copied();
        Self {
            file,
            arrived: first(&mut { arrived }, found.arrived.len() as u64),
            waiting: first(&mut { waiting }, found.standing.waiting),
            unknown: first(&mut { unknown }, found.standing.unknown),
            not_compared: found.standing.not_compared,
            dismissed: found.standing.dismissed,
            erased: found.standing.erased,
        }
    }

    /// Ids that are named, by what became of them.
    pub(super) fn lists(&self, locale: Locale) -> Vec<Listed> {
        let lists = [
            (W::ArrivedTitle, &self.arrived, true),
            (W::WaitingTitle, &self.waiting, true),
            (W::UnknownTitle, &self.unknown, false),
        ];
        let lists = lists.into_iter().filter(|(_, (_, all), _)| *all > 0);
        let listed = lists.map(|(title, (ids, all), is_known)| {
            let left = all - ids.len() as u64;
            let ids = ids.iter().map(ToString::to_string).map(|id| {
                let address = is_known.then(|| address::delivery(&id));
                (id, address)
            });
            Listed {
                title: locale.phrase(title),
                ids: ids.collect(),
                left: (left > 0).then(|| more(left, locale.language)),
            }
        });
        listed.collect()
    }

    /// What is said of others.
    pub(super) fn notes(&self, locale: Locale) -> Vec<String> {
        let later = (self.not_compared > 0)
            .then(|| reconciliation::not_compared(self.not_compared, locale.language));
        let settled = reconciliation::settled(self.dismissed, self.erased, locale.language);
        later.into_iter().chain(settled).collect()
    }
}
