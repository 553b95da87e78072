//! Why there are no bars, and what to do about it.

use crate::domain::{Symbol, Text};
use crate::sentinel::bars::BarsFault;
use crate::sentinel::http::HttpFault;
use std::fmt;
use thiserror::Error;

/// Why there are no bars. Its words hold thing, cause and next step, and
/// never the token.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FetchFault {
    /// Nothing was sent: a setting can't be used.
    Options {
        /// Which, and why.
        cause: Text,
        /// What to do.
        next: Text,
    },
    /// Nothing was sent: the service has no symbol of such a name.
    Symbol(Text),
    /// No answer, or an error.
    Http {
        /// Scheme, host and port.
        at: Text,
        /// Why.
        fault: HttpFault,
    },
    /// An answer without bars that a decision should be made on.
    Bars {
        /// Scheme, host and port.
        at: Text,
        /// What was asked for.
        symbol: Symbol,
        /// Why.
        fault: BarsFault,
    },
}

impl FetchFault {
    /// One word of a closed list, for metrics.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Options { .. } => "options",
            Self::Symbol(_) => "symbol",
            Self::Http { fault, .. } => fault.code(),
            Self::Bars { fault, .. } => fault.code(),
        }
    }
}

impl fmt::Display for FetchFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Options { cause, next } => write!(f, "{cause}; {next}"),
            Self::Symbol(name) => write!(
                f,
                "EODHD has no symbol \"{name}\"; it names a pair by its letters, as EURUSD, \
                 without the broker's ending"
            ),
            Self::Http { at, fault } => write!(f, "EODHD at {at}: {fault}; {}", next(fault)),
            Self::Bars { at, symbol, fault } => write!(f, "EODHD at {at}, {symbol}: {fault}"),
        }
    }
}

const fn next(fault: &HttpFault) -> &'static str {
    match fault {
        HttpFault::Timeout(_) => "check the line, or raise eodhd.timeout_s",
        HttpFault::Name(_) => "check eodhd.base_url and this host's name service",
        HttpFault::Connect(_) => "check eodhd.base_url and this host's line",
        HttpFault::Tls(_) => "check this host's clock, eodhd.base_url and eodhd.ca_file",
        HttpFault::Broken(_) => "check eodhd.base_url; the next cycle asks again",
        HttpFault::Elsewhere(_) => "if that is where the service lives now, set eodhd.base_url",
        HttpFault::TooLarge(_) => "check eodhd.base_url: hourly bars are less",
        HttpFault::Status { status, .. } => match status {
            401 | 403 => "the token is not taken: check EODHD_API_TOKEN or eodhd.token_file",
            402 => "the account's plan or its limit of the day is used up: see the account",
            404 | 422 => "the symbol is not known there, or not as a pair: check its name",
            429 => "it was asked too often: let fewer programs share the token",
            500..=599 => "the service itself is in trouble; the next cycle asks again",
            _ => "check eodhd.base_url",
        },
    }
}
