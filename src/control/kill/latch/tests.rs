//! The making of the latch, on real directories.

use super::*;
use crate::audit::{Act, Chain};
use crate::breaker::file::{archive, probe};
use crate::domain::{Intent, Stamp};
use crate::host::{Identity, ids};
use std::path::Path;

pub fn intent(latch: &Path) -> KillIntent {
    KillIntent {
        engage_id: ids::engage_id(),
        intent: Intent::Kill,
        operator: Text::new("op"),
        host: Text::new("inf"),
        boot_id: Text::new("b"),
        reason: Text::new("why"),
        pressed: Stamp::default(),
        latch: latch.to_owned(),
        targets: Vec::new(),
        drill: false,
    }
}

/// The latch, made by somebody who is done with it.
fn made(intent: &KillIntent, home: &LatchHome) -> Result<(), Text> {
    let mut log = Log::new(&home.audit());
    attempt::make(intent, true, home, &mut log, &mut |_| {})
}

/// A maker and what it says.
fn maker(home: &LatchHome) -> (LatchMaker, channel::Receiver<LatchStep>) {
    let (tell, told) = channel::unbounded();
    let say = move |_: &KillIntent, step| drop(tell.send(step));
    (LatchMaker::start(home, say).unwrap(), told)
}

/// The next step that `wanted` takes; the bound only ends a test that fails.
fn step(told: &channel::Receiver<LatchStep>, wanted: impl Fn(&LatchStep) -> bool) -> LatchStep {
    loop {
        let step = told.recv_timeout(Duration::from_secs(20)).unwrap();
        if wanted(&step) {
            return step;
        }
    }
}

#[test]
fn a_latch_that_its_own_reset_took_away_is_not_made_again() {
    let dir = tempfile::tempdir().unwrap();
    let latch = dir.path().join("latch");
    let home = LatchHome::new(dir.path(), &latch);
    let intent = intent(&latch);
    made(&intent, &home).unwrap();
    let (maker, _told) = maker(&home);
    // Asked twice, as a client does that hands over what it announced: the
    // second asking waits behind the looks of the first.
    maker.make(&intent);
    maker.make(&intent);
    std::thread::sleep(attempt::PAUSE * 2);
    let reset = Act::Reset {
        ids: vec![intent.engage_id],
        foreign: Vec::new(),
        token: ids::engage_id(),
        reason: Text::new("over"),
        overridden: false,
    };
    Chain::new(&home.audit(), Identity::here(), "test").append(reset).unwrap();
    archive(&latch, "over").unwrap();
    std::thread::sleep(attempt::PAUSE * (attempt::LOOKS + 5));
    assert_eq!(probe(&latch), Probe::Absent);
}

#[test]
fn what_another_made_is_durable_as_soon_as_it_is_synced() {
    let dir = tempfile::tempdir().unwrap();
    let latch = dir.path().join("latch");
    let home = LatchHome::new(dir.path(), &latch);
    let intent = intent(&latch);
    made(&intent, &home).unwrap();
    let (maker, told) = maker(&home);
    maker.make(&intent);
    let seen = step(&told, |s| matches!(s, LatchStep::Visible { ours: false, .. }));
    let LatchStep::Visible { at: seen, .. } = seen else { unreachable!() };
    let synced = step(&told, |s| matches!(s, LatchStep::Durable { .. }));
    let LatchStep::Durable { at: synced } = synced else { unreachable!() };
    let all_looks = u64::try_from((attempt::PAUSE * attempt::LOOKS).as_nanos()).unwrap();
    assert!(synced - seen < all_looks, "not only when the last look is over");
}

#[test]
fn a_directory_that_is_not_there_has_a_stand_in_until_it_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let latch = dir.path().join("run/latch");
    let home = LatchHome::new(dir.path(), &latch);
    let intent = intent(&latch);
    let (maker, told) = maker(&home);
    maker.make(&intent);
    step(&told, |s| matches!(s, LatchStep::Failed { visible: false, .. }));
    let stood = step(&told, |s| matches!(s, LatchStep::Fallback { .. }));
    assert!(matches!(stood, LatchStep::Fallback { fault: None, .. }), "{stood:?}");
    let Probe::Present { body, .. } = probe(&home.fallback()) else { panic!("no stand-in") };
    assert_eq!(body.engage_id, Some(intent.engage_id));
    std::fs::create_dir(dir.path().join("run")).unwrap();
    let made = step(&told, |s| !matches!(s, LatchStep::Fallback { .. }));
    assert!(matches!(made, LatchStep::Visible { ours: true, .. }), "said once: {made:?}");
    step(&told, |s| matches!(s, LatchStep::Durable { .. }));
    assert!(matches!(probe(&latch), Probe::Present { .. }));
}

#[test]
fn a_reset_ends_the_tries() {
    let dir = tempfile::tempdir().unwrap();
    let latch = dir.path().join("run/latch");
    let home = LatchHome::new(dir.path(), &latch);
    let intent = intent(&latch);
    let (maker, told) = maker(&home);
    maker.make(&intent);
    step(&told, |s| matches!(s, LatchStep::Fallback { .. }));
    let reset = Act::Reset {
        ids: vec![intent.engage_id],
        foreign: Vec::new(),
        token: ids::engage_id(),
        reason: Text::new("over"),
        overridden: true,
    };
    Chain::new(&home.audit(), Identity::here(), "test").append(reset).unwrap();
    std::fs::create_dir(dir.path().join("run")).unwrap();
    std::thread::sleep(RETRY.1 * 2);
    assert_eq!(probe(&latch), Probe::Absent);
}

#[test]
fn what_waited_behind_anothers_looks_and_was_reset_meanwhile_is_not_made() {
    let dir = tempfile::tempdir().unwrap();
    let latch = dir.path().join("latch");
    let home = LatchHome::new(dir.path(), &latch);
    let (one, two) = (intent(&latch), intent(&latch));
    made(&one, &home).unwrap();
    let (maker, _told) = maker(&home);
    // The first keeps it busy for all its looks; the second waits behind them.
    maker.make(&one);
    maker.make(&two);
    std::thread::sleep(attempt::PAUSE * (attempt::LOOKS / 2));
    let reset = Act::Reset {
        ids: vec![one.engage_id, two.engage_id],
        foreign: Vec::new(),
        token: ids::engage_id(),
        reason: Text::new("over"),
        overridden: false,
    };
    Chain::new(&home.audit(), Identity::here(), "test").append(reset).unwrap();
    archive(&latch, "over").unwrap();
    std::thread::sleep(attempt::PAUSE * (attempt::LOOKS + 5));
    assert_eq!(probe(&latch), Probe::Absent);
}

#[test]
fn a_latch_that_goes_between_two_looks_is_made_anew_and_that_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let latch = dir.path().join("latch");
    let home = LatchHome::new(dir.path(), &latch);
    home.prepare().unwrap();
    let (one, two) = (intent(&latch), intent(&latch));
    made(&one, &home).unwrap();
    let (maker, told) = maker(&home);
    maker.make(&two);
    step(&told, |s| matches!(s, LatchStep::Durable { .. }));
    std::fs::remove_file(&latch).unwrap();
    step(&told, |s| matches!(s, LatchStep::Visible { ours: true, .. }));
    assert_eq!(told.recv_timeout(Duration::from_secs(20)).unwrap(), LatchStep::Again);
}

#[test]
fn a_latch_that_another_decisions_reset_took_away_was_not_tampered_with() {
    let dir = tempfile::tempdir().unwrap();
    let latch = dir.path().join("latch");
    let home = LatchHome::new(dir.path(), &latch);
    let (one, two) = (intent(&latch), intent(&latch));
    made(&one, &home).unwrap();
    let (maker, told) = maker(&home);
    maker.make(&two);
    step(&told, |s| matches!(s, LatchStep::Durable { .. }));
    let reset = Act::Reset {
        ids: vec![one.engage_id],
        foreign: Vec::new(),
        token: ids::engage_id(),
        reason: Text::new("over"),
        overridden: false,
    };
    Chain::new(&home.audit(), Identity::here(), "test").append(reset).unwrap();
    archive(&latch, "over").unwrap();
    step(&told, |s| matches!(s, LatchStep::Visible { ours: true, .. }));
    let next = told.recv_timeout(Duration::from_secs(20)).unwrap();
    assert!(matches!(next, LatchStep::Durable { .. }), "{next:?}");
}
