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
    use crate::domain::{Price, Symbol, UtcMicros};
    use crate::gateway::market::Quote;
    use crate::gateway::{GatewayOptions, SimOptions};

    fn split(frames: &[&str]) -> Option<(usize, String)> {
        let letter = open(frames.iter().map(|f| f.as_bytes().to_vec()).collect())?;
        Some((letter.envelope.len(), String::from_utf8(letter.body).unwrap()))
    }

    /// A server that only goes round when told to, and a client in one pipe.
    fn pair(dir: &std::path::Path) -> (Server, zmq::Socket) {
        let options = GatewayOptions::embedded(SimOptions::default(), dir.to_owned());
        let symbol = Symbol::new("EURUSD").unwrap();
        let floor = Arc::new(Floor::open(&options, &[(symbol, 5)]).unwrap());
        let price = |text| Price::parse(text).unwrap();
        let quote = Quote::new(price("1.1"), price("1.1001")).unwrap();
        floor.core().engine.hear(&symbol, quote, UtcMicros(1));
        let context = zmq::Context::new();
        let router = context.socket(zmq::ROUTER).unwrap();
        router.bind("inproc://desk").unwrap();
        let client = context.socket(zmq::DEALER).unwrap();
        client.set_rcvtimeo(5_000).unwrap();
        client.connect("inproc://desk").unwrap();
        (Server::new(router, floor), client)
    }

    fn ask(client: &zmq::Socket, id: &str, action: &str) {
        let payload = r#"{"symbol":"EURUSD","volume":0.01,"type":"BUY"}"#;
        let text = format!(
            r#"{{"action":"{action}","req_id":"{id}","timestamp":1.0,"payload":{payload}}}"#
        );
        client.send_multipart(["", &text], 0).unwrap();
    }

    fn heard(client: &zmq::Socket) -> serde_json::Value {
        serde_json::from_slice(&client.recv_multipart(0).unwrap()[1]).unwrap()
    }

    #[test]
    fn a_kill_overtakes_the_orders_that_wait_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let (server, client) = pair(dir.path());
        ask(&client, "o-1", "OPEN_ORDER");
        ask(&client, "o-2", "OPEN_ORDER");
        ask(&client, "k-1", "KILL_SWITCH");
        server.round();
        assert_eq!(heard(&client)["req_id"], "k-1");
        for id in ["o-1", "o-2"] {
            let refused = heard(&client);
            assert_eq!(refused["req_id"], id);
            assert_eq!(refused["data"]["status"], "ERROR", "{refused}");
        }
        assert_eq!(server.floor.core().engine.leaks, 0);
    }

    #[test]
    fn orders_of_one_round_are_on_disk_before_their_answers() {
        let dir = tempfile::tempdir().unwrap();
        let (server, client) = pair(dir.path());
        for n in 0..20 {
            ask(&client, &format!("o-{n}"), "OPEN_ORDER");
        }
        ask(&client, "h", "HEARTBEAT");
        server.round();
        assert_eq!(heard(&client)["req_id"], "h", "a heartbeat does not wait for disk");
        let saved = server.floor.store.load().unwrap().unwrap();
        assert_eq!(saved.book.positions.len(), 20);
        for n in 0..20 {
            let reply = heard(&client);
            assert_eq!(reply["req_id"], format!("o-{n}"), "in their order");
            assert_eq!(reply["data"]["durable"], true);
        }
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
