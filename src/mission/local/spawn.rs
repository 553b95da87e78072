//! One start, from the record to a running program.

use super::exec::{self, Spec};
use super::expand::Fill;
use super::{port, proc, secret, sweep::Mark};
use crate::domain::Text;
use crate::mission::hands::{Ident, MARK, Vars};
use crate::mission::spec::{OnDeath, Process};
use rustix::fs::{Access, FallocateFlags, OFlags, access, fallocate};
use std::collections::BTreeMap;
use std::env;
use std::fs::{self, OpenOptions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Sender, channel};

/// Enough for a fork.
const STACK: usize = 256 << 10;

/// What the hands of this host are made from.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The daemon's directory: ledger and kept output.
    pub dir: PathBuf,
    /// This program.
    pub crs: PathBuf,
    /// Processes of this host that are configured: what else an earlier
    /// daemon of the directory left is ended.
    pub names: Vec<String>,
    /// Files that nobody here removes: the latches.
    pub latches: Vec<PathBuf>,
    /// Largest file of kept output, in bytes, that a new start adds to.
    pub kept_bytes: u64,
}

/// Forks, in a thread that lives as long as the hands: PDEATHSIG fires when
/// the thread that forked ends.
#[derive(Debug)]
pub struct Spawner(Sender<(Command, Sender<io::Result<Child>>)>);

impl Spawner {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system has no thread to give.
    pub fn new() -> io::Result<Self> {
        let (ask, asked) = channel::<(Command, Sender<io::Result<Child>>)>();
        let serve = move || {
            for (mut command, answer) in asked {
                let child = command.spawn();
                // Its ends of the pipes must be nobody's but the child's.
                drop(command);
                let _ = answer.send(child);
            }
        };
        let thread = std::thread::Builder::new().name(String::from("mission-spawn"));
        thread.stack_size(STACK).spawn(serve)?;
        Ok(Self(ask))
    }

    fn spawn(&self, command: Command) -> io::Result<Child> {
        let (answer, answered) = channel();
        let gone = || io::Error::other("the thread that starts programs is gone");
        self.0.send((command, answer)).map_err(|_| gone())?;
        answered.recv().map_err(|_| gone())?
    }
}

/// Where its output goes.
pub enum Outlet {
    /// Our ends of two pipes.
    Pipes(OwnedFd, OwnedFd),
    /// Its files, and how long they were.
    Files((PathBuf, u64), (PathBuf, u64)),
}

/// Files of kept output of a process.
#[must_use]
pub fn kept(dir: &Path, name: &str) -> (PathBuf, PathBuf) {
    let dir = dir.join("kept");
    (dir.join(format!("{name}.out")), dir.join(format!("{name}.err")))
}

fn append(path: &Path, most: u64) -> io::Result<(Stdio, u64)> {
    let file = OpenOptions::new().create(true).append(true).open(path)?;
    let mut length = file.metadata()?.len();
    if length > most {
        // Nobody writes it now, and it was read.
        file.set_len(0)?;
        length = 0;
    }
    Ok((file.into(), length))
}

/// Gives back to the disk what was read of kept output, once the file has more
/// than `most` bytes there. Who writes it notices nothing: it keeps its length,
/// and a hole is where those bytes were.
///
/// # Errors
/// The system's; a file system that knows no holes has `EOPNOTSUPP`.
pub fn trim(path: &Path, read: u64, most: u64) -> io::Result<()> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    let file = OpenOptions::new().write(true).custom_flags(flags).open(path)?;
    let meta = file.metadata()?;
    // Blocks are of 512 bytes here, pages of 4,096 where holes begin and end.
    let whole = read.min(meta.len()) & !4_095;
    if !meta.is_file() || meta.blocks().saturating_mul(512) <= most || whole == 0 {
        return Ok(());
    }
    let how = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    Ok(fallocate(&file, how, 0, whole)?)
}

type Outputs = (Outlet, Stdio, Stdio);

fn outputs(setup: &Setup, process: &Process) -> io::Result<Outputs> {
    if process.on_daemon_death == OnDeath::Kill {
        let (out, out_end) = io::pipe()?;
        let (err, err_end) = io::pipe()?;
        return Ok((Outlet::Pipes(out.into(), err.into()), out_end.into(), err_end.into()));
    }
    let (out, err) = kept(&setup.dir, &process.name);
    fs::create_dir_all(setup.dir.join("kept"))?;
    let (out_end, out_from) = append(&out, setup.kept_bytes)?;
    let (err_end, err_from) = append(&err, setup.kept_bytes)?;
    Ok((Outlet::Files((out, out_from), (err, err_from)), out_end, err_end))
}

/// The file of a program, as the command's first word names it.
fn program(word: &str, cwd: &Path, path: Option<&str>) -> Result<PathBuf, String> {
    let runs = |file: &Path| file.is_file() && access(file, Access::EXEC_OK).is_ok();
    if word.contains('/') {
        let file = cwd.join(word);
        return if runs(&file) {
            Ok(file)
        } else if file.exists() {
            Err(format!("{} is no program that may be run; see its permissions", file.display()))
        } else {
            Err(format!("command not found: {}; correct cmd", file.display()))
        };
    }
    let own = env::var("PATH").unwrap_or_default();
    let dirs = env::split_paths(path.unwrap_or(&own)).map(|dir| dir.join(word));
    dirs.into_iter()
        .find(|file| runs(file))
        .ok_or_else(|| format!("command not found: {word}; install it, or write its path into cmd"))
}

/// What is known before the fork.
pub struct Plan {
    spec: Spec,
    environment: BTreeMap<String, String>,
}

/// Reads the record; nothing is started yet but programs that print secrets.
///
/// # Errors
/// The cause and the next step.
pub fn plan(setup: &Setup, process: &Process, vars: &Vars) -> Result<Plan, String> {
    let fill = Fill { vars, crs: &setup.crs, dir: &setup.dir };
    let argv = process.cmd.iter().map(|word| fill.fill(word)).collect::<Result<Vec<_>, _>>()?;
    let Some(first) = argv.first() else {
        return Err(String::from("no program is named: write one in cmd"));
    };
    let cwd = process.cwd.as_ref().map_or_else(|| setup.dir.clone(), |cwd| setup.dir.join(cwd));
    if !cwd.is_dir() {
        return Err(format!("{} is no directory; make it, or correct cwd", cwd.display()));
    }
    let mut environment = BTreeMap::new();
    for (name, value) in &process.env {
        environment.insert(name.clone(), fill.fill(value)?);
    }
    let program = program(first, &cwd, environment.get("PATH").map(String::as_str))?;
    for port in &process.ports {
        if let Some(who) = port::holder(*port) {
            return Err(format!(
                "port {port} is held by {who}; end that one, or correct ports (`crs mission zombies`)"
            ));
        }
    }
    for (name, argv) in &process.secrets {
        environment.insert(name.clone(), secret::ask(name, argv, secret::WAIT)?);
    }
    let limits = &process.limits;
    let spec = Spec {
        program,
        argv,
        cwd,
        parent: (process.on_daemon_death == OnDeath::Kill).then(std::process::id),
        nice: limits.nice,
        nofile: limits.nofile,
        address_space: limits.memory,
        affinity: limits.affinity.clone(),
        cgroup: None,
    };
    Ok(Plan { spec, environment })
}

impl Plan {
    /// It has a cgroup, which limits its memory where `memory`.
    pub fn in_group(&mut self, dir: Option<PathBuf>, memory: bool) {
        self.spec.cgroup = dir;
        if memory {
            self.spec.address_space = None;
        }
    }
}

/// One that runs.
pub struct Started {
    pub child: Child,
    pub who: Ident,
    pub outlet: Outlet,
}

/// Carries a plan out.
///
/// # Errors
/// The cause and the next step; nothing of it lives then.
pub fn start(
    setup: &Setup,
    spawner: &Spawner,
    process: &Process,
    plan: &Plan,
    mark: &str,
) -> Result<Started, String> {
    let short = |e: io::Error| format!("it can't be started: {e}; `crs doctor` shows the limits");
    let (ours, line) = UnixStream::pair().map_err(short)?;
    let (outlet, out, err) = outputs(setup, process).map_err(short)?;
    let mut command = Command::new(&setup.crs);
    command.arg(exec::VERB).envs(&plan.environment).env(MARK, mark);
    command.stdin(OwnedFd::from(line)).stdout(out).stderr(err).process_group(0);
    let mut child = spawner.spawn(command).map_err(|e| {
        format!("{} can't be run: {e}; it is the step before the command", setup.crs.display())
    })?;
    let told = exec::tell(&ours, &plan.spec);
    // Not reaped yet, so nobody else has its number.
    let start = proc::stat(child.id()).map(|stat| stat.start);
    match (told, start) {
        (Ok(()), Some(start)) => {
            let who = Ident { pid: child.id(), start, boot: proc::boot() };
            Ok(Started { child, who, outlet })
        }
        (told, _) => {
            let _ = child.kill();
            let _ = child.wait();
            let why = told.err().unwrap_or_else(|| Text::new("it was gone at once"));
            Err(why.as_str().to_owned())
        }
    }
}

/// The mark of a start.
#[must_use]
pub fn mark(id: &str, by: &str, process: &Process, run: u64) -> String {
    let keep = process.on_daemon_death == OnDeath::Keep;
    Mark { name: process.name.clone(), run, keep, by: by.to_owned() }.write(id)
}
