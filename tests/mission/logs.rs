//! Lines that are no longer at hand, through the daemon, from its files.

use crate::common::wait::until;
use crate::rig::Rig;
use crate::stage::SOON;
use std::fs;

/// Writes 2,000 lines, keeps 100 at hand and files of 64 KiB.
const TALKS: &str = "\n[daemon]\nring = 100\nlog_size = \"64KiB\"\nlog_files = 50\n\
    [process.talks]\ncmd = [\"/bin/sh\", \"-c\", \"i=0; while [ $i -lt 2000 ]; do echo line $i; \
    i=$((i+1)); done; printf 'ERROR \\\\033]0;x bell\\\\n'; exec sleep 600\"]\n\
    [mode.TALK]\nprocesses = [\"talks\"]\n";

#[test]
fn lines_older_than_those_at_hand_are_read_from_the_files() {
    let mut rig = Rig::new(|mission| mission + TALKS);
    rig.serve();
    assert_eq!(rig.enter("TALK"), "complete", "{:#}", rig.status());
    let all = until(SOON, || {
        let said = rig.run(&["mission", "logs", "-n", "5000", "talks"]);
        assert_eq!(said.code, Some(0), "{said:#?}");
        said.stdout.contains("bell").then_some(said.stdout)
    });
    let all = all.expect("its last line is shown");
    assert!(!all.contains('\u{1b}'), "what would move the screen is not shown");
    let numbers = |text: &str| -> Vec<u64> {
        let said = text.lines().filter_map(|line| line.split_once(" line ")?.1.parse().ok());
        said.collect()
    };
    assert_eq!(numbers(&all), (0..2_000).collect::<Vec<_>>(), "each once, in its order");
    assert!(rig.dir().join("logs/talks.log.1").exists(), "they lie in more than one file");
    let some = rig.run(&["mission", "logs", "-n", "700", "--grep", "line 1", "talks"]);
    let want: Vec<u64> = (0..2_000).filter(|n| n.to_string().starts_with('1')).collect();
    assert_eq!(numbers(&some.stdout), want[want.len() - 700..]);
    // Page by page, as a client of its own would.
    let page = rig.get("/api/logs?process=talks&last=50");
    let mut before = page["older"].as_str().unwrap().to_owned();
    let mut count = 50;
    while !before.is_empty() {
        let page = rig.get(&format!("/api/logs?process=talks&before={before}&last=333"));
        let lines = page["lines"].as_array().unwrap();
        assert!(lines.iter().all(|line| line["seq"] == 0 && line["process"] == "talks"));
        count += lines.len();
        before = page["older"].as_str().unwrap().to_owned();
    }
    assert!(count >= 2_001, "{count}");
    // A daemon that was shot has left its lines to the next one.
    rig.shoot();
    rig.serve();
    let said = rig.run(&["mission", "logs", "-n", "5000", "talks"]);
    assert!(numbers(&said.stdout).starts_with(&[0, 1, 2]), "{said:#?}");
    for name in fs::read_dir(rig.dir().join("logs")).unwrap() {
        let name = name.unwrap().file_name().into_string().unwrap();
        assert!(name.contains(".log"), "{name}");
    }
    rig.post("/api/shutdown", &serde_json::json!({}));
}
