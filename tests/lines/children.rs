//! Children that write much, badly, or in the middle of dying.

use crate::common::wait::until;
use crate::rig::{LIMIT, Rig};
use crs::mission::lines::Reads as _;
use crs::mission::spec::Daemon;
use std::sync::atomic::Ordering;
use std::time::Duration;

const COUNT: u64 = 100_000;

fn flood(n: usize) -> String {
    let line = format!(
        "p{n} %07d INFO a line of a flood that is about a hundred bytes long, as lines are in a log"
    );
    format!("awk 'BEGIN {{ for (i = 0; i < {COUNT}; i++) printf \"{line}\\n\", i }}'")
}

#[test]
fn a_flood_of_several_children_is_on_disk_whole_though_the_listener_is_slow() {
    let dir = tempfile::tempdir().unwrap();
    let daemon = Daemon { log_bytes: 1 << 20, log_files: 1_000, ..Daemon::default() };
    let mut rig = Rig::new(dir.path(), Duration::from_millis(5), daemon);
    for n in 0..3 {
        rig.run(&format!("p{n}"), &flood(n));
    }
    rig.all_ended();
    let all = || (rig.output.total().lines >= 3 * COUNT).then_some(());
    until(LIMIT, all).expect("all are read");
    rig.output.stop();
    for n in 0..3 {
        let lines = rig.on_disk(&format!("p{n}"));
        assert_eq!(lines.len() as u64, COUNT);
        for (line, i) in lines.iter().zip(0..) {
            assert!(line.starts_with(&format!("p{n} {i:07} INFO")), "{line}");
        }
    }
    let total = rig.output.total();
    assert_eq!((total.lost, total.faults), (0, 0));
    let told = rig.listener.lines.load(Ordering::Relaxed);
    assert_eq!(told + total.left_out, total.lines, "told or counted");
}

#[test]
fn the_last_words_of_one_that_dies_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let mut rig = Rig::new(dir.path(), Duration::ZERO, Daemon::default());
    rig.run("dies", "echo begun; printf 'the last words'; kill -9 $$");
    rig.run("closes", "echo before; exec >&-; sleep 0.2; exit 0");
    rig.run("atonce", "exit 3");
    rig.run("binary", "head -c 300000 /dev/urandom; printf '\\nafter the rubbish\\n'");
    rig.all_ended();
    let last = until(LIMIT, || rig.find("the last words")).expect("they are kept");
    assert!(last.cut && last.process.as_str() == "dies");
    until(LIMIT, || rig.find("before")).expect("it is read");
    until(LIMIT, || rig.find("after the rubbish")).expect("rubbish harms nothing");
}

#[test]
fn a_grandchild_that_keeps_the_pipe_does_not_keep_the_reader() {
    let dir = tempfile::tempdir().unwrap();
    let mut rig = Rig::new(dir.path(), Duration::ZERO, Daemon::default());
    rig.run("parent", "(sleep 30; echo late) & echo $!; printf half");
    rig.all_ended();
    rig.output.ended("parent", 1);
    let half = until(LIMIT, || rig.find("half")).expect("it is kept though nobody ended it");
    assert!(half.cut);
    until(LIMIT, || rig.find("still holds its output")).expect("and that is said");
    let first = until(LIMIT, || rig.on_disk("parent").first().cloned()).expect("it is on disk");
    let pid = first.parse::<i32>().unwrap();
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

#[test]
fn an_error_among_a_flood_is_an_alert() {
    let dir = tempfile::tempdir().unwrap();
    let mut rig = Rig::new(dir.path(), Duration::ZERO, Daemon::default());
    rig.run("p0", &flood(0));
    rig.run(
        "redis",
        "echo 'bind: Address already in use' >&2; echo 'bind: Address already in use'",
    );
    let alert = until(LIMIT, || rig.listener.alerts.lock().unwrap().first().cloned());
    let alert = alert.expect("it is raised");
    assert_eq!((alert.kind.as_str(), alert.process.as_str()), ("port-in-use", "redis"));
    assert!(!alert.solution.is_empty());
    rig.all_ended();
}
