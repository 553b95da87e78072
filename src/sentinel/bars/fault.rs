//! Why bars can't be used.

use super::shown;
use crate::domain::Text;
use thiserror::Error;

/// Why there are no bars that a decision could be made on. Each names the
/// thing, the cause and the next step.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BarsFault {
    /// Nothing there.
    #[error("there is no bar at all; check the symbol, and whether its source has hourly bars")]
    Empty,
    /// Less than a window.
    #[error(
        "{have} bars can be used, {need} are needed; give more of them, or wait until there are"
    )]
    TooFew {
        /// How many can be used.
        have: usize,
        /// How many are needed.
        need: usize,
    },
    /// A web page.
    #[error(
        "this is a web page (\"{said}\"), not bars; check the address and what stands before it"
    )]
    Html {
        /// How it begins.
        said: Text,
    },
    /// JSON that ends too early.
    #[error("the JSON breaks off at line {line}, column {column}; fetch it once more")]
    CutOff {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// No JSON at all.
    #[error("no JSON at line {line}, column {column}; check the address or the file")]
    NotJson {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// Some other document.
    #[error("this JSON is no list of bars (\"{said}\"); check token, symbol and address")]
    NotAList {
        /// How it begins.
        said: Text,
    },
    /// A bar that nobody judged before.
    #[error("the bar of {} can't be used: {flaw}; correct or remove it", shown(*at))]
    Flawed {
        /// Its beginning.
        at: i64,
        /// What is wrong.
        flaw: &'static str,
    },
    /// Bars not in the order of their times.
    #[error("the bar of {} does not follow the one before it; sort them, each once", shown(*at))]
    Disorder {
        /// The first that does not follow.
        at: i64,
    },
    /// Two bars of one hour, and they differ: no way to tell which is right.
    #[error(
        "there are two different bars of {}, and nobody can tell which is right; \
         ask the source, or wait until it has left the window", shown(*at)
    )]
    Contradiction {
        /// The hour.
        at: i64,
    },
    /// So many of the window can't be used that the rest says little.
    #[error(
        "{dropped} bars of the window can't be used ({example}), more than {most}; \
         ask the source what is wrong with them"
    )]
    TooManyDropped {
        /// How many.
        dropped: usize,
        /// How many are let pass.
        most: usize,
        /// One of them, in words.
        example: Text,
    },
    /// The market went on and the bars did not.
    #[error(
        "the last bar is of {}, and the market was open for {missing} hours since it ended, \
         more than {most}; ask the source, or raise eodhd.max_age_h", shown(*last)
    )]
    Stale {
        /// Beginning of the last bar.
        last: i64,
        /// Hours of open market since its end.
        missing: u64,
        /// How many are let pass.
        most: u64,
    },
}

impl BarsFault {
    /// One word of a closed list, for metrics.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "bars_empty",
            Self::TooFew { .. } => "bars_too_few",
            Self::Html { .. } => "html",
            Self::CutOff { .. } => "json_cut_off",
            Self::NotJson { .. } => "not_json",
            Self::NotAList { .. } => "not_a_list",
            Self::Flawed { .. } => "bar_flawed",
            Self::Disorder { .. } => "bars_disorder",
            Self::Contradiction { .. } => "bars_contradict",
            Self::TooManyDropped { .. } => "bars_dropped",
            Self::Stale { .. } => "bars_stale",
        }
    }
}
