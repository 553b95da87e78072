//! Lines of a file that may be anything: bounded, counted, without their ends.

use std::io::{self, BufRead, Read};

/// Longest line in bytes; what is longer is no line of ticks.
const LONGEST: u64 = 4_096;
/// UTF-8's mark, which some programs put first.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// One line.
#[derive(Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// All of it, without its end.
    Whole(&'a [u8]),
    /// Longer than any line of ticks; the rest of it was passed over.
    TooLong,
}

/// Reads lines.
pub struct Lines<'a> {
    file: &'a mut dyn BufRead,
    line: Vec<u8>,
    number: u64,
}

impl<'a> Lines<'a> {
    /// From the beginning of `file`.
    pub fn new(file: &'a mut dyn BufRead) -> Self {
        Self { file, line: Vec::new(), number: 0 }
    }

    /// Lines read so far: the number of the last one, from 1.
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// The next line; none at the end.
    ///
    /// # Errors
    /// The system's.
    pub fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        self.line.clear();
        let read = (&mut *self.file).take(LONGEST).read_until(b'\n', &mut self.line)?;
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        let whole = self.line.ends_with(b"\n");
        if !whole && read as u64 == LONGEST {
            skip(self.file)?;
            return Ok(Some(Line::TooLong));
        }
        let mut line = self.line.as_slice();
        if self.number == 1 {
            line = line.strip_prefix(BOM).unwrap_or(line);
        }
        line = line.strip_suffix(b"\n").unwrap_or(line);
        Ok(Some(Line::Whole(line.strip_suffix(b"\r").unwrap_or(line))))
    }
}

/// Passes over the rest of a line.
fn skip(file: &mut dyn BufRead) -> io::Result<()> {
    loop {
        let held = file.fill_buf()?;
        let end = held.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(held.len(), |at| at + 1);
        file.consume(used);
        if used == 0 || end.is_some() {
            return Ok(());
        }
    }
}

/// What a file is by its first line, where it is no text of ours, and what to
/// do about it.
pub fn stranger(line: &[u8]) -> Option<(&'static str, &'static str)> {
    let known: [(&[u8], _, _); 5] = [
        (b"\x89MCAP", "a recording already", "see crs record info"),
        (b"\xff\xfe", "a text in UTF-16", "save it as UTF-8 or ASCII"),
        (b"\xfe\xff", "a text in UTF-16", "save it as UTF-8 or ASCII"),
        (b"PK\x03\x04", "a zip archive", "unpack it and name the file of ticks in it"),
        (b"\x1f\x8b", "packed by gzip", "unpack it first"),
    ];
    let found = known.into_iter().find(|(begins, _, _)| line.starts_with(begins));
    found.map(|(_, what, next)| (what, next)).or_else(|| {
        let control = line.iter().any(|byte| *byte < b' ' && *byte != b'\t');
        let text = !control && std::str::from_utf8(line).is_ok();
        (!text).then_some(("not a text", "name a file of ticks"))
    })
}
