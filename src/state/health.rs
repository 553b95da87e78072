//! Ages turned into words: fresh, stale or unknown; feed dead or only quiet.
//!
//! The thresholds follow each peer's own rhythm. A real EURUSD feed pauses
//! for more than a minute at night, and a warning that an operator learns to
//! ignore is worse than none: silence over a link that stands is never more
//! than a word, amber only after minutes of it within the market's own hours.
//! A link that is down is shown at once, whatever the hour.

use super::{Market, Quote, State};
use crate::domain::{LatchPhase, Stamp, Symbol};
use crate::event::{Fingerprint, LinkState};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// No heartbeat is stale before this age.
const STALE_FLOOR: Duration = Duration::from_secs(3);
/// No quote over a standing link is unknown before this age.
const QUOTE_UNKNOWN_FLOOR: Duration = Duration::from_mins(2);
/// A quote over a link that is down is unknown from this age on.
const QUOTE_UNKNOWN_CUT: Duration = Duration::from_secs(30);
/// The rhythm of a heartbeat never excuses more than this.
const HEARTBEAT_STALE_CEILING: Duration = Duration::from_secs(10);
/// A heartbeat this old proves nothing.
const HEARTBEAT_UNKNOWN: Duration = Duration::from_secs(30);
/// A read of positions or account is stale from this age on.
const READ_STALE: Duration = Duration::from_secs(5);
/// A read of positions or account this old proves nothing.
const READ_UNKNOWN: Duration = Duration::from_secs(15);
/// Evidence comes every second and at every change; from this age on it is
/// stale.
const EVIDENCE_STALE: Duration = Duration::from_secs(3);
/// Evidence this old proves nothing.
const EVIDENCE_UNKNOWN: Duration = Duration::from_secs(10);
/// A trader speaks of itself every second or two; from this age on its word is
/// stale.
const TRADER_STALE: Duration = Duration::from_secs(5);
/// A trader that is silent for so long is lost.
const TRADER_UNKNOWN: Duration = Duration::from_secs(30);
/// The watcher speaks every second; past this its silence is doubt.
const LATCH_UNKNOWN: Duration = Duration::from_secs(3);

/// Whether a number may be believed now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Freshness {
    /// Shown as it is.
    Fresh,
    /// Shown dim: older than this peer's rhythm explains.
    Stale,
    /// Shown as `?`.
    Unknown,
}

/// How a gateway stands, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GatewayWord {
    /// It answers as v1.0.
    Alive,
    /// Its last answer is older than its habit explains.
    Late,
    /// It never answered yet.
    NoAnswer,
    /// Its link is down: said at once, and until it is lost.
    Down,
    /// No answer for 30 s, whatever its link says.
    Lost,
    /// Something else listens there.
    NotV1,
}

/// What a feed's silence means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeedWord {
    /// Never connected yet.
    Connecting,
    /// Connected, no tick yet.
    Waiting,
    /// Ticks come as they use to.
    Live,
    /// A longer pause than usual; the link stands.
    Quiet,
    /// Nothing for minutes although the market should trade; the link stands.
    Silent,
    /// Nothing, and the market is closed by its calendar; the link stands.
    Closed,
    /// The link is down: what happens at the market is not known here.
    Dead,
}

impl FeedWord {
    /// The word on the screen.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Waiting => "no tick yet",
            Self::Live => "live",
            Self::Quiet => "quiet",
            Self::Silent => "silent (feed dead?)",
            Self::Closed => "market closed by the calendar",
            Self::Dead => "FEED DEAD",
        }
    }
}

fn graded(age: Duration, stale: Duration, unknown: Duration) -> Freshness {
    if age >= unknown {
        Freshness::Unknown
    } else if age >= stale {
        Freshness::Stale
    } else {
        Freshness::Fresh
    }
}

/// Whether evidence of this age may be believed.
pub(super) fn of_evidence(age: Duration) -> Freshness {
    graded(age, EVIDENCE_STALE, EVIDENCE_UNKNOWN)
}

/// Whether a trader's word of this age may be believed.
pub(super) fn of_trader(age: Duration) -> Freshness {
    graded(age, TRADER_STALE, TRADER_UNKNOWN)
}

impl Quote {
    /// Age from which this symbol is stale: the set one (`floor`, 3 s unless
    /// told otherwise), or twice the 99th percentile of the gaps between its
    /// own ticks.
    fn stale_after(&self, floor: Duration) -> Duration {
        floor.max(Duration::from_millis(self.gap_p99_ms.saturating_mul(2)))
    }

    /// Age from which this symbol is unknown over a link that stands.
    fn unknown_after(&self, floor: Duration) -> Duration {
        QUOTE_UNKNOWN_FLOOR.max(self.stale_after(floor).saturating_mul(4))
    }
}

impl State {
    /// No quote is stale before this age.
    fn quote_floor(&self) -> Duration {
        Duration::from_secs(self.session.alarms.quote_stale_s.into())
    }

    /// Whether the last tick of `quote` is young enough to say something
    /// about now.
    pub(super) fn still_says(&self, quote: &Quote) -> bool {
        self.age(quote.at) < quote.unknown_after(self.quote_floor())
    }

    /// Whether this quote may be believed now. While the market is closed by
    /// its calendar the last price is only old, for as long as the link stands.
    #[must_use]
    pub fn quote_freshness(&self, symbol: &Symbol, quote: &Quote) -> Freshness {
        self.freshness_in(quote, self.market(symbol, Some(quote)))
    }

    /// The same, where its market is looked up already.
    #[must_use]
    pub fn freshness_in(&self, quote: &Quote, market: Market) -> Freshness {
        let age = self.age(quote.at);
        let stale = quote.stale_after(self.quote_floor());
        let up = self.gateway(quote.feed).is_none_or(|g| g.feed_link() == LinkState::Up);
        if !up {
            return graded(age, Duration::ZERO, QUOTE_UNKNOWN_CUT);
        }
        let found = graded(age, stale, quote.unknown_after(self.quote_floor()));
        match market {
            Market::Closed => found.min(Freshness::Stale),
            Market::Open | Market::OffCalendar => found,
        }
    }

    /// What the silence, or the noise, of feed `index` means.
    #[must_use]
    pub fn feed_word(&self, index: u16) -> FeedWord {
        let Some(pane) = self.gateway(index) else { return FeedWord::Connecting };
        match pane.feed_link() {
            LinkState::Connecting => return FeedWord::Connecting,
            LinkState::Down => return FeedWord::Dead,
            LinkState::Up => {}
        }
        let (market, hours) = self.feed_market(index);
        if market == Market::Closed {
            return FeedWord::Closed;
        }
        let Some(last) = pane.last_tick else { return FeedWord::Waiting };
        // The liveliest symbol sets the feed's rhythm.
        let rhythm = self
            .markets()
            .filter(|(_, q, market)| q.feed == index && *market > Market::Closed)
            .map(|(_, q, _)| q.stale_after(self.quote_floor()))
            .min()
            .unwrap_or_else(|| self.quote_floor());
        // What nobody could send before the week began is not missed.
        let floor = Duration::from_secs(self.session.alarms.feed_silent_s.into());
        let silent = floor.max(rhythm.saturating_mul(2));
        let missed = || {
            let opened = self.session_phase(hours).since.filter(|_| market == Market::Open);
            opened.is_none_or(|at| self.utc_age(at) >= silent)
        };
        match graded(self.age(last), rhythm, silent) {
            Freshness::Fresh => FeedWord::Live,
            Freshness::Unknown if missed() => FeedWord::Silent,
            Freshness::Stale | Freshness::Unknown => FeedWord::Quiet,
        }
    }

    /// Whether gateway `index` is known to be alive; none when it never was.
    /// Over a link that is down the last answer proves nothing of now.
    #[must_use]
    pub fn gateway_freshness(&self, index: u16) -> Option<Freshness> {
        let pane = self.gateway(index)?;
        let alive = pane.alive?;
        // An idle gateway may take seconds to answer: its own round trips
        // say how long a silence is still its habit.
        let habit = Duration::from_micros(pane.rtt.p99().unwrap_or(0).saturating_mul(2));
        let stale = match pane.report.value.link {
            LinkState::Down => Duration::ZERO,
            LinkState::Up | LinkState::Connecting => {
                habit.clamp(STALE_FLOOR, HEARTBEAT_STALE_CEILING)
            }
        };
        Some(graded(self.age(alive), stale, HEARTBEAT_UNKNOWN))
    }

    /// How gateway `index` stands: its link, its identity and the age of its
    /// last answer in one word.
    #[must_use]
    pub fn gateway_word(&self, index: u16) -> GatewayWord {
        let Some(pane) = self.gateway(index) else { return GatewayWord::NoAnswer };
        let report = &pane.report.value;
        match (report.fingerprint, self.gateway_freshness(index)) {
            (Fingerprint::NotV1, _) => GatewayWord::NotV1,
            (_, Some(Freshness::Unknown)) => GatewayWord::Lost,
            _ if report.link == LinkState::Down => GatewayWord::Down,
            (_, None) => GatewayWord::NoAnswer,
            (_, Some(Freshness::Fresh)) => GatewayWord::Alive,
            (_, Some(Freshness::Stale)) => GatewayWord::Late,
        }
    }

    /// Whether the positions of gateway `index` may be believed now. A failed
    /// read makes them unknown at once: blind must never look flat.
    #[must_use]
    pub fn positions_freshness(&self, index: u16) -> Freshness {
        self.gateway(index).map_or(Freshness::Unknown, |pane| {
            let at = pane.positions.as_ref().map(|read| read.at);
            self.read_freshness(at, pane.positions_fault.is_empty())
        })
    }

    /// Whether the account of gateway `index` may be believed now.
    #[must_use]
    pub fn account_freshness(&self, index: u16) -> Freshness {
        self.gateway(index).map_or(Freshness::Unknown, |pane| {
            let at = pane.account.as_ref().map(|read| read.at);
            self.read_freshness(at, pane.account_fault.is_empty())
        })
    }

    fn read_freshness(&self, at: Option<Stamp>, good: bool) -> Freshness {
        match at {
            Some(at) if good => graded(self.age(at), READ_STALE, READ_UNKNOWN),
            _ => Freshness::Unknown,
        }
    }

    /// Whether the latch was looked at lately. A latch that holds goes on
    /// holding, seen or not; "safe" needs a proof of now.
    #[must_use]
    pub fn latch_freshness(&self) -> Freshness {
        let engaged = self.latch.value.phase.is_engaged();
        if engaged || self.age(self.latch.at) < LATCH_UNKNOWN {
            Freshness::Fresh
        } else {
            Freshness::Unknown
        }
    }

    /// The breaker's word: what was seen last, or BLOCKED when a claim of
    /// safety is too old to be one.
    #[must_use]
    pub fn breaker_phase(&self) -> LatchPhase {
        match self.latch_freshness() {
            Freshness::Fresh => self.latch.value.phase,
            Freshness::Stale | Freshness::Unknown => LatchPhase::Blocked,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Event, GatewayReport, Stamped};

    fn put(state: &mut State, at: Stamp, event: Event) {
        state.apply(&Stamped { seq: state.seq + 1, at, event }).unwrap();
    }

    fn beat(gateway: u16, rtt_us: u64) -> Event {
        Event::Gateway(Box::new(GatewayReport {
            gateway,
            link: LinkState::Up,
            fingerprint: Fingerprint::V1,
            rtt_us: Some(rtt_us),
            ..GatewayReport::default()
        }))
    }

    #[test]
    fn a_slow_gateway_does_not_excuse_the_silence_of_another() {
        let (mut state, mut at) = (State::default(), Stamp::default());
        for _ in 0..5 {
            at = at.plus(Duration::from_secs(1));
            put(&mut state, at, beat(0, 20_000));
            put(&mut state, at, beat(1, 5_000_000));
        }
        at = at.plus(Duration::from_secs(4));
        put(&mut state, at, Event::Beat);
        assert_eq!(state.gateway_word(0), GatewayWord::Late);
        assert_eq!(state.gateway_word(1), GatewayWord::Alive, "5 s are its habit");
        assert_eq!(state.lag.heartbeat.count, 10, "the Lag pane has them all");
    }
}
