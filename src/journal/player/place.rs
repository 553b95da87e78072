//! A place in a recording as an operator writes it: a record's number, a
//! clock time, a date, or a way from here.

use crate::domain::{Text, UtcMicros};

/// Microseconds in a day.
const DAY: i64 = 86_400_000_000;

/// Where to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// To the record of that number.
    Seq(u64),
    /// To a moment, UTC.
    Time(UtcMicros),
    /// To a clock time, microseconds after midnight UTC, of the day that
    /// [`Place::of_day`] finds.
    Clock(i64),
    /// So many microseconds from here, backwards where negative.
    By(i64),
}

impl Place {
    /// Understands `12345`, `14:05`, `14:05:30.250`, `2026-01-14T14:05`,
    /// `-10m`, `+30s`; all times are UTC.
    ///
    /// # Errors
    /// One line that shows the forms.
    pub fn parse(text: &str) -> Result<Self, Text> {
        let text = text.trim();
        let wrong = || {
            let said = Text::limited(text, 40);
            Text::new(&format!(
                "\"{said}\" is no place: write 14:05:30, 2026-01-14T14:05, -10m, or a record as \
                 12345"
            ))
        };
        if let Some(way) = text.strip_prefix('+') {
            return span(way).map(Self::By).ok_or_else(wrong);
        }
        if let Some(way) = text.strip_prefix('-') {
            return span(way).map(|us| Self::By(-us)).ok_or_else(wrong);
        }
        if let Ok(seq) = text.trim_start_matches('#').parse() {
            return Ok(Self::Seq(seq));
        }
        if text.contains('-') {
            return moment(text).map(Self::Time).ok_or_else(wrong);
        }
        clock(text.trim_end_matches('Z')).map(Self::Clock).ok_or_else(wrong)
    }

    /// The moment of a clock time: of the day of `here`, else of the nearest
    /// day on which the recording has it, else of the day of `here` all the
    /// same.
    #[must_use]
    pub fn of_day(clock: i64, here: UtcMicros, first: UtcMicros, last: UtcMicros) -> UtcMicros {
        let day = |at: UtcMicros| UtcMicros(at.0.div_euclid(DAY).saturating_mul(DAY) + clock);
        let covered = |at: &UtcMicros| (first.0..=last.0).contains(&at.0);
        let (today, others) = (day(here), [day(last), day(first)]);
        std::iter::once(today).chain(others).find(covered).unwrap_or(today)
    }
}

/// `10m` in microseconds: a whole number of seconds, minutes or hours.
#[must_use]
pub fn span(text: &str) -> Option<i64> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let unit = match unit {
        "s" => 1_000_000,
        "m" => 60_000_000,
        "h" => 3_600_000_000,
        _ => return None,
    };
    let number: u32 = number.parse().ok()?;
    i64::from(number).checked_mul(unit)
}

/// `2026-01-14`, `2026-01-14T14:05`, `2026-01-14 14:05:30.25`, all UTC, or any
/// RFC 3339 date with its own zone.
#[must_use]
pub fn moment(text: &str) -> Option<UtcMicros> {
    UtcMicros::from_iso(text).or_else(|| date(text))
}

fn date(text: &str) -> Option<UtcMicros> {
    let (day, time) = text.split_once(['T', ' ']).unwrap_or((text, "00:00"));
    let midnight = UtcMicros::from_iso(&format!("{day}T00:00:00Z"))?;
    let clock = clock(time.trim_end_matches('Z'))?;
    Some(UtcMicros(midnight.0.checked_add(clock)?))
}

/// `14:05`, `14:05:30`, `14:05:30.250` in microseconds after midnight.
fn clock(text: &str) -> Option<i64> {
    let mut parts = text.split(':');
    let hours = number(parts.next()?, 23)?;
    let minutes = number(parts.next()?, 59)?;
    let seconds = parts.next().unwrap_or("0");
    if parts.next().is_some() {
        return None;
    }
    let (whole, part) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let fits = (1..=6).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    let part: i64 = format!("{part:0<6}").parse().ok().filter(|_| fits)?;
    Some(((hours * 60 + minutes) * 60 + number(whole, 59)?) * 1_000_000 + part)
}

fn number(text: &str, most: i64) -> Option<i64> {
    let fits = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|n| fits && *n <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_understood() {
        let minute = 60_000_000;
        for (text, place) in [
            ("12345", Place::Seq(12_345)),
            ("#7", Place::Seq(7)),
            ("14:05", Place::Clock(845 * minute)),
            ("14:05:30", Place::Clock(845 * minute + 30_000_000)),
            (" 0:00:00.25Z ", Place::Clock(250_000)),
            ("2026-01-14T14:05", Place::Time(UtcMicros(1_768_399_500_000_000))),
            ("2026-01-14 14:05:00Z", Place::Time(UtcMicros(1_768_399_500_000_000))),
            ("2026-01-14", Place::Time(UtcMicros(1_768_348_800_000_000))),
            ("-10m", Place::By(-10 * minute)),
            ("+30s", Place::By(30_000_000)),
        ] {
            assert_eq!(Place::parse(text), Ok(place), "{text}");
        }
    }

    #[test]
    fn what_is_no_place_is_told_with_the_forms() {
        for text in [
            "",
            "24:00",
            "1:60",
            "14:05:61",
            "1:2:3:4",
            "14:05:30.1234567",
            "-m",
            "+1d",
            "2026-13-01",
            "x",
        ] {
            let why = Place::parse(text).unwrap_err();
            assert!(why.as_str().contains("14:05:30"), "{text}: {why}");
        }
    }

    #[test]
    fn a_clock_time_is_of_the_day_that_the_recording_has() {
        let at = |day: i64, hour: i64| UtcMicros(day * DAY + hour * 3_600_000_000);
        // Over midnight: 23:00 is of the first day, 01:00 of the second.
        let (first, last) = (at(10, 22), at(11, 2));
        let of = |hour: i64, here| Place::of_day(at(0, hour).0, here, first, last);
        assert_eq!(of(23, at(11, 1)), at(10, 23));
        assert_eq!(of(1, at(10, 23)), at(11, 1));
        assert_eq!(of(12, at(10, 23)), at(10, 12));
    }
}
