//! Start, status, logs, restart, stop: the whole life of a gateway there.

use crate::common::sandbox::{Signal, signal};
use crate::common::wait::until;
use crate::host::{Host, LONG};
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;

fn is_there(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
}

#[test]
fn a_gateway_is_started_seen_restarted_and_stopped() {
    let Some(host) = Host::start("a_gateway_is_started_seen_restarted_and_stopped") else { return };
    let before = host.gateway(&["status"]);
    assert_eq!(before.code, Some(1), "{before:#?}");
    assert!(before.stdout.contains("not running, both ports are free"), "{before:#?}");
    let started = host.gateway(&["start"]);
    assert_eq!(started.code, Some(0), "{started:#?}");
    let steps: Vec<&str> = started
        .stdout
        .lines()
        .filter_map(|line| line.strip_prefix("step "))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(steps, ["look", "interpreter", "latch", "start", "heartbeat", "ports"]);
    assert!(started.stdout.contains(concat!("crs ", env!("CARGO_PKG_VERSION"))), "{started:#?}");
    let pid = host.pid();
    assert!(is_there(pid));
    let status = host.gateway(&["status"]);
    assert_eq!(status.code, Some(0), "{status:#?}");
    for words in [&format!("pid {pid}, crs: ")[..], "HEARTBEAT  \"", "record     pid"] {
        assert!(status.stdout.contains(words), "{words}: {}", status.stdout);
    }
    // A second start finds the first.
    let again = host.gateway(&["start", "--json"]);
    assert_eq!(again.code, Some(0), "{again:#?}");
    let last: serde_json::Value =
        serde_json::from_str(again.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(last["what"], format!("already running as pid {pid}"));
    assert_eq!((&last["changed"], &last["ok"]), (&false.into(), &true.into()));
    let logs = host.gateway(&["logs", "-n", "5"]);
    assert_eq!(logs.code, Some(0), "{logs:#?}");
    assert!(logs.stdout.contains("paper money"), "{logs:#?}");
    let restarted = host.gateway(&["restart", "--yes"]);
    assert_eq!(restarted.code, Some(0), "{restarted:#?}");
    let second = host.pid();
    assert!(second != pid && !is_there(pid) && is_there(second));
    let stopped = host.gateway(&["stop", "--yes"]);
    assert_eq!(stopped.code, Some(0), "{stopped:#?}");
    assert!(!is_there(second));
    let after = host.status();
    assert_eq!((&after["standing"], &after["seen"]["record"]), (&"free".into(), &"stopped".into()));
    let audit = host.audit();
    for words in ["REMOTE_START gtw to gtw sent", "running as pid", "REMOTE_STOP gtw pid", " done "]
    {
        assert!(audit.contains(words), "{words}: {audit}");
    }
    assert_eq!(audit.matches(" sent ").count(), audit.matches(" done ").count(), "{audit}");
    // Nothing to stop is stopped.
    let nothing = host.gateway(&["stop", "--yes"]);
    assert_eq!(nothing.code, Some(0), "{nothing:#?}");
}

#[test]
fn two_starts_at_once_make_one_gateway() {
    let Some(host) = Host::start("two_starts_at_once_make_one_gateway") else { return };
    let outcomes = std::thread::scope(|scope| {
        let both = [(); 2].map(|()| scope.spawn(|| host.gateway(&["start"])));
        both.map(|one| one.join().unwrap())
    });
    for outcome in &outcomes {
        assert_eq!(outcome.code, Some(0), "{outcomes:#?}");
    }
    let pid = host.pid();
    let mine = |pid: &u32| {
        let cmd = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&cmd).contains("--events-port") && is_there(*pid)
    };
    let gateways: Vec<u32> = host.home.processes().into_iter().filter(mine).collect();
    assert_eq!(gateways, [pid], "{outcomes:#?}");
    assert_eq!(host.gateway(&["stop", "--yes"]).code, Some(0));
}

#[test]
fn what_a_start_needs_is_looked_at_before_it() {
    let Some(host) = Host::start("what_a_start_needs_is_looked_at_before_it") else { return };
    let located = host.gateway(&["locate"]);
    assert_eq!(located.code, Some(0), "{located:#?}");
    host.configure("interpreter = \"/nowhere/python\"");
    let outcome = host.gateway(&["start"]);
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    assert!(outcome.stderr.contains("there is no /nowhere/python"), "{outcome:#?}");
    assert_eq!(host.gateway(&["locate"]).code, Some(1));
    if let Some(python) = ["/usr/bin/python3", "/usr/local/bin/python3"]
        .into_iter()
        .find(|path| Path::new(path).exists())
    {
        host.configure(&format!(
            "interpreter = \"{python}\"\nmodules = [\"json\", \"no_such_module\"]"
        ));
        let outcome = host.gateway(&["start"]);
        assert_eq!(outcome.code, Some(1), "{outcome:#?}");
        assert!(outcome.stderr.contains("can't import no_such_module"), "{outcome:#?}");
    }
    assert_eq!(host.audit(), "", "nothing was done, so nothing is on record");
}

#[test]
fn a_start_that_fails_shows_the_log() {
    let Some(host) = Host::start("a_start_that_fails_shows_the_log") else { return };
    host.configure("args = [\"gateway\", \"--no-such-flag\"]\nready_within_s = 3");
    let outcome = host.gateway(&["start"]);
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    assert!(outcome.stdout.contains("  | error: unexpected argument"), "{outcome:#?}");
    assert!(outcome.stderr.contains("it ended within 3 s"), "{outcome:#?}");
    assert!(host.audit().contains(" failed "), "{}", host.audit());
}

#[test]
fn one_that_listens_and_does_not_answer_is_told_and_can_be_restarted() {
    let name = "one_that_listens_and_does_not_answer_is_told_and_can_be_restarted";
    let Some(host) = Host::start(name) else { return };
    let pid = host.up();
    signal(pid, Signal::STOP);
    let status = host.gateway(&["status"]);
    assert_eq!(status.code, Some(2), "{status:#?}");
    assert!(status.stdout.contains("HEARTBEAT  none: "), "{status:#?}");
    let start = host.gateway(&["start"]);
    assert_eq!(start.code, Some(1), "{start:#?}");
    let words = format!("already running as pid {pid}, but it does not answer");
    assert!(start.stderr.contains(&words), "{start:#?}");
    // It hears no request to end, so it is ended.
    let restart = host.gateway(&["restart", "--yes"]);
    assert_eq!(restart.code, Some(0), "{restart:#?}");
    assert!(restart.stdout.contains("step end "), "{restart:#?}");
    assert!(host.pid() != pid && !is_there(pid));
    assert_eq!(host.gateway(&["stop", "--yes"]).code, Some(0));
}

#[test]
fn a_log_is_followed() {
    let Some(host) = Host::start("a_log_is_followed") else { return };
    std::fs::create_dir_all(host.log().parent().unwrap()).unwrap();
    std::fs::write(host.log(), "one\ntwo\n\x1b[2Jthree\n").unwrap();
    let config = host.config().display().to_string();
    let args = ["--config", &config, "remote", "gateway", "logs", "-f", "-n", "2"];
    let mut child = host.home.crs(&args).spawn().unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    let out = BufReader::new(child.stdout.take().unwrap());
    std::thread::spawn(move || {
        out.lines().map_while(Result::ok).for_each(|line| tell.send(line).unwrap());
    });
    let next = || told.recv_timeout(LONG).expect("a line");
    assert_eq!((next(), next()), ("two".to_owned(), "·[2Jthree".to_owned()));
    let mut log = std::fs::OpenOptions::new().append(true).open(host.log()).unwrap();
    log.write_all(b"four\n").unwrap();
    assert_eq!(next(), "four");
    child.kill().unwrap();
    child.wait().unwrap();
    // Without a log there is a word and not silence.
    std::fs::remove_file(host.log()).unwrap();
    let none = host.gateway(&["logs"]);
    assert_eq!(none.code, Some(1), "{none:#?}");
    assert!(none.stderr.contains("is not there"), "{none:#?}");
    let left = until(LONG, || host.gateway(&["status"]).code.filter(|code| *code == 1));
    assert!(left.is_some());
}
