//! The terminal itself, tried on a shell: a harness that can't fail proves
//! nothing.

use crate::common::console::{Console, SOON};
use crate::common::sandbox::Sandbox;
use std::path::Path;
use std::time::Duration;

fn shell(home: &Sandbox, script: &str) -> Console {
    Console::start(home, Path::new("/bin/sh"), &["-c", script], 80, 24)
}

#[test]
fn keys_reach_the_program_and_its_words_the_screen() {
    let home = Sandbox::new();
    let mut console = shell(&home, "read x; echo got $x; stty size; read y; stty size; exit 3");
    console.keys("seven\r");
    console.see("got seven");
    console.see("24 80");
    console.resize(40, 12);
    console.keys("\r");
    console.see("12 40");
    assert_eq!(console.exit(SOON).map(|s| s.exit_code()), Some(3));
}

#[test]
fn a_hang_up_reaches_the_program() {
    let home = Sandbox::new();
    let mut console = shell(&home, "trap 'exit 9' HUP; echo ready; while :; do sleep 0.1; done");
    console.see("ready");
    console.hang_up();
    assert_eq!(console.exit(SOON).map(|s| s.exit_code()), Some(9));
}

#[test]
fn a_stopped_terminal_blocks_the_writer() {
    let home = Sandbox::new();
    let mut console = shell(&home, "read x; echo spoken; touch done; sleep 60");
    console.stop_output();
    console.keys("\r");
    std::thread::sleep(Duration::from_millis(300));
    assert!(!home.path().join("done").exists() && !console.text().contains("spoken"));
    console.resume_output();
    console.see("spoken");
}

#[test]
fn what_runs_in_a_home_ends_with_it() {
    let home = Sandbox::new();
    let mut console =
        shell(&home, "trap '' HUP; setsid sleep 60 </dev/null >/dev/null 2>&1 & echo away");
    console.see("away");
    assert!(console.exit(SOON).is_some());
    let left = home.processes();
    assert_eq!(left.len(), 1, "the sleeper is found by its environment");
    drop(home);
    let gone = || !Path::new(&format!("/proc/{}/environ", left[0])).exists();
    assert!(crate::common::wait::until(SOON, || gone().then_some(())).is_some());
}
