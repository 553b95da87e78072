//! Connections of whoever asks over HTTP: so many at once, each with a time
//! limit, so that a client that hangs holds up nobody. Who may ask what is the
//! affair of the room that lets them in.

use axum::serve::Listener;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep};

/// When a connection ends unless something comes; none: never. Each of its
/// clones moves the same one.
#[derive(Clone, Debug)]
pub struct Deadline(Arc<Mutex<Option<Instant>>>);

impl Deadline {
    fn after(stay: Duration) -> Self {
        Self(Arc::new(Mutex::new(Some(Instant::now() + stay))))
    }

    /// It ends after this time from now; none: never.
    pub fn set(&self, stay: Option<Duration>) {
        let until = stay.map(|stay| Instant::now() + stay);
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
    stay: Duration,
}

impl<L> Door<L> {
    /// Before `listener`: so many at once, further ones wait; each ends after
    /// `stay`, whatever it is doing, unless its [`Deadline`] is moved.
    pub fn new(listener: L, at_once: usize, stay: Duration) -> Self {
        Self { listener, seats: Arc::new(Semaphore::new(at_once)), stay }
    }
}

/// One connection, and what is known of who is at its other end: an address,
/// or the user of a process of this machine (none: the kernel did not say).
pub struct Guest<S, W> {
    stream: S,
    who: W,
    deadline: Deadline,
    sleep: Pin<Box<Sleep>>,
    _seat: Option<OwnedSemaphorePermit>,
}

impl<S, W> Guest<S, W> {
    fn new(stream: S, who: W, stay: Duration, seat: Option<OwnedSemaphorePermit>) -> Self {
        let deadline = Deadline::after(stay);
        let sleep = Box::pin(tokio::time::sleep(stay));
        Self { stream, who, deadline, sleep, _seat: seat }
    }

    /// Who is there.
    pub const fn who(&self) -> &W {
        &self.who
    }

    /// When it ends.
    pub fn deadline(&self) -> Deadline {
        self.deadline.clone()
    }

    fn time(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let Some(until) = self.deadline.get() else { return Ok(()) };
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
    type Io = Guest<UnixStream, Option<u32>>;
    type Addr = ();

    async fn accept(&mut self) -> (Self::Io, ()) {
        // The semaphore is never closed.
        let seat = Arc::clone(&self.seats).acquire_owned().await.ok();
        let (stream, _) = Listener::accept(&mut self.listener).await;
        let uid = rustix::net::sockopt::socket_peercred(&stream).ok().map(|cred| cred.uid.as_raw());
        (Guest::new(stream, uid, self.stay, seat), ())
    }

    fn local_addr(&self) -> io::Result<()> {
        Ok(())
    }
}

impl Listener for Door<TcpListener> {
    type Io = Guest<TcpStream, SocketAddr>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        let seat = Arc::clone(&self.seats).acquire_owned().await.ok();
        let (stream, from) = Listener::accept(&mut self.listener).await;
        // Without it small messages wait for the acknowledgement of others.
        let _ = stream.set_nodelay(true);
        (Guest::new(stream, from, self.stay, seat), from)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl<S: AsyncRead + Unpin, W: Unpin> AsyncRead for Guest<S, W> {
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

impl<S: AsyncWrite + Unpin, W: Unpin> AsyncWrite for Guest<S, W> {
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
