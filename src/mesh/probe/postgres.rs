//! `PostgreSQL`: a startup packet of protocol 3.0, answered by a request for
//! authentication or by a refusal, both of which only `PostgreSQL` says.

use super::endpoint;
use crate::config::checks::At;
use crate::domain::Text;
use crate::mesh::look::{Good, Seen, Wrong};
use crate::mesh::net::{Until, connect, half, hung_up, stranger};
use std::time::Instant;

const WHAT: &str = "PostgreSQL";
/// Protocol 3.0.
const VERSION: u32 = 196_608;
/// Longest first message that is believed.
const MOST: usize = 4_096;
/// Kind and length of a message.
const HEAD: usize = 5;

/// Says who is there, reads the first message, hangs up politely.
pub fn look(at: &At, user: &str, until: Until) -> Seen {
    let to = endpoint(at)?;
    let mut line = connect(&to, until)?;
    let begun = Instant::now();
    line.say(&startup(user), WHAT)?;
    let mut got = Vec::new();
    while whole(&got).is_none_or(|n| got.len() < n) {
        if !line.hear(&mut got, MOST, WHAT)? {
            return Err(match got.is_empty() {
                true => hung_up(WHAT),
                false if whole(&got).is_some() => half(&got, WHAT),
                false => stranger(WHAT, &got),
            });
        }
        if got.len() >= HEAD && whole(&got).is_none() {
            return Err(stranger(WHAT, &got));
        }
    }
    let took = Some(begun.elapsed());
    // Terminate, so that its log has no broken connection.
    let _ = line.say(b"X\0\0\0\x04", WHAT);
    match got.first() {
        Some(b'E') => refused(got.get(HEAD..).unwrap_or_default(), took),
        _ => Ok(Good { said: String::from("asks who is there"), took }),
    }
}

fn startup(user: &str) -> Vec<u8> {
    let mut body = VERSION.to_be_bytes().to_vec();
    for word in ["user", user, "application_name", "crs"] {
        body.extend_from_slice(word.as_bytes());
        body.push(0);
    }
    body.push(0);
    let length = u32::try_from(body.len() + 4).unwrap_or(u32::MAX);
    [length.to_be_bytes().to_vec(), body].concat()
}

/// Bytes of the first message, if it begins as one.
fn whole(got: &[u8]) -> Option<usize> {
    let kind = got.first()?;
    let length = got.get(1..HEAD)?;
    let length = usize::try_from(u32::from_be_bytes(length.try_into().ok()?)).ok()?;
    let fits = matches!(kind, b'R' | b'E' | b'v') && (4..MOST).contains(&length);
    fits.then_some(length + 1)
}

/// An `ErrorResponse`: `C` is the SQLSTATE, `M` the words.
fn refused(fields: &[u8], took: Option<std::time::Duration>) -> Seen {
    let field = |kind: u8| {
        let all = fields.split(|b| *b == 0);
        let found = all.filter_map(|field| field.split_first()).find(|(first, _)| **first == kind);
        found.map(|(_, words)| Text::from_bytes(words)).unwrap_or_default()
    };
    let (code, words) = (field(b'C'), field(b'M'));
    match code.as_str() {
        // It knows neither role nor database, or no line lets this host in:
        // whoever says that, works.
        "28000" | "28P01" | "3D000" => Ok(Good { said: format!("answers: {words}"), took }),
        "57P03" => Err(Wrong::failed(
            format!("PostgreSQL is not ready: {words}"),
            "wait while it starts or recovers; its log says how far it is",
        )),
        "53300" => Err(Wrong::failed(
            format!("PostgreSQL has no connection left: {words}"),
            "see who holds them (pg_stat_activity), or raise max_connections",
        )),
        _ => Err(Wrong::failed(format!("PostgreSQL refuses ({code}): {words}"), "see its log")),
    }
}
