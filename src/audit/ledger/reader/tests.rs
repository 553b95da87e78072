//! What a kept reader makes of chains that grow, against one that begins anew.

use super::*;
use crate::audit::{Chain, ForeignLatch};
use crate::domain::Text;
use crate::host::{Identity, ids};
use std::fs;

fn chain(dir: &Path) -> Chain {
    Chain::new(dir, Identity::here(), "test")
}

fn external(n: u64) -> Act {
    let file = ForeignLatch { dev: 1, ino: n, ctime_ns: 3 };
    Act::External { file, path: None, reason: Text::new("touched") }
}

fn reset(n: u64) -> Act {
    let foreign = vec![ForeignLatch { dev: 1, ino: n, ctime_ns: 3 }];
    let (token, reason) = (ids::engage_id(), Text::new("over"));
    Act::Reset { ids: Vec::new(), foreign, token, reason, overridden: false }
}

fn stand(ledger: &Ledger) -> (Vec<u64>, usize) {
    (ledger.foreign().map(|f| f.file.ino).collect(), ledger.disarmed().count())
}

/// What this thread has read so far, in bytes, by the system's own count.
pub fn thread_has_read() -> u64 {
    let text = fs::read_to_string("/proc/thread-self/io").unwrap();
    text.strip_prefix("rchar: ").unwrap().lines().next().unwrap().parse().unwrap()
}

/// Cut anywhere and grown from there, a chain says what it says as a whole.
#[test]
fn heard_in_pieces_it_is_what_it_is_as_a_whole() {
    let dir = tempfile::tempdir().unwrap();
    let mut one = chain(dir.path());
    for act in [external(1), external(2), reset(1), external(3), reset(2)] {
        one.append(act).unwrap();
    }
    let path = verify::files(dir.path()).remove(0);
    let whole = fs::read(&path).unwrap();
    // Flipped in its reset, too: what is broken stays broken when it grows.
    let at = whole.windows(7).position(|w| w == b"\"RESET\"").unwrap();
    let mut broken = whole.clone();
    broken[at + 20] ^= 1;
    for bytes in [&whole, &broken] {
        let mut fresh = Ledger::default();
        fresh.hear_chain(bytes);
        let near_an_end = |cut: &usize| bytes[cut.saturating_sub(1)..=*cut].contains(&b'\n');
        for cut in (0..bytes.len()).filter(|cut| cut % 53 == 0 || near_an_end(cut)) {
            fs::write(&path, &bytes[..cut]).unwrap();
            let mut kept = LedgerReader::new(dir.path());
            kept.refresh().unwrap();
            fs::write(&path, bytes).unwrap();
            assert_eq!(stand(kept.refresh().unwrap()), stand(&fresh), "cut at {cut}");
        }
    }
    let mut ledger = Ledger::default();
    ledger.hear_chain(&whole);
    assert_eq!(stand(&ledger), (vec![3], 2));
    let mut ledger = Ledger::default();
    ledger.hear_chain(&broken);
    assert_eq!(stand(&ledger), (vec![1, 2, 3], 0));
}

#[test]
fn a_file_that_is_not_what_it_was_is_read_anew() {
    let dir = tempfile::tempdir().unwrap();
    chain(dir.path()).append(external(1)).unwrap();
    let path = verify::files(dir.path()).remove(0);
    let first = fs::read(&path).unwrap();
    let other = tempfile::tempdir().unwrap();
    let mut longer = chain(other.path());
    for n in 2..9 {
        longer.append(external(n)).unwrap();
    }
    let second = fs::read(verify::files(other.path()).remove(0)).unwrap();
    assert!(second.len() > first.len());
    let mut kept = LedgerReader::new(dir.path());
    assert_eq!(stand(kept.refresh().unwrap()).0, [1]);
    fs::write(&path, &second).unwrap();
    assert_eq!(stand(kept.refresh().unwrap()).0, [1, 2, 3, 4, 5, 6, 7, 8]);
    fs::write(&path, &first).unwrap();
    assert_eq!(stand(kept.refresh().unwrap()).0.len(), 8, "what engaged stays");
}

#[test]
fn ten_megabytes_are_read_once_and_a_line_costs_two() {
    let dir = tempfile::tempdir().unwrap();
    let mut one = chain(dir.path());
    let ids = vec![ids::engage_id(); 200];
    one.append(external(1)).unwrap();
    let path = verify::files(dir.path()).remove(0);
    let mut long = fs::read(&path).unwrap();
    let mut head = (1, line_sha(long.split(|b| *b == b'\n').nth(1).unwrap()));
    let line: Record = serde_json::from_slice(long.split(|b| *b == b'\n').nth(1).unwrap()).unwrap();
    while long.len() < 10_000_000 {
        let act = Act::Tampered { ids: ids.clone() };
        let record = Record { n: head.0 + 1, prev: head.1, act, ..line.clone() };
        let bytes = serde_json::to_vec(&record).unwrap();
        head = (record.n, line_sha(&bytes));
        long.extend(bytes);
        long.push(b'\n');
    }
    fs::write(&path, &long).unwrap();
    let mut kept = LedgerReader::new(dir.path());
    let before = thread_has_read();
    assert_eq!(stand(kept.refresh().unwrap()).0, [1]);
    let first = thread_has_read() - before;
    assert!(first >= 10_000_000, "the count counts: {first}");
    let before = thread_has_read();
    for _ in 0..100 {
        kept.refresh().unwrap();
    }
    let idle = thread_has_read() - before;
    let record = Record { n: head.0 + 1, prev: head.1, act: reset(1), ..line.clone() };
    let mut bytes = serde_json::to_vec(&record).unwrap();
    let sha = line_sha(&bytes);
    bytes.push(b'\n');
    let synced = Record { n: record.n + 1, prev: sha, act: Act::Synced, ..line };
    bytes.extend(serde_json::to_vec(&synced).unwrap());
    bytes.push(b'\n');
    long.extend(bytes);
    fs::write(&path, &long).unwrap();
    let before = thread_has_read();
    assert_eq!(stand(kept.refresh().unwrap()), (Vec::new(), 1));
    let grown = thread_has_read() - before;
    assert!(idle < 10_000 && grown < 10_000, "{idle} bytes for nothing, {grown} for two lines");
}
