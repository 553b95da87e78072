//! The list of alarms: what is wrong, since when, what to do, whose it is.

use super::pen::{Line, Pen};
use super::{Scene, format, words, wrap};
use crate::domain::{Severity, Stamp};
use crate::event::Level;
use crate::state::{Alarm, State};
use crate::tui::theme::{Glyphs, Role};
use crate::tui::ui::{Pane, Ui};
use ratatui::layout::Rect;

/// Inner columns from which age and standing are words of their own.
const WIDE: u16 = 66;

/// Draws the pane.
pub fn draw(pen: &mut Pen<'_>, area: Rect, scene: Scene<'_>) {
    let (state, g) = (scene.state, pen.glyphs());
    let (rows, left_out) = listed(state, scene.ui);
    let (note, look) = note(state, left_out);
    let inner = scene.frame(pen, Pane::Alarms, area, &note, look);
    if rows.is_empty() {
        pen.line(inner, &Line::new().dim("no alarm in this session"));
        return;
    }
    let chosen = scene.ui.row(Pane::Alarms).min(rows.len().saturating_sub(1));
    let about = rows.get(chosen).map(|alarm| about(alarm, inner.width)).unwrap_or_default();
    let below = u16::try_from(about.len()).unwrap_or(0).min(inner.height / 2);
    pen.line(inner, &header(inner.width));
    let height = inner.height.saturating_sub(1 + below);
    let table = Rect { y: inner.y + 1, height, ..inner };
    let window = scene.window(Pane::Alarms, rows.len(), table.height);
    let shown = rows.iter().enumerate().take(window.end).skip(window.start);
    let lines: Vec<_> = shown
        .map(|(at, alarm)| {
            let line = row(alarm, state, inner.width, g);
            let picked = scene.ui.focus == Pane::Alarms && at == chosen;
            if picked { line.on(Role::Selection) } else { line }
        })
        .collect();
    pen.lines(table, &lines);
    let foot = Rect { y: table.bottom(), height: below, ..inner };
    pen.lines(foot, &about);
}

/// The rows as they are shown, and how many of a flood are left out.
#[must_use]
pub fn listed<'a>(state: &'a State, ui: &Ui) -> (Vec<&'a Alarm>, usize) {
    state.alarms.rows(ui.flood)
}

/// The alarm that keys mean.
#[must_use]
pub fn selected<'a>(state: &'a State, ui: &Ui) -> Option<&'a Alarm> {
    let (rows, _) = listed(state, ui);
    rows.get(ui.row(Pane::Alarms).min(rows.len().saturating_sub(1))).copied()
}

/// How an alarm of this severity looks.
#[must_use]
pub const fn look(severity: Severity, g: &Glyphs) -> (&'static str, Role) {
    match severity {
        Severity::Critical => words::level(Level::Alarm, g),
        Severity::Warning => words::level(Level::Warn, g),
    }
}

fn note(state: &State, left_out: usize) -> (String, Role) {
    let (gravest, open) = state.alarms.open();
    let role = match gravest {
        Some(Severity::Critical) => Role::LogAlarm,
        Some(Severity::Warning) => Role::LogWarn,
        None => Role::TextDim,
    };
    match (open, left_out) {
        (0, _) => (String::from("none open"), role),
        (n, 0) => (format!("{n} open"), role),
        (n, more) => (format!("{n} open, a flood: {more} not shown"), role),
    }
}

fn header<'a>(width: u16) -> Line<'a> {
    let d = Role::TextDim;
    let line = Line::new().gap(2).left(9, "RAISED", d);
    let line = if width >= WIDE {
        line.left(10, "STATE", d).right(format::AGE, "FOR", d).right(6, "TIMES", d).gap(2)
    } else {
        line
    };
    line.rest("WHAT", d)
}

fn row<'a>(alarm: &'a Alarm, state: &State, width: u16, g: &Glyphs) -> Line<'a> {
    let (mark, loud) = look(alarm.severity, g);
    let role = match (alarm.is_open(), alarm.standing) {
        (true, _) => loud,
        (false, true) => Role::TextNormal,
        (false, false) => Role::TextDim,
    };
    let line = Line::new().text(mark, role).gap(1).left(9, alarm.last.utc.hms(), Role::TextDim);
    let line = if width >= WIDE {
        let times = if alarm.count > 1 { alarm.count.to_string() } else { String::new() };
        let (word, word_role) = standing(alarm, state.now);
        line.left(10, word, word_role)
            .right(format::AGE, format::age(state.age(alarm.last)), Role::TextDim)
            .right(6, times, Role::TextDim)
            .gap(2)
    } else {
        line
    };
    line.rest(alarm.text.as_str(), role)
}

/// Whose it is, in a word.
fn standing(alarm: &Alarm, now: Stamp) -> (&'static str, Role) {
    match (alarm.is_open(), alarm.standing) {
        (true, _) if alarm.is_silent(now) => ("silenced", Role::TextDim),
        (true, true) => ("standing", Role::TextNormal),
        (true, false) => ("was", Role::TextDim),
        (false, true) => ("seen", Role::TextDim),
        (false, false) => ("over", Role::TextDim),
    }
}

/// All of the chosen one's words, and what to do.
fn about<'a>(alarm: &Alarm, width: u16) -> Vec<Line<'a>> {
    let mut lines = vec![Line::new()];
    for (label, words, role) in
        [("what", &alarm.text, Role::TextNormal), ("do", &alarm.advice, Role::TextStrong)]
    {
        let mut label = Some(label);
        for words in wrap(words.as_str(), width.saturating_sub(6)) {
            let line = Line::new().left(6, label.take().unwrap_or_default(), Role::TextDim);
            lines.push(line.rest(words, role));
        }
    }
    lines
}
