//! What is refused: a start against the latch, and a stop of what is not ours.

use crate::common::sandbox::{Signal, binary, signal};
use crate::common::wait::until;
use crate::host::{Host, LONG};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

#[test]
fn a_start_while_the_latch_stands_is_refused_with_its_reason() {
    let name = "a_start_while_the_latch_stands_is_refused_with_its_reason";
    let Some(host) = Host::start(name) else { return };
    let body = r#"{"timestamp":"2026-01-01T00:00:00","reason":"fat finger","metadata":{}}"#;
    std::fs::write(host.home.latch(), body).unwrap();
    let refused = host.gateway(&["start"]);
    assert_eq!(refused.code, Some(1), "{refused:#?}");
    for words in ["not started: the switch is ", "fat finger", "--while-engaged"] {
        assert!(refused.stderr.contains(words), "{words}: {refused:#?}");
    }
    assert_eq!(host.status()["standing"], "free");
    assert!(host.audit().contains(" denied "), "{}", host.audit());
    // A restart is refused before anything is stopped.
    let told = host.gateway(&["start", "--while-engaged"]);
    assert_eq!(told.code, Some(0), "{told:#?}");
    let pid = host.pid();
    let restart = host.gateway(&["restart", "--yes"]);
    assert_eq!(restart.code, Some(1), "{restart:#?}");
    assert_eq!(host.pid(), pid);
    assert_eq!(host.gateway(&["stop", "--yes"]).code, Some(0), "a stop asks no latch");
}

#[test]
fn a_stop_without_a_terminal_needs_a_word() {
    let Some(host) = Host::start("a_stop_without_a_terminal_needs_a_word") else { return };
    let pid = host.up();
    for verb in ["stop", "restart"] {
        let outcome = host.gateway(&[verb]);
        assert_eq!(outcome.code, Some(64), "{outcome:#?}");
        assert!(outcome.stderr.contains("--yes"), "{outcome:#?}");
    }
    assert_eq!(host.pid(), pid);
}

#[test]
fn a_port_of_a_stranger_is_named_and_left_alone() {
    let Some(host) = Host::start("a_port_of_a_stranger_is_named_and_left_alone") else { return };
    let stranger = TcpListener::bind(("127.0.0.1", host.cmd_port())).unwrap();
    let me = format!("pid {}", std::process::id());
    for args in [&["start"][..], &["stop", "--yes"], &["restart", "--yes"]] {
        let outcome = host.gateway(args);
        assert_eq!(outcome.code, Some(1), "{args:?}: {outcome:#?}");
        assert!(outcome.stderr.contains("held by a stranger"), "{args:?}: {outcome:#?}");
        assert!(outcome.stderr.contains(&me), "{args:?}: {outcome:#?}");
    }
    let by_pid = host.gateway(&["stop", "--yes", "--pid", &std::process::id().to_string()]);
    assert_eq!(by_pid.code, Some(1), "not even when it is named: {by_pid:#?}");
    assert!(TcpStream::connect(stranger.local_addr().unwrap()).is_ok());
}

/// A gateway that somebody else started there.
fn by_hand(host: &Host) -> Child {
    let mut command = Command::new(binary());
    command.args(host.gateway_args()).env_clear().envs(host.home.env());
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let child = child.spawn().unwrap();
    let up = until(LONG, || TcpStream::connect(("127.0.0.1", host.cmd_port())).ok());
    assert!(up.is_some());
    child
}

#[test]
fn a_gateway_of_another_is_stopped_only_by_its_number() {
    let name = "a_gateway_of_another_is_stopped_only_by_its_number";
    let Some(host) = Host::start(name) else { return };
    let mut theirs = by_hand(&host);
    let pid = theirs.id().to_string();
    let known = until(LONG, || Some(host.status()).filter(|s| s["standing"] == "known"));
    assert!(known.is_some(), "{:#}", host.status());
    let start = host.gateway(&["start"]);
    assert_eq!(start.code, Some(0), "{start:#?}");
    assert!(start.stdout.contains(&format!("already running as pid {pid}")), "{start:#?}");
    for args in [&["stop", "--yes"][..], &["stop", "--yes", "--pid", "1"]] {
        let outcome = host.gateway(args);
        assert_eq!(outcome.code, Some(1), "{args:?}: {outcome:#?}");
        assert!(outcome.stderr.contains(&format!("--pid {pid}")), "{outcome:#?}");
    }
    // A record with its number and another start is of a process long gone.
    std::fs::create_dir_all(host.pid_file().parent().unwrap()).unwrap();
    std::fs::write(host.pid_file(), format!("{pid} 0:1\n")).unwrap();
    let outcome = host.gateway(&["stop", "--yes"]);
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    assert!(theirs.try_wait().unwrap().is_none(), "it still runs");
    // Its parent, this test, has to reap it before it is gone.
    let reaper = std::thread::spawn(move || theirs.wait().unwrap());
    let outcome = host.gateway(&["stop", "--yes", "--pid", &pid]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert!(reaper.join().unwrap().success());
}

#[test]
fn a_recorded_number_that_came_back_is_left_alone() {
    let Some(host) = Host::start("a_recorded_number_that_came_back_is_left_alone") else { return };
    let mut other = Command::new("sleep").arg("600").envs(host.home.env()).spawn().unwrap();
    std::fs::create_dir_all(host.pid_file().parent().unwrap()).unwrap();
    std::fs::write(host.pid_file(), format!("{} 0:1\n", other.id())).unwrap();
    let outcome = host.gateway(&["stop", "--yes"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert!(outcome.stdout.contains("not running"), "{outcome:#?}");
    assert!(other.try_wait().unwrap().is_none(), "it still runs");
    signal(other.id(), Signal::KILL);
    other.wait().unwrap();
}
