//! One decision from key to reset, and through the deaths of its processes.

use crate::common::peer::Peer;
use crate::common::sandbox::{Sandbox, Signal, signal};
use crate::common::wait::until;
use serde_json::Value;
use std::fs;
use std::time::Duration;

pub const LIMIT: Duration = Duration::from_mins(1);

/// A home with a gateway in it.
pub struct Mesh {
    pub home: Sandbox,
    pub peer: Peer,
}

impl Mesh {
    pub fn new(args: &[&str]) -> Self {
        let home = Sandbox::new();
        let peer = Peer::start(args).expect("python with pyzmq");
        // Three proof polls in a third of a second: what they prove is the
        // same, and a test is no place to wait.
        fs::create_dir_all(home.path().join("home/.config/crs")).unwrap();
        let text = "[kill]\nproof_interval_ms = 150\nenforce_interval_ms = 400\n\
                    [audit]\nsyslog = \"off\"\n";
        fs::write(home.path().join("home/.config/crs/config.toml"), text).unwrap();
        Self { home, peer }
    }

    pub fn crs(&self, args: &[&str]) -> (i32, Value) {
        let port = self.peer.cmd_port.to_string();
        let mut all = vec!["--cmd-port", &port];
        all.extend(args);
        let outcome = self.home.run(&all, LIMIT);
        let code = outcome.code.unwrap();
        let json = serde_json::from_str(&outcome.stdout)
            .unwrap_or_else(|_| Value::String(format!("{}{}", outcome.stdout, outcome.stderr)));
        (code, json)
    }

    pub fn status(&self) -> Value {
        self.crs(&["status", "--json"]).1
    }

    /// Asks for the status until it is as wanted.
    pub fn until(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        let found = until(LIMIT, || {
            last = self.status();
            wanted(&last).then(|| last.clone())
        });
        found.unwrap_or_else(|| panic!("never {what}: {last:#}"))
    }

    pub fn kill(&self) -> (i32, Value) {
        self.crs(&["kill", "--reason", "test", "--yes", "--json", "--timeout", "20"])
    }

    pub fn agent(&self) -> u32 {
        let status = self.until("an agent", |s| s["agent_pid"].is_u64());
        u32::try_from(status["agent_pid"].as_u64().unwrap()).unwrap()
    }

    pub fn reset(&self, id: &str) -> (i32, Value) {
        let phrase = format!("RESET {}", &id[id.len() - 6..]);
        self.crs(&["reset", "--reason", "over", "--engage-id", id, "--phrase", &phrase])
    }
}

pub fn phase(status: &Value) -> String {
    status["kill"][0]["phase"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_kill_is_verified_and_only_a_reset_by_name_and_an_arm_lead_back() {
    let mesh = Mesh::new(&["--positions", "2"]);
    let (code, report) = mesh.kill();
    assert_eq!(code, 0, "{report:#}");
    let id = report["engage_id"].as_str().unwrap().to_owned();
    let body: Value = serde_json::from_slice(&fs::read(mesh.home.latch()).unwrap()).unwrap();
    assert_eq!(body["reason"], "test");
    assert_eq!(body["metadata"]["engage_id"], Value::String(id.clone()));
    let status = mesh.until("VERIFIED by the agent", |s| phase(s) == "VERIFIED");
    let words = fs::read(format!("/proc/{}/cmdline", status["agent_pid"])).unwrap();
    let words = String::from_utf8_lossy(&words);
    assert!(words.contains("__agent") && !words.contains("127.0.0.1"), "all can read it: {words}");
    assert_eq!((&status["is_engaged"], &status["state"]), (&true.into(), &"ENGAGED".into()));

    let other = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
    assert_eq!(mesh.reset(other).0, 1);
    let phrase = ["reset", "--reason", "x", "--engage-id", &id, "--phrase", "RESET please"];
    assert_eq!(mesh.crs(&phrase).0, 1);
    assert!(mesh.home.latch().exists());

    let (code, said) = mesh.reset(&id);
    assert_eq!(code, 0, "{said:#}");
    assert!(!mesh.home.latch().exists());
    mesh.until("DISARMED", |s| s["state"] == "DISARMED");
    assert_eq!(mesh.crs(&["arm", "--json"]).0, 0);
    mesh.until("SAFE", |s| s["state"] == "SAFE");
    assert_eq!(mesh.crs(&["audit", "verify"]).0, 0);
}

#[test]
fn one_agent_is_led_back_from_one_decision_after_the_other() {
    let mesh = Mesh::new(&["--behaviour", "honest"]);
    for verb in ["kill", "block", "kill"] {
        let (code, said) = match verb {
            "kill" => mesh.kill(),
            _ => mesh.crs(&["block", "--reason", "test", "--yes", "--json"]),
        };
        assert_eq!(code, 0, "{said:#}");
        let seen = mesh.until("engaged", |s| s["engagement_metadata"]["engage_id"].is_string());
        let (code, said) = mesh.reset(seen["engagement_metadata"]["engage_id"].as_str().unwrap());
        assert_eq!(code, 0, "{verb}: {said:#}");
        assert_eq!(mesh.crs(&["arm"]).0, 0);
        mesh.until("safe", |s| s["is_safe"] == true);
    }
}

#[test]
fn the_agent_ends_the_kill_when_its_command_is_killed_at_any_moment() {
    for after_ms in [0, 20, 60, 150] {
        let mesh = Mesh::new(&["--positions", "3"]);
        let port = mesh.peer.cmd_port.to_string();
        let args = ["--cmd-port", &port, "kill", "--reason", "test", "--yes"];
        // An agent is there before it is needed, as under a console.
        mesh.crs(&["block", "--reason", "first", "--yes", "--json"]);
        let mut child = mesh.home.crs(&args).spawn().unwrap();
        let log = mesh.home.path().to_owned();
        let accepted = until(LIMIT, || {
            let seen = walk(&log).iter().any(|text| text.contains("\"intent\":\"KILL\""));
            seen.then_some(())
        });
        assert!(accepted.is_some());
        std::thread::sleep(Duration::from_millis(after_ms));
        child.kill().unwrap();
        child.wait().unwrap();
        let status = mesh.until("VERIFIED without its command", |s| phase(s) == "VERIFIED");
        assert_eq!(status["kill"][0]["intent"], "KILL");
    }
}

/// The audit chains' texts.
pub fn walk(dir: &std::path::Path) -> Vec<String> {
    let mut texts = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            texts.extend(walk(&path));
        } else if path.extension().is_some_and(|e| e == "jsonl") {
            texts.push(fs::read_to_string(&path).unwrap_or_default());
        }
    }
    texts
}

#[test]
fn a_killed_agent_is_followed_by_one_that_resumes_from_the_log() {
    let mesh = Mesh::new(&["--positions", "1"]);
    assert_eq!(mesh.kill().0, 0);
    let first = mesh.agent();
    signal(first, Signal::KILL);
    let status = mesh.until("no agent", |s| s["agent_pid"].is_null());
    assert_eq!(status["is_engaged"], true);
    assert_eq!(status["recorded"][0]["phase"], "VERIFIED");
    // Whoever comes next (here a block) starts a new agent, which resumes.
    mesh.crs(&["block", "--reason", "again", "--yes", "--json"]);
    mesh.until("resumed and VERIFIED", |s| {
        s["agent_pid"].as_u64().is_some_and(|pid| pid != u64::from(first)) && phase(s) == "VERIFIED"
    });
}

#[test]
fn a_removed_latch_is_made_anew_and_stays_engaged() {
    let mesh = Mesh::new(&["--positions", "0"]);
    assert_eq!(mesh.kill().0, 0);
    // Whoever made it looks for it for a moment longer, and makes it anew as
    // its own; a removal after that is one. Nobody is connected to hear the
    // alarm: it is on record.
    let alarm = |r: &Value| {
        (&r["act"], &r["role"]) == (&"ALARM".into(), &"agent".into())
            && r["text"].as_str().unwrap().contains("latch tampered")
    };
    let recorded = until(LIMIT, || {
        fs::remove_file(mesh.home.latch()).unwrap();
        let back = until(LIMIT, || mesh.home.latch().exists().then_some(()));
        assert!(back.is_some());
        assert_eq!(mesh.status()["is_engaged"], true);
        until(Duration::from_secs(2), || {
            let records = mesh.crs(&["audit", "show", "--json"]).1;
            records.as_array().unwrap().iter().any(alarm).then_some(())
        })
    });
    assert!(recorded.is_some(), "no alarm in the log: {:#?}", mesh.crs(&["audit", "show"]).1);
    assert_eq!(mesh.crs(&["audit", "verify"]).0, 0);
    // Reboot: neither file nor agent, only the log.
    signal(mesh.agent(), Signal::KILL);
    mesh.until("no agent", |s| s["agent_pid"].is_null());
    fs::remove_file(mesh.home.latch()).unwrap();
    assert_eq!(mesh.status()["is_engaged"], true);
}

#[test]
fn a_touched_latch_engages_outlives_rm_and_is_reset_by_proof_of_flat() {
    let mesh = Mesh::new(&["--positions", "1"]);
    // Any verb that needs an agent: here a refused reset leaves one behind.
    fs::write(mesh.home.latch(), "").unwrap();
    let external = ["reset", "--reason", "x", "--wait", "1", "--phrase", "RESET EXTERNAL"];
    let (code, said) = mesh.crs(&external);
    assert_eq!(code, 64, "the phrase needs the id or a terminal: {said:#}");
    let status = mesh.until("external", |s| s["latch"]["phase"] == "ENGAGED_EXTERNAL");
    assert_eq!(status["is_engaged"], true);
    let (code, report) = mesh.kill();
    assert_eq!(code, 0, "{report:#}");
    assert!(fs::read(mesh.home.latch()).unwrap().is_empty(), "the first latch stays as it is");
    fs::remove_file(mesh.home.latch()).unwrap();
    assert!(until(LIMIT, || mesh.home.latch().exists().then_some(())).is_some());
    assert_eq!(mesh.status()["is_engaged"], true);
}

#[test]
fn a_block_latches_and_closes_nothing() {
    let mesh = Mesh::new(&["--positions", "2"]);
    let (code, report) = mesh.crs(&["block", "--reason", "news", "--yes", "--json"]);
    assert_eq!(code, 0, "{report:#}");
    assert!(mesh.home.latch().exists());
    std::thread::sleep(Duration::from_millis(500));
    let asked = mesh.peer.requests();
    let reads = |a: &Value| a["action"].as_str().is_some_and(|word| word.starts_with("GET_"));
    assert!(asked.iter().all(|a| a["action"] == "HEARTBEAT" || reads(a)), "{asked:?}");
    assert_eq!(mesh.peer.positions(), Some(2));
    let id = report["engage_id"].as_str().unwrap().to_owned();
    assert_eq!(mesh.reset(&id).0, 0);
    mesh.until("DISARMED", |s| s["state"] == "DISARMED");
}

#[test]
fn the_log_holds_what_travelled_and_what_was_open_before_and_after() {
    let mesh = Mesh::new(&["--positions", "2"]);
    let (code, report) = mesh.kill();
    assert_eq!(code, 0, "{report:#}");
    let id = report["engage_id"].as_str().unwrap();
    let records = until(LIMIT, || {
        let all = mesh.crs(&["audit", "show", "--json"]).1.as_array().unwrap().clone();
        all.iter()
            .any(|r| r["act"] == "STEP" && r["phase"] == "VERIFIED" && r["role"] == "agent")
            .then_some(all)
    })
    .expect("VERIFIED on record");
    // Whoever saw the proof has it on its own record: the other may have died
    // between its word and its disk.
    let proven = |r: &&Value| r["act"] == "STEP" && r["phase"] == "VERIFIED";
    let by: Vec<&Value> = records.iter().filter(proven).map(|r| &r["role"]).collect();
    assert!(by.contains(&&"cli".into()), "{by:?}");
    let of = |act: &str| -> Vec<&Value> { records.iter().filter(|r| r["act"] == act).collect() };
    let exchanges = of("EXCHANGE");
    let sent = exchanges.iter().find(|r| r["what"] == "KILL_SWITCH" && r["request"].is_object());
    let request: Value =
        serde_json::from_str(sent.unwrap()["request"]["text"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&request["action"], &request["payload"]),
        (&"KILL_SWITCH".into(), &serde_json::json!({}))
    );
    assert_eq!(request["req_id"], format!("kill-{id}-1"));
    // On a slow machine the command begins before its agent is there: then
    // both have a talk with the gateway on record, each its own.
    let total = |r: &&&Value| {
        let reply: Option<Value> =
            r["reply"]["text"].as_str().and_then(|t| serde_json::from_str(t).ok());
        r["what"] == "KILL_SWITCH" && reply.is_some_and(|r| r["data"]["total_positions"] == 2)
    };
    let answered = exchanges.iter().find(total).expect("the answer that found both");
    assert!(answered["answered_us"].as_u64() >= answered["sent_us"].as_u64());
    let reads = exchanges.iter().filter(|r| {
        r["role"] == "agent" && r["what"] == "GET_ACCOUNT_INFO" && r["reply"].is_object()
    });
    assert!(reads.count() >= 3, "the reads that proved it: {exchanges:#?}");

    let positions = of("POSITIONS");
    let before: Vec<_> = positions.iter().filter(|r| r["before"] == true).collect();
    assert_eq!(before.len(), 1, "{positions:#?}");
    assert_eq!(
        before[0]["unknown"], "nobody was reading the positions",
        "a bare crs kill reads nothing first"
    );
    let after = positions.iter().find(|r| r["before"] != true).unwrap();
    assert_eq!(after["open"], serde_json::json!([]));
    assert_eq!(mesh.crs(&["audit", "verify"]).0, 0);
}
