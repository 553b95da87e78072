//! Readers that leave: `crs … | head` must end quietly.

use super::common::sandbox::Sandbox;
use super::common::wait::until;
use super::gateway::Paper;
use std::process::Stdio;
use std::time::Duration;

/// Runs with a standard output that nobody reads; gives status and stderr.
fn unread(home: &Sandbox, args: &[&str]) -> (Option<i32>, String) {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut child = home.crs(args).stdout(Stdio::from(writer)).spawn().unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let status = until(Duration::from_secs(20), || child.try_wait().unwrap());
    let _ = child.kill();
    let _ = child.wait();
    let mut text = String::new();
    std::io::Read::read_to_string(&mut stderr, &mut text).unwrap();
    (status.and_then(|s| s.code()), text)
}

#[test]
fn a_reader_that_left_is_no_error() {
    let home = Sandbox::new();
    for args in [
        &["completions", "bash"][..],
        &["man"],
        &["--help"],
        &["--version"],
        &["config", "show"],
        &["config", "show", "--json"],
        &["doctor"],
    ] {
        assert_eq!(unread(&home, args), (Some(0), String::new()), "{args:?}");
    }
}

#[test]
fn a_stream_ends_with_its_reader() {
    let home = Sandbox::new();
    let paper = Paper::start(&home, &[]);
    let (cmd, data) = (paper.port("commands"), paper.port("ticks"));
    let args = ["--cmd-port", &cmd, "--data-port", &data, "ticks"];
    assert_eq!(unread(&home, &args), (Some(0), String::new()));
}

#[test]
fn a_closed_standard_error_is_no_panic() {
    let home = Sandbox::new();
    for args in [&["nonsense"][..], &["positions", "--on", "nobody"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut child = home.crs(args).stderr(Stdio::from(writer)).spawn().unwrap();
        let status = until(Duration::from_secs(20), || child.try_wait().unwrap());
        let _ = child.kill();
        assert_eq!(status.and_then(|s| s.code()), Some(64), "{args:?}");
    }
}
