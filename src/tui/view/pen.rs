//! Painting: lines of cells, each with a role, clipped to where they belong.
//!
//! The one place that writes text into a buffer. Text from outside was
//! sanitised on its way in; here it also loses what depends on the terminal:
//! letters that run from right to left (they would reorder the numbers beside
//! them) and, without UTF-8, everything that is not ASCII. A cell starts in
//! its column whatever its neighbours hold, and a number that does not fit is
//! replaced, never cut: half a number is a lie.

use super::line::Fit;
pub use super::line::Line;
use crate::tui::theme::{Charset, Depth, Glyphs, Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use std::borrow::Cow;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Draws on one buffer in one theme.
pub struct Pen<'a> {
    buffer: &'a mut Buffer,
    theme: &'a Theme,
}

impl<'a> Pen<'a> {
    /// A pen for `buffer`.
    pub const fn new(buffer: &'a mut Buffer, theme: &'a Theme) -> Self {
        Self { buffer, theme }
    }

    /// The theme's marks.
    #[must_use]
    pub const fn glyphs(&self) -> &'static Glyphs {
        self.theme.glyphs()
    }

    /// Empties `area` and paints it in `role`. A wide character that reaches
    /// into it from the left is taken away, or its other half would hide the
    /// first column.
    pub fn clear(&mut self, area: Rect, role: Role) {
        let area = area.intersection(self.buffer.area);
        let style = self.theme.style(role);
        for y in area.top()..area.bottom() {
            if let Some(before) =
                area.left().checked_sub(1).and_then(|x| self.buffer.cell_mut((x, y)))
                && before.symbol().width() > 1
            {
                before.set_symbol(" ");
            }
            for x in area.left()..area.right() {
                if let Some(cell) = self.buffer.cell_mut((x, y)) {
                    cell.reset();
                    cell.set_style(style);
                }
            }
        }
    }

    /// Changes the style of `area` without its text.
    pub fn tint(&mut self, area: Rect, role: Role) {
        let style = self.theme.style(role);
        self.buffer.set_style(area.intersection(self.buffer.area), style);
    }

    /// Reverses `area`, where there are colours to tell it from what is
    /// reversed for good.
    pub fn flip(&mut self, area: Rect) {
        if self.theme.depth() == Depth::None {
            return;
        }
        for place in area.intersection(self.buffer.area).positions() {
            if let Some(cell) = self.buffer.cell_mut(place) {
                cell.modifier.toggle(Modifier::REVERSED);
            }
        }
    }

    /// Draws one line in the first row of `area`.
    pub fn line(&mut self, area: Rect, line: &Line<'_>) {
        let area = area.intersection(self.buffer.area);
        if area.is_empty() {
            return;
        }
        if let Some(role) = line.ground {
            self.tint(Rect { height: 1, ..area }, role);
        }
        let mut x = area.left();
        for cell in &line.cells {
            let text = self.clean(&cell.text);
            let room = area.right().saturating_sub(x);
            let wide = u16::try_from(text.width()).unwrap_or(u16::MAX);
            let ground = line.ground.filter(|_| cell.fit != Fit::End);
            let style = self.theme.style(ground.unwrap_or(cell.role));
            let (at, slot, text) = match cell.fit {
                Fit::Natural => (x, wide, text),
                Fit::Left(slot) => (x, slot, text),
                Fit::Rest => (x, room, text),
                Fit::End if wide > room => continue,
                Fit::End => (area.right() - wide, wide, text),
                Fit::Right(slot) if wide > slot.min(room) => {
                    (x, slot, Cow::Owned("#".repeat(usize::from(slot.min(room)))))
                }
                Fit::Right(slot) => (x + (slot - wide), wide, text),
            };
            self.put(at, area.y, slot.min(area.right().saturating_sub(at)), &text, style);
            x = x.saturating_add(match cell.fit {
                Fit::Right(slot) => slot,
                Fit::End => 0,
                Fit::Natural | Fit::Left(_) | Fit::Rest => slot,
            });
        }
    }

    /// Draws lines downwards as far as `area` reaches.
    pub fn lines(&mut self, area: Rect, lines: &[Line<'_>]) {
        for (y, line) in (area.top()..area.bottom()).zip(lines) {
            self.line(Rect { y, height: 1, ..area }, line);
        }
    }

    /// The frame of a pane; returns what is inside. Below four columns or
    /// three rows there is no frame.
    pub fn frame(&mut self, area: Rect, border: Role, title: &Line<'_>) -> Rect {
        if area.width < 4 || area.height < 3 {
            return area;
        }
        let set = match border {
            Role::BorderNormal => self.glyphs().border,
            _ => self.glyphs().border_focus,
        };
        let style = self.theme.style(border);
        let (right, bottom) = (area.right() - 1, area.bottom() - 1);
        for x in area.left() + 1..right {
            self.put(x, area.y, 1, set.horizontal_top, style);
            self.put(x, bottom, 1, set.horizontal_bottom, style);
        }
        for y in area.top() + 1..bottom {
            self.put(area.x, y, 1, set.vertical_left, style);
            self.put(right, y, 1, set.vertical_right, style);
        }
        for (x, y, corner) in [
            (area.x, area.y, set.top_left),
            (right, area.y, set.top_right),
            (area.x, bottom, set.bottom_left),
            (right, bottom, set.bottom_right),
        ] {
            self.put(x, y, 1, corner, style);
        }
        let head = Rect { x: area.x + 2, y: area.y, width: area.width - 4, height: 1 };
        self.line(head, title);
        inside(area)
    }

    /// Writes into the lower border of a framed `area`.
    pub fn foot(&mut self, area: Rect, line: &Line<'_>) {
        if area.width >= 4 && area.height >= 3 {
            let (y, width) = (area.bottom() - 1, area.width - 4);
            self.line(Rect { x: area.x + 2, y, width, height: 1 }, line);
        }
    }

    /// Puts one mark of the theme's into a cell.
    pub fn mark(&mut self, x: u16, y: u16, mark: &str, role: Role) {
        let style = self.theme.style(role);
        self.put(x, y, 1, mark, style);
    }

    /// Whether nothing stands in a cell.
    #[must_use]
    pub fn is_free(&self, x: u16, y: u16) -> bool {
        self.has(x, y, " ")
    }

    /// Whether `mark` stands in a cell.
    #[must_use]
    pub fn has(&self, x: u16, y: u16, mark: &str) -> bool {
        self.buffer.cell((x, y)).is_some_and(|cell| cell.symbol() == mark)
    }

    fn put(&mut self, x: u16, y: u16, width: u16, text: &str, style: Style) {
        if width == 0 || !self.buffer.area.contains((x, y).into()) {
            return;
        }
        if text.width() <= usize::from(width) {
            self.buffer.set_stringn(x, y, text, usize::from(width), style);
            return;
        }
        let cut = cut(text, usize::from(width) - 1);
        let (end, _) = self.buffer.set_stringn(x, y, cut, usize::from(width) - 1, style);
        self.buffer.set_stringn(end, y, self.glyphs().ellipsis, 1, style);
    }

    fn clean<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if text.bytes().all(|b| (0x20..0x7f).contains(&b)) {
            return Cow::Borrowed(text);
        }
        let ascii = std::ptr::eq(self.glyphs(), Glyphs::of(Charset::Ascii));
        text.chars()
            .map(|c| match c {
                c if c.is_ascii_graphic() || c == ' ' => c,
                c if ascii || c.is_control() => '?',
                c if runs_left(c) => '\u{b7}',
                c => c,
            })
            .collect()
    }
}

/// What is inside the frame of `area`.
#[must_use]
pub const fn inside(area: Rect) -> Rect {
    if area.width < 4 || area.height < 3 {
        return area;
    }
    Rect { x: area.x + 2, y: area.y + 1, width: area.width - 4, height: area.height - 2 }
}

/// The start of `text` that fits into `width` columns.
fn cut(text: &str, width: usize) -> &str {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += c.width().unwrap_or(0);
        if used > width {
            return text.get(..at).unwrap_or_default();
        }
    }
    text
}

/// Letters of scripts that run from right to left.
const fn runs_left(c: char) -> bool {
    matches!(c,
        '\u{590}'..='\u{8ff}'
        | '\u{fb1d}'..='\u{fdff}'
        | '\u{fe70}'..='\u{feff}'
        | '\u{10800}'..='\u{10fff}'
        | '\u{1e800}'..='\u{1efff}')
}

/// Adds spaces in place of the `missing` last decimals of a price, so that
/// the points of a column stand below each other, as far as `width` allows.
#[must_use]
pub fn pad_decimals(mut price: String, missing: u32, width: u16) -> String {
    let room = usize::from(width).saturating_sub(price.len());
    let spaces = usize::try_from(missing).unwrap_or(0).min(room);
    price.extend(std::iter::repeat_n(' ', spaces));
    price
}

/// Leaves out whole lines, those of the highest rank first, until `height`
/// rows are enough; of one rank the last ones go first. Order is kept.
#[must_use]
pub fn fit(lines: Vec<(u8, Line<'_>)>, height: u16) -> Vec<Line<'_>> {
    fit_counted(lines, height).0
}

/// The same, and how many lines that say something were left out: the pane has
/// to tell.
#[must_use]
pub fn fit_counted(mut lines: Vec<(u8, Line<'_>)>, height: u16) -> (Vec<Line<'_>>, usize) {
    let mut left_out = 0;
    while lines.len() > usize::from(height) {
        let worst = lines.iter().map(|(rank, _)| *rank).max().unwrap_or(0);
        let Some(at) = lines.iter().rposition(|(rank, _)| *rank == worst) else { break };
        left_out += usize::from(!lines.remove(at).1.is_blank());
    }
    (lines.into_iter().map(|(_, line)| line).collect(), left_out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(width: u16, line: &Line<'_>) -> String {
        drawn_in(width, line, Charset::Unicode)
    }

    fn drawn_in(width: u16, line: &Line<'_>, charset: Charset) -> String {
        let theme = Theme::plain(charset);
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, 1));
        Pen::new(&mut buffer, &theme).line(Rect::new(0, 0, width, 1), line);
        buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect()
    }

    const T: Role = Role::TextNormal;

    #[test]
    fn half_a_number_is_never_shown() {
        assert_eq!(drawn(9, &Line::new().right(7, "123.45", T).dim("x")), " 123.45x ");
        assert_eq!(drawn(9, &Line::new().right(5, "123.45", T).dim("x")), "#####x   ");
        assert_eq!(drawn(4, &Line::new().right(7, "123.45", T)), "####");
    }

    #[test]
    fn cut_text_says_that_it_was_cut() {
        assert_eq!(drawn(8, &Line::new().left(5, "EURUSD.s", T).dim("|")), "EURU…|  ");
        assert_eq!(drawn(6, &Line::new().rest("a long line", T)), "a lon…");
    }

    #[test]
    fn wide_text_leaves_every_column_where_it_was() {
        let line = Line::new().left(5, "日本日本", T).right(3, "1", T);
        assert_eq!(drawn(8, &line), "日 本 …  1");
        let line = Line::new().left(4, "e\u{301}\u{302}a", T).dim("|");
        assert_eq!(drawn(6, &line), "e\u{301}\u{302}a  | ");
    }

    #[test]
    fn letters_that_run_left_and_controls_are_replaced() {
        assert_eq!(drawn(6, &Line::new().text("aאב1", T)), "a··1  ");
        assert_eq!(drawn(6, &Line::new().text("a\u{1b}[1m", T)), "a?[1m ");
        assert_eq!(drawn_in(6, &Line::new().text("aé本", T), Charset::Ascii), "a??   ");
    }

    #[test]
    fn the_least_important_lines_go_first() {
        let lines = vec![(0, Line::new()), (2, Line::new().gap(2)), (1, Line::new().gap(1))];
        let widths: Vec<_> = fit(lines, 2).iter().map(Line::width).collect();
        assert_eq!(widths, [0, 1]);
    }

    #[test]
    fn what_is_left_out_is_counted_and_an_empty_line_is_nothing() {
        let lines = vec![(0, Line::new()), (2, Line::new().rest("b", T)), (3, Line::new().gap(1))];
        let (shown, left_out) = fit_counted(lines, 1);
        assert_eq!((shown.len(), left_out), (1, 1));
    }

    #[test]
    fn clearing_takes_a_wide_neighbour_away() {
        let theme = Theme::plain(Charset::Unicode);
        let mut buffer = Buffer::empty(Rect::new(0, 0, 4, 1));
        let mut pen = Pen::new(&mut buffer, &theme);
        pen.line(Rect::new(0, 0, 4, 1), &Line::new().text("日本", T));
        pen.clear(Rect::new(1, 0, 3, 1), Role::Overlay);
        assert!(buffer.content.iter().all(|cell| cell.symbol() == " "));
    }
}
