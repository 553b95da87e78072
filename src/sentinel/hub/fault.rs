//! Why there is no prediction, and what to do about it.

use super::answer::AnswerFault;
use crate::domain::Text;
use crate::sentinel::http::HttpFault;
use std::fmt;
use thiserror::Error;

/// Why there is no prediction: thing, cause and next step.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HubFault {
    /// Nothing was sent: a setting can't be used.
    Options(Text),
    /// No answer, or an error.
    Http {
        /// Scheme, host and port.
        at: Text,
        /// Why.
        fault: HttpFault,
    },
    /// An answer that is not three probabilities.
    Answer {
        /// Scheme, host and port.
        at: Text,
        /// Why.
        fault: AnswerFault,
    },
}

impl HubFault {
    /// One word of a closed list, for metrics.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Options(_) => "options",
            Self::Http { fault, .. } => fault.code(),
            Self::Answer { fault, .. } => fault.code(),
        }
    }
}

impl fmt::Display for HubFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Options(cause) => write!(f, "{cause}; check hub.host and hub.port"),
            Self::Http { at, fault } => write!(f, "HUB at {at}: {fault}; {}", next(fault)),
            Self::Answer { at, fault } => {
                write!(f, "HUB at {at}: {fault}; check which model is served there")
            }
        }
    }
}

const fn next(fault: &HttpFault) -> &'static str {
    match fault {
        HttpFault::Timeout(_) => "see what holds the model server up, or raise hub.timeout_ms",
        HttpFault::Name(_) | HttpFault::Connect(_) => {
            "check hub.host and hub.port, and that the model server runs"
        }
        HttpFault::Tls(_) | HttpFault::Broken(_) | HttpFault::Elsewhere(_) => {
            "check that a model server is what listens there"
        }
        HttpFault::TooLarge(_) => "check which model is served there",
        HttpFault::Status { status, .. } => match status {
            400 | 415 | 422 => "check that its model takes X_tabular and X_sequential",
            404 => "check that an MLflow model server is what listens there",
            _ => "see the model server's own log",
        },
    }
}
