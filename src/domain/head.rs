//! Audit heads: the last line of one chain, as it is told to a witness.

use super::{Text, UtcMicros};
use serde::{Deserialize, Serialize};

/// The last line of a chain. Whoever keeps it can tell later that the chain
/// lost its tail, which the chain itself can't show.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AuditHead {
    /// Which log of that host: a hash of its directory.
    pub log: Text,
    /// File name of the chain.
    pub chain: Text,
    /// Number of the line, counted from 0.
    pub n: u64,
    /// SHA-256 of the line, hexadecimal.
    pub sha: Text,
    /// Host that wrote it.
    pub host: Text,
    /// Part of `crs` that wrote it.
    pub role: Text,
    /// When it was written.
    pub at: UtcMicros,
}

impl AuditHead {
    /// As it travels: every word is one, without blanks and `=`, so that it
    /// is the same in every form, and a hash is nothing else.
    #[must_use]
    pub fn in_words(self) -> Self {
        let Self { log, chain, n, sha, host, role, at } = self;
        Self {
            log: word(&log, 40),
            chain: word(&chain, 160),
            n,
            sha: word(&sha, 64),
            host: word(&host, 64),
            role: word(&role, 16),
            at,
        }
    }
}

fn word(text: &Text, most: usize) -> Text {
    let fit = |c: char| if c.is_ascii_graphic() && c != '=' { c } else { '_' };
    let word: String = text.as_str().chars().take(most).map(fit).collect();
    Text::new(if word.is_empty() { "-" } else { &word })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_one_and_stays_the_same() {
        let head = AuditHead {
            chain: Text::new("a b=c\u{e9}.jsonl"),
            host: Text::new(&"h".repeat(500)),
            ..AuditHead::default()
        };
        let words = head.in_words();
        assert_eq!((words.chain.as_str(), words.role.as_str()), ("a_b_c_.jsonl", "-"));
        assert_eq!(words.host.as_str().len(), 64);
        assert_eq!(words.clone().in_words(), words);
    }
}
