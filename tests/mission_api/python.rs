//! A client of another language: Python's `websockets` drives a launch.

use super::common::python;
use super::house::House;
use std::process::Command;

const SCRIPT: &str = r#"
import json, sys
from websockets.sync.client import unix_connect

with unix_connect(sys.argv[1], uri="ws://mission/ws") as ws:
    first = json.loads(ws.recv(timeout=20))
    assert first["type"] == "initial_status", first
    ws.send(json.dumps({"type": "launch", "mode": "PAPER", "options": {}, "req_id": "py"}))
    answered = complete = False
    while not (answered and complete):
        said = json.loads(ws.recv(timeout=20))
        if said["type"] == "answer":
            assert said["req_id"] == "py" and said["data"]["answer"] == "launched", said
            answered = True
        if said["type"] == "status_update":
            launch = said["data"]["launch"]
            complete = complete or launch is not None and launch["phase"] == "complete"
            assert said["data"]["mode"] in ("", "PAPER"), said
    ws.send("nonsense")
    while True:
        said = json.loads(ws.recv(timeout=20))
        if said["type"] == "answer":
            assert said["data"]["kind"] == "invalid", said
            break
print("driven")
"#;

#[test]
fn python_drives_a_launch() {
    let python = match python::having("websockets", &["websockets.sync.client"], &["websockets"]) {
        Ok(python) => python,
        Err(why) => {
            eprintln!("not run: no Python with websockets here ({why})");
            return;
        }
    };
    let house = House::new();
    let out = Command::new(python).args(["-c", SCRIPT]).arg(&house.socket).output().unwrap();
    let said = String::from_utf8_lossy(&out.stdout);
    assert_eq!(said.trim(), "driven", "{}", String::from_utf8_lossy(&out.stderr));
}
