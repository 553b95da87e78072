//! The kill keys over gateways that lie or are none at all, and the keys that
//! must do nothing. Rows of the fault list: 7, 9, 48, 49.

use crate::common::console::SOON;
use crate::common::peer::Peer;
use crate::desk::{At, CHORD, home, kill, think};

#[test]
fn a_lie_is_shown_as_a_claim_and_its_survivors_by_name() {
    let home = home();
    let args = ["--positions", "2", "--behaviour", "kill-lies", "--behaviour", "close-fails"];
    let Some(peer) = Peer::start(&args) else { return };
    let mut console = At::peer(&peer).console(&home, 120, 40);
    console.see("2 open");
    kill(&mut console);
    let text = console.wait_for("survivors", SOON, |t| {
        t.contains("PARTIAL") && t.contains("1000001") && t.contains("1000002")
    });
    assert!(text.contains("2 of 2 closed") && !text.contains("VERIFIED"), "{text}");
}

#[test]
fn a_gateway_that_stays_pending_is_partial_and_an_alarm_after_ten_seconds() {
    let home = home();
    let args = ["--positions", "1", "--behaviour", "pending", "--behaviour", "close-fails"];
    let Some(peer) = Peer::start(&args) else { return };
    let mut console = At::peer(&peer).console(&home, 120, 40);
    console.see("1 open");
    kill(&mut console);
    console.wait_for("the survivor", SOON, |t| t.contains("PARTIAL") && t.contains("1000001"));
    let text = console.see("still says PENDING after 10 s");
    assert!(text.contains("PARTIAL") && !text.contains("VERIFIED"), "{text}");
}

#[test]
fn a_rogue_on_the_port_hears_heartbeats_only_and_the_card_is_shown() {
    for behaviour in ["ok-ack", "retcode", "error-true"] {
        let home = home();
        let Some(peer) = Peer::start(&["--behaviour", behaviour]) else { return };
        let mut console = At::peer(&peer).console(&home, 120, 40);
        console.see("NOT v1.0");
        kill(&mut console);
        // The switch is shown at once, what became of the request a moment later.
        let text = console.wait_for("the card", SOON, |t| {
            t.contains("ENGAGED") && t.contains("card") && t.contains("KILL_SWITCH was")
        });
        assert!(home.latch().exists(), "{text}");
        think();
        // One each: the polls, the hand of the console, the agent.
        let got = peer.requests();
        assert!(got.len() <= 3, "{behaviour}: {got:#?}");
        let only = got.iter().all(|r| r["raw"].as_str().unwrap().contains(r#""HEARTBEAT""#));
        assert!(only, "{behaviour}: {got:#?}");
    }
}

#[test]
fn without_the_second_key_nothing_happens() {
    let home = home();
    let Some(peer) = Peer::start(&["--positions", "1"]) else { return };
    let mut console = At::peer(&peer).console(&home, 80, 24);
    console.see("1 open");
    for other in ["k", "q", CHORD, "\r", " ", "n"] {
        console.keys(CHORD);
        console.see("KILL GUARD");
        think();
        console.keys(other);
        console.wait_for("no guard", SOON, |t| !t.contains("KILL GUARD"));
        think();
    }
    // Five seconds without a key stand it down, and `y` is then no key at all.
    console.keys(CHORD);
    console.see("KILL GUARD");
    console.wait_for("the end of the wait", SOON, |t| !t.contains("KILL GUARD"));
    console.keys("y");
    think();
    assert!(!home.latch().exists());
    assert_eq!(peer.count("KILL_SWITCH"), 0);
}
