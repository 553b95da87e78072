//! The watch behind the console: every check comes round by itself, what hangs
//! holds up nobody else, and the end is quick.

use super::common::sandbox::Sandbox;
use crs::config::{Profile, Settings};
use crs::domain::{Calendar, CheckStatus};
use crs::event::{Event, channel_pair};
use crs::mesh::{Means, Watch};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::net::TcpListener;
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_mins(1);

#[test]
fn what_hangs_holds_up_nobody_else() {
    let home = Sandbox::new();
    // Takes connections by its backlog and says nothing.
    let silent = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = silent.local_addr().unwrap().port();
    let mut text = String::from("[[node]]\nname = \"HANGS\"\nhost = \"127.0.0.1\"\n");
    text += "[[node]]\nname = \"GOOD\"\nhost = \"127.0.0.1\"\n";
    for n in 0..40 {
        write!(
            text,
            "[[check]]\nnode = \"HANGS\"\nname = \"{n}\"\nkind = \"redis\"\nport = {port}\n\
             timeout_ms = 2000\nperiod_ms = 2000\n"
        )
        .unwrap();
    }
    text += "[[check]]\nnode = \"GOOD\"\nname = \"tcp\"\nkind = \"tcp\"\nperiod_ms = 200\n";
    writeln!(text, "port = {port}").unwrap();
    let file = home.path().join("mesh.toml");
    fs::write(&file, text).unwrap();
    let settings = Settings::defaults(home.path().into(), home.path().into());
    let checks = Profile::load(Some(&file), &settings).unwrap().checks;
    let (sender, receiver) = channel_pair();
    let means = Means::new(Calendar::default(), home.latch()).unwrap();
    let watch = Watch::start(checks, means, sender).unwrap();
    let mut seen: BTreeMap<String, Vec<CheckStatus>> = BTreeMap::new();
    let until = Instant::now() + LONG;
    let of = |seen: &BTreeMap<String, Vec<CheckStatus>>, node| seen.get(node).map_or(0, Vec::len);
    while Instant::now() < until && (of(&seen, "GOOD") < 10 || of(&seen, "HANGS") < 4) {
        if let Ok(Event::Check(report)) = receiver.urgent.recv_timeout(Duration::from_secs(1)) {
            seen.entry(report.node.to_string()).or_default().push(report.result.status);
        }
    }
    let (good, hangs) = (of(&seen, "GOOD"), of(&seen, "HANGS"));
    assert!(good >= 10 && hangs >= 4, "good {good}, hanging {hangs}");
    assert!(seen["GOOD"].iter().all(|status| *status == CheckStatus::Ok));
    assert!(seen["HANGS"].iter().all(|status| *status == CheckStatus::Failed));
    drop(watch);
    while receiver.urgent.try_recv().is_ok() {}
}
