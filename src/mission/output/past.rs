//! Lines that are no longer at hand, from the files of the processes: read
//! backwards, merged by the time of their arrival, so many and no more.
//!
//! Files have no numbers, so a line there is named by a [`Place`]. No two reads
//! are of one moment, so lines of one moment are of one process and in one
//! order. Where a clock was set back, lines of the hour that is there twice
//! may come in the wrong order.

use super::level::level;
use super::ring::shown;
use crate::domain::mission::ConsoleLine;
use crate::domain::{Text, UtcMicros};
use crate::host::clock;
use crate::mission::parts::{Older, OlderQuery, Place};
use memchr::memmem::Finder;
use memchr::{memchr, memrchr};
use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Bytes read at once.
const BLOCK: u64 = 64 * 1_024;
/// Bytes looked through for one answer; who wants more asks again.
const SCAN: u64 = 64 * 1_024 * 1_024;
/// More without a line's end is no file of ours, and goes in pieces.
const LONGEST: usize = 256 * 1_024;
/// Rotated files of a process; more are never configured.
const FILES: u32 = 10_000;
/// `2026-01-14T13:56:58.271512Z`
const STAMP: usize = 27;
/// That, a blank, the stream, and whether it was cut.
const LEAD: usize = STAMP + 4;

/// Those before a place that are wanted, the oldest first.
#[must_use]
pub fn older(logs: &Path, wanted: &OlderQuery) -> Older {
    let mut notes = Vec::new();
    let mut found: Vec<Back> = names(logs, wanted, &mut notes)
        .iter()
        .map(|name| Back::open(logs, name, wanted.before.at, &mut notes))
        .collect();
    let finder = Finder::new(wanted.contains.as_bytes());
    let (mut lines, mut place, mut skip) = (Vec::new(), wanted.before, wanted.before.newer);
    let mut more = true;
    while lines.len() < wanted.most && found.iter().map(|back| back.scanned).sum::<u64>() < SCAN {
        let newest = found.iter_mut().filter_map(|back| Some((back.peek()?, back)));
        let Some((at, back)) = newest.max_by_key(|(at, _)| *at) else {
            more = false;
            break;
        };
        let Some(line) = back.head.take() else { break };
        if at > wanted.before.at {
            continue;
        }
        if at == wanted.before.at && skip > 0 {
            skip -= 1;
            continue;
        }
        let newer = if at == place.at { place.newer.saturating_add(1) } else { 1 };
        place = Place { at, newer };
        let loud = level(&line.bytes);
        let fits = wanted.contains.is_empty() || finder.find(&line.bytes).is_some();
        if loud >= wanted.level && fits {
            lines.push(ConsoleLine {
                seq: 0,
                process: back.process.clone(),
                stderr: line.stream == b'e',
                at,
                level: loud,
                cut: line.cut,
                message: shown(&line.bytes),
            });
        }
    }
    notes.extend(found.into_iter().flat_map(|back| back.notes));
    lines.reverse();
    Older { lines, older: more.then_some(place), notes }
}

/// Whose files are read: `mission` has the daemon's own lines.
fn names(logs: &Path, wanted: &OlderQuery, notes: &mut Vec<Text>) -> Vec<String> {
    if !wanted.processes.is_empty() {
        return wanted.processes.clone();
    }
    let mut names = Vec::new();
    match fs::read_dir(logs) {
        Ok(all) => {
            let all = all.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
            names.extend(all.filter_map(|name| name.strip_suffix(".log").map(str::to_owned)));
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => {}
        Err(e) => notes.push(Text::new(&format!("{} can't be read: {e}", logs.display()))),
    }
    names.sort();
    names
}

/// A line of a file.
struct Line {
    at: UtcMicros,
    stream: u8,
    cut: bool,
    bytes: Vec<u8>,
}

/// The files of one process, read backwards.
struct Back {
    process: Text,
    /// The newest first, and how much of each is of interest.
    files: VecDeque<(File, u64)>,
    /// Bytes of the first of them that were read and not given out; they
    /// begin at `from`.
    held: Vec<u8>,
    from: u64,
    head: Option<Line>,
    /// When the line before this one came, for one that does not say it.
    at: UtcMicros,
    scanned: u64,
    notes: Vec<Text>,
}

impl Back {
    fn open(logs: &Path, name: &str, before: UtcMicros, notes: &mut Vec<Text>) -> Self {
        let process = if name == "mission" { Text::default() } else { Text::new(name) };
        let (mut files, mut known) = (VecDeque::new(), Vec::new());
        for n in 0..FILES {
            let end = if n == 0 { String::new() } else { format!(".{n}") };
            let path: PathBuf = logs.join(format!("{name}.log{end}"));
            match one(&path, &mut known, before) {
                Ok(None) => {}
                Ok(Some(file)) => files.push_back(file),
                Err(e) if e.kind() == io::ErrorKind::NotFound && n > 0 => break,
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) => notes.push(Text::new(&format!("{} can't be read: {e}", path.display()))),
            }
        }
        let from = files.front().map_or(0, |(_, length)| *length);
        let at = before.min(clock::utc());
        let (held, notes) = (Vec::new(), Vec::new());
        Self { process, files, held, from, head: None, at, scanned: 0, notes }
    }

    /// When its newest line came that was not taken.
    fn peek(&mut self) -> Option<UtcMicros> {
        if self.head.is_none() {
            let bytes = self.next()?;
            let line = parsed(&bytes);
            // Half a line of a crash came with the one after it.
            let line = line.unwrap_or(Line { at: self.at, stream: b'o', cut: true, bytes });
            self.at = line.at;
            self.head = Some(line);
        }
        self.head.as_ref().map(|line| line.at)
    }

    /// The bytes of the line before.
    fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            let body = self.held.strip_suffix(b"\n").unwrap_or(&self.held);
            if let Some(at) = memrchr(b'\n', body) {
                let line = body.get(at + 1..).unwrap_or_default().to_vec();
                self.held.truncate(at + 1);
                return Some(line);
            }
            let ends = self.from == 0 || self.held.len() > LONGEST;
            if ends && !self.held.is_empty() {
                let line = body.to_vec();
                self.held.clear();
                return Some(line);
            }
            if self.from == 0 {
                self.files.pop_front();
                self.from = self.files.front()?.1;
                continue;
            }
            if let Err(e) = self.read() {
                let text = format!("a file of {} can't be read: {e}", self.process);
                self.notes.push(Text::new(&text));
                (self.from, self.held) = (0, Vec::new());
            }
        }
    }

    /// Reads the block before what is held.
    fn read(&mut self) -> io::Result<()> {
        let Some((file, _)) = self.files.front() else { return Ok(()) };
        let length = self.from.min(BLOCK);
        let mut block = vec![0; usize::try_from(length).unwrap_or_default()];
        file.read_exact_at(&mut block, self.from - length)?;
        self.from -= length;
        self.scanned += length;
        block.append(&mut self.held);
        self.held = block;
        Ok(())
    }
}

/// A file, and how much of it is not newer than `before`; none where nothing
/// is, or where it was met under another number already.
fn one(
    path: &Path,
    known: &mut Vec<(u64, u64)>,
    before: UtcMicros,
) -> io::Result<Option<(File, u64)>> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let meta = file.metadata()?;
    let id = (meta.dev(), meta.ino());
    // It was rotated between two looks.
    if !meta.is_file() || known.contains(&id) {
        return Ok(None);
    }
    known.push(id);
    let length = end(&file, meta.len(), before)?;
    Ok((length > 0).then_some((file, length)))
}

/// Where the lines begin that are newer, in steps of halves; a little after it.
fn end(file: &File, length: u64, before: UtcMicros) -> io::Result<u64> {
    if stamp_at(file, 0)?.is_some_and(|at| at > before) {
        return Ok(0);
    }
    let (mut low, mut high) = (0, length);
    while high - low > BLOCK {
        let middle = low + (high - low) / 2;
        let mut block = [0; 8_192];
        let read = file.read_at(&mut block, middle)?;
        let block = block.get(..read).unwrap_or_default();
        let Some(start) = memchr(b'\n', block).map(|at| middle + at as u64 + 1) else { break };
        match stamp_at(file, start)? {
            Some(_) if start >= high => break,
            Some(at) if at > before => high = start,
            Some(_) => low = start,
            None => break,
        }
    }
    Ok(high)
}

/// When the line that begins here came.
fn stamp_at(file: &File, start: u64) -> io::Result<Option<UtcMicros>> {
    let mut bytes = [0; STAMP];
    let read = file.read_at(&mut bytes, start)?;
    Ok(bytes.get(..read).and_then(stamp))
}

fn stamp(bytes: &[u8]) -> Option<UtcMicros> {
    UtcMicros::from_iso(std::str::from_utf8(bytes.get(..STAMP)?).ok()?)
}

fn parsed(line: &[u8]) -> Option<Line> {
    let at = stamp(line)?;
    let (lead, bytes) = line.split_at_checked(LEAD)?;
    let [b' ', stream, cut, b' '] = lead.get(STAMP..)? else { return None };
    Some(Line { at, stream: *stream, cut: *cut == b'+', bytes: bytes.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::mission::LineLevel;
    use crate::mission::output::file::{LogFile, Out, head};

    fn wanted(before: Place, most: usize) -> OlderQuery {
        OlderQuery { before, most, level: LineLevel::Trace, ..OlderQuery::default() }
    }

    /// Lines of a process, `per` of them at one moment, into files of 2,000 bytes.
    fn write(logs: &Path, name: &str, moments: std::ops::Range<i64>, per: u64) {
        let mut file = LogFile::new(logs.join(format!("{name}.log")), 2_000, 1_000);
        for at in moments {
            let mut out = Out::default();
            for n in 0..per {
                let text = format!("{name} {at} {n}");
                out.line(&head(UtcMicros(at * 10), b'o'), false, true, text.as_bytes());
            }
            let (bytes, lines) = out.parts();
            file.write(bytes, lines, 0, &mut 0);
        }
    }

    fn texts(older: &Older) -> Vec<String> {
        older.lines.iter().map(|line| line.message.to_string()).collect()
    }

    #[test]
    fn pages_follow_each_other_without_a_hole_and_nothing_comes_twice() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), "a", 0..400, 3);
        let all: Vec<String> =
            (0..400).flat_map(|at| (0..3).map(move |n| format!("a {at} {n}"))).collect();
        for most in [1, 7, 100, 5_000] {
            let (mut got, mut before) = (Vec::new(), Place::END);
            loop {
                let page = older(dir.path(), &wanted(before, most));
                assert!(page.notes.is_empty() && page.lines.len() <= most);
                let newer = std::mem::replace(&mut got, texts(&page));
                got.extend(newer);
                let Some(place) = page.older else { break };
                before = place.to_string().parse().unwrap();
            }
            assert_eq!(got, all, "{most} at once");
        }
    }

    #[test]
    fn lines_of_several_processes_are_merged_by_their_time() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), "a", 0..10, 1);
        write(dir.path(), "b", 5..15, 1);
        write(dir.path(), "mission", 20..21, 1);
        let page = older(dir.path(), &wanted(Place::END, 100));
        assert!(page.lines.is_sorted_by_key(|line| line.at));
        assert_eq!((page.lines.len(), page.older), (21, None));
        assert_eq!(page.lines.last().unwrap().process.as_str(), "");
        let one = OlderQuery { processes: vec![String::from("b")], ..wanted(Place::END, 2) };
        assert_eq!(texts(&older(dir.path(), &one)), ["b 13 0", "b 14 0"]);
        let found = OlderQuery { contains: String::from(" 7 "), ..wanted(Place::END, 9) };
        assert_eq!(texts(&older(dir.path(), &found)), ["a 7 0", "b 7 0"]);
        let before = Place { at: UtcMicros(70), newer: u64::MAX };
        assert_eq!(texts(&older(dir.path(), &wanted(before, 2))), ["a 6 0", "b 6 0"]);
    }

    #[test]
    fn rubbish_is_shown_without_harm_and_other_files_are_left() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.log");
        let mut bytes = b"2026-01-14T13:56:58.271512Z e  ERROR \x1b]0;x\x07 bell\ntorn".to_vec();
        bytes.extend(vec![b'z'; 600_000]);
        fs::write(&path, &bytes).unwrap();
        std::os::unix::fs::symlink(&path, dir.path().join("link.log")).unwrap();
        fs::create_dir(dir.path().join("dir.log")).unwrap();
        let page = older(dir.path(), &wanted(Place::END, 100));
        let first = page.lines.first().unwrap();
        assert!(first.stderr && first.level == LineLevel::Error);
        assert!(!first.message.as_str().contains('\u{1b}'), "{first:?}");
        assert!(page.lines.len() > 1 && page.lines[1..].iter().all(|line| line.cut));
        assert_eq!(page.notes.len(), 1, "a link is not followed, and that is said: {page:?}");
    }
}
