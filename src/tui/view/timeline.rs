//! The timeline: where in the past the panes are, in place of the status line.
//!
//! A bar over all that was recorded, with a mark for each place worth going
//! to: a sign of its own for each kind, so that no colour is needed. Before
//! it, how time passes, the moment (UTC), the record, the speed, and the keys
//! that there is room for; a narrow screen keeps the moment longest.

use super::pen::{Line, Pen};
use super::{Scene, status, words};
use crate::domain::{Mark, MarkKind, UtcMicros};
use crate::tui::theme::{Glyphs, Role};
use crate::tui::ui::{Motion, Pane, Shows, Timeline};
use ratatui::layout::Rect;

/// Columns below which a bar tells nothing.
const LEAST: u16 = 8;

/// Whether a pane tells of now while the others show this session's past:
/// those that tell of the switch, of a kill, and of alarms.
#[must_use]
pub const fn is_live(pane: Pane) -> bool {
    matches!(pane, Pane::Kill | Pane::Proof | Pane::Obey | Pane::Alarms)
}

/// What stands before the title of a pane that does not show now.
pub(super) fn mark(scene: Scene<'_>, pane: Pane) -> Option<String> {
    let time = scene.ui.time.as_ref()?;
    let past = time.shows == Shows::Session && !is_live(pane);
    past.then(|| format!(" PAST {} ", time.at.1.hms()))
}

/// Draws it into one row, or what is typed and told in its place.
pub fn draw(pen: &mut Pen<'_>, area: Rect, scene: Scene<'_>) {
    let Some(time) = &scene.ui.time else { return };
    if time.shows == Shows::Session && is_covered(scene, time) {
        return status::draw(pen, area, scene);
    }
    pen.clear(area, Role::Background);
    let (line, bar, end) = parts(pen.glyphs(), area, scene, time);
    pen.line(Rect { x: end.0, width: area.right().saturating_sub(end.0), ..area }, &end.1);
    let words = Rect { width: end.0.saturating_sub(area.x), ..area };
    if is_covered(scene, time) {
        return pen.line(words, &typed(scene, words.width, pen.glyphs().ellipsis));
    }
    pen.line(words, &line);
    draw_bar(pen, bar, time);
}

/// Where the bar is in `area`; empty where there is none.
#[must_use]
pub fn bar(g: &Glyphs, area: Rect, scene: Scene<'_>) -> Rect {
    match &scene.ui.time {
        Some(time) if !is_covered(scene, time) => parts(g, area, scene, time).1,
        _ => Rect::default(),
    }
}

/// The moment that a column of the bar stands for.
#[must_use]
pub fn moment(bar: Rect, column: u16, time: &Timeline) -> UtcMicros {
    let (first, last) = (time.first.1.0, time.last.1.0.max(time.first.1.0));
    let steps = i128::from(bar.width.saturating_sub(1).max(1));
    let step = i128::from(column.saturating_sub(bar.x)).min(steps);
    let at = i128::from(first) + i128::from(last - first) * step / steps;
    UtcMicros(i64::try_from(at).unwrap_or(last))
}

fn is_typed(scene: Scene<'_>) -> bool {
    let ui = scene.ui;
    ui.prompt.is_some() || !ui.pending.is_empty() || !ui.notice.is_empty()
}

/// The row has something to say that is of now.
fn is_covered(scene: Scene<'_>, time: &Timeline) -> bool {
    is_typed(scene) || (time.shows == Shows::Session && status::is_guarding(scene))
}

/// In a recording no chord of a kill is offered beside what is typed.
fn typed<'a>(scene: Scene<'a>, width: u16, ellipsis: &'a str) -> Line<'a> {
    let line = Line::new().gap(1);
    if let Some(field) = &scene.ui.prompt {
        let room = usize::from(width).saturating_sub(1);
        return line.chain(crate::tui::overlay::prompt::field(field, room));
    }
    if !scene.ui.pending.is_empty() {
        return line.text(scene.ui.pending.as_str(), Role::Key).gap(1).dim(ellipsis);
    }
    line.rest(scene.ui.notice.as_str(), Role::Accent)
}

/// The words, the bar's place, and what stands at the right end, with its
/// column.
fn parts<'a>(
    g: &Glyphs,
    area: Rect,
    scene: Scene<'a>,
    time: &'a Timeline,
) -> (Line<'a>, Rect, (u16, Line<'a>)) {
    let mode = scene.mode();
    let mut end = Line::new();
    if time.shows == Shows::Session
        && let Some((words, role)) = status::alarms(scene, g, area.width < 60)
    {
        end = end.text(words, role);
    }
    if let Some((words, role)) = status::slow(scene, true) {
        end = end.text(words, role);
    }
    end = end.text(format!(" {} ", mode.word()), words::mode(mode));
    let wide = u16::try_from(end.width()).unwrap_or(u16::MAX).min(area.width);
    let room = area.width - wide;
    let forms = [Form::Long, Form::Middle, Form::Short, Form::Least];
    let lines = forms.map(|form| words_of(g, scene, time, form));
    let fits = |line: &&Line<'_>| {
        line.width() + usize::from(LEAST) + usize::from(room / 4) <= usize::from(room)
    };
    let mut line = lines.iter().find(fits).or(lines.last()).cloned().unwrap_or_default();
    for hint in &scene.hints.live {
        let keys = line.clone().text(hint.keys.as_str(), Role::Key).gap(1);
        let next = keys.dim(hint.what.as_str()).gap(2);
        if next.width() + usize::from(LEAST.max(room / 4)) > usize::from(room) {
            break;
        }
        line = next;
    }
    let used = u16::try_from(line.width()).unwrap_or(u16::MAX).min(room);
    let left = room.saturating_sub(used + 1);
    let width = if left < LEAST { 0 } else { left };
    let bar = Rect { x: area.x + used, width, ..area };
    (line, bar, (area.x + room, end))
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    Long,
    Middle,
    Short,
    Least,
}

fn words_of<'a>(g: &Glyphs, scene: Scene<'a>, time: &'a Timeline, form: Form) -> Line<'a> {
    let mut line = Line::new().gap(1);
    if time.shows == Shows::Session {
        // The one key that must be in view, then what this screen is.
        line = line.text(scene.hints.kill.as_str(), Role::Key).text(" KILL", Role::TextStrong);
        let past = if form < Form::Short { " LOOKING BACK " } else { " PAST " };
        line = line.gap(1).text(past, Role::ModeReplay).gap(1);
    }
    let (sign, word) = match time.motion {
        // There is nothing before it, whatever was asked for.
        Motion::Stands if time.at.0 <= time.first.0 => ("|<", "at start"),
        Motion::Stands => ("||", "stands"),
        Motion::Plays => (g.select, "plays"),
        Motion::Follows => (g.arrow, "follows"),
        Motion::Searches => ("/", "searches"),
    };
    line = line.left(2, sign.to_owned(), Role::Accent);
    if form == Form::Long {
        line = line.gap(1).left(8, word, Role::TextNormal);
    }
    line = line.gap(1).text(clock(time.at.1, form), Role::TextStrong);
    if form < Form::Least {
        let last = time.last.0.to_string();
        let of = if form == Form::Long { format!("/{last}") } else { String::new() };
        // As wide as it will get, so that the bar stays where it is.
        let wide = u16::try_from(1 + last.len() + of.len()).unwrap_or(u16::MAX);
        line = line.gap(1).left(wide, format!("#{}{of}", time.at.0), Role::TextNormal);
        line = line.gap(1).left(5, time.speed.as_str(), Role::TextNormal);
    }
    line.gap(1)
}

/// `2026-01-14 14:05:30.250Z`, or what there is room for.
fn clock(at: UtcMicros, form: Form) -> String {
    let iso = at.iso();
    match (form, iso.get(..10), iso.get(11..23)) {
        (Form::Long, Some(day), Some(clock)) => format!("{day} {clock}Z"),
        (Form::Middle, _, Some(clock)) => format!("{clock}Z"),
        _ => format!("{}Z", at.hms()),
    }
}

fn draw_bar(pen: &mut Pen<'_>, bar: Rect, time: &Timeline) {
    let Some(last) = bar.width.checked_sub(1) else { return };
    let g = pen.glyphs();
    let column = |at: UtcMicros| {
        let span = i128::from(time.last.1.0) - i128::from(time.first.1.0);
        let gone = i128::from(at.0) - i128::from(time.first.1.0);
        let column = gone * i128::from(last) / span.max(1);
        u16::try_from(column.clamp(0, i128::from(last))).unwrap_or(last)
    };
    let here = column(time.at.1);
    for x in 0..=last {
        let (mark, role) = if x < here { (g.rule, Role::Bar) } else { (g.bar_rest, Role::BarRest) };
        pen.mark(bar.x + x, bar.y, mark, role);
    }
    let mut marks: Vec<&Mark> = time.marks.iter().collect();
    // The graver one stands over the other.
    marks.sort_by_key(|mark| rank(mark.kind));
    for mark in marks {
        let (sign, role) = look(mark.kind, g);
        pen.mark(bar.x + column(mark.at), bar.y, sign, role);
    }
    // Where we are is never covered, and covers no mark beyond its own column.
    pen.mark(bar.x + here, bar.y, g.armed, Role::Selection);
}

fn rank(kind: MarkKind) -> usize {
    MarkKind::ALL.iter().position(|other| *other == kind).unwrap_or_default()
}

/// The sign and the look of a mark.
#[must_use]
pub const fn look(kind: MarkKind, g: &Glyphs) -> (&'static str, Role) {
    match kind {
        MarkKind::Decision => (g.up, Role::PnlUp),
        MarkKind::Bookmark => (g.down, Role::Accent),
        MarkKind::Alarm => (g.bad, Role::LogAlarm),
        MarkKind::Gap => (g.unknown, Role::HealthUnknown),
        MarkKind::Block => (g.blocked, Role::SwitchBlocked),
        MarkKind::Kill => (g.fired, Role::SwitchFired),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Text;
    use unicode_width::UnicodeWidthStr;

    #[test]
    fn every_kind_has_a_sign_of_its_own() {
        use crate::tui::theme::Charset;
        for charset in [Charset::Unicode, Charset::Ascii] {
            let g = Glyphs::of(charset);
            let mut signs: Vec<_> = MarkKind::ALL.iter().map(|kind| look(*kind, g).0).collect();
            signs.extend([g.rule, g.bar_rest, g.armed]);
            let count = signs.len();
            signs.sort_unstable();
            signs.dedup();
            assert_eq!(signs.len(), count, "{signs:?}");
        }
    }

    #[test]
    fn a_column_leads_to_its_moment_and_back() {
        let time = Timeline {
            first: (1, UtcMicros(1_000)),
            last: (9, UtcMicros(91_000)),
            speed: Text::new("1x"),
            ..Timeline::default()
        };
        let bar = Rect::new(10, 0, 10, 1);
        let at = |column| moment(bar, column, &time).0;
        assert_eq!((at(10), at(11), at(19), at(0), at(99)), (1_000, 11_000, 91_000, 1_000, 91_000));
        assert_eq!(moment(Rect::new(0, 0, 1, 1), 0, &time).0, 1_000);
        assert_eq!(clock(UtcMicros(1_768_399_530_250_000), Form::Long).width(), 24);
    }
}
