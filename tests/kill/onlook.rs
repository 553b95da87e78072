//! Orders are blocked and nobody is to be flattened: the agent reads on, and
//! tells of a position that somebody opens all the same. The gateway is ours;
//! who does not obey is a `crs` with another latch.

use crate::common::paper::Paper;
use crate::common::peer::Peer;
use crate::common::sandbox::Sandbox;
use crate::common::wait::until;
use crate::life::{LIMIT, Mesh};
use serde_json::Value;
use std::fs;
use std::time::Duration;

/// A desk, and another home whose latch is another one; the gateway is its.
struct Desk {
    home: Sandbox,
    other: Sandbox,
    paper: Paper,
}

impl Desk {
    fn new() -> Self {
        let (home, other) = (Sandbox::new(), Sandbox::new());
        let paper = Paper::start(&other, &[]);
        fs::create_dir_all(home.path().join("home/.config/crs")).unwrap();
        let text = "[kill]\nproof_interval_ms = 100\nenforce_interval_ms = 250\n\
                    [audit]\nsyslog = \"off\"\n";
        fs::write(home.path().join("home/.config/crs/config.toml"), text).unwrap();
        Self { home, other, paper }
    }

    fn crs(&self, args: &[&str]) -> (i32, Value) {
        let said = self.paper.ask(&self.home, args);
        let json = serde_json::from_str(&said.stdout)
            .unwrap_or_else(|_| Value::String(format!("{}{}", said.stdout, said.stderr)));
        (said.code.unwrap(), json)
    }

    /// Somebody who does not know of the block opens a position.
    fn disobey(&self) -> String {
        let args = ["order", "EURUSD", "buy", "0.1", "--yes", "--json"];
        let said = self.paper.ask(&self.other, &args);
        assert_eq!(said.code, Some(0), "{said:#?}");
        self.open().last().unwrap().clone()
    }

    /// Tickets, in their order.
    fn open(&self) -> Vec<String> {
        let said = self.paper.ask(&self.other, &["positions", "--json"]).json();
        let open = said["gateways"][0]["positions"].as_array().unwrap().clone();
        let mut tickets: Vec<String> = open.iter().map(|p| p["ticket"].to_string()).collect();
        tickets.sort();
        tickets
    }

    /// Texts of the alarms on record with these words.
    fn alarms(&self, words: &str) -> Vec<String> {
        let (_, all) = self.crs(&["audit", "show", "--json"]);
        let alarms = all.as_array().unwrap().iter().filter(|r| r["act"] == "ALARM");
        let texts = alarms.map(|r| r["text"].as_str().unwrap().to_owned());
        texts.filter(|text| text.contains(words)).collect()
    }

    /// Opens until one of them is told: the first read may not have been yet.
    fn is_told(&self) -> Vec<String> {
        let mut opened = Vec::new();
        let told = until(LIMIT, || {
            opened.push(self.disobey());
            let soon = Duration::from_secs(5);
            until(soon, || {
                (!self.alarms("appeared while orders are blocked").is_empty()).then_some(())
            })
        });
        assert!(told.is_some(), "{opened:?} opened, and nobody was told");
        opened
    }
}

#[test]
fn a_position_that_appears_under_a_block_is_told_once_and_nothing_is_closed_for_it() {
    let desk = Desk::new();
    let before = desk.disobey();
    let (code, block) = desk.crs(&["block", "--reason", "news", "--yes", "--json"]);
    assert_eq!(code, 0, "{block:#}");
    let opened = desk.is_told();
    let last = opened.last().unwrap();
    // A few reads later it is no more news, nor what was there before.
    std::thread::sleep(Duration::from_secs(2));
    let told = desk.alarms("appeared while orders are blocked");
    assert_eq!(told.iter().filter(|t| t.contains(last.as_str())).count(), 1, "{told:?}");
    assert!(told[0].contains(&format!("position {last} EURUSD 0.1 appeared")), "{told:?}");
    assert!(told.iter().all(|t| !t.contains(before.as_str())), "{told:?}");
    assert_eq!(desk.open().len(), opened.len() + 1, "a block closes nothing");

    // A kill takes the drivers over, and is proven as ever.
    let (code, report) =
        desk.crs(&["kill", "--reason", "test", "--yes", "--json", "--timeout", "30"]);
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(desk.open(), [] as [String; 0]);
    assert_eq!(desk.alarms("appeared while orders are blocked"), told);
    assert_eq!(desk.crs(&["audit", "verify"]).0, 0);
}

#[test]
fn a_foreign_latch_is_looked_on_too_and_its_reset_is_proven_on_demand_as_before() {
    let desk = Desk::new();
    let (code, block) = desk.crs(&["block", "--reason", "an agent", "--yes", "--json"]);
    assert_eq!(code, 0, "{block:#}");
    fs::remove_file(desk.home.latch()).unwrap();
    fs::write(desk.home.latch(), "").unwrap();
    let opened = desk.is_told();
    for ticket in &opened {
        let said = desk.paper.ask(&desk.other, &["close", ticket, "--yes", "--json"]);
        assert_eq!(said.code, Some(0), "{said:#?}");
    }
    let id = block["engage_id"].as_str().unwrap();
    let phrase = format!("RESET {}", &id[id.len() - 6..]);
    let reset = ["reset", "--reason", "over", "--engage-id", id, "--phrase", &phrase];
    let mut said = Value::Null;
    let done = until(LIMIT, || {
        let (code, words) = desk.crs(&reset);
        said = words;
        (code == 0).then_some(())
    });
    assert!(done.is_some(), "{said:#}");
    assert!(!desk.home.latch().exists());
}

#[test]
fn a_gateway_that_can_not_be_read_is_told_once() {
    let mut desk = Desk::new();
    assert_eq!(desk.crs(&["block", "--reason", "news", "--yes", "--json"]).0, 0);
    desk.is_told();
    desk.paper.stop();
    let told = || desk.alarms("can't be read while orders are blocked");
    assert!(until(LIMIT, || (!told().is_empty()).then_some(())).is_some());
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(told().len(), 1, "{:?}", told());
}

#[test]
fn a_stranger_gets_one_heartbeat_of_the_agent_and_no_reads() {
    let mesh = Mesh::new(&["--behaviour", "ok-ack"]);
    let (code, report) = mesh.crs(&["block", "--reason", "news", "--yes", "--json"]);
    assert_eq!(code, 0, "{report:#}");
    mesh.agent();
    let asked = || {
        let all = mesh.peer.requests();
        let sent = all.iter().map(|r| serde_json::from_str(r["raw"].as_str().unwrap()).unwrap());
        sent.map(|sent: Value| sent["action"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(until(LIMIT, || (!asked().is_empty()).then_some(())).is_some());
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(asked(), ["HEARTBEAT"]);
}

#[test]
fn a_peer_reads_only_reads_under_a_block() {
    let mesh = Mesh::new(&["--positions", "1"]);
    assert_eq!(mesh.crs(&["block", "--reason", "news", "--yes", "--json"]).0, 0);
    let read = |peer: &Peer| peer.count("GET_POSITIONS").min(peer.count("GET_ACCOUNT_INFO"));
    assert!(until(LIMIT, || (read(&mesh.peer) >= 3).then_some(())).is_some());
    let harmless = ["HEARTBEAT", "GET_POSITIONS", "GET_ACCOUNT_INFO"];
    let asked = mesh.peer.requests();
    assert!(asked.iter().all(|r| harmless.iter().any(|word| r["action"] == *word)), "{asked:#?}");
    assert_eq!(mesh.peer.positions(), Some(1));
}
