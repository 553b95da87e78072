//! A home whose processes run under something: as another user, in a mount
//! namespace of their own, under strace.

use super::eyes::Eye;
use crate::common::console::Console;
use crate::common::peer::Peer;
use crate::common::sandbox::{Sandbox, binary, end, free_port};
use crate::common::wait::until;
use rustix::fs::{Gid, Uid};
use serde_json::Value;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// A verb's longest run, and the longest wait for a proof.
pub const LIMIT: Duration = Duration::from_mins(1);
/// Nobody, for whom permissions hold.
pub const NOBODY: u32 = 65_534;

pub struct Under {
    pub home: Sandbox,
    /// Commands, ticks and telemetry.
    pub ports: [u16; 3],
    /// What stands before every `crs`.
    pub wrap: Vec<String>,
    children: Vec<Child>,
    files: AtomicU32,
}

/// What a verb said and how it ended.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    /// The document on stdout, or the text when it is none.
    pub out: Value,
    pub err: String,
}

impl Under {
    /// Nothing runs yet; `more` is further configuration, after `[kill]`.
    pub fn new(more: &str) -> Self {
        let home = Sandbox::new();
        let ports = [free_port(), free_port(), free_port()];
        let [cmd, data, events] = ports;
        let both = format!("cmd_port = {cmd}\ndata_port = {data}\n");
        let text = format!(
            "events = [\"127.0.0.1:{events}\"]\n\
             [[gateway]]\nhost = \"127.0.0.1\"\n{both}\
             [paper]\n{both}events_port = {events}\n\
             [kill]\nproof_interval_ms = 30\nenforce_interval_ms = 200\n{more}\n"
        );
        let dir = home.path().join("home/.config/crs");
        fs::create_dir_all(&dir).unwrap();
        fs::create_dir_all(home.path().join("home/.local/state")).unwrap();
        fs::write(dir.join("config.toml"), text).unwrap();
        let (wrap, children, files) = (Vec::new(), Vec::new(), AtomicU32::new(0));
        Self { home, ports, wrap, children, files }
    }

    /// From here on everything runs as nobody, who owns the home.
    pub fn as_nobody(&mut self) {
        if rustix::process::geteuid().is_root() {
            give(self.home.path());
            let id = NOBODY.to_string();
            let words = ["setpriv", "--reuid", &id, "--regid", &id, "--clear-groups"];
            self.wrap.extend(words.map(str::to_owned));
        }
    }

    /// A Python peer with two positions and these defects.
    pub fn peer(&self, behaviours: &[&str]) -> Peer {
        let port = self.ports[0].to_string();
        let mut args = vec!["--positions", "2", "--rate", "0", "--cmd-port", &port];
        for one in behaviours {
            args.extend(["--behaviour", one]);
        }
        Peer::start(&args).expect("python with pyzmq")
    }

    /// A paper gateway, once it answers.
    pub fn gateway(&mut self) {
        self.start(&mut self.crs(&["gateway"]));
        let beat = self.run(&["heartbeat", "--timeout", "30"]);
        assert_eq!(beat.code, Some(0), "{beat:#?}");
    }

    /// An agent, as a console would have started it; back when it serves.
    pub fn agent(&mut self) -> u32 {
        let args = self.agent_args();
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let pid = self.start(&mut self.crs(&args));
        let serves = until(LIMIT, || (self.status()["agent_pid"] == pid).then_some(()));
        assert!(serves.is_some(), "no agent: {:#}", self.status());
        pid
    }

    /// The verb and the arguments of an agent.
    pub fn agent_args(&self) -> Vec<String> {
        let latch = self.home.latch().display().to_string();
        let target = format!("main=127.0.0.1:{}", self.ports[0]);
        let quick = ["--proof-interval-ms", "30", "--enforce-interval-ms", "200"];
        let args = ["__agent", "--latch", &latch, "--target", &target];
        args.iter().chain(&quick).map(ToString::to_string).collect()
    }

    /// Starts what ends with this value.
    pub fn start(&mut self, command: &mut Command) -> u32 {
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let pid = child.id();
        self.children.push(child);
        pid
    }

    /// Ends a process that [`Under::start`] started.
    pub fn end(&mut self, pid: u32) {
        self.children.iter_mut().filter(|child| child.id() == pid).for_each(end);
    }

    /// Ends all of them.
    pub fn end_all(&mut self) {
        self.children.iter_mut().for_each(end);
    }

    /// `crs` under everything that this home is under.
    pub fn crs(&self, args: &[&str]) -> Command {
        let program = binary();
        let all = [&[program.to_str().unwrap()], args].concat();
        self.any(&all)
    }

    /// Any program of this home, under the same.
    pub fn any(&self, args: &[&str]) -> Command {
        let mut words = self.wrap.iter().map(String::as_str).chain(args.iter().copied());
        let mut command = Command::new(words.next().unwrap());
        command.args(words).env_clear().envs(self.home.env()).current_dir(self.home.path());
        command.stdin(Stdio::null());
        command
    }

    /// Runs a verb to its end.
    pub fn run(&self, args: &[&str]) -> Said {
        self.finish(&mut self.crs(args))
    }

    /// Runs a command to its end, which must come.
    pub fn finish(&self, command: &mut Command) -> Said {
        let n = self.files.fetch_add(1, Ordering::Relaxed);
        let [out, err] = ["out", "err"].map(|w| self.home.path().join(format!("tmp/{w}-{n}")));
        let to = |path: &Path| File::create(path).unwrap();
        let mut child = command.stdout(to(&out)).stderr(to(&err)).spawn().unwrap();
        let status = until(LIMIT, || child.try_wait().unwrap());
        end(&mut child);
        let text = |path: &Path| {
            let bytes = fs::read(path).unwrap();
            fs::remove_file(path).unwrap();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let (out, err) = (text(&out), text(&err));
        assert!(status.is_some(), "{command:?} hangs: {out} {err}");
        let out = serde_json::from_str(&out).unwrap_or(Value::String(out));
        Said { code: status.and_then(|s| s.code()), out, err }
    }

    /// The document that a command prints; it may go on and is ended later:
    /// a process with a thread that hangs in the kernel can't end.
    pub fn document(&mut self, command: &mut Command) -> Value {
        let path = self.home.path().join(format!("tmp/document-{}", self.children.len()));
        let to = File::create(&path).unwrap();
        self.children.push(command.stdout(to).stderr(Stdio::null()).spawn().unwrap());
        let read = || serde_json::from_slice(&fs::read(&path).unwrap()).ok();
        until(LIMIT, read).unwrap_or_else(|| panic!("{command:?} printed no document"))
    }

    pub fn status(&self) -> Value {
        self.run(&["status", "--json"]).out
    }

    /// Asks for the status until it is as wanted.
    pub fn until(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        let found = until(LIMIT, || {
            last = self.status();
            wanted(&last).then_some(())
        });
        assert!(found.is_some(), "never {what}: {last:#}");
        last
    }

    /// `crs kill`, to its end.
    pub fn kill(&self) -> Said {
        self.run(&KILL)
    }

    /// A market order that must be denied before it is sent.
    pub fn denied(&self) {
        let order = self.run(&["order", "EURUSD", "buy", "0.1", "--yes", "--json"]);
        assert_eq!(order.code, Some(3), "{order:#?}");
        assert!(order.out.to_string().contains("denied"), "{order:#?}");
    }

    /// The screen of a console of this home.
    pub fn console(&self) -> Console {
        let program = binary();
        let mut words = self.wrap.clone();
        words.extend([program.to_str().unwrap().to_owned(), "console".to_owned()]);
        let args: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
        Console::start(&self.home, Path::new(&words[0]), &args, 120, 40)
    }

    /// The private directory of the latch, below `state`.
    pub fn private_in(state: &Path) -> Option<PathBuf> {
        let entries = fs::read_dir(state).ok()?;
        let mut dirs = entries.filter_map(Result::ok).map(|entry| entry.path());
        dirs.find(|dir| dir.file_name().is_some_and(|n| n.to_string_lossy().starts_with("latch-")))
    }

    /// Where state, audit log and socket are.
    pub fn state(&self) -> PathBuf {
        self.home.path().join("home/.local/state/crs")
    }

    /// The stand-in of the latch.
    pub fn stand_in(&self) -> PathBuf {
        Self::private_in(&self.state()).unwrap().join("latch.fallback")
    }

    /// Listens to what the agent tells its clients, once there is one.
    pub fn hear_agent(&self) -> Eye {
        let eye = until(LIMIT, || Eye::agent(&Self::private_in(&self.state())?.join("agent.sock")));
        eye.expect("an agent that listens")
    }
}

/// How every row kills.
pub const KILL: [&str; 7] = ["kill", "--reason", "fault", "--yes", "--json", "--timeout", "40"];

/// Microseconds from the key to a step, as a report of `crs kill` has it.
pub fn step(report: &Value, name: &str) -> Option<Duration> {
    report["gateways"][0]["times"][name].as_u64().map(Duration::from_micros)
}

/// How far the gateway is, as the agent or the log says.
pub fn phases(status: &Value) -> Vec<&str> {
    let all = ["kill", "recorded"].iter().filter_map(|key| status[key].as_array()).flatten();
    all.filter_map(|progress| progress["phase"].as_str()).collect()
}

/// Everything below `dir` becomes nobody's.
fn give(dir: &Path) {
    let (uid, gid) = (Some(Uid::from_raw(NOBODY)), Some(Gid::from_raw(NOBODY)));
    rustix::fs::chown(dir, uid, gid).unwrap();
    for path in fs::read_dir(dir).into_iter().flatten().flatten().map(|e| e.path()) {
        give(&path);
    }
}

impl Drop for Under {
    fn drop(&mut self) {
        self.children.iter_mut().for_each(end);
    }
}
