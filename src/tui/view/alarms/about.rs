//! The selected alarm in full: how it stands, all of its words, what to do.

use super::super::pen::{Line, fit};
use super::super::wrap;
use super::silent_until;
use crate::domain::Stamp;
use crate::state::Alarm;
use crate::tui::theme::Role;

/// Its lines in at most `room` rows: what to do goes last of all.
pub(super) fn lines<'a>(alarm: &Alarm, now: Stamp, width: u16, room: u16) -> Vec<Line<'a>> {
    let mut lines = vec![(3, Line::new())];
    let state = state(alarm, now);
    for (rank, label, words, role) in [
        (2, "state", state.as_str(), Role::TextNormal),
        (1, "what", alarm.text.as_str(), Role::TextNormal),
        (0, "do", alarm.advice.as_str(), Role::TextStrong),
    ] {
        let mut label = Some(label);
        for words in wrap(words, width.saturating_sub(6)) {
            let line = Line::new().left(6, label.take().unwrap_or_default(), Role::TextDim);
            lines.push((rank, line.rest(words, role)));
        }
    }
    fit(lines, room)
}

fn state(alarm: &Alarm, now: Stamp) -> String {
    let mut words = match (alarm.standing, alarm.gone) {
        (true, _) => format!("standing since {}", alarm.last.utc.hms()),
        (false, Some(gone)) => format!("over since {}", gone.utc.hms()),
        (false, None) => format!("event of {}", alarm.last.utc.hms()),
    };
    match alarm.acknowledged {
        Some(at) => words.push_str(&format!(", acknowledged {}", at.utc.hm())),
        None => words.push_str(", not acknowledged"),
    }
    if let Some(until) = silent_until(alarm, now) {
        words.push_str(&format!(", silenced until {until}"));
    }
    words.push_str(" UTC");
    if alarm.count > 1 {
        words.push_str(&format!(", raised {} times", alarm.count));
    }
    words
}
