//! Where entries go: a file, standard output, telemetry; any of them, or none.

use super::Entry;
use super::file::FileLog;
use super::pen::Pen;
use super::shown::Shown;
use super::tell::Teller;
use crate::domain::Text;

/// All of them, with one line for each entry.
#[derive(Default)]
pub struct Sinks {
    file: Option<FileLog>,
    shown: Option<Shown>,
    teller: Option<Teller>,
    pen: Pen,
    line: Vec<u8>,
}

impl Sinks {
    /// Into a log file, to standard output, to telemetry.
    #[must_use]
    pub fn new(file: Option<FileLog>, shown: Option<Shown>, teller: Option<Teller>) -> Self {
        Self { file, shown, teller, ..Self::default() }
    }

    /// Gives `entry` to each; `now` is monotonic ns, here and below.
    pub fn put(&mut self, entry: &Entry, now: u64) {
        if self.file.is_some() || self.shown.is_some() {
            self.line.clear();
            self.pen.line(entry, &mut self.line);
        }
        if let Some(file) = &mut self.file {
            file.put(&self.line, now);
        }
        if let Some(shown) = &mut self.shown {
            shown.put(&self.line);
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
        if let Some(shown) = &mut self.shown {
            shown.flush();
        }
    }

    /// Whether the reader of standard output left.
    #[must_use]
    pub fn reader_left(&self) -> bool {
        self.shown.as_ref().is_some_and(Shown::reader_left)
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
        let mut news = self.file.as_mut().map(FileLog::news).unwrap_or_default();
        news.extend(self.shown.as_mut().and_then(Shown::news));
        news
    }

    /// The last words of all of them.
    pub fn end(&mut self, now: u64) {
        if let Some(file) = &mut self.file {
            file.end(now);
        }
        if let Some(shown) = &mut self.shown {
            shown.flush();
        }
        self.teller = None;
    }
}
