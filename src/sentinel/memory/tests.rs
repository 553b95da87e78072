//! What is remembered, over ends and damage.

use super::*;

const HOUR: i64 = 3_600;

fn eurusd() -> Symbol {
    Symbol::new("EURUSD").unwrap()
}

fn lots() -> Lots {
    Lots::parse("0.01").unwrap()
}

fn intent(id: &str, bar: i64) -> Intent<'_> {
    Intent { id, symbol: eurusd(), side: Side::Buy, lots: lots(), bar }
}

fn buy(memory: &mut Memory, bar: i64) -> Standing {
    memory.standing((eurusd(), Side::Buy), bar, true).unwrap()
}

#[test]
fn a_bar_is_used_once_for_each_side_and_over_restarts() {
    let dir = tempfile::tempdir().unwrap();
    let mut memory = Memory::open(dir.path()).unwrap();
    assert_eq!((memory.begin_cycle().unwrap(), memory.begin_cycle().unwrap()), (1, 2));
    assert_eq!(buy(&mut memory, HOUR), Standing::Free);
    memory.intend(&intent("ord-1", HOUR)).unwrap();
    memory.settle("ord-1", "done", Some(Ticket(7)), &Text::new("filled")).unwrap();
    drop(memory);
    let mut memory = Memory::open(dir.path()).unwrap();
    assert_eq!(memory.begin_cycle().unwrap(), 3);
    assert!(memory.unknown().is_empty() && memory.set_aside().is_none());
    assert_eq!(buy(&mut memory, HOUR), Standing::Used(Text::new("ord-1 (done)")));
    assert_eq!(buy(&mut memory, 2 * HOUR), Standing::Free);
    let sell = memory.standing((eurusd(), Side::Sell), HOUR, true).unwrap();
    let dry = memory.standing((eurusd(), Side::Buy), HOUR, false).unwrap();
    assert_eq!((sell, dry), (Standing::Free, Standing::Free));
}

#[test]
fn what_never_left_uses_no_bar_and_what_has_no_answer_does() {
    let dir = tempfile::tempdir().unwrap();
    let mut memory = Memory::open(dir.path()).unwrap();
    for fate in ["denied", "held", "not sent"] {
        memory.intend(&intent(fate, HOUR)).unwrap();
        memory.settle(fate, fate, None, &Text::default()).unwrap();
        assert_eq!(buy(&mut memory, HOUR), Standing::Free, "{fate}");
    }
    memory.intend(&intent("ord-2", HOUR)).unwrap();
    drop(memory);
    let memory = Memory::open(dir.path()).unwrap();
    let left =
        [Unknown { id: Text::new("ord-2"), symbol: Text::new("EURUSD"), side: Some(Side::Buy) }];
    assert_eq!(memory.unknown(), left);
    drop(memory);
    let mut memory = Memory::open(dir.path()).unwrap();
    assert_eq!(memory.unknown(), left, "a start that ended before it was told");
    memory.told_unknown().unwrap();
    assert_eq!(buy(&mut memory, HOUR), Standing::Used(Text::new("ord-2 (unknown)")));
    drop(memory);
    assert!(Memory::open(dir.path()).unwrap().unknown().is_empty(), "it is said once");
}

#[test]
fn dry_orders_have_numbers_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    let mut memory = Memory::open(dir.path()).unwrap();
    let mut make = |bar| memory.make_dry(eurusd(), Side::Sell, lots(), bar).unwrap();
    assert_eq!((make(HOUR).as_str(), make(2 * HOUR).as_str()), ("ORD_000000", "ORD_000001"));
    let used = memory.standing((eurusd(), Side::Sell), HOUR, false).unwrap();
    assert!(matches!(used, Standing::Used(_)));
    assert!(memory.intend(&intent("ORD_000000", HOUR)).is_err(), "an identity is one order's");
}

#[test]
fn a_damaged_file_is_set_aside_and_its_bars_are_held() {
    let garbage: &[u8] = b"this was a state file once, and is long enough to be one";
    let damages: [fn(&Path, &[u8]); 4] = [
        |path, _| fs::write(path, b"").unwrap(),
        |path, garbage| fs::write(path, garbage).unwrap(),
        |path, garbage| {
            let mut bytes = fs::read(path).unwrap();
            let at = bytes.len() / 3;
            bytes[at..at + garbage.len()].copy_from_slice(garbage);
            bytes.truncate(at + 5_000);
            fs::write(path, bytes).unwrap();
        },
        |path, _| {
            Connection::open(path).unwrap().execute_batch("DROP TABLE orders").unwrap();
        },
    ];
    for (n, damage) in damages.into_iter().enumerate() {
        let dir = tempfile::tempdir().unwrap();
        let mut memory = Memory::open(dir.path()).unwrap();
        memory.intend(&intent("ord-1", HOUR)).unwrap();
        drop(memory);
        damage(&dir.path().join(FILE), garbage);
        let mut memory = Memory::open(dir.path()).unwrap();
        let why = memory.set_aside().unwrap_or_else(|| panic!("damage {n}")).to_string();
        assert!(why.contains("set aside as "), "{why}");
        assert_eq!(buy(&mut memory, HOUR), Standing::Held, "damage {n}");
        drop(memory);
        let mut memory = Memory::open(dir.path()).unwrap();
        assert_eq!(memory.set_aside(), None);
        assert_eq!(buy(&mut memory, HOUR), Standing::Held, "a restart frees nothing");
        assert_eq!(buy(&mut memory, 2 * HOUR), Standing::Free);
        let names = fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name());
        assert_eq!(names.filter(|n| n.to_string_lossy().contains("damaged")).count(), 1);
    }
}

#[test]
fn a_crash_while_a_damaged_file_is_set_aside_frees_no_bar() {
    for made_anew in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE);
        let mut memory = Memory::open(dir.path()).unwrap();
        memory.intend(&intent("ord-1", HOUR)).unwrap();
        drop(memory);
        fs::write(&path, "damaged").unwrap();
        aside(&path).unwrap();
        if made_anew {
            assert!(opened(&path, Expected::AfterDamage).is_ok());
        }
        // Here it ended; this is the next start.
        let mut memory = Memory::open(dir.path()).unwrap();
        assert_eq!(memory.set_aside().is_some(), !made_anew);
        assert_eq!(buy(&mut memory, HOUR), Standing::Held, "{made_anew}");
        assert_eq!(buy(&mut memory, 2 * HOUR), Standing::Free);
    }
}

#[test]
fn a_newer_file_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    drop(Memory::open(dir.path()).unwrap());
    let path = dir.path().join(FILE);
    Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 9").unwrap();
    let words = Memory::open(dir.path()).unwrap_err().to_string();
    assert!(words.contains("version 9"), "{words}");
    assert!(path.exists());
}
