//! What must hold before one process is started by itself.

use super::*;
use crate::mission::order::SAFE_PHRASE;
use std::sync::atomic::Ordering::SeqCst;

fn against(rig: &Rig) -> Option<(Refusal, String)> {
    rig.launcher.against_single().map(|(kind, why)| (kind, why.to_string()))
}

fn requirement(rig: &Rig, says: &str) {
    let (kind, why) = against(rig).unwrap();
    assert!(kind == Refusal::Requirement && why.contains(says), "{kind:?} {why}");
}

#[test]
fn real_money_is_judged_again_for_every_single_start() {
    let rig = Rig::new();
    assert_eq!(against(&rig), None);
    rig.enter("PAPER");
    rig.switch.engaged.store(true, SeqCst);
    assert_eq!(against(&rig), None, "nothing of it trades real money");
    rig.switch.engaged.store(false, SeqCst);
    rig.enter("LIVE");
    assert_eq!(against(&rig), None);
    rig.switch.engaged.store(true, SeqCst);
    requirement(&rig, "kill switch clear");
    rig.switch.engaged.store(false, SeqCst);
    rig.switch.armed.store(false, SeqCst);
    requirement(&rig, "an account armed");
}

#[test]
fn a_mode_that_was_only_found_is_no_launch() {
    let rig = Rig::new();
    rig.enter("LIVE");
    rig.crew.dies();
    rig.switch.engaged.store(true, SeqCst);
    let again = rig.again();
    assert!(again.launcher.resume()[0].as_str().contains("nothing is started"));
    rig.switch.engaged.store(false, SeqCst);
    // All that it requires holds by now, and nobody has typed anything.
    requirement(&again, "was not launched since");
    again.enter("LIVE");
    assert_eq!(against(&again), None);
}

#[test]
fn a_file_neither_hides_nor_begins_real_money() {
    let rig = Rig::new();
    rig.enter("LIVE");
    let mut tame = (*rig.mission).clone();
    let calm = |mode: &mut ModeSpec| {
        mode.settings.clear();
        mode.confirm.clear();
    };
    tame.modes.iter_mut().filter(|mode| mode.name == "LIVE").for_each(calm);
    let told = rig.crew.wanted().len();
    let said = rig.launcher.reload(&Arc::new(tame.clone()));
    assert!(said[0].as_str().contains("launch it again"), "{said:?}");
    tame.modes.retain(|mode| mode.name != "LIVE");
    let _ = rig.launcher.reload(&Arc::new(tame));
    assert!(rig.launcher.is_live() && rig.launcher.mode().live, "what runs trades real money");
    requirement(&rig, "not in the mission any more");
    assert_eq!(rig.crew.wanted().len(), told);
    // Nor does the status say so, and the next daemon says it at once.
    let says = |rig: &Rig| rig.heard.1.lock().unwrap().last().cloned();
    assert_eq!(says(&rig), Some((String::from("LIVE"), true)));
    let next = rig.again();
    let _ = next.launcher.resume();
    assert_eq!(says(&next), Some((String::from("LIVE"), true)));
    assert_eq!(next.give(&Order::Down), Answer::Accepted);
    assert_eq!(says(&next), Some((String::new(), false)));

    let rig = Rig::new();
    rig.enter("PAPER");
    let mut wild = (*rig.mission).clone();
    let live = wild.mode("LIVE").unwrap().settings.clone();
    for mode in wild.modes.iter_mut().filter(|mode| mode.name == "PAPER") {
        mode.settings = live.clone();
    }
    let said = rig.launcher.reload(&Arc::new(wild.clone()));
    assert!(said[0].as_str().contains("launch it again"), "{said:?}");
    assert!(!rig.launcher.mode().live);
    // Nor does the next daemon.
    rig.crew.dies();
    let next = Rig::over(Arc::clone(&rig.dir), Arc::new(wild));
    assert!(next.launcher.resume()[0].as_str().contains("other settings"));
    assert!(!next.launcher.mode().live && next.names().is_empty());
}

#[test]
fn an_emergency_takes_no_other_order_but_a_stop() {
    let rig = Rig::new();
    rig.enter("PAPER");
    rig.switch.slow.store(true, SeqCst);
    let _ = rig.give(&Order::Safe { confirm: SAFE_PHRASE.to_owned(), reason: String::new() });
    let process = || String::from("engine");
    let kind = |order: &Order| rig.launcher.against(order).map(|(kind, _)| kind);
    for order in [
        Order::Start { process: process() },
        Order::Restart { process: process() },
        Order::Reload,
        Order::Act { alert: 1, action: String::from("restart"), confirm: String::new() },
    ] {
        assert_eq!(kind(&order), Some(Refusal::Conflict), "{order:?}");
    }
    assert_eq!(against(&rig).map(|(kind, _)| kind), Some(Refusal::Conflict));
    assert_eq!(kind(&Order::Stop { process: process(), dependants: true }), None);
    rig.switch.slow.store(false, SeqCst);
    rig.ended();
    assert_eq!(kind(&Order::Start { process: process() }), None);
}

#[test]
fn real_money_needs_an_armed_account_whatever_its_mode_requires() {
    let mut bare = (*Rig::new().mission).clone();
    bare.modes.iter_mut().for_each(|mode| mode.require.clear());
    let rig = Rig::over(Arc::new(tempfile::tempdir().unwrap()), Arc::new(bare));
    rig.switch.armed.store(false, SeqCst);
    assert_eq!(kind(&rig.launch("LIVE", LIVE)), Some(Refusal::Requirement));
    rig.switch.armed.store(true, SeqCst);
    assert_eq!(rig.enter("LIVE").phase, LaunchPhase::Complete);
}
