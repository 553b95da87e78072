//! Whether another host sees the latch as this one does: existence of the lock
//! file, read over SSH. Nothing over there is changed.

use super::ssh;
use crate::config::checks::Ssh;
use crate::domain::Text;
use crate::mesh::aside::aside;
use crate::mesh::look::{Good, Means, Seen, Wrong};
use crate::mesh::net::{Until, not_asked};
use std::io::ErrorKind;
use std::time::Instant;

/// What may stand in a path that a shell over there reads.
fn is_plain(path: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "/\\.:_- ".contains(c);
    !path.is_empty() && path.chars().all(fits)
}

/// Looks on both sides, here first.
pub fn look(ssh: &Ssh, path: Option<&str>, windows: bool, means: &Means, until: Until) -> Seen {
    let latch = means.latch.clone();
    let here = aside(until.left(), move || latch.symlink_metadata().map(|_| ()))
        .map_err(|adrift| not_asked(&adrift))?;
    let here = match here {
        Ok(()) => true,
        Err(e) if e.kind() == ErrorKind::NotFound => false,
        Err(e) => {
            let cause = format!("the latch of this host can't be seen: {e}");
            return Err(Wrong::unknown(cause, "run `crs doctor`"));
        }
    };
    let own = means.latch.to_string_lossy();
    let path = path.unwrap_or(&own);
    if !is_plain(path) {
        let cause =
            format!("{} is no path that a shell over there may read", Text::limited(path, 60));
        return Err(Wrong::unknown(cause, "give the path over there as path"));
    }
    let begun = Instant::now();
    let remote = if windows { powershell(path) } else { posix(path) };
    let done = ssh::run(ssh, &remote, until)?;
    let took = Some(begun.elapsed());
    let there = match done.stdout.trim() {
        "ENGAGED" => true,
        "ABSENT" => false,
        "UNREADABLE" => {
            let cause = format!("its directory of {} can't be read", Text::limited(path, 60));
            return Err(Wrong::failed(
                cause,
                "mend it there: a program that can't see the latch trades on",
            ));
        }
        _ => {
            let cause = format!("its answer is none: {}", done.words());
            return Err(Wrong::unknown(cause, "log in by hand; is `windows` of this check right?"));
        }
    };
    match (here, there) {
        (true, true) => Ok(Good { said: String::from("sees it ENGAGED"), took }),
        (false, false) => Ok(Good { said: String::from("sees none"), took }),
        (true, false) => Err(Wrong::failed(
            "the latch holds here, and that host does not see it",
            "make it there by hand now, or stop what trades there",
        )),
        (false, true) => Err(Wrong::failed(
            "that host has a latch, and there is none here",
            "find out who engaged it there; `crs block --reason TEXT` engages it here, too",
        )),
    }
}

fn posix(path: &str) -> String {
    let dir = match path.rsplit_once('/') {
        Some(("", _)) => "/",
        Some((dir, _)) => dir,
        None => ".",
    };
    format!(
        "if test -e '{path}' || test -L '{path}'; then echo ENGAGED; \
         elif test -d '{dir}' && test -x '{dir}'; then echo ABSENT; else echo UNREADABLE; fi"
    )
}

fn powershell(path: &str) -> String {
    format!(
        "powershell -NoProfile -NonInteractive -Command \"if (Test-Path -LiteralPath '{path}') \
         {{'ENGAGED'}} else {{'ABSENT'}}\""
    )
}
