//! Mission control: mode, processes, alerts, lines and answers, and what is
//! left of them when the daemon is gone.

use crate::picture::{frame, picture, role_of, rows};
use crate::scene::{Session, calm, hints};
use crs::control::MissionAsk;
use crs::domain::mission::{
    ConsoleLine, Gravity, HostRecord, Launch, LaunchPhase, LineLevel, MissionAlert, MissionStatus,
    ProcessRecord, ProcessState, Recovery,
};
use crs::domain::{Text, UtcMicros};
use crs::event::{
    Event, GuardPhase, GuardedVerb, MissionAnswer, MissionLines, MissionLink, MissionMode,
    MissionNews, MissionWhole,
};
use crs::tui::theme::Role;
use crs::tui::ui::{MissionPage, MissionUi, Pane, ProcessKey, Sort, Ui};

const SIZES: [(u16, u16); 4] = [(200, 60), (120, 40), (80, 24), (40, 12)];

impl Session {
    fn news(&mut self, news: MissionNews) -> &mut Self {
        self.put(Event::Mission(Box::new(news)))
    }

    fn daemon(&mut self, present: bool) -> &mut Self {
        let why = if present { "" } else { "it closed the connection" };
        self.news(MissionNews::Link(MissionLink {
            present,
            socket: Text::new("/run/crs/mission.sock"),
            since: self.at.utc,
            why: Text::new(why),
        }))
    }

    fn ago(&self, seconds: i64) -> UtcMicros {
        UtcMicros(self.at.utc.0 - seconds * 1_000_000)
    }
}

fn up(s: &Session, name: &str, pid: u32, seconds: i64, cpu: u32, mib: u64) -> ProcessRecord {
    ProcessRecord {
        name: Text::new(name),
        display_name: Text::new(name),
        pid: Some(pid),
        state: ProcessState::Running { ready: true },
        wanted: true,
        start_time: Some(s.ago(seconds)),
        cpu_centi: Some(cpu),
        memory: Some(mib << 20),
        files: Some(31),
        ..ProcessRecord::default()
    }
}

/// A mission in which something of everything goes on.
fn mixed(s: &Session) -> Vec<ProcessRecord> {
    let beast = |record: ProcessRecord| ProcessRecord { host: Text::new("BEAST"), ..record };
    let down = |name: &str, state| ProcessRecord {
        name: Text::new(name),
        display_name: Text::new(name),
        state,
        wanted: true,
        ..ProcessRecord::default()
    };
    vec![
        ProcessRecord {
            kept: true,
            display_name: Text::new("Redis store"),
            ..up(s, "redis", 4_101, 86_400 * 3, 120, 48)
        },
        up(s, "gateway", 4_120, 7_300, 1_520, 212),
        ProcessRecord {
            restart_count: 2,
            last_error: Text::new("exit status 3"),
            exit_code: Some(3),
            ..up(s, "engine", 28_811, 95, 9_870, 1_340)
        },
        down(
            "sentinel",
            ProcessState::Backoff {
                n: 3,
                until: UtcMicros(s.at.utc.0 + 7_400_000),
                why: Text::new("exit status 1"),
            },
        ),
        down("babysitter", ProcessState::Pending { waiting_on: Text::new("redis to be ready") }),
        beast(down(
            "Main",
            ProcessState::Unknown { since: s.ago(40), why: Text::new("ssh: no route to host") },
        )),
        beast(ProcessRecord {
            state: ProcessState::Unhealthy { why: Text::new("tcp 127.0.0.1:5558 refused") },
            ..up(s, "OCRProcess", 991, 610, 4_400, 890)
        }),
        ProcessRecord { wanted: false, ..down("GUIBackend", ProcessState::Stopped) },
    ]
}

fn alerts(s: &Session) -> Vec<MissionAlert> {
    let alert = |id, kind: &str, severity, process: &str, title: &str| MissionAlert {
        id,
        kind: Text::new(kind),
        severity,
        process: Text::new(process),
        title: Text::new(title),
        timestamp: s.ago(190),
        last: s.ago(12),
        count: 1,
        ..MissionAlert::default()
    };
    vec![
        MissionAlert {
            message: Text::new("OSError: [Errno 98] Address already in use: ('127.0.0.1', 5557)"),
            solution: Text::new("end who has port 5557 (crs mission zombies names it), then retry"),
            strategy: Recovery::Guided,
            actions: vec![Text::new("kill_port_and_retry")],
            count: 3,
            ..alert(4, "port-in-use", Gravity::High, "sentinel", "port in use")
        },
        MissionAlert {
            message: Text::new("resident memory grew by 41 % in 30 min"),
            solution: Text::new("look at what it keeps; restart it in a quiet hour"),
            actions: vec![Text::new("restart")],
            ..alert(5, "memory-growth", Gravity::Medium, "engine", "memory grows steadily")
        },
        MissionAlert {
            acknowledged: Text::new("ops@inf"),
            ..alert(2, "crash-loop", Gravity::Critical, "engine", "crash loop")
        },
    ]
}

fn lines(s: &mut Session) {
    let line = |n: u64, process: &str, level, message: &str| ConsoleLine {
        seq: n,
        process: Text::new(process),
        at: s.ago(40 - i64::try_from(n).unwrap()),
        level,
        stderr: level >= LineLevel::Error,
        message: Text::new(message),
        ..ConsoleLine::default()
    };
    let all = vec![
        line(1, "redis", LineLevel::Info, "Ready to accept connections tcp"),
        line(2, "gateway", LineLevel::Info, "commands at 127.0.0.1:5555, ticks at 127.0.0.1:5556"),
        line(3, "engine", LineLevel::Debug, "gate 1 open, strategy threshold"),
        line(4, "engine", LineLevel::Warn, "reconnecting to 127.0.0.1:5556 in 250 ms"),
        line(5, "sentinel", LineLevel::Error, "OSError: [Errno 98] Address already in use: 5557"),
        line(6, "sentinel", LineLevel::Critical, "can't go on, exit status 1"),
        line(7, "OCRProcess", LineLevel::Info, "frame 18231 read in 31 ms"),
    ];
    s.news(MissionNews::Lines(MissionLines { lines: all, missed: 1_204 }));
}

/// A daemon in `mode` with all of [`mixed`], and a launch that ended partial.
fn mission(mode: &str, live: bool) -> Session {
    let mut s = calm();
    s.daemon(true);
    let launch = Launch {
        id: 3,
        mode: Text::new(mode),
        by: Text::new("ops@inf over the socket"),
        began: s.ago(200),
        ended: Some(s.ago(140)),
        phase: LaunchPhase::Partial,
        notes: vec![Text::new("sentinel: 3 restarts, not ready within 60 s")],
    };
    let status = MissionStatus {
        mode: Text::new(mode),
        live,
        launch: Some(launch),
        processes: mixed(&s),
        hosts: vec![HostRecord {
            name: Text::new("BEAST"),
            reachable: Some(false),
            since: s.ago(40),
            why: Text::new("ssh: no route to host"),
        }],
        said: s.at.utc,
        ..MissionStatus::default()
    };
    let known = |name: &str, confirm: &str, live| MissionMode {
        name: Text::new(name),
        description: Text::new("everything against the paper gateway"),
        confirm: Text::new(confirm),
        live,
    };
    let modes = vec![known("LIVE", "LIVE 10000 25000", true), known("PAPER", "", false)];
    let whole = MissionWhole { status, alerts: alerts(&s), modes };
    s.news(MissionNews::Whole(Box::new(whole)));
    lines(&mut s);
    s.pass(400);
    s
}

fn on(page: MissionPage) -> Ui {
    let mission = MissionUi { followed: true, page, ..MissionUi::default() };
    Ui { focus: Pane::Processes, zoom: true, mission, ..Ui::default() }
}

fn shoot(name: &str, s: &Session, ui: &Ui) {
    for (width, height) in SIZES {
        let buffer = frame(&s.state, ui, &hints(), width, height);
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), picture(&buffer));
    }
}

#[test]
fn a_mission_with_something_of_everything() {
    let mut ui = on(MissionPage::Table);
    ui.mission.process = Some(Text::new("engine"));
    shoot("table", &mission("LIVE", true), &ui);
}

#[test]
fn it_has_its_place_among_the_others() {
    let ui = Ui { zoom: false, ..on(MissionPage::Table) };
    let s = mission("PAPER", false);
    for (width, height) in SIZES {
        let buffer = frame(&s.state, &ui, &hints(), width, height);
        insta::assert_snapshot!(format!("among_{width}x{height}"), picture(&buffer));
    }
}

#[test]
fn alerts_say_what_to_do_and_what_is_proposed() {
    shoot("alerts", &mission("PAPER", false), &on(MissionPage::Alerts));
}

#[test]
fn output_is_merged_and_can_be_cut_down() {
    let s = mission("PAPER", false);
    shoot("output", &s, &on(MissionPage::Output));
    let shown = |ui: &Ui| rows(&frame(&s.state, ui, &hints(), 120, 40)).join("\n");
    let mut ui = on(MissionPage::Output);
    ui.mission.level = LineLevel::Error;
    let all = shown(&ui);
    assert!(all.contains("can't go on") && !all.contains("reconnecting"), "{all}");
    assert!(all.contains("Processes: output, errors") && all.contains("1,204 left out"), "{all}");
    ui = on(MissionPage::Output);
    ui.mission.only = Some(Text::new("engine"));
    let all = shown(&ui);
    assert!(all.contains("reconnecting") && !all.contains("can't go on"), "{all}");
    assert!(all.contains("Processes: output, engine"), "{all}");
    ui = on(MissionPage::Output);
    ui.set_filter(Pane::Processes, "ADDRESS");
    let all = shown(&ui);
    assert!(all.contains("Errno 98") && !all.contains("frame 18231"), "{all}");
    assert!(all.contains("/ADDRESS 1 of 7"), "{all}");
}

#[test]
fn a_daemon_that_is_gone_leaves_old_records_and_then_none() {
    let mut s = mission("LIVE", true);
    s.daemon(false).pass(3_000);
    shoot("stale", &s, &on(MissionPage::Table));
    s.pass(15_000);
    shoot("gone", &s, &on(MissionPage::Table));
    for (width, height) in SIZES {
        let buffer = frame(&s.state, &on(MissionPage::Table), &hints(), width, height);
        let all = rows(&buffer).join("\n");
        assert!(all.contains(" LIVE? "), "{all}");
        // No number of a process, no state, nothing that could be believed.
        for lie in ["28811", "1.3G", "98.7%", "running  "] {
            assert!(!all.contains(lie), "{width}×{height} {lie}\n{all}");
        }
    }
    s.daemon(true).news(MissionNews::Heard { rtt_us: 90 });
    let all = rows(&frame(&s.state, &on(MissionPage::Table), &hints(), 120, 40)).join("\n");
    assert!(all.contains(" LIVE ") && all.contains("28811"), "{all}");
}

#[test]
fn a_daemon_that_never_came_is_said_with_the_next_step() {
    let mut s = calm();
    s.news(MissionNews::Link(MissionLink {
        why: Text::new("no socket /run/crs/mission.sock: is \"crs mission serve\" running?"),
        ..MissionLink::default()
    }));
    s.pass(8_000).put(Event::Beat);
    for (width, height) in SIZES {
        for page in [MissionPage::Table, MissionPage::Alerts, MissionPage::Output] {
            let all = rows(&frame(&s.state, &on(page), &hints(), width, height)).join("\n");
            assert!(all.contains("NOW: crs mission serve"), "{width}×{height}\n{all}");
        }
    }
    let mut list = s.state.alarms.list.iter();
    let alarm = list.find(|alarm| alarm.key.as_str() == "mission absent").unwrap();
    assert!(alarm.standing && alarm.advice.as_str().contains("crs mission serve"), "{alarm:?}");
    shoot("absent", &s, &on(MissionPage::Table));
}

#[test]
fn a_real_mode_can_not_be_mistaken() {
    for (mode, live, role) in [
        ("LIVE", true, Role::ModeLive),
        ("PROD", true, Role::ModeLive),
        ("LIVE", false, Role::ModeLive),
        ("PAPER", false, Role::ModePaper),
        ("SAFE_MODE", false, Role::TextStrong),
    ] {
        let s = mission(mode, live);
        for (width, height) in SIZES {
            let buffer = frame(&s.state, &on(MissionPage::Output), &hints(), width, height);
            let word = format!(" {mode} ");
            let all = rows(&buffer);
            let row = all.get(2).unwrap();
            let at = row.chars().collect::<Vec<_>>();
            let at = (0..at.len())
                .find(|at| row.chars().skip(*at).take(word.len()).collect::<String>() == word);
            let x = u16::try_from(at.unwrap_or_else(|| panic!("{row}"))).unwrap();
            assert_eq!(role_of(&buffer[(x + 1, 2)]), role, "{mode} {width}×{height}");
        }
    }
}

#[test]
fn an_answer_has_a_page_and_is_not_taken_for_another_ones() {
    let mut s = mission("PAPER", false);
    let mut ui = on(MissionPage::Answer);
    ui.mission.ask = Some(MissionAsk::Plan(Text::new("LIVE")));
    let shown = |s: &Session, ui: &Ui| rows(&frame(&s.state, ui, &hints(), 80, 24)).join("\n");
    assert!(shown(&s, &ui).contains("plan LIVE: no answer yet"));
    let lines = ["1 engage nothing", "2 stop sentinel, babysitter", "3 write settings of LIVE"];
    s.news(MissionNews::Answer(Box::new(MissionAnswer {
        ask: Text::new("plan LIVE"),
        ok: true,
        lines: lines.map(Text::new).to_vec(),
    })));
    shoot("answer", &s, &ui);
    ui.mission.ask = Some(MissionAsk::Audit);
    assert!(shown(&s, &ui).contains("audit: no answer yet"));
    let why = "breaker engaged: crs reset --reason TEXT";
    s.news(MissionNews::Answer(Box::new(MissionAnswer {
        ask: Text::new("audit"),
        ok: false,
        lines: vec![Text::new(why)],
    })));
    let all = shown(&s, &ui);
    assert!(all.contains("audit refused") && all.contains(why), "{all}");
}

#[test]
fn an_order_is_shown_before_it_is_given() {
    let mut s = mission("PAPER", false);
    let mut ui = on(MissionPage::Table);
    ui.mission.open = Some(MissionAsk::Stop(Text::new("engine")));
    s.guard(GuardedVerb::Mission, GuardPhase::Armed).pass(300);
    for (width, height) in SIZES {
        let all = rows(&frame(&s.state, &ui, &hints(), width, height)).join("\n");
        assert!(all.contains("stop engine"), "{width}×{height}\n{all}");
    }
    let buffer = frame(&s.state, &ui, &hints(), 80, 24);
    insta::assert_snapshot!("guard_80x24", picture(&buffer));
}

#[test]
fn rows_can_be_sorted_and_what_is_selected_stays_so() {
    let s = mission("PAPER", false);
    let mut ui = on(MissionPage::Table);
    let order = |ui: &Ui| {
        let all = crs::tui::view::processes::listed(&s.state, ui);
        all.iter().map(|row| row.value.name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(order(&ui)[..2], ["redis", "gateway"]);
    ui.mission.process = Some(Text::new("gateway"));
    ui.mission.sort = Sort { key: ProcessKey::State, reversed: false };
    assert_eq!(order(&ui)[..3], ["sentinel", "OCRProcess", "Main"]);
    ui.mission.sort = Sort { key: ProcessKey::Memory, reversed: false };
    assert_eq!(order(&ui)[..2], ["engine", "OCRProcess"]);
    let chosen = crs::tui::view::processes::selected(&s.state, &ui).unwrap();
    assert_eq!(chosen.name.as_str(), "gateway");
}

#[test]
fn changes_are_lines_of_the_log_and_grave_alerts_are_alarms() {
    let mut s = mission("LIVE", true);
    s.pass(2_000);
    let raised = s.state.alarms.list.iter().map(|alarm| alarm.key.as_str()).collect::<Vec<_>>();
    assert!(raised.contains(&"mission port-in-use sentinel"), "{raised:?}");
    let stopped = ProcessRecord {
        state: ProcessState::Failed { why: Text::new("5 restarts in 10 min") },
        ..mixed(&s).remove(3)
    };
    s.news(MissionNews::Process(Box::new(stopped)));
    let ui = Ui { focus: Pane::Log, zoom: true, ..Ui::default() };
    let all = rows(&frame(&s.state, &ui, &hints(), 120, 40)).join("\n");
    assert!(all.contains("sentinel failed: 5 restarts in 10 min"), "{all}");
    assert!(all.contains("alert 4, sentinel: port in use"), "{all}");
}

/// Without mission control nothing of it is on the screen.
#[test]
fn nobody_sees_it_who_does_not_follow_one() {
    let s = calm();
    for (width, height) in SIZES {
        let all = rows(&frame(&s.state, &Ui::default(), &hints(), width, height)).join("\n");
        assert!(!all.contains("Processes"), "{all}");
    }
}
