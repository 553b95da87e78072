//! A reader of standard output that takes nothing: it is waited for, and the
//! end comes all the same.

use crate::common::sandbox::{Sandbox, Signal, end, signal};
use crate::common::wait::until;
use crate::process::LIMIT;
use std::fmt::Write;
use std::fs;
use std::io::Read;
use std::time::Duration;

#[test]
fn a_reader_that_stalls_keeps_no_engine_from_its_end() {
    let home = Sandbox::new();
    let mut rows = String::from("timestamp,symbol,bid,ask\n");
    for n in 0..20_000 {
        writeln!(rows, "2026-01-14T13:{:02}:{:02}Z,EURUSD,1.085,1.0851", n / 600, n / 10 % 60)
            .unwrap();
    }
    let file = home.path().join("ticks.csv");
    fs::write(&file, rows).unwrap();
    let log = home.path().join("engine.jsonl");
    let args = ["engine", "--events-port", "0", "--stdout", "--speed", "0", "--ticks"];
    let files = [file.to_str().unwrap(), "--log", log.to_str().unwrap()];
    let mut child = home.crs(&[&args[..], &files].concat()).spawn().unwrap();
    let size = || fs::metadata(&log).map_or(0, |meta| meta.len());
    // It stands once a pipe is full of what nobody reads.
    let stands = until(LIMIT, || {
        let before = size();
        std::thread::sleep(Duration::from_millis(300));
        (before > 0 && size() == before).then_some(())
    });
    let still = child.try_wait().unwrap();
    signal(child.id(), Signal::TERM);
    let ended = until(LIMIT, || child.try_wait().unwrap());
    end(&mut child);
    let (mut out, mut said) = (Vec::new(), String::new());
    child.stdout.take().unwrap().read_to_end(&mut out).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(stands.is_some() && still.is_none(), "it waits for its reader: {said}");
    assert_eq!(ended.and_then(|status| status.code()), Some(0), "{said}");
    assert!(said.contains("standard output: its reader takes nothing"), "{said}");
    // What is on it has its line in the log, too.
    let logged = fs::read_to_string(&log).unwrap().lines().count();
    let shown = String::from_utf8_lossy(&out).matches('\n').count();
    assert!(shown > 0 && shown < logged, "{shown} of {logged}");
}
