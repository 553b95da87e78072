//! Batches of ticks.

use super::beats::{Stamps, StampsIn};
use super::varint::{Broken, Column, put, put_part, put_signed};
use crate::domain::{Heard, PeerTime, Price, RawTicks, Symbol, Tick, TickBatch, TickShape};
use crate::event::{Event, Stamped};
use crate::wire::ticks::canonical;
use std::collections::BTreeMap;

/// The layout that is written.
const VERSION: u64 = 1;
/// Shapes by the number they are written as.
const SHAPES: [TickShape; 7] = [
    TickShape::T1,
    TickShape::T2,
    TickShape::T3,
    TickShape::T4,
    TickShape::T5,
    TickShape::T6,
    TickShape::T7,
];
/// Beside the shape: the tick has a time, that is naive, the tick has a number.
const TIMED: u64 = 8;
const NAIVE: u64 = 16;
const NUMBERED: u64 = 32;

/// Batches of one chunk, gathered until their columns are written.
#[derive(Debug, Default)]
pub struct Ticks {
    batches: Vec<Stamped>,
}

/// Where the differences of one symbol stand.
#[derive(Clone, Copy, Debug, Default)]
struct Last {
    /// Prices are whole numbers of 10 to this power, in units of 1e-8.
    power: u32,
    bid: i64,
}

/// One field each, in the order in which they are written.
#[derive(Default)]
struct Columns {
    seq: Vec<u8>,
    feed: Vec<u8>,
    at: Stamps,
    base: Stamps,
    count: Vec<u8>,
    after: Vec<u8>,
    symbol: Vec<u8>,
    bid: Vec<u8>,
    spread: Vec<u8>,
    kind: Vec<u8>,
    time: Vec<u8>,
    number: Vec<u8>,
    raw: Vec<u8>,
}

impl Ticks {
    /// Adds a record that holds a batch; any other is left alone.
    pub fn push(&mut self, record: Stamped) {
        if matches!(record.event, Event::Ticks(_)) {
            self.batches.push(record);
        }
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    fn batches(&self) -> impl Iterator<Item = (&Stamped, &TickBatch)> {
        self.batches.iter().filter_map(|record| match &record.event {
            Event::Ticks(batch) => Some((record, batch)),
            _ => None,
        })
    }

    /// Symbols, in the order of their names, and the power of ten that
    /// divides all their prices.
    fn symbols(&self) -> BTreeMap<Symbol, (u64, Last)> {
        let mut found: BTreeMap<Symbol, (u64, Last)> = BTreeMap::new();
        for heard in self.batches().flat_map(|(_, batch)| &batch.ticks) {
            let new = (0, Last { power: Price::SCALE, bid: 0 });
            let (_, last) = found.entry(heard.tick.symbol).or_insert(new);
            while last.power > 0
                && (heard.tick.bid.raw() % 10_i64.pow(last.power) != 0
                    || heard.tick.ask.raw() % 10_i64.pow(last.power) != 0)
            {
                last.power -= 1;
            }
        }
        for (index, (number, _)) in (0..).zip(found.values_mut()) {
            *number = index;
        }
        found
    }

    /// The bytes.
    #[must_use]
    pub fn finish(&self) -> Vec<u8> {
        let mut symbols = self.symbols();
        let mut names = Vec::new();
        for (symbol, (_, last)) in &symbols {
            put_part(&mut names, symbol.as_str().as_bytes());
            put(&mut names, u64::from(last.power));
        }
        let mut columns = Columns::default();
        let (mut seq, mut number, mut time) = (0_u64, 0_u64, 0_i64);
        for (record, batch) in self.batches() {
            put(&mut columns.seq, record.seq.wrapping_sub(seq));
            seq = record.seq;
            put(&mut columns.feed, u64::from(batch.feed));
            columns.at.push(record.at);
            columns.base.push(batch.base);
            put(&mut columns.count, u64::try_from(batch.ticks.len()).unwrap_or(u64::MAX));
            let mut after = 0;
            for heard in &batch.ticks {
                put_signed(&mut columns.after, i64::from(heard.after_us) - after);
                after = i64::from(heard.after_us);
                if let Some((index, last)) = symbols.get_mut(&heard.tick.symbol) {
                    put(&mut columns.symbol, *index);
                    columns.price(last, &heard.tick);
                }
                columns.claim(&heard.tick, &mut time, &mut number);
            }
            columns.raw(batch);
        }
        let mut out = Vec::new();
        put(&mut out, VERSION);
        put(&mut out, u64::try_from(self.batches.len()).unwrap_or(u64::MAX));
        put(&mut out, u64::try_from(symbols.len()).unwrap_or(u64::MAX));
        put_part(&mut out, &names);
        columns.finish(&mut out);
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
        let batches = block.next_count(bytes.len())?;
        let count = block.next_count(bytes.len())?;
        let mut names = Column(block.part()?);
        let mut symbols = Vec::new();
        for _ in 0..count {
            let symbol = Symbol::from_bytes(names.part()?).map_err(|_| Broken)?;
            let power = u32::try_from(names.next()?).map_err(|_| Broken)?;
            if power > Price::SCALE {
                return Err(Broken);
            }
            symbols.push((symbol, Last { power, bid: 0 }));
        }
        let mut columns = Reading::of(&mut block, symbols)?;
        block.end()?;
        for _ in 0..batches {
            out.push(columns.batch(bytes.len())?);
        }
        Ok(())
    }
}

impl Columns {
    fn price(&mut self, last: &mut Last, tick: &Tick) {
        let unit = 10_i64.pow(last.power);
        let (bid, ask) = (tick.bid.raw() / unit, tick.ask.raw() / unit);
        put_signed(&mut self.bid, bid.wrapping_sub(last.bid));
        put_signed(&mut self.spread, ask.wrapping_sub(bid));
        last.bid = bid;
    }

    fn claim(&mut self, tick: &Tick, time: &mut i64, number: &mut u64) {
        let shape = SHAPES.iter().position(|shape| *shape == tick.shape).unwrap_or_default();
        let mut kind = u64::try_from(shape).unwrap_or_default();
        if let Some(claim) = tick.time {
            let (flag, us) = match claim {
                PeerTime::Epoch(us) => (TIMED, us),
                PeerTime::Naive(us) => (TIMED | NAIVE, us),
            };
            kind |= flag;
            put_signed(&mut self.time, us.wrapping_sub(*time));
            *time = us;
        }
        if let Some(seq) = tick.seq {
            kind |= NUMBERED;
            put_signed(&mut self.number, seq.wrapping_sub(*number).cast_signed());
            *number = seq;
        }
        put(&mut self.kind, kind);
    }

    /// Of the last frame of each message only what differs from what is
    /// expected of the quote.
    fn raw(&mut self, batch: &TickBatch) {
        put(&mut self.raw, u64::from(!batch.raw.is_empty()));
        if batch.raw.is_empty() {
            return;
        }
        let mut expected = Vec::new();
        for (index, heard) in batch.ticks.iter().enumerate() {
            expected.clear();
            canonical(&heard.tick, &mut expected);
            let frames = batch.raw.get(index).count();
            put(&mut self.raw, u64::try_from(frames).unwrap_or(u64::MAX));
            for (n, frame) in (1..).zip(batch.raw.get(index)) {
                if n < frames {
                    put_part(&mut self.raw, frame);
                    continue;
                }
                let shared = frame.iter().zip(&expected).take_while(|(a, b)| a == b).count();
                put(&mut self.raw, u64::try_from(shared).unwrap_or(u64::MAX));
                put_part(&mut self.raw, frame.get(shared..).unwrap_or_default());
            }
        }
    }

    fn finish(&self, out: &mut Vec<u8>) {
        put_part(out, &self.seq);
        put_part(out, &self.feed);
        self.at.finish(out);
        self.base.finish(out);
        for column in [
            &self.count,
            &self.after,
            &self.symbol,
            &self.bid,
            &self.spread,
            &self.kind,
            &self.time,
            &self.number,
            &self.raw,
        ] {
            put_part(out, column);
        }
    }
}

/// The columns while they are read.
struct Reading<'a> {
    symbols: Vec<(Symbol, Last)>,
    seqs: Column<'a>,
    feed: Column<'a>,
    at: StampsIn<'a>,
    base: StampsIn<'a>,
    count: Column<'a>,
    after: Column<'a>,
    symbol: Column<'a>,
    bid: Column<'a>,
    spread: Column<'a>,
    kind: Column<'a>,
    times: Column<'a>,
    numbers: Column<'a>,
    raw: Column<'a>,
    seq: u64,
    number: u64,
    time: i64,
}

impl<'a> Reading<'a> {
    fn of(block: &mut Column<'a>, symbols: Vec<(Symbol, Last)>) -> Result<Self, Broken> {
        let (seqs, feed) = (Column(block.part()?), Column(block.part()?));
        let (at, base) = (StampsIn::of(block)?, StampsIn::of(block)?);
        let mut next = || block.part().map(Column);
        let (count, after, symbol, bid) = (next()?, next()?, next()?, next()?);
        let (spread, kind, times, numbers, raw) = (next()?, next()?, next()?, next()?, next()?);
        Ok(Self {
            symbols,
            seqs,
            feed,
            at,
            base,
            count,
            after,
            symbol,
            bid,
            spread,
            kind,
            times,
            numbers,
            raw,
            seq: 0,
            number: 0,
            time: 0,
        })
    }

    fn batch(&mut self, most: usize) -> Result<Stamped, Broken> {
        self.seq = self.seq.wrapping_add(self.seqs.next()?);
        let feed = u16::try_from(self.feed.next()?).map_err(|_| Broken)?;
        let (at, base) = (self.at.next()?, self.base.next()?);
        let count = self.count.next_count(most)?;
        let mut ticks = Vec::with_capacity(count);
        let mut after = 0_i64;
        for _ in 0..count {
            after = after.wrapping_add(self.after.next_signed()?);
            let after_us = u32::try_from(after).map_err(|_| Broken)?;
            ticks.push(Heard { after_us, tick: self.tick()? });
        }
        let raw = self.raw(&ticks, most)?;
        let event = Event::Ticks(TickBatch { feed, base, ticks, raw });
        Ok(Stamped { seq: self.seq, at, event })
    }

    fn raw(&mut self, ticks: &[Heard], most: usize) -> Result<RawTicks, Broken> {
        let mut raw = RawTicks::default();
        if self.raw.next()? == 0 {
            return Ok(raw);
        }
        for heard in ticks {
            let frames = self.raw.next_count(most)?;
            let mut message = Vec::new();
            for _ in 1..frames {
                message.push(self.raw.part()?.to_vec());
            }
            if frames > 0 {
                let mut last = Vec::new();
                canonical(&heard.tick, &mut last);
                last.truncate(self.raw.next_count(last.len())?);
                last.extend_from_slice(self.raw.part()?);
                message.push(last);
            }
            raw.push(message.iter().map(Vec::as_slice));
        }
        Ok(raw)
    }

    fn tick(&mut self) -> Result<Tick, Broken> {
        let index = usize::try_from(self.symbol.next()?).map_err(|_| Broken)?;
        let (symbol, last) = self.symbols.get_mut(index).ok_or(Broken)?;
        let unit = 10_i64.pow(last.power);
        last.bid = last.bid.wrapping_add(self.bid.next_signed()?);
        let ask = last.bid.wrapping_add(self.spread.next_signed()?);
        let price = |value: i64| value.checked_mul(unit).map(Price::from_raw).ok_or(Broken);
        let (symbol, bid, ask) = (*symbol, price(last.bid)?, price(ask)?);
        let kind = self.kind.next()?;
        let shape = usize::try_from(kind & 7).ok().and_then(|shape| SHAPES.get(shape));
        let shape = *shape.ok_or(Broken)?;
        let mut time = None;
        if kind & TIMED != 0 {
            self.time = self.time.wrapping_add(self.times.next_signed()?);
            let naive = kind & NAIVE != 0;
            time =
                Some(if naive { PeerTime::Naive(self.time) } else { PeerTime::Epoch(self.time) });
        }
        let mut seq = None;
        if kind & NUMBERED != 0 {
            let step = self.numbers.next_signed()?.cast_unsigned();
            self.number = self.number.wrapping_add(step);
            seq = Some(self.number);
        }
        Ok(Tick { symbol, bid, ask, time, seq, shape })
    }
}
