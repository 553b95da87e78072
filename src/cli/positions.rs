//! `crs positions`: what is open, as the gateways claim it.

use super::exit::exits;
use super::numbers;
use super::reach::{Reading, chosen, exit_of, number, us};
use super::{Context, Exit, Failure, Outcome};
use crate::domain::{Account, GatewayAddr, Money, Position, Text};
use crate::link::{self, Answer, AskError, Peer};
use serde::Serialize;
use serde_json::value::RawValue;
use std::time::Duration;

/// Whom to ask.
#[derive(Debug, clap::Args)]
#[command(after_help = exits!(
    0 "read, and the account agrees that it can be believed",
    1 "refused, not Protocol v1.0, or a list that can't be believed",
    2 "no answer in time",
))]
pub struct Args {
    #[command(flatten)]
    reading: Reading,
}

/// Both halves of a read: a gateway whose terminal is disconnected answers
/// an empty list, and only its account tells.
pub(super) struct Read {
    pub positions: Result<Answer<Vec<Position>>, AskError>,
    pub account: Result<Answer<Account>, AskError>,
}

/// Asks, prints, and ends with the worst outcome.
///
/// # Errors
/// Status 78 for a wrong configuration, 64 for an unknown name, 1 when no
/// socket can be had.
pub fn run(args: &Args, ctx: &mut Context) -> Outcome {
    let loaded = ctx.strict()?;
    let zmq = link::context().map_err(Failure::failed)?;
    let mut worst = Exit::OK;
    let mut rows = Vec::new();
    for gateway in chosen(&loaded.settings, args.reading.on.as_deref())? {
        let max_message = loaded.settings.feed.max_message_bytes;
        let mut peer = Peer::connect(&zmq, &gateway.cmd, max_message).map_err(Failure::failed)?;
        let read = ask(&mut peer, args.reading.timeout);
        worst = worst.worst(judge(&read));
        if args.reading.json {
            rows.push(Row::new(gateway, &read));
        } else {
            show(gateway, &read, ctx);
        }
    }
    if args.reading.json {
        #[derive(Serialize)]
        struct Report {
            gateways: Vec<Row>,
        }
        ctx.out.json(&Report { gateways: rows });
    }
    Ok(worst)
}

pub(super) fn ask(peer: &mut Peer, timeout: Duration) -> Read {
    let positions = peer.positions(timeout);
    let account = match &positions {
        Ok(_) => peer.account(timeout),
        Err(e) => Err(e.clone()),
    };
    Read { positions, account }
}

const fn judge(read: &Read) -> Exit {
    match (&read.positions, &read.account) {
        (Err(e), _) => exit_of(e),
        (Ok(_), Err(_)) => Exit::FAILED,
        (Ok(_), Ok(_)) => Exit::OK,
    }
}

/// Why a list that was read can't be believed.
fn doubt(read: &Read) -> Option<String> {
    let error = read.account.as_ref().err()?;
    Some(format!(
        "this list can't be believed: the account can't be read ({error}); \
         a gateway that lost its terminal shows no positions"
    ))
}

fn show(gateway: &GatewayAddr, read: &Read, ctx: &mut Context) {
    let out = &mut ctx.out;
    let answer = match &read.positions {
        Ok(answer) => answer,
        Err(error) => return out.line(format!("{}: UNKNOWN: {error}", gateway.name)),
    };
    let count = answer.value.len();
    let believed = if read.account.is_ok() { "" } else { " ?" };
    out.line(format!(
        "{} at {}: positions: {count}{believed}, read at {}Z in {}",
        gateway.name,
        gateway.cmd,
        answer.asked.utc.hms(),
        numbers::span(answer.rtt),
    ));
    if count > 0 {
        out.line(format!(
            "{:>12}  {:<12} {:<4} {:>8} {:>12} {:>12} {:>12}",
            "TICKET", "SYMBOL", "SIDE", "LOTS", "OPEN", "CURRENT", "P/L"
        ));
    }
    for p in &answer.value {
        let current = p.current.map_or_else(|| "?".to_owned(), |c| numbers::price(p, c));
        out.line(format!(
            "{:>12}  {:<12} {:<4} {:>8} {:>12} {:>12} {:>12}",
            p.ticket.to_string(),
            p.symbol,
            p.side.word(),
            numbers::lots(p.lots),
            numbers::price(p, p.open),
            current,
            numbers::money(p.profit),
        ));
    }
    if let Ok(account) = &read.account {
        let total = answer.value.iter().fold(Money::ZERO, |sum, p| sum.plus(p.profit));
        let (total, currency) = (numbers::money(total), &account.value.currency);
        let equity = numbers::money(account.value.equity);
        out.line(format!("total P/L {total} {currency}, equity {equity} {currency}"));
    }
    if let Some(doubt) = doubt(read) {
        out.line(doubt);
    }
}

#[derive(Serialize)]
struct Row {
    gateway: Text,
    address: String,
    asked: Option<String>,
    rtt_us: Option<u64>,
    positions: Option<Vec<Line>>,
    error: Option<Text>,
    doubt: Option<Text>,
}

#[derive(Serialize)]
struct Line {
    ticket: u64,
    symbol: Text,
    side: &'static str,
    lots: Option<Box<RawValue>>,
    open: Option<Box<RawValue>>,
    current: Option<Box<RawValue>>,
    profit: Option<Box<RawValue>>,
    sl: Option<Box<RawValue>>,
    tp: Option<Box<RawValue>>,
}

impl Row {
    fn new(gateway: &GatewayAddr, read: &Read) -> Self {
        let answer = read.positions.as_ref().ok();
        Self {
            gateway: gateway.name.clone(),
            address: gateway.cmd.to_string(),
            asked: answer.map(|a| a.asked.utc.iso()),
            rtt_us: answer.map(|a| us(a.rtt)),
            positions: answer.map(|a| a.value.iter().map(Line::new).collect()),
            error: read.positions.as_ref().err().map(|e| Text::new(&e.to_string())),
            doubt: answer.and_then(|_| doubt(read)).map(|d| Text::new(&d)),
        }
    }
}

impl Line {
    fn new(p: &Position) -> Self {
        Self {
            ticket: p.ticket.0,
            symbol: p.symbol.clone(),
            side: p.side.word(),
            lots: number(p.lots),
            open: number(p.open),
            current: p.current.and_then(number),
            profit: number(p.profit),
            sl: p.sl.and_then(number),
            tp: p.tp.and_then(number),
        }
    }
}
