//! `crs order`: opens one position or places one pending order, once.

use super::deal::{Deal, Ending, Guarded, Opening, RealMoney, Report};
use super::exit::exits;
use super::live::LiveTerms;
use super::reach::{first, seconds};
use super::{Context, Failure, Outcome, confirm};
use crate::domain::{GatewayAddr, Lots, Mode, OrderKind, OrderTicket, Price, Side, Symbol};
use crate::link::{self, Peer};
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
    #[arg(value_enum, ignore_case = true)]
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
    let opening = Opening::new(order(args), args.timeout);
    let what = &opening.what;
    let guarded = Guarded::start(&settings);
    let report = (|| {
        if let Err(denied) = guarded.gate().permit() {
            return Ok(Report::unsent(what, Ending::Denied, denied.to_string()));
        }
        let zmq = link::context().map_err(Failure::failed)?;
        let max_message = settings.feed.max_message_bytes;
        let mut peer = Peer::connect(&zmq, &gateway.cmd, max_message).map_err(Failure::failed)?;
        let real_money = RealMoney { said: args.live, how: "say so with --live" };
        let before = match opening.look_first(&LiveTerms::of(&settings), real_money, &mut peer) {
            Ok(before) => before,
            Err((ending, why)) => return Ok(Report::unsent(what, ending, why)),
        };
        if !args.yes {
            let question = question(what, gateway, before.mode);
            confirm::typed(&question, "order", "add --yes to order without being asked")?;
        }
        let mut deal = Deal::open(&settings);
        // The gate is asked again in there: a kill may have come while the
        // question stood.
        Ok(opening.place(&mut deal, guarded.gate(), &mut peer, &before).0)
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

fn question(what: &str, gateway: &GatewayAddr, mode: Mode) -> String {
    format!("{} at {} ({}):\n  {what}", mode.word(), gateway.name, gateway.cmd)
}

pub(super) fn lots(text: &str) -> Result<Lots, String> {
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
