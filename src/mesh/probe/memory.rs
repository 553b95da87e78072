//! Memory that can be had without swapping.

use crate::mesh::look::{Good, Seen, Wrong};

/// Looks.
pub fn look(min_free_mb: u64) -> Seen {
    let next = "this check needs Linux with /proc";
    let text = std::fs::read_to_string("/proc/meminfo")
        .map_err(|e| Wrong::unknown(format!("/proc/meminfo: {e}"), next))?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let kb = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    let Some(kb) = kb else {
        return Err(Wrong::unknown("/proc/meminfo does not say what is available", next));
    };
    let mb = kb / 1_024;
    if mb < min_free_mb {
        let cause = format!("{mb} MB of memory available, not {min_free_mb}");
        return Err(Wrong::failed(cause, "see who has it: ps aux --sort -rss"));
    }
    Ok(Good { said: format!("{mb} MB available"), took: None })
}
