//! The one place where a decision is told: to the counters, the log, the
//! telemetry port and the diagnostics, so that all have the same number.

use super::book::Book;
use super::log::Log;
use super::metrics::Metrics;
use super::tell::Teller;
use crate::domain::{Decision, Side};
use crate::host::Identity;
use crate::wire::decisions::own;
use std::sync::Arc;
use std::time::Duration;

/// Tells decisions.
#[derive(Debug)]
pub struct Reporter {
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// What the sentinel knows of itself.
    pub book: Arc<Book>,
    /// The decision log, if there is one.
    pub log: Option<Arc<Log>>,
    /// The telemetry port, if there is one.
    pub teller: Option<Teller>,
    /// This process, whose decisions they are.
    pub me: Identity,
}

impl Reporter {
    /// Tells of one decision, once.
    pub fn decision(&self, decision: &Decision) {
        let (host, pid) = (self.me.host.clone(), Some(u64::from(self.me.pid)));
        let decision = &Decision { host, pid, ..decision.clone() };
        self.metrics.decision(decision);
        self.book.decided(decision);
        if let Some(log) = &self.log {
            log.put(own::line(decision));
        }
        if let Some(teller) = &self.teller {
            teller.decision(decision);
        }
        let side = decision.side.map_or("HOLD", Side::word);
        let Decision { symbol, action, why, order, .. } = decision;
        let number = decision.number.map_or_else(|| "?".to_owned(), |n| n.to_string());
        let order = if order.is_empty() { String::new() } else { format!(" {order}") };
        let text = format!("cycle {number} {symbol}: {action} {side}{order}: {why}");
        match action.as_str() {
            "ERROR" | "UNKNOWN" => tracing::error!("{text}"),
            "NO_ORDER" | "ORDER_GENERATED" | "DRY_RUN" => tracing::info!("{text}"),
            _ => tracing::warn!("{text}"),
        }
    }

    /// Entries that were lost.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.log.as_ref().map_or(0, |log| log.lost())
    }

    /// Lets what is left go, within `patience` for each way.
    pub fn end(&self, patience: Duration) {
        if let Some(log) = &self.log {
            log.end(patience);
        }
        if let Some(teller) = &self.teller {
            teller.end(patience);
        }
    }
}
