//! The ledger, heard from chains on a real disk.

use super::*;
use crate::audit::{Chain, verify};
use crate::domain::{Intent, Stamp};
use crate::host::{Identity, ids};

fn intent(id: EngageId) -> KillIntent {
    KillIntent {
        engage_id: id,
        intent: Intent::Kill,
        operator: Text::new("op"),
        host: Text::new("inf"),
        boot_id: Text::new("b"),
        reason: Text::new("test"),
        pressed: Stamp::default(),
        latch: PathBuf::from("latch.lock"),
        targets: Vec::new(),
        drill: false,
    }
}

fn chain(dir: &Path) -> Chain {
    Chain::new(dir, Identity::here(), "test")
}

#[test]
fn engaged_until_a_reset_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let (a, b) = (ids::engage_id(), ids::engage_id());
    let mut one = chain(dir.path());
    let mut two = chain(dir.path());
    one.append(Act::Engage { intent: intent(a) }).unwrap();
    two.append(Act::Engage { intent: intent(b) }).unwrap();
    let mut reader = LedgerReader::new(dir.path());
    assert_eq!(reader.refresh().unwrap().engaged().count(), 2);
    let reset = |ids: Vec<EngageId>| Act::Reset {
        ids,
        foreign: Vec::new(),
        token: ids::engage_id(),
        reason: Text::new("over"),
        overridden: false,
    };
    two.append(reset(vec![a])).unwrap();
    assert_eq!(reader.refresh().unwrap().engaged().count(), 1);
    one.append(reset(vec![b])).unwrap();
    let ledger = reader.refresh().unwrap();
    assert!(!ledger.is_engaged());
    let waiting: Vec<_> = ledger.disarmed().map(|(t, _)| t).collect();
    assert_eq!(waiting.len(), 2);
    one.append(Act::Arm { tokens: waiting, live: false, accounts: Vec::new() }).unwrap();
    assert_eq!(reader.refresh().unwrap().disarmed().count(), 0);
}

/// A disk that takes a line and fails to sync it has shown it to everyone.
#[test]
fn a_reset_that_was_never_synced_has_not_happened() {
    let dir = tempfile::tempdir().unwrap();
    let id = ids::engage_id();
    let mut one = chain(dir.path());
    one.append(Act::Engage { intent: intent(id) }).unwrap();
    one.append(Act::Reset {
        ids: vec![id],
        foreign: Vec::new(),
        token: ids::engage_id(),
        reason: Text::new("over"),
        overridden: false,
    })
    .unwrap();
    let path = verify::files(dir.path()).remove(0);
    let whole = std::fs::read_to_string(&path).unwrap();
    let without = whole.trim_end().rsplit_once('\n').unwrap().0.to_owned() + "\n";
    std::fs::write(&path, &without).unwrap();
    let mut reader = LedgerReader::new(dir.path());
    let ledger = reader.refresh().unwrap();
    assert!(ledger.is_engaged() && ledger.disarmed().next().is_none());
    std::fs::write(&path, &whole).unwrap();
    let ledger = reader.refresh().unwrap();
    assert!(!ledger.is_engaged() && ledger.disarmed().next().is_some());
}

#[test]
fn every_flipped_byte_and_every_cut_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let id = ids::engage_id();
    let mut one = chain(dir.path());
    one.append(Act::Engage { intent: intent(id) }).unwrap();
    one.append(Act::StandDown { engage_id: id, reason: Text::new("x") }).unwrap();
    // A later chain remembers the head of the first, so that even its
    // last line can't be changed unseen.
    chain(dir.path()).append(Act::Tampered { ids: vec![id] }).unwrap();
    let path = verify::files(dir.path()).remove(0);
    let good = std::fs::read(&path).unwrap();
    assert!(verify::verify_dir(dir.path()).iter().all(|r| r.findings.is_empty()));
    let findings = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        verify::verify_dir(dir.path()).iter().map(|r| r.findings.len()).sum::<usize>()
    };
    for i in (0..good.len()).step_by(7) {
        let mut bad = good.clone();
        bad[i] ^= 1;
        assert!(findings(&bad) > 0, "flip at {i}");
    }
    for cut in 0..good.len() {
        assert!(findings(&good[..cut]) > 0, "cut at {cut}");
    }
    assert_eq!(findings(&good), 0);
}

#[test]
fn a_broken_chain_still_engages_and_never_frees() {
    let dir = tempfile::tempdir().unwrap();
    let id = ids::engage_id();
    let mut one = chain(dir.path());
    one.append(Act::StandDown { engage_id: id, reason: Text::new("x") }).unwrap();
    one.append(Act::Engage { intent: intent(id) }).unwrap();
    one.append(Act::Reset {
        ids: vec![id],
        foreign: Vec::new(),
        token: ids::engage_id(),
        reason: Text::new("over"),
        overridden: false,
    })
    .unwrap();
    let path = verify::files(dir.path()).remove(0);
    let text = std::fs::read_to_string(&path).unwrap();
    let second = text.lines().nth(1).unwrap().to_owned();
    std::fs::write(&path, text.replace(&second, "{\"gone\":1}")).unwrap();
    let mut reader = LedgerReader::new(dir.path());
    assert!(reader.refresh().unwrap().is_engaged());
}
