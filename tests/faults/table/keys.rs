//! The kill as an operator does it.

use super::told::Sent;
use crate::common::console::Console;
use crate::common::wait::until;
use crate::scene::{LIMIT, Scene};
use std::thread::sleep;
use std::time::Duration;

/// A console whose three lines to the gateway are proven: its polls', its
/// hand's, its agent's.
pub fn settled(scene: &Scene) -> Console {
    let console = Console::crs(&scene.home, &["console"], 120, 40);
    console.wait_for("a proven gateway", LIMIT, |t| t.contains("v1.0") && t.contains("2 open"));
    let greeted = || (Sent::of(&scene.peers[0], "HEARTBEAT").lines.len() >= 3).then_some(());
    assert!(until(LIMIT, greeted).is_some(), "{}", console.text());
    sleep(Duration::from_millis(150));
    console
}

/// The chord, and longer than the guard's 150 ms.
pub fn arm(console: &mut Console) {
    console.keys("\x0b");
    console.wait_for("the guard", LIMIT, |text| text.contains("KILL GUARD"));
    sleep(Duration::from_millis(250));
}

/// Chord, thought, second key.
pub fn kill(console: &mut Console) {
    arm(console);
    console.keys("y");
}
