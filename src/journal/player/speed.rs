//! How fast a recording plays.

use std::fmt;

/// Speed as thousandths of the recording's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Speed(u32);

impl Speed {
    /// All of them, the slowest first.
    pub const ALL: [Self; 9] = [
        Self(100),
        Self(500),
        Self(1_000),
        Self(2_000),
        Self(5_000),
        Self(10_000),
        Self(60_000),
        Self(100_000),
        Self(1_000_000),
    ];

    /// The next faster one, or itself.
    #[must_use]
    pub fn faster(self) -> Self {
        Self::ALL.into_iter().find(|s| *s > self).unwrap_or(self)
    }

    /// The next slower one, or itself.
    #[must_use]
    pub fn slower(self) -> Self {
        Self::ALL.into_iter().rev().find(|s| *s < self).unwrap_or(self)
    }

    /// The one that is written so, with or without its `x`: `0.5`, `60x`.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        let number = text.strip_suffix(['x', '×']).unwrap_or(text);
        Self::ALL.into_iter().find(|s| s.word().trim_end_matches('x') == number)
    }

    /// As shown: `0.5x`.
    #[must_use]
    pub fn word(self) -> String {
        self.to_string()
    }

    /// Nanoseconds of the recording in `ns` of an operator's.
    #[must_use]
    pub fn scale(self, ns: u64) -> u64 {
        u64::try_from(u128::from(ns) * u128::from(self.0) / 1_000).unwrap_or(u64::MAX)
    }
}

impl Default for Speed {
    fn default() -> Self {
        Self(1_000)
    }
}

impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / 1_000, self.0 % 1_000 / 100) {
            (whole, 0) => write!(f, "{whole}x"),
            (whole, tenth) => write!(f, "{whole}.{tenth}x"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_word_that_leads_back_and_neighbours() {
        for speed in Speed::ALL {
            assert_eq!(Speed::named(&speed.word()), Some(speed));
            assert!(speed.slower() <= speed && speed <= speed.faster());
        }
        assert_eq!(Speed::named("0.5"), Some(Speed::ALL[1]));
        assert_eq!((Speed::named("3"), Speed::named("")), (None, None));
        assert_eq!(Speed::default().scale(7), 7);
        assert_eq!(Speed::ALL[8].scale(u64::MAX), u64::MAX);
    }
}
