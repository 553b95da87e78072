//! What the ticks' port may bring: every shape, nonsense, silence.

use crate::common::peer::Peer;
use crate::common::sandbox::{Sandbox, free_port};
use crate::common::wait::until;
use crate::process::{Process, is};
use std::time::Duration;

#[test]
fn all_shapes_are_ticks_and_what_is_none_is_counted() {
    let Some(peer) = Peer::start(&["--shape", "all", "--bad-ticks", "--rate", "50"]) else {
        return;
    };
    let home = Sandbox::new();
    let (cmd, data) = (peer.cmd_port.to_string(), peer.data_port.to_string());
    let engine = Process::start(&home, &["--cmd-port", &cmd, "--data-port", &data]);
    engine.until("many ticks", |e| e["tick_id"] == 60);
    let all = engine.entries();
    for (n, entry) in (1_u64..).zip(&all) {
        assert_eq!(entry["tick_id"], n, "one entry for each tick, in their order");
        assert_ne!(entry["action"], "ERROR", "{entry}");
    }
    let (report, said) = engine.stop();
    assert!(report["refused"].as_u64().unwrap() > 10, "{report}");
    assert!(said.contains("no tick: "), "{said}");
    assert_eq!(peer.requests().len(), 0, "a dry run sends nothing");
}

#[test]
fn a_gateway_that_comes_later_is_waited_for() {
    let home = Sandbox::new();
    let (cmd, data) = (free_port().to_string(), free_port().to_string());
    let engine = Process::start(&home, &["--cmd-port", &cmd, "--data-port", &data]);
    std::thread::sleep(Duration::from_millis(2_500));
    assert_eq!(engine.entries().len(), 0);
    let args = ["gateway", "--cmd-port", &cmd, "--data-port", &data, "--symbols", "EURUSD"];
    let port = free_port().to_string();
    let mut late = home.crs(&[&args[..], &["--events-port", &port]].concat()).spawn().unwrap();
    engine.until("a tick", |e| e["symbol"] == "EURUSD");
    let _ = late.kill();
    let _ = late.wait();
    let seen = engine.entries().len();
    let still =
        until(Duration::from_millis(300), || (engine.entries().len() > seen + 50).then_some(()));
    assert!(still.is_none());
    let (_, said) = engine.stop();
    for words in ["is not there yet", "ticks: connected to main at 127.0.0.1:"] {
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn a_symbol_that_it_does_not_trade_is_no_order() {
    let Some(peer) = Peer::start(&["--symbols", "EURUSD,USDJPY", "--rate", "50"]) else { return };
    let home = Sandbox::new();
    let (cmd, data) = (peer.cmd_port.to_string(), peer.data_port.to_string());
    let args = ["--cmd-port", &cmd, "--data-port", &data, "--symbol", "EURUSD"];
    let engine = Process::start(&home, &args);
    engine.until("the other one", |e| e["symbol"] == "USDJPY");
    engine.until("an order", is("ORDER_GENERATED"));
    let all = engine.entries();
    let jpy = all.iter().filter(|e| e["symbol"] == "USDJPY");
    assert!(jpy.clone().count() > 0);
    for entry in jpy {
        assert_eq!(entry["action"], "NO_ORDER", "{entry}");
        assert_eq!(entry["reason"], "this engine does not trade the symbol");
    }
}
