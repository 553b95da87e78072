//! `Hands`, for processes of this host.

use super::cgroup::{self, Cgroups};
use super::ends::Ends;
use super::guard::Guard;
use super::ledger::{Entry, Ledger};
use super::own::{Claim, named, one_by_one, signal_name};
use super::spawn::{self, Outlet, Setup, Spawner};
use super::{proc, sweep, tidy};
use crate::domain::Text;
use crate::domain::mission::LineLevel;
use crate::host::clock;
use crate::mission::hands::{End, Found, Hands, Ident, Seen, Tell, Undone, Vars};
use crate::mission::lines::{Output, Reads, Source};
use crate::mission::spec::{OnDeath, Process};
use crate::mission::supervise::stamp;
use crate::mission::zombies::{Known, Recorded};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::process::Child;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Rounds of SIGKILL to what an earlier daemon left.
const ROUNDS: u32 = 100;
/// A list of all processes serves for so long where only descent is noted.
const STALE: Duration = Duration::from_millis(900);

/// One run that was started or taken up.
struct Run {
    entry: Entry,
    claim: Claim,
    /// None: another daemon started it.
    child: Option<Child>,
    end: Option<End>,
}

/// The hands of this host.
pub struct LocalHands {
    setup: Setup,
    id: String,
    /// This daemon, among those of its directory.
    by: String,
    boot: Text,
    reads: Arc<dyn Reads>,
    ledger: Ledger,
    ends: Ends,
    guard: Guard,
    groups: Option<Cgroups>,
    spawner: Spawner,
    runs: Mutex<BTreeMap<String, Run>>,
    found: Mutex<BTreeMap<String, Entry>>,
    all: Mutex<Option<(Instant, Arc<Vec<proc::Stat>>)>>,
    /// It was said that the disk gives back no part of a file.
    untrimmed: AtomicBool,
    /// Held as long as this daemon lives.
    _lock: File,
}

fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Which directory a daemon works in, as its marks say it.
fn id_of(dir: &Path) -> String {
    let sum = Sha256::digest(dir.as_os_str().as_encoded_bytes());
    let first = sum.iter().take(6).fold(0_u64, |id, byte| id << 8 | u64::from(*byte));
    format!("{first:012x}")
}

impl LocalHands {
    /// Takes the directory for this daemon, and ends what an earlier one left
    /// that must not live on.
    ///
    /// # Errors
    /// Another daemon has the directory, or it can't be used.
    pub fn new(setup: Setup, reads: Arc<dyn Reads>) -> Result<Self, Text> {
        let wrong = |e: std::io::Error| {
            Text::new(&format!("{}: {e}; correct [daemon] dir", setup.dir.display()))
        };
        let ledger = Ledger::new(&setup.dir.join("ledger")).map_err(wrong)?;
        let dir = setup.dir.canonicalize().map_err(wrong)?;
        let taken = File::create(dir.join("ledger/lock")).map_err(wrong)?;
        flock(&taken, FlockOperation::NonBlockingLockExclusive).map_err(|_| {
            Text::new(&format!(
                "another daemon has {}; end it (`crs mission down`), or use another dir",
                dir.display()
            ))
        })?;
        let setup = Setup { dir, ..setup };
        let id = id_of(&setup.dir);
        let own = std::process::id();
        let by = format!("{own}.{}", proc::stat(own).map_or(0, |stat| stat.start));
        let no_means = |e: std::io::Error| {
            Text::new(&format!("no thread or process to supervise with: {e}; `crs doctor`"))
        };
        let hands = Self {
            boot: proc::boot(),
            groups: Cgroups::new(&id),
            ends: Ends::new().map_err(no_means)?,
            guard: Guard::new(&setup.crs, &id, &by).map_err(|e| {
                let crs = setup.crs.display();
                Text::new(&format!("the guardian ({crs}) can't be started: {e}; `crs doctor`"))
            })?,
            spawner: Spawner::new().map_err(no_means)?,
            runs: Mutex::default(),
            found: Mutex::default(),
            all: Mutex::default(),
            untrimmed: AtomicBool::new(false),
            _lock: taken,
            setup,
            id,
            by,
            reads,
            ledger,
        };
        hands.sweep();
        Ok(hands)
    }

    fn claim(&self, entry: &Entry) -> Claim {
        let cgroup = entry.cgroup.clone();
        let mark = format!("{}/{}/", self.id, entry.name);
        Claim { leader: entry.who.clone(), mark, cgroup, ..Claim::default() }
    }

    /// What an earlier daemon left: what it kept is found, everything else ends.
    fn sweep(&self) {
        let configured = |name: &str| self.setup.names.iter().any(|n| n == name);
        let mut found = BTreeMap::new();
        for entry in self.ledger.all() {
            let here = entry.who.boot == self.boot;
            let lives = proc::holds(&entry.who, &self.boot).is_some_and(|stat| stat.lives());
            if here && lives && entry.keep && configured(&entry.name) {
                found.insert(entry.name.clone(), entry);
                continue;
            }
            if here {
                let mut claim = self.claim(&entry);
                for _ in 0..ROUNDS {
                    if claim.kill() == 0 {
                        break;
                    }
                }
            }
            cgroup::remove(entry.cgroup.as_deref());
            self.ledger.forget(&entry.name);
        }
        for _ in 0..ROUNDS {
            let bearers = sweep::bearers(&self.id);
            for (stat, mark) in &bearers {
                // Started, and the daemon died before it was written down.
                let leads = stat.pid == stat.pgrp && mark.keep && configured(&mark.name);
                if leads && !found.contains_key(&mark.name) {
                    let who = Ident { pid: stat.pid, start: stat.start, boot: self.boot.clone() };
                    let (name, run) = (mark.name.clone(), mark.run);
                    let entry = Entry { name, run, who, keep: true, ..Entry::default() };
                    found.insert(mark.name.clone(), entry);
                }
            }
            let stays = |mark: &sweep::Mark| {
                mark.keep && found.get(&mark.name).is_some_and(|entry| entry.run == mark.run)
            };
            if sweep::marked(&self.id, |mark| !stays(mark)) == 0 {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        *lock(&self.found) = found;
    }

    /// What is on record, and what of it is in hand now: for who looks for
    /// what was left behind.
    #[must_use]
    pub fn known(&self) -> Known {
        let of = |entry: &Entry, owned| Recorded {
            name: entry.name.clone(),
            run: entry.run,
            who: entry.who.clone(),
            owned,
        };
        let runs = lock(&self.runs);
        let mut recorded: Vec<Recorded> =
            runs.values().map(|run| of(&run.entry, run.end.is_none())).collect();
        drop(runs);
        // Those are waited for by who takes them up.
        recorded.extend(lock(&self.found).values().map(|entry| of(entry, true)));
        let latches = self.setup.latches.clone();
        Known { id: self.id.clone(), recorded, latches, dir: self.setup.dir.clone() }
    }

    /// Attaches a stream to whoever reads lines.
    fn attach(&self, name: &str, run: u64, stderr: bool, output: Output) {
        self.reads.attach(Source { process: name.to_owned(), run, stderr, output });
    }

    fn held(&self, process: &Process) -> Result<Option<std::path::PathBuf>, String> {
        let limits = &process.limits;
        let groups = self.groups.as_ref();
        let note = |level, said: &str| self.reads.note(&process.name, level, &Text::new(said));
        if limits.cpu_pct.is_some() && !groups.is_some_and(|g| g.limits("cpu")) {
            note(
                LineLevel::Warn,
                "limits.cpu is ignored: no cgroup v2 with `cpu` is delegated here",
            );
        }
        if limits.memory.is_some() && !groups.is_some_and(|g| g.limits("memory")) {
            note(
                LineLevel::Info,
                "limits.memory counts address space: no cgroup v2 with `memory` is delegated here",
            );
        }
        // A name of its own: the guardian of an earlier daemon may still end what
        // is in that one's.
        let name = format!("{}.{}", process.name, self.by);
        groups.map(|groups| groups.make(&name, limits)).transpose()
    }

    /// All processes, of this second.
    fn recent(&self) -> Arc<Vec<proc::Stat>> {
        let mut all = lock(&self.all);
        match &*all {
            Some((at, list)) if at.elapsed() < STALE => Arc::clone(list),
            _ => {
                let list = Arc::new(proc::all());
                *all = Some((Instant::now(), Arc::clone(&list)));
                list
            }
        }
    }

    /// How it ended, if it has; it is not reaped by that.
    fn end_of(&self, run: &Run) -> Option<End> {
        if run.end.is_some() {
            return run.end.clone();
        }
        let who = &run.entry.who;
        if run.child.is_none() {
            let lives = proc::holds(who, &self.boot).is_some_and(|stat| stat.lives());
            return (!lives).then(End::default);
        }
        let pid = i32::try_from(who.pid).ok().and_then(Pid::from_raw)?;
        let how = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        match waitid(WaitId::Pid(pid), how) {
            Ok(Some(status)) => Some(End {
                code: status.exit_status(),
                signal: status.terminating_signal().map(signal_name).unwrap_or_default(),
            }),
            Ok(None) | Err(Errno::INTR) => None,
            Err(_) => Some(End::default()),
        }
    }

    /// Gives back what was read of kept output: the next daemon begins behind
    /// it. Where the disk can't, that is said once.
    fn trim(&self, entry: &Entry) {
        let (out, err) = spawn::kept(&self.setup.dir, &entry.name);
        for (path, read) in [(out, entry.read.0), (err, entry.read.1)] {
            let Err(e) = spawn::trim(&path, read, self.setup.kept_bytes) else { continue };
            if !self.untrimmed.swap(true, Ordering::Relaxed) {
                let text = format!(
                    "{} grows on while it runs: this disk gives back no part of a file ({e}); \
                     it is emptied at the next start",
                    path.display()
                );
                self.reads.note(&entry.name, LineLevel::Warn, &Text::new(&text));
            }
        }
    }

    /// How far kept output was read, for the next daemon.
    fn read_on(&self, run: &mut Run) -> Option<Entry> {
        if !run.entry.keep {
            return None;
        }
        let at = |stderr, was| {
            self.reads.position(&run.entry.name, run.entry.run, stderr).unwrap_or(was)
        };
        let read = (at(false, run.entry.read.0), at(true, run.entry.read.1));
        // After the places: what was said before them is among it.
        let said = self.reads.heard(&run.entry.name, run.entry.run);
        let moved = read != run.entry.read || said != run.entry.said;
        (run.entry.read, run.entry.said) = (read, said);
        moved.then(|| run.entry.clone())
    }
}

impl Hands for LocalHands {
    fn spawn(&self, process: &Process, run: u64, vars: &Vars) -> Result<Ident, Undone> {
        let text = |why: String| Text::new(&why);
        let mut plan = spawn::plan(&self.setup, process, vars).map_err(text)?;
        let memory = self.groups.as_ref().is_some_and(|g| g.limits("memory"));
        let cgroup = self.held(process).map_err(text)?;
        plan.in_group(cgroup.clone(), memory);
        let mark = spawn::mark(&self.id, &self.by, process, run);
        let started = spawn::start(&self.setup, &self.spawner, process, &plan, &mark);
        let started = started.map_err(text)?;
        let mut entry = Entry {
            name: process.name.clone(),
            run,
            who: started.who.clone(),
            since: clock::utc(),
            stamp: stamp(process, vars),
            keep: process.on_daemon_death == OnDeath::Keep,
            cgroup: cgroup.clone(),
            read: (0, 0),
            said: Vec::new(),
        };
        if let Outlet::Files(out, err) = &started.outlet {
            entry.read = (out.1, err.1);
        }
        if let Err(e) = self.ledger.write(&entry) {
            // The marks still say it.
            let said = Text::new(&format!("the ledger can't be written: {e}; see the disk"));
            self.reads.note(&process.name, LineLevel::Warn, &said);
        }
        if !entry.keep {
            self.guard.add(&process.name, &started.who, cgroup);
        }
        let claim = Claim { unreaped: true, ..self.claim(&entry) };
        let new = Run { entry, claim, child: Some(started.child), end: None };
        lock(&self.runs).insert(process.name.clone(), new);
        let (out, err) = match started.outlet {
            Outlet::Pipes(out, err) => (Output::Pipe(out), Output::Pipe(err)),
            Outlet::Files((out, a), (err, b)) => {
                (Output::File { path: out, from: a }, Output::File { path: err, from: b })
            }
        };
        self.attach(&process.name, run, false, out);
        self.attach(&process.name, run, true, err);
        Ok(started.who)
    }

    fn look(&self, who: &Ident) -> Seen {
        let all = self.recent();
        let mut moved = None;
        let mut runs = lock(&self.runs);
        if let Some(run) = runs.values_mut().find(|run| run.entry.who == *who) {
            run.end = self.end_of(run);
            if let Some(end) = &run.end {
                return Seen::Ended(end.clone());
            }
            run.claim.note(&all);
            moved = self.read_on(run);
        }
        drop(runs);
        if let Some(entry) = moved {
            // Not under the lock: a disk that hangs holds up this process alone.
            if self.ledger.write(&entry).is_ok() {
                self.trim(&entry);
            }
        }
        match proc::holds(who, &self.boot) {
            Some(stat) => Seen::Alive(proc::used(&stat)),
            None => Seen::Ended(End::default()),
        }
    }

    fn signal(&self, who: &Ident, signal: i32, all: bool) -> Result<(), Undone> {
        let which = named(signal).ok_or_else(|| {
            Text::new(&format!("{signal} is no signal that has a name; correct stop.signal"))
        })?;
        if !all {
            return one_by_one(who.pid, who.start, which).map_err(Undone::No);
        }
        let mut runs = lock(&self.runs);
        let gone = || Text::new(&format!("process {} is nobody that was started here", who.pid));
        let run = runs.values_mut().find(|run| run.entry.who == *who).ok_or_else(gone)?;
        let mut claim = run.claim.clone();
        drop(runs);
        if which == rustix::process::Signal::KILL {
            claim.kill();
        } else {
            claim.signal(which);
        }
        Ok(())
    }

    fn rest(&self, who: &Ident) -> Result<Vec<Ident>, Text> {
        let mut runs = lock(&self.runs);
        let run = runs.values_mut().find(|run| run.entry.who == *who);
        let claim = run.map(|run| run.claim.clone());
        drop(runs);
        let Some(mut claim) = claim else { return Ok(Vec::new()) };
        let living = claim.living();
        if let Some(run) = lock(&self.runs).values_mut().find(|run| run.entry.who == *who) {
            run.claim.known.extend(claim.known);
        }
        let ident =
            |stat: proc::Stat| Ident { pid: stat.pid, start: stat.start, boot: self.boot.clone() };
        Ok(living.into_iter().map(ident).collect())
    }

    fn tidy(&self, process: &Process) -> Vec<Text> {
        let run = lock(&self.runs).remove(&process.name);
        if let Some(run) = run {
            if let Some(mut child) = run.child {
                // It has ended; only now its number may be another's.
                let _ = child.wait();
            }
            cgroup::remove(run.entry.cgroup.as_deref());
        }
        self.ledger.forget(&process.name);
        self.guard.forget(&process.name);
        tidy::tidy(process, &self.setup.dir, &self.setup.latches)
    }

    fn external(&self, process: &Process) -> Result<bool, Text> {
        tidy::holds(&process.check)
    }

    fn ends(&self, who: &Ident, tell: Tell) -> bool {
        let boot = &self.boot;
        self.ends.add(who, || proc::holds(who, boot).is_some(), tell)
    }

    fn found(&self, process: &Process) -> Result<Option<Found>, Text> {
        let Some(entry) = lock(&self.found).remove(&process.name) else { return Ok(None) };
        let claim = self.claim(&entry);
        self.reads.recall(&entry.name, entry.run, &entry.said);
        let (out, err) = spawn::kept(&self.setup.dir, &entry.name);
        for (path, from, stderr) in [(out, entry.read.0, false), (err, entry.read.1, true)] {
            if fs::metadata(&path).is_ok() {
                self.attach(&entry.name, entry.run, stderr, Output::File { path, from });
            }
        }
        if process.on_daemon_death == OnDeath::Kill {
            self.guard.add(&entry.name, &entry.who, claim.cgroup.clone());
        }
        // Written anew: one that was found by its mark has no entry.
        let _ = self.ledger.write(&entry);
        let Entry { run, who, since, stamp, .. } = entry.clone();
        let taken = Run { entry, claim, child: None, end: None };
        lock(&self.runs).insert(process.name.clone(), taken);
        Ok(Some(Found { run, who, since, stamp }))
    }
}
