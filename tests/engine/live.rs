//! Orders that leave the process: to paper money with an armed switch, to real
//! money only under an arming by name, within the limits.

use crate::common::console::Console;
use crate::common::paper::Paper;
use crate::common::peer::Peer;
use crate::common::sandbox::Sandbox;
use crate::common::wait::until;
use crate::process::{LIMIT, Process, is};
use std::fs;
use std::time::Duration;

const LIVE: [&str; 3] = ["--live", "--symbol", "EURUSD"];

#[test]
fn paper_money_needs_an_armed_switch_and_one_position_is_enough() {
    let home = Sandbox::new();
    let paper = Paper::start(&home, &["--symbols", "EURUSD", "--rate", "50"]);
    let (cmd, data) = (paper.port("commands"), paper.port("ticks"));
    let ports = ["--cmd-port", &cmd, "--data-port", &data];
    let engine = Process::start(&home, &[&ports[..], &LIVE].concat());
    let order = engine.until("an order", is("ORDER_GENERATED"));
    let words = order["reason"].as_str().unwrap();
    assert!(words.starts_with("ticket ") && words.contains("filled"), "{order}");
    assert_eq!((&order["order"]["order_id"], &order["live"]), (&"ORD_000000".into(), &true.into()));
    let held = engine.until("a limit", |e| {
        e["reason"].as_str().is_some_and(|r| r.contains(" of EURUSD is open: "))
    });
    assert_eq!(held["action"], "NO_ORDER");
    let side = order["signal"].as_str().unwrap().to_owned();
    // The other side may come and go with the walk; ours was ordered once.
    let ordered = |e: &serde_json::Value| e["action"] == "ORDER_GENERATED" && e["signal"] == *side;
    assert_eq!(engine.entries().iter().filter(|e| ordered(e)).count(), 1);
    let positions = paper.ask(&home, &["positions", "--json"]).json();
    let text = positions.to_string();
    let ticket = words["ticket ".len()..].split(',').next().unwrap();
    assert!(text.contains(ticket), "{text} has {ticket}");
    // On record as every other order.
    let shown = home.run(&["audit", "show"], LIMIT).stdout;
    assert!(shown.contains("OPEN_ORDER EURUSD"), "{shown}");

    fs::write(home.latch(), "").unwrap();
    engine.until("BLOCKED", is("BLOCKED"));
    let before = engine.entries().len();
    engine.until("more", move |e| e["tick_id"].as_u64().unwrap() > before as u64 + 30);
    let all = engine.entries();
    let first = all.iter().position(is("BLOCKED")).unwrap();
    assert!(all[first..].iter().all(is("BLOCKED")));
    let (_, said) = engine.stop();
    assert!(said.contains("LIVE ORDERS to 127.0.0.1:") && said.contains("(PAPER)"), "{said}");
}

#[test]
fn real_money_is_refused_until_it_is_armed_by_name() {
    let Some(peer) = Peer::start(&["--trade-mode", "2", "--rate", "20"]) else { return };
    let home = Sandbox::new();
    fs::create_dir_all(home.path().join("home/.config/crs")).unwrap();
    let quiet = "[audit]\nsyslog = \"off\"\n";
    fs::write(home.path().join("home/.config/crs/config.toml"), quiet).unwrap();
    let (cmd, data) = (peer.cmd_port.to_string(), peer.data_port.to_string());
    let ports = ["--cmd-port", &cmd, "--data-port", &data];
    let run = [&["engine", "--events-port", "0", "--json"], &ports[..], &LIVE].concat();
    let refused = home.run(&run, LIMIT);
    assert_eq!(refused.code, Some(1), "{refused:#?}");
    for words in ["--live is refused", "LIVE is not armed", "crs arm --live"] {
        assert!(refused.stderr.contains(words), "{refused:#?}");
    }
    assert_eq!(peer.count("OPEN_ORDER"), 0);

    let mut terminal = Console::crs(&home, &[&ports[..], &["arm", "--live"]].concat(), 200, 40);
    let asked = until(LIMIT, || terminal.text().contains("Type ARM LIVE main").then_some(()));
    assert!(asked.is_some(), "{}", terminal.text());
    terminal.keys("ARM LIVE main\r");
    assert_eq!(terminal.exit(LIMIT).unwrap().exit_code(), 0, "{}", terminal.text());
    let engine = Process::start(&home, &[&ports[..], &LIVE].concat());
    engine.until("an order", is("ORDER_GENERATED"));
    assert!(peer.saw("OPEN_ORDER", Duration::from_secs(1)));
    engine.stop();
    // Any stop voids it, also for an engine that starts after its reset.
    let kill = home.run(&[&ports[..], &["block", "--reason", "x", "--yes"]].concat(), LIMIT);
    assert_eq!(kill.code, Some(0), "{kill:#?}");
    let voided = home.run(&run, LIMIT);
    assert_eq!(voided.code, Some(1), "{voided:#?}");
    assert!(voided.stderr.contains("LIVE is not armed"), "{voided:#?}");
}
