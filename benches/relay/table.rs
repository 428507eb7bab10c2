//! One row of the table: what was measured, what the goal is, and whether it was reached.

use serde_json::{Value, json};

/// What a row has to reach.
#[derive(Clone, Copy)]
pub enum Goal {
    AtLeast(f64),
    AtMost(f64),
    /// Nothing was promised; the value is told because it explains others.
    Told,
}

impl Goal {
    fn reached(self, value: f64) -> bool {
        match self {
            Self::AtLeast(least) => value >= least,
            Self::AtMost(most) => value <= most,
            Self::Told => true,
        }
    }

    fn text(self, digits: usize, unit: &str) -> String {
        match self {
            Self::AtLeast(least) => format!("≥ {least:.digits$}{unit}"),
            Self::AtMost(most) => format!("≤ {most:.digits$}{unit}"),
            Self::Told => String::new(),
        }
    }

    fn number(self) -> Value {
        match self {
            Self::AtLeast(goal) | Self::AtMost(goal) => json!(goal),
            Self::Told => Value::Null,
        }
    }
}

/// A row.
pub struct Row {
    pub name: &'static str,
    pub measured: f64,
    pub unit: &'static str,
    pub goal: Goal,
    /// The same in units of this run's limit, with its own goal. It decides, where there is one:
    /// another machine has another limit.
    pub ratio: Option<(f64, Goal)>,
    /// More numbers, for the file.
    pub detail: Value,
}

impl Row {
    pub fn new(name: &'static str, measured: f64, unit: &'static str, goal: Goal) -> Self {
        Self {
            name,
            measured,
            unit,
            goal,
            ratio: None,
            detail: Value::Null,
        }
    }

    pub fn in_limits(mut self, ratio: f64, goal: Goal) -> Self {
        self.ratio = Some((ratio, goal));
        self
    }

    pub fn with(mut self, detail: Value) -> Self {
        self.detail = detail;
        self
    }

    /// A row that could not be measured is not reached: NaN is neither less nor more.
    pub fn reached(&self) -> bool {
        match self.ratio {
            Some((ratio, goal)) => goal.reached(ratio),
            None => !self.measured.is_nan() && self.goal.reached(self.measured),
        }
    }

    fn digits(&self) -> usize {
        match self.measured.abs() {
            1000.0.. => 0,
            100.0.. => 1,
            _ => 2,
        }
    }

    pub fn line(&self) -> String {
        // A goal below a hundredth needs its digits too.
        let small = matches!(self.goal, Goal::AtMost(most) if most < 1.0);
        let digits = if small { 3 } else { self.digits() };
        let measured = if self.measured.is_nan() {
            "failed".to_owned()
        } else {
            format!("{:.digits$}{}", self.measured, self.unit)
        };
        let goal = self.goal.text(digits.min(2), self.unit);
        let (ratio, ratio_goal) = self.ratio.map_or_else(Default::default, |(ratio, goal)| {
            (format!("{ratio:.2}×"), goal.text(1, "×"))
        });
        let verdict = match (self.goal, self.reached()) {
            (Goal::Told, true) => "",
            (_, true) => "ok",
            (_, false) => "UNDER",
        };
        format!(
            "{:<52} {measured:>12} {goal:>13} {ratio:>9} {ratio_goal:>8}  {verdict}",
            self.name
        )
    }

    pub fn json(&self) -> Value {
        json!({
            "name": self.name,
            "measured": self.measured,
            "unit": self.unit.trim(),
            "goal": self.goal.number(),
            "ratio": self.ratio.map(|(ratio, _)| ratio),
            "ratioGoal": self.ratio.map(|(_, goal)| goal.number()),
            "reached": self.reached(),
            "detail": self.detail,
        })
    }
}

/// The line above the rows.
pub fn heading() -> String {
    format!(
        "{:<52} {:>12} {:>13} {:>9} {:>8}",
        "", "measured", "goal", "in limits", "goal"
    )
}
