//! What is asked of another machine.

use super::start::Start;
use crate::mission::hands::Ident;

/// One that was started over there.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Known {
    /// Name of the process.
    pub name: String,
    /// Mark of its start; empty where nobody knows it.
    pub mark: String,
    /// Who.
    pub who: Ident,
}

/// What a process that ended may have left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tidy {
    /// Which start.
    pub who: Known,
    /// Files that its configuration names.
    pub files: Vec<String>,
    /// Files and directories of the kill path: never touched.
    pub kills: Vec<String>,
}

/// One question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Start it under this mark, unless that was done or another one lives.
    Start(Box<Start>, String),
    /// How these fare.
    Look(Vec<Known>),
    /// What stands on record for this process. With the mark of a start that
    /// was not answered: that start is called off, unless it came about.
    Found(String, String),
    /// Signal it, or all that belongs to it.
    Signal {
        /// Whom.
        who: Known,
        /// Number of the signal.
        signal: i32,
        /// All of it.
        all: bool,
    },
    /// What lives of it.
    Rest(Known),
    /// Remove what it left.
    Tidy(Tidy),
    /// Whether somebody else's runs.
    Check(Vec<String>),
    /// Nothing: whether the machine answers.
    Reach,
    /// Its output, from these bytes on.
    Follow {
        /// Whose.
        who: Known,
        /// First byte of standard output, from 0.
        out: u64,
        /// First byte of standard error.
        err: u64,
    },
}

impl Ask {
    /// In words, for errors.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Start(..) => "start the process",
            Self::Look(_) => "look at its processes",
            Self::Found(..) => "read its records",
            Self::Signal { .. } => "signal the process",
            Self::Rest(_) => "see what is left of the process",
            Self::Tidy(_) => "remove what the process left",
            Self::Check(_) => "run the check",
            Self::Reach => "reach it",
            Self::Follow { .. } => "read the output",
        }
    }
}
