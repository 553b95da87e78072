//! A name that must be found: by the system's resolver, or by one server that
//! is asked over UDP (RFC 1035).

use crate::domain::{Endpoint, Text};
use crate::host::clock;
use crate::mesh::look::{Good, Seen, Wrong};
use crate::mesh::net::{Until, resolve, udp};
use std::time::Instant;

/// Bytes of a header.
const HEAD: usize = 12;
/// It is an answer.
const RESPONSE: u16 = 0x8000;
/// Recursion is wanted.
const RECURSE: u16 = 0x0100;

/// Asks.
pub fn look(name: &str, server: Option<&Endpoint>, until: Until) -> Seen {
    let Some(server) = server else {
        let begun = Instant::now();
        let found = resolve(name, 0, until)?;
        let first = found.first().map(|address| address.ip().to_string()).unwrap_or_default();
        return Ok(Good { said: first, took: Some(begun.elapsed()) });
    };
    // Its low bits are as good as drawn, and tell answers of old questions.
    let id = u16::try_from(clock::mono_ns() / 1_024 % 0x1_0000).unwrap_or(1);
    let asked = question(id, name);
    let ask = || asked.clone();
    let (answer, took) = udp::ask(server, until, "name server", ask, |got| Answer::read(got, id))?;
    let shown = Text::limited(name, 60);
    let next = "correct the name, or see the server's zone";
    match (answer.code, answer.records) {
        (0, 1..) => Ok(Good { said: format!("{} records", answer.records), took: Some(took) }),
        (0, 0) => Err(Wrong::failed(format!("{shown} has no address"), next)),
        (3, _) => Err(Wrong::failed(format!("{shown} does not exist (NXDOMAIN)"), next)),
        (2, _) => Err(Wrong::failed(
            "the name server fails (SERVFAIL)",
            "see its log, and whether it reaches those above it",
        )),
        (5, _) => Err(Wrong::failed(
            "the name server refuses this host (REFUSED)",
            "allow this host there, or ask another server",
        )),
        (code, _) => {
            Err(Wrong::failed(format!("the name server answers error {code}"), "see its log"))
        }
    }
}

struct Answer {
    code: u16,
    records: u16,
}

impl Answer {
    /// None for what is no answer to `id`.
    fn read(got: &[u8], id: u16) -> Option<Self> {
        let word = |at: usize| {
            let bytes = got.get(at..at + 2)?;
            Some(u16::from_be_bytes(bytes.try_into().ok()?))
        };
        let flags = word(2)?;
        let ours = word(0)? == id && flags & RESPONSE != 0 && got.len() >= HEAD;
        ours.then_some(Self { code: flags & 0x000f, records: word(6)? })
    }
}

/// One question for an A record.
fn question(id: u16, name: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEAD + name.len() + 6);
    for word in [id, RECURSE, 1, 0, 0, 0] {
        out.extend_from_slice(&word.to_be_bytes());
    }
    for label in name.trim_end_matches('.').split('.') {
        out.push(u8::try_from(label.len()).unwrap_or(0));
        out.extend_from_slice(label.as_bytes());
    }
    // The root, type A, class IN.
    out.extend_from_slice(&[0, 0, 1, 0, 1]);
    out
}
