//! This host's clock against a time server: SNTP, RFC 4330.

use super::endpoint;
use crate::config::checks::At;
use crate::domain::UtcMicros;
use crate::host::clock;
use crate::mesh::look::{Good, Seen, Wrong};
use crate::mesh::net::{Until, udp};

/// Bytes of a packet.
const PACKET: usize = 48;
/// Version 4, a client asks.
const ASK: u8 = 0x23;
/// Seconds from 1900, where NTP begins, to 1970.
const EPOCH: i64 = 2_208_988_800;

/// Asks.
pub fn look(at: &At, max_ms: u64, until: Until) -> Seen {
    let to = endpoint(at)?;
    let asked = std::cell::Cell::new(UtcMicros(0));
    let ask = || {
        asked.set(clock::utc());
        let mut packet = vec![0_u8; PACKET];
        packet.splice(..1, [ASK]);
        packet.splice(PACKET - 8.., stamp(asked.get()));
        packet
    };
    let read = |got: &[u8]| Answer::read(got, asked.get(), clock::utc());
    let (answer, took) = udp::ask(&to, until, "time server", ask, read)?;
    if answer.stratum == 0 || answer.unsure {
        return Err(Wrong::failed(
            "the time server does not know the time itself",
            "see its own sources, or ask another",
        ));
    }
    let ms = answer.offset_us / 1_000;
    if ms.unsigned_abs() > max_ms {
        let how = if ms > 0 { "behind" } else { "ahead of" };
        let cause = format!("this clock is {} ms {how} the server's, at most {max_ms}", ms.abs());
        return Err(Wrong::failed(
            cause,
            "see what keeps this clock: timedatectl, chronyc tracking",
        ));
    }
    Ok(Good { said: format!("offset {ms} ms"), took: Some(took) })
}

struct Answer {
    stratum: u8,
    /// It says that it is not synchronised.
    unsure: bool,
    /// How far the server is ahead, in microseconds.
    offset_us: i64,
}

impl Answer {
    /// None for what does not answer the question of `asked`.
    fn read(got: &[u8], asked: UtcMicros, back: UtcMicros) -> Option<Self> {
        let first = *got.first()?;
        let (received, sent) = (micros(got.get(32..40)?)?, micros(got.get(40..PACKET)?)?);
        let ours = first & 0x07 == 4 && got.get(24..32)? == stamp(asked);
        let there = received.checked_sub(asked.0)?;
        let back = sent.checked_sub(back.0)?;
        ours.then_some(Self {
            stratum: *got.get(1)?,
            unsure: first >> 6 == 3,
            offset_us: there.checked_add(back)? / 2,
        })
    }
}

/// A moment as NTP has it: seconds since 1900, and 2^-32 of them.
fn stamp(at: UtcMicros) -> [u8; 8] {
    let seconds = at.0.div_euclid(1_000_000).wrapping_add(EPOCH);
    let seconds = u64::try_from(seconds).unwrap_or(0) & 0xffff_ffff;
    let part = u64::try_from(at.0.rem_euclid(1_000_000)).unwrap_or(0);
    ((seconds << 32) | ((part << 32) / 1_000_000)).to_be_bytes()
}

/// The same, read; microseconds since 1970.
fn micros(bytes: &[u8]) -> Option<i64> {
    let all = u64::from_be_bytes(bytes.try_into().ok()?);
    let seconds = i64::try_from(all >> 32).ok()? - EPOCH;
    let part = i64::try_from(((all & 0xffff_ffff) * 1_000_000) >> 32).ok()?;
    Some(seconds * 1_000_000 + part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_is_half_of_both_ways() {
        let asked = UtcMicros(1_768_399_018_271_512);
        let mut packet = vec![0_u8; PACKET];
        packet.splice(..2, [0x24, 2]);
        packet.splice(24..32, stamp(asked));
        // The server is 250 ms ahead, each way takes 10 ms.
        packet.splice(32..40, stamp(UtcMicros(asked.0 + 260_000)));
        packet.splice(40..48, stamp(UtcMicros(asked.0 + 260_000)));
        let answer = Answer::read(&packet, asked, UtcMicros(asked.0 + 20_000)).unwrap();
        assert!((answer.offset_us - 250_000).abs() < 5, "{}", answer.offset_us);
        assert!(Answer::read(&packet, UtcMicros(asked.0 + 1_000), asked).is_none(), "another's");
        assert!(Answer::read(&packet[..40], asked, asked).is_none(), "half of one");
    }
}
