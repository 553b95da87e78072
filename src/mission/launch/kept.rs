//! What outlives the daemon: the mode in force with what runs in it, and the
//! dumps of emergency shutdowns. Each file is replaced whole.

use crate::domain::mission::ProcessRecord;
use crate::domain::{Text, UtcMicros};
use crate::mission::modes::{self, Document, Ticket};
use crate::mission::spec::Name;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// File of the mode in force, below the daemon's directory.
pub const STATE: &str = "mode.json";
/// Directory of the dumps there.
pub const DUMPS: &str = "dumps";
/// Dumps that are kept.
const KEPT: usize = 50;
/// Version of both files.
const VERSION: u32 = 1;

/// The mode in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InForce {
    /// Version of the file.
    pub v: u32,
    /// Which.
    pub mode: Name,
    /// What runs in it.
    pub wanted: Vec<Name>,
    /// Who launched it.
    pub by: Text,
    /// When.
    pub at: UtcMicros,
    /// Of an emergency shutdown that nobody saw proven flat; none: all is well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emergency: Option<Unproven>,
}

/// An emergency shutdown without a proof: what its dump must say, in case its
/// daemon does not live to write it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unproven {
    /// Why it was ordered.
    pub reason: Text,
    /// The mode that was in force; empty: none.
    pub mode: Name,
    /// What ran in it.
    pub wanted: Vec<Name>,
    /// Its settings.
    pub settings: Option<Document>,
    /// Name of the stop in force; empty: the breaker could not be engaged.
    pub engage_id: Text,
    /// The dump is written, and says that the kill path ended without a proof.
    pub dumped: bool,
}

/// What an emergency shutdown found, for who restores and who asks later.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dump {
    /// Version of the file.
    pub v: u32,
    /// When it was written.
    pub at: UtcMicros,
    /// Who ordered the shutdown.
    pub by: Text,
    /// Why.
    pub reason: Text,
    /// The mode that was in force; empty: none.
    pub mode: Name,
    /// What ran in it.
    pub wanted: Vec<Name>,
    /// Name of the stop in force; empty: the breaker could not be engaged.
    pub engage_id: Text,
    /// How the kill path ended.
    pub kill: KillSaid,
    /// What the gateway last said of positions, a claim; none: nothing.
    pub positions: Option<Claim>,
    /// Its settings.
    pub settings: Option<Document>,
    /// How every process stood.
    pub processes: Vec<ProcessRecord>,
    /// Where the last lines of each lie.
    pub lines: BTreeMap<Name, Text>,
    /// What had happened by then, one line for each step.
    pub steps: Vec<Text>,
}

/// How the kill path ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KillSaid {
    /// Proven flat by independent reads.
    pub verified: bool,
    /// In words.
    pub said: Text,
}

/// What the gateway said of the business.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Open positions.
    pub open: u64,
    /// Floating profit or loss, in ten-thousandths of the account's currency.
    pub profit: i64,
    /// Open volume, in hundred-millionths of a lot.
    pub exposure: i64,
    /// When it was read.
    pub at: UtcMicros,
}

/// Writes the mode in force; `ticket` is one for [`STATE`].
///
/// # Errors
/// The system's word, or that the order does not hold any more.
pub fn put(ticket: &Ticket, state: &InForce) -> io::Result<()> {
    let state = InForce { v: VERSION, ..state.clone() };
    ticket.land(Some(&serde_json::to_vec_pretty(&state)?))
}

/// The mode in force; none where none is.
///
/// # Errors
/// The system's word, or that the file is none of ours.
pub fn in_force(dir: &Path) -> io::Result<Option<InForce>> {
    let Some(state) = of::<InForce>(&dir.join(STATE))? else { return Ok(None) };
    if state.v == VERSION { Ok(Some(state)) } else { Err(other(&dir.join(STATE), state.v)) }
}

/// The settings in force; none where no mode is.
///
/// # Errors
/// The system's word, or that the file is none of ours.
pub fn document(dir: &Path) -> io::Result<Option<Document>> {
    of(&dir.join(modes::FILE))
}

fn of<T: serde::de::DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    let Some(bytes) = modes::read(path)? else { return Ok(None) };
    serde_json::from_slice(&bytes).map(Some).map_err(|e| {
        let why = format!("{} is no file of mission control: {e}", path.display());
        io::Error::new(io::ErrorKind::InvalidData, why)
    })
}

fn other(path: &Path, v: u32) -> io::Error {
    let why = format!("{}: version {v}, this program reads {VERSION}", path.display());
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// Writes a dump and forgets the oldest beyond those that are kept; its path.
///
/// # Errors
/// The system's word; then there is none of this name.
pub fn dump(dir: &Path, dump: &Dump) -> io::Result<PathBuf> {
    let dumps = dir.join(DUMPS);
    std::fs::create_dir_all(&dumps)?;
    // Numbered, not dated: a clock that was set back must not make an older
    // dump the last one, nor this one the first to be forgotten.
    let last = list(&dumps)?.last().map_or(0, |(number, _)| *number);
    let name = format!("{:020}.json", last.saturating_add(1));
    let dump = Dump { v: VERSION, ..dump.clone() };
    modes::replace(&dumps, &name, &serde_json::to_vec_pretty(&dump)?)?;
    let mut all = list(&dumps)?;
    all.truncate(all.len().saturating_sub(KEPT));
    for (_, old) in all {
        // One that can't be removed is only old.
        let _ = std::fs::remove_file(old);
    }
    Ok(dumps.join(name))
}

/// The last dump and its path; none where there is none.
///
/// # Errors
/// The system's word, or that the file is none of ours.
pub fn last_dump(dir: &Path) -> io::Result<Option<(PathBuf, Dump)>> {
    let all = match list(&dir.join(DUMPS)) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        all => all?,
    };
    let Some((_, path)) = all.into_iter().next_back() else { return Ok(None) };
    let Some(dump) = of::<Dump>(&path)? else { return Ok(None) };
    if dump.v == VERSION { Ok(Some((path, dump))) } else { Err(other(&path, dump.v)) }
}

/// Dumps with their numbers, the oldest first.
fn list(dumps: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dumps)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let number = name.and_then(|name| name.strip_suffix(".json")?.parse().ok());
        if let Some(number) = number {
            all.push((number, path));
        }
    }
    all.sort();
    Ok(all)
}
