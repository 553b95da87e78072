//! What happened, newest last; on the second page, what the program says of
//! itself.

use super::pen::{Line, Pen};
use super::{Scene, words, wrap};
use crate::domain::UtcMicros;
use crate::event;
use crate::state::{Aged, State};
use crate::tui::diagnostics::{Counts, Level};
use crate::tui::theme::{Glyphs, Role};
use crate::tui::ui::{LogPage, Pane, Ui, passes};
use ratatui::layout::Rect;
use std::borrow::Cow;
use std::collections::VecDeque;
use unicode_width::UnicodeWidthStr;

/// Inner rows from which a long line goes on below itself.
const TALL: u16 = 8;
/// Columns of text below which it would be all rows.
const LEAST: u16 = 24;
/// Most rows of one line.
const MOST: usize = 4;

/// Rows that can be scrolled.
#[must_use]
pub fn row_count(state: &State, ui: &Ui) -> usize {
    match ui.log.shown {
        LogPage::Diagnostics => ui.log.diagnostics.lines.len(),
        // Without counting where nothing is left out.
        LogPage::Events if !is_filtered(ui) => state.log.len(),
        LogPage::Events => listed(state, ui).count(),
    }
}

fn is_filtered(ui: &Ui) -> bool {
    !ui.filter(Pane::Log).is_empty() || ui.log_level > event::Level::Info
}

/// The lines that pass level and filter, oldest first.
fn listed<'a>(
    state: &'a State,
    ui: &'a Ui,
) -> impl DoubleEndedIterator<Item = &'a Aged<event::LogLine>> {
    let filter = ui.filter(Pane::Log);
    state.log.iter().filter(move |line| {
        let said = &line.value;
        said.level >= ui.log_level && passes(filter, [said.source.as_str(), said.text.as_str()])
    })
}

/// Draws the pane.
pub fn draw(pen: &mut Pen<'_>, area: Rect, scene: Scene<'_>) {
    let page = scene.ui.log.shown;
    let level = match (page, scene.ui.log_level) {
        (LogPage::Diagnostics, _) | (_, event::Level::Info) => "",
        (_, event::Level::Warn) => ", warnings and alarms",
        (_, event::Level::Alarm) => ", alarms",
    };
    let title = format!("{}: {}{level}", Pane::Log.title(), page.name());
    // The frame's corners, and the blanks beside title and note.
    let key = scene.title_key(Pane::Log, area).width();
    let room = usize::from(area.width).saturating_sub(title.width() + key + 9);
    let (note, look) = note(scene, room, pen.glyphs());
    let inner = scene.titled(pen, Pane::Log, area, &title, &note, look);
    let rows = match page {
        LogPage::Events => events(scene, inner, pen.glyphs()),
        LogPage::Diagnostics => diagnostics(scene, inner, pen.glyphs()),
    };
    if rows.is_empty() {
        let why = match page {
            LogPage::Events if is_filtered(scene.ui) => "no line passes level and filter",
            _ => "nothing happened yet",
        };
        pen.line(inner, &Line::new().dim(why));
    }
    pen.lines(inner, &rows);
}

fn events<'a>(scene: Scene<'a>, inner: Rect, g: &Glyphs) -> Vec<Line<'a>> {
    let count = row_count(scene.state, scene.ui);
    let window = scene.window(Pane::Log, count, inner.height);
    let rows = |line: &'a Aged<event::LogLine>| {
        let (when, said) = (line.value.when.unwrap_or(line.at.utc), &line.value);
        let source = match inner.width {
            ..90 => (11, said.source.as_str()),
            _ => (16, said.source.as_str()),
        };
        let look = words::level(said.level, g);
        let first = row(inner, when, look, source, said.text.as_str());
        let before = first.width();
        let room = inner.width.saturating_sub(u16::try_from(before).unwrap_or(u16::MAX));
        if inner.height < TALL || room < LEAST || said.text.as_str().width() <= usize::from(room) {
            return vec![first];
        }
        // What does not fit goes on below, so that nothing has to be guessed.
        let mut parts = wrap(said.text.as_str(), room);
        let rest = parts.split_off(MOST.min(parts.len()));
        if let Some(last) = parts.last_mut().filter(|_| !rest.is_empty()) {
            last.push(' ');
            last.push_str(&rest.join(" "));
        }
        let mut head = Some(inner);
        let lead = u16::try_from(before).unwrap_or(0);
        parts
            .into_iter()
            .map(|part| match head.take() {
                Some(inner) => row(inner, when, look, source, part),
                None => Line::new().gap(lead).rest(part, look.1),
            })
            .collect()
    };
    let shown = listed(scene.state, scene.ui).take(window.end).skip(window.start);
    let mut all: VecDeque<Vec<Line<'a>>> = shown.map(rows).collect();
    let mut count: usize = all.iter().map(Vec::len).sum();
    // The newest line is the one that must be whole.
    while count > usize::from(inner.height) && all.len() > 1 {
        count -= all.pop_front().map_or(0, |lines| lines.len());
    }
    all.into_iter().flatten().collect()
}

fn diagnostics<'a>(scene: Scene<'a>, inner: Rect, g: &Glyphs) -> Vec<Line<'a>> {
    let said = &scene.ui.log.diagnostics.lines;
    let window = scene.window(Pane::Log, said.len(), inner.height);
    let lines = said.get(window).unwrap_or_default().iter();
    lines
        .map(|line| {
            let look = loudness(line.level, g);
            let wide = if inner.width < 90 { 13 } else { 18 };
            row(inner, line.at, look, (wide, tail(line.source.as_str(), wide)), line.text.as_str())
        })
        .collect()
}

const fn loudness(level: Level, g: &Glyphs) -> (&'static str, Role) {
    match level {
        Level::Error => words::level(event::Level::Alarm, g),
        Level::Warn => words::level(event::Level::Warn, g),
        Level::Info => words::level(event::Level::Info, g),
        Level::Debug | Level::Trace => (g.flat, Role::TextDim),
    }
}

fn row<'a>(
    inner: Rect,
    when: UtcMicros,
    (mark, role): (&'static str, Role),
    (wide, source): (u16, &'a str),
    text: impl Into<Cow<'a, str>>,
) -> Line<'a> {
    let mut line = Line::new().left(9, when.hms(), Role::TextDim).text(mark, role).gap(1);
    if inner.width >= 50 {
        line = line.left(wide, source, Role::TextDim).gap(1);
    }
    line.rest(text, role)
}

/// The last parts of `feeds::polls::told` that fit, or its last one.
fn tail(source: &str, wide: u16) -> &str {
    let mut rest = source;
    while rest.width() > usize::from(wide) {
        let Some((_, shorter)) = rest.split_once("::") else { break };
        rest = shorter;
    }
    rest
}

/// What stands beside the title: how far the page is scrolled, the key that
/// turns it, and what is loud and unread on the other one. The least important
/// goes first where there is no room.
fn note(scene: Scene<'_>, room: usize, g: &Glyphs) -> (String, Role) {
    let count = super::row_count(scene.state, scene.ui, Pane::Log);
    let back = scene.ui.row(Pane::Log).min(count.saturating_sub(1));
    let below = if back > 0 { format!("{back} newer below") } else { String::new() };
    let (key, other) = (scene.hints.log_page.to_string(), scene.ui.log.shown.other());
    let turn = format!("{key} {}", other.name());
    let news = unread(scene);
    let [named, marked] = [words_of(news, other), marks_of(news, g)];
    let shapes: [&[&String]; 5] = [
        &[&below, &turn, &named],
        &[&below, &turn, &marked],
        &[&below, &key, &marked],
        &[&key, &marked],
        &[&marked],
    ];
    let joined = |parts: &[&String]| {
        let parts = parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty());
        parts.collect::<Vec<_>>().join(", ")
    };
    let filter = if scene.ui.log.shown == LogPage::Events {
        let none = (String::new(), Role::TextDim);
        scene.filtered(Pane::Log, count, scene.state.log.len(), none).0
    } else {
        String::new()
    };
    let room = room.saturating_sub(if filter.is_empty() { 0 } else { filter.width() + 2 });
    let note = shapes.into_iter().map(joined).find(|note| note.width() <= room);
    let note = match note.unwrap_or_default() {
        note if filter.is_empty() => note,
        note if note.is_empty() => filter,
        note => format!("{filter}  {note}"),
    };
    let look = match (news.errors, news.warnings) {
        (0, 0) if back > 0 => Role::Accent,
        (0, 0) => Role::TextDim,
        (0, _) => Role::LogWarn,
        _ => Role::LogAlarm,
    };
    (note, look)
}

/// What is loud on the page that is not shown and came after it was left.
fn unread(scene: Scene<'_>) -> Counts {
    let pages = &scene.ui.log;
    if pages.shown == LogPage::Events {
        return pages.diagnostics.counts.since(pages.diagnostics_left);
    }
    let mut counts = Counts::default();
    let left = pages.events_left.mono_ns;
    for line in scene.state.log.iter().rev().take_while(|line| line.at.mono_ns > left) {
        match line.value.level {
            event::Level::Alarm => counts.errors += 1,
            event::Level::Warn => counts.warnings += 1,
            event::Level::Info => {}
        }
    }
    counts
}

fn words_of(news: Counts, page: LogPage) -> String {
    let loudest = match page {
        LogPage::Events => "alarm",
        LogPage::Diagnostics => "error",
    };
    [(news.errors, loudest), (news.warnings, "warning")]
        .into_iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, what)| format!("{n} {what}{}", if n == 1 { "" } else { "s" }))
        .collect::<Vec<_>>()
        .join(", ")
}

fn marks_of(news: Counts, g: &Glyphs) -> String {
    [(news.errors, g.bad), (news.warnings, g.stale)]
        .into_iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, mark)| format!("{mark}{n}"))
        .collect::<Vec<_>>()
        .join(" ")
}
