//! From a signal to an order, once for each bar, or to the reason why not.

use super::cycle::{Crew, Making, Outcome, Round};
use super::daemon::panicked;
use super::desk::{Placed, PlacedAs};
use super::memory::{Intent, Standing};
use crate::domain::{OrderTicket, Side, Symbol, Text};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// Longest wait for one answer of the gateway.
const LONGEST: Duration = Duration::from_secs(10);
/// Shortest: an order is not to be called unknown because the cycle was late.
const SHORTEST: Duration = Duration::from_secs(1);
/// Answers that an order waits for, one after the other.
const ANSWERS: u32 = 5;
/// Beyond all of them: then it is a disk that hangs.
const GRACE: Duration = Duration::from_secs(1);

/// An order's thread; whoever sees this end knows that it has come back.
struct Out(Arc<AtomicBool>);

impl Drop for Out {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

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
        let standing = self.store.remember(move |m| m.standing((symbol, side), bar, live)).await;
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
        let made = self.store.remember(move |m| m.make_dry(symbol, side, lots, bar)).await;
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
        if self.ordering.swap(true, Ordering::AcqRel) {
            let why = "the order before has not come back: its disk or its gateway hangs";
            return making.end("SKIPPED", why);
        }
        let out = Out(Arc::clone(&self.ordering));
        let began = Instant::now();
        let left = round.done_by.saturating_duration_since(began);
        let wait = (left / ANSWERS).clamp(SHORTEST, LONGEST);
        let ticket = OrderTicket::market(name, side, self.options.lots);
        let (placed, id) = self.place(out, ticket, (symbol, bar), wait, round).await;
        self.metrics.send_seconds.observe(began.elapsed().as_secs_f64());
        making.step("order", began.elapsed());
        if matches!(placed.fate, PlacedAs::Unknown | PlacedAs::Barred | PlacedAs::NotSent) {
            self.metrics.send_failed.inc();
        }
        if let Some(ticket) = placed.ticket {
            making.order(&format!("ticket {ticket}"));
        }
        let outcome = match placed.fate {
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
        };
        Outcome { order: id, ..outcome }
    }

    /// On a thread that may wait: the way to the desk, with the record before
    /// and after it. A disk may hold it up for any time, so the desk itself
    /// asks last whether the cycle's time is up, and the cycle waits no longer
    /// than all answers may take. The second part is the order's identity, once
    /// it is on record; of one that comes back later the next cycle tells.
    async fn place(
        &self,
        out: Out,
        order: OrderTicket,
        (symbol, bar): (Symbol, i64),
        wait: Duration,
        round: Round,
    ) -> (Placed, Option<String>) {
        let (desk, store) = (Arc::clone(&self.desk), Arc::clone(&self.store));
        let task = tokio::task::spawn_blocking(move || {
            let _out = out;
            let mut id: Option<String> = None;
            let placed = desk.open(&order, wait, round.done_by, &mut |named| {
                let (side, lots, named) = (order.side, order.lots, named.to_owned());
                // Before it is asked for: an answer that comes too late leaves
                // a record, too.
                id = Some(named.clone());
                store.ask(move |m| m.intend(&Intent { id: &named, symbol, side, lots, bar }))
            });
            if let Some(id) = id.clone() {
                let (fate, ticket, why) = (placed.fate.word(), placed.ticket, placed.why.clone());
                let what = format!("{id} is {fate}");
                store.write(what, move |m| m.settle(&id, fate, ticket, &why));
            }
            (placed, id)
        });
        match timeout(wait * ANSWERS + GRACE, task).await {
            Ok(Ok(ended)) => ended,
            Ok(Err(e)) => {
                // Its record says "sent", so its bar is used up.
                let why = panicked(e);
                let why = format!("UNKNOWN: {why}; it is not sent again, look with: crs positions");
                (Placed::without_ticket(PlacedAs::Unknown, why), None)
            }
            Err(_) => {
                let why = "UNKNOWN: its disk or its gateway hangs; nothing is sent after the \
                           cycle's end, and what became of it is told when it comes back";
                (Placed::without_ticket(PlacedAs::Unknown, why), None)
            }
        }
    }
}
