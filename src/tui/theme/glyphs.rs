//! Borders, marks and bars, twice: in Unicode and in ASCII.
//!
//! All are one column wide. Every state that has a colour has a mark here
//! too, so that it can be told apart without the colour.

use ratatui::symbols::border;

/// Which characters a terminal can show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Charset {
    /// A UTF-8 locale.
    #[default]
    Unicode,
    /// Anything else.
    Ascii,
}

/// One full set of characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glyphs {
    /// Border of a pane.
    pub border: border::Set<'static>,
    /// Border of the pane that takes the keys, and of overlays.
    pub border_focus: border::Set<'static>,
    /// Answers, in time.
    pub good: &'static str,
    /// Older than it should be.
    pub stale: &'static str,
    /// Down, refused, wrong.
    pub bad: &'static str,
    /// Not known.
    pub unknown: &'static str,
    /// A price rose.
    pub up: &'static str,
    /// A price fell.
    pub down: &'static str,
    /// Rows are sorted, their values grow downwards.
    pub grows: &'static str,
    /// Rows are sorted, their values shrink downwards.
    pub shrinks: &'static str,
    /// None loses more.
    pub worst: &'static str,
    /// Neither.
    pub flat: &'static str,
    /// The latch: orders pass.
    pub safe: &'static str,
    /// The latch waits for an operator.
    pub disarmed: &'static str,
    /// The latch can't be proven safe.
    pub blocked: &'static str,
    /// A guard is open.
    pub armed: &'static str,
    /// The latch is engaged.
    pub fired: &'static str,
    /// Proven.
    pub check: &'static str,
    /// A claim that nothing proves yet.
    pub claim: &'static str,
    /// The selected row.
    pub select: &'static str,
    /// Between two things of one line.
    pub separator: &'static str,
    /// From here to there.
    pub arrow: &'static str,
    /// So many times: before a number.
    pub times: &'static str,
    /// A horizontal rule.
    pub rule: &'static str,
    /// Cut text.
    pub ellipsis: &'static str,
    /// The filled part of a bar.
    pub bar: &'static str,
    /// The empty part of a bar.
    pub bar_rest: &'static str,
    /// Sparkline levels, lowest first.
    pub spark: [&'static str; 8],
    /// A cell of a candle: nothing, wick or body in its upper half, times
    /// three, and the same in its lower half.
    pub candle: [&'static str; 9],
    /// A price across the chart.
    pub level: &'static str,
    /// A moment down the chart.
    pub moment: &'static str,
    /// Whether there are cells of two by four dots.
    pub braille: bool,
}

static UNICODE: Glyphs = Glyphs {
    border: border::ROUNDED,
    border_focus: border::ROUNDED,
    good: "●",
    stale: "◐",
    bad: "✗",
    unknown: "?",
    up: "▲",
    down: "▼",
    grows: "↑",
    shrinks: "↓",
    worst: "!",
    flat: "·",
    safe: "●",
    disarmed: "○",
    blocked: "◆",
    armed: "◉",
    fired: "■",
    check: "✓",
    claim: "≈",
    select: "▸",
    separator: "│",
    arrow: "→",
    times: "×",
    rule: "─",
    ellipsis: "…",
    bar: "█",
    bar_rest: "░",
    spark: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    candle: [" ", "╷", "╻", "╵", "│", "╽", "╹", "╿", "┃"],
    level: "┄",
    moment: "┊",
    braille: true,
};

const ASCII_BORDER: border::Set<'static> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

const ASCII_BORDER_FOCUS: border::Set<'static> =
    border::Set { horizontal_top: "=", horizontal_bottom: "=", ..ASCII_BORDER };

static ASCII: Glyphs = Glyphs {
    border: ASCII_BORDER,
    border_focus: ASCII_BORDER_FOCUS,
    good: "o",
    stale: "~",
    bad: "x",
    unknown: "?",
    up: "^",
    down: "v",
    grows: "/",
    shrinks: "\\",
    worst: "!",
    flat: "-",
    safe: "o",
    disarmed: ".",
    blocked: "%",
    armed: "@",
    fired: "#",
    check: "+",
    claim: "~",
    select: ">",
    separator: "|",
    arrow: ">",
    times: "x",
    rule: "-",
    ellipsis: "~",
    bar: "#",
    bar_rest: ".",
    spark: ["_", "_", ".", "-", "-", "=", "=", "#"],
    candle: [" ", "|", "#", "|", "|", "#", "#", "#", "#"],
    level: "-",
    moment: ":",
    braille: false,
};

impl Glyphs {
    /// The set for a charset.
    #[must_use]
    pub const fn of(charset: Charset) -> &'static Self {
        match charset {
            Charset::Unicode => &UNICODE,
            Charset::Ascii => &ASCII,
        }
    }

    /// Every character but the borders, for checks.
    #[must_use]
    pub fn marks(&self) -> Vec<&'static str> {
        let mut all = vec![
            self.good,
            self.stale,
            self.bad,
            self.unknown,
            self.up,
            self.down,
            self.grows,
            self.shrinks,
            self.worst,
            self.flat,
            self.safe,
            self.disarmed,
            self.blocked,
            self.armed,
            self.fired,
            self.check,
            self.claim,
            self.select,
            self.separator,
            self.arrow,
            self.rule,
            self.ellipsis,
            self.bar,
            self.bar_rest,
            self.level,
            self.moment,
            self.times,
        ];
        all.extend(self.spark);
        all.extend(self.candle);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use unicode_width::UnicodeWidthStr;

    #[test]
    fn every_mark_is_one_column_and_ascii_is_ascii() {
        for set in [&UNICODE, &ASCII] {
            assert!(set.marks().iter().all(|m| m.width() == 1));
        }
        assert!(ASCII.marks().iter().all(|m| m.is_ascii()));
    }

    #[test]
    fn states_of_one_thing_have_marks_of_their_own() {
        for g in [&UNICODE, &ASCII] {
            for group in [
                vec![g.good, g.stale, g.bad, g.unknown],
                vec![g.up, g.down, g.flat, g.stale, g.unknown],
                // Direction, order, loss and selection stand side by side.
                vec![g.up, g.down, g.grows, g.shrinks, g.worst, g.select],
                vec![g.safe, g.disarmed, g.blocked, g.armed, g.fired],
                vec![g.check, g.claim, g.bad, g.unknown],
            ] {
                let mut unique = group.clone();
                unique.sort_unstable();
                unique.dedup();
                assert_eq!(unique.len(), group.len(), "{group:?}");
            }
        }
    }
}
