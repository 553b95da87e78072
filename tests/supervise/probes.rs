//! Probes against real sockets, files and programs.

use crate::stage::{Stage, needs, probe, process, until};
use crs::domain::Endpoint;
use crs::mission::crew::Crew;
use crs::mission::spec::{Condition, Look};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A web server that says 503 until `well`.
fn web(well: &Arc<AtomicBool>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let well = Arc::clone(well);
    std::thread::spawn(move || {
        for line in listener.incoming().flatten() {
            let mut line = line;
            let _ = line.read(&mut [0_u8; 1_024]);
            let status = if well.load(Ordering::SeqCst) { "204 No Content" } else { "503 No" };
            let _ =
                write!(line, "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    port
}

#[test]
fn readiness_is_a_probe_and_a_blip_ends_nobody() {
    let well = Arc::new(AtomicBool::new(false));
    let port = web(&well);
    let mut a = process("a", "exec sleep 600");
    a.ready = vec![probe(Look::Http(format!("http://127.0.0.1:{port}/ok")))];
    let b = needs(process("b", "exec sleep 600"), "a", Condition::Ready);
    let stage = Stage::new(vec![a, b]);
    stage.want_all();
    until("the probe fails aloud", || {
        stage.lines.noted.lock().unwrap().iter().any(|n| n.contains("HTTP 503"))
    });
    assert_eq!(stage.record("a").state.word(), "starting");
    let waits = stage.record("b").state.to_string();
    assert!(waits.starts_with("pending: waits for a to be ready"), "{waits}");
    well.store(true, Ordering::SeqCst);
    let pids = ["a", "b"].map(|name| stage.running(name).pid);
    well.store(false, Ordering::SeqCst);
    stage.until("a", |r| r.state == crs::domain::mission::ProcessState::Running { ready: false });
    well.store(true, Ordering::SeqCst);
    stage.running("a");
    assert_eq!(["a", "b"].map(|name| stage.record(name).pid), pids, "nobody was restarted");
}

#[test]
fn a_failing_liveness_probe_restarts_and_one_that_hangs_holds_up_nobody() {
    // Takes the connection and says nothing.
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let at: Endpoint = mute.local_addr().unwrap().to_string().parse().unwrap();
    let mut a = process("a", "touch sign; exec sleep 600");
    let hang =
        crs::mission::spec::Probe { timeout: Duration::from_secs(20), ..probe(Look::Redis(at)) };
    let sign = |dir: &str| Look::Exec(["test", "-e", dir].map(String::from).to_vec());
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("well");
    std::fs::write(&file, "").unwrap();
    a.live = vec![hang, probe(sign(file.to_str().unwrap()))];
    let stage = Stage::new(vec![a]);
    stage.want_all();
    let first = stage.running("a").pid;
    std::fs::remove_file(&file).unwrap();
    let sick = stage.until("a", |r| r.pid != first);
    assert!(sick.last_error.as_str().starts_with("unhealthy: "), "{sick:?}");
    std::fs::write(&file, "").unwrap();
    stage.until("a", |r| r.state.ready() && r.restart_count > 0);
}

#[test]
fn a_line_a_port_and_a_counter_are_readiness_too() {
    let late = TcpListener::bind("127.0.0.1:0").unwrap();
    let at: Endpoint = late.local_addr().unwrap().to_string().parse().unwrap();
    let name = format!("crs-supervise-{}", std::process::id());
    let shm = std::path::Path::new("/dev/shm").join(&name);
    let mut a = process("a", "sleep 0.1; echo the engine is up; exec sleep 600");
    a.ready = vec![
        probe(Look::Log(String::from("engine is up"))),
        probe(Look::Tcp(at)),
        probe(Look::Shm(name.clone())),
    ];
    a.shm = vec![name];
    let stage = Stage::new(vec![a]);
    std::fs::write(&shm, 1_u64.to_le_bytes()).unwrap();
    stage.want_all();
    until("the line was read", || stage.lines.has("engine is up"));
    assert_ne!(stage.record("a").state.word(), "running", "the counter stands");
    let mut n = 1_u64;
    while !stage.record("a").state.ready() {
        n += 1;
        assert!(n < 10_000, "{:?}", stage.record("a"));
        std::fs::write(&shm, n.to_le_bytes()).unwrap();
        std::thread::sleep(Duration::from_millis(5));
    }
    stage.crew.stop("a", false).unwrap();
    stage.word("a", "exited");
    assert!(!shm.exists(), "its shared memory went with it");
}

fn free() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn redis_and_a_gateway_are_ready_when_they_say_so() {
    let (redis, cmd, data) = (free(), free(), free());
    let at = |port: u16| format!("127.0.0.1:{port}").parse::<Endpoint>().unwrap();
    let run = |name: &str, cmd: &[&str]| {
        let mut one = process(name, "");
        one.cmd = cmd.iter().map(|word| (*word).to_owned()).collect();
        one
    };
    let ports = [redis, cmd, data, free()].map(|port| port.to_string());
    let [redis_at, cmd_at, data_at, events_at] = ports.each_ref().map(String::as_str);
    let store = ["redis-server", "--port", redis_at, "--save", "", "--bind", "127.0.0.1"];
    let mut store = run("redis", &store);
    store.ready = vec![probe(Look::Redis(at(redis)))];
    store.ports = vec![redis];
    let gateway = ["{crs}", "gateway", "--cmd-port", cmd_at, "--data-port", data_at];
    let own =
        ["--events-port", events_at, "--kill-switch-file", "{dir}/latch", "--state-dir", "{dir}"];
    let mut gateway = run("gateway", &[&gateway[..], &own].concat());
    gateway.env.insert(String::from("HOME"), String::from("{dir}"));
    gateway.ready = vec![probe(Look::Heartbeat(at(cmd)))];
    gateway.ports = vec![cmd, data];
    let has_redis = std::process::Command::new("redis-server").arg("--version").output().is_ok();
    if !has_redis {
        println!("SKIPPED: no redis-server");
    }
    let mut all = vec![gateway];
    all.extend(has_redis.then_some(store));
    let stage = Stage::new(all);
    stage.want_all();
    stage.running("gateway");
    if has_redis {
        stage.running("redis");
    }
}
