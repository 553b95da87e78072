//! A mount namespace of one's own: file systems that nobody else sees.

use super::under::Under;
use crate::common::sandbox::end;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Holds the namespace; it goes with this value and the processes in it.
pub struct Private {
    holder: Child,
}

impl Private {
    /// Runs `script` in a fresh namespace, with `$RUN` and `$STATE` for the
    /// directories of latch and state.
    ///
    /// # Errors
    /// Why this machine does not let it.
    pub fn new(under: &Under, script: &str) -> Result<Self, String> {
        let script = format!("set -e; {script}; echo in; exec cat");
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "sh", "-c", &script]);
        command.env("RUN", under.home.path().join("run")).env("STATE", under.state());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut holder = command.spawn().map_err(|e| format!("unshare: {e}"))?;
        let mut line = String::new();
        let _ = BufReader::new(holder.stdout.take().unwrap()).read_line(&mut line);
        if line.trim() == "in" {
            return Ok(Self { holder });
        }
        end(&mut holder);
        let mut why = String::new();
        let _ = holder.stderr.take().unwrap().read_to_string(&mut why);
        Err(format!("no mount namespace: {}", why.trim()))
    }

    /// What stands before a command that runs in there.
    pub fn wrap(&self) -> Vec<String> {
        let at = format!("--mount=/proc/{}/ns/mnt", self.holder.id());
        vec!["nsenter".to_owned(), at]
    }

    /// A path of theirs, for us.
    pub fn at(&self, path: &Path) -> PathBuf {
        let mut all = PathBuf::from(format!("/proc/{}/root", self.holder.id()));
        all.push(path.strip_prefix("/").unwrap());
        all
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        end(&mut self.holder);
    }
}
