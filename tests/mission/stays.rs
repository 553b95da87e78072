//! What was stopped stays stopped, whatever it says while it ends.

use crate::common::wait::until;
use crate::rig::Rig;
use crate::stage::SOON;
use serde_json::{Value, json};

/// Each says on its way out what the daemon's own recovery restarts for.
const LOUD: &str = r#"
[daemon]
automatic = ["restart"]
[process.one]
cmd = ["/bin/sh", "-c", "trap 'echo Connection refused; sleep 0.5; exit 0' TERM; while :; do sleep 0.05; done"]
[process.two]
cmd = ["/bin/sh", "-c", "trap 'echo Connection refused; sleep 0.5; exit 0' TERM; while :; do sleep 0.05; done"]
[mode.LOUD]
processes = ["one", "two"]
"#;

/// What came of the daemon's own recovery of this process.
fn recovered(rig: &Rig, name: &str) -> String {
    let done = until(SOON, || {
        let page: Value = rig.get("/api/alerts");
        let all = page.as_array().or_else(|| page["alerts"].as_array()).cloned()?;
        let of = all.into_iter().find(|alert| alert["process"] == name)?;
        of["done"].as_str().filter(|done| !done.is_empty()).map(str::to_owned)
    });
    done.unwrap_or_else(|| panic!("no recovery of {name}: {}", rig.said()))
}

fn stays_down(rig: &Rig, name: &str) {
    let done = recovered(rig, name);
    assert!(done.contains("not done: ") && done.contains("was stopped"), "{name}: {done}");
    let down = until(SOON, || (rig.record(name)["state"] == "exited").then_some(()));
    assert!(down.is_some(), "{}", rig.record(name));
    assert_eq!(rig.record(name)["wanted"], false, "{}", rig.record(name));
}

/// A process that does not hear SIGTERM, and another mode.
const DEAF: &str = r#"
[process.deaf]
cmd = ["/bin/sh", "-c", "trap '' TERM; while :; do sleep 0.05; done"]
stop = { timeout = "3s" }
[process.neat]
cmd = ["/bin/sh", "-c", "exec sleep 73051"]
[mode.DEAF]
processes = ["deaf"]
[mode.NEAT]
processes = ["neat"]
"#;

#[test]
fn a_daemon_that_ends_begins_nothing() {
    let mut rig = Rig::new(|mission| mission + DEAF);
    rig.serve();
    assert_eq!(rig.enter("DEAF"), "complete", "{}", rig.said());
    rig.ask_to_end();
    let closed = until(SOON, || (rig.post("/api/reload", &json!({})).0 == 409).then_some(()));
    assert!(closed.is_some(), "{}", rig.said());
    let (status, why) = rig.launch("NEAT");
    assert_eq!(status, 409, "{why}");
    assert!(why.to_string().contains("the daemon ends"), "{why}");
    let (status, why) = rig.post("/api/process/start", &json!({ "process": "neat" }));
    assert_eq!(status, 409, "{why}");
    assert_eq!(rig.status()["mode"], "DEAF", "reads are answered to the end");
    assert!(rig.living(&["sleep", "73051"]).is_empty());
    assert_eq!(rig.ended(), Some(0));
    let state = std::fs::read_to_string(rig.dir().join("mode.json")).unwrap();
    assert!(state.contains("DEAF"), "{state}");
}

#[test]
fn the_last_words_of_a_process_do_not_undo_its_stop() {
    let mut rig = Rig::new(|mission| mission + LOUD);
    rig.serve();
    assert_eq!(rig.enter("LOUD"), "complete", "{}", rig.said());
    let (status, why) = rig.post("/api/process/stop", &json!({ "process": "one" }));
    assert_eq!(status, 200, "{why}");
    stays_down(&rig, "one");
    let (status, why) = rig.launch("SAFE_MODE");
    assert!(status < 300, "{why}");
    stays_down(&rig, "two");
    assert_eq!(rig.launched("SAFE_MODE"), "complete", "{:#}", rig.status());
    for name in ["one", "two"] {
        assert_eq!(rig.record(name)["wanted"], false, "{}", rig.record(name));
        assert!(rig.record(name)["pid"].is_null(), "{}", rig.record(name));
    }
    assert_eq!(rig.end(), Some(0));
}
