//! Real money is started by the launch of its mode, and by nothing else.

use crate::common::wait::until;
use crate::rig::Rig;
use crate::stage::SOON;
use serde_json::json;
use std::fs;

/// A mode by whose settings real money is traded, and one that shares a
/// process with it; what runs is only a shell.
const MONEY: &str = r#"
[process.alone]
cmd = ["/bin/sh", "-c", "exec sleep 73041"]
[process.shared]
cmd = ["/bin/sh", "-c", "exec sleep 73042"]
[mode.MONEY]
processes = ["alone", "shared"]
confirm = "MONEY"
[mode.MONEY.settings]
enable_trading_signals = true
disable_paper_trading = true
disable_broker = false
[mode.CALM]
processes = ["shared"]
"#;

#[test]
fn a_mode_that_waits_for_its_word_starts_nothing_one_by_one() {
    let mut rig = Rig::new(|mission| mission + MONEY);
    // A daemon ended with it in force, and then the breaker was engaged.
    fs::create_dir_all(rig.dir()).unwrap();
    let state =
        json!({ "v": 1, "mode": "MONEY", "wanted": ["alone", "shared"], "by": "x", "at": 1 });
    fs::write(rig.dir().join("mode.json"), state.to_string()).unwrap();
    let settings = json!({ "mode": "MONEY", "enable_trading_signals": true,
        "disable_paper_trading": true, "disable_broker": false });
    fs::write(rig.dir().join("settings.json"), settings.to_string()).unwrap();
    let blocked = rig.run(&["block", "--reason", "trial"]);
    assert_eq!(rig.run(&["status", "--json"]).json()["state"], "ENGAGED", "{blocked:#?}");
    rig.serve();
    assert!(rig.said().contains("nothing is started"), "{}", rig.said());
    let status = rig.status();
    assert_eq!((status["mode"].as_str(), status["live"].as_bool()), (Some("MONEY"), Some(true)));
    for process in ["alone", "shared"] {
        for verb in ["start", "restart"] {
            let path = format!("/api/process/{verb}");
            let (status, why) = rig.post(&path, &json!({ "process": process }));
            assert_eq!(status, 412, "{verb} {process}: {why}");
        }
    }
    let none = |name: &str| rig.living(&["sleep", name]).is_empty();
    assert!(none("73041") && none("73042"), "{:#}", rig.status());
    // Another mode is launched as ever, and then its process may be started.
    assert_eq!(rig.enter("CALM"), "complete", "{}", rig.said());
    let (status, why) = rig.post("/api/process/restart", &json!({ "process": "shared" }));
    assert_eq!(status, 200, "{why}");
    let (status, why) = rig.post("/api/process/start", &json!({ "process": "alone" }));
    assert_eq!(status, 412, "{why}");
    assert!(until(SOON, || (!none("73042")).then_some(())).is_some() && none("73041"));
    assert_eq!(rig.end(), Some(0));
}
