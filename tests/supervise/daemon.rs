//! A daemon that can be shot: this test program, started anew with a place in
//! its environment.

use crate::stage::{Ears, Lines, crew, mission, process, setup};
use crs::mission::crew::Crew;
use crs::mission::hands::Vars;
use crs::mission::lines::Reads;
use crs::mission::local::LocalHands;
use crs::mission::spec::{Mission, OnDeath};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

const PLACE: &str = "CRS_SUPERVISE_PLACE";
/// What it supervises: a child, one of another session below it, and one that
/// dropped its environment too.
const SCRIPT: &str = "echo $$ >>$NAME.all; \
    setsid sh -c 'echo $$ >>$NAME.all; exec sleep 600' & \
    setsid sh -c 'echo $$ >>$NAME.all; exec env -i sleep 600' & \
    while [ $(wc -l <$NAME.all) -lt 3 ]; do sleep 0.01; done; \
    echo up; echo ready >$NAME.up; exec sleep 600";

/// Its processes: one that ends with it and one that does not.
pub fn both() -> Arc<Mission> {
    let one = |name: &str, policy| {
        let mut one = process(name, SCRIPT);
        one.env.insert(String::from("NAME"), name.to_owned());
        one.on_daemon_death = policy;
        one
    };
    mission(vec![one("killed", OnDeath::Kill), one("kept", OnDeath::Keep)])
}

/// The daemon itself; nothing in an ordinary run of the tests.
#[test]
fn a_daemon_where_one_is_asked_for() {
    let Some(dir) = std::env::var_os(PLACE).map(PathBuf::from) else { return };
    let mission = both();
    let lines = Arc::new(Lines::default());
    *lines.read_to.lock().unwrap() = Some(3);
    let ears = Arc::new(Ears::default());
    let reads = Arc::clone(&lines) as Arc<dyn Reads>;
    let hands = Arc::new(LocalHands::new(setup(&dir, &mission), reads).unwrap());
    let crew = crew(&hands, &mission, &lines, &ears);
    let wanted: Vec<String> = mission.processes.iter().map(|p| p.name.clone()).collect();
    crew.want(&wanted, &Vars::default(), &BTreeMap::new());
    loop {
        let records = serde_json::to_vec(&crew.records()).unwrap();
        std::fs::write(dir.join("records.new"), records).unwrap();
        std::fs::rename(dir.join("records.new"), dir.join("records")).unwrap();
        std::thread::sleep(Duration::from_millis(10));
        // Nobody waits for one that was forgotten.
        if !dir.exists() {
            return;
        }
    }
}

/// Starts one in this directory.
pub fn start(dir: &Path) -> Child {
    let own = std::env::current_exe().unwrap();
    Command::new(own)
        .args(["--exact", "daemon::a_daemon_where_one_is_asked_for", "--nocapture"])
        .env(PLACE, dir)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}
