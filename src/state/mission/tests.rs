use super::*;
use crate::domain::mission::MissionStatus;
use crate::domain::{Severity, UtcMicros};
use crate::event::{Event, Stamped};

struct Session {
    state: State,
    at: Stamp,
}

impl Session {
    fn new() -> Self {
        let at = Stamp { mono_ns: 1_000_000_000, utc: UtcMicros(1_768_399_200_000_000) };
        Self { state: State::default(), at }
    }

    fn put(&mut self, event: Event) {
        let seq = self.state.seq + 1;
        self.state.apply(&Stamped { seq, at: self.at, event }).unwrap();
    }

    fn news(&mut self, news: MissionNews) {
        self.put(Event::Mission(Box::new(news)));
    }

    fn pass(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.at = self.at.plus(Duration::from_secs(1));
            self.put(Event::Beat);
        }
    }

    fn link(&mut self, present: bool) {
        let why = Text::new(if present { "" } else { "connection refused" });
        self.news(MissionNews::Link(MissionLink { present, why, ..MissionLink::default() }));
    }

    fn whole(&mut self, mode: &str, processes: Vec<ProcessRecord>, alerts: Vec<MissionAlert>) {
        let live = mode == "LIVE";
        let status =
            MissionStatus { mode: Text::new(mode), live, processes, ..MissionStatus::default() };
        let whole = MissionWhole { status, alerts, modes: Vec::new() };
        self.news(MissionNews::Whole(Box::new(whole)));
    }

    fn said(&self) -> Vec<&str> {
        self.state.log.iter().map(|line| line.value.text.as_str()).collect()
    }

    fn standing(&self) -> Vec<(&str, Severity)> {
        let standing = self.state.alarms.list.iter().filter(|a| a.standing);
        standing.map(|a| (a.key.as_str(), a.severity)).collect()
    }
}

fn process(name: &str, state: ProcessState) -> ProcessRecord {
    ProcessRecord { name: Text::new(name), state, wanted: true, ..ProcessRecord::default() }
}

fn alert(id: u64, severity: Gravity) -> MissionAlert {
    MissionAlert {
        id,
        severity,
        kind: Text::new("port-in-use"),
        process: Text::new("engine"),
        title: Text::new("port in use"),
        message: Text::new("5555: address already in use"),
        solution: Text::new("end who has the port"),
        ..MissionAlert::default()
    }
}

const UP: ProcessState = ProcessState::Running { ready: true };

#[test]
fn what_was_said_grows_old_and_is_not_known_in_the_end() {
    let mut s = Session::new();
    assert!(!s.state.mission.is_followed());
    s.link(false);
    assert_eq!(s.state.mission_freshness(), Freshness::Unknown, "it never spoke");
    s.link(true);
    s.whole("PAPER", vec![process("engine", UP)], Vec::new());
    assert_eq!(s.state.mission_freshness(), Freshness::Fresh);
    s.pass(6);
    assert_eq!(s.state.mission_freshness(), Freshness::Fresh);
    s.pass(1);
    assert_eq!(s.state.mission_freshness(), Freshness::Stale, "connected and silent");
    s.news(MissionNews::Heard { rtt_us: 80 });
    assert_eq!(s.state.mission_freshness(), Freshness::Fresh);
    s.link(false);
    assert_eq!(s.state.mission_freshness(), Freshness::Stale, "gone this moment");
    s.pass(15);
    assert_eq!(s.state.mission_freshness(), Freshness::Unknown);
    // Nothing is forgotten by that: the view shows it as what it was.
    assert_eq!(s.state.mission.processes.len(), 1);
}

#[test]
fn a_daemon_that_goes_is_an_alarm_and_one_that_never_came_too() {
    let mut s = Session::new();
    s.link(false);
    s.pass(3);
    assert!(s.standing().is_empty(), "it may be on its way");
    s.pass(7);
    assert_eq!(s.standing(), [("mission absent", Severity::Warning)]);
    let absent = s.state.alarms.list.iter().find(|a| a.key.as_str() == "mission absent").unwrap();
    assert!(absent.text.as_str().contains("not there: connection refused"), "{}", absent.text);
    assert!(absent.advice.as_str().contains("`crs mission serve`"), "{}", absent.advice);
    s.link(true);
    s.whole("LIVE", vec![process("engine", UP)], Vec::new());
    s.pass(12);
    assert!(s.standing().is_empty(), "it came");
    s.news(MissionNews::Heard { rtt_us: 80 });
    s.link(false);
    s.pass(3);
    assert_eq!(s.standing(), [("mission", Severity::Critical)], "LIVE runs unwatched");
    s.link(true);
    s.pass(7);
    assert!(s.standing().is_empty());
}

#[test]
fn grave_alerts_are_alarms_until_taken_on_or_gone_and_stand_while_nobody_can_tell() {
    let mut s = Session::new();
    s.link(true);
    s.whole("PAPER", vec![process("engine", UP)], vec![alert(1, Gravity::Medium)]);
    s.pass(2);
    assert!(s.standing().is_empty());
    s.news(MissionNews::Alert(Box::new(alert(2, Gravity::High))));
    s.pass(1);
    assert_eq!(s.standing(), [("mission port-in-use engine", Severity::Warning)]);
    let advice = s.state.alarms.list[0].advice.as_str();
    assert!(advice.starts_with("end who has the port; `:pane processes`"), "{advice}");
    s.link(false);
    s.pass(10);
    assert!(s.standing().contains(&("mission port-in-use engine", Severity::Warning)));
    s.link(true);
    let taken = MissionAlert { acknowledged: Text::new("ops"), ..alert(2, Gravity::High) };
    s.news(MissionNews::Alert(Box::new(taken)));
    s.pass(7);
    assert!(s.standing().is_empty(), "{:?}", s.standing());
    s.news(MissionNews::Alert(Box::new(alert(3, Gravity::Critical))));
    s.pass(1);
    assert_eq!(s.standing(), [("mission port-in-use engine", Severity::Critical)]);
    s.whole("PAPER", vec![process("engine", UP)], Vec::new());
    s.pass(7);
    assert!(s.standing().is_empty());
}

#[test]
fn each_change_is_one_line_and_a_first_look_is_one_in_all() {
    let mut s = Session::new();
    s.link(true);
    s.whole("PAPER", vec![process("a", UP), process("b", ProcessState::Starting)], Vec::new());
    assert_eq!(s.said(), ["mission control is there", "PAPER: 1 of 2 ready"]);
    s.whole("PAPER", vec![process("a", UP), process("b", ProcessState::Starting)], Vec::new());
    assert_eq!(s.said().len(), 2, "nothing moved");
    let measured = ProcessRecord { memory: Some(1), pid: Some(7), ..process("b", UP) };
    s.news(MissionNews::Process(Box::new(measured.clone())));
    s.news(MissionNews::Process(Box::new(ProcessRecord { memory: Some(2), ..measured })));
    assert_eq!(s.said()[2..], ["b running (pid 7)"]);
    let why = Text::new("5 restarts in 10 min");
    s.news(MissionNews::Process(Box::new(process("b", ProcessState::Failed { why }))));
    s.whole("LIVE", vec![process("a", UP)], Vec::new());
    assert_eq!(
        s.said()[3..],
        ["b failed: 5 restarts in 10 min", "b: no longer configured", "mode LIVE"]
    );
    let launch = Launch {
        id: 4,
        mode: Text::new("LIVE"),
        phase: LaunchPhase::Partial,
        notes: vec![Text::new("b failed")],
        ..Launch::default()
    };
    for _ in 0..3 {
        s.news(MissionNews::Launch(Box::new(launch.clone())));
    }
    assert_eq!(s.said()[6..], ["launch 4 into LIVE: partial: b failed"]);
}

#[test]
fn everything_is_bounded() {
    let mut s = Session::new();
    s.link(true);
    for n in 0..900_u64 {
        let lines = (0..10).map(|k| ConsoleLine { seq: n * 10 + k, ..ConsoleLine::default() });
        let lines = MissionLines { lines: lines.collect(), missed: 1 };
        s.news(MissionNews::Lines(lines));
        s.news(MissionNews::Alert(Box::new(alert(n, Gravity::Low))));
        s.news(MissionNews::Process(Box::new(process(&format!("p{n}"), UP))));
        let host = HostRecord { name: Text::new(&format!("h{n}")), ..HostRecord::default() };
        s.news(MissionNews::Host(host));
    }
    let m = &s.state.mission;
    assert_eq!((m.lines.len(), m.missed), (LINES, 900));
    assert_eq!(m.lines.back().map(|line| line.seq), Some(8_999));
    assert_eq!((m.alerts.len(), m.alerts[0].id), (MAX_ALERTS, 700));
    assert_eq!((m.processes.len(), m.hosts.len()), (MAX_PROCESSES, MAX_PROCESSES));
}

#[test]
fn counts_are_of_what_is_wanted() {
    let mut s = Session::new();
    let idle = ProcessRecord { wanted: false, ..process("idle", ProcessState::Stopped) };
    let lost = ProcessState::Unknown { since: UtcMicros(0), why: Text::new("ssh") };
    let all = vec![
        process("a", UP),
        process("b", ProcessState::Stopped),
        process("c", ProcessState::Running { ready: false }),
        process("d", lost),
        idle,
    ];
    s.whole("PAPER", all, Vec::new());
    let tally = Tally { wanted: 4, ready: 1, waiting: 1, bad: 1, unknown: 1 };
    assert_eq!(s.state.mission.tally(), tally);
}
