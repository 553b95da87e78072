//! The watchdog, against a gateway that is shot.

use crate::common::sandbox::{Signal, end, signal};
use crate::common::wait::until;
use crate::host::{Host, LONG};
use std::io::Read as _;
use std::process::Child;
use std::sync::{Arc, Mutex};

/// A running watch and what it said so far.
struct Watch {
    child: Child,
    said: Arc<Mutex<String>>,
}

impl Watch {
    fn start(host: &Host) -> Self {
        let config = host.config().display().to_string();
        let args = ["--config", &config, "remote", "gateway", "watch"];
        let mut child = host.home.crs(&args).spawn().unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        let (mut out, into) = (child.stdout.take().unwrap(), Arc::clone(&said));
        std::thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(n @ 1..) = out.read(&mut chunk) {
                into.lock().unwrap().push_str(&String::from_utf8_lossy(&chunk[..n]));
            }
        });
        Self { child, said }
    }

    fn says(&self, words: &str) {
        let said = || self.said.lock().unwrap().clone();
        let found = until(LONG, || said().contains(words).then_some(()));
        assert!(found.is_some(), "never said {words}:\n{}", said());
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

const EAGER: &str = "watchdog_missed = 2\nwatchdog_per_hour = 5";

#[test]
fn a_gateway_that_was_shot_is_started_and_one_that_was_stopped_is_not() {
    let name = "a_gateway_that_was_shot_is_started_and_one_that_was_stopped_is_not";
    let Some(host) = Host::start(name) else { return };
    assert_eq!(host.gateway(&["watch"]).code, Some(78), "off by default");
    host.configure(EAGER);
    let pid = host.up();
    let watch = Watch::start(&host);
    watch.says("it answers");
    signal(pid, Signal::KILL);
    watch.says("running as pid");
    assert_ne!(host.pid(), pid);
    assert_eq!(host.gateway(&["stop", "--yes"]).code, Some(0));
    watch.says("stopped on purpose");
    assert_eq!(host.status()["standing"], "free");
    drop(watch);
    let audit = host.audit();
    assert!(audit.lines().any(|l| l.contains("REMOTE_START") && l.contains("watch")), "{audit}");
}

#[test]
fn nothing_is_started_while_the_switch_is_engaged() {
    let Some(host) = Host::start("nothing_is_started_while_the_switch_is_engaged") else { return };
    host.configure(EAGER);
    let pid = host.up();
    let watch = Watch::start(&host);
    watch.says("it answers");
    std::fs::write(host.home.latch(), "").unwrap();
    signal(pid, Signal::KILL);
    watch.says("silent, and not started: denied");
    assert_eq!(host.status()["standing"], "free");
}
