//! A secret in every place where one could be taken from, and a search for it
//! in every byte that comes out.

use super::canary_verbs::{every_verb, published, reading_and_errors};
use super::haul::Haul;
use super::told::files;
use super::{Came, Row, cases};
use crate::common::console::Console;
use crate::common::sandbox::{binary, free_port};
use crate::scene::{LIMIT, Scene};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

pub const ROWS: &[Row] = &[Row {
    number: 50,
    fault: "a canary in environment, configuration and .env, under every verb, error and log",
    outcome: "0 occurrences in output, screen, files, command lines, on the wire",
    timed: "all runs and the search",
    bound: None,
    alone: false,
    run: canary,
}];

/// Names that the programs of the mesh take secrets from, and those of their
/// usual neighbours. What `crs` shows on purpose (addresses, ports, its latch)
/// is not among them.
const NAMES: &[&str] = &[
    "EODHD_API_TOKEN",
    "NOTION_TOKEN",
    "GITHUB_TOKEN",
    "MT5_PASSWORD",
    "POSTGRES_PASSWORD",
    "REDIS_URL",
    "SSH_AUTH_SOCK",
    "CRS_TOKEN",
];

/// A verb that needs no more than this serves, or waits, until it is ended.
const ENOUGH: Duration = Duration::from_millis(1_200);

/// What an operator has typed is on record; it shows that the search finds.
const REASON: &str = "why-7d1f0c";

pub struct Stage {
    pub scene: Scene,
    secret: String,
    /// Files that were written here, with the secret in them.
    planted: Vec<PathBuf>,
    /// Its path.
    pub broken: String,
    /// Where its paper gateway publishes.
    pub ports: [u16; 2],
    pub haul: Haul,
}

impl Stage {
    fn new(seed: u64) -> Self {
        let scene = Scene::with(&["honest"]);
        // Digits only, so that it can be a port's text as well as a token.
        let secret = format!("739{:016}", seed.wrapping_mul(0x9E37_79B9_7F4A) % 10_u64.pow(16));
        let [cmd, data, events, bars] = [(); 4].map(|()| free_port());
        // The sentinel takes its token, and asks nobody beyond this machine.
        scene.configure(&format!(
            "[paper]\ncmd_port = {cmd}\ndata_port = {data}\nevents_port = {events}\n\
             [eodhd]\nbase_url = \"http://127.0.0.1:{bars}\"\n[engine]\nevents_port = 0\n\
             [sentinel]\nmetrics_port = 0\nevents_port = 0\n"
        ));
        let home = scene.home.path();
        let text = format!(
            "token = \"{secret}\"\n[eodhd]\napi_token = \"{secret}\"\n\
             [card]\npassword = \"{secret}\"\n[kill]\nproof_interval_ms = \"{secret}\"\n\
             [hub]\nsecret = \"{secret}\nuser = \"me\"\n"
        );
        let planted = vec![home.join("broken.toml"), home.join(".env")];
        fs::write(&planted[0], text).unwrap();
        let lines: Vec<String> = NAMES.iter().map(|name| format!("{name}={secret}")).collect();
        fs::write(&planted[1], lines.join("\n")).unwrap();
        let broken = planted[0].display().to_string();
        let ports = [data, events];
        Self { scene, secret, planted, broken, ports, haul: Haul::default() }
    }

    /// The environment with the secret in it, and every diagnostic there is.
    fn with_secret(&self, command: &mut Command) {
        command.envs(NAMES.iter().map(|name| (name, &self.secret)));
        command.env("CRS_LOG", "trace").env("RUST_BACKTRACE", "full");
    }

    /// Runs a verb, and keeps what it says.
    pub fn run(&self, args: &[&str]) {
        let mut command = self.scene.home.crs(args);
        self.with_secret(&mut command);
        let limit = if args.len() > 1 { LIMIT } else { ENOUGH };
        self.haul.run(&args.join(" "), command, limit);
    }

    /// A console, or whatever else has a screen.
    fn screen(&self, args: &[&str]) -> Console {
        let mut all: Vec<String> =
            NAMES.iter().map(|name| format!("{name}={}", self.secret)).collect();
        all.extend(["CRS_LOG=trace".to_owned(), binary().display().to_string()]);
        all.extend(args.iter().map(|arg| (*arg).to_owned()));
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        Console::start(&self.scene.home, "/usr/bin/env".as_ref(), &all, 120, 40)
    }
}

fn canary(seed: u64) -> Came {
    let stage = Stage::new(seed);
    let began = Instant::now();
    let parts: [fn(&Stage); 4] = [every_verb, reading_and_errors, published, with_a_screen];
    cases::all(&parts, |part| {
        part(&stage);
        Duration::ZERO
    });
    killed(&stage);
    search(&stage);
    Came::Held { took: began.elapsed(), cases: stage.haul.len() }
}

fn with_a_screen(stage: &Stage) {
    let mut console = stage.screen(&["console"]);
    console.wait_for("a gateway", LIMIT, |t| t.contains("v1.0"));
    for key in ["?", "\x1b", "L", "z", "\t", "z", "o", "j", "\t", "L"] {
        console.keys(key);
        sleep(Duration::from_millis(120));
    }
    super::keys::kill(&mut console);
    console.wait_for("the proof", LIMIT, |t| t.contains("VERIFIED flat"));
    console.keys("q");
    console.exit(LIMIT).unwrap();
    stage.haul.keep("the console's screen", &console.written());
    let broken = stage.screen(&["--config", &stage.broken, "console"]);
    sleep(Duration::from_millis(600));
    stage.haul.keep("a console without a configuration", &broken.written());
    let mut demo = stage.screen(&["demo"]);
    demo.wait_for("the demo", LIMIT, |t| t.contains("SIM"));
    demo.keys("q");
    sleep(Duration::from_millis(300));
    stage.haul.keep("the demo's screen", &demo.written());
}

/// A kill with a reason, over a configuration that holds and one that is
/// broken, and the ways back.
fn killed(stage: &Stage) {
    stage.run(&["kill", "--reason", REASON, "--yes", "--timeout", "20"]);
    stage.run(&["--config", &stage.broken, "block", "--reason", REASON, "--yes"]);
    stage.run(&["order", "EURUSD", "buy", "0.01", "--yes"]);
    stage.run(&["reset", "--reason", REASON, "--phrase", "RESET please"]);
    for line in ["status --json", "audit show", "brief --json", "audit verify"] {
        stage.run(&line.split(' ').collect::<Vec<_>>());
    }
}

fn search(stage: &Stage) {
    let home = stage.scene.home.path();
    for pid in stage.scene.home.processes() {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        stage.haul.keep(&format!("command line of {pid}"), &line);
    }
    for path in files(home).into_iter().filter(|path| !stage.planted.contains(path)) {
        stage.haul.keep(&path.display().to_string(), &fs::read(&path).unwrap_or_default());
    }
    let wire: String = stage.scene.peers[0].requests().iter().map(ToString::to_string).collect();
    stage.haul.keep("wire", wire.as_bytes());
    // The search finds what is there: in the log and in what was printed.
    assert!(stage.haul.with(REASON).len() >= 3, "{:?}", stage.haul.with(REASON));
    assert!(!stage.haul.with(REASON).contains(&"wire".to_owned()), "the reason stays here");
    assert!(stage.haul.with("KILL_SWITCH").contains(&"wire".to_owned()));
    let leaks = stage.haul.with(&stage.secret);
    assert!(leaks.is_empty(), "the secret is in: {leaks:#?}");
}
