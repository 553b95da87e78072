//! Lines of TCP with one end for everything, and words for what goes wrong.

pub mod udp;

use super::aside::{Adrift, aside};
use super::look::Wrong;
use crate::domain::{Endpoint, Text};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs as _};
use std::time::{Duration, Instant};

/// What a stranger's words are cut to.
const QUOTED: usize = 60;

/// The end of a look.
#[derive(Clone, Copy, Debug)]
pub struct Until {
    begun: Instant,
    limit: Duration,
}

impl Until {
    /// From now on for so long.
    pub fn after(limit: Duration) -> Self {
        Self { begun: Instant::now(), limit }
    }

    /// What is left, never quite nothing: zero means "for ever" to a socket.
    pub fn left(&self) -> Duration {
        self.limit.saturating_sub(self.begun.elapsed()).max(Duration::from_micros(1))
    }

    /// Whether the time is up.
    pub fn is_over(&self) -> bool {
        self.begun.elapsed() >= self.limit
    }

    /// So much earlier.
    pub fn less(self, by: Duration) -> Self {
        Self { limit: self.limit.saturating_sub(by), ..self }
    }

    /// The whole of it, for people.
    pub fn words(&self) -> String {
        format!("{} ms", self.limit.as_millis())
    }
}

/// Addresses of `host`; a name is looked up on a thread that may hang.
pub fn resolve(host: &str, port: u16, until: Until) -> Result<Vec<SocketAddr>, Wrong> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    let asked = (host.to_owned(), port);
    let work = move || asked.to_socket_addrs().map(Vec::from_iter);
    let shown = Text::limited(host, QUOTED);
    match aside(until.left(), work) {
        Ok(Ok(found)) if !found.is_empty() => Ok(found),
        Ok(Ok(_)) => Err(Wrong::failed(
            format!("the name {shown} has no address"),
            "correct the name, or see its zone",
        )),
        Ok(Err(e)) => Err(Wrong::failed(
            format!("the name {shown} can't be looked up: {e}"),
            "correct the name; /etc/resolv.conf says who is asked",
        )),
        Err(Adrift::Late) => Err(Wrong::failed(
            format!("looking up {shown} hangs: no answer within {}", until.words()),
            "see that a name server in /etc/resolv.conf answers, or write the address instead",
        )),
        Err(adrift) => Err(not_asked(&adrift)),
    }
}

/// Words for a look that found no thread.
pub fn not_asked(adrift: &Adrift) -> Wrong {
    let cause = match adrift {
        Adrift::Late => String::from("it hangs"),
        Adrift::Full => String::from("too many earlier looks still hang"),
        Adrift::NoThread(e) => format!("no thread for it: {e}"),
    };
    Wrong::unknown(cause, "mend what hangs first; `crs doctor` shows the limits of this host")
}

/// A connection whose every wait ends with the look.
pub struct Timed {
    stream: TcpStream,
    until: Until,
    /// Whether anything was read.
    heard: bool,
}

/// Connects to the first address that takes it.
pub fn connect(to: &Endpoint, until: Until) -> Result<Timed, Wrong> {
    let mut last = None;
    for address in resolve(to.host(), to.port(), until)? {
        if until.is_over() && last.is_some() {
            break;
        }
        match TcpStream::connect_timeout(&address, until.left()) {
            Ok(stream) => {
                let _ = stream.set_nodelay(true);
                return Ok(Timed { stream, until, heard: false });
            }
            Err(e) => last = Some(e),
        }
    }
    Err(unreached(to, until, last.unwrap_or_else(|| ErrorKind::TimedOut.into()).kind()))
}

fn unreached(to: &Endpoint, until: Until, kind: ErrorKind) -> Wrong {
    let (cause, next) = match kind {
        ErrorKind::ConnectionRefused => (
            format!("nobody listens at {to}: connection refused"),
            "start the service, or correct host and port",
        ),
        ErrorKind::TimedOut | ErrorKind::WouldBlock => (
            format!("no connection to {to} within {}", until.words()),
            "is the host up, does a firewall drop what comes?",
        ),
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
            (format!("no way to {to}: {kind}"), "see the routes of this host, and whether it is up")
        }
        ErrorKind::ConnectionReset => (
            format!("{to} reset the connection as it was made"),
            "something between cuts it, or the service is overrun",
        ),
        other => (format!("no connection to {to}: {other}"), "see that host and port are right"),
    };
    Wrong::failed(cause, next)
}

impl Timed {
    /// Sends all of it.
    pub fn say(&mut self, bytes: &[u8], what: &str) -> Result<(), Wrong> {
        self.write_all(bytes).map_err(|e| self.cut(&e, what))
    }

    /// The next bytes, up to `most` in all with what `got` holds; false at the
    /// end of the line.
    pub fn hear(&mut self, got: &mut Vec<u8>, most: usize, what: &str) -> Result<bool, Wrong> {
        let mut chunk = [0_u8; 2_048];
        let room = most.saturating_sub(got.len()).min(chunk.len());
        let part = chunk.get_mut(..room).unwrap_or_default();
        match self.read(part) {
            Ok(n) => {
                got.extend_from_slice(part.get(..n).unwrap_or_default());
                Ok(n > 0)
            }
            Err(e) if is_time(&e) && !got.is_empty() => Err(half(got, what)),
            Err(e) => Err(self.cut(&e, what)),
        }
    }

    /// Words for a line that failed while `what` was asked.
    pub fn cut(&self, e: &io::Error, what: &str) -> Wrong {
        let (cause, next) = match e.kind() {
            _ if is_time(e) && !self.heard => (
                format!("it takes the connection and says nothing within {}", self.until.words()),
                format!("is this {what}? It hangs, or something else holds the port (`ss -tlnp`)"),
            ),
            _ if is_time(e) => (
                format!("{what} did not end its answer within {}", self.until.words()),
                String::from("it hangs or is overrun: see its log"),
            ),
            ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => (
                String::from("the connection was reset before the answer"),
                format!("{what} or something between cut it: see its log and the firewall"),
            ),
            ErrorKind::UnexpectedEof => closed(what),
            kind => (format!("the connection failed: {kind}"), format!("see the log of {what}")),
        };
        Wrong::failed(cause, next)
    }
}

fn closed(what: &str) -> (String, String) {
    (
        String::from("the connection was closed without an answer"),
        format!("is this {what}? See its log, and whether it takes connections from this host"),
    )
}

/// An answer that was begun and not ended.
pub fn half(got: &[u8], what: &str) -> Wrong {
    Wrong::failed(
        format!("{what} began an answer and did not end it: \"{}\"", quoted(got)),
        "it hangs, or something else holds this port: see its log, and who listens (`ss -tlnp`)",
    )
}

/// A line that ended before anything was said.
pub fn hung_up(what: &str) -> Wrong {
    let (cause, next) = closed(what);
    Wrong::failed(cause, next)
}

/// Somebody else answered.
pub fn stranger(what: &str, said: &[u8]) -> Wrong {
    if is_page(said) {
        return Wrong::failed(
            format!("a web page came where {what} should answer"),
            "a proxy or portal stands between, or the port is a web server's",
        );
    }
    Wrong::failed(
        format!("what answers is not {what}: \"{}\"", quoted(said)),
        "something else holds this port: see on its host who (`ss -tlnp`)",
    )
}

/// Whether it is HTML, or an answer of HTTP that nobody asked for.
pub fn is_page(said: &[u8]) -> bool {
    let said = said.trim_ascii_start();
    let begins =
        |word: &[u8]| said.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    begins(b"<!doctype") || begins(b"<html") || begins(b"<head") || begins(b"HTTP/1.")
}

/// A stranger's words, fit to be shown.
pub fn quoted(said: &[u8]) -> Text {
    let first = said.split(|b| *b == b'\n').next().unwrap_or_default();
    let first = first.strip_suffix(b"\r").unwrap_or(first);
    Text::limited(&String::from_utf8_lossy(first), QUOTED)
}

fn is_time(e: &io::Error) -> bool {
    matches!(e.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock)
}

/// A wait that ends by itself is broken off where the process was stopped and
/// goes on: that says nothing about the far end.
fn resumed<T>(mut wait: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match wait() {
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

impl Timed {
    /// What is left of the time, for one wait.
    fn wait(&self) -> io::Result<Option<Duration>> {
        if self.until.is_over() {
            Err(ErrorKind::TimedOut.into())
        } else {
            Ok(Some(self.until.left()))
        }
    }
}

impl Read for Timed {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = resumed(|| {
            self.stream.set_read_timeout(self.wait()?)?;
            self.stream.read(into)
        })?;
        self.heard |= n > 0;
        Ok(n)
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        resumed(|| {
            self.stream.set_write_timeout(self.wait()?)?;
            self.stream.write(bytes)
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
