//! Programs that are not found here: a warning, since a program may come
//! later, and another machine has others.

use crate::config::Problem;
use crate::domain::Text;
use crate::mission::modes::marks;
use crate::mission::spec::{Look, Mission, Process};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// What of `mission` will not work on this machine, as far as it can be seen.
#[must_use]
pub fn warnings(mission: &Mission) -> Vec<Problem> {
    let mut out = Vec::new();
    for process in &mission.processes {
        if process.host.is_none() {
            here(process, &mut out);
        }
    }
    if !mission.daemon.alert_command.is_empty() {
        let at = crate::config::file::whole(&mission.path.to_string_lossy());
        let words = &mission.daemon.alert_command;
        out.extend(missing(words, None).map(|cause| {
            Problem::new(at, format!("daemon.alert_command: {cause}"), "alerts would not be told")
        }));
    }
    for mode in &mission.modes {
        for process in mode.processes.iter().filter_map(|name| mission.process(name)) {
            let runs = |name: &String| mode.processes.contains(name) || mode.keeps.contains(name);
            for (name, _) in process.depends.iter().filter(|(name, _)| !runs(name)) {
                let cause = format!(
                    "{} depends on {name}, which mode {} does not run",
                    process.name, mode.name
                );
                let next = "it is started there without waiting for it; add it if that is wrong";
                out.push(Problem::new(mode.at.clone().unwrap_or_default(), cause, next));
            }
        }
    }
    out
}

fn here(process: &Process, out: &mut Vec<Problem>) {
    let cwd = process.cwd.as_deref();
    let mut say = |what: &str, cause: Text| {
        let cause = format!("{}: {what}{cause}", process.name);
        out.push(Problem::new(process.at.clone(), cause, "install it, or correct the path"));
    };
    for (what, words) in [("", &process.cmd), ("check: ", &process.check)] {
        if let Some(cause) = missing(words, cwd) {
            say(what, cause);
        }
    }
    for probe in process.ready.iter().chain(&process.live) {
        if let Look::Exec(words) = &probe.look
            && let Some(cause) = missing(words, cwd)
        {
            say("a probe: ", cause);
        }
    }
    for (name, words) in &process.secrets {
        if let Some(cause) = missing(words, cwd) {
            say(&format!("secret {}: ", Text::limited(name, 60)), cause);
        }
    }
    if let Some(cwd) = cwd
        && !cwd.is_dir()
    {
        say("", Text::new(&format!("its directory {} is not there", cwd.display())));
    }
}

/// Why the program of these words can't be run; none where it can, or where
/// only the start will tell.
fn missing(words: &[String], cwd: Option<&Path>) -> Option<Text> {
    let program = words.first()?;
    if marks(program).next().is_some() {
        return None;
    }
    if program.contains('/') {
        let path = cwd.map_or_else(|| PathBuf::from(program), |cwd| cwd.join(program));
        // Relative to the daemon's directory, which is not known here.
        let known = path.is_absolute();
        return (known && !runs(&path))
            .then(|| Text::new(&format!("{} is no program that can be run", path.display())));
    }
    let dirs = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&dirs).any(|dir| runs(&dir.join(program)));
    (!found).then(|| Text::new(&format!("no program \"{program}\" is in PATH")))
}

fn runs(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
}
