//! The hands.

use super::ask::{Ask, Known};
use super::batch::{self, Batch, Fate};
use super::follow::{self, Follower, Route};
use super::start::{self, Start};
use super::{fault, script};
use crate::config::RemoteSettings;
use crate::domain::{Text, UtcMicros};
use crate::host::clock;
use crate::mesh::remote::seen::Said;
use crate::mesh::remote::ssh::{self, Call, Ssh};
use crate::mesh::remote::{Cause, Fault};
use crate::mission::hands::{Found, Hands, Ident, Seen, Vars};
use crate::mission::lines::{Output, Reads, Source};
use crate::mission::spec::{Host, OnDeath, Platform, Process};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Longest wait for a connection, in seconds.
const CONNECT_S: u32 = 5;
/// Longest wait for an answer behind it: `PowerShell` alone may take seconds.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long an end waits for the last lines before it is told.
const LAST_LINES: Duration = Duration::from_secs(2);
/// SIGKILL.
const KILL: i32 = 9;

/// One that was started over there, and its output.
struct Tracked {
    known: Known,
    follower: Option<Follower>,
}

/// A start whose answer never came.
struct Pending {
    what: Start,
    mark: String,
}

/// Another machine.
pub struct Remote {
    host: Host,
    ssh: Ssh,
    /// Where it is kept how far output was read.
    dir: PathBuf,
    reads: Arc<dyn Reads>,
    tracked: Mutex<BTreeMap<Ident, Tracked>>,
    pending: Mutex<BTreeMap<String, Pending>>,
    batch: Mutex<Option<Batch>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Remote {
    /// For a configured machine; `dir` is the daemon's directory, and `reads`
    /// gets the output. Nothing is asked of it yet.
    ///
    /// # Errors
    /// A machine without an address for `ssh`, or a directory that can't be
    /// made.
    pub fn new(host: &Host, dir: &Path, reads: Arc<dyn Reads>) -> Result<Self, Text> {
        let remote = RemoteSettings {
            host: host.ssh.clone(),
            ssh_config: host.ssh_config.clone().unwrap_or_default(),
            connect_timeout_s: CONNECT_S,
            ..RemoteSettings::default()
        };
        let ssh = Ssh::new(&remote).map_err(|why| fault::words(&host.name, &why))?;
        let dir = dir.join("remote").join(&host.name);
        std::fs::create_dir_all(&dir)
            .map_err(|e| Text::new(&format!("{} can't be made: {e}", dir.display())))?;
        Ok(Self {
            host: host.clone(),
            ssh,
            dir,
            reads,
            tracked: Mutex::default(),
            pending: Mutex::default(),
            batch: Mutex::default(),
        })
    }

    fn call(&self, ask: &Ask) -> Result<Said, Fault> {
        let marker = ssh::marker();
        let (command, input) = script::command(&self.host, ask, &marker);
        let call = Call { what: ask.word(), command: &command, marker: &marker, input: &input };
        self.ssh.call(&call, PATIENCE)
    }

    fn ask(&self, ask: &Ask) -> Result<Said, Text> {
        self.call(ask).map_err(|why| fault::words(&self.host.name, &why))
    }

    fn known(&self, who: &Ident) -> Known {
        let tracked = lock(&self.tracked);
        tracked.get(who).map_or_else(
            || Known { who: who.clone(), ..Known::default() },
            |tracked| tracked.known.clone(),
        )
    }

    /// Its mark, the same one as long as nobody knows what became of it.
    fn mark_for(&self, what: &Start) -> Result<String, Text> {
        let left = lock(&self.pending).remove(&what.name);
        let mark = match left {
            Some(left) if Start { run: what.run, ..left.what.clone() } == *what => left.mark,
            Some(left) => {
                let undone = self.undo(&left);
                if undone.is_err() {
                    lock(&self.pending).insert(what.name.clone(), left);
                }
                undone?;
                start::mark()
            }
            None => start::mark(),
        };
        let pending = Pending { what: what.clone(), mark: mark.clone() };
        lock(&self.pending).insert(what.name.clone(), pending);
        Ok(mark)
    }

    /// Ends what a start with other words may have left, of which the
    /// supervision never heard.
    fn undo(&self, left: &Pending) -> Result<(), Text> {
        match self.record(&left.what.name)? {
            Some(record) if record.alive && record.known.mark == left.mark => {
                self.end(&record.known)
            }
            _ => Ok(()),
        }
    }

    /// Ends all of it, without asking it first.
    fn end(&self, known: &Known) -> Result<(), Text> {
        for _ in 0..20 {
            self.ask(&Ask::Signal { who: known.clone(), signal: KILL, all: true })?;
            let left = self.ask(&Ask::Rest(known.clone()))?;
            if left.after("member").next().is_none() {
                return Ok(());
            }
            clock::sleep(Duration::from_millis(100));
        }
        Err(Text::new(&format!(
            "pid {} on {} does not end, not by SIGKILL either",
            known.who.pid, self.host.name
        )))
    }

    fn track(&self, known: Known, run: u64, from: [u64; 2]) -> Result<(), Text> {
        let no = |e: std::io::Error| Text::new(&format!("its output can't be followed: {e}"));
        let mut all = lock(&self.tracked);
        // What an earlier run left to be read was read, or is not waited for.
        all.retain(|_, old| old.known.name != known.name);
        let (mut ends, mut pipes) = (Vec::new(), Vec::new());
        for _ in 0..2 {
            let (read, write) = std::io::pipe().map_err(no)?;
            ends.push(read);
            pipes.push(write);
        }
        for (n, end) in ends.into_iter().enumerate() {
            let output = Output::Pipe(end.into());
            self.reads.attach(Source { process: known.name.clone(), run, stderr: n == 1, output });
        }
        let kept = self.dir.join(format!("{}.at", known.name));
        let remote = self.ssh.remote().clone();
        let route = Route { remote, host: self.host.clone(), who: known.clone(), from, kept };
        let pipes: [_; 2] = pipes.try_into().map_err(|_| Text::new("no two pipes"))?;
        let follower = Some(Follower::start(route, pipes).map_err(no)?);
        all.insert(known.who.clone(), Tracked { known, follower });
        drop(all);
        *lock(&self.batch) = None;
        Ok(())
    }

    /// What stands on record over there for a process.
    fn record(&self, name: &str) -> Result<Option<Record>, Text> {
        let said = self.ask(&Ask::Found(name.to_owned()))?;
        let line = said.after("record").next();
        Ok(line.and_then(|line| {
            let (word, rest) = line.split_once(' ')?;
            let (known, run, rest) = known(name, rest)?;
            let mut record =
                Record { alive: word == "alive", known, run, since: None, stamp: Text::default() };
            for word in rest.split_whitespace() {
                // A stamp has 32 digits, and no second has.
                if word.len() == 32 {
                    record.stamp = Text::new(word);
                } else {
                    record.since = word.parse().ok();
                }
            }
            Some(record)
        }))
    }

    /// Looks at all that is tracked, and at this one.
    fn look_at(&self, who: &Ident) -> Fate {
        let mut batch = lock(&self.batch);
        if let Some(fate) = batch.as_ref().and_then(|batch| batch.of(who)) {
            return fate;
        }
        let mut asked: Vec<Known> =
            lock(&self.tracked).values().map(|tracked| tracked.known.clone()).collect();
        if !asked.iter().any(|known| known.who == *who) {
            asked.push(Known { who: who.clone(), ..Known::default() });
        }
        let fates = self
            .ask(&Ask::Look(asked.clone()))
            .map(|said| batch::read(&said, &asked, self.host.platform));
        let fresh = Batch::new(fates);
        let fate = fresh.of(who);
        *batch = Some(fresh);
        fate.unwrap_or_else(|| {
            let why = Text::new("the answer came too late to be believed");
            Fate { seen: Seen::Unknown(why), bytes: None }
        })
    }

    /// Once for each run: its last lines come before its end is told.
    fn last_lines(&self, who: &Ident, bytes: Option<[u64; 2]>) {
        let follower = lock(&self.tracked).get_mut(who).and_then(|one| one.follower.take());
        let Some(follower) = follower else { return };
        follower.ended(bytes, LAST_LINES);
        if let Some(tracked) = lock(&self.tracked).get_mut(who) {
            // Should bytes be missing, they are fetched for a while.
            tracked.follower = Some(follower);
        }
    }
}

/// What stands on record.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Record {
    alive: bool,
    known: Known,
    /// Which of its starts.
    run: u64,
    /// Since when, in seconds of UTC by that machine's clock.
    since: Option<i64>,
    /// What it was started with.
    stamp: Text,
}

/// `PID START BOOT RUN MARK`, and what follows it.
fn known<'a>(name: &str, line: &'a str) -> Option<(Known, u64, &'a str)> {
    let mut words = line.splitn(6, ' ');
    let pid = words.next()?.parse().ok().filter(|pid| *pid > 1)?;
    let start = words.next()?.parse().ok()?;
    let boot = words.next()?;
    let sound = boot.len() <= 40 && boot.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let run = words.next()?.parse().ok()?;
    let mark = words.next().filter(|mark| sound && start::is_mark(mark))?;
    let who = Ident { pid, start, boot: Text::new(boot) };
    let known = Known { name: name.to_owned(), mark: mark.to_owned(), who };
    Some((known, run, words.next().unwrap_or_default()))
}

impl Hands for Remote {
    fn spawn(&self, process: &Process, run: u64, vars: &Vars) -> Result<Ident, Text> {
        let Host { name: machine, .. } = &self.host;
        let name = &process.name;
        let no = |why: &Text| Text::new(&format!("can't start {name} on {machine}: {why}"));
        let what = Start::of(process, run, vars).map_err(|why| no(&why))?;
        let mark = self.mark_for(&what)?;
        let ask = Ask::Start(Box::new(what), mark);
        // It is the same start, however often it is asked for.
        let said = match self.call(&ask) {
            Err(cut) if cut.cause.is_silence() => self.call(&ask),
            other => other,
        };
        let said = said.map_err(|why| {
            if matches!(why.cause, Cause::Remote(_)) {
                lock(&self.pending).remove(name);
            }
            fault::words(machine, &why)
        })?;
        lock(&self.pending).remove(name);
        if let Some((other, run, _)) = said.after("taken").next().and_then(|line| known(name, line))
        {
            return Err(no(&Text::new(&format!(
                "already running as pid {} (its start {run} by another daemon or an earlier one); \
                 end it there, or let the daemon take it up by starting the daemon anew",
                other.who.pid
            ))));
        }
        let started = said.after("started").next().and_then(|line| known(name, line));
        let Some((known, _, _)) = started else {
            return Err(no(&Text::new("its answer does not say what was started")));
        };
        let who = known.who.clone();
        self.track(known, run, [0, 0])?;
        Ok(who)
    }

    fn look(&self, who: &Ident) -> Seen {
        let fate = self.look_at(who);
        if matches!(fate.seen, Seen::Ended(_)) {
            self.last_lines(who, fate.bytes);
        }
        fate.seen
    }

    fn signal(&self, who: &Ident, signal: i32, all: bool) -> Result<(), Text> {
        let said = self.ask(&Ask::Signal { who: self.known(who), signal, all })?;
        *lock(&self.batch) = None;
        let (pid, machine) = (who.pid, &self.host.name);
        if said.has("sent") {
            Ok(())
        } else if said.has("changed") {
            Err(Text::new(&format!(
                "pid {pid} on {machine} is another process now: it is left alone"
            )))
        } else {
            Err(Text::new(&format!("pid {pid} on {machine} is gone, with all that belonged to it")))
        }
    }

    fn rest(&self, who: &Ident) -> Result<Vec<Ident>, Text> {
        let said = self.ask(&Ask::Rest(self.known(who)))?;
        let member = |line: &str| {
            let (pid, start) = line.split_once(' ')?;
            let boot = who.boot.clone();
            Some(Ident { pid: pid.parse().ok()?, start: start.trim().parse().ok()?, boot })
        };
        Ok(said.after("member").filter_map(member).collect())
    }

    fn tidy(&self, process: &Process) -> Vec<Text> {
        let shm = self.host.platform == Platform::Linux && !process.shm.is_empty();
        if !shm && process.locks.is_empty() {
            return Vec::new();
        }
        match self.ask(&Ask::Tidy(Box::new(process.clone()))) {
            Ok(said) => said
                .after("removed")
                .map(|path| Text::new(&format!("{path} on {}", self.host.name)))
                .collect(),
            Err(why) => vec![why],
        }
    }

    fn external(&self, process: &Process) -> bool {
        if process.check.is_empty() {
            return false;
        }
        let said = self.ask(&Ask::Check(process.check.clone()));
        said.is_ok_and(|said| said.after("status").next() == Some("0"))
    }

    /// Its output goes on from the byte on at which the last daemon of this
    /// directory stopped. What this daemon has started itself, and only lost
    /// the answer, is not ended.
    fn found(&self, process: &Process) -> Result<Option<Found>, Text> {
        let name = &process.name;
        let Some(record) = self.record(name)?.filter(|record| record.alive) else {
            return Ok(None);
        };
        let Record { known, run, since, stamp, .. } = record;
        let who = known.who.clone();
        let since = UtcMicros(since.unwrap_or_default().saturating_mul(1_000_000));
        let found = Found { run, who: who.clone(), since, stamp };
        if lock(&self.tracked).contains_key(&who) {
            return Ok(Some(found));
        }
        let ours = lock(&self.pending).get(name).is_some_and(|left| left.mark == known.mark);
        if process.on_daemon_death == OnDeath::Kill && !ours {
            self.end(&known)?;
            return Ok(None);
        }
        if ours {
            lock(&self.pending).remove(name);
        }
        let file = self.dir.join(format!("{name}.at"));
        let from = follow::kept(&file, &known.mark).unwrap_or_default();
        self.track(known, run, from)?;
        Ok(Some(found))
    }

    fn reach(&self) -> Result<(), Text> {
        let lately = lock(&self.batch).as_ref().and_then(Batch::reached);
        lately.unwrap_or_else(|| self.ask(&Ask::Reach).map(drop))
    }
}
