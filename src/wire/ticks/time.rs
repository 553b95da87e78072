//! The time a peer writes into a tick, in microseconds.

use super::fault::TickFault;
use super::scan::{Kind, Scan, Value};
use crate::domain::PeerTime;
use crate::domain::fixed::{parse_scaled, rescale};
use chrono::NaiveDate;

/// Above 1e11 a number can't be seconds (that would be the year 5138), so it
/// is milliseconds.
const MS_ABOVE_US: i64 = 100_000_000_000 * 1_000_000;

/// Seconds, milliseconds or ISO-8601; null is no time.
pub(super) fn peer_time(scan: &Scan<'_>, value: &Value) -> Result<Option<PeerTime>, TickFault> {
    let us = match value.kind {
        Kind::Absent | Kind::Null => return Ok(None),
        Kind::Short => rescale(value.digits, value.decimals, 6),
        Kind::Number => parse_scaled(scan.span(value), 6).ok(),
        Kind::Plain | Kind::Escaped => {
            let time = scan.text(value).and_then(|text| iso(&text));
            let after_1970 =
                |time: &PeerTime| matches!(time, PeerTime::Epoch(1..) | PeerTime::Naive(1..));
            return time.filter(after_1970).map(Some).ok_or(TickFault::BadTime);
        }
        Kind::Other => None,
    };
    epoch(us.ok_or(TickFault::BadTime)?)
}

fn epoch(us: i64) -> Result<Option<PeerTime>, TickFault> {
    let us = if us > MS_ABOVE_US { us / 1_000 } else { us };
    if us > 0 { Ok(Some(PeerTime::Epoch(us))) } else { Err(TickFault::BadTime) }
}

/// `2026-01-14T13:56:58[.271512][Z|±hh:mm]`, with a space for the `T` too.
/// Without a zone it is somebody's wall clock, and nobody says whose.
fn iso(text: &[u8]) -> Option<PeerTime> {
    let two = |at: usize| number(text.get(at..at + 2)?);
    let sign = |at: usize, wanted: &[u8]| text.get(at).filter(|b| wanted.contains(b)).map(|_| ());
    let year = i32::try_from(number(text.get(..4)?)?).ok()?;
    sign(4, b"-")?;
    sign(7, b"-")?;
    sign(10, b"T ")?;
    sign(13, b":")?;
    sign(16, b":")?;
    let (part, zone) = fraction(text.get(19..)?)?;
    let us = NaiveDate::from_ymd_opt(year, two(5)?, two(8)?)?
        .and_hms_micro_opt(two(11)?, two(14)?, two(17)?, part)?
        .and_utc()
        .timestamp_micros();
    match zone {
        [] => Some(PeerTime::Naive(us)),
        b"Z" => Some(PeerTime::Epoch(us)),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (number(&[*h1, *h2])?, number(&[*m1, *m2])?);
            let offset = i64::from(hours * 60 + minutes) * 60_000_000;
            Some(PeerTime::Epoch(if *sign == b'+' { us - offset } else { us + offset }))
        }
        _ => None,
    }
}

/// Microseconds after the point, where there is one, and what follows.
fn fraction(text: &[u8]) -> Option<(u32, &[u8])> {
    let Some((b'.', tail)) = text.split_first() else { return Some((0, text)) };
    let len = tail.iter().take_while(|b| b.is_ascii_digit()).count();
    let (digits, zone) = tail.split_at_checked(len)?;
    if digits.is_empty() || digits.len() > 9 {
        return None;
    }
    let padded = digits.iter().copied().chain(std::iter::repeat(b'0')).take(6);
    Some((padded.fold(0, |n, b| n * 10 + u32::from(b - b'0')), zone))
}

fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0_u32, |n, b| {
        let digit = b.is_ascii_digit().then(|| u32::from(b - b'0'))?;
        Some(n * 10 + digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(token: &str) -> Result<Option<PeerTime>, TickFault> {
        let json = format!("{{\"time\":{token}}}");
        let (mut scan, mut value) = (Scan::new(&json), Value::default());
        scan.next()?;
        scan.value(&mut value)?;
        peer_time(&scan, &value)
    }

    #[test]
    fn seconds_and_milliseconds_are_told_apart() {
        for (token, us) in [
            ("1767115660.775975", 1_767_115_660_775_975),
            ("1767115660.7759752", 1_767_115_660_775_975),
            ("1767115660", 1_767_115_660_000_000),
            ("1767115660775", 1_767_115_660_775_000),
            ("1767115660775.9", 1_767_115_660_775_900),
            ("1.767115660775e12", 1_767_115_660_775_000),
        ] {
            assert_eq!(field(token), Ok(Some(PeerTime::Epoch(us))), "{token}");
        }
        for token in ["0", "-1", "1e999", "1767115660775975000"] {
            assert_eq!(field(token), Err(TickFault::BadTime), "{token}");
        }
        assert_eq!(field("null"), Ok(None));
        assert_eq!(field("true"), Err(TickFault::BadTime));
    }

    #[test]
    fn iso_with_and_without_a_zone() {
        let us = 1_768_399_018_271_512;
        for (text, time) in [
            ("2026-01-14T13:56:58.271512", PeerTime::Naive(us)),
            ("2026-01-14 13:56:58.271512", PeerTime::Naive(us)),
            ("2026-01-14T13:56:58.271512999", PeerTime::Naive(us)),
            ("2026-01-14T13:56:58", PeerTime::Naive(1_768_399_018_000_000)),
            ("2026-01-14T13:56:58.27", PeerTime::Naive(1_768_399_018_270_000)),
            ("2026-01-14T13:56:58.271512Z", PeerTime::Epoch(us)),
            ("2026-01-14T15:56:58.271512+02:00", PeerTime::Epoch(us)),
            ("2026-01-14T08:26:58.271512-05:30", PeerTime::Epoch(us)),
        ] {
            assert_eq!(iso(text.as_bytes()), Some(time), "{text}");
        }
        for text in [
            "",
            "2026-01-14",
            "2026-13-14T13:56:58",
            "2026-02-30T13:56:58",
            "2026-01-14T24:00:00",
            "2026-01-14T13:56:58.",
            "2026-01-14T13:56:58 UTC",
            "2026-01-14T13:56:58+2:00",
            "2026/01/14T13:56:58",
            "+026-01-14T13:56:58",
        ] {
            assert_eq!(iso(text.as_bytes()), None, "{text}");
        }
    }
}
