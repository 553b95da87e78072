//! Who obeys: for each consumer of the latch, which latch it looks at, what it
//! says of it, whether it denied an order, and how old its word is.

use super::kill::Ranked;
use super::more;
use super::pen::{Line, Pen, fit_counted};
use super::{Scene, format, words, wrap_most};
use crate::domain::LinkState;
use crate::event::EventsReport;
use crate::state::obey::{Row, Says, Sees};
use crate::state::{Freshness, State};
use crate::tui::theme::{Glyphs, Role};
use crate::tui::ui::Pane;
use ratatui::layout::Rect;

/// Inner columns from which the words are long.
const ROOMY: u16 = 39;
/// Inner columns from which host and denied orders are shown.
const WIDE: u16 = 66;

/// Draws the pane.
pub fn draw(pen: &mut Pen<'_>, area: Rect, scene: Scene<'_>) {
    let (state, g) = (scene.state, pen.glyphs());
    let rows = state.obedience();
    let (note, look) = note(state, &rows, area.height.saturating_sub(3));
    let inner = scene.frame(pen, Pane::Obey, area, &note, look);
    pen.line(inner, &header(inner.width));
    let table = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
    let window = scene.window(Pane::Obey, rows.len(), table.height);
    let chosen = scene.ui.row(Pane::Obey).min(rows.len().saturating_sub(1));
    let shown = rows.iter().enumerate().take(window.end).skip(window.start);
    let mut lines: Vec<(u8, Line<'_>)> = shown
        .map(|(at, one)| {
            let line = row(one, inner.width, g);
            // An alarm is never painted over.
            let picked = scene.ui.focus == Pane::Obey && at == chosen && !one.alarm;
            (0, if picked { line.on(Role::Selection) } else { line })
        })
        .collect();
    lines.push((3, Line::new()));
    lines.extend(state.obey.feeds.values().map(|feed| (1, source(&feed.value, g))));
    if let Some(own) = &state.obey.own {
        let id = own.value.file.or(own.value.dir);
        let id = id.map_or_else(String::new, |id| format!(", {}:{}", id.dev, id.ino));
        let what = if own.value.file.is_some() { "" } else { " absent, its directory" };
        lines.push((
            2,
            Line::new()
                .dim("latch ")
                .rest(format!("{}{what}{id}", own.value.path), Role::TextNormal),
        ));
    }
    let (shown, left_out) = fit_counted(lines, table.height);
    pen.lines(table, &shown);
    more::left_out(pen, area, left_out);
}

/// What is wrong with the whole, and how many rows don't fit into `height`.
fn note(state: &State, rows: &[Row], height: u16) -> (String, Role) {
    let loud = rows.iter().filter(|row| row.alarm).count();
    let feeds = || state.obey.feeds.values();
    let counts = feeds().flat_map(|feed| feed.value.refused.values());
    let refused = counts.fold(state.obey.refused, |sum, n| sum.saturating_add(*n));
    let (note, look) = if loud > 0 {
        let verb = if loud == 1 { "DOES" } else { "DO" };
        (format!("{loud} {verb} NOT OBEY"), Role::BorderAlarm)
    } else if state.obey.feeds.is_empty() {
        (String::from("events is not set"), Role::TextDim)
    } else if feeds().any(|feed| feed.value.link == LinkState::Down) {
        (String::from("events link DOWN"), Role::HealthBad)
    } else if refused > 0 {
        (format!("{} refused", format::count(refused)), Role::HealthStale)
    } else {
        (String::new(), Role::TextDim)
    };
    let hidden = rows.len().saturating_sub(usize::from(height));
    match (hidden, note.is_empty()) {
        (0, _) => (note, look),
        (_, true) => (format!("{hidden} more"), look),
        (_, false) => (format!("{note}, {hidden} more"), look),
    }
}

fn header<'a>(width: u16) -> Line<'a> {
    let d = Role::TextDim;
    let line = Line::new().gap(2).left(9, "WHO", d);
    if width >= WIDE {
        line.gap(1)
            .left(10, "HOST", d)
            .left(12, "SEES", d)
            .left(13, "SAYS", d)
            .left(14, "DENIED", d)
            .right(5, "HEARD", d)
    } else {
        let sees = if width >= ROOMY { 11 } else { 7 };
        line.left(sees, "SEES", d).left(12, "SAYS", d).right(5, "HEARD", d)
    }
}

fn row<'a>(row: &'a Row, width: u16, g: &Glyphs) -> Line<'a> {
    let (mark, look) = standing(row, g);
    let (wide, long) = (width >= WIDE, width >= ROOMY);
    // What can't be believed has one look; what can, one for each word.
    let over = |role: Role| match (row.alarm, row.freshness) {
        (true, _) => Role::HealthBad,
        (false, Freshness::Fresh) => role,
        (false, Freshness::Stale) => Role::TextDim,
        (false, Freshness::Unknown) => Role::HealthUnknown,
    };
    let name = if row.is_known() { over(Role::TextNormal) } else { Role::TextDim };
    let line = Line::new().text(mark, look).gap(1).left(9, row.consumer.as_str(), name);
    let line = if wide { line.gap(1).left(10, row.host.as_str(), Role::TextDim) } else { line };
    if !row.is_known()
        && let Some(told) = row.told
    {
        let text = if long { "no evidence, yet it runs:" } else { "none, it runs:" };
        return line
            .left(if long { 26 } else { 15 }, text, Role::HealthStale)
            .dim(format::age(told));
    }
    if !row.is_known() && row.heard.is_none() {
        return line.rest("no evidence", Role::HealthUnknown);
    }
    let (sees, sees_role) = sees(row, long);
    let (says, says_role) = says(row);
    let width = match (wide, long) {
        (true, _) => 12,
        (false, true) => 11,
        (false, false) => 7,
    };
    let line = line.left(width, sees, over(sees_role)).left(
        if wide { 13 } else { 12 },
        says,
        over(says_role),
    );
    let line = if wide { line.left(14, denied(row), over(Role::TextNormal)) } else { line };
    let age = row.heard.map_or_else(|| String::from("line"), format::age);
    line.right(5, age, over(Role::TextDim))
}

/// The mark before a row.
const fn standing(row: &Row, g: &Glyphs) -> (&'static str, Role) {
    match (row.alarm, row.freshness, row.sees) {
        (true, ..) | (_, Freshness::Fresh, Sees::OtherFile) => (g.bad, Role::HealthBad),
        (_, Freshness::Stale, _) => (g.stale, Role::HealthStale),
        (_, Freshness::Unknown, _) if row.told.is_some() => (g.unknown, Role::HealthStale),
        (_, Freshness::Unknown, _) | (_, _, Sees::Unknown) => (g.unknown, Role::HealthUnknown),
        (_, _, Sees::NoLatch) => (g.disarmed, Role::HealthStale),
        (_, _, Sees::This | Sees::OtherHost) => (g.good, Role::HealthGood),
    }
}

const fn sees(row: &Row, long: bool) -> (&'static str, Role) {
    if !row.is_known() {
        return ("?", Role::HealthUnknown);
    }
    let (long_word, short, role) = match row.sees {
        Sees::This => ("this latch", "this", Role::HealthGood),
        Sees::OtherHost => ("other host", "remote", Role::TextNormal),
        Sees::OtherFile => ("OTHER FILE", "OTHER", Role::HealthBad),
        Sees::NoLatch => ("NO LATCH", "NONE", Role::HealthStale),
        Sees::Unknown => ("?", "?", Role::HealthUnknown),
    };
    (if long { long_word } else { short }, role)
}

const fn says(row: &Row) -> (&'static str, Role) {
    if !row.is_known() {
        return ("?", Role::HealthUnknown);
    }
    match row.says {
        Says::Engaged => ("engaged", Role::TextStrong),
        Says::NotEngaged if row.alarm => ("NOT ENGAGED", Role::HealthBad),
        Says::NotEngaged => ("not engaged", Role::TextNormal),
        Says::Doubt => ("doubt: deny", Role::HealthStale),
        Says::Nothing if row.killed => ("killed", Role::TextStrong),
        Says::Nothing if row.alarm => ("ORDERS PASS", Role::HealthBad),
        Says::Nothing => ("-", Role::TextDim),
    }
}

fn denied(row: &Row) -> String {
    match (row.blocked, row.killed) {
        _ if !row.is_known() => String::from("?"),
        (Some(age), _) => format!("{} ago", format::age(age)),
        (None, true) => String::from("killed"),
        (None, false) => String::from("-"),
    }
}

/// One endpoint: its link, and what was refused.
fn source<'a>(feed: &'a EventsReport, g: &Glyphs) -> Line<'a> {
    let badge = words::link(feed.link, g);
    let mut causes: Vec<_> = feed.refused.iter().filter(|(_, n)| **n > 0).collect();
    causes.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    let refused: Vec<_> =
        causes.iter().map(|(cause, n)| format!("{} {cause}", format::count(**n))).collect();
    let line = Line::new()
        .dim("events ")
        .text(feed.endpoint.as_str(), Role::TextNormal)
        .gap(1)
        .text(badge.mark, badge.role)
        .gap(1)
        .text(badge.word, badge.role);
    if refused.is_empty() {
        return line.dim(format!("  {} heard", format::count(feed.received)));
    }
    line.dim("  refused ").rest(refused.join(", "), Role::HealthStale)
}

/// The kill panel's line: traders and gateways, those that don't obey first.
#[must_use]
pub fn summary<'a>(state: &State, width: u16, g: &Glyphs) -> Ranked<'a> {
    let rows = state.obedience();
    let local = |row: &&Row| !matches!(row.consumer.as_str(), "agent" | "console");
    let mut asked: Vec<&Row> = rows.iter().filter(|row| row.alarm || local(row)).collect();
    asked.sort_by_key(|row| (!row.alarm, !row.is_known()));
    let loud: Vec<&Row> = asked.iter().copied().filter(|row| row.alarm).collect();
    if !loud.is_empty() {
        let words: Vec<_> = loud.iter().map(|row| in_words(row)).collect();
        let text = format!("{} obey: {}", g.bad, words.join("; "));
        let lines = wrap_most(&text, width, 2).into_iter();
        return lines.map(|line| (0, Line::new().rest(line, Role::HealthBad))).collect();
    }
    let text = if state.obey.feeds.is_empty() {
        String::from("obey: not known: events is not set")
    } else if width < ROOMY {
        let obey = asked.iter().filter(|row| obeys(row)).count();
        let unheard = asked.iter().filter(|row| !row.is_known()).count();
        format!("obey: {obey} of {}, {unheard} no evidence", asked.len())
    } else {
        let words: Vec<_> = asked.iter().map(|row| in_words(row)).collect();
        format!("obey: {}", words.join("; "))
    };
    let lines = wrap_most(&text, width, 2).into_iter();
    lines.map(|line| (SUMMARY, Line::new().rest(line, Role::TextNormal))).collect()
}

/// Rank of the summary: before what the strip shows too.
const SUMMARY: u8 = 1;

const fn obeys(row: &Row) -> bool {
    row.is_known() && (row.killed || matches!(row.says, Says::Engaged | Says::Doubt))
}

fn in_words(row: &Row) -> String {
    let who = row.consumer.as_str();
    let heard = match (row.heard, row.told) {
        (_, Some(_)) => return format!("{who} runs, no evidence"),
        (None, None) => return format!("{who} no evidence"),
        (Some(heard), None) => heard,
    };
    let age = format::age(heard);
    match (row.says, row.sees) {
        _ if !row.is_known() => format!("{who} silent for {age}"),
        (Says::NotEngaged, _) if row.alarm => format!("{who} says NOT ENGAGED {age}"),
        (_, Sees::NoLatch) if row.alarm => format!("{who} watches NO LATCH {age}"),
        (Says::Engaged, Sees::This) => format!("{who} sees it {age}"),
        (Says::Engaged, Sees::OtherFile) => format!("{who} sees another file {age}"),
        (Says::Engaged, _) => format!("{who} engaged {age}"),
        (Says::NotEngaged, _) => format!("{who} not yet {age}"),
        (Says::Doubt, _) => format!("{who} denies in doubt {age}"),
        (Says::Nothing, _) if row.killed => format!("{who} killed {age}"),
        (Says::Nothing, _) => format!("{who} watches no latch {age}"),
    }
}
