//! A latch that can't be made: its directory is gone.

use crate::common::wait::until;
use crate::life::{LIMIT, Mesh, phase};
use std::fs;

#[test]
fn a_lost_directory_holds_nothing_up_and_the_latch_is_made_when_it_returns() {
    let mesh = Mesh::new(&["--positions", "2"]);
    let run = mesh.home.path().join("run");
    let away = mesh.home.path().join("away");
    fs::rename(&run, &away).unwrap();
    let (code, report) =
        mesh.crs(&["kill", "--reason", "test", "--yes", "--json", "--timeout", "10"]);
    assert_eq!(code, 5, "the latch failed, and that is said: {report:#}");
    let words = report["log"].to_string();
    assert!(words.contains("NOT MADE") && words.contains("stands in"), "{words}");
    // The gateway was stopped all the same.
    let status = mesh.until("VERIFIED", |s| phase(s) == "VERIFIED");
    assert_eq!((&status["state"], &status["is_safe"]), (&"ENGAGED".into(), &false.into()));
    assert_eq!(status["latch"]["phase"], "NOT_DURABLE");
    let id = report["engage_id"].as_str().unwrap();
    assert_eq!(status["latch"]["engage_id"], id);
    let (code, said) = mesh.crs(&["order", "EURUSD", "buy", "0.1", "--yes"]);
    assert_eq!(code, 3, "{said}");
    assert!(said.to_string().contains("denied"), "{said}");

    fs::rename(&away, &run).unwrap();
    let made =
        until(LIMIT, || fs::read_to_string(mesh.home.latch()).ok().filter(|t| t.contains(id)));
    assert!(made.is_some(), "the latch is made once it can be");
    mesh.until("ENGAGED and durable", |s| s["latch"]["phase"] == "DURABLE");
    let (code, said) = mesh.reset(id);
    assert_eq!(code, 0, "{said}");
    mesh.until("DISARMED", |s| s["state"] == "DISARMED");
    assert_eq!(mesh.crs(&["arm", "--json"]).0, 0);
    mesh.until("SAFE", |s| s["state"] == "SAFE");
}
