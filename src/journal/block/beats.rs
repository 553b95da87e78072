//! Beats: number and stamp, nothing else.

use super::varint::{Broken, Column, put, put_part, put_signed};
use crate::domain::{Stamp, UtcMicros};
use crate::event::{Event, Stamped};

/// The layout that is written.
const VERSION: u64 = 1;

/// Three columns.
#[derive(Debug, Default)]
pub struct Beats {
    count: u64,
    seq: Vec<u8>,
    stamps: Stamps,
    last: u64,
}

/// Moments as differences: the monotonic clock to the moment before, the wall
/// clock to what the monotonic one would make of it.
#[derive(Debug, Default)]
pub struct Stamps {
    mono: Vec<u8>,
    utc: Vec<u8>,
    rule: Rule,
}

/// What comes next, as far as the moments before tell.
#[derive(Clone, Copy, Debug, Default)]
struct Rule {
    mono: u64,
    /// UTC microseconds less monotonic ones.
    offset: i64,
}

impl Rule {
    const fn step(&mut self, mono: i64, utc: i64) -> Stamp {
        self.mono = self.mono.wrapping_add(mono.cast_unsigned());
        self.offset = self.offset.wrapping_add(utc);
        let us = (self.mono / 1_000).cast_signed();
        Stamp { mono_ns: self.mono, utc: UtcMicros(us.wrapping_add(self.offset)) }
    }
}

impl Stamps {
    /// Adds a moment.
    pub fn push(&mut self, at: Stamp) {
        let mono = at.mono_ns.wrapping_sub(self.rule.mono).cast_signed();
        let offset = at.utc.0.wrapping_sub((at.mono_ns / 1_000).cast_signed());
        let utc = offset.wrapping_sub(self.rule.offset);
        put_signed(&mut self.mono, mono);
        put_signed(&mut self.utc, utc);
        self.rule.step(mono, utc);
    }

    /// Appends both columns.
    pub fn finish(&self, out: &mut Vec<u8>) {
        put_part(out, &self.mono);
        put_part(out, &self.utc);
    }
}

/// Moments being read.
#[derive(Clone, Copy, Debug)]
pub struct StampsIn<'a> {
    mono: Column<'a>,
    utc: Column<'a>,
    rule: Rule,
}

impl<'a> StampsIn<'a> {
    /// The two columns that come next.
    pub fn of(block: &mut Column<'a>) -> Result<Self, Broken> {
        let (mono, utc) = (Column(block.part()?), Column(block.part()?));
        Ok(Self { mono, utc, rule: Rule::default() })
    }

    /// The next moment.
    pub fn next(&mut self) -> Result<Stamp, Broken> {
        Ok(self.rule.step(self.mono.next_signed()?, self.utc.next_signed()?))
    }
}

impl Beats {
    /// Adds one.
    pub fn push(&mut self, seq: u64, at: Stamp) {
        self.count += 1;
        put(&mut self.seq, seq.wrapping_sub(self.last));
        self.last = seq;
        self.stamps.push(at);
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The bytes.
    #[must_use]
    pub fn finish(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put(&mut out, VERSION);
        put(&mut out, self.count);
        put_part(&mut out, &self.seq);
        self.stamps.finish(&mut out);
        out
    }

    /// Adds what `bytes` hold to `out`.
    ///
    /// # Errors
    /// [`Broken`] for what no writer of ours wrote; what came before it is in
    /// `out`.
    pub fn read(bytes: &[u8], out: &mut Vec<Stamped>) -> Result<(), Broken> {
        let mut block = Column(bytes);
        if block.next()? != VERSION {
            return Err(Broken);
        }
        let count = block.next_count(bytes.len())?;
        let mut seqs = Column(block.part()?);
        let mut stamps = StampsIn::of(&mut block)?;
        let mut seq = 0_u64;
        for _ in 0..count {
            seq = seq.wrapping_add(seqs.next()?);
            out.push(Stamped { seq, at: stamps.next()?, event: Event::Beat });
        }
        block.end()
    }
}
