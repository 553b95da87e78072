//! A Python that has some packages: the system's, else one of our own below
//! `target/`, where pip installs them once.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// An interpreter that can import all of `modules`; where the system's can't,
/// the one of the virtual environment `venv`, with `packages` installed.
pub fn having(venv: &str, modules: &[&str], packages: &[&str]) -> Result<PathBuf, String> {
    let system = PathBuf::from("python3");
    if imports(&system, modules) {
        return Ok(system);
    }
    let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let lock = tmp.join(format!("{venv}.lock"));
    let venv = tmp.join(venv);
    let own = venv.join("bin/python");
    // Test binaries may come here at the same time.
    let lock = File::create(lock).map_err(|e| e.to_string())?;
    lock.lock().map_err(|e| e.to_string())?;
    if imports(&own, modules) {
        return Ok(own);
    }
    run(Command::new(&system).args(["-m", "venv", "--clear"]).arg(&venv))?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    run(Command::new(&own).args(pip).args(packages))?;
    let all = || format!("{packages:?} were installed but can't be imported");
    imports(&own, modules).then_some(own).ok_or_else(all)
}

fn imports(python: &Path, modules: &[&str]) -> bool {
    let mut probe = Command::new(python);
    let line = format!("import {}", modules.join(", "));
    probe.args(["-c", &line]).stdin(Stdio::null()).stderr(Stdio::null());
    probe.status().is_ok_and(|s| s.success())
}

fn run(command: &mut Command) -> Result<(), String> {
    let out = command.stdin(Stdio::null()).output().map_err(|e| format!("{command:?}: {e}"))?;
    let words = String::from_utf8_lossy(&out.stderr);
    if out.status.success() { Ok(()) } else { Err(format!("{command:?}: {words}")) }
}
