use crate::events::session;
use crate::rig::{all, bytes};
use crs::event::Stamped;
use crs::journal::Recording;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::fs;
use std::path::Path;

/// The same records every time.
fn some() -> Vec<Stamped> {
    let mut runner = TestRunner::deterministic();
    let trees = std::iter::repeat_with(|| session().new_tree(&mut runner).unwrap().current());
    trees.take(20).max_by_key(Vec::len).unwrap()
}

fn is_a_part(read: &[Stamped], of: &[Stamped]) {
    assert!(read.len() <= of.len() && read == &of[..read.len()], "{read:?}");
}

#[test]
fn a_file_cut_anywhere_gives_what_came_before() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("cut.mcap");
    let records = some();
    let whole = bytes(&records, 7, false);
    let mut most = 0;
    for end in (0..whole.len()).step_by(97) {
        fs::write(&path, &whole[..end]).unwrap();
        let (read, _) = all(&path);
        is_a_part(&read, &records);
        assert!(read.len() >= most, "{end}: {} after {most}", read.len());
        most = read.len();
    }
    assert!(most > records.len() / 2, "{most} of {}", records.len());
}

#[test]
fn a_byte_changed_anywhere_is_told_or_changes_nothing() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("edited.mcap");
    let records = some();
    for torn in [false, true] {
        let whole = bytes(&records, 7, torn);
        for at in (0..whole.len()).step_by(61) {
            let mut edited = whole.clone();
            edited[at] ^= 0x24;
            fs::write(&path, &edited).unwrap();
            let (read, damage) = all(&path);
            is_a_part(&read, &records);
            assert!(read.len() == records.len() || damage.is_some() || torn, "byte {at}");
        }
    }
}

#[test]
fn what_is_no_recording_is_told_with_the_next_step() {
    let home = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = home.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let said = |path: &Path| Recording::open(path).unwrap_err().to_string();
    let older = {
        let whole = bytes(&some(), 7, false);
        let at = whole.windows(6).position(|six| six == b"format").unwrap() + 10;
        let mut older = whole;
        older[at] = b'0';
        older
    };
    for (path, words) in [
        (file("empty", b""), "empty:0: the file is empty; name a recording"),
        (file("a.csv", b"timestamp,symbol,bid,ask\n"), "record import"),
        (file("a.png", b"\x89PNG\r\n\x1a\n12345678"), "does not begin as one"),
        (file("short", b"\x89MCAP0\r\n\x01\x00"), "ends within its first records"),
        (file("older.mcap", &older), "format 0; this crs reads format 1; use the crs"),
        (home.path().join("nothing"), "No such file"),
    ] {
        let said = said(&path);
        assert!(said.contains(words), "{said}");
    }
    let none = tempfile::tempdir().unwrap();
    assert!(said(none.path()).contains("no recording in this directory"));
}
