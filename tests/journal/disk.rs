//! The recorder on file systems that are full, or take nothing at all. Each
//! test runs once more inside a mount namespace, where such a one lies.

use crate::common::small::{Rights, inside};
use crate::common::wait::until;
use crate::desk::{Desk, LIMIT, config, record};
use crs::domain::Text;
use crs::event::{Event, Level, LogLine, Stamped};
use crs::journal::{Piece, Recording, RingConfig, Source, ring};
use crs::state::State;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the child of a test has its small file system.
const SMALL: &str = "CRS_TEST_SMALL";

/// None in the parent, which has seen the child through; else the directory.
fn small(test: &str, rights: Rights, script: &str) -> Option<PathBuf> {
    if let Some(dir) = std::env::var_os(SMALL) {
        return Some(PathBuf::from(dir));
    }
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join("m")).unwrap();
    let script = format!("cd '{}'; {script}; cd /", home.path().display());
    let words = inside(rights, &script)?;
    let (program, rest) = words.split_first().unwrap();
    let child = Command::new(program)
        .args(rest)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", &format!("disk::{test}"), "--nocapture"])
        .env(SMALL, home.path().join("m"))
        .output()
        .unwrap();
    let words = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (said, err) = (words(&child.stdout), words(&child.stderr));
    assert!(child.status.success() && said.contains("1 passed"), "{said}{err}");
    None
}

const TWO_MB: &str = "mount -t tmpfs -o size=2m none m";
const EIGHT_MB: &str = "mount -t tmpfs -o size=8m none m";

/// Runs a command in this namespace.
fn sh(script: &str) {
    let done = Command::new("sh").args(["-c", script]).output().unwrap();
    assert!(done.status.success(), "{script}: {done:?}");
}

/// A line that nothing can pack well.
fn noise(seq: u64) -> Stamped {
    let mut word = seq.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut text = String::new();
    for _ in 0..20 {
        word ^= word << 13;
        word ^= word >> 7;
        word ^= word << 17;
        let _ = write!(text, "{word:016x}");
    }
    let line = LogLine {
        level: Level::Info,
        source: Text::new("noise"),
        text: Text::new(&text),
        when: None,
    };
    Stamped { event: Event::Log(line), ..record(seq) }
}

/// Takes all room but `left` bytes.
fn fill(dir: &Path, left: u64) -> PathBuf {
    let path = dir.join("filler");
    let mut file = File::create(&path).unwrap();
    while file.write_all(&[7; 4_096]).is_ok() {}
    let all = file.metadata().unwrap().len();
    file.set_len(all - left).unwrap();
    path
}

/// What a session left: its records, its holes, the digest of its end. Every
/// record is `make`'s, and numbers have no other holes.
fn read(session: &ring::Session, make: fn(u64) -> Stamped) -> (Vec<u64>, u64, State) {
    let mut recording = Recording::session(session.clone()).unwrap();
    assert_eq!(recording.damage(), []);
    let last = recording.span().last.0;
    let mut state = recording.state_at(recording.span().first.0).unwrap();
    let (mut read, mut pieces, mut missing) = (vec![state.seq], Vec::new(), state.seq - 1);
    while state.seq < last {
        recording.read_after(state.seq, &mut pieces).unwrap();
        for piece in pieces.drain(..) {
            match piece {
                Piece::Record(record) => {
                    assert_eq!(record, make(record.seq));
                    state.apply(&record).unwrap();
                    read.push(record.seq);
                }
                Piece::Whole(gap, whole) => {
                    assert_eq!((gap.after, gap.until), (state.seq, whole.seq));
                    missing += gap.until - gap.after;
                    state = *whole;
                }
            }
        }
    }
    assert_eq!(state.digest(), recording.state_at(last).unwrap().digest());
    (read, missing, state)
}

/// Nothing but recordings and the ring's own files, once the keeper has ended
/// what it is at.
fn is_tidy(dir: &Path) {
    let stranger = || {
        let all = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
        all.filter(|path| {
            let own = ["ring.lock", "filler"].map(|name| dir.join(name)).contains(path);
            let empty = fs::metadata(path).is_ok_and(|meta| meta.len() == 0);
            !own && (empty || ring::Name::read(path).is_none())
        })
        .collect::<Vec<_>>()
    };
    let tidy = until(LIMIT, || stranger().is_empty().then_some(()));
    assert!(tidy.is_some(), "left behind: {:?}", stranger());
}

/// Everything of the session was kept or was counted as lost.
fn nothing_is_unsaid(desk: Desk) {
    let make = desk.make;
    let lost = desk.running.lost();
    let (session, state) = desk.end();
    let (read, missing, replayed) = read(&session, make);
    assert_eq!(replayed.seq, state.seq);
    assert_eq!(u64::try_from(read.len()).unwrap() + missing, state.seq);
    assert_eq!(replayed.digest(), state.digest());
    assert_eq!(lost, missing, "what is lost is what is missing");
}

#[test]
fn a_disk_that_fills_costs_what_is_counted_and_it_goes_on_when_there_is_room() {
    let test = "a_disk_that_fills_costs_what_is_counted_and_it_goes_on_when_there_is_room";
    let Some(dir) = small(test, Rights::User, EIGHT_MB) else { return };
    // A whole State of such lines is half a megabyte.
    let mut desk = Desk::open(RingConfig { file_bytes: 1_000_000, ..config(&dir) });
    (desk.make, desk.pace) = (noise, 20);
    desk.until("begun", |desk| desk.reports.iter().any(|report| report.on));
    let filler = fill(&dir, 2_000_000);
    desk.until("full", |desk| !desk.last().on);
    let full = desk.last().clone();
    assert!(full.fault.as_str().contains("No space left"), "{full:?}");
    // Nobody waits for it, and what it called kept can be read.
    desk.put(5_000);
    let kept = desk.running.kept();
    let (found, missing, _) = read(desk.recorder.session(), noise);
    assert!(kept > 100 && found.last() >= Some(&kept) && missing == 0, "{kept}: {missing}");
    desk.until("counted", |desk| desk.running.lost() > 5_000);
    is_tidy(&dir);
    fs::remove_file(filler).unwrap();
    desk.until("going on", |desk| desk.last().on);
    assert!(desk.last().lost > 5_000, "{:?}", desk.last());
    desk.put(500);
    nothing_is_unsaid(desk);
    is_tidy(&dir);
}

#[test]
fn a_session_that_begins_on_a_full_disk_is_read_from_where_there_was_room() {
    let test = "a_session_that_begins_on_a_full_disk_is_read_from_where_there_was_room";
    let Some(dir) = small(test, Rights::User, TWO_MB) else { return };
    // Room for nothing, and for no more than the lock.
    for left in [0, 4_096] {
        let filler = fill(&dir, left);
        let mut desk = Desk::open(config(&dir));
        desk.make = noise;
        desk.until("told", |desk| desk.reports.iter().any(|report| !report.on));
        assert!(desk.last().fault.as_str().contains("No space left"), "{:?}", desk.last());
        desk.put(200);
        fs::remove_file(filler).unwrap();
        desk.until("going on", |desk| desk.last().on);
        desk.put(200);
        nothing_is_unsaid(desk);
        is_tidy(&dir);
        fs::remove_file(dir.join("ring.lock")).unwrap();
    }
}

#[test]
fn a_ring_smaller_than_its_disk_frees_its_oldest_and_loses_nothing() {
    let test = "a_ring_smaller_than_its_disk_frees_its_oldest_and_loses_nothing";
    let Some(dir) = small(test, Rights::User, EIGHT_MB) else { return };
    let (file_bytes, max_bytes) = (400_000, 3_000_000);
    let mut desk = Desk::open(RingConfig { file_bytes, max_bytes, ..config(&dir) });
    // Nothing more while it waits: what seals may be slower than what comes.
    (desk.make, desk.pace) = (noise, 0);
    let waiting =
        |dir: &Path| ring::files(dir).unwrap().iter().filter(|(name, _)| name.live).count();
    // More than the disk takes.
    while desk.state.seq < 30_000 {
        desk.put(500);
        let goal = desk.state.seq;
        desk.until("kept", |desk| desk.running.kept() >= goal && waiting(&dir) < 3);
    }
    assert_eq!(desk.running.lost(), 0, "{:?}", desk.reports);
    assert!(desk.reports.iter().all(|report| report.on), "{:?}", desk.reports);
    let (session, state) = desk.end();
    let (read, missing, replayed) = read(&session, noise);
    assert_eq!(replayed.digest(), state.digest());
    assert!(missing > 5_000 && read[0] > 5_000, "the oldest went: {missing}");
    is_tidy(&dir);
}

#[test]
fn a_disk_that_is_read_only_at_first_is_told_and_recorded_into_once_it_is_not() {
    let test = "a_disk_that_is_read_only_at_first_is_told_and_recorded_into_once_it_is_not";
    let script = "mount -t tmpfs -o size=2m,ro none m";
    let Some(dir) = small(test, Rights::User, script) else { return };
    let mut desk = Desk::open(config(&dir));
    desk.until("told", |desk| !desk.reports.is_empty());
    assert!(!desk.last().on, "{:?}", desk.last());
    assert!(desk.last().fault.as_str().contains("Read-only"), "{:?}", desk.last());
    desk.put(300);
    sh(&format!("mount -o remount,rw '{}'", dir.display()));
    desk.until("going on", |desk| desk.last().on);
    assert!(desk.last().lost >= 300, "{:?}", desk.last());
    desk.put(300);
    nothing_is_unsaid(desk);
    is_tidy(&dir);
}

/// A file that is written keeps its file system from being made read-only, so
/// another takes its place.
#[test]
fn a_disk_that_a_read_only_one_hides_is_told_and_recorded_into_once_it_is_back() {
    let test = "a_disk_that_a_read_only_one_hides_is_told_and_recorded_into_once_it_is_back";
    let Some(dir) = small(test, Rights::User, TWO_MB) else { return };
    let mut desk = Desk::open(config(&dir));
    desk.until("begun", |desk| desk.running.kept() > 100);
    let at = dir.display();
    sh(&format!("mount -t tmpfs -o ro none '{at}'"));
    desk.until("told", |desk| !desk.last().on);
    desk.until("read-only", |desk| desk.last().fault.as_str().contains("Read-only"));
    desk.put(300);
    sh(&format!("umount '{at}'"));
    desk.until("going on", |desk| desk.last().on);
    desk.put(300);
    nothing_is_unsaid(desk);
}

/// What a kernel does to a disk whose sectors fail: no open file keeps it.
#[test]
fn a_disk_that_the_kernel_makes_read_only_is_told_and_what_was_kept_can_be_read() {
    let test = "a_disk_that_the_kernel_makes_read_only_is_told_and_what_was_kept_can_be_read";
    let script = "truncate -s 8M image; mkfs.ext4 -q -F image; mount -o loop image m";
    let Some(dir) = small(test, Rights::Root, script) else { return };
    let mut desk = Desk::open(config(&dir));
    desk.until("begun", |desk| desk.running.kept() > 100);
    let at = dir.display();
    sh(&format!("mount -o remount,abort '{at}'"));
    desk.until("told", |desk| !desk.last().on);
    desk.until("read-only", |desk| desk.last().fault.as_str().contains("Read-only"));
    let kept = desk.running.kept();
    let (found, missing, _) = read(desk.recorder.session(), record);
    assert!(found.last() >= Some(&kept) && missing == 0, "{kept}: {:?}", found.last());
    let state = desk.state.seq;
    assert!(desk.running.lost() > 0 && desk.running.stop(LIMIT), "{state}");
}
