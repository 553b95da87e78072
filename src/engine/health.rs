//! The watch of the system's health: a program of the operator's, run every
//! second, whose failure engages the breaker.
//!
//! Run by its words, without a shell, without a terminal and with a bare
//! environment. It fails by its exit status, by a signal, by taking too long or
//! by not being there to start. It runs beside the watch, in a thread of its own:
//! one that can be neither started nor ended, as on a mount whose server is
//! gone, fails by its silence.

use super::latch::Latch;
use crate::domain::Text;
use crossbeam_channel as channel;
use rustix::process::{Pid, Signal, kill_process_group};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Between the beginnings of two checks.
const EVERY: Duration = Duration::from_secs(1);
/// A running check is looked at this often.
const LOOK: Duration = Duration::from_millis(10);
/// A check that was told to end has so long to be gone before it counts as one
/// that can't be ended.
const LAST: Duration = Duration::from_millis(250);
/// What it may find in its environment.
const KEPT: [&str; 5] = ["PATH", "HOME", "USER", "LANG", "TZ"];
/// The reason that it engages with, as the documents have it.
pub const REASON: &str = "Health check failed";

/// Engages the breaker for this reason, on record and durably; the words
/// beside it say how the check failed.
pub type Engage = Box<dyn Fn(&Text, &str) + Send + Sync>;

/// The running watch; it ends with this value.
pub struct HealthWatch {
    stop: Option<channel::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl HealthWatch {
    /// Checks once, then every second. A failure engages, unless the breaker is
    /// engaged already; after a reset the next failure engages again.
    ///
    /// # Errors
    /// The system's, when it has no thread to give.
    pub fn start(
        argv: Vec<String>,
        timeout: Duration,
        latch: Latch,
        engage: Engage,
    ) -> std::io::Result<Self> {
        let (stop, stopped) = channel::bounded::<()>(0);
        let (first, done) = channel::bounded(1);
        let mut checker = Checker::start(argv, timeout)?;
        let engage = Arc::new(move |why: &str| {
            if !latch.gate().is_engaged() {
                latch.engage(&Text::new(REASON), &|reason| engage(reason, why));
            }
        });
        let at_once = Arc::clone(&engage);
        let work = move || loop {
            let began = Instant::now();
            if let Err(why) = checker.once() {
                engage(&why);
            }
            let _ = first.try_send(());
            let rest = EVERY.saturating_sub(began.elapsed());
            if stopped.recv_timeout(rest) != Err(channel::RecvTimeoutError::Timeout) {
                return;
            }
        };
        let thread = std::thread::Builder::new().name("health".to_owned()).spawn(work)?;
        // No order before the first word of it.
        if done.recv_timeout(timeout + LAST + EVERY).is_err() {
            at_once("its first check had no word in time");
        }
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for HealthWatch {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Runs one check after another, in a thread that may get stuck in one.
struct Checker {
    program: String,
    timeout: Duration,
    go: channel::Sender<()>,
    word: channel::Receiver<Result<(), String>>,
    /// The check that is still at it.
    stuck: bool,
}

impl Checker {
    fn start(argv: Vec<String>, timeout: Duration) -> std::io::Result<Self> {
        let program = argv.first().cloned().unwrap_or_default();
        let (go, asked) = channel::bounded::<()>(1);
        let (says, word) = channel::bounded(1);
        let checks = move || {
            while asked.recv().is_ok() && says.send(check(&argv, timeout)).is_ok() {}
        };
        // Never joined: it ends with `go`, or is stuck and ends with the process.
        std::thread::Builder::new().name("check".to_owned()).spawn(checks)?;
        Ok(Self { program, timeout, go, word, stuck: false })
    }

    /// The word of a new check, at the latest [`LAST`] after its time. While one
    /// is stuck there is no other beside it, and its word, once it comes, is of
    /// the past.
    fn once(&mut self) -> Result<(), String> {
        if std::mem::take(&mut self.stuck) {
            let _ = self.word()?;
        }
        let _ = self.go.try_send(());
        self.word()?
    }

    /// What the check says; an error when it says nothing.
    fn word(&mut self) -> Result<Result<(), String>, String> {
        let limit = self.timeout + LAST;
        self.word.recv_timeout(limit).map_err(|_| {
            self.stuck = true;
            let (program, ms) = (&self.program, limit.as_millis());
            format!("{program} can't be started or ended ({ms} ms): is what it needs still there?")
        })
    }
}

/// Runs it once.
///
/// # Errors
/// How it failed.
fn check(argv: &[String], timeout: Duration) -> Result<(), String> {
    let Some((program, words)) = argv.split_first() else { return Ok(()) };
    let mut command = Command::new(program);
    command.args(words).env_clear().current_dir("/").process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    for name in KEPT {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    let mut child = command.spawn().map_err(|e| format!("can't run {program}: {e}"))?;
    let began = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(format!("{program} ended with {status}")),
            Ok(None) if began.elapsed() >= timeout => {
                end(&mut child);
                return Err(format!("{program} took longer than {} ms", timeout.as_millis()));
            }
            Ok(None) => std::thread::sleep(LOOK),
            Err(e) => return Err(format!("{program} can't be waited for: {e}")),
        }
    }
}

/// Ends it with all that it started.
fn end(child: &mut Child) {
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicU32, Ordering};

    fn argv(words: &[&str]) -> Vec<String> {
        words.iter().map(|w| (*w).to_owned()).collect()
    }

    #[test]
    fn it_fails_by_status_signal_time_and_absence() {
        let long = Duration::from_mins(1);
        assert_eq!(check(&argv(&["/bin/true"]), long), Ok(()));
        assert!(check(&argv(&["/bin/false"]), long).unwrap_err().contains("exit status: 1"));
        let killed = check(&argv(&["/bin/sh", "-c", "kill -9 $$"]), long).unwrap_err();
        assert!(killed.contains("signal: 9"), "{killed}");
        let hung = ["/bin/sh", "-c", "sleep 1000 & wait"];
        let hung = check(&argv(&hung), Duration::from_millis(100)).unwrap_err();
        assert!(hung.contains("took longer than 100 ms"), "{hung}");
        let gone = check(&argv(&["/nonexistent/check"]), long).unwrap_err();
        assert!(gone.contains("can't run /nonexistent/check"), "{gone}");
    }

    #[test]
    fn a_failure_engages_once_before_the_start_is_over() {
        let latch = Latch::new(Arc::default(), Path::new("/run/latch"));
        let (gate, count) = (Arc::clone(latch.gate()), Arc::new(AtomicU32::new(0)));
        let counted = Arc::clone(&count);
        let engage: Engage = Box::new(move |reason, how| {
            assert!(reason.as_str() == REASON && how.contains("exit status: 1"), "{how}");
            gate.close();
            counted.fetch_add(1, Ordering::SeqCst);
        });
        let long = Duration::from_mins(1);
        let watch = HealthWatch::start(argv(&["/bin/false"]), long, latch.clone(), engage).unwrap();
        assert!(latch.gate().is_engaged());
        std::thread::sleep(EVERY + EVERY / 2);
        drop(watch);
        assert_eq!(count.load(Ordering::SeqCst), 1, "what is engaged is not engaged again");
    }

    /// Traced by a process outside its group, it stays its tracer's when it is
    /// killed, and its parent waits in vain: as one on a dead mount.
    const TRACED: &str = r"
import ctypes, os, sys, time
libc = ctypes.CDLL(None, use_errno=True)
libc.prctl(0x59616d61, ctypes.c_ulong(-1 % 2**64), 0, 0, 0)
tracer = os.fork()
if tracer == 0:
    os.setsid()
    if libc.ptrace(0x4206, os.getppid(), None, None) == 0:
        open(sys.argv[1], 'w').write(str(os.getpid()))
    time.sleep(30)
    os._exit(0)
time.sleep(1000)
";

    #[test]
    fn one_that_cant_be_ended_engages_in_time() {
        let dir = tempfile::tempdir().unwrap();
        let mark = dir.path().join("traced");
        let latch = Latch::new(Arc::default(), Path::new("/run/latch"));
        let (gate, said) = (Arc::clone(latch.gate()), Arc::new(Mutex::new(String::new())));
        let kept = Arc::clone(&said);
        let engage: Engage = Box::new(move |_, how| {
            gate.close();
            how.clone_into(&mut kept.lock().unwrap());
        });
        let stuck = argv(&["python3", "-c", TRACED, mark.to_str().unwrap()]);
        let watch = HealthWatch::start(stuck, EVERY * 4, latch.clone(), engage).unwrap();
        let engaged = latch.gate().is_engaged();
        let Ok(tracer) = std::fs::read_to_string(&mark) else {
            eprintln!("SKIPPED: nothing can be traced here");
            return;
        };
        assert!(engaged, "before the start is over");
        let how = said.lock().unwrap().clone();
        assert!(how.contains("can't be started or ended"), "{how}");
        let tracer = tracer.parse().ok().and_then(Pid::from_raw).unwrap();
        rustix::process::kill_process(tracer, Signal::KILL).unwrap();
        drop(watch);
    }
}
