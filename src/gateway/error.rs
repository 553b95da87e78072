//! Why the gateway can't start, or can't be reset: thing, cause, next step.

use super::ticks::SourceError;
use crate::domain::Text;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// What can go wrong around a gateway.
#[derive(Debug, Error)]
pub enum GatewayError {
    /// An option that makes no sense.
    #[error("gateway option: {0}")]
    Options(Text),
    /// A port is taken, or the address is not this host's.
    #[error("can't bind {endpoint} for {purpose}: {cause}; choose another port or address")]
    Bind {
        /// Where.
        endpoint: Text,
        /// For what: `commands`, `ticks`, `telemetry`.
        purpose: &'static str,
        /// libzmq's words.
        cause: zmq::Error,
    },
    /// A socket could not be made or set up.
    #[error("libzmq refused a socket for {purpose}: {cause}; see `ulimit -n`")]
    Socket {
        /// For what.
        purpose: &'static str,
        /// libzmq's words.
        cause: zmq::Error,
    },
    /// The directory of its memory can't be used.
    #[error("state directory {}: {cause}; it must be a directory this user can write", path.display())]
    StateDir {
        /// The directory.
        path: PathBuf,
        /// The system's words.
        cause: std::io::Error,
    },
    /// Another gateway remembers in the same place.
    #[error(
        "state directory {}: another gateway runs with it; stop that one or choose another directory",
        .0.display()
    )]
    InUse(PathBuf),
    /// What it remembered can't be read. It may hold a kill, so it is never
    /// ignored.
    #[error(
        "gateway memory {}: {cause}; it may hold a kill, so look at it, and move it away to start afresh",
        path.display()
    )]
    Memory {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: Text,
    },
    /// The source of ticks can't be used.
    #[error(transparent)]
    Ticks(#[from] SourceError),
    /// A thread could not be started.
    #[error("can't start thread {name}: {cause}")]
    Thread {
        /// Its name.
        name: &'static str,
        /// The system's words.
        cause: std::io::Error,
    },
    /// The commands' socket failed while it ran; its log has the cause.
    #[error("the gateway stopped serving: see its log, then start it again")]
    Stopped,
    /// A reset without a reason.
    #[error("a reset needs a reason; it is remembered with the reset")]
    NoReason,
    /// Nothing was ever remembered there.
    #[error("no gateway memory in {}; is this the gateway's state directory?", .0.display())]
    NoMemory(PathBuf),
    /// The gateway is not killed.
    #[error("the gateway of {} is not killed: nothing to reset", .0.display())]
    NotKilled(PathBuf),
    /// A kill came after the one that the reset was meant for.
    #[error("another KILL_SWITCH came while resetting: still killed; look again before resetting")]
    KilledAgain,
    /// The running gateway did not take the request.
    #[error(
        "the gateway of {} runs but did not take the reset within {waited_s} s: still killed; look at its log",
        path.display()
    )]
    ResetIgnored {
        /// State directory.
        path: PathBuf,
        /// How long it was waited for, in seconds.
        waited_s: u64,
    },
}

impl GatewayError {
    pub(super) fn state_dir(path: &Path, cause: std::io::Error) -> Self {
        Self::StateDir { path: path.to_owned(), cause }
    }
}
