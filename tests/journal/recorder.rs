//! The recorder on a real disk: crashes, strangers, trouble.

use crate::desk::{Desk, LIMIT, config, record};
use crate::rig::all;
use crs::domain::Text;
use crs::event::{Bookmark, Event, Stamped};
use crs::journal::{Journal, Piece, Recording, RingConfig, Source, ring};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[test]
fn what_was_told_is_on_the_disk_when_it_ends() {
    let home = tempfile::tempdir().unwrap();
    let mut desk = Desk::open(config(home.path()));
    desk.put(5_000);
    let (session, state) = desk.end();
    let mut recording = Recording::session(session).unwrap();
    assert_eq!(recording.span().last.0, 5_000);
    assert_eq!(recording.state_at(5_000).unwrap().digest(), state.digest());
    assert_eq!(all(home.path()), ((1..=5_000).map(record).collect(), None));
}

#[test]
fn small_files_follow_each_other_are_sealed_and_recycled_but_for_the_bookmarked() {
    let home = tempfile::tempdir().unwrap();
    let (file_bytes, max_bytes) = (20_000, 300_000);
    let mut desk = Desk::open(RingConfig { file_bytes, max_bytes, ..config(home.path()) });
    desk.put(400);
    let mark = record(desk.state.seq + 1);
    let mark = Stamped { event: Event::Bookmark(Bookmark { text: Text::new("here") }), ..mark };
    desk.recorder.record(&mark);
    desk.state.apply(&mark).unwrap();
    desk.until("bookmark", |_| !ring::bookmarks(home.path()).is_empty());
    // One that was listed may be gone a moment later.
    let size = |home: &Path| -> u64 {
        let files = ring::files(home).unwrap();
        files.iter().map(|(_, path)| fs::metadata(path).map_or(0, |meta| meta.len())).sum()
    };
    // Later than the ten minutes that are kept for it. What seals may be slower
    // than what comes, so that it is waited for, with nothing more meanwhile.
    desk.pace = 0;
    for _ in 0..12 {
        desk.put(10_000);
        desk.until("room", |desk| {
            desk.running.kept() + 10_000 > desk.state.seq && size(home.path()) < 4 * max_bytes
        });
    }
    desk.until("recycled", |_| size(home.path()) < 2 * max_bytes);
    let lost = desk.running.lost();
    let (session, state) = desk.end();
    assert_eq!(lost, 0);
    let mut recording = Recording::session(session).unwrap();
    assert_eq!(recording.span().first.0, 1, "the bookmarked beginning");
    assert_eq!(recording.state_at(state.seq).unwrap().digest(), state.digest());
    let whole = ring::files(home.path()).unwrap();
    let numbers: Vec<u32> = whole.iter().map(|(name, _)| name.number).collect();
    assert!(numbers.windows(2).any(|two| two[1] > two[0] + 1), "nothing recycled: {numbers:?}");
    // The hole that recycling left is told, and what follows it is whole.
    let mut pieces = Vec::new();
    let mut seq = 1;
    let mut holes = 0;
    while seq < state.seq {
        recording.read_after(seq, &mut pieces).unwrap();
        for piece in pieces.drain(..) {
            match piece {
                Piece::Record(next) => {
                    assert_eq!(next.seq, seq + 1);
                    seq = next.seq;
                }
                Piece::Whole(gap, whole) => {
                    assert_eq!((gap.after, gap.until), (seq, whole.seq));
                    seq = whole.seq;
                    holes += 1;
                }
            }
        }
    }
    assert!(holes > 0);
}

/// The whole program seals in a process of its own; one that can't be started,
/// or does nothing, costs no more than the room it was to save.
#[test]
fn files_are_sealed_by_another_process_or_without_it() {
    let own = Some(env!("CARGO_BIN_EXE_crs").into());
    for sealer in [own, Some("/bin/true".into()), Some("/nowhere/crs".into())] {
        let home = tempfile::tempdir().unwrap();
        let file_bytes = 20_000;
        let mut desk = Desk::open(RingConfig { file_bytes, sealer, ..config(home.path()) });
        desk.put(5_000);
        desk.until("sealed", |_| {
            let files = ring::files(home.path()).unwrap();
            files.iter().filter(|(name, _)| !name.live).count() > 2
        });
        let (session, state) = desk.end();
        let mut recording = Recording::session(session).unwrap();
        assert_eq!(recording.state_at(state.seq).unwrap().digest(), state.digest());
        assert_eq!(all(home.path()), ((1..=state.seq).map(record).collect(), None));
    }
}

#[test]
fn a_second_writer_is_refused_and_takes_over_when_the_first_ends() {
    let home = tempfile::tempdir().unwrap();
    let mut first = Desk::open(config(home.path()));
    first.until("first", |desk| desk.reports.iter().any(|report| report.on));
    let mut second = Desk::open(config(home.path()));
    second.until("refused", |desk| !desk.reports.is_empty());
    let report = second.last();
    let by = format!("process {} records into", std::process::id());
    assert!(!report.on && report.fault.as_str().starts_with(&by), "{report:?}");
    assert!(first.end().1.seq > 0);
    second.until("taken over", |desk| desk.last().on);
    assert!(second.last().lost > 0);
    let (session, state) = second.end();
    let mut recording = Recording::session(session).unwrap();
    assert!(recording.span().first.0 > 1);
    assert_eq!(recording.state_at(state.seq).unwrap().digest(), state.digest());
}

#[test]
fn a_directory_that_goes_is_told_and_made_again() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("ring");
    let mut desk = Desk::open(config(&dir));
    desk.until("begun", |desk| desk.reports.iter().any(|report| report.on));
    fs::remove_dir_all(&dir).unwrap();
    desk.until("told", |desk| !desk.last().on);
    assert!(desk.last().fault.as_str().contains("removed"), "{:?}", desk.last());
    desk.until("again", |desk| desk.last().on && desk.last().lost > 0);
    let (session, state) = desk.end();
    let mut recording = Recording::session(session).unwrap();
    assert_eq!(recording.state_at(state.seq).unwrap().digest(), state.digest());
}

#[test]
fn a_place_that_is_no_directory_is_told_and_costs_nothing() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("ring");
    fs::write(&dir, "mine").unwrap();
    let mut desk = Desk::open(config(&dir));
    desk.until("told", |desk| !desk.reports.is_empty());
    assert!(!desk.last().on && desk.last().fault.as_str().contains("ring"), "{:?}", desk.last());
    assert!(desk.running.stop(LIMIT));
    assert_eq!(fs::read_to_string(&dir).unwrap(), "mine");
}

/// What a full disk, or a shot between two calls, leaves of a file.
#[test]
fn an_empty_file_hides_no_other_and_is_removed() {
    let home = tempfile::tempdir().unwrap();
    let mut desk = Desk::open(config(home.path()));
    desk.until("kept", |desk| desk.running.kept() > 50);
    let (session, state) = desk.end();
    let file = |number| ring::Name { session: session.name.clone(), number, live: true };
    let [first, second] = [1, 2].map(|number| file(number).path(home.path()));
    fs::rename(&first, second).unwrap();
    fs::write(&first, "").unwrap();
    let mut recording = Recording::session(session).unwrap();
    assert_eq!(recording.state_at(state.seq).unwrap().digest(), state.digest());
    crs::journal::seal(&first).unwrap();
    assert!(!first.exists());
}

/// Where a child of the next test records.
const CHILD: &str = "CRS_TEST_RECORD_INTO";

#[test]
fn a_shot_recorder_has_lost_nothing_that_it_called_kept() {
    let Ok(dir) = std::env::var(CHILD).map(PathBuf::from) else {
        let times = std::env::var("CRS_RECORDER_KILLS").map_or(12, |n| n.parse().unwrap());
        (0..times).for_each(shoot);
        return;
    };
    // The child: says what is kept until it is shot.
    let mut desk = Desk::open(RingConfig { file_bytes: 30_000, ..config(&dir) });
    let end = Instant::now() + LIMIT;
    while Instant::now() < end {
        desk.put(50);
        eprintln!("kept {}", desk.running.kept());
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn shoot(n: u64) {
    let home = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "recorder::a_shot_recorder_has_lost_nothing_that_it_called_kept"])
        .arg("--nocapture")
        .env(CHILD, home.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut kept = 0;
    let goal = 200 + n * 37;
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    for line in &mut lines {
        kept = line.unwrap().strip_prefix("kept ").map_or(kept, |n| n.parse().unwrap());
        if kept > goal {
            break;
        }
    }
    child.kill().unwrap();
    for line in lines {
        kept = line.unwrap().strip_prefix("kept ").map_or(kept, |n| n.parse().unwrap_or(kept));
    }
    child.wait().unwrap();
    let (read, damage) = all(home.path());
    assert_eq!(damage, None);
    let last = read.last().unwrap().seq;
    assert!(last >= kept, "kept {kept}, found {last}");
    assert!(read.iter().eq((1..=last).map(record).collect::<Vec<_>>().iter()));
}
