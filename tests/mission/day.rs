//! The documents' procedures, one after the other, as one script: daily start,
//! emergency shutdown, recovery.

use crate::common::wait::until;
use crate::rig::Rig;
use crate::stage::SOON;
use serde_json::{Value, json};
use std::fs;

fn accepted(rig: &Rig) -> u64 {
    let read = rig.run(&["positions", "--json"]).json();
    let all = read["gateways"][0]["positions"].as_array().map_or(0, Vec::len);
    u64::try_from(all).unwrap()
}

#[test]
fn daily_start_emergency_shutdown_and_recovery() {
    let mut rig = Rig::new(|mission| mission);
    rig.serve();

    // Daily start: what the plan says of resources and processes, then the
    // tank, every service validated, then the mode that trades.
    let plan = rig.get("/api/plan?mode=TANK_SEALED");
    assert_eq!(plan["refused"].as_array().map(Vec::len), Some(0), "{plan}");
    assert_eq!(rig.enter("TANK_SEALED"), "complete", "{}", rig.said());
    assert_eq!(rig.ready(), ["gateway", "engine-tank"]);
    let settings: Value = settings(&rig);
    assert_eq!(settings["enable_trading_signals"], true, "{settings}");
    // LIVE is refused as long as nobody armed an account, and changes nothing.
    let (status, why) = rig.launch("LIVE");
    assert_eq!(status, 412, "{why}");
    assert_eq!(rig.ready(), ["gateway", "engine-tank"]);
    // Nor is what it alone runs started one by one.
    for verb in ["start", "restart"] {
        let path = format!("/api/process/{verb}");
        let (status, why) = rig.post(&path, &json!({ "process": "engine-live" }));
        assert_eq!(status, 412, "{why}");
    }
    assert_eq!(rig.living(&["engine", "--live"]), [0_u32; 0]);
    assert_eq!(rig.enter("PAPER"), "complete", "{}", rig.said());
    assert_eq!(rig.ready(), ["gateway", "engine", "sentinel"]);
    assert!(until(SOON, || (accepted(&rig) > 0).then_some(())).is_some(), "{}", rig.said());

    // Emergency shutdown.
    let (status, why) = rig.post("/api/safe", &json!({ "confirm": "yes", "reason": "trial" }));
    assert_eq!(status, 428, "{why}");
    let order = json!({ "confirm": "CLOSE EVERYTHING", "reason": "trial" });
    let (status, answer) = rig.post("/api/safe", &order);
    assert!(status < 300, "{status} {answer}");
    let end = rig.launched("SAFE_MODE");
    let launch = rig.status()["launch"].to_string();
    assert_eq!(end, "complete", "{launch}");
    assert!(launch.contains("VERIFIED"), "{launch}");
    assert_eq!(accepted(&rig), 0);
    assert!(rig.ready().iter().all(|name| name == "gateway" || name == "feed"), "{launch}");
    assert_eq!(rig.living(&["engine", "--live"]), [0_u32; 0]);
    assert_eq!(rig.living(&["sentinel"]), [0_u32; 0]);
    let dumps = fs::read_dir(rig.dir().join("dumps")).unwrap().count();
    assert_eq!(dumps, 1);
    assert_eq!(settings_flag(&rig, "emergency_mode_active"), json!(true));
    let latched = rig.run(&["status", "--json"]).json();
    assert_eq!(latched["state"], "ENGAGED", "{latched}");

    // Nothing here clears it: neither a launch nor a restart nor a restore.
    let (status, why) = rig.launch("LIVE");
    assert_eq!(status, 412, "{why}");
    let (status, why) = rig.post("/api/restore", &json!({}));
    assert_eq!(status, 428, "{why}");
    // Who is asked for the words is told what else leads back.
    for part in ["no order passes", "crs reset", "crs arm", "crs gateway reset"] {
        assert!(why.to_string().contains(part), "{part}: {why}");
    }
    assert_eq!(rig.run(&["status", "--json"]).json()["state"], "ENGAGED");

    // Recovery: by the operator, who resets and arms; then from the dump.
    back(&rig, true);
    let (status, why) = rig.post("/api/restore", &json!({ "confirm": "RESTORE PAPER" }));
    assert!(status < 300, "{status} {why}");
    let end = rig.launched("PAPER");
    assert_eq!(end, "complete", "{:#}\n{}", rig.status(), rig.said());
    assert_eq!(rig.ready(), ["gateway", "engine", "sentinel"]);
    assert_eq!(settings_flag(&rig, "emergency_mode_active"), json!(false));
    assert!(until(SOON, || (accepted(&rig) > 0).then_some(())).is_some(), "it trades again");

    // What was done is on record, in a chain that holds.
    let audit = rig.run(&["mission", "audit", "--last", "500"]);
    for part in ["launch TANK_SEALED", "emergency shutdown: trial", "restore the last dump"] {
        assert!(audit.stdout.contains(part), "{part}: {audit:#?}");
    }
    assert_eq!(rig.run(&["audit", "verify"]).code, Some(0));
    assert_eq!(rig.end(), Some(0));
    assert_eq!(rig.living(&["gateway"]), [0_u32; 0], "everything ends with the daemon");
}

pub fn settings(rig: &Rig) -> Value {
    let bytes = fs::read(rig.dir().join("settings.json")).unwrap();
    let document: Value = serde_json::from_slice(&bytes).unwrap();
    if document["flags"].is_object() { document["flags"].clone() } else { document }
}

fn settings_flag(rig: &Rig, key: &str) -> Value {
    settings(rig)[key].clone()
}

/// As the screen prints it: reset, reset of a gateway that was `killed`, arm.
pub fn back(rig: &Rig, killed: bool) {
    let reset = ["reset", "--reason", "the cause is known"];
    let asked = rig.run(&reset);
    let word = |before: &str| {
        let behind =
            asked.stderr.split(before).nth(1).or_else(|| asked.stdout.split(before).nth(1));
        behind.unwrap_or_else(|| panic!("{before}: {asked:#?}")).to_owned()
    };
    let id = word("--engage-id ").split_whitespace().next().unwrap().to_owned();
    let phrase = word("--phrase \"").split('"').next().unwrap().to_owned();
    let done = rig.run(&[&reset[..], &["--engage-id", &id, "--phrase", &phrase]].concat());
    assert_eq!(done.code, Some(0), "{done:#?}");
    if killed {
        let done = rig.run(&["gateway", "reset", "--reason", "the cause is known"]);
        assert_eq!(done.code, Some(0), "{done:#?}");
    }
    let done = rig.run(&["arm"]);
    assert_eq!(done.code, Some(0), "{done:#?}");
}
