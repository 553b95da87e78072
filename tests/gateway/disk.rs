//! A disk that does not take the memory.

use crate::peer::{Peer, start};
use serde_json::Value;
use std::time::{Duration, Instant};

#[test]
fn a_sick_disk_stops_orders_but_no_kill() {
    let (dir, context) = (tempfile::tempdir().unwrap(), zmq::Context::new());
    let gateway = start(dir.path());
    let peer = Peer::new(&context, &gateway);
    peer.open("BUY", "EURUSD", 0.1, 0.0);
    // A directory where the fresh file should go: works against root too.
    let obstacle = dir.path().join("gateway.json.new");
    std::fs::create_dir(&obstacle).unwrap();

    let taken = peer.open("BUY", "EURUSD", 0.1, 0.0);
    assert_eq!(
        (taken["status"].as_str(), taken["durable"].as_bool()),
        (Some("SUCCESS"), Some(false))
    );
    let refused = peer.open("BUY", "EURUSD", 0.1, 0.0);
    assert!(refused["error"].as_str().unwrap().contains("can't be written"), "{refused}");
    let kill = peer.kill();
    assert_eq!(kill["positions_closed"], 2);
    assert_eq!(kill["durable"], false, "it does not promise what disk has not got");
    assert!(peer.positions().is_empty() && gateway.is_killed());

    std::fs::remove_dir(&obstacle).unwrap();
    let began = Instant::now();
    loop {
        let text = std::fs::read_to_string(dir.path().join("gateway.json")).unwrap();
        let memory: Value = serde_json::from_str(&text).unwrap();
        if memory["killed"]["kill_id"].is_string() {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(10), "the kill never reached the disk");
        std::thread::sleep(Duration::from_millis(50));
    }
}
