//! First answers, so that a repeated request is answered and not done again.
//!
//! What belongs here: `OPEN_ORDER`, `CLOSE_POSITION` and KILL_SWITCH by `req_id`,
//! each verb for itself, so that a kill is never mistaken for an order that
//! happened to use the same id, nor pushed out of memory by orders. What does
//! not: doing anything.

use serde::{Deserialize, Serialize};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// Answers kept for each verb.
pub const KEPT: usize = 10_000;
/// Kills that survive a restart.
const SAVED_KILLS: usize = 1_000;
/// Orders and closes, each, that survive a restart.
const SAVED_ORDERS: usize = 128;
/// Longest id that is remembered, in bytes.
pub const MAX_ID: usize = 256;

/// What can be repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// `OPEN_ORDER`
    Open,
    /// `CLOSE_POSITION`
    Close,
    /// KILL_SWITCH
    Kill,
}

/// What is known of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recall {
    /// Never seen.
    New,
    /// Seen, and answered so.
    Same(Arc<str>),
    /// Its id was used to ask for something else.
    Other,
}

/// One answered request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    req_id: String,
    /// Digest of what was asked.
    asked: String,
    answer: Arc<str>,
}

#[derive(Clone, Debug, Default)]
struct Ring {
    by_id: HashMap<String, Arc<Entry>>,
    order: VecDeque<String>,
}

/// Everything remembered.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    opens: Ring,
    closes: Ring,
    kills: Ring,
}

/// What of it survives a restart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedMemory {
    opens: Vec<Arc<Entry>>,
    closes: Vec<Arc<Entry>>,
    kills: Vec<Arc<Entry>>,
}

impl Memory {
    /// Looks a request up; `asked` tells what it asked for.
    #[must_use]
    pub fn recall(&self, verb: Verb, req_id: &str, asked: &str) -> Recall {
        match self.ring(verb).by_id.get(req_id) {
            None => Recall::New,
            Some(entry) if entry.asked == asked => Recall::Same(Arc::clone(&entry.answer)),
            Some(_) => Recall::Other,
        }
    }

    /// Remembers an answer; the oldest of its verb makes room.
    pub fn remember(&mut self, verb: Verb, req_id: &str, asked: &str, answer: Arc<str>) {
        if req_id.len() > MAX_ID {
            return;
        }
        let entry = Entry { req_id: req_id.to_owned(), asked: asked.to_owned(), answer };
        match verb {
            Verb::Open => &mut self.opens,
            Verb::Close => &mut self.closes,
            Verb::Kill => &mut self.kills,
        }
        .put(Arc::new(entry));
    }

    /// The youngest of each verb.
    #[must_use]
    pub fn saved(&self) -> SavedMemory {
        SavedMemory {
            opens: self.opens.youngest(SAVED_ORDERS),
            closes: self.closes.youngest(SAVED_ORDERS),
            kills: self.kills.youngest(SAVED_KILLS),
        }
    }

    /// As it was.
    #[must_use]
    pub fn restored(saved: SavedMemory) -> Self {
        let ring = |entries: Vec<Arc<Entry>>| {
            let mut ring = Ring::default();
            for entry in entries {
                ring.put(entry);
            }
            ring
        };
        Self { opens: ring(saved.opens), closes: ring(saved.closes), kills: ring(saved.kills) }
    }

    const fn ring(&self, verb: Verb) -> &Ring {
        match verb {
            Verb::Open => &self.opens,
            Verb::Close => &self.closes,
            Verb::Kill => &self.kills,
        }
    }
}

impl Ring {
    fn put(&mut self, entry: Arc<Entry>) {
        let id = entry.req_id.clone();
        if self.by_id.insert(id.clone(), entry).is_some() {
            return;
        }
        self.order.push_back(id);
        if self.order.len() > KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_id.remove(&oldest);
        }
    }

    fn youngest(&self, count: usize) -> Vec<Arc<Entry>> {
        let skipped = self.order.len().saturating_sub(count);
        self.order.iter().skip(skipped).filter_map(|id| self.by_id.get(id).cloned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(memory: &Memory, verb: Verb, id: &str) -> Option<String> {
        match memory.recall(verb, id, "a") {
            Recall::Same(text) => Some(text.to_string()),
            _ => None,
        }
    }

    #[test]
    fn verbs_do_not_share_ids() {
        let mut memory = Memory::default();
        memory.remember(Verb::Open, "1", "a", Arc::from("opened"));
        assert_eq!(memory.recall(Verb::Kill, "1", "a"), Recall::New);
        assert_eq!(memory.recall(Verb::Open, "1", "b"), Recall::Other);
        assert_eq!(answer(&memory, Verb::Open, "1").as_deref(), Some("opened"));
    }

    #[test]
    fn ten_thousand_orders_push_out_the_first_order_but_no_kill() {
        let mut memory = Memory::default();
        memory.remember(Verb::Kill, "k", "a", Arc::from("killed"));
        for n in 0..=KEPT {
            memory.remember(Verb::Open, &n.to_string(), "a", Arc::from(n.to_string()));
        }
        assert_eq!(answer(&memory, Verb::Open, "0"), None);
        assert_eq!(answer(&memory, Verb::Open, "1").as_deref(), Some("1"));
        assert_eq!(answer(&memory, Verb::Kill, "k").as_deref(), Some("killed"));
    }

    #[test]
    fn the_youngest_survive_a_restart() {
        let mut memory = Memory::default();
        for n in 0..300 {
            memory.remember(Verb::Close, &n.to_string(), "a", Arc::from("x"));
            memory.remember(Verb::Kill, &n.to_string(), "a", Arc::from("k"));
        }
        let text = serde_json::to_string(&memory.saved()).unwrap();
        let back = Memory::restored(serde_json::from_str(&text).unwrap());
        assert_eq!(answer(&back, Verb::Close, "171"), None);
        assert!(answer(&back, Verb::Close, "172").is_some());
        assert!(answer(&back, Verb::Kill, "0").is_some());
        assert_eq!(back.saved(), memory.saved());
    }
}
