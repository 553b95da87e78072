//! What is remembered, over ends and damage.

use super::*;
use std::fs;

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
    assert!(memory.doubtful().unwrap().is_empty() && memory.set_aside().is_none());
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
    let mut memory = Memory::open(dir.path()).unwrap();
    let ids = |left: Vec<Left>| left.into_iter().map(|l| l.id.to_string()).collect::<Vec<_>>();
    let left = ["denied", "held", "not sent", "ord-2"];
    assert_eq!(ids(memory.left_behind().unwrap()), left);
    assert_eq!(ids(memory.untold().unwrap()), left[..3], "one may be on its way");
    memory.told("held").unwrap();
    drop(memory);
    let mut memory = Memory::open(dir.path()).unwrap();
    let again = ids(memory.left_behind().unwrap());
    assert_eq!(again, ["denied", "not sent", "ord-2"], "a start that ended before it was told");
    memory.told_all().unwrap();
    assert_eq!(buy(&mut memory, HOUR), Standing::Used(Text::new("ord-2 (unknown)")));
    drop(memory);
    let mut memory = Memory::open(dir.path()).unwrap();
    assert!(memory.left_behind().unwrap().is_empty(), "it is told once");
    let doubts = memory.doubtful().unwrap();
    assert_eq!(ids(doubts.clone()), ["ord-2"], "and stays in doubt until somebody looked");
    assert_eq!(doubts[0].side, Some(Side::Buy));
    memory.cleared("ord-2", Some(Ticket(9))).unwrap();
    assert!(memory.doubtful().unwrap().is_empty());
    memory.cleared("ord-2", None).unwrap();
    assert_eq!(buy(&mut memory, HOUR), Standing::Used(Text::new("ord-2 (found)")));
}

#[test]
fn an_order_that_was_answered_and_not_told_is_kept_for_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let mut memory = Memory::open(dir.path()).unwrap();
    memory.intend(&intent("ord-1", HOUR)).unwrap();
    memory.settle("ord-1", "done", Some(Ticket(7)), &Text::new("filled")).unwrap();
    memory.make_dry(eurusd(), Side::Sell, lots(), HOUR).unwrap();
    drop(memory);
    let left = Memory::open(dir.path()).unwrap().left_behind().unwrap();
    assert_eq!(left.len(), 1, "a dry run's is told as it is made: {left:?}");
    let told = (left[0].fate.as_str(), left[0].ticket, left[0].why.as_str());
    assert_eq!(told, ("done", Some(Ticket(7)), "filled"));
}

#[test]
fn a_file_of_the_first_version_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    drop(Memory::open(dir.path()).unwrap());
    let db = Connection::open(dir.path().join(FILE)).unwrap();
    let row = |id: &str, fate: &str| {
        format!(
            "INSERT INTO orders (id, symbol, side, lots, bar, live, at, fate, why) \
             VALUES ('{id}', 'EURUSD', 'BUY', 1000000, {HOUR}, 1, 5, '{fate}', '');"
        )
    };
    let (first, second) = (row("ord-1", "done"), row("ord-2", "sent"));
    db.execute_batch(&format!(
        "DROP INDEX orders_untold; ALTER TABLE orders DROP COLUMN told; {first} {second} \
         PRAGMA user_version = 1;"
    ))
    .unwrap();
    drop(db);
    let mut memory = Memory::open(dir.path()).unwrap();
    assert_eq!(memory.set_aside(), None);
    let left = memory.left_behind().unwrap();
    assert_eq!((left.len(), left[0].id.as_str(), left[0].at), (1, "ord-2", UtcMicros(5)));
    assert_eq!(buy(&mut memory, HOUR), Standing::Used(Text::new("ord-1 (done)")));
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
