//! Alarms from events.

use super::*;
use crate::domain::{AlarmAct, GatewayAddr, LatchPhase, LatchSeen, UtcMicros};
use crate::event::{Event, GatewayReport, LinkState, SessionInfo, Stamped};

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
            key: Text::new(&format!("k{n}")),
            severity: Severity::Warning,
            text: Text::new("w"),
            advice: "a",
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
