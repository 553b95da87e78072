//! The last lines of all processes, in a compact form: bytes in one buffer
//! that goes round, and a small entry for each line.

use super::level::plain;
use crate::domain::mission::{ConsoleLine, LineLevel};
use crate::domain::{Text, UtcMicros};
use crate::mission::parts::Place;
use memchr::memmem::Finder;
use std::collections::VecDeque;

/// Bytes of a line that are kept: as many as [`Text`] shows characters, and
/// one more, so that a cut shows.
const KEEP: usize = 4 * (crate::domain::text::MAX_CHARS + 1);
/// Most bytes of all lines.
const ROOM: usize = 4 * 1_024 * 1_024;

/// A line as it comes in.
#[derive(Clone, Copy, Debug)]
pub struct Fresh<'a> {
    /// Whose, by [`Ring::who`].
    pub who: u16,
    /// On standard error.
    pub stderr: bool,
    /// When it arrived.
    pub at: UtcMicros,
    /// How loud.
    pub level: LineLevel,
    /// Not whole.
    pub cut: bool,
    /// Its bytes, without the line's end.
    pub bytes: &'a [u8],
}

impl Fresh<'_> {
    /// As it is told, under its number.
    #[must_use]
    pub fn line(&self, seq: u64, process: &Text) -> ConsoleLine {
        ConsoleLine {
            seq,
            process: process.clone(),
            stderr: self.stderr,
            at: self.at,
            level: self.level,
            cut: self.cut,
            message: shown(self.bytes),
        }
    }
}

/// A line's bytes for a screen.
#[must_use]
pub fn shown(bytes: &[u8]) -> Text {
    let bytes = bytes.get(..KEEP).unwrap_or(bytes);
    plain(bytes).map_or_else(|| Text::from_bytes(bytes), |bytes| Text::from_bytes(&bytes))
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    at: UtcMicros,
    /// Counted over everything that ever went into the buffer.
    from: u64,
    len: u16,
    who: u16,
    level: LineLevel,
    stderr: bool,
    cut: bool,
}

/// The ring.
#[derive(Debug)]
pub struct Ring {
    entries: VecDeque<Entry>,
    bytes: Vec<u8>,
    /// Where the next byte goes, counted as `Entry::from`.
    head: u64,
    most: usize,
    /// Number of the next line.
    next: u64,
    names: Vec<Text>,
}

/// What lines are asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted<'a> {
    /// Of this process alone.
    pub process: Option<&'a str>,
    /// At least so loud.
    pub level: LineLevel,
    /// With this in it, empty: all.
    pub contains: &'a str,
    /// The first ones after this number; none: the newest.
    pub after: Option<u64>,
    /// At most so many.
    pub most: usize,
}

impl Ring {
    /// One for so many lines.
    #[must_use]
    pub fn new(most: usize) -> Self {
        let room = most.saturating_mul(256).clamp(2 * KEEP, ROOM);
        Self {
            entries: VecDeque::new(),
            // Zeroed by the system when it is first written.
            bytes: vec![0; room],
            head: 0,
            most: most.max(1),
            next: 1,
            names: Vec::new(),
        }
    }

    /// The number that stands for a process; what is beyond all numbers shares
    /// the last one.
    pub fn who(&mut self, process: &str) -> u16 {
        let known = self.names.iter().position(|name| name.as_str() == process);
        let at = known.unwrap_or_else(|| {
            if self.names.len() < usize::from(u16::MAX) {
                self.names.push(Text::new(process));
            }
            self.names.len() - 1
        });
        u16::try_from(at).unwrap_or(u16::MAX)
    }

    /// The name behind the number.
    #[must_use]
    pub fn name(&self, who: u16) -> Text {
        self.names.get(usize::from(who)).cloned().unwrap_or_default()
    }

    /// Takes a line; its number.
    pub fn push(&mut self, line: &Fresh<'_>) -> u64 {
        let kept = line.bytes.get(..KEEP).unwrap_or(line.bytes);
        let (len, room) = (kept.len() as u64, self.bytes.len() as u64);
        // In one piece: what does not fit before the end begins at the start.
        let place = self.head % room;
        let from = if place + len > room { self.head + (room - place) } else { self.head };
        while self.entries.front().is_some_and(|oldest| {
            self.entries.len() >= self.most || from + len > oldest.from + room
        }) {
            self.entries.pop_front();
        }
        let start = usize::try_from(from % room).unwrap_or_default();
        if let Some(into) = self.bytes.get_mut(start..start + kept.len()) {
            into.copy_from_slice(kept);
        }
        self.head = from + len;
        self.entries.push_back(Entry {
            at: line.at,
            from,
            len: u16::try_from(kept.len()).unwrap_or(u16::MAX),
            who: line.who,
            level: line.level,
            stderr: line.stderr,
            cut: line.cut,
        });
        let seq = self.next;
        self.next += 1;
        seq
    }

    /// The number of the last line, 0 before the first.
    #[must_use]
    pub const fn last(&self) -> u64 {
        self.next - 1
    }

    /// The number of the oldest line that is kept.
    #[must_use]
    pub fn oldest(&self) -> u64 {
        self.next - self.entries.len() as u64
    }

    /// The place before the line of this number, or before the oldest that is
    /// kept: lines of one moment follow each other.
    #[must_use]
    pub fn place(&self, line: Option<(u64, UtcMicros)>) -> Place {
        let oldest = self.oldest();
        let Some((seq, at)) = line.or_else(|| Some((oldest, self.entries.front()?.at))) else {
            return Place::END;
        };
        let skip = usize::try_from(seq.saturating_sub(oldest)).unwrap_or(usize::MAX);
        let kept = self.entries.iter().skip(skip).take_while(|entry| entry.at == at).count() as u64;
        // What went meanwhile was before those.
        let newer = if kept > 0 { kept + oldest.saturating_sub(seq) } else { 1 };
        Place { at, newer }
    }

    fn fresh(&self, entry: &Entry) -> Fresh<'_> {
        let room = self.bytes.len() as u64;
        let start = usize::try_from(entry.from % room).unwrap_or_default();
        let bytes = self.bytes.get(start..start + usize::from(entry.len)).unwrap_or_default();
        Fresh {
            who: entry.who,
            stderr: entry.stderr,
            at: entry.at,
            level: entry.level,
            cut: entry.cut,
            bytes,
        }
    }

    /// The lines asked for, in their order: the first ones after `after`, or
    /// the newest.
    #[must_use]
    pub fn lines(&self, wanted: &Wanted<'_>) -> Vec<ConsoleLine> {
        let finder = Finder::new(wanted.contains.as_bytes());
        let who = wanted.process.map(|p| self.names.iter().position(|n| n.as_str() == p));
        let oldest = self.oldest();
        let fits = |(_, entry): &(u64, &Entry)| {
            entry.level >= wanted.level
                && who.is_none_or(|who| who == Some(usize::from(entry.who)))
                && (wanted.contains.is_empty() || finder.find(self.fresh(entry).bytes).is_some())
        };
        let told = |(seq, entry): (u64, &Entry)| self.fresh(entry).line(seq, &self.name(entry.who));
        if let Some(after) = wanted.after {
            let skip = after.saturating_add(1).saturating_sub(oldest);
            let skip = usize::try_from(skip).unwrap_or(usize::MAX).min(self.entries.len());
            let all = (oldest..).zip(&self.entries).skip(skip);
            return all.filter(fits).take(wanted.most).map(told).collect();
        }
        let backwards = self.entries.iter().rev().zip((oldest..self.next).rev());
        let backwards = backwards.map(|(entry, seq)| (seq, entry)).filter(fits).take(wanted.most);
        let mut newest: Vec<ConsoleLine> = backwards.map(told).collect();
        newest.reverse();
        newest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(ring: &mut Ring, who: u16, text: &str, level: LineLevel) -> u64 {
        let bytes = text.as_bytes();
        ring.push(&Fresh { who, stderr: false, at: UtcMicros(1), level, cut: false, bytes })
    }

    #[test]
    fn it_keeps_the_last_lines_and_their_numbers() {
        let mut ring = Ring::new(3);
        let (a, b) = (ring.who("a"), ring.who("b"));
        for n in 0..5 {
            push(&mut ring, if n % 2 == 0 { a } else { b }, &format!("line {n}"), LineLevel::Info);
        }
        let all = ring.lines(&Wanted { most: 10, ..Wanted::default() });
        assert_eq!(all.iter().map(|l| l.seq).collect::<Vec<_>>(), [3, 4, 5]);
        assert_eq!(all[2].message.as_str(), "line 4");
        assert_eq!(all[2].process.as_str(), "a");
        let one = ring.lines(&Wanted { process: Some("b"), most: 10, ..Wanted::default() });
        assert_eq!(one.iter().map(|l| l.seq).collect::<Vec<_>>(), [4]);
        let none = ring.lines(&Wanted { process: Some("c"), most: 10, ..Wanted::default() });
        assert_eq!(none, []);
        let first = ring.lines(&Wanted { after: Some(3), most: 1, ..Wanted::default() });
        assert_eq!(first.iter().map(|l| l.seq).collect::<Vec<_>>(), [4]);
        let newest = ring.lines(&Wanted { most: 1, ..Wanted::default() });
        assert_eq!(newest.iter().map(|l| l.seq).collect::<Vec<_>>(), [5]);
        let found = ring.lines(&Wanted { contains: "ne 3", most: 9, ..Wanted::default() });
        assert_eq!(found.iter().map(|l| l.seq).collect::<Vec<_>>(), [4]);
        let beyond = ring.lines(&Wanted { after: Some(99), most: 9, ..Wanted::default() });
        assert_eq!(beyond, []);
    }

    #[test]
    fn long_lines_push_out_more_than_one_and_stay_whole() {
        let mut ring = Ring::new(100);
        let who = ring.who("a");
        for n in 0..1_000_usize {
            let text = format!("{n:04}{}", "y".repeat(n * 7 % 3_000));
            push(&mut ring, who, &text, LineLevel::Warn);
            let lines = ring.lines(&Wanted { most: 200, ..Wanted::default() });
            for (line, back) in lines.iter().rev().zip(0..) {
                let number = n - back;
                assert_eq!(line.seq, number as u64 + 1);
                assert!(line.message.as_str().starts_with(&format!("{number:04}")), "{line:?}");
                let rest = &line.message.as_str()[4..];
                assert!(rest.trim_end_matches('…').bytes().all(|b| b == b'y'), "{line:?}");
            }
        }
    }
}
