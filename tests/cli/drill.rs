//! `crs drill`: the kill rehearsed, with keys and without, and its line on
//! record.

use super::common::console::{Console, SOON};
use super::common::sandbox::Sandbox;
use super::common::wait::until;
use std::fs;
use std::time::Duration;

const LIMIT: Duration = Duration::from_mins(1);

/// Nothing runs, nothing is left, and the latch of this home was never made.
fn assert_clean(home: &Sandbox) {
    let gone = until(SOON, || home.processes().is_empty().then_some(()));
    assert!(gone.is_some(), "still running: {:?}", home.processes());
    assert_eq!(fs::read_dir(home.path().join("tmp")).unwrap().count(), 0);
    assert!(!home.latch().exists(), "the drill touched a latch that is not its own");
}

#[test]
fn unattended_it_ends_in_proof_and_on_record() {
    let home = Sandbox::new();
    let drill = home.run(&["drill", "--unattended", "--json"], LIMIT);
    assert_eq!(drill.code, Some(0), "{drill:#?}");
    let report = drill.json();
    assert_eq!(report["phase"], "VERIFIED");
    assert_eq!(report["claimed"], serde_json::json!([2, 2]), "two positions were there");
    assert_eq!(report["orders_after_kill"], 0);
    for step in ["gate", "visible", "durable", "sent", "acked", "verified"] {
        assert!(report["times"][step].is_u64(), "no time of {step}: {report}");
    }
    assert!(report["read"].is_u64(), "the gateway read it: {report}");
    let shown = home.run(&["audit", "show"], LIMIT);
    assert!(shown.stdout.contains("DRILL") && shown.stdout.contains("VERIFIED"), "{shown:#?}");
    assert_eq!(home.run(&["audit", "verify"], LIMIT).code, Some(0));
    let status = home.run(&["status"], LIMIT);
    assert_eq!(status.code, Some(0), "a drill engages nothing here: {status:#?}");
    assert_clean(&home);
}

#[test]
fn by_keys_it_says_drill_on_every_frame_and_ends_in_proof() {
    let home = Sandbox::new();
    let mut console = Console::crs(&home, &["drill"], 120, 40);
    console.wait_for("the stage", SOON, |t| {
        t.contains("DRILL") && t.contains("SAFE") && t.contains("2 open") && t.contains("ready")
    });
    console.keys("\x0b");
    console.see("stop trading");
    std::thread::sleep(Duration::from_millis(200));
    console.keys("y");
    let text = console.see("VERIFIED flat");
    assert!(text.starts_with(" DRILL"), "{text}");
    console.keys("q");
    assert_eq!(console.exit(SOON).map(|s| s.exit_code()), Some(0), "{}", console.text());
    let report = console.see("VERIFIED; on record");
    assert!(report.contains("flat proven") && report.contains("latch durable"), "{report}");
    assert_clean(&home);

    // The next console knows of it.
    let console = Console::crs(&home, &["console"], 120, 40);
    console.see("last drill");
}

#[test]
fn left_without_a_kill_it_is_no_good_drill() {
    let home = Sandbox::new();
    let mut console = Console::crs(&home, &["drill"], 80, 24);
    console.wait_for("the stage", SOON, |t| t.contains("DRILL") && t.contains("SAFE"));
    console.keys("q");
    assert_eq!(console.exit(SOON).map(|s| s.exit_code()), Some(3), "{}", console.text());
    console.see("left without a kill");
    assert_clean(&home);
    let console = Console::crs(&home, &["console"], 120, 40);
    console.see("never rehearsed: crs drill");
}
