//! Who is at the other end of a connection, as a request sees it.

use crate::domain::Text;
use crate::host::Identity;
use crate::host::guest::{Deadline, Door};
use crate::mission::order::By;
use axum::extract::connect_info::Connected;
use axum::serve::IncomingStream;
use std::net::SocketAddr;
use std::sync::LazyLock;
use std::time::Duration;
use tokio::net::{TcpListener, UnixListener};

/// Connections at once, over each way; further ones wait.
pub const AT_ONCE: usize = 512;
/// Until the first request is there.
pub const FIRST: Duration = Duration::from_secs(10);
/// Until the answer to somebody who may not ask is read: then it ends.
const LAST: Duration = Duration::from_secs(1);
/// Until the answer is read and the next request is there.
const NEXT: Duration = Duration::from_mins(1);

/// Who is at the other end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// A process of this machine, of this user; none: the kernel did not say.
    Local(Option<u32>),
    /// Somebody who must show the token.
    Remote(SocketAddr),
}

/// One connection, as a request sees it.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Who is there.
    pub who: Who,
    deadline: Deadline,
}

impl Peer {
    /// A request is being answered, or a WebSocket was opened: no limit from
    /// out here.
    pub fn busy(&self) {
        self.deadline.set(None);
    }

    /// The answer is ready.
    pub fn waiting(&self) {
        self.deadline.set(Some(NEXT));
    }

    /// The answer is ready, and is the last one.
    pub fn leaving(&self) {
        self.deadline.set(Some(LAST));
    }

    /// For the record.
    #[must_use]
    pub fn by(&self) -> By {
        // It asks the system, and does not change.
        static HERE: LazyLock<Identity> = LazyLock::new(Identity::here);
        let host = &HERE.host;
        Text::new(&match self.who {
            Who::Local(Some(uid)) if uid == HERE.uid => {
                format!("{}@{host} over the socket", HERE.user)
            }
            Who::Local(Some(0)) => format!("root@{host} over the socket"),
            Who::Local(Some(uid)) => format!("uid {uid}@{host} over the socket"),
            Who::Local(None) => format!("somebody@{host} over the socket"),
            Who::Remote(from) => format!("token over tcp {from}"),
        })
    }
}

impl Connected<IncomingStream<'_, Door<UnixListener>>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Door<UnixListener>>) -> Self {
        let guest = stream.io();
        Self { who: Who::Local(*guest.who()), deadline: guest.deadline() }
    }
}

impl Connected<IncomingStream<'_, Door<TcpListener>>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Door<TcpListener>>) -> Self {
        let guest = stream.io();
        Self { who: Who::Remote(*guest.who()), deadline: guest.deadline() }
    }
}
