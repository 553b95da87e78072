//! Orders from the console's ticket, to a real gateway, and what becomes of
//! them. Rows of the fault list: 12.

use crate::common::console::{Console, SOON};
use crate::common::peer::Peer;
use crate::common::sandbox::Signal;
use crate::desk::{At, home, think};
use crate::place::{Place, QUICK};
use serde_json::Value;
use std::time::Duration;

/// The kill chord, as a terminal sends Ctrl-K.
const CHORD: &str = "\x0b";
/// An order has 10 s for its answer; reads tell 30 s after it.
const PATIENCE: Duration = Duration::from_secs(90);
/// The word of the open guard.
const PREVIEW: &str = "sends it, other keys stand down";

/// An open ticket for EURUSD; the keys are in the field of the lots.
fn open(console: &mut Console) {
    console.keys("tt");
    console.wait_for("a ticket for EURUSD", SOON, |t| {
        t.contains("Order ticket")
            && t.lines().any(|l| l.contains("symbol") && l.contains("EURUSD"))
    });
}

/// `lots` into an open ticket, to its preview and on.
fn send(console: &mut Console, lots: &str) {
    console.keys(lots);
    console.see(lots);
    console.keys("\r");
    console.see(PREVIEW);
    think();
    console.keys("y");
}

fn quoted(place: &Place, columns: u16, rows: u16) -> Console {
    let console = place.console(columns.max(80), rows.max(24));
    console.see("EURUSD");
    console.resize(columns, rows);
    console
}

fn positions(place: &Place) -> Vec<Value> {
    let read = place.run(&["positions", "--json"]).json();
    read["gateways"][0]["positions"].as_array().unwrap().clone()
}

/// How often the audit log has an order with this outcome.
fn recorded(place: &Place, outcome: &str) -> usize {
    let log = place.run(&["audit", "show"]).stdout;
    log.lines().filter(|l| l.contains("OPEN_ORDER") && l.contains(outcome)).count()
}

#[test]
fn an_order_is_previewed_confirmed_filled_and_on_record() {
    let place = Place::new("");
    let _gateway = place.gateway(&["--symbols", "EURUSD"]);
    let mut console = quoted(&place, 120, 40);
    open(&mut console);
    console.keys("0.10");
    let text = console.wait_for("margin and spread", SOON, |t| {
        t.contains("leverage 1:100") && t.contains("points,") && t.contains("not bounded: no SL")
    });
    let margin = text.lines().find_map(|l| l.split_once("margin  ")).unwrap().1;
    let margin: f64 = margin.split_whitespace().next().unwrap().replace(',', "").parse().unwrap();
    console.keys("\r");
    let text = console.see(PREVIEW);
    assert!(text.contains("P A P E R") && text.contains("BUY 0.10 EURUSD at market"), "{text}");
    think();
    console.keys("y");
    let text = console.wait_for("the fill", SOON, |t| {
        t.contains("ORDER filled as") && t.contains("1 open") && !t.contains("Order ticket")
    });
    assert!(text.contains("slippage") && !text.contains("slippage not known"), "{text}");
    let open = positions(&place);
    assert_eq!(open.len(), 1, "{open:#?}");
    let used: f64 =
        place.run(&["account", "--json"]).json()["gateways"][0]["account"]["used_margin"]
            .to_string()
            .parse()
            .unwrap();
    assert!((margin - used).abs() < used / 100.0, "previewed {margin}, bound {used}");
    assert_eq!((recorded(&place, "sent"), recorded(&place, "done")), (1, 1));
}

#[test]
fn another_key_or_five_seconds_send_nothing() {
    let place = Place::new("");
    let _gateway = place.gateway(&["--symbols", "EURUSD"]);
    let mut console = quoted(&place, 80, 24);
    open(&mut console);
    console.keys("0.10\r");
    console.see(PREVIEW);
    console.keys("\r");
    console.see("ORDER stood down, nothing was done");
    console.see("Order ticket");
    console.keys("\r");
    console.see(PREVIEW);
    console.wait_for("its end by itself", SOON, |t| !t.contains(PREVIEW));
    // The second key of a guard that is gone is only a letter.
    console.keys("y");
    think();
    console.keys("\x1b");
    console.wait_for("no ticket", SOON, |t| !t.contains("Order ticket"));
    assert_eq!(positions(&place), Vec::<Value>::new());
    assert_eq!(recorded(&place, "sent"), 0);
}

#[test]
fn the_kill_chord_works_in_every_field_and_under_the_preview() {
    let place = Place::new(QUICK);
    let _gateway = place.gateway(&["--symbols", "EURUSD"]);
    let mut console = quoted(&place, 120, 40);
    let ticket = place.buy();
    console.see(&ticket);
    open(&mut console);
    console.keys("0.10");
    for _field in 0..6 {
        console.keys(CHORD);
        console.see("stop trading, close everything");
        console.keys("n");
        console.wait_for("the ticket again", SOON, |t| t.contains("Order ticket"));
        console.keys("\t");
    }
    // The draft is as it was.
    console.keys("\r");
    let text = console.see(PREVIEW);
    assert!(text.contains("BUY 0.10 EURUSD"), "{text}");
    console.keys(CHORD);
    console.see("stop trading, close everything");
    think();
    // This key belongs to the kill, not to the order.
    console.keys("y");
    console.see("VERIFIED flat");
    console.wait_for("the whole screen", SOON, |t| !t.contains("Order ticket"));
    place.is_stopped();
    assert_eq!(recorded(&place, "sent"), 1, "the one that was bought before");
}

#[test]
fn a_kill_in_the_middle_of_a_field_kills_on_a_small_screen_too() {
    let place = Place::new(QUICK);
    let _gateway = place.gateway(&["--symbols", "EURUSD"]);
    let mut console = quoted(&place, 40, 12);
    place.buy();
    console.see("1 open");
    open(&mut console);
    console.keys("0.1");
    console.keys(CHORD);
    console.see("stop trading");
    think();
    console.keys("y");
    console.see("VERIFIED");
    place.is_stopped();
}

#[test]
fn a_small_screen_takes_orders_too() {
    let place = Place::new("");
    let _gateway = place.gateway(&["--symbols", "EURUSD"]);
    let mut console = quoted(&place, 40, 12);
    open(&mut console);
    send(&mut console, "0.05");
    console.see("1 open");
    assert_eq!(positions(&place)[0]["lots"].to_string(), "0.05");
}

#[test]
fn a_held_switch_denies_in_its_own_words() {
    let place = Place::new("");
    let _gateway = place.gateway(&["--symbols", "EURUSD"]);
    let mut console = quoted(&place, 120, 40);
    let blocked = place.run(&["block", "--reason", "news at noon", "--yes"]);
    assert_eq!(blocked.code, Some(0), "{blocked:#?}");
    console.see("ENGAGED");
    open(&mut console);
    console.see("orders are denied now: ");
    console.keys("0.10\r");
    let text = console.see("denied: ");
    assert!(!text.contains(PREVIEW), "no guard opens:\n{text}");
    console.wait_for("the reason", SOON, |t| t.contains("denied: ") && t.contains("news at noon"));
    console.keys("y");
    think();
    assert_eq!(positions(&place), Vec::<Value>::new());
    assert_eq!(recorded(&place, "sent"), 0);
}

#[test]
fn a_frozen_gateway_is_sent_no_order() {
    let place = Place::new("");
    let gateway = place.gateway(&["--symbols", "EURUSD"]);
    let mut console = quoted(&place, 120, 40);
    open(&mut console);
    gateway.signal(Signal::STOP);
    send(&mut console, "0.10");
    console.wait_for("not sent", PATIENCE, |t| t.contains("ORDER not sent: "));
    gateway.signal(Signal::CONT);
    console.wait_for("reads again", SOON, |t| t.contains("no open position"));
    assert_eq!(positions(&place), Vec::<Value>::new());
    assert_eq!(recorded(&place, "sent"), 0, "the account was not even read");
}

#[test]
fn what_the_gateway_refuses_is_said_with_its_reason() {
    let place = Place::new("");
    let _gateway = place.gateway(&["--symbols", "EURUSD", "--balance", "100"]);
    let mut console = quoted(&place, 120, 40);
    open(&mut console);
    send(&mut console, "50");
    let text = console.see("ORDER refused: ");
    assert!(text.contains("not enough"), "{text}");
    assert_eq!(recorded(&place, "failed"), 1);
}

#[test]
fn an_order_without_an_answer_is_unknown_until_its_position_comes() {
    let home = home();
    let Some(peer) = Peer::start(&["--positions", "0", "--behaviour", "mute-order"]) else {
        return;
    };
    let mut console = At::peer(&peer).console(&home, 120, 40);
    console.wait_for("a live feed", SOON, |t| t.contains("live") && t.contains("EURUSD"));
    open(&mut console);
    send(&mut console, "0.10");
    console.see("ORDER sending");
    console.wait_for("UNKNOWN or its end", PATIENCE, |t| {
        t.contains("ORDER UNKNOWN") || t.contains("it was UNKNOWN")
    });
    console.wait_for("the position", PATIENCE, |t| t.contains("ORDER came as 1000001"));
    assert_eq!(peer.count("OPEN_ORDER"), 1, "never sent again");
}

#[test]
fn an_order_that_got_lost_is_unknown_until_reads_show_that_it_never_happened() {
    let home = home();
    let Some(peer) = Peer::start(&["--positions", "1", "--behaviour", "lose-order"]) else {
        return;
    };
    let mut console = At::peer(&peer).console(&home, 120, 40);
    console.wait_for("a live feed", SOON, |t| t.contains("live") && t.contains("1000001"));
    // The like of what is open already: that one must not be taken for it.
    std::thread::sleep(Duration::from_secs(3));
    open(&mut console);
    send(&mut console, "0.10");
    let unknown = console.wait_for("UNKNOWN", PATIENCE, |t| t.contains("ORDER UNKNOWN"));
    assert!(unknown.contains("it may have happened, never sent again"), "{unknown}");
    console.wait_for("its end", PATIENCE, |t| t.contains("left no position, by reads"));
    assert_eq!(peer.count("OPEN_ORDER"), 1, "never sent again");
}

#[test]
fn real_money_is_typed_in_the_ticket_and_armed_before() {
    let home = home();
    let Some(peer) = Peer::start(&["--positions", "0", "--trade-mode", "2"]) else { return };
    let mut console = At::peer(&peer).console(&home, 120, 40);
    console.wait_for("a live feed", SOON, |t| t.contains("LIVE") && t.contains("EURUSD"));
    open(&mut console);
    console.keys("0.10");
    console.see("margin  not known: the gateway tells no leverage");
    console.keys("\r");
    let text = console.see("typed: type LIVE");
    assert!(!text.contains(PREVIEW), "{text}");
    console.keys("LIVE\r");
    let text = console.see(PREVIEW);
    assert!(text.contains("L I V E"), "{text}");
    think();
    console.keys("y");
    let text = console.see("ORDER DENIED, not sent: ");
    assert!(text.contains("LIVE is not armed"), "{text}");
    assert_eq!(peer.count("OPEN_ORDER"), 0);
    let (cmd, data) = (peer.cmd_port.to_string(), peer.data_port.to_string());
    let arm = ["--cmd-port", &cmd, "--data-port", &data, "arm", "--live"];
    let mut terminal = Console::crs(&home, &arm, 120, 40);
    terminal.see("Type ARM LIVE main to go on:");
    terminal.keys("ARM LIVE main\r");
    assert_eq!(terminal.exit(SOON).map(|s| s.exit_code()), Some(0), "{}", terminal.text());
    // Every ticket asks for the word anew.
    open(&mut console);
    console.keys("0.10\r");
    console.see("typed: type LIVE");
    console.keys("LIVE\r");
    console.see(PREVIEW);
    think();
    console.keys("y");
    console.see("ORDER filled as 1000001");
    assert_eq!(peer.count("OPEN_ORDER"), 1);
}

#[test]
fn what_no_gateway_can_do_to_a_position_is_said() {
    let place = Place::new("");
    let _gateway = place.gateway(&["--symbols", "EURUSD"]);
    let mut console = quoted(&place, 120, 40);
    let ticket = place.buy();
    console.see(&ticket);
    console.keys("xm");
    console.see("this gateway can't modify SL/TP: v1.0 has no such action");
    console.keys("xp");
    console.see("this gateway can't close a part: v1.0's CLOSE_POSITION has no volume");
    console.keys("xx");
    console.see("close this position");
    think();
    console.keys("y");
    console.see("no open position");
    assert_eq!(positions(&place), Vec::<Value>::new());
}
