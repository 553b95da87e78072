//! The status line: what the keys do now, the kill chord first, and the mode
//! once more at the right end.

use super::pen::{Line, Pen};
use super::{Scene, words};
use crate::event::{GuardPhase, GuardReport};
use crate::tui::theme::{Glyphs, Role};
use ratatui::layout::Rect;
use std::time::Duration;
use unicode_width::UnicodeWidthStr;

/// Columns that a text field should have; the chord of BLOCK makes room.
const FIELD: usize = 24;

/// How long it says that a guard stood down.
const TELL: Duration = Duration::from_secs(2);

/// Draws it into one row.
pub fn draw(pen: &mut Pen<'_>, area: Rect, scene: Scene<'_>) {
    pen.clear(area, Role::Background);
    let mut keys_area = area;
    let mode = scene.state.mode();
    let mode = (format!(" {} ", mode.word()), words::mode(mode));
    let narrow = area.width < 60;
    for (words, role) in
        [Some(mode), alarms(scene, pen.glyphs(), narrow), slow(scene, narrow)].into_iter().flatten()
    {
        let wide = u16::try_from(words.width()).unwrap_or(u16::MAX).min(keys_area.width);
        keys_area.width -= wide;
        let place = Rect { x: keys_area.right(), width: wide, ..area };
        pen.line(place, &Line::new().text(words, role));
    }
    // What is being typed is seen in any case; only an open guard goes before it.
    let typing = scene.ui.prompt.is_some() || scene.ui.typing.is_some();
    let width = keys_area.width;
    let line = match &scene.state.guard {
        Some(guard) if scene.state.guard_open().is_some() => armed(guard, scene, width),
        Some(guard) if told(guard, scene) && !typing => stood_down(guard, width),
        _ => keys(scene, width, pen.glyphs().ellipsis),
    };
    pen.line(keys_area, &line);
}

/// What nobody has taken on yet stands beside the mode, on every screen; what
/// was taken on and still stands does so quietly.
pub(super) fn alarms(scene: Scene<'_>, g: &Glyphs, narrow: bool) -> Option<(String, Role)> {
    let (gravest, open) = scene.state.alarms.open();
    if let Some(gravest) = gravest {
        let (mark, role) = super::alarms::look(gravest, g);
        // What is over is no longer loud, and waits to be acknowledged.
        if scene.state.alarms.open_now() == 0 {
            let word = if narrow { "" } else { " over, to acknowledge" };
            return Some((format!(" {} {open}{word} ", g.flat), Role::TextStrong));
        }
        let word = match (narrow, open) {
            (true, _) => "",
            (false, 1) => " alarm",
            (false, _) => " alarms",
        };
        return Some((format!(" {mark} {open}{word} "), role));
    }
    let tally = scene.state.alarms.tally(scene.state.now);
    let (mark, _) = super::alarms::look(tally.gravest?, g);
    let word = if narrow { "" } else { " standing" };
    Some((format!(" {mark} {}{word} ", tally.standing), Role::TextDim))
}

/// A screen that is drawn seldom says so.
pub(super) fn slow(scene: Scene<'_>, narrow: bool) -> Option<(String, Role)> {
    let words = if narrow { " slow " } else { " slow line, 2 frames a second " };
    scene.ui.slow.then(|| (words.to_owned(), Role::TextStrong))
}

/// A guard is open, or it is still said that one stood down.
pub(super) fn is_guarding(scene: Scene<'_>) -> bool {
    let told = |guard: &GuardReport| told(guard, scene);
    scene.state.guard_open().is_some() || scene.state.guard.as_ref().is_some_and(told)
}

/// The first of `texts` that fits, else the last: the key to press is in each.
fn fitting(width: u16, mut texts: Vec<String>) -> String {
    let fits = |text: &String| text.width() <= usize::from(width);
    let at = texts.iter().position(fits).unwrap_or(texts.len().saturating_sub(1));
    texts.drain(at..).next().unwrap_or_default()
}

fn armed<'a>(guard: &GuardReport, scene: Scene<'a>, width: u16) -> Line<'a> {
    let left = super::super::overlay::guard::left(guard, scene.state);
    let left = format!("{}.{} s", left.as_secs(), left.subsec_millis() / 100);
    let (verb, key) = (guard.verb, &scene.hints.confirm);
    let word = if guard.phase == GuardPhase::TooEarly { "TOO EARLY" } else { "GUARD OPEN" };
    let text = fitting(
        width,
        vec![
            format!(" {verb} {word}: press {key} within {left}, any other key stands down"),
            format!(" {verb} {word}: press {key} within {left}"),
            format!(" {verb}: press {key} within {left}"),
            format!(" {key}: {verb} ({left})"),
        ],
    );
    Line::new().text(text, Role::SwitchArmed).on(Role::SwitchArmed)
}

fn told(guard: &GuardReport, scene: Scene<'_>) -> bool {
    guard.phase == GuardPhase::StoodDown && scene.state.age(guard.at) < TELL
}

fn stood_down<'a>(guard: &GuardReport, width: u16) -> Line<'a> {
    let whole = format!(" {} stood down, nothing was done", guard.verb);
    let texts = vec![whole, format!(" {} stood down", guard.verb)];
    Line::new().text(fitting(width, texts), Role::TextStrong)
}

fn keys<'a>(scene: Scene<'a>, width: u16, ellipsis: &'a str) -> Line<'a> {
    let hints = scene.hints;
    let kill =
        Line::new().gap(1).text(hints.kill.as_str(), Role::Key).text(" KILL", Role::TextStrong);
    let mut line =
        kill.clone().gap(2).text(hints.block.as_str(), Role::Key).text(" BLOCK", Role::TextNormal);
    if let Some(field) = &scene.ui.prompt {
        if usize::from(width) < line.width() + FIELD {
            line = kill;
        }
        let room = usize::from(width).saturating_sub(line.width());
        return line.gap(2).chain(crate::tui::overlay::prompt::field(field, room));
    }
    if !scene.ui.pending.is_empty() {
        return line.gap(2).text(scene.ui.pending.as_str(), Role::Key).gap(1).dim(ellipsis);
    }
    if !scene.ui.notice.is_empty() {
        // Every column counts for a line and a column of a file.
        let whole = line.width() + 2 + scene.ui.notice.as_str().width();
        if whole > usize::from(width) {
            line = kill;
        }
        return line.gap(2).text(scene.ui.notice.as_str(), Role::Accent);
    }
    for hint in &hints.live {
        let next =
            line.clone().gap(2).text(hint.keys.as_str(), Role::Key).gap(1).dim(hint.what.as_str());
        if next.width() > usize::from(width) {
            break;
        }
        line = next;
    }
    line
}
