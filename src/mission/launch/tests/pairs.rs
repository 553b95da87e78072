//! From every mode into every other one, and what a daemon's restart makes of
//! the mode in force.

use super::*;
use crate::mission::modes::Document;
use std::sync::atomic::Ordering::SeqCst;

#[test]
fn all_thirty_pairs_end_as_if_there_had_been_nothing_before() {
    let names = ["LIVE", "TANK_SEALED", "TANK_BROADCASTING", "REPLAY", "PAPER", "SAFE_MODE"];
    for to in names {
        let alone = Rig::new();
        alone.enter(to);
        for from in names.into_iter().filter(|from| *from != to) {
            let rig = Rig::new();
            assert_eq!(rig.enter(from).phase, LaunchPhase::Complete, "{from}");
            if (from, to) == ("SAFE_MODE", "LIVE") {
                let answer = rig.launch(to, LIVE);
                assert_eq!(kind(&answer), Some(Refusal::Requirement), "{answer:?}");
                assert_eq!(rig.launcher.mode().name.as_str(), "SAFE_MODE");
                // Somebody resets the switch; no order of the launcher does.
                rig.switch.engaged.store(false, SeqCst);
            }
            assert_eq!(rig.enter(to).phase, LaunchPhase::Complete, "{from} then {to}");
            assert_eq!(rig.settings(), alone.settings(), "{from} then {to}");
            let mut expected = alone.names();
            if to == "SAFE_MODE" && rig.names().contains(&"gateway".to_owned()) {
                // It goes on where it ran.
                let ran = rig.mission.mode(from).unwrap().processes.contains(&"gateway".to_owned());
                assert!(ran, "{from} then {to}");
                expected.insert(0, "gateway".to_owned());
            }
            assert_eq!(rig.names(), expected, "{from} then {to}");
            let (_, vars) = rig.crew.wanted().pop().unwrap();
            let (_, vars_alone) = alone.crew.wanted().pop().unwrap();
            assert_eq!((vars.flags, vars.mode), (vars_alone.flags, vars_alone.mode));
            let engages = rig.switch.asked.lock().unwrap().len();
            assert_eq!(engages, usize::from(to == "SAFE_MODE" || from == "SAFE_MODE"));
        }
    }
}

/// Orders in a row, by a seed; after each, what is on the disk, what the crew
/// was told and what the launcher says are one and the same mode.
#[test]
fn seeded_orders_never_leave_two_modes() {
    let names = ["LIVE", "TANK_SEALED", "TANK_BROADCASTING", "REPLAY", "PAPER", "SAFE_MODE"];
    for seed in 1..=60_u64 {
        let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut below = |end: u64| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            usize::try_from((random >> 11) % end).unwrap()
        };
        let mut rig = Rig::new();
        rig.crew.lags(u32::try_from(below(3)).unwrap());
        for step in 0..12 {
            match below(10) {
                0 => {
                    rig.give(&Order::Down);
                }
                1 => rig.switch.engaged.store(false, SeqCst),
                2 => rig.switch.engaged.store(true, SeqCst),
                3 => {
                    // The daemon dies, and its children with it or not.
                    rig.launcher.close();
                    if below(2) == 0 {
                        rig.crew.dies();
                    }
                    rig = rig.again();
                    let _ = rig.launcher.resume();
                }
                _ => {
                    let mode = names[below(6)];
                    let engaged = rig.switch.engaged.load(SeqCst);
                    let answer = rig.launch(mode, if below(4) == 0 { "" } else { LIVE });
                    let accepted = matches!(answer, Answer::Launched(_));
                    assert!(!(accepted && mode == "LIVE" && engaged), "seed {seed} step {step}");
                    if below(2) == 0 && accepted {
                        assert_eq!(rig.ended().phase, LaunchPhase::Complete, "seed {seed}");
                    }
                }
            }
            let mode = rig.launcher.mode();
            let spec = rig.mission.mode(mode.name.as_str());
            let bytes = spec.map(|spec| Document::of(&rig.mission, spec).bytes().unwrap());
            assert_eq!(rig.settings(), bytes.unwrap_or_default(), "seed {seed} step {step}");
            if let Some((wanted, vars)) = rig.crew.wanted().pop() {
                let runs = |name: &String| {
                    spec.is_some_and(|s| s.processes.contains(name) || s.keeps.contains(name))
                };
                assert!(wanted.iter().all(runs), "seed {seed} step {step}: {wanted:?}");
                assert_eq!(vars.mode, mode.name.as_str(), "seed {seed} step {step}");
            }
        }
    }
}

#[test]
fn a_restart_takes_the_mode_up_again() {
    let rig = Rig::new();
    rig.enter("PAPER");
    rig.crew.dies();
    let again = rig.again();
    assert_eq!(again.launcher.mode().name.as_str(), "PAPER");
    assert!(again.names().is_empty());
    assert_eq!(again.launcher.resume(), [Text::new("mode PAPER is taken up again")]);
    assert_eq!(again.ended().phase, LaunchPhase::Complete);
    assert_eq!(again.names(), ["gateway", "engine", "sentinel"]);
}

#[test]
fn a_restart_starts_no_real_money_under_an_engaged_switch() {
    let rig = Rig::new();
    rig.enter("LIVE");
    assert!(rig.launcher.mode().live);
    rig.switch.engaged.store(true, SeqCst);
    // What lives goes on: its own gate is closed.
    let kept = rig.again();
    assert!(kept.launcher.resume()[0].as_str().contains("kill switch clear: engaged"));
    assert_eq!(kept.names(), ["engine-live", "sentinel-live"]);
    // What died is not started.
    rig.crew.dies();
    let again = rig.again();
    let _ = again.launcher.resume();
    assert!(again.names().is_empty());
    assert_eq!(again.launcher.mode().launch.unwrap().phase, LaunchPhase::Partial);
    assert!(again.switch.engaged.load(SeqCst), "nothing clears it");
    rig.switch.engaged.store(false, SeqCst);
    let _ = rig.again().launcher.resume();
    assert_eq!(rig.names(), ["engine-live", "sentinel-live"]);
}

#[test]
fn what_was_confirmed_is_not_changed_by_a_file() {
    let rig = Rig::new();
    rig.enter("LIVE");
    let text = file::EMBEDDED.replace("[settings]\n", "[settings]\nrisk_max_position_size = 99\n");
    let other = Arc::new(file::parse("m", &text).unwrap());
    let said = rig.launcher.reload(&other);
    assert!(said[0].as_str().contains("launch it again"), "{said:?}");
    let settings = String::from_utf8(rig.settings()).unwrap();
    assert!(settings.contains("\"risk_max_position_size\": 10000"), "{settings}");
    rig.crew.dies();
    let crew = Arc::clone(&rig.crew);
    let again = Rig::with(Arc::clone(&rig.dir), Arc::clone(&other), crew, Arc::clone(&rig.switch));
    assert!(again.launcher.resume()[0].as_str().contains("other settings than were confirmed"));
    assert!(again.names().is_empty());
    // One that nobody confirmed is launched anew.
    rig.enter("PAPER");
    let said = rig.launcher.reload(&rig.mission.clone());
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        String::from_utf8(rig.settings()).unwrap().contains("\"risk_max_position_size\": 10000")
    );
}

#[test]
fn a_state_that_cant_be_read_is_told_and_starts_nothing() {
    let rig = Rig::new();
    rig.enter("PAPER");
    rig.crew.dies();
    for text in ["{", "{\"v\":2,\"mode\":\"PAPER\",\"wanted\":[],\"by\":\"\",\"at\":0}"] {
        std::fs::write(rig.dir.path().join("mission/mode.json"), text).unwrap();
        let again = rig.again();
        let said = again.launcher.resume();
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(again.names().is_empty() && again.launcher.mode().name.is_empty());
    }
}
