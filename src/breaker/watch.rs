//! Watching the latch: one thread looks, another notices when it hangs.

use super::LatchBody;
use super::file::{Probe, Sight, probe, sight};
use super::gate::Gate;
use super::home::LatchHome;
use crate::audit::{Act, Chain, ForeignLatch, LedgerReader};
use crate::domain::{EngageId, LatchPhase, LatchSeen, Text};
use crate::host::{clock, ids};
use inotify::{Inotify, WatchMask};
use std::collections::BTreeSet;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// The latch is looked at so often, inotify or not.
const POLL: Duration = Duration::from_millis(100);
/// A check must be done within this time, and what it found proves nothing
/// this long after it began.
const OVERDUE: Duration = Duration::from_millis(500);
/// A file without a body may be one of ours for so long.
const WRITING: Duration = Duration::from_millis(300);
/// A latch whose reset is on record may lie there for so long: the record
/// comes first, then the file goes.
const LEAVING: Duration = Duration::from_secs(1);
/// And no longer than this after the record, which a sick disk may hold up.
const LEFT: Duration = Duration::from_secs(10);
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
    /// Which file and directory were looked at, for comparison with what
    /// other consumers say.
    pub sight: Sight,
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
        overdue(gate, done_at.load(Ordering::Acquire));
        std::thread::sleep(POLL / 2);
    }
}

/// Closes the gate when the last look ended too long ago, or the last good
/// one began too long ago.
pub(crate) fn overdue(gate: &Gate, done_at: u64) {
    let since = clock::mono_ns().saturating_sub(done_at);
    if u128::from(since) > OVERDUE.as_nanos() || gate.is_past() {
        gate.set_overdue();
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

/// Since when safe could not be proven.
struct Lost {
    /// Monotonic nanoseconds.
    since: u64,
    /// Every check since was good, but late.
    only_late: bool,
}

/// A latch that was seen.
#[derive(Clone)]
struct Remembered {
    file: ForeignLatch,
    id: Option<EngageId>,
    seen: LatchSeen,
}

/// One looker's memory.
pub(crate) struct Check {
    config: WatchConfig,
    ledger: LedgerReader,
    chain: Chain,
    /// Proof is lost.
    lost: Option<Lost>,
    /// What was last seen at the path and no reset covers: it stays in force
    /// when it goes, even where no log could be written.
    remembered: Option<Remembered>,
    /// Proven at least once: the first proof arms without an operator.
    proven_before: bool,
    /// Waits for an arm because proof had been lost; whether that is on
    /// record, for only then can an arm name it.
    disarmed: Option<(EngageId, bool)>,
    /// Decisions in force while a file lay there, or at the first look: only
    /// for one of these does no file mean that one was removed. A record may
    /// come late, from a disk that was full.
    stood: Option<BTreeSet<EngageId>>,
    /// Looks in a row that found a latch in force without its file.
    absent_looks: u32,
    tampered: u32,
    /// Device, inode and first sight of what lies at the path.
    first_seen: Option<(u64, u64, u64)>,
    /// First sight of a file whose decision was reset.
    leaving: Option<u64>,
}

impl Check {
    pub(crate) fn new(config: WatchConfig) -> Self {
        let audit = config.home.audit();
        let chain = config.home.chain(config.role);
        Self {
            ledger: LedgerReader::new(&audit),
            chain,
            config,
            lost: None,
            remembered: None,
            proven_before: false,
            disarmed: None,
            stood: None,
            absent_looks: 0,
            tampered: 0,
            first_seen: None,
            leaving: None,
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

    pub(crate) fn once(&mut self, gate: &Gate) -> Verdict {
        let began = clock::mono_ns();
        let mut verdict = self.look();
        let now = clock::mono_ns();
        let late = u128::from(now.saturating_sub(began)) > OVERDUE.as_nanos();
        if late && matches!(verdict.seen.phase, LatchPhase::Safe | LatchPhase::Disarmed) {
            // What it found is true of half a second ago, not of now.
            verdict.seen.phase = LatchPhase::Blocked;
            verdict.seen.reason = Text::new("the check of the latch took too long");
        }
        let proven = matches!(verdict.seen.phase, LatchPhase::Safe | LatchPhase::Disarmed);
        if verdict.seen.phase == LatchPhase::Blocked {
            let lost = self.lost.get_or_insert(Lost { since: began, only_late: true });
            lost.only_late &= late;
        } else if proven {
            if let Some(lost) = self.lost.take() {
                let short = u128::from(now.saturating_sub(lost.since)) < FORGIVEN.as_nanos();
                if self.proven_before && !(lost.only_late && short) {
                    self.disarm();
                }
            }
            self.proven_before = true;
        }
        if verdict.seen.phase == LatchPhase::Safe && self.disarmed.is_some() {
            verdict.seen.phase = LatchPhase::Disarmed;
            verdict.seen.reason =
                Text::new("proof was lost and came back; orders wait for crs arm");
        }
        let phase = verdict.seen.phase;
        if proven {
            gate.prove(began.saturating_add(u64::try_from(OVERDUE.as_nanos()).unwrap_or(0)));
        }
        gate.set(
            phase.is_engaged(),
            phase == LatchPhase::Blocked,
            phase == LatchPhase::Disarmed,
            &gate_words(&verdict.seen),
        );
        // After what was found: nothing opens for a moment in between.
        if proven {
            gate.forget_kills(|id| self.ledger.ledger().was_reset(id));
        }
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
        verdict.sight = sight(&self.config.home.latch);
        let audit_fault = self.ledger.refresh().err();
        let mut doubt = audit_fault.map(|e| Text::new(&format!("audit log can't be read: {e}")));
        let mut main = probe(&self.config.home.latch);
        let stand_in = probe(&self.config.home.fallback());
        let wordless = self.lend_words(&mut main, &stand_in);
        verdict.engaged = self.ledger.ledger().engaged().map(|e| e.intent.engage_id).collect();
        self.missing(&main, &stand_in, doubt.is_none(), &mut verdict);
        let young = self.is_young(&main);
        let leaving = self.is_leaving(&main);
        let ledger = self.ledger.ledger();
        if let Some((token, true)) = self.disarmed
            && ledger.disarmed().all(|(t, _)| t != token)
            && doubt.is_none()
        {
            self.disarmed = None;
        }
        match main {
            Probe::Present { file, body, form } => {
                let ours = body.engage_id.is_some_and(|id| verdict.engaged.contains(&id));
                verdict.seen.engage_id = body.engage_id;
                verdict.seen.reason = reason_of(&body.reason, form);
                verdict.seen.by = body.operator;
                verdict.seen.since = body.timestamp;
                verdict.seen.phase = match (ours, young) {
                    (true, _) if wordless => LatchPhase::NotDurable,
                    (true, _) => LatchPhase::Durable,
                    // Ours exists before it says so, and before it is on record;
                    // and a moment longer than it is in force.
                    (false, _) if young || leaving => LatchPhase::Latched,
                    (false, _) => LatchPhase::EngagedExternal,
                };
                // Of another user, host or state directory, or put back after
                // its reset: as foreign as a touched file, and on record as
                // such.
                if !ours && !young && !leaving {
                    verdict.foreign = Some(file);
                }
                self.remembered =
                    Some(Remembered { file, id: body.engage_id, seen: verdict.seen.clone() });
                return verdict;
            }
            Probe::Doubt(why) => doubt = doubt.or(Some(why)),
            Probe::Absent => {}
        }
        if let Probe::Present { body, form, .. } = stand_in {
            verdict.seen.phase = LatchPhase::NotDurable;
            let why = reason_of(&body.reason, form);
            let path = self.config.home.fallback();
            let words = format!("{why} (held by the stand-in {} only)", path.display());
            verdict.seen.reason = Text::new(&words);
            verdict.seen.by = body.operator;
            verdict.seen.since = body.timestamp;
            verdict.seen.engage_id = body.engage_id;
            return verdict;
        }
        if let Some(engaged) = ledger.engaged().next() {
            // A file that can't be seen is no latch: only the log holds.
            let seen = doubt.is_none();
            verdict.seen.phase = if seen { LatchPhase::Latched } else { LatchPhase::NotDurable };
            verdict.seen.reason = engaged.intent.reason.clone();
            verdict.seen.by = engaged.intent.operator.clone();
            verdict.seen.since = Text::new(&engaged.intent.pressed.utc.naive_iso());
            verdict.seen.engage_id = Some(engaged.intent.engage_id);
            return verdict;
        }
        if let Some(remembered) = &self.remembered
            && !ledger.foreign_was_reset(&remembered.file)
            && !remembered.id.is_some_and(|id| ledger.was_reset(id))
        {
            let tampered = verdict.seen.tampered;
            verdict.seen = LatchSeen { tampered, ..remembered.seen.clone() };
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

    /// A full disk takes a name and no words: a latch without any, beside the
    /// stand-in of a decision on record, is that decision's and nobody else's.
    fn lend_words(&self, main: &mut Probe, stand_in: &Probe) -> bool {
        let ledger = self.ledger.ledger();
        if let Probe::Present { body, form: None, .. } = main
            && *body == LatchBody::default()
            && let Probe::Present { body: words, .. } = stand_in
            && words.engage_id.is_some_and(|id| ledger.is_known(id))
        {
            body.clone_from(words);
            return true;
        }
        false
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
            // New to us, but not to the host: a file from before our start.
            _ if clock::utc().0.saturating_sub(file.ctime_ns / 1_000).abs() > 1_000_000 => 0,
            _ => now,
        };
        self.first_seen = Some((file.dev, file.ino, since));
        u128::from(now.saturating_sub(since)) < WRITING.as_nanos()
    }

    /// Whether what lies there is the latch of a decision that was reset a
    /// moment ago, about to be put away.
    fn is_leaving(&mut self, main: &Probe) -> bool {
        let Probe::Present { body, .. } = main else {
            self.leaving = None;
            return false;
        };
        let Some(at) = body.engage_id.and_then(|id| self.ledger.ledger().reset_at(id)) else {
            self.leaving = None;
            return false;
        };
        let now = clock::mono_ns();
        // Who begins long after the record has no first sight to go by.
        let old = now < at || u128::from(now - at) > LEFT.as_nanos();
        let since = *self.leaving.get_or_insert(now);
        !old && u128::from(now.saturating_sub(since)) < LEAVING.as_nanos()
    }

    /// Engaged, and the file is not there: somebody removed it, or a reboot
    /// or a cleaner of temporary files did.
    ///
    /// Where a stand-in lies and no latch was ever seen here, none was made:
    /// that is no tampering. It is missing all the same, and made if it can be.
    /// And while the log can't be read, a reset may have taken it away.
    fn missing(&mut self, main: &Probe, stand_in: &Probe, log_read: bool, verdict: &mut Verdict) {
        let ledger = self.ledger.ledger();
        let remembered = self.remembered.as_ref().is_some_and(|r| {
            !ledger.foreign_was_reset(&r.file) && !r.id.is_some_and(|id| ledger.was_reset(id))
        });
        let stood_in = matches!(stand_in, Probe::Present { .. });
        let present = matches!(main, Probe::Present { .. });
        let ids = || ledger.engaged().map(|e| e.intent.engage_id);
        let stood = self.stood.get_or_insert_with(|| ids().collect());
        if present {
            stood.extend(ids());
        }
        let stood = ledger.foreign().next().is_some() || ids().any(|id| stood.contains(&id));
        let absent =
            log_read && matches!(main, Probe::Absent) && (remembered || ledger.is_engaged());
        // Record and file of a decision (and of a reset) do not appear in one
        // step: only a second look in a row makes it a removal. So does its
        // return: a reset would be on record by now.
        let returned = matches!(main, Probe::Present { .. }) && self.absent_looks == 1;
        if returned && remembered {
            self.tampered += 1;
        }
        self.absent_looks = if absent { self.absent_looks.saturating_add(1) } else { 0 };
        if self.absent_looks == 2 && (remembered || (stood && !stood_in)) {
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
mod tests;
