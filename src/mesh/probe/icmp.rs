//! An echo request: by a ping socket, which needs no rights where
//! `net.ipv4.ping_group_range` has this user's group, else by the system's
//! `ping`. The result says by which.

use super::host;
use crate::config::checks::At;
use crate::domain::Text;
use crate::host::clock;
use crate::mesh::child;
use crate::mesh::look::{Good, Seen, Wrong};
use crate::mesh::net::{Until, resolve};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, connect, ipproto, recv, send,
    socket_with,
};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd as _, OwnedFd};
use std::time::{Duration, Instant};

/// Kinds of message: request and answer.
const ECHO: (u8, u8) = (8, 0);
const ECHO6: (u8, u8) = (128, 129);
/// A lost packet is sent again after so long.
const AGAIN: Duration = Duration::from_secs(1);

/// Asks the first address of the host.
pub fn look(at: &At, until: Until) -> Seen {
    let name = host(at)?;
    let found = resolve(name, 0, until)?;
    let Some(address) = found.first().map(SocketAddr::ip) else {
        return Err(Wrong::failed("the host has no address", "correct the host of its node"));
    };
    match open(address) {
        Ok(socket) => by_socket(&socket, address, until),
        Err(Errno::ACCESS | Errno::PERM | Errno::PROTONOSUPPORT | Errno::AFNOSUPPORT) => {
            by_program(address, until)
        }
        Err(e) => Err(unsent(address, e)),
    }
}

fn open(to: IpAddr) -> Result<OwnedFd, Errno> {
    let (family, protocol) = match to {
        IpAddr::V4(_) => (AddressFamily::INET, ipproto::ICMP),
        IpAddr::V6(_) => (AddressFamily::INET6, ipproto::ICMPV6),
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    socket_with(family, SocketType::DGRAM, flags, Some(protocol))
}

fn by_socket(socket: &OwnedFd, to: IpAddr, until: Until) -> Seen {
    let kinds = if to.is_ipv4() { ECHO } else { ECHO6 };
    connect(socket, &SocketAddr::new(to, 0)).map_err(|e| unsent(to, e))?;
    let mut sequence = 0_u16;
    while !until.is_over() {
        sequence = sequence.wrapping_add(1);
        let token = clock::mono_ns().to_be_bytes();
        let begun = Instant::now();
        send(socket, &request(kinds.0, sequence, token), SendFlags::empty())
            .map_err(|e| unsent(to, e))?;
        while begun.elapsed() < AGAIN && !until.is_over() {
            let wait = AGAIN.saturating_sub(begun.elapsed()).min(until.left());
            if !readable(socket, wait) {
                continue;
            }
            let mut got = [0_u8; 128];
            match recv(socket, &mut got[..], RecvFlags::empty()) {
                Ok((_, n))
                    if answers(got.get(..n).unwrap_or_default(), kinds.1, sequence, token) =>
                {
                    let said = String::from("answers (ping socket)");
                    return Ok(Good { said, took: Some(begun.elapsed()) });
                }
                Ok(_) | Err(Errno::AGAIN | Errno::INTR) => {}
                Err(e) => return Err(unsent(to, e)),
            }
        }
    }
    Err(silent(to, until, "ping socket"))
}

fn readable(socket: &OwnedFd, wait: Duration) -> bool {
    let mut fds = [PollFd::from_borrowed_fd(socket.as_fd(), PollFlags::IN)];
    let wait = Timespec {
        tv_sec: i64::try_from(wait.as_secs()).unwrap_or(0),
        tv_nsec: i64::from(wait.subsec_nanos()),
    };
    poll(&mut fds, Some(&wait)).is_ok_and(|n| n > 0)
}

/// The kernel writes the identifier, and for version 6 the sum.
fn request(kind: u8, sequence: u16, token: [u8; 8]) -> Vec<u8> {
    let mut packet = vec![kind, 0, 0, 0, 0, 0];
    packet.extend_from_slice(&sequence.to_be_bytes());
    packet.extend_from_slice(&token);
    let sum = checksum(&packet).to_be_bytes();
    packet.splice(2..4, sum);
    packet
}

fn answers(got: &[u8], kind: u8, sequence: u16, token: [u8; 8]) -> bool {
    got.first() == Some(&kind)
        && got.get(6..8) == Some(&sequence.to_be_bytes()[..])
        && got.get(8..16) == Some(&token[..])
}

/// RFC 1071.
fn checksum(packet: &[u8]) -> u16 {
    let word = |pair: &[u8]| match *pair {
        [a, b] => u32::from(u16::from_be_bytes([a, b])),
        [a] => u32::from(a) << 8,
        _ => 0,
    };
    let mut sum: u32 = packet.chunks(2).map(word).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(0)
}

fn by_program(to: IpAddr, until: Until) -> Seen {
    let (address, seconds) = (to.to_string(), until.left().as_secs().max(1).to_string());
    // One packet may be lost; `-w` ends it in time with the first answer.
    let argv = ["ping", "-n", "-q", "-c", "1", "-w", &seconds, "--", &address];
    let begun = Instant::now();
    let done = match child::run(&argv, until) {
        Ok(done) => done,
        Err(Wrong { cause, next, .. }) if cause.contains("not installed") => {
            let both = format!("no ping socket for this user, and {cause}");
            let rights = "sysctl net.ipv4.ping_group_range must hold this user's group";
            return Err(Wrong::unknown(both, format!("{rights}; or {next}")));
        }
        Err(_) if until.is_over() => return Err(silent(to, until, "system's ping")),
        Err(wrong) => return Err(wrong),
    };
    match done.code {
        Some(0) => {
            let said = String::from("answers (system's ping)");
            Ok(Good { said, took: Some(begun.elapsed()) })
        }
        Some(1) => Err(silent(to, until, "system's ping")),
        _ => Err(Wrong::unknown(
            format!("the system's ping ends with {}: {}", done.how(), done.words()),
            "run ping by hand as this user",
        )),
    }
}

fn silent(to: IpAddr, until: Until, by: &str) -> Wrong {
    Wrong::failed(
        format!("{to} does not answer an echo within {} ({by})", until.words()),
        "is the host up, does a firewall drop ICMP?",
    )
}

fn unsent(to: IpAddr, e: Errno) -> Wrong {
    let words = Text::limited(&e.to_string(), 80);
    Wrong::failed(format!("no echo to {to}: {words}"), "see the routes of this host")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_sums_to_nothing_and_its_answer_is_known() {
        let token = [1, 2, 3, 4, 5, 6, 7, 8];
        let packet = request(ECHO.0, 9, token);
        assert_eq!(checksum(&packet), 0);
        let mut answer = packet.clone();
        answer[0] = ECHO.1;
        assert!(answers(&answer, ECHO.1, 9, token));
        assert!(!answers(&answer, ECHO.1, 8, token), "of an earlier question");
        assert!(!answers(&packet, ECHO.1, 9, token), "our own question");
        assert!(!answers(&answer[..12], ECHO.1, 9, token), "half of one");
    }
}
