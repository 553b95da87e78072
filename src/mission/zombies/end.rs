//! Ending one, with its confirmations.

use super::scan::Scan;
use super::{Find, Known, Who, Zombie, files, never, ports};
use crate::domain::Text;
use crate::host::clock;
use crate::mission::order::Refusal;
use crate::mission::usage::{Stat, stat};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

/// How long one may take to end by itself, and then by SIGKILL.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why it was not done.
pub type Refused = (Refusal, Text);

/// Ends or removes it, if it is still what was found, may be touched, and was
/// confirmed; what was done, as it was seen afterwards.
///
/// # Errors
/// Why not.
pub fn end(zombie: &Zombie, confirm: &str, known: &Known) -> Result<Text, Refused> {
    if let Some(never) = &zombie.never {
        let why = format!("{}: it is never touched from here, since {never}", zombie.why);
        return Err((Refusal::Conflict, Text::new(&why)));
    }
    let wanted = zombie.confirm();
    if confirm != wanted.as_str() {
        let why = format!("type \"{wanted}\" to {}", zombie.action().unwrap_or_default());
        return Err((Refusal::Confirmation, Text::new(&why)));
    }
    let conflict = |why: Text| (Refusal::Conflict, why);
    match &zombie.find {
        Find::Shm(file) | Find::Lock(file) => files::remove(file, known).map_err(conflict),
        Find::Port { who: None, .. } => {
            Err(conflict(Text::new("who holds it is not shown to this user")))
        }
        Find::Orphan(who) => process(who, known),
        Find::Port { port, who: Some(who) } => {
            let scan = Scan::now();
            let now = ports::holders(&scan, &[*port].into());
            let holds = now.iter().any(|(_, now)| now.as_ref().is_some_and(|n| n.who == who.who));
            if !holds {
                let why = format!("pid {} holds port {port} no longer; look again", who.who.pid);
                return Err(conflict(Text::new(&why)));
            }
            let said = process(who, known)?;
            let left = ports::holders(&Scan::now(), &[*port].into());
            Ok(Text::new(&match left.first() {
                None => format!("{said}; port {port} is free"),
                Some((_, Some(other))) => format!(
                    "{said}; port {port} is held by {} (pid {}) now",
                    other.program, other.who.pid
                ),
                Some((_, None)) => format!("{said}; port {port} is held by somebody else now"),
            }))
        }
    }
}

/// Asks it to end, insists, and sees that it did. The handle is of one very
/// process: who gets its number later can't be hit.
fn process(who: &Who, known: &Known) -> Result<Text, Refused> {
    let pid = who.who.pid;
    let gone = || (Refusal::Conflict, Text::new(&format!("pid {pid} is gone already")));
    let failed = |e: Errno| {
        let why = format!("pid {pid} can't be signalled: {e}; it may be another user's");
        (Refusal::Failed, Text::new(&why))
    };
    let raw = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or_else(gone)?;
    let handle = match pidfd_open(raw, PidfdFlags::empty()) {
        Err(Errno::SRCH) => return Err(gone()),
        other => other.map_err(failed)?,
    };
    // Looked at behind the handle: if this is who was meant, so is the handle.
    let scan = Scan::now();
    let Some(now) = stat(pid).filter(Stat::lives) else { return Err(gone()) };
    if !scan.holds(&who.who) || now.start != who.who.start {
        let why = format!("pid {pid} is another process now; look again");
        return Err((Refusal::Conflict, Text::new(&why)));
    }
    if let Some(never) = never::why(&scan, &now, known) {
        let why = format!("pid {pid} is never ended from here, since {never}");
        return Err((Refusal::Conflict, Text::new(&why)));
    }
    for (signal, word) in [(Signal::TERM, "SIGTERM"), (Signal::KILL, "SIGKILL")] {
        match pidfd_send_signal(&handle, signal) {
            Ok(()) => {}
            Err(Errno::SRCH) => return Ok(Text::new(&format!("pid {pid} has ended"))),
            Err(e) => return Err(failed(e)),
        }
        if ended(&handle) {
            return Ok(Text::new(&format!("pid {pid} ({}) ended by {word}", who.program)));
        }
    }
    let why = format!("pid {pid} does not end, not by SIGKILL either: the system holds it");
    Err((Refusal::Failed, Text::new(&why)))
}

/// A handle can be read as soon as its process has ended.
fn ended(handle: &OwnedFd) -> bool {
    let begun = clock::now();
    loop {
        let left = PATIENCE.saturating_sub(clock::now().since(begun));
        let wait = Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(0),
            tv_nsec: i64::from(left.subsec_nanos()),
        };
        let mut fds = [PollFd::from_borrowed_fd(handle.as_fd(), PollFlags::IN)];
        match poll(&mut fds, Some(&wait)) {
            Ok(0) if left.is_zero() => return false,
            Ok(0) | Err(Errno::INTR) => {}
            Ok(_) => return true,
            Err(_) => return false,
        }
    }
}
