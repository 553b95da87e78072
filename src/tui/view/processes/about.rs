//! Why a process is not up, and what else is known of the selected one.

use super::table::uptime;
use crate::domain::mission::{ProcessRecord, ProcessState};
use crate::state::{Freshness, State};
use crate::tui::theme::Role;
use crate::tui::view::pen::Line;
use crate::tui::view::{Scene, format, wrap_most};
use ratatui::layout::Rect;
use std::fmt::Write as _;

/// Inner rows from which the selected process has lines of its own.
const TALL: u16 = 6;

/// Why it stands as it does, without the state's word; empty when there is
/// nothing to say.
pub(super) fn why(record: &ProcessRecord, state: &State) -> String {
    if state.mission_freshness() == Freshness::Unknown {
        let ago = format::age(state.age(state.mission.heard));
        return format!("was {} {ago} ago", record.state.word());
    }
    match &record.state {
        ProcessState::Pending { waiting_on } => format!("waits for {waiting_on}"),
        ProcessState::Unhealthy { why } | ProcessState::Failed { why } => why.to_string(),
        ProcessState::Backoff { n, until, why } => {
            let left = u64::try_from(until.0.saturating_sub(state.now.utc.0)).unwrap_or(0);
            format!("{why}, restart {n} in {} s", left.div_ceil(1_000_000))
        }
        ProcessState::Exited { code: Some(code), .. } => format!("status {code}"),
        ProcessState::Exited { signal, .. } if !signal.is_empty() => signal.to_string(),
        ProcessState::Skipped { dep } => dep.to_string(),
        ProcessState::Unknown { since, why } => format!("{why}, since {}", since.hms()),
        ProcessState::Stopped if record.wanted => String::from("wanted, not started"),
        ProcessState::External => String::from("somebody else's, never signalled"),
        _ if !record.last_error.is_empty() => format!("last: {}", record.last_error),
        _ => String::new(),
    }
}

/// The selected process in whole sentences, where there is room.
pub(super) fn lines<'a>(scene: Scene<'_>, inner: Rect) -> Vec<Line<'a>> {
    let Some(record) = super::selected(scene.state, scene.ui) else { return Vec::new() };
    if inner.height < TALL {
        return Vec::new();
    }
    let state = scene.state;
    let mut text = record.name.to_string();
    if !record.display_name.is_empty() && record.display_name != record.name {
        let _ = write!(text, " ({})", record.display_name);
    }
    if !record.host.is_empty() {
        let _ = write!(text, " on {}", record.host);
    }
    let known = state.mission_freshness();
    let word = record.state.word();
    let _ = match known {
        Freshness::Fresh => write!(text, ": {word}"),
        Freshness::Stale => write!(text, ": {word} when last heard"),
        Freshness::Unknown => write!(text, ": not known"),
    };
    let why = why(record, state);
    let mut said = vec![why];
    if let Some(up) = uptime(record, state).filter(|_| known == Freshness::Fresh) {
        said.push(format!("up {}", format::age(up)));
    }
    said.push(match (record.kept, record.external) {
        (true, false) => String::from("outlives the daemon"),
        _ => String::new(),
    });
    if let Some(files) = record.files.filter(|_| known == Freshness::Fresh) {
        said.push(format!("{files} open files"));
    }
    if let Some(code) = record.exit_code.filter(|_| record.last_error.is_empty()) {
        said.push(format!("last exit {code}"));
    }
    let last = &record.last_error;
    if !last.is_empty() && !said.iter().any(|part| part.contains(last.as_str())) {
        said.push(format!("last went down: {last}"));
    }
    for part in said.iter().filter(|part| !part.is_empty()) {
        let _ = write!(text, ", {part}");
    }
    let room = if inner.height >= 2 * TALL { 2 } else { 1 };
    let rows = wrap_most(&text, inner.width, room).into_iter();
    rows.map(|row| Line::new().rest(row, Role::TextDim)).collect()
}
