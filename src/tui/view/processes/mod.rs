//! Mission control: mode, processes, alerts, and the lines that they write.
//!
//! A file per page. What the daemon said is shown as old once it is, and as `?`
//! once nobody can know: a process whose daemon is gone may run or not.

mod about;
mod alert;
mod answer;
mod banner;
mod output;
mod table;

pub use alert::{alerts, row as alert_row, selected as selected_alert};
pub use table::{listed, row, selected};

use super::Scene;
use super::pen::{Line, Pen, fit_counted};
use crate::state::State;
use crate::tui::theme::Role;
use crate::tui::ui::{MissionPage, Pane, Ui};
use ratatui::layout::Rect;

/// Inner rows from which alerts stand below the table.
const ALERTS: u16 = 12;
/// Inner rows from which the last lines do.
const LINES: u16 = 18;
/// Most alerts below the table.
const SOME: usize = 4;

/// Rows that can be scrolled on the page that is shown.
#[must_use]
pub fn row_count(state: &State, ui: &Ui) -> usize {
    match ui.mission.page {
        MissionPage::Table => listed(state, ui).len(),
        MissionPage::Alerts => alerts(state, ui).len(),
        MissionPage::Output => output::listed(state, ui).count(),
        MissionPage::Answer => answer::row_count(state),
    }
}

/// Draws the pane.
pub fn draw(pen: &mut Pen<'_>, area: Rect, scene: Scene<'_>) {
    let (title, note) = titles(scene);
    let inner = scene.titled(pen, Pane::Processes, area, &title, &note.0, note.1);
    if !scene.state.mission.is_followed() {
        let words = "no mission control is followed: see [mission] of the configuration";
        let rows = super::wrap(words, inner.width);
        let lines: Vec<_> = rows.into_iter().map(|row| Line::new().dim(row)).collect();
        pen.lines(inner, &lines);
        return;
    }
    pen.line(inner, &banner::line(scene, inner.width, pen.glyphs()));
    let below = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
    if absent(pen, area, below, scene) {
        return;
    }
    match scene.ui.mission.page {
        MissionPage::Table => whole(pen, area, below, scene),
        MissionPage::Alerts => alert::page(pen, area, below, scene),
        MissionPage::Output => output::page(pen, below, scene),
        MissionPage::Answer => answer::page(pen, area, below, scene),
    }
}

/// Of a daemon that was never there nothing is known: why, and what to do, in
/// place of empty pages. An answer, a refusal that is, has its page all the same.
fn absent(pen: &mut Pen<'_>, area: Rect, inner: Rect, scene: Scene<'_>) -> bool {
    let mission = &scene.state.mission;
    let link = mission.link.as_ref().map(|link| &link.value).filter(|link| !link.present);
    let Some(link) = link.filter(|_| !mission.was_present) else { return false };
    if scene.ui.mission.page == MissionPage::Answer {
        return false;
    }
    let mut lines = Vec::new();
    for (rank, words, role) in [
        (0, "mission control is configured, and it is not there", Role::HealthBad),
        (0, "NOW: crs mission serve, on this host", Role::TextStrong),
        (1, link.why.as_str(), Role::TextNormal),
        (2, "not wanted? take watch and socket out of [mission]", Role::TextDim),
    ] {
        let rows = super::wrap(words, inner.width).into_iter();
        lines.extend(rows.map(|row| (rank, Line::new().rest(row, role))));
    }
    let (shown, left_out) = fit_counted(lines, inner.height);
    pen.lines(inner, &shown);
    super::more::left_out(pen, area, left_out);
    true
}

/// Title, and what stands at its right.
fn titles(scene: Scene<'_>) -> (String, (String, Role)) {
    let (state, ui) = (scene.state, scene.ui);
    let page = ui.mission.page;
    let mut title = String::from(Pane::Processes.title());
    if page != MissionPage::Table {
        title.push_str(": ");
        title.push_str(page.name());
    }
    let (all, note) = match page {
        MissionPage::Table => (state.mission.processes.len(), String::new()),
        MissionPage::Alerts => (state.mission.alerts.len(), String::new()),
        MissionPage::Output => {
            if let Some(only) = &ui.mission.only {
                title.push_str(", ");
                title.push_str(only.as_str());
            }
            title.push_str(output::level_word(ui.mission.level));
            (state.mission.lines.len(), output::note(scene))
        }
        MissionPage::Answer => (answer::row_count(state), String::new()),
    };
    let shown = row_count(state, ui);
    (title, scene.filtered(Pane::Processes, shown, all, (note, Role::TextDim)))
}

/// The table, and what there is room for below it.
fn whole(pen: &mut Pen<'_>, area: Rect, inner: Rect, scene: Scene<'_>) {
    let open = scene.state.mission.open_alerts();
    let rows = listed(scene.state, scene.ui);
    let alerts = match inner.height {
        ALERTS.. if !open.is_empty() => u16::try_from(open.len().min(SOME)).unwrap_or(0) + 1,
        _ => 0,
    };
    let wanted = u16::try_from(rows.len()).unwrap_or(u16::MAX).saturating_add(1);
    let about = about::lines(scene, inner);
    let detail = u16::try_from(about.len()).unwrap_or(0);
    let rest = inner.height.saturating_sub(alerts + detail);
    let table = match inner.height {
        LINES.. => wanted.min(rest.saturating_sub(5)),
        _ => rest,
    };
    let place = |y: u16, height: u16| Rect { y, height, ..inner };
    table::draw(pen, area, place(inner.y, table), scene, &rows);
    let mut y = inner.y + table;
    pen.lines(place(y, detail), &about);
    y += detail;
    if alerts > 0 {
        alert::below(pen, place(y, alerts), scene, &open);
        y += alerts;
    }
    let left = inner.bottom().saturating_sub(y);
    if left > 1 {
        output::below(pen, place(y, left), scene);
    }
}

/// A quiet line above a part of the pane, with its name.
fn rule<'a>(pen: &Pen<'_>, words: &str, width: u16) -> Line<'a> {
    let dash = pen.glyphs().rule;
    let lead = format!("{dash}{dash} {words} ");
    let rest = usize::from(width).saturating_sub(lead.chars().count());
    Line::new().text(lead, Role::TextDim).text(dash.repeat(rest), Role::BorderNormal)
}
