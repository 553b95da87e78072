use super::queue::MAX_LINES;
use super::*;
use crate::domain::mission::{ConsoleLine, LineLevel, ProcessState};
use std::sync::atomic::{AtomicUsize, Ordering};

fn lines(from: u64, count: u64, process: &str) -> Told {
    let line = |seq| ConsoleLine {
        seq,
        process: Text::new(process),
        level: if seq % 2 == 0 { LineLevel::Error } else { LineLevel::Info },
        message: Text::new("said"),
        ..ConsoleLine::default()
    };
    Told::Lines((from..from + count).map(line).collect())
}

fn record(name: &str, state: ProcessState, cpu: u32) -> Told {
    Told::Process(Arc::new(ProcessRecord {
        name: Text::new(name),
        state,
        cpu_centi: Some(cpu),
        ..ProcessRecord::default()
    }))
}

fn seqs(news: &[News]) -> Vec<u64> {
    let picked = news.iter().filter_map(|n| if let News::Lines(p) = n { Some(p) } else { None });
    picked
        .flat_map(|p| p.places().into_iter().map(|at| p.batch.lines[at].seq).collect::<Vec<_>>())
        .collect()
}

#[test]
fn who_is_slow_ends_with_the_truth_and_knows_what_it_lost() {
    let hub = Arc::new(Hub::default());
    let slow = hub.listen(Wants::everything());
    for n in 0..100 {
        hub.hear(record("engine", ProcessState::Running { ready: n == 99 }, n));
        hub.hear(lines(1 + u64::from(n) * 100, 100, "engine"));
    }
    let news = slow.take();
    let held = seqs(&news);
    assert_eq!(held.len(), MAX_LINES);
    assert_eq!((held.first(), held.last()), (Some(&(10_001 - 8_192)), Some(&10_000)));
    let lagged = |n: &News| matches!(n, News::Lagged { lines: 1_808, others: 0 });
    assert!(news.iter().any(lagged), "{news:?}");
    let processes: Vec<_> = news
        .iter()
        .filter_map(|n| if let News::Process(p) = n { Some(p.told.cpu_centi) } else { None })
        .collect();
    assert_eq!(processes, [Some(99)], "only the last record of one name");
    assert!(matches!(&news[0], News::Status(s) if s.told.status.processes[0].state.ready()));
    assert_eq!(hub.counts(), Counts { listeners: 1, lines: 10_000, dropped: 10_000 - 8_192 });
    assert!(slow.take().is_empty());
    drop(slow);
    assert_eq!(hub.counts().listeners, 0);
}

#[test]
fn a_batch_larger_than_a_queue_loses_its_beginning() {
    let hub = Arc::new(Hub::default());
    let one = hub.listen(Wants::everything());
    hub.hear(lines(1, 10_000, "a"));
    let held = seqs(&one.take());
    assert_eq!((held.len(), held.last()), (MAX_LINES, Some(&10_000)));
}

#[test]
fn a_quiet_process_is_heard_behind_a_flood() {
    let hub = Arc::new(Hub::default());
    let only = Some(BTreeSet::from([Text::new("quiet")]));
    let one = hub.listen(Wants { lines: true, processes: only, level: LineLevel::Trace });
    let loud = hub.listen(Wants { lines: true, processes: None, level: LineLevel::Error });
    let none = hub.listen(Wants::default());
    hub.hear(lines(1, 2, "quiet"));
    hub.hear(lines(3, 20_000, "loud"));
    let news = one.take();
    assert_eq!(seqs(&news), [1, 2]);
    assert!(!news.iter().any(|n| matches!(n, News::Lagged { .. })));
    assert!(seqs(&loud.take()).iter().all(|seq| seq % 2 == 0));
    assert_eq!(seqs(&none.take()), Vec::<u64>::new());
    one.want(Wants::everything());
    hub.hear(lines(20_003, 1, "loud"));
    assert_eq!(seqs(&one.take()), [20_003]);
}

#[test]
fn the_wire_form_is_made_once_for_everybody() {
    let hub = Arc::new(Hub::default());
    let all: Vec<_> = (0..200).map(|_| hub.listen(Wants::everything())).collect();
    hub.hear(lines(1, 10, "a"));
    hub.hear(record("a", ProcessState::Starting, 1));
    let made = AtomicUsize::new(0);
    for listener in &all {
        for news in listener.take() {
            let count = || {
                made.fetch_add(1, Ordering::Relaxed);
                Wire::from("x")
            };
            match news {
                News::Status(s) => drop(s.wire(|_| count())),
                News::Process(p) => drop(p.wire(|_| count())),
                News::Lines(p) => {
                    for at in p.places() {
                        p.batch.wire(at, |_| count()).unwrap();
                    }
                }
                _ => {}
            }
        }
    }
    assert_eq!(made.into_inner(), 1 + 1 + 10);
}

#[test]
fn a_measure_alone_is_no_new_whole() {
    let hub = Arc::new(Hub::default());
    let one = hub.listen(Wants::default());
    hub.hear(record("a", ProcessState::Starting, 1));
    assert!(one.take().iter().any(|n| matches!(n, News::Status(_))));
    hub.hear(record("a", ProcessState::Starting, 2));
    let news = one.take();
    assert!(matches!(news.as_slice(), [News::Process(_)]), "{news:?}");
    assert_eq!(hub.status().told.status.processes[0].cpu_centi, Some(2));
}

#[test]
fn the_mode_is_what_the_launcher_says_and_no_launch() {
    let hub = Hub::default();
    let launch = |id, mode: &str, phase| {
        hub.hear(Told::Launch(Arc::new(Launch {
            id,
            mode: Text::new(mode),
            phase,
            ..Launch::default()
        })));
        let status = hub.status();
        let status = &status.told.status;
        (status.mode.to_string(), status.launch.as_ref().map(|l| (l.id, l.phase)))
    };
    let mode = |name: &str, live| hub.hear(Told::Mode { name: Text::new(name), live });
    let none = String::new;
    mode("LIVE", true);
    let (running, complete) = (LaunchPhase::Running, LaunchPhase::Complete);
    assert_eq!(launch(1, "LIVE", running), (String::from("LIVE"), Some((1, running))));
    assert!(hub.status().told.status.live);
    assert_eq!(launch(2, "PAPER", LaunchPhase::Refused).1, Some((1, running)));
    mode("", false);
    // The last word of a launch that was taken down, a moment late.
    assert_eq!(launch(1, "LIVE", complete), (none(), Some((1, complete))));
    assert!(!hub.status().told.status.live);
}

#[test]
fn alerts_are_bounded_and_settled_ones_go_first() {
    let hub = Hub::default();
    let alert = |id: u64, who: &str| {
        let acknowledged = Text::new(who);
        hub.hear(Told::Alert(Arc::new(MissionAlert {
            id,
            acknowledged,
            ..MissionAlert::default()
        })));
    };
    for id in 1..=1_000 {
        alert(id, if id == 500 { "root" } else { "" });
    }
    alert(1_001, "");
    let ids: Vec<_> = hub.alerts().iter().map(|a| a.told.id).collect();
    assert_eq!((ids.len(), ids.contains(&500), ids.contains(&1)), (1_000, false, true));
    assert_eq!(hub.status().told.status.alerts_open, 1_000);
    alert(1_002, "");
    assert!(!hub.alerts().iter().any(|a| a.told.id == 1));
}

#[test]
fn whoever_left_the_mission_is_forgotten_and_the_file_says_the_order() {
    use crate::mission::spec;
    let hub = Hub::default();
    for name in ["c", "b", "a"] {
        hub.hear(record(name, ProcessState::Starting, 7));
    }
    let process = |name: &str| spec::Process { name: name.to_owned(), ..process_spec() };
    let processes = vec![process("a"), process("d"), process("c")];
    hub.expect(&Mission { processes, ..Mission::default() });
    let names = || {
        let status = hub.status();
        let all = status.told.status.processes.iter();
        all.map(|p| p.name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(names(), ["a", "d", "c", "b"], "b still lives");
    hub.hear(record("b", ProcessState::Stopping, 7));
    assert_eq!(names().len(), 4);
    hub.hear(record("b", ProcessState::Stopped, 7));
    assert_eq!(names(), ["a", "d", "c"]);
    hub.hear(record("b", ProcessState::Stopped, 7));
    assert_eq!(names().len(), 3);
    let status = hub.status();
    assert_eq!(status.told.status.processes[0].cpu_centi, Some(7));
}

fn process_spec() -> super::super::spec::Process {
    use super::super::spec::{Limits, OnDeath, Process, Restart, Stop};
    Process {
        name: String::new(),
        display_name: Text::default(),
        host: None,
        cmd: Vec::new(),
        check: Vec::new(),
        cwd: None,
        env: BTreeMap::new(),
        secrets: BTreeMap::new(),
        depends: Vec::new(),
        ready: Vec::new(),
        live: Vec::new(),
        restart: Restart::default(),
        stop: Stop::default(),
        on_daemon_death: OnDeath::default(),
        limits: Limits::default(),
        ports: Vec::new(),
        shm: Vec::new(),
        files: Vec::new(),
        locks: Vec::new(),
        growth: None,
        at: crate::config::Origin::Default,
    }
}
