//! How far the kill is, in the latch's own metadata.
//!
//! Programs read the latch at any moment, and its existence, its inode and its
//! first reason must stay what they are. So the word is never written by a new
//! file: `metadata.state` and `metadata.state_at` have a fixed width inside
//! their quotes, and one write in place puts other letters there. Whatever
//! mixture of old and new letters a reader meets, it is the same document with
//! the same keys.

use crate::domain::{EngageId, UtcMicros};
use crate::host::world;
use std::path::Path;

/// What `metadata.state` says of a kill. No word, as in a BLOCK, promises
/// nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LatchWord {
    /// Not proven: what a latch says from its first moment on.
    Unconfirmed,
    /// Survivors are known.
    Partial,
    /// Every gateway of every kill in force is proven flat.
    Verified,
}

/// Letters of the word and of its time.
const WORD: usize = 11;
const TIME: usize = 26;
const KEY: &[u8] = b"\"state\":\"";
const BETWEEN: &[u8] = b"\",\"state_at\":\"";

impl LatchWord {
    /// As written, filled up with blanks behind it.
    #[must_use]
    pub fn padded(self) -> String {
        let word = match self {
            Self::Unconfirmed => "UNCONFIRMED",
            Self::Partial => "PARTIAL",
            Self::Verified => "VERIFIED",
        };
        format!("{word:<WORD$}")
    }

    /// Puts the word into the body of a latch that names one of `ids`: where
    /// in the file, and what. None where the body has no such place.
    #[must_use]
    pub fn put(self, body: &[u8], ids: &[EngageId], at: UtcMicros) -> Option<(u64, Vec<u8>)> {
        if !super::body::parse(body).engage_id.is_some_and(|id| ids.contains(&id)) {
            return None;
        }
        let from = body.windows(KEY.len()).position(|part| part == KEY)? + KEY.len();
        let slot = body.get(from..from + WORD + BETWEEN.len() + TIME + 1)?;
        let (word, rest) = slot.split_at_checked(WORD)?;
        let (between, rest) = rest.split_at_checked(BETWEEN.len())?;
        let (time, end) = rest.split_at_checked(TIME)?;
        let plain = |text: &[u8]| text.iter().all(|b| b.is_ascii() && !matches!(b, b'"' | b'\\'));
        if between != BETWEEN || end != b"\"" || !plain(word) || !plain(time) {
            return None;
        }
        let new = [self.padded().as_bytes(), BETWEEN, padded_time(at).as_bytes()].concat();
        Some((u64::try_from(from).ok()?, new))
    }
}

/// The time as it is written, in its fixed width.
pub(super) fn padded_time(at: UtcMicros) -> String {
    format!("{:<TIME$.TIME$}", at.naive_iso())
}

/// Writes the word into the latch at `path`, if it is one of `ids`. May wait
/// for the file system. Whether the word stands there.
#[must_use]
pub fn write(path: &Path, ids: &[EngageId], word: LatchWord, at: UtcMicros) -> bool {
    let edit = |body: &[u8]| word.put(body, ids, at);
    world::here(|world| world.amend(path, &edit)).is_ok_and(|done| done)
}

#[cfg(test)]
mod tests {
    use super::super::body;
    use super::*;
    use crate::domain::{Intent, Text};
    use crate::host::Identity;
    use serde_json::Value;

    fn latch(intent: Intent) -> (Vec<u8>, EngageId) {
        let reason = Text::new("a \"state\":\"VERIFIED   \",\"state_at\":\" in its words");
        let intent = Identity::here().decide(intent, reason, None, Path::new("/tmp/l"), &[]);
        (body::compose(&intent, Path::new("/tmp")), intent.engage_id)
    }

    #[test]
    fn every_mixture_of_old_and_new_is_the_same_document() {
        let (body, id) = latch(Intent::Kill);
        let at = UtcMicros(1_768_399_200_000_001);
        let (from, new) = LatchWord::Verified.put(&body, &[id], at).unwrap();
        let from = usize::try_from(from).unwrap();
        let keys = |text: &[u8]| -> Vec<String> {
            let value: Value = serde_json::from_slice(text).unwrap();
            value["metadata"].as_object().unwrap().keys().cloned().collect()
        };
        for torn in 0..=new.len() {
            let mut front = body.clone();
            front[from..from + torn].copy_from_slice(&new[..torn]);
            let mut back = body.clone();
            back[from + torn..from + new.len()].copy_from_slice(&new[torn..]);
            for mixed in [front, back] {
                assert_eq!(keys(&mixed), keys(&body));
                let read = body::parse(&mixed);
                assert_eq!(read.engage_id, Some(id));
                assert_eq!(read.reason, body::parse(&body).reason);
            }
        }
        let mut whole = body.clone();
        whole[from..from + new.len()].copy_from_slice(&new);
        assert_eq!(whole.len(), body.len());
        let value: Value = serde_json::from_slice(&whole).unwrap();
        assert_eq!(value["metadata"]["state"].as_str().unwrap().trim_end(), "VERIFIED");
        assert_eq!(value["metadata"]["state_at"], "2026-01-14T14:00:00.000001");
    }

    #[test]
    fn no_other_latch_is_touched() {
        let (kill, id) = latch(Intent::Kill);
        let (block, blocked) = latch(Intent::Block);
        let put = |body: &[u8], id| LatchWord::Verified.put(body, &[id], UtcMicros(0));
        assert!(put(&kill, id).is_some());
        assert!(put(&kill, blocked).is_none(), "another decision");
        assert!(put(&block, blocked).is_none(), "a block proves nothing");
        assert!(put(b"", id).is_none() && put(&kill[..kill.len() / 2], id).is_none());
    }

    #[test]
    fn it_is_written_in_place_and_never_makes_a_file() {
        use std::os::unix::fs::MetadataExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("latch");
        let (body, id) = latch(Intent::Kill);
        assert!(!write(&path, &[id], LatchWord::Verified, UtcMicros(0)));
        assert!(!path.exists());
        std::fs::write(&path, &body).unwrap();
        let inode = std::fs::metadata(&path).unwrap().ino();
        assert!(write(&path, &[id], LatchWord::Partial, UtcMicros(0)));
        let meta = std::fs::metadata(&path).unwrap();
        assert_eq!((meta.ino(), meta.len()), (inode, u64::try_from(body.len()).unwrap()));
        assert!(std::fs::read_to_string(&path).unwrap().contains("PARTIAL"));
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(!write(&link, &[id], LatchWord::Verified, UtcMicros(0)), "no link is followed");
    }
}
