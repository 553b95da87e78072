//! What the operator did to the Processes pane.

use super::order::{Key, Sort};
use crate::control::MissionAsk;
use crate::domain::Text;
use crate::domain::mission::LineLevel;

/// The pages of the Processes pane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissionPage {
    /// Processes, and below them alerts and the last lines.
    #[default]
    Table,
    /// Alerts, with advice and what is proposed.
    Alerts,
    /// Lines of all processes.
    Output,
    /// The answer to what was asked last.
    Answer,
}

impl MissionPage {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Alerts => "alerts",
            Self::Output => "output",
            Self::Answer => "answer",
        }
    }

    /// The next one; an answer is passed over where there is none.
    #[must_use]
    pub const fn next(self, answered: bool) -> Self {
        match self {
            Self::Table => Self::Alerts,
            Self::Alerts => Self::Output,
            Self::Output if answered => Self::Answer,
            Self::Output | Self::Answer => Self::Table,
        }
    }
}

/// What processes can be sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProcessKey {
    /// As in the configuration.
    #[default]
    Config,
    /// How they stand, the worst first.
    State,
    /// CPU, the busiest first.
    Cpu,
    /// Memory, the largest first.
    Memory,
    /// Restarts, the most first.
    Restarts,
}

impl Key for ProcessKey {
    const ALL: &'static [Self] =
        &[Self::Config, Self::State, Self::Cpu, Self::Memory, Self::Restarts];

    fn grows(self) -> bool {
        self == Self::Config
    }

    fn word(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::State => "state",
            Self::Cpu => "cpu",
            Self::Memory => "memory",
            Self::Restarts => "restarts",
        }
    }
}

/// What the operator did to the pane.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MissionUi {
    /// Mission control is followed: the pane is there.
    pub followed: bool,
    /// The page that is shown.
    pub page: MissionPage,
    /// The process that is selected; it stays so wherever its row goes.
    pub process: Option<Text>,
    /// The alert that is selected; likewise.
    pub alert: Option<u64>,
    /// Output of this process alone.
    pub only: Option<Text>,
    /// Lines below this are not shown.
    pub level: LineLevel,
    /// The order of the processes.
    pub sort: Sort<ProcessKey>,
    /// What the guard, or the field for typed words, is open for.
    pub open: Option<MissionAsk>,
    /// What was asked last.
    pub ask: Option<MissionAsk>,
}

impl MissionUi {
    /// All lines, then information and louder, warnings and louder, errors.
    pub const fn next_level(&mut self) {
        self.level = match self.level {
            LineLevel::Trace | LineLevel::Debug => LineLevel::Info,
            LineLevel::Info => LineLevel::Warn,
            LineLevel::Warn => LineLevel::Error,
            LineLevel::Error | LineLevel::Critical => LineLevel::Trace,
        };
    }
}
