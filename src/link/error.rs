//! What can go wrong on a line, in words that end with the next step.

use crate::domain::{Endpoint, Text};
use crate::wire::Refusal;
use std::time::Duration;
use thiserror::Error;

/// A socket that can't be had. It is this host's fault, not the peer's.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "can't {step} towards {to}: {cause}; `crs doctor` shows the limits and the libzmq of this host"
)]
pub struct LinkError {
    to: Endpoint,
    step: &'static str,
    cause: &'static str,
}

impl LinkError {
    pub(super) fn new(to: &Endpoint, step: &'static str, cause: zmq::Error) -> Self {
        Self { to: to.clone(), step, cause: cause.message() }
    }
}

/// Why a request has no answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CallError {
    /// It was sent; no answer of its own came in time. Whether it had an
    /// effect is unknown.
    #[error("no answer in time")]
    Timeout,
    /// It was sent, and then the connection broke. Effect unknown.
    #[error("the connection broke while waiting for the answer")]
    LinkDown,
    /// It was never sent: there is no connection.
    #[error("not connected")]
    NotConnected,
    /// The owner of this line wants it to end.
    #[error("stopped")]
    Stopped,
    /// libzmq refused; the request was not sent, or its answer can't be read.
    #[error("{0}")]
    Socket(Text),
}

impl From<zmq::Error> for CallError {
    fn from(e: zmq::Error) -> Self {
        Self::Socket(Text::new(e.message()))
    }
}

impl From<LinkError> for CallError {
    fn from(e: LinkError) -> Self {
        Self::Socket(Text::new(&e.to_string()))
    }
}

/// Why a question to a gateway has no honest answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AskError {
    /// Nobody listens there, as far as can be seen.
    #[error(
        "gateway {to} can't be reached ({} s): is it running, is the address right? `crs doctor` checks both",
        seconds(*waited)
    )]
    NotConnected {
        /// Who.
        to: Endpoint,
        /// Waited so long.
        waited: Duration,
    },
    /// Connected, but silent.
    #[error(
        "gateway {to} does not answer ({} s): is it busy or hung? Its own log knows, `crs heartbeat` asks again",
        seconds(*waited)
    )]
    Silent {
        /// Who.
        to: Endpoint,
        /// Waited so long.
        waited: Duration,
    },
    /// The connection broke before the answer.
    #[error(
        "the connection to gateway {to} broke before it answered; it is being made anew, `crs heartbeat` shows when it is back"
    )]
    LinkDown {
        /// Who.
        to: Endpoint,
    },
    /// Its HEARTBEAT is not Protocol v1.0, so nothing more is sent.
    #[error(
        "{to} is no v1.0 gateway: {said}; nothing more is sent to it: check the address, then probe again"
    )]
    NotV1 {
        /// Who.
        to: Endpoint,
        /// What it said.
        said: Text,
    },
    /// It answered, but not with honest success.
    #[error("gateway {to}: {refusal}")]
    Refused {
        /// Who.
        to: Endpoint,
        /// Its words.
        refusal: Refusal,
    },
    /// The socket failed.
    #[error("gateway {to}: {cause}")]
    Socket {
        /// Who.
        to: Endpoint,
        /// libzmq's words.
        cause: Text,
    },
    /// The peer could not be proven to be v1.0, so the request was not sent.
    #[error("{0}")]
    Unproven(Box<Self>),
    /// The program ends.
    #[error("gateway {to} was not asked: the program is stopping")]
    Stopped {
        /// Who.
        to: Endpoint,
    },
}

fn seconds(d: Duration) -> String {
    let ms = d.as_millis();
    if ms.is_multiple_of(1_000) {
        format!("{}", ms / 1_000)
    } else {
        format!("{:.1}", d.as_secs_f64())
    }
}

impl AskError {
    /// Words for a failed call.
    #[must_use]
    pub fn of_call(to: &Endpoint, waited: Duration, error: CallError) -> Self {
        let to = to.clone();
        match error {
            CallError::Timeout => Self::Silent { to, waited },
            CallError::NotConnected => Self::NotConnected { to, waited },
            CallError::LinkDown => Self::LinkDown { to },
            CallError::Stopped => Self::Stopped { to },
            CallError::Socket(cause) => Self::Socket { to, cause },
        }
    }

    /// Whether the request may have had its effect although no answer says so.
    #[must_use]
    pub const fn may_have_happened(&self) -> bool {
        match self {
            Self::Silent { .. } | Self::LinkDown { .. } | Self::Socket { .. } => true,
            Self::Refused { refusal, .. } => {
                !matches!(refusal, Refusal::Error(_) | Refusal::OtherRequest(_))
            }
            Self::NotConnected { .. }
            | Self::NotV1 { .. }
            | Self::Unproven(_)
            | Self::Stopped { .. } => false,
        }
    }

    /// Whether nothing at all was heard: no peer, no answer, no link.
    #[must_use]
    pub const fn is_silence(&self) -> bool {
        match self {
            Self::NotConnected { .. } | Self::Silent { .. } | Self::LinkDown { .. } => true,
            Self::Unproven(why) => why.is_silence(),
            _ => false,
        }
    }

    /// The same failure, met before the request itself went out.
    #[must_use]
    pub(super) fn never_sent(self) -> Self {
        if self.may_have_happened() { Self::Unproven(Box::new(self)) } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_names_who_and_what_next() {
        let to: Endpoint = "127.0.0.1:5555".parse().unwrap();
        let waited = Duration::from_secs(3);
        for (error, words) in [
            (CallError::NotConnected, "can't be reached (3 s): is it running"),
            (CallError::Timeout, "does not answer (3 s)"),
            (CallError::LinkDown, "broke before it answered"),
        ] {
            let text = AskError::of_call(&to, waited, error).to_string();
            assert!(text.contains("127.0.0.1:5555") && text.contains(words), "{text}");
            assert!(text.contains("`crs "), "{text}");
        }
        assert_eq!(seconds(Duration::from_millis(1_500)), "1.5");
    }

    #[test]
    fn only_what_was_never_sent_certainly_did_not_happen() {
        let to: Endpoint = "127.0.0.1:1".parse().unwrap();
        let unknown = |e| AskError::of_call(&to, Duration::ZERO, e).may_have_happened();
        assert!(unknown(CallError::Timeout) && unknown(CallError::LinkDown));
        assert!(!unknown(CallError::NotConnected) && !unknown(CallError::Stopped));
        let pending = AskError::Refused { to, refusal: Refusal::Pending };
        assert!(pending.may_have_happened());
    }
}
