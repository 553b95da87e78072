//! The end of the line: a terminal that is gone, and signals to leave.
//!
//! crossterm's poll doesn't return once the terminal is gone while SIGHUP is
//! ignored, and a console outside the terminal's session gets no SIGHUP at
//! all. So a thread of its own asks the kernel for nothing but the hang-up.

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Builder;

/// Calls `gone` once when the other end of the terminal is gone. The thread
/// waits without waking, and ends with the process or after the call.
///
/// # Errors
/// No thread is to be had.
pub fn watch(terminal: OwnedFd, gone: impl FnOnce() + Send + 'static) -> io::Result<()> {
    Builder::new().name(String::from("hang-up")).spawn(move || {
        if hung_up(&terminal) {
            gone();
        }
    })?;
    Ok(())
}

/// Waits until the terminal is gone; false when the kernel won't say.
fn hung_up(terminal: &impl AsFd) -> bool {
    loop {
        // No event is asked for: hang-up and error are always reported.
        let mut fds = [PollFd::new(terminal, PollFlags::empty())];
        match poll(&mut fds, None) {
            Ok(_) => {
                let ends = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
                if fds.iter().any(|fd| fd.revents().intersects(ends)) {
                    return true;
                }
            }
            Err(Errno::INTR) => {}
            Err(_) => return false,
        }
    }
}

/// Signals that end the console. Once it is dropped they do what they do by
/// default: a program that lingers after its console can still be ended.
#[derive(Debug)]
pub struct SignalWatch(Arc<AtomicBool>);

/// Calls `got` with the number of every SIGHUP, SIGTERM and SIGINT.
///
/// # Errors
/// The handlers can't be set, or no thread is to be had.
pub fn signals(mut got: impl FnMut(i32) + Send + 'static) -> io::Result<SignalWatch> {
    let mut signals = Signals::new([SIGHUP, SIGTERM, SIGINT])?;
    let watch = SignalWatch(Arc::new(AtomicBool::new(false)));
    let over = Arc::clone(&watch.0);
    // The thread stays for as long as the process: between the end of the
    // listening and the default there must be no gap.
    Builder::new().name(String::from("signals")).spawn(move || {
        for signal in signals.forever() {
            if over.load(Ordering::SeqCst) {
                let _ = emulate_default_handler(signal);
            } else {
                got(signal);
            }
        }
    })?;
    Ok(watch)
}

impl Drop for SignalWatch {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Whether a signal means that the terminal is gone.
#[must_use]
pub const fn is_hang_up(signal: i32) -> bool {
    signal == SIGHUP
}

#[cfg(test)]
mod tests {
    use super::*;
    use portable_pty::{PtySize, native_pty_system};
    use std::sync::mpsc;
    use std::time::Duration;

    #[test]
    fn a_terminal_that_goes_is_noticed_and_one_that_stays_is_not() {
        let pair = native_pty_system().openpty(PtySize::default()).unwrap();
        let tty = pair.master.tty_name().unwrap();
        let far = std::fs::OpenOptions::new().read(true).write(true).open(tty).unwrap();
        let (gone, told) = mpsc::channel();
        watch(far.into(), move || gone.send(()).unwrap()).unwrap();
        assert!(told.recv_timeout(Duration::from_millis(200)).is_err(), "it is still there");
        drop(pair);
        told.recv_timeout(Duration::from_secs(10)).expect("the hang-up");
    }
}
