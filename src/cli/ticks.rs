//! `crs ticks`: quotes as they arrive, one line each.

use super::exit::exits;
use super::reach::{chosen, number, seconds};
use super::{Context, Exit, Failure, Outcome, wiring};
use crate::domain::{GatewayAddr, Heard, LinkState, Price, Stamp, Symbol, Text, Tick, TickBatch};
use crate::event::{Event, FeedReport, Receiver, channel_pair};
use crate::feeds;
use crate::link;
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Which quotes, and how many.
#[derive(Debug, clap::Args)]
#[command(after_help = exits!(
    0 "as many as asked for, or ended by SIGINT or by the reader",
    1 "no socket can be had",
    2 "silence: no such quote for --timeout seconds",
))]
pub struct Args {
    /// Only this instrument, as the broker names it; may be repeated
    #[arg(long, value_name = "SYMBOL")]
    symbol: Vec<Symbol>,
    /// End after so many quotes
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    count: Option<u64>,
    /// Longest silence, in seconds
    #[arg(long, value_name = "S", default_value = "10", value_parser = seconds)]
    timeout: Duration,
    /// Only this gateway, by its name in the configuration
    #[arg(long, value_name = "NAME")]
    on: Option<String>,
    /// One JSON document on standard output, when all have come
    #[arg(long, requires = "count")]
    json: bool,
}

/// Listens, prints, ends.
///
/// # Errors
/// Status 78 for a wrong configuration, 64 for an unknown name, 1 when no
/// socket can be had.
pub fn run(args: &Args, ctx: &mut Context) -> Outcome {
    let settings = ctx.strict()?.settings;
    let gateways = chosen(&settings, args.on.as_deref())?;
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&stop)).map_err(Failure::failed)?;
    }
    let (sender, receiver) = channel_pair();
    let zmq = link::context().map_err(Failure::failed)?;
    let limits = wiring::limits(&settings);
    let mut running = Vec::new();
    for (feed, gateway) in (0_u16..).zip(&gateways) {
        let started = feeds::ticks::start(&zmq, feed, gateway, limits, sender.clone());
        running.push(started.map_err(Failure::failed)?);
    }
    let mut listener = Listener::new(args, &gateways);
    let exit = listener.listen(&receiver, &stop, ctx);
    drop(running);
    listener.finish(exit, ctx);
    Ok(exit)
}

struct Listener<'a> {
    args: &'a Args,
    gateways: &'a [&'a GatewayAddr],
    reports: BTreeMap<u16, FeedReport>,
    kept: Vec<Row>,
    seen: u64,
}

impl<'a> Listener<'a> {
    const fn new(args: &'a Args, gateways: &'a [&'a GatewayAddr]) -> Self {
        Self { args, gateways, reports: BTreeMap::new(), kept: Vec::new(), seen: 0 }
    }

    fn listen(&mut self, receiver: &Receiver, stop: &AtomicBool, ctx: &mut Context) -> Exit {
        let mut silent_since = Instant::now();
        loop {
            if stop.load(Ordering::Relaxed) || ctx.out.reader_left() {
                return Exit::OK;
            }
            if silent_since.elapsed() >= self.args.timeout {
                return Exit::TIMEOUT;
            }
            crossbeam_channel::select! {
                recv(receiver.urgent) -> event => if let Ok(event) = event {
                    self.note(event, ctx);
                },
                recv(receiver.data) -> batch => if let Ok(batch) = batch {
                    let before = self.seen;
                    if self.take(&batch, ctx) {
                        return Exit::OK;
                    }
                    if self.seen > before {
                        silent_since = Instant::now();
                    }
                },
                default(Duration::from_millis(50)) => {}
            }
        }
    }

    fn note(&mut self, event: Event, ctx: &mut Context) {
        match event {
            Event::Feed(report) => {
                self.reports.insert(report.feed, *report);
            }
            Event::Log(line) => ctx.out.note(format!("{}: {}", line.source, line.text)),
            _ => {}
        }
    }

    /// True when as many as asked for have come.
    fn take(&mut self, batch: &TickBatch, ctx: &mut Context) -> bool {
        let gateway = self.gateways.get(usize::from(batch.feed)).map(|g| g.name.clone());
        for Heard { after_us, tick } in &batch.ticks {
            if !self.args.symbol.is_empty() && !self.args.symbol.contains(&tick.symbol) {
                continue;
            }
            let at = batch.base.plus(Duration::from_micros(u64::from(*after_us)));
            if self.args.json {
                self.kept.push(Row::new(gateway.clone().unwrap_or_default(), at, tick));
            } else {
                ctx.out.line(line(at, tick));
            }
            self.seen += 1;
            if self.args.count.is_some_and(|count| self.seen >= count) {
                return true;
            }
        }
        false
    }

    fn finish(self, exit: Exit, ctx: &mut Context) {
        if self.args.json {
            #[derive(Serialize)]
            struct Report {
                complete: bool,
                ticks: Vec<Row>,
            }
            ctx.out.json(&Report { complete: exit == Exit::OK, ticks: self.kept });
        }
        if exit != Exit::TIMEOUT {
            return;
        }
        for (feed, gateway) in (0_u16..).zip(self.gateways) {
            let report = self.reports.get(&feed).cloned().unwrap_or_default();
            ctx.out.note(format!("{} at {}: {}", gateway.name, gateway.data, why(&report)));
        }
    }
}

/// What a silent feed looks like from here.
fn why(report: &FeedReport) -> String {
    let refused: Vec<_> = report.refused.iter().map(|(why, n)| format!("{why}: {n}")).collect();
    match report.link {
        LinkState::Connecting => {
            "no connection: is the gateway running, are host and --data-port right?".to_owned()
        }
        LinkState::Down => "the connection broke and is being made anew".to_owned(),
        LinkState::Up if !refused.is_empty() => {
            format!("what comes is no quote ({})", refused.join(", "))
        }
        LinkState::Up => {
            "connected, but no such quote: market closed, or another symbol name?".to_owned()
        }
    }
}

/// The price as the instrument quotes it: both sides with the same decimals.
fn digits(tick: &Tick) -> u32 {
    tick.bid.decimals().max(tick.ask.decimals())
}

fn line(at: Stamp, tick: &Tick) -> String {
    let digits = digits(tick);
    format!(
        "{} {:<12} {:>12} {:>12} {:>8} {:?}",
        at.utc.iso().get(11..23).unwrap_or_default(),
        tick.symbol,
        tick.bid.text(digits),
        tick.ask.text(digits),
        points(tick.ask.minus(tick.bid), digits),
        tick.shape,
    )
}

/// A difference of prices in units of their last decimal.
fn points(spread: Price, digits: u32) -> i64 {
    spread.raw() / 10_i64.pow(Price::SCALE.saturating_sub(digits))
}

#[derive(Serialize)]
struct Row {
    gateway: Text,
    received: String,
    symbol: Symbol,
    bid: Option<Box<RawValue>>,
    ask: Option<Box<RawValue>>,
    spread_points: i64,
    seq: Option<u64>,
    shape: crate::domain::TickShape,
}

impl Row {
    fn new(gateway: Text, at: Stamp, tick: &Tick) -> Self {
        Self {
            gateway,
            received: at.utc.iso(),
            symbol: tick.symbol,
            bid: number(tick.bid),
            ask: number(tick.ask),
            spread_points: points(tick.ask.minus(tick.bid), digits(tick)),
            seq: tick.seq,
            shape: tick.shape,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_counted_in_the_last_decimal() {
        let spread = |bid: &str, ask: &str| {
            let (bid, ask) = (Price::parse(bid).unwrap(), Price::parse(ask).unwrap());
            points(ask.minus(bid), bid.decimals().max(ask.decimals()))
        };
        assert_eq!(spread("1.08500", "1.08512"), 12);
        assert_eq!(spread("86.655", "86.67"), 15);
        assert_eq!(spread("1900", "1901"), 1);
    }
}
