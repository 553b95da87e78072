//! A quote that comes. Outside the market's hours none is due: then a line
//! that stands is all that can be asked for.

use super::endpoint;
use super::heartbeat::{MAX_MESSAGE, unconnected};
use crate::config::checks::At;
use crate::domain::LinkState;
use crate::host::clock;
use crate::link::{Sub, SubLimits, poll_until};
use crate::mesh::look::{Good, Means, Seen, Wrong};
use crate::mesh::net::Until;
use crate::wire::ticks::decode;
use std::time::{Duration, Instant};

/// Kept for a look at the port where no gateway was met.
const RESERVE: Duration = Duration::from_millis(200);
/// A market that is closed gets so long to show that it is not.
const CLOSED: Duration = Duration::from_secs(1);
/// Messages that libzmq may hold.
const HELD: i32 = 1_000;
/// Between two looks at the link.
const NAP_NS: u64 = 50_000_000;

/// Listens until a quote comes.
pub fn look(at: &At, means: &Means, until: Until) -> Seen {
    let to = endpoint(at)?;
    let reserve = RESERVE.min(until.left() / 4);
    let end = until.less(reserve);
    let limits = SubLimits { max_message: MAX_MESSAGE, silence: Duration::ZERO, receive_hwm: HELD };
    let room = |e: &dyn std::fmt::Display| {
        Wrong::unknown(e.to_string(), "`crs doctor` shows the limits of this host")
    };
    let mut sub = Sub::connect(&means.zmq, &to, limits, clock::mono_ns()).map_err(|e| room(&e))?;
    let begun = Instant::now();
    let (mut up, mut refused) = (None, None);
    while !end.is_over() {
        sub.look(clock::mono_ns()).map_err(|e| room(&e))?;
        while let Ok(frames) = sub.line().socket().recv_multipart(zmq::DONTWAIT) {
            let frames: Vec<&[u8]> = frames.iter().map(Vec::as_slice).collect();
            match decode(&frames) {
                Ok(tick) => {
                    let said = format!("{} {}/{}", tick.symbol, tick.bid, tick.ask);
                    return Ok(Good { said, took: Some(begun.elapsed()) });
                }
                Err(fault) => refused = Some(fault),
            }
        }
        if sub.link_state() == LinkState::Up {
            let since = *up.get_or_insert_with(Instant::now);
            if since.elapsed() >= CLOSED && !means.calendar.market.is_open(clock::utc()) {
                let said = String::from("connected; closed by the calendar");
                return Ok(Good { said, took: None });
            }
        }
        let now = clock::mono_ns();
        let left = u64::try_from(end.left().as_nanos()).unwrap_or(NAP_NS).min(NAP_NS);
        let mut items = [
            sub.line().socket().as_poll_item(zmq::POLLIN),
            sub.line().monitor().socket().as_poll_item(zmq::POLLIN),
        ];
        poll_until(&mut items, now, now.saturating_add(left)).map_err(|e| room(&e))?;
    }
    Err(match (refused, up) {
        (Some(fault), _) => Wrong::failed(
            format!("what comes is no quote: {fault}"),
            "something else publishes there, or another version: `crs ticks` shows what",
        ),
        (None, Some(_)) => Wrong::failed(
            format!("connected, but no tick within {}", until.words()),
            "look in the terminal whether it is connected; its hours belong into [market]",
        ),
        (None, None) => unconnected(&to, until),
    })
}
