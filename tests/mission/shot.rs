//! The daemon is shot (`kill -9`, which is not power loss), and comes back:
//! nothing of what must end with it lives, what is kept is the same process,
//! and nobody is there twice.
//!
//! `CRS_MISSION_SHOTS=100` for the long form.

use crate::common::wait::until;
use crate::rig::Rig;
use crate::stage::SOON;
use serde_json::Value;

/// Each has a child of its own, and a grandchild in a session of its own.
const BOTH: &str = r#"
[process.ends]
cmd = ["/bin/sh", "-c", "sleep 73011 & setsid sh -c 'sleep 73012 & sleep 73013' & wait"]
[process.stays]
cmd = ["/bin/sh", "-c", "sleep 73021 & setsid sh -c 'sleep 73022 & sleep 73023' & wait"]
on_daemon_death = "keep"
[mode.BOTH]
processes = ["ends", "stays"]
"#;

const ENDS: [&str; 3] = ["73011", "73012", "73013"];
const STAYS: [&str; 3] = ["73021", "73022", "73023"];

fn one_each(rig: &Rig, names: [&str; 3]) -> Option<Vec<u32>> {
    let all: Vec<Vec<u32>> = names.iter().map(|name| rig.living(&["sleep", name])).collect();
    assert!(all.iter().all(|pids| pids.len() < 2), "twice: {names:?} {all:?}\n{}", rig.said());
    all.iter().all(|pids| pids.len() == 1).then(|| all.concat())
}

fn pid(rig: &Rig, name: &str) -> Option<u64> {
    let record: Value = rig.record(name);
    (record["state"] == "running").then(|| record["pid"].as_u64()).flatten()
}

#[test]
fn a_daemon_that_is_shot_leaves_no_orphan_and_no_duplicate() {
    let shots = std::env::var("CRS_MISSION_SHOTS").ok().and_then(|n| n.parse().ok()).unwrap_or(4);
    let mut rig = Rig::new(|mission| mission + BOTH);
    rig.serve();
    assert_eq!(rig.enter("BOTH"), "complete", "{}", rig.said());
    let kept = until(SOON, || one_each(&rig, STAYS)).expect("what is kept runs");
    let kept_pid = pid(&rig, "stays").unwrap();
    for shot in 0..shots {
        assert!(until(SOON, || one_each(&rig, ENDS)).is_some(), "shot {shot}: {}", rig.said());
        rig.shoot();
        let gone = || ENDS.iter().all(|name| rig.living(&["sleep", name]).is_empty());
        assert!(until(SOON, || gone().then_some(())).is_some(), "shot {shot}: an orphan lives");
        assert_eq!(one_each(&rig, STAYS).as_ref(), Some(&kept), "shot {shot}");
        rig.serve();
        let up = until(SOON, || (pid(&rig, "stays")? == kept_pid).then(|| pid(&rig, "ends"))?);
        assert!(up.is_some(), "shot {shot}: {:#}\n{}", rig.status(), rig.said());
        assert_eq!(one_each(&rig, STAYS).as_ref(), Some(&kept), "shot {shot}: another one");
    }
    assert_eq!(rig.post("/api/shutdown", &serde_json::json!({})).0 / 100, 2);
    let gone = || ENDS.iter().chain(&STAYS).all(|name| rig.living(&["sleep", name]).is_empty());
    assert!(until(SOON, || gone().then_some(())).is_some(), "down is down: {}", rig.said());
    assert_eq!(rig.end(), Some(0));
}

/// Whoever decides to kill may end, and so may everything that belongs to it:
/// the process that carries the kill out goes on.
#[test]
fn a_kill_outlives_the_process_that_decided_it() {
    let decides = "\n[process.decides]\ncmd = [\"/bin/sh\", \"-c\", \"{crs} kill --yes --timeout 1 \
                   --reason trial; sleep 73031\"]\n\
                   [mode.DECIDE]\nprocesses = [\"decides\"]\n";
    let mut rig = Rig::new(|mission| mission + decides);
    rig.serve();
    assert_eq!(rig.enter("DECIDE"), "complete", "{}", rig.said());
    let asked = until(SOON, || (rig.living(&["sleep", "73031"]).len() == 1).then_some(()));
    assert!(asked.is_some(), "{}", rig.said());
    let agent = rig.living(&["__agent"]);
    assert_eq!(agent.len(), 1, "{}", rig.said());
    assert_eq!(rig.post("/api/process/stop", &serde_json::json!({ "process": "decides" })).0, 200);
    let gone = until(SOON, || (rig.record("decides")["pid"].is_null()).then_some(()));
    assert!(gone.is_some() && rig.living(&["sleep", "73031"]).is_empty(), "{}", rig.said());
    assert_eq!(rig.living(&["__agent"]), agent, "the kill has nobody who carries it out");
    rig.shoot();
    rig.serve();
    assert_eq!(rig.living(&["__agent"]), agent, "nor after the daemon");
    assert_eq!(rig.run(&["status", "--json"]).json()["state"], "ENGAGED");
    assert_eq!(rig.end(), Some(0));
}
