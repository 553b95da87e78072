//! What of a table is out of view, said on the lower border of its pane: it
//! costs no row, and nothing is hidden without a word.

use super::format;
use super::pen::{Line, Pen};
use crate::tui::theme::Role;
use ratatui::layout::Rect;
use std::ops::Range;

/// Rows above and below what is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct More {
    above: usize,
    below: usize,
}

impl More {
    /// Of `count` rows the ones outside of `window`.
    pub(super) fn of(window: &Range<usize>, count: usize) -> Self {
        let end = window.end.min(count);
        Self { above: window.start.min(end), below: count - end }
    }

    /// All of them.
    pub(super) const fn count(self) -> usize {
        self.above + self.below
    }

    /// In words, the longest first; none where every row is in view.
    pub(super) fn words(self) -> Vec<String> {
        let number = |n: usize| format::count(u64::try_from(n).unwrap_or(u64::MAX));
        let all = number(self.count());
        match (self.above, self.below) {
            (0, 0) => Vec::new(),
            (0, _) => vec![format!("{all} more below"), format!("{all} more")],
            (_, 0) => vec![format!("{all} more above"), format!("{all} more")],
            (above, below) => {
                let both = format!("{} more above, {} below", number(above), number(below));
                vec![both, format!("{all} more")]
            }
        }
    }
}

/// Says how many lines of a pane had no room, where any had none.
pub(super) fn left_out(pen: &mut Pen<'_>, area: Rect, lines: usize) {
    if lines > 0 {
        let s = if lines == 1 { "" } else { "s" };
        let words = [format!("{lines} line{s} left out"), format!("{lines} more")];
        draw(pen, area, &[], (&words, Role::TextDim));
    }
}

/// Writes the first of `right` that fits to the right end of the lower border
/// of `area`, and the first of `left` that fits beside it to the left.
pub(super) fn draw(
    pen: &mut Pen<'_>,
    area: Rect,
    left: &[String],
    (right, look): (&[String], Role),
) {
    let room = usize::from(area.width.saturating_sub(4));
    let width = |text: &String| text.chars().count() + 2;
    let right = right.iter().find(|text| width(text) <= room);
    let room = room - right.map_or(0, |text| width(text) + 1).min(room);
    let left = left.iter().find(|text| width(text) <= room);
    let mut line = Line::new();
    if let Some(text) = left {
        line = line.text(format!(" {text} "), Role::TextDim);
    }
    if let Some(text) = right {
        line = line.end(format!(" {text} "), look);
    }
    pen.foot(area, &line);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_out_of_view_are_counted_at_both_ends() {
        for (window, count, words) in [
            (0..3, 3, ""),
            (0..3, 7, "4 more below"),
            (2..5, 5, "2 more above"),
            (1..3, 1_006, "1 more above, 1,003 below"),
            (0..0, 2, "2 more below"),
            (0..9, 4, ""),
        ] {
            let more = More::of(&window, count);
            assert_eq!(more.words().first().map_or("", String::as_str), words);
        }
    }
}
