//! The sentinel's orders: the same one way as `crs order`, with a look at the
//! open positions before it.

use super::ROLE;
use crate::breaker::Gate;
use crate::cli::deal::{Deal, Ending, Kind, Opening, RealMoney, line_of};
use crate::cli::live::LiveTerms;
use crate::config::Settings;
use crate::domain::{GatewayAddr, OrderTicket, Position, Side, Symbol, Text, Ticket, same_symbol};
use crate::link::{self, Peer};
use crate::sentinel::{Desk, Placed, PlacedAs};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Orders at one gateway, through the gate of this process.
pub struct GatewayDesk {
    settings: Settings,
    gateway: GatewayAddr,
    gate: Arc<Gate>,
}

impl GatewayDesk {
    /// Under these settings, which list the gateway.
    #[must_use]
    pub fn new(settings: Settings, gateway: GatewayAddr, gate: Arc<Gate>) -> Self {
        Self { settings, gateway, gate }
    }

    fn try_open(
        &self,
        order: &OrderTicket,
        wait: Duration,
        done_by: Instant,
        intent: &mut dyn FnMut(&str) -> Result<(), Text>,
    ) -> Result<Placed, Placed> {
        let not_sent = |why: String| Placed::without_ticket(PlacedAs::NotSent, why);
        let opening = Opening::new(*order, wait);
        let zmq = link::context().map_err(|e| not_sent(e.to_string()))?;
        let max_message = self.settings.feed.max_message_bytes;
        let mut peer = Peer::connect(&zmq, &self.gateway.cmd, max_message)
            .map_err(|e| not_sent(e.to_string()))?;
        // That real money may move was said when this process was started with
        // --live; the typed arming is asked for all the same.
        let real_money = RealMoney { said: true, how: "start it with --live" };
        let terms = LiveTerms::of(&self.settings);
        let before = opening.look_first(&terms, real_money, &mut peer).map_err(
            |(ending, why)| match ending {
                // By the account or the arming: no gate was asked yet.
                Ending::Denied => Placed::without_ticket(PlacedAs::Barred, why),
                _ => not_sent(why),
            },
        )?;
        if let Some(position) = before.holds(order.symbol, order.side) {
            let why = format!("a position of this side is open: {}", line_of(position));
            return Err(Placed::without_ticket(PlacedAs::Held, why));
        }
        intent(opening.id()).map_err(|why| not_sent(format!("it needs its record: {why}")))?;
        let mut deal = Deal::open_as(&self.settings, ROLE).by(done_by);
        let (report, _) = opening.place(&mut deal, &self.gate, &mut peer, &before);
        let fate = match deal.kind(report.ending) {
            Kind::Done => PlacedAs::Done,
            Kind::Unknown => PlacedAs::Unknown,
            Kind::Refused => PlacedAs::Refused,
            Kind::Gated => PlacedAs::Denied,
            Kind::Barred => PlacedAs::Barred,
            Kind::NotSent => PlacedAs::NotSent,
        };
        Ok(Placed { fate, ticket: report.ticket.map(Ticket), why: report.note })
    }
}

impl Desk for GatewayDesk {
    fn open(
        &self,
        order: &OrderTicket,
        wait: Duration,
        done_by: Instant,
        intent: &mut dyn FnMut(&str) -> Result<(), Text>,
    ) -> Placed {
        self.try_open(order, wait, done_by, intent).unwrap_or_else(|kept| kept)
    }

    fn holds(&self, symbol: Symbol, side: Side, wait: Duration) -> Result<Option<Ticket>, Text> {
        let said = |e: &dyn std::fmt::Display| Text::new(&e.to_string());
        let zmq = link::context().map_err(|e| said(&e))?;
        let max_message = self.settings.feed.max_message_bytes;
        let mut peer = Peer::connect(&zmq, &self.gateway.cmd, max_message).map_err(|e| said(&e))?;
        // An empty list counts only beside an account that can be read.
        peer.account(wait).map_err(|e| said(&e))?;
        let open = peer.positions(wait).map_err(|e| said(&e))?.value;
        let same =
            |p: &&Position| p.side == side && same_symbol(p.symbol.as_str(), symbol.as_str());
        Ok(open.iter().find(same).map(|p| p.ticket))
    }
}
