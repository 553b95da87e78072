//! Where entries go: a file, standard output, telemetry; any of them, or none.

use super::Entry;
use super::file::FileLog;
use super::pen::Pen;
use super::tell::Teller;
use crate::domain::Text;
use std::io::Write;

/// Standard output is written in blocks of this size, and whenever it is quiet.
const BLOCK: usize = 16 * 1_024;

/// All of them, with one line for each entry.
#[derive(Default)]
pub struct Sinks {
    file: Option<FileLog>,
    stdout: bool,
    teller: Option<Teller>,
    pen: Pen,
    line: Vec<u8>,
    shown: Vec<u8>,
    left: bool,
}

impl Sinks {
    /// Into a log file, to standard output (whoever reads it gets every entry,
    /// or the engine waits), to telemetry.
    #[must_use]
    pub fn new(file: Option<FileLog>, stdout: bool, teller: Option<Teller>) -> Self {
        Self { file, stdout, teller, ..Self::default() }
    }

    /// Gives `entry` to each; `now` is monotonic ns, here and below.
    pub fn put(&mut self, entry: &Entry, now: u64) {
        if self.file.is_some() || self.stdout {
            self.line.clear();
            self.pen.line(entry, &mut self.line);
        }
        if let Some(file) = &mut self.file {
            file.put(&self.line, now);
        }
        if self.stdout {
            self.shown.extend_from_slice(&self.line);
            if self.shown.len() >= BLOCK {
                self.show();
            }
        }
        if let Some(teller) = &self.teller {
            teller.put(entry);
        }
    }

    /// Writes what waits: nothing comes at the moment.
    pub fn flush(&mut self, now: u64) {
        if let Some(file) = &mut self.file {
            file.flush(now);
        }
        self.show();
    }

    fn show(&mut self) {
        if self.shown.is_empty() || self.left {
            return;
        }
        let mut stdout = std::io::stdout().lock();
        self.left = stdout.write_all(&self.shown).and_then(|()| stdout.flush()).is_err();
        self.shown.clear();
    }

    /// Whether the reader of standard output left.
    #[must_use]
    pub const fn reader_left(&self) -> bool {
        self.left
    }

    /// Why no order may be made: the log can't be written.
    #[must_use]
    pub fn fault(&self) -> Option<&Text> {
        self.file.as_ref().and_then(FileLog::fault)
    }

    /// Entries that the disk cost.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.file.as_ref().map_or(0, FileLog::lost)
    }

    /// What is to be told, each once.
    pub fn news(&mut self) -> Vec<String> {
        self.file.as_mut().map(FileLog::news).unwrap_or_default()
    }

    /// The last words of all of them.
    pub fn end(&mut self, now: u64) {
        if let Some(file) = &mut self.file {
            file.end(now);
        }
        self.show();
        self.teller = None;
    }
}
