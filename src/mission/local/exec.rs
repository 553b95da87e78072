//! The step between the fork and the program: `crs __exec` sets its own
//! limits and becomes the program. What it is to do comes over a socket that
//! is its standard input; an error goes back over it, and that it closes says
//! that the program runs. So nothing but the verb is in its arguments.

use crate::domain::Text;
use rustix::fs::{Mode, OFlags};
use rustix::process::{
    Pid, Resource, Rlimit, Signal, getppid, nice, set_parent_process_death_signal, setrlimit,
};
use rustix::thread::{CpuSet, sched_setaffinity};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::Shutdown;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// The verb.
pub const VERB: &str = "__exec";
/// Longest wait for the program to run.
const WAIT: Duration = Duration::from_secs(10);
/// Status of a step that did not become its program.
const FAILED: u8 = 127;

/// What to become, and within which limits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The program's file.
    pub program: PathBuf,
    /// Its name for itself, and its arguments.
    pub argv: Vec<String>,
    /// Working directory.
    pub cwd: PathBuf,
    /// It is to end with this parent.
    pub parent: Option<u32>,
    /// Added to its niceness.
    pub nice: Option<i32>,
    /// Open files.
    pub nofile: Option<u64>,
    /// Address space, in bytes.
    pub address_space: Option<u64>,
    /// Cores.
    pub affinity: Vec<u32>,
    /// Directory of its cgroup.
    pub cgroup: Option<PathBuf>,
}

/// Tells a step that was just started, and waits until its program runs.
///
/// # Errors
/// What the step says, or that it says nothing.
pub fn tell(line: &UnixStream, spec: &Spec) -> Result<(), Text> {
    let silent = |e: std::io::Error| {
        Text::new(&format!("the step before the program broke off: {e}; see `crs doctor`"))
    };
    let mut json = serde_json::to_vec(spec).map_err(|e| Text::new(&e.to_string()))?;
    json.push(b'\n');
    line.set_read_timeout(Some(WAIT)).map_err(silent)?;
    let mut line = line;
    line.write_all(&json).map_err(silent)?;
    let mut said = String::new();
    line.take(4_096).read_to_string(&mut said).map_err(silent)?;
    match said.strip_prefix('!') {
        Some(why) => Err(Text::new(why)),
        // It went without a word only if it became the program.
        None => Ok(()),
    }
}

/// The step itself; comes back only when it failed.
#[must_use]
pub fn run() -> u8 {
    let Some(line) = take_line() else { return FAILED };
    let mut got = Vec::new();
    let read = BufReader::new(&line).take(1 << 20).read_until(b'\n', &mut got);
    let why = match read
        .map_err(|e| e.to_string())
        .and_then(|_| serde_json::from_slice::<Spec>(&got).map_err(|e| e.to_string()))
    {
        Ok(spec) => become_it(&spec),
        Err(why) => why,
    };
    let _ = (&line).write_all(format!("!{why}").as_bytes());
    let _ = line.shutdown(Shutdown::Both);
    FAILED
}

/// Standard input, out of the way of the program, which gets none.
fn take_line() -> Option<UnixStream> {
    let line = rustix::io::fcntl_dupfd_cloexec(std::io::stdin().as_fd(), 3).ok()?;
    let null = rustix::fs::open("/dev/null", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty());
    rustix::stdio::dup2_stdin(null.ok()?).ok()?;
    Some(UnixStream::from(line))
}

fn become_it(spec: &Spec) -> String {
    if let Err(why) = limit(spec) {
        return why;
    }
    let [name, arguments @ ..] = spec.argv.as_slice() else {
        return String::from("no program is named: write one in cmd");
    };
    let e = Command::new(&spec.program).arg0(name).args(arguments).current_dir(&spec.cwd).exec();
    let next = match e.kind() {
        std::io::ErrorKind::NotFound => "see that it, its interpreter and its directory are there",
        std::io::ErrorKind::PermissionDenied => "see that this user may run it",
        _ => "run it by hand to see more",
    };
    format!("{} can't be run: {e}; {next}", spec.program.display())
}

fn limit(spec: &Spec) -> Result<(), String> {
    if let Some(parent) = spec.parent {
        set_parent_process_death_signal(Some(Signal::KILL)).map_err(|e| e.to_string())?;
        // It may have died before that.
        if getppid().map(Pid::as_raw_pid) != i32::try_from(parent).ok() {
            return Err(String::from("the daemon that started it is gone"));
        }
    }
    if let Some(dir) = &spec.cgroup {
        let file = dir.join("cgroup.procs");
        fs::write(&file, "0").map_err(|e| format!("{}: {e}", file.display()))?;
    }
    if let Some(most) = spec.nofile {
        resource(Resource::Nofile, most, "limits.nofile")?;
    }
    if let Some(by) = spec.nice {
        nice(by).map_err(|e| format!("limits.nice = {by}: {e}; less needs privileges"))?;
    }
    if !spec.affinity.is_empty() {
        let mut cores = CpuSet::new();
        for core in &spec.affinity {
            let core = usize::try_from(*core).unwrap_or(usize::MAX);
            if core >= CpuSet::MAX_CPU {
                return Err(format!("limits.affinity: there is no core {core}"));
            }
            cores.set(core);
        }
        sched_setaffinity(None, &cores)
            .map_err(|e| format!("limits.affinity = {:?}: {e}; see `nproc`", spec.affinity))?;
    }
    // Last: it counts for what this step needs, too.
    spec.address_space.map_or(Ok(()), |most| resource(Resource::As, most, "limits.memory"))
}

fn resource(which: Resource, most: u64, key: &str) -> Result<(), String> {
    let limit = Rlimit { current: Some(most), maximum: Some(most) };
    setrlimit(which, limit)
        .map_err(|e| format!("{key} = {most}: {e}; more than this user's own takes privileges"))
}
