//! The console shot again and again, up to 3 s after the key that confirms.

use crate::common::sandbox::Signal;
use crate::common::wait::until;
use crate::desk::Desk;
use crate::lanes;
use crate::number;
use crate::scene::Random;
use std::panic::catch_unwind;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The longest wait for a proof; a kill without one by then must say so.
const PATIENCE: Duration = Duration::from_secs(40);

/// What became of a kill whose console died.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// The agent had it, and flat was proven.
    Proven,
    /// The agent had it; no proof came, and `crs status` says so.
    Visible,
    /// Nobody had it, and nothing happened.
    Untaken,
}

fn one(seed: u64) -> Fate {
    let mut desk = Desk::open(&["honest"]);
    desk.guard();
    desk.confirm();
    std::thread::sleep(Random::new(seed).spread());
    desk.console.signal(Signal::KILL);
    assert!(desk.console.exit(PATIENCE).is_some());
    if !desk.taken() {
        return Fate::Untaken;
    }
    let mut last = desk.scene.status();
    let proven = until(PATIENCE, || {
        last = desk.scene.status();
        assert_eq!(last["is_safe"], false, "FALSE SAFE: {last:#}");
        (last["kill"][0]["phase"] == "VERIFIED").then_some(())
    });
    assert_eq!(last["is_engaged"], true, "LOST: {last:#}");
    if proven.is_some() {
        desk.scene.flat();
        return Fate::Proven;
    }
    let phase = last["kill"][0]["phase"].as_str().or(last["recorded"][0]["phase"].as_str());
    assert!(phase.is_some(), "LOST: engaged, and nothing says how far: {last:#}");
    Fate::Visible
}

#[test]
fn a_console_shot_after_the_key_loses_no_kill_that_was_taken() {
    let (shots, first) = (number("CRS_CONSOLE_KILLS", 6), number("CRS_FAULT_SEED", 1));
    let (next, done) = (AtomicU64::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..number("CRS_FAULT_LANES", 2) {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= shots {
                        return;
                    }
                    let fate = catch_unwind(|| one(first + n)).map_err(lanes::words);
                    done.lock().unwrap().push((first + n, fate));
                }
            });
        }
    });
    let done = done.into_inner().unwrap();
    let of = |fate| done.iter().filter(|(_, found)| *found == Ok(fate)).count();
    let lost: Vec<_> = done.iter().filter(|(_, fate)| fate.is_err()).collect();
    let text = format!(
        "kill -9 of the real console in a terminal, 0 to 3 s after the confirming key, every power of ten as often:\n\n\
         | shots | taken, proven | taken, visibly unconfirmed | never taken, nothing happened \
         | lost |\n|--:|--:|--:|--:|--:|\n| {} | {} | {} | {} | {} |\n",
        done.len(),
        of(Fate::Proven),
        of(Fate::Visible),
        of(Fate::Untaken),
        lost.len()
    );
    eprintln!("{text}");
    lanes::keep("console.md", &text);
    assert!(lost.is_empty(), "{lost:#?}");
}
