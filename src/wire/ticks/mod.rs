//! Quotes from port 5556, in the seven shapes that are met there.
//!
//! What is no sound quote is refused with a cause that can be counted; a
//! refused tick changes nothing, so the last good price ages. Nothing is
//! allocated for a sound one.

mod fault;
mod scan;
mod time;

pub use fault::TickFault;

use crate::domain::fixed::parse_scaled;
use crate::domain::{DecimalError, Price, Symbol, Tick, TickShape};
use scan::{Scan, Value};

/// Longest message that is looked at, in bytes over all frames.
pub const MAX_BYTES: usize = 4_096;
/// Fields that nobody knows, at most.
const MAX_STRANGERS: usize = 16;

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
            let fields = Fields::read(body)?;
            fields.kind()?;
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
        let fields = Fields::read(text)?;
        let shape = match fields.kind()? {
            Kind::Upper if fields.time.or(fields.timestamp).is_some() => TickShape::T1,
            Kind::Upper => TickShape::T2,
            Kind::Lower => TickShape::T6,
            Kind::Unnamed => TickShape::T7,
        };
        return fields.tick(None, shape);
    }
    match text.split_once(' ') {
        Some((name, body)) if body.trim_start().starts_with('{') => {
            let fields = Fields::read(body)?;
            fields.kind()?;
            fields.tick(Some(name), TickShape::T5)
        }
        _ => Err(TickFault::NotATick),
    }
}

/// What `type` says.
#[derive(Clone, Copy)]
enum Kind {
    Upper,
    Lower,
    Unnamed,
}

/// The fields of a tick that anybody here reads.
#[derive(Default)]
struct Fields<'a> {
    kind: Option<Value<'a>>,
    symbol: Option<Value<'a>>,
    bid: Option<Value<'a>>,
    ask: Option<Value<'a>>,
    time: Option<Value<'a>>,
    timestamp: Option<Value<'a>>,
    seq: Option<Value<'a>>,
}

impl<'a> Fields<'a> {
    fn read(json: &'a str) -> Result<Self, TickFault> {
        let mut fields = Self::default();
        let mut strangers = [&[][..]; MAX_STRANGERS];
        let mut met = 0_usize;
        let mut scan = Scan::new(json.as_bytes())?;
        while let Some((key, value)) = scan.field()? {
            let slot = match key {
                b"bid" => &mut fields.bid,
                b"ask" => &mut fields.ask,
                b"symbol" => &mut fields.symbol,
                b"time" => &mut fields.time,
                b"timestamp" => &mut fields.timestamp,
                b"type" => &mut fields.kind,
                b"seq" => &mut fields.seq,
                _ => {
                    if strangers.iter().take(met).any(|known| *known == key) {
                        return Err(TickFault::DuplicateKey);
                    }
                    *strangers.get_mut(met).ok_or(TickFault::TooLong)? = key;
                    met += 1;
                    continue;
                }
            };
            if slot.replace(value).is_some() {
                return Err(TickFault::DuplicateKey);
            }
        }
        Ok(fields)
    }

    fn kind(&self) -> Result<Kind, TickFault> {
        match self.kind {
            None | Some(Value::Null) => Ok(Kind::Unnamed),
            Some(Value::Text { quoted: b"\"TICK\"", .. }) => Ok(Kind::Upper),
            Some(Value::Text { quoted: b"\"tick\"", .. }) => Ok(Kind::Lower),
            Some(_) => Err(TickFault::NotATick),
        }
    }

    /// `topic` is the symbol that came outside the JSON.
    fn tick(&self, topic: Option<&str>, shape: TickShape) -> Result<Tick, TickFault> {
        let symbol = self.symbol(topic)?;
        let (bid, ask) = (price(self.bid)?, price(self.ask)?);
        if bid.raw() <= 0 || ask.raw() <= 0 {
            return Err(TickFault::NotPositive);
        }
        if bid > ask {
            return Err(TickFault::Crossed);
        }
        let time = self.time.or(self.timestamp).map_or(Ok(None), time::peer_time)?;
        Ok(Tick { symbol, bid, ask, time, seq: self.seq(), shape })
    }

    fn symbol(&self, topic: Option<&str>) -> Result<Symbol, TickFault> {
        let outside = topic.map(Symbol::new).transpose()?;
        let inside = match self.symbol {
            None | Some(Value::Null) => None,
            Some(value) => Some(Symbol::new(&value.text().ok_or(TickFault::NotATick)?)?),
        };
        match (outside, inside) {
            (Some(a), Some(b)) if a != b => Err(TickFault::SymbolDiffers),
            (_, Some(symbol)) | (Some(symbol), None) => Ok(symbol),
            (None, None) => Err(TickFault::NotATick),
        }
    }

    /// Only our own gateway numbers its ticks; in anybody else's a field of
    /// this name may be anything.
    fn seq(&self) -> Option<u64> {
        match self.seq {
            Some(Value::Number(token)) => std::str::from_utf8(token).ok()?.parse().ok(),
            _ => None,
        }
    }
}

fn price(value: Option<Value<'_>>) -> Result<Price, TickFault> {
    match value {
        None | Some(Value::Null) => Err(TickFault::NoQuote),
        Some(Value::Number(token)) => match parse_scaled(token, Price::SCALE) {
            Ok(raw) => Ok(Price::from_raw(raw)),
            Err(DecimalError::OutOfRange) => Err(TickFault::OutOfRange),
            Err(DecimalError::NotANumber) => Err(TickFault::NotANumber),
        },
        Some(Value::Text { .. } | Value::Other) => Err(TickFault::NotANumber),
    }
}

#[cfg(test)]
mod tests;
