//! A quote as its peer most likely wrote it.
//!
//! A recording keeps of each message only where it differs from this: a
//! better guess makes it smaller, a wrong one changes nothing.

use crate::domain::{PeerTime, Tick, TickShape, UtcMicros};
use std::io::Write as _;

/// Appends the last frame of its message: as Python's `json.dumps` writes
/// it, but for a numbered quote, which our own gateway writes.
pub fn canonical(tick: &Tick, out: &mut Vec<u8>) {
    let (symbol, bid, ask) = (tick.symbol, tick.bid, tick.ask);
    // Writing into memory does not fail.
    let _ = match (tick.shape, tick.time, tick.seq) {
        (TickShape::T1, Some(PeerTime::Epoch(us)), _) => write!(
            out,
            "{{\"type\": \"TICK\", \"symbol\": \"{symbol}\", \"bid\": {bid}, \"ask\": {ask}, \
             \"time\": {}}}",
            us / 1_000
        ),
        (TickShape::T1 | TickShape::T2, ..) => write!(
            out,
            "{{\"type\": \"TICK\", \"symbol\": \"{symbol}\", \"bid\": {bid}, \"ask\": {ask}}}"
        ),
        (TickShape::T5, Some(PeerTime::Naive(us)), _) => write!(
            out,
            "{symbol} {{\"type\": \"tick\", \"symbol\": \"{symbol}\", \"timestamp\": \"{}\", \
             \"bid\": {bid}, \"ask\": {ask}, \"last\": ",
            UtcMicros(us).naive_iso()
        ),
        (TickShape::T3 | TickShape::T4, ..) => {
            write!(
                out,
                "{{\"symbol\": \"{symbol}\", \"price\": {bid}, \"bid\": {bid}, \"ask\": {ask}, "
            )
        }
        (TickShape::T7, Some(PeerTime::Epoch(us)), Some(seq)) => write!(
            out,
            "{{\"symbol\":\"{symbol}\",\"bid\":{bid},\"ask\":{ask},\"timestamp\":{}.{:06},\"seq\":{seq},\
             \"source",
            us / 1_000_000,
            us % 1_000_000
        ),
        (TickShape::T7, Some(PeerTime::Epoch(us)), None) => write!(
            out,
            "{{\"symbol\": \"{symbol}\", \"bid\": {bid}, \"ask\": {ask}, \"timestamp\": {}.{:06}",
            us / 1_000_000,
            us % 1_000_000
        ),
        _ => write!(out, "{{\"symbol\": \"{symbol}\", \"bid\": {bid}, \"ask\": {ask}, "),
    };
}
