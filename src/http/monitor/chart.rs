//! Bars as SVG: how much was sent in each of many spans, and how much of it has not arrived.

/// One bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bar {
    /// Of when it is.
    pub(super) name: String,
    pub(super) delivered: u64,
    pub(super) missing: u64,
}

/// A bar with its place in the picture, whose height is [`HEIGHT`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) x: usize,
    pub(super) top: u64,
    pub(super) delivered_height: u64,
    pub(super) missing_top: u64,
    pub(super) missing_height: u64,
}

/// Bars, and what a reader has instead of them.
pub(super) struct Chart {
    pub(super) bars: Vec<Bar>,
    pub(super) placed: Vec<Placed>,
    pub(super) width: usize,
    /// The largest number, at the top.
    pub(super) largest: u64,
}

/// The height of the picture, in its own units.
pub(super) const HEIGHT: u64 = 100;
/// A bar with the gap behind it, and without.
const STEP: usize = 20;
const BAR: usize = 16;

impl Chart {
    pub(super) fn of(bars: Vec<Bar>) -> Self {
        let all = bars.iter().map(|bar| bar.delivered + bar.missing);
        let largest = all.max().unwrap_or_default();
        let placed = bars.iter().enumerate().map(|(number, bar)| {
            let delivered_height = height(bar.delivered, largest);
            let missing_height = height(bar.missing, largest);
            let top = HEIGHT.saturating_sub(delivered_height);
            Placed {
                x: number * STEP,
                top,
                delivered_height,
                missing_top: top.saturating_sub(missing_height),
                missing_height,
            }
        });
        Self {
            placed: placed.collect(),
            width: bars.len() * STEP,
            largest,
            bars,
        }
    }

    /// What was delivered, as the path of all bars.
    pub(super) fn delivered_path(&self) -> String {
        path(
            self.placed
                .iter()
                .map(|bar| (bar.x, bar.top, bar.delivered_height)),
        )
    }

    /// What has not arrived, in the same way.
    pub(super) fn missing_path(&self) -> String {
        let bars = self.placed.iter();
        path(bars.map(|bar| (bar.x, bar.missing_top, bar.missing_height)))
    }

    /// The name at the left end.
    pub(super) fn first(&self) -> &str {
        self.bars.first().map_or("", |bar| &bar.name)
    }

    /// The name in the middle.
    pub(super) fn middle(&self) -> &str {
        let middle = self.bars.get(self.bars.len() / 2);
        middle.map_or("", |bar| &bar.name)
    }

    /// The name at the right end.
    pub(super) fn last(&self) -> &str {
        self.bars.last().map_or("", |bar| &bar.name)
    }

    pub(super) fn sent(&self) -> u64 {
        self.bars
            .iter()
            .map(|bar| bar.delivered + bar.missing)
            .sum()
    }

    pub(super) fn missing(&self) -> u64 {
        self.bars.iter().map(|bar| bar.missing).sum()
    }
}

/// Bars by place, top and height, each clockwise from its left upper corner.
fn path(bars: impl Iterator<Item = (usize, u64, u64)>) -> String {
    let seen = bars.filter(|(.., height)| *height > 0);
    let drawn = seen.map(|(x, top, height)| format!("M{x} {top}h{BAR}v{height}h-{BAR}z"));
    drawn.collect()
}

/// What is there is seen, however little it is.
fn height(number: u64, largest: u64) -> u64 {
    let full = HEIGHT - 4;
    let height = (number * full).checked_div(largest).unwrap_or_default();
    if number > 0 { height.max(2) } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_bar_fills_the_picture_and_the_smallest_is_seen() {
        let bar = |delivered, missing| Bar {
            name: String::new(),
            delivered,
            missing,
        };
        let chart = Chart::of(vec![bar(1000, 0), bar(0, 1), bar(0, 0), bar(500, 500)]);
        assert_eq!(
            (chart.largest, chart.sent(), chart.missing()),
            (1000, 2001, 501)
        );
        let heights: Vec<_> = chart
            .placed
            .iter()
            .map(|p| (p.delivered_height, p.missing_height))
            .collect();
        assert_eq!(heights, [(96, 0), (0, 2), (0, 0), (48, 48)]);
        assert_eq!(chart.placed[3].missing_top, 4);
        assert_eq!(
            chart.missing_path(),
            "M20 98h16v2h-16zM60 4h16v48h-16z",
            "a bar for each of two"
        );
        assert!(chart.delivered_path().starts_with("M0 4h16v96h-16z"));
        let empty = Chart::of(vec![bar(0, 0)]);
        assert_eq!(empty.placed[0].delivered_height, 0);
    }
}
