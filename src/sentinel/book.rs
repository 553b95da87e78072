//! What the sentinel knows of itself: its status for telemetry, its health for
//! whoever asks.

use super::look::Look;
use super::options::Options;
use super::pace::Pace;
use crate::domain::{Decision, DecisionSource, Text, TraderStatus, UtcMicros};
use crate::host::{Identity, clock};
use serde::Serialize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Shared by the loop, telemetry and the web page.
#[derive(Debug)]
pub struct Book {
    look: Arc<Look>,
    period: Duration,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    status: TraderStatus,
    /// When the last cycle ended, ns since boot, and what was wrong with it.
    ended: Option<(u64, Text)>,
    /// When the last good one ended.
    good: Option<UtcMicros>,
    /// Log lines lost when the last cycle but one ended, and the last.
    lost: [u64; 2],
    /// Said for as long as it holds: orders without an answer, held bars.
    warning: Text,
}

impl Kept {
    /// Lines that the log lost since the last cycle but one ended, in words:
    /// its own thread may find out a moment after the cycle.
    fn losing(&self, lost: u64) -> Option<Text> {
        let [before, _] = self.lost;
        let more = lost.saturating_sub(before);
        let words = || Text::new(&format!("decision log: {more} lines lost in the last cycles"));
        (more > 0).then(words)
    }
}

/// The page of `/health`.
#[derive(Debug, Serialize)]
pub struct Health {
    /// `ok` or `unhealthy`.
    pub status: &'static str,
    /// Why it is not.
    pub causes: Vec<Text>,
    /// Worth knowing, and no illness.
    pub warning: Text,
    /// When a cycle last ended well.
    pub last_success: Option<String>,
    /// When one last ended at all.
    pub last_cycle: Option<String>,
    /// When the next is due.
    pub next_cycle: Option<String>,
    /// Orders leave the process.
    pub live: bool,
    /// Orders pass the latch.
    pub safe: bool,
    /// Cycles of this run.
    pub cycles: u64,
    /// Those with a symbol that was skipped or failed.
    pub failed: u64,
    /// Orders, dry ones too.
    pub orders: u64,
    /// What the latch blocked.
    pub blocked: u64,
    /// Log lines that were lost.
    pub lost: u64,
    /// Process id.
    pub pid: u32,
}

impl Book {
    /// Of a sentinel that starts now.
    #[must_use]
    pub fn new(options: &Options, look: Arc<Look>) -> Self {
        let here = Identity::here();
        let status = TraderStatus {
            source: DecisionSource::Sentinel,
            host: here.host,
            pid: u64::from(here.pid),
            symbols: options.names(),
            strategy: Text::new(&options.hub_url()),
            live: options.live,
            threshold: Some(options.threshold),
            started: clock::utc(),
            ..TraderStatus::default()
        };
        let kept = Mutex::new(Kept { status, ..Kept::default() });
        Self { look, period: Pace::period(options.pace), kept }
    }

    /// Worth saying until further notice.
    pub fn warn(&self, words: Text) {
        self.kept().warning = words;
    }

    /// When the next cycle is due.
    pub fn next(&self, at: UtcMicros) {
        self.kept().status.next = Some(at);
    }

    /// A decision is told.
    pub fn decided(&self, decision: &Decision) {
        // One without a cycle was made by the run before this, or counted as
        // one without an answer.
        if decision.number.is_none() {
            return;
        }
        let mut kept = self.kept();
        match decision.action.as_str() {
            "BLOCKED" => kept.status.blocked += 1,
            "ORDER_GENERATED" | "DRY_RUN" | "UNKNOWN" => kept.status.orders += 1,
            _ => {}
        }
    }

    /// A cycle ended; `wrong` is empty when nothing was. `lost` are the log
    /// lines lost so far.
    pub fn ended(&self, wrong: Text, lost: u64) {
        let now = clock::now();
        let mut kept = self.kept();
        kept.status.cycles += 1;
        kept.status.last = Some(now.utc);
        if wrong.is_empty() {
            kept.good = Some(now.utc);
        } else {
            kept.status.failed += 1;
        }
        kept.ended = Some((now.mono_ns, wrong));
        let [_, newest] = kept.lost;
        kept.lost = [newest, lost];
    }

    /// The status as of now.
    #[must_use]
    pub fn status(&self, lost: u64) -> TraderStatus {
        let denied = self.look.denied();
        let kept = self.kept();
        let wrong = kept.ended.as_ref().map(|(_, wrong)| wrong.clone()).unwrap_or_default();
        let losing = kept.losing(lost).unwrap_or_default();
        let whys = [denied.clone().unwrap_or_default(), wrong, losing, kept.warning.clone()];
        let whys: Vec<&str> = whys.iter().map(Text::as_str).filter(|w| !w.is_empty()).collect();
        TraderStatus {
            safe: denied.is_none(),
            why: Text::new(&whys.join("; ")),
            lost,
            said: clock::utc(),
            ..kept.status.clone()
        }
    }

    /// Whether all is well, and why not.
    #[must_use]
    pub fn health(&self, lost: u64) -> Health {
        let mut causes = Vec::new();
        let denied = self.look.denied();
        causes.extend(denied.as_ref().map(|why| Text::new(&format!("orders don't pass: {why}"))));
        let kept = self.kept();
        match &kept.ended {
            None => causes.push(Text::new("no cycle has ended yet")),
            Some((at, wrong)) => {
                let age = Duration::from_nanos(clock::mono_ns().saturating_sub(*at));
                if age > self.period * 2 + Duration::from_secs(1) {
                    let words = format!("the last cycle ended {} s ago", age.as_secs());
                    causes.push(Text::new(&words));
                }
                if !wrong.is_empty() {
                    causes.push(Text::new(&format!("the last cycle: {wrong}")));
                }
            }
        }
        causes.extend(kept.losing(lost));
        let status = &kept.status;
        Health {
            status: if causes.is_empty() { "ok" } else { "unhealthy" },
            causes,
            warning: kept.warning.clone(),
            last_success: kept.good.map(UtcMicros::iso),
            last_cycle: status.last.map(UtcMicros::iso),
            next_cycle: status.next.map(UtcMicros::iso),
            live: status.live,
            safe: denied.is_none(),
            cycles: status.cycles,
            failed: status.failed,
            orders: status.orders,
            blocked: status.blocked,
            lost,
            pid: std::process::id(),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
