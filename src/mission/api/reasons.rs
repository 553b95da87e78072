//! Why a process is not up: what the supervision knows of it, and what it said
//! itself before it ended, as that is mostly where the cause stands.

use super::server::Parts;
use crate::domain::Text;
use crate::domain::mission::{ConsoleLine, LineLevel};
use crate::mission::parts::{LineQuery, Refused};

/// Its last lines that are shown.
const LAST: usize = 3;

impl Parts {
    /// A line for each fact; may wait as long as the supervision does.
    ///
    /// # Errors
    /// No such process.
    pub(super) fn reasons(&self, process: &str) -> Result<Vec<Text>, Refused> {
        let mut facts = self.crew.why(process)?;
        if !facts.is_empty() {
            facts.extend(self.last_words(process).iter().map(said));
        }
        Ok(facts)
    }

    fn last_words(&self, process: &str) -> Vec<ConsoleLine> {
        let mut lines = self.lines.lines(&LineQuery {
            process: Some(process.to_owned()),
            level: LineLevel::Trace,
            most: usize::MAX,
            ..LineQuery::default()
        });
        lines.split_off(lines.len().saturating_sub(LAST))
    }
}

fn said(line: &ConsoleLine) -> Text {
    Text::new(&format!("{} it said: {}", line.at.hms(), line.message))
}
