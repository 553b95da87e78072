//! Quotes from port 5556, in the seven shapes that are met there.
//!
//! What is no sound quote is refused with a cause that can be counted; a
//! refused tick changes nothing, so the last good price ages. Nothing is
//! allocated for a sound one.

mod canonical;
mod fault;
mod scan;
mod time;

pub use canonical::canonical;
pub use fault::TickFault;

use crate::domain::fixed::{parse_scaled, rescale};
use crate::domain::{DecimalError, Price, Symbol, Tick, TickShape};
use scan::{Kind, Scan, Value};

/// Longest message that is looked at, in bytes over all frames.
pub const MAX_BYTES: usize = 4_096;
/// Fields that nobody knows, at most.
const MAX_STRANGERS: usize = 8;

/// Reads one message, frame by frame as it came.
///
/// # Errors
/// [`TickFault`] with the cause.
pub fn decode(frames: &[&[u8]]) -> Result<Tick, TickFault> {
    match *frames {
        [frame] => one_frame(checked(frame)?),
        [topic, body] => {
            let (topic, body) = (checked(topic)?, checked(body)?);
            let (name, shape) = topic
                .strip_prefix("tick.")
                .map_or((topic, TickShape::T3), |name| (name, TickShape::T4));
            let mut fields = Fields::of(body);
            fields.read()?;
            fields.named()?;
            fields.tick(Some(name), shape)
        }
        _ => Err(TickFault::OddFrames),
    }
}

fn checked(frame: &[u8]) -> Result<&str, TickFault> {
    if frame.len() > MAX_BYTES {
        return Err(TickFault::TooLong);
    }
    std::str::from_utf8(frame).map_err(|_| TickFault::BadUtf8)
}

fn one_frame(text: &str) -> Result<Tick, TickFault> {
    if text.trim_start().starts_with('{') {
        let mut fields = Fields::of(text);
        fields.read()?;
        let shape = match fields.named()? {
            Named::Upper if fields.moment().kind == Kind::Absent => TickShape::T2,
            Named::Upper => TickShape::T1,
            Named::Lower => TickShape::T6,
            Named::Nothing => TickShape::T7,
        };
        return fields.tick(None, shape);
    }
    match text.split_once(' ') {
        Some((name, body)) if body.trim_start().starts_with('{') => {
            let mut fields = Fields::of(body);
            fields.read()?;
            fields.named()?;
            fields.tick(Some(name), TickShape::T5)
        }
        _ => Err(TickFault::NotATick),
    }
}

/// What `type` says.
#[derive(Clone, Copy)]
enum Named {
    Upper,
    Lower,
    Nothing,
}

/// The fields of a tick that anybody here reads.
struct Fields<'a> {
    scan: Scan<'a>,
    kind: Value,
    symbol: Value,
    bid: Value,
    ask: Value,
    time: Value,
    timestamp: Value,
    seq: Value,
}

impl<'a> Fields<'a> {
    fn of(json: &'a str) -> Self {
        let none = Value::default();
        let [kind, symbol, bid, ask, time, timestamp, seq] = [none; 7];
        Self { scan: Scan::new(json), kind, symbol, bid, ask, time, timestamp, seq }
    }

    fn read(&mut self) -> Result<(), TickFault> {
        let mut strangers = [(0, 0); MAX_STRANGERS];
        let mut met = 0_usize;
        while self.scan.next()? {
            let slot = match self.scan.bytes(self.scan.key()) {
                b"bid" => &mut self.bid,
                b"ask" => &mut self.ask,
                b"symbol" => &mut self.symbol,
                b"time" => &mut self.time,
                b"timestamp" => &mut self.timestamp,
                b"type" => &mut self.kind,
                b"seq" => &mut self.seq,
                name => {
                    if strangers.iter().take(met).any(|known| self.scan.bytes(*known) == name) {
                        return Err(TickFault::DuplicateKey);
                    }
                    *strangers.get_mut(met).ok_or(TickFault::TooLong)? = self.scan.key();
                    met += 1;
                    &mut Value::default()
                }
            };
            if slot.kind != Kind::Absent {
                return Err(TickFault::DuplicateKey);
            }
            self.scan.value(slot)?;
        }
        Ok(())
    }

    /// What `type` says.
    fn named(&self) -> Result<Named, TickFault> {
        match (self.kind.kind, self.scan.span(&self.kind)) {
            (Kind::Absent | Kind::Null, _) => Ok(Named::Nothing),
            (Kind::Plain, b"TICK") => Ok(Named::Upper),
            (Kind::Plain, b"tick") => Ok(Named::Lower),
            _ => Err(TickFault::NotATick),
        }
    }

    /// One peer says `time`, the others `timestamp`.
    const fn moment(&self) -> &Value {
        if matches!(self.time.kind, Kind::Absent) { &self.timestamp } else { &self.time }
    }

    /// `topic` is the symbol that came outside the JSON.
    fn tick(&self, topic: Option<&str>, shape: TickShape) -> Result<Tick, TickFault> {
        let symbol = self.symbol(topic)?;
        let (bid, ask) = (self.price(&self.bid)?, self.price(&self.ask)?);
        if bid.raw() <= 0 || ask.raw() <= 0 {
            return Err(TickFault::NotPositive);
        }
        if bid > ask {
            return Err(TickFault::Crossed);
        }
        let time = time::peer_time(&self.scan, self.moment())?;
        Ok(Tick { symbol, bid, ask, time, seq: self.seq(), shape })
    }

    fn symbol(&self, topic: Option<&str>) -> Result<Symbol, TickFault> {
        let outside = topic.map(Symbol::new).transpose()?;
        let inside = match self.symbol.kind {
            Kind::Absent | Kind::Null => None,
            _ => {
                let name = self.scan.text(&self.symbol).ok_or(TickFault::NotATick)?;
                Some(Symbol::from_bytes(&name)?)
            }
        };
        match (outside, inside) {
            (Some(a), Some(b)) if a != b => Err(TickFault::SymbolDiffers),
            (_, Some(symbol)) | (Some(symbol), None) => Ok(symbol),
            (None, None) => Err(TickFault::NotATick),
        }
    }

    fn price(&self, value: &Value) -> Result<Price, TickFault> {
        let raw = match value.kind {
            Kind::Absent | Kind::Null => return Err(TickFault::NoQuote),
            Kind::Short => {
                rescale(value.digits, value.decimals, Price::SCALE).ok_or(DecimalError::OutOfRange)
            }
            Kind::Number => parse_scaled(self.scan.span(value), Price::SCALE),
            Kind::Plain | Kind::Escaped | Kind::Other => Err(DecimalError::NotANumber),
        };
        match raw {
            Ok(raw) => Ok(Price::from_raw(raw)),
            Err(DecimalError::OutOfRange) => Err(TickFault::OutOfRange),
            Err(DecimalError::NotANumber) => Err(TickFault::NotANumber),
        }
    }

    /// Only our own gateway numbers its ticks; in anybody else's a field of
    /// this name may be anything.
    fn seq(&self) -> Option<u64> {
        match (self.seq.kind, self.seq.decimals) {
            (Kind::Short, 0) => Some(self.seq.digits),
            (Kind::Number, _) => std::str::from_utf8(self.scan.span(&self.seq)).ok()?.parse().ok(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
