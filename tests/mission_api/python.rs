//! A client of another language: Python's `websockets` drives a launch.

use super::common::python;
use super::house::House;
use std::process::Command;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peer/mission_ws.py");

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
    let out = Command::new(python).arg(SCRIPT).arg(&house.socket).arg("PAPER").output().unwrap();
    let said = String::from_utf8_lossy(&out.stdout);
    assert_eq!(said.trim(), "driven", "{}", String::from_utf8_lossy(&out.stderr));
}
