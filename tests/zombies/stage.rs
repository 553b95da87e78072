//! A mission of one process, and processes that stand for what is left of it.

use crate::common::sandbox::{Sandbox, end};
use crate::common::wait::until;
use crs::config::Origin;
use crs::domain::Text;
use crs::mission::hands::Ident;
use crs::mission::hands::MARK;
use crs::mission::spec::{self, Mission, OnDeath, Process};
use crs::mission::usage;
use crs::mission::zombies::{Known, Recorded, Zombie};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

pub const LONG: Duration = Duration::from_mins(1);

/// A child that ends with the test.
pub struct Stray(pub Child);

impl Drop for Stray {
    fn drop(&mut self) {
        end(&mut self.0);
    }
}

impl Stray {
    pub fn pid(&self) -> u32 {
        self.0.id()
    }

    pub fn ident(&self) -> Ident {
        let stat = usage::stat(self.pid()).unwrap();
        Ident { pid: stat.pid, start: stat.start, boot: boot() }
    }

    pub fn gone(&mut self) -> bool {
        until(LONG, || self.0.try_wait().unwrap().map(|_| ())).is_some()
    }

    pub fn lives(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }
}

pub fn boot() -> Text {
    Text::new(std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap().trim())
}

/// Runs a script in a session of its own, with a mark in its environment.
pub fn stray(home: &Sandbox, script: &str, mark: &str) -> Stray {
    let mut command = Command::new("setsid");
    command.args(["sh", "-c", script]).env_clear().envs(home.env());
    if !mark.is_empty() {
        command.env(MARK, mark);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null());
    Stray(command.spawn().unwrap())
}

/// Listens at this port until it is ended.
pub fn listener(home: &Sandbox, port: u16, mark: &str) -> Stray {
    let script = format!(
        "exec python3 -c 'import socket,time\ns=socket.socket()\n\
         s.setsockopt(socket.SOL_SOCKET,socket.SO_REUSEADDR,1)\n\
         s.bind((\"127.0.0.1\",{port}))\ns.listen()\ntime.sleep(1000)'"
    );
    let stray = stray(home, &script, mark);
    let up = until(LONG, || std::net::TcpStream::connect(("127.0.0.1", port)).ok());
    assert!(up.is_some(), "python3 listens");
    stray
}

pub fn process(name: &str) -> Process {
    Process {
        name: name.to_owned(),
        display_name: Text::new(name),
        host: None,
        cmd: vec!["sleep".to_owned(), "1000".to_owned()],
        check: Vec::new(),
        cwd: None,
        env: BTreeMap::new(),
        secrets: BTreeMap::new(),
        depends: Vec::new(),
        ready: Vec::new(),
        live: Vec::new(),
        restart: spec::Restart::default(),
        stop: spec::Stop::default(),
        on_daemon_death: OnDeath::Kill,
        limits: spec::Limits::default(),
        ports: Vec::new(),
        shm: Vec::new(),
        files: Vec::new(),
        locks: Vec::new(),
        growth: None,
        at: Origin::Default,
    }
}

pub fn mission(processes: Vec<Process>) -> Mission {
    Mission { processes, ..Mission::default() }
}

/// What the marks of this test's daemon begin with: others run beside it.
pub fn id(home: &Sandbox) -> String {
    home.path().file_name().unwrap().to_string_lossy().into_owned()
}

pub fn known(home: &Sandbox) -> Known {
    Known {
        id: id(home),
        recorded: Vec::new(),
        latches: vec![home.latch()],
        dir: home.path().to_owned(),
    }
}

pub fn recorded(name: &str, who: Ident, owned: bool) -> Recorded {
    Recorded { name: name.to_owned(), run: 1, who, owned }
}

pub fn of(all: &[Zombie], pid: u32) -> Option<&Zombie> {
    all.iter().find(|zombie| zombie.who().is_some_and(|who| who.who.pid == pid))
}

pub fn in_home(home: &Sandbox, name: &str) -> PathBuf {
    home.path().join(name)
}
