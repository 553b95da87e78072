//! Orders without an answer whose fate was told by reads afterwards: told once,
//! and kept for a while, so that UNKNOWN does not just vanish from the screen.

use super::{Doubt, judge};
use crate::domain::{OrderBy, OrderNews, Side, Stamp, Text, Ticket};
use crate::event::Level;
use crate::state::State;
use serde::{Deserialize, Serialize};

/// Kept at most.
const MAX_SETTLED: usize = 64;

/// What became of an order that had no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// Who ordered.
    pub by: OrderBy,
    /// Its identity within its source.
    pub id: Text,
    /// The position that came after it; none when no read shows one.
    pub came: Option<Ticket>,
    /// When that was seen.
    pub at: Stamp,
}

impl State {
    /// What became of the operator's order `id`, if it had no answer and reads
    /// told since.
    #[must_use]
    pub fn settled(&self, id: &Text) -> Option<&Settled> {
        let mut all = self.orders.settled.iter();
        all.find(|settled| settled.by == OrderBy::Operator && settled.id == *id)
    }

    /// Notes what a read has told about orders of this session.
    pub(in crate::state) fn settle_orders(&mut self) {
        let began = self.began.utc;
        let recent = |news: &OrderNews| news.at.is_none_or(|at| at >= began);
        let told: Vec<(OrderNews, Option<Ticket>)> = self
            .orders
            .orders
            .iter()
            .filter(|order| recent(&order.value))
            .filter_map(|order| match self.doubt(order)? {
                Doubt::Happened(ticket) => Some((order.value.clone(), Some(ticket))),
                Doubt::Absent => Some((order.value.clone(), None)),
                Doubt::Unknown => None,
            })
            .collect();
        for (news, came) in told {
            self.settle(&news, came);
        }
    }

    fn settle(&mut self, news: &OrderNews, came: Option<Ticket>) {
        let at = self.now;
        let settled = &mut self.orders.settled;
        let same = |s: &&mut Settled| s.by == news.by && s.id == news.id;
        match settled.iter_mut().find(same) {
            // It came later than anybody would have thought.
            Some(old) if old.came.is_none() && came.is_some() => (old.came, old.at) = (came, at),
            Some(_) => return,
            None => {
                if settled.len() >= MAX_SETTLED {
                    settled.remove(0);
                }
                settled.push(Settled { by: news.by, id: news.id.clone(), came, at });
            }
        }
        let side = news.side.map_or("?", Side::word);
        let what = format!("order without an answer, {} {} {side}", news.by.word(), news.symbol);
        let text = match came {
            Some(ticket) => format!("{what}: position {ticket} came after it"),
            None => format!("{what}: no position came of it, by reads {} later", judge::LATE_WORDS),
        };
        self.say(Level::Warn, "orders", &text);
    }
}
