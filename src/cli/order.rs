//! `crs order`: opens one position or places one pending order, once.

use super::deal::{Deal, Ending, Fate, Guarded, Report, line_of};
use super::exit::exits;
use super::live::LiveTerms;
use super::reach::{first, seconds};
use super::{Context, Failure, Outcome, confirm};
use crate::domain::{
    GatewayAddr, Lots, Mode, OrderKind, OrderTicket, Position, Price, Side, Symbol, Text, Ticket,
};
use crate::link::{self, Peer, peer};
use crate::wire::{Action, OrderFill, Request};
use std::collections::BTreeSet;
use std::time::Duration;

/// What to open.
#[derive(Debug, clap::Args)]
#[command(after_help = exits!(
    0 "filled and among the open positions; or placed, which v1.0 can't show",
    1 "refused by the gateway; nothing was opened",
    2 "not sent: no gateway, or no answer before it was sent",
    3 "denied: kill switch engaged or in doubt, real money not armed or without --live, no record",
    4 "UNKNOWN: sent, and no answer came; never sent again: look at the positions",
    5 "the gateway says filled, but no read of the positions agrees",
))]
pub struct Args {
    /// Instrument as the broker names it, EURUSD or EURUSD.s
    symbol: Symbol,
    /// Direction
    #[arg(value_enum)]
    side: Way,
    /// Volume in lots, 0.01 say
    #[arg(value_parser = lots)]
    lots: Lots,
    /// Limit order at this price or better
    #[arg(long, value_name = "PRICE", value_parser = price, conflicts_with = "stop")]
    limit: Option<Price>,
    /// Stop order once the market trades through this price
    #[arg(long, value_name = "PRICE", value_parser = price)]
    stop: Option<Price>,
    /// Stop loss
    #[arg(long, value_name = "PRICE", value_parser = price)]
    sl: Option<Price>,
    /// Take profit
    #[arg(long, value_name = "PRICE", value_parser = price)]
    tp: Option<Price>,
    /// The gateway, by its name in the configuration; the first one without
    #[arg(long, value_name = "NAME")]
    on: Option<String>,
    /// Real money may move: needed beside `crs arm --live`; paper and demo need neither
    #[arg(long)]
    live: bool,
    /// Longest wait for each answer, in seconds
    #[arg(long, value_name = "S", default_value = "10", value_parser = seconds)]
    timeout: Duration,
    /// Don't ask for confirmation
    #[arg(long)]
    yes: bool,
    /// One JSON document on standard output
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Way {
    Buy,
    Sell,
}

/// Checks the gate, shows, asks, checks the gate again, sends, looks.
///
/// # Errors
/// Status 78 for a wrong configuration, 64 for an unknown gateway or where
/// nobody can confirm, 1 when no socket can be had.
pub fn run(args: &Args, ctx: &mut Context) -> Outcome {
    let settings = ctx.strict()?.settings;
    let gateway = first(&settings, args.on.as_deref())?;
    let ticket = order(args);
    let what = words(&ticket);
    let guarded = Guarded::start(&settings);
    let report = (|| {
        if let Err(denied) = guarded.gate().permit() {
            return Ok(Report::unsent(&what, Ending::Denied, denied.to_string()));
        }
        let zmq = link::context().map_err(Failure::failed)?;
        let max_message = settings.feed.max_message_bytes;
        let mut peer = Peer::connect(&zmq, &gateway.cmd, max_message).map_err(Failure::failed)?;
        let before = match look_first(args, &LiveTerms::of(&settings), &mut peer) {
            Ok(before) => before,
            Err((ending, why)) => return Ok(Report::unsent(&what, ending, why)),
        };
        if !args.yes {
            let question = question(&what, gateway, before.mode);
            confirm::typed(&question, "order", "add --yes to order without being asked")?;
        }
        let mut deal = Deal::open(&settings);
        let request = peer::request(Action::OpenOrder(ticket));
        // The gate is asked again in there: a kill may have come while the
        // question stood.
        let fate = deal.order(guarded.gate(), &mut peer, &request, &what, args.timeout);
        let sent = Sent { what: &what, request: &request, ticket: &ticket, before: &before };
        Ok(sent.report(fate, &mut peer, args.timeout).recorded(&deal))
    })();
    guarded.stop();
    report.map(|report| report.finish(args.json, ctx))
}

fn order(args: &Args) -> OrderTicket {
    let (kind, price) = match (args.limit, args.stop) {
        (Some(price), _) => (OrderKind::Limit, Some(price)),
        (None, Some(price)) => (OrderKind::Stop, Some(price)),
        (None, None) => (OrderKind::Market, None),
    };
    let side = match args.side {
        Way::Buy => Side::Buy,
        Way::Sell => Side::Sell,
    };
    let (symbol, lots) = (args.symbol, args.lots);
    OrderTicket { symbol, side, lots, kind, price, sl: args.sl, tp: args.tp }
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

fn question(what: &str, gateway: &GatewayAddr, mode: Mode) -> String {
    format!("{} at {} ({}):\n  {what}", mode.word(), gateway.name, gateway.cmd)
}

/// The account and the positions before anything was sent.
struct Before {
    mode: Mode,
    tickets: BTreeSet<Ticket>,
}

fn look_first(args: &Args, terms: &LiveTerms, peer: &mut Peer) -> Result<Before, (Ending, String)> {
    let not_sent = |e: crate::link::AskError| {
        let ending = if e.is_silence() { Ending::NotSent } else { Ending::Refused };
        (ending, e.to_string())
    };
    let account = peer.account(args.timeout).map_err(not_sent)?.value;
    let mode = Mode::of_account(&account);
    if mode.is_live() && !args.live {
        let why =
            format!("the account is {}, so real money may move; say so with --live", mode.word());
        return Err((Ending::Denied, why));
    }
    // Asked again right before the order; here so that nobody confirms what
    // can't be sent.
    let to = peer.to().clone();
    terms.allow(&to, &account).map_err(|why| (Ending::Denied, why.to_string()))?;
    let open = peer.positions(args.timeout).map_err(not_sent)?.value;
    Ok(Before { mode, tickets: open.iter().map(|p| p.ticket).collect() })
}

/// An order that went out.
struct Sent<'a> {
    what: &'a str,
    request: &'a Request,
    ticket: &'a OrderTicket,
    before: &'a Before,
}

impl Sent<'_> {
    fn report(&self, fate: Fate, peer: &mut Peer, wait: Duration) -> Report {
        match fate {
            Fate::Not(Ending::Denied, why) => Report::unsent(self.what, Ending::Denied, why),
            Fate::Not(ending, why) => self.said(ending, why),
            Fate::Claimed(fill) if self.ticket.kind == OrderKind::Market => {
                self.proven(&fill, peer, wait)
            }
            Fate::Claimed(fill) => {
                let note = format!(
                    "placed as ticket {}, says the gateway; pending orders: not verifiable",
                    fill.ticket
                );
                self.said(Ending::Done, note).with(&fill)
            }
            Fate::Unknown(why) => self.unknown(&why, peer, wait),
        }
    }

    fn said(&self, ending: Ending, note: impl AsRef<str>) -> Report {
        Report::sent(self.what, self.request, ending, note)
    }

    fn proven(&self, fill: &OrderFill, peer: &mut Peer, wait: Duration) -> Report {
        let (ending, note) = match peer.positions(wait) {
            Err(e) => (Ending::Unproven, format!("it says filled, but nothing proves it: {e}")),
            Ok(read) => match read.value.iter().find(|p| p.ticket == fill.ticket || self.fits(p)) {
                Some(position) => (Ending::Done, format!("filled: {}", line_of(position))),
                None => (
                    Ending::Unproven,
                    format!("it says filled as {}, but no such position is open", fill.ticket),
                ),
            },
        };
        self.said(ending, note).with(fill)
    }

    /// It may or may not have happened: tell what can be seen, send nothing.
    fn unknown(&self, why: &Text, peer: &mut Peer, wait: Duration) -> Report {
        let found = peer.positions(wait).map(|read| read.value);
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
        !self.before.tickets.contains(&p.ticket)
            && p.symbol.as_str() == self.ticket.symbol.as_str()
            && p.side == self.ticket.side
            && p.lots == self.ticket.lots
    }
}

fn lots(text: &str) -> Result<Lots, String> {
    match Lots::parse(text) {
        Ok(lots) if lots > Lots::ZERO => Ok(lots),
        _ => Err("give a volume above zero, 0.01 say".to_owned()),
    }
}

fn price(text: &str) -> Result<Price, String> {
    match Price::parse(text) {
        Ok(price) if price > Price::ZERO => Ok(price),
        _ => Err("give a price above zero, 1.0850 say".to_owned()),
    }
}
