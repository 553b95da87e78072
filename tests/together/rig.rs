//! One home with a gateway, an engine, a sentinel and a console in it.

use crate::common::console::Console;
use crate::common::data;
use crate::common::sandbox::{Outcome, Sandbox, Signal, end, free_port, signal};
use crate::common::wait::until;
use crate::ear::Ear;
use crate::stage::{SOON, Services, TOKEN, get_from};
use crs::host::clock;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Child;

/// A process with its output in a file.
pub struct Process {
    pub name: &'static str,
    child: Child,
}

/// All of it; what still runs ends with this value.
pub struct Rig {
    pub home: Sandbox,
    pub services: Services,
    pub ear: Ear,
    pub console: Console,
    /// Gateway, engine, sentinel.
    pub processes: Vec<Process>,
    metrics: u16,
}

impl Rig {
    /// The console first, so that it hears every decision.
    pub fn start() -> Self {
        let home = Sandbox::new();
        let services = Services::start();
        let [cmd, data, gateway, engine, sentinel, metrics] = std::array::from_fn(|_| free_port());
        let path = |name: &str| home.path().join(name).display().to_string();
        let (engine_log, sentinel_log) = (path("engine.jsonl"), path("sentinel.jsonl"));
        let text = format!(
            "events = [\"127.0.0.1:{gateway}\", \"127.0.0.1:{engine}\", \"127.0.0.1:{sentinel}\"]\n\
             decision_logs = [\"{engine_log}\", \"{sentinel_log}\"]\n\
             [[gateway]]\nhost = \"127.0.0.1\"\ncmd_port = {cmd}\ndata_port = {data}\n\
             [paper]\ncmd_port = {cmd}\ndata_port = {data}\nevents_port = {gateway}\n\
             [eodhd]\nbase_url = \"http://127.0.0.1:{0}\"\nmax_age_h = 0\n\
             [hub]\nport = {0}\ntimeout_ms = 400\n[audit]\nsyslog = \"off\"\n\
             [engine]\nstrategy = \"moving-average\"\nfast = 5\nslow = 20\n\
             max_orders_per_minute = 60\n",
            services.port
        );
        let dir = home.path().join("home/.config/crs");
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("config.toml"), text).unwrap();
        let ear = Ear::at(&[gateway, engine, sentinel]);
        let console = Console::crs(&home, &["console"], 120, 40);
        console.see("no answer");
        let quotes = quotes(&home);
        let market: &[&str] = match &quotes {
            Some(file) => &["--ticks", file, "--speed", "60", "--repeat"],
            None => &["--symbols", "EURUSD,USDJPY", "--rate", "40"],
        };
        let mut processes = vec![Process::start(&home, &[&["gateway"], market].concat())];
        console.wait_for("armed console", SOON, |t| t.contains("SAFE") && t.contains("v1.0"));
        let ports = [engine, sentinel, metrics].map(|port| port.to_string());
        let args = ["engine", "--live", "--symbol", "EURUSD", "--log", &engine_log];
        processes.push(Process::start(&home, &[&args[..], &["--events-port", &ports[0]]].concat()));
        let args = ["sentinel", "--live", "--every", "2s", "--symbol", "USDJPY"];
        let more = ["--decision-log", &sentinel_log, "--metrics-port", &ports[2]];
        let all = [&args[..], &more[..], &["--events-port", &ports[1]]].concat();
        processes.push(Process::start(&home, &all));
        Self { home, services, ear, console, processes, metrics }
    }

    pub fn engine_log(&self) -> PathBuf {
        self.home.path().join("engine.jsonl")
    }

    pub fn sentinel_log(&self) -> PathBuf {
        self.home.path().join("sentinel.jsonl")
    }

    pub fn recordings(&self) -> PathBuf {
        self.home.path().join("home/.local/state/crs/recordings")
    }

    /// Runs a verb to its end.
    pub fn run(&self, args: &[&str]) -> Outcome {
        self.home.run(args, SOON)
    }

    /// Tickets of all open positions.
    pub fn open(&self) -> Vec<u64> {
        let read = self.run(&["positions", "--json"]);
        let document = read.json();
        let all = document["gateways"][0]["positions"].as_array();
        let all = all.unwrap_or_else(|| panic!("{read:#?}"));
        all.iter().map(|position| position["ticket"].as_u64().unwrap()).collect()
    }

    /// `sentinel_decisions_total` by action.
    pub fn counted(&self) -> BTreeMap<String, usize> {
        let (_, page) = get_from(self.metrics, "/metrics").expect("the page of the sentinel");
        let rows = page.lines().filter_map(|line| {
            let rest = line.strip_prefix("sentinel_decisions_total{action=\"")?;
            let (action, count) = rest.split_once("\"} ")?;
            Some((action.to_owned(), count.parse().unwrap()))
        });
        rows.collect()
    }

    /// Waits for a word of the gateway about itself that is newer than now.
    pub fn hear_gateway(&self) {
        let now = clock::utc();
        let newer = || self.ear.gateway().last().is_some_and(|word| word.time_us > now);
        assert!(until(SOON, || newer().then_some(())).is_some(), "the gateway is silent");
    }

    /// What a process has said, for a failure's words.
    pub fn said(&self, name: &str) -> String {
        fs::read_to_string(self.home.path().join(format!("{name}.err"))).unwrap_or_default()
    }

    /// Ends one politely; its status.
    pub fn stop(&mut self, name: &str) -> Option<i32> {
        let process = self.processes.iter_mut().find(|p| p.name == name).unwrap();
        signal(process.child.id(), Signal::TERM);
        until(SOON, || process.child.try_wait().unwrap())?.code()
    }
}

impl Process {
    fn start(home: &Sandbox, args: &[&str]) -> Self {
        let name = ["gateway", "engine", "sentinel"].into_iter().find(|n| *n == args[0]).unwrap();
        let file = |end: &str| File::create(home.path().join(format!("{name}.{end}"))).unwrap();
        let mut command = home.crs(args);
        command.env("EODHD_API_TOKEN", TOKEN).stdout(file("out")).stderr(file("err"));
        Self { name, child: command.spawn().unwrap() }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// 35 minutes of recorded quotes of two instruments, as of one evening; none
/// where the data lie not beside the project.
fn quotes(home: &Sandbox) -> Option<String> {
    let read = |name| Some(fs::read_to_string(data::file(name)?).unwrap());
    let euro = read("eurusd-2020-ticks.csv")?;
    let yen = read("usdjpy-2013-ticks.csv")?.replace("\n2013-", "\n2020-");
    let mut rows: Vec<&str> = euro.lines().skip(1).chain(yen.lines().skip(1)).collect();
    rows.sort_unstable();
    rows.retain(|row| *row < "2020-01-01T22:35");
    let path = home.path().join("quotes.csv");
    let head = euro.lines().next()?;
    fs::write(&path, format!("{head}\n{}\n", rows.join("\n"))).unwrap();
    Some(path.display().to_string())
}
