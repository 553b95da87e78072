//! Who is never ended from here, whatever is typed.

use super::Known;
use super::files::is_latch;
use super::scan::{self, Scan};
use crate::domain::Text;
use crate::mission::usage::Stat;
use std::fs;

/// The agent's verb: it carries out kills.
const AGENT: &[u8] = b"__agent";

/// Why this one is never ended; none: it may be.
#[must_use]
pub fn why(scan: &Scan, stat: &Stat, known: &Known) -> Option<Text> {
    let own = std::process::id();
    let said = if stat.pid <= 1 {
        "it is the first process of this host"
    } else if stat.kernel || stat.pid == 2 || stat.parent == 2 {
        "it is a thread of the kernel"
    } else if stat.pid == own {
        "it is this program itself"
    } else if scan.line(own).any(|line| line.pid == stat.pid) {
        "this program descends from it"
    } else if lets_in(stat) {
        "it lets operators in"
    } else if is_agent(stat.pid) {
        "it is the agent that carries out kills"
    } else if scan::files(stat.pid).any(|file| is_latch(&file, &known.latches)) {
        "it has a latch open"
    } else {
        return under(scan, stat, known);
    };
    Some(Text::new(said))
}

/// `sshd`, `sshd-session`, `sshd-auth`: by its name, or by its program where it
/// has given itself another.
fn lets_in(stat: &Stat) -> bool {
    let exe = fs::read_link(format!("/proc/{}/exe", stat.pid)).ok();
    let program = exe.as_ref().and_then(|exe| exe.file_name()?.to_str());
    stat.comm.starts_with("sshd") || program.is_some_and(|name| name.starts_with("sshd"))
}

fn is_agent(pid: u32) -> bool {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    line.split(|b| *b == 0).nth(1) == Some(AGENT)
}

/// It lives under the supervision, which has its own verbs for it.
fn under(scan: &Scan, stat: &Stat, known: &Known) -> Option<Text> {
    let name = owner(scan, stat, known)?;
    Some(Text::new(&format!(
        "it belongs to {name}, which the daemon runs: crs mission stop {name}"
    )))
}

/// The process of the mission that this one belongs to, as long as the
/// supervision has it in hand: by descent, session, group or mark.
#[must_use]
pub fn owner<'a>(scan: &Scan, stat: &Stat, known: &'a Known) -> Option<&'a str> {
    let mark = scan::mark(stat.pid, &known.id);
    known
        .recorded
        .iter()
        .filter(|one| one.owned)
        .find(|one| {
            let marked =
                || mark.as_ref().is_some_and(|(name, run)| *name == one.name && *run == one.run);
            let leads = || {
                scan.holds(&one.who)
                    && (stat.session == one.who.pid
                        || stat.group == one.who.pid
                        || scan.line(stat.pid).any(|line| line.pid == one.who.pid))
            };
            marked() || leads()
        })
        .map(|one| one.name.as_str())
}
