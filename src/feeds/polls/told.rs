//! What the polls have told about one gateway: every outcome as an event,
//! every change of fortune as one line for the log.

use super::Question;
use crate::domain::{Account, Fingerprint, GatewayAddr, Position, Stamp, Text};
use crate::event::{AccountRead, Event, GatewayReport, Level, PositionsRead, Read, Sender};
use crate::host::clock;
use crate::link::{AskError, Peer};
use std::time::Duration;

/// Reports about one gateway.
pub(super) struct Told {
    sender: Sender,
    name: String,
    last: GatewayReport,
    /// The last thing said in the log: well or not.
    well: Option<bool>,
    /// Positions and account were declared unknown since they were last read.
    unknown: bool,
}

fn micros(d: Duration) -> u64 {
    u64::try_from(d.as_micros()).unwrap_or(u64::MAX)
}

impl Told {
    pub(super) fn new(index: u16, gateway: &GatewayAddr, sender: Sender) -> Self {
        let last = GatewayReport { gateway: index, ..GatewayReport::default() };
        let name = format!("gateway {}", gateway.name);
        Self { sender, name, last, well: None, unknown: false }
    }

    /// Whether the last report said that the peer is one of ours.
    pub(super) fn was_proven(&self) -> bool {
        self.last.fingerprint == Fingerprint::V1
    }

    /// A good heartbeat.
    pub(super) fn alive(
        &mut self,
        (service, killed): (&Text, Option<bool>),
        rtt: Duration,
        peer: &mut Peer,
    ) {
        if self.well != Some(true) {
            self.well = Some(true);
            let text = format!("{} answers as v1.0 ({service})", peer.to());
            tracing::info!("{}: {text}, round trip {rtt:.1?}", self.name);
            self.sender.log(Level::Info, &self.name, text);
        }
        self.unknown = false;
        self.last.rtt_us = Some(micros(rtt));
        self.last.fault = Text::default();
        self.last.service = service.clone();
        self.last.killed = killed;
        self.gateway(peer);
    }

    /// A new connection's heartbeat failed: nothing can be asked at all.
    pub(super) fn unreachable(&mut self, asked: Stamp, peer: &mut Peer, error: &AskError) {
        self.fault(Question::Heartbeat, asked, peer, error);
        if !self.unknown {
            self.unknown = true;
            self.fault(Question::Positions, asked, peer, error);
            self.fault(Question::Account, asked, peer, error);
        }
    }

    /// A question without an honest answer.
    pub(super) fn fault(
        &mut self,
        question: Question,
        asked: Stamp,
        peer: &mut Peer,
        error: &AskError,
    ) {
        let words = Text::new(&error.to_string());
        let waited = micros(clock::now().since(asked));
        let gateway = self.last.gateway;
        if question != Question::Heartbeat || self.well != Some(false) {
            let what = question.word();
            tracing::warn!("{}: {what} failed: {words}", self.name);
        }
        match question {
            Question::Heartbeat => {
                if self.well != Some(false) {
                    self.well = Some(false);
                    let rogue = peer.fingerprint() == Fingerprint::NotV1;
                    let level = if rogue { Level::Alarm } else { Level::Warn };
                    self.sender.log(level, &self.name, &words);
                }
                self.last.rtt_us = None;
                self.last.fault = words;
                self.gateway(peer);
            }
            Question::Positions => self.sender.send(Event::Positions(Box::new(PositionsRead {
                gateway,
                asked,
                rtt_us: waited,
                read: Read::Fault(words),
            }))),
            Question::Account => self.sender.send(Event::Account(Box::new(AccountRead {
                gateway,
                asked,
                rtt_us: waited,
                read: Read::Fault(words),
            }))),
        }
    }

    pub(super) fn positions(&self, asked: Stamp, rtt: Duration, rows: Vec<Position>) {
        let (gateway, rtt_us, read) = (self.last.gateway, micros(rtt), Read::Good(rows));
        self.sender.send(Event::Positions(Box::new(PositionsRead {
            gateway,
            asked,
            rtt_us,
            read,
        })));
    }

    pub(super) fn account(&self, asked: Stamp, rtt: Duration, account: Account) {
        let (gateway, rtt_us, read) = (self.last.gateway, micros(rtt), Read::Good(account));
        self.sender.send(Event::Account(Box::new(AccountRead { gateway, asked, rtt_us, read })));
    }

    fn gateway(&mut self, peer: &mut Peer) {
        self.last.link = peer.link_state();
        self.last.fingerprint = peer.fingerprint();
        self.sender.send(Event::Gateway(Box::new(self.last.clone())));
    }
}
