//! Mission control on the page: what is not up, how a launch ended, what
//! nobody took on, and the one thing to do about it.

use crate::config::Settings;
use crate::domain::Text;
use crate::domain::mission::{Gravity, Launch, LaunchPhase, MissionAlert, ProcessRecord};
use crate::mission::api::message::Initial;
use crate::mission::client;
use crate::state::mission::{Standing, standing};
use std::thread::JoinHandle;
use std::time::Duration;

/// Rows of one kind on the page; more are counted.
const SOME: usize = 6;

/// What the daemon says; none where none is followed.
pub type Heard = Option<Result<Initial, Text>>;

/// Asks on a thread of its own, for [`wait`].
pub fn begin(settings: &Settings, longest: Duration) -> Option<JoinHandle<Heard>> {
    let socket = settings.mission.follows(&settings.state_dir)?;
    let ask = move || Some(client::initial(&socket, longest));
    std::thread::Builder::new().name("mission".to_owned()).spawn(ask).ok()
}

/// What was heard.
pub fn wait(asking: Option<JoinHandle<Heard>>) -> Heard {
    asking.and_then(|thread| thread.join().ok()).flatten()
}

/// Processes that are wanted and not ready.
fn not_up(found: &Initial) -> Vec<&ProcessRecord> {
    let all = found.status.processes.iter().map(|shape| &shape.record);
    all.filter(|record| record.wanted && standing(record) != Standing::Good).collect()
}

/// The alerts, the gravest first.
fn open(found: &Initial) -> Vec<&MissionAlert> {
    let all = found.status.alerts.iter();
    let mut open: Vec<_> = all.filter(|alert| alert.acknowledged.is_empty()).collect();
    open.sort_by_key(|alert| std::cmp::Reverse((alert.severity, alert.last, alert.id)));
    open
}

fn ended_badly(found: &Initial) -> Option<&Launch> {
    found.status.launch.as_ref().filter(|launch| {
        matches!(launch.phase, LaunchPhase::Partial | LaunchPhase::Failed | LaunchPhase::Refused)
    })
}

/// The part of the page, one line each.
pub fn lines(heard: &Heard) -> Vec<String> {
    let found = match heard {
        None => return Vec::new(),
        Some(Err(why)) => return vec![format!("UNKNOWN, processes may run or not: {why}")],
        Some(Ok(found)) => found,
    };
    let status = &found.status;
    let wanted = status.processes.iter().filter(|shape| shape.record.wanted).count();
    let missing = not_up(found);
    let mode = if status.mode.is_empty() { "no mode" } else { status.mode.as_str() };
    let money = if status.live { " (REAL MONEY)" } else { "" };
    let mut lines = vec![format!("{mode}{money}: {} of {wanted} ready", wanted - missing.len())];
    for record in missing.iter().take(SOME) {
        let host = if record.host.is_empty() { "" } else { record.host.as_str() };
        let host = if host.is_empty() { String::new() } else { format!(" on {host}") };
        lines.push(format!("  {}{host}: {}", record.name, record.state));
    }
    more(&mut lines, missing.len(), "crs mission ps");
    if let Some(launch) = &status.launch {
        let note = launch.notes.last().map_or_else(String::new, |note| format!(": {note}"));
        let note = if launch.phase == LaunchPhase::Complete { String::new() } else { note };
        let at = launch.ended.unwrap_or(launch.began).hm();
        lines.push(format!("  launch into {} {} {at}{note}", launch.mode, launch.phase.word()));
    }
    let open = open(found);
    for alert in open.iter().take(SOME) {
        let who = if alert.process.is_empty() { "mission" } else { alert.process.as_str() };
        lines.push(format!("  alert {}, {who}: {}", alert.id, alert.title));
    }
    more(&mut lines, open.len(), "crs mission alerts");
    lines
}

fn more(lines: &mut Vec<String>, count: usize, verb: &str) {
    if let Some(more) = count.checked_sub(SOME).filter(|more| *more > 0) {
        lines.push(format!("  and {more} more: {verb}"));
    }
}

/// What is broken, worst first, one line each.
pub fn broken(heard: &Heard) -> Vec<String> {
    let found = match heard {
        None => return Vec::new(),
        Some(Err(why)) => return vec![format!("mission control: {why}")],
        Some(Ok(found)) => found,
    };
    let mut lines: Vec<String> = open(found)
        .into_iter()
        .filter(|alert| alert.severity >= Gravity::High)
        .map(|alert| format!("{}: {}: {}", alert.process, alert.title, alert.message))
        .collect();
    // On its way up is no defect yet.
    let down = not_up(found).into_iter().filter(|record| standing(record) != Standing::Waiting);
    lines.extend(down.map(|record| format!("{}: {}", record.name, record.state)));
    lines
        .extend(ended_badly(found).map(|launch| {
            format!("the launch into {} ended {}", launch.mode, launch.phase.word())
        }));
    lines
}

/// The one thing to do about it that can't make it worse; none where nothing is
/// wrong.
pub fn next(heard: &Heard) -> Option<String> {
    let found = match heard {
        None => return None,
        Some(Err(_)) => {
            return Some(String::from(
                "see on its host whether \"crs mission serve\" runs, and start it again if not: \
                 it takes up what it kept",
            ));
        }
        Some(Ok(found)) => found,
    };
    if let Some(alert) = open(found).first().filter(|alert| alert.severity >= Gravity::High) {
        let what = if alert.solution.is_empty() {
            format!("crs mission logs {}", alert.process)
        } else {
            alert.solution.to_string()
        };
        return Some(format!("{what} (alert {})", alert.id));
    }
    if let Some(record) = not_up(found).first().filter(|r| standing(r) != Standing::Waiting) {
        return Some(format!("crs mission why {} says what it wants", record.name));
    }
    ended_badly(found).map(|launch| format!("crs mission up {} tries again", launch.mode))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::UtcMicros;
    use crate::domain::mission::ProcessState;
    use crate::mission::api::message::{ProcessShape, Status};

    fn record(name: &str, state: ProcessState) -> ProcessRecord {
        ProcessRecord { name: Text::new(name), state, wanted: true, ..ProcessRecord::default() }
    }

    #[expect(clippy::unnecessary_wraps, reason = "as it is heard")]
    fn heard(processes: &[ProcessRecord], alerts: Vec<MissionAlert>) -> Heard {
        let shape = |record| ProcessShape::of(record, UtcMicros(0));
        let launch = Launch {
            mode: Text::new("PAPER"),
            phase: LaunchPhase::Partial,
            notes: vec![Text::new("sentinel: not ready within 60 s")],
            ..Launch::default()
        };
        let status = Status {
            mode: Text::new("PAPER"),
            launch: Some(launch),
            processes: processes.iter().map(shape).collect(),
            alerts,
            ..Status::default()
        };
        Some(Ok(Initial { status, modes: Vec::new() }))
    }

    #[test]
    fn what_is_not_up_is_named_with_its_reason_and_its_next_step() {
        let up = record("engine", ProcessState::Running { ready: true });
        let why = Text::new("5 restarts in 10 min");
        let down = record("sentinel", ProcessState::Failed { why });
        let heard = heard(&[up, down], Vec::new());
        let lines = lines(&heard);
        assert_eq!(lines[0], "PAPER: 1 of 2 ready");
        assert_eq!(lines[1], "  sentinel: failed: 5 restarts in 10 min");
        assert!(lines[2].starts_with("  launch into PAPER partial"), "{lines:?}");
        assert!(lines[2].ends_with("sentinel: not ready within 60 s"), "{lines:?}");
        let broken = broken(&heard);
        assert_eq!(broken[0], "sentinel: failed: 5 restarts in 10 min");
        assert_eq!(broken[1], "the launch into PAPER ended partial");
        assert_eq!(next(&heard).unwrap(), "crs mission why sentinel says what it wants");
    }

    #[test]
    fn an_alerts_own_advice_comes_first_and_a_small_one_is_nothing_broken() {
        let alert = |id, severity| MissionAlert {
            id,
            severity,
            process: Text::new("sentinel"),
            title: Text::new("port in use"),
            solution: Text::new("end who has port 5557"),
            ..MissionAlert::default()
        };
        let all = vec![alert(3, Gravity::Low), alert(4, Gravity::Critical)];
        let grave = heard(&[record("a", ProcessState::Starting)], all);
        assert_eq!(next(&grave).unwrap(), "end who has port 5557 (alert 4)");
        assert!(broken(&grave)[0].starts_with("sentinel: port in use"));
        let small = heard(&[], vec![alert(3, Gravity::Low)]);
        assert_eq!(broken(&small), ["the launch into PAPER ended partial"]);
        assert!(lines(&small).iter().any(|line| line.contains("alert 3, sentinel: port in use")));
    }

    #[test]
    fn a_daemon_that_does_not_answer_is_no_mission_that_is_down() {
        let gone: Heard = Some(Err(Text::new("no socket /x: is \"crs mission serve\" running?")));
        assert!(lines(&gone)[0].starts_with("UNKNOWN, processes may run or not"));
        assert_eq!(broken(&gone).len(), 1);
        assert!(next(&gone).unwrap().contains("crs mission serve"));
        assert!(lines(&None).is_empty() && broken(&None).is_empty() && next(&None).is_none());
    }
}
