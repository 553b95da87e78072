//! Messages on the tick port, against `serde_json` where that reads them too.

use super::clean::clean;
use crs::domain::{PeerTime, Price, Tick, TickShape};
use crs::wire::ticks::{MAX_BYTES, decode};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt::Write as _;

/// Between two frames: no byte of UTF-8.
const BETWEEN: u8 = 0xff;
/// Seconds above this are taken for milliseconds.
const LAST_SECOND_US: i64 = 100_000_000_000_000_000;

#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow)]
    bid: &'a RawValue,
    #[serde(borrow)]
    ask: &'a RawValue,
    #[serde(borrow, default)]
    symbol: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    seq: Option<&'a RawValue>,
}

/// Frames with 0xff between them.
pub fn tick(data: &[u8]) -> bool {
    let frames: Vec<&[u8]> = data.split(|b| *b == BETWEEN).collect();
    let tick = match decode(&frames) {
        Ok(tick) => tick,
        Err(fault) => {
            clean(&fault.to_string());
            return false;
        }
    };
    assert!(tick.bid > Price::ZERO && tick.bid <= tick.ask, "no quote: {tick:?}");
    let name = tick.symbol.as_str();
    assert!((1..=31).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_graphic()));
    assert!(frames.iter().all(|frame| frame.len() <= MAX_BYTES));
    let two = matches!(tick.shape, TickShape::T3 | TickShape::T4);
    assert_eq!(frames.len(), if two { 2 } else { 1 }, "{tick:?}");
    if tick.shape == TickShape::T2 {
        assert_eq!(tick.time, None);
    }
    if let Some(PeerTime::Epoch(us) | PeerTime::Naive(us)) = tick.time {
        assert!(us > 0, "no moment after 1970: {tick:?}");
    }
    read_alike(&tick, &frames);
    back_again(&tick);
    true
}

/// A library's reader finds the same numbers in the same text.
fn read_alike(tick: &Tick, frames: &[&[u8]]) {
    let text = std::str::from_utf8(frames[frames.len() - 1]).unwrap();
    let body = match text.split_once(' ') {
        Some((_, body)) if frames.len() == 1 && !text.trim_start().starts_with('{') => body,
        _ => text,
    };
    let fields: Fields = match serde_json::from_str(body) {
        Ok(fields) => fields,
        Err(e) => {
            // Python writes these two, in fields that nobody reads too.
            assert!(body.contains("NaN") || body.contains("Infinity"), "{e}: {body}");
            return;
        }
    };
    assert_eq!(Price::parse(fields.bid.get()), Ok(tick.bid));
    assert_eq!(Price::parse(fields.ask.get()), Ok(tick.ask));
    if let Some(symbol) = fields.symbol {
        assert_eq!(symbol, tick.symbol.as_str());
    }
    let seq = fields.seq.and_then(|raw| raw.get().parse::<u64>().ok());
    assert_eq!(seq, tick.seq);
}

/// Written as our gateway writes its ticks, it is the same quote.
fn back_again(tick: &Tick) {
    let symbol = serde_json::to_string(&tick.symbol).unwrap();
    let mut text = format!("{{\"symbol\":{symbol},\"bid\":{},\"ask\":{}", tick.bid, tick.ask);
    let time = match tick.time {
        Some(PeerTime::Epoch(us)) if us <= LAST_SECOND_US => Some(us),
        _ => None,
    };
    if let Some(us) = time {
        let _ = write!(text, ",\"timestamp\":{}.{:06}", us / 1_000_000, us % 1_000_000);
    }
    if let Some(seq) = tick.seq {
        let _ = write!(text, ",\"seq\":{seq}");
    }
    text.push('}');
    let back = decode(&[text.as_bytes()]).unwrap_or_else(|e| panic!("{e}: {text}"));
    let time = time.map(PeerTime::Epoch);
    assert_eq!(back, Tick { shape: TickShape::T7, time, ..*tick }, "{text}");
}
