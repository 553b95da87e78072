//! Processes as a table: in the order of the configuration, or sorted.

use super::about;
use crate::domain::Text;
use crate::domain::mission::{ProcessRecord, ProcessState};
use crate::state::mission::{Standing, standing};
use crate::state::{Aged, Freshness, State};
use crate::tui::theme::{Glyphs, Role};
use crate::tui::ui::{Pane, ProcessKey, Sort, Ui, passes};
use crate::tui::view::more::{self, More};
use crate::tui::view::pen::{Line, Pen};
use crate::tui::view::{Scene, format, heading, window};
use ratatui::layout::Rect;
use std::time::Duration;

/// Inner columns from which pid, CPU and memory are shown.
const ROOMY: u16 = 60;
/// Inner columns from which there is the machine.
const HOST: u16 = 96;
/// Inner columns from which there is the reason.
const WHY: u16 = 84;

/// The rows that pass the filter, in their order.
#[must_use]
pub fn listed<'a>(state: &'a State, ui: &Ui) -> Vec<&'a Aged<ProcessRecord>> {
    let filter = ui.filter(Pane::Processes);
    let mut rows: Vec<_> = state
        .mission
        .processes
        .iter()
        .filter(|row| {
            let p = &row.value;
            let texts = [p.name.as_str(), p.display_name.as_str(), p.host.as_str()];
            passes(filter, texts.into_iter().chain([p.state.word()]))
        })
        .collect();
    let sort = ui.mission.sort;
    let rank = |row: &Aged<ProcessRecord>| -> u64 {
        let p = &row.value;
        match sort.key {
            ProcessKey::Config => 0,
            ProcessKey::State => standing(p) as u64,
            ProcessKey::Cpu => p.cpu_centi.unwrap_or(0).into(),
            ProcessKey::Memory => p.memory.unwrap_or(0),
            ProcessKey::Restarts => p.restart_count.into(),
        }
    };
    if sort.key == ProcessKey::Config {
        if sort.reversed {
            rows.reverse();
        }
    } else {
        sort.arrange(&mut rows, |a, b| rank(b).cmp(&rank(a)));
    }
    rows
}

/// The row of the selected process.
#[must_use]
pub fn row(rows: &[&Aged<ProcessRecord>], ui: &Ui) -> usize {
    let named = |name: &Text| rows.iter().position(|row| row.value.name == *name);
    let at = ui.mission.process.as_ref().and_then(named);
    at.unwrap_or_else(|| ui.row(Pane::Processes).min(rows.len().saturating_sub(1)))
}

/// The process that is selected.
#[must_use]
pub fn selected<'a>(state: &'a State, ui: &Ui) -> Option<&'a ProcessRecord> {
    let rows = listed(state, ui);
    rows.get(row(&rows, ui)).map(|row| &row.value)
}

pub(super) fn draw(
    pen: &mut Pen<'_>,
    area: Rect,
    inner: Rect,
    scene: Scene<'_>,
    rows: &[&Aged<ProcessRecord>],
) {
    let hosts = has_hosts(scene.state, inner.width);
    pen.line(inner, &header(inner.width, hosts, scene.ui.mission.sort, pen.glyphs()));
    let height = inner.height.saturating_sub(1);
    let chosen = row(rows, scene.ui);
    let window = window(chosen, rows.len(), height);
    let out = More::of(&window, rows.len());
    more::draw(pen, area, &[], (&out.words(), Role::TextDim));
    let lines: Vec<Line<'_>> = rows
        .iter()
        .enumerate()
        .take(window.end)
        .skip(window.start)
        .map(|(at, one)| {
            let line = one_row(&one.value, inner.width, hosts, scene.state, pen.glyphs());
            let picked = scene.ui.focus == Pane::Processes && at == chosen;
            if picked { line.on(Role::Selection) } else { line }
        })
        .collect();
    let table = Rect { y: inner.y.saturating_add(1), height, ..inner };
    if lines.is_empty() {
        let none = match scene.state.mission_freshness() {
            Freshness::Unknown if scene.state.mission.processes.is_empty() => "nothing is known",
            _ if scene.state.mission.processes.is_empty() => "no process is configured",
            _ => "no process passes the filter",
        };
        pen.line(table, &Line::new().gap(2).dim(none));
    }
    pen.lines(table, &lines);
}

/// Whether the machine has a column: where there is more than one.
fn has_hosts(state: &State, width: u16) -> bool {
    width >= HOST && state.mission.processes.iter().any(|row| !row.value.host.is_empty())
}

const fn name_width(width: u16) -> u16 {
    match width {
        100.. => 18,
        ROOMY.. => 15,
        _ => 12,
    }
}

fn header<'a>(width: u16, hosts: bool, sort: Sort<ProcessKey>, g: &Glyphs) -> Line<'a> {
    let d = Role::TextDim;
    let head = |word: &str, key| heading(word, key, sort, g);
    let mut line = Line::new().gap(2).left(name_width(width), "NAME", d).gap(1);
    if hosts {
        line = line.left(11, "HOST", d);
    }
    let (word, role) = head("STATE", ProcessKey::State);
    line = line.left(10, word, role);
    if width >= ROOMY {
        let (cpu, cpu_role) = head("CPU", ProcessKey::Cpu);
        let (memory, memory_role) = head("MEM", ProcessKey::Memory);
        line = line.left(5, "READY", d).right(8, "PID", d).right(8, cpu, cpu_role);
        line = line.right(8, memory, memory_role);
    }
    let (word, role) = head("RST", ProcessKey::Restarts);
    line = line.right(5, word, role).right(6, "UP", d);
    if width >= WHY { line.gap(2).rest("WHY", d) } else { line }
}

/// Mark and look of a record that is believed.
pub(super) const fn look(record: &ProcessRecord, g: &Glyphs) -> (&'static str, Role) {
    match standing(record) {
        Standing::Good => (g.good, Role::HealthGood),
        Standing::Idle => (g.flat, Role::TextDim),
        Standing::Waiting => (g.arrow, Role::TextNormal),
        Standing::Unknown => (g.unknown, Role::HealthUnknown),
        Standing::Bad => (g.bad, Role::HealthBad),
    }
}

fn one_row<'a>(
    record: &'a ProcessRecord,
    width: u16,
    hosts: bool,
    state: &State,
    g: &Glyphs,
) -> Line<'a> {
    let known = state.mission_freshness();
    let lost = known == Freshness::Unknown || matches!(record.state, ProcessState::Unknown { .. });
    let (mark, role) = match known {
        Freshness::Fresh => look(record, g),
        Freshness::Stale => (g.stale, Role::TextDim),
        Freshness::Unknown => (g.unknown, Role::HealthUnknown),
    };
    let fresh = known == Freshness::Fresh && !lost;
    let text = if fresh { Role::TextNormal } else { Role::TextDim };
    let name = if known == Freshness::Fresh { Role::TextStrong } else { Role::TextDim };
    let mut line = Line::new().text(mark, role).gap(1);
    line = line.left(name_width(width), record.name.as_str(), name).gap(1);
    if hosts {
        let host = if record.host.is_empty() { "here" } else { record.host.as_str() };
        line = line.left(10, host, Role::TextDim).gap(1);
    }
    let word = if known == Freshness::Unknown { "?" } else { record.state.word() };
    let state_role = if role == Role::HealthGood { text } else { role };
    line = line.left(9, word, state_role).gap(1);
    let number = |value: Option<String>| match (value, lost) {
        (_, true) => String::from("?"),
        (Some(value), false) => value,
        (None, false) => String::from("-"),
    };
    let of = |known: bool| if known && fresh { Role::TextNormal } else { Role::TextDim };
    if width >= ROOMY {
        let ready = if lost { "?" } else { record.state.ready_word() };
        line = line.left(5, ready, of(ready != "-"));
        line =
            line.right(8, number(record.pid.map(|pid| pid.to_string())), of(record.pid.is_some()));
        line = line.right(8, number(record.cpu_centi.map(percent)), of(record.cpu_centi.is_some()));
        line = line.right(8, number(record.memory.map(bytes)), of(record.memory.is_some()));
    }
    let restarts = (!lost).then(|| record.restart_count.to_string());
    let often = record.restart_count > 0;
    let up = uptime(record, state).map(format::age);
    line =
        line.right(5, number(restarts), of(often)).right(6, number(up.clone()), of(up.is_some()));
    if width >= WHY {
        let why = about::why(record, state);
        line = line.gap(2).rest(why, if fresh { Role::TextNormal } else { Role::TextDim });
    }
    line
}

/// How long this run of it has lasted by the wall clock, while one lives; as it
/// was when it was last heard of, where that is not now.
pub(super) fn uptime(record: &ProcessRecord, state: &State) -> Option<Duration> {
    let fresh = state.mission_freshness() == Freshness::Fresh;
    let now = if fresh { state.now } else { state.mission.heard };
    let from = record.start_time.filter(|_| record.state.may_live() && record.pid.is_some())?;
    u64::try_from(now.utc.0.saturating_sub(from.0)).ok().map(Duration::from_micros)
}

/// Hundredths of a percent as `15.2%`.
pub(super) fn percent(centi: u32) -> String {
    let tenths = centi / 10;
    format!("{}.{}%", tenths / 10, tenths % 10)
}

/// Bytes as `512M` or `1.2G`, in powers of 1,024.
pub(super) fn bytes(bytes: u64) -> String {
    let kib = bytes / 1_024;
    match kib {
        0..1_000 => format!("{kib}K"),
        1_000..1_024_000 => format!("{}M", kib / 1_024),
        _ => {
            let tenths = kib.saturating_mul(10) / 1_048_576;
            format!("{}.{}G", tenths / 10, tenths % 10)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_fit_their_columns() {
        let shown: Vec<_> = [0, 9, 1_520, 10_000, 640_000].map(percent).into();
        assert_eq!(shown, ["0.0%", "0.0%", "15.2%", "100.0%", "6400.0%"]);
        let shown: Vec<_> = [0, 800 << 10, 512 << 20, 999 << 20, 1_289_000_000, u64::MAX]
            .map(bytes)
            .into_iter()
            .collect();
        assert_eq!(shown[..5], ["0K", "800K", "512M", "999M", "1.2G"]);
    }
}
