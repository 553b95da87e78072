//! What was left behind, and what holds what a process of ours needs: ports,
//! orphans, shared memory and lock files.
//!
//! What belongs here: looking, what may be done about a find, and doing it
//! with its confirmations. What does not: processes that live under the
//! daemon, which are the supervision's.
//!
//! Finding changes nothing. What is ours by a recorded identity or a mark in
//! its environment is ended for a `yes`; a stranger for its number and its
//! name, typed. Some are never touched, whatever is typed: this program and
//! what it descends from, the first process, the kernel's threads, whoever
//! lets operators in, the agent that carries out kills, whoever has a latch
//! open, and every latch.

pub mod end;
pub mod files;
pub mod find;
pub mod finder;
pub mod never;
pub mod ports;
pub mod scan;

pub use end::end;
pub use find::find;
pub use finder::{Daemon, Finder, Knows};

use crate::domain::Text;
use crate::mission::hands::Ident;
use crate::mission::parts::ZombieRecord;
use crate::mission::spec::Name;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::path::PathBuf;

/// What the daemon knows of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// What its marks begin with, before the first `/`; empty: it has none.
    pub id: String,
    /// Everybody on record.
    pub recorded: Vec<Recorded>,
    /// Every latch of the configuration.
    pub latches: Vec<PathBuf>,
    /// Where lock files without a directory lie.
    pub dir: PathBuf,
}

/// One on record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Which process.
    pub name: Name,
    /// Which of its starts.
    pub run: u64,
    /// Who.
    pub who: Ident,
    /// The supervision has it in hand now.
    pub owned: bool,
}

/// A process that was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Who {
    /// Who.
    pub who: Ident,
    /// Name of its program, as it is typed to end a stranger.
    pub program: Text,
    /// Its command line, cut.
    pub command: Text,
    /// Its user: `root`, `uid 1000`.
    pub user: Text,
}

/// A find.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Find {
    /// Somebody listens at a port of the configuration.
    Port {
        /// TCP port.
        port: u16,
        /// Who; none where another user's process is not shown to this one.
        who: Option<Who>,
    },
    /// A process of ours that nobody has in hand.
    Orphan(Who),
    /// Shared memory of the configuration whose process does not live.
    Shm(File),
    /// A lock file of the configuration whose process does not live.
    Lock(File),
}

/// A file that was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct File {
    /// Where.
    pub path: PathBuf,
    /// Its device and number, so that a later one is another.
    pub id: (u64, u64),
}

/// A find, and what may be done about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zombie {
    /// What it is.
    pub find: Find,
    /// Whose it was, or who needs it; empty: nobody's of the mission.
    pub process: Name,
    /// It is ours by a record or a mark.
    pub ours: bool,
    /// Why it is shown.
    pub why: Text,
    /// Why it must never be touched from here; none: it may.
    pub never: Option<Text>,
}

impl Zombie {
    /// The process of it, where it is one.
    #[must_use]
    pub const fn who(&self) -> Option<&Who> {
        match &self.find {
            Find::Port { who: Some(who), .. } | Find::Orphan(who) => Some(who),
            Find::Port { who: None, .. } | Find::Shm(_) | Find::Lock(_) => None,
        }
    }

    /// Names it until it changes: another process of the same number and
    /// another file of the same name have another one.
    #[must_use]
    pub fn id(&self) -> Text {
        let sum = Sha256::digest(format!("{:?}", self.find).as_bytes());
        let mut short = String::from("z");
        for byte in sum.iter().take(4) {
            let _ = write!(short, "{byte:02x}");
        }
        Text::new(&short)
    }

    /// What would be done; none: it must not be touched.
    #[must_use]
    pub fn action(&self) -> Option<Text> {
        if self.never.is_some() {
            return None;
        }
        let text = match &self.find {
            Find::Port { who: None, .. } => return None,
            Find::Port { who: Some(who), .. } | Find::Orphan(who) => {
                format!("end pid {}: SIGTERM, and SIGKILL after 5 s", who.who.pid)
            }
            Find::Shm(file) | Find::Lock(file) => format!("remove {}", file.path.display()),
        };
        Some(Text::new(&text))
    }

    /// What has to be typed for it: `yes` for ours, number and program for a
    /// stranger.
    #[must_use]
    pub fn confirm(&self) -> Text {
        match self.who() {
            Some(who) if !self.ours => Text::new(&format!("{} {}", who.who.pid, who.program)),
            _ => Text::new("yes"),
        }
    }

    /// As the control API shows it.
    #[must_use]
    pub fn record(&self) -> ZombieRecord {
        let kind = match &self.find {
            Find::Port { .. } => "port",
            Find::Orphan(_) => "orphan",
            Find::Shm(_) => "shm",
            Find::Lock(_) => "lock",
        };
        let never = self.never.as_ref();
        let what = match never {
            Some(never) => Text::new(&format!("{}; it stays: {never}", self.why)),
            None => self.why.clone(),
        };
        let action = self.action();
        ZombieRecord {
            id: self.id(),
            kind: Text::new(kind),
            what,
            process: Text::new(&self.process),
            pid: self.who().map(|who| who.who.pid),
            confirm: if action.is_some() { self.confirm() } else { Text::default() },
            action: action.unwrap_or_default(),
        }
    }
}
