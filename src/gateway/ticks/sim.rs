//! A random walk that says so: the same seed walks the same way. It is bound
//! to one percent around its starting price; nothing should be learnt from it.

use super::{Due, Source, SourceError};
use crate::domain::{Price, Symbol, Text};
use crate::gateway::market::Quote;
use crate::gateway::options::SimOptions;
use std::time::Duration;

/// Name, decimals, starting price and spread in points.
const STARTS: [(&str, u32, i64, i64); 12] = [
    ("EURUSD", 5, 108_500, 8),
    ("GBPUSD", 5, 127_000, 10),
    ("USDJPY", 3, 149_500, 9),
    ("EURJPY", 3, 162_200, 14),
    ("USDCHF", 5, 88_500, 11),
    ("AUDUSD", 5, 65_500, 9),
    ("USDCAD", 5, 136_000, 12),
    ("NZDUSD", 5, 60_500, 12),
    ("EURGBP", 5, 85_400, 10),
    ("GBPJPY", 3, 189_900, 18),
    ("XAUUSD", 2, 265_000, 25),
    ("XAGUSD", 3, 31_000, 20),
];

/// Largest step of one tick, in points.
const STEP: i64 = 3;

/// Walks several instruments.
#[derive(Debug)]
pub struct Simulator {
    walks: Vec<Walk>,
    rate_hz: u32,
    random: u64,
    made: u64,
}

#[derive(Debug)]
struct Walk {
    symbol: Symbol,
    digits: u32,
    start: i64,
    spread: i64,
    bid: i64,
}

impl Simulator {
    /// Puts every instrument at its start.
    ///
    /// # Errors
    /// [`SourceError::NoStart`] for a name that is not in the table.
    pub fn new(options: &SimOptions) -> Result<Self, SourceError> {
        let walks: Result<Vec<Walk>, SourceError> = options.symbols.iter().map(walk).collect();
        Ok(Self { walks: walks?, rate_hz: options.rate_hz.max(1), random: options.seed, made: 0 })
    }

    /// What it quotes.
    #[must_use]
    pub fn symbols(&self) -> Vec<(Symbol, u32)> {
        self.walks.iter().map(|w| (w.symbol, w.digits)).collect()
    }

    /// `SplitMix64`: tiny, and the same on every host.
    fn draw(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn draw_below(&mut self, end: u64) -> u64 {
        self.draw() % end.max(1)
    }
}

impl Source for Simulator {
    /// Every instrument at once at the beginning, then one at random.
    fn next(&mut self) -> Result<Option<Due>, SourceError> {
        let count = self.walks.len() as u64;
        let primed = self.made >= count;
        let which = if primed { self.draw_below(count) } else { self.made };
        let step = i64::try_from(self.draw_below(7)).unwrap_or(0) - STEP;
        let wider = i64::try_from(self.draw_below(3)).unwrap_or(0);
        let ticks = if primed { self.made - count + 1 } else { 0 };
        self.made += 1;
        let Some(walk) = usize::try_from(which).ok().and_then(|i| self.walks.get_mut(i)) else {
            return Ok(None);
        };
        let away = walk.bid - walk.start;
        let homeward = away.abs() > walk.start / 100 && step.signum() == away.signum();
        walk.bid += if homeward { -step } else { step };
        let point = 10_i64.pow(Price::SCALE.saturating_sub(walk.digits));
        let price = |points: i64| Price::from_raw(points * point);
        let quote = Quote { bid: price(walk.bid), ask: price(walk.bid + walk.spread + wider) };
        let nanos = u128::from(ticks) * 1_000_000_000 / u128::from(self.rate_hz);
        let after = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        Ok(Some(Due { after, symbol: walk.symbol, quote, source_time: None }))
    }
}

fn walk(symbol: &Symbol) -> Result<Walk, SourceError> {
    let start = STARTS.iter().find(|(name, ..)| symbol.as_str().starts_with(name));
    let Some(&(_, digits, bid, spread)) = start else {
        let known: Vec<&str> = STARTS.iter().map(|(name, ..)| *name).collect();
        return Err(SourceError::NoStart(*symbol, Text::new(&known.join(", "))));
    };
    Ok(Walk { symbol: *symbol, digits, start: bid, spread, bid })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sim(seed: u64, symbols: &[&str]) -> Simulator {
        let symbols = symbols.iter().map(|s| Symbol::new(s).unwrap()).collect();
        Simulator::new(&SimOptions { seed, symbols, rate_hz: 100 }).unwrap()
    }

    fn take(sim: &mut Simulator, n: usize) -> Vec<Due> {
        (0..n).map(|_| sim.next().unwrap().unwrap()).collect()
    }

    #[test]
    fn the_same_seed_walks_the_same_way() {
        let names = ["EURUSD", "USDJPY.s"];
        let walk = |seed| take(&mut sim(seed, &names), 500);
        assert_eq!(walk(7), walk(7));
        assert_ne!(walk(7), walk(8));
    }

    #[test]
    fn every_instrument_is_quoted_at_once_and_then_at_the_rate() {
        let ticks = take(&mut sim(1, &["EURUSD", "USDJPY", "XAUUSD"]), 103);
        let first: Vec<&str> = ticks[..3].iter().map(|t| t.symbol.as_str()).collect();
        assert_eq!(first, ["EURUSD", "USDJPY", "XAUUSD"]);
        assert!(ticks[..3].iter().all(|t| t.after == Duration::ZERO));
        assert_eq!(ticks[102].after, Duration::from_secs(1));
    }

    #[test]
    fn prices_stay_near_their_start_and_never_cross() {
        let mut sim = sim(3, &["EURUSD"]);
        for tick in take(&mut sim, 200_000) {
            assert!(Quote::new(tick.quote.bid, tick.quote.ask).is_ok());
            assert!((107_400_000..109_700_000).contains(&tick.quote.bid.raw()), "{tick:?}");
        }
    }

    #[test]
    fn an_unknown_name_is_refused_with_what_is_known() {
        let options =
            SimOptions { symbols: vec![Symbol::new("FOO").unwrap()], ..SimOptions::default() };
        let text = Simulator::new(&options).unwrap_err().to_string();
        assert!(text.contains("FOO") && text.contains("EURUSD, "), "{text}");
    }
}
