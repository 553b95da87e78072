//! Watching the latch: one thread looks, another notices when it hangs.

use super::file::{Probe, probe};
use super::gate::Gate;
use super::home::LatchHome;
use crate::audit::{Act, Chain, ForeignLatch, LedgerReader};
use crate::domain::{EngageId, LatchPhase, LatchSeen, Text};
use crate::host::{Identity, clock, ids};
use inotify::{Inotify, WatchMask};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// The latch is looked at so often, inotify or not.
const POLL: Duration = Duration::from_millis(100);
/// A check must be done within this time; then SAFE is no longer proven.
const OVERDUE: Duration = Duration::from_millis(500);
/// A file without a body may be one of ours for so long.
const WRITING: Duration = Duration::from_millis(300);
/// An overdue check that came back within this time is forgiven.
const FORGIVEN: Duration = Duration::from_secs(5);

/// What to watch.
#[derive(Clone, Debug)]
pub struct WatchConfig {
    /// The latch and its directory.
    pub home: LatchHome,
    /// Further latch files; any of them engages.
    pub extra: Vec<PathBuf>,
    /// Role under which a loss of proof is recorded.
    pub role: &'static str,
}

/// The outcome of one check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// What the screen shows.
    pub seen: LatchSeen,
    /// The audit log says engaged and the file is gone.
    pub missing: bool,
    /// Something that none of our decisions explains is at the path.
    pub foreign: Option<ForeignLatch>,
    /// Decisions in force.
    pub engaged: Vec<EngageId>,
}

/// A running watch.
#[derive(Debug)]
pub struct Watcher {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Watcher {
    /// Looks once (so that a caller knows where it stands), then goes on in
    /// the background and calls `tell` with every changed verdict.
    pub fn start(
        config: WatchConfig,
        gate: Arc<Gate>,
        mut tell: impl FnMut(Verdict) + Send + 'static,
    ) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let done_at = Arc::new(AtomicU64::new(clock::mono_ns()));
        let overseer = {
            let (gate, stop, done_at) = (gate.clone(), stop.clone(), done_at.clone());
            std::thread::spawn(move || oversee(&gate, &stop, &done_at))
        };
        let looker = {
            let stop = stop.clone();
            std::thread::spawn(move || {
                let mut check = Check::new(config);
                let notify = check.notifier();
                let mut last = None;
                while !stop.load(Ordering::Acquire) {
                    let verdict = check.once(&gate);
                    done_at.store(clock::mono_ns(), Ordering::Release);
                    if last.as_ref() != Some(&verdict) {
                        last = Some(verdict.clone());
                        tell(verdict);
                    }
                    wait(notify.as_ref());
                }
            })
        };
        Self { stop, threads: vec![overseer, looker] }
    }

    /// Ends both threads; one that hangs in the file system is left behind.
    pub fn stop(self) {
        self.stop.store(true, Ordering::Release);
        let until = clock::mono_ns() + 300_000_000;
        for thread in self.threads {
            while !thread.is_finished() && clock::mono_ns() < until {
                std::thread::sleep(Duration::from_millis(5));
            }
            if thread.is_finished() {
                let _ = thread.join();
            }
        }
    }
}

/// Closes the gate when the looking thread hangs.
fn oversee(gate: &Gate, stop: &AtomicBool, done_at: &AtomicU64) {
    while !stop.load(Ordering::Acquire) {
        let age = clock::mono_ns().saturating_sub(done_at.load(Ordering::Acquire));
        if u128::from(age) > OVERDUE.as_nanos() {
            gate.set_overdue();
        }
        std::thread::sleep(POLL / 2);
    }
}

/// Until something happens in the latch's directory, at most [`POLL`].
fn wait(notify: Option<&Inotify>) {
    let Some(notify) = notify else {
        std::thread::sleep(POLL);
        return;
    };
    let mut fds =
        [rustix::event::PollFd::from_borrowed_fd(notify.as_fd(), rustix::event::PollFlags::IN)];
    let timeout =
        rustix::event::Timespec { tv_sec: 0, tv_nsec: i64::try_from(POLL.as_nanos()).unwrap_or(0) };
    let woken = rustix::event::poll(&mut fds, Some(&timeout)).unwrap_or(0);
    if woken > 0 {
        // Read and forget: what happened is asked from the path itself.
        let mut sink = [0_u8; 4_096];
        let _ = rustix::io::read(notify.as_fd(), &mut sink);
    }
}

/// One looker's memory.
struct Check {
    config: WatchConfig,
    ledger: LedgerReader,
    chain: Chain,
    /// Proof was lost at this moment of the monotonic clock.
    lost_at: Option<u64>,
    /// An overdue return of proof does not disarm when it was short.
    last_done: u64,
    /// Proven at least once: the first proof arms without an operator.
    proven_before: bool,
    /// Waits for an arm because proof had been lost; whether that is on
    /// record, for only then can an arm name it.
    disarmed: Option<(EngageId, bool)>,
    /// Looks in a row that found a latch in force without its file.
    absent_looks: u32,
    tampered: u32,
    /// Device, inode and first sight of what lies at the path.
    first_seen: Option<(u64, u64, u64)>,
}

impl Check {
    fn new(config: WatchConfig) -> Self {
        let audit = config.home.audit();
        let chain = Chain::new(&audit, Identity::here(), config.role);
        Self {
            ledger: LedgerReader::new(&audit),
            chain,
            config,
            lost_at: None,
            last_done: clock::mono_ns(),
            proven_before: false,
            disarmed: None,
            absent_looks: 0,
            tampered: 0,
            first_seen: None,
        }
    }

    fn notifier(&self) -> Option<Inotify> {
        let dir = match self.config.home.latch.parent() {
            Some(p) if !p.as_os_str().is_empty() => p,
            _ => Path::new("."),
        };
        let notify = Inotify::init().ok()?;
        let mask = WatchMask::CREATE | WatchMask::DELETE | WatchMask::MOVE | WatchMask::ATTRIB;
        notify.watches().add(dir, mask).ok()?;
        Some(notify)
    }

    fn once(&mut self, gate: &Gate) -> Verdict {
        let began = clock::mono_ns();
        let mut verdict = self.look();
        let took = clock::mono_ns().saturating_sub(began.min(self.last_done));
        let late = u128::from(clock::mono_ns().saturating_sub(began)) > OVERDUE.as_nanos();
        self.last_done = clock::mono_ns();
        let proven = matches!(verdict.seen.phase, LatchPhase::Safe | LatchPhase::Disarmed);
        if verdict.seen.phase == LatchPhase::Blocked {
            self.lost_at.get_or_insert(began);
        } else if proven {
            let forgiven = late && u128::from(took) < FORGIVEN.as_nanos();
            if self.lost_at.take().is_some() && self.proven_before && !forgiven {
                self.disarm();
            }
            self.proven_before = true;
        }
        if verdict.seen.phase == LatchPhase::Safe && self.disarmed.is_some() {
            verdict.seen.phase = LatchPhase::Disarmed;
            verdict.seen.reason =
                Text::new("proof was lost and came back; orders wait for crs arm");
        }
        if proven && gate.killed_by().is_some_and(|id| self.ledger.ledger().was_reset(id)) {
            gate.forget_kill();
        }
        let phase = verdict.seen.phase;
        gate.set(
            phase.is_engaged(),
            phase == LatchPhase::Blocked,
            phase == LatchPhase::Disarmed,
            &gate_words(&verdict.seen),
        );
        verdict
    }

    fn disarm(&mut self) {
        let token = ids::engage_id();
        let why = Text::new("proof of the latch was lost and came back");
        // Unwritable: this process stays disarmed until it is restarted.
        let recorded = self.chain.append(Act::Disarm { token, why }).is_ok();
        self.disarmed = Some((token, recorded));
    }

    fn look(&mut self) -> Verdict {
        let mut verdict = Verdict::default();
        verdict.seen.path = Text::new(&self.config.home.latch.to_string_lossy());
        let audit_fault = self.ledger.refresh().err();
        let mut doubt = audit_fault.map(|e| Text::new(&format!("audit log can't be read: {e}")));
        let main = probe(&self.config.home.latch);
        verdict.engaged = self.ledger.ledger().engaged().map(|e| e.intent.engage_id).collect();
        self.missing(&main, &mut verdict);
        let young = self.is_young(&main);
        let ledger = self.ledger.ledger();
        if let Some((token, true)) = self.disarmed
            && ledger.disarmed().all(|(t, _)| t != token)
            && doubt.is_none()
        {
            self.disarmed = None;
        }
        match main {
            Probe::Present { file, body, form } => {
                let ours = body.engage_id.filter(|id| verdict.engaged.contains(id));
                let known = body.engage_id.is_some();
                verdict.seen.engage_id = ours.or(body.engage_id);
                verdict.seen.reason = reason_of(&body.reason, form);
                verdict.seen.by = body.operator;
                verdict.seen.since = body.timestamp;
                verdict.seen.phase = match (known, young) {
                    (true, _) => LatchPhase::Durable,
                    // Ours exists one system call before it says so.
                    (false, true) => LatchPhase::Latched,
                    (false, false) => LatchPhase::EngagedExternal,
                };
                if verdict.engaged.is_empty() && !known && !young {
                    verdict.foreign = Some(file);
                }
                return verdict;
            }
            Probe::Doubt(why) => doubt = doubt.or(Some(why)),
            Probe::Absent => {}
        }
        if let Some(engaged) = ledger.engaged().next() {
            verdict.seen.phase = LatchPhase::Latched;
            verdict.seen.reason = engaged.intent.reason.clone();
            verdict.seen.by = engaged.intent.operator.clone();
            verdict.seen.since = Text::new(&engaged.intent.pressed.utc.naive_iso());
            verdict.seen.engage_id = Some(engaged.intent.engage_id);
            return verdict;
        }
        if let Some((_, reason)) = ledger.foreign().next() {
            verdict.seen.phase = LatchPhase::EngagedExternal;
            verdict.seen.reason = reason.clone();
            return verdict;
        }
        for extra in &self.config.extra {
            match probe(extra) {
                Probe::Absent => {}
                Probe::Present { body, form, .. } => {
                    verdict.seen.phase = LatchPhase::EngagedExternal;
                    verdict.seen.reason = Text::new(&format!(
                        "{} ({})",
                        reason_of(&body.reason, form),
                        extra.display()
                    ));
                    return verdict;
                }
                Probe::Doubt(why) => doubt = doubt.or(Some(why)),
            }
        }
        if let Some(why) = doubt {
            verdict.seen.phase = LatchPhase::Blocked;
            verdict.seen.reason = why;
        } else if let Some((_, why)) = ledger.disarmed().next() {
            verdict.seen.phase = LatchPhase::Disarmed;
            verdict.seen.reason = why.clone();
        } else {
            verdict.seen.phase = LatchPhase::Safe;
        }
        verdict
    }

    /// Whether what lies there was first seen a moment ago: one of ours that
    /// is still being written looks like nobody's.
    fn is_young(&mut self, main: &Probe) -> bool {
        let Probe::Present { file, .. } = main else {
            self.first_seen = None;
            return false;
        };
        let now = clock::mono_ns();
        let since = match self.first_seen {
            Some((dev, ino, since)) if (dev, ino) == (file.dev, file.ino) => since,
            _ => now,
        };
        self.first_seen = Some((file.dev, file.ino, since));
        u128::from(now.saturating_sub(since)) < WRITING.as_nanos()
    }

    /// Engaged, and the file is not there: somebody removed it, or a reboot
    /// or a cleaner of temporary files did.
    fn missing(&mut self, main: &Probe, verdict: &mut Verdict) {
        let absent = matches!(main, Probe::Absent) && self.ledger.ledger().is_engaged();
        // Record and file of a decision (and of a reset) do not appear in one
        // step: only a second look in a row makes it a removal.
        self.absent_looks = if absent { self.absent_looks.saturating_add(1) } else { 0 };
        if self.absent_looks == 2 {
            self.tampered += 1;
        }
        verdict.missing = self.absent_looks >= 2;
        verdict.seen.tampered = self.tampered;
    }
}

fn reason_of(reason: &Text, form: Option<&'static str>) -> Text {
    match (reason.is_empty(), form) {
        (false, _) => reason.clone(),
        (true, Some(form)) => Text::new(&format!("a {form} lies at the latch's path")),
        (true, None) => Text::new("no reason given"),
    }
}

fn gate_words(seen: &LatchSeen) -> Text {
    let head = match seen.phase {
        LatchPhase::Safe => return Text::default(),
        LatchPhase::Disarmed => "DISARMED",
        LatchPhase::Blocked => "BLOCKED, can't prove safe",
        _ => "KILL_SWITCH engaged",
    };
    Text::new(&format!("{head}: {}", seen.reason))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Intent, KillIntent, Stamp};
    use std::sync::mpsc;

    struct Bench {
        dir: tempfile::TempDir,
        gate: Arc<Gate>,
        home: LatchHome,
        heard: mpsc::Receiver<Verdict>,
        watcher: Option<Watcher>,
    }

    impl Bench {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let home = LatchHome::new(dir.path(), &dir.path().join("run/latch.lock"));
            std::fs::create_dir(dir.path().join("run")).unwrap();
            let gate = Arc::new(Gate::default());
            let (tell, heard) = mpsc::channel();
            let config = WatchConfig { home: home.clone(), extra: Vec::new(), role: "test" };
            let watcher = Watcher::start(config, gate.clone(), move |v| {
                let _ = tell.send(v);
            });
            Self { dir, gate, home, heard, watcher: Some(watcher) }
        }

        /// Waits for a phase; the bound only ends a test that fails.
        fn until(&self, phase: LatchPhase) -> Verdict {
            loop {
                let verdict = self.heard.recv_timeout(Duration::from_secs(10)).unwrap();
                if verdict.seen.phase == phase {
                    return verdict;
                }
            }
        }

        fn chain(&self) -> Chain {
            Chain::new(&self.home.audit(), Identity::here(), "test")
        }
    }

    impl Drop for Bench {
        fn drop(&mut self) {
            if let Some(watcher) = self.watcher.take() {
                watcher.stop();
            }
        }
    }

    #[test]
    fn safe_is_proven_and_a_touched_file_engages_for_good_once_on_record() {
        let b = Bench::new();
        b.until(LatchPhase::Safe);
        assert!(b.gate.is_safe());
        std::fs::write(&b.home.latch, "").unwrap();
        let verdict = b.until(LatchPhase::EngagedExternal);
        assert!(!b.gate.is_safe());
        let act = Act::External { file: verdict.foreign.unwrap(), reason: Text::new("touched") };
        b.chain().append(act).unwrap();
        std::fs::remove_file(&b.home.latch).unwrap();
        while !b.heard.recv_timeout(Duration::from_secs(10)).unwrap().missing {}
        assert!(!b.gate.is_safe());
    }

    #[test]
    fn our_own_latch_is_nobody_elses_while_it_is_being_written() {
        let b = Bench::new();
        b.until(LatchPhase::Safe);
        let created = super::super::file::create(&b.home.latch).unwrap();
        assert_eq!(b.until(LatchPhase::Latched).foreign, None);
        assert!(!b.gate.is_safe());
        created
            .make_durable(br#"{"metadata":{"engage_id":"01ARZ3NDEKTSV4RRFFQ69G5FAV"}}"#)
            .unwrap();
        assert_eq!(b.until(LatchPhase::Durable).foreign, None);
    }

    #[test]
    fn a_lost_directory_blocks_and_its_return_disarms_until_an_arm() {
        let b = Bench::new();
        b.until(LatchPhase::Safe);
        std::fs::rename(b.dir.path().join("run"), b.dir.path().join("away")).unwrap();
        b.until(LatchPhase::Blocked);
        assert!(b.gate.permit().is_err());
        std::fs::rename(b.dir.path().join("away"), b.dir.path().join("run")).unwrap();
        b.until(LatchPhase::Disarmed);
        assert!(!b.gate.is_safe());
        let mut reader = LedgerReader::new(&b.home.audit());
        let tokens = reader.refresh().unwrap().disarmed().map(|(t, _)| t).collect();
        b.chain().append(Act::Arm { tokens, live: false }).unwrap();
        b.until(LatchPhase::Safe);
        assert!(b.gate.is_safe());
    }

    #[test]
    fn what_the_audit_log_says_engages_without_a_file() {
        let b = Bench::new();
        b.until(LatchPhase::Safe);
        let id = ids::engage_id();
        let intent = KillIntent {
            engage_id: id,
            intent: Intent::Kill,
            operator: Text::new("op"),
            host: Text::new("inf"),
            boot_id: Text::new("b"),
            reason: Text::new("why"),
            pressed: Stamp::default(),
            latch: b.home.latch.clone(),
            targets: Vec::new(),
            drill: false,
        };
        b.chain().append(Act::Engage { intent }).unwrap();
        let first = b.until(LatchPhase::Latched);
        assert_eq!((first.missing, first.seen.engage_id), (false, Some(id)));
        let second = b.until(LatchPhase::Latched);
        assert!(second.missing && second.seen.tampered == 1 && !b.gate.is_safe());
    }

    #[test]
    fn an_unreadable_log_is_doubt() {
        let b = Bench::new();
        b.until(LatchPhase::Safe);
        std::fs::create_dir_all(&b.home.dir).unwrap();
        std::fs::write(b.home.audit(), "not a directory").unwrap();
        let verdict = b.until(LatchPhase::Blocked);
        assert!(verdict.seen.reason.as_str().contains("audit log"));
    }
}
