//! `[engine]`: the live engine.

use super::Problem;
use super::file::narrow;
use super::load::Draft;
use super::origin::Sourced;
use super::section::Section;
use super::settings::empty_path;
use crate::domain::{Lots, Price, Symbol, Text};
use serde::Serialize;
use std::path::PathBuf;

/// Most lots of one order.
const MOST_LOTS: Lots = Lots::from_raw(100 * 100_000_000);
/// Most symbols, and most words of the health check.
const MOST: usize = 64;

/// What an engine's signals come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StrategyChoice {
    /// The documents': above one bid it buys, below another it sells.
    #[default]
    Threshold,
    /// The cross of two moving averages of the bid.
    MovingAverage,
}

impl StrategyChoice {
    /// As it is called in the file and on the command line.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        match word {
            "threshold" => Some(Self::Threshold),
            "moving-average" => Some(Self::MovingAverage),
            _ => None,
        }
    }
}

/// The live engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EngineSettings {
    /// Where its signals come from.
    pub strategy: StrategyChoice,
    /// What it trades; empty for every symbol, which live orders refuse.
    pub symbols: Vec<Symbol>,
    /// Volume of each order.
    pub lots: Lots,
    /// Threshold: a bid above it buys.
    pub buy_above: Price,
    /// Threshold: a bid below it sells.
    pub sell_below: Price,
    /// Moving average: quotes of the fast one.
    pub fast: usize,
    /// Moving average: quotes of the slow one.
    pub slow: usize,
    /// Live orders in any 60 seconds.
    pub max_orders_per_minute: u32,
    /// Its log; none for `engine.jsonl` in the state directory.
    #[serde(serialize_with = "empty_path")]
    pub log: Option<PathBuf>,
    /// Megabytes after which a new file is begun.
    pub log_max_mb: u64,
    /// Older files kept.
    pub log_keep: u32,
    /// Its telemetry port on 127.0.0.1; 0 for none.
    pub events_port: u16,
    /// A program and its arguments whose failure engages the breaker; empty
    /// for none.
    pub health: Vec<String>,
    /// Longest time that it may take, in ms.
    pub health_timeout_ms: u64,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self {
            strategy: StrategyChoice::Threshold,
            symbols: Vec::new(),
            lots: Lots::from_raw(1_000_000),
            buy_above: Price::from_raw(108_500_000),
            sell_below: Price::from_raw(108_495_000),
            fast: 10,
            slow: 30,
            max_orders_per_minute: 6,
            log: None,
            log_max_mb: 64,
            log_keep: 5,
            events_port: 5_560,
            health: Vec::new(),
            health_timeout_ms: 1_000,
        }
    }
}

/// Reads the table.
pub fn engine(section: &mut Section<'_, '_>, draft: &mut Draft) {
    let out = &mut draft.problems;
    let strategy = section.text("strategy", out).and_then(|t| strategy(t, out));
    let symbols = section.texts("symbols", out).and_then(|all| symbols(all, out));
    let lots = section.decimal("lots", out).and_then(|t| lots(t, out));
    let buy = section.decimal("buy_above", out).and_then(|t| price("buy_above", t, out));
    let sell = section.decimal("sell_below", out).and_then(|t| price("sell_below", t, out));
    let fast = section.integer("fast", 1..=999, out);
    let slow = section.integer("slow", 2..=1_000, out);
    let per_minute = section.integer("max_orders_per_minute", 1..=600, out);
    let log = match section.text("log", out) {
        Some(text) => log(text, out),
        None => None,
    };
    let megabytes = section.integer("log_max_mb", 1..=100_000, out);
    let keep = section.integer("log_keep", 0..=1_000, out);
    let port = section.integer("events_port", 0..=65_535, out);
    let health = section.texts("health", out).and_then(|all| command(all, out));
    let timeout = section.integer("health_timeout_ms", 50..=60_000, out);
    let last = sell.as_ref().or(buy.as_ref()).map(|p| p.origin.clone());
    let periods = fast.as_ref().or(slow.as_ref()).map(|p| p.origin.clone());
    draft.put("engine.strategy", strategy, |s| &mut s.engine.strategy);
    draft.put("engine.symbols", symbols, |s| &mut s.engine.symbols);
    draft.put("engine.lots", lots, |s| &mut s.engine.lots);
    draft.put("engine.buy_above", buy, |s| &mut s.engine.buy_above);
    draft.put("engine.sell_below", sell, |s| &mut s.engine.sell_below);
    draft.put("engine.fast", fast.map(narrow), |s| &mut s.engine.fast);
    draft.put("engine.slow", slow.map(narrow), |s| &mut s.engine.slow);
    draft.put("engine.max_orders_per_minute", per_minute.map(narrow), |s| {
        &mut s.engine.max_orders_per_minute
    });
    draft.put("engine.log", log, |s| &mut s.engine.log);
    draft.put("engine.log_max_mb", megabytes, |s| &mut s.engine.log_max_mb);
    draft.put("engine.log_keep", keep.map(narrow), |s| &mut s.engine.log_keep);
    draft.put("engine.events_port", port.map(narrow), |s| &mut s.engine.events_port);
    draft.put("engine.health", health, |s| &mut s.engine.health);
    draft.put("engine.health_timeout_ms", timeout, |s| &mut s.engine.health_timeout_ms);
    let EngineSettings { buy_above, sell_below, fast, slow, .. } = draft.settings.engine;
    if let Some(at) = last.filter(|_| sell_below > buy_above) {
        let cause = "engine.sell_below lies above engine.buy_above: a bid would do both";
        draft.problems.push(Problem::new(at, cause, "give sell_below the lower price"));
    }
    if let Some(at) = periods.filter(|_| fast >= slow) {
        let cause = format!("engine.fast = {fast} is not below engine.slow = {slow}");
        draft.problems.push(Problem::new(at, cause, "give fast the smaller number, as 10 and 30"));
    }
}

fn strategy(text: Sourced<&str>, out: &mut Vec<Problem>) -> Option<Sourced<StrategyChoice>> {
    let found = StrategyChoice::of(text.value);
    if found.is_none() {
        let cause =
            format!("engine.strategy \"{}\" is none of ours", Text::limited(text.value, 40));
        let next = "write threshold or moving-average";
        out.push(Problem::new(text.origin.clone(), cause, next));
    }
    Some(Sourced { value: found?, origin: text.origin })
}

fn symbols(
    all: Sourced<Vec<Sourced<&str>>>,
    out: &mut Vec<Problem>,
) -> Option<Sourced<Vec<Symbol>>> {
    if all.value.len() > MOST {
        let cause = format!("engine.symbols has more than {MOST} names");
        out.push(Problem::new(all.origin, cause, "leave it empty for every symbol"));
        return None;
    }
    let mut symbol = |text: Sourced<&str>| match Symbol::new(text.value) {
        Ok(symbol) => Some(symbol),
        Err(e) => {
            let next = "write each as the broker names it, as in \"EURUSD\"";
            out.push(Problem::new(text.origin, format!("engine.symbols: {e}"), next));
            None
        }
    };
    Some(all.map(|all| all.into_iter().filter_map(&mut symbol).collect()))
}

fn lots(text: Sourced<String>, out: &mut Vec<Problem>) -> Option<Sourced<Lots>> {
    match Lots::parse(&text.value) {
        Ok(lots) if lots > Lots::ZERO && lots <= MOST_LOTS => Some(text.map(|_| lots)),
        _ => {
            let cause = format!("engine.lots = {} is no volume", Text::limited(&text.value, 40));
            out.push(Problem::new(text.origin, cause, "give lots above 0, 100 at most"));
            None
        }
    }
}

fn price(key: &str, text: Sourced<String>, out: &mut Vec<Problem>) -> Option<Sourced<Price>> {
    match Price::parse(&text.value) {
        Ok(price) if price > Price::ZERO => Some(text.map(|_| price)),
        _ => {
            let cause = format!("engine.{key} = {} is no price", Text::limited(&text.value, 40));
            out.push(Problem::new(text.origin, cause, "give a price above 0, as 1.08500"));
            None
        }
    }
}

/// Empty for the usual place.
fn log(text: Sourced<&str>, out: &mut Vec<Problem>) -> Option<Sourced<Option<std::path::PathBuf>>> {
    match text.value {
        "" => Some(text.map(|_| None)),
        path if path.starts_with('/') && !path.contains('\0') => {
            Some(text.map(|path| Some(path.into())))
        }
        _ => {
            let next = "begin it with / (~ and variables are not expanded), or leave it empty";
            out.push(Problem::new(text.origin, "engine.log is not an absolute path", next));
            None
        }
    }
}

/// A program by its whole path: which one runs must not hang on a `PATH`.
fn command(
    all: Sourced<Vec<Sourced<&str>>>,
    out: &mut Vec<Problem>,
) -> Option<Sourced<Vec<String>>> {
    let mut refuse = |cause: &str, next: &str| {
        out.push(Problem::new(all.origin.clone(), cause, next));
        None
    };
    if all.value.len() > MOST {
        return refuse("engine.health has more than 64 words", "name a script");
    }
    if all.value.iter().any(|word| word.value.contains('\0')) {
        return refuse("engine.health holds a zero byte", "remove it");
    }
    if all.value.first().is_some_and(|program| !program.value.starts_with('/')) {
        let next = "write the program's absolute path first, as in [\"/usr/local/bin/health\"]";
        return refuse("engine.health names no absolute path", next);
    }
    Some(all.map(|words| words.into_iter().map(|word| word.value.to_owned()).collect()))
}
