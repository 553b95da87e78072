//! The hands.

use super::ask::{Ask, Known, Tidy};
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
use crate::mission::hands::{Found, Hands, Ident, Seen, Undone, Vars};
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

/// Another machine.
pub struct Remote {
    host: Host,
    ssh: Ssh,
    /// Where it is kept how far output was read.
    dir: PathBuf,
    reads: Arc<dyn Reads>,
    /// What the kill path needs: never removed.
    kills: Vec<PathBuf>,
    tracked: Mutex<BTreeMap<Ident, Tracked>>,
    /// Marks of starts that were not answered, by process; empty: the last
    /// one was.
    pending: Mutex<BTreeMap<String, String>>,
    batch: Mutex<Option<Batch>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Remote {
    /// For a configured machine; `dir` is the daemon's directory, `kills` are
    /// latches and directories of the kill path by their configuration, and
    /// `reads` gets the output. Nothing is asked of it yet.
    ///
    /// # Errors
    /// A machine without an address for `ssh`, or a directory that can't be
    /// made.
    pub fn new(
        host: &Host,
        dir: &Path,
        kills: &[PathBuf],
        reads: Arc<dyn Reads>,
    ) -> Result<Self, Text> {
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
            kills: kills.to_vec(),
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

    /// Where the next daemon finds the mark of a start that this one sent.
    fn sent(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.start"))
    }

    /// The mark of a start that nobody answered, of this daemon or the last.
    fn unanswered(&self, name: &str) -> String {
        if let Some(mark) = lock(&self.pending).get(name) {
            return mark.clone();
        }
        let text = std::fs::read_to_string(self.sent(name)).unwrap_or_default();
        Some(text.trim()).filter(|mark| start::is_mark(mark)).unwrap_or_default().to_owned()
    }

    /// It is known what became of it.
    fn answered(&self, name: &str) {
        lock(&self.pending).insert(name.to_owned(), String::new());
        let _ = std::fs::remove_file(self.sent(name));
    }

    /// Ends all of it, without asking it first.
    fn end(&self, known: &Known) -> Result<(), Text> {
        for _ in 0..20 {
            let sent = self.ask(&Ask::Signal { who: known.clone(), signal: KILL, all: true });
            if self.members(known)?.is_empty() {
                return Ok(());
            }
            sent?;
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

    /// Who lives of it.
    fn members(&self, known: &Known) -> Result<Vec<Ident>, Text> {
        let said = self.ask(&Ask::Rest(known.clone()))?;
        let boot = &known.who.boot;
        let member = |line: &str| {
            let (pid, start) = line.split_once(' ')?;
            let boot = boot.clone();
            Some(Ident { pid: pid.parse().ok()?, start: start.trim().parse().ok()?, boot })
        };
        let lines = said.after("member").count();
        let all: Vec<Ident> = said.after("member").filter_map(member).collect();
        // Nobody is named, or not everybody: that alone proves nothing.
        if all.len() == lines && (said.has("whole") || !all.is_empty()) {
            return Ok(all);
        }
        Err(self.unclear("who is left"))
    }

    /// What stands on record over there for a process; none: nothing, for
    /// certain. A start of this mark that has not come about never will.
    fn record(&self, name: &str, mark: &str) -> Result<Option<Record>, Text> {
        let said = self.ask(&Ask::Found(name.to_owned(), mark.to_owned()))?;
        record(&said, name).map_err(|what| self.unclear(what))
    }

    fn unclear(&self, what: &str) -> Text {
        Text::new(&format!(
            "the answer of {} does not say {what}; it is asked again",
            self.host.name
        ))
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

/// `record alive|gone PID …` or `none`; nothing else is an answer.
fn record(said: &Said, name: &str) -> Result<Option<Record>, &'static str> {
    let what = "what stands on record";
    let Some(line) = said.after("record").next() else {
        return if said.has("none") { Ok(None) } else { Err(what) };
    };
    let (word, rest) = line.split_once(' ').ok_or(what)?;
    let alive = match word {
        "alive" => true,
        "gone" => false,
        _ => return Err(what),
    };
    let (known, run, rest) = known(name, rest).ok_or(what)?;
    let mut record = Record { alive, known, run, since: None, stamp: Text::default() };
    for word in rest.split_whitespace() {
        // A stamp has 32 digits, and no second has.
        if word.len() == 32 {
            record.stamp = Text::new(word);
        } else {
            record.since = word.parse().ok();
        }
    }
    Ok(Some(record))
}

impl Hands for Remote {
    /// Asked once: after an answer that did not come, `found` says what became
    /// of it, and until then nothing of this name is started.
    fn spawn(&self, process: &Process, run: u64, vars: &Vars) -> Result<Ident, Undone> {
        let Host { name: machine, platform, .. } = &self.host;
        let name = &process.name;
        let no = |why: &str| Text::new(&format!("can't start {name} on {machine}: {why}"));
        let what = Start::of(process, *platform, run, vars).map_err(|why| no(why.as_str()))?;
        if !self.unanswered(name).is_empty() {
            let why = no("its last start was not answered, and is looked for first");
            return Err(Undone::Lost(why));
        }
        let mark = start::mark();
        lock(&self.pending).insert(name.clone(), mark.clone());
        // On a disk that is full, this daemon at least remembers.
        let _ = std::fs::write(self.sent(name), &mark);
        let said = self.call(&Ask::Start(Box::new(what), mark)).map_err(|fault| {
            let why = fault::words(machine, &fault);
            if matches!(fault.cause, Cause::Remote(_)) {
                self.answered(name);
                Undone::No(why)
            } else {
                Undone::Lost(why)
            }
        })?;
        let taken = said.after("taken").next().and_then(|line| known(name, line));
        if let Some((other, run, _)) = taken {
            self.answered(name);
            return Err(Undone::No(no(&format!(
                "already running as pid {} (its start {run} by another daemon or an earlier one); \
                 end it there, or let the daemon take it up by starting the daemon anew",
                other.who.pid
            ))));
        }
        if let Some(why) = said.after("late").next() {
            return Err(Undone::Lost(no(why)));
        }
        let started = said.after("started").next().and_then(|line| known(name, line));
        let Some((known, _, _)) = started else {
            return Err(Undone::Lost(no("its answer does not say what was started")));
        };
        let who = known.who.clone();
        // Where its output can't be followed, it runs all the same.
        self.track(known, run, [0, 0]).map_err(Undone::Lost)?;
        self.answered(name);
        Ok(who)
    }

    fn look(&self, who: &Ident) -> Seen {
        let fate = self.look_at(who);
        if matches!(fate.seen, Seen::Ended(_)) {
            self.last_lines(who, fate.bytes);
        }
        fate.seen
    }

    fn signal(&self, who: &Ident, signal: i32, all: bool) -> Result<(), Undone> {
        let (pid, machine) = (who.pid, &self.host.name);
        let said = self.call(&Ask::Signal { who: self.known(who), signal, all });
        *lock(&self.batch) = None;
        let said = said.map_err(|fault| {
            let why = fault::words(machine, &fault);
            match fault.cause {
                Cause::Remote(_) => Undone::No(why),
                _ => Undone::Lost(why),
            }
        })?;
        if said.has("sent") {
            return Ok(());
        }
        let why = if said.has("changed") {
            format!("pid {pid} on {machine} is another process now: it is left alone")
        } else if said.has("gone") {
            format!("pid {pid} on {machine} is gone, with all that belonged to it")
        } else {
            return Err(Undone::Lost(self.unclear("whether the signal was sent")));
        };
        Err(Undone::No(Text::new(&why)))
    }

    fn rest(&self, who: &Ident) -> Result<Vec<Ident>, Text> {
        self.members(&self.known(who))
    }

    fn tidy(&self, process: &Process) -> Vec<Text> {
        let machine = &self.host.name;
        let files = start::leaves(process, self.host.platform);
        if files.is_empty() {
            return Vec::new();
        }
        // Only what this very start made is removed.
        let of = |one: &&Tracked| one.known.name == process.name;
        let Some(who) = lock(&self.tracked).values().find(of).map(|one| one.known.clone()) else {
            return Vec::new();
        };
        let kills = self.kills.iter().map(|path| path.to_string_lossy().into_owned()).collect();
        match self.ask(&Ask::Tidy(Tidy { who, files, kills })) {
            Ok(said) => {
                let removed = said.after("removed");
                let removed =
                    removed.map(|path| Text::new(&format!("removed {path} on {machine}")));
                let kept = said.after("kept");
                let kept = kept.map(|why| Text::new(&format!("left alone on {machine}: {why}")));
                removed.chain(kept).collect()
            }
            Err(why) => vec![why],
        }
    }

    fn external(&self, process: &Process) -> Result<bool, Text> {
        if process.check.is_empty() {
            return Ok(false);
        }
        let said = self.ask(&Ask::Check(process.check.clone()))?;
        let status = said.after("status").next().and_then(|status| status.parse::<i64>().ok());
        match status {
            // A shell's words for a program that it can't run, or that a signal ended.
            Some(126..=192) if self.host.platform == Platform::Linux => {
                Err(self.unclear("how the check ended"))
            }
            Some(status) => Ok(status == 0),
            None => Err(self.unclear("how the check ended")),
        }
    }

    /// Its output goes on from the byte on at which the last daemon of this
    /// directory stopped. What this daemon has started itself, and only lost
    /// the answer, is not ended.
    fn found(&self, process: &Process) -> Result<Option<Found>, Text> {
        let name = &process.name;
        let mark = self.unanswered(name);
        let Some(record) = self.record(name, &mark)? else {
            self.answered(name);
            return Ok(None);
        };
        let Record { known, run, since, stamp, alive } = record;
        if !alive {
            // What it started may live on: a second copy never stands beside it.
            if !self.members(&known)?.is_empty() {
                self.end(&known)?;
            }
            self.answered(name);
            return Ok(None);
        }
        let who = known.who.clone();
        let since = UtcMicros(since.unwrap_or_default().saturating_mul(1_000_000));
        let found = Found { run, who: who.clone(), since, stamp };
        if lock(&self.tracked).contains_key(&who) {
            self.answered(name);
            return Ok(Some(found));
        }
        let ours = lock(&self.pending).get(name).is_some_and(|mark| *mark == known.mark);
        if process.on_daemon_death == OnDeath::Kill && !ours {
            self.end(&known)?;
            // Once more: its end alone does not call off a start on its way.
            return match self.record(name, &mark)? {
                Some(record) if record.alive => Err(self.unclear("that it has ended")),
                _ => {
                    self.answered(name);
                    Ok(None)
                }
            };
        }
        let file = self.dir.join(format!("{name}.at"));
        let from = follow::kept(&file, &known.mark).unwrap_or_default();
        self.track(known, run, from)?;
        self.answered(name);
        Ok(Some(found))
    }

    fn reach(&self) -> Result<(), Text> {
        let lately = lock(&self.batch).as_ref().and_then(Batch::reached);
        lately.unwrap_or_else(|| self.ask(&Ask::Reach).map(drop))
    }
}
