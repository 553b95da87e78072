//! What a kill booked: each gateway's balance, read while the operator was asked,
//! and read once more after the proof.
//!
//! The kill waits for none of it: a read that is not back at the key is no
//! "before", and with `--yes` nobody asks for one.

use crate::config::Settings;
use crate::domain::{GatewayAddr, Money, Text};
use crate::link::{self, Peer};
use crate::tui::view::kill::booked_words;
use crossbeam_channel as channel;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// Longest wait for a balance before the key; nobody waits for the thread.
const BEFORE: Duration = Duration::from_secs(8);
/// The same after the proof: the verb ends so much later at most.
const AFTER: Duration = Duration::from_secs(2);

/// A balance before the key and after the proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Booked {
    gateway: Text,
    before: Money,
    after: Money,
}

impl Booked {
    /// As the console's kill panel has it.
    pub fn words(&self) -> String {
        let (became, by) = booked_words(self.before, self.after);
        format!("{} balance {became}{by}", self.gateway)
    }
}

/// Balances that are read on a thread of their own.
pub(super) struct Balances(channel::Receiver<(Text, Money)>);

impl Balances {
    /// Begins to read, in contexts of their own: what hangs here holds up
    /// nothing there.
    pub fn read(settings: &Settings, patience: Duration) -> Self {
        let (tell, told) = channel::unbounded();
        for gateway in settings.gateways.clone() {
            let (tell, max_message) = (tell.clone(), settings.feed.max_message_bytes);
            let work = move || {
                if let Some(balance) = balance(&gateway, max_message, patience) {
                    let _ = tell.send((gateway.name, balance));
                }
            };
            let _ = std::thread::Builder::new().name("balance".to_owned()).spawn(work);
        }
        Self(told)
    }

    /// Those of before the key.
    pub fn before(settings: &Settings) -> Self {
        Self::read(settings, BEFORE)
    }

    /// What is back by now.
    pub fn by_now(&self) -> BTreeMap<Text, Money> {
        self.0.try_iter().collect()
    }
}

/// Both sides, for the gateways with a balance of before.
pub(super) fn since(before: &BTreeMap<Text, Money>, settings: &Settings) -> Vec<Booked> {
    if before.is_empty() {
        return Vec::new();
    }
    // The threads end by themselves within the patience, and the lane with them.
    let after: BTreeMap<Text, Money> = Balances::read(settings, AFTER).0.iter().collect();
    let both = |(gateway, before): (&Text, &Money)| {
        let (gateway, before) = (gateway.clone(), *before);
        after.get(&gateway).map(|after| Booked { gateway, before, after: *after })
    };
    before.iter().filter_map(both).collect()
}

fn balance(gateway: &GatewayAddr, max_message: u64, patience: Duration) -> Option<Money> {
    let zmq = link::context().ok()?;
    let mut peer = Peer::connect(&zmq, &gateway.cmd, max_message).ok()?;
    peer.account(patience).ok().map(|read| read.value.balance)
}
