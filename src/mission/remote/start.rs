//! What a start over there is made of.

use super::words::{self, Word};
use crate::domain::Text;
use crate::host::{clock, ids};
use crate::mission::hands::Vars;
use crate::mission::spec::{Limits, Platform, Process};
use crate::mission::supervise::stamp;

/// Largest settings document that travels with a start, in bytes.
const MOST: u64 = 65_536;

/// A start, before it has a mark.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Start {
    /// Name of the process.
    pub name: String,
    /// Which of its starts.
    pub run: u64,
    /// Program and arguments.
    pub cmd: Vec<Word>,
    /// Working directory; none: this mission's directory over there.
    pub cwd: Option<String>,
    /// Environment over that machine's own.
    pub env: Vec<(String, Word)>,
    /// Variables whose values programs over there print: they don't travel.
    pub secrets: Vec<(String, Vec<Word>)>,
    /// Limits.
    pub limits: Limits,
    /// The settings document of the mode in force.
    pub settings: Option<String>,
    /// Files that it may leave, by its configuration.
    pub leaves: Vec<String>,
    /// What all this is, for the next daemon.
    pub stamp: String,
}

impl Start {
    /// For a process under these variables.
    ///
    /// # Errors
    /// What of it can't be said to another machine.
    pub fn of(process: &Process, platform: Platform, run: u64, vars: &Vars) -> Result<Self, Text> {
        let word = |text: &String| words::word(text, vars);
        let all = |words: &[String]| words.iter().map(word).collect::<Result<Vec<_>, _>>();
        let named = |name: &String| {
            words::is_variable(name).then(|| name.clone()).ok_or_else(|| {
                Text::new(&format!("no shell over there takes a variable named \"{name}\""))
            })
        };
        let env = process.env.iter().map(|(name, value)| Ok((named(name)?, word(value)?)));
        let secrets = process.secrets.iter().map(|(name, cmd)| Ok((named(name)?, all(cmd)?)));
        if process.cmd.is_empty() {
            return Err(Text::new("it has no command"));
        }
        Ok(Self {
            name: process.name.clone(),
            run,
            cmd: all(&process.cmd)?,
            cwd: process.cwd.as_ref().map(|path| path.to_string_lossy().into_owned()),
            env: env.collect::<Result<_, Text>>()?,
            secrets: secrets.collect::<Result<_, Text>>()?,
            limits: process.limits.clone(),
            settings: settings(vars)?,
            leaves: leaves(process, platform),
            stamp: stamp(process, vars).to_string(),
        })
    }
}

/// Files over there that a process may leave: shared memory by its name, and
/// nothing above it; lock files by their path.
#[must_use]
pub fn leaves(process: &Process, platform: Platform) -> Vec<String> {
    let plain = |name: &&str| !name.is_empty() && !name.contains('/') && !name.starts_with('.');
    let shm = process.shm.iter().map(|name| name.trim_start_matches('/')).filter(plain);
    let shm = shm.filter(|_| platform == Platform::Linux).map(|name| format!("/dev/shm/{name}"));
    shm.chain(process.locks.iter().map(|path| path.to_string_lossy().into_owned())).collect()
}

fn settings(vars: &Vars) -> Result<Option<String>, Text> {
    let Some(path) = &vars.settings else { return Ok(None) };
    let shown = path.display();
    let large = std::fs::metadata(path).is_ok_and(|meta| meta.len() > MOST);
    if large {
        return Err(Text::new(&format!("{shown} has more than {MOST} bytes: it does not travel")));
    }
    std::fs::read_to_string(path)
        .map(Some)
        .map_err(|e| Text::new(&format!("the settings {shown} can't be read: {e}")))
}

/// A mark that no other start has; later ones sort behind earlier ones.
#[must_use]
pub fn mark() -> String {
    let ms = u64::try_from(clock::utc().0 / 1_000).unwrap_or(0);
    format!("{ms:012x}{:016x}", ids::random_u64())
}

/// What can be a mark: nothing else becomes a name of a file.
#[must_use]
pub fn is_mark(text: &str) -> bool {
    text.len() == 28 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}
