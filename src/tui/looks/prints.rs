//! What the user's files look like from outside: enough to see that one
//! changed, without reading it.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Entries looked at in each directory.
const MAX_FILES: usize = 1_000;

/// One file: its size, when it was changed (seconds and nanoseconds, of its
/// text and of its entry), which inode.
type Print = (u64, [i64; 4], u64);

/// Every theme and keymap file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Prints(BTreeMap<PathBuf, Print>);

impl Prints {
    /// Looks at them now. What can't be looked at counts as absent.
    pub(super) fn take(config_dir: &Path) -> Self {
        let mut all = BTreeMap::new();
        for kind in ["themes", "keymaps"] {
            let Ok(entries) = std::fs::read_dir(config_dir.join(kind)) else { continue };
            for entry in entries.take(MAX_FILES).flatten() {
                let path = entry.path();
                let toml = path.extension().is_some_and(|e| e == "toml");
                // Through links: it is what they lead to that is read.
                if let Some(meta) = std::fs::metadata(&path).ok().filter(|_| toml) {
                    let times = [meta.mtime(), meta.mtime_nsec(), meta.ctime(), meta.ctime_nsec()];
                    all.insert(path, (meta.len(), times, meta.ino()));
                }
            }
        }
        Self(all)
    }
}
