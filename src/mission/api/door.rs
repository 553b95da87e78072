//! Connections: so many at once, each with a time limit while nothing is being
//! done for it, and with what is known of whoever is at its other end.

use crate::domain::Text;
use crate::host::Identity;
use crate::mission::order::By;
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep};

/// Connections at once, over each way; further ones wait.
const AT_ONCE: usize = 512;
/// Until the first request is there.
const FIRST: Duration = Duration::from_secs(10);
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
    line: Arc<Line>,
}

impl Peer {
    /// A request is being answered, or a WebSocket was opened: no limit from
    /// out here.
    pub fn busy(&self) {
        self.line.until(None);
    }

    /// The answer is ready.
    pub fn waiting(&self) {
        self.line.until(Some(Instant::now() + NEXT));
    }

    /// The answer is ready, and is the last one.
    pub fn leaving(&self) {
        self.line.until(Some(Instant::now() + LAST));
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

/// When a connection ends unless something comes; none: never.
#[derive(Debug)]
struct Line(Mutex<Option<Instant>>);

impl Line {
    fn until(&self, until: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }

    fn get(&self) -> Option<Instant> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets guests in.
pub struct Door<L> {
    listener: L,
    seats: Arc<Semaphore>,
}

impl<L> Door<L> {
    /// Before `listener`.
    pub fn new(listener: L) -> Self {
        Self { listener, seats: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

/// One connection.
pub struct Guest<S> {
    stream: S,
    who: Who,
    line: Arc<Line>,
    sleep: Pin<Box<Sleep>>,
    _seat: Option<OwnedSemaphorePermit>,
}

impl<S> Guest<S> {
    fn new(stream: S, who: Who, seat: Option<OwnedSemaphorePermit>) -> Self {
        let until = Instant::now() + FIRST;
        let line = Arc::new(Line(Mutex::new(Some(until))));
        let sleep = Box::pin(tokio::time::sleep_until(until));
        Self { stream, who, line, sleep, _seat: seat }
    }

    fn time(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let Some(until) = self.line.get() else { return Ok(()) };
        if self.sleep.deadline() != until {
            self.sleep.as_mut().reset(until);
        }
        match self.sleep.as_mut().poll(cx) {
            Poll::Ready(()) => Err(io::ErrorKind::TimedOut.into()),
            Poll::Pending => Ok(()),
        }
    }
}

impl Listener for Door<UnixListener> {
    type Io = Guest<UnixStream>;
    type Addr = ();

    async fn accept(&mut self) -> (Self::Io, ()) {
        // The semaphore is never closed.
        let seat = Arc::clone(&self.seats).acquire_owned().await.ok();
        let (stream, _) = Listener::accept(&mut self.listener).await;
        let uid = rustix::net::sockopt::socket_peercred(&stream).ok().map(|cred| cred.uid.as_raw());
        (Guest::new(stream, Who::Local(uid), seat), ())
    }

    fn local_addr(&self) -> io::Result<()> {
        Ok(())
    }
}

impl Listener for Door<TcpListener> {
    type Io = Guest<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        let seat = Arc::clone(&self.seats).acquire_owned().await.ok();
        let (stream, from) = Listener::accept(&mut self.listener).await;
        // Without it small messages wait for the acknowledgement of others.
        let _ = stream.set_nodelay(true);
        (Guest::new(stream, Who::Remote(from), seat), from)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl Connected<IncomingStream<'_, Door<UnixListener>>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Door<UnixListener>>) -> Self {
        let guest = stream.io();
        Self { who: guest.who.clone(), line: Arc::clone(&guest.line) }
    }
}

impl Connected<IncomingStream<'_, Door<TcpListener>>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Door<TcpListener>>) -> Self {
        let guest = stream.io();
        Self { who: guest.who.clone(), line: Arc::clone(&guest.line) }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guest<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Err(over) = self.time(cx) {
            return Poll::Ready(Err(over));
        }
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guest<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if let Err(over) = self.time(cx) {
            return Poll::Ready(Err(over));
        }
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let Err(over) = self.time(cx) {
            return Poll::Ready(Err(over));
        }
        Pin::new(&mut self.stream).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
