//! Which word, which mark and which role every state has. Three signs for
//! one meaning, so that none of them has to be seen.

use crate::domain::{GatewayPhase, LatchPhase, Mode, Side};
use crate::event::{Level, LinkState};
use crate::state::{FeedWord, Freshness, GatewayWord, State};
use crate::tui::theme::{Glyphs, Role};

/// A state as it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Badge {
    /// One column.
    pub mark: &'static str,
    /// The word.
    pub word: &'static str,
    /// The look of both.
    pub role: Role,
}

/// What the words of the switch and of a kill mean, for the help.
pub const SWITCH: [(&str, &str); 9] = [
    ("SAFE", "The latch is proven absent: orders may pass here."),
    ("DISARMED", "No latch, but orders wait for `crs arm`."),
    (
        "BLOCKED",
        "It can't be proven that the latch is absent: orders are denied, nothing is latched.",
    ),
    ("BLOCK", "The verb: new orders are denied, positions stay open."),
    ("LATCHED", "The latch file is there: orders are denied on this host."),
    ("ENGAGED", "The latch holds, on disk, until crs reset; EXTERNAL: another made it."),
    ("ACKED", "The gateway claims that it closed everything; nothing is proven by that."),
    ("VERIFIED", "Three reads of positions and account agree that it is flat."),
    ("remembered", "The gateway keeps the kill, too, and refuses orders until crs gateway reset."),
];

/// What the words of the mesh mean, for the help.
pub const MESH: [(&str, &str); 6] = [
    ("good", "As it should be."),
    ("not heard", "Nobody says it, or it said nothing lately: not known, and no failure."),
    ("old, late", "The last answer is older than this peer's rhythm explains."),
    ("LOST, DOWN", "No answer, or no connection: NEXT says what to do."),
    ("TOOK", "How long the answer took."),
    ("SINCE", "When it began to stand as it does, UTC."),
];

/// What the words of the lag mean, for the help.
pub const LAG: [(&str, &str); 4] = [
    ("p50, p90, p99", "So many of a hundred were faster."),
    ("tick lag", "A tick's age above the best ever seen: the clocks of two hosts differ."),
    ("heartbeat", "From the question to the gateway's answer; above 100 ms is too late."),
    ("engine", "From a tick to the engine's decision; above 10 ms is too late."),
];

/// What the marks before a row mean, for the help. They are named as they are
/// drawn without UTF-8, too.
pub const MARKS: [(&str, &str); 3] = [
    ("!", "Positions: none loses more than this one. Processes: a grave alert."),
    ("?", "Nobody can tell: what was heard is too old, or nothing was heard."),
    ("N lines left out", "On a lower border: the pane is too small for them; zoom it."),
];

/// What the marks of the timeline mean, for the help.
pub const TIMELINE: [(&str, &str); 4] = [
    ("KILL, BLOCK", "The signs of the switch: here orders were stopped."),
    ("alarm", "The cross of a failure: an alarm was raised here."),
    ("bookmark", "The triangle that points down: somebody marked this moment."),
    ("|<, at start", "The first record: what was asked for may lie before it."),
];

const fn badge(mark: &'static str, word: &'static str, role: Role) -> Badge {
    Badge { mark, word, role }
}

/// The look of the mode word.
#[must_use]
pub const fn mode(mode: Mode) -> Role {
    match mode {
        Mode::Sim => Role::ModeSim,
        Mode::Paper => Role::ModePaper,
        Mode::DemoAccount => Role::ModeDemo,
        Mode::Live | Mode::LiveUnknown => Role::ModeLive,
        Mode::Drill => Role::ModeDrill,
        Mode::Replay => Role::ModeReplay,
    }
}

/// The latch.
#[must_use]
pub const fn breaker(phase: LatchPhase, g: &Glyphs) -> Badge {
    let (mark, role) = match phase {
        LatchPhase::Safe => (g.safe, Role::SwitchSafe),
        LatchPhase::Disarmed => (g.disarmed, Role::SwitchDisarmed),
        LatchPhase::Blocked => (g.blocked, Role::SwitchBlocked),
        LatchPhase::Latched
        | LatchPhase::Durable
        | LatchPhase::NotDurable
        | LatchPhase::EngagedExternal => (g.fired, Role::SwitchFired),
    };
    badge(mark, phase.word(), role)
}

/// A side as one letter: arrows are for prices.
#[must_use]
pub const fn side(side: Side) -> &'static str {
    match side {
        Side::Buy => "B",
        Side::Sell => "S",
    }
}

/// How long a flash is on, and off, in nanoseconds.
const FLASH: u64 = 500_000_000;

/// Whether the breaker's word is reversed now: a latch that is not on disk
/// flashes, once a second by State's time. The terminal's own blinking is no
/// use: many terminals ignore it, and a replay would not show it.
#[must_use]
pub fn is_flashing(state: &State) -> bool {
    state.breaker_phase() == LatchPhase::NotDurable && state.now.mono_ns / FLASH % 2 == 1
}

/// A feed, in a word of at most seven letters.
#[must_use]
pub const fn feed(word: FeedWord, g: &Glyphs) -> Badge {
    match word {
        FeedWord::Connecting => badge(g.unknown, "connect", Role::HealthUnknown),
        FeedWord::Waiting => badge(g.flat, "no tick", Role::TextDim),
        FeedWord::Live => badge(g.good, "live", Role::HealthGood),
        FeedWord::Quiet => badge(g.flat, "quiet", Role::TextDim),
        FeedWord::Silent => badge(g.stale, "silent", Role::HealthStale),
        FeedWord::Closed => badge(g.flat, "closed", Role::TextDim),
        FeedWord::Dead => badge(g.bad, "DEAD", Role::HealthBad),
    }
}

/// A gateway, by its link, what it proved and when.
#[must_use]
pub const fn gateway(word: GatewayWord, g: &Glyphs) -> Badge {
    match word {
        GatewayWord::NotV1 => badge(g.bad, "NOT v1.0", Role::HealthBad),
        GatewayWord::NoAnswer => badge(g.unknown, "no answer", Role::HealthUnknown),
        GatewayWord::Alive => badge(g.good, "v1.0", Role::HealthGood),
        GatewayWord::Late => badge(g.stale, "late", Role::HealthStale),
        GatewayWord::Down => badge(g.bad, "DOWN", Role::HealthBad),
        GatewayWord::Lost => badge(g.bad, "LOST", Role::HealthBad),
    }
}

/// A socket's link.
#[must_use]
pub const fn link(link: LinkState, g: &Glyphs) -> Badge {
    match link {
        LinkState::Connecting => badge(g.unknown, "connecting", Role::HealthUnknown),
        LinkState::Up => badge(g.good, "up", Role::HealthGood),
        LinkState::Down => badge(g.bad, "DOWN", Role::HealthBad),
    }
}

/// How far a gateway obeyed. What it claims has a mark and a look of its own,
/// never those of what was proven.
#[must_use]
pub const fn kill(phase: GatewayPhase, g: &Glyphs) -> Badge {
    let word = phase.word();
    match phase {
        GatewayPhase::Idle => badge(g.flat, word, Role::TextDim),
        GatewayPhase::Sending { .. } => badge(g.arrow, word, Role::KillTrying),
        GatewayPhase::Unconfirmed => badge(g.unknown, word, Role::KillTrying),
        GatewayPhase::Acked => badge(g.claim, "ACKED, not proven", Role::KillClaimed),
        GatewayPhase::Partial | GatewayPhase::NotV1 => badge(g.bad, word, Role::KillPartial),
        GatewayPhase::Verified => badge(g.check, "VERIFIED flat", Role::KillVerified),
        GatewayPhase::StoodDown => badge(g.disarmed, word, Role::HealthStale),
    }
}

/// A log line's loudness.
#[must_use]
pub const fn level(level: Level, g: &Glyphs) -> (&'static str, Role) {
    match level {
        Level::Info => (g.flat, Role::LogInfo),
        Level::Warn => (g.stale, Role::LogWarn),
        Level::Alarm => (g.bad, Role::LogAlarm),
    }
}

/// The look of a value by its freshness.
#[must_use]
pub const fn value(freshness: Freshness) -> Role {
    match freshness {
        Freshness::Fresh => Role::TextNormal,
        Freshness::Stale => Role::TextDim,
        Freshness::Unknown => Role::HealthUnknown,
    }
}
