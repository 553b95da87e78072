//! The process above the sentinel: it starts it anew when it falls. A release
//! build ends at a panic, and no process survives the kernel's own end; this
//! one does nothing that could fail, so that it is still there afterwards.

use crate::cli::{Exit, Failure, Outcome};
use rustix::process::{Pid, Signal, getppid, kill_process, set_parent_process_death_signal};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Between two looks at the sentinel.
const LOOK: Duration = Duration::from_millis(50);
/// Wait before the first new start; twice as long before each further one.
const BACKOFF: Duration = Duration::from_secs(1);
/// Longest of these waits.
const LONGEST: Duration = Duration::from_secs(30);
/// Who lived so long falls for the first time again.
const STEADY: Duration = Duration::from_mins(2);
/// A sentinel that is told to end gets so long.
const PATIENCE: Duration = Duration::from_millis(900);
/// What a process leaves whose panic was not caught.
const PANICKED: i32 = 101;

/// Runs this program again with the same arguments, until it ends by itself
/// or `stop` comes.
///
/// # Errors
/// Status 1 when the program can't be started.
pub fn keep(stop: &AtomicBool) -> Outcome {
    let mut backoff = BACKOFF;
    for run in 0_u32.. {
        let began = Instant::now();
        let why = match start(run) {
            Ok(mut child) => {
                let Some(status) = wait(&mut child, stop) else { return Ok(Exit::OK) };
                match fallen(status, run) {
                    Some(why) => why,
                    None => return Ok(chosen(status)),
                }
            }
            // One that could be started once is tried again.
            Err(failure) if run > 0 => failure.text,
            Err(failure) => return Err(failure),
        };
        if began.elapsed() >= STEADY {
            backoff = BACKOFF;
        }
        tracing::error!("the sentinel fell ({why}); it starts again in {} s", backoff.as_secs());
        let until = Instant::now() + backoff;
        while Instant::now() < until {
            if stop.load(Ordering::Acquire) {
                return Ok(Exit::OK);
            }
            std::thread::sleep(LOOK);
        }
        backoff = (backoff * 2).min(LONGEST);
    }
    Ok(Exit::FAILED)
}

/// For the sentinel itself: it ends with its keeper, however that one ends.
///
/// # Errors
/// Status 1 when the keeper is gone already.
pub fn follow() -> Result<(), Failure> {
    let told = set_parent_process_death_signal(Some(Signal::TERM));
    told.map_err(|e| Failure::failed(format!("can't follow the keeper: {e}")))?;
    // It may have ended before the line above.
    match getppid() {
        Some(keeper) if !keeper.is_init() => Ok(()),
        _ => Err(Failure::failed("the keeper of this sentinel is gone")),
    }
}

fn start(run: u32) -> Result<Child, Failure> {
    let failed = |e| Failure::failed(format!("the sentinel can't be started: {e}"));
    let exe = std::env::current_exe().map_err(failed)?;
    let mut command = Command::new(exe);
    command.args(std::env::args_os().skip(1)).arg(format!("--kept={run}"));
    command.spawn().map_err(failed)
}

/// Its end; none when the end was asked for, and came.
fn wait(child: &mut Child, stop: &AtomicBool) -> Option<ExitStatus> {
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            return (!stop.load(Ordering::Acquire)).then_some(status);
        }
        if stop.load(Ordering::Acquire) {
            break;
        }
        std::thread::sleep(LOOK);
    }
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, Signal::TERM);
    }
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        if let Ok(Some(_)) = child.try_wait() {
            return None;
        }
        std::thread::sleep(LOOK / 5);
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

/// Why an end is a fall; none for one that it chose. What ran once and can't
/// start again, whatever it says of that, may find its disk, its port or its
/// configuration in order a moment later.
fn fallen(status: ExitStatus, run: u32) -> Option<String> {
    match (status.signal(), status.code()) {
        (Some(signal), _) => Some(format!("signal {signal}")),
        (None, Some(PANICKED)) => Some(String::from("panic")),
        (None, Some(code @ 1..)) if run > 0 => {
            Some(format!("it could not start again, status {code}"))
        }
        _ => None,
    }
}

/// The status that it ended with.
fn chosen(status: ExitStatus) -> Exit {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    code.map_or(Exit::FAILED, Exit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_fall_only_a_good_end_is_chosen() {
        let ended = |code: i32, run| fallen(ExitStatus::from_raw(code << 8), run);
        for code in [1, 2, 64, 78] {
            assert_eq!(ended(code, 0), None, "a first start that fails ends the keeper");
            let why = ended(code, 1).unwrap_or_else(|| panic!("{code} ended the keeper"));
            assert!(why.ends_with(&format!("status {code}")), "{why}");
        }
        assert_eq!((ended(0, 0), ended(0, 7)), (None, None));
        assert_eq!(ended(PANICKED, 0).as_deref(), Some("panic"));
        assert_eq!(fallen(ExitStatus::from_raw(9), 0).as_deref(), Some("signal 9"));
    }
}
