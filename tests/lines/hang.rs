//! Output onto a disk that gives no error and does not come back: the log file
//! is a FIFO. When it is full and nobody reads it, a write into it waits for
//! ever, as one onto a network disk that is gone.

use crate::common::wait::until;
use crate::rig::{LIMIT, Rig};
use crs::domain::mission::MissionAlert;
use crs::mission::spec::Daemon;
use rustix::fs::{CWD, FileType, Mode, OFlags, mknodat};
use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;
use std::sync::mpsc::channel;
use std::time::Duration;

/// Lines of a flood, 91 bytes each: more than waits for a disk.
const COUNT: u64 = 100_000;

fn flood() -> String {
    let end = "echo the end of it";
    format!("awk 'BEGIN {{ for (i = 0; i < {COUNT}; i++) printf \"%090d\\n\", i }}'; {end}")
}

fn rig(dir: &Path, fifos: &[&str]) -> Rig {
    fs::create_dir(dir.join("logs")).unwrap();
    for name in fifos {
        let path = dir.join(format!("logs/{name}.log"));
        mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    }
    let daemon = Daemon { log_bytes: 1 << 30, ..Daemon::default() };
    Rig::new(dir, Duration::ZERO, daemon)
}

/// The FIFO's other end, which waits for nothing.
fn other_end(rig: &Rig, name: &str) -> File {
    let path = rig.output.logs().join(format!("{name}.log"));
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    File::from(rustix::fs::open(path, flags, Mode::empty()).unwrap())
}

/// What comes until a line ends so.
fn read_to(file: &mut File, end: &str, pause: Duration) -> String {
    let (mut all, mut block) = (Vec::new(), vec![0; 65_536]);
    let done = until(LIMIT, || {
        std::thread::sleep(pause);
        while let Ok(n) = file.read(&mut block) {
            all.extend_from_slice(&block[..n]);
            if n == 0 || !pause.is_zero() {
                break;
            }
        }
        String::from_utf8_lossy(&all).trim_end().ends_with(end).then_some(())
    });
    let all = String::from_utf8(all).unwrap();
    let last = all.lines().last().unwrap_or_default().to_owned();
    done.unwrap_or_else(|| panic!("{end} never came; the last line is {last}"));
    all
}

/// Numbers of the flood's lines, in the file's order.
fn numbers(text: &str) -> Vec<u64> {
    let own = text.lines().filter(|line| line.as_bytes().get(28) == Some(&b'o'));
    own.filter_map(|line| line.get(31..)?.parse().ok()).collect()
}

/// That the disk does not take what is written. Among the lines it may be gone
/// already: a flood goes on after it.
fn alert(rig: &Rig) -> Option<MissionAlert> {
    let alerts = rig.listener.alerts.lock().unwrap();
    alerts.iter().find(|alert| alert.kind.as_str() == "log-disk").cloned()
}

#[test]
fn a_disk_that_hangs_holds_up_no_child_no_other_file_and_not_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let mut rig = rig(dir.path(), &["flood"]);
    rig.run("flood", &flood());
    rig.run("other", "for i in 1 2 3 4 5; do echo word $i; sleep 0.1; done");
    until(LIMIT, || rig.have_ended().then_some(())).expect("no child was held up");
    until(LIMIT, || rig.find("the end of it")).expect("its lines are shown as they come");
    let other = || (rig.on_disk("other").len() == 5).then_some(());
    until(LIMIT, other).expect("another file has another fate");
    let counts = || rig.output.counts().get("flood").copied().unwrap_or_default();
    until(LIMIT, || (counts().lost > 0 && counts().faults == 1).then_some(())).expect("counted");
    assert_eq!(until(LIMIT, || alert(&rig)).expect("it is told").process.as_str(), "flood");
    let (output, (end, ended)) = (rig.output.clone(), channel());
    std::thread::spawn(move || {
        output.stop();
        let _ = end.send(());
    });
    ended.recv_timeout(LIMIT).expect("it ends though the disk hangs");
    let left = rig.output.left();
    assert_eq!((left.len(), left[0].process.as_str()), (1, "flood"), "{left:?}");
    assert!(left[0].lines > 0, "{left:?}");
}

#[test]
fn a_disk_that_comes_back_has_a_line_for_what_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let mut rig = rig(dir.path(), &["flood"]);
    let mut end = other_end(&rig, "flood");
    rig.run("flood", &flood());
    until(LIMIT, || rig.have_ended().then_some(())).expect("it was not held up");
    until(LIMIT, || alert(&rig)).expect("it is told");
    // Room again: some of what waits comes, and then what comes anew.
    rig.run(
        "flood",
        "sleep 0.5; for i in 1 2 3 4 5; do echo more; sleep 0.2; done; echo and so on",
    );
    let text = read_to(&mut end, "and so on", Duration::ZERO);
    let own = numbers(&text);
    assert!(own.is_sorted() && own.first() == Some(&0), "in their order");
    let gap = |line: &str| {
        let (_, said) = line.split_once(" d  ")?;
        said.strip_suffix(" lines are missing here: the disk did not take them")?
            .parse::<u64>()
            .ok()
    };
    let missing: u64 = text.lines().filter_map(gap).sum();
    let counts = rig.output.counts()["flood"];
    assert!(missing > 0, "{counts:?}");
    assert_eq!(missing, counts.lost, "what is missing is said where it is missing");
    let whole = text.lines().filter(|line| line.as_bytes().get(28) == Some(&b'o')).count() as u64;
    // Words of the daemon about the flood may be among those that are missing.
    let words = (whole + missing).checked_sub(COUNT + 1 + 6);
    assert!(words.is_some_and(|words| words < 60), "{whole} and {missing}");
    until(LIMIT, || rig.find("takes this output again")).expect("it is said");
}

#[test]
fn a_disk_that_is_slow_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut rig = rig(dir.path(), &["flood"]);
    let mut end = other_end(&rig, "flood");
    rig.run("flood", &flood());
    let text = read_to(&mut end, "the end of it", Duration::from_millis(5));
    assert_eq!(numbers(&text), (0..COUNT).collect::<Vec<_>>());
    let total = rig.output.total();
    assert_eq!((total.lost, total.faults), (0, 0));
    until(LIMIT, || rig.have_ended().then_some(())).expect("it ends");
}
