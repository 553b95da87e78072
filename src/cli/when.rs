//! A moment as every verb prints it: UTC, and how long ago.

use crate::domain::{Text, UtcMicros};
use crate::host::clock;
use crate::tui::view::format::age;
use std::time::Duration;

/// `2026-11-30 04:54:34 UTC, 3m ago`.
#[must_use]
pub fn when(at: UtcMicros) -> String {
    let iso = at.iso();
    let shown = iso.get(..19).unwrap_or(&iso).replace('T', " ");
    match u64::try_from(clock::utc().0.saturating_sub(at.0)) {
        Ok(us) => format!("{shown} UTC, {} ago", age(Duration::from_micros(us))),
        Err(_) => format!("{shown} UTC, which is in the future"),
    }
}

/// Since when a latch stands: as written in it, else by the file's own time of
/// change, in nanoseconds since 1970, and says so; 0 is none.
#[must_use]
pub fn since(written: &str, ctime_ns: i64) -> String {
    if let Some(at) = UtcMicros::from_iso(&format!("{written}Z")) {
        return when(at);
    }
    match (written.is_empty(), ctime_ns / 1_000) {
        (false, _) => format!("\"{}\", as written in it", Text::limited(written, 60)),
        (true, 0) => String::from("not known"),
        (true, us) => format!("{} (the file's time)", when(UtcMicros(us))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_in_utc_with_its_age_and_its_source() {
        let day = clock::utc().0 - 86_400_000_000 * 5;
        let said = when(UtcMicros(day));
        assert!(said.ends_with(" UTC, 5d ago") && said.get(10..11) == Some(" "), "{said}");
        assert_eq!(since(&UtcMicros(day).naive_iso(), 7), said, "what is written goes first");
        let file = since("", day * 1_000);
        assert!(file.starts_with(&said) && file.contains("the file's time"), "{file}");
        assert_eq!(since("", 0), "not known");
        assert!(since("yester\u{1b}day", 7).starts_with("\"yester·day\""));
        assert!(when(UtcMicros(clock::utc().0 + 86_400_000_000)).contains("in the future"));
    }
}
