//! Orders that a cycle left behind: what became of them is told as soon as it
//! is known, by the next cycle or the next start; and those without an answer
//! are in the status until a look at the positions tells.

use super::cycle::Crew;
use super::memory::Left;
use super::options::Options;
use crate::domain::{Decision, DecisionSource, Side, Symbol, Text, Ticket};
use crate::host::clock;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// An order may be filled so late: what a look shows before proves nothing.
const LATE_US: i64 = 30_000_000;
/// Longest wait for each answer of such a look.
const WAIT: Duration = Duration::from_secs(3);
/// Orders without an answer that one cycle looks for, and that are named.
const MOST: usize = 4;

/// What is told of orders of which `left` remembers more than anybody heard;
/// their cycles are not known any more.
pub fn decisions(left: &[Left], options: &Options) -> Vec<Decision> {
    let told = left.iter().map(|order| Decision {
        source: DecisionSource::Sentinel,
        at: Some(clock::utc()),
        symbol: order.symbol.clone(),
        side: order.side,
        threshold: Some(options.threshold),
        action: Text::new(action(order)),
        why: Text::limited(&why(order), 300),
        order: match order.ticket {
            Some(ticket) => Text::new(&format!("ticket {ticket}")),
            None => order.id.clone(),
        },
        // A dry run's is never on its way.
        live: Some(true),
        ..Decision::default()
    });
    told.collect()
}

fn action(order: &Left) -> &'static str {
    match order.fate.as_str() {
        "done" => "ORDER_GENERATED",
        "refused" => "REJECTED",
        "held" => "NO_ORDER",
        "denied" | "not sent" => "SKIPPED",
        _ => "UNKNOWN",
    }
}

fn why(order: &Left) -> String {
    let Left { id, symbol, side, .. } = order;
    let side = side.map_or("?", Side::word);
    if order.fate.as_str() == "sent" {
        return format!(
            "order {id} ({symbol} {side}) is UNKNOWN: the last run ended before its answer; it is \
             not sent again, look with: crs positions"
        );
    }
    let made = order.at.iso();
    format!("{}: {} (order {id} of {made}, its cycle ended before)", order.fate, order.why)
}

/// What is said of those without an answer, for as long as it holds.
pub fn words(doubts: &[Left]) -> Option<String> {
    let named = doubts.iter().take(MOST).map(|order| {
        let side = order.side.map_or("?", Side::word);
        format!("{} ({} {side})", order.id, order.symbol)
    });
    let named: Vec<String> = named.collect();
    let more = doubts.len().saturating_sub(MOST);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let (verb, list) = (if doubts.len() == 1 { "is" } else { "are" }, named.join(", "));
    (!doubts.is_empty())
        .then(|| format!("order {list}{more} {verb} UNKNOWN: look with: crs positions"))
}

impl Crew {
    /// Looks for the positions of orders without an answer, beside the cycle
    /// and never twice at once. A dry run asks no gateway anything.
    pub(super) fn look_for(self: &Arc<Self>, doubts: &[Left]) {
        let due = |order: &&Left| clock::utc().0.saturating_sub(order.at.0) >= LATE_US;
        let due: Vec<Left> = doubts.iter().filter(due).take(MOST).cloned().collect();
        if due.is_empty() || !self.options.live || self.looking.swap(true, Ordering::AcqRel) {
            return;
        }
        let crew = Arc::clone(self);
        let looks = move || {
            for order in due {
                crew.clear(&order);
            }
            crew.looking.store(false, Ordering::Release);
        };
        let spawned = std::thread::Builder::new().name("sentinel-look".to_owned()).spawn(looks);
        if let Err(e) = spawned {
            tracing::warn!("orders without an answer are not looked for: {e}");
            self.looking.store(false, Ordering::Release);
        }
    }

    fn clear(&self, order: &Left) {
        let symbol = Symbol::new(order.symbol.as_str()).ok();
        let at_broker = symbol.and_then(|symbol| self.options.at_broker(symbol));
        let (Some(symbol), Some(side)) = (at_broker, order.side) else { return };
        match self.desk.holds(symbol, side, WAIT) {
            Ok(ticket) => {
                let found = found(ticket);
                tracing::warn!("order {} ({symbol} {}): {found}", order.id, side.word());
                let id = order.id.clone();
                let what = format!("of {id} {found}");
                self.store.write(what, move |m| m.cleared(id.as_str(), ticket));
            }
            Err(why) => {
                tracing::warn!("order {} stays UNKNOWN: {why}", order.id);
            }
        }
    }
}

fn found(ticket: Option<Ticket>) -> String {
    match ticket {
        Some(ticket) => format!("a position of its side is open, {ticket}: it was filled"),
        None => String::from("it left no position that is open"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::UtcMicros;

    fn left(id: &str, fate: &str, ticket: Option<u64>) -> Left {
        Left {
            id: Text::new(id),
            symbol: Text::new("EURUSD"),
            side: Some(Side::Buy),
            at: UtcMicros(1_768_399_200_000_000),
            fate: Text::new(fate),
            ticket: ticket.map(Ticket),
            why: Text::new("as it was"),
        }
    }

    #[test]
    fn each_fate_has_its_action_and_doubts_are_named_a_few() {
        for (fate, said) in [
            ("done", "ORDER_GENERATED"),
            ("refused", "REJECTED"),
            ("held", "NO_ORDER"),
            ("denied", "SKIPPED"),
            ("not sent", "SKIPPED"),
            ("unknown", "UNKNOWN"),
            ("sent", "UNKNOWN"),
        ] {
            assert_eq!(action(&left("ord-1", fate, None)), said);
        }
        let done = why(&left("ord-1", "done", Some(7)));
        assert!(done.starts_with("done: as it was (order ord-1 of 2026-01-14T14:00:00"), "{done}");
        assert_eq!(words(&[]), None);
        let one = words(&[left("ord-1", "sent", None)]).unwrap();
        assert_eq!(one, "order ord-1 (EURUSD BUY) is UNKNOWN: look with: crs positions");
        let many: Vec<Left> = (0..6).map(|n| left(&format!("o{n}"), "unknown", None)).collect();
        assert!(words(&many).unwrap().contains("o3 (EURUSD BUY) and 2 more are UNKNOWN"));
    }
}
