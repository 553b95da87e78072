//! Kills of several decisions, as one console hears of them.

use super::*;
use crate::domain::{GatewayAddr, KillPlan, StepTimes};
use crate::event::{Event, SessionInfo, Stamped};

struct Story {
    state: State,
    at: Stamp,
}

fn id(ms: u64) -> EngageId {
    EngageId::from_parts(ms, 1)
}

fn kill(id: EngageId, gateway: &str, phase: GatewayPhase) -> KillProgress {
    KillProgress {
        engage_id: id,
        intent: Intent::Kill,
        target: 0,
        gateway: Text::new(gateway),
        phase,
        latch: LatchPhase::Latched,
        attempts: 1,
        claimed: None,
        good_polls: 0,
        last_poll: None,
        survivors: Vec::new(),
        times: StepTimes::default(),
        driver: Text::new("agent"),
        note: Text::default(),
        plan: KillPlan::default(),
    }
}

/// As our hand tells of a kill that is carried out in place of its own.
fn instead(mut progress: KillProgress) -> KillProgress {
    progress.times.handed = Some(900);
    progress
}

impl Story {
    fn new() -> Self {
        let at = Stamp { mono_ns: 9_000_000_000, utc: crate::domain::UtcMicros(1) };
        let story = Self { state: State::default(), at };
        let named = |name: &str| GatewayAddr {
            name: Text::new(name),
            cmd: "tcp://127.0.0.1:5555".parse().unwrap(),
            data: "tcp://127.0.0.1:5556".parse().unwrap(),
        };
        let gateways = vec![named("one"), named("two")];
        story.put(Event::Session(Box::new(SessionInfo { gateways, ..SessionInfo::default() })))
    }

    fn put(mut self, event: Event) -> Self {
        self.at = self.at.plus(Duration::from_millis(10));
        let seq = self.state.seq + 1;
        self.state.apply(&Stamped { seq, at: self.at, event }).unwrap();
        self
    }

    fn kill(self, progress: KillProgress) -> Self {
        self.put(Event::Kill(Box::new(progress)))
    }

    fn latch(self, phase: LatchPhase, id: Option<EngageId>) -> Self {
        let seen = LatchSeen { phase, engage_id: id, ..LatchSeen::default() };
        self.put(Event::Latch(Box::new(seen)))
    }

    fn phase(&self, gateway: &str) -> GatewayPhase {
        self.state.kills[&Text::new(gateway)].value.phase
    }
}

#[test]
fn a_second_kill_hides_nothing_of_the_first_that_runs_in_its_stead() {
    let (k1, k2) = (id(1_000), id(2_000));
    let story = Story::new().kill(kill(k1, "one", GatewayPhase::Unconfirmed)).kill(kill(
        k2,
        "one",
        GatewayPhase::Idle,
    ));
    assert_eq!(story.phase("one"), GatewayPhase::Unconfirmed, "nothing has begun that ends it");
    assert_eq!(story.state.kill_standing(), Some(KillStanding::Alarm));
    assert_eq!(story.state.engagement.as_ref().map(|e| e.id), Some(k2));
    let story = story.kill(instead(kill(k1, "one", GatewayPhase::Partial)));
    assert_eq!(story.phase("one"), GatewayPhase::Partial);
    let story = story.kill(instead(kill(k1, "one", GatewayPhase::Verified)));
    assert_eq!(story.state.kill_standing(), Some(KillStanding::Settled));
}

#[test]
fn a_decision_says_nothing_of_gateways_that_it_does_not_name() {
    let (k1, k2) = (id(1_000), id(2_000));
    let mut second = kill(k1, "two", GatewayPhase::Verified);
    second.target = 1;
    let story = Story::new()
        .kill(kill(k1, "one", GatewayPhase::Unconfirmed))
        .kill(second)
        .kill(kill(k2, "two", GatewayPhase::Verified));
    assert_eq!(story.phase("one"), GatewayPhase::Unconfirmed);
    assert_eq!(story.phase("two"), GatewayPhase::Verified);
    assert_eq!(story.state.kill_standing(), Some(KillStanding::Alarm));
    assert!(story.state.kill_active());
}

#[test]
fn a_kill_after_the_clock_was_set_back_is_the_newest() {
    let (k1, k2) = (id(2_000), id(1_000));
    let story = Story::new()
        .latch(LatchPhase::Latched, Some(k1))
        .kill(kill(k1, "one", GatewayPhase::Verified))
        .latch(LatchPhase::Safe, None);
    assert!(story.state.kills_over.is_some());
    let story =
        story.latch(LatchPhase::Latched, Some(k2)).kill(kill(k2, "one", GatewayPhase::Unconfirmed));
    assert_eq!(story.state.kills_over, None);
    assert_eq!(story.state.kill_standing(), Some(KillStanding::Alarm));
    assert!(story.state.kill_active());
    // The agent may still repeat the one that was reset.
    let story = story.kill(kill(k1, "one", GatewayPhase::Verified));
    assert_eq!(story.phase("one"), GatewayPhase::Unconfirmed);
}

#[test]
fn an_earlier_kill_proves_nothing_for_one_that_is_carried_out() {
    let (k1, k2) = (id(1_000), id(2_000));
    let story = Story::new()
        .kill(kill(k1, "one", GatewayPhase::Verified))
        .kill(kill(k2, "one", GatewayPhase::Idle))
        .kill(kill(k2, "one", GatewayPhase::Sending { n: 1 }))
        .kill(kill(k1, "one", GatewayPhase::Verified));
    assert_eq!(story.phase("one"), GatewayPhase::Sending { n: 1 });
    let blocked =
        KillProgress { intent: Intent::Block, ..kill(id(3_000), "one", GatewayPhase::Idle) };
    let story = story.kill(blocked);
    assert_eq!(story.state.kill_standing(), Some(KillStanding::Running), "a block ends no kill");
}
