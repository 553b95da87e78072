//! HEARTBEATs one after the other, and what they took.

use super::watch::Watch;
use super::{Args, Beat, ask};
use crate::cli::reach::ms;
use crate::cli::{Context, Exit, Failure, Outcome};
use crate::config::Settings;
use crate::domain::{GatewayAddr, Text};
use crate::host::clock;
use serde::Serialize;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Between two, unless told otherwise.
const USUAL: Duration = Duration::from_secs(1);
/// Round trips kept for the percentiles, the newest.
const KEPT: usize = 100_000;

/// What came of all HEARTBEATs to one gateway.
#[derive(Debug, Serialize)]
struct Tally {
    gateway: Text,
    address: String,
    asked: u64,
    alive: u64,
    p50_us: Option<u64>,
    p99_us: Option<u64>,
    max_us: Option<u64>,
    /// Of the last one that failed.
    error: Option<Text>,
    #[serde(skip)]
    rtts: VecDeque<u64>,
    /// It answered, and not as v1.0: it is asked nothing more.
    #[serde(skip)]
    refused: bool,
}

/// Asks until the count, the signal, or nobody is left to be asked.
///
/// # Errors
/// As the verb.
pub fn run(
    args: &Args,
    gateways: &[&GatewayAddr],
    settings: &Settings,
    zmq: &zmq::Context,
    ctx: &mut Context,
) -> Outcome {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&stop)).map_err(Failure::failed)?;
    }
    let every = args.every.unwrap_or(USUAL);
    let mut tallies: Vec<Tally> = gateways.iter().map(|gateway| Tally::new(gateway)).collect();
    let max_message = settings.feed.max_message_bytes;
    let mut watch = Watch::new(settings, gateways);
    let mut worst = Exit::OK;
    let begun = Instant::now();
    let mut round = 0;
    let over = |ctx: &Context| stop.load(Ordering::Relaxed) || ctx.out.reader_left();
    while args.count.is_none_or(|count| round < count) && !over(ctx) {
        let next = begun + every.saturating_mul(round.try_into().unwrap_or(u32::MAX));
        rest(next, &stop, || watch.look(true, args.json, ctx));
        watch.begin();
        for (index, (gateway, tally)) in gateways.iter().zip(&mut tallies).enumerate() {
            if tally.refused || over(ctx) {
                continue;
            }
            let beat = ask(zmq, gateway, args.timeout, max_message)?;
            worst = worst.worst(beat.exit);
            tally.take(&beat);
            watch.beat(index, &beat);
            if !args.json {
                ctx.out.line(line(&beat));
            }
        }
        watch.look(false, args.json, ctx);
        round += 1;
        if tallies.iter().all(|tally| tally.refused) {
            break;
        }
    }
    watch.end(ctx);
    tallies.iter_mut().for_each(Tally::close);
    if args.json {
        #[derive(Serialize)]
        struct Report {
            series: Vec<Tally>,
        }
        ctx.out.json(&Report { series: tallies });
    } else {
        for tally in &tallies {
            ctx.out.line(tally.words());
        }
    }
    Ok(worst)
}

fn rest(until: Instant, stop: &AtomicBool, mut look: impl FnMut()) {
    while !stop.load(Ordering::Relaxed) {
        look();
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        std::thread::sleep(left.min(Duration::from_millis(50)));
    }
}

fn line(beat: &Beat) -> String {
    let (at, name) = (clock::utc().hms(), &beat.gateway);
    match (&beat.error, beat.rtt_us) {
        (None, Some(us)) => format!("{at} {name}: alive, {} ms", ms(Duration::from_micros(us))),
        (None, None) => format!("{at} {name}: alive"),
        (Some(error), _) => format!("{at} {name}: {error}"),
    }
}

impl Tally {
    fn new(gateway: &GatewayAddr) -> Self {
        Self {
            gateway: gateway.name.clone(),
            address: gateway.cmd.to_string(),
            asked: 0,
            alive: 0,
            p50_us: None,
            p99_us: None,
            max_us: None,
            error: None,
            rtts: VecDeque::new(),
            refused: false,
        }
    }

    fn take(&mut self, beat: &Beat) {
        self.asked += 1;
        if beat.alive {
            self.alive += 1;
            if self.rtts.len() >= KEPT {
                self.rtts.pop_front();
            }
            self.rtts.extend(beat.rtt_us);
            self.max_us = self.max_us.max(beat.rtt_us);
        } else {
            self.error.clone_from(&beat.error);
            self.refused = beat.exit == Exit::FAILED && beat.rtt_us.is_some();
        }
    }

    fn close(&mut self) {
        let mut sorted = Vec::from_iter(std::mem::take(&mut self.rtts));
        sorted.sort_unstable();
        self.p50_us = percentile(&sorted, 50);
        self.p99_us = percentile(&sorted, 99);
    }

    fn words(&self) -> String {
        let ms = |us: Option<u64>| {
            us.map_or_else(
                || String::from("-"),
                |us| format!("{} ms", ms(Duration::from_micros(us))),
            )
        };
        let end = if self.refused { "; no v1.0 gateway, asked nothing more" } else { "" };
        format!(
            "{} at {}: {} of {} alive, p50 {}, p99 {}, max {}{end}",
            self.gateway,
            self.address,
            self.alive,
            self.asked,
            ms(self.p50_us),
            ms(self.p99_us),
            ms(self.max_us),
        )
    }
}

/// The smallest value that so many percent don't exceed (nearest rank).
fn percentile(sorted: &[u64], percent: usize) -> Option<u64> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.max(1) - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_by_nearest_rank() {
        let hundred: Vec<u64> = (1..=100).collect();
        assert_eq!((percentile(&hundred, 50), percentile(&hundred, 99)), (Some(50), Some(99)));
        assert_eq!((percentile(&[7], 50), percentile(&[7], 99)), (Some(7), Some(7)));
        assert_eq!(percentile(&[1, 2], 99), Some(2));
        assert_eq!(percentile(&[], 50), None);
    }
}
