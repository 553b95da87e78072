//! The verbs that a secret is searched for in.

use super::canary::Stage;
use super::cases;
use std::time::Duration;

/// Whatever verbs there are: their help, and each without an argument.
pub fn every_verb(stage: &Stage) {
    let help = stage.scene.run(&["--help"]).stdout;
    let list = help.split("Commands:").nth(1).unwrap().split("Options:").next().unwrap();
    let verbs: Vec<&str> = list.lines().filter_map(|l| l.split_whitespace().next()).collect();
    assert!(verbs.len() >= 22, "{verbs:?}");
    let verbs: Vec<&[&str]> = verbs.chunks(6).collect();
    cases::all(&verbs, |some| {
        for verb in some {
            stage.run(&[verb, "--help"]);
            stage.run(&[verb]);
        }
        Duration::ZERO
    });
}

/// Reading and errors; a plus stands for the broken configuration.
const LINES: &[&str] = &[
    "heartbeat --json",
    "positions --json",
    "account --json",
    "ticks --count 1 --timeout 1",
    "order EURUSD buy 0.01 --yes --json",
    "close 1000001 --yes",
    "close 9 --yes --json",
    "audit verify",
    "audit show --json",
    "config show",
    "config show --json",
    "config check",
    "config init",
    "drill --unattended",
    "themes check",
    "keys check",
    "keys list",
    "completions bash",
    "nonsense verb",
    "order EURUSD",
    "heartbeat --timeout never",
    "--cmd-port 1 positions --timeout 0.2",
    "--config nowhere.toml status",
    "--config .env config check",
    "--theme nowhere config check",
    "status --json",
    "arm --live",
    "sentinel --once",
    "engine --ticks mock --count 3",
    "verify --json",
    "+ config check",
    "+ config show",
    "+ status",
    "+ doctor",
    "+ positions",
    "+ order X buy 1",
];

pub fn reading_and_errors(stage: &Stage) {
    let lines: Vec<&[&str]> = LINES.chunks(8).collect();
    cases::all(&lines, |some| {
        for line in some {
            let with_broken = ["--config", &stage.broken];
            let words = line.split(' ').flat_map(|word| match word {
                "+" => with_broken.to_vec(),
                _ => vec![word],
            });
            stage.run(&words.collect::<Vec<_>>());
        }
        Duration::ZERO
    });
}

/// What the paper gateway tells everybody.
pub fn published(stage: &Stage) {
    let ctx = zmq::Context::new();
    let ear = ctx.socket(zmq::SUB).unwrap();
    for port in stage.ports {
        ear.connect(&format!("tcp://127.0.0.1:{port}")).unwrap();
    }
    ear.set_subscribe(b"").unwrap();
    let mut heard = Vec::new();
    for _ in 0..20 {
        stage.run(&["gateway"]);
        while let Ok(frames) = ear.recv_multipart(zmq::DONTWAIT) {
            heard.extend(frames.concat());
        }
        if !heard.is_empty() {
            break;
        }
    }
    assert!(!heard.is_empty(), "nothing was published");
    stage.haul.keep("ticks and telemetry", &heard);
}
