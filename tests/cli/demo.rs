//! `crs demo` in a real terminal: everything is there, nothing leads out,
//! nothing stays behind.

use super::common::console::Console;
use super::common::sandbox::{Sandbox, Signal};
use super::common::wait::until;
use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

const LIMIT: Duration = Duration::from_mins(1);

/// Nothing runs, no scratch directory is left, and the latch of this home was
/// never made.
fn assert_clean(home: &Sandbox) {
    let gone = until(Duration::from_secs(10), || home.processes().is_empty().then_some(()));
    assert!(gone.is_some(), "still running: {:?}", home.processes());
    let left: Vec<_> = fs::read_dir(home.path().join("tmp")).unwrap().collect();
    assert!(left.is_empty(), "left behind: {left:?}");
    assert!(!home.latch().exists(), "the demo touched a latch that is not its own");
}

/// Far ends of the TCP connections of a process, hexadecimal as the kernel
/// shows them.
pub fn far_ends(pid: u32) -> BTreeSet<String> {
    let Ok(open) = fs::read_dir(format!("/proc/{pid}/fd")) else { return BTreeSet::new() };
    let sockets: BTreeSet<String> = open
        .filter_map(|fd| fs::read_link(fd.ok()?.path()).ok())
        .filter_map(|to| Some(to.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect();
    let mut ends = BTreeSet::new();
    for table in ["tcp", "tcp6"] {
        let text = fs::read_to_string(format!("/proc/{pid}/net/{table}")).unwrap_or_default();
        for row in text.lines().skip(1) {
            let fields: Vec<&str> = row.split_whitespace().collect();
            if let [_, _, far, _, _, _, _, _, _, inode, ..] = fields[..]
                && sockets.contains(inode)
            {
                ends.insert(far.to_owned());
            }
        }
    }
    ends
}

/// Whether a far end, as the kernel shows it, is this machine or nobody yet.
pub fn is_loopback(far: &str) -> bool {
    let Some((address, _port)) = far.split_once(':') else { return false };
    // 127.x.y.z in the kernel's byte order, nobody yet, or ::1 and ::.
    address.ends_with("7F") && address.len() == 8
        || address.bytes().all(|b| b == b'0')
        || address == "00000000000000000000000001000000"
}

#[test]
fn it_shows_a_market_and_positions_and_reaches_nobody() {
    let home = Sandbox::new();
    let mut demo = Console::crs(&home, &["demo"], 120, 40);
    demo.see("SIM");
    demo.see("EURUSD");
    demo.wait_for("order of the signal source", LIMIT, |text| text.contains("ORDER_GENERATED"));
    let processes = home.processes();
    assert!(processes.len() >= 2, "console and agent: {processes:?}");
    let reached: BTreeSet<String> = processes.into_iter().flat_map(far_ends).collect();
    assert!(reached.iter().any(|far| far.starts_with("0100007F:")), "{reached:?}");
    assert!(reached.iter().all(|far| is_loopback(far)), "{reached:?}");
    demo.keys("q");
    let status = demo.exit(LIMIT).expect("it ends");
    assert!(status.success(), "{status:?}");
    assert_clean(&home);
}

#[test]
fn its_kill_ends_in_proof_and_blocks_the_signal_source() {
    let home = Sandbox::new();
    let mut demo = Console::crs(&home, &["demo"], 120, 40);
    demo.wait_for("order of the signal source", LIMIT, |text| text.contains("ORDER_GENERATED"));
    demo.keys("\u{b}");
    std::thread::sleep(Duration::from_millis(400));
    demo.keys("y");
    demo.wait_for("proof of flat", LIMIT, |text| text.contains("VERIFIED"));
    demo.wait_for("a blocked signal", LIMIT, |text| text.contains("BLOCKED"));
    demo.keys("q");
    assert!(demo.exit(LIMIT).is_some(), "it ends although the kill is in force");
    assert_clean(&home);
}

/// The numbered commands of a list on the screen, each put together from its rows.
fn steps(text: &str) -> Vec<Vec<String>> {
    let rows: Vec<Vec<char>> = text.lines().map(|row| row.chars().collect()).collect();
    let words = "the way back is typed";
    let is_head = |row: &Vec<char>| row.iter().collect::<String>().contains(words);
    let head = rows.iter().position(is_head).expect("the way back is listed");
    let line: String = rows[head].iter().collect();
    let left = line[..line.find(words).unwrap()].chars().count();
    let mut steps: Vec<Vec<String>> = Vec::new();
    for row in &rows[head + 1..] {
        // The box is the only thing between its two sides.
        let inner: String = row.iter().skip(left).take_while(|c| !"│╯─".contains(**c)).collect();
        if inner.trim().is_empty() {
            break;
        }
        let mut words = inner.split_whitespace().map(str::to_owned).peekable();
        if words.peek().is_some_and(|word| word.parse::<u8>().is_ok()) {
            words.next();
            steps.push(Vec::new());
        }
        steps.last_mut().expect("a number first").extend(words);
    }
    steps
}

#[test]
fn the_way_back_that_it_prints_leads_back_when_typed() {
    let home = Sandbox::new();
    let mut demo = Console::crs(&home, &["demo"], 120, 40);
    demo.wait_for("order of the signal source", LIMIT, |text| text.contains("ORDER_GENERATED"));
    demo.keys("\u{b}");
    std::thread::sleep(Duration::from_millis(400));
    demo.keys("y");
    demo.wait_for("proof of flat", LIMIT, |text| text.contains("VERIFIED flat"));
    demo.keys(":reset\r");
    let text = demo.wait_for("the way back", LIMIT, |text| text.contains("3 crs arm"));
    let steps = steps(&text);
    assert_eq!(steps.len(), 3, "{steps:?}");
    for step in &steps {
        let mut words: Vec<&str> = step.iter().map(String::as_str).collect();
        assert_eq!(words.remove(0), "crs", "{step:?}");
        let mut done = home.run(&words, LIMIT);
        // Without a terminal the phrase is given as the refusal says.
        if let Some((_, given)) = done.stderr.split_once("give --engage-id ") {
            let (id, phrase) = given.split_once(" --phrase \"").unwrap();
            let phrase = phrase.split('"').next().unwrap();
            done =
                home.run(&[&words[..], &["--engage-id", id, "--phrase", phrase]].concat(), LIMIT);
        }
        assert_eq!(done.code, Some(0), "{step:?} {done:#?}");
    }
    demo.keys("\u{1b}");
    // The source orders again, and the gateway takes it.
    let mut look: Vec<&str> = vec!["positions", "--json"];
    look.extend(steps[2].iter().skip(2).map(String::as_str));
    let opened = until(LIMIT, || {
        let read = home.run(&look, LIMIT);
        read.stdout.contains("\"ticket\"").then_some(())
    });
    assert!(opened.is_some(), "no order passes after the way back: {}", demo.text());
    demo.keys("q");
    assert!(demo.exit(LIMIT).is_some());
    assert_clean(&home);
}

#[test]
fn a_signal_cleans_up_too() {
    let home = Sandbox::new();
    let mut demo = Console::crs(&home, &["demo"], 80, 24);
    demo.see("EURUSD");
    demo.signal(Signal::TERM);
    assert_eq!(demo.exit(LIMIT).expect("it ends").exit_code(), 143);
    assert_clean(&home);
}

#[test]
fn without_a_terminal_it_says_so_and_cleans_up() {
    let home = Sandbox::new();
    let outcome = home.run(&["demo"], LIMIT);
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    assert!(outcome.stderr.contains("terminal"), "{outcome:#?}");
    assert_clean(&home);
}
