//! The watch of the system's health: a program of the operator's, run every
//! second, whose failure engages the breaker.
//!
//! Run by its words, without a shell, without a terminal and with a bare
//! environment. It fails by its exit status, by a signal, by taking too long or
//! by not being there to start.

use super::latch::Latch;
use crate::domain::Text;
use crossbeam_channel as channel;
use rustix::process::{Pid, Signal, kill_process_group};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Between the beginnings of two checks.
const EVERY: Duration = Duration::from_secs(1);
/// A running check is looked at this often.
const LOOK: Duration = Duration::from_millis(10);
/// What it may find in its environment.
const KEPT: [&str; 5] = ["PATH", "HOME", "USER", "LANG", "TZ"];
/// The reason that it engages with, as the documents have it.
pub const REASON: &str = "Health check failed";

/// Engages the breaker for this reason, on record and durably; the words
/// beside it say how the check failed.
pub type Engage = Box<dyn Fn(&Text, &str) + Send>;

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
        let work = move || loop {
            let began = Instant::now();
            if let Err(why) = check(&argv, timeout)
                && !latch.gate().is_engaged()
            {
                latch.engage(&Text::new(REASON), &|reason| engage(reason, &why));
            }
            let _ = first.try_send(());
            let rest = EVERY.saturating_sub(began.elapsed());
            if stopped.recv_timeout(rest) != Err(channel::RecvTimeoutError::Timeout) {
                return;
            }
        };
        let thread = std::thread::Builder::new().name("health".to_owned()).spawn(work)?;
        // No order before the first word of it.
        let _ = done.recv_timeout(timeout + EVERY);
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

/// Runs it once.
///
/// # Errors
/// How it failed.
pub fn check(argv: &[String], timeout: Duration) -> Result<(), String> {
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
    use std::sync::Arc;
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
}
