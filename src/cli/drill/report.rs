//! What a drill found out.

use crate::cli::Context;
use crate::domain::{GatewayPhase, KillProgress, Stamp, StepTimes};
use crate::gateway::RunningGateway;
use serde::Serialize;

/// The bounds of the first steps, in microseconds since the key.
const GATE: u64 = 1_000;
const VISIBLE: u64 = 5_000;
const DURABLE: u64 = 50_000;
const READ: u64 = 5_000;

/// One rehearsal.
#[derive(Debug, Serialize)]
pub struct Report {
    /// How far the kill came; IDLE when there was none.
    pub phase: GatewayPhase,
    /// Steps in microseconds since the key.
    pub times: StepTimes,
    /// KILL_SWITCH was read by the stage's gateway, microseconds since the
    /// key, in the gateway's own words.
    pub read: Option<u64>,
    /// Positions closed and found, as the gateway claims.
    pub claimed: Option<(u32, u32)>,
    /// Orders and positions that got in after KILL_SWITCH was read: 0.
    pub orders_after_kill: u64,
}

impl Report {
    /// From what the console knew and the gateway remembers.
    #[must_use]
    pub fn new(gateway: &RunningGateway, pressed: Stamp, kill: Option<KillProgress>) -> Self {
        let us = |at: u64| at.saturating_sub(pressed.mono_ns) / 1_000;
        let read = gateway.kill_reads().into_iter().find(|at| *at > pressed.mono_ns).map(us);
        let (phase, times, claimed) =
            kill.map_or_else(Default::default, |k| (k.phase, k.times, k.claimed));
        let orders_after_kill = gateway.orders_after_kill();
        Self {
            phase,
            times,
            read: read.filter(|_| times.sent.is_some()),
            claimed,
            orders_after_kill,
        }
    }

    /// For a person.
    pub fn print(&self, ctx: &mut Context) {
        let out = &mut ctx.out;
        if self.phase == GatewayPhase::Idle {
            out.line("DRILL left without a kill: Ctrl-K, then y, then watch the proof");
            return;
        }
        out.line("DRILL on a stage of its own: paper gateway, scratch latch, nothing real");
        out.line(format!("{:<22}{:>10}  {}", "step", "ms", "bound"));
        let t = &self.times;
        for (step, us, bound) in [
            ("gate closed", t.gate, Some(GATE)),
            ("latch visible", t.visible, Some(VISIBLE)),
            ("latch durable", t.durable, Some(DURABLE)),
            ("agent has it", t.handed, None),
            ("KILL_SWITCH sent", t.sent, None),
            ("read by the gateway", self.read, Some(READ)),
            ("acknowledged (claim)", t.acked, None),
            ("flat proven", t.verified, None),
        ] {
            out.line(row(step, us, bound));
        }
        if let Some((closed, total)) = self.claimed {
            out.line(format!("claimed: {closed} of {total} positions closed"));
        }
        out.line(format!("orders that got in after the kill: {}", self.orders_after_kill));
        out.line(format!("{}; on record", self.phase.word()));
    }
}

fn row(step: &str, us: Option<u64>, bound: Option<u64>) -> String {
    let ms =
        us.map_or_else(|| "-".to_owned(), |us| format!("{}.{:02}", us / 1_000, us % 1_000 / 10));
    let judged = match (us, bound) {
        (Some(us), Some(bound)) if us <= bound => format!("≤ {} ms, within", bound / 1_000),
        (_, Some(bound)) => format!("≤ {} ms, NOT within", bound / 1_000),
        (_, None) => String::new(),
    };
    format!("{step:<22}{ms:>10}  {judged}").trim_end().to_owned()
}
