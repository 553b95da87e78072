//! Watching the latch: one thread looks, another notices when it hangs.

mod check;
mod further;
mod remembered;
mod youth;

pub(crate) use check::Check;
use youth::Youth;

use super::file::Sight;
use super::gate::Gate;
use super::home::LatchHome;
use super::strangers::Stranger;
use crate::audit::ForeignLatch;
use crate::domain::{EngageId, LatchSeen};
use crate::host::clock;
use inotify::{Inotify, WatchMask};
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
    /// That is on record already.
    pub foreign_recorded: bool,
    /// What lies at the further latches, or went from there, and no reset
    /// covers.
    pub further: Vec<Stranger>,
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
                let notify = notifier(&config.home.latch);
                let mut check = Check::new(config);
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
/// What happens in the latch's directory wakes the looker. The further latches
/// are looked at every [`POLL`]: a watch of a directory can hang with it.
fn notifier(latch: &Path) -> Option<Inotify> {
    let dir = match latch.parent() {
        Some(p) if !p.as_os_str().is_empty() => p,
        _ => Path::new("."),
    };
    let notify = Inotify::init().ok()?;
    let mask = WatchMask::CREATE | WatchMask::DELETE | WatchMask::MOVE | WatchMask::ATTRIB;
    notify.watches().add(dir, mask).ok()?;
    Some(notify)
}

#[cfg(test)]
mod tests;
