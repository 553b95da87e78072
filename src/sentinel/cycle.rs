//! One symbol in one cycle: bars, features, the model's word, and what follows
//! from it. Whatever fails ends this symbol's cycle with its cause, nothing
//! else.

use super::decide::{confidence, decide};
use super::desk::Desk;
use super::eodhd::Eodhd;
use super::features::{self, Features};
use super::hub::Hub;
use super::look::Look;
use super::metrics::{EODHD, HUB, Metrics};
use super::options::Options;
use super::store::Store;
use crate::domain::{Decision, DecisionSource, DecisionStep, Probabilities, Side, Symbol, Text};
use crate::host::clock;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

/// Tries to get bars in one cycle.
const TRIES: u32 = 5;
/// Wait after the first try that failed; twice as long after each further one.
const BACKOFF: Duration = Duration::from_millis(250);
/// Longest of these waits.
const LONGEST: Duration = Duration::from_secs(8);
/// Troubles that may be over in a moment. Whoever refused a token or has old
/// bars says the same again.
const PASSING: [&str; 9] =
    ["timeout", "dns", "connect", "tls", "broken", "http_500", "http_502", "http_503", "http_504"];

/// What every cycle works with.
pub struct Crew {
    /// How it was started.
    pub options: Options,
    /// Where bars come from.
    pub market: Eodhd,
    /// The model.
    pub model: Hub,
    /// Where orders go.
    pub desk: Arc<dyn Desk>,
    /// What is remembered.
    pub store: Arc<Store>,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// The latch.
    pub look: Arc<Look>,
    /// One order at a time.
    pub turn: tokio::sync::Mutex<()>,
    /// An order is on its way, or its thread has not come back.
    pub ordering: Arc<AtomicBool>,
    /// Positions of orders without an answer are looked for.
    pub looking: AtomicBool,
}

/// The limits of one cycle.
#[derive(Clone, Copy, Debug)]
pub struct Round {
    /// Its number.
    pub number: u64,
    /// Bars must be there by then.
    pub bars_by: Instant,
    /// All must be done by then.
    pub done_by: Instant,
}

/// How a symbol's cycle ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What is told.
    pub decision: Decision,
    /// It was skipped or failed.
    pub failed: bool,
    /// Its live order in the state file, which has to learn that it was told.
    pub order: Option<String>,
}

/// A decision in the making.
pub struct Making {
    decision: Decision,
    began: Instant,
}

impl Making {
    /// For `symbol` in the cycle of this number.
    pub fn begin(options: &Options, symbol: Symbol, number: u64) -> Self {
        let decision = Decision {
            source: DecisionSource::Sentinel,
            symbol: Text::new(symbol.as_str()),
            threshold: Some(options.threshold),
            number: Some(number),
            live: Some(options.live),
            ..Decision::default()
        };
        Self { decision, began: Instant::now() }
    }

    /// A step is done.
    pub fn step(&mut self, name: &str, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.decision.steps.push(DecisionStep { name: Text::new(name), us });
    }

    /// What the model said, and what it calls for.
    pub fn word(&mut self, shares: Probabilities, side: Option<Side>) {
        self.decision.probabilities = Some(shares);
        self.decision.side = side;
    }

    /// Its order has this name.
    pub fn order(&mut self, name: &str) {
        self.decision.order = Text::new(name);
    }

    /// The end.
    pub fn end(self, action: &str, why: impl AsRef<str>) -> Outcome {
        let mut decision = self.decision;
        decision.at = Some(clock::utc());
        decision.lag_us = u64::try_from(self.began.elapsed().as_micros()).ok();
        decision.action = Text::new(action);
        decision.why = Text::limited(why.as_ref(), 300);
        let failed = matches!(action, "SKIPPED" | "FAILED" | "UNKNOWN" | "REJECTED" | "ERROR");
        Outcome { decision, failed, order: None }
    }
}

impl Crew {
    /// The whole way of one symbol.
    pub async fn symbol(self: Arc<Self>, symbol: Symbol, round: Round) -> Outcome {
        let mut making = Making::begin(&self.options, symbol, round.number);
        let began = Instant::now();
        let bars = self.bars(symbol, round).await;
        self.metrics.fetch_seconds.observe(began.elapsed().as_secs_f64());
        making.step("bars", began.elapsed());
        let bars = match bars {
            Ok(bars) => bars,
            Err(why) => {
                self.metrics.fetch_failed.inc();
                return making.end("SKIPPED", format!("no bars: {why}"));
            }
        };
        let began = Instant::now();
        let built = features::build(&bars);
        self.metrics.feature_seconds.observe(began.elapsed().as_secs_f64());
        making.step("features", began.elapsed());
        let built = match built {
            Ok(built) => built,
            Err(why) => return making.end("SKIPPED", format!("no features: {why}")),
        };
        let began = Instant::now();
        let shares = self.ask(&built, round).await;
        self.metrics.predict_seconds.observe(began.elapsed().as_secs_f64());
        making.step("model", began.elapsed());
        let shares = match shares {
            Ok(shares) => shares,
            Err(why) => {
                self.metrics.predictions_failed.inc();
                return making.end("SKIPPED", format!("no prediction: {why}"));
            }
        };
        self.metrics.confidence.set(confidence(&shares));
        let side = decide(&shares, self.options.threshold);
        making.word(shares, side);
        let Some(side) = side else {
            let limit = self.options.threshold;
            let why =
                format!("neither sell {} nor buy {} is above {limit}", shares.sell, shares.buy);
            return making.end("NO_ORDER", why);
        };
        self.metrics.signal(side);
        self.act(making, (symbol, side), built.last_bar, round).await
    }

    /// Bars, tried again for as long as the cycle has time for it.
    async fn bars(&self, symbol: Symbol, round: Round) -> Result<Vec<super::bars::Bar>, Text> {
        let mut pause = BACKOFF;
        for tried in 1_u32.. {
            self.metrics.call(EODHD);
            let left = round.bars_by.saturating_duration_since(Instant::now());
            let (why, code) = match timeout(left, self.market.bars(symbol.as_str())).await {
                Ok(Ok(fetched)) => {
                    for note in &fetched.notes {
                        tracing::info!("{symbol}: {note}");
                    }
                    return Ok(fetched.bars);
                }
                Ok(Err(fault)) => (Text::new(&fault.to_string()), fault.code()),
                Err(_) => (Text::new("no answer before the cycle's time was up"), "deadline"),
            };
            self.metrics.error(EODHD, code);
            let left = round.bars_by.saturating_duration_since(Instant::now());
            if tried >= TRIES || pause >= left || !PASSING.contains(&code) {
                let times = if tried == 1 { "try" } else { "tries" };
                return Err(Text::new(&format!("{why} ({tried} {times})")));
            }
            tracing::debug!("{symbol}: {why}; trying again in {} ms", pause.as_millis());
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST);
        }
        Err(Text::default())
    }

    async fn ask(&self, built: &Features, round: Round) -> Result<Probabilities, Text> {
        self.metrics.call(HUB);
        self.metrics.predictions.inc();
        let left = round.done_by.saturating_duration_since(Instant::now());
        match timeout(left, self.model.predict(built)).await {
            Ok(Ok(shares)) => Ok(shares),
            Ok(Err(fault)) => {
                self.metrics.error(HUB, fault.code());
                Err(Text::new(&fault.to_string()))
            }
            Err(_) => {
                self.metrics.error(HUB, "deadline");
                Err(Text::new("no answer before the cycle's time was up"))
            }
        }
    }
}
