//! `crs` under strace: system calls that fail, or hang, and what was asked of
//! the system meanwhile.

use super::under::Under;
use crate::common::sandbox::{Signal, end, signal};
use crate::common::wait::until;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// What strace is told, and where it writes.
pub struct Trace {
    args: Vec<String>,
    pub log: PathBuf,
}

impl Trace {
    /// `inject` as strace takes it; with `only`, for calls about these paths.
    pub fn new(under: &Under, name: &str, inject: &str, only: &[PathBuf]) -> Self {
        let log = under.home.path().join(format!("tmp/{name}.strace"));
        let calls = "?open,openat,close,fsync,fdatasync,newfstatat,?mkdir,mkdirat,connect";
        let mut args: Vec<String> =
            ["strace", "-f", "-qq", "--seccomp-bpf"].map(str::to_owned).into();
        args.extend([
            "-e".to_owned(),
            format!("trace={calls}"),
            "-e".to_owned(),
            inject.to_owned(),
        ]);
        args.extend(["-o".to_owned(), log.display().to_string()]);
        for path in only {
            args.extend(["-P".to_owned(), path.display().to_string()]);
        }
        Self { args, log }
    }

    /// Whether this machine lets it.
    ///
    /// # Errors
    /// Why not.
    pub fn works() -> Result<(), String> {
        let mut probe = Command::new("strace");
        probe.args(["-qq", "-o", "/dev/null", "true"]).stdin(Stdio::null());
        let out = probe.output().map_err(|e| format!("strace: {e}"))?;
        let why = || format!("strace: {}", String::from_utf8_lossy(&out.stderr).trim());
        if out.status.success() { Ok(()) } else { Err(why()) }
    }

    /// `crs` from its first system call on.
    pub fn crs(&self, under: &Under, args: &[&str]) -> Command {
        let program = crate::common::sandbox::binary();
        let ours = self.args.iter().map(String::as_str).chain([program.to_str().unwrap()]);
        under.any(&ours.chain(args.iter().copied()).collect::<Vec<_>>())
    }

    /// A process that runs already; back when strace has all its threads.
    pub fn attach(&self, under: &Under, pid: u32) -> Attached {
        let mut words: Vec<&str> = self.args.iter().map(String::as_str).collect();
        // It says that it has attached; and this filter is for children only.
        words.retain(|word| !matches!(*word, "-qq" | "--seccomp-bpf"));
        let pid = pid.to_string();
        words.extend(["-p", &pid]);
        let mut strace = under.any(&words).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(strace.stderr.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        assert!(line.contains("attached"), "{line}");
        // The pipe must have a reader to its end.
        std::thread::spawn(move || said.read_to_end(&mut Vec::new()));
        Attached { strace }
    }

    /// Every descriptor whose sync failed and was tried again, with the lines
    /// that show it; and how many syncs failed.
    pub fn retried(&self) -> (Vec<String>, usize) {
        let text = fs::read_to_string(&self.log).unwrap();
        let mut failed: BTreeMap<&str, &str> = BTreeMap::new();
        let (mut again, mut count) = (Vec::new(), 0);
        for line in text.lines() {
            let call = line.split_once(' ').map_or("", |(_, call)| call.trim_start());
            if let Some(rest) =
                call.strip_prefix("fsync(").or_else(|| call.strip_prefix("fdatasync("))
            {
                let fd = rest.split([')', ' ']).next().unwrap();
                count += 1;
                if let Some(before) = failed.insert(fd, line) {
                    again.push(format!("{before}\n{line}"));
                }
            } else if let Some(rest) = call.strip_prefix("close(") {
                // The number may mean another file from now on.
                failed.remove(rest.split([')', ' ']).next().unwrap());
            }
        }
        (again, count)
    }
}

/// strace at a process; it goes with this value, the process stays.
pub struct Attached {
    strace: Child,
}

impl Drop for Attached {
    fn drop(&mut self) {
        signal(self.strace.id(), Signal::INT);
        // It can't let go of a thread that it holds up.
        let _ = until(Duration::from_millis(500), || self.strace.try_wait().unwrap());
        end(&mut self.strace);
    }
}
