//! The selected alarm in full: how it stands, all of its words, what to do.

use super::super::pen::{Line, fit};
use super::super::wrap;
use super::silent_until;
use crate::domain::Stamp;
use crate::state::Alarm;
use crate::tui::theme::Role;

/// Columns of the labels.
const LABEL: u16 = 6;

/// Its lines in at most `room` rows: what to do goes last of all. Where the
/// rows have `columns` for how it stands, its words come before that.
pub(super) fn lines<'a>(
    alarm: &Alarm,
    now: Stamp,
    columns: bool,
    width: u16,
    room: u16,
) -> Vec<Line<'a>> {
    let (after, before) = if columns { (2, 1) } else { (1, 2) };
    let wrapped = |words: &str| wrap(words, width.saturating_sub(LABEL));
    let todo = wrapped(todo(alarm));
    let left = usize::from(room).saturating_sub(todo.len());
    let what = shortened(wrapped(alarm.text.as_str()), left);
    let mut lines = vec![(3, Line::new())];
    for (rank, label, rows, role) in [
        (after, "state", wrapped(&state(alarm, now)), Role::TextNormal),
        (before, "what", what, Role::TextNormal),
        (0, "do", todo, Role::TextStrong),
    ] {
        let mut label = Some(label);
        for words in rows {
            let line = Line::new().left(LABEL, label.take().unwrap_or_default(), Role::TextDim);
            lines.push((rank, line.rest(words, role)));
        }
    }
    fit(lines, room)
}

/// What is over needs no more than somebody who read it.
fn todo(alarm: &Alarm) -> &str {
    match (alarm.standing || alarm.is_event(), alarm.is_open()) {
        (true, _) => alarm.advice.as_str(),
        (false, true) => "it is over: read it and `:acknowledge` it",
        (false, false) => "nothing: it leaves the list by itself",
    }
}

/// At most `rows` of them; the last one holds the rest and is cut visibly.
fn shortened(mut lines: Vec<String>, rows: usize) -> Vec<String> {
    let rest = lines.split_off(rows.max(1).min(lines.len()));
    if let Some(last) = lines.last_mut().filter(|_| !rest.is_empty()) {
        last.push(' ');
        last.push_str(&rest.join(" "));
    }
    lines
}

fn state(alarm: &Alarm, now: Stamp) -> String {
    let (word, at) = match (alarm.standing, alarm.gone) {
        (true, _) => ("standing since", alarm.last),
        (false, Some(gone)) => ("over since", gone),
        (false, None) => ("event of", alarm.last),
    };
    let acknowledged = match alarm.acknowledged {
        Some(at) => format!("acknowledged {}", at.utc.hm()),
        None => String::from("not acknowledged"),
    };
    let mut words = vec![format!("{word} {} UTC", at.utc.hms()), acknowledged];
    words.extend(silent_until(alarm, now).map(|until| format!("silenced until {until}")));
    if alarm.count > 1 {
        words.push(format!("raised {} times", alarm.count));
    }
    words.join(", ")
}
