//! From bytes to lines. Pure: what comes in pieces gives the same lines as
//! what comes at once.

use memchr::{memchr, memrchr};

/// Longest line that is one line, in bytes; also the most that one read takes.
pub const CAP: usize = 64 * 1_024;
/// What an idle stream may keep of its buffer.
const IDLE: usize = 4 * 1_024;

/// What a read came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chunk<'a> {
    /// Whole lines, one after the other, each with its line feed and no longer
    /// than [`CAP`].
    Lines(&'a [u8]),
    /// A line, or what there is of it, without its line feed.
    Piece {
        /// Its bytes, at most [`CAP`].
        bytes: &'a [u8],
        /// It begins a line; else it goes on with the one before.
        first: bool,
        /// Its line did not end here: it goes on, or its writer stopped.
        cut: bool,
    },
}

/// What one stream has begun and not ended.
#[derive(Debug, Default)]
pub struct Carry {
    held: Vec<u8>,
    /// The line that is held was longer than the cap already.
    over: bool,
}

impl Carry {
    /// Takes what was read, at most [`CAP`] bytes at a time; half a line waits.
    pub fn feed(&mut self, block: &[u8], mut each: impl FnMut(Chunk<'_>)) {
        for part in block.chunks(CAP) {
            self.part(part, &mut each);
        }
    }

    fn part(&mut self, mut rest: &[u8], each: &mut impl FnMut(Chunk<'_>)) {
        if !self.held.is_empty() || self.over {
            let Some(at) = memchr(b'\n', rest) else { return self.hold(rest, each) };
            let (end, after) = rest.split_at(at);
            self.hold(end, each);
            self.emit(false, each);
            self.over = false;
            rest = after.get(1..).unwrap_or_default();
        }
        let whole = memrchr(b'\n', rest).map_or(0, |at| at + 1);
        let (lines, half) = rest.split_at(whole);
        if !lines.is_empty() {
            each(Chunk::Lines(lines));
        }
        self.held.extend_from_slice(half);
    }

    /// The stream ended: what it did not end itself is kept all the same.
    pub fn finish(&mut self, mut each: impl FnMut(Chunk<'_>)) {
        if !self.held.is_empty() {
            self.emit(true, &mut each);
        }
        self.over = false;
    }

    /// Bytes that wait for their line's end.
    #[must_use]
    pub const fn waits(&self) -> usize {
        self.held.len()
    }

    fn hold(&mut self, mut bytes: &[u8], each: &mut impl FnMut(Chunk<'_>)) {
        while self.held.len() + bytes.len() > CAP {
            let (fits, more) = bytes.split_at(CAP.saturating_sub(self.held.len()));
            self.held.extend_from_slice(fits);
            self.emit(true, each);
            self.over = true;
            bytes = more;
        }
        self.held.extend_from_slice(bytes);
    }

    fn emit(&mut self, cut: bool, each: &mut impl FnMut(Chunk<'_>)) {
        each(Chunk::Piece { bytes: &self.held, first: !self.over, cut });
        self.held.clear();
        self.held.shrink_to(IDLE);
    }
}

/// A line without the carriage return before its line feed.
#[must_use]
pub fn trimmed(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// First pieces and whole lines, with `cut`; what follows a cut line apart.
    fn lines(blocks: &[&[u8]]) -> (Vec<(Vec<u8>, bool)>, usize) {
        let (mut out, mut more) = (Vec::new(), 0);
        let mut carry = Carry::default();
        let mut take = |chunk: Chunk<'_>| match chunk {
            Chunk::Lines(all) => {
                for line in all.strip_suffix(b"\n").unwrap().split(|b| *b == b'\n') {
                    out.push((trimmed(line).to_vec(), false));
                }
            }
            Chunk::Piece { bytes, first: true, cut } => out.push((trimmed(bytes).to_vec(), cut)),
            Chunk::Piece { bytes, .. } => more += bytes.len(),
        };
        for block in blocks {
            carry.feed(block, &mut take);
        }
        carry.finish(&mut take);
        (out, more)
    }

    #[test]
    fn half_a_line_waits_and_the_last_is_kept() {
        let (got, _) = lines(&[b"one\r\ntw", b"o", b"\n\n\0\xff\nlast"]);
        let want: Vec<(Vec<u8>, bool)> = [
            (&b"one"[..], false),
            (b"two", false),
            (b"", false),
            (b"\0\xff", false),
            (b"last", true),
        ]
        .map(|(line, cut)| (line.to_vec(), cut))
        .to_vec();
        assert_eq!(got, want);
    }

    #[test]
    fn ten_megabytes_without_an_end_are_one_cut_line_and_no_byte_is_lost() {
        let long = vec![b'x'; 10_000_000];
        let mut all = long.clone();
        all.extend_from_slice(b"tail\nnext\n");
        let (got, more) = lines(&all.chunks(7_777).collect::<Vec<_>>());
        assert_eq!(got.len(), 2);
        assert_eq!((got[0].0.len(), got[0].1), (CAP, true));
        assert_eq!(CAP + more, long.len() + 4);
        assert_eq!(got[1], (b"next".to_vec(), false));
    }

    #[test]
    fn a_line_of_exactly_the_cap_is_whole() {
        let mut all = vec![b'x'; CAP];
        all.push(b'\n');
        let (got, more) = lines(&[&all]);
        assert_eq!((got.len(), got[0].1, more), (1, false, 0));
    }
}
