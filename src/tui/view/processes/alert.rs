//! Alerts: what is wrong, what to do, and what is proposed.

use super::rule;
use crate::domain::mission::{Gravity, MissionAlert, Recovery};
use crate::state::{Freshness, State};
use crate::tui::theme::{Glyphs, Role};
use crate::tui::ui::{MissionPage, Pane, Ui, passes};
use crate::tui::view::more::{self, More};
use crate::tui::view::pen::{Line, Pen};
use crate::tui::view::{Scene, format, window, wrap};
use ratatui::layout::Rect;
use std::time::Duration;

/// Inner columns from which a row has count and age.
const ROOMY: u16 = 60;

/// The alerts that pass the filter: open ones first, the gravest and then the
/// newest of them first.
#[must_use]
pub fn alerts<'a>(state: &'a State, ui: &Ui) -> Vec<&'a MissionAlert> {
    let on = ui.mission.page == MissionPage::Alerts;
    let filter = if on { ui.filter(Pane::Processes) } else { "" };
    let passing = |alert: &&MissionAlert| {
        let texts = [&alert.process, &alert.title, &alert.message, &alert.kind];
        passes(filter, texts.into_iter().map(crate::domain::Text::as_str))
    };
    let mut all: Vec<_> = state.mission.alerts.iter().filter(passing).collect();
    all.sort_by_key(|alert| {
        std::cmp::Reverse((alert.acknowledged.is_empty(), alert.severity, alert.last, alert.id))
    });
    all
}

/// The row of the selected alert.
#[must_use]
pub fn row(rows: &[&MissionAlert], ui: &Ui) -> usize {
    let named = |id| rows.iter().position(|alert| alert.id == id);
    let at = ui.mission.alert.and_then(named);
    let first = if ui.mission.page == MissionPage::Alerts { ui.row(Pane::Processes) } else { 0 };
    at.unwrap_or_else(|| first.min(rows.len().saturating_sub(1)))
}

/// The alert that verbs are about: the selected one of its page. On the table's
/// page the first open one, which stands first there.
#[must_use]
pub fn selected<'a>(state: &'a State, ui: &Ui) -> Option<&'a MissionAlert> {
    let rows = alerts(state, ui);
    match ui.mission.page {
        MissionPage::Alerts => rows.get(row(&rows, ui)).copied(),
        MissionPage::Table => rows.first().filter(|a| a.acknowledged.is_empty()).copied(),
        MissionPage::Output | MissionPage::Answer => None,
    }
}

/// Mark and look of one.
pub(super) fn look_of(alert: Option<&MissionAlert>, g: &Glyphs) -> (&'static str, Role) {
    match alert.map(|alert| alert.severity) {
        Some(Gravity::Critical) => (g.bad, Role::LogAlarm),
        Some(Gravity::High) => (g.worst, Role::HealthBad),
        Some(Gravity::Medium) => (g.stale, Role::LogWarn),
        Some(Gravity::Low) | None => (g.flat, Role::TextNormal),
    }
}

const fn gravity(severity: Gravity) -> &'static str {
    match severity {
        Gravity::Low => "low",
        Gravity::Medium => "medium",
        Gravity::High => "high",
        Gravity::Critical => "CRITICAL",
    }
}

fn one<'a>(alert: &'a MissionAlert, width: u16, state: &State, g: &Glyphs) -> Line<'a> {
    let open = alert.acknowledged.is_empty();
    let known = state.mission_freshness();
    let (mark, loud) = look_of(Some(alert), g);
    let (mark, role) = match (known, open) {
        (Freshness::Fresh, true) => (mark, loud),
        (Freshness::Unknown, _) => (g.unknown, Role::HealthUnknown),
        _ => (g.check, Role::TextDim),
    };
    let mark = if known == Freshness::Stale { g.stale } else { mark };
    let text = if role == loud { Role::TextNormal } else { Role::TextDim };
    let process = if alert.process.is_empty() { "mission" } else { alert.process.as_str() };
    let mut line = Line::new().text(mark, role).gap(1).left(9, gravity(alert.severity), role);
    line = line.left(if width >= ROOMY { 14 } else { 10 }, process, text).gap(1);
    if width >= ROOMY {
        let count =
            if alert.count > 1 { format!("{}{}", g.times, alert.count) } else { String::new() };
        let us = u64::try_from(state.now.utc.0.saturating_sub(alert.last.0)).unwrap_or(0);
        line = line.right(6, count, text).right(
            6,
            format::age(Duration::from_micros(us)),
            Role::TextDim,
        );
        line = line.gap(2);
    }
    let title = if alert.title.is_empty() { alert.kind.as_str() } else { alert.title.as_str() };
    if width < ROOMY {
        return line.rest(title, text);
    }
    let proposed = alert.actions.first().filter(|_| open);
    let proposed = proposed.map_or_else(String::new, |act| format!("  {} {act}", g.arrow));
    line.text(title, text).rest(proposed, Role::Accent)
}

/// The first open ones, below the table.
pub(super) fn below(pen: &mut Pen<'_>, area: Rect, scene: Scene<'_>, open: &[&MissionAlert]) {
    let hidden = open.len().saturating_sub(super::SOME);
    let words = match hidden {
        0 => String::from("Alerts"),
        n => format!("Alerts, {n} more on their page"),
    };
    let mut lines = vec![rule(pen, &words, area.width)];
    let some = open.iter().take(super::SOME);
    lines.extend(some.map(|alert| one(alert, area.width, scene.state, pen.glyphs())));
    pen.lines(area, &lines);
}

/// The page: a row for each, and the selected one in full below them.
pub(super) fn page(pen: &mut Pen<'_>, area: Rect, inner: Rect, scene: Scene<'_>) {
    let rows = alerts(scene.state, scene.ui);
    if rows.is_empty() {
        let none = if scene.state.mission.alerts.is_empty() {
            "no alert"
        } else {
            "no alert passes the filter"
        };
        pen.line(inner, &Line::new().dim(none));
        return;
    }
    let chosen = row(&rows, scene.ui);
    let detail = rows.get(chosen).map(|alert| detail(alert, inner.width)).unwrap_or_default();
    let most = inner.height.saturating_sub(inner.height.min(3));
    let kept = u16::try_from(detail.len()).unwrap_or(u16::MAX).min(most);
    let height = inner.height.saturating_sub(kept);
    let window = window(chosen, rows.len(), height);
    let out = More::of(&window, rows.len());
    more::draw(pen, area, &[], (&out.words(), Role::TextDim));
    let lines: Vec<Line<'_>> = rows
        .iter()
        .enumerate()
        .take(window.end)
        .skip(window.start)
        .map(|(at, alert)| {
            let line = one(alert, inner.width, scene.state, pen.glyphs());
            let picked = scene.ui.focus == Pane::Processes && at == chosen;
            if picked { line.on(Role::Selection) } else { line }
        })
        .collect();
    let table = u16::try_from(rows.len()).unwrap_or(u16::MAX).min(height);
    pen.lines(Rect { height: table, ..inner }, &lines);
    let y = inner.y + table;
    pen.lines(Rect { y, height: inner.bottom().saturating_sub(y), ..inner }, &detail);
}

/// What happened, what to do, who does it.
fn detail<'a>(alert: &MissionAlert, width: u16) -> Vec<Line<'a>> {
    let mut lines = vec![Line::new()];
    let mut put = |label: &'static str, words: &str, role: Role| {
        if words.is_empty() {
            return;
        }
        for (at, row) in wrap(words, width.saturating_sub(10)).into_iter().enumerate() {
            let label = if at == 0 { label } else { "" };
            lines.push(Line::new().left(10, label, Role::TextDim).rest(row, role));
        }
    };
    put("what", alert.message.as_str(), Role::TextNormal);
    put("do", alert.solution.as_str(), Role::TextStrong);
    let names: Vec<&str> = alert.actions.iter().map(crate::domain::Text::as_str).collect();
    put("proposed", &names.join(", "), Role::Accent);
    put(
        "by",
        match alert.strategy {
            Recovery::Automatic => "the daemon, where it is allowed to",
            Recovery::Guided => "an operator, step by step",
            Recovery::Manual => "hand",
            Recovery::Escalate => "others: the alert command is run",
        },
        Role::TextDim,
    );
    put("done", alert.done.as_str(), Role::TextNormal);
    put("seen by", alert.acknowledged.as_str(), Role::TextDim);
    lines
}
