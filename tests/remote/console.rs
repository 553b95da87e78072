//! The same from the console: keys, the guard, the steps in the log.

use crate::common::console::Console;
use crate::host::{Host, LONG};
use std::thread::sleep;
use std::time::Duration;

/// Longer than the guard's 150 ms, far shorter than its 5 s.
fn confirm(console: &mut Console, guard: &str) {
    see(console, guard);
    sleep(Duration::from_millis(400));
    console.keys("y");
}

fn see(console: &Console, words: &str) {
    console.wait_for(words, LONG, |text| text.contains(words));
}

#[test]
fn keys_start_look_at_and_stop_a_gateway_there() {
    let Some(host) = Host::start("keys_start_look_at_and_stop_a_gateway_there") else { return };
    let config = host.config().display().to_string();
    let mut console = Console::crs(&host.home, &["--config", &config], 200, 60);
    see(&console, "leave");
    // The log, zoomed; the gate has to be proven open before a start.
    console.keys("00");
    see(&console, "SAFE");
    console.keys(":remote-start\r");
    confirm(&mut console, "START GATEWAY");
    for words in
        ["start: look ok", "start: latch ok", "start: heartbeat ok", "done: running as pid"]
    {
        see(&console, words);
    }
    let pid = host.pid();
    console.keys("ps");
    see(&console, &format!("status: process    running as pid {pid}"));
    see(&console, "status: HEARTBEAT");
    console.keys("pl");
    see(&console, "paper money");
    // The pane shows what the look found.
    console.keys("77");
    see(&console, &format!("pid {pid}"));
    console.keys("00pd");
    confirm(&mut console, "STOP GATEWAY");
    see(&console, "done: stopped, it was pid");
    assert_eq!(host.status()["standing"], "free");
    let audit = host.audit();
    assert!(audit.contains("REMOTE_START gtw") && audit.contains("console"), "{audit}");
    assert_eq!(audit.matches(" sent ").count(), audit.matches(" done ").count(), "{audit}");
    // Under a latch no guard opens for a start.
    std::fs::write(host.home.latch(), "{}").unwrap();
    see(&console, "ENGAGED");
    console.keys("pu");
    see(&console, "gateway start: not started, the switch is engaged");
    assert!(!console.text().contains("press y within"), "{}", console.text());
    assert_eq!(host.status()["standing"], "free");
}
