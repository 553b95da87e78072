//! What the screen shows: a pure fold over [`Stamped`] records.
//!
//! What belongs here: remembering. What does not: clocks (now is the stamp of
//! the last record), files, sockets, hash maps, floats. The switch appears as
//! it was *observed*, never as somebody wished it. Two processes that apply
//! the same records hold equal states, and `State::digest` proves it.
//!
//! A file per pane: [`quotes`], [`candles`], [`gateways`], [`switch`] (latch, guard, kill,
//! agent), [`decisions`], [`traders`], [`obey`], [`log`], [`lag`], [`alarms`]; [`health`] turns ages into words, [`digest`]
//! turns everything into one line.

pub mod alarms;
pub mod candles;
pub mod checks;
pub mod decisions;
pub mod digest;
pub mod gateways;
pub mod health;
mod heard;
pub mod lag;
pub mod log;
pub mod market;
mod memory;
pub mod mesh;
pub mod mission;
pub mod obey;
pub mod offset;
pub mod orders;
pub mod quotes;
pub mod switch;
pub mod traders;

pub use alarms::{Alarm, Alarms};
pub use candles::{Candle, Period};
pub use checks::Checks;
pub use decisions::Run;
pub use gateways::GatewayPane;
pub use health::{FeedWord, Freshness, GatewayWord};
pub use lag::{Lag, Rolling, Series};
pub use market::Market;
pub use mission::Mission;
pub use obey::Obey;
pub use orders::{Orders, Owner};
pub use quotes::{Quote, Quotes};
pub use traders::{Pulse, Trader};

use crate::domain::{EngageId, Intent, KillProgress, LatchSeen, Mode, Money, Stamp, Text};
use crate::event::{
    AgentReport, ArmedReport, CommandReport, DrillReport, Event, GuardReport, Level, LogLine,
    RecordingReport, SessionInfo, Stamped,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;
use switch::Engagement;
use thiserror::Error;

/// Everything the screen may show.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Number of the last record applied.
    pub seq: u64,
    /// Stamp of the first record: where this session's time begins.
    pub began: Stamp,
    /// Stamp of the last record applied: the only "now" there is.
    pub now: Stamp,
    /// What this session is about.
    pub session: SessionInfo,
    /// Gateways by their index in the session.
    pub gateways: Vec<GatewayPane>,
    /// Quotes by symbol and feed.
    pub quotes: Quotes,
    /// Ticks of symbols beyond [`quotes::MAX_SYMBOLS`], which are not kept.
    pub quotes_refused: u64,
    /// The latch as this process sees it, and when it was seen.
    pub latch: Aged<LatchSeen>,
    /// The guard that is open, if one is, else how the last one ended.
    pub guard: Option<GuardReport>,
    /// The running or last kill, by gateway's name: decisions of several
    /// processes may list other gateways, or the same in another order.
    pub kills: BTreeMap<Text, Aged<KillProgress>>,
    /// The newest decision behind `kills`, and about when its key was pressed.
    pub engagement: Option<Engagement>,
    /// Decisions that a reset was seen to end, bounded.
    #[serde(default)]
    pub stopped: VecDeque<EngageId>,
    /// The decisions to stop, by about when each was taken, newest last, bounded.
    #[serde(default)]
    pub stops: VecDeque<Aged<Intent>>,
    /// Balances as read last before the decision that each gateway obeys.
    #[serde(default)]
    pub balances: BTreeMap<u16, Money>,
    /// When the latch was seen reset after them: they are history then.
    pub kills_over: Option<Stamp>,
    /// The latch was seen to hold, and no look has proven since that it is gone.
    #[serde(default)]
    pub held: bool,
    /// The agent.
    pub agent: Aged<AgentReport>,
    /// The operator's commands, newest last, bounded.
    pub commands: VecDeque<Aged<CommandReport>>,
    /// Decisions and runs of them, newest last, bounded.
    pub decisions: VecDeque<Aged<Run>>,
    /// What a second copy of a decision is told by, newest last, bounded.
    #[serde(default)]
    pub decision_keys: VecDeque<u64>,
    /// Log lines, newest last, bounded.
    pub log: VecDeque<Aged<LogLine>>,
    /// How late everything is.
    pub lag: Lag,
    /// Rehearsals on record, once they were looked up.
    #[serde(default)]
    pub drill: Option<DrillReport>,
    /// Whether real money is armed on this host, once it was looked up.
    #[serde(default)]
    pub armed: Option<ArmedReport>,
    /// Who obeys the latch, by their own words.
    #[serde(default)]
    pub obey: Obey,
    /// What was ordered, for comparison with what is open.
    #[serde(default)]
    pub orders: Orders,
    /// What needs an operator.
    #[serde(default)]
    pub alarms: Alarms,
    /// How the recording fares, once something was heard of it.
    #[serde(default)]
    pub recording: Option<Aged<RecordingReport>>,
    /// Automatic traders by their own words, bounded.
    #[serde(default)]
    pub traders: Vec<Trader>,
    /// When each check of the mesh last changed.
    #[serde(default)]
    pub mesh: Vec<mesh::Seen>,
    /// Checks of the mesh, where they run.
    #[serde(default)]
    pub checks: Checks,
    /// Mission control, where it is followed.
    #[serde(default)]
    pub mission: Mission,
}

/// A value and when it was learnt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aged<T> {
    /// When.
    pub at: Stamp,
    /// What.
    pub value: T,
}

/// A record that does not follow the last one: the state was left untouched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("record {got} can't follow record {last}: the next one must be {next}; \
         reload the recording from its first record", next = last.saturating_add(1))]
pub struct OutOfSequence {
    /// The last record applied.
    pub last: u64,
    /// The one that was offered.
    pub got: u64,
}

impl State {
    /// Takes the next record in.
    ///
    /// # Errors
    /// [`OutOfSequence`] when its number is not the next one. Nothing has
    /// changed then: a state with a hole would show what never was.
    pub fn apply(&mut self, record: &Stamped) -> Result<(), OutOfSequence> {
        if self.seq.checked_add(1) != Some(record.seq) {
            return Err(OutOfSequence { last: self.seq, got: record.seq });
        }
        if self.seq == 0 {
            self.began = record.at;
        }
        self.seq = record.seq;
        self.now = record.at.not_before(self.now);
        self.roll_rates();
        match &record.event {
            Event::Beat => {
                self.watch_obedience();
                self.watch_alarms();
                self.watch_mesh();
            }
            Event::Session(info) => self.on_session(info),
            Event::Ticks(batch) => self.on_ticks(batch),
            Event::Feed(report) => self.on_feed(report),
            Event::Gateway(report) => self.on_heartbeat(report),
            Event::Positions(read) => {
                self.on_positions(read);
                self.settle_orders();
            }
            Event::Account(read) => {
                self.on_account(read);
                self.settle_orders();
            }
            Event::Decision(decision) => self.on_decision(decision),
            Event::Latch(seen) => self.on_latch(seen),
            Event::Guard(report) => self.on_guard(report),
            Event::Kill(progress) => self.on_kill(progress),
            Event::Agent(report) => self.on_agent(report),
            Event::Command(report) => self.on_command(report),
            Event::Drill(report) => self.drill = Some(*report),
            Event::Evidence(report) => self.on_evidence(report),
            Event::GatewayStatus(report) => self.on_gateway_status(report),
            Event::Events(report) => self.on_events(report),
            Event::Order(news) => self.on_order(news),
            Event::OrderSource(report) => self.on_order_source(report),
            Event::Log(line) => self.on_log(line),
            Event::Alarm(act) => self.on_alarm_act(act),
            Event::Recording(report) => self.on_recording(report),
            Event::Bookmark(mark) => {
                let text = if mark.text.is_empty() { "marked" } else { mark.text.as_str() };
                self.say(Level::Info, "bookmark", text);
            }
            Event::Trader(report) => self.on_trader(report),
            Event::Check(report) => self.on_check(report),
            Event::Armed(report) => self.armed = Some(*report),
            Event::Mission(news) => self.on_mission(news),
            Event::Raw(_) => {}
        }
        Ok(())
    }

    /// Which world this is: what the program imposes, else the most dangerous
    /// of the gateways' accounts. No proof counts as `LIVE?`.
    #[must_use]
    pub fn mode(&self) -> Mode {
        if let Some(mode) = self.session.forced_mode {
            return mode;
        }
        let modes = || self.gateways.iter().map(|pane| pane.mode(self.now));
        [Mode::Live, Mode::LiveUnknown, Mode::DemoAccount]
            .into_iter()
            .find(|mode| modes().any(|m| m == *mode))
            .or_else(|| modes().next())
            .unwrap_or_default()
    }

    /// As [`State::mode`], for one gateway.
    #[must_use]
    pub fn target_mode(&self, gateway: u16) -> Mode {
        let claimed = || self.gateway(gateway).map(|pane| pane.mode(self.now));
        self.session.forced_mode.or_else(claimed).unwrap_or_default()
    }

    /// Time from `at` to the last record.
    #[must_use]
    pub const fn age(&self, at: Stamp) -> Duration {
        self.now.since(at)
    }

    /// A value learnt now.
    const fn aged<T>(&self, value: T) -> Aged<T> {
        Aged { at: self.now, value }
    }

    /// Whether it goes on, and with what loss, is told once at each change.
    fn on_recording(&mut self, report: &RecordingReport) {
        let before = self.recording.replace(self.aged(report.clone()));
        let (on, lost) = before.map_or((None, 0), |was| (Some(was.value.on), was.value.lost));
        if on != Some(report.on) {
            let (level, text) = if !report.on {
                let level = if report.elsewhere { Level::Info } else { Level::Warn };
                (level, format!("not recording: {}", report.fault))
            } else if report.lost > 0 {
                (Level::Info, format!("goes on, {} records were not kept", report.lost))
            } else {
                (Level::Info, format!("into {}", report.dir))
            };
            self.say(level, "recording", &text);
        } else if report.lost > lost {
            let text = format!("{} records were not kept", report.lost - lost);
            self.say(Level::Warn, "recording", &text);
        }
    }

    fn on_session(&mut self, info: &SessionInfo) {
        self.session = info.clone();
        if self.gateways.len() < info.gateways.len() {
            self.gateways.resize_with(info.gateways.len(), GatewayPane::default);
        }
        self.say_session();
    }
}
