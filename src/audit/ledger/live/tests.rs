//! Arming for LIVE over several chains, in any order of hearing them.

use super::*;
use crate::audit::{Act, Chain, LedgerReader, Record, verify};
use crate::domain::{KillIntent, Stamp, TradeMode};
use crate::host::{Identity, ids};
use std::path::Path;

fn account(currency: &str) -> LiveAccount {
    LiveAccount {
        gateway: Text::new("main"),
        address: Text::new("127.0.0.1:5555"),
        server_name: Some(Text::new("Broker-Real")),
        currency: Text::new(currency),
        trade_mode: Some(TradeMode::Real),
    }
}

fn engage(id: EngageId, intent: Intent) -> Act {
    let text = Text::new("x");
    let intent = KillIntent {
        engage_id: id,
        intent,
        operator: text.clone(),
        host: text.clone(),
        boot_id: text.clone(),
        reason: text,
        pressed: Stamp::default(),
        latch: "latch.lock".into(),
        targets: Vec::new(),
        drill: false,
    };
    Act::Engage { intent }
}

fn reset(ids: Vec<EngageId>, foreign: Vec<ForeignLatch>) -> Act {
    let (token, reason) = (ids::engage_id(), Text::new("over"));
    Act::Reset { ids, foreign, token, reason, overridden: false }
}

/// What `crs arm --live` would write, knowing what `ledger` knows.
fn arm(ledger: &Ledger) -> Act {
    let (known, known_foreign) = ledger.stops_over();
    let tokens = ledger.disarmed().map(|(token, _)| token).collect();
    let config_sha = "sha".to_owned();
    let arming = LiveArming { account: account("USD"), config_sha, known, known_foreign };
    Act::Arm { tokens, live: true, accounts: vec![arming] }
}

fn chain(dir: &Path) -> Chain {
    Chain::new(dir, Identity::here(), "test")
}

fn read(dir: &Path) -> Ledger {
    LedgerReader::new(dir).refresh().unwrap().clone()
}

fn is_armed(ledger: &Ledger) -> bool {
    let armed = matches!(ledger.live(&account("USD"), "sha"), LiveStand::Armed(_));
    assert_eq!(ledger.live_armings("sha").len(), usize::from(armed));
    armed
}

/// The same records with the chains heard in either order.
fn either_way(dir: &Path) -> [Ledger; 2] {
    let mut chains: Vec<Vec<Record>> = verify::files(dir)
        .iter()
        .map(|p| verify::read_bytes("", &std::fs::read(p).unwrap()).1)
        .collect();
    let mut hear = || {
        let mut ledger = Ledger::default();
        chains.iter().flatten().for_each(|record| ledger.hear(record));
        chains.reverse();
        ledger
    };
    [hear(), hear()]
}

#[test]
fn it_holds_for_one_account_under_one_configuration() {
    let dir = tempfile::tempdir().unwrap();
    assert!(!is_armed(&read(dir.path())));
    chain(dir.path()).append(arm(&Ledger::default())).unwrap();
    let ledger = read(dir.path());
    assert!(is_armed(&ledger));
    assert!(matches!(ledger.live(&account("EUR"), "sha"), LiveStand::Not(_)));
    assert!(matches!(ledger.live(&account("USD"), "other"), LiveStand::Not(_)));
    assert!(ledger.live_armings("other").is_empty());
    let renamed = LiveAccount { server_name: None, ..account("USD") };
    assert!(matches!(ledger.live(&renamed, "sha"), LiveStand::Not(_)));
}

#[test]
fn any_stop_voids_it_and_a_plain_arm_brings_it_not_back() {
    let id = ids::engage_id();
    let file = ForeignLatch { dev: 1, ino: 2, ctime_ns: 3 };
    let external = Act::External { file, path: None, reason: Text::new("touched") };
    for stop in [engage(id, Intent::Kill), engage(id, Intent::Block), external] {
        let dir = tempfile::tempdir().unwrap();
        let (mut one, mut two) = (chain(dir.path()), chain(dir.path()));
        one.append(arm(&Ledger::default())).unwrap();
        two.append(stop).unwrap();
        assert!(either_way(dir.path()).iter().all(|ledger| !is_armed(ledger)));
        two.append(reset(vec![id], vec![file])).unwrap();
        let tokens = read(dir.path()).disarmed().map(|(token, _)| token).collect();
        two.append(Act::Arm { tokens, live: false, accounts: Vec::new() }).unwrap();
        assert!(either_way(dir.path()).iter().all(|ledger| !is_armed(ledger)));
        // Typed anew it knows of that stop, whichever chain is heard first.
        one.append(arm(&read(dir.path()))).unwrap();
        assert!(either_way(dir.path()).iter().all(is_armed));
        two.append(engage(ids::engage_id(), Intent::Kill)).unwrap();
        assert!(either_way(dir.path()).iter().all(|ledger| !is_armed(ledger)));
    }
}

#[test]
fn a_kill_between_the_look_and_the_record_voids_it() {
    let dir = tempfile::tempdir().unwrap();
    let (mut one, mut two) = (chain(dir.path()), chain(dir.path()));
    let id = ids::engage_id();
    // In force at the look: not among the stops that are over.
    two.append(engage(id, Intent::Kill)).unwrap();
    one.append(arm(&read(dir.path()))).unwrap();
    two.append(reset(vec![id], Vec::new())).unwrap();
    assert!(either_way(dir.path()).iter().all(|ledger| !is_armed(ledger)));
}

#[test]
fn a_reset_voids_although_the_line_of_its_kill_was_lost() {
    let dir = tempfile::tempdir().unwrap();
    let mut one = chain(dir.path());
    one.append(arm(&Ledger::default())).unwrap();
    chain(dir.path()).append(reset(Vec::new(), Vec::new())).unwrap();
    assert!(either_way(dir.path()).iter().all(|ledger| !is_armed(ledger)));
    // Behind a break, too; and it can still be typed anew.
    one.append(arm(&read(dir.path()))).unwrap();
    let mut three = chain(dir.path());
    three.append(Act::Tampered { ids: Vec::new() }).unwrap();
    three.append(reset(Vec::new(), Vec::new())).unwrap();
    let path = verify::files(dir.path()).pop().unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let second = text.lines().nth(1).unwrap().to_owned();
    std::fs::write(&path, text.replace(&second, "{\"gone\":1}")).unwrap();
    assert!(!is_armed(&read(dir.path())));
    one.append(arm(&read(dir.path()))).unwrap();
    assert!(is_armed(&read(dir.path())));
}

#[test]
fn proof_lost_for_a_while_voids_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut one = chain(dir.path());
    one.append(arm(&Ledger::default())).unwrap();
    one.append(Act::Disarm { token: ids::engage_id(), why: Text::new("EIO") }).unwrap();
    assert!(is_armed(&read(dir.path())));
}

#[test]
fn a_line_of_old_stays_readable_and_arms_nobody() {
    let act: Act = serde_json::from_str(r#"{"act":"ARM","tokens":[],"live":true}"#).unwrap();
    assert_eq!(act, Act::Arm { tokens: Vec::new(), live: true, accounts: Vec::new() });
    let dir = tempfile::tempdir().unwrap();
    chain(dir.path()).append(act).unwrap();
    assert!(!is_armed(&read(dir.path())));
}
