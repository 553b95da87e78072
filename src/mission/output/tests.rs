//! The reader over real pipes and files.

use super::*;
use crate::domain::mission::MissionAlert;
use crate::mission::lines::Output as From;
use crate::mission::spec::Daemon;
use crate::mission::told::Told;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

/// Longest wait for what must come.
const LONG: Duration = Duration::from_secs(20);

/// A listener that keeps what it is told, or takes its time.
#[derive(Default)]
pub(crate) struct Heard {
    pub lines: Mutex<Vec<ConsoleLine>>,
    pub alerts: Mutex<Vec<MissionAlert>>,
    told: AtomicU64,
}

impl Hears for Heard {
    fn hear(&self, told: Told) {
        match told {
            Told::Lines(lines) => {
                self.told.fetch_add(lines.len() as u64, Ordering::Relaxed);
                lock(&self.lines).extend(lines.iter().cloned());
            }
            Told::Alert(alert) => lock(&self.alerts).push((*alert).clone()),
            _ => {}
        }
    }
}

pub(crate) fn until(mut holds: impl FnMut() -> bool, what: &str) {
    let end = Instant::now() + LONG;
    while !holds() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

struct Desk {
    dir: tempfile::TempDir,
    heard: Arc<Heard>,
    output: Arc<super::Output>,
}

impl Desk {
    fn new(mission: &Mission) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let heard = Arc::<Heard>::default();
        let output =
            super::Output::start(mission, dir.path(), Arc::clone(&heard) as _, None).unwrap();
        Self { dir, heard, output }
    }

    fn pipe(&self, process: &str, run: u64) -> File {
        let (read, write) = std::io::pipe().unwrap();
        self.attach(process, run, From::Pipe(OwnedFd::from(read)));
        File::from(OwnedFd::from(write))
    }

    fn attach(&self, process: &str, run: u64, output: From) {
        let process = process.to_owned();
        self.output.attach(Source { process, run, stderr: false, output });
    }

    fn lines(&self) -> Vec<ConsoleLine> {
        self.output.lines(None, LineLevel::Trace, "", 0, usize::MAX)
    }

    fn wait_for(&self, text: &str) -> ConsoleLine {
        let found = || self.output.lines(None, LineLevel::Trace, text, 0, 1).pop();
        until(|| found().is_some(), &format!("{text} never came: {:?}", self.lines().last()));
        found().unwrap()
    }

    fn file(&self, process: &str) -> String {
        let path = self.dir.path().join("logs").join(format!("{process}.log"));
        String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
    }
}

#[test]
fn a_line_goes_into_the_file_the_ring_and_to_the_listener() {
    let desk = Desk::new(&Mission::default());
    let mut pipe = desk.pipe("engine", 1);
    pipe.write_all(b"2026 WARN latency\r\nhalf").unwrap();
    let line = desk.wait_for("latency");
    assert_eq!((line.seq, line.level, line.cut), (1, LineLevel::Warn, false));
    assert_eq!((line.process.as_str(), line.message.as_str()), ("engine", "2026 WARN latency"));
    assert_eq!(desk.lines().len(), 1, "half a line waits");
    drop(pipe);
    let last = desk.wait_for("half");
    assert_eq!((last.seq, last.cut), (2, true));
    until(|| lock(&desk.heard.lines).len() == 2, "the listener hears both");
    until(|| desk.file("engine").ends_with("half\n"), "the file has both");
    let file = desk.file("engine");
    let ends: Vec<&str> = file.lines().map(|line| &line[27..]).collect();
    assert_eq!(ends, [" o  2026 WARN latency", " o+ half"]);
    assert_eq!(desk.output.total().lines, 2);
}

#[test]
fn rubbish_and_a_line_of_ten_megabytes_harm_nobody() {
    let desk = Desk::new(&Mission::default());
    let mut other = desk.pipe("other", 1);
    let mut pipe = desk.pipe("mad", 1);
    let long = vec![b'z'; 10_000_000];
    let rubbish: Vec<u8> =
        (0..100_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[2]).collect();
    let writer = std::thread::spawn(move || {
        pipe.write_all(b"\0\0\xff\xfe\x1b]0;x\x07\n").unwrap();
        pipe.write_all(&long).unwrap();
        pipe.write_all(b"\n").unwrap();
        pipe.write_all(&rubbish).unwrap();
        pipe.write_all(b"\nlast of it\n").unwrap();
    });
    other.write_all(b"still here\n").unwrap();
    desk.wait_for("still here");
    desk.wait_for("last of it");
    writer.join().unwrap();
    let lines = desk.lines();
    let cut: Vec<&ConsoleLine> = lines.iter().filter(|line| line.cut).collect();
    assert_eq!(cut.len(), 1);
    assert!(lines.iter().zip(1..).all(|(line, n)| line.seq == n), "no holes");
    assert!(lines.iter().all(|line| !line.message.as_str().contains('\u{1b}')));
    until(|| desk.file("mad").ends_with("last of it\n"), "all of it is on disk");
    let bytes = fs::read(desk.dir.path().join("logs/mad.log")).unwrap();
    assert!(memchr::memchr_iter(b'z', &bytes).count() >= 10_000_000);
}

#[test]
fn a_flood_loses_nothing_on_disk_and_what_is_left_out_is_counted() {
    let mission = Mission {
        daemon: Daemon { log_bytes: 1 << 30, ..Daemon::default() },
        ..Mission::default()
    };
    let desk = Desk::new(&mission);
    let mut pipe = desk.pipe("flood", 1);
    let count = 200_000_u64;
    let writer = std::thread::spawn(move || {
        let mut text = String::new();
        for n in 0..count {
            use std::fmt::Write as _;
            let _ = writeln!(text, "line {n:08} of a flood");
        }
        pipe.write_all(text.as_bytes()).unwrap();
    });
    writer.join().unwrap();
    until(|| desk.output.total().lines >= count, "all are read");
    desk.wait_for("line 00199999");
    until(|| desk.file("flood").contains("line 00199999"), "all of it is on disk");
    let file = desk.file("flood");
    let flood = file.lines().filter(|line| line.as_bytes()[28] == b'o');
    for (line, n) in flood.clone().zip(0..) {
        assert!(line.ends_with(&format!("line {n:08} of a flood")), "{line}");
    }
    assert_eq!(flood.count() as u64, count);
    let total = desk.output.total();
    let told = || desk.heard.told.load(Ordering::Relaxed);
    until(|| told() + desk.output.total().left_out == desk.output.total().lines, "all accounted");
    assert_eq!(total.lost, 0);
    if total.left_out > 0 {
        until(
            || lock(&desk.heard.lines).iter().any(|l| l.message.as_str().contains("too fast")),
            "said",
        );
    }
    assert!(desk.lines().len() <= 10_000);
}

#[test]
fn numbers_have_no_holes_over_all_processes() {
    let desk = Desk::new(&Mission::default());
    let pipes: Vec<File> = (0..8).map(|n| desk.pipe(&format!("p{n}"), 1)).collect();
    let writers: Vec<_> = pipes
        .into_iter()
        .map(|mut pipe| {
            std::thread::spawn(move || {
                for n in 0..500 {
                    writeln!(pipe, "{n}").unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.join().unwrap();
    }
    until(|| desk.lines().len() == 4_000, "all lines");
    let seqs: Vec<u64> = desk.lines().iter().map(|line| line.seq).collect();
    assert_eq!(seqs, (1..=4_000).collect::<Vec<_>>());
    for n in 0..8 {
        let lines = desk.output.lines(Some(&format!("p{n}")), LineLevel::Info, "", 0, 1_000);
        let said: Vec<String> = lines.iter().map(|line| line.message.to_string()).collect();
        assert_eq!(said, (0..500).map(|n| n.to_string()).collect::<Vec<_>>());
    }
}

#[test]
fn a_grandchild_that_holds_the_pipe_is_waited_for_a_bounded_time() {
    let desk = Desk::new(&Mission::default());
    let mut held = desk.pipe("engine", 1);
    held.write_all(b"before\nunended").unwrap();
    desk.output.ended("engine", 1);
    held.write_all(b" and more").unwrap();
    let line = desk.wait_for("unended and more");
    assert!(line.cut);
    desk.wait_for("still holds its output");
    until(|| held.write_all(b"x\n").is_err(), "nobody reads it any more");
}

#[test]
fn a_file_is_followed_over_truncation_and_rotation() {
    let desk = Desk::new(&Mission::default());
    let path = desk.dir.path().join("kept.out");
    fs::write(&path, "old\nfirst\n").unwrap();
    desk.attach("kept", 1, From::File { path: path.clone(), from: 4 });
    desk.wait_for("first");
    let append = |text: &str| {
        let mut file = File::options().append(true).create(true).open(&path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    };
    append("second\nhal");
    desk.wait_for("second");
    append("f\n");
    desk.wait_for("half");
    File::options().write(true).open(&path).unwrap().set_len(0).unwrap();
    // It is looked at between the two.
    std::thread::sleep(Duration::from_millis(600));
    append("third\n");
    desk.wait_for("third");
    fs::rename(&path, path.with_extension("1")).unwrap();
    append("fourth\n");
    desk.wait_for("fourth");
    let said: Vec<String> = desk.lines().iter().map(|line| line.message.to_string()).collect();
    assert_eq!(said, ["first", "second", "half", "third", "fourth"]);
    append("last, unended");
    desk.output.ended("kept", 1);
    assert!(desk.wait_for("last, unended").cut);
}

#[test]
fn a_probe_learns_of_a_line_that_is_long_gone() {
    let mission =
        Mission { daemon: Daemon { ring: 10, ..Daemon::default() }, ..Mission::default() };
    let desk = Desk::new(&mission);
    lock(&desk.output.shared.watched).insert(String::from("engine"), vec![String::from("ready")]);
    let mut pipe = desk.pipe("engine", 1);
    pipe.write_all(b"engine is ready now\n").unwrap();
    for n in 0..1_000 {
        writeln!(pipe, "{n}").unwrap();
    }
    until(|| desk.output.has_said("engine", 1, "ready"), "it was said");
    assert!(!desk.output.has_said("engine", 1, "never said"));
    assert!(!desk.output.has_said("engine", 2, "ready"), "another run");
    let mut next = desk.pipe("engine", 2);
    assert!(!desk.output.has_said("engine", 2, "ready"));
    next.write_all(b"late word\n").unwrap();
    until(|| desk.output.has_said("engine", 2, "late word"), "not of the configuration");
    assert!(!desk.output.has_said("engine", 2, "engine is"), "said by the run before");
}

#[test]
fn the_daemons_own_word_is_a_line_and_a_full_disk_is_said_once() {
    let desk = Desk::new(&Mission::default());
    let logs = desk.dir.path().join("logs");
    fs::create_dir_all(logs.join("engine.log")).unwrap();
    let mut pipe = desk.pipe("engine", 1);
    for n in 0..50 {
        writeln!(pipe, "word {n}").unwrap();
        desk.wait_for(&format!("word {n}"));
    }
    desk.output.note("other", LineLevel::Warn, &Text::new("restarted"));
    assert_eq!(desk.wait_for("restarted").level, LineLevel::Warn);
    until(|| desk.file("other").contains(" d  restarted"), "the file has it too");
    let count = || desk.output.counts()["engine"];
    until(|| (count().lost, count().faults) == (50, 1), "each is counted, the fault once");
    desk.wait_for("the disk does not take this output");
    let said = desk.output.lines(Some("engine"), LineLevel::Error, "disk", 0, 99);
    assert_eq!(said.len(), 1, "{said:?}");
    fs::remove_dir(logs.join("engine.log")).unwrap();
    until(
        || {
            let _ = writeln!(pipe, "again");
            std::thread::sleep(Duration::from_millis(50));
            !desk
                .output
                .lines(Some("engine"), LineLevel::Warn, "takes this output again", 0, 9)
                .is_empty()
        },
        "it is tried again",
    );
    until(|| desk.file("engine").contains("again"), "the file has what came then");
    let file = desk.file("engine");
    assert!(
        file.lines().next().is_some_and(|line| line.contains(" lines are missing here")),
        "{file}"
    );
}

#[test]
fn what_is_in_the_pipes_at_the_end_is_kept() {
    let desk = Desk::new(&Mission::default());
    let mut pipe = desk.pipe("engine", 1);
    pipe.write_all(b"one\ntwo").unwrap();
    desk.output.stop();
    assert!(desk.file("engine").ends_with("two\n"));
}

#[test]
fn the_last_words_of_a_run_are_its_own() {
    let line = |stderr, message: &str| ConsoleLine {
        stderr,
        message: Text::new(message),
        ..ConsoleLine::default()
    };
    let said = |lines: &[ConsoleLine]| words_of(lines).map(|said| said.to_string());
    assert_eq!(said(&[]), None);
    assert_eq!(said(&[line(false, "a"), line(false, "b"), line(false, "")]), Some("b".into()));
    let mixed = [line(true, "crs: no token"), line(true, "    next: set one"), line(false, "bye")];
    assert_eq!(said(&mixed), Some("crs: no token; next: set one".into()));
    assert_eq!(said(&[line(true, "  in"), line(true, " out")]), Some("in; out".into()));
}
