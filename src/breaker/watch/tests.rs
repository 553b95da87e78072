//! The watch against a real directory.

use super::youth::WRITING;
use super::*;
use crate::audit::{Act, Chain, LedgerReader};
use crate::domain::{Intent, KillIntent, LatchPhase, Stamp, Text};
use crate::host::ids;
use std::sync::mpsc;

struct Bench {
    dir: tempfile::TempDir,
    gate: Arc<Gate>,
    home: LatchHome,
    heard: mpsc::Receiver<Verdict>,
    watcher: Option<Watcher>,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let home = LatchHome::new(dir.path(), &dir.path().join("run/latch.lock"));
        std::fs::create_dir(dir.path().join("run")).unwrap();
        let gate = Arc::new(Gate::default());
        let (tell, heard) = mpsc::channel();
        let config = WatchConfig { home: home.clone(), extra: Vec::new(), role: "test" };
        let watcher = Watcher::start(config, gate.clone(), move |v| {
            let _ = tell.send(v);
        });
        Self { dir, gate, home, heard, watcher: Some(watcher) }
    }

    /// Waits for a phase; the bound only ends a test that fails.
    fn until(&self, phase: LatchPhase) -> Verdict {
        loop {
            let verdict = self.heard.recv_timeout(Duration::from_secs(10)).unwrap();
            if verdict.seen.phase == phase {
                return verdict;
            }
        }
    }

    fn chain(&self) -> Chain {
        self.home.chain("test")
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        if let Some(watcher) = self.watcher.take() {
            watcher.stop();
        }
    }
}

#[test]
fn safe_is_proven_and_a_touched_file_engages_for_good_once_on_record() {
    let b = Bench::new();
    b.until(LatchPhase::Safe);
    assert!(b.gate.is_safe());
    std::fs::write(&b.home.latch, "").unwrap();
    let verdict = b.until(LatchPhase::EngagedExternal);
    assert!(!b.gate.is_safe());
    let act =
        Act::External { file: verdict.foreign.unwrap(), path: None, reason: Text::new("touched") };
    b.chain().append(act).unwrap();
    std::fs::remove_file(&b.home.latch).unwrap();
    while !b.heard.recv_timeout(Duration::from_secs(10)).unwrap().missing {}
    assert!(!b.gate.is_safe());
}

#[test]
fn our_own_latch_is_nobody_elses_while_it_is_being_written() {
    let b = Bench::new();
    b.until(LatchPhase::Safe);
    let created = crate::breaker::file::create(&b.home.latch).unwrap();
    assert_eq!(b.until(LatchPhase::Latched).foreign, None);
    assert!(!b.gate.is_safe());
    let intent = intent(&b, ids::engage_id());
    b.chain().append(Act::Engage { intent: intent.clone() }).unwrap();
    created.make_durable(&crate::breaker::body::compose(&intent, &b.home.audit())).unwrap();
    assert_eq!(b.until(LatchPhase::Durable).foreign, None);
}

#[test]
fn a_latch_that_was_seen_stays_in_force_without_any_log() {
    let b = Bench::new();
    b.until(LatchPhase::Safe);
    std::fs::write(&b.home.latch, r#"{"reason":"theirs"}"#).unwrap();
    b.until(LatchPhase::EngagedExternal);
    std::fs::remove_file(&b.home.latch).unwrap();
    while !b.heard.recv_timeout(Duration::from_secs(10)).unwrap().missing {}
    assert!(!b.gate.is_safe());
}

#[test]
fn a_lost_directory_blocks_and_its_return_disarms_until_an_arm() {
    let b = Bench::new();
    b.until(LatchPhase::Safe);
    std::fs::rename(b.dir.path().join("run"), b.dir.path().join("away")).unwrap();
    b.until(LatchPhase::Blocked);
    assert!(b.gate.permit().is_err());
    std::fs::rename(b.dir.path().join("away"), b.dir.path().join("run")).unwrap();
    b.until(LatchPhase::Disarmed);
    assert!(!b.gate.is_safe());
    let mut reader = LedgerReader::new(&b.home.audit());
    let tokens = reader.refresh().unwrap().disarmed().map(|(t, _)| t).collect();
    b.chain().append(Act::Arm { tokens, live: false, accounts: Vec::new() }).unwrap();
    b.until(LatchPhase::Safe);
    assert!(b.gate.is_safe());
}

#[test]
fn a_start_without_proof_is_disarmed_when_proof_comes_and_a_fresh_one_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let home = LatchHome::new(&dir.path().join("state"), &dir.path().join("run/latch"));
    let check = || Check::new(WatchConfig { home: home.clone(), extra: Vec::new(), role: "test" });
    let (mut first, gate) = (check(), Gate::default());
    assert_eq!(first.once(&gate).seen.phase, LatchPhase::Blocked);
    std::fs::create_dir(dir.path().join("run")).unwrap();
    // No state directory yet, and nothing was ever in doubt here.
    let fresh = Gate::default();
    assert_eq!(check().once(&fresh).seen.phase, LatchPhase::Safe);
    assert!(fresh.is_safe());
    assert_eq!(first.once(&gate).seen.phase, LatchPhase::Disarmed);
    assert!(!gate.is_safe());
    // On record: a process that starts now waits for the arming, too.
    assert_eq!(check().once(&fresh).seen.phase, LatchPhase::Disarmed);
    let mut reader = LedgerReader::new(&home.audit());
    let tokens = reader.refresh().unwrap().disarmed().map(|(t, _)| t).collect();
    let armed = Act::Arm { tokens, live: false, accounts: Vec::new() };
    home.chain("test").append(armed).unwrap();
    assert_eq!(first.once(&gate).seen.phase, LatchPhase::Safe);
    assert!(gate.is_safe());
}

fn intent(b: &Bench, id: EngageId) -> KillIntent {
    KillIntent {
        engage_id: id,
        intent: Intent::Kill,
        operator: Text::new("op"),
        host: Text::new("inf"),
        boot_id: Text::new("b"),
        reason: Text::new("why"),
        pressed: Stamp::default(),
        latch: b.home.latch.clone(),
        targets: Vec::new(),
        drill: false,
    }
}

#[test]
fn what_the_audit_log_says_engages_without_a_file() {
    let b = Bench::new();
    b.until(LatchPhase::Safe);
    let id = ids::engage_id();
    let intent = intent(&b, id);
    b.chain().append(Act::Engage { intent }).unwrap();
    let first = b.until(LatchPhase::Latched);
    assert_eq!((first.missing, first.seen.engage_id), (false, Some(id)));
    let second = b.until(LatchPhase::Latched);
    // No file was ever there: a record that comes late is no tampering.
    assert!(second.missing && second.seen.tampered == 0 && !b.gate.is_safe());
    // Who begins with such a log finds that a file went.
    let config = WatchConfig { home: b.home.clone(), extra: Vec::new(), role: "test" };
    let (mut check, gate) = (Check::new(config), Gate::default());
    let looks = [check.once(&gate), check.once(&gate)];
    assert_eq!(looks.map(|v| (v.missing, v.seen.tampered)), [(false, 0), (true, 1)]);
    assert!(!gate.is_safe());
}

#[test]
fn an_unreadable_log_is_doubt() {
    let b = Bench::new();
    b.until(LatchPhase::Safe);
    std::fs::create_dir_all(&b.home.dir).unwrap();
    std::fs::write(b.home.audit(), "not a directory").unwrap();
    let verdict = b.until(LatchPhase::Blocked);
    assert!(verdict.seen.reason.as_str().contains("audit log"));
}

/// A latch of our own, engaged and on record, whose reset is on record too:
/// it is about to be put away.
fn reset_but_there(b: &Bench) -> EngageId {
    b.until(LatchPhase::Safe);
    let intent = intent(b, ids::engage_id());
    b.chain().append(Act::Engage { intent: intent.clone() }).unwrap();
    let created = crate::breaker::file::create(&b.home.latch).unwrap();
    created.make_durable(&crate::breaker::body::compose(&intent, &b.home.audit())).unwrap();
    b.until(LatchPhase::Durable);
    // Not new any more, or it would be taken for one that is being written.
    std::thread::sleep(WRITING * 2);
    let reset = Act::Reset {
        ids: vec![intent.engage_id],
        foreign: Vec::new(),
        token: ids::engage_id(),
        reason: Text::new("over"),
        overridden: false,
    };
    b.chain().append(reset).unwrap();
    intent.engage_id
}

#[test]
fn a_latch_on_its_way_out_is_nobody_elses() {
    let b = Bench::new();
    reset_but_there(&b);
    let seen = b.until(LatchPhase::Latched);
    assert_eq!((seen.foreign, seen.missing), (None, false));
    assert!(!b.gate.is_safe(), "while it is there it holds");
    crate::breaker::file::archive(&b.home.latch, "over").unwrap();
    let seen = b.until(LatchPhase::Disarmed);
    assert_eq!((seen.foreign, seen.missing), (None, false));
}

#[test]
fn a_latch_that_stays_after_its_reset_is_as_foreign_as_any() {
    let b = Bench::new();
    let id = reset_but_there(&b);
    let seen = b.until(LatchPhase::EngagedExternal);
    assert_eq!(seen.seen.engage_id, Some(id));
    assert!(seen.foreign.is_some() && !b.gate.is_safe());
}

#[test]
fn a_stand_in_engages_and_only_a_latch_that_was_seen_can_be_tampered_with() {
    let b = Bench::new();
    b.until(LatchPhase::Safe);
    b.home.prepare().unwrap();
    let id = ids::engage_id();
    let body = crate::breaker::body::compose(&intent(&b, id), &b.home.audit());
    std::fs::write(b.home.fallback(), &body).unwrap();
    let held = b.until(LatchPhase::NotDurable);
    assert!(held.seen.reason.as_str().contains("latch.fallback"), "{held:?}");
    assert!(!b.gate.is_safe());
    b.chain().append(Act::Engage { intent: intent(&b, id) }).unwrap();
    // Two looks in a row make it missing.
    let missing = std::iter::repeat_with(|| b.until(LatchPhase::NotDurable)).find(|v| v.missing);
    assert_eq!(missing.map(|v| v.seen.tampered), Some(0));
    std::fs::write(&b.home.latch, &body).unwrap();
    b.until(LatchPhase::Durable);
    std::fs::remove_file(&b.home.latch).unwrap();
    while b.until(LatchPhase::NotDurable).seen.tampered == 0 {}
    assert!(!b.gate.is_safe());
}

#[test]
fn a_latch_without_words_beside_the_stand_in_of_a_decision_is_that_decisions() {
    let b = Bench::new();
    b.until(LatchPhase::Safe);
    b.home.prepare().unwrap();
    let intent = intent(&b, ids::engage_id());
    b.chain().append(Act::Engage { intent: intent.clone() }).unwrap();
    std::fs::write(b.home.fallback(), crate::breaker::body::compose(&intent, &b.home.audit()))
        .unwrap();
    std::fs::write(&b.home.latch, "").unwrap();
    let seen = std::iter::repeat_with(|| b.until(LatchPhase::NotDurable))
        .find(|v| v.seen.reason == intent.reason)
        .unwrap();
    assert_eq!((seen.seen.engage_id, seen.foreign), (Some(intent.engage_id), None));
    // Without a stand-in that names it, nobody knows whose it is.
    std::thread::sleep(WRITING * 2);
    std::fs::remove_file(b.home.fallback()).unwrap();
    assert!(b.until(LatchPhase::EngagedExternal).foreign.is_some());
}

/// Looks until so many found nothing there.
fn looks(check: &mut Check, count: u32) -> Verdict {
    let gate = Gate::default();
    (0..count).map(|_| check.once(&gate)).last().unwrap()
}

fn externals(home: &LatchHome) -> Vec<crate::audit::ForeignLatch> {
    let mut reader = LedgerReader::new(&home.audit());
    reader.refresh().unwrap().foreign_at_the_latch().map(|foreign| foreign.file).collect()
}

/// A directory, and one who looks at it.
fn looker() -> (tempfile::TempDir, LatchHome, Check) {
    let dir = tempfile::tempdir().unwrap();
    let home = LatchHome::new(&dir.path().join("state"), &dir.path().join("latch"));
    let check = Check::new(WatchConfig { home: home.clone(), extra: Vec::new(), role: "test" });
    (dir, home, check)
}

#[test]
fn what_one_alone_saw_go_is_put_on_record_by_it_once_and_a_reset_names_it() {
    for words in ["", r#"{"reason":"theirs","timestamp":"2026-01-14T13:56:58"}"#] {
        let (_dir, home, mut check) = looker();
        assert_eq!(looks(&mut check, 1).seen.phase, LatchPhase::Safe);
        std::fs::write(&home.latch, words).unwrap();
        looks(&mut check, 1);
        std::fs::remove_file(&home.latch).unwrap();
        assert!(looks(&mut check, 9).seen.phase.is_engaged());
        assert_eq!(externals(&home), [], "a reset may be on its way");
        looks(&mut check, 1);
        let on_record = externals(&home);
        assert_eq!(on_record.len(), 1, "{words}: no reset can name it");
        looks(&mut check, 120);
        let chains = std::fs::read_dir(home.audit()).unwrap().flatten();
        let text: String =
            chains.filter_map(|chain| std::fs::read_to_string(chain.path()).ok()).collect();
        assert_eq!(text.matches("EXTERNAL").count(), 1, "{words}: {text}");
        home.chain("test").append(reset(Vec::new(), on_record)).unwrap();
        let seen = looks(&mut check, 2).seen;
        assert_eq!(seen.phase, LatchPhase::Disarmed, "{words}: {seen:?}");
    }
}

fn reset(ids: Vec<EngageId>, foreign: Vec<crate::audit::ForeignLatch>) -> Act {
    let (token, reason) = (ids::engage_id(), Text::new("over"));
    Act::Reset { ids, foreign, token, reason, overridden: false }
}

#[test]
fn a_latch_of_ours_that_goes_is_nobodys_to_record() {
    let b = Bench::new();
    let (_dir, home, mut check) = looker();
    let intent = KillIntent { latch: home.latch.clone(), ..intent(&b, ids::engage_id()) };
    // Wordless at the first look; its decision comes on record when it is gone.
    std::fs::write(&home.latch, "").unwrap();
    looks(&mut check, 1);
    std::fs::remove_file(&home.latch).unwrap();
    home.chain("test").append(Act::Engage { intent: intent.clone() }).unwrap();
    looks(&mut check, 120);
    assert_eq!(externals(&home), []);
    // With its words, and reset before it goes.
    std::fs::write(&home.latch, crate::breaker::body::compose(&intent, &home.audit())).unwrap();
    looks(&mut check, 1);
    home.chain("test").append(reset(vec![intent.engage_id], Vec::new())).unwrap();
    looks(&mut check, 1);
    std::fs::remove_file(&home.latch).unwrap();
    assert_eq!(looks(&mut check, 120).seen.phase, LatchPhase::Disarmed);
    assert_eq!(externals(&home), []);
    // Seen, gone, and its record as late as a sick disk makes it.
    let late = KillIntent { engage_id: ids::engage_id(), ..intent };
    std::fs::write(&home.latch, crate::breaker::body::compose(&late, &home.audit())).unwrap();
    looks(&mut check, 1);
    std::fs::remove_file(&home.latch).unwrap();
    looks(&mut check, 90);
    home.chain("test").append(Act::Engage { intent: late }).unwrap();
    looks(&mut check, 120);
    assert_eq!(externals(&home), []);
}
