//! How rows of the mesh stand.

use super::*;
use crate::domain::{Evidence, LatchPhase, LatchSeen, LinkState};
use crate::event::{
    AgentReport, Event, EvidenceReport, FeedReport, GatewayReport, GatewayStatusReport,
    SessionInfo, Stamped,
};

fn put(state: &mut State, second: u64, event: Event) {
    let at = Stamp::default().plus(Duration::from_secs(second));
    state.apply(&Stamped { seq: state.seq + 1, at, event }).unwrap();
}

fn row(state: &State, check: &str) -> Row {
    state.mesh_rows().into_iter().find(|row| row.check.as_str() == check).unwrap()
}

#[test]
fn a_row_says_since_when_it_stands_as_it_does_and_what_to_do() {
    let mut state = State::default();
    put(&mut state, 1, Event::Session(Box::default()));
    let agent = |present| AgentReport {
        present,
        pid: None,
        fault: Text::new(if present { "" } else { "exited" }),
    };
    put(&mut state, 2, Event::Agent(agent(true)));
    assert_eq!(row(&state, "agent").since, None, "not looked at yet");
    for second in 3..9 {
        put(&mut state, second, Event::Beat);
    }
    let at = |second| Some(Stamp::default().plus(Duration::from_secs(second)));
    let good = row(&state, "agent");
    assert_eq!((good.standing, good.since), (Standing::Good, at(3)));
    assert!(good.next.is_empty());
    put(&mut state, 9, Event::Agent(agent(false)));
    put(&mut state, 10, Event::Beat);
    put(&mut state, 11, Event::Beat);
    let bad = row(&state, "agent");
    assert_eq!((bad.standing, bad.since), (Standing::Bad, at(10)));
    assert!(!bad.next.is_empty(), "what fails has a next step");
}

#[test]
fn what_was_never_asked_is_unknown_and_not_bad() {
    let mut state = State::default();
    let gateways = vec![crate::domain::GatewayAddr {
        name: Text::new("main"),
        cmd: "127.0.0.1:1".parse().unwrap(),
        data: "127.0.0.1:2".parse().unwrap(),
    }];
    let info = SessionInfo { gateways, ..SessionInfo::default() };
    put(&mut state, 1, Event::Session(Box::new(info)));
    put(&mut state, 1, Event::Latch(Box::default()));
    for check in ["link", "heartbeat", "feed", "reads"] {
        assert_eq!(row(&state, check).standing, Standing::Unknown, "{check}");
    }
    let feed = FeedReport { link: LinkState::Down, ..FeedReport::default() };
    put(&mut state, 2, Event::Feed(Box::new(feed)));
    assert_eq!(row(&state, "feed").standing, Standing::Bad);
}

#[test]
fn a_gateway_that_remembers_a_kill_is_bad_by_its_own_answer_too() {
    let mut state = State::default();
    put(&mut state, 1, Event::Session(Box::default()));
    put(
        &mut state,
        2,
        Event::Latch(Box::new(LatchSeen { phase: LatchPhase::Safe, ..LatchSeen::default() })),
    );
    for (killed, names) in [(None, 0), (Some(false), 0), (Some(true), 1)] {
        let report = GatewayReport {
            link: LinkState::Up,
            fingerprint: crate::domain::Fingerprint::V1,
            rtt_us: Some(1),
            killed,
            ..GatewayReport::default()
        };
        put(&mut state, 3, Event::Gateway(Box::new(report)));
        assert_eq!(state.refusing().len(), names, "{killed:?}");
    }
    assert_eq!(row(&state, "kill").standing, Standing::Bad);
    put(&mut state, 60, Event::Beat);
    assert_eq!(state.refusing().len(), 0, "what does not answer says nothing");
}

#[test]
fn a_console_without_a_latch_but_disarmed_lets_no_order_pass() {
    let mut state = State::default();
    let info = SessionInfo { host: Text::new("vm"), ..SessionInfo::default() };
    put(&mut state, 1, Event::Session(Box::new(info)));
    for (phase, standing, word) in [
        (LatchPhase::Safe, Standing::Good, "orders pass"),
        (LatchPhase::Disarmed, Standing::Late, "DISARMED"),
        (LatchPhase::Blocked, Standing::Late, "BLOCKED"),
    ] {
        let seen = LatchSeen { phase, ..LatchSeen::default() };
        put(&mut state, 2, Event::Latch(Box::new(seen)));
        let evidence = Evidence {
            consumer: Text::new("console"),
            host: Text::new("vm"),
            engaged: Some(false),
            said: Stamp::default().plus(Duration::from_secs(2)).utc,
            ..Evidence::default()
        };
        put(&mut state, 2, Event::Evidence(Box::new(EvidenceReport { feed: None, evidence })));
        let own = row(&state, "console");
        assert_eq!((own.standing, own.word.as_str()), (standing, word));
    }
}

#[test]
fn a_kill_that_a_gateway_remembers_is_bad_once_the_latch_is_gone() {
    let mut state = State::default();
    put(&mut state, 1, Event::Session(Box::default()));
    put(&mut state, 2, Event::Events(Box::default()));
    let status = GatewayStatusReport { killed: true, ..GatewayStatusReport::default() };
    let latch = |phase| Event::Latch(Box::new(LatchSeen { phase, ..LatchSeen::default() }));
    put(&mut state, 3, latch(LatchPhase::Durable));
    put(&mut state, 3, Event::GatewayStatus(Box::new(status)));
    assert_eq!(row(&state, "kill").standing, Standing::Good);
    put(&mut state, 4, latch(LatchPhase::Safe));
    let bad = row(&state, "kill");
    assert_eq!(bad.standing, Standing::Bad);
    assert!(bad.next.as_str().contains("crs gateway reset"), "{bad:?}");
    put(&mut state, 60, latch(LatchPhase::Safe));
    assert_eq!(row(&state, "kill").standing, Standing::Unknown, "too old to be believed");
}
