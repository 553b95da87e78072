//! How one process stands for another, and what the other waits for.

use super::{Body, Machine, Rest};
use crate::domain::Text;
use crate::domain::mission::ProcessState;
use crate::mission::spec::Condition;

/// How a process stands for those that depend on it, and for those that it
/// depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Standing {
    /// It runs.
    pub up: bool,
    /// It is ready.
    pub ready: bool,
    /// It ran to its end, no restart follows: with success?
    pub over: Option<bool>,
    /// It is down for good, until somebody wants it anew.
    pub failed: bool,
    /// Something of it lives here, as far as is known.
    pub alive: bool,
    /// In words.
    pub words: Text,
}

impl Standing {
    /// It has reached this.
    const fn has(&self, condition: Condition) -> bool {
        match condition {
            Condition::Started => self.up || self.over.is_some(),
            Condition::Ready => self.ready,
            Condition::Completed => self.over.is_some(),
            Condition::Succeeded => matches!(self.over, Some(true)),
        }
    }

    /// It will not, unless somebody does something.
    const fn never(&self, condition: Condition) -> bool {
        match condition {
            Condition::Started | Condition::Completed => self.failed && self.over.is_none(),
            Condition::Ready => self.failed,
            Condition::Succeeded => self.failed || matches!(self.over, Some(false)),
        }
    }
}

const fn to_be(condition: Condition) -> &'static str {
    match condition {
        Condition::Started => "to be started",
        Condition::Ready => "to be ready",
        Condition::Completed => "to have ended",
        Condition::Succeeded => "to have ended with status 0",
    }
}

impl Machine {
    /// Everything that it waits for stands as it should.
    pub(super) fn may_go(&self) -> bool {
        self.gate.iter().all(|(name, condition)| {
            self.others.get(name).is_some_and(|other| other.has(*condition))
        })
    }

    /// None of those that had to end first lives any more.
    pub(super) fn may_leave(&self, after: &[String]) -> bool {
        !after.iter().any(|name| self.others.get(name).is_some_and(|other| other.alive))
    }

    /// What it waits for, in words.
    pub(super) fn waiting(&self) -> ProcessState {
        let lacking = || {
            self.gate.iter().filter(|(name, condition)| {
                !self.others.get(name).is_some_and(|other| other.has(*condition))
            })
        };
        let stands = |name: &str| {
            let word = self.others.get(name).map(|other| other.words.as_str());
            word.filter(|word| !word.is_empty()).map(|word| format!(" ({word})"))
        };
        let lost = lacking().find(|(name, condition)| {
            self.others.get(name).is_some_and(|other| other.never(*condition))
        });
        if let Some((name, _)) = lost {
            let dep = format!("{name}{}", stands(name).unwrap_or_default());
            return ProcessState::Skipped { dep: Text::new(&dep) };
        }
        let all: Vec<String> = lacking()
            .map(|(name, condition)| {
                format!("{name} {}{}", to_be(*condition), stands(name).unwrap_or_default())
            })
            .collect();
        ProcessState::Pending { waiting_on: Text::new(&all.join(", ")) }
    }

    /// How it stands for others.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let state = self.state();
        let over = match &self.body {
            Body::Down(Rest::Ended { end, asked: false }) => Some(end.code == Some(0)),
            Body::Down(Rest::Failed { ran: true, .. }) => Some(false),
            _ => None,
        };
        Standing {
            up: matches!(self.body, Body::Up { .. } | Body::Foreign { .. }),
            ready: state.ready(),
            over,
            failed: matches!(state, ProcessState::Failed { .. } | ProcessState::Skipped { .. }),
            alive: self.may_live() && self.lost.is_none(),
            words: Text::limited(&state.to_string(), 120),
        }
    }
}
