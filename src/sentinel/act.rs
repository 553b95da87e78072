//! From a signal to an order, once for each bar, or to the reason why not.

use super::cycle::{Crew, Making, Outcome, Round};
use super::daemon::panicked;
use super::desk::{Placed, PlacedAs};
use super::memory::{Intent, Standing};
use crate::domain::{OrderTicket, Side, Symbol, Text};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

/// Longest wait for one answer of the gateway.
const LONGEST: Duration = Duration::from_secs(10);
/// Shortest: an order is not to be called unknown because the cycle was late.
const SHORTEST: Duration = Duration::from_secs(1);
/// Answers that an order waits for, one after the other.
const ANSWERS: u32 = 5;

impl Crew {
    /// Orders, or says why not. Only one symbol at a time is in here.
    pub(super) async fn act(
        &self,
        making: Making,
        (symbol, side): (Symbol, Side),
        bar: i64,
        round: Round,
    ) -> Outcome {
        let _turn = self.turn.lock().await;
        let live = self.options.live;
        let standing = self.remember(move |m| m.standing((symbol, side), bar, live)).await;
        match standing {
            Ok(Standing::Free) => {}
            Ok(Standing::Used(order)) => {
                let why = format!("{} was acted on for this bar: {order}", side.word());
                return making.end("NO_ORDER", why);
            }
            Ok(Standing::Held) => {
                let why = "the state file was damaged, so this bar may have been acted on; \
                           the next bar is free";
                return making.end("SKIPPED", why);
            }
            Err(why) => return making.end("SKIPPED", format!("an order needs its record: {why}")),
        }
        // The first look at the gate; the order's own comes last of all.
        if let Some(why) = self.look.denied() {
            return self.blocked(making, &why);
        }
        if !live {
            return self.make_dry(making, (symbol, side), bar).await;
        }
        if Instant::now() >= round.done_by {
            return making.end("SKIPPED", "no time left in this cycle for an order");
        }
        self.send(making, (symbol, side), bar, round).await
    }

    fn blocked(&self, making: Making, why: &Text) -> Outcome {
        self.look.blocked();
        making.end("BLOCKED", why)
    }

    async fn make_dry(
        &self,
        mut making: Making,
        (symbol, side): (Symbol, Side),
        bar: i64,
    ) -> Outcome {
        let began = Instant::now();
        let lots = self.options.lots;
        let made = self.remember(move |m| m.make_dry(symbol, side, lots, bar)).await;
        making.step("order", began.elapsed());
        match made {
            Ok(id) => {
                making.order(&format!("dry {id}"));
                making.end("DRY_RUN", format!("{} {lots} lots, not sent", side.word()))
            }
            Err(why) => making.end("SKIPPED", format!("an order needs its record: {why}")),
        }
    }

    async fn send(
        &self,
        mut making: Making,
        (symbol, side): (Symbol, Side),
        bar: i64,
        round: Round,
    ) -> Outcome {
        let Some(name) = self.options.at_broker(symbol) else {
            let suffix = Text::new(&self.options.suffix);
            return making.end("SKIPPED", format!("{symbol}{suffix} is no symbol of a broker"));
        };
        let began = Instant::now();
        let left = round.done_by.saturating_duration_since(began);
        let wait = (left / ANSWERS).clamp(SHORTEST, LONGEST);
        let placed = self.place(
            OrderTicket::market(name, side, self.options.lots),
            (symbol, bar),
            wait,
            round,
        );
        self.ordering.store(true, Ordering::Release);
        let placed = placed.await;
        self.ordering.store(false, Ordering::Release);
        self.metrics.send_seconds.observe(began.elapsed().as_secs_f64());
        making.step("order", began.elapsed());
        if matches!(placed.fate, PlacedAs::Unknown | PlacedAs::Barred | PlacedAs::NotSent) {
            self.metrics.send_failed.inc();
        }
        if let Some(ticket) = placed.ticket {
            making.order(&format!("ticket {ticket}"));
        }
        match placed.fate {
            PlacedAs::Done => {
                self.metrics.executed(side);
                making.end("ORDER_GENERATED", &placed.why)
            }
            PlacedAs::Unknown => making.end("UNKNOWN", &placed.why),
            PlacedAs::Refused => making.end("REJECTED", &placed.why),
            PlacedAs::Denied => self.blocked(making, &placed.why),
            PlacedAs::Held => making.end("NO_ORDER", &placed.why),
            PlacedAs::Barred | PlacedAs::NotSent => {
                making.end("SKIPPED", format!("not sent: {}", placed.why))
            }
        }
    }

    /// On a thread that may wait: the way to the desk, with the record before
    /// and after it. A disk may hold it up for any time, so the desk itself
    /// asks last whether the cycle's time is up.
    async fn place(
        &self,
        order: OrderTicket,
        (symbol, bar): (Symbol, i64),
        wait: Duration,
        round: Round,
    ) -> Placed {
        let (desk, memory) = (Arc::clone(&self.desk), Arc::clone(&self.memory));
        let task = tokio::task::spawn_blocking(move || {
            let mut id: Option<String> = None;
            let placed = desk.open(&order, wait, round.done_by, &mut |named| {
                let (side, lots) = (order.side, order.lots);
                let intent = Intent { id: named, symbol, side, lots, bar };
                let mut memory = memory.lock().unwrap_or_else(PoisonError::into_inner);
                memory.intend(&intent).map_err(|e| Text::new(&e.to_string()))?;
                id = Some(named.to_owned());
                Ok(())
            });
            let Some(id) = id else { return placed };
            let fate = placed.fate.word();
            let mut memory = memory.lock().unwrap_or_else(PoisonError::into_inner);
            if let Err(e) = memory.settle(&id, fate, placed.ticket, &placed.why) {
                tracing::error!("{id} is {fate}, and that is not on record: {e}");
            }
            placed
        });
        task.await.unwrap_or_else(|e| {
            // Its record says "sent", so its bar is used up.
            let why = panicked(e);
            let why = format!("UNKNOWN: {why}; it is not sent again, look with: crs positions");
            Placed::without_ticket(PlacedAs::Unknown, why)
        })
    }
}
