//! The panel while no kill runs: how the switch stands, and what its keys do.

use super::{Ranked, advice};
use crate::domain::{KillProgress, LatchPhase, Mode};
use crate::state::switch::standing;
use crate::tui::theme::{Glyphs, Role};
use crate::tui::view::pen::Line;
use crate::tui::view::{Scene, format, obey, path_end, words, wrap};
use std::time::Duration;

/// A kill that was not rehearsed for so long is due.
const DRILL_DUE: Duration = Duration::from_hours(7 * 24);

/// What is shown in a pane of `width` columns and `height` rows.
#[must_use]
pub fn lines<'a>(scene: Scene<'a>, (width, height): (u16, u16), g: &Glyphs) -> Ranked<'a> {
    let mut lines = standing_lines(scene, width, g);
    let at = lines.len();
    lines.extend(below(scene, width, g));
    if scene.state.breaker_phase().is_engaged() {
        return advice::with_way(lines, at, scene, (width, height));
    }
    lines
}

/// How the switch stands.
fn standing_lines<'a>(scene: Scene<'a>, width: u16, g: &Glyphs) -> Ranked<'a> {
    let (state, hints) = (scene.state, scene.hints);
    let seen = &state.latch.value;
    let phase = state.breaker_phase();
    let badge = words::breaker(phase, g);
    let mut lines =
        vec![(0, Line::new().text(format!("{} {} ", badge.mark, badge.word), badge.role))];
    let mut say = |rank: u8, text: &str, role: Role| {
        lines.extend(wrap(text, width).into_iter().map(|row| (rank, Line::new().rest(row, role))));
    };
    let meaning = if phase == seen.phase {
        meaning(phase)
    } else {
        "the latch was not looked at for 3 s: orders are denied"
    };
    match state.refusal() {
        Some(refusal) => {
            say(0, &format!("{} here, but {refusal}", phase.word()), Role::HealthStale);
            let step = match hints.way_back.gateway.as_str() {
                "" => "crs gateway reset, on its host",
                step => step,
            };
            for row in advice::step_now(step, "", width) {
                say(0, &row, Role::TextStrong);
            }
        }
        None => say(0, meaning, Role::TextNormal),
    }
    if !seen.reason.is_empty() {
        say(1, &format!("reason: {}", seen.reason), Role::TextStrong);
    }
    if !seen.by.is_empty() || !seen.since.is_empty() {
        say(2, &format!("by {} {}", seen.by, seen.since), Role::TextDim);
    }
    if seen.tampered > 0 {
        let text = format!("latch tampered: removed without a reset {} times", seen.tampered);
        say(0, &text, Role::HealthBad);
    }
    let arm = hints.way_back.arm.as_str();
    match now(phase) {
        Some(_) if phase == LatchPhase::Disarmed && !arm.is_empty() => {
            for row in advice::step_now(arm, ", when trading may go on", width) {
                say(0, &row, Role::TextStrong);
            }
        }
        Some(text) => say(0, text, Role::TextStrong),
        None => {}
    }
    if phase.is_engaged() {
        lines.extend(obey::summary(state, width, g));
    }
    lines
}

/// What its keys do, and what else there is to know.
fn below<'a>(scene: Scene<'a>, width: u16, g: &Glyphs) -> Ranked<'a> {
    let (state, hints) = (scene.state, scene.hints);
    let mut lines = vec![(5, Line::new())];
    if state.session.forced_mode == Some(Mode::Replay) {
        let text = "a recording: KILL and BLOCK do nothing here, no gateway is connected";
        let rows = wrap(text, width).into_iter();
        lines.extend(rows.map(|row| (0, Line::new().rest(row, Role::TextStrong))));
        return lines;
    }
    let [kill, block] = match width {
        ..36 => ["close all", "deny orders"],
        _ => ["close every position", "deny new orders only"],
    };
    for (rank, keys, what) in [(1, &hints.kill, kill), (3, &hints.block, block)] {
        let line = Line::new()
            .text(keys.as_str(), Role::Key)
            .dim(" then ")
            .text(hints.confirm.as_str(), Role::Key)
            .gap(1)
            .rest(what, Role::TextNormal);
        lines.push((rank, line));
    }
    lines.push((5, Line::new()));
    if !state.agent.value.present {
        let text = "no agent: if this console dies, nothing carries a kill on";
        lines.extend(
            wrap(text, width).into_iter().map(|row| (4, Line::new().rest(row, Role::HealthBad))),
        );
    }
    if let (Some(over), Some(kill)) = (state.kills_over, worst(scene)) {
        let last = words::kill(kill.phase, g);
        let line = Line::new()
            .dim("last ")
            .text(kill.intent.word(), Role::TextNormal)
            .gap(1)
            .text(last.mark, last.role)
            .gap(1)
            .text(last.word, last.role)
            .dim(format!(", reset {} ago", format::age(state.age(over))));
        lines.push((3, line));
    }
    lines.extend(drill(scene).map(|line| (5, line)));
    lines.extend(advice::pending_lines(scene, 4, width));
    let path = &state.latch.value.path;
    if !path.is_empty() {
        let age = format::age(state.age(state.latch.at));
        let text = format!("looked at {age} ago: {}", path_end(path.as_str(), width, g));
        // Without room for both, the path alone says more than its label.
        let rows = wrap(&text, width);
        let last = rows.len().saturating_sub(1);
        let rank = |n: usize| if n == last { 6 } else { 7 };
        lines.extend(rows.into_iter().enumerate().map(|(n, row)| (rank(n), Line::new().dim(row))));
    }
    lines
}

/// When the kill was last rehearsed; where nothing is real, nobody asks.
fn drill<'a>(scene: Scene<'_>) -> Option<Line<'a>> {
    let state = scene.state;
    let report = state.drill.filter(|_| state.session.forced_mode.is_none())?;
    let Some(last) = report.last else {
        return Some(Line::new().dim("never rehearsed: crs drill"));
    };
    let us = u64::try_from(state.now.utc.0.saturating_sub(last.0)).unwrap_or(0);
    let age = Duration::from_micros(us);
    let line = Line::new().dim("last drill ");
    Some(if age > DRILL_DUE {
        line.text(format!("{} ago: crs drill", format::age(age)), Role::HealthStale)
    } else {
        line.dim(format!("{} ago", format::age(age)))
    })
}

/// The target of the last kill that came off worst.
fn worst(scene: Scene<'_>) -> Option<&KillProgress> {
    scene.state.kills.values().map(|kill| &kill.value).min_by_key(|kill| standing(kill))
}

/// What the operator should do now, where something is to be done.
#[must_use]
pub const fn now(phase: LatchPhase) -> Option<&'static str> {
    match phase {
        LatchPhase::Safe | LatchPhase::Blocked => None,
        LatchPhase::Disarmed => Some("NOW: crs arm, when trading may go on"),
        LatchPhase::Latched | LatchPhase::Durable => {
            Some("NOW: positions may be open, look at them; crs reset when it is over")
        }
        LatchPhase::NotDurable => Some("NOW: keep this host running, the latch is not on its disk"),
        LatchPhase::EngagedExternal => Some("NOW: find out who and why; crs reset when it is over"),
    }
}

const fn meaning(phase: LatchPhase) -> &'static str {
    match phase {
        LatchPhase::Safe => "proven absent: orders may pass",
        LatchPhase::Disarmed => "proven absent, but orders wait for an operator to arm",
        LatchPhase::Blocked => "can't be proven safe: orders are denied, nothing is latched",
        LatchPhase::Latched => "the latch file is visible: orders are denied",
        LatchPhase::Durable => "the latch holds: orders are denied until crs reset",
        LatchPhase::NotDurable => {
            "the latch holds but is not on disk: see to the disk of this host"
        }
        LatchPhase::EngagedExternal => {
            "another made the latch: orders denied, positions left alone"
        }
    }
}
