//! What the screen looks like: pure functions from `(&State, &Ui, &Theme)` to
//! a buffer.
//!
//! A file per pane; [`mod@areas`] knows where each is, [`words`] which word, mark
//! and role a state has, [`pen`] how text gets into cells. What belongs here:
//! which sign stands where. What does not: what is true (`state`), what a
//! colour is (`theme`), which key does what (given as [`Hints`]), any clock.

pub mod alarms;
pub mod areas;
pub mod chart;
pub mod decisions;
pub mod format;
pub mod gateway;
pub mod hints;
pub mod kill;
pub mod lag;
pub mod line;
pub mod log;
pub mod mesh;
mod more;
pub mod obey;
pub mod pen;
pub mod positions;
pub mod processes;
pub mod proof;
pub mod status;
pub mod strip;
pub mod ticks;
pub mod timeline;
pub mod tiny;
pub mod words;

pub use areas::{Areas, Size, Stage, areas};
pub use hints::{HelpSection, Hint, Hints, WayBack};

use super::overlay;
use super::theme::{Glyphs, Role, Theme};
use super::ui::{Pane, Shows, Sort, SortKey, Ui};
use crate::domain::Mode;
use crate::state::State;
use pen::{Line, Pen};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Columns from which a title has its key before it.
const KEYED: u16 = 42;

/// What every view reads.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// What is true.
    pub state: &'a State,
    /// What the operator did to the screen.
    pub ui: &'a Ui,
    /// Keys and card.
    pub hints: &'a Hints,
}

/// Draws one frame into `area` of `buf`, whatever its size.
pub fn draw(state: &State, ui: &Ui, theme: &Theme, chords: &Hints, area: Rect, buf: &mut Buffer) {
    draw_past(state, state, ui, theme, chords, area, buf);
}

/// The same with the panes of `past`; what tells of the switch, of a kill and
/// of alarms is of `state`, which is now.
pub fn draw_past(
    state: &State,
    past: &State,
    ui: &Ui,
    theme: &Theme,
    chords: &Hints,
    area: Rect,
    buf: &mut Buffer,
) {
    let area = area.intersection(buf.area);
    let scene = Scene { state, ui, hints: chords };
    let shown = Scene { state: past, ..scene };
    let pen = &mut Pen::new(buf, theme);
    pen.clear(area, Role::Background);
    if Size::of(area) == Size::Tiny {
        tiny::draw(pen, area, scene);
        return;
    }
    let places = areas(area, ui, stage(state, ui));
    for (pane, place) in &places.panes {
        let scene = if timeline::is_live(*pane) { scene } else { shown };
        draw_pane(pen, *pane, *place, scene, &places);
    }
    if let Some(ticket) = ui.ticket.as_ref().filter(|_| state.guard_open().is_none()) {
        overlay::ticket::draw(pen, places.body, scene, ticket);
    }
    if ui.help {
        overlay::help::draw(pen, places.body, scene);
    }
    if state.guard_open().is_some() {
        overlay::guard::draw(pen, places.body, scene);
    } else {
        overlay::pending::draw(pen, places.body, scene);
        overlay::prompt::draw(pen, places.body, scene);
    }
    overlay::replay::draw(pen, places.body, scene);
    strip::draw(pen, places.strip, scene);
    if ui.time.is_some() {
        timeline::draw(pen, places.status, scene);
    } else {
        status::draw(pen, places.status, scene);
    }
}

/// Whether the switch holds or a kill runs, so that the kill panel gets room. A
/// kill that is proven keeps it until the latch is proven gone: a look that
/// does not come back ends nothing.
#[must_use]
pub fn engaged(state: &State) -> bool {
    let unended = !state.kills.is_empty() && state.kills_over.is_none();
    state.latch.value.phase.is_engaged() || unended
}

/// What the screen has to make room for.
#[must_use]
pub fn stage(state: &State, ui: &Ui) -> Stage {
    stage_of(engaged(state), ui)
}

/// The same, where it is known whether the switch holds.
#[must_use]
pub const fn stage_of(engaged: bool, ui: &Ui) -> Stage {
    match (engaged, ui.proof_away) {
        (false, _) => Stage::Calm,
        (true, true) => Stage::Engaged,
        (true, false) => Stage::Proving,
    }
}

/// Rows that can be scrolled in `pane`, for [`Ui::scroll`].
#[must_use]
pub fn row_count(state: &State, ui: &Ui, pane: Pane) -> usize {
    match pane {
        Pane::Positions => positions::rows(state, ui).len(),
        Pane::Ticks => ticks::listed(state, ui).len(),
        Pane::Chart => chart::row_count(state, ui),
        Pane::Gateway => state.gateways.len(),
        Pane::Proof => proof::rows(state),
        Pane::Obey => state.obedience().len(),
        Pane::Mesh => mesh::listed(state, ui).len(),
        Pane::Decisions => decisions::listed(state, ui).len(),
        Pane::Processes => processes::row_count(state, ui),
        Pane::Log => log::row_count(state, ui),
        Pane::Alarms => alarms::listed(state, ui).0.len(),
        Pane::Kill | Pane::Lag => 0,
    }
}

fn draw_pane(pen: &mut Pen<'_>, pane: Pane, area: Rect, scene: Scene<'_>, places: &Areas) {
    let shown = |pane| places.pane(pane).is_some();
    match pane {
        Pane::Positions => positions::draw(pen, area, scene),
        Pane::Ticks => ticks::draw(pen, area, scene),
        Pane::Chart => chart::draw(pen, area, scene),
        Pane::Gateway => gateway::draw(pen, area, scene),
        Pane::Kill => kill::draw(pen, area, scene, shown(Pane::Proof)),
        Pane::Proof => proof::draw(pen, area, scene, !shown(Pane::Kill)),
        Pane::Obey => obey::draw(pen, area, scene),
        Pane::Mesh => mesh::draw(pen, area, scene),
        Pane::Decisions => decisions::draw(pen, area, scene),
        Pane::Lag => lag::draw(pen, area, scene),
        Pane::Processes => processes::draw(pen, area, scene),
        Pane::Log => log::draw(pen, area, scene),
        Pane::Alarms => alarms::draw(pen, area, scene),
    }
}

impl Scene<'_> {
    /// Which world this is; a recording is one of its own.
    fn mode(self) -> Mode {
        let shows = self.ui.time.as_ref().map(|time| time.shows);
        if shows == Some(Shows::Recording) { Mode::Replay } else { self.state.mode() }
    }

    /// Frames `pane`, with a note at the right of its title; returns what is
    /// inside.
    fn frame(self, pen: &mut Pen<'_>, pane: Pane, area: Rect, note: &str, look: Role) -> Rect {
        self.titled(pen, pane, area, pane.title(), note, look)
    }

    /// The same, with a title of its own.
    fn titled(
        self,
        pen: &mut Pen<'_>,
        pane: Pane,
        area: Rect,
        words: &str,
        note: &str,
        look: Role,
    ) -> Rect {
        let focused = self.ui.focus == pane;
        let role = if focused { Role::TitleFocus } else { Role::Title };
        let key = self.title_key(pane, area);
        let mut title = Line::new().text(key, Role::TextDim);
        if let Some(mark) = timeline::mark(self, pane) {
            title = title.text(mark, Role::ModeReplay);
        }
        title = title.text(format!(" {words} "), role);
        if !note.is_empty() {
            title = title.end(format!(" {note} "), look);
        }
        let border = match (look, focused) {
            (Role::BorderAlarm, _) => Role::BorderAlarm,
            (_, true) => Role::BorderFocus,
            (_, false) => Role::BorderNormal,
        };
        pen.frame(area, border, &title)
    }

    /// The key that goes to a pane, as its title has it.
    fn title_key(self, pane: Pane, area: Rect) -> String {
        match self.hints.pane(pane) {
            key if key.is_empty() || area.width < KEYED => String::new(),
            key => format!(" {key}"),
        }
    }

    /// The part of `count` rows that `height` rows can show with the pane's
    /// own row in view, as a range.
    fn window(self, pane: Pane, count: usize, height: u16) -> std::ops::Range<usize> {
        let row = self.ui.row(pane).min(count.saturating_sub(1));
        if self.ui.follows(pane) {
            let height = usize::from(height);
            let end = count - row.min(count.saturating_sub(height));
            return end.saturating_sub(height)..end;
        }
        window(row, count, height)
    }

    /// What stands beside the title of a pane with a filter: the filter and
    /// how many of `all` rows it lets pass, else `note`.
    fn filtered(
        self,
        pane: Pane,
        shown: usize,
        all: usize,
        note: (String, Role),
    ) -> (String, Role) {
        let Some(text) = self.filter_note(pane, shown, all, 16) else { return note };
        // A note that is bad news is never hidden by a filter.
        match note.1 {
            Role::TextDim | Role::Accent => (text, Role::Accent),
            bad => (format!("{text}  {}", note.0), bad),
        }
    }

    /// The filter of a pane, its newest `letters`, and how many of `all` rows it
    /// lets pass; none without one.
    fn filter_note(self, pane: Pane, shown: usize, all: usize, letters: usize) -> Option<String> {
        let filter = self.ui.filter(pane);
        let typing = self.ui.typing == Some(pane);
        if filter.is_empty() && !typing {
            return None;
        }
        let cursor = if typing { "_" } else { "" };
        // The newest letters are those that are looked at.
        let left_out = filter.chars().count().saturating_sub(letters);
        let tail: String = filter.chars().skip(left_out).collect();
        Some(format!("/{tail}{cursor} {shown} of {all}"))
    }

    /// How much the title of a pane leaves for a note.
    fn title_room(self, pane: Pane, area: Rect) -> usize {
        let words = self.title_key(pane, area).chars().count() + pane.title().chars().count() + 4;
        usize::from(area.width.saturating_sub(4)).saturating_sub(words)
    }
}

/// The part of `count` rows that `height` rows can show with `row` in view.
#[must_use]
pub fn window(row: usize, count: usize, height: u16) -> std::ops::Range<usize> {
    let height = usize::from(height);
    let start = (row.min(count.saturating_sub(1)) + 1).saturating_sub(height);
    start..(start + height).min(count)
}

/// The heading of a column; where the rows are sorted by it, a mark says whether
/// their values grow downwards.
fn heading<K: SortKey>(word: &str, key: K, sort: Sort<K>, g: &Glyphs) -> (String, Role) {
    if sort.key != key {
        return (word.to_owned(), Role::TextDim);
    }
    (format!("{word}{}", if sort.grows() { g.grows } else { g.shrinks }), Role::Accent)
}

/// As [`wrap`] in at most `most` rows: the last one holds what is left and is
/// cut with an ellipsis where it is drawn, so that nobody takes it for the whole.
#[must_use]
pub fn wrap_most(text: &str, width: u16, most: usize) -> Vec<String> {
    let mut rows = wrap(text, width);
    cut_rows(&mut rows, most);
    rows
}

/// Of too many rows the last one takes what is left, and is cut with a mark.
fn cut_rows(rows: &mut Vec<String>, most: usize) {
    if rows.len() > most {
        let rest = rows.split_off(most.saturating_sub(1)).join(" ");
        rows.truncate(most);
        if most > 0 {
            rows.push(rest);
        }
    }
}

/// Whether every word of a command has room in a row: one that is broken, such
/// as a long path, can't be copied as it stands.
#[must_use]
pub fn is_whole(command: &str, width: u16) -> bool {
    use unicode_width::UnicodeWidthStr;
    command.split(' ').all(|word| word.width() <= usize::from(width))
}

/// The end of a path that is wider than `width`, after an ellipsis: its end
/// tells more than its beginning.
#[must_use]
pub fn path_end(path: &str, width: u16, g: &Glyphs) -> String {
    use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};
    if path.width() <= usize::from(width) {
        return path.to_owned();
    }
    let room = usize::from(width).saturating_sub(g.ellipsis.width());
    let mut used = 0;
    let kept = path.char_indices().rev().take_while(|(_, c)| {
        used += c.width().unwrap_or(0);
        used <= room
    });
    let from = kept.last().map_or(path.len(), |(at, _)| at);
    format!("{}{}", g.ellipsis, path.get(from..).unwrap_or_default())
}

/// Breaks `text` between words into rows of at most `width` columns, and a word
/// that is wider than that, such as a path, where the row ends.
#[must_use]
pub fn wrap(text: &str, width: u16) -> Vec<String> {
    use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};
    let mut rows: Vec<String> = Vec::new();
    for word in text.split(' ') {
        if width > 1 && word.width() > usize::from(width) {
            rows.push(String::new());
            for c in word.chars() {
                match rows.last_mut() {
                    Some(row) if row.width() + c.width().unwrap_or(0) <= usize::from(width) => {
                        row.push(c);
                    }
                    _ => rows.push(c.to_string()),
                }
            }
            continue;
        }
        match rows.last_mut() {
            Some(row) if row.width() + 1 + word.width() <= usize::from(width) => {
                row.push(' ');
                row.push_str(word);
            }
            _ => rows.push(word.to_owned()),
        }
    }
    rows
}
