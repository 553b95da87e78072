//! The one text field of the console: the command line, and the search of the
//! help.
//!
//! Pure: keys in, text out. The chords of KILL and BLOCK never come here: the
//! input thread takes them, in every text field as everywhere.

pub mod line;
#[cfg(test)]
mod tests;

pub use line::{Candidate, Typed};

use super::keymap::Key;
use super::looks::memory::{MAX_CHARS, MAX_LINES};
use crate::domain::Text;
use line::Choices;

/// Rows that a page key scrolls what is told.
const PAGE: usize = 4;
/// Rows that it goes at most.
const MOST: usize = 1_000;

/// What the field is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// A command with its word.
    #[default]
    Command,
    /// Words that the help is searched for.
    Search,
    /// A text that confirms something.
    Confirm,
}

impl Kind {
    /// What stands before the text.
    #[must_use]
    pub const fn lead(self) -> &'static str {
        match self {
            Self::Command => ":",
            Self::Search => "/",
            Self::Confirm => ">",
        }
    }
}

/// What a key led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Did {
    /// The field is as it was, or only its cursor moved.
    Nothing,
    /// The text changed.
    Edited,
    /// It was given up.
    Cancelled,
    /// This was entered.
    Entered(String),
}

/// The field while it is open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prompt {
    kind: Kind,
    before: String,
    after: String,
    /// What was typed before the history was looked through, and how far back
    /// it was, from 1.
    draft: String,
    back: usize,
    /// What may stand here, and which of it stands here.
    candidates: Vec<Candidate>,
    chosen: Option<usize>,
    /// Why the last line was not carried out; empty when it was.
    error: Text,
    /// What is to be typed and what for, a line each; empty but in a field
    /// that confirms.
    about: Vec<Text>,
    /// Rows of what is told that were scrolled over.
    over: usize,
}

impl Prompt {
    /// An open field that holds `text`.
    #[must_use]
    pub fn open(kind: Kind, text: &str, choices: Choices<'_>) -> Self {
        let mut prompt = Self { kind, before: text.to_owned(), ..Self::default() };
        prompt.offer(choices);
        prompt
    }

    /// An open field for a text that confirms something: `about` stays above it
    /// while it is typed.
    #[must_use]
    pub fn confirm(about: Vec<Text>) -> Self {
        Self { kind: Kind::Confirm, about, ..Self::default() }
    }

    /// What is to be typed and what for, a line each.
    #[must_use]
    pub fn about(&self) -> &[Text] {
        &self.about
    }

    /// What it is for.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}{}", self.before, self.after)
    }

    /// The text before and after the cursor.
    #[must_use]
    pub fn parts(&self) -> (&str, &str) {
        (&self.before, &self.after)
    }

    /// What may stand here, and which of it was taken.
    #[must_use]
    pub fn candidates(&self) -> (&[Candidate], Option<usize>) {
        (&self.candidates, self.chosen)
    }

    /// Why the last line was not carried out; empty when it was.
    #[must_use]
    pub const fn error(&self) -> &Text {
        &self.error
    }

    /// Rows of what is told that were scrolled over, where it is longer than its
    /// box.
    #[must_use]
    pub const fn scrolled(&self) -> usize {
        self.over
    }

    /// The line was no good: it stays, to be mended.
    pub fn refuse(&mut self, line: &str, why: Text) {
        self.over = 0;
        line.clone_into(&mut self.before);
        self.after.clear();
        self.error = why;
    }

    /// Takes one key.
    pub fn key(&mut self, key: Key, history: &[String], choices: Choices<'_>) -> Did {
        let before = (self.before.clone(), self.after.clone());
        match key.shown().as_str() {
            "Enter" => return Did::Entered(self.text()),
            "Esc" | "Ctrl-C" | "Ctrl-G" => return Did::Cancelled,
            "Backspace" | "Ctrl-H" if before == (String::new(), String::new()) => {
                return Did::Cancelled;
            }
            "Tab" => return self.complete(false, choices),
            "Shift-Tab" => return self.complete(true, choices),
            "PgDn" => self.over = self.over.saturating_add(PAGE).min(MOST),
            "PgUp" => self.over = self.over.saturating_sub(PAGE),
            "Up" | "Ctrl-P" => self.recall(true, history),
            "Down" | "Ctrl-N" => self.recall(false, history),
            name => self.edit(name, key.plain_char()),
        }
        if before == (self.before.clone(), self.after.clone()) {
            return Did::Nothing;
        }
        self.error = Text::default();
        if format!("{}{}", before.0, before.1) == self.text() {
            return Did::Nothing;
        }
        self.offer(choices);
        Did::Edited
    }

    fn edit(&mut self, name: &str, plain: Option<char>) {
        match name {
            "Backspace" | "Ctrl-H" => drop(self.before.pop()),
            "Del" | "Ctrl-D" => drop(take_first(&mut self.after)),
            "Left" | "Ctrl-B" => {
                if let Some(c) = self.before.pop() {
                    self.after.insert(0, c);
                }
            }
            "Right" | "Ctrl-F" => self.before.extend(take_first(&mut self.after)),
            "Home" | "Ctrl-A" => {
                self.after.insert_str(0, &std::mem::take(&mut self.before));
            }
            "End" | "Ctrl-E" => self.before.push_str(&std::mem::take(&mut self.after)),
            "Ctrl-U" => self.before.clear(),
            "Ctrl-W" => {
                let kept = self.before.trim_end().rfind(' ').map_or(0, |at| at + 1);
                self.before.truncate(kept);
            }
            _ => {
                let room = self.text().chars().count() < MAX_CHARS;
                self.before.extend(plain.filter(|c| room && !c.is_control()));
            }
        }
    }

    /// One line of the history further back, or forward.
    fn recall(&mut self, back: bool, history: &[String]) {
        if self.kind != Kind::Command {
            return;
        }
        if self.back == 0 {
            self.draft = self.text();
        }
        let at = if back { self.back + 1 } else { self.back.saturating_sub(1) };
        if at > history.len() || at == self.back {
            return;
        }
        self.back = at;
        let line = history.len().checked_sub(at).and_then(|i| history.get(i)).filter(|_| at > 0);
        self.before = line.unwrap_or(&self.draft).clone();
        self.after.clear();
    }

    /// As far as all candidates agree, then each in turn.
    fn complete(&mut self, backwards: bool, choices: Choices<'_>) -> Did {
        if self.kind != Kind::Command || self.candidates.is_empty() {
            return Did::Nothing;
        }
        self.error = Text::default();
        self.after.clear();
        let count = self.candidates.len();
        let common = line::common(&self.candidates);
        if self.chosen.is_none() && count > 1 && common.len() > self.before.trim_start().len() {
            self.before = common;
            return Did::Edited;
        }
        let at = match (self.chosen, backwards) {
            (None, false) => 0,
            (None, true) => count - 1,
            (Some(at), false) => (at + 1) % count,
            (Some(at), true) => (at + count - 1) % count,
        };
        if let Some(candidate) = self.candidates.get(at) {
            self.before.clone_from(&candidate.line);
        }
        if count == 1 {
            // The one that is left is taken, and what may follow it is shown.
            self.offer(choices);
        } else {
            self.chosen = Some(at);
        }
        Did::Edited
    }

    fn offer(&mut self, choices: Choices<'_>) {
        self.chosen = None;
        self.candidates = match self.kind {
            Kind::Command => line::candidates(&self.text(), choices),
            Kind::Search | Kind::Confirm => Vec::new(),
        };
    }
}

fn take_first(text: &mut String) -> Option<char> {
    (!text.is_empty()).then(|| text.remove(0))
}

/// Adds a line that was entered; the same one twice in a row is one.
pub fn remember(history: &mut Vec<String>, line: &str) {
    if line.trim().is_empty() || history.last().is_some_and(|last| last == line) {
        return;
    }
    history.push(line.to_owned());
    let over = history.len().saturating_sub(MAX_LINES);
    history.drain(..over);
}
