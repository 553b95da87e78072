//! Follows the decision logs of automatic traders: a thread that reads what
//! is appended, survives truncation and rotation, and never waits for a file.

use crate::domain::Text;
use crate::event::{Event, Level, OrderSourceReport, Sender};
use crate::wire::{DecisionLines, Heard};
use rustix::fs::OFlags;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_millis(200);
/// What a file held before the console came is read from here, from its end.
const TAIL: u64 = 32 * 1_024;
/// Read from one file in one look, so that a flood in it starves no other.
const AT_ONCE: u64 = 1_024 * 1_024;
/// Looks between two words on which files are read.
const REPORT: u32 = 5;
/// How the word of a file begins that can't be followed.
const NOT: &str = "not followed: ";
/// A longer line is no decision.
const LINE: usize = 64 * 1_024;

/// Follows files until it is dropped.
#[derive(Debug)]
pub struct DecisionFeed {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl DecisionFeed {
    /// Follows `paths`; a file that is not there yet is waited for.
    ///
    /// # Errors
    /// The system's, when there is no thread to be had.
    pub fn start(paths: Vec<PathBuf>, sender: Sender) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&stop);
        let thread = std::thread::Builder::new().name("decisions".into()).spawn(move || {
            let mut logs: Vec<Log> = paths.into_iter().map(Log::new).collect();
            let mut looks = 0_u32;
            while !seen.load(Ordering::Acquire) {
                looks = looks.wrapping_add(1);
                for log in &mut logs {
                    log.look(&sender);
                    // A thread that hangs must not pass for a silent file.
                    if looks.is_multiple_of(REPORT) {
                        log.report(&sender);
                    }
                }
                std::thread::park_timeout(LOOK);
            }
        })?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for DecisionFeed {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

/// One followed file.
struct Log {
    path: PathBuf,
    open: Option<Open>,
    lines: DecisionLines,
    /// What was last said about the path; said once, not five times a second.
    trouble: String,
    /// The first file is joined at its end, a later one is new from its start.
    joined: bool,
    refused: u64,
}

struct Open {
    file: File,
    identity: (u64, u64),
    read: u64,
    partial: Vec<u8>,
    /// What comes before the next line end belongs to no whole line.
    skip: bool,
}

impl Log {
    fn new(path: PathBuf) -> Self {
        let lines = DecisionLines::default();
        Self { path, open: None, lines, trouble: String::new(), joined: false, refused: 0 }
    }

    fn look(&mut self, sender: &Sender) {
        let there = std::fs::metadata(&self.path);
        if let Some(mut open) = self.open.take() {
            let mut more = self.take(&mut open, sender);
            let same = there.as_ref().is_ok_and(|meta| identity(meta) == open.identity);
            if same || there.is_err() {
                self.open = Some(open);
                return;
            }
            // It was rotated away: this is the last look at it.
            while more {
                more = self.take(&mut open, sender);
            }
        }
        match there.map_err(|e| e.to_string()).and_then(|_| self.reopen()) {
            Ok(open) => {
                self.open = Some(open);
                self.say(sender, None);
            }
            Err(why) => self.say(sender, Some(&why)),
        }
    }

    /// Tells that the file is followed, or why it is not.
    fn say(&mut self, sender: &Sender, fault: Option<&str>) {
        let (level, word) = match fault {
            None => (Level::Info, String::from("followed")),
            Some(why) => (Level::Warn, format!("{NOT}{why}")),
        };
        if self.trouble == word {
            return;
        }
        sender.log(level, "decisions", format!("{}: {word}", self.path.display()));
        self.trouble = word;
        self.report(sender);
    }

    /// Whether the file is read, as a source of orders.
    fn report(&self, sender: &Sender) {
        let fault = self.trouble.strip_prefix(NOT);
        let name = self.path.file_name().unwrap_or(self.path.as_os_str());
        sender.send(Event::OrderSource(Box::new(OrderSourceReport {
            name: Text::limited(&name.to_string_lossy(), 40),
            trader: true,
            read: fault.is_none(),
            fault: Text::new(fault.unwrap_or_default()),
        })));
    }

    fn reopen(&mut self) -> Result<Open, String> {
        let mut file = open_regular(&self.path)?;
        let meta = file.metadata().map_err(|e| e.to_string())?;
        let from = if self.joined { 0 } else { meta.len().saturating_sub(TAIL) };
        let read = file.seek(SeekFrom::Start(from)).map_err(|e| e.to_string())?;
        self.joined = true;
        self.lines = DecisionLines::default();
        let identity = identity(&meta);
        Ok(Open { file, identity, read, partial: Vec::new(), skip: from > 0 })
    }

    /// Reads what was appended, from the start again when it was truncated;
    /// true when there was something.
    fn take(&mut self, open: &mut Open, sender: &Sender) -> bool {
        if open.file.metadata().is_ok_and(|meta| meta.len() < open.read) {
            if open.file.seek(SeekFrom::Start(0)).is_err() {
                return false;
            }
            (open.read, open.skip) = (0, false);
            open.partial.clear();
            self.lines = DecisionLines::default();
        }
        let mut fresh = Vec::new();
        // An error shows at the next opening, with its words.
        let _ = open.file.by_ref().take(AT_ONCE).read_to_end(&mut fresh);
        open.read = open.read.saturating_add(u64::try_from(fresh.len()).unwrap_or(u64::MAX));
        for part in fresh.split_inclusive(|byte| *byte == b'\n') {
            open.partial.extend_from_slice(part);
            if part.ends_with(b"\n") {
                let line = std::mem::take(&mut open.partial);
                if !std::mem::take(&mut open.skip) && line.len() <= LINE {
                    self.line(line.trim_ascii_end(), sender);
                }
            } else if open.partial.len() > LINE {
                open.partial.clear();
                open.skip = true;
            }
        }
        !fresh.is_empty()
    }

    fn line(&mut self, line: &[u8], sender: &Sender) {
        match self.lines.line(line) {
            Heard::Decision(decision) => sender.send(Event::Decision(decision)),
            Heard::Nothing => {}
            Heard::Refused(cause) => {
                self.refused = self.refused.saturating_add(1);
                // The first of them, then each time their number doubles.
                if self.refused.is_power_of_two() {
                    let n = self.refused;
                    let text = format!("{}: {n} lines refused: {cause}", self.path.display());
                    sender.log(Level::Warn, "decisions", text);
                }
            }
        }
    }
}

fn identity(meta: &Metadata) -> (u64, u64) {
    (meta.dev(), meta.ino())
}

/// A pipe would hang in open or never end; only regular files are followed.
fn open_regular(path: &Path) -> Result<File, String> {
    let flags = OFlags::NONBLOCK | OFlags::CLOEXEC;
    let flags = i32::try_from(flags.bits()).unwrap_or(0);
    let file =
        OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(|e| e.to_string())?;
    match file.metadata() {
        Ok(meta) if meta.is_file() => Ok(file),
        Ok(_) => Err(String::from("not a regular file")),
        Err(e) => Err(e.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Receiver, channel_pair};
    use std::io::Write as _;

    struct Rig {
        dir: tempfile::TempDir,
        receiver: Receiver,
        _feed: DecisionFeed,
    }

    impl Rig {
        fn path(&self) -> PathBuf {
            self.dir.path().join("engine.log")
        }

        fn append(&self, text: &str) {
            let mut file = OpenOptions::new().create(true).append(true).open(self.path()).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        }

        /// The symbol of the next decision, or the text of the next log line
        /// that holds `log`.
        fn next(&self, log: &str) -> String {
            loop {
                match self.receiver.urgent.recv_timeout(Duration::from_secs(20)).unwrap() {
                    Event::Decision(decision) if log.is_empty() => {
                        return decision.symbol.to_string();
                    }
                    Event::Log(line) if !log.is_empty() && line.text.as_str().contains(log) => {
                        return line.text.to_string();
                    }
                    _ => {}
                }
            }
        }
    }

    fn rig(before: &str) -> Rig {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("engine.log");
        if !before.is_empty() {
            std::fs::write(&path, before).unwrap();
        }
        let (sender, receiver) = channel_pair();
        let feed = DecisionFeed::start(vec![path], sender).unwrap();
        Rig { dir, receiver, _feed: feed }
    }

    fn entry(symbol: &str) -> String {
        format!("{{\"action\":\"NO_ORDER\",\"symbol\":\"{symbol}\"}}\n")
    }

    #[test]
    fn what_is_appended_is_heard_and_half_a_line_waits() {
        let rig = rig(&entry("A"));
        assert_eq!(rig.next(""), "A");
        let b = entry("B");
        rig.append(&b[..10]);
        std::thread::sleep(LOOK * 2);
        rig.append(&b[10..]);
        assert_eq!(rig.next(""), "B");
        rig.append("{broken\n");
        assert!(
            rig.next("refused").ends_with("engine.log: 1 lines refused: not an engine's log entry")
        );
    }

    #[test]
    fn a_file_that_comes_later_is_read_whole() {
        let rig = rig("");
        assert!(rig.next("not followed").contains("No such file"));
        rig.append(&entry("A"));
        rig.append(&entry("B"));
        assert_eq!((rig.next(""), rig.next("")), (String::from("A"), String::from("B")));
    }

    #[test]
    fn truncation_and_rotation_lose_nothing_new() {
        let rig = rig(&(entry("A") + &entry("A2")));
        assert_eq!((rig.next(""), rig.next("")), (String::from("A"), String::from("A2")));
        std::fs::write(rig.path(), entry("B")).unwrap();
        assert_eq!(rig.next(""), "B");
        let old = rig.dir.path().join("engine.log.1");
        rig.append(&entry("C"));
        std::fs::rename(rig.path(), old).unwrap();
        rig.append(&entry("D"));
        assert_eq!((rig.next(""), rig.next("")), (String::from("C"), String::from("D")));
    }

    #[test]
    fn of_a_long_file_only_the_end_is_told() {
        let rig = rig(&(entry("OLD").repeat(3_000) + &entry("NEW")));
        let mut heard = 0;
        while rig.next("") != "NEW" {
            heard += 1;
        }
        assert!((1..1_500).contains(&heard), "{heard}");
    }

    #[test]
    fn what_is_no_file_is_said_and_harms_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let (sender, receiver) = channel_pair();
        let pipe = dir.path().join("pipe");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR,
            0,
        )
        .unwrap();
        let feed = DecisionFeed::start(vec![pipe, dir.path().to_path_buf()], sender).unwrap();
        let (mut lines, mut sources) = (0, 0);
        while lines < 2 || sources < 4 {
            match receiver.urgent.recv_timeout(Duration::from_secs(20)).unwrap() {
                Event::Log(line) => {
                    assert!(line.text.as_str().ends_with("not a regular file"));
                    lines += 1;
                }
                // Told again and again: they are no sources of orders.
                Event::OrderSource(source) => {
                    assert!(source.trader && !source.read);
                    assert_eq!(source.fault.as_str(), "not a regular file");
                    sources += 1;
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(lines, 2, "said once for each");
        drop(feed);
    }

    #[test]
    fn an_endless_line_is_dropped() {
        let rig = rig(&entry("A"));
        assert_eq!(rig.next(""), "A");
        rig.append(&"x".repeat(3 * LINE));
        std::thread::sleep(LOOK * 2);
        rig.append(&("y\n".to_owned() + &entry("B")));
        assert_eq!(rig.next(""), "B");
    }
}
