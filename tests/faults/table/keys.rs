//! The kill as an operator does it.

use crate::common::console::Console;
use crate::scene::LIMIT;
use std::time::Duration;

/// Chord, longer than the guard's 150 ms, second key.
pub fn kill(console: &mut Console) {
    console.keys("\x0b");
    console.wait_for("the guard", LIMIT, |text| text.contains("KILL GUARD"));
    std::thread::sleep(Duration::from_millis(250));
    console.keys("y");
}
