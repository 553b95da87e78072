//! Output onto a disk that is full: each test runs once more inside a mount
//! namespace, where a small one lies.

use crate::common::small::{Rights, inside};
use crate::common::wait::until;
use crate::rig::{LIMIT, Rig};
use crs::mission::spec::Daemon;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// Where the child of a test has its small file system.
const SMALL: &str = "CRS_TEST_SMALL";

/// None in the parent, which has seen the child through; else the directory.
fn small(test: &str) -> Option<PathBuf> {
    if let Some(dir) = std::env::var_os(SMALL) {
        return Some(PathBuf::from(dir));
    }
    let home = tempfile::tempdir().unwrap();
    let at = home.path().join("m");
    fs::create_dir(&at).unwrap();
    let script = format!("mount -t tmpfs -o size=2m none '{}'", at.display());
    let words = inside(Rights::User, &script)?;
    let (program, rest) = words.split_first().unwrap();
    let child = Command::new(program)
        .args(rest)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", &format!("disk::{test}"), "--nocapture"])
        .env(SMALL, &at)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout).into_owned();
    let err = String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success() && said.contains("1 passed"), "{said}{err}");
    None
}

#[test]
fn a_full_disk_holds_up_nobody_and_every_line_is_there_or_counted() {
    let Some(dir) = small("a_full_disk_holds_up_nobody_and_every_line_is_there_or_counted") else {
        return;
    };
    let mut rig = Rig::new(&dir, Duration::ZERO, Daemon::default());
    // Five times what there is room for.
    rig.run("flood", "awk 'BEGIN { for (i = 0; i < 100000; i++) printf \"%090d\\n\", i }'");
    rig.run("other", "for i in 1 2 3 4 5; do echo word $i; sleep 0.1; done");
    rig.all_ended();
    let counts = || rig.output.counts().get("flood").copied().unwrap_or_default();
    until(LIMIT, || (counts().lines >= 100_000).then_some(())).expect("it was not held up");
    let other = || rig.output.counts().get("other").is_some_and(|c| c.lines >= 5).then_some(());
    until(LIMIT, other).expect("nor was the other");
    let lost = || (counts().lost > 0 && counts().faults >= 1).then_some(());
    until(LIMIT, lost).expect("there was no room for all");
    let there = || rig.on_disk("flood").len() as u64 + counts().lost;
    until(LIMIT, || (there() == 100_000).then_some(())).expect("each is there or counted");
    let said = || {
        let said = rig.listener.errors.lock().unwrap();
        said.iter().filter(|line| line.contains("the disk does not take")).count() as u64
    };
    let faults = || rig.output.total().faults;
    until(LIMIT, || (said() == faults()).then_some(())).expect("each time once");
    let lines = rig.on_disk("flood");
    assert!(lines.iter().all(|line| line.len() == 90), "no line is torn");
    assert!(rig.listener.alerts.lock().unwrap().iter().any(|a| a.kind.as_str() == "log-disk"));
    // Room again: the next lines are on disk, and what was lost is said.
    // Emptied, not removed: where the end of the flood found room, it is open.
    fs::write(rig.output.logs().join("flood.log"), "").unwrap();
    rig.run("flood", "sleep 1.5; echo back again");
    until(LIMIT, || rig.find("takes this output again")).expect("it is said");
    let back = || rig.on_disk("flood").contains(&String::from("back again")).then_some(());
    until(LIMIT, back).expect("it is on disk");
}
