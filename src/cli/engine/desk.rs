//! The engine's desk: each order by the one audited way, `Deal::order`, which
//! asks the gate last, right before libzmq has the order.
//!
//! Paper and demo money need an armed switch, real money an arming by name
//! (`crs arm --live`) as well, as for `crs order`; beside them stands one
//! position of a symbol and side.

use super::ROLE;
use crate::breaker::Gate;
use crate::cli::Failure;
use crate::cli::deal::{Deal, Kind, Opening, RealMoney};
use crate::cli::live::LiveTerms;
use crate::config::Settings;
use crate::domain::{GatewayAddr, Lots, Mode, OrderTicket, Text};
use crate::engine::port::{Desk, Placed, Wish};
use crate::link::{Peer, context};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Said by `--live`; the arming is asked for all the same.
const SAID: RealMoney = RealMoney { said: true, how: "" };

/// Longest that the questions before an order may take: its quote ages.
const FRESH: Duration = Duration::from_secs(1);

/// One gateway.
pub(super) struct LiveDesk {
    gate: Arc<Gate>,
    peer: Peer,
    deal: Deal,
    terms: LiveTerms,
    lots: Lots,
    wait: Duration,
}

impl LiveDesk {
    /// To `gateway`; nothing is sent yet.
    pub(super) fn new(
        settings: &Settings,
        gateway: &GatewayAddr,
        gate: Arc<Gate>,
        lots: Lots,
        wait: Duration,
    ) -> Result<Self, Failure> {
        let zmq = context().map_err(Failure::failed)?;
        let max_message = settings.feed.max_message_bytes;
        let peer = Peer::connect(&zmq, &gateway.cmd, max_message).map_err(Failure::failed)?;
        let (deal, terms) = (Deal::open_as(settings, ROLE), LiveTerms::of(settings));
        Ok(Self { gate, peer, deal, terms, lots, wait })
    }

    /// Which account it is, and whether orders may go to it; none when nobody
    /// answers, which each order asks anew.
    ///
    /// # Errors
    /// Why orders would be denied: real money that is not armed.
    pub(super) fn account(&mut self) -> Result<Option<Mode>, Text> {
        let Ok(read) = self.peer.account(self.wait) else { return Ok(None) };
        let to = self.peer.to().clone();
        self.terms.allow(&to, &read.value)?;
        Ok(Some(Mode::of_account(&read.value)))
    }
}

impl Desk for LiveDesk {
    fn place(&mut self, wish: &Wish) -> Placed {
        let Wish { quote, side } = *wish;
        let ticket = OrderTicket::market(quote.symbol, side, self.lots);
        let opening = Opening::new(ticket, self.wait);
        let asked = Instant::now();
        let before = match opening.look_first(&self.terms, SAID, &mut self.peer) {
            Ok(before) => before,
            // Not the gate's denial: an arming that is missing, say.
            Err((_, why)) => return Placed::NotSent(Text::new(&format!("not sent: {why}"))),
        };
        if let Some(open) = before.holds(quote.symbol, side) {
            let text =
                format!("LIMIT: a {} of {} is open: {}", side.word(), quote.symbol, open.ticket);
            return Placed::NotSent(Text::new(&text));
        }
        if asked.elapsed() > FRESH {
            let text = "not sent: the gateway took so long to answer that the quote is old";
            return Placed::NotSent(Text::new(text));
        }
        let (report, _) = opening.place(&mut self.deal, &self.gate, &mut self.peer, &before);
        let note = match report.ticket {
            Some(ticket) => Text::new(&format!("ticket {ticket}, {}", report.note)),
            None => report.note,
        };
        match self.deal.kind(report.ending) {
            Kind::Done => Placed::Done(note),
            Kind::Unknown => Placed::Unknown(note),
            Kind::Refused => Placed::Refused(note),
            Kind::Gated => Placed::Denied(note),
            Kind::Barred | Kind::NotSent => Placed::NotSent(note),
        }
    }
}
