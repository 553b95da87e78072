//! A reader, a listener that counts, and children that are ended with it.

use crs::domain::mission::{ConsoleLine, LineLevel, MissionAlert};
use crs::mission::lines::{Output as From, Reads, Source};
use crs::mission::output::Output;
use crs::mission::rules::{Alerts, Deed};
use crs::mission::spec::{Daemon, Mission};
use crs::mission::told::{Hears, Told};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Longest wait for what must come.
pub const LIMIT: Duration = Duration::from_mins(1);

/// Counts what it is told; takes so many milliseconds each time.
#[derive(Default)]
pub struct Listener {
    pub slow: Duration,
    pub lines: AtomicU64,
    /// What it heard of level error and above.
    pub errors: Mutex<Vec<String>>,
    pub alerts: Mutex<Vec<MissionAlert>>,
}

impl Hears for Listener {
    fn hear(&self, told: Told) {
        match told {
            Told::Lines(lines) => {
                std::thread::sleep(self.slow);
                self.lines.fetch_add(lines.len() as u64, Ordering::Relaxed);
                let loud = lines.iter().filter(|line| line.level >= LineLevel::Error);
                self.errors.lock().unwrap().extend(loud.map(|line| line.message.to_string()));
            }
            Told::Alert(alert) => self.alerts.lock().unwrap().push((*alert).clone()),
            _ => {}
        }
    }
}

pub struct Rig {
    pub output: Arc<Output>,
    pub listener: Arc<Listener>,
    children: Vec<Child>,
    _alerts: Arc<Alerts>,
}

impl Rig {
    pub fn new(dir: &Path, slow: Duration, daemon: Daemon) -> Self {
        let listener = Arc::new(Listener { slow, ..Listener::default() });
        let mission = Mission { daemon, ..Mission::default() };
        let audited = Arc::new(|_: &Deed| {});
        let alerts = Alerts::start(&mission, Arc::clone(&listener) as _, audited).unwrap();
        let told = Arc::clone(&listener) as _;
        let output = Output::start(&mission, dir, told, Some(Arc::clone(&alerts))).unwrap();
        Self { output, listener, children: Vec::new(), _alerts: alerts }
    }

    /// Runs a script whose output is read; its process id.
    pub fn run(&mut self, name: &str, script: &str) -> u32 {
        let mut command = Command::new("sh");
        command.args(["-c", script]).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (process, pid) = (name.to_owned(), child.id());
        let fd = OwnedFd::from(child.stdout.take().unwrap());
        let output = From::Pipe(fd);
        self.output.attach(Source { process, run: 1, stderr: false, output });
        self.children.push(child);
        pid
    }

    /// Waits until every child has ended, and tells the reader.
    pub fn all_ended(&mut self) {
        for child in &mut self.children {
            child.wait().unwrap();
        }
        self.children.clear();
    }

    /// Whether every child has ended by now.
    pub fn have_ended(&mut self) -> bool {
        self.children.iter_mut().all(|child| child.try_wait().unwrap().is_some())
    }

    pub fn find(&self, text: &str) -> Option<ConsoleLine> {
        self.output.lines(None, LineLevel::Trace, text, 0, 1).pop()
    }

    /// The lines of a process on disk, the oldest first, its own bytes alone.
    pub fn on_disk(&self, process: &str) -> Vec<String> {
        let name = |n: u32| match n {
            0 => format!("{process}.log"),
            n => format!("{process}.log.{n}"),
        };
        let files: Vec<PathBuf> = (0..2_000)
            .map(|n| self.output.logs().join(name(n)))
            .take_while(|path| path.exists())
            .collect();
        let mut lines = Vec::new();
        for path in files.iter().rev() {
            let bytes = std::fs::read(path).unwrap();
            let text = String::from_utf8_lossy(&bytes);
            let own = text.lines().filter(|line| line.as_bytes().get(28) == Some(&b'o'));
            // The last may be on its way.
            lines.extend(own.filter_map(|line| Some(line.get(31..)?.to_owned())));
        }
        lines
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
        self.output.stop();
    }
}
