//! A program that is run for a look: argument by argument, without a shell,
//! and ended with everything it started when the time is up.

use super::look::Wrong;
use super::net::Until;
use crate::domain::Text;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{ioctl_fionbio, read};
use rustix::process::{Pid, Signal, kill_process_group};
use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// What is kept of an output, in bytes.
const MOST: usize = 16_384;
/// How long one is waited for after it was told to end.
const LAST: Duration = Duration::from_millis(20);

/// How a program ended.
pub struct Done {
    /// Its status; none after a signal.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    status: ExitStatus,
}

impl Done {
    /// `status 3`, `signal 9`.
    pub fn how(&self) -> String {
        match (self.code, self.status.signal()) {
            (Some(code), _) => format!("status {code}"),
            (None, Some(signal)) => format!("signal {signal}"),
            (None, None) => String::from("no status"),
        }
    }

    /// The first line that it said, of what went wrong before the rest.
    pub fn words(&self) -> Text {
        let line = |text: &str| text.lines().map(str::trim).find(|l| !l.is_empty()).map(Text::new);
        line(&self.stderr).or_else(|| line(&self.stdout)).unwrap_or_default()
    }
}

/// A pipe that is read as it comes.
struct Pipe {
    end: Option<OwnedFd>,
    got: Vec<u8>,
}

impl Pipe {
    fn new(end: Option<impl Into<OwnedFd>>) -> Self {
        let end = end.map(Into::into).filter(|fd: &OwnedFd| ioctl_fionbio(fd, true).is_ok());
        Self { end, got: Vec::new() }
    }

    /// Takes what is there; what is beyond the limit is dropped.
    fn drain(&mut self) {
        let Some(fd) = &self.end else { return };
        let mut chunk = [0_u8; 4_096];
        loop {
            match read(fd, &mut chunk) {
                Ok(0) => break,
                Ok(n) => {
                    let room = MOST.saturating_sub(self.got.len()).min(n);
                    self.got.extend_from_slice(chunk.get(..room).unwrap_or_default());
                }
                Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => return,
                Err(_) => break,
            }
        }
        self.end = None;
    }
}

/// Runs `argv` to its end.
pub fn run(argv: &[&str], until: Until) -> Result<Done, Wrong> {
    let [program, rest @ ..] = argv else {
        return Err(Wrong::unknown("no program is named", "name one in argv"));
    };
    let mut command = Command::new(program);
    command.args(rest).env("LC_ALL", "C").process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|e| not_begun(program, &e))?;
    let mut out = Pipe::new(child.stdout.take());
    let mut err = Pipe::new(child.stderr.take());
    let status = wait(&mut child, &mut out, &mut err, until);
    let Some(status) = status else {
        end(&mut child);
        let said = if err.got.is_empty() { &out.got } else { &err.got };
        let said = match super::net::quoted(said) {
            none if none.is_empty() => String::new(),
            words => format!(", it said \"{words}\""),
        };
        return Err(Wrong::failed(
            format!("{} did not end within {}{said}", Text::limited(program, 60), until.words()),
            "run it by hand to see what it waits for",
        ));
    };
    let text = |got: Vec<u8>| String::from_utf8_lossy(&got).into_owned();
    Ok(Done { code: status.code(), stdout: text(out.got), stderr: text(err.got), status })
}

fn not_begun(program: &str, e: &std::io::Error) -> Wrong {
    let shown = Text::limited(program, 60);
    match e.kind() {
        ErrorKind::NotFound => Wrong::unknown(
            format!("{shown} is not installed here"),
            format!("install {shown}, or correct the PATH of this process"),
        ),
        _ => Wrong::unknown(
            format!("{shown} can't be run: {e}"),
            "see its permissions; `crs doctor` shows the limits of this host",
        ),
    }
}

/// Until it ends; what it leaves behind may hold the pipes, and is not waited
/// for.
fn wait(child: &mut Child, out: &mut Pipe, err: &mut Pipe, until: Until) -> Option<ExitStatus> {
    loop {
        out.drain();
        err.drain();
        if let Ok(Some(status)) = child.try_wait() {
            out.drain();
            err.drain();
            return Some(status);
        }
        if until.is_over() {
            return None;
        }
        let mut fds: Vec<PollFd<'_>> = [&out.end, &err.end]
            .into_iter()
            .flatten()
            .map(|fd| PollFd::new(fd, PollFlags::IN))
            .collect();
        // Without pipes it is about to end.
        let nap = Duration::from_millis(if fds.is_empty() { 1 } else { 20 }).min(until.left());
        let nap = Timespec { tv_sec: 0, tv_nsec: i64::from(nap.subsec_nanos()) };
        let _ = poll(&mut fds, Some(&nap));
    }
}

fn end(child: &mut Child) {
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    if let Some(group) = group {
        let _ = kill_process_group(group, Signal::KILL);
    }
    let last = Until::after(LAST);
    while !matches!(child.try_wait(), Ok(Some(_)) | Err(_)) && !last.is_over() {
        std::thread::sleep(Duration::from_millis(1));
    }
}
