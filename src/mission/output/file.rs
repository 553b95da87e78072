//! A process's file: its bytes, line by line with their arrival, rotated.
//!
//! A line of it is `TIME SE BYTES`: the arrival in UTC, `o` for standard
//! output or `e` for standard error (`d` is the daemon's own word), then a
//! blank, or `+` where the line was cut there (its next piece follows, or its
//! writer ended without ending it), a blank, and the bytes as they were
//! written. What can't be written is counted and never waited for.

use crate::domain::UtcMicros;
use crate::host::clock;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// So often a file that takes nothing is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// What became of a write.
#[derive(Debug)]
pub enum Wrote {
    /// Written, or nothing to write.
    Well,
    /// It failed, and did not before.
    Failed(io::Error),
    /// It works again after so many lines were lost to it.
    Again(u64),
}

/// Lines in front of a file, shared by all files: only one is written at a time.
#[derive(Debug, Default)]
pub struct Out {
    bytes: Vec<u8>,
    lines: u64,
}

impl Out {
    /// Adds a line (or a piece of one), under `head` as [`head`] makes it.
    pub fn line(&mut self, head: &[u8; HEAD], cut: bool, whole: bool, bytes: &[u8]) {
        self.bytes.extend_from_slice(head);
        self.bytes.extend_from_slice(if cut { b"+ " } else { b"  " });
        self.bytes.extend_from_slice(bytes);
        self.bytes.push(b'\n');
        self.lines += u64::from(whole);
    }

    /// The bytes, and how many lines they are.
    #[must_use]
    pub fn parts(&self) -> (&[u8], u64) {
        (&self.bytes, self.lines)
    }

    /// Nothing is in front of a file any more.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.lines = 0;
    }
}

/// Bytes of a line's beginning.
pub const HEAD: usize = 29;

/// The beginning of lines that came at this moment, of this stream.
#[must_use]
pub fn head(at: UtcMicros, stream: u8) -> [u8; HEAD] {
    let mut head = [b' '; HEAD];
    let iso = at.iso();
    for (to, from) in head.iter_mut().zip(iso.bytes().take(HEAD - 2)) {
        *to = from;
    }
    if let Some(last) = head.last_mut() {
        *last = stream;
    }
    head
}

/// The file of one process.
#[derive(Debug)]
pub struct LogFile {
    path: PathBuf,
    limit: u64,
    keep: u32,
    open: Option<(File, u64)>,
    /// It failed, and when it is tried again.
    fault: Option<Instant>,
    /// Lines that were lost since the last one that it took.
    missing: u64,
}

impl LogFile {
    /// The file at `path`; it is opened when there is something to write.
    #[must_use]
    pub const fn new(path: PathBuf, limit: u64, keep: u32) -> Self {
        Self { path, limit, keep, open: None, fault: None, missing: 0 }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes these bytes, which are so many lines; `before` so many were lost
    /// on their way here, and `lost` counts those that are lost now. What is
    /// missing has a line of its own in the file.
    pub fn write(&mut self, bytes: &[u8], lines: u64, before: u64, lost: &mut u64) -> Wrote {
        self.missing += before;
        if bytes.is_empty() && self.missing == 0 {
            return Wrote::Well;
        }
        if self.fault.is_some_and(|again| Instant::now() < again) {
            self.missing += lines;
            *lost += lines;
            return Wrote::Well;
        }
        let missed = self.missing;
        let done = self.say_missing().and_then(|()| self.put(bytes));
        let Err((e, rest)) = done else {
            let failed = self.fault.take().is_some();
            return if failed || missed > 0 { Wrote::Again(missed) } else { Wrote::Well };
        };
        // What went into a file before it was rotated is there.
        let rest = bytes.get(bytes.len().saturating_sub(rest)..).unwrap_or_default();
        let gone = lines.min(memchr::memchr_iter(b'\n', rest).count() as u64);
        self.missing += gone;
        *lost += gone;
        self.open = None;
        let known = self.fault.replace(Instant::now() + AGAIN).is_some();
        if known { Wrote::Well } else { Wrote::Failed(e) }
    }

    /// The line that stands for those that are missing.
    ///
    /// # Errors
    /// As `put`; with all that was to be written after it.
    fn say_missing(&mut self) -> Result<(), (io::Error, usize)> {
        if self.missing == 0 {
            return Ok(());
        }
        let mut out = Out::default();
        let missing = self.missing;
        let text = format!("{missing} lines are missing here: the disk did not take them");
        out.line(&head(clock::utc(), b'd'), false, true, text.as_bytes());
        self.put(&out.bytes).map_err(|(e, _)| (e, usize::MAX))?;
        self.missing = 0;
        Ok(())
    }

    /// # Errors
    /// The system's, and how many of the bytes are not in the file.
    fn put(&mut self, bytes: &[u8]) -> Result<(), (io::Error, usize)> {
        let mut rest = bytes;
        while !rest.is_empty() {
            rest = self.put_some(rest).map_err(|e| (e, rest.len()))?;
        }
        Ok(())
    }

    /// Writes what fits, or rotates; what is left.
    fn put_some<'a>(&mut self, rest: &'a [u8]) -> io::Result<&'a [u8]> {
        let (file, size) = match &mut self.open {
            Some(open) => open,
            none => none.insert(open(&self.path)?),
        };
        let room = usize::try_from(self.limit.saturating_sub(*size)).unwrap_or(usize::MAX);
        let part = match (whole_lines(rest, room), *size) {
            // A file holds one line at least, however small its limit is.
            (0, 0) => memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1),
            (0, _) => {
                self.open = None;
                self.rotate()?;
                return Ok(rest);
            }
            (part, _) => part,
        };
        let (now, later) = rest.split_at(part);
        if let Err(e) = file.write_all(now) {
            // Half a line would be taken for one.
            let _ = file.set_len(*size);
            return Err(e);
        }
        *size += now.len() as u64;
        Ok(later)
    }

    /// `NAME.log` becomes `NAME.log.1`, and so on; the oldest goes.
    fn rotate(&self) -> io::Result<()> {
        if self.keep == 0 {
            return fs::remove_file(&self.path);
        }
        for n in (1..self.keep).rev() {
            gone_is_well(fs::rename(self.numbered(n), self.numbered(n + 1)))?;
        }
        fs::rename(&self.path, self.numbered(1))
    }

    fn numbered(&self, n: u32) -> PathBuf {
        let mut name = OsString::from(self.path.as_os_str());
        name.push(format!(".{n}"));
        PathBuf::from(name)
    }

    /// Looks whether the file is still the one at its path: somebody may have
    /// moved or emptied it.
    pub fn look(&mut self) {
        let Some((file, size)) = &mut self.open else { return };
        match (file.metadata(), fs::metadata(&self.path)) {
            (Ok(ours), Ok(there)) if ours.ino() == there.ino() && ours.dev() == there.dev() => {
                *size = ours.len();
            }
            _ => self.open = None,
        }
    }
}

fn gone_is_well(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Bytes of the whole lines of `bytes` that fit into `room`.
fn whole_lines(bytes: &[u8], room: usize) -> usize {
    if bytes.len() <= room {
        return bytes.len();
    }
    let fits = bytes.get(..room).unwrap_or_default();
    memchr::memrchr(b'\n', fits).map_or(0, |at| at + 1)
}

/// Opens it at its end; a line that a crash left half is ended.
fn open(path: &Path) -> io::Result<(File, u64)> {
    if let Some(dir) = path.parent() {
        fs::DirBuilder::new().recursive(true).create(dir)?;
    }
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true).mode(0o600);
    let no_link = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default();
    let mut file = options.custom_flags(no_link).open(path)?;
    let mut size = file.metadata()?.len();
    let mut last = [b'\n'];
    if size > 0 {
        file.seek(SeekFrom::Start(size - 1))?;
        file.read_exact(&mut last)?;
    }
    if last != [b'\n'] {
        file.write_all(b"\n")?;
        size += 1;
    }
    Ok((file, size))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(file: &mut LogFile, texts: &[&str]) -> (Wrote, u64) {
        let (mut out, mut lost) = (Out::default(), 0);
        for text in texts {
            out.line(&head(UtcMicros(1_768_399_018_271_512), b'o'), false, true, text.as_bytes());
        }
        let (bytes, lines) = out.parts();
        (file.write(bytes, lines, 0, &mut lost), lost)
    }

    #[test]
    fn it_rotates_between_lines_and_keeps_so_many() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("logs/a.log");
        let mut file = LogFile::new(path.clone(), 100, 2);
        for n in 0..9 {
            let text = format!("line {n}");
            assert!(matches!(put(&mut file, &[&text]).0, Wrote::Well));
        }
        let read = |name: &str| fs::read_to_string(path.with_file_name(name)).unwrap();
        let want = "2026-01-14T13:56:58.271512Z o  line 8\n";
        assert_eq!(read("a.log"), want);
        assert_eq!(read("a.log.1").lines().count(), 2);
        assert!(read("a.log.2").ends_with("line 5\n"));
        assert!(!path.with_file_name("a.log.3").exists());
        let long = "x".repeat(300);
        assert!(matches!(put(&mut file, &[&long, "y"]).0, Wrote::Well));
        assert!(read("a.log").ends_with("y\n") && read("a.log.1").len() > 300);
    }

    #[test]
    fn a_file_that_takes_nothing_is_said_once_and_counted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.log");
        fs::create_dir(&path).unwrap();
        let mut file = LogFile::new(path.clone(), 1_000, 2);
        let (wrote, lost) = put(&mut file, &["a", "b"]);
        assert!(matches!(wrote, Wrote::Failed(_)) && lost == 2);
        let (wrote, lost) = put(&mut file, &["c"]);
        assert!(matches!(wrote, Wrote::Well) && lost == 1);
        fs::remove_dir(&path).unwrap();
        std::thread::sleep(AGAIN);
        let (wrote, lost) = put(&mut file, &["d"]);
        assert!(matches!(wrote, Wrote::Again(3)) && lost == 0);
        let text = fs::read_to_string(&path).unwrap();
        let said: Vec<&str> = text.lines().map(|line| &line[28..]).collect();
        assert_eq!(said, ["d  3 lines are missing here: the disk did not take them", "o  d"]);
    }

    #[test]
    fn half_a_line_of_a_crash_is_ended_and_a_moved_file_is_left() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.log");
        fs::write(&path, "torn").unwrap();
        let mut file = LogFile::new(path.clone(), 1_000, 2);
        put(&mut file, &["next"]);
        assert_eq!(fs::read_to_string(&path).unwrap().lines().next(), Some("torn"));
        fs::rename(&path, dir.path().join("elsewhere")).unwrap();
        file.look();
        put(&mut file, &["new"]);
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 1);
    }
}
