//! `[recording]`: what is kept of each session, and for how long.

use super::load::Draft;
use super::section::Section;

/// Reads the table.
pub fn recording(section: &mut Section<'_, '_>, draft: &mut Draft) {
    let out = &mut draft.problems;
    let on = section.switch("on", out);
    let megabytes = section.integer("max_mb", 16..=1_000_000, out);
    let days = section.integer("max_days", 1..=3_650, out);
    draft.put("recording.on", on, |s| &mut s.recording.on);
    draft.put("recording.max_mb", megabytes, |s| &mut s.recording.max_mb);
    draft.put("recording.max_days", days, |s| &mut s.recording.max_days);
}
