//! What a process is started with, as one word: two starts with the same
//! stamp are the same start.

use crate::domain::Text;
use crate::mission::hands::Vars;
use crate::mission::spec::Process;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// The stamp of a start. Probes, restarts and stops are no part of it: they
/// change under a process that runs. Of the mode only what it uses is.
#[must_use]
pub fn stamp(process: &Process, vars: &Vars) -> Text {
    let p = process;
    let said = (&p.host, &p.cmd, &p.cwd, &p.env, &p.secrets, &p.on_daemon_death, &p.limits);
    let mut text = format!("{said:?}");
    let words = || p.cmd.iter().chain(p.env.values());
    if words().any(|word| word.contains("{settings}")) {
        // The document is rewritten at the same place: its flags are what counts.
        let _ = write!(text, "{:?}", (&vars.mode, &vars.settings, &vars.flags));
    }
    for (key, value) in &vars.flags {
        if words().any(|word| word.contains(&format!("{{mode:{key}}}"))) {
            let _ = write!(text, "{key}={value};");
        }
    }
    let sum = Sha256::digest(text.as_bytes());
    let mut short = String::with_capacity(32);
    for byte in sum.iter().take(16) {
        let _ = write!(short, "{byte:02x}");
    }
    Text::new(&short)
}
