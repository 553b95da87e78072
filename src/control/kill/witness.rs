//! What of a kill's talk with its gateway goes on record, byte for byte.
//!
//! Each KILL_SWITCH and CLOSE_POSITION with its answer; of the reads those
//! that decided: the last ones before a phase changed. A kill that lasts for
//! hours repeats itself, so of its repetitions only every tenth is kept.

use super::call::{Asked, Call};
use crate::audit::Act;
use crate::domain::{Frame, KillIntent, Lots, Position, Stamp, Text, Ticket};
use crate::wire::{Action, Reply};
use std::collections::{BTreeMap, VecDeque};

/// Repetitions of one request that are kept before they are thinned out.
const ALL_OF: u32 = 10;
/// Three polls of two reads each.
const READS: usize = 6;

/// The record of one kill at one gateway.
pub(super) struct Witness {
    intent: KillIntent,
    gateway: Text,
    /// Sent so often.
    sent: BTreeMap<Counted, u32>,
    reads: VecDeque<Act>,
    /// When the last read of the positions was asked for.
    looked: Option<Stamp>,
    found: Option<Vec<(Ticket, Lots)>>,
}

/// What is counted: actions that change something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Counted {
    Kill,
    Close(Ticket),
}

const fn counted(action: &Action) -> Option<Counted> {
    match action {
        Action::KillSwitch => Some(Counted::Kill),
        Action::ClosePosition(ticket) => Some(Counted::Close(*ticket)),
        _ => None,
    }
}

const fn is_kept(n: u32) -> bool {
    n <= ALL_OF || n.is_multiple_of(ALL_OF)
}

impl Witness {
    pub fn new(intent: KillIntent, gateway: Text) -> Self {
        let (sent, reads) = (BTreeMap::new(), VecDeque::new());
        Self { intent, gateway, sent, reads, looked: None, found: None }
    }

    /// A request went out.
    pub fn sent(&mut self, call: &Call) -> Option<Act> {
        let asked = call.asked()?;
        if asked.action == Action::Positions {
            self.looked = Some(asked.at);
        }
        let n = self.sent.entry(counted(&asked.action)?).or_insert(0);
        *n = n.saturating_add(1);
        is_kept(*n).then(|| self.exchange(asked, true, None))
    }

    /// Its answer came.
    pub fn answered(&mut self, call: &Call, reply: &[u8], now: u64) -> Option<Act> {
        let asked = call.asked()?;
        let reply = Some((reply, now));
        let Some(line) = counted(&asked.action) else {
            if self.reads.len() >= READS {
                self.reads.pop_front();
            }
            let read = self.exchange(asked, true, reply);
            self.reads.push_back(read);
            return None;
        };
        let n = self.sent.get(&line).copied().unwrap_or(0);
        // Whatever is repeated, the answer that counts is kept.
        let counts = reply.is_some_and(|(bytes, _)| {
            Reply::decode(bytes).is_ok_and(|r| r.kill(&asked.req).is_ok())
        });
        (is_kept(n) || counts).then(|| self.exchange(asked, false, reply))
    }

    /// A fingerprint was refused: what the peer said instead.
    pub fn refused(&self, call: &Call, now: u64) -> Option<Act> {
        let asked = call.asked()?;
        let reply = asked.refused_by.as_deref()?;
        Some(self.exchange(asked, true, Some((reply, now))))
    }

    /// The phase changed: the reads before it are what decided.
    pub fn decided(&mut self) -> Vec<Act> {
        self.reads.drain(..).collect()
    }

    /// What was open after the kill; the same list again is no news.
    pub fn found(&mut self, open: Vec<Position>) -> Option<Act> {
        let list: Vec<(Ticket, Lots)> = open.iter().map(|p| (p.ticket, p.lots)).collect();
        if self.found.as_ref() == Some(&list) {
            return None;
        }
        self.found = Some(list);
        Some(Act::Positions {
            engage_id: self.intent.engage_id,
            gateway: self.gateway.clone(),
            open,
            before: false,
            asked: self.looked,
            age_ms: None,
            unknown: None,
        })
    }

    fn exchange(&self, asked: &Asked, with_request: bool, reply: Option<(&[u8], u64)>) -> Act {
        let us = |ns: u64| ns.saturating_sub(self.intent.pressed.mono_ns) / 1_000;
        let what = match &asked.action {
            Action::ClosePosition(ticket) => format!("{} {ticket}", asked.action.word()),
            other => other.word().to_owned(),
        };
        Act::Exchange {
            engage_id: self.intent.engage_id,
            gateway: self.gateway.clone(),
            what: Text::new(&what),
            req_id: Text::new(asked.req.as_str()),
            sent_us: us(asked.at.mono_ns),
            answered_us: reply.map(|(_, now)| us(now)),
            request: (with_request && !asked.bytes.is_empty()).then(|| Frame::of(&asked.bytes)),
            reply: reply.map(|(bytes, _)| Frame::of(bytes)),
        }
    }
}
