//! Evidence: what one consumer of the latch says that it sees.

use super::{Text, UtcMicros};
use serde::{Deserialize, Serialize};

/// What no two files of one host share at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FileId {
    /// Device.
    pub dev: u64,
    /// Inode.
    pub ino: u64,
}

/// One consumer's word about the latch. A claim, as everything a peer says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Who watches: `gateway`, `engine`, `sentinel`, `console`.
    pub consumer: Text,
    /// Host it runs on.
    pub host: Text,
    /// Path it watches; empty when it watches none.
    pub path: Text,
    /// Whether the latch holds for it; none when it can't tell.
    pub engaged: Option<bool>,
    /// Why it can't tell, empty otherwise.
    pub fault: Text,
    /// What lies at the path, while something does.
    pub file: Option<FileId>,
    /// The directory of the path: tells a private `/tmp` from the shared one
    /// while no file exists.
    pub dir: Option<FileId>,
    /// When it last denied an order because of the latch.
    pub last_blocked: Option<UtcMicros>,
    /// When it said this, by its own clock.
    pub said: UtcMicros,
}

impl Evidence {
    /// Whether both look at one place: the name of the file, its directory,
    /// and the file while both see one. The spelling of the directory does not
    /// matter; a private `/tmp` does. None when either can't tell.
    #[must_use]
    pub fn sees_same(&self, other: &Self) -> Option<bool> {
        let (ours, theirs) = (name(&self.path), name(&other.path));
        if ours != theirs {
            return Some(false);
        }
        let dir = self.dir.zip(other.dir).map(|(a, b)| a == b)?;
        let file = self.file.zip(other.file).is_none_or(|(a, b)| a == b);
        Some(dir && file)
    }
}

fn name(path: &Text) -> &str {
    path.as_str().rsplit('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(path: &str, dir: u64, file: Option<u64>) -> Evidence {
        Evidence {
            path: Text::new(path),
            dir: Some(FileId { dev: 1, ino: dir }),
            file: file.map(|ino| FileId { dev: 1, ino }),
            ..Evidence::default()
        }
    }

    #[test]
    fn one_place_is_a_name_in_a_directory() {
        let ours = seen("/tmp/latch.lock", 7, Some(9));
        for (theirs, same) in [
            (seen("/tmp/latch.lock", 7, Some(9)), Some(true)),
            (seen("/tmp/latch.lock", 7, None), Some(true)),
            (seen("/private/../tmp/latch.lock", 7, Some(9)), Some(true)),
            (seen("/tmp/latch.lock", 8, None), Some(false)),
            (seen("/tmp/latch.lock", 7, Some(10)), Some(false)),
            (seen("/tmp/other.lock", 7, Some(9)), Some(false)),
            (Evidence { dir: None, ..ours.clone() }, None),
        ] {
            assert_eq!(ours.sees_same(&theirs), same, "{theirs:?}");
        }
    }
}
