//! What good questions are answered with, and every kind of refusal.

use super::doubles::{alert, line};
use super::house::{House, Http};
use crs::audit::verify_dir;
use crs::domain::mission::LineLevel;
use crs::mission::told::{Hears, Told};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

#[test]
fn the_status_has_the_documented_names() {
    let house = House::new();
    house.hub.hear(Told::Alert(Arc::new(alert(1))));
    let said = Http::unix(&house).get("/api/status");
    assert_eq!(said.status, 200);
    let status = said.json();
    let engine = &status["processes"][1];
    for (key, value) in [
        ("name", json!("engine")),
        ("display_name", json!("the engine")),
        ("pid", json!(4_242)),
        ("state", json!("running")),
        ("start_time", json!(1_000_000)),
        ("cpu_percent", json!(12.5)),
        ("memory_mb", json!(64)),
        ("restart_count", json!(0)),
        ("last_error", json!("")),
        ("exit_code", json!(null)),
        ("external", json!(false)),
    ] {
        assert_eq!(engine[key], value, "{key}");
    }
    assert!(engine["uptime"].as_u64().unwrap() > 1_000_000);
    assert_eq!(status["alerts"][0]["type"], "port-in-use");
    assert_eq!(said.headers["cache-control"], "no-store");
}

#[test]
fn every_refusal_has_its_status_and_says_what_why_and_what_next() {
    let house = House::new();
    let http = Http::unix(&house);
    let doc = http.get("/api/openapi.json").json();
    for (path, body, status, kind) in [
        ("/api/launch", json!({"mode": "PAPER"}), 202, ""),
        ("/api/launch", json!({"mode": "LIVE", "options": {"confirm": "LIVE 10000"}}), 202, ""),
        ("/api/launch", json!({"mode": "LIVE"}), 428, "confirmation"),
        ("/api/launch", json!({"mode": "LIVE", "confirm": "live"}), 428, "confirmation"),
        ("/api/launch", json!({"mode": "REPLAY"}), 412, "requirement"),
        ("/api/launch", json!({"mode": "DREAM"}), 404, "unknown"),
        ("/api/process/start", json!({"process": "engine"}), 200, ""),
        ("/api/process/stop", json!({"process": "engine", "dependants": true}), 200, ""),
        ("/api/process/restart", json!({"process": "engine"}), 200, ""),
        ("/api/process/start", json!({"process": "engine-live"}), 412, "requirement"),
        ("/api/process/restart", json!({"process": "engine-live"}), 412, "requirement"),
        ("/api/process/stop", json!({"process": "redis"}), 409, "conflict"),
        ("/api/process/stop", json!({"process": "nobody"}), 404, "unknown"),
        ("/api/alerts/1/ack", json!({}), 200, ""),
        ("/api/alerts/2/ack", json!({}), 404, "unknown"),
        ("/api/alerts/1/act", json!({"action": "restart"}), 200, ""),
        ("/api/alerts/1/act", json!({"action": "dance"}), 422, "invalid"),
        ("/api/alerts/1/act", json!({"action": "kill_port_and_retry"}), 428, "confirmation"),
        ("/api/zombies/end", json!({"id": "port-5555-4242"}), 428, "confirmation"),
        ("/api/zombies/end", json!({"id": "port-5555-4242", "confirm": "END 4242"}), 200, ""),
        ("/api/safe", json!({}), 428, "confirmation"),
        ("/api/safe", json!({"confirm": "CLOSE EVERYTHING", "reason": "drill"}), 202, ""),
        ("/api/restore", json!({}), 503, "failed"),
        ("/api/reload", json!({}), 200, ""),
        ("/api/shutdown", json!({}), 202, ""),
    ] {
        let said = http.post(path, &body);
        assert_eq!(said.status, status, "{path} {body}: {}", said.text);
        let template = path.replace("/1/", "/{id}/").replace("/2/", "/{id}/");
        let described = &doc["paths"][&template]["post"]["responses"];
        assert!(described.get(status.to_string()).is_some(), "{path}: {status} is not described");
        let answer = said.json();
        if kind.is_empty() {
            assert_eq!(answer["accepted"], true, "{path} {body}");
            continue;
        }
        let error = &answer["error"];
        assert_eq!((&error["kind"], &error["status"]), (&json!(kind), &json!(status)));
        for part in ["thing", "cause", "next"] {
            assert_ne!(error[part].as_str().unwrap(), "", "{path} {body}: {part}");
        }
    }
    assert!(!house.ended.load(Ordering::SeqCst));
    assert_eq!(http.post("/api/shutdown", &json!({"daemon": true})).status, 202);
    assert!(house.ended.load(Ordering::SeqCst));
    // Down was carried out: no mode is in force.
    assert_eq!(http.get("/api/status").json()["mode"], "");
}

#[test]
fn every_order_and_its_answer_are_on_record() {
    let house = House::new();
    let http = Http::unix(&house);
    http.post("/api/process/start", &json!({"process": "engine"}));
    http.post("/api/launch", &json!({"mode": "LIVE", "confirm": "secret words"}));
    assert!(house.recorder.end(Duration::from_secs(30)));
    assert_eq!(http.get("/api/audit?last=10001").status, 400);
    assert_eq!(http.get("/api/logs?limit=10001").status, 400);
    let page = http.get("/api/audit?last=50").json();
    let lines: Vec<String> = page["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| {
            let part = |key: &str| e[key].as_str().unwrap().to_owned();
            format!("{} {} {}", part("kind"), part("what"), part("outcome"))
        })
        .collect();
    for wanted in [
        "ORDER start engine ",
        "ANSWER start engine accepted; engine: starting",
        "PROCESS engine pid 4242 starting",
        "ANSWER launch LIVE refused: other words were typed than asked for; nothing done",
    ] {
        assert!(lines.iter().any(|line| line == wanted), "{wanted}: {lines:#?}");
    }
    let by = page["entries"][0]["by"].as_str().unwrap();
    assert!(by.ends_with(" over the socket") && by.contains('@'), "{by}");
    assert!(!format!("{page}").contains("secret words"));
    let reports = verify_dir(&house.home.path().join("audit"));
    assert!(reports.iter().all(|r| r.findings.is_empty()), "{reports:?}");
}

#[test]
fn lines_are_found_by_process_level_words_and_number() {
    let house = House::new();
    let level = |n: u64| if n.is_multiple_of(10) { LineLevel::Error } else { LineLevel::Info };
    let who = |n: u64| if n.is_multiple_of(2) { "engine" } else { "gateway" };
    let all = (1..=100).map(|n| line(n, who(n), level(n))).collect();
    *house.doubles.lines.lock().unwrap() = all;
    let http = Http::unix(&house);
    let seqs = |query: &str| -> (Vec<u64>, u64) {
        let said = http.get(&format!("/api/logs{query}"));
        assert_eq!(said.status, 200, "{query}: {}", said.text);
        let page = said.json();
        let lines = page["lines"].as_array().unwrap();
        let seqs = lines.iter().map(|l| l["seq"].as_u64().unwrap()).collect();
        (seqs, page["next"].as_u64().unwrap())
    };
    assert_eq!(seqs("?last=3"), (vec![98, 99, 100], 100));
    assert_eq!(seqs("?process=engine&after=94"), (vec![96, 98, 100], 100));
    assert_eq!(seqs("?process=engine,gateway&after=97"), (vec![98, 99, 100], 100));
    assert_eq!(seqs("?level=error&last=2"), (vec![90, 100], 100));
    assert_eq!(seqs("?q=line%2042%20"), (vec![42], 100));
    assert_eq!(seqs("?limit=2&after=10"), (vec![11, 12], 12));
    assert_eq!(seqs("?process=gateway&after=99"), (vec![], 100));
    assert_eq!(http.get("/api/logs?process=nobody").status, 404);
}

#[test]
fn figures_for_prometheus() {
    let house = House::new();
    let said = Http::unix(&house).get("/metrics");
    for line in [
        r#"mission_process_cpu_percent{process="engine"} 12.5"#,
        r#"mission_process_memory_bytes{process="engine"} 67108864.0"#,
        r#"mission_process_state{process="engine",state="running"} 1.0"#,
        r#"mission_alerts_open{severity="critical"} 0.0"#,
        "mission_gateway_profit -1.25",
        "mission_gateway_exposure_lots 0.3",
        r#"mission_host_disk_read_bytes{disk="vda"} 5.0"#,
        "mission_lines_dropped_total 0",
        "# EOF",
    ] {
        assert!(said.text.lines().any(|l| l == line), "{line}\n{}", said.text);
    }
}

#[test]
fn what_only_looks() {
    let house = House::new();
    let http = Http::unix(&house);
    let plan = http.get("/api/plan?mode=LIVE").json();
    assert_eq!(
        (&plan["confirm"], &plan["steps"][0]),
        (&json!("LIVE 10000"), &json!("start engine"))
    );
    assert_eq!(http.get("/api/plan?mode=DREAM").status, 404);
    let modes = http.get("/api/modes").json();
    assert_eq!(modes["modes"][0]["settings"]["disable_broker"], false);
    let why = http.get("/api/why?process=engine").json();
    assert_eq!(why["lines"][0], "it waits for Redis to be ready");
    assert_eq!(http.get("/api/alerts").json()["alerts"].as_array().unwrap().len(), 1);
    assert_eq!(http.get("/api/zombies").json()["found"][0]["pid"], 4_242);
    assert_eq!(http.get("/api/openapi.json").json()["openapi"], "3.1.0");
    assert_eq!(http.ask("HEAD", "/api/status", |r| r).status, 200);
}
