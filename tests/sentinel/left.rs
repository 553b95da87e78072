//! Orders whose end comes late, or after the end of the sentinel: none is lost,
//! and none holds up the next cycle.

use crate::common::wait::until;
use crate::inside::Inside;
use crate::stage::SOON;
use crossbeam_channel::{Receiver, Sender, unbounded};
use crs::domain::{OrderTicket, Side, Symbol, Text, Ticket};
use crs::host::clock;
use crs::sentinel::{Desk, Pace, Placed, PlacedAs};
use rusqlite::Connection;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Hangs in each order until it is released, as on a disk or a gateway; fills
/// it then.
struct Hangs {
    asked: AtomicUsize,
    release: Receiver<()>,
}

impl Hangs {
    fn new() -> (Sender<()>, Arc<Self>) {
        let (hold, release) = unbounded();
        (hold, Arc::new(Self { asked: AtomicUsize::new(0), release }))
    }
}

impl Desk for Hangs {
    fn open(
        &self,
        _: &OrderTicket,
        _: Duration,
        _: Instant,
        intent: &mut dyn FnMut(&str) -> Result<(), Text>,
    ) -> Placed {
        let n = self.asked.fetch_add(1, Ordering::SeqCst);
        intent(&format!("ord-{n}")).unwrap();
        let _ = self.release.recv();
        let ticket = Some(Ticket(70 + u64::try_from(n).unwrap()));
        Placed { fate: PlacedAs::Done, ticket, why: Text::new("filled") }
    }

    fn holds(&self, _: Symbol, _: Side, _: Duration) -> Result<Option<Ticket>, Text> {
        Ok(Some(Ticket(9)))
    }
}

fn fates(inside: &Inside) -> Vec<(String, String)> {
    let db = Connection::open(inside.state().join("memory.sqlite")).unwrap();
    let mut query = db.prepare("SELECT id, fate FROM orders ORDER BY rowid").unwrap();
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

fn lines(inside: &Inside, words: &str) -> usize {
    inside.told().lines().filter(|line| line.contains(words)).count()
}

#[test]
fn an_order_that_hangs_holds_up_no_cycle_and_is_told_when_it_comes_back() {
    let (hold, desk) = Hangs::new();
    let (inside, sentinel) = Inside::open(Pace::Every(Duration::from_millis(500)), desk.clone());
    let stop = Arc::new(AtomicBool::new(false));
    let ends = Arc::clone(&stop);
    let thread = std::thread::spawn(move || sentinel.run(&ends));
    let hangs = "the order before has not come back";
    let went_on = until(SOON, || (lines(&inside, hangs) > 1).then_some(()));
    assert!(went_on.is_some(), "{}", inside.told());
    assert_eq!(lines(&inside, "\"UNKNOWN\""), 1, "{}", inside.told());
    assert_eq!(desk.asked.load(Ordering::SeqCst), 1, "one thread hangs, and no more");
    drop(hold);
    let back = until(SOON, || (lines(&inside, "\"ticket 70\"") > 0).then_some(()));
    stop.store(true, Ordering::SeqCst);
    thread.join().unwrap().unwrap();
    assert!(back.is_some(), "{}", inside.told());
    assert_eq!(lines(&inside, "\"ticket 70\""), 1, "{}", inside.told());
    inside.end();
}

#[test]
fn an_order_that_is_answered_while_the_sentinel_ends_is_told_by_the_next_one() {
    let (hold, desk) = Hangs::new();
    let pace = Pace::Every(SOON * 10);
    let (inside, sentinel) = Inside::open(pace, desk.clone());
    let stop = Arc::new(AtomicBool::new(false));
    let ends = Arc::clone(&stop);
    let thread = std::thread::spawn(move || sentinel.once(&ends));
    until(SOON, || (desk.asked.load(Ordering::SeqCst) > 0).then_some(())).unwrap();
    stop.store(true, Ordering::SeqCst);
    assert!(thread.join().unwrap().unwrap().is_none(), "broken off");
    assert_eq!(inside.told(), "");
    drop(hold);
    until(SOON, || (fates(&inside).first()?.1 == "done").then_some(())).unwrap();
    drop(inside.again(desk.clone()));
    let told = until(SOON, || inside.told().lines().next().map(str::to_owned)).unwrap();
    assert!(told.contains("ORDER_GENERATED") && told.contains("\"ticket 70\""), "{told}");
    assert!(told.contains("filled (order ord-0 of "), "{told}");
    drop(inside.again(desk));
    assert_eq!(inside.told().lines().count(), 1, "it is told once: {}", inside.told());
    inside.end();
}

#[test]
fn an_order_without_an_answer_is_in_doubt_until_the_positions_tell() {
    let (hold, desk) = Hangs::new();
    drop(hold);
    let (inside, sentinel) = Inside::open(Pace::Every(Duration::from_millis(500)), desk.clone());
    drop(sentinel);
    let db = Connection::open(inside.state().join("memory.sqlite")).unwrap();
    for (id, ago) in [("ord-old", 60), ("ord-new", 5)] {
        let at = clock::utc().0 - ago * 1_000_000;
        let row = format!(
            "INSERT INTO orders (id, symbol, side, lots, bar, live, at, fate, why) VALUES \
             ('{id}', 'EURUSD', 'BUY', 1000000, 1, 1, {at}, 'unknown', 'no answer')"
        );
        db.execute_batch(&row).unwrap();
    }
    drop(db);
    let sentinel = inside.again(desk);
    let ended = sentinel.once(&AtomicBool::new(false)).unwrap().unwrap();
    assert_eq!(ended.outcomes.len(), 2);
    let fate = |id: &str| fates(&inside).into_iter().find(|(i, _)| i == id).unwrap().1;
    until(SOON, || (fate("ord-old") == "found").then_some(())).unwrap();
    assert_eq!(fate("ord-new"), "unknown", "its answer may still come");
    inside.end();
}

#[test]
fn a_cycle_without_its_number_has_failed_though_each_symbol_was_decided() {
    let (hold, desk) = Hangs::new();
    drop(hold);
    let (inside, sentinel) = Inside::open(Pace::Every(SOON), desk);
    inside.services.set(|mood| mood.shares = [0.2, 0.6, 0.2]);
    let db = Connection::open(inside.state().join("memory.sqlite")).unwrap();
    db.execute_batch("BEGIN IMMEDIATE").unwrap();
    let ended = sentinel.once(&AtomicBool::new(false)).unwrap().unwrap();
    assert!(ended.outcomes.iter().all(|o| !o.failed), "{ended:#?}");
    let wrong = ended.wrong.join("; ");
    assert!(wrong.contains("the cycle has no number") && wrong.contains("locked"), "{wrong}");
    inside.end();
}
