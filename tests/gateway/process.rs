//! The gateway as a process that is killed without a word. This shows the
//! death of a process, not the loss of power.

use crate::common::sandbox::{Sandbox, end};
use crate::peer::{Peer, request};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::BufReader;
use std::process::Child;
use std::time::Duration;

const ROUNDS: usize = 5;

/// `crs gateway`, ended by SIGKILL.
struct Process {
    child: Child,
    address: String,
    killed: bool,
}

impl Process {
    fn start(home: &Sandbox) -> Self {
        let args = ["gateway", "--free-ports", "--json", "--rate", "1", "--balance", "1000000"];
        let mut child = home.crs(&args).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let mut documents = serde_json::Deserializer::from_reader(stdout).into_iter();
        let ready: Value = documents.next().expect("it says where it listens").unwrap();
        let address = format!("tcp://{}", ready["commands"].as_str().unwrap());
        Self { child, address, killed: ready["killed"].as_bool().unwrap() }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

#[test]
fn an_answered_kill_survives_kill_9() {
    let (home, context) = (Sandbox::new(), zmq::Context::new());
    for round in 0..ROUNDS {
        let gateway = Process::start(&home);
        assert!(!gateway.killed);
        let peer = Peer::at(&context, &gateway.address);
        peer.open("BUY", "EURUSD", 0.1, 0.0);
        let kill = request(&format!("k-{round}"), "KILL_SWITCH", &json!({}));
        let first = peer.say(&kill);
        drop(gateway);

        let gateway = Process::start(&home);
        assert!(gateway.killed, "round {round}: the kill was forgotten");
        let peer = Peer::at(&context, &gateway.address);
        assert_eq!(peer.open("BUY", "EURUSD", 0.1, 0.0)["status"], "ERROR");
        assert_eq!(peer.say(&kill), first);
        assert!(peer.positions().is_empty());
        // The way back, while it runs.
        let reset =
            home.run(&["gateway", "reset", "--reason", "next round"], Duration::from_secs(30));
        assert_eq!(reset.code, Some(0), "{reset:#?}");
        assert_eq!(peer.open("BUY", "EURUSD", 0.1, 0.0)["status"], "SUCCESS");
        assert_eq!(peer.kill()["positions_closed"], 1);
        drop(gateway);
        let reset = home.run(&["gateway", "reset", "--reason", "asleep"], Duration::from_secs(30));
        assert_eq!(reset.code, Some(0), "{reset:#?}");
    }
}

#[test]
fn no_answered_order_is_lost_by_kill_9() {
    let (home, context) = (Sandbox::new(), zmq::Context::new());
    let mut answered = BTreeSet::new();
    for round in 0..ROUNDS {
        let gateway = Process::start(&home);
        let traders: Vec<_> = (0..4)
            .map(|n| {
                let peer = Peer::at(&context, &gateway.address);
                peer.patience(1_000);
                std::thread::spawn(move || {
                    let order = json!({"symbol": "EURUSD", "volume": 0.01, "type": "SELL"});
                    let mut tickets = Vec::new();
                    for i in 0..40 {
                        let text = request(&format!("o-{round}-{n}-{i}"), "OPEN_ORDER", &order);
                        let Some(reply) = peer.try_say(&text) else { break };
                        let reply: Value = serde_json::from_str(&reply).unwrap();
                        tickets.push(reply["data"]["ticket"].as_u64().expect("accepted"));
                    }
                    tickets
                })
            })
            .collect();
        std::thread::sleep(Duration::from_millis(40 + 20 * round as u64));
        drop(gateway);
        for trader in traders {
            answered.extend(trader.join().unwrap());
        }
        let gateway = Process::start(&home);
        let held: BTreeSet<u64> = Peer::at(&context, &gateway.address)
            .positions()
            .iter()
            .map(|row| row["ticket"].as_u64().unwrap())
            .collect();
        let lost: Vec<_> = answered.difference(&held).collect();
        assert!(lost.is_empty(), "round {round}: {lost:?} of {} are lost", answered.len());
    }
    assert!(!answered.is_empty(), "nobody traded");
    println!("{} answered orders, {ROUNDS} times kill -9, none lost", answered.len());
}
