//! The emergency shutdown and the way back.

use super::*;
use crate::mission::order::SAFE_PHRASE;
use std::sync::atomic::Ordering::SeqCst;

fn safe(rig: &Rig) -> Answer {
    rig.give(&Order::Safe { confirm: SAFE_PHRASE.to_owned(), reason: "smoke".to_owned() })
}

fn notes(launch: &Launch) -> Vec<String> {
    launch.notes.iter().map(ToString::to_string).collect()
}

fn last(rig: &Rig) -> kept::Dump {
    kept::last_dump(&rig.dir.path().join("mission")).unwrap().unwrap().1
}

#[test]
fn every_step_is_done_and_told() {
    let rig = Rig::new();
    rig.enter("PAPER");
    let answer = rig.give(&Order::Safe { confirm: "yes".to_owned(), reason: String::new() });
    assert_eq!(kind(&answer), Some(Refusal::Confirmation));
    assert!(why(&answer).contains("closes every position"), "{}", why(&answer));
    assert!(rig.switch.asked.lock().unwrap().is_empty());
    let Answer::Launched(launch) = safe(&rig) else { panic!() };
    assert_eq!(launch.mode.as_str(), "SAFE_MODE");
    assert!(rig.switch.engaged.load(SeqCst), "engaged before it is answered");
    let launch = rig.ended();
    assert_eq!(launch.phase, LaunchPhase::Complete, "{launch:#?}");
    let told = notes(&launch);
    assert!(super::super::safe::proven(&launch.notes));
    for (n, begin) in [
        "the breaker is engaged: 01ENGAGE",
        "the settings of SAFE_MODE are in force",
        "kill path: VERIFIED: flat",
        "the state is in ",
        "everything that is not in the mode is down",
    ]
    .iter()
    .enumerate()
    {
        assert!(told[n].starts_with(begin), "{told:#?}");
    }
    assert_eq!(rig.names(), ["gateway", "feed"]);
    let dump = last(&rig);
    assert_eq!((dump.mode.as_str(), dump.wanted.len()), ("PAPER", 3));
    assert_eq!((dump.engage_id.as_str(), dump.reason.as_str()), ("01ENGAGE", "smoke"));
    assert_eq!(dump.positions.map(|claim| claim.open), Some(2));
    assert_eq!(dump.lines["engine"].as_str(), "logs/engine.log");
    assert_eq!(dump.settings.unwrap().mode, "PAPER");
    assert!(dump.processes.iter().any(|r| r.name.as_str() == "engine" && r.state.ready()));
    assert!(dump.kill.verified);
}

#[test]
fn a_step_that_fails_does_not_stop_the_next() {
    let rig = Rig::new();
    rig.enter("PAPER");
    rig.switch.broken.store(true, SeqCst);
    rig.switch.flat.store(false, SeqCst);
    rig.crew.never_down();
    let mission = rig.dir.path().join("mission");
    std::fs::create_dir(mission.join("settings.json.new")).unwrap();
    std::fs::write(mission.join("dumps"), "in the way").unwrap();
    safe(&rig);
    let launch = rig.ended();
    assert_eq!(launch.phase, LaunchPhase::Partial, "{launch:#?}");
    let told = notes(&launch);
    assert!(!super::super::safe::proven(&launch.notes));
    for (n, begin) in [
        "THE BREAKER COULD NOT BE ENGAGED: no space left",
        "the settings of SAFE_MODE could not be written",
        "kill path: NOT VERIFIED: no answer",
        "the state could not be dumped",
        "something still lives after",
    ]
    .iter()
    .enumerate()
    {
        assert!(told[n].starts_with(begin), "{told:#?}");
    }
    // Which of them comes first is a matter of threads: a kill latches too.
    let mut asked = rig.switch.asked.lock().unwrap().clone();
    asked.sort();
    assert!(asked[0].starts_with("engage") && asked[1].starts_with("kill"), "{asked:?}");
    assert_eq!(rig.names(), ["gateway", "feed"], "what trades was stopped all the same");
}

#[test]
fn nothing_comes_between_an_emergency_and_its_end() {
    let rig = Rig::new();
    rig.enter("PAPER");
    rig.switch.slow.store(true, SeqCst);
    let Answer::Launched(first) = safe(&rig) else { panic!() };
    let Answer::Launched(second) = safe(&rig) else { panic!() };
    assert_eq!(first.id, second.id, "two orders are one shutdown");
    for order in [
        Order::Launch { mode: "PAPER".to_owned(), confirm: String::new() },
        Order::Down,
        Order::Restore { confirm: "RESTORE PAPER".to_owned() },
    ] {
        assert_eq!(kind(&rig.give(&order)), Some(Refusal::Conflict), "{order:?}");
    }
    // A daemon that dies now comes back in SAFE_MODE.
    let begun = Instant::now();
    let told = |rig: &Rig| rig.launcher.mode().launch.is_some_and(|l| l.notes.len() > 1);
    while !told(&rig) {
        assert!(begun.elapsed() < Duration::from_mins(1));
        std::thread::sleep(Duration::from_millis(1));
    }
    let state = kept::in_force(&rig.dir.path().join("mission")).unwrap().unwrap();
    assert_eq!(state.mode, "SAFE_MODE");
    rig.switch.slow.store(false, SeqCst);
    assert_eq!(rig.ended().phase, LaunchPhase::Complete);
    let kills = rig.switch.asked.lock().unwrap().iter().filter(|a| a.starts_with("kill")).count();
    assert_eq!(kills, 2, "who asks twice means it: the kill goes out once more");
}

#[test]
fn a_mission_without_an_emergency_mode_stops_everything() {
    let text = "[process.a]\ncmd=['x']\n[mode.M]\nprocesses=['a']\n";
    let mission = Arc::new(file::parse("m", text).unwrap());
    let rig = Rig::over(Arc::new(tempfile::tempdir().unwrap()), mission);
    rig.enter("M");
    safe(&rig);
    assert_eq!(rig.ended().phase, LaunchPhase::Partial);
    assert!(rig.names().is_empty() && rig.launcher.mode().name.is_empty());
    assert!(rig.switch.engaged.load(SeqCst));
}

#[test]
fn a_restore_starts_one_after_the_other_and_clears_nothing() {
    let rig = Rig::new();
    let restore = |confirm: &str| rig.give(&Order::Restore { confirm: confirm.to_owned() });
    assert_eq!(kind(&restore("RESTORE PAPER")), Some(Refusal::Conflict), "no dump");
    rig.enter("PAPER");
    safe(&rig);
    rig.ended();
    assert_eq!(rig.launcher.restore_phrase().as_deref(), Some("RESTORE PAPER"));
    let asked = restore("RESTORE");
    assert_eq!(kind(&asked), Some(Refusal::Confirmation));
    // Who types it knows that nothing trades, and what leads back.
    assert!(why(&asked).contains("no order passes"), "{}", why(&asked));
    assert!(why(&asked).contains("crs reset"), "{}", why(&asked));
    let before = rig.crew.wanted().len();
    assert!(matches!(restore("RESTORE PAPER"), Answer::Launched(_)));
    let launch = rig.ended();
    assert_eq!(launch.phase, LaunchPhase::Complete, "{launch:#?}");
    assert!(rig.switch.engaged.load(SeqCst), "the switch is as it was");
    let told = notes(&launch);
    assert!(
        told.iter().any(|note| note == "no order passes: the kill switch: crs reset"),
        "{told:#?}"
    );
    assert!(told.iter().any(|note| note == "2 of 3: engine is ready"), "{told:#?}");
    let steps: Vec<usize> =
        rig.crew.wanted().iter().skip(before).map(|(names, _)| names.len()).collect();
    assert_eq!(steps, [1, 2, 3], "one more each time");
}

#[test]
fn real_money_is_not_restored_under_an_engaged_switch() {
    let rig = Rig::new();
    rig.enter("LIVE");
    safe(&rig);
    rig.ended();
    let restore = || rig.give(&Order::Restore { confirm: format!("RESTORE {LIVE}") });
    assert_eq!(kind(&restore()), Some(Refusal::Requirement));
    assert_eq!(rig.names(), ["feed"]);
    rig.switch.engaged.store(false, SeqCst);
    assert!(matches!(restore(), Answer::Launched(_)));
    assert_eq!(rig.ended().phase, LaunchPhase::Complete);
    assert!(rig.launcher.mode().live);
}

#[test]
fn what_does_not_come_back_is_told_and_the_rest_is_tried() {
    let rig = Rig::new();
    rig.enter("PAPER");
    safe(&rig);
    rig.ended();
    rig.crew.fails("engine", "no symbols");
    let phrase = rig.launcher.restore_phrase().unwrap();
    let _ = rig.give(&Order::Restore { confirm: phrase });
    let launch = rig.ended();
    assert_eq!(launch.phase, LaunchPhase::Partial, "{launch:#?}");
    assert!(notes(&launch).iter().any(|note| note.contains("engine is NOT ready")));
    assert_eq!(rig.names(), ["gateway", "sentinel"]);
}

#[test]
fn only_the_last_dumps_are_kept_whatever_the_clock_says() {
    let dir = tempfile::tempdir().unwrap();
    // The clock goes backwards; one dump is older than the numbering.
    let dumps = dir.path().join(kept::DUMPS);
    std::fs::create_dir(&dumps).unwrap();
    std::fs::write(dumps.join("00001893456000000000.json"), "{}").unwrap();
    std::fs::write(dumps.join("notes.json"), "not ours").unwrap();
    for n in 0..60 {
        let dump = kept::Dump { at: UtcMicros(60 - n), ..kept::Dump::default() };
        let path = kept::dump(dir.path(), &dump).unwrap();
        let last = kept::last_dump(dir.path()).unwrap().unwrap();
        assert_eq!((last.0, last.1.at), (path, UtcMicros(60 - n)));
    }
    assert_eq!(std::fs::read_dir(&dumps).unwrap().count(), 50 + 1);
}
