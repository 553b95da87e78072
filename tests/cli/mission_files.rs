//! `crs mission check`, `plan` and `import`: what needs no daemon; and the
//! schema, judged by somebody else's validator.

use super::common::{peer, python, sandbox::Sandbox};
use crs::mission::file::{EMBEDDED, SCHEMA, parse};
use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(30);

#[test]
fn check_names_every_mistake_and_its_place() {
    let home = Sandbox::new();
    let sound = home.run(&["mission", "check"], LIMIT);
    assert_eq!(sound.code, Some(0), "{sound:#?}");
    assert!(sound.stdout.contains("no mistakes in the embedded profiles/mission.toml"));
    let path = home.path().join("m.toml");
    let file = path.to_str().unwrap();
    fs::write(&path, "[process.a]\ncmd = [\"no-such-program\"]\n").unwrap();
    let warned = home.run(&["mission", "check", file], LIMIT);
    assert_eq!(warned.code, Some(0), "{warned:#?}");
    assert!(warned.stdout.contains("warning: ") && warned.stdout.contains("no-such-program"));
    fs::write(&path, "[process.a]\ncmd = 5\nhots = 1\n[mode.M]\nprocesses = [\"b\"]\n").unwrap();
    let wrong = home.run(&["mission", "check", file], LIMIT);
    assert_eq!(wrong.code, Some(78), "{wrong:#?}");
    for place in
        ["m.toml:2:7: process.a.cmd", "m.toml:3:1: unknown key \"hots\"", "m.toml:5:14: no"]
    {
        assert!(wrong.stderr.contains(place), "{place}\n{}", wrong.stderr);
    }
    let json = home.run(&["mission", "check", file, "--json"], LIMIT).json();
    assert_eq!(json["problems"].as_array().map(Vec::len), Some(3), "{json:#}");
    assert_eq!(json["problems"][0]["at"]["line"], 2);
    // The first mistake is the true one, and what follows from it is not told.
    fs::write(&path, "[process.a\ncmd = ['sh']\n[mode.M]\nprocesses = ['a']\n").unwrap();
    let broken = home.run(&["mission", "check", file], LIMIT);
    assert!(broken.stderr.contains("m.toml:1:11: not valid TOML"), "{broken:#?}");
    assert_eq!(broken.stderr.matches("m.toml:").count(), 1, "{broken:#?}");
    // Each key once, and what was meant before what could be done without it.
    fs::write(&path, "[process.a]\ncmd = ['sh']\ncmdd = ['sh']\n").unwrap();
    let near = home.run(&["mission", "check", file], LIMIT).stderr;
    assert!(near.contains("next: write cmd, or remove it; [process.a] may hold:"), "{near}");
    let words = near.split(|c: char| !c.is_alphanumeric());
    assert_eq!(words.filter(|word| *word == "cmd").count(), 3, "{near}");
}

#[test]
fn plan_says_what_would_happen_and_what_fails() {
    let home = Sandbox::new();
    let paper = home.run(&["mission", "plan", "PAPER", "--json"], LIMIT);
    assert_eq!(paper.code, Some(0), "{paper:#?}");
    let plan = paper.json();
    assert_eq!(plan["start"][0][0], "gateway");
    assert_eq!(plan["settings"][0]["from"], serde_json::Value::Null);
    fs::write(home.latch(), "").unwrap();
    let live = home.run(&["mission", "plan", "LIVE"], LIMIT);
    assert_eq!(live.code, Some(1), "{live:#?}");
    for line in ["REAL MONEY", "FAILS    kill switch clear", "type     LIVE 10000 25000"] {
        assert!(live.stdout.contains(line), "{line}\n{}", live.stdout);
    }
    let replay = home.run(&["mission", "plan", "REPLAY"], LIMIT);
    assert_eq!(replay.code, Some(1), "{replay:#?}");
    let fails = "mission/replay.csv for engine-replay: it is not there";
    assert!(
        replay.stdout.contains("FAILS    file") && replay.stdout.contains(fails),
        "{replay:#?}"
    );
    let none = home.run(&["mission", "plan", "LIV"], LIMIT);
    assert_eq!(none.code, Some(64), "{none:#?}");
    assert!(none.stderr.contains("did you mean \"LIVE\"?"), "{none:#?}");
}

#[test]
fn what_is_imported_passes_check() {
    let home = Sandbox::new();
    let (json, out) = (home.path().join("m.json"), home.path().join("m.toml"));
    let (json, out) = (json.to_str().unwrap(), out.to_str().unwrap());
    fs::write(
        json,
        r#"{"mission_control_distributed": {"machines": {
            "HERE": {"role": "TELEMETRY_HUB", "services": {"Redis": {"command": ["sh"]}}},
            "BEAST": {"ip": "192.0.2.1", "services": ["Main", "OCRProcess"], "gpu": 2}}}}"#,
    )
    .unwrap();
    let done = home.run(&["mission", "import", json, "--out", out], LIMIT);
    assert_eq!(done.code, Some(0), "{done:#?}");
    assert!(done.stderr.contains("machines.BEAST.gpu is not carried over"), "{done:#?}");
    let checked = home.run(&["mission", "check", out], LIMIT);
    assert_eq!(checked.code, Some(0), "{checked:#?}");
    let again = home.run(&["mission", "import", json, "--out", out], LIMIT);
    assert_eq!(again.code, Some(1), "nothing is overwritten: {again:#?}");
    let shown = home.run(&["mission", "import", json], LIMIT);
    assert_eq!(shown.stdout, fs::read_to_string(out).unwrap());
    fs::write(json, "{\"a\": }").unwrap();
    let wrong = home.run(&["mission", "import", json], LIMIT);
    assert_eq!(wrong.code, Some(78), "{wrong:#?}");
    assert!(wrong.stderr.contains("m.json:1:7: not valid JSON"), "{wrong:#?}");
}

const VALIDATE: &str = "
import json, sys
from jsonschema import Draft202012Validator as V
said = json.load(sys.stdin)
V.check_schema(said['schema'])
print(json.dumps([V(said['schema']).is_valid(one) for one in said['files']]))
";

/// What the schema's own language says of these files.
fn judged(files: &[serde_json::Value]) -> Option<Vec<bool>> {
    // Skips or fails as all tests with Python do.
    peer::python()?;
    let python = python::having("jsonschema", &["jsonschema"], &["jsonschema"])
        .unwrap_or_else(|why| panic!("no jsonschema: {why}"));
    let schema: serde_json::Value = serde_json::from_str(SCHEMA).unwrap();
    let mut child = Command::new(python)
        .args(["-c", VALIDATE])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let said = serde_json::json!({"schema": schema, "files": files}).to_string();
    child.stdin.take().unwrap().write_all(said.as_bytes()).unwrap();
    let out = child.wait_with_output().unwrap();
    assert!(out.status.success());
    Some(serde_json::from_slice(&out.stdout).unwrap())
}

#[test]
fn schema_and_reader_agree_about_files() {
    let full = include_str!("../../fuzz/corpus/mission/full");
    let one = |rest: &str| format!("[process.a]\ncmd = ['x']\n{rest}\n");
    let sound = [EMBEDDED.to_owned(), full.to_owned(), one("")];
    // Each is wrong by itself, without a look at another part of the file.
    let wrong = [
        "hots = 'x'",
        "cmd2 = 1",
        "cwd = 'here'",
        "ports = [0]",
        "ports = [70000]",
        "depends = { a_b = 'reddy' }",
        "ready = [{ delay = '1s' }]",
        "ready = [{ tcp = 'h:1', redis = 'h:2' }]",
        "ready = [{ http = 'ftp://x' }]",
        "restart = { on = 'sometimes' }",
        "restart = { factor = 0.5 }",
        "restart = { first = '1 day' }",
        "stop = { signal = 'STOP' }",
        "on_daemon_death = 'live'",
        "limits = { nice = 20 }",
        "limits = { memory = 5 }",
        "growth = { percent = 5 }",
        "files = ['']",
        "[mode.m]\nrequire = { files = 'x' }",
        "secret_file = { K = 'relative' }",
        "[host.h]\nplatform = 'linux'",
        "[host.h]\nssh = '-x'",
        "[mode.'a b']\n",
        "[mode.m]\nrequire = { kill_switch = true }",
        "[mode.m]\nengage = 'yes'",
        "[settings]\nmode = 'x'",
        "[settings]\nx = [1]",
        "[daemon]\nring = 5",
        "[[rule]]\nname = 'r'",
        "[[rule]]\nname = 'r'\npattern = 'x'\nseverity = 'BAD'",
    ]
    .map(one);
    for text in &sound {
        assert!(parse("m", text).is_ok(), "{:#?}", parse("m", text));
    }
    for text in &wrong {
        assert!(parse("m", text).is_err(), "{text}");
    }
    let document = |text: &String| toml::from_str::<serde_json::Value>(text).unwrap();
    let all: Vec<_> = sound.iter().chain(&wrong).map(document).collect();
    let Some(judged) = judged(&all) else { return };
    for (n, valid) in judged.iter().enumerate() {
        assert_eq!(*valid, n < sound.len(), "{:#}", all[n]);
    }
}
