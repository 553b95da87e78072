//! An emergency shutdown whose daemon ends, is told to or not.

use super::*;
use crate::mission::order::SAFE_PHRASE;
use std::sync::atomic::Ordering::SeqCst;

/// A kill that runs, and an emergency that is written down.
fn under_way(mode: &str) -> Rig {
    let rig = Rig::new();
    rig.enter(mode);
    rig.switch.slow.store(true, SeqCst);
    let order = Order::Safe { confirm: SAFE_PHRASE.to_owned(), reason: "smoke".to_owned() };
    assert!(matches!(rig.give(&order), Answer::Launched(_)));
    let begun = Instant::now();
    while rig.launcher.mode().launch.is_none_or(|launch| launch.notes.len() < 2) {
        assert!(begun.elapsed() < Duration::from_mins(1));
        std::thread::sleep(Duration::from_millis(1));
    }
    rig
}

/// Another daemon over the same directory and crew, by whose switch the kill
/// of the first one does not go on.
fn next(rig: &Rig) -> Rig {
    let switch = Arc::new(FakeSwitch::default());
    switch.flat.store(true, SeqCst);
    Rig::with(Arc::clone(&rig.dir), Arc::clone(&rig.mission), Arc::clone(&rig.crew), switch)
}

fn dump(rig: &Rig) -> Option<kept::Dump> {
    kept::last_dump(&rig.dir.path().join("mission")).unwrap().map(|(_, dump)| dump)
}

#[test]
fn a_daemon_that_ends_waits_for_its_emergency() {
    let rig = under_way("PAPER");
    rig.launcher.close();
    assert!(dump(&rig).is_none());
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| rig.launcher.emergency_done());
        std::thread::sleep(Duration::from_millis(50));
        assert!(!waits.is_finished(), "the kill still runs");
        rig.switch.slow.store(false, SeqCst);
        assert!(waits.join().unwrap());
    });
    let dump = dump(&rig).unwrap();
    assert_eq!((dump.mode.as_str(), dump.kill.verified), ("PAPER", true));
    let launch = rig.ended();
    assert_eq!(launch.phase, LaunchPhase::Partial, "its mode was not seen ready: {launch:#?}");
    assert_eq!(kind(&rig.launch("PAPER", "")), Some(Refusal::Conflict), "nothing begins any more");
    // All of it was done: the next daemon has nothing to say of it.
    let again = rig.again();
    assert!(again.launcher.resume()[0].as_str().contains("taken up again"));
    assert_eq!(again.ended().phase, LaunchPhase::Complete);
}

#[test]
fn what_was_cut_off_is_dumped_by_the_next_daemon_and_never_complete() {
    let rig = under_way("PAPER");
    // As kill -9 leaves it: the thread of the kill stands still.
    let again = next(&rig);
    let said = again.launcher.resume();
    assert!(said[0].as_str().contains("was cut off; flat is NOT VERIFIED"), "{said:?}");
    let launch = again.ended();
    assert_eq!((launch.mode.as_str(), launch.phase), ("SAFE_MODE", LaunchPhase::Partial));
    assert!(launch.notes[0].as_str().contains("NOT VERIFIED"), "{launch:#?}");
    let dumped = dump(&again).unwrap();
    assert_eq!((dumped.mode.as_str(), dumped.kill.verified), ("PAPER", false));
    assert_eq!((dumped.reason.as_str(), dumped.engage_id.as_str()), ("smoke", "01ENGAGE"));
    assert_eq!(again.launcher.restore_phrase().as_deref(), Some("RESTORE PAPER"));
    // Nor does the one after that call it complete, and it dumps nothing anew.
    let third = next(&rig);
    assert!(third.launcher.resume()[0].as_str().contains("ended without its proof"));
    assert_eq!(third.ended().phase, LaunchPhase::Partial);
    assert_eq!(std::fs::read_dir(rig.dir.path().join("mission/dumps")).unwrap().count(), 1);
    // Ordered once more, it still knows what to restore.
    let order = Order::Safe { confirm: SAFE_PHRASE.to_owned(), reason: String::new() };
    assert!(matches!(third.give(&order), Answer::Launched(_)));
    assert_eq!(third.ended().phase, LaunchPhase::Complete);
    assert_eq!(third.launcher.restore_phrase().as_deref(), Some("RESTORE PAPER"));
    // Another launch is another story.
    assert_eq!(third.enter("SAFE_MODE").phase, LaunchPhase::Complete);
    assert!(next(&rig).launcher.resume()[0].as_str().contains("taken up again"));
    rig.switch.slow.store(false, SeqCst);
}

#[test]
fn a_kill_without_its_proof_stays_one() {
    let rig = under_way("PAPER");
    rig.switch.flat.store(false, SeqCst);
    rig.switch.slow.store(false, SeqCst);
    assert_eq!(rig.ended().phase, LaunchPhase::Partial);
    let again = rig.again();
    assert!(again.launcher.resume()[0].as_str().contains("NOT VERIFIED"));
    assert_eq!(again.ended().phase, LaunchPhase::Partial);
}
