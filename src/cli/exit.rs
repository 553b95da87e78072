//! Exit statuses. Each verb lists its own in its `--help`; these are common.

use std::fmt;
use std::process::ExitCode;

/// How a verb ended, for scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exit(pub u8);

impl Exit {
    /// Done.
    pub const OK: Self = Self(0);
    /// It could not be done, or the answer is no.
    pub const FAILED: Self = Self(1);
    /// No answer in time.
    pub const TIMEOUT: Self = Self(2);
    /// Wrong command line.
    pub const USAGE: Self = Self(64);
    /// Wrong configuration.
    pub const CONFIG: Self = Self(78);

    /// The graver of two: a verb that asks several gateways reports the worst.
    #[must_use]
    pub fn worst(self, other: Self) -> Self {
        self.max(other)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.0)
    }
}

/// Why a verb did nothing or stopped half-way, and its exit status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The status.
    pub exit: Exit,
    /// What, why, and the next step; may have several lines.
    pub text: String,
}

impl Failure {
    /// A failure with status `exit`.
    #[must_use]
    pub fn new(exit: Exit, text: impl fmt::Display) -> Self {
        Self { exit, text: text.to_string() }
    }

    /// A failure with status 1.
    #[must_use]
    pub fn failed(text: impl fmt::Display) -> Self {
        Self::new(Exit::FAILED, text)
    }
}

/// What a verb gives back.
pub type Outcome = Result<Exit, Failure>;

/// The statuses of a verb for its help: its own, then the common ones.
macro_rules! exits {
    ($($status:literal $meaning:literal),+ $(,)?) => {
        concat!(
            "Exit status:\n",
            $("  ", $status, "   ", $meaning, "\n",)+
            "  64  wrong command line\n  78  wrong configuration",
        )
    };
}
pub(super) use exits;
