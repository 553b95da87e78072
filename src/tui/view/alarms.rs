//! The list of alarms: what is wrong, since when, what to do, whose it is.

mod about;

use super::pen::{Line, Pen};
use super::{Scene, format, window, words};
use crate::domain::{Severity, Stamp};
use crate::event::Level;
use crate::state::alarms::Tally;
use crate::state::{Alarm, State};
use crate::tui::theme::{Glyphs, Role};
use crate::tui::ui::{Pane, Ui};
use ratatui::layout::Rect;

/// Inner columns from which there are columns for age and count.
const WIDE: u16 = 72;
/// Inner columns from which standing, acknowledgement and silence have columns.
const ROOMY: u16 = 56;
/// Inner rows from which the words are explained below the list.
const TALL: u16 = 9;

/// What the words of this pane mean, for the help.
pub const WORDS: [(&str, &str); 6] = [
    ("standing", "Wrong now."),
    ("over", "Wrong no longer; leaves the list an hour after it was acknowledged."),
    ("event", "It happened once; whether it is over can't be seen from here."),
    ("ack", "Acknowledged: somebody has seen it and takes it on. It stays listed."),
    ("silent", "Silenced: no bell and no call until this time, UTC. It stays listed and counted."),
    ("flood", "More than ten alarms in ten minutes: the rest is folded, critical ones never."),
];

/// Draws the pane.
pub fn draw(pen: &mut Pen<'_>, area: Rect, scene: Scene<'_>) {
    let (state, g) = (scene.state, pen.glyphs());
    let (rows, folded) = listed(state, scene.ui);
    let (note, look) = note(state, area.width);
    let inner = scene.frame(pen, Pane::Alarms, area, &note, look);
    if rows.is_empty() {
        pen.line(inner, &Line::new().dim("no alarm in this session"));
        return;
    }
    let chosen = row(&rows, scene.ui);
    let legend = legend(inner);
    // The heading, two rows and what is left out come before the words below.
    let kept = rows.len().min(2) + usize::from(rows.len() > 2 || folded > 0);
    let kept = 1 + u16::from(legend.is_some()) + u16::try_from(kept).unwrap_or(0);
    let room = inner.height.saturating_sub(kept);
    let columns = inner.width >= ROOMY;
    let about = |alarm: &&Alarm| about::lines(alarm, state.now, columns, inner.width, room);
    let mut foot = rows.get(chosen).map(about).unwrap_or_default();
    foot.extend(legend.map(|words| Line::new().dim(words)));
    let below = u16::try_from(foot.len()).unwrap_or(0).min(inner.height.saturating_sub(1));
    pen.line(inner, &header(inner.width));
    let mut table =
        Rect { y: inner.y + 1, height: inner.height.saturating_sub(1 + below), ..inner };
    let crowded = rows.len() > usize::from(table.height) || folded > 0;
    if crowded && table.height > 1 {
        table.height -= 1;
        let shown = window(chosen, rows.len(), table.height);
        let more = more((shown.start, rows.len() - shown.end, folded), inner.width);
        pen.line(Rect { y: table.bottom(), height: 1, ..inner }, &more);
    }
    let window = window(chosen, rows.len(), table.height);
    let shown = rows.iter().enumerate().take(window.end).skip(window.start);
    let lines: Vec<_> = shown
        .map(|(at, alarm)| {
            let picked = scene.ui.focus == Pane::Alarms && at == chosen;
            let mark = Line::new().text(if picked { g.select } else { " " }, Role::Accent);
            let line = mark.chain(cells(alarm, state, inner.width, g));
            if picked { line.on(Role::Selection) } else { line }
        })
        .collect();
    pen.lines(table, &lines);
    let y = inner.bottom().saturating_sub(below);
    pen.lines(Rect { y, height: below, ..inner }, &foot);
}

/// The rows as they are shown, and how many of a flood are left out.
#[must_use]
pub fn listed<'a>(state: &'a State, ui: &Ui) -> (Vec<&'a Alarm>, usize) {
    state.alarms.rows(ui.flood)
}

/// Where the selected alarm is among `rows`.
#[must_use]
pub fn row(rows: &[&Alarm], ui: &Ui) -> usize {
    let at = ui.alarm.as_ref().and_then(|key| rows.iter().position(|alarm| alarm.key == *key));
    at.unwrap_or_else(|| ui.row(Pane::Alarms).min(rows.len().saturating_sub(1)))
}

/// The alarm that keys mean.
#[must_use]
pub fn selected<'a>(state: &'a State, ui: &Ui) -> Option<&'a Alarm> {
    let (rows, _) = listed(state, ui);
    rows.get(row(&rows, ui)).copied()
}

/// How an alarm of this severity looks.
#[must_use]
pub const fn look(severity: Severity, g: &Glyphs) -> (&'static str, Role) {
    match severity {
        Severity::Critical => words::level(Level::Alarm, g),
        Severity::Warning => words::level(Level::Warn, g),
    }
}

/// How the list stands, in the look of the gravest that is nobody's.
fn note(state: &State, width: u16) -> (String, Role) {
    let role = match state.alarms.open().0 {
        Some(Severity::Critical) => Role::LogAlarm,
        Some(Severity::Warning) => Role::LogWarn,
        None => Role::TextDim,
    };
    let tally = state.alarms.tally(state.now);
    // The title, its key and the corners stand in the same line.
    let room = usize::from(width.saturating_sub(16));
    let forms = [Some(("acknowledged", "silenced")), Some(("ack", "silent")), None];
    let all = forms.map(|form| told(&tally, form));
    let fits = all.iter().find(|words| words.chars().count() <= room).or(all.last());
    (fits.cloned().unwrap_or_default(), role)
}

/// The list in words; `aside` names the two that are told in brackets, if they
/// are.
fn told(tally: &Tally, aside: Option<(&str, &str)>) -> String {
    if tally.standing + tally.over + tally.events == 0 {
        return String::from("none");
    }
    let mut asides = Vec::new();
    if let Some((acknowledged, silenced)) = aside {
        if tally.acknowledged > 0 {
            asides.push(format!("{} {acknowledged}", tally.acknowledged));
        }
        if let Some(until) = tally.until {
            let last = if tally.silenced > 1 { ", the last" } else { "" };
            let until = until.utc.hm();
            asides.push(format!("{} {silenced}{last} until {until}", tally.silenced));
        }
    }
    let asides = match asides.join(", ") {
        all if all.is_empty() => all,
        all => format!(" ({all})"),
    };
    let mut parts = vec![match tally.standing {
        0 => String::from("none standing"),
        n => format!("{n} standing{asides}"),
    }];
    if tally.over > 0 {
        parts.push(format!("{} over", tally.over));
    }
    match tally.events {
        0 => {}
        1 => parts.push(String::from("1 event")),
        n => parts.push(format!("{n} events")),
    }
    parts.join(", ")
}

fn header<'a>(width: u16) -> Line<'a> {
    let d = Role::TextDim;
    let line = Line::new().gap(3).left(9, "RAISED", d);
    let line = if width >= ROOMY {
        line.left(9, "STATE", d).left(4, "ACK", d).left(7, "SILENT", d)
    } else {
        line
    };
    let line = if width >= WIDE {
        line.right(format::AGE, "AGE", d).right(6, "TIMES", d).gap(2)
    } else {
        line
    };
    line.rest("WHAT", d)
}

fn cells<'a>(alarm: &'a Alarm, state: &State, width: u16, g: &Glyphs) -> Line<'a> {
    let d = Role::TextDim;
    let (mark, loud) = look(alarm.severity, g);
    let (word, over) = standing(alarm);
    let role = match (alarm.is_open(), over) {
        (true, _) => loud,
        (false, false) => Role::TextNormal,
        (false, true) => d,
    };
    let mark = if over { g.flat } else { mark };
    let line = Line::new().text(mark, role).gap(1).left(9, alarm.last.utc.hms(), d);
    let line =
        if width >= ROOMY {
            let acknowledged = if alarm.is_open() { "no" } else { "yes" };
            line.left(9, word, if over { d } else { Role::TextNormal })
                .left(4, acknowledged, d)
                .left(7, silent_until(alarm, state.now).unwrap_or_default(), d)
        } else {
            line
        };
    let line = if width >= WIDE {
        let times = if alarm.count > 1 { alarm.count.to_string() } else { String::new() };
        line.right(format::AGE, format::age(state.age(alarm.last)), d).right(6, times, d).gap(2)
    } else {
        line
    };
    if width >= ROOMY {
        return line.rest(alarm.text.as_str(), role);
    }
    let mut words = String::new();
    if let Some(until) = silent_until(alarm, state.now) {
        words = format!("silent {until} ");
    }
    if !alarm.is_open() {
        words.push_str("ack ");
    }
    line.text(words, d).rest(alarm.text.as_str(), role)
}

/// Whether it is wrong now, in a word, and whether it is over.
const fn standing(alarm: &Alarm) -> (&'static str, bool) {
    match (alarm.standing, alarm.is_event()) {
        (true, _) => ("standing", false),
        (false, true) => ("event", false),
        (false, false) => ("over", true),
    }
}

/// When its silence ends, `14:05` UTC; none where it is not silenced.
fn silent_until(alarm: &Alarm, now: Stamp) -> Option<String> {
    alarm.silent_until.filter(|_| alarm.is_silent(now)).map(|until| until.utc.hm())
}

/// Rows above and below those shown, and those of a flood that are folded.
fn more<'a>((above, below, folded): (usize, usize, usize), width: u16) -> Line<'a> {
    let mut parts = Vec::new();
    if above > 0 {
        parts.push(format!("{above} more above"));
    }
    if below > 0 {
        parts.push(format!("{below} more below"));
    }
    if folded > 0 {
        let flood = if width >= ROOMY {
            format!("{folded} more in a flood, :flood lists them")
        } else {
            format!("{folded} folded, :flood")
        };
        parts.push(flood);
    }
    Line::new().gap(3).rest(parts.join(", "), Role::TextStrong)
}

/// The words in one line, where there is room.
const fn legend(inner: Rect) -> Option<&'static str> {
    match inner.width {
        _ if inner.height < TALL => None,
        110.. => Some(
            "standing: wrong now   over: no longer   event: happened once   \
             ack: somebody took it on   silent: no call until",
        ),
        ROOMY.. => Some("standing: wrong now, over: no longer, event: it happened"),
        _ => None,
    }
}
