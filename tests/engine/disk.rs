//! A log disk that fills: said once, counted, no orders, and the gates stay.

use crate::common::sandbox::Sandbox;
use crate::common::wait::until;
use crate::process::{LIMIT, is};
use std::fs;
use std::process::Command;

#[test]
fn a_log_that_cant_be_written_stops_orders_until_it_can() {
    let home = Sandbox::new();
    let dir = home.path().join("disk");
    fs::create_dir(&dir).unwrap();
    let shown = dir.to_str().unwrap();
    let mounted =
        Command::new("mount").args(["-t", "tmpfs", "-o", "size=64k", "none", shown]).output();
    if !mounted.is_ok_and(|done| done.status.success()) {
        eprintln!("SKIPPED: a small tmpfs can't be mounted here");
        return;
    }
    let log = dir.join("engine.jsonl");
    let filler = dir.join("filler");
    let port = crate::common::sandbox::free_port().to_string();
    let args = ["engine", "--ticks", "mock", "--stdout", "--events-port", &port, "--log"];
    let out = home.path().join("out");
    let mut command = home.crs(&[&args[..], &[log.to_str().unwrap()]].concat());
    command.stdout(fs::File::create(&out).unwrap());
    let mut child =
        command.stderr(fs::File::create(home.path().join("err")).unwrap()).spawn().unwrap();
    let shown_entries = || crate::process::entries(&fs::read_to_string(&out).unwrap_or_default());
    let first = until(LIMIT, || shown_entries().iter().any(is("ORDER_GENERATED")).then_some(()));
    // Whatever is left of the disk.
    let _ = fs::write(&filler, vec![b'x'; 1 << 20]);
    let stopped = until(LIMIT, || {
        let all = shown_entries();
        let last = all.last()?.clone();
        (last["action"] == "ERROR").then_some(last)
    });
    let _ = fs::remove_file(&filler);
    let again =
        until(LIMIT, || shown_entries().last().is_some_and(is("ORDER_GENERATED")).then_some(()));
    crate::common::sandbox::signal(child.id(), crate::common::sandbox::Signal::TERM);
    let ended = until(LIMIT, || child.try_wait().unwrap());
    let _ = child.kill();
    let written = fs::read_to_string(&log).unwrap_or_default();
    let _ = Command::new("umount").arg(shown).output();
    let said = fs::read_to_string(home.path().join("err")).unwrap();
    let stopped = stopped.unwrap_or_else(|| panic!("{said}"));
    assert!(stopped["error"].as_str().unwrap().contains("can't be written"), "{stopped}");
    assert!(first.is_some() && again.is_some() && ended.is_some(), "{said}");
    assert_eq!(said.matches("no orders until it can").count(), 1, "{said}");
    assert!(said.contains("written again"), "{said}");
    for line in written.lines() {
        serde_json::from_str::<serde_json::Value>(line).expect("no half line stays");
    }
}
