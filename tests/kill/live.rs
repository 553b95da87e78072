//! Real money: refused until it was armed for this account under this
//! configuration, and again after any stop. Closing and killing never ask.

use crate::common::console::Console;
use crate::common::sandbox::{Signal, signal};
use crate::common::wait::until;
use crate::life::{LIMIT, Mesh};
use crs::breaker::Gate;
use crs::cli::deal::{Deal, Ending, Fate};
use crs::config::Settings;
use crs::domain::{Endpoint, GatewayAddr, Lots, OrderTicket, Side, Symbol, Text};
use crs::link::{Peer, peer};
use crs::wire::Action;
use serde_json::Value;
use std::fs;
use std::time::Duration;

const ORDER: &[&str] = &["order", "EURUSD", "buy", "0.01", "--yes", "--json", "--live"];
const ARM: &[&str] = &["arm", "--live", "--json"];

fn orders(mesh: &Mesh) -> usize {
    mesh.peer.count("OPEN_ORDER")
}

/// Refused for want of an arming, and nothing went out.
#[track_caller]
fn refused(mesh: &Mesh, why: &str) {
    let before = orders(mesh);
    let (code, report) = mesh.crs(ORDER);
    assert_eq!((code, &report["ending"]), (3, &"denied".into()), "{report:#}");
    let note = report["note"].as_str().unwrap();
    assert!(note.contains("LIVE is not armed") && note.contains(why), "{note}");
    assert!(note.contains("crs arm --live"), "{note}");
    assert_eq!(orders(mesh), before);
    assert_eq!(mesh.status()["live"], serde_json::json!([]));
}

#[track_caller]
fn goes(mesh: &Mesh) {
    let before = orders(mesh);
    let (code, report) = mesh.crs(ORDER);
    assert_eq!((code, &report["ending"]), (0, &"done".into()), "{report:#}");
    assert_eq!(orders(mesh), before + 1);
}

/// `crs arm --live` as a person does it: at a terminal, typing `phrase` if
/// asked; its exit status, and its document or words.
fn arm(mesh: &Mesh, phrase: &str) -> (i32, Value) {
    let port = mesh.peer.cmd_port.to_string();
    let args = [&["--cmd-port", &port], ARM].concat();
    let mut terminal = Console::crs(&mesh.home, &args, 200, 40);
    let asked = |terminal: &Console| terminal.text().contains("Type ARM LIVE main to go on:");
    let status = until(LIMIT, || {
        let ended = terminal.exit(Duration::ZERO);
        (ended.is_some() || asked(&terminal)).then_some(ended)
    });
    let ended = status.expect("a question or an end").unwrap_or_else(|| {
        terminal.keys(&format!("{phrase}\r"));
        terminal.exit(LIMIT).expect("an end")
    });
    let code = i32::try_from(ended.exit_code()).unwrap();
    // The last words may still be on their way out of the terminal.
    let said = until(LIMIT, || {
        let text = String::from_utf8(terminal.written()).unwrap();
        let json = text.find('{').and_then(|at| serde_json::from_str(&text[at..]).ok());
        if code == 0 { json } else { text.contains("crs:").then_some(Value::String(text)) }
    });
    (code, said.unwrap_or_else(|| panic!("{code}: {}", terminal.text())))
}

#[track_caller]
fn armed(mesh: &Mesh) {
    let (code, said) = arm(mesh, "ARM LIVE main");
    assert_eq!((code, &said["account"]["server_name"]), (0, &"Peer-Demo".into()), "{said:#}");
}

#[test]
fn an_order_waits_for_the_phrase_and_a_kill_voids_it() {
    let mesh = Mesh::new(&["--trade-mode", "2"]);
    let unnamed = ["order", "EURUSD", "buy", "0.01", "--yes", "--json"];
    assert_eq!(mesh.crs(&unnamed).0, 3);
    refused(&mesh, "no arming on record");
    // A plain arming, a wrong phrase and nobody to type arm nothing.
    assert_eq!(mesh.crs(&["arm"]).0, 0);
    assert_eq!(arm(&mesh, "ARM LIVE other").0, 1);
    // Nor does a script: not by a phrase, and not by a pipe.
    let phrase = [ARM, &["--phrase", "ARM LIVE main"]].concat();
    for script in [ARM, &phrase] {
        let (code, said) = mesh.crs(script);
        let said = said.as_str().unwrap();
        assert_eq!(code, 64, "{said}");
        assert!(said.contains("at a terminal"), "{said}");
    }
    refused(&mesh, "no arming on record");

    armed(&mesh);
    goes(&mesh);
    let status = mesh.status();
    assert_eq!(status["live"][0]["gateway"], "main", "{status:#}");
    assert_eq!(status["live"][0]["trade_mode"], "real", "{status:#}");
    let page = |args: &[&str]| mesh.crs(args).1.as_str().unwrap().to_owned();
    assert!(page(&["status"]).contains("LIVE:    armed for main at "));
    assert!(page(&["brief"]).contains("LIVE    armed for main at "));
    let other = [&["--kill-switch-file", "run/other.lock"], ORDER].concat();
    assert_eq!(mesh.crs(&other).0, 3, "another latch is another configuration");

    let (code, report) = mesh.kill();
    assert_eq!(code, 0, "neither kill nor close asks for an arming: {report:#}");
    let id = report["engage_id"].as_str().unwrap().to_owned();
    let (code, said) = arm(&mesh, "ARM LIVE main");
    assert_eq!(code, 1, "not while engaged: {said:#}");
    assert!(page(&["brief"]).contains("LIVE    not armed"));
    mesh.until("VERIFIED by the agent", |s| s["kill"][0]["phase"] == "VERIFIED");
    let (code, said) = mesh.reset(&id);
    assert_eq!(code, 0, "{said:#}");
    assert_eq!(mesh.crs(&["arm", "--json"]).0, 0);
    mesh.until("SAFE", |s| s["state"] == "SAFE");
    refused(&mesh, &id);
    armed(&mesh);
    goes(&mesh);
    assert_eq!(mesh.crs(&["audit", "verify"]).0, 0);
}

#[test]
fn it_is_honoured_over_restarts_and_bound_to_the_configuration() {
    let mesh = Mesh::new(&["--trade-mode", "2"]);
    armed(&mesh);
    // Any verb that leaves an agent behind would do; each crs is a process of
    // its own, so an order in a second one has already outlived the first.
    goes(&mesh);
    let file = mesh.home.path().join("home/.config/crs/config.toml");
    let before = fs::read_to_string(&file).unwrap();
    fs::write(&file, before.replace("= 150", "= 151")).unwrap();
    refused(&mesh, "another configuration");
    fs::write(&file, before).unwrap();
    goes(&mesh);
}

#[test]
fn a_block_and_a_foreign_latch_void_it_too() {
    let mesh = Mesh::new(&["--trade-mode", "2"]);
    armed(&mesh);
    let (code, report) = mesh.crs(&["block", "--reason", "news", "--yes", "--json"]);
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(mesh.reset(report["engage_id"].as_str().unwrap()).0, 0);
    assert_eq!(mesh.crs(&["arm", "--json"]).0, 0);
    mesh.until("SAFE", |s| s["state"] == "SAFE");
    refused(&mesh, "block ");
    armed(&mesh);
    goes(&mesh);
    // The agent that the block left behind records what it sees.
    fs::write(mesh.home.latch(), "").unwrap();
    assert_eq!(mesh.crs(ORDER).0, 3);
    let voided = until(LIMIT, || (mesh.status()["live"] == serde_json::json!([])).then_some(()));
    assert!(voided.is_some(), "{:#}", mesh.status());
    signal(mesh.agent(), Signal::KILL);
}

#[test]
fn an_account_of_unknown_kind_is_real_and_one_without_real_money_needs_none() {
    let mesh = Mesh::new(&["--behaviour", "no-proof-fields"]);
    refused(&mesh, "LIVE?");
    armed(&mesh);
    goes(&mesh);
    let mesh = Mesh::new(&["--trade-mode", "0"]);
    let (code, said) = arm(&mesh, "ARM LIVE main");
    assert_eq!(code, 1);
    assert!(said.as_str().unwrap().contains("DEMO ACCT"), "{said}");
    goes(&mesh);
}

#[test]
fn an_account_that_cant_be_read_is_neither_armed_nor_dealt_on() {
    let mesh = Mesh::new(&["--behaviour", "blind"]);
    assert_eq!(arm(&mesh, "ARM LIVE main").0, 1);
    let (code, report) = mesh.crs(ORDER);
    assert_ne!(code, 0, "{report:#}");
    assert_eq!((orders(&mesh), &report["req_id"]), (0, &Value::Null));
}

#[test]
fn closing_needs_no_arming() {
    let mesh = Mesh::new(&["--trade-mode", "2", "--positions", "1"]);
    let (code, report) = mesh.crs(&["close", "1000001", "--yes", "--json"]);
    assert_eq!((code, &report["ending"]), (0, &"done".into()), "{report:#}");
}

/// What every path to an order goes through, without the looks that
/// `crs order` takes before it asks.
#[test]
fn whoever_orders_is_held_to_it() {
    for (args, ending, words) in [
        (["--trade-mode", "2"], Ending::Denied, "LIVE is not armed"),
        (["--trade-mode", "0"], Ending::Denied, "not proven yet"),
        (["--behaviour", "blind"], Ending::Refused, "MT5 not connected"),
    ] {
        let mesh = Mesh::new(&args);
        let state = mesh.home.path().join("state");
        let mut settings = Settings::defaults(state.clone(), state);
        settings.kill_switch_file = mesh.home.latch();
        let cmd = Endpoint::new("127.0.0.1", mesh.peer.cmd_port).unwrap();
        let main = GatewayAddr { name: Text::new("main"), cmd: cmd.clone(), data: cmd.clone() };
        settings.gateways.push(main);
        let mut peer = Peer::connect(&zmq::Context::new(), &cmd, 65_536).unwrap();
        let request = peer::request(Action::OpenOrder(OrderTicket::market(
            Symbol::new("EURUSD").unwrap(),
            Side::Buy,
            Lots::parse("0.01").unwrap(),
        )));
        let wait = Duration::from_secs(20);
        let gate = Gate::default();
        let fate = Deal::open(&settings).order(&gate, &mut peer, &request, "OPEN_ORDER", wait);
        let Fate::Not(how, why) = fate else { panic!("{args:?}: {fate:?}") };
        assert_eq!(how, ending, "{args:?}: {why}");
        assert!(why.as_str().contains(words), "{args:?}: {why}");
        assert_eq!(orders(&mesh), 0);
    }
}
