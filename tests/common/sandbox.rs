//! A home of one's own for each test: directories, latch, and an end to every
//! process that was started in it.

use super::wait::until;
pub use rustix::process::Signal;
use rustix::process::{Pid, kill_process};
use std::collections::hash_map::RandomState;
use std::fs;
use std::hash::{BuildHasher, Hasher};
use std::io::Read;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::Duration;

/// Names this home in the environment of every process started in it.
const MARK: &str = "CRS_TEST_HOME";

/// A scratch home. Dropping it ends what still runs in it and removes it.
pub struct Sandbox {
    dir: tempfile::TempDir,
}

/// What a program said and how it ended.
#[derive(Debug)]
pub struct Outcome {
    /// Exit code; none after a signal or when the time was up.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Outcome {
    /// The one JSON document on stdout.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|e| panic!("no JSON document on stdout: {e}\n{self:#?}"))
    }
}

impl Sandbox {
    pub fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("crs-test-").tempdir().unwrap();
        for sub in ["home", "run", "tmp"] {
            fs::create_dir(dir.path().join(sub)).unwrap();
        }
        Self { dir }
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The latch of this home.
    pub fn latch(&self) -> PathBuf {
        self.path().join("run/kill_switch.lock")
    }

    /// The environment of every process of this home, and nothing else.
    pub fn env(&self) -> Vec<(String, String)> {
        let at = |sub: &str| self.path().join(sub).display().to_string();
        let own = [
            ("HOME", at("home")),
            ("XDG_CONFIG_HOME", at("home/.config")),
            ("XDG_STATE_HOME", at("home/.local/state")),
            ("XDG_DATA_HOME", at("home/.local/share")),
            ("XDG_CACHE_HOME", at("home/.cache")),
            ("XDG_RUNTIME_DIR", at("run")),
            ("TMPDIR", at("tmp")),
            ("KILL_SWITCH_FILE", self.latch().display().to_string()),
            ("USER", String::from("tester")),
            ("LANG", String::from("C.UTF-8")),
            ("TERM", String::from("xterm-256color")),
            ("PATH", std::env::var("PATH").unwrap_or_default()),
            (MARK, at("")),
        ];
        own.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }

    /// `crs` with this home's environment.
    pub fn crs(&self, args: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.args(args).env_clear().envs(self.env()).current_dir(self.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs `crs` to its end, which must come within `limit`.
    pub fn run(&self, args: &[&str], limit: Duration) -> Outcome {
        let mut child = self.crs(args).spawn().unwrap();
        let stdout = Drain::start(child.stdout.take().unwrap());
        let stderr = Drain::start(child.stderr.take().unwrap());
        let status = until(limit, || child.try_wait().unwrap());
        end(&mut child);
        let (stdout, stderr) = (stdout.text(), stderr.text());
        let outcome = Outcome { code: status.and_then(|s| s.code()), stdout, stderr };
        assert!(status.is_some(), "crs {args:?} did not end within {limit:?}: {outcome:#?}");
        outcome
    }

    /// Process ids of everything that runs in this home, but this process.
    pub fn processes(&self) -> Vec<u32> {
        let mark = format!("{MARK}={}", self.path().join("").display());
        let mine = |pid: &u32| {
            fs::read(format!("/proc/{pid}/environ"))
                .is_ok_and(|env| env.split(|b| *b == 0).any(|v| v == mark.as_bytes()))
        };
        let pids = fs::read_dir("/proc")
            .unwrap()
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
        pids.filter(|pid| *pid != std::process::id() && mine(pid)).collect()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        for pid in self.processes() {
            signal(pid, Signal::KILL);
        }
    }
}

/// The program under test: `CRS_BIN`, else the one cargo built for the tests.
pub fn binary() -> PathBuf {
    std::env::var_os("CRS_BIN").map_or_else(|| env!("CARGO_BIN_EXE_crs").into(), PathBuf::from)
}

/// Sends a signal to one process by its id.
pub fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, signal);
    }
}

/// Ends and reaps a child.
pub fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

/// A port that was free a moment ago, and below those that the system gives
/// to outgoing connections: one of them would take it before its owner comes.
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    static FROM: OnceLock<u32> = OnceLock::new();
    // Test programs beside this one draw too: from anywhere, in long steps.
    let from = *FROM.get_or_init(|| {
        u32::try_from(RandomState::new().build_hasher().finish() % 20_000).unwrap()
    });
    let next = || 10_000 + (from + NEXT.fetch_add(1, Ordering::Relaxed) * 7_919) % 20_000;
    let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    let mut ports = std::iter::repeat_with(|| u16::try_from(next()).unwrap()).take(20_000);
    ports.find(is_free).unwrap()
}

/// Reads a pipe to its end, or until nobody waits any more: a child's child
/// that kept the pipe must not hold up the test.
struct Drain {
    bytes: Arc<Mutex<Vec<u8>>>,
    thread: thread::JoinHandle<()>,
}

impl Drain {
    fn start(mut from: impl Read + Send + 'static) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&bytes);
        let thread = thread::spawn(move || {
            let mut chunk = [0_u8; 4096];
            while let Ok(n @ 1..) = from.read(&mut chunk) {
                into.lock().unwrap().extend_from_slice(&chunk[..n]);
            }
        });
        Self { bytes, thread }
    }

    fn text(self) -> String {
        let _ = until(Duration::from_secs(1), || self.thread.is_finished().then_some(()));
        String::from_utf8_lossy(&self.bytes.lock().unwrap()).into_owned()
    }
}
