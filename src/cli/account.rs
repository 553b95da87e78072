//! `crs account`: balance, equity and margin, as the gateways claim them.

use super::exit::exits;
use super::numbers;
use super::reach::{Reading, chosen, exit_of, number, us};
use super::{Context, Exit, Failure, Outcome};
use crate::domain::{Account, GatewayAddr, Mode, Text};
use crate::link::{self, Answer, AskError, Peer};
use serde::Serialize;
use serde_json::value::RawValue;

/// Whom to ask.
#[derive(Debug, clap::Args)]
#[command(after_help = exits!(
    0 "read",
    1 "refused, not Protocol v1.0, or an account without a balance",
    2 "no answer in time",
))]
pub struct Args {
    #[command(flatten)]
    reading: Reading,
}

type Read = Result<Answer<Account>, AskError>;

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
        let read = peer.account(args.reading.timeout);
        worst = worst.worst(read.as_ref().map_or_else(exit_of, |_| Exit::OK));
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

fn show(gateway: &GatewayAddr, read: &Read, ctx: &mut Context) {
    let out = &mut ctx.out;
    let answer = match read {
        Ok(answer) => answer,
        Err(error) => return out.line(format!("{}: UNKNOWN: {error}", gateway.name)),
    };
    let account = &answer.value;
    out.line(format!(
        "{} at {}: {}, read at {}Z in {}",
        gateway.name,
        gateway.cmd,
        Mode::of_account(account).word(),
        answer.asked.utc.hms(),
        numbers::span(answer.rtt),
    ));
    let unknown = || "?".to_owned();
    let money = |m: Option<crate::domain::Money>| m.map_or_else(unknown, numbers::money);
    let level = numbers::level(account.margin_level);
    for (name, value) in [
        ("balance", numbers::money(account.balance)),
        ("equity", numbers::money(account.equity)),
        ("free margin", money(account.free_margin)),
        ("used margin", money(account.used_margin)),
        ("margin level", level),
        ("currency", account.currency.to_string()),
        ("server", account.server_name.as_ref().map_or_else(unknown, Text::to_string)),
    ] {
        out.line(format!("  {name:<13}{value:>16}"));
    }
}

#[derive(Serialize)]
struct Row {
    gateway: Text,
    address: String,
    asked: Option<String>,
    rtt_us: Option<u64>,
    mode: Option<&'static str>,
    account: Option<Figures>,
    error: Option<Text>,
}

#[derive(Serialize)]
struct Figures {
    balance: Option<Box<RawValue>>,
    equity: Option<Box<RawValue>>,
    free_margin: Option<Box<RawValue>>,
    used_margin: Option<Box<RawValue>>,
    margin_level: Option<Box<RawValue>>,
    currency: Text,
    server_name: Option<Text>,
}

impl Row {
    fn new(gateway: &GatewayAddr, read: &Read) -> Self {
        let answer = read.as_ref().ok();
        Self {
            gateway: gateway.name.clone(),
            address: gateway.cmd.to_string(),
            asked: answer.map(|a| a.asked.utc.iso()),
            rtt_us: answer.map(|a| us(a.rtt)),
            mode: answer.map(|a| Mode::of_account(&a.value).word()),
            account: answer.map(|a| Figures::new(&a.value)),
            error: read.as_ref().err().map(|e| Text::new(&e.to_string())),
        }
    }
}

impl Figures {
    fn new(account: &Account) -> Self {
        Self {
            balance: number(account.balance),
            equity: number(account.equity),
            free_margin: account.free_margin.and_then(number),
            used_margin: account.used_margin.and_then(number),
            margin_level: account.margin_level.and_then(number),
            currency: account.currency.clone(),
            server_name: account.server_name.clone(),
        }
    }
}
