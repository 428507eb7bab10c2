//! How much is done in one step of long work that changes rows. While others write, a step is short, because they wait for
//! it. While nobody does, steps become longer: each one has a commit of its own, and writes once more what all steps change.

/// A step has at most so many times what the shortest has.
const LONGEST: usize = 4;

/// The size of the next step.
#[derive(Clone, Debug)]
pub(super) struct StepSize {
    shortest: usize,
    size: usize,
    /// The transactions that were committed before the step before.
    before: Option<u64>,
}

impl StepSize {
    /// Steps of this size, and of more as long as nobody else writes.
    pub(super) fn of(shortest: usize) -> Self {
        Self {
            shortest,
            size: shortest,
            before: None,
        }
    }

    /// The size of the next step, when so many transactions were committed by now. Each step is one.
    pub(super) fn next(&mut self, committed: u64) -> usize {
        let alone = self.before.is_some_and(|before| committed <= before + 1);
        self.size = if alone {
            (self.size * 2).min(self.shortest * LONGEST)
        } else {
            self.shortest
        };
        self.before = Some(committed);
        self.size
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_become_longer_while_nobody_else_writes() {
        let mut size = StepSize::of(200);
        let sizes = [10, 11, 12, 13, 14, 16, 17, 17].map(|committed| size.next(committed));
        assert_eq!(sizes, [200, 400, 800, 800, 800, 200, 400, 800]);
    }
}
