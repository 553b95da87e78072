//! One question over UDP, asked again while nobody answers.

use super::{Until, is_time, resolve};
use crate::domain::Endpoint;
use crate::mesh::look::Wrong;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// After so long a lost question is asked again.
const AGAIN: Duration = Duration::from_secs(1);
/// Largest answer.
const MOST: usize = 4_096;

/// Sends what `ask` makes until `read` takes an answer. `what` is who is asked.
/// `ask` is called anew for each attempt, and `read` may refuse what is none.
pub fn ask<T>(
    to: &Endpoint,
    until: Until,
    what: &str,
    mut ask: impl FnMut() -> Vec<u8>,
    mut read: impl FnMut(&[u8]) -> Option<T>,
) -> Result<(T, Duration), Wrong> {
    let wrong = |e: &io::Error| unheard(to, e, what, until);
    let address = resolve(to.host(), to.port(), until)?;
    let address = address.first().copied().ok_or_else(|| wrong(&ErrorKind::NotFound.into()))?;
    let from: SocketAddr = if address.is_ipv4() {
        (Ipv4Addr::UNSPECIFIED, 0).into()
    } else {
        (Ipv6Addr::UNSPECIFIED, 0).into()
    };
    let socket = UdpSocket::bind(from).map_err(|e| wrong(&e))?;
    // Connected, so that only the one who was asked is heard.
    socket.connect(address).map_err(|e| wrong(&e))?;
    let mut got = [0_u8; MOST];
    while !until.is_over() {
        let begun = Instant::now();
        socket.send(&ask()).map_err(|e| wrong(&e))?;
        while begun.elapsed() < AGAIN && !until.is_over() {
            let wait = AGAIN.saturating_sub(begun.elapsed()).min(until.left());
            socket
                .set_read_timeout(Some(wait.max(Duration::from_micros(1))))
                .map_err(|e| wrong(&e))?;
            match socket.recv(&mut got) {
                Ok(n) => {
                    if let Some(read) = read(got.get(..n).unwrap_or_default()) {
                        return Ok((read, begun.elapsed()));
                    }
                }
                Err(e) if is_time(&e) || e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(wrong(&e)),
            }
        }
    }
    Err(wrong(&ErrorKind::TimedOut.into()))
}

fn unheard(to: &Endpoint, e: &io::Error, what: &str, until: Until) -> Wrong {
    match e.kind() {
        ErrorKind::ConnectionRefused => Wrong::failed(
            format!("no {what} listens at {to}"),
            "start it, or correct host and port",
        ),
        ErrorKind::TimedOut => Wrong::failed(
            format!("{what} {to} does not answer within {}", until.words()),
            "is it up, does a firewall drop what comes?",
        ),
        kind => Wrong::failed(format!("{what} {to}: {kind}"), "see the routes of this host"),
    }
}
