//! `crs verify` as a program: profiles, phases, statuses.

use super::common::sandbox::{Sandbox, Signal, signal};
use super::common::wait::until;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;

const LIMIT: Duration = Duration::from_mins(1);
const NODE: &str = "[[node]]\nname = \"HERE\"\nhost = \"127.0.0.1\"\n";

fn file(name: &str, phase: u8, path: &str) -> String {
    format!(
        "[[check]]\nnode = \"HERE\"\nname = \"{name}\"\nphase = {phase}\nkind = \"file\"\n\
         path = \"{path}\"\n"
    )
}

fn profile(home: &Sandbox, text: &str) -> String {
    let path = home.path().join("mine.toml");
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

#[test]
fn a_wrong_profile_is_78_with_place_cause_and_what_was_meant() {
    let home = Sandbox::new();
    let check = |keys: &str| format!("{NODE}[[check]]\nnode = \"HERE\"\nname = \"x\"\n{keys}\n");
    for (text, place, words) in [
        (check("kind = \"redsi\""), "7:8", "did you mean \"redis\"?"),
        (check("kind = \"redis\"\nprot = 1"), "8:1", "did you mean \"port\"?"),
        (check("kind = \"redis\"\nport = 70000"), "8:8", "out of range"),
        (check("kind = \"tcp\""), "4:1", "check.port is missing"),
        (check("kind = \"command\"\nargv = \"ls\""), "8:8", "not a list of strings"),
        (check("kind = \"latch\"\npath = \"/tmp/a'; id #\""), "4:1", "no path of a latch"),
        (check("kind = \"systemd\"\nunit = \"-H evil\""), "4:1", "is no unit"),
        (check("kind = \"ssh\"\nuser = \"-oProxyCommand=id\""), "4:1", "is no user"),
        (check("kind = \"file\""), "4:1", "check.path is missing"),
        (check("name2 = 1"), "4:1", "this [[check]] has no kind"),
        (
            check("kind = \"redis\"").replace("node = \"HERE\"", "node = \"HEER\""),
            "4:1",
            "did you mean \"HERE\"?",
        ),
        (format!("{NODE}{NODE}"), "4:1", "two nodes are called"),
        (format!("{NODE}{}{}", file("a", 1, "/"), file("a", 1, "/")), "10:1", "two checks of HERE"),
        (String::from("[[node]\n"), "1:8", "not valid TOML"),
        (String::from("# nothing\n"), "", "there is no check in it"),
        (String::from("[[nodes]]\nname = \"X\"\n"), "1:3", "did you mean \"node\"?"),
    ] {
        let path = profile(&home, &text);
        let outcome = home.run(&["verify", "--profile", &path], LIMIT);
        assert_eq!(outcome.code, Some(78), "{text}: {outcome:#?}");
        let said = &outcome.stderr;
        let at = if place.is_empty() { format!("{path}: ") } else { format!("{path}:{place}: ") };
        assert!(said.contains(&at) && said.contains(words), "{text}: {at} {words}: {said}");
        assert!(said.contains("next: "), "{text}: {said}");
    }
    let absent = home.run(&["verify", "--profile", "/nonexistent/mesh.toml"], LIMIT);
    assert_eq!(absent.code, Some(78), "{absent:#?}");
}

#[test]
fn phases_totals_and_statuses() {
    let home = Sandbox::new();
    let there = home.path().display().to_string();
    let text = [
        String::from(NODE),
        file("a", 1, &there),
        file("b", 1, &there),
        file("c", 4, "/nonexistent/thing"),
        String::from("[[check]]\nnode = \"HERE\"\nname = \"beside\"\nkind = \"file\"\npath = \"/nonexistent\"\n"),
    ]
    .concat();
    let path = profile(&home, &text);
    let all = home.run(&["verify", "--profile", &path], LIMIT);
    assert_eq!(all.code, Some(2), "{all:#?}");
    for words in
        ["Total checks: 3", "Passed: 2", "Failed: 1", "Success rate: 66.7 %", "not counted"]
    {
        assert!(all.stdout.contains(words), "{words}: {}", all.stdout);
    }
    let first = home.run(&["verify", "--profile", &path, "--phase", "1", "--json"], LIMIT);
    assert_eq!(first.code, Some(0), "{first:#?}");
    let report = first.json();
    assert_eq!((&report["total"], &report["exit"]), (&2.into(), &0.into()));
    assert_eq!(report["success_rate"].as_f64(), Some(100.0));
    let none = home.run(&["verify", "--profile", &path, "--phase", "2"], LIMIT);
    assert_eq!(none.code, Some(64), "{none:#?}");
}

/// The system breaks a wait off that has an end of its own, where the process
/// is stopped meanwhile and goes on: what is asked is well all the same.
#[test]
fn a_look_that_was_stopped_and_goes_on_blames_nobody() {
    let home = Sandbox::new();
    let redis = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = redis.local_addr().unwrap().port();
    let text = format!(
        "{NODE}[[check]]\nnode = \"HERE\"\nname = \"x\"\nphase = 1\nkind = \"redis\"\n\
         port = {port}\ntimeout_ms = 30000\n"
    );
    let path = profile(&home, &text);
    let child = home.crs(&["verify", "--profile", &path]).spawn().unwrap();
    let (mut line, _) = redis.accept().unwrap();
    line.read_exact(&mut [0; 14]).unwrap();
    let is = |state: &str| {
        let stat = fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
        stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with(state))
    };
    for _ in 0..5 {
        signal(child.id(), Signal::STOP);
        assert!(until(LIMIT, || is("T").then_some(())).is_some(), "it stops");
        signal(child.id(), Signal::CONT);
        assert!(until(LIMIT, || (!is("T")).then_some(())).is_some(), "it goes on");
        std::thread::sleep(Duration::from_millis(50));
    }
    line.write_all(b"+PONG\r\n").unwrap();
    let said = child.wait_with_output().unwrap();
    assert_eq!(said.status.code(), Some(0), "{}", String::from_utf8_lossy(&said.stdout));
}

/// What is configured nowhere is this machine.
#[test]
fn without_configuration_every_address_is_loopback() {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/profiles/mesh.toml"));
    let text = text.unwrap();
    let hosts: Vec<_> = text.lines().filter(|line| line.starts_with("host = ")).collect();
    assert!(hosts.len() >= 7 && hosts.iter().all(|line| *line == "host = \"127.0.0.1\""));
    let count = text.lines().filter(|line| line.starts_with("phase = ")).count();
    assert_eq!(count, 17);
    for (phase, count) in [(1, 9), (2, 2), (3, 4), (4, 2)] {
        let line = format!("phase = {phase}");
        assert_eq!(text.lines().filter(|l| *l == line).count(), count, "phase {phase}");
    }
}

#[test]
fn a_watch_tells_what_changes() {
    let home = Sandbox::new();
    let thing = home.path().join("thing");
    fs::write(&thing, "").unwrap();
    let path = profile(&home, &[NODE, &file("a", 1, thing.to_str().unwrap())].concat());
    let mut child =
        home.crs(&["verify", "--profile", &path, "--watch", "--every", "0.2"]).spawn().unwrap();
    let stdout = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut lines = std::io::BufRead::lines(stdout).map(Result::unwrap);
    assert!(lines.any(|line| line.contains("Success rate: 100.0 %")));
    fs::remove_file(&thing).unwrap();
    assert!(lines.any(|line| line.contains("FAILED") && line.contains("is not there")));
    assert!(lines.any(|line| line.contains("0 of 1 (0.0 %)")));
    super::common::sandbox::signal(child.id(), super::common::sandbox::Signal::INT);
    let status = super::common::wait::until(LIMIT, || child.try_wait().unwrap());
    assert_eq!(status.and_then(|status| status.code()), Some(2));
}
