//! A panic in a cycle costs that cycle, in every build that unwinds; a release
//! build's keeper is seen in `unknown`.

use crate::common::wait::until;
use crate::inside::Inside;
use crate::stage::SOON;
use crs::domain::{OrderTicket, Side, Symbol, Text, Ticket};
use crs::sentinel::{Desk, Pace, Placed, PlacedAs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Falls over its first order, and takes no later one.
#[derive(Default)]
struct Clumsy(AtomicUsize);

impl Desk for Clumsy {
    fn open(
        &self,
        _: &OrderTicket,
        _: Duration,
        _: Instant,
        intent: &mut dyn FnMut(&str) -> Result<(), Text>,
    ) -> Placed {
        let n = self.0.fetch_add(1, Ordering::SeqCst);
        if n == 0 {
            intent("ord-clumsy").unwrap();
            panic!("over its own feet");
        }
        Placed::without_ticket(PlacedAs::NotSent, "no")
    }

    fn holds(&self, _: Symbol, _: Side, _: Duration) -> Result<Option<Ticket>, Text> {
        Err(Text::new("no look"))
    }
}

#[test]
fn a_panic_in_an_order_is_unknown_and_the_next_cycle_comes() {
    let desk = Arc::new(Clumsy::default());
    let (inside, sentinel) = Inside::open(Pace::Every(Duration::from_millis(500)), desk.clone());
    let stop = Arc::new(AtomicBool::new(false));
    let ends = Arc::clone(&stop);
    let thread = std::thread::spawn(move || sentinel.run(&ends));
    let told = || inside.told();
    let went_on = until(SOON, || (desk.0.load(Ordering::SeqCst) >= 4).then_some(()));
    assert!(went_on.is_some(), "{}", told());
    stop.store(true, Ordering::SeqCst);
    thread.join().unwrap().unwrap();
    let unknown: Vec<String> =
        told().lines().filter(|l| l.contains("\"UNKNOWN\"")).map(str::to_owned).collect();
    assert_eq!(unknown.len(), 1, "{}", told());
    assert!(unknown[0].contains("over its own feet"), "{unknown:?}");
    assert!(told().contains("acted on for this bar: ord-clumsy (sent)"), "{}", told());
    inside.end();
}
