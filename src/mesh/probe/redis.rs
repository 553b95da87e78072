//! Redis: `PING`, answered by `+PONG`.

use super::endpoint;
use crate::config::checks::At;
use crate::mesh::look::{Good, Seen, Wrong};
use crate::mesh::net::{Until, connect, half, hung_up, quoted, stranger};
use std::time::Instant;

const WHAT: &str = "Redis";
/// Longest line of an answer.
const LINE: usize = 512;

/// Asks.
pub fn look(at: &At, until: Until) -> Seen {
    let to = endpoint(at)?;
    let mut line = connect(&to, until)?;
    let begun = Instant::now();
    line.say(b"*1\r\n$4\r\nPING\r\n", WHAT)?;
    let mut got = Vec::new();
    while !got.contains(&b'\n') && got.len() < LINE {
        if !line.hear(&mut got, LINE, WHAT)? {
            return Err(if got.is_empty() { hung_up(WHAT) } else { half(&got, WHAT) });
        }
    }
    let took = begun.elapsed();
    if got.starts_with(b"+PONG\r\n") {
        return Ok(Good { said: String::from("+PONG"), took: Some(took) });
    }
    let words = quoted(&got);
    let words = words.as_str();
    Err(match words {
        _ if words.starts_with("-NOAUTH") || words.starts_with("-WRONGPASS") => Wrong::failed(
            "Redis answers, but wants a password",
            "this check knows none: let the default user PING, or look with a command of your own",
        ),
        _ if words.starts_with("-DENIED") => Wrong::failed(
            "Redis answers, but is in protected mode: it takes no one from another host",
            "bind it to the mesh's address and set a password, or look from its own host",
        ),
        _ if words.starts_with("-LOADING") => {
            Wrong::failed("Redis is loading its data", "wait, and look into its log if it lasts")
        }
        _ if words.starts_with('-') => {
            Wrong::failed(format!("Redis refuses: {words}"), "see its log")
        }
        _ => stranger(WHAT, &got),
    })
}
