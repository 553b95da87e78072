//! Why a message on the tick port is no usable quote.

use crate::domain::SymbolError;
use thiserror::Error;

/// The cause of a refusal; its text is the stable short word that reports and
/// the screen count by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Error)]
#[repr(u8)]
pub enum TickFault {
    /// Neither one frame nor two.
    #[error("odd frames")]
    OddFrames,
    /// More bytes or fields than any quote has.
    #[error("too long")]
    TooLong,
    /// Not UTF-8.
    #[error("bad utf-8")]
    BadUtf8,
    /// Not JSON.
    #[error("bad json")]
    BadJson,
    /// Values nested deeper than anybody needs.
    #[error("too deep")]
    TooDeep,
    /// The same key twice: which one would count?
    #[error("duplicate key")]
    DuplicateKey,
    /// JSON or text, but none of the seven shapes.
    #[error("not a tick")]
    NotATick,
    /// Bid or ask is missing or null.
    #[error("no quote")]
    NoQuote,
    /// A price that is no JSON number: NaN, Infinity, text, a list.
    #[error("not a number")]
    NotANumber,
    /// A price that fixed point can't hold.
    #[error("out of range")]
    OutOfRange,
    /// A price of zero or below.
    #[error("not positive")]
    NotPositive,
    /// Bid above ask.
    #[error("crossed")]
    Crossed,
    /// A time that is no moment after 1970.
    #[error("bad time")]
    BadTime,
    /// A symbol without a character.
    #[error("symbol empty")]
    SymbolEmpty,
    /// A symbol longer than MT5 allows.
    #[error("symbol too long")]
    SymbolTooLong,
    /// A symbol with a character that is not printable ASCII.
    #[error("symbol unprintable")]
    SymbolUnprintable,
    /// Topic and body name different symbols.
    #[error("symbol differs")]
    SymbolDiffers,
}

impl TickFault {
    /// Every cause, in the order of its number.
    pub const ALL: [Self; 17] = [
        Self::OddFrames,
        Self::TooLong,
        Self::BadUtf8,
        Self::BadJson,
        Self::TooDeep,
        Self::DuplicateKey,
        Self::NotATick,
        Self::NoQuote,
        Self::NotANumber,
        Self::OutOfRange,
        Self::NotPositive,
        Self::Crossed,
        Self::BadTime,
        Self::SymbolEmpty,
        Self::SymbolTooLong,
        Self::SymbolUnprintable,
        Self::SymbolDiffers,
    ];

    /// Its place in [`TickFault::ALL`], for counters in an array.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }
}

impl From<SymbolError> for TickFault {
    fn from(e: SymbolError) -> Self {
        match e {
            SymbolError::Empty => Self::SymbolEmpty,
            SymbolError::TooLong => Self::SymbolTooLong,
            SymbolError::Unprintable => Self::SymbolUnprintable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_has_its_place_and_a_word_of_its_own() {
        let words: std::collections::BTreeSet<_> =
            TickFault::ALL.iter().map(ToString::to_string).collect();
        assert_eq!(words.len(), TickFault::ALL.len());
        for (i, fault) in TickFault::ALL.iter().enumerate() {
            assert_eq!(fault.index(), i, "{fault}");
        }
    }
}
