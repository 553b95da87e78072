//! What the screen shows: a pure fold over [`Stamped`] records.
//!
//! What belongs here: remembering. What does not: clocks (now is the stamp of
//! the last record), files, sockets, hash maps, floats. The switch appears as
//! it was *observed*, never as somebody wished it. Two processes that apply
//! the same records hold equal states, and `State::digest` proves it.

pub mod lag;

pub use lag::{Lag, Series};

use crate::domain::{
    Account, Decision, KillProgress, LatchSeen, PeerTime, Position, Price, Stamp, Symbol, Text,
    TickShape,
};
use crate::event::{
    AgentReport, CommandReport, FeedReport, GatewayReport, GuardReport, LogLine, SessionInfo,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// Everything the screen may show.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Number of the last record applied.
    pub seq: u64,
    /// Stamp of the last record applied: the only "now" there is.
    pub now: Stamp,
    /// What this session is about.
    pub session: SessionInfo,
    /// Gateways by their index in the session.
    pub gateways: Vec<GatewayPane>,
    /// Quotes by symbol.
    pub quotes: BTreeMap<Symbol, Quote>,
    /// The latch as this process sees it, and when it was seen.
    pub latch: Aged<LatchSeen>,
    /// The guard that is open, if one is, else how the last one ended.
    pub guard: Option<GuardReport>,
    /// The running or last kill, by target.
    pub kills: BTreeMap<u16, Aged<KillProgress>>,
    /// The agent.
    pub agent: Aged<AgentReport>,
    /// The operator's commands, newest last, bounded.
    pub commands: VecDeque<Aged<CommandReport>>,
    /// Decisions, newest last, bounded.
    pub decisions: VecDeque<Aged<Decision>>,
    /// Log lines, newest last, bounded.
    pub log: VecDeque<Aged<LogLine>>,
    /// How late everything is.
    pub lag: Lag,
}

/// A value and when it was learnt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aged<T> {
    /// When.
    pub at: Stamp,
    /// What.
    pub value: T,
}

/// One gateway: link, feed, account, positions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayPane {
    /// The last heartbeat's outcome.
    pub report: Aged<GatewayReport>,
    /// When a heartbeat was last answered well.
    pub alive: Option<Stamp>,
    /// The feed's link and counters.
    pub feed: Aged<FeedReport>,
    /// When the last tick of this feed came.
    pub last_tick: Option<Stamp>,
    /// Ticks per second over the last whole second.
    pub tick_rate: u32,
    /// The last good read of the positions; its age is that of the request.
    pub positions: Option<Aged<Vec<Position>>>,
    /// Why the newest read of the positions failed, empty when it did not.
    pub positions_fault: Text,
    /// The last good read of the account.
    pub account: Option<Aged<Account>>,
    /// Why the newest read of the account failed, empty when it did not.
    pub account_fault: Text,
}

/// The last quote of one symbol and what is known of its rhythm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// Feed it came by.
    pub feed: u16,
    /// Best price to sell at.
    pub bid: Price,
    /// Best price to buy at.
    pub ask: Price,
    /// Received at.
    pub at: Stamp,
    /// The peer's claim.
    pub time: Option<PeerTime>,
    /// How it was written.
    pub shape: TickShape,
    /// Decimals the symbol is shown with: the most ever seen on it.
    pub digits: u32,
    /// −1, 0, +1: the mid against the one before.
    pub direction: i8,
    /// Ticks seen.
    pub count: u64,
    /// Ticks in the last whole second.
    pub rate: u32,
    /// Mids of the last `HISTORY` ticks, oldest first, in units of
    /// 1e-8 (bid + ask, halved).
    pub history: VecDeque<i64>,
    /// Rolling 99th percentile of the gaps between its ticks, in ms.
    pub gap_p99_ms: u64,
    /// Smallest difference between receipt and the peer's clock, in µs: the
    /// estimated offset of the broker's clock plus the least delay.
    pub best_offset_us: Option<i64>,
    /// Lag of the last tick above that, in µs.
    pub lag_us: Option<u64>,
}
