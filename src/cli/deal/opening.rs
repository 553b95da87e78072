//! An order from its first look to its report: the same for `crs order` and
//! for the console's ticket.

use super::{Deal, Ending, Fate, Report, line_of};
use crate::breaker::Gate;
use crate::cli::live::LiveTerms;
use crate::domain::{
    Mode, OrderKind, OrderTicket, Position, Price, Side, Symbol, Text, same_symbol,
};
use crate::link::{AskError, Peer, peer};
use crate::wire::{Action, OrderFill, Request};
use std::time::Duration;

/// One order, with its identity on the wire.
pub struct Opening {
    /// `OPEN_ORDER EURUSD BUY 0.1 lots`
    pub what: String,
    request: Request,
    ticket: OrderTicket,
    wait: Duration,
}

/// The account and the positions before anything was sent.
pub struct Before {
    /// Which world the account is.
    pub mode: Mode,
    open: Vec<Position>,
}

impl Before {
    /// An open position of this symbol, with a broker's suffix or without, and side.
    pub fn holds(&self, symbol: Symbol, side: Side) -> Option<&Position> {
        let same = |p: &&Position| same_symbol(p.symbol.as_str(), symbol.as_str());
        self.open.iter().filter(same).find(|p| p.side == side)
    }
}

/// How real money is allowed for one order.
#[derive(Clone, Copy)]
pub struct RealMoney {
    /// It was.
    pub said: bool,
    /// How to say so: `say so with --live`.
    pub how: &'static str,
}

impl Opening {
    /// Of `ticket`, with `wait` as the longest wait for each answer.
    #[must_use]
    pub fn new(ticket: OrderTicket, wait: Duration) -> Self {
        let request = peer::request(Action::OpenOrder(ticket));
        Self { what: words(&ticket), request, ticket, wait }
    }

    /// Its identity on the wire and in the audit log.
    #[must_use]
    pub fn id(&self) -> &str {
        self.request.req_id.as_str()
    }

    /// Reads account and positions, so that nobody confirms what can't be
    /// sent.
    ///
    /// # Errors
    /// How it ended, and why nothing was sent.
    pub fn look_first(
        &self,
        terms: &LiveTerms,
        real_money: RealMoney,
        peer: &mut Peer,
    ) -> Result<Before, (Ending, String)> {
        let not_sent = |e: AskError| {
            let ending = if e.is_silence() { Ending::NotSent } else { Ending::Refused };
            (ending, e.to_string())
        };
        let account = peer.account(self.wait).map_err(not_sent)?.value;
        let mode = Mode::of_account(&account);
        if mode.is_live() && !real_money.said {
            let (word, how) = (mode.word(), real_money.how);
            let why = format!("the account is {word}, so real money may move; {how}");
            return Err((Ending::Denied, why));
        }
        // Asked again right before the order.
        let to = peer.to().clone();
        terms.allow(&to, &account).map_err(|why| (Ending::Denied, why.to_string()))?;
        let open = peer.positions(self.wait).map_err(not_sent)?.value;
        Ok(Before { mode, open })
    }

    /// Sends it once, through [`Deal::order`], then looks what came of it. The
    /// second part is the price it was filled at, where one is known.
    pub fn place(
        &self,
        deal: &mut Deal,
        gate: &Gate,
        peer: &mut Peer,
        before: &Before,
    ) -> (Report, Option<Price>) {
        let fate = deal.order(gate, peer, &self.request, &self.what, self.wait);
        let (report, price) = Sent { order: self, before }.report(fate, peer);
        (report.recorded(deal), price)
    }
}

fn words(order: &OrderTicket) -> String {
    let at = |name: &str, price: Option<Price>| {
        price.map_or_else(String::new, |price| format!(" {name} {price}"))
    };
    format!(
        "OPEN_ORDER {} {} {} lots{}{}{}",
        order.symbol,
        order.wire_type(),
        order.lots,
        at("at", order.price),
        at("sl", order.sl),
        at("tp", order.tp),
    )
}

/// An order that went out.
struct Sent<'a> {
    order: &'a Opening,
    before: &'a Before,
}

impl Sent<'_> {
    fn report(&self, fate: Fate, peer: &mut Peer) -> (Report, Option<Price>) {
        match fate {
            Fate::Not(Ending::Denied, why) => {
                (Report::unsent(&self.order.what, Ending::Denied, why), None)
            }
            Fate::Not(ending, why) => (self.said(ending, why), None),
            Fate::Claimed(fill) if self.order.ticket.kind == OrderKind::Market => {
                self.proven(&fill, peer)
            }
            Fate::Claimed(fill) => {
                let note = format!(
                    "placed as ticket {}, says the gateway; pending orders: not verifiable",
                    fill.ticket
                );
                (self.said(Ending::Done, note).with(&fill), None)
            }
            Fate::Unknown(why) => (self.unknown(&why, peer), None),
        }
    }

    fn said(&self, ending: Ending, note: impl AsRef<str>) -> Report {
        Report::sent(&self.order.what, &self.order.request, ending, note)
    }

    fn proven(&self, fill: &OrderFill, peer: &mut Peer) -> (Report, Option<Price>) {
        let mut price = None;
        let (ending, note) = match peer.positions(self.order.wait) {
            Err(e) => (Ending::Unproven, format!("it says filled, but nothing proves it: {e}")),
            Ok(read) => match read.value.iter().find(|p| p.ticket == fill.ticket || self.fits(p)) {
                Some(position) => {
                    price = Some(position.open);
                    (Ending::Done, format!("filled: {}", line_of(position)))
                }
                None => (
                    Ending::Unproven,
                    format!("it says filled as {}, but no such position is open", fill.ticket),
                ),
            },
        };
        (self.said(ending, note).with(fill), price)
    }

    /// It may or may not have happened: tell what can be seen, send nothing.
    fn unknown(&self, why: &Text, peer: &mut Peer) -> Report {
        let found = peer.positions(self.order.wait).map(|read| read.value);
        let fitting = found.as_ref().ok().and_then(|all| all.iter().find(|p| self.fits(p)));
        let seen = match (&found, fitting) {
            (_, Some(position)) => format!("a position that fits appeared: {}", line_of(position)),
            (Ok(_), None) => "no position that fits is open yet, it may still come".to_owned(),
            (Err(e), None) => format!("and the positions can't be read: {e}"),
        };
        let note =
            format!("UNKNOWN: {why}; {seen}; it is not sent again, look with: crs positions");
        let ticket = fitting.map(|p| p.ticket.0);
        Report { ticket, ..self.said(Ending::Unknown, note) }
    }

    /// Whether a position could be this order's: new, and of its kind.
    fn fits(&self, p: &Position) -> bool {
        let ticket = &self.order.ticket;
        self.before.open.iter().all(|old| old.ticket != p.ticket)
            && p.symbol.as_str() == ticket.symbol.as_str()
            && p.side == ticket.side
            && p.lots == ticket.lots
    }
}
