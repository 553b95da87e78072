//! How long something has lain at a path.

use crate::breaker::file::Probe;
use crate::host::clock;
use std::time::Duration;

/// A file without a body may be one that is still being written for so long.
pub(super) const WRITING: Duration = Duration::from_millis(300);

/// Device, inode and first sight of what lies there.
#[derive(Debug, Default)]
pub(super) struct Youth(Option<(u64, u64, u64)>);

impl Youth {
    /// Whether what lies there was first seen a moment ago: one of ours that
    /// is still being written looks like nobody's. A look without an answer
    /// changes nothing.
    pub fn look(&mut self, seen: Option<&Probe>) -> bool {
        let Some(seen) = seen else { return false };
        let Probe::Present { file, .. } = seen else {
            self.0 = None;
            return false;
        };
        let now = clock::mono_ns();
        let since = match self.0 {
            Some((dev, ino, since)) if (dev, ino) == (file.dev, file.ino) => since,
            // New to us, but not to the host: a file from before our start.
            _ if clock::utc().0.saturating_sub(file.ctime_ns / 1_000).abs() > 1_000_000 => 0,
            _ => now,
        };
        self.0 = Some((file.dev, file.ino, since));
        u128::from(now.saturating_sub(since)) < WRITING.as_nanos()
    }
}
