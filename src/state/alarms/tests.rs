//! Alarms from events.

use super::*;
use crate::domain::{
    Account, AlarmAct, AlarmRules, GatewayAddr, LatchPhase, LatchSeen, Money, Ratio, UtcMicros,
};
use crate::event::{
    AccountRead, Event, Fingerprint, GatewayReport, LinkState, Read, SessionInfo, Stamped,
};
use crate::state::{Freshness, GatewayWord};

struct Story {
    state: State,
    at: Stamp,
}

impl Story {
    fn new() -> Self {
        let at = Stamp { mono_ns: 9_000_000_000, utc: UtcMicros(1_768_399_200_000_000) };
        let mut story = Self { state: State::default(), at };
        let named = |name: &str| GatewayAddr {
            name: Text::new(name),
            cmd: "tcp://127.0.0.1:5555".parse().unwrap(),
            data: "tcp://127.0.0.1:5556".parse().unwrap(),
        };
        let gateways = vec![named("main")];
        story.put(Event::Session(Box::new(SessionInfo { gateways, ..SessionInfo::default() })));
        story
    }

    fn put(&mut self, event: Event) -> &mut Self {
        let seq = self.state.seq + 1;
        self.state.apply(&Stamped { seq, at: self.at, event }).unwrap();
        self
    }

    fn link(&mut self, link: LinkState) -> &mut Self {
        self.put(Event::Gateway(Box::new(GatewayReport { link, ..GatewayReport::default() })))
    }

    /// A read of now; `level` in percent, over `used` margin.
    fn account(&mut self, level: &str, used: &str) -> &mut Self {
        let account = Account {
            balance: Money::parse("1000").unwrap(),
            equity: Money::parse("1000").unwrap(),
            free_margin: None,
            used_margin: Some(Money::parse(used).unwrap()),
            margin_level: Some(Ratio::parse(level).unwrap()),
            currency: Text::new("USD"),
            trade_mode: None,
            server_name: None,
            leverage: None,
        };
        self.read(Read::Good(account))
    }

    fn read(&mut self, read: Read<Account>) -> &mut Self {
        let (asked, gateway, rtt_us) = (self.at, 0, 1_000);
        self.put(Event::Account(Box::new(AccountRead { gateway, asked, rtt_us, read })))
    }

    fn rules(&mut self, alarms: AlarmRules) -> &mut Self {
        let info = SessionInfo { alarms, ..self.state.session.clone() };
        self.put(Event::Session(Box::new(info)))
    }

    /// The severity of the margin's alarm, if it stands.
    fn margin(&self) -> Option<Severity> {
        let mut list = self.state.alarms.list.iter();
        list.find(|a| a.key.as_str() == "margin main" && a.standing).map(|a| a.severity)
    }

    fn cry(&mut self, text: &str) -> &mut Self {
        let (source, text) = (Text::new("agent"), Text::new(text));
        self.put(Event::Log(LogLine { level: Level::Alarm, source, text, when: None }))
    }

    fn pass(&mut self, seconds: u64) -> &mut Self {
        for _ in 0..seconds {
            self.at = self.at.plus(Duration::from_secs(1));
            self.put(Event::Beat);
        }
        self
    }

    fn only(&self) -> &Alarm {
        assert_eq!(self.state.alarms.list.len(), 1, "{:?}", self.state.alarms.list);
        &self.state.alarms.list[0]
    }
}

#[test]
fn a_cause_is_raised_stands_ends_and_leaves_once_it_was_acknowledged() {
    let mut story = Story::new();
    story.pass(1);
    assert!(story.state.alarms.list.is_empty(), "a console that starts has nothing to cry about");
    story.link(LinkState::Down).pass(1);
    assert!(story.state.alarms.list.is_empty(), "not yet: a link may flicker");
    story.pass(3);
    let alarm = story.only();
    assert_eq!((alarm.number, alarm.severity, alarm.standing), (1, Severity::Critical, true));
    assert!(alarm.text.as_str().contains("main does not answer"), "{}", alarm.text);
    assert!(!alarm.advice.is_empty() && alarm.is_open());
    assert_eq!(story.state.alarms.open(), (Some(Severity::Critical), 1));
    story.pass(60);
    assert_eq!((story.only().number, story.only().count), (1, 1), "told once while it stands");
    story.link(LinkState::Up).pass(8);
    assert!(!story.only().standing && story.only().is_open(), "over, and nobody has seen it");
    story.put(Event::Alarm(AlarmAct::Acknowledge(None)));
    assert_eq!(story.state.alarms.open(), (None, 0));
    story.pass(3_599);
    assert_eq!(story.state.alarms.list.len(), 1);
    story.pass(2);
    assert!(story.state.alarms.list.is_empty());
}

#[test]
fn what_chatters_is_counted_and_what_comes_back_later_is_news() {
    let mut story = Story::new();
    for _ in 0..5 {
        story.link(LinkState::Down).pass(5).link(LinkState::Up).pass(10);
    }
    assert_eq!((story.only().number, story.only().count), (1, 5));
    let key = story.only().key.clone();
    story.put(Event::Alarm(AlarmAct::Acknowledge(Some(key)))).pass(120);
    story.link(LinkState::Down).pass(5);
    assert_eq!((story.only().number, story.only().count), (2, 6));
    assert!(story.only().is_open(), "acknowledged once is not acknowledged for ever");
}

#[test]
fn a_cry_is_kept_and_the_same_words_are_one() {
    let mut story = Story::new();
    story.cry("disk full").pass(1).cry("disk full");
    assert_eq!((story.only().count, story.only().standing), (2, false));
    story.cry("latch tampered: told by the watch already");
    assert_eq!(story.only().count, 2);
    story.cry("another");
    assert_eq!(story.state.alarms.since(1).count(), 1);
}

#[test]
fn silence_is_bounded_and_takes_no_row_away() {
    let mut story = Story::new();
    story.cry("a");
    story.put(Event::Alarm(AlarmAct::Silence(None, u64::MAX)));
    let (now, alarm) = (story.at, story.only());
    assert!(alarm.is_silent(now) && !alarm.calls(now) && alarm.is_open());
    assert!(!alarm.is_silent(now.plus(Duration::from_hours(8))));
    story.put(Event::Alarm(AlarmAct::Silence(None, 0)));
    assert!(!story.only().is_silent(now));
}

#[test]
fn more_than_ten_in_ten_minutes_are_a_flood_that_calls_once() {
    let mut story = Story::new();
    for n in 0..30 {
        let alarms = &mut story.state.alarms;
        let cause = Cause {
            grade: 0,
            key: Text::new(&format!("k{n}")),
            severity: Severity::Warning,
            text: Text::new("w"),
            advice: Text::new("a"),
            after: Duration::ZERO,
        };
        alarms.raise(story.at, &cause, true);
    }
    let alarms = &story.state.alarms;
    assert_eq!(alarms.list.iter().filter(|a| a.calls(story.at)).count(), FLOOD + 1);
    assert!(alarms.flood.is_some());
    let ((few, left_out), (all, none)) = (alarms.rows(false), alarms.rows(true));
    assert_eq!((few.len(), left_out, all.len(), none), (11, 19, 30, 0));
    // What is critical is never one of many.
    story.cry("disk full");
    assert!(story.state.alarms.list.last().unwrap().calls(story.at));
    story.pass(601);
    assert_eq!(story.state.alarms.flood, None);
}

#[test]
fn the_list_is_bounded_and_keeps_what_is_open_and_grave() {
    let mut story = Story::new();
    for n in 0..1_000 {
        story.cry(&format!("alarm {n}"));
    }
    let alarms = &story.state.alarms;
    assert_eq!((alarms.list.len(), alarms.raised), (MAX_ALARMS, 1_000));
    assert!(alarms.list.last().unwrap().text.as_str().ends_with("999"));
}

#[test]
fn the_gravest_and_newest_are_on_top() {
    let mut story = Story::new();
    story.cry("old").pass(1).cry("new");
    let latch = LatchSeen {
        phase: LatchPhase::EngagedExternal,
        reason: Text::new("touch"),
        ..LatchSeen::default()
    };
    story.put(Event::Latch(Box::new(latch))).pass(1);
    let texts: Vec<_> =
        story.state.alarms.rows(false).0.iter().map(|a| a.text.to_string()).collect();
    assert!(texts[0].contains("engaged from outside: touch"), "{texts:?}");
    assert_eq!(texts[1..], ["new", "old"]);
    let key = story.state.alarms.rows(false).0[0].key.clone();
    story.put(Event::Alarm(AlarmAct::Acknowledge(Some(key))));
    assert!(story.state.alarms.rows(false).0[2].text.as_str().contains("touch"));
}

#[test]
fn a_margin_level_below_a_limit_is_an_alarm_and_without_used_margin_there_is_none() {
    let mut story = Story::new();
    story.account("149.99", "0").pass(8);
    assert_eq!(story.margin(), None, "nothing is used, so there is no level");
    for (level, expected) in [
        ("150.00", None),
        ("149.99", Some(Severity::Warning)),
        ("99.99", Some(Severity::Critical)),
        ("100.00", Some(Severity::Warning)),
    ] {
        for _ in 0..8 {
            story.account(level, "10").pass(1);
        }
        assert_eq!(story.margin(), expected, "{level}");
    }
    let rules =
        AlarmRules { margin_level_warn: 0, margin_level_alarm: 50, ..AlarmRules::default() };
    story.rules(rules);
    for (level, expected) in [("60", None), ("49", Some(Severity::Critical))] {
        for _ in 0..12 {
            story.account(level, "10").pass(1);
        }
        assert_eq!(story.margin(), expected, "{level} by other limits");
    }
}

#[test]
fn a_margin_that_can_not_be_read_any_more_is_no_recovery_and_raises_nothing() {
    let mut story = Story::new();
    story.account("90", "10").pass(2);
    assert_eq!(story.margin(), Some(Severity::Critical));
    story.read(Read::Fault(Text::new("no answer"))).pass(60);
    assert_eq!(story.margin(), Some(Severity::Critical), "not knowing is no end");
    for _ in 0..8 {
        story.account("400", "10").pass(1);
    }
    assert_eq!(story.margin(), None);
    let mut old = Story::new();
    old.account("500", "10").pass(10).rules(AlarmRules {
        margin_level_alarm: 600,
        margin_level_warn: 600,
        ..AlarmRules::default()
    });
    old.pass(10);
    assert_eq!(old.margin(), None, "a read that is not fresh raises nothing");
}

#[test]
fn what_stands_what_is_over_and_what_only_happened_are_counted_apart() {
    let mut story = Story::new();
    story.cry("disk full").link(LinkState::Down).pass(4);
    let tally = story.state.alarms.tally(story.at);
    assert_eq!((tally.standing, tally.over, tally.events), (1, 0, 1));
    story.put(Event::Alarm(AlarmAct::Acknowledge(None)));
    story.put(Event::Alarm(AlarmAct::Silence(None, 300_000)));
    let tally = story.state.alarms.tally(story.at);
    assert_eq!((tally.standing, tally.acknowledged, tally.silenced), (1, 1, 1));
    assert_eq!(tally.until, Some(story.at.plus(Duration::from_mins(5))));
    assert_eq!(story.state.alarms.open(), (None, 0));
    story.link(LinkState::Up).pass(8);
    let tally = story.state.alarms.tally(story.at);
    assert_eq!((tally.standing, tally.over, tally.events, tally.until), (0, 1, 1, None));
}

/// The last answer is young, but nothing may look well over a link that is
/// gone; LOST keeps its place at 30 s.
#[test]
fn a_gateway_whose_link_is_down_is_down_at_once_and_lost_after_30_s() {
    let mut story = Story::new();
    let report = GatewayReport {
        link: LinkState::Up,
        fingerprint: Fingerprint::V1,
        rtt_us: Some(500),
        ..GatewayReport::default()
    };
    story.put(Event::Gateway(Box::new(report)));
    assert_eq!(story.state.gateway_word(0), GatewayWord::Alive);
    story.link(LinkState::Down);
    assert_eq!(story.state.gateway_word(0), GatewayWord::Down);
    assert_eq!(story.state.gateway_freshness(0), Some(Freshness::Stale));
    let beat = |story: &Story| {
        let mut rows = story.state.mesh_rows().into_iter();
        rows.find(|row| row.check.as_str() == "heartbeat").unwrap()
    };
    assert_eq!(beat(&story).word.as_str(), "DOWN");
    assert_eq!(beat(&story).standing, crate::state::mesh::Standing::Bad);
    story.pass(29);
    assert_eq!(story.state.gateway_word(0), GatewayWord::Down);
    story.pass(1);
    assert_eq!(
        (story.state.gateway_word(0), beat(&story).word.as_str()),
        (GatewayWord::Lost, "LOST")
    );
}

#[test]
fn a_feed_is_silent_after_the_time_that_was_set() {
    use crate::domain::{Heard, Price, Symbol, Tick, TickBatch, TickShape};
    use crate::event::FeedReport;
    use crate::state::FeedWord;
    let mut story = Story::new();
    story.rules(AlarmRules { feed_silent_s: 20, quote_stale_s: 7, ..AlarmRules::default() });
    let feed = FeedReport { link: LinkState::Up, ..FeedReport::default() };
    story.put(Event::Feed(Box::new(feed)));
    let symbol = Symbol::new("EURUSD").unwrap();
    let price = |text| Price::parse(text).unwrap();
    let (bid, ask, shape) = (price("1.1"), price("1.2"), TickShape::T2);
    let tick = Tick { symbol, bid, ask, time: None, seq: None, shape };
    let ticks = vec![Heard { tick, after_us: 0 }];
    story.put(Event::Ticks(TickBatch { feed: 0, base: story.at, ticks, ..TickBatch::default() }));
    let quote = |story: &Story| {
        let state = &story.state;
        state.quote_freshness(&symbol, state.quotes.of(0, &symbol).unwrap())
    };
    story.pass(6);
    assert_eq!((story.state.feed_word(0), quote(&story)), (FeedWord::Live, Freshness::Fresh));
    story.pass(1);
    assert_eq!((story.state.feed_word(0), quote(&story)), (FeedWord::Quiet, Freshness::Stale));
    story.pass(13);
    assert_eq!(story.state.feed_word(0), FeedWord::Silent);
    story.pass(2);
    assert_eq!(story.only().key.as_str(), "feed main");
}

#[test]
fn what_grows_graver_calls_anew_whoever_acknowledged_the_lesser() {
    let mut story = Story::new();
    story.account("149", "100").pass(1);
    for _ in 0..8 {
        story.account("149", "100").pass(1);
    }
    assert_eq!(story.margin(), Some(Severity::Warning));
    let raised = story.state.alarms.raised;
    story.put(Event::Alarm(AlarmAct::Acknowledge(None)));
    story.put(Event::Alarm(AlarmAct::Silence(None, 3_600_000)));
    for _ in 0..8 {
        story.account("90", "100").pass(1);
    }
    assert_eq!(story.margin(), Some(Severity::Critical));
    assert_eq!(story.state.alarms.raised, raised + 1, "it calls once more");
    let mut list = story.state.alarms.list.iter();
    let alarm = list.find(|a| a.key.as_str() == "margin main").unwrap();
    assert!(alarm.is_open() && alarm.calls(story.at));
}

#[test]
fn more_of_the_same_calls_anew_and_less_of_it_does_not() {
    let mut story = Story::new();
    let mut raise = |grade| {
        let cause = Cause {
            grade,
            key: Text::new("orphans"),
            severity: Severity::Critical,
            text: Text::new("open positions nobody of ours ordered"),
            advice: Text::new("ask"),
            after: Duration::ZERO,
        };
        story.state.alarms.raise(story.at, &cause, true);
        story.state.alarms.raised
    };
    assert_eq!([raise(1), raise(1), raise(5), raise(2), raise(2), raise(3)], [1, 1, 2, 2, 2, 3]);
}

/// A decision of the engine of so long ago, which took 15 ms.
fn late_decision(story: &mut Story, ago: Duration) {
    let at = UtcMicros(story.at.utc.0 - i64::try_from(ago.as_micros()).unwrap());
    story.put(Event::Decision(Box::new(crate::domain::Decision {
        source: crate::domain::DecisionSource::Engine,
        at: Some(at),
        action: Text::new("HOLD"),
        lag_us: Some(15_000),
        ..crate::domain::Decision::default()
    })));
}

#[test]
fn one_late_decision_is_no_course_and_the_end_of_a_log_is_history() {
    let late = |story: &Story| {
        let mut list = story.state.alarms.list.iter();
        list.any(|a| a.key.as_str() == "lag engine" && a.standing)
    };
    for ago in [Duration::from_hours(8), Duration::ZERO] {
        let mut story = Story::new();
        late_decision(&mut story, ago);
        story.pass(60);
        assert!(!late(&story), "{ago:?}");
    }
    let mut story = Story::new();
    for _ in 0..40 {
        late_decision(&mut story, Duration::ZERO);
        story.pass(1);
    }
    assert!(late(&story), "late for 40 s");
    story.pass(60);
    assert!(!late(&story), "nothing decides any more");
}
