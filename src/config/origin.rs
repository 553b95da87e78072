//! Where a value came from.

use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The source of one value, or the place of one mistake.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "from", rename_all = "lowercase")]
pub enum Origin {
    /// Nobody said anything.
    #[default]
    Default,
    /// A configuration file.
    File {
        /// The file as it was named, fit to be shown.
        path: Arc<str>,
        /// Counted from 1; 0 when the mistake is the file itself.
        line: usize,
        /// In characters, counted from 1; 0 as for the line.
        column: usize,
    },
    /// An environment variable.
    Environment {
        /// Its name.
        name: &'static str,
    },
    /// A command line flag.
    Flag {
        /// Its name with both dashes.
        name: &'static str,
    },
}

impl Origin {
    /// Whether somebody said it.
    #[must_use]
    pub fn is_configured(&self) -> bool {
        *self != Self::Default
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line: 0, .. } => f.write_str(path),
            Self::File { path, line, column } => write!(f, "{path}:{line}:{column}"),
            Self::Environment { name } => write!(f, "environment {name}"),
            Self::Flag { name } => f.write_str(name),
        }
    }
}

/// A value and its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sourced<T> {
    /// The value.
    pub value: T,
    /// Who said so.
    pub origin: Origin,
}

impl<T> Sourced<T> {
    /// A value that nobody has set.
    pub const fn default_of(value: T) -> Self {
        Self { value, origin: Origin::Default }
    }

    /// The same source with another value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Sourced<U> {
        Sourced { value: f(self.value), origin: self.origin }
    }
}

/// The source of every value that somebody set, by its dotted name
/// (`screen.fps`, `gateway[0].host`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Origins(BTreeMap<String, Origin>);

impl Origins {
    /// Notes who set `key`.
    pub fn note(&mut self, key: impl Into<String>, origin: Origin) {
        self.0.insert(key.into(), origin);
    }

    /// Who set `key`.
    #[must_use]
    pub fn of(&self, key: &str) -> Origin {
        self.0.get(key).cloned().unwrap_or_default()
    }

    /// Whether anything whose name begins with `prefix` was set.
    #[must_use]
    pub fn any(&self, prefix: &str) -> bool {
        self.0.iter().any(|(key, origin)| key.starts_with(prefix) && origin.is_configured())
    }
}
