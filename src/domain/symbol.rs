//! Names of instruments, held in place so that a tick needs no allocation.

use serde::{Deserialize, Serialize};
use std::fmt;
use thiserror::Error;

/// Longest name in bytes; MT5 allows 31.
pub const MAX_BYTES: usize = 31;

/// An instrument as the broker names it, suffix included (`EURUSD.s`).
///
/// Only printable ASCII without space gets in, so a symbol is safe to show.
/// Ordered and compared by its bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol {
    bytes: [u8; MAX_BYTES],
    len: u8,
}

/// Why a name is no symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SymbolError {
    /// Nothing there.
    #[error("symbol is empty")]
    Empty,
    /// More than [`MAX_BYTES`] bytes.
    #[error("symbol is longer than {MAX_BYTES} bytes")]
    TooLong,
    /// A byte that is not printable ASCII.
    #[error("symbol holds a character that is not printable ASCII")]
    Unprintable,
}

impl Symbol {
    /// Takes `name` as it stands.
    ///
    /// # Errors
    /// [`SymbolError`] when it is empty, too long or not printable ASCII.
    pub fn new(name: &str) -> Result<Self, SymbolError> {
        Self::from_bytes(name.as_bytes())
    }

    /// As [`Symbol::new`], from bytes of any kind.
    ///
    /// # Errors
    /// [`SymbolError`] when it is empty, too long or not printable ASCII.
    pub fn from_bytes(raw: &[u8]) -> Result<Self, SymbolError> {
        if raw.is_empty() {
            return Err(SymbolError::Empty);
        }
        if !raw.iter().all(u8::is_ascii_graphic) {
            return Err(SymbolError::Unprintable);
        }
        let mut bytes = [0_u8; MAX_BYTES];
        let slot = bytes.get_mut(..raw.len()).ok_or(SymbolError::TooLong)?;
        slot.copy_from_slice(raw);
        let len = u8::try_from(raw.len()).map_err(|_| SymbolError::TooLong)?;
        Ok(Self { bytes, len })
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let used = self.bytes.get(..usize::from(self.len)).unwrap_or_default();
        std::str::from_utf8(used).unwrap_or_default()
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

impl std::str::FromStr for Symbol {
    type Err = SymbolError;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::new(s)
    }
}

impl Serialize for Symbol {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Symbol {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let raw = std::borrow::Cow::<'de, str>::deserialize(d)?;
        Self::new(&raw).map_err(serde::de::Error::custom)
    }
}

/// Whether a broker's `name` is `symbol`, with or without a suffix: `EURUSD.s`.
#[must_use]
pub fn same_symbol(name: &str, symbol: &str) -> bool {
    match name.strip_prefix(symbol).or_else(|| symbol.strip_prefix(name)) {
        Some(rest) if !name.is_empty() && !symbol.is_empty() => {
            !rest.starts_with(|c: char| c.is_ascii_alphanumeric())
        }
        _ => false,
    }
}

/// Whether an instrument is the one that is asked for, as `EURUSD.s` is where
/// somebody asks for `EURUSD`: a suffix that is asked for has to be there.
#[must_use]
pub fn is_asked_for(name: &str, asked: &str) -> bool {
    name.starts_with(asked) && same_symbol(name, asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brokers_suffixes_are_kept() {
        for name in ["EURUSD", "EURUSD.s", "#US30_m", "GOLD@", &"X".repeat(31)] {
            assert_eq!(Symbol::new(name).map(|s| s.as_str().to_owned()), Ok(name.to_owned()));
        }
    }

    #[test]
    fn a_suffix_makes_no_other_instrument() {
        for (name, same) in
            [("EURUSD", true), ("EURUSD.s", true), ("EURUSDX", false), ("EUR", false), ("", false)]
        {
            assert_eq!(same_symbol(name, "EURUSD"), same, "{name}");
            assert_eq!(is_asked_for(name, "EURUSD"), same, "{name}");
            assert_eq!(is_asked_for(name, "EURUSD.s"), name == "EURUSD.s", "{name}");
        }
    }

    #[test]
    fn what_is_no_name_is_refused_by_cause() {
        assert_eq!(Symbol::new(""), Err(SymbolError::Empty));
        assert_eq!(Symbol::new(&"X".repeat(32)), Err(SymbolError::TooLong));
        assert_eq!(Symbol::new("EUR\x1b"), Err(SymbolError::Unprintable));
        assert_eq!(Symbol::new("EUR USD"), Err(SymbolError::Unprintable));
        assert_eq!(Symbol::new("ÖL"), Err(SymbolError::Unprintable));
    }
}
