//! The output of a process over there, byte by byte into a pipe of this
//! daemon's: where the line breaks, it goes on at the byte at which it
//! stopped, and who reads the pipe hears nothing of it.

use super::ask::{Ask, Known};
use super::script;
use super::start;
use crate::config::RemoteSettings;
use crate::host::clock;
use crate::mesh::remote::ssh;
use crate::mission::spec::Host;
use std::io::{PipeWriter, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Between two looks at a line that is open.
const TICK: Duration = Duration::from_millis(50);
/// First wait before a broken line is made anew, and the longest.
const WAITS: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(5)];
/// How long a process's last bytes are still fetched after it is known to
/// have ended.
const LAST: Duration = Duration::from_mins(1);
/// Longest noise of a login before the first byte.
const NOISE: usize = 65_536;

/// One stream.
#[derive(Debug, Default)]
struct Stream {
    /// Bytes handed over so far.
    at: AtomicU64,
}

/// What the threads of one process share.
#[derive(Debug)]
struct Line {
    streams: [Stream; 2],
    /// How many there will be, once the process has ended.
    want: [AtomicU64; 2],
    /// When it was known to have ended, in nanoseconds since boot; 0: not yet.
    ended: AtomicU64,
    stop: AtomicBool,
}

impl Line {
    fn at(&self) -> [u64; 2] {
        [0, 1].map(|n| self.stream(n).at.load(Ordering::SeqCst))
    }

    fn stream(&self, n: usize) -> &Stream {
        let [out, err] = &self.streams;
        if n == 0 { out } else { err }
    }

    fn all(&self) -> bool {
        let [out, err] = self.at();
        let [want_out, want_err] = &self.want;
        out >= want_out.load(Ordering::SeqCst) && err >= want_err.load(Ordering::SeqCst)
    }

    fn over(&self) -> bool {
        let ended = self.ended.load(Ordering::SeqCst);
        let late = || Duration::from_nanos(clock::mono_ns().saturating_sub(ended)) > LAST;
        self.stop.load(Ordering::SeqCst) || ended > 0 && (self.all() || late())
    }
}

/// Follows one process; dropped, it stops.
#[derive(Debug)]
pub struct Follower {
    line: Arc<Line>,
    thread: Option<JoinHandle<()>>,
}

/// Whom to follow, from where on, and where the place is kept.
#[derive(Clone, Debug)]
pub struct Route {
    /// How `ssh` is called.
    pub remote: RemoteSettings,
    /// The machine.
    pub host: Host,
    /// The process.
    pub who: Known,
    /// First bytes not read yet.
    pub from: [u64; 2],
    /// The file that keeps them for the next daemon.
    pub kept: PathBuf,
}

impl Follower {
    /// Follows; the bytes of the two streams go into these pipes, and their
    /// end is the end of the run.
    ///
    /// # Errors
    /// When this host has no thread.
    pub fn start(route: Route, pipes: [PipeWriter; 2]) -> std::io::Result<Self> {
        let [out, err] = route.from;
        let line = Arc::new(Line {
            streams: [Stream { at: out.into() }, Stream { at: err.into() }],
            want: [AtomicU64::new(u64::MAX), AtomicU64::new(u64::MAX)],
            ended: AtomicU64::new(0),
            stop: AtomicBool::new(false),
        });
        let shared = Arc::clone(&line);
        let thread = std::thread::Builder::new()
            .name(format!("far-{}", route.who.name))
            .spawn(move || follow(&route, &shared, &pipes))?;
        Ok(Self { line, thread: Some(thread) })
    }

    /// The process ended after so many bytes; the first time it is told,
    /// waits a little until they came.
    pub fn ended(&self, bytes: Option<[u64; 2]>, patience: Duration) {
        let [out, err] = bytes.unwrap_or_else(|| self.line.at());
        let [want_out, want_err] = &self.line.want;
        want_out.store(out, Ordering::SeqCst);
        want_err.store(err, Ordering::SeqCst);
        let now = clock::mono_ns();
        let order = Ordering::SeqCst;
        if self.line.ended.compare_exchange(0, now, order, order).is_ok() {
            self.wait(patience);
        }
    }

    fn wait(&self, patience: Duration) {
        let begun = clock::now();
        let runs = || self.thread.as_ref().is_some_and(|thread| !thread.is_finished());
        while runs() && clock::now().since(begun) < patience {
            clock::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.line.stop.store(true, Ordering::SeqCst);
        self.wait(Duration::from_secs(1));
        // One that a full pipe holds ends with its reader, and is not waited for.
        if let Some(thread) = self.thread.take().filter(JoinHandle::is_finished) {
            let _ = thread.join();
        }
    }
}

fn follow(route: &Route, line: &Line, pipes: &[PipeWriter; 2]) {
    let [first, longest] = WAITS;
    let mut wait = first;
    while !line.over() {
        let before = line.at();
        if let Some(child) = open(route, line) {
            carry(child, route, line, pipes);
        }
        keep(route, line, pipes);
        wait = if line.at() == before { (wait * 2).min(longest) } else { first };
        let begun = clock::now();
        while !line.over() && clock::now().since(begun) < wait {
            clock::sleep(TICK);
        }
    }
}

/// The client, and the marker behind which the bytes begin. What `ssh` itself
/// says goes nowhere: a look says why a machine can't be asked.
fn open(route: &Route, line: &Line) -> Option<(Child, String)> {
    let marker = ssh::marker();
    let [out, err] = line.at();
    let ask = Ask::Follow { who: route.who.clone(), out, err };
    let (command, input) = script::command(&route.host, &ask, &marker);
    let mut child = Command::new("ssh")
        .args(["-E", "/dev/null"])
        .args(ssh::arguments(&route.remote, &command))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    if let Some(stdin) = &mut child.stdin {
        // Short enough for a pipe; where it fails, the client's end is seen.
        let _ = stdin.write_all(&input);
    }
    Some((child, marker))
}

/// Until the line breaks, or everything came. The client's standard input
/// stays open as long as this daemon lives: its end ends the other side.
fn carry(
    (mut child, marker): (Child, String),
    route: &Route,
    line: &Line,
    pipes: &[PipeWriter; 2],
) {
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let [out_pipe, err_pipe] = pipes;
    std::thread::scope(|scope| {
        if let Some(out) = out {
            scope.spawn(|| copy(out, &marker, line, line.stream(0), out_pipe));
        }
        if let Some(err) = err {
            scope.spawn(|| copy(err, &marker, line, line.stream(1), err_pipe));
        }
        let mut ticks = 0_u32;
        while matches!(child.try_wait(), Ok(None)) && !line.over() {
            clock::sleep(TICK);
            ticks += 1;
            if ticks.is_multiple_of(20) {
                keep(route, line, pipes);
            }
        }
        let _ = child.kill();
        let _ = child.wait();
    });
}

/// What comes behind the marker, counted once it is handed over.
fn copy(mut from: impl Read, marker: &str, line: &Line, stream: &Stream, mut to: &PipeWriter) {
    let mut noise = Some(Vec::new());
    let mut chunk = vec![0_u8; 65_536];
    loop {
        let got = match from.read(&mut chunk) {
            Ok(0) => return,
            Ok(n) => chunk.get(..n).unwrap_or_default(),
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(_) => return,
        };
        let begun;
        let bytes = match &mut noise {
            None => got,
            Some(before) => {
                before.extend_from_slice(got);
                let Some(rest) = behind(before, marker) else {
                    let beyond = before.len().saturating_sub(NOISE);
                    before.drain(..beyond);
                    continue;
                };
                begun = rest.to_vec();
                noise = None;
                &begun
            }
        };
        if to.write_all(bytes).is_err() {
            // Nobody reads this run any more.
            line.stop.store(true, Ordering::SeqCst);
            return;
        }
        stream.at.fetch_add(bytes.len() as u64, Ordering::SeqCst);
    }
}

/// What follows the marker's line.
fn behind<'a>(bytes: &'a [u8], marker: &str) -> Option<&'a [u8]> {
    let begin = format!("{marker} begin");
    let at = memchr::memmem::find(bytes, begin.as_bytes())?;
    let rest = bytes.get(at + begin.len()..)?;
    let end = memchr::memchr(b'\n', rest)?;
    rest.get(end + 1..)
}

/// For the next daemon: what is in a pipe still has not been read by anybody.
fn keep(route: &Route, line: &Line, pipes: &[PipeWriter; 2]) {
    let mut places = line.at();
    for (place, pipe) in places.iter_mut().zip(pipes) {
        *place = place.saturating_sub(rustix::io::ioctl_fionread(pipe).unwrap_or(0));
    }
    let [out, err] = places;
    let text = format!("{} {out} {err}\n", route.who.mark);
    let new = route.kept.with_extension("new");
    if std::fs::write(&new, text).is_ok() {
        let _ = std::fs::rename(&new, &route.kept);
    }
}

/// Where an earlier daemon stopped reading the start of this mark.
#[must_use]
pub fn kept(file: &Path, mark: &str) -> Option<[u64; 2]> {
    let text = std::fs::read_to_string(file).ok()?;
    let mut words = text.split_whitespace();
    words.next().filter(|word| *word == mark && start::is_mark(mark))?;
    Some([words.next()?.parse().ok()?, words.next()?.parse().ok()?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_byte_is_the_one_behind_the_marker() {
        let wire = b"Welcome\nm begin-ish\nm begin\r\nm begin\nx";
        assert_eq!(behind(b"Welcome\nm beg", "m"), None);
        assert_eq!(behind(b"Welcome\nm begin", "m"), None);
        assert_eq!(behind(&wire[20..], "m"), Some(&b"m begin\nx"[..]));
    }
}
