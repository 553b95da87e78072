//! Row 42: a console that is stopped, and not dead, after the key.

use super::Came;
use crate::common::sandbox::Signal;
use crate::common::wait::until;
use crate::desk::Desk;
use crate::scene::Random;
use std::time::{Duration, Instant};

pub fn console(seed: u64) -> Came {
    let mut desk = Desk::open(&["honest"]);
    desk.guard();
    desk.confirm();
    let pressed = Instant::now();
    std::thread::sleep(Random::new(seed).spread());
    desk.console.signal(Signal::STOP);
    let before = desk.console.text();
    let taken = desk.taken();
    if taken {
        desk.scene.verified();
    }
    let took = pressed.elapsed();
    assert!(taken || !before.contains("VERIFIED"), "proven, and nothing was taken:\n{before}");
    desk.console.signal(Signal::CONT);
    // A key that nobody had read yet is read now, or was too long ago.
    let stood_down = || desk.console.text().contains("stood down");
    let shown = until(Duration::from_mins(1), || {
        (desk.console.text().contains("VERIFIED flat") || (!taken && stood_down())).then_some(())
    });
    assert!(shown.is_some(), "taken: {taken}; the screen:\n{}", desk.console.text());
    if !stood_down() {
        desk.scene.verified();
    }
    Came::held(took)
}
