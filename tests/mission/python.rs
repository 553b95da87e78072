//! A client of another language drives a launch of real processes.

use crate::common::python;
use crate::rig::Rig;
use std::process::Command;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peer/mission_ws.py");

#[test]
fn python_launches_the_tank() {
    let python = match python::having("websockets", &["websockets.sync.client"], &["websockets"]) {
        Ok(python) => python,
        Err(why) => {
            eprintln!("not run: no Python with websockets here ({why})");
            return;
        }
    };
    let mut rig = Rig::new(|mission| mission);
    rig.serve();
    let out =
        Command::new(python).arg(SCRIPT).arg(rig.socket()).arg("TANK_SEALED").output().unwrap();
    let said = String::from_utf8_lossy(&out.stdout);
    assert_eq!(said.trim(), "driven", "{}", String::from_utf8_lossy(&out.stderr));
    assert_eq!(rig.ready(), ["gateway", "engine-tank"]);
}
