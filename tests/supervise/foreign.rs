//! A check that says nothing: nobody knows whether somebody else's runs, and
//! nothing is started beside what may run.

use crate::stage::{Stage, never, process};
use crs::mission::crew::Crew as _;
use std::fs;

#[test]
fn a_check_that_hangs_starts_no_second_copy() {
    let dir = tempfile::tempdir().unwrap();
    let (there, hangs) = (dir.path().join("there"), dir.path().join("hangs"));
    let mut other = never(process("other", "echo $$ >>copies; exec sleep 600"));
    let check =
        format!("test -e {} && exec sleep 600; test -e {}", hangs.display(), there.display());
    other.check = ["/bin/sh", "-c", &check].map(String::from).to_vec();
    fs::write(&hangs, "").unwrap();
    fs::write(&there, "").unwrap();
    // Nobody knows at the beginning, nor when it is wanted.
    let stage = Stage::new(vec![other]);
    let copies = || fs::read_to_string(stage.dir.path().join("copies")).unwrap_or_default();
    assert!(stage.word("other", "unknown").state.to_string().contains("check"));
    stage.want_all();
    stage.word("other", "unknown");
    fs::remove_file(&hangs).unwrap();
    stage.word("other", "external");
    // One that is watched, and then can't be any more.
    fs::write(&hangs, "").unwrap();
    stage.word("other", "unknown");
    assert_eq!(copies(), "", "nothing was started beside it");
    fs::remove_file(&there).unwrap();
    fs::remove_file(&hangs).unwrap();
    stage.running("other");
    // And at a start.
    stage.crew.stop("other", false).unwrap();
    stage.word("other", "exited");
    let before = copies();
    fs::write(&hangs, "").unwrap();
    stage.crew.start("other").unwrap();
    stage.word("other", "unknown");
    assert_eq!(copies(), before);
    fs::remove_file(&hangs).unwrap();
    stage.running("other");
}

#[test]
fn a_check_that_cant_be_run_is_no_answer() {
    let mut other = process("other", "echo $$ >>copies; exec sleep 600");
    other.check = vec![String::from("/nowhere/check")];
    let stage = Stage::new(vec![other]);
    stage.want_all();
    let record = stage.word("other", "unknown");
    assert!(record.state.to_string().contains("/nowhere/check"), "{}", record.state);
    assert!(!stage.dir.path().join("copies").exists());
}
