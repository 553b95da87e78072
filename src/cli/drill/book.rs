//! What the drill's kill will find: two positions and a pending order.

use crate::breaker::Gate;
use crate::cli::Failure;
use crate::cli::deal::{Deal, Fate};
use crate::cli::stage::Stage;
use crate::domain::{Lots, OrderKind, OrderTicket, Price, Side, Symbol};
use crate::host::clock;
use crate::link::{Peer, context, peer};
use crate::wire::Action;
use std::time::Duration;

/// Longest wait for the gate to open, and for each answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// 0.10 lots.
const LOTS: Lots = Lots::from_raw(10_000_000);
/// Far below the simulator's market: it stays pending.
const FAR: Price = Price::from_raw(90_000_000);

/// Opens them over the wire, through `gate`, as an automatic trader would.
///
/// # Errors
/// Status 1, with what the stage's own gateway said.
pub fn fill(stage: &Stage, gate: &Gate) -> Result<(), Failure> {
    let until = clock::now().plus(PATIENCE).mono_ns;
    while !gate.is_safe() && clock::mono_ns() < until {
        std::thread::sleep(Duration::from_millis(5));
    }
    let zmq = context().map_err(Failure::failed)?;
    let to = &stage.gateway.addresses().cmd;
    let most = stage.settings.feed.max_message_bytes;
    let mut peer = Peer::connect(&zmq, to, most).map_err(Failure::failed)?;
    let mut deal = Deal::open(&stage.settings);
    for (symbol, side, kind, price) in [
        ("EURUSD", Side::Buy, OrderKind::Market, None),
        ("USDJPY", Side::Sell, OrderKind::Market, None),
        ("EURUSD", Side::Buy, OrderKind::Limit, Some(FAR)),
    ] {
        let symbol = Symbol::new(symbol).map_err(Failure::failed)?;
        let order = OrderTicket { symbol, side, lots: LOTS, kind, price, sl: None, tp: None };
        let what = format!("OPEN_ORDER {symbol} {} {LOTS} lots", side.word());
        let request = peer::request(Action::OpenOrder(order));
        match deal.order(gate, &mut peer, &request, &what, PATIENCE) {
            Fate::Claimed(_) => {}
            Fate::Not(_, why) | Fate::Unknown(why) => {
                return Err(Failure::failed(format!("the stage could not be set: {what}: {why}")));
            }
        }
    }
    Ok(())
}
