//! One home with a gateway, an agent and a command in it, and what must hold
//! of them in the end.

use crate::common::peer::Peer;
use crate::common::sandbox::{Outcome, Sandbox, Signal, end, free_port, signal};
use crate::common::wait::until;
use serde_json::Value;
use std::cell::RefCell;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

thread_local! {
    /// The steps of the last kill that this thread saw proven.
    static STEPS: RefCell<Option<Value>> = const { RefCell::new(None) };
}

/// The steps of the kill that this thread saw proven since it asked last, in
/// microseconds since the key, by name.
pub fn steps() -> Option<Value> {
    STEPS.take()
}

/// A verb's longest run, and the longest wait for the proof.
pub const LIMIT: Duration = Duration::from_mins(1);

/// Seeded choices.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// Milliseconds from `low` to below `high`.
    pub fn ms(&mut self, low: u64, high: u64) -> Duration {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        Duration::from_millis(low + self.0 % (high - low))
    }

    /// From 0.1 ms to 3 s, each power of ten as often as the others: the first
    /// steps of a kill and those long after it.
    pub fn spread(&mut self) -> Duration {
        let part = f64::from(u32::try_from(self.below(1_000_000)).unwrap()) / 1e6;
        Duration::from_secs_f64(1e-4 * 30_000_f64.powf(part))
    }

    pub fn below(&mut self, end: u64) -> u64 {
        u64::try_from(self.ms(0, end).as_millis()).unwrap()
    }
}

pub struct Scene {
    pub home: Sandbox,
    /// Where the command believes that the gateway is.
    pub port: u16,
    pub peers: Vec<Peer>,
    agent: Option<Child>,
    began: Instant,
    engaged: bool,
}

impl Scene {
    /// Nobody listens yet.
    pub fn empty() -> Self {
        Self::at(free_port())
    }

    pub fn at(port: u16) -> Self {
        let home = Sandbox::new();
        let dir = home.path().join("home/.config/crs");
        fs::create_dir_all(&dir).unwrap();
        let text = format!(
            "[[gateway]]\nhost = \"127.0.0.1\"\ncmd_port = {port}\ndata_port = 1\n\
             [kill]\nproof_interval_ms = 30\nenforce_interval_ms = 200\n\
             [audit]\nsyslog = \"off\"\n[screen]\nkeep_layout = false\n"
        );
        fs::write(dir.join("config.toml"), text).unwrap();
        Self { home, port, peers: Vec::new(), agent: None, began: Instant::now(), engaged: false }
    }

    /// A Python peer with two positions and these defects.
    pub fn with(behaviours: &[&str]) -> Self {
        let mut scene = Self::empty();
        scene.peer(behaviours);
        scene
    }

    /// Its gateways, for a scene that reaches them over a line.
    pub fn into_peers(mut self) -> Vec<Peer> {
        std::mem::take(&mut self.peers)
    }

    /// Another gateway on the same port.
    pub fn peer(&mut self, behaviours: &[&str]) {
        let mut args = vec!["--positions", "2", "--rate", "0"];
        for one in behaviours {
            args.extend(["--behaviour", one, "--delay", "0.7"]);
        }
        self.gateway(&args);
    }

    /// The same, with arguments of one's own.
    pub fn gateway(&mut self, args: &[&str]) {
        let port = self.port.to_string();
        let args = [&["--cmd-port", &port], args].concat();
        self.peers.push(Peer::start(&args).expect("python with pyzmq"));
    }

    /// More text for the configuration.
    pub fn configure(&self, text: &str) {
        let path = self.home.path().join("home/.config/crs/config.toml");
        let before = fs::read_to_string(&path).unwrap();
        fs::write(path, before + text).unwrap();
    }

    /// An agent whose line to the gateway is proven: a kill needs no greeting.
    pub fn warm_agent(&mut self) -> u32 {
        let pid = self.agent();
        assert!(self.peers.last().unwrap().saw("HEARTBEAT", LIMIT), "no greeting");
        std::thread::sleep(Duration::from_millis(150));
        pid
    }

    /// A verb of `crs`, run to its end.
    pub fn run(&self, args: &[&str]) -> Outcome {
        self.home.run(args, LIMIT)
    }

    /// An agent, as a console would have started it; back when it serves.
    pub fn agent(&mut self) -> u32 {
        let args = self.agent_args();
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let mut command = self.home.crs(&args);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().unwrap();
        let pid = child.id();
        self.agent = Some(child);
        let serves = until(LIMIT, || (self.status()["agent_pid"] == pid).then_some(()));
        assert!(serves.is_some(), "no agent: {:#}", self.status());
        pid
    }

    /// The verb and the arguments of an agent.
    pub fn agent_args(&self) -> Vec<String> {
        let latch = self.home.latch().display().to_string();
        let state = self.home.path().join("home/.local/state/crs").display().to_string();
        let target = format!("main=127.0.0.1:{}", self.port);
        let quick = ["--proof-interval-ms", "30", "--enforce-interval-ms", "200"];
        let args = ["__agent", "--latch", &latch, "--state-dir", &state, "--target", &target];
        args.iter().chain(&quick).map(ToString::to_string).collect()
    }

    /// `crs kill`, running.
    pub fn command(&mut self) -> Child {
        self.began = Instant::now();
        let args = ["kill", "--reason", "fault", "--yes", "--json", "--timeout", "40"];
        let mut command = self.home.crs(&args);
        let said = fs::OpenOptions::new().create(true).append(true).open(self.report()).unwrap();
        command.stdout(said).stderr(Stdio::null());
        command.spawn().unwrap()
    }

    /// What the commands have said so far.
    fn report(&self) -> PathBuf {
        self.home.path().join("kill.json")
    }

    /// The steps as a command told them that lived to see the proof: it alone
    /// knows when its own gate was closed.
    fn told(&self) -> Option<Value> {
        let text = fs::read_to_string(self.report()).ok()?;
        let said = serde_json::Deserializer::from_str(&text).into_iter::<Value>();
        said.map_while(Result::ok).find_map(|report| times(&report["gateways"]))
    }

    pub fn status(&self) -> Value {
        let outcome = self.home.run(&["status", "--json"], LIMIT);
        serde_json::from_str(&outcome.stdout).unwrap_or_else(|_| panic!("{outcome:#?}"))
    }

    /// What the switch says now. Once a kill was seen, or anything of it, it
    /// may never be seen safe again.
    fn look(&mut self) -> Value {
        let now = self.status();
        let kills = phases(&now).next().is_some();
        self.engaged |= kills || now["is_engaged"] == true;
        assert!(!self.engaged || now["is_safe"] == false, "FALSE SAFE: {now:#}");
        now
    }

    /// Milliseconds from the command to the proof. On the way the switch may
    /// never be seen safe, and in the end the gateway itself must be flat.
    pub fn verified(&mut self) -> u64 {
        let mut last = Value::Null;
        let proven = until(LIMIT, || {
            last = self.look();
            phases(&last).any(|p| p == "VERIFIED").then_some(())
        });
        let ms = u64::try_from(self.began.elapsed().as_millis()).unwrap();
        assert!(proven.is_some(), "LOST: {last:#}");
        assert_eq!(last["is_engaged"], true, "{last:#}");
        self.flat();
        STEPS
            .set(self.told().or_else(|| times(&last["kill"]).or_else(|| times(&last["recorded"]))));
        ms
    }

    /// What the gateway knows of itself, whatever was told.
    pub fn flat(&self) {
        let open = self.peers.last().unwrap().positions();
        assert_eq!(open, Some(0), "VERIFIED, but {open:?} positions are open");
    }

    /// Nothing is believed for as long as this lasts.
    pub fn never_verified(&mut self, during: Duration) -> u64 {
        let end = Instant::now() + during;
        while Instant::now() < end {
            let now = self.look();
            assert!(phases(&now).all(|p| p != "VERIFIED"), "a lie was believed: {now:#}");
        }
        assert_eq!(self.look()["is_engaged"], true);
        u64::try_from(self.began.elapsed().as_millis()).unwrap()
    }

    /// The process was shot before it took the decision anywhere: then nothing
    /// may have happened at all. True when it was taken.
    pub fn taken(&self) -> bool {
        std::thread::sleep(Duration::from_millis(300));
        if self.status()["is_engaged"] == true {
            return true;
        }
        let sent: usize = self.peers.iter().map(|p| p.count("KILL_SWITCH")).sum();
        assert_eq!(sent, 0, "a kill without a latch");
        false
    }
}

/// How far each gateway is, as the agent or the log says.
pub fn phases(status: &Value) -> impl Iterator<Item = &str> {
    let all = ["kill", "recorded"].into_iter().filter_map(|key| status[key].as_array()).flatten();
    all.filter_map(|progress| progress["phase"].as_str())
}

/// The steps of the first gateway that is proven.
fn times(gateways: &Value) -> Option<Value> {
    let proven = gateways.as_array()?.iter().find(|progress| progress["phase"] == "VERIFIED")?;
    Some(proven["times"].clone())
}

/// The command's own exit status.
pub fn exit(command: &mut Child) -> Option<i32> {
    let status = until(LIMIT, || command.try_wait().unwrap());
    end(command);
    status.and_then(|s| s.code())
}

pub fn shoot(pid: u32) {
    signal(pid, Signal::KILL);
}

impl Drop for Scene {
    fn drop(&mut self) {
        if let Some(agent) = &mut self.agent {
            end(agent);
        }
    }
}
