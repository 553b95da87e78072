//! The six actions: request text in, answer text out.
//!
//! What belongs here: which action does what, first answers, and what must be
//! on disk before an answer leaves. What does not: sockets.

use super::answer::{Answer, Data, UNKNOWN_REQ};
use super::book::CloseCause;
use super::engine::{Closed, Opened};
use super::floor::Floor;
use super::memory::{MAX_ID, Recall, Verb};
use super::payload;
use super::rules::Rejection;
use crate::domain::{Stamp, Text, UtcMicros};
use crate::host::clock;
use crate::wire::request::{Incoming, RequestFault};
use serde_json::Value;
use serde_json::value::RawValue;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// What to do with an answer.
#[derive(Debug)]
pub enum Reply {
    /// Send it.
    Now(Arc<str>),
    /// Have the memory written first.
    AfterSave(Box<Unsaved>),
}

/// An answer that promises that disk holds what it says.
#[derive(Debug)]
pub struct Unsaved {
    answer: Answer,
    verb: Verb,
    asked: String,
    text: Arc<str>,
}

/// Serves requests.
pub struct Desk {
    floor: Arc<Floor>,
}

impl Desk {
    /// Over this floor.
    pub const fn new(floor: Arc<Floor>) -> Self {
        Self { floor }
    }

    /// Serves one request that was read at `read`.
    pub fn serve(
        &self,
        body: &[u8],
        request: &Result<Incoming<'_>, RequestFault>,
        read: Stamp,
    ) -> Reply {
        let incoming = match request {
            Ok(incoming) => incoming,
            Err(fault) => return self.malformed(readable_id(body, fault), fault.to_string()),
        };
        let id = &*incoming.req_id;
        match &*incoming.action {
            "HEARTBEAT" => {
                let killed = self.floor.killed().is_some();
                now(id, Ok(Data::alive(self.floor.server_name, killed)))
            }
            "GET_ACCOUNT_INFO" => now(id, Ok(self.account())),
            "GET_POSITIONS" => {
                let views = self.floor.core().engine.positions();
                now(id, Ok(Data::positions(&views)))
            }
            "OPEN_ORDER" => self.open(id, incoming.payload),
            "CLOSE_POSITION" => self.close(id, incoming.payload),
            "KILL_SWITCH" => self.kill(id, read),
            other => {
                let words = format!("Unknown action: {}", Text::limited(other, 100));
                self.malformed(id.to_owned(), words)
            }
        }
    }

    /// Writes the memory once for all of them; what the disk did not take is
    /// said in each answer.
    pub fn settle(&self, unsaved: &mut [Box<Unsaved>]) {
        if unsaved.is_empty() || self.floor.save().is_ok() {
            return;
        }
        let mut core = self.floor.core();
        for Unsaved { answer, verb, asked, text } in unsaved.iter_mut().map(|u| &mut **u) {
            answer.not_durable();
            *text = Arc::from(answer.encode());
            core.memory.remember(*verb, &answer.req_id, asked, Arc::clone(text));
        }
    }

    fn account(&self) -> Data {
        let core = self.floor.core();
        let engine = &core.engine;
        let killed = engine.killed.is_some();
        let name = self.floor.server_name;
        Data::account(&engine.account(), engine.currency, engine.leverage, name, killed)
    }

    fn open(&self, id: &str, payload: &RawValue) -> Reply {
        let asked = payload::digest(payload);
        let mut core = self.floor.core();
        match core.memory.recall(Verb::Open, id, &asked) {
            Recall::Same(text) => return Reply::Now(text),
            Recall::Other => return now(id, Ok(Data::refused(&reused(id, "OPEN_ORDER")))),
            Recall::New => {}
        }
        let at = clock::utc();
        let opened = payload::order(payload).and_then(|order| {
            // The kill's own words go before those of latch and disk.
            if core.engine.killed.is_none() {
                self.permit(id)?;
            }
            core.engine.open(&order, at).map(|opened| (order, opened))
        });
        match opened {
            Ok((order, opened)) => {
                core.touch();
                self.floor.counters.orders_accepted.fetch_add(1, Ordering::Relaxed);
                let answer = answer(id, at, Ok(Data::opened(&opened)));
                let reply = promise(&mut core.memory, Verb::Open, asked, answer);
                drop(core);
                let Opened { ticket, lots, price, digits, pending } = opened;
                let done = if pending { "placed" } else { "filled" };
                tracing::info!(
                    "{} {lots} {} {done} at {}, ticket {ticket}",
                    order.wire_type(),
                    order.symbol,
                    price.text(digits)
                );
                reply
            }
            Err(why) => {
                self.floor.counters.orders_refused.fetch_add(1, Ordering::Relaxed);
                let text: Arc<str> = Arc::from(answer(id, at, Ok(Data::refused(&why))).encode());
                core.memory.remember(Verb::Open, id, &asked, Arc::clone(&text));
                drop(core);
                tracing::warn!("order refused: {why}");
                Reply::Now(text)
            }
        }
    }

    fn close(&self, id: &str, payload: &RawValue) -> Reply {
        let ticket = match payload::ticket(payload) {
            Ok(Some(ticket)) => ticket,
            Ok(None) => {
                return self.malformed(id.to_owned(), String::from("Missing 'ticket' in payload"));
            }
            Err(why) => return now(id, Ok(Data::refused(&why))),
        };
        let asked = payload::digest(payload);
        let mut core = self.floor.core();
        match core.memory.recall(Verb::Close, id, &asked) {
            Recall::Same(text) => return Reply::Now(text),
            Recall::Other => return now(id, Ok(Data::refused(&reused(id, "CLOSE_POSITION")))),
            Recall::New => {}
        }
        let at = clock::utc();
        match core.engine.close(ticket) {
            Ok(closed) => {
                core.touch();
                let answer = answer(id, at, Ok(Data::closed(&closed)));
                let reply = promise(&mut core.memory, Verb::Close, asked, answer);
                drop(core);
                tracing::info!("{}", closed.line());
                reply
            }
            Err(why) => {
                let text: Arc<str> = Arc::from(answer(id, at, Ok(Data::refused(&why))).encode());
                core.memory.remember(Verb::Close, id, &asked, Arc::clone(&text));
                Reply::Now(text)
            }
        }
    }

    fn kill(&self, id: &str, read: Stamp) -> Reply {
        self.floor.counters.kill_read(read.mono_ns);
        let mut core = self.floor.core();
        // Whatever the payload says, a kill is a kill.
        if let Recall::Same(text) = core.memory.recall(Verb::Kill, id, "") {
            return Reply::Now(text);
        }
        let outcome = core.engine.kill(Text::limited(id, MAX_ID), read.utc);
        core.kills += 1;
        core.touch();
        let kill_id = core.engine.killed.as_ref().map(|k| k.kill_id.clone()).unwrap_or_default();
        let data = Data::killed(&outcome, kill_id, read.utc, read.mono_ns);
        let answer = answer(id, clock::utc(), Ok(data));
        let reply = promise(&mut core.memory, Verb::Kill, String::new(), answer);
        drop(core);
        tracing::warn!(
            "[KILL_SWITCH] engaged by request {}: {} of {} positions closed, {} pending orders cancelled",
            Text::limited(id, MAX_ID),
            outcome.closed.len(),
            outcome.total,
            outcome.cancelled
        );
        outcome.closed.iter().for_each(|closed| tracing::info!("{}", closed.line()));
        reply
    }

    fn permit(&self, id: &str) -> Result<(), Rejection> {
        if id.len() > MAX_ID {
            let words = format!("req_id is longer than {MAX_ID} bytes: it could not be remembered");
            return Err(Rejection::Payload(Text::new(&words)));
        }
        self.floor.latch.permit()?;
        let fault = self.floor.fault();
        if fault.is_empty() { Ok(()) } else { Err(Rejection::NotDurable(fault)) }
    }

    fn malformed(&self, id: String, words: String) -> Reply {
        self.floor.counters.malformed.fetch_add(1, Ordering::Relaxed);
        tracing::debug!("request refused: {}", Text::new(&words));
        let answer = Answer { req_id: id, at: clock::utc(), outcome: Err(words) };
        Reply::Now(Arc::from(answer.encode()))
    }
}

impl Unsaved {
    /// The answer's text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl Closed {
    /// A log line.
    #[must_use]
    pub fn line(&self) -> String {
        let Self { held, price, profit, digits, cause } = self;
        format!(
            "{} {} {} closed {} at {}, profit {}, ticket {}",
            held.side.word(),
            held.lots,
            held.symbol,
            CloseCause::word(*cause),
            price.text(*digits),
            profit.text(2),
            held.ticket
        )
    }
}

fn answer(id: &str, at: UtcMicros, outcome: Result<Data, String>) -> Answer {
    Answer { req_id: id.to_owned(), at, outcome }
}

fn now(id: &str, outcome: Result<Data, String>) -> Reply {
    Reply::Now(Arc::from(answer(id, clock::utc(), outcome).encode()))
}

/// Remembers the answer before it is saved: if the process dies between the
/// two, a repeated request still meets its first answer.
fn promise(memory: &mut super::memory::Memory, verb: Verb, asked: String, answer: Answer) -> Reply {
    let text: Arc<str> = Arc::from(answer.encode());
    memory.remember(verb, &answer.req_id, &asked, Arc::clone(&text));
    Reply::AfterSave(Box::new(Unsaved { answer, verb, asked, text }))
}

fn reused(id: &str, action: &str) -> Rejection {
    let id = Text::limited(id, MAX_ID);
    let words = format!("req_id \"{id}\" was used for another {action}: use a new one");
    Rejection::Payload(Text::new(&words))
}

/// The id of a request that is no v1.0 request, where it has one.
fn readable_id(body: &[u8], fault: &RequestFault) -> String {
    let read = || {
        let value: Value = serde_json::from_slice(body).ok()?;
        value.get("req_id")?.as_str().map(str::to_owned)
    };
    let known = if *fault == RequestFault::Structure { read() } else { None };
    known.unwrap_or_else(|| String::from(UNKNOWN_REQ))
}
