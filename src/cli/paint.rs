//! Colours of what a person reads on a terminal.

use crate::config::Environment;

/// What a colour says: red that a person is needed, yellow that one should look, green that all is well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Color {
    Red,
    Green,
    Yellow,
}

/// Whether lines are coloured: on a terminal, unless `NO_COLOR` is set or the terminal knows no colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Paint(bool);

impl Paint {
    /// Without colours.
    #[cfg(test)]
    pub(super) const PLAIN: Self = Self(false);

    /// As the environment asks for it.
    pub(super) fn on(is_terminal: bool, environment: &Environment) -> Self {
        let refused = environment.var("NO_COLOR").is_some();
        let dumb = environment.var("TERM").is_some_and(|term| term == "dumb");
        Self(is_terminal && !refused && !dumb)
    }

    pub(super) fn paint(self, text: &str, color: Option<Color>) -> String {
        let code = match color {
            Some(Color::Red) => 31,
            Some(Color::Green) => 32,
            Some(Color::Yellow) => 33,
            None => return text.to_owned(),
        };
        if self.0 {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_for_a_terminal_that_wants_them() {
        let none = Environment::default();
        let refusing = Environment::from([("NO_COLOR", "1")]);
        let empty = Environment::from([("NO_COLOR", "")]);
        let dumb = Environment::from([("TERM", "dumb")]);
        assert_eq!(Paint::on(true, &none), Paint(true));
        assert_eq!(Paint::on(true, &empty), Paint(true));
        assert_eq!(Paint::on(false, &none), Paint::PLAIN);
        assert_eq!(Paint::on(true, &refusing), Paint::PLAIN);
        assert_eq!(Paint::on(true, &dumb), Paint::PLAIN);
        let red = Paint(true).paint("exhausted", Some(Color::Red));
        assert_eq!(red, "\x1b[31mexhausted\x1b[0m");
        assert_eq!(Paint(true).paint("accepted", None), "accepted");
    }
}
