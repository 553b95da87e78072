//! The clocks: durations come from the monotonic one, so a wrong wall clock
//! spoils what is written down, not what is done.

use super::check::{Check, State};
use crate::domain::{Stamp, UtcMicros};
use crate::host::clock;
use std::path::Path;

/// 2026-01-01: this program did not exist earlier.
const EARLIEST: UtcMicros = UtcMicros(1_767_225_600_000_000);

/// Looks at them.
pub fn checks() -> Vec<Check> {
    let synced = Path::new("/run/systemd/timesync/synchronized").exists();
    vec![wall(clock::now(), synced)]
}

fn wall(now: Stamp, synced: bool) -> Check {
    let what = "clock";
    let shown = now.utc.iso();
    if now.utc < EARLIEST {
        let advice = "times in the latch and the audit log will be wrong; set the clock";
        return Check::new(what, State::Poor, shown, advice);
    }
    if synced {
        return Check::good(what, format!("{shown}, synchronised"));
    }
    let advice = "can't tell whether it is synchronised; lags of ticks are estimates anyway";
    Check::new(what, State::Note, shown, advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_from_the_past_is_noticed() {
        let at = |us| Stamp { mono_ns: 1, utc: UtcMicros(us) };
        assert_eq!(wall(at(0), true).state, State::Poor);
        assert_eq!(wall(at(EARLIEST.0), true).state, State::Good);
        assert_eq!(wall(at(EARLIEST.0), false).state, State::Note);
    }
}
