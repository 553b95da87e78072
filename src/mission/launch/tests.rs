//! The launcher over a small crew of its own: threads, files and the order of
//! things are real, processes are not.

mod crew;
mod cut;
mod emergencies;
mod pairs;
mod single;

use super::*;
use crate::domain::UtcMicros;
use crate::mission::file;
use crate::mission::parts::Modes;
use crate::mission::ports::{Figures, KillEnd};
use crew::FakeCrew;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// A switch that remembers what was asked of it.
#[derive(Default)]
pub struct FakeSwitch {
    pub engaged: AtomicBool,
    pub armed: AtomicBool,
    pub broken: AtomicBool,
    pub flat: AtomicBool,
    pub asked: Mutex<Vec<String>>,
    /// The kill waits until this is set.
    pub slow: AtomicBool,
}

impl Switch for FakeSwitch {
    fn engaged(&self) -> Option<Text> {
        self.engaged.load(Ordering::SeqCst).then(|| Text::new("engaged"))
    }

    fn refusing(&self) -> Vec<Text> {
        let engaged = self.engaged.load(Ordering::SeqCst);
        engaged.then(|| Text::new("the kill switch: crs reset")).into_iter().collect()
    }

    fn engage(&self, reason: &str) -> Result<Text, Text> {
        self.asked.lock().unwrap().push(format!("engage: {reason}"));
        if self.broken.load(Ordering::SeqCst) {
            return Err(Text::new("no space left"));
        }
        self.engaged.store(true, Ordering::SeqCst);
        Ok(Text::new("01ENGAGE"))
    }

    fn kill(&self, reason: &str, _: u64) -> KillEnd {
        self.asked.lock().unwrap().push(format!("kill: {reason}"));
        while self.slow.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(1));
        }
        let verified = self.flat.load(Ordering::SeqCst);
        KillEnd { verified, said: Text::new(if verified { "flat" } else { "no answer" }) }
    }

    fn not_armed(&self) -> Option<Text> {
        (!self.armed.load(Ordering::SeqCst)).then(|| Text::new("no account is armed"))
    }

    fn figures(&self) -> Option<Figures> {
        Some(Figures { positions: 2, profit: -5, exposure: 7, at: UtcMicros(9), orders: None })
    }
}

/// Who hears, and keeps it.
#[derive(Default)]
pub struct Heard(pub Mutex<Vec<Launch>>, pub Mutex<Vec<(String, bool)>>);

impl Hears for Heard {
    fn hear(&self, told: Told) {
        match told {
            Told::Launch(launch) => self.0.lock().unwrap().push((*launch).clone()),
            Told::Mode { name, live } => self.1.lock().unwrap().push((name.to_string(), live)),
            _ => {}
        }
    }
}

pub struct Rig {
    pub dir: Arc<tempfile::TempDir>,
    pub mission: Arc<Mission>,
    pub crew: Arc<FakeCrew>,
    pub switch: Arc<FakeSwitch>,
    pub heard: Arc<Heard>,
    pub launcher: Launcher,
}

pub const LIVE: &str = "LIVE 10000 25000";

impl Rig {
    pub fn new() -> Self {
        Self::over(Arc::new(tempfile::tempdir().unwrap()), Arc::new(file::load(None).unwrap()))
    }

    pub fn over(dir: Arc<tempfile::TempDir>, mission: Arc<Mission>) -> Self {
        // REPLAY requires what it replays.
        std::fs::create_dir_all(dir.path().join("mission")).unwrap();
        std::fs::write(dir.path().join("mission/replay.csv"), "timestamp\n").unwrap();
        let crew = Arc::new(FakeCrew::new(&mission));
        let switch = Arc::new(FakeSwitch::default());
        switch.armed.store(true, Ordering::SeqCst);
        switch.flat.store(true, Ordering::SeqCst);
        Self::with(dir, mission, crew, switch)
    }

    /// Another daemon over the same directory, crew and switch.
    pub fn again(&self) -> Self {
        let (crew, switch) = (Arc::clone(&self.crew), Arc::clone(&self.switch));
        Self::with(Arc::clone(&self.dir), Arc::clone(&self.mission), crew, switch)
    }

    fn with(
        dir: Arc<tempfile::TempDir>,
        mission: Arc<Mission>,
        crew: Arc<FakeCrew>,
        switch: Arc<FakeSwitch>,
    ) -> Self {
        let heard = Arc::new(Heard::default());
        let launcher = Launcher::new(Parts {
            mission: Arc::clone(&mission),
            dir: dir.path().join("mission"),
            crew: Arc::<FakeCrew>::clone(&crew),
            switch: Arc::<FakeSwitch>::clone(&switch),
            hears: Arc::<Heard>::clone(&heard),
            lines: Some(Arc::new(|name| Text::new(&format!("logs/{name}.log")))),
            patience: Patience {
                launch: Duration::from_secs(20),
                each: Duration::from_secs(20),
                down: Duration::from_secs(20),
                kill_s: 1,
                look: Duration::from_millis(1),
            },
        });
        let launcher = launcher.unwrap();
        Self { dir, mission, crew, switch, heard, launcher }
    }

    pub fn give(&self, order: &Order) -> Answer {
        self.launcher.order(order, &By::new("tester"))
    }

    pub fn launch(&self, mode: &str, confirm: &str) -> Answer {
        self.give(&Order::Launch { mode: mode.to_owned(), confirm: confirm.to_owned() })
    }

    /// Waits for the end of the last launch.
    pub fn ended(&self) -> Launch {
        let begun = Instant::now();
        loop {
            let launch = self.launcher.mode().launch.unwrap();
            let safe = self.launcher.shared.state().emergency != Emergency::No;
            if launch.phase != LaunchPhase::Running && !safe {
                return launch;
            }
            assert!(begun.elapsed() < Duration::from_mins(1), "{launch:#?}");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Launches and waits for the end.
    pub fn enter(&self, mode: &str) -> Launch {
        let answer = self.launch(mode, if mode == "LIVE" { LIVE } else { "" });
        assert!(matches!(answer, Answer::Launched(_)), "{mode}: {answer:?}");
        self.ended()
    }

    pub fn settings(&self) -> Vec<u8> {
        std::fs::read(self.dir.path().join("mission/settings.json")).unwrap_or_default()
    }

    pub fn names(&self) -> Vec<String> {
        self.crew.living()
    }
}

pub fn kind(answer: &Answer) -> Option<Refusal> {
    match answer {
        Answer::Refused { kind, .. } => Some(*kind),
        _ => None,
    }
}

pub fn why(answer: &Answer) -> String {
    match answer {
        Answer::Refused { why, .. } => why.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_launch_completes_when_everything_is_ready() {
    let rig = Rig::new();
    let answer = rig.launch("PAPER", "");
    let Answer::Launched(launch) = answer else { panic!("{answer:?}") };
    assert_eq!((launch.id, launch.mode.as_str(), launch.by.as_str()), (1, "PAPER", "tester"));
    assert_eq!(rig.ended().phase, LaunchPhase::Complete);
    assert_eq!(rig.names(), ["gateway", "engine", "sentinel"]);
    let mode = rig.launcher.mode();
    assert_eq!((mode.name.as_str(), mode.live), ("PAPER", false));
    let heard = rig.heard.0.lock().unwrap();
    assert_eq!(heard.last().unwrap().phase, LaunchPhase::Complete);
    assert!(heard.iter().all(|launch| launch.id == 1));
}

#[test]
fn a_launch_ends_partial_and_says_why() {
    let rig = Rig::new();
    rig.crew.fails("sentinel", "no token");
    let launch = rig.enter("PAPER");
    assert_eq!(launch.phase, LaunchPhase::Partial);
    assert_eq!(launch.notes, [Text::new("sentinel: failed: no token")]);
    rig.crew.fails("gateway", "port 5555 is held by 77");
    let launch = rig.enter("TANK_SEALED");
    // What depends on the gateway is skipped: nothing of the mode runs.
    assert_eq!(launch.phase, LaunchPhase::Failed, "{launch:?}");
    assert_eq!(launch.notes.len(), 2, "{:?}", launch.notes);
}

#[test]
fn what_is_not_ready_in_time_is_named() {
    let mut rig = Rig::new();
    rig.crew.hangs("engine");
    let shared = Arc::get_mut(&mut rig.launcher.shared).unwrap();
    shared.patience.launch = Duration::from_millis(200);
    let launch = rig.enter("PAPER");
    assert_eq!(launch.phase, LaunchPhase::Partial);
    let notes: Vec<&str> = launch.notes.iter().map(Text::as_str).collect();
    assert_eq!(notes, ["engine: starting", "not ready after 0 s"]);
}

#[test]
fn a_job_that_ended_well_is_no_failure() {
    let rig = Rig::new();
    rig.crew.ends("engine-replay", 0);
    assert_eq!(rig.enter("REPLAY").phase, LaunchPhase::Complete);
    let rig = Rig::new();
    rig.crew.ends("engine-replay", 1);
    assert_eq!(rig.enter("REPLAY").phase, LaunchPhase::Failed);
}

#[test]
fn what_is_refused_changes_nothing() {
    let rig = Rig::new();
    rig.enter("PAPER");
    let (settings, living, launch) = (rig.settings(), rig.names(), rig.launcher.mode());
    let unknown = rig.launch("PAPR", "");
    assert_eq!(kind(&unknown), Some(Refusal::Unknown));
    assert!(why(&unknown).contains("did you mean \"PAPER\"?"), "{}", why(&unknown));
    for typed in ["", "live 10000 25000", "LIVE 10000 25000 ", "LIVE"] {
        let answer = rig.launch("LIVE", typed);
        assert_eq!(kind(&answer), Some(Refusal::Confirmation), "{typed:?}");
        assert!(why(&answer).contains(LIVE));
    }
    rig.switch.armed.store(false, Ordering::SeqCst);
    assert_eq!(kind(&rig.launch("LIVE", LIVE)), Some(Refusal::Requirement));
    rig.switch.armed.store(true, Ordering::SeqCst);
    rig.switch.engaged.store(true, Ordering::SeqCst);
    assert_eq!(kind(&rig.launch("LIVE", LIVE)), Some(Refusal::Requirement));
    assert_eq!(kind(&rig.give(&Order::Reload)), Some(Refusal::Invalid));
    assert_eq!((rig.settings(), rig.names(), rig.launcher.mode()), (settings, living, launch));
    assert_eq!(rig.switch.asked.lock().unwrap().len(), 0);
    let refused = rig.heard.0.lock().unwrap().last().cloned().unwrap();
    assert_eq!((refused.phase, refused.mode.as_str()), (LaunchPhase::Refused, "LIVE"));
}

/// Before anything is stopped for it.
#[test]
fn a_file_that_is_missing_refuses_the_launch_and_stops_nothing() {
    let rig = Rig::new();
    rig.enter("PAPER");
    std::fs::remove_file(rig.dir.path().join("mission/replay.csv")).unwrap();
    let answer = rig.launch("REPLAY", "");
    assert_eq!(kind(&answer), Some(Refusal::Requirement), "{answer:?}");
    assert!(why(&answer).contains("replay.csv for engine-replay: it is not there"), "{answer:?}");
    assert_eq!(rig.names(), ["gateway", "engine", "sentinel"]);
    assert_eq!(rig.launcher.mode().name.as_str(), "PAPER");
}

#[test]
fn the_latest_intent_wins() {
    let rig = Rig::new();
    rig.crew.hangs("engine");
    let Answer::Launched(first) = rig.launch("PAPER", "") else { panic!() };
    assert_eq!(rig.enter("TANK_SEALED").phase, LaunchPhase::Complete);
    assert_eq!(rig.names(), ["gateway", "engine-tank"]);
    let heard = rig.heard.0.lock().unwrap();
    let of_first: Vec<_> = heard.iter().filter(|launch| launch.id == first.id).collect();
    assert_eq!(of_first.last().unwrap().phase, LaunchPhase::Superseded);
    assert!(of_first.last().unwrap().ended.is_some());
}

#[test]
fn down_leaves_no_mode_and_no_settings() {
    let rig = Rig::new();
    rig.enter("PAPER");
    assert_eq!(rig.give(&Order::Down), Answer::Accepted);
    assert!(rig.names().is_empty() && rig.settings().is_empty());
    assert!(rig.launcher.mode().name.is_empty());
    let again = rig.again();
    assert_eq!(again.launcher.resume(), []);
    assert!(again.names().is_empty());
}

#[test]
fn settings_that_cant_be_written_start_nothing() {
    let rig = Rig::new();
    std::fs::create_dir(rig.dir.path().join("mission/settings.json.new")).unwrap();
    let answer = rig.launch("PAPER", "");
    assert_eq!(kind(&answer), Some(Refusal::Failed));
    assert!(why(&answer).contains("could not be written"), "{}", why(&answer));
    assert!(rig.names().is_empty() && rig.launcher.mode().name.is_empty());
    // What stops things goes on without them.
    let launch = rig.enter("SAFE_MODE");
    assert_eq!(launch.phase, LaunchPhase::Partial, "{launch:?}");
    assert!(rig.switch.engaged.load(Ordering::SeqCst));
    assert_eq!(rig.names(), ["feed"]);
}

#[test]
fn the_api_is_told_every_mode_and_plan() {
    let rig = Rig::new();
    let modes = Modes::modes(&rig.launcher);
    assert_eq!(modes.len(), 6);
    assert_eq!((modes[0].live, modes[0].confirm.as_str()), (true, LIVE));
    assert!(modes[5].engage && modes[5].settings.contains_key("replay_mode"));
    rig.switch.engaged.store(true, Ordering::SeqCst);
    let plan = Modes::plan(&rig.launcher, "LIVE").unwrap();
    assert_eq!(plan.confirm.as_str(), LIVE);
    assert_eq!(plan.refused, [Text::new("kill switch clear: engaged")]);
    assert!(plan.steps.iter().any(|step| step.as_str().contains("engine-live")), "{plan:?}");
    assert_eq!(Modes::plan(&rig.launcher, "LIV").unwrap_err().0, Refusal::Unknown);
}

#[test]
fn what_a_mode_does_not_run_and_still_lives_is_told() {
    let rig = Rig::new();
    rig.enter("PAPER");
    rig.crew.lost("engine");
    let launch = rig.enter("TANK_SEALED");
    assert_eq!(launch.phase, LaunchPhase::Partial);
    assert!(launch.notes[0].as_str().starts_with("engine is not in the mode: unknown"));
}

#[test]
fn a_launch_is_not_complete_before_everybody_has_taken_the_order() {
    let rig = Rig::new();
    rig.enter("PAPER");
    // All records say ready, and one of them is of the time before.
    rig.crew.are_busy(&["engine"]);
    assert!(matches!(rig.launch("PAPER", ""), Answer::Launched(_)));
    let begun = Instant::now();
    let notes = loop {
        let launch = rig.launcher.mode().launch.unwrap();
        assert_eq!(launch.phase, LaunchPhase::Running, "{launch:?}");
        if !launch.notes.is_empty() {
            break launch.notes;
        }
        assert!(begun.elapsed() < Duration::from_mins(1), "it says what it waits for");
        std::thread::sleep(Duration::from_millis(1));
    };
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(notes[0].as_str().starts_with("engine: pending, it has not taken"), "{notes:?}");
    rig.crew.are_busy(&[]);
    assert_eq!(rig.ended().phase, LaunchPhase::Complete);
    // One that is to end, and has not heard it.
    rig.crew.are_busy(&["sentinel"]);
    assert!(matches!(rig.launch("TANK_SEALED", ""), Answer::Launched(_)));
    std::thread::sleep(Duration::from_millis(50));
    let launch = rig.launcher.mode().launch.unwrap();
    assert_eq!(launch.phase, LaunchPhase::Running, "{launch:?}");
    rig.crew.are_busy(&[]);
    assert_eq!(rig.ended().phase, LaunchPhase::Complete);
}
