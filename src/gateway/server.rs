//! The commands' thread: one ROUTER socket, and it never waits for a client.
//!
//! Whatever has arrived is taken in one go. Kills go first and are answered
//! as soon as disk has them; orders of one go share a single write.

use super::desk::{Desk, Reply, Unsaved};
use super::floor::Floor;
use crate::domain::Stamp;
use crate::host::clock;
use crate::wire::request::{Incoming, RequestFault};
use std::sync::Arc;

/// Between two looks at the halt, in ms.
const POLL_MS: i64 = 50;
/// Requests taken in one go.
const MOST: usize = 256;
/// Frames of a request: routing, correlation, delimiter, body, and reserve.
const MOST_FRAMES: usize = 8;

/// One request with the way back to its sender.
struct Letter {
    /// Frames up to and including the delimiter, sent back unchanged.
    envelope: Vec<Vec<u8>>,
    body: Vec<u8>,
    read: Stamp,
}

/// Serves until the halt.
pub struct Server {
    socket: zmq::Socket,
    floor: Arc<Floor>,
    desk: Desk,
}

impl Server {
    /// Over a bound ROUTER.
    pub fn new(socket: zmq::Socket, floor: Arc<Floor>) -> Self {
        Self { socket, desk: Desk::new(Arc::clone(&floor)), floor }
    }

    /// Serves until the halt.
    pub fn run(self) {
        while !self.floor.halt.is_set() {
            let mut items = [self.socket.as_poll_item(zmq::POLLIN)];
            match zmq::poll(&mut items, POLL_MS) {
                Ok(0) | Err(zmq::Error::EINTR) => {}
                Ok(_) => self.round(),
                Err(e) => {
                    tracing::error!("commands stop: {e}");
                    self.floor.halt.set();
                }
            }
        }
    }

    fn round(&self) {
        let letters = self.take();
        let mut requests: Vec<(&Letter, Result<Incoming<'_>, RequestFault>)> =
            letters.iter().map(|l| (l, Incoming::decode(&l.body))).collect();
        let is_kill = |r: &Result<Incoming<'_>, _>| {
            r.as_ref().is_ok_and(|incoming| incoming.action == "KILL_SWITCH")
        };
        requests.sort_by_key(|(_, request)| !is_kill(request));
        let (mut senders, mut unsaved): (Vec<&Letter>, Vec<Box<Unsaved>>) = (vec![], vec![]);
        for (letter, request) in &requests {
            match self.desk.serve(&letter.body, request, letter.read) {
                Reply::Now(text) => self.send(letter, &text),
                Reply::AfterSave(mut kill) if is_kill(request) => {
                    self.desk.settle(std::slice::from_mut(&mut kill));
                    self.send(letter, kill.text());
                }
                Reply::AfterSave(answer) => {
                    senders.push(letter);
                    unsaved.push(answer);
                }
            }
        }
        self.desk.settle(&mut unsaved);
        for (letter, answer) in senders.into_iter().zip(&unsaved) {
            self.send(letter, answer.text());
        }
    }

    fn take(&self) -> Vec<Letter> {
        let mut letters = Vec::new();
        while letters.len() < MOST {
            match self.socket.recv_multipart(zmq::DONTWAIT) {
                Ok(frames) => letters.extend(open(frames)),
                Err(zmq::Error::EINTR) => {}
                Err(_) => break,
            }
        }
        letters
    }

    /// A client that is gone, or does not read, loses its answer.
    fn send(&self, letter: &Letter, text: &str) {
        let frames = letter.envelope.iter().map(Vec::as_slice).chain([text.as_bytes()]);
        if let Err(e) = self.socket.send_multipart(frames, zmq::DONTWAIT) {
            tracing::debug!("an answer could not be delivered: {e}");
        }
    }
}

/// Splits routing from body at the empty delimiter frame that REQ sends; a
/// DEALER may leave it out. A body of several frames is malformed, and reads
/// as no JSON at all.
fn open(mut frames: Vec<Vec<u8>>) -> Option<Letter> {
    let read = clock::now();
    let routing = frames.iter().skip(1).position(Vec::is_empty).map_or(1, |i| i + 2);
    if frames.len() < 2 || routing > MOST_FRAMES {
        return None;
    }
    let mut rest = frames.split_off(routing.min(frames.len()));
    let body = if rest.len() == 1 { rest.pop().unwrap_or_default() } else { Vec::new() };
    Some(Letter { envelope: frames, body, read })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(frames: &[&str]) -> Option<(usize, String)> {
        let letter = open(frames.iter().map(|f| f.as_bytes().to_vec()).collect())?;
        Some((letter.envelope.len(), String::from_utf8(letter.body).unwrap()))
    }

    #[test]
    fn every_kind_of_client_gets_its_own_envelope_back() {
        assert_eq!(split(&["id", "", "{}"]), Some((2, String::from("{}"))), "REQ");
        assert_eq!(
            split(&["id", "corr", "", "{}"]),
            Some((3, String::from("{}"))),
            "REQ_CORRELATE"
        );
        assert_eq!(split(&["id", "{}"]), Some((1, String::from("{}"))), "bare DEALER");
        assert_eq!(split(&["id", "", ""]), Some((2, String::new())), "empty request");
        assert_eq!(split(&["id", "", "{}", "{}"]), Some((2, String::new())), "two bodies");
        assert_eq!(split(&["id", ""]), Some((2, String::new())), "no body");
        assert_eq!(split(&["id"]), None);
        assert_eq!(split(&["id", "1", "2", "3", "4", "5", "6", "7", "8", "", "{}"]), None);
    }
}
