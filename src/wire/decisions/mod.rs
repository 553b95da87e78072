//! What automatic traders write into their logs, line by line.
//!
//! Three families share a file name pattern and nothing else: JSON objects of
//! an engine ([`engine`]), those of our own sentinel ([`own`]), which name it,
//! and the human lines of the Python sentinel ([`sentinel`]).

pub mod engine;
pub mod own;
pub mod sentinel;

use crate::domain::{Decision, Text};
use engine::EngineLines;
use sentinel::SentinelLines;

/// What one line amounted to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A decision is complete.
    Decision(Box<Decision>),
    /// Nothing to tell, or only a part of a decision.
    Nothing,
    /// It should have been a decision and can't be read; the cause.
    Refused(&'static str),
}

/// Reads the lines of one file in their order; what came before matters.
#[derive(Clone, Debug, Default)]
pub struct DecisionLines {
    engine: EngineLines,
    sentinel: SentinelLines,
}

impl DecisionLines {
    /// Takes the next line, without its end.
    pub fn line(&mut self, line: &[u8]) -> Heard {
        let is_object = line.trim_ascii_start().starts_with(b"{");
        match (is_object, own::is_own(line)) {
            (true, true) => own::read(line),
            (true, false) => self.engine.line(line),
            (false, _) => self.sentinel.line(&String::from_utf8_lossy(line)),
        }
    }
}

/// A reason of a few words, safe to show.
fn brief(text: &str) -> Text {
    Text::limited(text.trim(), 160)
}
