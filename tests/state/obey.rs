//! Who obeys: whose word counts, for how long, and when it is an alarm.

use crs::domain::{Evidence, FileId, LatchPhase, LatchSeen, Stamp, Text, UtcMicros};
use crs::event::{AgentReport, Event, EvidenceReport, GatewayStatusReport, Level, Stamped};
use crs::state::obey::{MAX_CONSUMERS, Row, Says, Sees};
use crs::state::{Freshness, State};
use std::time::Duration;

struct Rig {
    state: State,
    at: Stamp,
}

impl Rig {
    fn new() -> Self {
        let at = Stamp { mono_ns: 1_000_000_000, utc: UtcMicros(1_768_399_200_000_000) };
        let mut rig = Self { state: State::default(), at };
        rig.say(None, &said("console", "inf", Some(false)));
        rig
    }

    fn put(&mut self, event: Event) {
        let seq = self.state.seq + 1;
        self.state.apply(&Stamped { seq, at: self.at, event }).unwrap();
    }

    fn say(&mut self, feed: Option<u16>, evidence: &Evidence) {
        let evidence = Evidence { said: self.at.utc, ..evidence.clone() };
        self.put(Event::Evidence(Box::new(EvidenceReport { feed, evidence })));
    }

    fn pass(&mut self, ms: u64) {
        self.at = self.at.plus(Duration::from_millis(ms));
        self.put(Event::Beat);
    }

    fn latch(&mut self, phase: LatchPhase) {
        self.put(Event::Latch(Box::new(LatchSeen { phase, ..LatchSeen::default() })));
    }

    fn row(&self, who: &str) -> Row {
        self.state.obedience().into_iter().find(|r| r.consumer.as_str() == who).unwrap()
    }

    fn alarms(&self) -> usize {
        self.state
            .log
            .iter()
            .filter(|l| l.value.level == Level::Alarm && l.value.source.as_str() == "obey")
            .count()
    }
}

fn said(who: &str, host: &str, engaged: Option<bool>) -> Evidence {
    Evidence {
        consumer: Text::new(who),
        host: Text::new(host),
        path: Text::new("/tmp/latch.lock"),
        engaged,
        dir: Some(FileId { dev: 1, ino: 2 }),
        ..Evidence::default()
    }
}

#[test]
fn those_who_are_expected_have_a_row_before_they_speak() {
    let rig = Rig::new();
    let names: Vec<_> =
        rig.state.obedience().iter().map(|r| (r.consumer.to_string(), r.is_known())).collect();
    let known = |name: &str, known| (name.to_owned(), known);
    let all = ["engine", "sentinel", "gateway", "agent"].map(|name| known(name, false));
    assert_eq!(names, [all.as_slice(), &[known("console", true)]].concat());
    assert_eq!((rig.row("engine").heard, rig.row("engine").sees), (None, Sees::Unknown));
}

#[test]
fn which_latch_it_is_takes_host_directory_file_and_name() {
    let mut rig = Rig::new();
    let other_dir = Some(FileId { dev: 9, ino: 2 });
    let cases = [
        (said("a", "inf", Some(false)), Sees::This),
        (said("b", "gtw", Some(false)), Sees::OtherHost),
        (Evidence { dir: other_dir, ..said("c", "inf", Some(false)) }, Sees::OtherFile),
        (Evidence { path: Text::new("/tmp/x"), ..said("d", "inf", None) }, Sees::OtherFile),
        (Evidence { path: Text::default(), ..said("e", "inf", None) }, Sees::NoLatch),
        (Evidence { dir: None, ..said("f", "inf", None) }, Sees::Unknown),
    ];
    for (evidence, sees) in cases {
        rig.say(Some(0), &evidence);
        assert_eq!(rig.row(evidence.consumer.as_str()).sees, sees, "{evidence:?}");
    }
    // Nobody else can speak for this console.
    rig.say(Some(0), &Evidence { dir: other_dir, ..said("console", "inf", Some(true)) });
    assert_eq!((rig.row("console").sees, rig.row("console").says), (Sees::This, Says::NotEngaged));
}

#[test]
fn a_word_ages_and_then_proves_nothing() {
    let mut rig = Rig::new();
    let blocked = Some(UtcMicros(rig.at.utc.0 - 5_000_000));
    rig.say(Some(0), &Evidence { last_blocked: blocked, ..said("engine", "inf", Some(true)) });
    for (ms, age, fresh) in [
        (400, 400, Freshness::Fresh),
        (2_600, 3_000, Freshness::Stale),
        (7_000, 10_000, Freshness::Unknown),
    ] {
        rig.pass(ms);
        let row = rig.row("engine");
        assert_eq!((row.heard, row.freshness), (Some(Duration::from_millis(age)), fresh));
        assert_eq!(row.blocked, Some(Duration::from_millis(5_000 + age)));
    }
}

#[test]
fn what_waited_in_a_socket_is_as_old_as_it_says_on_this_host() {
    let mut rig = Rig::new();
    for (host, age) in [("inf", 60), ("gtw", 0)] {
        let evidence = Evidence {
            said: UtcMicros(rig.at.utc.0 - 60_000_000),
            ..said("engine", host, Some(true))
        };
        rig.put(Event::Evidence(Box::new(EvidenceReport { feed: Some(0), evidence })));
        let rows = rig.state.obedience();
        let row = rows.iter().find(|r| r.host.as_str() == host).unwrap();
        assert_eq!(row.heard, Some(Duration::from_secs(age)), "another host's clock counts not");
    }
}

#[test]
fn not_engaged_is_an_alarm_after_a_second_and_told_once() {
    let mut rig = Rig::new();
    rig.say(Some(0), &said("engine", "inf", Some(false)));
    rig.latch(LatchPhase::Latched);
    rig.pass(1_100);
    assert!(!rig.row("engine").alarm, "it said so before");
    rig.latch(LatchPhase::Safe);
    rig.latch(LatchPhase::Latched);
    rig.pass(500);
    rig.say(Some(0), &said("engine", "inf", Some(false)));
    rig.pass(400);
    assert!(!rig.row("engine").alarm, "it may not have looked yet");
    rig.pass(200);
    assert!(rig.row("engine").alarm);
    rig.say(Some(0), &said("engine", "inf", Some(false)));
    rig.pass(500);
    assert_eq!(rig.alarms(), 1);
    rig.say(Some(0), &said("engine", "inf", Some(true)));
    assert!(!rig.row("engine").alarm);
    rig.say(Some(0), &said("engine", "inf", Some(false)));
    assert_eq!(rig.alarms(), 2, "it let go again");
    rig.pass(30_000);
    assert!(!rig.row("engine").alarm, "too old to claim anything");
    rig.latch(LatchPhase::Disarmed);
    rig.say(Some(0), &said("engine", "inf", Some(false)));
    rig.pass(5_000);
    assert!(!rig.row("engine").alarm && rig.alarms() == 2, "nothing holds");
}

#[test]
fn a_gateway_without_a_latch_obeys_when_it_was_killed() {
    let mut rig = Rig::new();
    let blind = Evidence { path: Text::default(), ..said("gateway", "inf", None) };
    rig.say(Some(3), &blind);
    rig.latch(LatchPhase::Durable);
    rig.pass(1_100);
    assert!(rig.row("gateway").alarm, "its orders pass");
    let status = GatewayStatusReport { feed: 3, killed: true, ..GatewayStatusReport::default() };
    rig.put(Event::GatewayStatus(Box::new(status)));
    assert!(rig.row("gateway").killed && !rig.row("gateway").alarm);
}

#[test]
fn two_gateways_of_one_host_are_told_apart_by_their_desks() {
    let mut rig = Rig::new();
    for (feed, name) in [(0, "main"), (1, "backup")] {
        rig.say(Some(feed), &said("gateway", "inf", Some(false)));
        let gateway = Text::new(name);
        let status = GatewayStatusReport { feed, gateway, ..GatewayStatusReport::default() };
        rig.put(Event::GatewayStatus(Box::new(status)));
    }
    assert!(rig.row("gw main").is_known() && rig.row("gw backup").is_known());
}

#[test]
fn the_agent_looks_at_this_latch_while_its_line_stands() {
    let mut rig = Rig::new();
    assert!(!rig.row("agent").is_known());
    rig.put(Event::Agent(AgentReport { present: true, pid: Some(7), fault: Text::default() }));
    assert_eq!((rig.row("agent").sees, rig.row("agent").says), (Sees::This, Says::Nothing));
}

#[test]
fn only_so_many_are_kept_and_the_silent_make_room() {
    let mut rig = Rig::new();
    for n in 0..=MAX_CONSUMERS {
        rig.say(Some(0), &said(&format!("c{n}"), "inf", Some(false)));
    }
    let kept = |rig: &Rig| rig.state.obey.consumers.len();
    assert_eq!((kept(&rig), rig.state.obey.refused), (MAX_CONSUMERS, 1));
    rig.pass(11_000);
    rig.say(Some(0), &said("engine", "inf", Some(true)));
    assert_eq!((kept(&rig), rig.state.obey.refused), (MAX_CONSUMERS, 1));
    assert!(rig.row("engine").is_known());
    rig.say(Some(999), &said("far", "inf", Some(true)));
    assert_eq!(rig.state.obey.refused, 2, "no such endpoint");
}
