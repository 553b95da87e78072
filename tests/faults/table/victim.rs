//! Who is shot under strace, and what must hold of the kill afterwards.

use super::tools::{is_gone, is_traced};
use crate::common::sandbox::{Sandbox, Signal, binary, signal};
use crate::common::wait::until;
use crate::desk::Desk;
use crate::scene::{Scene, exit};
use std::fmt::Debug;
use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const LIMIT: Duration = Duration::from_mins(1);
const KILL: [&str; 7] = ["kill", "--reason", "shot", "--yes", "--json", "--timeout", "40"];

/// Who is shot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// A command that finds an agent.
    Command,
    /// A command that starts the agent; whoever comes first is shot.
    Alone,
    Console,
    Agent,
}

/// A home, and who is shot in it.
pub enum Stage {
    Cli(Box<Scene>),
    Agent(Box<Scene>, u32),
    Console(Box<Desk>),
}

impl Stage {
    pub fn new(who: Who) -> Self {
        if who == Who::Console {
            return Self::Console(Box::new(Desk::open(&["honest"])));
        }
        let mut scene = Box::new(Scene::with(&["honest"]));
        match who {
            Who::Agent => {
                let pid = scene.agent();
                Self::Agent(scene, pid)
            }
            Who::Command => {
                scene.agent();
                Self::Cli(scene)
            }
            _ => Self::Cli(scene),
        }
    }

    pub fn scene(&mut self) -> &mut Scene {
        match self {
            Self::Cli(scene) | Self::Agent(scene, _) => scene,
            Self::Console(desk) => &mut desk.scene,
        }
    }

    /// A process that lives before the key.
    pub fn victim(&self) -> Option<u32> {
        match self {
            Self::Cli(_) => None,
            Self::Agent(_, pid) => Some(*pid),
            Self::Console(desk) => Some(desk.console.pid()),
        }
    }

    /// `crs kill` under strace, which stands aside: the child is the command.
    pub fn traced(&mut self, args: &[&str]) -> Child {
        let home = &self.scene().home;
        let mut command = Command::new("strace");
        command.args(["-D", "-qq"]).args(args).arg(binary()).args(KILL);
        command.env_clear().envs(home.env()).current_dir(home.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    }

    /// The decision, by whoever takes it here.
    pub fn key(&mut self) {
        match self {
            Self::Cli(_) => {}
            Self::Agent(scene, _) => {
                let mut command = scene.command();
                assert_eq!(exit(&mut command), Some(0), "the command stands in");
            }
            Self::Console(desk) => {
                // It may die under the chord already.
                desk.console.keys("\x0b");
                std::thread::sleep(Duration::from_millis(700));
                desk.console.keys("y");
                std::thread::sleep(Duration::from_millis(700));
            }
        }
    }

    /// A dead child of ours, not yet reaped, still has its directory in /proc.
    pub fn ended(&mut self) -> bool {
        match self {
            Self::Console(desk) => desk.console.exit(Duration::ZERO).is_some(),
            Self::Agent(_, pid) => {
                let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
                stat.is_empty() || stat.contains(") Z ")
            }
            Self::Cli(_) => false,
        }
    }

    /// A kill that was taken is proven in the end, by an agent that lives or
    /// by the next one.
    pub fn settled(&mut self, who: Who, step: &impl Debug, was_shot: bool) {
        let scene = self.scene();
        let may_be_nothing = was_shot && who != Who::Agent;
        if may_be_nothing {
            std::thread::sleep(Duration::from_millis(500));
            if !scene.taken() {
                return;
            }
        }
        // Dead between the file and its first word, before anybody else had
        // heard of it: a latch like any that is touched, seen and obeyed.
        let touched = fs::metadata(scene.home.latch()).is_ok_and(|meta| meta.len() == 0);
        let log = scene.home.run(&["audit", "show", "--json"], LIMIT).json();
        let on_record = log.as_array().unwrap().iter().any(|record| record["act"] == "ENGAGE");
        if may_be_nothing && touched && !on_record {
            let now = scene.status();
            assert_eq!((&now["is_engaged"], &now["is_safe"]), (&true.into(), &false.into()));
            return;
        }
        let agent = until(Duration::from_secs(2), || scene.status()["agent_pid"].as_u64());
        if agent.is_none() {
            let now = scene.status();
            assert_eq!(now["is_engaged"], true, "{step:?}: {now:#}");
            scene.agent();
        }
        scene.verified();
    }
}

/// strace, once it holds every one of these threads that still lives: one may
/// end meanwhile, or be shot at its first call before anybody has looked.
pub fn attach(args: &[&str], pid: u32, tids: &[u32], home: &Sandbox) -> Child {
    let mut command = Command::new("strace");
    command.arg("-qq").args(args);
    for tid in tids {
        command.args(["-p", &tid.to_string()]);
    }
    command.env_clear().envs(home.env());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut tracer = command.spawn().unwrap();
    let held = |tid: &u32| is_traced(pid, *tid) || is_gone(pid, *tid);
    let held = until(LIMIT, || tids.iter().all(held).then_some(()));
    assert!(held.is_some(), "strace can't attach to {pid}: {tids:?}, {:?}", tracer.try_wait());
    tracer
}

pub fn detach(tracer: &mut Child) {
    signal(tracer.id(), Signal::INT);
    let _ = exit(tracer);
}
