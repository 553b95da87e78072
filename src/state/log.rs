//! Fold of what is told in lines: log and commands, each bounded.
//!
//! Besides the lines that edges send, State writes one of its own whenever
//! something it shows changes for better or worse, so that a replay tells the
//! same story as the session did.

use super::{Aged, State};
use crate::domain::Text;
use crate::event::{CommandPhase, CommandReport, Level, LogLine};
use std::collections::VecDeque;

/// Log lines kept.
pub const LOG_LINES: usize = 2_000;
/// Commands kept.
pub const COMMANDS: usize = 200;

pub(super) fn push<T>(queue: &mut VecDeque<T>, limit: usize, value: T) {
    while queue.len() >= limit {
        queue.pop_front();
    }
    queue.push_back(value);
}

impl State {
    pub(super) fn push_log(&mut self, line: LogLine) {
        let line = self.aged(line);
        push(&mut self.log, LOG_LINES, line);
    }

    /// A line of State's own.
    pub(super) fn say(&mut self, level: Level, source: &str, text: &str) {
        let source = Text::limited(source, 24);
        self.push_log(LogLine { level, source, text: Text::new(text), when: None });
    }

    pub(super) fn say_session(&mut self) {
        let s = &self.session;
        let mut text = format!("crs {} on {}", s.version, s.host);
        for (word, value) in [(" for ", &s.operator), (", configured by ", &s.config)] {
            if !value.is_empty() {
                text.push_str(word);
                text.push_str(value.as_str());
            }
        }
        self.say(Level::Info, "session", &text);
    }

    /// A command that was sent and is now answered keeps its one row.
    pub(super) fn on_command(&mut self, report: &CommandReport) {
        let next = self.aged(report.clone());
        let same = |old: &&mut Aged<CommandReport>| {
            !report.req_id.is_empty() && old.value.req_id == report.req_id
        };
        match self.commands.iter_mut().rev().find(same) {
            Some(row) => *row = next,
            None => push(&mut self.commands, COMMANDS, next),
        }
        let (level, word) = match report.phase {
            CommandPhase::Sent => return,
            CommandPhase::Done => (Level::Info, "done"),
            CommandPhase::Failed => (Level::Warn, "failed"),
            CommandPhase::Denied => (Level::Warn, "denied"),
            CommandPhase::Unknown => (Level::Alarm, "UNKNOWN, it may have happened"),
        };
        let mut text = format!("{} {word}", report.what);
        if !report.note.is_empty() {
            text.push_str(": ");
            text.push_str(report.note.as_str());
        }
        self.say(level, "command", &text);
    }
}
