//! What of another's making lies at the latches, or lay there and was never
//! reset: what an operator is shown, and what a reset has to name.

use super::LatchHome;
use super::file::{Probe, probe_soon};
use crate::audit::{ForeignAt, Ledger};
use crate::domain::{EngageId, Text};
use std::path::PathBuf;

/// A foreign file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stranger {
    /// Which, and where.
    pub at: ForeignAt,
    /// What it says.
    pub reason: Text,
    /// It was removed, and no reset names it.
    pub gone: bool,
    /// It is on record.
    pub recorded: bool,
}

impl Stranger {
    /// What it says and where it lies, in words.
    #[must_use]
    pub fn words(&self) -> Text {
        let how = if self.gone { ", removed without a reset" } else { "" };
        Text::new(&format!("{} ({}{how})", self.reason, self.at.path.display()))
    }
}

/// All of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Strangers {
    /// Those that lie there first.
    pub all: Vec<Stranger>,
    /// A further latch of which it can't be told.
    pub doubt: Option<Text>,
}

/// Looks at the latch, its stand-in and the further latches, and at what
/// `ledger` has of files that no reset names. A latch that names a decision
/// which is `ours` is none of another's making.
#[must_use]
pub fn strangers(
    home: &LatchHome,
    extra: &[PathBuf],
    ledger: &Ledger,
    ours: impl Fn(EngageId) -> bool,
) -> Strangers {
    let mut found = Strangers::default();
    let mut latch = None;
    for (path, further) in [(&home.latch, false), (&home.fallback(), false)]
        .into_iter()
        .chain(extra.iter().map(|path| (path, true)))
    {
        let (file, body, form) = match probe_soon(path) {
            Probe::Present { file, body, form } => (file, body, form),
            Probe::Doubt(why) if further => {
                found.doubt.get_or_insert(why);
                continue;
            }
            Probe::Absent | Probe::Doubt(_) => continue,
        };
        if !further && body.engage_id.is_some_and(&ours) {
            latch.get_or_insert(file);
            continue;
        }
        // The latch itself under a second name.
        if further && latch.is_some_and(|at| (at.dev, at.ino) == (file.dev, file.ino)) {
            continue;
        }
        latch.get_or_insert(file);
        let at = ForeignAt { path: path.clone(), file };
        let reason = reason_of(&body.reason, form);
        found.all.push(Stranger { at, reason, gone: false, recorded: false });
    }
    for foreign in ledger.foreign() {
        let path = foreign.path.map_or_else(|| home.latch.clone(), ToOwned::to_owned);
        let at = ForeignAt { path, file: foreign.file };
        if let Some(there) = found.all.iter_mut().find(|stranger| stranger.at == at) {
            there.recorded = true;
        } else {
            let reason = foreign.reason.clone();
            found.all.push(Stranger { at, reason, gone: true, recorded: true });
        }
    }
    found
}

/// What a latch says of itself, or that it says nothing.
#[must_use]
pub fn reason_of(reason: &Text, form: Option<&'static str>) -> Text {
    match (reason.is_empty(), form) {
        (false, _) => reason.clone(),
        (true, Some(form)) => Text::new(&format!("a {form} lies at the latch's path")),
        (true, None) => Text::new(crate::domain::latch::NO_REASON),
    }
}
