//! The hands of this host.
//!
//! What belongs here: starting (`exec`, a step of this program between the
//! fork and the command), knowing what belongs to whom (`own`, `proc`), being
//! told of an end at once (`ends`), and what must hold after this daemon was
//! killed: `ledger`, marks, `guard`.
//! Nobody is signalled but by an identity that holds at that moment.

mod cgroup;
mod ends;
pub mod exec;
mod expand;
pub mod guard;
mod hands;
mod ledger;
mod own;
mod port;
mod proc;
mod secret;
mod spawn;
mod sweep;
mod tidy;

pub use hands::LocalHands;
pub use own::signal_name;
pub use proc::boot;
pub use spawn::Setup;

use std::ffi::OsString;

/// The verbs that a daemon starts of its own program, before any argument is
/// read as an operator's; the status to end with.
#[must_use]
pub fn hidden(mut args: impl Iterator<Item = OsString>) -> Option<u8> {
    let verb = args.nth(1)?;
    if verb == exec::VERB {
        return Some(exec::run());
    }
    if verb == guard::VERB {
        let id = args.next().and_then(|id| id.into_string().ok())?;
        let by = args.next().and_then(|by| by.into_string().ok())?;
        return Some(guard::run(&id, &by));
    }
    None
}
