//! The guardian: `crs __guard`, a process of its own that holds the other end
//! of a pipe. When the daemon is gone the pipe closes, and the guardian ends
//! what must end with it, grandchildren included. PDEATHSIG alone reaches only
//! the first process of each, and only as long as it asks for it.

use super::own::Claim;
use super::proc;
use crate::mission::hands::Ident;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{self, BufRead as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

/// The verb.
pub const VERB: &str = "__guard";
/// Rounds of SIGKILL before the guardian gives up on what can't die.
const ROUNDS: u32 = 200;
const STACK: usize = 128 << 10;
/// Between two looks at who descends from whom.
const NOTE: Duration = Duration::from_secs(1);

/// What the guardian is told of one process.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Ward {
    name: String,
    /// None: it lives no longer.
    leader: Option<Ident>,
    cgroup: Option<PathBuf>,
}

#[derive(Default)]
struct Told {
    wards: BTreeMap<String, Ward>,
    line: Option<ChildStdin>,
}

impl Told {
    fn say(&mut self, ward: &Ward) {
        let Ok(mut json) = serde_json::to_vec(ward) else { return };
        json.push(b'\n');
        if self.line.as_mut().is_some_and(|line| line.write_all(&json).is_err()) {
            self.line = None;
        }
    }
}

/// The daemon's end; the guardian goes when it does.
pub struct Guard {
    told: Arc<Mutex<Told>>,
}

impl Guard {
    /// Starts a guardian for what `by`, this daemon of the directory `id`, marks
    /// as its own, and keeps one.
    ///
    /// # Errors
    /// It can't be started.
    pub fn new(program: &Path, id: &str, by: &str) -> io::Result<Self> {
        let told = Arc::new(Mutex::new(Told::default()));
        let (seen, program) = (Arc::downgrade(&told), program.to_path_buf());
        let (id, by) = (id.to_owned(), by.to_owned());
        let (begun, first) = channel();
        std::thread::Builder::new().name(String::from("mission-guard")).stack_size(STACK).spawn(
            move || {
                let mut begun = Some(begun);
                while let Some(started) = begin(&seen, &program, [&id, &by]) {
                    let (child, told) = match started {
                        Ok(child) => (Some(child), Ok(())),
                        Err(e) => (None, Err(e)),
                    };
                    let first = begun.take().map(|begun| begun.send(told));
                    match child {
                        Some(mut child) => drop(child.wait()),
                        None if first.is_some() => return,
                        None => {}
                    }
                    // One that was killed is replaced, though never in a hurry.
                    std::thread::sleep(Duration::from_millis(50));
                }
            },
        )?;
        first.recv().unwrap_or_else(|_| Err(io::Error::other("no guardian")))?;
        Ok(Self { told })
    }

    /// This one must not outlive the daemon.
    pub fn add(&self, name: &str, leader: &Ident, cgroup: Option<PathBuf>) {
        let ward = Ward { name: name.to_owned(), leader: Some(leader.clone()), cgroup };
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.say(&ward);
        told.wards.insert(ward.name.clone(), ward);
    }

    /// Nothing of it lives.
    pub fn forget(&self, name: &str) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.wards.remove(name).is_some() {
            told.say(&Ward { name: name.to_owned(), ..Ward::default() });
        }
    }
}

/// Starts one and tells it all; none when the daemon's end is gone.
fn begin(told: &Weak<Mutex<Told>>, program: &Path, whose: [&str; 2]) -> Option<io::Result<Child>> {
    let told = told.upgrade()?;
    let mut command = Command::new(program);
    // Its own group: what ends the daemon from a terminal must not end it.
    command.arg(VERB).args(whose).process_group(0).current_dir("/");
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let started = command.spawn().map(|mut child| {
        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
        told.line = child.stdin.take();
        for ward in told.wards.clone().values() {
            told.say(ward);
        }
        child
    });
    Some(started)
}

/// The guardian itself of the daemon `by`, until the daemon is gone and what must end has ended.
#[must_use]
pub fn run(id: &str, by: &str) -> u8 {
    let (bring, lines) = channel();
    let read = move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            let _ = bring.send(line);
        }
    };
    if std::thread::Builder::new().stack_size(STACK).spawn(read).is_err() {
        return 1;
    }
    let boot = proc::boot();
    let mut claims: BTreeMap<String, Claim> = BTreeMap::new();
    loop {
        match lines.recv_timeout(NOTE) {
            Ok(line) => {
                let Ok(ward) = serde_json::from_str::<Ward>(&line) else { continue };
                let mark = format!("{id}/{}/", ward.name);
                match ward.leader.filter(|leader| leader.boot == boot) {
                    Some(leader) => {
                        let claim = Claim {
                            leader,
                            mark,
                            by: Some(by.to_owned()),
                            cgroup: ward.cgroup,
                            ..Claim::default()
                        };
                        claims.insert(ward.name, claim);
                    }
                    None => drop(claims.remove(&ward.name)),
                }
            }
            // Who left its group and its environment is known from before.
            Err(RecvTimeoutError::Timeout) if claims.is_empty() => {}
            Err(RecvTimeoutError::Timeout) => {
                let all = proc::all();
                for claim in claims.values_mut() {
                    claim.note(&all);
                }
            }
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    for _ in 0..ROUNDS {
        let left: usize = claims.values_mut().map(Claim::kill).sum();
        if left + super::sweep::marked(id, |mark| !mark.keep && mark.by == by) == 0 {
            return 0;
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    1
}
