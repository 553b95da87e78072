//! Heads to syslog: one datagram to a local socket after every line.
//!
//! What belongs here: a head's line in syslog, both ways. What does not:
//! which socket is configured. The form is RFC 3164 as C libraries speak it
//! to `/dev/log`, without the date: the daemon dates what it gets, and a
//! local date would need the time zone, which lies on a disk. A datagram is
//! sent without waiting or not at all: nothing here may hold up a record.

use crate::domain::{AuditHead, Text, UtcMicros};
use std::io::ErrorKind;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;

/// authpriv.notice: who stopped and who armed is for few eyes.
const PRIORITY: u8 = 10 * 8 + 5;
/// What a line about a head begins with.
const WORDS: &str = "crs audit head ";

/// A syslog socket of this host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyslogSocket {
    /// Where it is.
    pub path: PathBuf,
    /// Somebody asked for it; without, its absence is no fault.
    pub required: bool,
}

/// A sender.
#[derive(Debug)]
pub struct Syslog {
    to: SyslogSocket,
    socket: Option<UnixDatagram>,
    lost: u64,
}

impl Syslog {
    /// Nothing is opened yet.
    #[must_use]
    pub const fn new(to: SyslogSocket) -> Self {
        Self { to, socket: None, lost: 0 }
    }

    /// Sends it or gives up at once. The first failure is told in the
    /// diagnostics, the others are counted, and their end is told.
    pub fn tell(&mut self, head: &AuditHead) {
        let text = format!("<{PRIORITY}>crs[{}]: {}", std::process::id(), line(head));
        match self.send(text.as_bytes()) {
            Ok(()) if self.lost > 0 => {
                tracing::warn!("audit heads reach syslog again; {} were not sent", self.lost);
                self.lost = 0;
            }
            Ok(()) => {}
            Err(e) if e.kind() == ErrorKind::NotFound && !self.to.required => {}
            Err(e) => {
                self.lost = self.lost.saturating_add(1);
                if self.lost == 1 {
                    let path = self.to.path.display();
                    tracing::warn!("audit heads don't reach syslog at {path}: {e}; counted on");
                }
            }
        }
    }

    /// Heads that could not be sent since the last one that could.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.lost
    }

    fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        let socket = if let Some(socket) = self.socket.take() {
            socket
        } else {
            let socket = UnixDatagram::unbound()?;
            socket.set_nonblocking(true)?;
            socket
        };
        // By its path each time: a daemon that starts anew makes a new one.
        let sent = socket.send_to(bytes, &self.to.path);
        self.socket = Some(socket);
        sent.map(drop)
    }
}

/// The head in words, as syslog keeps it.
#[must_use]
pub fn line(head: &AuditHead) -> String {
    let AuditHead { log, chain, n, sha, host, role, at } = head.clone().in_words();
    let at = at.iso();
    format!("{WORDS}log={log} chain={chain} n={n} sha={sha} host={host} role={role} at={at}")
}

/// A head out of one line of a log file, whatever the daemon put before it.
#[must_use]
pub fn parse(line: &str) -> Option<AuditHead> {
    let (_, words) = line.split_once(WORDS)?;
    let mut words = words.split_ascii_whitespace();
    let mut value = |key: &str| {
        let (name, value) = words.next()?.split_once('=')?;
        (name == key).then_some(value)
    };
    let head = AuditHead {
        log: Text::new(value("log")?),
        chain: Text::new(value("chain")?),
        n: value("n")?.parse().ok()?,
        sha: Text::new(value("sha")?),
        host: Text::new(value("host")?),
        role: Text::new(value("role")?),
        at: UtcMicros::from_iso(value("at")?)?,
    };
    Some(head.in_words())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    fn head() -> AuditHead {
        AuditHead {
            log: Text::new("0123456789ab"),
            chain: Text::new("20260114T135658271512Z-agent-4242-00ff.jsonl"),
            n: 7,
            sha: Text::new(&"ab".repeat(32)),
            host: Text::new("inf"),
            role: Text::new("agent"),
            at: UtcMicros(1_768_399_018_271_512),
        }
    }

    #[test]
    fn what_a_daemon_wrote_is_read_back() {
        let line = line(&head());
        for before in ["Jan 14 13:56:58 inf crs[4242]: ", "2026-01-14T13:56:58+00:00 inf crs: ", ""]
        {
            assert_eq!(parse(&format!("{before}{line}")), Some(head()), "{before}");
        }
        for cut in 0..line.len() {
            assert_ne!(parse(&line[..cut]), Some(head()), "cut at {cut}");
        }
        assert_eq!(parse("crs audit head chain=x"), None);
    }

    #[test]
    fn a_socket_takes_it_and_one_that_is_full_or_gone_delays_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let daemon = UnixDatagram::bind(&path).unwrap();
        let mut syslog = Syslog::new(SyslogSocket { path: path.clone(), required: true });
        syslog.tell(&head());
        let mut bytes = [0_u8; 1_024];
        let n = daemon.recv(&mut bytes).unwrap();
        let text = String::from_utf8(bytes[..n].to_vec()).unwrap();
        let before = format!("<85>crs[{}]: crs audit head ", std::process::id());
        assert!(text.starts_with(&before) && !text.ends_with('\n'), "{text}");
        assert_eq!(parse(&text), Some(head()));

        let began = Instant::now();
        for _ in 0..5_000 {
            syslog.tell(&head());
        }
        assert!(syslog.lost() > 0, "nobody reads: the queue of the socket ends somewhere");
        drop(daemon);
        std::fs::remove_file(&path).unwrap();
        let full = syslog.lost();
        syslog.tell(&head());
        assert_eq!(syslog.lost(), full + 1);
        // Another daemon at the same path is found, and the count begins anew.
        let daemon = UnixDatagram::bind(&path).unwrap();
        syslog.tell(&head());
        assert!(syslog.lost() == 0 && daemon.recv(&mut bytes).is_ok());
        assert!(began.elapsed() < Duration::from_mins(1), "{:?}", began.elapsed());

        let nowhere = SyslogSocket { path: dir.path().join("none"), required: false };
        let mut auto = Syslog::new(nowhere);
        auto.tell(&head());
        assert_eq!(auto.lost(), 0, "where there is no syslog, none is missed");
    }
}
