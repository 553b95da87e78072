//! Words of the file that are more than strings: names, durations, sizes,
//! signals, conditions, addresses.

use crate::config::Problem;
use crate::config::origin::Sourced;
use crate::config::problem::nearest;
use crate::config::section::Section;
use crate::domain::{Endpoint, Text};
use std::ops::RangeInclusive;
use std::time::Duration;

/// Longest name, in characters.
const NAME_CHARS: usize = 64;
/// Longest duration of the file: 30 days.
pub const LONGEST: Duration = Duration::from_hours(720);

/// Units of a duration and their milliseconds.
const TIMES: [(&str, u64); 4] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];
/// Units of a size and their bytes.
const SIZES: [(&str, u64); 4] = [("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

/// Names of signals and their numbers on Linux.
pub const SIGNALS: [(&str, i32); 7] =
    [("HUP", 1), ("INT", 2), ("QUIT", 3), ("KILL", 9), ("USR1", 10), ("USR2", 12), ("TERM", 15)];

/// Whether this can be the name of a process, a machine or a mode: it becomes
/// a file's name, so it begins with a letter or a digit.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    (1..=NAME_CHARS).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(fits)
}

/// The name, where it is one.
pub fn name(text: &Sourced<&str>, what: &str, out: &mut Vec<Problem>) -> Option<String> {
    if is_name(text.value) {
        return Some(text.value.to_owned());
    }
    let cause = format!("\"{}\" is no name of a {what}", Text::limited(text.value, 60));
    let next = format!(
        "use 1 to {NAME_CHARS} of letters, digits, _ - and ., beginning with a letter or a digit"
    );
    out.push(Problem::new(text.origin.clone(), cause, next));
    None
}

/// A number and its unit: `1s`, `500ms`, `10m`.
fn measured(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(digits)?;
    let (_, factor) = units.iter().find(|(known, _)| *known == unit.trim_start())?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

/// `1s`, `500ms`, `10m`, `2h`; none where it is nothing of the kind.
#[must_use]
pub fn duration_of(text: &str) -> Option<Duration> {
    measured(text, &TIMES).map(Duration::from_millis).filter(|time| *time <= LONGEST)
}

/// A duration of at least `least`.
pub fn duration<'a>(
    section: &mut Section<'a, '_>,
    key: &'a str,
    least: Duration,
    out: &mut Vec<Problem>,
) -> Option<Duration> {
    let text = section.text(key, out)?;
    let time = duration_of(text.value).filter(|time| *time >= least);
    if time.is_none() {
        let cause =
            format!("{} = \"{}\" is no duration", section.full(key), Text::limited(text.value, 40));
        let least = if least.is_zero() { "" } else { ", above 0" };
        let next = format!("write it as \"500ms\", \"1s\", \"10m\" or \"2h\"{least}, at most 720h");
        out.push(Problem::new(text.origin, cause, next));
    }
    time
}

/// A size in bytes: `"512MiB"`, at least 1.
pub fn size<'a>(
    section: &mut Section<'a, '_>,
    key: &'a str,
    out: &mut Vec<Problem>,
) -> Option<u64> {
    let text = section.text(key, out)?;
    let bytes = measured(text.value, &SIZES).filter(|bytes| *bytes > 0);
    if bytes.is_none() {
        let cause =
            format!("{} = \"{}\" is no size", section.full(key), Text::limited(text.value, 40));
        let next = "write it as \"65536B\", \"64KiB\", \"512MiB\" or \"2GiB\"";
        out.push(Problem::new(text.origin, cause, next));
    }
    bytes
}

/// One word of a list, by the list's own meaning.
pub fn one_of<T: Clone>(
    text: &Sourced<&str>,
    what: &str,
    known: &[(&str, T)],
    out: &mut Vec<Problem>,
) -> Option<T> {
    if let Some((_, meaning)) = known.iter().find(|(word, _)| *word == text.value) {
        return Some(meaning.clone());
    }
    let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
    let cause = format!(
        "no {what} is \"{}\"{}",
        Text::limited(text.value, 40),
        meant(text.value, words.iter().copied())
    );
    out.push(Problem::new(
        text.origin.clone(),
        cause,
        format!("write one of {}", words.join(", ")),
    ));
    None
}

/// ` (did you mean "…"?)`, where something is near.
#[must_use]
pub fn meant<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, known).map_or_else(String::new, |meant| format!(" (did you mean \"{meant}\"?)"))
}

/// `host:port`.
pub fn endpoint(text: &Sourced<&str>, key: &str, out: &mut Vec<Problem>) -> Option<Endpoint> {
    match text.value.parse::<Endpoint>() {
        Ok(endpoint) => Some(endpoint),
        Err(e) => {
            let next = "write it as \"127.0.0.1:6379\"";
            out.push(Problem::new(text.origin.clone(), format!("{key}: {e}"), next));
            None
        }
    }
}

/// A whole number of a smaller kind.
pub fn narrow<'a, T: TryFrom<u64>>(
    section: &mut Section<'a, '_>,
    key: &'a str,
    range: RangeInclusive<u64>,
    out: &mut Vec<Problem>,
) -> Option<T> {
    section.integer(key, range, out).and_then(|number| T::try_from(number.value).ok())
}

/// Program and arguments: none of them with a zero byte, the first not empty.
pub fn argv<'a>(
    section: &mut Section<'a, '_>,
    key: &'a str,
    out: &mut Vec<Problem>,
) -> Option<Vec<String>> {
    let texts = section.texts(key, out)?;
    let words: Vec<String> = texts.value.iter().map(|word| word.value.to_owned()).collect();
    let sound = words.first().is_some_and(|program| !program.is_empty());
    if !sound || words.iter().any(|word| word.contains('\0')) {
        let cause = format!("{} names no program", section.full(key));
        let next = format!("write {key} = [\"program\", \"argument\", …]; no shell reads it");
        out.push(Problem::new(texts.origin, cause, next));
        return None;
    }
    Some(words)
}

/// Numbers of a list of whole numbers within `range`.
pub fn numbers<'a, T: TryFrom<u64>>(
    section: &mut Section<'a, '_>,
    key: &'a str,
    range: &RangeInclusive<u64>,
    out: &mut Vec<Problem>,
) -> Vec<(T, crate::config::Origin)> {
    let Some(list) = section.integers(key, range, out) else { return Vec::new() };
    let narrow = |n: Sourced<u64>| T::try_from(n.value).ok().map(|value| (value, n.origin));
    list.value.into_iter().filter_map(narrow).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit_and_an_end() {
        for (text, ms) in [("500ms", 500), ("1s", 1_000), ("10m", 600_000), ("2h", 7_200_000)] {
            assert_eq!(duration_of(text), Some(Duration::from_millis(ms)), "{text}");
        }
        for text in ["", "1", "s", "-1s", "1.5s", "1d", "999999999999999h", "721h", "1s ", "1 s x"]
        {
            assert_eq!(duration_of(text), None, "{text}");
        }
        assert_eq!(measured("18446744073709551615GiB", &SIZES), None);
        assert_eq!(measured("64KiB", &SIZES), Some(65_536));
    }

    #[test]
    fn a_name_is_fit_for_a_file() {
        for name in ["Redis", "engine-live", "a.b_c", "7"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", ".", "..", "-x", "a/b", "a b", "ä", &"x".repeat(65)] {
            assert!(!is_name(name), "{name}");
        }
    }
}
