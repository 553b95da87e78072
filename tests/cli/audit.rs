//! `crs audit` on chains that are kept as files: word for word.
//!
//! `UPDATE_GOLDEN=1` writes the golden texts anew; read the difference.

use super::common::sandbox::{Outcome, Sandbox};
use crs::breaker::LatchHome;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(20);

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/audit").join(name)
}

/// A home whose log is the chain `name` and no other.
fn with_chain(name: &str) -> Sandbox {
    let home = Sandbox::new();
    let state = home.path().join("home/.local/state/crs");
    let audit = LatchHome::new(&state, &home.latch()).audit();
    fs::create_dir_all(&audit).unwrap();
    fs::copy(fixture(&format!("{name}.jsonl")), audit.join(format!("{name}.jsonl"))).unwrap();
    home
}

#[track_caller]
fn golden(file: &str, said: &str) {
    let path = fixture(file);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, said).unwrap();
    }
    assert_eq!(said, fs::read_to_string(&path).unwrap_or_default(), "{file}");
}

fn verify(name: &str) -> Outcome {
    with_chain(name).run(&["audit", "verify"], LIMIT)
}

#[test]
fn a_version_that_this_program_does_not_know_is_not_verified() {
    for name in ["newer", "newest", "unknown-version"] {
        let outcome = verify(name);
        assert_eq!(outcome.code, Some(1), "{name}: {outcome:#?}");
        golden(&format!("{name}.txt"), &outcome.stdout);
        let newer = name != "unknown-version";
        assert_eq!(outcome.stdout.contains("DAMAGED"), !newer, "{outcome:#?}");
    }
}

#[test]
fn a_witness_that_kept_nothing_yet_is_no_damage() {
    let outcome = with_chain("whole").run(&["audit", "verify", "--heads", "auto"], LIMIT);
    assert_eq!(outcome.code, Some(2), "{outcome:#?}");
    assert!(outcome.stdout.contains("no heads were kept yet ("), "{outcome:#?}");
    let named = with_chain("whole").run(&["audit", "verify", "--heads", "absent"], LIMIT);
    assert_eq!(named.code, Some(1), "{named:#?}");
}

#[test]
fn alarms_are_records_like_any_other() {
    let home = with_chain("whole");
    let outcome = home.run(&["audit", "verify"], LIMIT);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    golden("whole.txt", &outcome.stdout);
    golden("whole.show.txt", &home.run(&["audit", "show"], LIMIT).stdout);
}
