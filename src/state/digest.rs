//! One line that two equal states share and two different ones don't.

use super::State;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::io;

/// Feeds a serialiser's output into the hash without keeping it.
struct Hashing(Sha256);

impl io::Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl State {
    /// SHA-256, in hex, over the canonical form: JSON with the fields in the
    /// order of their declaration and maps in the order of their keys. A live
    /// session and the replay of its recording end in the same digest.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut hashing = Hashing(Sha256::new());
        if let Err(e) = serde_json::to_writer(&mut hashing, self) {
            // No state of ours can't be serialised; if one ever is, its digest
            // must equal no other, this one's included.
            return format!("no digest at record {}: {e}", self.seq);
        }
        hashing.0.finalize().iter().fold(String::with_capacity(64), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_change_changes_it() {
        let a = State::default();
        let mut b = State::default();
        assert_eq!(a.digest(), b.digest());
        assert_eq!(a.digest().len(), 64);
        b.lag.engine.record(1);
        assert_ne!(a.digest(), b.digest());
    }
}
