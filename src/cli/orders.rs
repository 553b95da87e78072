//! What was ordered from this host, and whether real money is armed on it, told to
//! the screen: the audit log, followed
//! on a thread of its own, since the log may be long and its disk slow.

use super::{live, wiring};
use crate::audit::{Act, LedgerReader, OrderReader, Record};
use crate::config::Settings;
use crate::domain::{Lots, OrderBy, OrderFate, OrderNews, Side, Text};
use crate::event::{ArmedReport, Event, OrderSourceReport, Sender};
use crate::state::orders::MAX_ORDERS;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often the log is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Follows the log until it is dropped; a thread that hangs on its disk is left
/// behind.
#[derive(Debug)]
pub struct OrderFeed {
    stop: Arc<AtomicBool>,
    thread: std::thread::Thread,
}

impl OrderFeed {
    /// Starts to follow the audit log of these settings' latch.
    ///
    /// # Errors
    /// The system's, when there is no thread to be had.
    pub fn start(settings: &Settings, sender: Sender) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let (seen, audit) = (Arc::clone(&stop), wiring::latch_home(settings).audit());
        let config_sha = live::config_sha(settings);
        let thread = std::thread::Builder::new()
            .name("orders".to_owned())
            .spawn(move || follow(&audit, &config_sha, &sender, &seen))?;
        Ok(Self { stop, thread: thread.thread().clone() })
    }
}

impl Drop for OrderFeed {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

fn follow(audit: &Path, config_sha: &str, sender: &Sender, stop: &AtomicBool) {
    let (mut reader, mut ledger) = (OrderReader::new(audit), LedgerReader::new(audit));
    let mut told = None;
    while !stop.load(Ordering::Acquire) {
        let (fault, records) = match reader.appended() {
            Ok(records) => (Text::default(), records),
            Err(e) => (Text::new(&e.to_string()), Vec::new()),
        };
        // Of a long history only what State would keep.
        let from = records.len().saturating_sub(2 * MAX_ORDERS);
        for news in records.iter().skip(from).filter_map(news) {
            sender.send(Event::Order(Box::new(news)));
        }
        // Said each time: a thread that hangs on the disk must not pass for one
        // that has nothing to tell.
        sender.send(Event::OrderSource(Box::new(OrderSourceReport {
            name: Text::new("audit log"),
            trader: false,
            read: fault.is_empty(),
            fault,
        })));
        let standing = ledger.refresh().map(|ledger| ledger.live_armings(config_sha).len());
        let accounts = standing.ok().and_then(|accounts| u32::try_from(accounts).ok());
        let armed = ArmedReport { accounts };
        if told.replace(armed) != Some(armed) {
            sender.send(Event::Armed(armed));
        }
        std::thread::park_timeout(LOOK);
    }
}

/// `OPEN_ORDER EURUSD BUY_LIMIT 0.1 lots at 1.08` and its outcome.
pub(super) fn news(record: &Record) -> Option<OrderNews> {
    let Act::Command { req_id, what, outcome, ticket, gateway, .. } = &record.act else {
        return None;
    };
    let mut words = what.as_str().split(' ').skip(1);
    let (symbol, kind) = (words.next()?, words.next()?);
    let (side, pending) = match kind.split_once('_') {
        Some((side, _)) => (side, true),
        None => (kind, false),
    };
    Some(OrderNews {
        by: match record.role.as_str() {
            "engine" => OrderBy::Engine,
            "sentinel" => OrderBy::Sentinel,
            _ => OrderBy::Operator,
        },
        id: req_id.clone(),
        symbol: Text::limited(symbol, 32),
        side: match side {
            "BUY" => Some(Side::Buy),
            "SELL" => Some(Side::Sell),
            _ => None,
        },
        lots: words.next().and_then(|lots| Lots::parse(lots).ok()),
        pending,
        ticket: *ticket,
        gateway: gateway.clone(),
        fate: match outcome.as_str() {
            "done" => OrderFate::Done,
            "failed" | "denied" => OrderFate::Failed,
            "unknown" => OrderFate::Unknown,
            _ => OrderFate::Sent,
        },
        at: Some(record.at.utc),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Chain;
    use crate::domain::Ticket;
    use crate::event::channel_pair;
    use crate::host::Identity;

    #[test]
    fn an_order_on_record_is_told_with_its_fate_and_ticket() {
        let dir = tempfile::tempdir().unwrap();
        let mut settings = Settings::defaults(dir.path().into(), dir.path().join("state"));
        settings.kill_switch_file = dir.path().join("kill.lock");
        let home = wiring::latch_home(&settings);
        crate::config::dirs::ensure_private(&settings.state_dir).unwrap();
        home.prepare().unwrap();
        let mut chain = Chain::new(&home.audit(), Identity::here(), "cli");
        let mut record = |what: &str, outcome: &str, ticket: Option<u64>| {
            let (req_id, what, outcome) = (Text::new("r-1"), Text::new(what), Text::new(outcome));
            chain
                .append(Act::Command {
                    req_id,
                    what,
                    outcome,
                    ticket: ticket.map(Ticket),
                    gateway: Some(Text::new("two")),
                    why: Text::default(),
                })
                .unwrap();
        };
        record("OPEN_ORDER EURUSD.s SELL_LIMIT 0.25 lots at 1.1", "sent", None);
        let (sender, receiver) = channel_pair();
        let _feed = OrderFeed::start(&settings, sender).unwrap();
        let next = || receiver.urgent.recv_timeout(Duration::from_secs(20)).unwrap();
        let Event::Order(order) = next() else { panic!("no order") };
        assert_eq!((order.symbol.as_str(), order.side), ("EURUSD.s", Some(Side::Sell)));
        assert_eq!((order.lots, order.pending), (Lots::parse("0.25").ok(), true));
        assert_eq!((order.fate, order.by), (OrderFate::Sent, OrderBy::Operator));
        let Event::OrderSource(source) = next() else { panic!("no source") };
        assert!(source.read && !source.trader);
        record("OPEN_ORDER EURUSD.s SELL_LIMIT 0.25 lots at 1.1", "done", Some(7));
        let order = loop {
            if let Event::Order(order) = next() {
                break order;
            }
        };
        assert_eq!((order.fate, order.ticket), (OrderFate::Done, Some(Ticket(7))));
        assert_eq!(order.gateway, Some(Text::new("two")));
    }
}
