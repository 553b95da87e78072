//! One home with a daemon in it.

use crate::common::sandbox::{Outcome, Sandbox, Signal, free_port, signal};
use crate::common::wait::until;
use crate::stage::{SOON, Services, TOKEN};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Stdio};

/// The embedded mission file, as it is shipped.
const SHIPPED: &str = include_str!("../../profiles/mission.toml");

/// The home; what still runs in it ends with this value.
pub struct Rig {
    pub home: Sandbox,
    _services: Services,
    daemon: Option<Child>,
}

impl Rig {
    /// A home whose mission is the shipped one, on ports of its own, with
    /// `more` behind it.
    pub fn new(change: impl FnOnce(String) -> String) -> Self {
        let home = Sandbox::new();
        let services = Services::start();
        let [cmd, data, gateway, engine, sentinel, metrics, hidden] =
            std::array::from_fn(|_| free_port());
        let config = format!(
            "events = [\"127.0.0.1:{gateway}\", \"127.0.0.1:{engine}\", \"127.0.0.1:{sentinel}\"]\n\
             [[gateway]]\nhost = \"127.0.0.1\"\ncmd_port = {cmd}\ndata_port = {data}\n\
             [paper]\ncmd_port = {cmd}\ndata_port = {data}\nevents_port = {gateway}\n\
             [eodhd]\nbase_url = \"http://127.0.0.1:{0}\"\nmax_age_h = 0\n\
             [hub]\nport = {0}\ntimeout_ms = 400\n[audit]\nsyslog = \"off\"\n",
            services.port
        );
        let dir = home.path().join("home/.config/crs");
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("config.toml"), config).unwrap();
        let ports = [
            ("5555", cmd),
            ("5556", data),
            ("5557", gateway),
            ("5560", engine),
            ("5559", sentinel),
            ("5567", hidden),
            ("8000", metrics),
        ];
        // In two steps: a port of ours may look like one that is shipped.
        let mut mission = SHIPPED.to_owned();
        for (place, (shipped, _)) in ports.iter().enumerate() {
            mission = mission.replace(shipped, &format!("<{place}>"));
        }
        for (place, (_, own)) in ports.iter().enumerate() {
            mission = mission.replace(&format!("<{place}>"), &own.to_string());
        }
        // A cycle each second, so that a test need not wait for second 58.
        mission = mission
            .replace("\"sentinel\", \"--live\"", "\"sentinel\", \"--live\", \"--every\", \"1s\"");
        fs::write(dir.join("mission.toml"), change(mission)).unwrap();
        Self { home, _services: services, daemon: None }
    }

    /// A daemon, and its socket.
    pub fn serve(&mut self) {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.home.path().join("daemon.log"))
            .unwrap();
        let mut command = self.home.crs(&["mission", "serve"]);
        command.env("EODHD_API_TOKEN", TOKEN);
        command.stdout(log.try_clone().unwrap()).stderr(log).stdin(Stdio::null());
        self.daemon = Some(command.spawn().unwrap());
        let there = until(SOON, || UnixStream::connect(self.socket()).ok());
        assert!(there.is_some(), "no daemon: {}", self.said());
    }

    pub fn dir(&self) -> PathBuf {
        self.home.path().join("home/.local/state/crs/mission")
    }

    pub fn socket(&self) -> PathBuf {
        self.dir().join("mission.sock")
    }

    /// What the daemon has said.
    pub fn said(&self) -> String {
        fs::read_to_string(self.home.path().join("daemon.log")).unwrap_or_default()
    }

    /// Ends the daemon as power would not, but `kill -9` does.
    pub fn shoot(&mut self) {
        let mut daemon = self.daemon.take().unwrap();
        signal(daemon.id(), Signal::KILL);
        let _ = daemon.wait();
    }

    /// Ends it politely; its status.
    pub fn end(&mut self) -> Option<i32> {
        self.ask_to_end();
        self.ended()
    }

    /// Asks the daemon to end, and does not wait.
    pub fn ask_to_end(&self) {
        signal(self.daemon.as_ref().unwrap().id(), Signal::TERM);
    }

    /// Waits for its end; its status.
    pub fn ended(&mut self) -> Option<i32> {
        let mut daemon = self.daemon.take().unwrap();
        let status = until(SOON, || daemon.try_wait().unwrap());
        assert!(status.is_some(), "the daemon does not end: {}", self.said());
        status?.code()
    }

    /// Runs a verb to its end.
    pub fn run(&self, args: &[&str]) -> Outcome {
        self.home.run(args, SOON)
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let mut line = UnixStream::connect(self.socket()).unwrap();
        line.set_read_timeout(Some(SOON)).unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: mission\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        line.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        line.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).and_then(|s| s.parse().ok());
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        let status = status.unwrap_or_else(|| panic!("{method} {path}: {answer}"));
        (status, serde_json::from_str(body).unwrap_or(Value::Null))
    }

    pub fn get(&self, path: &str) -> Value {
        let (status, page) = self.ask("GET", path, "");
        assert_eq!(status, 200, "{path}: {page}");
        page
    }

    pub fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.ask("POST", path, &body.to_string())
    }

    pub fn launch(&self, mode: &str) -> (u16, Value) {
        self.post("/api/launch", &json!({ "mode": mode }))
    }

    pub fn status(&self) -> Value {
        self.get("/api/status")
    }

    /// Waits until the last launch has ended; how.
    pub fn launched(&self, mode: &str) -> String {
        let ended = until(SOON, || {
            let status = self.status();
            let launch = &status["launch"];
            let over = launch["mode"] == mode && launch["phase"] != "running";
            over.then(|| launch["phase"].as_str().unwrap().to_owned())
        });
        ended.unwrap_or_else(|| panic!("{mode}: {:#}\n{}", self.status(), self.said()))
    }

    /// Launches and waits; how it ended.
    pub fn enter(&self, mode: &str) -> String {
        let (status, answer) = self.launch(mode);
        assert!(status < 300, "{mode}: {status} {answer}");
        self.launched(mode)
    }

    /// The record of one process.
    pub fn record(&self, name: &str) -> Value {
        let status = self.status();
        let all = status["processes"].as_array().unwrap();
        all.iter().find(|record| record["name"] == name).unwrap().clone()
    }

    /// Who is up and ready, in the order of the file.
    pub fn ready(&self) -> Vec<String> {
        let status = self.status();
        let all = status["processes"].as_array().unwrap();
        let ready = all.iter().filter(|r| r["state"] == "running" && r["ready"] == true);
        ready.map(|record| record["name"].as_str().unwrap().to_owned()).collect()
    }

    /// Processes of this home whose command line has all of `words`.
    pub fn living(&self, words: &[&str]) -> Vec<u32> {
        let has = |pid: &u32| {
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let words_of: Vec<&[u8]> = line.split(|b| *b == 0).collect();
            words.iter().all(|word| words_of.contains(&word.as_bytes()))
        };
        self.home.processes().into_iter().filter(has).collect()
    }
}
